"""Charts in characters: plain data in, lines with roles out. The only module that knows plotext.

plotext draws the curves on an empty canvas; axes, limits and labels are ours, because they must carry roles, survive in
ASCII, and stay where they are when a value changes (few bytes). Colours never come from plotext: each series is drawn
with a palette index that is read back as the role it stands for.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from qltui.tui.symbols import Charset
from qltui.tui.text import Line, fit

__all__ = ["ChartSpec", "Limit", "Series", "decimate", "draw_chart", "load", "nice_step", "time_ticks", "y_range"]

Point = tuple[float, float]

_LOCK: Final = threading.Lock()
"""plotext's figure is global."""

_FIRST_INDEX: Final = 16
_ESCAPE: Final = re.compile(r"\x1b\[([0-9;]*)m")


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one role, joined by a line or not; later series are drawn over earlier ones.

    `marker` is one character that each point is drawn as; without it points are as small as the charset allows.
    """

    points: tuple[Point, ...]
    role: str
    joined: bool = False
    marker: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound as it held at each time, drawn as a broken line with a name at its right end."""

    points: tuple[Point, ...]
    name: str
    role: str = "band"
    char: str = "╴"


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """Everything that a chart shows.

    Attributes
    ----------
    series : tuple of Series
        What is drawn.
    limits : tuple of Limit
        What it is compared with.
    x_range : pair of float
        Ends of the horizontal axis.
    x_ticks : tuple of (float, str)
        Where it is labelled.
    x_unit : str
        Written at its end.
    y_format : str
        Format specification of the values at the limits.
    """

    series: tuple[Series, ...]
    limits: tuple[Limit, ...]
    x_range: tuple[float, float]
    x_ticks: tuple[tuple[float, str], ...] = ()
    x_unit: str = ""
    y_format: str = "g"


# -- numbers -------------------------------------------------------------------------------------------------------


def finite(points: Sequence[Point]) -> list[Point]:
    """Return the points that can be drawn: plotext fails on infinities and on None."""
    return [(x, y) for x, y in points if x is not None and y is not None and math.isfinite(x) and math.isfinite(y)]


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


def nice_step(extent: float, count: int) -> float:
    """Return the smallest of 1, 2, 2.5, 5 times a power of ten that divides `extent` into at most `count` parts."""
    if not math.isfinite(extent) or extent <= 0 or count <= 0:
        return 1.0
    raw = extent / count
    power = 10.0 ** math.floor(math.log10(raw))
    return next((factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= raw * (1 - 1e-9)), raw)


def y_range(spec: ChartSpec) -> tuple[float, float]:
    """Return the vertical range: all points, and the limits, with a little air."""
    values = [y for series in spec.series for _, y in finite(series.points)]
    values += [y for limit in spec.limits for _, y in finite(limit.points)]
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    margin = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return low - margin, high + margin


def time_ticks(
    start: float, end: float, count: int, label: Callable[[float, bool], str]
) -> tuple[tuple[float, str], ...]:
    """Return ticks at round times between two moments [s]; `label` gets the time and whether seconds matter."""
    steps = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 86400, 7 * 86400)
    extent = end - start
    step = next((value for value in steps if extent / value <= max(1, count)), steps[-1])
    first = math.ceil(start / step) * step
    ticks = []
    while first <= end and len(ticks) < 100:
        ticks.append((float(first), label(first, step < 60)))
        first += step
    return tuple(ticks)


# -- drawing -------------------------------------------------------------------------------------------------------


def _canvas(spec: ChartSpec, width: int, height: int, y_limits: tuple[float, float], charset: Charset) -> list[Any]:
    """Return rows of (character, role) as plotext draws the series."""
    roles = [series.role for series in spec.series]
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


def _parse(row: str, roles: Sequence[str], width: int) -> list[tuple[str, str]]:
    """Return a row of plotext's string as cells with the roles that its colour indices stand for."""
    cells: list[tuple[str, str]] = []
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


def _row_of(value: float, limits: tuple[float, float], height: int) -> int:
    low, high = limits
    return min(height - 1, max(0, int((high - value) / (high - low) * height)))


def _limit_rows(spec: ChartSpec, limits: tuple[float, float], height: int) -> dict[int, tuple[float, Limit]]:
    """Return the rows in which limits end at the right, with their last value; where two meet, the first."""
    rows: dict[int, tuple[float, Limit]] = {}
    for limit in spec.limits:
        points = finite(limit.points)
        if points:
            rows.setdefault(_row_of(points[-1][1], limits, height), (points[-1][1], limit))
    return rows


