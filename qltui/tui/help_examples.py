"""A good and a bad example of every metric, made from its limits: what an observer will see, before it happens.

Nothing here is measured. Values lie around the reference where they are good; where they are bad they do what a bad
value does that the limits were made for: one amplifier or a few fibres stand out, or a series walks away.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qltui.instruments.base import Instrument, MetricDefinition
from qltui.model import Status
from qltui.quality.limits import Limit as QualityLimit
from qltui.tui.charts import ChartSpec, Limit, Series, draw_chart
from qltui.tui.symbols import STATUS_MARKS, Charset
from qltui.tui.text import Line, fit

if TYPE_CHECKING:
    from qltui.quality.limits import Range

__all__ = ["Example", "drawn_examples", "make_example", "status_of"]

_POINTS = 40
_HEIGHT = 9
"""Of a chart, its title included [rows]."""
_GAP = 2
_WIDEST = 60
"""Of one picture: more room shows no more [cells]."""


@dataclass(frozen=True, slots=True)
class Example:
    """Values that could be: good ones and bad ones, with the ranges that they are judged by.

    Attributes
    ----------
    good, bad : tuple of float
        As many values of each.
    normal, warning : pair of float
        Both ends; infinite where that side is never bad.
    is_difference : bool
        Whether values are differences from a reference that is another one for every camera.
    is_relative : bool
        Whether they are fractions of the reference.
    """

    good: tuple[float, ...]
    bad: tuple[float, ...]
    normal: Range
    warning: Range
    is_difference: bool = False
    is_relative: bool = False


def status_of(value: float, example: Example) -> Status:
    """Return how a value of an example is judged; ranges include their ends."""
    if example.normal[0] <= value <= example.normal[1]:
        return Status.NORMAL
    return Status.WARNING if example.warning[0] <= value <= example.warning[1] else Status.ALARM


def make_example(limit: QualityLimit, count: int = _POINTS, *, alone: bool = False) -> Example:
    """Return an example for a limit.

    Parameters
    ----------
    limit : Limit
        The ranges are those of value minus reference; where the reference is a number, of the value itself.
    count : int
        How many values.
    alone : bool
        Whether one of the bad values stands out; else the last third walks away.
    """
    reference = _reference(limit)
    known = reference is not None
    scale = abs(reference) if known and limit.relative else 1.0
    offset = reference if known else 0.0

    def shifted(bounds: Range) -> Range:
        low, high = (offset + bound * scale if math.isfinite(bound) else bound for bound in bounds)
        return low, high

    normal, warning = shifted(limit.normal), shifted(limit.warning)
    center, width = _middle(normal, warning, offset)
    good = tuple(center + 0.4 * width * _wave(index) for index in range(count))
    edge = _bad_value(normal, warning, center, width)
    if alone:
        bad = tuple(edge if index == count // 2 else value for index, value in enumerate(good))
    else:
        start = count * 2 // 3
        bad = tuple(
            value
            if index < start
            else edge
            if not width
            else center + (edge - center) * (index - start) / (count - start - 1)
            for index, value in enumerate(good)
        )
    return Example(good, bad, normal, warning, not known, not known and limit.relative)


def _reference(limit: QualityLimit) -> float | None:
    """Return the number that values are compared with, or None where each camera has its own."""
    for reference in limit.references:
        if reference.kind == "number":
            number = reference.number
            return next(iter(number.values()), None) if isinstance(number, Mapping) else number
        return None
    return 0.0


def _wave(index: int) -> float:
    """Return a number between -1 and 1 that looks like chance and is always the same."""
    return math.sin(index * 12.9898) * math.cos(index * 4.1414)


def _middle(normal: Range, warning: Range, reference: float) -> tuple[float, float]:
    """Return around which value good ones lie, and how far away they may be."""
    low, high = normal
    if math.isfinite(low) and math.isfinite(high):
        inside = low < reference < high
        center = reference if inside else (low + high) / 2.0
        return center, min(center - low, high - center)
    if math.isfinite(low):
        step = _step(low, warning[0])
        return max(reference, low + step), step
    if math.isfinite(high):
        step = _step(high, warning[1])
        return min(reference, high - step), step
    return reference, 1.0


def _step(bound: float, outer: float) -> float:
    """Return a distance that suits a bound: to the outer one, else the bound's own size."""
    return abs(bound - outer) if math.isfinite(outer) and outer != bound else abs(bound) or 1.0


