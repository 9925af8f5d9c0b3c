"""What the engine has to do: what is in flight, what waits in which order, and what nobody has reduced yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from qltui.store.database import Database, Row
from qltui.store.queue import CALIBRATION_OBSTYPES

__all__ = ["RawExposure", "WorkItem", "Workload", "unreduced", "work_items", "workload"]

_NIGHTS: Final = 30
"""Newest nights among which unreduced exposures are looked for."""


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A process that is in flight or waits.

    Attributes
    ----------
    state : str
        ``"running"`` or ``"waiting"``.
    done, cameras : int
        Cameras that have come to an end, and all of them.
    since : float
        When it began, or when it was put in the queue [s since 1970].
    """

    process: int
    expid: int
    night: int
    obstype: str
    program: str
    trigger: str
    who: str
    state: str
    done: int
    cameras: int
    since: float


@dataclass(frozen=True, slots=True)
class RawExposure:
    """An exposure without a reduction.

    `cancelled` where one was begun and an observer stopped it; `held` where it arrived in manual mode and waits for
    the observer's choice.
    """

    identifier: int
    expid: int
    night: int
    obstype: str
    program: str
    tile: int | None
    exptime: float | None
    time: float
    cameras: int
    cancelled: bool
    held: bool


@dataclass(frozen=True, slots=True)
class Workload:
    """All of it, of one and the same state of the record."""

    work: tuple[WorkItem, ...] = ()
    raw: tuple[RawExposure, ...] = ()


def workload(database: Database, limit: int = 500) -> Workload:
    """Return what is in flight, what waits, and what nobody has reduced yet."""
    return Workload(work_items(database, limit), unreduced(database, limit))


def work_items(database: Database, limit: int = 500) -> tuple[WorkItem, ...]:
    """Return what is in flight, the oldest first, then what waits in the order in which it will be done."""
    ranks = " ".join(f"WHEN '{name}' THEN {rank}" for rank, name in enumerate(CALIBRATION_OBSTYPES))
    rows = database.sql(
        f"""SELECT process.id, exposure.expid, night.night, exposure.obstype, exposure.program, process."trigger",
                   process.who, process.state, json_array_length(process.cameras),
                   coalesce(process.started, process.queued)
            FROM process
            CROSS JOIN exposure ON exposure.id = process.exposure_id
            CROSS JOIN night ON night.id = exposure.night_id
            WHERE process.state IN ('running', 'waiting')
            ORDER BY process.state = 'waiting',
                     CASE process.state WHEN 'running' THEN process.started END,
                     CASE process."trigger" WHEN 'NEW' THEN 0 WHEN 'BACKLOG' THEN 1 ELSE 2 END,
                     night.night DESC,
                     CASE exposure.obstype {ranks} ELSE {len(CALIBRATION_OBSTYPES)} END,
                     exposure.time DESC, process.id
            LIMIT ?""",  # noqa: S608 -- names of obstypes are ours
        (limit,),
    )
    return tuple(_work(database, row) for row in rows)


def _work(database: Database, row: Row) -> WorkItem:
    process, expid, night, obstype, program, trigger, who, state, cameras, since = row
    done = _done(database, process) if state == "running" else 0
    return WorkItem(process, expid, night, obstype, program, trigger, who, state, done, cameras, since)


def _done(database: Database, process: int) -> int:
    """Return how many cameras of a process have come to an end: the last attempt of each counts."""
    rows = database.sql(
        """SELECT count(*) FROM (SELECT status, max(attempt) FROM job WHERE process_id = ? GROUP BY camera)
           WHERE status NOT IN ('WAITING', 'RUNNING')""",
        (process,),
    )
    return int(rows[0][0])


def unreduced(database: Database, limit: int = 500, nights: int = _NIGHTS) -> tuple[RawExposure, ...]:
    """Return the exposures of the newest nights that have no process but a cancelled one, the newest first.

    A file that was rewritten counts anew.
    """
    rows = database.sql(
        """SELECT exposure.id, exposure.expid, night.night, exposure.obstype, exposure.program, exposure.tile,
                  exposure.exptime, exposure.time, json_array_length(exposure.cameras),
                  EXISTS (SELECT 1 FROM process WHERE process.exposure_id = exposure.id),
                  EXISTS (SELECT 1 FROM held WHERE held.exposure_id = exposure.id)
           FROM (SELECT id, night FROM night ORDER BY night DESC LIMIT ?) AS night
           CROSS JOIN exposure ON exposure.night_id = night.id
           WHERE NOT EXISTS (
               SELECT 1 FROM process
               WHERE process.exposure_id = exposure.id AND process.revision = exposure.revision
                     AND process.state <> 'cancelled'
           )
           ORDER BY night.night DESC, exposure.time DESC, exposure.id DESC
           LIMIT ?""",
        (nights, limit),
    )
    return tuple(_raw(*row) for row in rows)


def _raw(*columns: Any) -> RawExposure:
    raw = RawExposure(*columns)
    return replace(raw, cancelled=bool(raw.cancelled), held=bool(raw.held))
