"""What is declared of an instrument, as data: steps, metrics, pictures of them, conditions and depth."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "HISTORY", "Condition", "Depth", "Footprint", "MetricDefinition", "Picture", "ProductKind", "StepDefinition",
    "TrendPreset",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """One way to look at a metric, as data: what is drawn, and from which columns of which product.

    Attributes
    ----------
    kind : str
        ``"patches"``: elements laid out as on the detector, value minus reference;
        ``"scatter"``: a point for each row of a table; ``"histogram"``: of the same values;
        ``"places"``: rows at their place, shaded by value minus reference; ``"curve"``: values with a fitted curve, a
        colour for each group; ``"history"``: last values of the same camera, from the record.
    title : str
        In words, ``"fibres on the sky"``.
    product, hdu : str
        Kind of the product and name of its HDU; empty for what the record itself has.
    columns : tuple of (str, str)
        Element of the metric and the column with its values, ``(("x", "XSIGMA"), ("w", "WSIGMA"))``; the element is
        empty where one column has those of all.
    x, y : str
        Columns of the abscissa; for places, of both coordinates. `x_title`, `y_title`, `x_unit`, `y_unit` say what
        they are; `x_reversed` lets x grow to the left, as right ascension does.
    name : str
        Column that names a row: the number of the fibre, the amplifier.
    group : str
        Column with the names of the groups of a row, joined by ``+``.
    only : tuple of str
        Groups that have such a value; empty for all.
    by_group : bool
        Whether the elements of the metric are groups: of each, its own rows are drawn.
    model : str
        Column with what the values should be: drawn as a curve, or, where `relative`, the values are shown as
        (value - model) / model.
    flag : str
        Column that is false for rows that are not good.
    unit : str or None
        Of the values where they are something else than the metric, whose limits then do not hold for them.
    """

    kind: str
    title: str
    product: str = ""
    hdu: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    x: str = ""
    x_title: str = ""
    x_unit: str = ""
    x_reversed: bool = False
    y: str = ""
    y_title: str = ""
    y_unit: str = ""
    name: str = ""
    group: str = ""
    only: tuple[str, ...] = ()
    by_group: bool = False
    model: str = ""
    relative: bool = False
    flag: str = ""
    unit: str | None = None


HISTORY = Picture("history", "last values")
"""What every metric has: its own past."""


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """One number, or a few, by which a camera is judged. Screens, help, messages and exports all read this.

    Attributes
    ----------
    name : str
        Key in the record, ``"NOISE_AMP"``.
    title : str
        For people, ``"Read noise"``.
    short : str
        One or two words for a verdict line, ``"noise"``.
    unit : str
        ``"e-"``, ``"ADU"``, ``"px"``; empty where dimensionless.
    step : str
        Name of the step that measures it.
    obstypes : tuple of str
        The exposures it applies to.
    elements : str
        What its elements are: ``"amplifier"``, ``"axis"``, ``"class"``, or empty for a scalar.
    function : str
        ``"module:name"`` of a function from the recipe's state to a `qltui.model.Measurement`.
    definition, meaning, action : str
        A sentence on what it is, on what a bad value usually means, and on what to do.
    format : str
        Format specification for one value, ``".2f"``.
    arms : tuple of str
        Arms it applies to; empty for all.
    phrase : str
        How a verdict says that it is bad; may use ``{short}``, ``{element}``, ``{value}``, ``{unit}``,
        ``{reference}``, ``{limit}`` (the end of the normal range that it is beyond) and ``{sign}`` (``<`` or ``>``).
    scope : str
        ``"camera"`` where a bad value has its cause in one camera, ``"exposure"`` where it usually lies in sky,
        weather or telescope, so that many cameras are told in one line.
    pictures : tuple of Picture
        Ways to look at it, the most telling first.
    """

    name: str
    title: str
    short: str
    unit: str
    step: str
    obstypes: tuple[str, ...]
    elements: str
    function: str
    definition: str
    meaning: str
    action: str
    format: str = ".2f"
    arms: tuple[str, ...] = ()
    phrase: str = "{short} {value} {sign} {limit} {unit}"
    scope: str = "camera"
    pictures: tuple[Picture, ...] = (HISTORY,)


@dataclass(frozen=True, slots=True)
class StepDefinition:
    """A step of a recipe: a function from the camera's state to a new state.

    Attributes
    ----------
    name, title : str
        ``"CHECK_CCDS"``, ``"CHECK CCDS"``.
    obstypes : tuple of str
        The exposures it applies to.
    function : str
        ``"module:name"``; raises `ReductionError` with a cause where it cannot go on.
    timeout : float
        [s] after which the worker is killed.
    of_field : bool
        Whether it is done once, for the whole field, when all cameras have come to their end, instead of for each.
    """

    name: str
    title: str
    obstypes: tuple[str, ...]
    function: str
    timeout: float = 120.0
    of_field: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One quantity of sky or weather that headers tell.

    Attributes
    ----------
    name, title, unit : str
        Key, words and unit, ``"seeing"``, ``"Seeing"``, ``"arcsec"``.
    headers : tuple of str
        Cards that hold it; the first with a finite number between `low` and `high` counts.
    low, high : float
        Values beyond these are no values of the quantity.
    format : str
        Format specification.
    definition : str
        A sentence.
    metric, arm : str
        Instead of cards: our own measurement, the median over the cameras of one arm, of all where empty.
    """

    name: str
    title: str
    unit: str
    headers: tuple[str, ...]
    low: float = float("-inf")
    high: float = float("inf")
    format: str = ".2f"
    definition: str = ""
    metric: str = ""
    arm: str = ""


