"""Values over time: trends, a camera's own history, and the night's calibrations that later exposures use."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final

from qltui.model import Exposure, Status
from qltui.store.calibrations import REJECTED
from qltui.store.codec import exposure_time, number, text_value
from qltui.store.database import Database, Row
from qltui.store.views import TrendBin, TrendPoint

__all__ = ["bad_after", "bad_before", "header_trend", "history", "trend", "trend_bins"]


_NIGHT_AT_MOST: Final = 2 * 86400.0
"""Before an exposure its night began [s]."""

_BAD: Final = """
    SELECT ifnull(measurement.value NOT BETWEEN measurement.warning_low AND measurement.warning_high, 0)
    FROM measurement
    CROSS JOIN process ON process.id = measurement.process_id
    CROSS JOIN exposure ON exposure.id = process.exposure_id
    CROSS JOIN night ON night.id = exposure.night_id
    WHERE measurement.series_id = ? AND measurement.time > ? AND measurement.time < ?
      AND measurement.replaced_by IS NULL
      AND night.night = ? AND exposure.obstype = ? AND exposure.program = ?
      AND ifnull((SELECT value FROM flag WHERE flag.exposure_id = exposure.id ORDER BY flag.id DESC LIMIT 1), '')
          != 'junk'
    ORDER BY measurement.time {order}, measurement.process_id DESC LIMIT ?"""


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


def _series(
    database: Database, metric: str, cameras: Sequence[str], elements: Sequence[str], instrument: str | None
) -> list[int]:
    """Return the numbers of the series that a trend asks for."""
    condition, parameters = "series.metric = ?", [text_value(metric)]
    for column, names in (("camera", cameras), ("element", elements)):
        if names:
            condition += f" AND series.{column} IN ({_marks(names)})"
            parameters += [text_value(name) for name in names]
    if instrument is not None:
        condition += " AND instrument.name = ?"
        parameters.append(text_value(instrument))
    rows = database.sql(
        f"""SELECT series.id FROM instrument JOIN series ON series.instrument_id = instrument.id
            WHERE {condition}""",  # noqa: S608 -- names of columns are ours, values are parameters
        parameters,
    )
    return [identifier for (identifier,) in rows]


def _span(
    database: Database, nights: tuple[int, int] | None, since: float | None, until: float | None
) -> tuple[float, float]:
    """Return the range of times [s since 1970] that covers what is asked for."""
    first, last = float("-inf") if since is None else since, float("inf") if until is None else until
    if nights is not None:
        rows = database.sql(
            """SELECT min(exposure.time), max(exposure.time)
               FROM night CROSS JOIN exposure ON exposure.night_id = night.id
               WHERE night.night BETWEEN ? AND ?""",
            nights,
        )
        if rows[0][0] is None:
            return float("inf"), float("-inf")
        first, last = max(first, rows[0][0]), min(last, rows[0][1])
    return first, last


def trend(
    database: Database,
    metric: str,
    cameras: Sequence[str] = (),
    elements: Sequence[str] = (),
    *,
    instrument: str | None = None,
    nights: tuple[int, int] | None = None,
    since: float | None = None,
    until: float | None = None,
    obstypes: Sequence[str] = (),
) -> list[TrendPoint]:
    """Return the values of a metric in the order of time, with the limits that held; see `Store.trend`."""
    with database.reading():
        wanted = _series(database, metric, cameras, elements, instrument)
        first, last = _span(database, nights, since, until)
        condition, extra = "", list[Any]()
        if nights is not None:
            condition += " AND night.night BETWEEN ? AND ?"
            extra += nights
        if obstypes:
            condition += f" AND exposure.obstype IN ({_marks(obstypes)})"
            extra += [text_value(obstype) for obstype in obstypes]
        query = f"""SELECT measurement.time, exposure.expid, series.camera, series.element, measurement.value,
                           measurement.status, measurement.normal_low, measurement.normal_high,
                           measurement.warning_low, measurement.warning_high, exposure.obstype, exposure.program,
                           measurement.process_id
                    FROM series
                    CROSS JOIN measurement ON measurement.series_id = series.id
                    CROSS JOIN process ON process.id = measurement.process_id
                    CROSS JOIN exposure ON exposure.id = process.exposure_id
                    CROSS JOIN night ON night.id = exposure.night_id
                    WHERE series.id = ? AND measurement.time BETWEEN ? AND ?
                        AND measurement.replaced_by IS NULL {condition}
                    ORDER BY measurement.time, measurement.process_id"""  # noqa: S608 -- ours
        points = [_point(row) for series in wanted for row in database.sql(query, (series, first, last, *extra))]
    if len(wanted) > 1:
        points.sort(key=attrgetter("time", "process"))
    return points


_STATUS: Final = {status.value: status for status in Status}


def _point(row: Row) -> TrendPoint:
    when, expid, camera, element, value, status, low, high, lower, higher, obstype, program, process = row
    normal, warning = (low, high), (lower, higher)
    if value is None:
        value = math.nan
    if None in normal or None in warning:
        normal, warning = (number(low), number(high)), (number(lower), number(higher))
    # In the order of the fields: names would cost as much as the rest, and a season has 240,000 of these.
    return TrendPoint(
        *(when, expid, camera, element, value, _STATUS[status], normal, warning, obstype, program, process)
    )


_PIECE: Final = """
    SELECT min(time), max(time), count(*), sum(status != 'NORMAL'), min(value), max(value), avg(value),
           min(normal_low), max(normal_high), min(warning_low), max(warning_high)
    FROM measurement WHERE series_id = ? AND time >= ? AND time < ? AND replaced_by IS NULL"""


def trend_bins(
    database: Database,
    metric: str,
    camera: str,
    element: str,
    bins: int,
    *,
    instrument: str | None = None,
    nights: tuple[int, int] | None = None,
) -> list[TrendBin]:
    """Return one series in at most `bins` pieces of time; see `Store.trend_bins`."""
    with database.reading():
        wanted = _series(database, metric, (camera,), (element,), instrument)
        first, last = _span(database, nights, None, None)
        if len(wanted) != 1 or bins < 1:
            return []
        span = database.sql(
            """SELECT (SELECT min(time) FROM measurement WHERE series_id = ?1 AND time >= ?2),
                      (SELECT max(time) FROM measurement WHERE series_id = ?1 AND time <= ?3)""",
            (wanted[0], first, last),
        )[0]
        if None in span or span[1] < span[0]:
            return []
        start, end = span
        edges = [start + (end - start) * index / bins for index in range(bins)] + [math.nextafter(end, math.inf)]
        # Piece by piece, each a range of the table's own order: grouping them all would sort them all.
        rows = [
            database.sql(_PIECE, (wanted[0], low, high))[0] for low, high in itertools.pairwise(edges) if low < high
        ]
    return [_bin(row) for row in rows if row[2]]


def _bin(row: Row) -> TrendBin:
    first, last, count, outside, *numbers = row
    low, high, mean, normal_low, normal_high, warning_low, warning_high = (number(value) for value in numbers)
    normal, warning = (normal_low, normal_high), (warning_low, warning_high)
    return TrendBin(first, last, count, outside, low, high, mean, normal, warning)


def header_trend(
    database: Database, name: str, *, instrument: str | None = None, nights: tuple[int, int] | None = None
) -> list[tuple[float, int, float]]:
    """Return a header's number over time: time [s since 1970], number of the exposure, value."""
    with database.reading():
        wanted = _series(database, f"header:{name}", (), (), instrument)
        first, last = _span(database, nights, None, None)
        rows = [
            row
            for series in wanted
            for row in database.sql(
                """SELECT header_value.time, exposure.expid, header_value.value
                   FROM header_value JOIN exposure ON exposure.id = header_value.exposure_id
                   WHERE header_value.series_id = ? AND header_value.time BETWEEN ? AND ?""",
                (series, first, last),
            )
        ]
    return sorted((when, expid, number(value)) for when, expid, value in rows)


