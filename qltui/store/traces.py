"""Values of tracks as the record has them: one by one, or in bins of a long span that keep the extremes."""
# ruff: noqa: S608  (nothing but names of our own is put into statements)

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

from qltui.model import Status
from qltui.store.codec import number, text_value
from qltui.store.database import Database, Row
from qltui.store.series import Moments, Scope, SeriesKey, TraceBin, TracePoint, Track

__all__ = ["count_values", "time_span", "trace_bins", "trace_points", "value_range"]

# -- statements ----------------------------------------------------------------------------------------------------


def _partner(alias: str, key: SeriesKey) -> str:
    """Return the join of a series that is paired with the ordinate, by exposure."""
    if key.is_header:
        return (
            f" CROSS JOIN header_value AS {alias} ON {alias}.series_id = {key.number} AND {alias}.time = y.time"
            f" AND {alias}.exposure_id = exposure.id"
        )
    return (
        f" CROSS JOIN measurement AS {alias} ON {alias}.series_id = {key.number} AND {alias}.time = y.time"
        f" AND {alias}.replaced_by IS NULL CROSS JOIN process AS process_{alias}"
        f" ON process_{alias}.id = {alias}.process_id AND process_{alias}.exposure_id = exposure.id"
    )


def _statement(
    columns: str, track: Track, scope: Scope, *, whole: bool = False, kind: bool = False
) -> tuple[str, list[Any]]:
    """Return a query of a track, up to where a GROUP BY may follow.

    `kind` joins the exposure in any case, `whole` its night as well.
    """
    header = track.y.is_header
    text = f"SELECT {columns} FROM {'header_value' if header else 'measurement'} AS y"
    needs = whole or kind or track.x or track.over or scope.obstypes or scope.programs
    if needs and header:
        text += " CROSS JOIN exposure ON exposure.id = y.exposure_id"
    elif needs:
        text += " CROSS JOIN process ON process.id = y.process_id"
        text += " CROSS JOIN exposure ON exposure.id = process.exposure_id"
    if whole:
        text += " CROSS JOIN night ON night.id = exposure.night_id"
    for alias, key in (("over", track.over), ("x", track.x)):
        text += _partner(f"{alias}_", key) if key is not None else ""
    text += " WHERE y.series_id = ? AND y.time >= ? AND y.time < ?"
    parameters: list[Any] = [track.y.number, scope.since, scope.until]
    if not header:
        text += " AND y.replaced_by IS NULL"
    for column, names in (("obstype", scope.obstypes), ("program", scope.programs)):
        if names:
            text += f" AND exposure.{column} IN ({', '.join('?' * len(names))})"
            parameters += [text_value(name) for name in names]
    if whole and scope.nights is not None:
        text += " AND night.night BETWEEN ? AND ?"
        parameters += scope.nights
    if track.x is not None and scope.x_range is not None:
        text += " AND x_.value BETWEEN ? AND ?"
        parameters += scope.x_range
    return text, parameters


def _value(track: Track) -> str:
    return "y.value / nullif(over_.value, 0)" if track.over is not None else "y.value"


def _abscissa(track: Track) -> str:
    return "x_.value" if track.x is not None else "y.time"


def _judged(track: Track) -> bool:
    """Whether status and limits of the ordinate hold for what is drawn."""
    return not track.y.is_header and track.over is None


# -- extents -------------------------------------------------------------------------------------------------------


def time_span(database: Database, tracks: Iterable[Track], scope: Scope) -> tuple[float, float] | None:
    """Return the times of the first and of the last value [s since 1970]; None where there is none.

    Nights are turned into times here: `trace_bins` and `count_values` look at times alone.
    """
    since, until = scope.since, scope.until
    if scope.nights is not None:
        first, last = database.sql(
            """SELECT min(exposure.time), max(exposure.time)
               FROM night CROSS JOIN exposure ON exposure.night_id = night.id WHERE night.night BETWEEN ? AND ?""",
            scope.nights,
        )[0]
        if first is None:
            return None
        since, until = max(since, first), min(until, math.nextafter(last, math.inf))
    ends: list[float] = []
    for key in {track.y for track in tracks}:
        table = "header_value" if key.is_header else "measurement"
        # Two look-ups at the ends of a range of the table's own order; both in one SELECT would read all of it.
        for order in ("ASC", "DESC"):
            text = f"SELECT time FROM {table} WHERE series_id = ? AND time >= ? AND time < ?"
            rows = database.sql(f"{text} ORDER BY time {order} LIMIT 1", (key.number, since, until))
            ends += [when for (when,) in rows]
    return (min(ends), max(ends)) if ends else None