def _bad_value(normal: Range, warning: Range, center: float, width: float) -> float:
    """Return a value beyond the warning range, on the side where there is more room to fall."""
    sides = [
        (outer if math.isfinite(outer) else bound, -1.0 if index == 0 else 1.0)
        for index, (bound, outer) in enumerate(zip(normal, warning, strict=True))
        if math.isfinite(bound) or math.isfinite(outer)
    ]
    if not sides:
        return center
    if not width:
        # "1 or 0" by definition: what is bad is the other one.
        return center - 1.0
    bound, sign = max(sides, key=lambda side: (abs(side[0] - center), side[1]))
    return bound + sign * 0.6 * max(width, abs(bound - center))


# -- drawn ---------------------------------------------------------------------------------------------------------


def drawn_examples(
    definition: MetricDefinition, limit: QualityLimit, instrument: Instrument, charset: Charset, width: int
) -> list[Line]:
    """Return a good and a bad example beside one another, in the picture that suits the metric."""
    each = max(20, min(_WIDEST, (width - _GAP - 1) // 2))
    layouts = instrument.layouts.get(definition.elements, ())
    if layouts:
        names = layouts[0]
        example = make_example(limit, sum(len(row) for row in names), alone=True)
        draw: Callable[[tuple[float, ...]], list[Line]] = lambda values: _patches(  # noqa: E731
            names, values, example, definition, charset, each
        )
    else:
        example = make_example(limit)
        draw = lambda values: _chart(values, example, definition, charset, each)  # noqa: E731
    good = [((" good example", "strong"),), *draw(example.good)]
    bad = [((" bad example", "strong"),), *draw(example.bad)]
    between = (" " * _GAP, "")
    return [((" ", ""), *fit(one, each), between, *fit(other, each)) for one, other in zip(good, bad, strict=True)]


def _title(example: Example, definition: MetricDefinition) -> tuple[str, str]:
    if example.is_relative:
        return "(value - reference) / reference", ""
    return ("value - reference" if example.is_difference else definition.title), definition.unit


def _patches(
    names: Sequence[Sequence[str]],
    values: tuple[float, ...],
    example: Example,
    definition: MetricDefinition,
    charset: Charset,
    width: int,
) -> list[Line]:
    """Return elements as they lie on the detector, each with its value and its status."""
    title, unit = _title(example, definition)
    lines: list[Line] = [((f" {title}{f' [{unit}]' if unit else ''}", "title"),)]
    known = iter(values)
    for row in names:
        line: list[tuple[str, str]] = []
        for name in row:
            value = next(known)
            status = status_of(value, example)
            role = STATUS_MARKS[status].role
            form = "+" if example.is_difference else ""
            line += [
                (f"  {name} ", "dim"),
                (f"{value:{form}{definition.format}} ".rjust(9), "text" if status is Status.NORMAL else role),
                (charset.mark(status), role),
            ]
        lines.append(tuple(line))
    low, high = example.normal
    lines.append(((f"  normal {_bound(low, definition)} … {_bound(high, definition)}"[:width], "dim"),))
    return lines


def _bound(value: float, definition: MetricDefinition) -> str:
    return f"{value:{definition.format}}" if math.isfinite(value) else ("-inf" if value < 0 else "inf")


def _chart(
    values: tuple[float, ...], example: Example, definition: MetricDefinition, charset: Charset, width: int
) -> list[Line]:
    """Return values as a chart with their limits; both charts of a pair have the same axis."""
    title, unit = _title(example, definition)
    everything = [*example.good, *example.bad]
    bounds = [bound for bound in (*example.normal, *example.warning) if math.isfinite(bound)]
    low, high = min(everything + bounds), max(everything + bounds)
    margin = 0.08 * (high - low) or 1.0
    points = [(float(index), value) for index, value in enumerate(values)]
    fine = tuple(point for point in points if status_of(point[1], example) is Status.NORMAL)
    wrong = tuple(point for point in points if status_of(point[1], example) is not Status.NORMAL)
    mark = charset.mark(Status.ALARM)
    limits = tuple(
        Limit(((0.0, bound),), name)
        for name, ends in (("normal", example.normal), ("warning", example.warning))
        for bound in ends
        if math.isfinite(bound)
    )
    spec = ChartSpec(
        (Series(fine, "trend", marker=charset.mark(Status.NORMAL)), Series(wrong, "bad", marker=mark)),
        limits,
        (0.0, float(len(values))),
        x_unit="exp",
        y_format=definition.format if not example.is_relative else ".3f",
        y_limits=(low - margin, high + margin),
        y_title=title,
        y_unit=unit,
    )
    return draw_chart(spec, width, _HEIGHT, charset)
