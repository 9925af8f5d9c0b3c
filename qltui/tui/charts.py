"""Charts in characters: plain data in, lines with roles out.

Axes, limits, legend and labels are ours, because they must carry roles, survive in ASCII, and stay where they are when
a value changes (few bytes); the curves are plotext's (`qltui.tui.chart_canvas`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from qltui.tui.chart_axes import (
    log_labels,
    log_spec,
    nice_step,
    number_ticks,
    row_of,
    short_format,
    time_ticks,
    y_labels,
    y_range,
)
from qltui.tui.chart_canvas import Cell, decimate, draw_canvas, load
from qltui.tui.chart_spec import ChartSpec, LegendEntry, Limit, Series, finite
from qltui.tui.symbols import Charset
from qltui.tui.text import Line, cells, clean, fit

__all__ = [
    "ChartSpec",
    "LegendEntry",
    "Limit",
    "Series",
    "decimate",
    "draw_chart",
    "finite",
    "legend_lines",
    "load",
    "nice_step",
    "number_ticks",
    "time_ticks",
    "y_range",
]

_LEGEND_ROOM: Final = 8
"""Below this height there is no line for title and legend [rows]."""
_MORE_ROOM: Final = 11
"""What ``+30 more`` takes in a legend [cells]."""
_NAMED_LIMITS: Final = 50
"""From this width on limits are named [cells]."""


def legend_lines(spec: ChartSpec, width: int, most: int = 2) -> list[Line]:
    """Return title, unit and legend in at most `most` lines; what finds no room is counted."""
    unit = f" [{clean(spec.y_unit)}]" if spec.y_unit else ""
    title = f" {clean(spec.y_title)}{unit}" if spec.y_title or unit else ""
    lines: list[Line] = [((title, "title"),)] if title else [()]
    used = cells(title)
    for place, entry in enumerate(spec.legend):
        need = cells(entry.name) + cells(entry.mark if entry.is_on else "off") + 4
        # The last line keeps room for the count of what is left out.
        room = width - (_MORE_ROOM if len(lines) >= most and place + 1 < len(spec.legend) else 0)
        if used + need > room:
            if len(lines) >= most:
                lines[-1] = (*lines[-1], (f"   +{len(spec.legend) - place} more", "dim"))
                break
            lines.append(())
            used = 0
        mark, role = (entry.mark, entry.role) if entry.is_on else ("off", "dim")
        lines[-1] = (*lines[-1], ("   ", ""), (mark, role), (f" {clean(entry.name)}", "text" if entry.is_on else "dim"))
        used += need
    return [fit(line, width) for line in lines if line]


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
    head = legend_lines(spec, width) if height >= _LEGEND_ROOM else []
    high = height - 1 - len(head)
    drawn = log_spec(spec) if spec.log else spec
    limits = y_range(drawn)
    ends = _limit_rows(drawn, limits, high)
    marked = {row: short_format(10.0**value if spec.log else value, spec.y_format) for row, (value, _) in ends.items()}
    labels = (log_labels if spec.log else y_labels)(limits, high, marked)
    places = _Places(spec, width, labels)
    rows = draw_canvas(drawn, places.inner, high, limits, charset)
    beyond = _put_beyond(rows, spec, drawn, limits)
    _put_limits(rows, drawn, limits, places.inner)
    _put_cursor(rows, drawn, limits, places.inner)
    lines = list(head)
    for index, row in enumerate(rows):
        label = labels.get(index, "")
        axis: Line = ((label.rjust(places.left - 1), "dim"), ("┤" if label else "│", "rule"))
        lines.append(fit((*axis, *_runs(row), *_note(index, high, ends, beyond, places.right)), width))
    return lines + [fit(line, width) for line in _x_axis(spec, places.left, places.inner)]


class _Places:
    """Where the canvas of a chart lies: `left` cells of labels, `inner` cells of curves, `right` of names."""

    def __init__(self, spec: ChartSpec, width: int, labels: dict[int, str]) -> None:
        self.left = max((len(text) for text in labels.values()), default=1) + 2
        named = width >= _NAMED_LIMITS and (spec.limits or spec.y_limits is not None or spec.log)
        self.right = max(9, min(len(spec.x_unit) + 1, 10)) if named else max(3, len(spec.x_unit) + 1)
        self.inner = width - self.left - self.right


def _note(row: int, height: int, ends: dict[int, tuple[float, Limit]], beyond: tuple[int, int], right: int) -> Line:
    """Return what stands at the right of a row: how many points are beyond it, or the name of a limit."""
    above, below = beyond
    count = above if row == 0 else below if row == height - 1 else 0
    if count:
        return ((f" {'↑' if row == 0 else '↓'}{count}"[:right], "strong"),)
    if row in ends and right >= 9:
        limit = ends[row][1]
        return ((f" {limit.name}"[:right], limit.role),)
    return ()


# -- what is put over the curves -----------------------------------------------------------------------------------


def _limit_rows(spec: ChartSpec, limits: tuple[float, float], height: int) -> dict[int, tuple[float, Limit]]:
    """Return the rows in which limits end at the right, with their last value; where two meet, the first."""
    rows: dict[int, tuple[float, Limit]] = {}
    for limit in spec.limits:
        points = finite(limit.points)
        if points and limits[0] <= points[-1][1] <= limits[1]:
            rows.setdefault(row_of(points[-1][1], limits, height), (points[-1][1], limit))
    return rows


def _put_limits(rows: list[list[Cell]], spec: ChartSpec, limits: tuple[float, float], width: int) -> None:
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
            if not limits[0] <= points[index][1] <= limits[1]:
                continue
            row = row_of(points[index][1], limits, len(rows))
            if rows[row][column][0] == " ":
                rows[row][column] = (limit.char, limit.role)


def _column_of(x: float, spec: ChartSpec, width: int) -> int:
    """Return the column of an abscissa, or -1 where it is beyond the range."""
    start, end = spec.x_range
    if not (start <= x <= end) or end <= start:
        return -1
    return min(width - 1, int((x - start) / (end - start) * width))


def _put_beyond(
    rows: list[list[Cell]], spec: ChartSpec, drawn: ChartSpec, limits: tuple[float, float]
) -> tuple[int, int]:
    """Mark at the border the columns that have points beyond it, and return how many are above and below.

    Nothing is beyond a range that was made of the points themselves, but for logarithms of what is not positive.
    """
    if spec.y_limits is None and not spec.log:
        return 0, 0
    width = len(rows[0])
    above, below = [], []
    for given, series in zip(spec.series, drawn.series, strict=True):
        for (x, raw), (_, y) in zip(given.points, series.points, strict=True):
            if not (math.isfinite(raw) and math.isfinite(x)) or _column_of(x, spec, width) < 0:
                continue
            if y > limits[1]:
                above.append(x)
            elif not y >= limits[0]:
                below.append(x)
        above += [x for x, _, high in series.spans if high > limits[1] and _column_of(x, spec, width) >= 0]
        below += [x for x, low, _ in series.spans if low < limits[0] and _column_of(x, spec, width) >= 0]
    for row, xs, char in ((0, above, "↑"), (len(rows) - 1, below, "↓")):
        for column in {_column_of(x, spec, width) for x in xs}:
            rows[row][column] = (char, "strong")
    return len(above), len(below)


def _put_cursor(rows: list[list[Cell]], spec: ChartSpec, limits: tuple[float, float], width: int) -> None:
    """Mark the point under the cursor: a line in its column where nothing else is, and its cell reversed."""
    if spec.cursor is None:
        return
    x, y = spec.cursor
    column = _column_of(x, spec, width)
    if column < 0:
        return
    for row in rows:
        if row[column][0] == " ":
            row[column] = ("│", "rule")
    if math.isnan(y):
        return
    row_number = row_of(y, limits, len(rows))
    char, role = rows[row_number][column]
    rows[row_number][column] = (char, f"{role if role and role != 'rule' else 'strong'}+cursor")


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


def _runs(row: Sequence[Cell]) -> Line:
    runs: list[Cell] = []
    for char, role in row:
        if runs and runs[-1][1] == role:
            runs[-1] = (runs[-1][0] + char, role)
        else:
            runs.append((char, role))
    return tuple(runs)
