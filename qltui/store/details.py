"""One exposure looked into: who reduced it when and with what, its other processes, products, and a camera's past."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Final

from qltui.model import Status
from qltui.store import notes
from qltui.store.codec import number, path_from, text_value
from qltui.store.database import Database, Row
from qltui.store.views import CommentView

__all__ = [
    "ExposureDetails",
    "FlagRow",
    "JobRow",
    "PastValue",
    "ProcessRow",
    "ProductRow",
    "exposure_details",
    "last_values",
    "latest_process",
    "neighbour_process",
    "newest_process",
    "products",
]

_STATUS: Final = {status.value: status for status in Status}
_MOST_PROCESSES: Final = 200
_LOOKED_AT: Final = 4000
"""Values of a series that are looked through for those of the same obstype."""


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """One run over the exposure, without its cameras; times are seconds since 1970.

    `configuration` and `limit_set` are name and beginning of the checksum of what was in force.
    """

    number: int
    revision: int
    trigger: str
    who: str
    state: str
    reason: str
    status: Status
    headline: str
    good: int
    expected: int
    queued: float
    started: float | None
    ended: float | None
    configuration: str
    limit_set: str
    code_version: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """One camera of a process in its last attempt; times are seconds since 1970, `seconds` in the worker."""

    camera: str
    attempt: int
    status: Status
    started: float | None
    ended: float | None
    seconds: float | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlagRow:
    """The observer's judgement of an exposure; an empty value was taken back."""

    value: str
    reason: str
    author: str
    time: float


@dataclass(frozen=True, slots=True)
class ExposureDetails:
    """What is known of an exposure beside its numbers.

    Attributes
    ----------
    exposure_id : int
        Its number in the record.
    processes : tuple of ProcessRow
        All runs, newest first.
    jobs : tuple of JobRow
        Cameras of the process asked for.
    comments : tuple of CommentView
        Oldest first.
    flag : FlagRow or None
        The one that counts; None where there is none.
    """

    exposure_id: int
    processes: tuple[ProcessRow, ...]
    jobs: tuple[JobRow, ...]
    comments: tuple[CommentView, ...]
    flag: FlagRow | None


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A file that a camera left; its size as it was written [bytes], 0 where that is not known."""

    kind: str
    path: str
    size: int


@dataclass(frozen=True, slots=True)
class PastValue:
    """A value of one camera and element with the limits as they were, absolute; ``(nan, nan)`` for no range."""

    time: float
    expid: int
    process: int
    value: float
    reference: float
    status: Status
    normal: tuple[float, float]
    warning: tuple[float, float]
    obstype: str


# -- the exposure --------------------------------------------------------------------------------------------------


def exposure_details(database: Database, process: int) -> ExposureDetails | None:
    """Return what is known of the exposure of a process; None where there is no such process."""
    rows = database.sql("SELECT exposure_id FROM process WHERE id = ?", (process,))
    if not rows:
        return None
    exposure = int(rows[0][0])
    return ExposureDetails(
        exposure,
        tuple(_processes(database, exposure)),
        tuple(_jobs(database, process)),
        tuple(notes.comments(database, exposure)),
        _flag(database, exposure),
    )


def _processes(database: Database, exposure: int) -> list[ProcessRow]:
    rows = database.sql(
        """SELECT process.id, process.revision, process."trigger", process.who, process.state, process.reason,
                  process.status, process.headline, process.good, process.expected, process.queued, process.started,
                  process.ended, process.code_version, configuration.name, configuration.digest, limit_set.name,
                  limit_set.digest
           FROM process
           LEFT JOIN configuration ON configuration.id = process.configuration_id
           LEFT JOIN limit_set ON limit_set.id = process.limit_set_id
           WHERE process.exposure_id = ? ORDER BY process.id DESC LIMIT ?""",
        (exposure, _MOST_PROCESSES),
    )
    return [_process(row) for row in rows]


def _process(row: Row) -> ProcessRow:
    *plain, code, name, digest, limit_name, limit_digest = row
    number_, revision, trigger, who, state, reason, status, headline, good, expected, queued, started, ended = plain
    return ProcessRow(
        *(number_, revision, trigger, who, state, reason, _STATUS[status], headline, good, expected),
        *(queued, started, ended, _content(name, digest), _content(limit_name, limit_digest), code),
    )


def _content(name: str | None, digest: str | None) -> str:
    """Return how a person may call a content: by name and the beginning of its checksum."""
    return " ".join(part for part in (name, (digest or "")[:10]) if part)


def _jobs(database: Database, process: int) -> list[JobRow]:
    rows = database.sql(
        """SELECT camera, attempt, status, started, ended, seconds, notes FROM job
           WHERE process_id = ? ORDER BY camera, attempt""",
        (process,),
    )
    # Of several attempts the last counts.
    found = {
        camera: JobRow(camera, attempt, _STATUS[status], started, ended, seconds, tuple(map(str, json.loads(words))))
        for camera, attempt, status, started, ended, seconds, words in rows
    }
    return list(found.values())


def _flag(database: Database, exposure: int) -> FlagRow | None:
    rows = database.sql(
        "SELECT value, reason, author, time FROM flag WHERE exposure_id = ? ORDER BY id DESC LIMIT 1", (exposure,)
    )
    return FlagRow(*rows[0]) if rows and rows[0][0] else None


# -- from one exposure to the next ---------------------------------------------------------------------------------


def newest_process(database: Database, exposure: int) -> int | None:
    """Return the newest process of an exposure by its number in the record; None where it has none."""
    rows = database.sql("SELECT max(id) FROM process WHERE exposure_id = ?", (exposure,))
    return None if rows[0][0] is None else int(rows[0][0])


def latest_process(database: Database, instrument: str) -> int | None:
    """Return the newest process of the newest exposure that was begun, else that waits; None where there is none."""
    nights = database.sql(
        """SELECT night.id FROM instrument JOIN night ON night.instrument_id = instrument.id
           WHERE instrument.name = ? ORDER BY night.night DESC""",
        (text_value(instrument),),
    )
    order = [night for (night,) in nights]
    begun = _first_process(database, order, -1, condition="AND process.started IS NOT NULL")
    return begun if begun is not None else _first_process(database, order, -1)


def neighbour_process(database: Database, process: int, by: int) -> int | None:
    """Return the newest process of the exposure before (-1) or after (1) that of `process`, over nights.

    Exposures that nobody has reduced are passed over; None at either end of the record.
    """
    here = database.sql(
        """SELECT exposure.expid, night.id, night.night, night.instrument_id
           FROM process JOIN exposure ON exposure.id = process.exposure_id JOIN night ON night.id = exposure.night_id
           WHERE process.id = ?""",
        (process,),
    )
    if not here:
        return None
    expid, night, date, instrument = here[0]
    found = _first_process(database, [night], by, expid)
    if found is not None:
        return found
    sign, order = ("<", "DESC") if by < 0 else (">", "ASC")
    nights = database.sql(
        f"SELECT id FROM night WHERE instrument_id = ? AND night {sign} ? ORDER BY night {order}",  # noqa: S608 -- ours
        (instrument, date),
    )
    return _first_process(database, [other for (other,) in nights], by)


def _first_process(
    database: Database, nights: list[int], by: int, beyond: int | None = None, *, condition: str = ""
) -> int | None:
    """Return the newest process of the last (by < 0) or first exposure of the first of `nights` that has one."""
    sign, order = ("<", "DESC") if by < 0 else (">", "ASC")
    side = "" if beyond is None else f"AND exposure.expid {sign} ?"
    query = f"""SELECT (SELECT max(id) FROM process WHERE process.exposure_id = exposure.id {condition}) AS newest
                FROM exposure WHERE exposure.night_id = ? {side} AND newest IS NOT NULL
                ORDER BY exposure.expid {order} LIMIT 1"""  # noqa: S608 -- words of our own, values are parameters
    for night in nights:
        rows = database.sql(query, (night,) if beyond is None else (night, beyond))
        if rows:
            return int(rows[0][0])
    return None


# -- a camera ------------------------------------------------------------------------------------------------------


def products(database: Database, process: int, camera: str) -> tuple[ProductRow, ...]:
    """Return the files that a camera of a process left, without those that were cleared; the last attempt's first."""
    rows = database.sql(
        """SELECT product.kind, product.path, product.size FROM job JOIN product ON product.job_id = job.id
           WHERE job.process_id = ? AND job.camera = ? AND product.removed IS NULL
           ORDER BY job.attempt DESC, product.id""",
        (process, text_value(camera)),
    )
    return tuple(ProductRow(kind, path_from(path), size) for kind, path, size in rows)