@dataclass(frozen=True, slots=True)
class Depth:
    """How deep an exposure is: a signal to noise, compared with what its length should give.

    The effective exposure time is the exposure time times the mean of (value / reference)**2 over cameras and
    elements: in the limit of sky noise, signal to noise grows with the square root of the time.

    Attributes
    ----------
    metric : str
        Whose judgements have value and reference.
    goal : float
        Effective exposure time of a tile that is done [s].
    definition : str
        A sentence.
    """

    metric: str
    goal: float = 1000.0
    definition: str = ""


@dataclass(frozen=True, slots=True)
class TrendPreset:
    """A history that observers know by name: what of the record is drawn, against what, and how it is told apart.

    Attributes
    ----------
    title : str
        ``"Sky background"``.
    metric : str
        Name of a metric of the instrument.
    element : str
        The amplifier, axis or class of it; all where empty.
    cameras : tuple of str
        Which ones; all where empty.
    x : str
        ``"time"``, or the name of another metric.
    colour : str
        What is told apart: ``"arm"``, ``"camera"``, ``"element"`` or ``"program"``.
    obstypes : tuple of str
        Kinds of exposures; all where empty.
    first : bool
        Whether it is shown before anybody has chosen.
    """

    title: str
    metric: str
    element: str = ""
    cameras: tuple[str, ...] = ()
    x: str = "time"
    colour: str = "arm"
    obstypes: tuple[str, ...] = ()
    first: bool = False


@dataclass(frozen=True, slots=True)
class ProductKind:
    """One kind of file that a recipe leaves.

    Attributes
    ----------
    kind : str
        That of `qltui.model.Product`, ``"sources"``.
    title : str
        What it is, in words.
    step : str
        Name of the step whose result it holds.
    group : str
        What an observer asks for by name: ``"reduced"``, ``"tables"``, ``"spectra"``, ``"calibrations"`` or
        ``"pictures"``, which are FITS images small enough to be looked at.
    image : str
        HDU with the image of a picture; empty for other groups.
    """

    kind: str
    title: str
    step: str
    group: str
    image: str = ""


@dataclass(frozen=True, slots=True)
class Footprint:
    """What of the sky an exposure covers, in the focal plane and on the sky.

    Attributes
    ----------
    places : tuple of (str, float, float)
        Each detector with its middle, x to the east and y to the north [mm].
    width, height : float
        Of a detector, along x and y [mm].
    scale : float
        Of the focal plane [arcsec/mm].
    """

    places: tuple[tuple[str, float, float], ...]
    width: float
    height: float
    scale: float

    def boxes(self) -> list[tuple[tuple[float, float], ...]]:
        """Return the four corners of each detector, east and north of the middle of the field [deg]."""
        factor, a, b = self.scale / 3600.0, self.width / 2.0, self.height / 2.0
        sides = ((-a, -b), (a, -b), (a, b), (-a, b))
        return [tuple(((x + dx) * factor, (y + dy) * factor) for dx, dy in sides) for _, x, y in self.places]
