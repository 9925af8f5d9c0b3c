"""What a trend shows: which quantities, of which cameras and exposures; names as people type them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from qltui.instruments.base import Instrument
from qltui.store.series import HEADER

__all__ = ["COLOURS", "TIME", "Quantity", "TrendChoice", "find_quantity", "parse_nights", "quantities"]

TIME: Final = "time"
"""Name of the abscissa that needs no series."""

COLOURS: Final = ("arm", "camera", "element", "program")
"""What marks may tell apart."""


@dataclass(frozen=True, slots=True)
class TrendChoice:
    """Everything that an observer chooses of a trend.

    Attributes
    ----------
    y, over, x : str
        Keys of quantities: the ordinate, what it is divided by (empty: nothing), the abscissa.
    cameras, elements : tuple of str
        Which ones; all where empty.
    nights : pair of int or None
        First and last night; all where None.
    recent : int
        Where `nights` is None, that many days up to the newest night; 0 for all.
    obstypes, programs : tuple of str
        Kinds of exposures; all where empty.
    colour : str
        One of `COLOURS`.
    window : pair of float or None
        The part of the horizontal axis that is shown; None for all of it.
    """

    y: str = ""
    over: str = ""
    x: str = TIME
    cameras: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()
    nights: tuple[int, int] | None = None
    recent: int = 30
    obstypes: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    colour: str = "arm"
    window: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something that a trend can show: a metric, one element of it (``"NOISE_AMP:C"``), or a header value."""

    key: str
    metric: str
    element: str
    title: str
    unit: str
    format: str
    definition: str = ""

    @property
    def name(self) -> str:
        """As people write it: without the mark of a header value."""
        return self.key.removeprefix(HEADER)

    @property
    def is_header(self) -> bool:
        """Whether it is a number of the header."""
        return self.metric.startswith(HEADER)

    @property
    def label(self) -> str:
        """Name and unit, ``"NOISE_AMP [e-]"``."""
        return f"{self.name} [{self.unit}]" if self.unit else self.name


_UNITS: Final = {"EXPTIME": "s", "SEEING": "arcsec"}
"""Of the header values that the record keeps of every exposure."""


def quantities(instrument: Instrument, known: Mapping[str, tuple[str, ...]]) -> tuple[Quantity, ...]:
    """Return what the record has series of: metrics in the order of the instrument, then header values.

    Parameters
    ----------
    known : mapping
        Of `qltui.store.series.available`.
    """
    metrics = [metric for metric in instrument.metrics if metric.name in known]
    found = [
        Quantity(metric.name, metric.name, "", metric.title, metric.unit, metric.format, metric.definition)
        for metric in metrics
    ]
    names = {metric.name for metric in metrics}
    found += [
        Quantity(name, name, "", name, "", ".4g") for name in known if name not in names and not name.startswith(HEADER)
    ]
    found += [_header(instrument, name) for name in sorted(known) if name.startswith(HEADER)]
    return tuple(found)


def _header(instrument: Instrument, metric: str) -> Quantity:
    card = metric.removeprefix(HEADER)
    for condition in instrument.conditions:
        if card in condition.headers:
            words = f"header {card}; {condition.definition}".rstrip("; ")
            return Quantity(metric, metric, "", condition.title, condition.unit, condition.format, words)
    return Quantity(metric, metric, "", card, _UNITS.get(card, ""), ".4g", f"header {card}")


def find_quantity(instrument: Instrument, known: Mapping[str, tuple[str, ...]], words: str) -> Quantity:
    """Return the quantity that is meant: by its name or by the beginning of one; ``NAME:ELEMENT`` for one element.

    Raises
    ------
    ValueError
        Where there is no such quantity, or several are meant; the message names what there is.
    """
    every = quantities(instrument, known)
    wanted = words.strip().casefold().removeprefix(HEADER)
    name, _, element = wanted.partition(":")
    exact = [item for item in every if item.name.casefold() == name]
    found = exact[:1] or [item for item in every if item.name.casefold().startswith(name) and name]
    if len(found) != 1:
        names = [item.name for item in found or every]
        near = difflib.get_close_matches(name.upper(), names, 3, 0.5) if not found else names
        what = f"{words!r} may be" if found else f"no values of {words!r} in the record; there are"
        msg = f"{what} {', '.join(near or names)}"
        raise ValueError(msg)
    quantity = found[0]
    if not element:
        return quantity
    elements = {item.casefold(): item for item in known[quantity.metric]}
    if element not in elements:
        msg = f"{quantity.name} has no {element!r}; it has {', '.join(filter(None, elements.values())) or 'one value'}"
        raise ValueError(msg)
    chosen = elements[element]
    return Quantity(
        f"{quantity.key}:{chosen}", quantity.metric, chosen, f"{quantity.title} {chosen}", quantity.unit,
        quantity.format, quantity.definition,
    )  # fmt: skip


_NIGHT: Final = re.compile(r"(\d{4})-?([01]\d)-?([0-3]\d)")


def parse_nights(words: str) -> tuple[tuple[int, int] | None, int]:
    """Return first and last night, or for a short number that many days: ``"20191001-20191031"``, ``"30"``, ``"all"``.

    Raises
    ------
    ValueError
        Where it is none of these; the message says what is wanted.
    """
    text = words.strip().lower()
    if text in ("all", ""):
        return None, 0
    if text.isdigit() and len(text) <= 5 and int(text) > 0:
        return None, int(text)
    found = [int("".join(match.groups())) for match in _NIGHT.finditer(text)]
    rest = _NIGHT.sub("", text).strip(" -.,to")
    if rest or len(found) not in (1, 2):
        msg = f"{words!r} is no range of nights: give 20191001, 20191001-20191031, a number of days, or all"
        raise ValueError(msg)
    return (min(found), max(found)), 0