def value_range(database: Database, keys: Iterable[SeriesKey], scope: Scope) -> tuple[float, float] | None:
    """Return the lowest and the highest value of some series; None where there is none."""
    ends: list[float] = []
    for key in keys:
        table = "header_value" if key.is_header else "measurement"
        text = f"SELECT min(value), max(value) FROM {table} WHERE series_id = ? AND time >= ? AND time < ?"
        ends += [value for value in database.sql(text, (key.number, scope.since, scope.until))[0] if value is not None]
    ends = [value for value in ends if math.isfinite(value)]
    return (min(ends), max(ends)) if ends else None


def count_values(database: Database, tracks: Iterable[Track], scope: Scope, most: int) -> int:
    """Return how many values there are, at most `most` + 1: more need not be counted."""
    total = 0
    for track in tracks:
        text, parameters = _statement("1", track, scope)
        total += database.sql(f"SELECT count(*) FROM ({text} LIMIT ?)", (*parameters, most + 1 - total))[0][0]
        if total > most:
            break
    return total


# -- single values -------------------------------------------------------------------------------------------------

_STATUS: Final = {status.value: status for status in Status}


def trace_points(
    database: Database, tracks: Sequence[Track], scope: Scope, most: int | None = None
) -> list[TracePoint]:
    """Return the values of all tracks, in the order of time; `most` is the largest number that is returned."""
    found: list[TracePoint] = []
    for index, track in enumerate(tracks):
        columns = f"y.time, {_abscissa(track)}, {_value(track)}, "
        columns += (
            "y.status, y.normal_low, y.normal_high, y.warning_low, y.warning_high, "
            if _judged(track)
            else "'NOT_CHECKED', NULL, NULL, NULL, NULL, "
        )
        process = "y.process_id" if not track.y.is_header else _process_of(track)
        columns += f"exposure.expid, night.night, exposure.obstype, exposure.program, {process}"
        text, parameters = _statement(columns, track, scope, whole=True)
        limit = -1 if most is None else most - len(found)
        rows = database.sql(f"{text} ORDER BY y.time LIMIT ?", (*parameters, limit))
        found += [_point(index, row) for row in rows]
    if len(tracks) > 1:
        found.sort(key=lambda point: (point.time, point.expid, point.track))
    return found


def _process_of(track: Track) -> str:
    """Return where the number of the process is found of a track whose ordinate is a header value."""
    for alias, key in (("over_", track.over), ("x_", track.x)):
        if key is not None and not key.is_header:
            return f"{alias}.process_id"
    return "(SELECT max(process.id) FROM process WHERE process.exposure_id = exposure.id)"


def _point(index: int, row: Row) -> TracePoint:
    when, x, value, status, low, high, lower, higher, expid, night, obstype, program, process = row
    normal, warning = (number(low), number(high)), (number(lower), number(higher))
    known = math.nan if value is None else value
    abscissa = math.nan if x is None else x
    kind = (expid, night, obstype, program, process)
    return TracePoint(index, when, abscissa, known, _STATUS[status], normal, warning, *kind)


# -- bins ----------------------------------------------------------------------------------------------------------


_FEW_IN_A_PIECE: Final = 50
"""Values, up to which sorting them costs less than one more query."""


