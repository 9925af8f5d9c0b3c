"""Charts of a metric: its rows against a number, with a fitted curve, and a camera's past; data in, chart out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qltui.instruments.base import Picture
from qltui.model import Status
from qltui.tui.charts import ChartSpec, LegendEntry, Limit, Series, nice_step
from qltui.tui.pictures.points import Points
from qltui.tui.pictures.shades import Scale, outlier_words, shade_of
from qltui.tui.symbols import STATUS_MARKS, Charset

if TYPE_CHECKING:
    from qltui.store.details import PastValue

__all__ = ["Graph", "beyond_words", "curve_graph", "even_ticks", "focus_range", "past_graph", "scatter_graph"]

Point = tuple[float, float]

_FEW: Final = 120
_MOSTLY: Final = 0.8
_STRETCH: Final = 3.0
"""Where the outliers would make the chart so many times as high, they are drawn at its edge."""
_MARGIN: Final = 0.08
_OTHERS: Final = "rule"
_BEYOND: Final = 2
"""Steps of the scale from which on a value is beyond its normal range."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A chart, and what must be said beside it."""

    spec: ChartSpec
    note: str = ""


def even_ticks(low: float, high: float, count: int, *, whole: bool = False) -> tuple[tuple[float, str], ...]:
    """Return round numbers between two ends with their labels; with `whole`, no fraction among them."""
    if not high > low:
        return ((low, f"{low:g}"),)
    step = nice_step(high - low, max(1, count))
    step = float(math.ceil(step)) if whole else step
    ticks = []
    value = math.ceil(low / step - 1e-9) * step
    while value <= high + step * 1e-9 and len(ticks) < 50:
        ticks.append((value, f"{0.0 if abs(value) < step * 1e-6 else value:g}"))
        value += step
    return tuple(ticks)


def _x_range(x: Sequence[float]) -> tuple[float, float]:
    known = [value for value in x if math.isfinite(value)]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    margin = 0.02 * (high - low) or 0.5
    return low - margin, high + margin


def focus_range(values: Sequence[float], scale: Scale | None) -> tuple[float, float] | None:
    """Return the range that the chart is about: the limits and all values but a few in a hundred.

    None where no outlier presses the rest together: then everything stands where it is.
    """
    known = sorted(value for value in values if math.isfinite(value))
    if not known:
        return None
    cut = len(known) // 40
    ends = [known[cut], known[-1 - cut]]
    if scale is not None and scale.judged:
        ends += [edge for edge in scale.edges if math.isfinite(edge)]
    low, high = min(ends), max(ends)
    margin = _MARGIN * (high - low) or abs(high) * _MARGIN or 1.0
    low, high = low - margin, high + margin
    if max(known[-1], high) - min(known[0], low) <= _STRETCH * (high - low):
        return None
    return low, high


def beyond_words(values: Sequence[float], focus: tuple[float, float] | None, form: str) -> str:
    """Return how many values the chart marks at its edge, and how far out they are."""
    if focus is None:
        return ""
    low, high = focus
    above = [value for value in values if math.isfinite(value) and value > high]
    below = [value for value in values if math.isfinite(value) and value < low]
    parts = []
    if above:
        parts.append(f"{len(above)} above, up to {max(above):{form}}")
    if below:
        parts.append(f"{len(below)} below, down to {min(below):{form}}")
    return "; ".join(parts) + ": z shows the whole range" if parts else ""


def _limits(scale: Scale | None, x_range: tuple[float, float]) -> tuple[Limit, ...]:
    """Return the ends of the warning and normal ranges as lines over the whole width."""
    if scale is None or not scale.judged:
        return ()
    lower, low, _, _, high, higher = scale.edges
    lines = [(higher, "warning"), (high, "normal"), (low, "normal"), (lower, "warning")]
    return tuple(
        Limit(((x_range[0], edge), (x_range[1], edge)), name, char="╴" if name == "warning" else "╌")
        for edge, name in lines
        if math.isfinite(edge)
    )


def scatter_graph(
    points: Points, picture: Picture, scale: Scale | None, charset: Charset, form: str, *, group: str = "", whole: bool
) -> Graph:
    """Return the rows against their number or magnitude, with limit lines; those beyond a limit have its shape.

    Parameters
    ----------
    points : Points
        Rows; those without a value are counted in words.
    scale : Scale or None
        Its limits are drawn where it has some.
    group : str
        Rows of this group stand out; empty for all.
    whole : bool
        Show the whole range even where few outliers press the rest together; else they are drawn at the edge.
    """
    members = points.members(group)
    focus = None if whole else focus_range(points.values, scale)
    # A few single dots of a braille cell are hard to see.
    dot = "•" if len(points.known) <= _FEW and not charset.ascii else ""
    layers: dict[tuple[str, str], list[Point]] = {}
    for index, (x, value) in enumerate(zip(points.x, points.values, strict=True)):
        if math.isfinite(x) and math.isfinite(value):
            key = _layer(points, index, scale, charset, dot, member=members[index])
            layers.setdefault(key, []).append((x, value))
    order = {_OTHERS: 0, "trend": 1, "mark": 2, "warn": 3, "bad": 4}
    series = tuple(
        Series(tuple(found), role, marker=marker)
        for (role, marker), found in sorted(layers.items(), key=lambda item: order.get(item[0][0], 1))
    )
    x_range = _x_range(points.x)
    ticks = even_ticks(*x_range, 8, whole=all(value.is_integer() for value in points.x))
    if picture.relative:
        zero = Series(((x_range[0], 0.0), (x_range[1], 0.0)), "dim", joined=True)
        series = (zero, *series)
    spec = ChartSpec(series, _limits(scale, x_range), x_range, ticks, _x_label(picture), form, y_limits=focus)
    notes = (outlier_words(points, scale, form), _missing_words(points), beyond_words(points.values, focus, form))
    return Graph(spec, _joined(*notes))


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _layer(
    points: Points, index: int, scale: Scale | None, charset: Charset, dot: str, *, member: bool
) -> tuple[str, str]:
    """Return role and marker of a row: by its flag, its group, and whether it is beyond a limit; else a `dot`."""
    if points.good and not points.good[index]:
        return "bad", "x" if charset.ascii else "✖"
    if not member:
        return _OTHERS, ""
    shade, role, far = shade_of(scale, points.values[index])
    if scale is not None and scale.judged and far >= _BEYOND:
        return role, shade.char(charset)
    return "trend", dot


