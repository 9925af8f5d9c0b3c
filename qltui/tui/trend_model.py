"""A trend as a chart: from values to marks, limits, axes, cursor and line. Pure functions."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from qltui.instruments.base import Instrument, TrendPreset
from qltui.model import Status
from qltui.tables.straight_line import quantile
from qltui.tables.trend_choice import TrendChoice
from qltui.tui.charts import ChartSpec, LegendEntry, Limit, Series, number_ticks, time_ticks
from qltui.tui.symbols import STATUS_MARKS, Charset

if TYPE_CHECKING:
    from qltui.store.series import TraceBin, TracePoint
    from qltui.tables.trend import Trend
    from qltui.tables.trend_numbers import GroupSummary

__all__ = [
    "MARKS",
    "MJD_OF_1970",
    "TrendView",
    "chart_of",
    "default_choice",
    "groups_of",
    "held_cursor",
    "panned",
    "preset_choice",
    "values_at",
    "walk_order",
    "y_range_of",
    "zoomed",
]

MARKS: Final = ("+", "×", "□", "△", "▽", "◊", "◁", "▷")
"""Shapes of groups: none of them is the shape of a status."""

_ASCII_MARKS: Final = ("+", "x", "#", "%", "&", "@", "=", "$")
_ROLES: Final = 6
_DAY: Final = 86400.0
MJD_OF_1970: Final = 40587.0


@dataclass(frozen=True, slots=True)
class TrendView:
    """How a trend is looked at, beside what is read.

    Attributes
    ----------
    hidden : frozenset of str
        Groups that are switched off.
    y : str or pair of float
        ``"all"`` takes everything in, ``"robust"`` leaves out what is far away; or the ends themselves.
    log, fit : bool
        Logarithmic ordinate; line of least squares.
    mjd : bool
        Whether time is labelled by Modified Julian Date instead of UT.
    cursor : int
        Index into the values in the order of the abscissa, from the last one backwards; -1 for none.
    """

    hidden: frozenset[str] = frozenset()
    y: str | tuple[float, float] = "all"
    log: bool = False
    fit: bool = False
    mjd: bool = False
    cursor: int = 0


def preset_choice(preset: TrendPreset) -> dict[str, Any]:
    """Return what a preset sets of a choice; nights and the shown part of the axis are left as they are."""
    return {
        "y": preset.metric,
        "over": "",
        "x": preset.x,
        "cameras": preset.cameras,
        "elements": (preset.element,) if preset.element else (),
        "obstypes": preset.obstypes,
        "programs": (),
        "colour": preset.colour,
    }


def default_choice(instrument: Instrument) -> TrendChoice:
    """Return what is shown before anybody has chosen: the history that comes first, else one camera by element."""
    for preset in instrument.trend_presets:
        if preset.first:
            return TrendChoice(**preset_choice(preset))
    return TrendChoice(cameras=(instrument.cameras[0].name,), colour="element")


# -- values --------------------------------------------------------------------------------------------------------


def groups_of(trend: Trend, instrument: Instrument) -> dict[str, list[Any]]:
    """Return values or bins by group, in the order of the groups' names."""
    from qltui.tables.trend_numbers import group_of

    group = group_of(trend, instrument)
    found: dict[str, list[Any]] = {}
    for item in trend.points or trend.bins:
        found.setdefault(group(item), []).append(item)
    return {name: found[name] for name in sorted(found)}


def walk_order(trend: Trend, instrument: Instrument, view: TrendView) -> list[TracePoint]:
    """Return the values that the cursor walks, from left to right: those that are drawn."""
    shown = [
        point for name, items in groups_of(trend, instrument).items() if name not in view.hidden for point in items
    ]
    if not trend.points:
        return []
    drawn = [point for point in shown if math.isfinite(point.x) and math.isfinite(point.value)]
    return sorted(drawn, key=lambda point: (point.x, point.track))


def values_at(points: Sequence[TracePoint], view: TrendView) -> TracePoint | None:
    """Return the value under the cursor; the newest one at first."""
    if not points or view.cursor < 0:
        return None
    return points[max(0, len(points) - 1 - view.cursor)]


def held_cursor(points: Sequence[TracePoint], held: TracePoint | None, cursor: int) -> int:
    """Return the cursor that stands on the same value as before; `cursor`, as far as there are values, without one."""
    if held is not None:
        for index, point in enumerate(points):
            if (point.expid, point.track, point.time) == (held.expid, held.track, held.time):
                return len(points) - 1 - index
    return max(0, min(cursor, len(points) - 1))


