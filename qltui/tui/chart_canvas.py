"""The part of a chart inside its axes: curves by plotext, and upright bars. The only module that knows plotext.

plotext draws the curves on an empty canvas. Colours never come from plotext: each series is drawn with a palette index
that is read back as the role it stands for.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Sequence
from typing import Final

from qltui.tui.chart_spec import ChartSpec, Point, Series, finite
from qltui.tui.symbols import Charset

__all__ = ["Cell", "decimate", "draw_canvas", "load"]

Cell = tuple[str, str]
"""A character and its role."""

_LOCK: Final = threading.Lock()
"""plotext's figure is global."""

_FIRST_INDEX: Final = 16
_ESCAPE: Final = re.compile(r"\x1b\[([0-9;]*)m")

_BRAILLE: Final = 0x2800
_DOTS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Bits of the dots of a cell, by column and row from the top."""

_MASKS: Final = tuple(
    {(first, last): sum(dots[first : last + 1]) for first in range(4) for last in range(first, 4)} for dots in _DOTS
)
"""Bits of all dots of a column from one to another."""


def load() -> str:
    """Load plotext, which takes a while, and return why it cannot be loaded, or nothing.

    Screens call it in a thread once they stand; a chart alone must never keep the Monitor from starting.
    """
    try:
        import plotext  # noqa: F401
    except (ImportError, OSError) as error:
        return f"no charts here: plotext cannot be loaded ({error})"
    return ""


def decimate(points: Sequence[Point], x_range: tuple[float, float], bins: int) -> list[Point]:
    """Return the points, of more than four to a bin only the first, lowest, highest and last.

    The extremes of every bin stay, so that no outlier is ever lost.
    """
    points = finite(points)
    if len(points) <= 4 * bins or bins <= 0:
        return points
    start, end = x_range
    width = (end - start) / bins or 1.0
    groups: dict[int, list[int]] = {}
    for index, (x, _) in enumerate(points):
        groups.setdefault(int((x - start) / width), []).append(index)
    kept: set[int] = set()
    for members in groups.values():
        kept.update((members[0], members[-1]))
        kept.add(min(members, key=lambda index: points[index][1]))
        kept.add(max(members, key=lambda index: points[index][1]))
    return [points[index] for index in sorted(kept)]


def draw_canvas(
    spec: ChartSpec, width: int, height: int, y_limits: tuple[float, float], charset: Charset
) -> list[list[Cell]]:
    """Return rows of cells: the curves as plotext draws them, bars where these leave room."""
    rows = _curves(spec, width, height, y_limits, charset)
    rows += [[(" ", "")] * width for _ in range(height - len(rows))]
    # What is drawn last lies on top, so the first to take a cell keeps it.
    for series in reversed(spec.series):
        if series.spans:
            _put_spans(rows, series, spec.x_range, y_limits, charset)
    return rows


def _curves(
    spec: ChartSpec, width: int, height: int, y_limits: tuple[float, float], charset: Charset
) -> list[list[Cell]]:
    roles = [series.role for series in spec.series]
    if not any(series.points for series in spec.series):
        return []
    with _LOCK:
        import plotext

        plotext.terminal.limit(False, False)
        figure = plotext.figure
        figure.clear()
        figure.theme("colorless")
        figure.axes(False)
        figure.plot_size(width, height)
        for index, series in enumerate(spec.series):
            points = decimate(series.points, spec.x_range, width * charset.columns)
            if not points:
                continue
            pixel = plotext.pixel(foreground=_FIRST_INDEX + index)
            marker = plotext.marker(series.marker or charset.marker).fill(pixel)
            signal = figure.signal([x for x, _ in points], [y for _, y in points], marker=marker)
            figure.draw(signal.lines() if series.joined and len(points) > 1 else signal)
        figure.ruler("x").lim(*spec.x_range)
        figure.ruler("y").lim(*y_limits)
        for axis in ("x", "y"):
            figure.ruler(axis).ticks([])
        text = figure.build().string()
    return [_parse(row, roles, width) for row in text.split("\n")[:height]]


def _parse(row: str, roles: Sequence[str], width: int) -> list[Cell]:
    """Return a row of plotext's string as cells with the roles that its colour indices stand for."""
    cells: list[Cell] = []
    role = ""
    position = 0
    for match in _ESCAPE.finditer(row):
        cells += [(char, role) for char in row[position : match.start()]]
        position = match.end()
        codes = match.group(1).split(";")
        if codes[:2] == ["38", "5"] and len(codes) == 3:
            index = int(codes[2]) - _FIRST_INDEX
            role = roles[index] if 0 <= index < len(roles) else ""
        elif codes in (["0"], [""]):
            role = ""
    cells += [(char, role) for char in row[position:]]
    return (cells + [(" ", "")] * width)[:width]


# -- bars ----------------------------------------------------------------------------------------------------------


def _put_spans(
    rows: list[list[Cell]],
    series: Series,
    x_range: tuple[float, float],
    y_limits: tuple[float, float],
    charset: Charset,
) -> None:
    """Draw the bars of a series into cells that are blank."""
    columns, steps = (2, 4) if charset.name == "braille" else (1, 1)
    width, height = len(rows[0]) if rows else 0, len(rows) * steps
    bits: dict[tuple[int, int], int] = {}
    for column, (low, high) in _bars(series, x_range, width * columns).items():
        top, bottom = _dot(high, y_limits, height), _dot(low, y_limits, height)
        if bottom < 0 or top >= height:
            continue
        first, last = max(0, top), min(height - 1, bottom)
        # A cell at a time costs a quarter of a dot at a time.
        masks, cell, row = _MASKS[column % columns], column // columns, first // steps
        while row * steps <= last:
            mask = masks[max(0, first - row * steps), min(steps - 1, last - row * steps)]
            bits[row, cell] = bits.get((row, cell), 0) | mask
            row += 1
    for (row, column), dots in bits.items():
        if rows[row][column][0] == " ":
            char = chr(_BRAILLE + dots) if charset.name == "braille" else "│"
            rows[row][column] = (char, series.role)


def _bars(series: Series, x_range: tuple[float, float], columns: int) -> dict[int, tuple[float, float]]:
    """Return lowest and highest value of each column of dots."""
    start, end = x_range
    bars: dict[int, tuple[float, float]] = {}
    for x, low, high in series.spans:
        if not (start <= x <= end) or math.isnan(low) or math.isnan(high):
            continue
        column = min(columns - 1, int((x - start) / (end - start) * columns))
        before = bars.get(column, (math.inf, -math.inf))
        bars[column] = (min(before[0], low), max(before[1], high))
    return bars


def _dot(value: float, y_limits: tuple[float, float], height: int) -> int:
    """Return the row of dots of a value; -1 or `height` where it is beyond the range."""
    low, high = y_limits
    place = (high - value) / (high - low) * height
    return int(min(max(place, -1.0), float(height))) if place >= 0 else -1
