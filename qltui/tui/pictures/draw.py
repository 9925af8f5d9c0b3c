"""A picture of a metric from what the record and the products say: picks the drawing that its kind asks for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qltui.instruments.base import MetricDefinition, Picture
from qltui.model import Judgement
from qltui.tui.charts import draw_chart
from qltui.tui.pictures.graphs import Graph, beyond_words, curve_graph, focus_range, past_graph, scatter_graph
from qltui.tui.pictures.histogram import Mark, histogram_lines
from qltui.tui.pictures.patches import Patch, choose_layout, judged_patches, patch_lines
from qltui.tui.pictures.places import flag_lines, place_lines
from qltui.tui.pictures.points import Points
from qltui.tui.pictures.shades import Scale, limit_scale, outlier_words, scale_lines, scatter_scale
from qltui.tui.symbols import Charset
from qltui.tui.text import Line, clean, wrap

if TYPE_CHECKING:
    from qltui.store.details import PastValue

__all__ = ["Options", "Subject", "picture_lines", "picture_title", "unit_of"]


@dataclass(frozen=True, slots=True)
class Options:
    """How an observer wants to see it: the whole range of values, counts as logarithms."""

    whole: bool = False
    logarithmic: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything that one picture shows.

    Attributes
    ----------
    definition, picture : MetricDefinition, Picture
        Of what, and how.
    element : str
        Element of the metric that is looked at; empty for a single value.
    judgement : Judgement or None
        Of the camera; None where the metric was not measured.
    points : Points or None
        Rows of the product; None where the picture needs none or there is none.
    past : sequence of PastValue
        Last values of the element, oldest first.
    process : int
        The one that is shown.
    fault : str
        Why there are no rows, in words.
    layouts : sequence
        How elements of this kind may lie on a detector.
    title : str
        Exposure and camera, for the name of a file.
    """

    definition: MetricDefinition
    picture: Picture
    element: str
    judgement: Judgement | None
    points: Points | None = None
    past: Sequence[PastValue] = ()
    process: int = 0
    fault: str = ""
    layouts: Sequence[Sequence[Sequence[str]]] = ()
    title: str = ""

    @property
    def form(self) -> str:
        """Format of its values."""
        return ".2f" if self.picture.relative else self.definition.format.replace("+", "")

    @property
    def group(self) -> str:
        """The group of rows that stands out; empty for all."""
        return self.element if self.picture.by_group else ""


def unit_of(subject: Subject) -> str:
    """Return the unit of the values that the picture draws."""
    unit = subject.picture.unit
    return subject.definition.unit if unit is None else unit


def picture_title(subject: Subject) -> str:
    """Return the heading: metric, element, unit, and what kind of picture it is."""
    element = f" {clean(subject.element)}" if subject.element else ""
    unit = unit_of(subject) if subject.picture.kind != "history" else subject.definition.unit
    return f"{subject.definition.name}{element}{f' [{unit}]' if unit else ''}  {subject.picture.title}"


def scale_of(subject: Subject) -> Scale | None:
    """Return the scale of a picture: the limits of its element where they hold for its values, else their scatter."""
    picture, judgement, points = subject.picture, subject.judgement, subject.points
    if picture.unit is None and judgement is not None and subject.element in judgement.elements:
        index = judgement.elements.index(subject.element)
        scale = limit_scale(judgement.references[index], judgement.normal[index], judgement.warning[index])
        if scale is not None:
            return scale
    if points is None:
        return None
    chosen = [value for value, member in zip(points.values, points.members(subject.group), strict=True) if member]
    return scatter_scale(chosen, 0.0 if picture.relative else None)


def picture_lines(subject: Subject, options: Options, charset: Charset, width: int, height: int) -> list[Line]:
    """Return the picture in `width` x `height` cells; where there is nothing to draw, why."""
    drawing = _DRAWINGS.get(subject.picture.kind)
    if drawing is None:
        return _sentence(f"this version has no picture of the kind {clean(subject.picture.kind)}", width)
    needs_rows = bool(subject.picture.product)
    if needs_rows and (subject.points is None or not len(subject.points)):
        return _sentence(subject.fault or "the product has no rows", width)
    return drawing(subject, options, charset, width, height)[: max(0, height)]


def _sentence(words: str, width: int) -> list[Line]:
    return [(), *(((f"  {part}", "text"),) for part in wrap(clean(words), max(10, width - 4)))]


# -- the kinds -----------------------------------------------------------------------------------------------------


def _patches(subject: Subject, _options: Options, charset: Charset, width: int, height: int) -> list[Line]:
    judgement = subject.judgement
    if judgement is None:
        return _sentence("the metric was not measured", width)
    patches = _product_patches(subject) if subject.points is not None else judged_patches(judgement)
    if not patches:
        return _sentence("no element has a name", width)
    unit = subject.definition.unit
    scale = next((patch.scale for patch in patches.values() if patch.scale is not None), None)
    legend = _offsets(patches, charset, width, subject.form, unit) if scale is not None else []
    layout = choose_layout(subject.layouts, list(patches))
    lines = patch_lines(patches, layout, subject.definition.format, unit, charset, width, height - len(legend))
    return [*lines, *legend]


