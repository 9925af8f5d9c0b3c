"""The trend: one metric over the night, with the limits that held at each time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from qltui.model import Status
from qltui.store.views import TrendPoint
from qltui.tui.charts import ChartSpec, Limit, Series, draw_chart, time_ticks
from qltui.tui.symbols import STATUS_MARKS, Charset
from qltui.tui.text import Line
from qltui.tui.widgets.lines import Lines
from qltui.tui.widgets.trend_choice import TrendQuery
from qltui.tui.words import clock_time, number, plural

__all__ = ["TrendPane", "trend_spec", "value_lines"]

# -- from values to a chart ----------------------------------------------------------------------------------------


def _bound(points: Sequence[TrendPoint], get: Callable[[TrendPoint], float]) -> tuple[tuple[float, float], ...]:
    """Return a bound over time, or nothing where it differs between elements of the same exposure."""
    by_time: dict[float, float] = {}
    for point in points:
        value = get(point)
        if not math.isfinite(value):
            continue
        if point.time in by_time and not math.isclose(by_time[point.time], value, rel_tol=1e-3, abs_tol=1e-9):
            return ()
        by_time[point.time] = value
    return tuple(sorted(by_time.items()))


def _limits(points: Sequence[TrendPoint]) -> tuple[Limit, ...]:
    """Return the four bounds as far as they exist, the outer ones first."""
    bounds = (
        ("warning", "╴", lambda point: point.warning[1]),
        ("warning", "╴", lambda point: point.warning[0]),
        ("normal", "·", lambda point: point.normal[1]),
        ("normal", "·", lambda point: point.normal[0]),
    )
    limits = (Limit(_bound(points, get), name, char=char) for name, char, get in bounds)
    return tuple(limit for limit in limits if limit.points)


def _x_range(points: Sequence[TrendPoint]) -> tuple[float, float]:
    start, end = min(point.time for point in points), max(point.time for point in points)
    margin = max((end - start) * 0.04, 30.0)
    return start - margin, end + margin


def _label(time: float, with_seconds: bool) -> str:
    return clock_time(time, with_seconds=with_seconds)


def trend_spec(points: Sequence[TrendPoint], query: TrendQuery, charset: Charset, width: int) -> ChartSpec | None:
    """Return the chart of these values, or None where none of them can be drawn.

    Values beyond their limits are drawn with the shape of their status, in whatever camera they are.
    """
    drawn = [point for point in points if math.isfinite(point.value) and math.isfinite(point.time)]
    if not drawn:
        return None
    marked = [point for point in drawn if point.camera == query.marked]
    others = tuple((point.time, point.value) for point in drawn if point.camera != query.marked)
    series = [Series(others, "trend", marker="o" if charset.ascii else "")] if others else []
    for element in dict.fromkeys(point.element for point in marked):
        line = tuple((point.time, point.value) for point in marked if point.element == element)
        series.append(Series(line, "mark", joined=True))
        if len(line) <= width // 3:
            series.append(Series(line, "mark", marker="*" if charset.ascii else "•"))
    for status in (Status.WARNING, Status.ALARM):
        bad = tuple((point.time, point.value) for point in drawn if point.status is status)
        if bad:
            series.append(Series(bad, STATUS_MARKS[status].role, marker=charset.mark(status)))
    x_range = _x_range(drawn)
    ticks = time_ticks(*x_range, max(2, width // 11), _label)
    return ChartSpec(tuple(series), _limits(marked or drawn), x_range, ticks, "UT", query.definition.format)


def value_lines(points: Sequence[TrendPoint], query: TrendQuery, height: int) -> list[Line]:
    """Return the marked camera's last values as text, for where charts cannot be drawn."""
    form = query.definition.format
    own = [point for point in points if point.camera == query.marked][-max(0, height) :]
    return [
        (
            (f" {clock_time(point.time)}  {point.expid}  ", "dim"),
            (f"{number(point.value, form)}  ", STATUS_MARKS[point.status].role),
            (f"{point.status.value}", "dim"),
        )
        for point in reversed(own)
    ]


class TrendPane(Lines, can_focus=True):
    """The chart of a `TrendQuery`."""

    def __init__(self) -> None:
        super().__init__(id="trend")
        self._query: TrendQuery | None = None
        self._points: tuple[TrendPoint, ...] = ()
        self._ready = False
        self._fault = ""

    def allow_charts(self, fault: str) -> None:
        """Say that charts can be drawn now, or why they cannot."""
        self._ready, self._fault = True, fault
        self.redraw()

    def show(self, query: TrendQuery | None, points: Sequence[TrendPoint]) -> None:
        """Show the values of a query."""
        self._query, self._points = query, tuple(points)
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the chart, or in words why there is none."""
        query = self._query
        if query is None:
            return [((" no metric to follow yet", "dim"),)]
        if not self._ready:
            return []
        if self._fault:
            return [((f" {self._fault}", "warn"),), *value_lines(self._points, query, height - 1)]
        spec = trend_spec(self._points, query, self.charset, width)
        if spec is None:
            count = len(self._points)
            missing = f" ({plural(count, 'exposure')} without a value)" if count else ""
            return [((f" no value of {query.definition.name} yet this night{missing}", "dim"),)]
        return draw_chart(spec, width, height, self.charset)
