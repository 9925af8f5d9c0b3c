"""The history of processes: which ran when over which exposure, who asked for it, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from qltui.model import Status
from qltui.store.codec import text_value
from qltui.store.database import Database, Row
from qltui.store.wanted import Term, conditions

__all__ = ["STATES", "CameraRun", "ProcessEntry", "ProcessPage", "ProcessWish", "camera_runs", "process_page"]

STATES: Final = ("waiting", "running", "done", "failed", "cancelled", "superseded")

_STATUS: Final = {status.value: status for status in Status}
_COLUMNS: Final = {
    "obstype": "exposure.obstype",
    "program": "exposure.program",
    "tile": "exposure.tile",
    "exposure": "exposure.expid",
    "kind": "exposure.obstype || ' ' || exposure.program",
    "status": "process.status",
    "state": "process.state",
    "trigger": 'process."trigger"',
    "who": "process.who",
    "words": "process.status || ' ' || process.state || ' ' || process.\"trigger\"",
}
_NARROW: Final = 40
"""Nights of so few are gone through one by one; of more the newest processes."""


@dataclass(frozen=True, slots=True)
class ProcessWish:
    """Which processes are wanted.

    Attributes
    ----------
    instrument : str
        Name of the instrument.
    nights : tuple of (int, int) or None
        First and last night of their exposures; None for all.
    terms : tuple of Term
        What they must have.
    before : int or None
        Only processes with smaller numbers.
    limit : int
        How many at most; the newest of them.
    """

    instrument: str
    nights: tuple[int, int] | None = None
    terms: tuple[Term, ...] = ()
    before: int | None = None
    limit: int = 500


@dataclass(frozen=True, slots=True)
class ProcessEntry:
    """One run over one exposure; times are seconds since 1970.

    `newest` says that no later run over the same exposure is in the record; `cameras` is how many were asked for.
    """

    number: int
    night: int
    expid: int
    obstype: str
    program: str
    tile: int | None
    exptime: float | None
    trigger: str
    who: str
    state: str
    reason: str
    status: Status
    headline: str
    good: int
    expected: int
    cameras: int
    queued: float
    started: float | None
    ended: float | None
    configuration: str
    limit_set: str
    code_version: str
    newest: bool

    @property
    def seconds(self) -> float | None:
        """How long it took [s]; None where it has not begun or not ended."""
        return self.ended - self.started if self.ended is not None and self.started is not None else None


@dataclass(frozen=True, slots=True)
class ProcessPage:
    """A page of processes, newest first; `total` is how many the record has, where nothing else was asked for."""

    rows: tuple[ProcessEntry, ...] = ()
    older: bool = False
    total: int | None = None


@dataclass(frozen=True, slots=True)
class CameraRun:
    """One camera of a process in its last attempt, with the step that it was in last."""

    camera: str
    status: Status
    reason: str
    attempt: int
    started: float | None
    ended: float | None
    seconds: float | None
    last_step: str


def process_page(database: Database, wish: ProcessWish) -> ProcessPage:
    """Return the newest processes that are wished for."""
    rows = database.sql("SELECT id FROM instrument WHERE name = ?", (text_value(wish.instrument),))
    if not rows:
        return ProcessPage()
    instrument = int(rows[0][0])
    found = _page(database, wish, instrument)
    total = None
    if wish.nights is None and not wish.terms:
        total = int(database.sql("SELECT count(*) FROM process")[0][0])
    return ProcessPage(tuple(_entry(row) for row in found[: wish.limit]), len(found) > wish.limit, total)


def _page(database: Database, wish: ProcessWish, instrument: int) -> list[Row]:
    where, values = conditions(wish.terms, _COLUMNS)
    parameters: list[object] = [instrument]
    source = """process CROSS JOIN exposure ON exposure.id = process.exposure_id
                CROSS JOIN night ON night.id = exposure.night_id"""
    if wish.nights is not None:
        where = f" AND night.night BETWEEN ? AND ?{where}"
        parameters += wish.nights
        if _nights(database, instrument, wish.nights) <= _NARROW:
            source = """night CROSS JOIN exposure ON exposure.night_id = night.id
                        CROSS JOIN process ON process.exposure_id = exposure.id"""
    parameters += values
    if wish.before is not None:
        where += " AND process.id < ?"
        parameters.append(wish.before)
    return database.sql(
        f"""SELECT process.id, night.night, exposure.expid, exposure.obstype, exposure.program, exposure.tile,
                   exposure.exptime, process."trigger", process.who, process.state, process.reason, process.status,
                   process.headline, process.good, process.expected, json_array_length(process.cameras),
                   process.queued, process.started, process.ended, process.code_version, configuration.name,
                   configuration.digest, limit_set.name, limit_set.digest,
                   NOT EXISTS (SELECT 1 FROM process AS later
                               WHERE later.exposure_id = process.exposure_id AND later.id > process.id)
            FROM {source}
            LEFT JOIN configuration ON configuration.id = process.configuration_id
            LEFT JOIN limit_set ON limit_set.id = process.limit_set_id
            WHERE night.instrument_id = ?{where} ORDER BY process.id DESC LIMIT ?""",  # noqa: S608 -- words of our own
        (*parameters, wish.limit + 1),
    )


def _nights(database: Database, instrument: int, nights: tuple[int, int]) -> int:
    rows = database.sql(
        "SELECT count(*) FROM night WHERE instrument_id = ? AND night BETWEEN ? AND ?", (instrument, *nights)
    )
    return int(rows[0][0])


def _entry(row: Row) -> ProcessEntry:
    *plain, code, name, digest, limit_name, limit_digest, newest = row
    words = (_content(name, digest), _content(limit_name, limit_digest), code, bool(newest))
    values = (*plain[:11], _STATUS.get(plain[11], Status.UNKNOWN), *plain[12:], *words)
    return ProcessEntry(*values)


def _content(name: str | None, digest: str | None) -> str:
    """Return how a person may call a content: by name and the beginning of its checksum."""
    return " ".join(part for part in (name, (digest or "")[:10]) if part)


def camera_runs(database: Database, process: int) -> tuple[CameraRun, ...]:
    """Return the cameras of a process, each in its last attempt; those that nobody began are not among them."""
    rows = database.sql(
        """SELECT camera, status, reason, attempt, started, ended, seconds,
                  ifnull((SELECT name FROM step WHERE step.job_id = job.id ORDER BY position DESC LIMIT 1), '')
           FROM job WHERE process_id = ? ORDER BY camera, attempt""",
        (process,),
    )
    found = {row[0]: CameraRun(row[0], _STATUS.get(row[1], Status.UNKNOWN), *row[2:]) for row in rows}
    return tuple(found.values())