def _offsets(patches: Mapping[str, Patch], charset: Charset, width: int, form: str, unit: str) -> list[Line]:
    """Return the scale of all patches where their limits lie equally far from their references, else of none."""
    scales = [patch.scale for patch in patches.values() if patch.scale is not None]
    offsets = {tuple(round(edge - scale.reference, 9) for edge in scale.edges) for scale in scales}
    if len(offsets) != 1:
        return [((" filled by value minus reference, each by its own limits", "dim"),)]
    return scale_lines(Scale(0.0, next(iter(offsets)), judged=True), charset, width, form, unit, "reference")


def _product_patches(subject: Subject) -> dict[str, Patch]:
    """Return patches of a product's rows, compared with what the metric as a whole is compared with."""
    points, judgement = subject.points, subject.judgement
    assert points is not None
    assert judgement is not None
    index = judgement.elements.index(subject.element) if subject.element in judgement.elements else -1
    reference, scale = math.nan, None
    if index >= 0:
        reference = judgement.references[index]
        scale = limit_scale(reference, judgement.normal[index], judgement.warning[index])
    return {name: Patch(name, value, reference, scale) for name, value in zip(points.names, points.values, strict=True)}


def _scatter(subject: Subject, options: Options, charset: Charset, width: int, height: int) -> list[Line]:
    assert subject.points is not None
    scale = scale_of(subject)
    graph = scatter_graph(
        subject.points, subject.picture, scale, charset, subject.form, group=subject.group, whole=options.whole
    )
    legend = flag_lines(subject.points, charset) if subject.points.good else []
    return _charted(graph, charset, width, height, legend)


def _curve(subject: Subject, _options: Options, charset: Charset, width: int, height: int) -> list[Line]:
    assert subject.points is not None
    return _charted(
        curve_graph(subject.points, subject.picture, subject.form, subject.group), charset, width, height, []
    )


def _past(subject: Subject, _options: Options, charset: Charset, width: int, height: int) -> list[Line]:
    if not subject.past:
        return _sentence("the record has no value of this camera and element before", width)
    graph = past_graph(subject.past, subject.process, charset, subject.definition.format)
    return _charted(graph, charset, width, height, [])


def _charted(graph: Graph, charset: Charset, width: int, height: int, legend: list[Line]) -> list[Line]:
    """Return a chart with its note and its legend below it."""
    notes: list[Line] = [((f" {part}", "dim"),) for part in wrap(graph.note, width - 2)] if graph.note else []
    below = [*legend, *notes][: max(0, height - 4)]
    return [*draw_chart(graph.spec, width, height - len(below), charset), *below]


def _histogram(subject: Subject, options: Options, charset: Charset, width: int, height: int) -> list[Line]:
    assert subject.points is not None
    points, scale = subject.points, scale_of(subject)
    values = [value for value, member in zip(points.values, points.members(subject.group), strict=True) if member]
    marks: list[Mark] = []
    if scale is not None and scale.judged:
        lower, low, _, _, high, higher = scale.edges
        bar = "|" if charset.ascii else "│"
        dots = ":" if charset.ascii else "┊"
        marks = [
            Mark(lower, "warning", dots, "band"),
            Mark(higher, "warning", dots, "band"),
            Mark(low, "normal", bar, "key"),
            Mark(high, "normal", bar, "key"),
        ]
    focus = None if options.whole else focus_range(values, scale)
    note = beyond_words(values, focus, subject.form)
    if focus is not None:
        low, high = focus
        # Outliers are counted in the bars at the ends, and told in words.
        values = [min(high, max(low, value)) if math.isfinite(value) else value for value in values]
    lines = histogram_lines(
        values, marks, subject.form, unit_of(subject), charset, width, height - bool(note),
        logarithmic=options.logarithmic,
    )  # fmt: skip
    return [*lines, ((f" {note}", "dim"),)] if note and lines else lines


def _places(subject: Subject, _options: Options, charset: Charset, width: int, height: int) -> list[Line]:
    assert subject.points is not None
    points, scale = subject.points, scale_of(subject)
    if subject.group:
        members = points.members(subject.group)
        values = tuple(value if member else math.nan for value, member in zip(points.values, members, strict=True))
        points = Points(points.names, values, points.x, points.y, points.model, points.groups, points.good)
    if points.good:
        legend = flag_lines(points, charset)
    else:
        legend = scale_lines(scale, charset, width, subject.form, unit_of(subject))
    words = outlier_words(points, scale, subject.form)
    legend += [((f" {words}", "text"),)] if words else []
    return [*place_lines(points, subject.picture, scale, charset, width, height - len(legend)), *legend]


_Drawing = Callable[[Subject, Options, Charset, int, int], list[Line]]

_DRAWINGS: Final[Mapping[str, _Drawing]] = {
    "patches": _patches,
    "scatter": _scatter,
    "curve": _curve,
    "history": _past,
    "histogram": _histogram,
    "places": _places,
}