def _missing_words(points: Points) -> str:
    missing = len(points) - len(points.known)
    return f"{missing} of {len(points)} without a value" if missing else ""


def _x_label(picture: Picture) -> str:
    return picture.x_unit or picture.x_title


def curve_graph(points: Points, picture: Picture, form: str, group: str) -> Graph:
    """Return the rows of each group by its first letter, and the fitted curve of `group`, of all where it is empty.

    The axis is logarithmic where most values are positive, for signal to noise spans decades; the chart counts those
    that are not.
    """
    groups = [name for name in dict.fromkeys(name for names in points.groups for name in names.split("+")) if name]
    with_model = [name for name in groups if _model_points(points, name)]
    series = []
    for name in with_model:
        chosen = not group or name == group
        drawn = tuple(
            (x, value)
            for x, value, member in zip(points.x, points.values, points.members(name), strict=True)
            if member and math.isfinite(x) and math.isfinite(value)
        )
        series.append(Series(drawn, "mark" if chosen else _OTHERS, marker=name[0]))
    chosen_groups = [name for name in with_model if not group or name == group]
    # Curves lie below the points, and the other groups below the chosen one.
    series.sort(key=lambda item: item.role != _OTHERS)
    curves = [Series(tuple(_model_points(points, name)), "strong", joined=True) for name in chosen_groups]
    series = [*curves, *series]
    x_range = _x_range([x for item in series for x, _ in item.points])
    legend = tuple(LegendEntry(name[0], name, "mark" if name in chosen_groups else _OTHERS) for name in with_model)
    total = sum(len(item.points) for item in series)
    positive = sum(value > 0 for item in series for _, value in item.points)
    spec = ChartSpec(
        tuple(series), (), x_range, even_ticks(*x_range, 8), _x_label(picture), form, legend=legend,
        log=positive > _MOSTLY * total > 0,
    )  # fmt: skip
    return Graph(spec, "line: fit of the class" if with_model else "no class has a fitted curve")


def _model_points(points: Points, group: str) -> list[Point]:
    members = points.members(group)
    found = [
        (x, model)
        for x, model, member in zip(points.x, points.model, members, strict=True)
        if member and math.isfinite(x) and math.isfinite(model)
    ]
    return sorted(found)


def past_graph(past: Sequence[PastValue], process: int, charset: Charset, form: str) -> Graph:
    """Return the last values of a camera with the limits as they were, one step for each exposure.

    Each value has the shape of its status; the process that is shown stands out.
    """
    count = len(past)
    layers: dict[tuple[str, str], list[Point]] = {}
    for index, item in enumerate(past):
        role, marker = ("trend", "")
        if item.status is not Status.NORMAL:
            role, marker = STATUS_MARKS[item.status].role, charset.mark(item.status)
        if item.process == process:
            role, marker = "mark" if role == "trend" else role, marker or charset.mark(Status.NORMAL)
        layers.setdefault((role, marker), []).append((float(index), item.value))
    line = Series(tuple((float(index), item.value) for index, item in enumerate(past)), "rule", joined=True)
    series = (line, *(Series(tuple(found), role, marker=marker) for (role, marker), found in layers.items()))
    x_range = (-0.5, max(count, 2) - 0.5)
    steps = [(float(index) - 0.5, item) for index, item in enumerate(past)]
    limits = []
    for name, char, get in (
        ("warning", "╴", lambda item: item.warning[1]),
        ("normal", "╌", lambda item: item.normal[1]),
        ("normal", "╌", lambda item: item.normal[0]),
        ("warning", "╴", lambda item: item.warning[0]),
    ):
        drawn = tuple((x, get(item)) for x, item in steps if math.isfinite(get(item)))
        if drawn:
            limits.append(Limit(drawn, name, char=char))
    every = max(1, math.ceil(count / 8))
    ticks = tuple((float(index), str(past[index].expid)) for index in range(count - 1, -1, -every))[::-1]
    missing = sum(not math.isfinite(item.value) for item in past)
    note = f"{missing} of {count} without a value" if missing else ""
    return Graph(ChartSpec(series, tuple(limits), x_range, ticks, "exposure", form), note)