def trace_bins(
    database: Database,
    tracks: Sequence[Track],
    scope: Scope,
    edges: Sequence[float],
    *,
    origin: tuple[float, float] = (0.0, 0.0),
    unit: float = 1.0,
    by_program: bool = False,
) -> list[TraceBin]:
    """Return all tracks in pieces of the horizontal axis, without the empty ones.

    Parameters
    ----------
    edges : sequence of float
        Of the pieces, increasing; of time, or of what the tracks are drawn against.
    origin, unit : pair of float, float
        What `Moments` reckon abscissa and ordinate from, and by what abscissas are divided.
    by_program : bool
        Keep programs apart; then there are several bins of one piece.
    """
    # One pass over a track, whatever there is to keep apart: a season has as many values of one program as of all.
    program = "exposure.program" if by_program else "''"
    found = []
    for index, track in enumerate(tracks):
        columns = f"{program}, {_columns(track, origin, unit)}"
        text, parameters = _statement(columns, track, scope, kind=by_program)
        text += f" AND {_value(track)} IS NOT NULL"
        if track.x is not None:
            rows = _by_value(database, edges, text, parameters)
        else:
            rows = _by_time(database, track, scope, edges, text, parameters)
        found += [_bin(index, row, origin) for row in rows if row[3]]
    return found


def _columns(track: Track, origin: tuple[float, float], unit: float) -> str:
    x, value = _abscissa(track), _value(track)
    judged = "sum(y.status IN ('WARNING', 'ALARM'))" if _judged(track) else "0"
    limits = "min(y.normal_low), max(y.normal_high), min(y.warning_low), max(y.warning_high)"
    dx, dy = f"(({x} - {origin[0]!r}) / {unit!r})", f"({value} - {origin[1]!r})"
    sums = f"sum({dx}), sum({dy}), sum({dx} * {dx}), sum({dx} * {dy}), sum({dy} * {dy})"
    return (
        f"min({x}), max({x}), count({value}), {judged}, min({value}), max({value}), avg({value}), "
        f"{limits if _judged(track) else 'NULL, NULL, NULL, NULL'}, {sums}"
    )


def _by_time(
    database: Database, track: Track, scope: Scope, edges: Sequence[float], text: str, parameters: Sequence[Any]
) -> Iterable[Row]:
    """Yield the rows of each piece of time; pieces are equally wide.

    Many values are read in ranges of the table's own order, which grouping would sort anew; few are grouped, because
    then a query for each piece costs more than the values in it.
    """
    number_, _, _, *others = parameters
    pieces = len(edges) - 1
    most = _FEW_IN_A_PIECE * pieces
    if count_values(database, (track,), scope, most) <= most:
        width = (edges[-1] - edges[0]) / pieces or 1.0
        start, end = max(edges[0], scope.since), min(edges[-1], scope.until)
        text += " GROUP BY min(CAST((y.time - ?) / ? AS INTEGER), ?), 1"
        yield from database.sql(text, (number_, start, end, *others, edges[0], width, pieces - 1))
        return
    for low, high in itertools.pairwise(edges):
        start, end = max(low, scope.since), min(high, scope.until)
        if start < end:
            yield from database.sql(f"{text} GROUP BY 1", (number_, start, end, *others))


def _by_value(database: Database, edges: Sequence[float], text: str, parameters: Sequence[Any]) -> Iterable[Row]:
    """Return the rows of each piece of another quantity; pieces are equally wide."""
    low, high, count = edges[0], edges[-1], len(edges) - 1
    text += " AND x_.value BETWEEN ? AND ? GROUP BY min(CAST((x_.value - ?) / ? AS INTEGER), ?), 1"
    width = (high - low) / count or 1.0
    return database.sql(text, (*parameters, low, high, low, width, count - 1))


def _bin(index: int, row: Row, origin: tuple[float, float]) -> TraceBin:
    program, first, last, count, outside, low, high, mean, *rest = row
    # Nearly always everything is known, and a season in bins is a hundred thousand of these.
    known = [number(value) for value in rest] if None in rest else rest
    normal_low, normal_high, warning_low, warning_high, *sums = known
    normal, warning = (normal_low, normal_high), (warning_low, warning_high)
    x, y, xx, xy, yy = sums
    moments = Moments(count, x, y, xx, xy, yy, *origin)
    return TraceBin(index, program, first, last, count, outside or 0, low, high, mean, normal, warning, moments)