def y_range_of(trend: Trend, view: TrendView) -> tuple[float, float] | None:
    """Return the ends of the ordinate; None for all that there is."""
    if isinstance(view.y, tuple):
        return view.y
    if view.y != "robust":
        return None
    values = sorted(
        value
        for item in trend.points or trend.bins
        for value in ((item.value,) if trend.points else (item.low, item.high))
        if math.isfinite(value)
    )
    if len(values) < 4:
        return None
    low, high = quantile(values, 0.02), quantile(values, 0.98)
    margin = (high - low) * 0.25 or abs(high) * 0.05 or 1.0
    return low - margin, high + margin


# -- the axis ------------------------------------------------------------------------------------------------------


def _window(trend: Trend) -> tuple[float, float]:
    if trend.choice.window is not None:
        return trend.choice.window
    low, high = trend.span if trend.span is not None else (0.0, 1.0)
    margin = (high - low) * 0.02 or (300.0 if trend.x is None else abs(high) * 0.05 or 1.0)
    return low - margin, high + margin


def zoomed(trend: Trend, factor: float, around: float | None) -> tuple[float, float] | None:
    """Return the window after zooming by a factor around an abscissa; None where it is all of it again."""
    low, high = _window(trend)
    centre = around if around is not None and low <= around <= high else (low + high) / 2
    new = centre - (centre - low) * factor, centre + (high - centre) * factor
    span = trend.span
    if span is not None and new[0] <= span[0] and new[1] >= span[1]:
        return None
    # Closer than this no two values can be told apart.
    least = 1.0 if trend.x is None else max(abs(centre), 1e-6) * 1e-9
    return new if new[1] - new[0] > least else (low, high)


def panned(trend: Trend, by: float) -> tuple[float, float]:
    """Return the window moved by a part of its width, not beyond the values."""
    low, high = _window(trend)
    shift = (high - low) * by
    if trend.span is not None:
        shift = max(trend.span[0] - high, min(shift, trend.span[1] - low)) if high > low else 0.0
    return low + shift, high + shift


def _time_label(extent: float) -> Callable[[float, bool], str]:
    form = (
        "%H:%M"
        if extent < 1.5 * _DAY
        else "%m-%d %H h"
        if extent < 5 * _DAY
        else "%m-%d"
        if extent < 300 * _DAY
        else "%Y-%m"
    )

    def label(seconds: float, with_seconds: bool) -> str:
        moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
        return moment.strftime("%H:%M:%S" if with_seconds else form)

    return label