def _put_limits(rows: list[Any], spec: ChartSpec, limits: tuple[float, float], width: int) -> None:
    """Draw the limits where nothing else is."""
    start, end = spec.x_range
    for limit in spec.limits:
        points = finite(limit.points)
        if not points:
            continue
        index = 0
        for column in range(width):
            x = start + (column + 0.5) / width * (end - start)
            while index + 1 < len(points) and points[index + 1][0] <= x:
                index += 1
            row = _row_of(points[index][1], limits, len(rows))
            if rows[row][column][0] == " ":
                rows[row][column] = (limit.char, limit.role)


def _y_labels(limits: tuple[float, float], height: int, marked: dict[int, str]) -> dict[int, str]:
    """Return labels by row: the values in `marked`, and round ones where these leave room."""
    low, high = limits
    step = nice_step(high - low, max(2, height // 2))
    decimals = max(0, -math.floor(math.log10(step) + 1e-9) + (1 if _is_quarter(step) else 0))
    value = math.ceil(low / step) * step
    labels = dict(marked)
    while value <= high + step * 1e-9:
        shown = 0.0 if abs(value) < step * 1e-6 else value
        row = _row_of(value, limits, height)
        if all(abs(row - taken) > 1 for taken in labels):
            labels[row] = _short(shown, decimals)
        value += step
    return labels


def _is_quarter(step: float) -> bool:
    """Return whether a step of 2.5 times a power of ten needs one decimal more."""
    mantissa = step / 10.0 ** math.floor(math.log10(step) + 1e-9)
    return abs(mantissa - 2.5) < 1e-6


def _short_format(value: float, form: str) -> str:
    text = format(value, form)
    text = text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
    return text if len(text) <= 9 else f"{value:.3g}"


def _short(value: float, decimals: int) -> str:
    text = f"{value:.{min(decimals, 6)}f}"
    return text if len(text) <= 8 else f"{value:.3g}"


def _x_axis(spec: ChartSpec, left: int, width: int) -> list[Line]:
    start, end = spec.x_range
    chars = [" "] * width
    last = -2
    for x, label in spec.x_ticks:
        column = int((x - start) / (end - start) * width) - len(label) // 2
        column = max(0, min(width - len(label), column))
        if column > last + 1:
            chars[column : column + len(label)] = label
            last = column + len(label)
    return [((" " * (left - 1) + "└", "rule"), ("".join(chars), "dim"), (f" {spec.x_unit}", "dim"))]


def load() -> str:
    """Load plotext, which takes a while, and return why it cannot be loaded, or nothing.

    Screens call it in a thread once they stand; a chart alone must never keep the Monitor from starting.
    """
    try:
        import plotext  # noqa: F401
    except (ImportError, OSError) as error:
        return f"no charts here: plotext cannot be loaded ({error})"
    return ""


def draw_chart(spec: ChartSpec, width: int, height: int, charset: Charset) -> list[Line]:
    """Return a chart `width` cells wide and `height` rows high, the axis included.

    Parameters
    ----------
    spec : ChartSpec
        What to draw; points that are not finite are left out.
    width, height : int
        Size in cells; nothing is drawn below 20 x 3.
    charset : Charset
        Which characters there are.
    """
    if width < 20 or height < 3:
        return []
    limits = y_range(spec)
    high = height - 1
    ends = _limit_rows(spec, limits, high)
    labels = _y_labels(limits, high, {row: _short_format(value, spec.y_format) for row, (value, _) in ends.items()})
    left = max((len(text) for text in labels.values()), default=1) + 2
    right = 9 if width >= 50 and spec.limits else max(3, len(spec.x_unit) + 1)
    inner = width - left - right
    rows = _canvas(spec, inner, high, limits, charset)
    rows += [[(" ", "")] * inner for _ in range(high - len(rows))]
    _put_limits(rows, spec, limits, inner)
    lines: list[Line] = []
    for index, row in enumerate(rows):
        label = labels.get(index, "")
        axis: Line = ((label.rjust(left - 1), "dim"), ("┤" if label else "│", "rule"))
        end = ends[index][1] if index in ends and right >= 9 else None
        note: Line = ((f" {end.name}"[:right], end.role),) if end is not None else ()
        lines.append(fit((*axis, *_runs(row), *note), width))
    return lines + [fit(line, width) for line in _x_axis(spec, left, inner)]


def _runs(row: Sequence[tuple[str, str]]) -> Line:
    runs: list[tuple[str, str]] = []
    for char, role in row:
        if runs and runs[-1][1] == role:
            runs[-1] = (runs[-1][0] + char, role)
        else:
            runs.append((char, role))
    return tuple(runs)