def last_values(
    database: Database, instrument: str, metric: str, camera: str, element: str, process: int, count: int = 50
) -> tuple[PastValue, ...]:
    """Return the last values of a camera and element up to the exposure of a process, oldest first.

    Those of exposures of the same obstype, of each the last process: only they can be compared. Of its own exposure it
    is the process itself, even where a later one has replaced it.
    """
    rows = database.sql(
        """SELECT process.time, exposure.obstype, exposure.id
           FROM process JOIN exposure ON exposure.id = process.exposure_id
           WHERE process.id = ?""",
        (process,),
    )
    if not rows:
        return ()
    until, obstype, exposure = rows[0]
    found = database.sql(
        """SELECT past.time, exposure.expid, past.process_id, past.value, past.reference, past.status,
                  past.normal_low, past.normal_high, past.warning_low, past.warning_high, exposure.obstype
           FROM (
               SELECT measurement.* FROM instrument
               CROSS JOIN series ON series.instrument_id = instrument.id
               CROSS JOIN measurement ON measurement.series_id = series.id
               WHERE instrument.name = ? AND series.metric = ? AND series.camera = ? AND series.element = ?
                   AND measurement.time <= ? AND (measurement.replaced_by IS NULL OR measurement.process_id = ?)
               ORDER BY measurement.time DESC, measurement.process_id DESC LIMIT ?
           ) AS past
           CROSS JOIN process ON process.id = past.process_id
           CROSS JOIN exposure ON exposure.id = process.exposure_id
           WHERE exposure.obstype = ? AND (exposure.id != ? OR process.id = ?)
           ORDER BY past.time DESC, past.process_id DESC LIMIT ?""",
        (
            *(text_value(word) for word in (instrument, metric, camera, element)),
            *(until, process, _LOOKED_AT, obstype, exposure, process, count),
        ),
    )
    return tuple(_past(row) for row in reversed(found))


def _past(row: Row) -> PastValue:
    when, expid, process, value, reference, status, low, high, lower, higher, obstype = row
    return PastValue(
        when,
        expid,
        process,
        number(value),
        number(reference),
        _STATUS[status],
        _pair(low, high),
        _pair(lower, higher),
        obstype,
    )


def _pair(low: float | None, high: float | None) -> tuple[float, float]:
    return (math.nan, math.nan) if low is None or high is None else (float(low), float(high))