def _ticks(trend: Trend, window: tuple[float, float], width: int, zero: float | None) -> tuple[tuple[float, str], ...]:
    """Return where the abscissa is labelled; time by its MJD less `zero` where that is not None."""
    if trend.x is not None:
        return number_ticks(*window, max(2, width // 12))
    if zero is not None:
        days = [moment / _DAY + MJD_OF_1970 - zero for moment in window]
        ticks = number_ticks(days[0], days[1], max(2, width // 14))
        return tuple(((day - MJD_OF_1970 + zero) * _DAY, label) for day, label in ticks)
    return time_ticks(*window, max(2, width // 13), _time_label(window[1] - window[0]))


# -- the chart -----------------------------------------------------------------------------------------------------


def chart_of(
    trend: Trend,
    instrument: Instrument,
    view: TrendView,
    fits: Sequence[GroupSummary],
    point: TracePoint | None,
    charset: Charset,
    width: int,
) -> ChartSpec | None:
    """Return the chart of a trend, or None where there is nothing to draw.

    Parameters
    ----------
    fits : sequence of GroupSummary
        The groups that are not hidden, with their lines.
    point : TracePoint or None
        The value under the cursor.
    width : int
        Of the pane [cells].
    """
    groups = groups_of(trend, instrument)
    if not groups:
        return None
    window = _window(trend)
    marks = _ASCII_MARKS if charset.ascii else MARKS
    series: list[Series] = []
    legend: list[LegendEntry] = []
    for number, (name, items) in enumerate(groups.items()):
        mark, role = marks[number % len(marks)], f"series{number % _ROLES + 1}"
        legend.append(LegendEntry(mark, name, role, name not in view.hidden))
        if name not in view.hidden:
            series += _group_series(items, mark, role, bool(trend.points), crowded=len(items) > width)
    series += _status_series(trend, groups, view, charset)
    if view.fit:
        lines, entries = _fit_series(fits, window, groups)
        series += lines
        legend += entries
    zero = instrument.mjd_zero if view.mjd else None
    unit = "UT" if zero is None else f"MJD-{zero:g}" if zero else "MJD"
    return ChartSpec(
        tuple(series),
        _limits(trend, point),
        window,
        _ticks(trend, window, width, zero),
        unit if trend.x is None else trend.x.label,
        trend.format,
        y_range_of(trend, view),
        trend.title,
        trend.unit,
        tuple(legend) if len(legend) > 1 or view.fit else (),
        (point.x, point.value) if point is not None else None,
        view.log,
    )


def _group_series(items: Sequence[Any], mark: str, role: str, single: bool, *, crowded: bool) -> list[Series]:
    if single:
        points = tuple((item.x, item.value) for item in items if math.isfinite(item.value))
        # Where marks would lie on one another, points as small as the terminal has them tell more.
        return [Series(points, role, marker="" if crowded else mark)]
    spans = tuple((_middle(item), item.low, item.high) for item in items if item.count)
    means = tuple((_middle(item), item.mean) for item in items if item.count)
    return [Series(means, role, marker="" if crowded else mark, spans=spans)]


def _middle(item: TraceBin) -> float:
    return (item.first + item.last) / 2


def _status_series(trend: Trend, groups: dict[str, list[Any]], view: TrendView, charset: Charset) -> list[Series]:
    """Return what is not NORMAL, with the shape of its status, over all groups."""
    if not trend.points:
        outside = tuple(
            (_middle(item), item.high if _beyond(item.high, item.normal) else item.low)
            for name, items in groups.items()
            if name not in view.hidden
            for item in items
            if item.outside
        )
        return (
            [Series(outside, STATUS_MARKS[Status.WARNING].role, marker=charset.mark(Status.WARNING))] if outside else []
        )
    found = []
    for status in (Status.WARNING, Status.ALARM):
        points = tuple(
            (item.x, item.value)
            for name, items in groups.items()
            if name not in view.hidden
            for item in items
            if item.status is status and math.isfinite(item.value)
        )
        if points:
            found.append(Series(points, STATUS_MARKS[status].role, marker=charset.mark(status)))
    return found


def _beyond(value: float, limits: tuple[float, float]) -> bool:
    return math.isfinite(limits[1]) and value > limits[1]


def _fit_series(
    fits: Sequence[GroupSummary], window: tuple[float, float], groups: dict[str, list[Any]]
) -> tuple[list[Series], list[LegendEntry]]:
    """Return the line of each group; of all together where that is told."""
    names = list(groups)
    lines = []
    for item in fits:
        if item.line is None:
            continue
        place = names.index(item.name) if item.name in names else -1
        role = f"series{place % _ROLES + 1}" if place >= 0 else "strong"
        ends = tuple((x, item.line.at(x)) for x in window)
        if all(math.isfinite(y) for _, y in ends):
            lines.append(Series(ends, role, joined=True))
    return lines, [LegendEntry("─", "line of least squares", "dim")] if lines else []


def _limits(trend: Trend, point: TracePoint | None) -> tuple[Limit, ...]:
    """Return the ranges that held, of the track under the cursor: as steps where they changed."""
    items: Sequence[Any] = trend.points or trend.bins
    if trend.over is not None or not items:
        return ()
    track = point.track if point is not None else items[0].track
    own = sorted((item for item in items if item.track == track), key=_abscissa)
    found = []
    for name, place in (("warning", 0), ("warning", 1), ("normal", 0), ("normal", 1)):
        bounds = [(_abscissa(item), getattr(item, name)[place]) for item in own]
        bounds = [(x, bound) for x, bound in bounds if math.isfinite(bound)]
        if bounds:
            steps = _steps(bounds)
            found.append(Limit(steps, name, char="╴" if name == "warning" else "·"))
    return tuple(found)


def _abscissa(item: Any) -> float:
    return item.x if hasattr(item, "x") else _middle(item)


def _steps(bounds: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Return a bound without the places where it stays as it was."""
    kept = [bounds[0]]
    kept += [bound for before, bound in itertools.pairwise(bounds) if bound[1] != before[1]]
    return tuple(kept)
