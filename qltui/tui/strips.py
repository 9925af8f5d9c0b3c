"""Small charts one under another over one axis of time: what a night's conditions are drawn with. Pure functions.

Each strip has a line of words and a few rows of points. Drawn without a library: eight of them in a millisecond each,
because the cursor moves through all of them at once.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from qltui.tui.symbols import Charset
from qltui.tui.text import Line, fit

__all__ = ["Strip", "StripPoint", "TimeAxis", "axis_lines", "draw_strip"]

_LEFT: Final = 8
"""Cells for the labels of the vertical axis."""

_MANY: Final = 40
"""Of more points than this each is as small as the charset allows, so that a cell shows four heights."""

_BITS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


@dataclass(frozen=True, slots=True)
class StripPoint:
    """A value at a time [s since 1970], with its shape (empty for a dot) and role."""

    time: float
    value: float
    char: str = ""
    role: str = "trend"


@dataclass(frozen=True, slots=True)
class Strip:
    """One quantity over the night.

    Attributes
    ----------
    title : Line
        Its words: name, unit, value under the cursor.
    points : tuple of StripPoint
        Values; none where no header has it.
    curves : tuple of (role, points)
        Curves of (time, value).
    levels : tuple of (float, str)
        Values with a horizontal line, and their names.
    format : str
        Of the labels.
    bounds : pair of float or None
        Ends of the vertical axis; those of the points where not given.
    """

    title: Line
    points: tuple[StripPoint, ...] = ()
    curves: tuple[tuple[str, tuple[tuple[float, float], ...]], ...] = ()
    levels: tuple[tuple[float, str], ...] = ()
    format: str = ".2f"
    bounds: tuple[float, float] | None = None

    @property
    def is_drawn(self) -> bool:
        """Whether there is anything to draw."""
        return bool(self.points or self.curves)


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """The common axis: its ends [s since 1970], moments that are marked, and the cursor."""

    start: float
    end: float
    marks: tuple[tuple[float, str], ...] = ()
    cursor: float | None = None

    def column(self, time: float, width: int) -> float:
        """Return where a moment lies in `width` cells; outside them where it is not in the range."""
        return (time - self.start) / (self.end - self.start) * width


def _bounds(strip: Strip) -> tuple[float, float]:
    if strip.bounds is not None:
        return strip.bounds
    values = [point.value for point in strip.points] + [value for _, curve in strip.curves for _, value in curve]
    low, high = min(values), max(values)
    margin = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return low - margin, high + margin


class _Canvas:
    """Cells of one strip: dots gathered by cell, characters above them."""

    def __init__(self, width: int, height: int, charset: Charset) -> None:
        self.width, self.height, self.charset = width, height, charset
        self._bits: dict[tuple[int, int], tuple[int, str]] = {}
        self._chars: dict[tuple[int, int], tuple[str, str]] = {}
        self._behind: dict[tuple[int, int], tuple[str, str]] = {}

    def dot(self, x: float, y: float, role: str) -> None:
        """Set the smallest dot at a place in cells."""
        if not (0 <= x < self.width and 0 <= y < self.height):
            return
        cell = int(x), int(y)
        column = int((x - cell[0]) * self.charset.columns)
        row = int((y - cell[1]) * self.charset.rows)
        bit = _BITS[row][column] if self.charset.rows == 4 else 1 << (2 * row + column)
        before = self._bits.get(cell, (0, role))[0]
        self._bits[cell] = before | bit, role

    def put(self, x: float, y: float, char: str, role: str, *, behind: bool = False) -> None:
        """Put a character into a cell, above the dots or behind them."""
        if 0 <= x < self.width and 0 <= y < self.height:
            (self._behind if behind else self._chars)[int(x), int(y)] = char, role

    def cell(self, column: int, row: int) -> tuple[str, str]:
        """Return the character of a cell and its role."""
        found = self._chars.get((column, row))
        if found is not None:
            return found
        bits, role = self._bits.get((column, row), (0, ""))
        if not bits:
            return self._behind.get((column, row), (" ", ""))
        if self.charset.ascii:
            return ".", role
        return (chr(0x2800 + bits) if self.charset.rows == 4 else " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"[bits & 15]), role


def draw_strip(strip: Strip, axis: TimeAxis, width: int, height: int, charset: Charset) -> list[Line]:
    """Return the words and the chart of one strip, `height` rows in all."""
    rows, inner = height - 1, width - _LEFT - 1
    lines: list[Line] = [fit(strip.title, width)]
    if rows < 1 or inner < 10 or not strip.is_drawn:
        return lines[:height]
    low, high = _bounds(strip)
    canvas = _Canvas(inner, rows, charset)
    _draw_frame(canvas, strip, axis, (low, high))
    for role, curve in strip.curves:
        _draw_curve(canvas, [(axis.column(when, inner), _row(value, (low, high), rows)) for when, value in curve], role)
    fine = len(strip.points) > _MANY and not charset.ascii
    for point in strip.points:
        place = axis.column(point.time, inner), _row(point.value, (low, high), rows)
        if point.time == axis.cursor or not fine:
            role = "mark" if point.time == axis.cursor else point.role
            canvas.put(*place, point.char or ("*" if charset.ascii else "•"), role)
        else:
            canvas.dot(*place, point.role)
    labels = _labels(strip, low, high, rows)
    for row in range(rows):
        text = labels.get(row, "")
        left: Line = ((text.rjust(_LEFT - 1), "dim"), ("┤" if text else "│", "rule"))
        lines.append((*left, *_runs([canvas.cell(column, row) for column in range(inner)])))
    return lines


def _row(value: float, bounds: tuple[float, float], rows: int) -> float:
    low, high = bounds
    return min(rows - 1e-6, max(0.0, (high - value) / (high - low) * rows))


def _draw_frame(canvas: _Canvas, strip: Strip, axis: TimeAxis, bounds: tuple[float, float]) -> None:
    """Draw levels, marked moments and the cursor."""
    level, mark, cursor = ("-", ":", "|") if canvas.charset.ascii else ("╴", "┊", "│")
    for value, _ in strip.levels:
        for column in range(0, canvas.width, 2):
            canvas.put(column, _row(value, bounds, canvas.height), level, "band", behind=True)
    lines = [(when, mark, "rule") for when, _ in axis.marks]
    if axis.cursor is not None:
        lines.append((axis.cursor, cursor, "mark"))
    for when, char, role in lines:
        for row in range(canvas.height):
            canvas.put(axis.column(when, canvas.width), row, char, role, behind=True)


def _draw_curve(canvas: _Canvas, places: Sequence[tuple[float, float]], role: str) -> None:
    """Join places by dots, dense enough to have none missing."""
    for (x0, y0), (x1, y1) in itertools.pairwise(places):
        count = max(1, math.ceil(max(abs(x1 - x0) * canvas.charset.columns, abs(y1 - y0) * canvas.charset.rows)))
        if count > 10_000:
            continue
        for step in range(count):
            canvas.dot(x0 + (x1 - x0) * step / count, y0 + (y1 - y0) * step / count, role)


def _labels(strip: Strip, low: float, high: float, rows: int) -> dict[int, str]:
    """Return the values at the first and last row, or the levels' own where they have some."""
    labels = {0: high - (high - low) / (2 * rows), rows - 1: low + (high - low) / (2 * rows)}
    found = {row: f"{value:{strip.format}}" for row, value in labels.items()}
    for value, name in strip.levels:
        if low <= value <= high:
            found[min(rows - 1, int((high - value) / (high - low) * rows))] = name
    return found


def axis_lines(axis: TimeAxis, width: int, zones: Sequence[tuple[str, Callable[[float], str]]]) -> list[Line]:
    """Return one row of hours for each time zone: its name and what turns a moment into a label."""
    inner = width - _LEFT - 1
    hours = (axis.end - axis.start) / 3600.0
    step = next((value for value in (1, 2, 3, 6, 12) if hours / value * 7 <= inner), 24) * 3600.0
    lines: list[Line] = []
    for name, label in zones:
        cells = [" "] * inner
        when = math.ceil(axis.start / step) * step
        while when <= axis.end:
            text = label(when)
            column = int(axis.column(when, inner)) - len(text) // 2
            if 0 <= column <= inner - len(text):
                cells[column : column + len(text)] = text
            when += step
        lines.append(((name.rjust(_LEFT - 1), "dim"), ("└", "rule"), ("".join(cells), "dim")))
    return lines


def _runs(cells: Sequence[tuple[str, str]]) -> Line:
    runs: list[tuple[str, str]] = []
    for char, role in cells:
        if runs and runs[-1][1] == role:
            runs[-1] = (runs[-1][0] + char, role)
        else:
            runs.append((char, role))
    return tuple(runs)
