"""How many rows have which value: bars of characters, with the limits between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from qltui.tui.charts import nice_step
from qltui.tui.pictures.canvas import Canvas
from qltui.tui.symbols import Charset
from qltui.tui.text import Line
from qltui.tui.words import number

__all__ = ["Bars", "Mark", "count_bars", "histogram_lines"]

_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
_LARGEST: Final = 1e150
"""No measurement is larger, and a square of it would not be finite."""
_LEFT: Final = 6
"""Cells of the counts at the left."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A limit: its value, its name, and how it is drawn."""

    value: float
    name: str
    char: str
    role: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Counts of values between equally spaced edges; every finite value is in one of them."""

    low: float
    high: float
    counts: tuple[int, ...]

    @property
    def width(self) -> float:
        """Of one bar, in the unit of the values."""
        return (self.high - self.low) / len(self.counts)


def count_bars(values: Sequence[float], marks: Sequence[Mark], bars: int) -> Bars | None:
    """Return at most `bars` counts over all values and marks that are finite (and below 1e150); None without a value.

    Their edges are round numbers, so that they stay where they are when a value is added.
    """
    known = [value for value in values if abs(value) < _LARGEST]
    if not known or bars < 1:
        return None
    ends = known + [mark.value for mark in marks if abs(mark.value) < _LARGEST]
    low, high = min(ends), max(ends)
    if not high > low:
        margin = max(0.5, 0.001 * abs(low))
        low, high = low - margin, high + margin
    step = nice_step(high - low, max(1, bars - 2))
    first = math.floor(low / step)
    number_of = max(1, min(bars, math.ceil(high / step + 1e-9) - first))
    start, stop = first * step, (first + number_of) * step
    if not (math.isfinite(start) and math.isfinite(stop) and stop > start and start <= low and stop >= high):
        # Numbers so large, or so close to one another, that no round step tells them apart.
        start, stop = low, high
    counts = [0] * number_of
    for value in known:
        counts[min(number_of - 1, max(0, int((value - start) / (stop - start) * number_of)))] += 1
    return Bars(start, stop, tuple(counts))


def histogram_lines(
    values: Sequence[float],
    marks: Sequence[Mark],
    form: str,
    unit: str,
    charset: Charset,
    width: int,
    height: int,
    *,
    logarithmic: bool = False,
) -> list[Line]:
    """Return a histogram `width` cells wide and at most `height` high, its axis and the names of the marks included.

    Parameters
    ----------
    values : sequence of float
        Those that are not finite are counted in words.
    marks : sequence of Mark
        Limits, drawn through the bars.
    form, unit : str
        Of the values.
    logarithmic : bool
        Whether the height of a bar is the logarithm of its count plus one.
    """
    inner, high = width - _LEFT - 2, height - 3
    if inner < 10 or high < 2:
        return []
    bars = count_bars(values, marks, min(inner // 2, 60))
    missing = sum(not abs(value) < _LARGEST for value in values)
    if bars is None:
        return [((" no row has a value", "dim"),)]
    canvas = Canvas(width, high + 3)
    cell = inner // len(bars.counts)
    most = max(bars.counts)
    for index, count in enumerate(bars.counts):
        part = math.log1p(count) / math.log1p(most) if logarithmic else count / most
        _put_bar(canvas, _LEFT + index * cell, max(1, cell - 1), part, count, high, charset)
    span = len(bars.counts) * cell
    for mark in marks:
        if abs(mark.value) < _LARGEST:
            x = _LEFT + min(span - 1, int((mark.value - bars.low) / (bars.high - bars.low) * span))
            for y in range(high):
                canvas.put(x, y, mark.char, mark.role)
    _put_axes(canvas, bars, marks, form, unit, span, high, most)
    rows = f"{len(values) - missing} rows" + (f", {missing} without a value" if missing else "")
    scale = "counts as log(n + 1)" if logarithmic else "counts"
    canvas.put(
        1, high + 2, f"{rows}; bars {number(bars.width, '.3g')}{' ' + unit if unit else ''} wide, {scale}", "dim"
    )
    return canvas.lines()


def _put_bar(canvas: Canvas, x: int, wide: int, part: float, count: int, high: int, charset: Charset) -> None:
    """Draw a bar; one that holds anything is at least an eighth of a cell high."""
    eighths = max(round(part * high * 8), 1 if count else 0)
    for row in range(high):
        level = min(8, max(0, eighths - 8 * row))
        char = ("#" if level >= 4 or (level and row == 0) else " ") if charset.ascii else _EIGHTHS[level]
        if char != " ":
            canvas.put(x, high - 1 - row, char * wide, "trend")


def _put_axes(
    canvas: Canvas, bars: Bars, marks: Sequence[Mark], form: str, unit: str, span: int, high: int, most: int
) -> None:
    for row in range(high):
        canvas.put(_LEFT - 1, row, "│", "rule")
    canvas.put(_LEFT - 1, high, "└" + "─" * span, "rule")
    canvas.put(0, 0, f"{most:>{_LEFT - 2}}", "dim")
    canvas.put(0, high - 1, f"{0:>{_LEFT - 2}}", "dim")
    taken: list[tuple[int, int]] = []
    for mark in sorted(marks, key=lambda mark: mark.name):
        if abs(mark.value) < _LARGEST:
            middle = _LEFT + int((mark.value - bars.low) / (bars.high - bars.low) * span)
            _put_label(canvas, f"{mark.name} {number(mark.value, form)}", middle, high + 1, mark.role, taken)
    for value in (bars.high, bars.low):
        middle = _LEFT + int((value - bars.low) / (bars.high - bars.low) * span)
        _put_label(canvas, number(value, form), middle, high + 1, "dim", taken)
    if unit:
        _put_label(canvas, f"[{unit}]", canvas.width, high, "dim", [])


def _put_label(canvas: Canvas, text: str, middle: int, y: int, role: str, taken: list[tuple[int, int]]) -> None:
    """Write a label below its place, unless it would touch one that stands there already."""
    x = max(1, min(canvas.width - len(text) - 1, middle - len(text) // 2))
    if all(x > stop or x + len(text) < start for start, stop in taken):
        canvas.put(x, y, text, role)
        taken.append((x - 1, x + len(text) + 1))
