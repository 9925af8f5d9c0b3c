"""A trend in numbers: what marks tell apart, statistics and straight lines, and tables for files."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from qltui.instruments.base import Instrument
from qltui.model import Status
from qltui.store.series import Moments, TraceBin, TracePoint
from qltui.tables.straight_line import Line, fit_line, moments_of, quantile
from qltui.tables.table import Column, Judged, Row, Table, Value
from qltui.tables.trend import DAY, Trend, quotient

__all__ = ["GroupSummary", "bin_table", "group_of", "iso_moment", "summaries", "summary_table", "trend_table"]

_MJD_OF_1970: Final = 40587.0

_WITHOUT_QUARTILES: Final = "median and quartiles UNKNOWN: values are summed in bins, not read one by one"


# -- groups --------------------------------------------------------------------------------------------------------


def group_of(trend: Trend, instrument: Instrument) -> Callable[[TracePoint | TraceBin], str]:
    """Return a function that tells to which group a value belongs, by what marks tell apart."""
    arms = {camera.name: camera.arm for camera in instrument.cameras}
    colour = trend.choice.colour
    if colour == "program":
        return lambda item: item.program or "no program"
    names = {
        "arm": [arms.get(track.camera, track.camera) for track in trend.tracks],
        "camera": [track.camera for track in trend.tracks],
        "element": [track.element for track in trend.tracks],
    }[colour]
    return lambda item: names[item.track] or trend.title


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """A group in numbers; median and quartiles are NaN where only bins are known.

    `count` are finite values, `unknown` the others, `outside` those that are WARNING or ALARM.
    """

    name: str
    count: int
    unknown: int
    outside: int
    low: float
    high: float
    mean: float
    deviation: float
    median: float
    quartiles: tuple[float, float]
    line: Line | None


def summaries(trend: Trend, instrument: Instrument, hidden: frozenset[str] = frozenset()) -> tuple[GroupSummary, ...]:
    """Return all groups that are not hidden in numbers, and where there are several, all of them together last."""
    group = group_of(trend, instrument)
    members: dict[str, list[Any]] = {}
    for item in trend.points or trend.bins:
        members.setdefault(group(item), []).append(item)
    shown = {name: items for name, items in sorted(members.items()) if name not in hidden}
    make = _of_points if trend.points else _of_bins
    found = [make(name, items, trend) for name, items in shown.items()]
    if len(found) > 1:
        found.append(make("all", [item for items in shown.values() for item in items], trend))
    return tuple(found)


def _of_points(name: str, points: Sequence[TracePoint], trend: Trend) -> GroupSummary:
    values = sorted(point.value for point in points if math.isfinite(point.value))
    unit = DAY if trend.x is None else 1.0
    origin = trend.points[0].time if trend.x is None else 0.0
    sums = moments_of(((point.x, point.value) for point in points), origin, values[0] if values else 0.0, unit)
    mean, deviation = _mean(moments_of(((0.0, value) for value in values), 0.0, values[0] if values else 0.0))
    return GroupSummary(
        name, len(values), len(points) - len(values), _outside(points), values[0] if values else math.nan,
        values[-1] if values else math.nan, mean, deviation, quantile(values, 0.5),
        (quantile(values, 0.25), quantile(values, 0.75)), fit_line(sums, unit),
    )  # fmt: skip


def _outside(points: Iterable[TracePoint]) -> int:
    return sum(point.status in (Status.WARNING, Status.ALARM) for point in points)


def _of_bins(name: str, bins: Sequence[TraceBin], trend: Trend) -> GroupSummary:
    sums = bins[0].moments
    for item in bins[1:]:
        sums = sums.plus(item.moments)
    mean, deviation = _mean(sums)
    return GroupSummary(
        name, sums.count, 0, sum(item.outside for item in bins), min(item.low for item in bins),
        max(item.high for item in bins), mean, deviation, math.nan, (math.nan, math.nan),
        fit_line(sums, DAY if trend.x is None else 1.0),
    )  # fmt: skip


def _mean(sums: Moments) -> tuple[float, float]:
    """Return mean and standard deviation of the ordinates."""
    n = sums.count
    if n == 0:
        return math.nan, math.nan
    variance = max(0.0, sums.yy - sums.y * sums.y / n) / (n - 1) if n > 1 else math.nan
    return sums.y / n + sums.y0, math.sqrt(variance)


# -- tables --------------------------------------------------------------------------------------------------------


def _ranges(unit: str, form: str) -> tuple[Column, ...]:
    return tuple(
        Column(f"{kind}_{end}", f"{kind} {end}", unit, form, ">", f"{end} end of the {kind} range at the time")
        for kind in ("normal", "warning")
        for end in ("low", "high")
    )


def trend_table(trend: Trend) -> Table:
    """Return all single values as a table: time in UTC and MJD, what is drawn, limits, status and exposure."""
    columns = [
        Column("utc", "UTC", doc="start of the exposure, ISO 8601, UTC"),
        Column("mjd", "MJD", "d", ".6f", ">", "start of the exposure, UTC", shown=False),
        Column("expid", "exposure", align=">", doc="number of the exposure"),
        Column("camera", "camera", doc="camera; empty for what is of the whole exposure"),
        Column("element", "of", doc="amplifier, axis or class"),
        Column("value", trend.title, trend.unit, trend.format, ">", trend.y.definition if trend.y is not None else ""),
        *((Column("x", trend.x.name, trend.x.unit, trend.x.format, ">", trend.x.definition),) if trend.x else ()),
        *_ranges(trend.unit, trend.format),
        Column("obstype", "obstype", doc="kind of exposure"),
        Column("program", "program", doc="program of the exposure"),
        Column("night", "night", align=">", doc="night of the exposure, YYYYMMDD", shown=False),
        Column("process", "process", align=">", doc="process that measured it", shown=False),
    ]
    rows = tuple(_row(index, point, trend) for index, point in enumerate(trend.points))
    note = "of an exposure reduced several times the last value" if rows else trend.fault
    return Table("trend", f"Trend of {trend.title}", tuple(columns), rows, note)


def _row(index: int, point: TracePoint, trend: Trend) -> Row:
    track = trend.tracks[point.track]
    return Row(
        index,
        (
            iso_moment(point.time),
            _MJD_OF_1970 + point.time / DAY,
            point.expid,
            track.camera,
            track.element,
            Judged(_finite(point.value), point.status),
            *((_finite(point.x),) if trend.x is not None else ()),
            *(_finite(value) for value in (*point.normal, *point.warning)),
            point.obstype,
            point.program,
            point.night,
            point.process,
        ),
    )


def bin_table(trend: Trend) -> Table:
    """Return all bins as a table: ends, how many values and how many outside, lowest, mean and highest, limits."""
    if trend.x is None:
        ends = tuple(Column(name, name, doc=f"UTC of the {name} value, ISO 8601") for name in ("first", "last"))
    else:
        ends = tuple(
            Column(
                name, f"{trend.x.name} {word}", trend.x.unit, trend.x.format, ">", f"{word} {trend.x.name} of the bin"
            )
            for name, word in (("first", "lowest"), ("last", "highest"))
        )
    unit, form = trend.unit, trend.format
    columns = (
        *ends,
        Column("camera", "camera", doc="camera; empty for what is of the whole exposure"),
        Column("element", "of", doc="amplifier, axis or class"),
        Column(
            "program", "program", doc="program, where programs are told apart", shown=trend.choice.colour == "program"
        ),
        Column("count", "n", "", "d", ">", "finite values"),
        Column("outside", "outside", "", "d", ">", "values that are WARNING or ALARM"),
        Column("low", "lowest", unit, form, ">", "lowest value"),
        Column("mean", f"{trend.title} mean", unit, form, ">", "mean value"),
        Column("high", "highest", unit, form, ">", "highest value"),
        *_ranges(unit, form),
    )
    names = [(track.camera, track.element) for track in trend.tracks]
    rows = tuple(Row(index, _bin_values(item, names[item.track], trend)) for index, item in enumerate(trend.bins))
    note = f"{_WITHOUT_QUARTILES}; limits are the widest of each bin"
    return Table("trend.bins", f"Bins of {trend.title}", columns, rows, note)


def _bin_values(item: TraceBin, names: tuple[str, str], trend: Trend) -> tuple[Value, ...]:
    ends = (iso_moment(item.first), iso_moment(item.last)) if trend.x is None else (item.first, item.last)
    return (
        *ends, *names, item.program, item.count, item.outside, item.low, item.mean, item.high,
        *(_finite(value) for value in (*item.normal, *item.warning)),
    )  # fmt: skip


def iso_moment(seconds: float) -> str:
    """Return a time [s since 1970] as ISO 8601 in UTC, to the millisecond; empty for what is no time."""
    if not abs(seconds) < 1e11:
        return ""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def summary_table(trend: Trend, found: Sequence[GroupSummary]) -> Table:
    """Return groups in numbers, with the straight line of each."""
    unit, form = trend.unit, trend.format
    below = "d" if trend.x is None else trend.x_unit
    slope = quotient(unit, below)

    def column(name: str, title: str, doc: str, shown_unit: str = unit, shown: str = form) -> Column:
        return Column(name, title, shown_unit, shown, ">", doc)

    columns = (
        Column("group", trend.choice.colour, doc="what marks tell apart"),
        column("count", "n", "values", "", "d"),
        column("outside", "outside", "values that are WARNING or ALARM", "", "d"),
        column("median", "median", "half of the values are below it"),
        column("quartile_low", "25 %", "a quarter of the values is below it"),
        column("quartile_high", "75 %", "a quarter of the values is above it"),
        column("low", "lowest", "lowest value"),
        column("high", "highest", "highest value"),
        column("mean", "mean", "mean value"),
        column("deviation", "s.d.", "standard deviation"),
        column("slope", "slope", "of the line of least squares", slope, ".4g"),
        column("slope_error", "+-", "standard error of the slope", slope, ".2g"),
        column("intercept", "intercept", "of the line: at the first time, or where the abscissa is 0", unit, ".5g"),
        column("intercept_error", "+-", "standard error of the intercept", unit, ".2g"),
        column("r", "r", "coefficient of correlation", "", ".3f"),
        column("unknown", "unknown", "exposures without a finite value", "", "d"),
    )
    rows = []
    for item in found:
        line = item.line
        fitted = (
            (line.slope, line.slope_error, line.intercept, line.intercept_error, line.r) if line else (math.nan,) * 5
        )
        numbers = (item.median, *item.quartiles, item.low, item.high, item.mean, item.deviation, *fitted)
        values = (item.name, item.count, item.outside, *map(_finite, numbers), item.unknown)
        rows.append(Row(item.name, values))
    note = "" if trend.points or not rows else _WITHOUT_QUARTILES
    return Table("trend.summary", f"Summary of {trend.title}", columns, tuple(rows), note)