def bad_before(
    database: Database, exposure: Exposure, metric: str, camera: str, element: str, count: int
) -> list[bool]:
    """Return whether a value was beyond its warning range in exposures before another one, the newest first.

    Only those of the same night, type and program count: a night does not go on where the last one ended, and what an
    observer flagged junk is passed over. What was beyond is told by the value and its own limits: its status is a
    WARNING where several in a row were wanted.
    """
    when = exposure_time(exposure)
    return _bad(database, exposure, (metric, camera, element), (when - _NIGHT_AT_MOST, when), "DESC", count)


def bad_after(database: Database, exposure: Exposure, metric: str, camera: str, element: str, count: int) -> list[bool]:
    """Return the same of the exposures after another one, the oldest first, as far as they are reduced already."""
    when = exposure_time(exposure)
    return _bad(database, exposure, (metric, camera, element), (when, when + _NIGHT_AT_MOST), "ASC", count)


def _bad(
    database: Database,
    exposure: Exposure,
    what: tuple[str, str, str],
    span: tuple[float, float],
    order: str,
    count: int,
) -> list[bool]:
    """Return whether values of metric, camera and element between two times, these left out, were bad."""
    metric, camera, element = what
    kind = (exposure.night, text_value(exposure.obstype), text_value(exposure.program))
    found: list[bool] = []
    for series in _series(database, metric, (camera,), (element,), exposure.instrument):
        rows = database.sql(_BAD.format(order=order), (series, *span, *kind, count))
        found += [bool(row[0]) for row in rows]
    return found[:count]


def history(
    database: Database,
    metric: str,
    camera: str,
    element: str,
    count: int,
    before: float | None = None,
    *,
    instrument: str | None = None,
    obstypes: Sequence[str] = (),
    programs: Sequence[str] = (),
    statuses: Sequence[Status] = (Status.NORMAL,),
) -> list[float]:
    """Return the last good values of one series, newest first; see `Store.history`."""
    condition, extra = "", list[Any]()
    for column, names in (("obstype", obstypes), ("program", programs)):
        if names:
            condition += f" AND exposure.{column} IN ({_marks(names)})"
            extra += [text_value(name) for name in names]
    # Only the last process of an exposure speaks for it: a value that a later run took back is no reference.
    query = f"""SELECT measurement.value
                FROM measurement
                CROSS JOIN process ON process.id = measurement.process_id
                CROSS JOIN exposure ON exposure.id = process.exposure_id
                WHERE measurement.series_id = ? AND measurement.time < ?
                    AND measurement.status IN ({_marks(statuses)}) AND measurement.value IS NOT NULL
                    AND measurement.replaced_by IS NULL
                    AND ifnull((SELECT value FROM flag WHERE flag.exposure_id = exposure.id
                        ORDER BY flag.id DESC LIMIT 1), '') NOT IN ({_marks(REJECTED)})
                    {condition}
                ORDER BY measurement.time DESC, measurement.process_id DESC LIMIT ?"""  # noqa: S608 -- ours
    limit = float("inf") if before is None else before
    tail = (limit, *(status.value for status in statuses), *REJECTED, *extra, count)
    found: list[float] = []
    for series in _series(database, metric, (camera,), (element,), instrument):
        found += [float(value) for (value,) in database.sql(query, (series, *tail))]
    return found[:count]
