"""The durable queue: what waits, in which order, and what a killed engine has left."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Sequence
from typing import Any, Final

from qltui.model import Status, Trigger
from qltui.store import schema
from qltui.store.codec import EXPOSURE_COLUMNS, dump, exposure_from_row, text_value
from qltui.store.database import Database, Row
from qltui.store.views import QueuedProcess

__all__ = ["CALIBRATION_OBSTYPES", "enqueue", "forget_measurements", "recover", "waiting"]

CALIBRATION_OBSTYPES: Final = ("ZERO", "BIAS", "DARK", "ARC", "FLAT")
"""Exposures that later ones are calibrated with; they go before the others of their night."""

_RANKS: Final = {Trigger.NEW: 0, Trigger.BACKLOG: 1, Trigger.REPROCESS: 2}

_FIRST_RUN: Final = """SELECT id FROM process
    WHERE exposure_id = ? AND revision = ? AND "trigger" IN ('NEW', 'BACKLOG')"""
_INSERT_PROCESS: Final = """INSERT INTO process
    (exposure_id, revision, "trigger", who, configuration_id, limit_set_id, code_version, cameras, queued, time,
     expected, state, reason, status, headline, culprits, good)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', '', 'WAITING', '', '[]', 0)"""


def enqueue(
    database: Database,
    exposure_id: int,
    trigger: Trigger | str,
    who: str,
    cameras: Sequence[str],
    *,
    configuration: int | None = None,
    code_version: str = "",
    limit_set: int | None = None,
    now: float | None = None,
) -> int:
    """Put an exposure in the queue and return the number of its process.

    A revision of an exposure gets one process with trigger NEW or BACKLOG in its life: asked again, its number is
    returned. Every REPROCESS is a process of its own.

    Raises
    ------
    KeyError
        Where there is no such exposure.
    """
    trigger = Trigger(trigger)
    with database.transaction():
        rows = database.sql("SELECT revision, time FROM exposure WHERE id = ?", (exposure_id,))
        if not rows:
            msg = f"no exposure has number {exposure_id} in the record"
            raise KeyError(msg)
        revision, when = rows[0]
        if trigger is not Trigger.REPROCESS:
            found = database.sql(_FIRST_RUN, (exposure_id, revision))
            if found:
                return int(found[0][0])
        said = (trigger.value, text_value(who), configuration, limit_set, text_value(code_version), dump(list(cameras)))
        queued = time.time() if now is None else now
        return database.insert_sql(_INSERT_PROCESS, (exposure_id, revision, *said, queued, when, len(cameras)))


def waiting(
    database: Database,
    limit: int | None = None,
    calibrations: Sequence[str] = CALIBRATION_OBSTYPES,
    in_turn: Collection[str] = (),
) -> list[QueuedProcess]:
    """Return the queue, first what is to be done first.

    New exposures, then backlog, then reprocessing; inside each the newest night first, of a night its calibrations
    first in the order of `calibrations` (a flat may need the zeros), then the newest. Types `in_turn` go the oldest
    first, because each makes a master of those before it.
    """
    process, exposure = schema.Process, schema.Exposure
    order = database.rows(
        process.select(process.id, process.trigger, schema.Night.night, exposure.obstype, exposure.time, exposure.id)
        .join(exposure)
        .join(schema.Night)
        .where(process.state == "waiting")
    )
    ranks = {obstype: rank for rank, obstype in enumerate(calibrations)}

    def rule(row: Row) -> tuple[Any, ...]:
        number, trigger, night, obstype, when, _ = row
        age = when if obstype in in_turn else -when
        return _RANKS[Trigger(trigger)], -night, ranks.get(obstype, len(ranks)), age, number

    order.sort(key=rule)
    return [queued for row in order[:limit] if (queued := _queued(database, int(row[0]))) is not None]


def _queued(database: Database, number: int) -> QueuedProcess | None:
    """Read one process of the queue with its exposure and the jobs of an earlier run."""
    process, exposure = schema.Process, schema.Exposure
    row = database.row(
        process.select(
            process.trigger,
            process.who,
            process.cameras,
            process.queued,
            process.configuration,
            process.code_version,
            process.limit_set,
            exposure.id,
            schema.Instrument.name,
            schema.Night.night,
            *EXPOSURE_COLUMNS,
        )
        .join(exposure)
        .join(schema.Night)
        .switch(exposure)
        .join(schema.Instrument)
        .where(process.id == number)
    )
    if row is None:
        return None
    trigger, who, cameras, queued, configuration, code_version, limit_set, exposure_id, instrument, night = row[:10]
    job = schema.Job
    jobs = database.rows(
        job.select(job.camera, job.attempt, job.status).where(job.process == number).order_by(job.attempt)
    )
    return QueuedProcess(
        number=number,
        exposure=exposure_from_row(instrument, night, row[10:]),
        exposure_id=exposure_id,
        trigger=trigger,
        who=who,
        cameras=tuple(json.loads(cameras)),
        queued=queued,
        configuration=configuration,
        code_version=code_version,
        limit_set=limit_set,
        jobs={camera: (attempt, Status(status)) for camera, attempt, status in jobs},
    )


def recover(database: Database, now: float | None = None) -> list[int]:
    """Put back into the queue what a stopped engine left running, and return those processes.

    Cameras that came to an end stay as they are. One that was in a worker leaves nothing behind, so that the
    interruption is no attempt of its own. A process whose file was rewritten meanwhile is superseded.
    """
    now = time.time() if now is None else now
    process, exposure, job = schema.Process, schema.Exposure, schema.Job
    with database.transaction():
        running = database.rows(
            process.select(process.id, process.revision, exposure.revision)
            .join(exposure)
            .where(process.state == "running")
        )
        back: list[int] = []
        for number, revision, newest in running:
            interrupted = database.rows(
                job.select(job.id, job.camera).where(job.process == number, job.status == Status.RUNNING.value)
            )
            for identifier, camera in interrupted:
                forget_measurements(database, number, camera)
                database.write(job.delete().where(job.id == identifier))
            if revision < newest:
                change = {"state": "superseded", "ended": now, "reason": "the file was rewritten"}
            else:
                change = {"state": "waiting", "started": None, "reason": "the engine stopped during its reduction"}
                back.append(int(number))
            database.write(process.update(**change).where(process.id == number))
        # Numbers of deleted jobs must not be used again.
        database.cache.clear()
    return back


def forget_measurements(database: Database, process: int, camera: str) -> None:
    """Delete what an attempt measured that is done again: nothing of it may stand beside the new values.

    What it had replaced counts again until then.
    """
    parameters = (process, text_value(camera))
    series = """(SELECT series.id FROM series JOIN process JOIN exposure ON exposure.id = process.exposure_id
        WHERE process.id = ?1 AND series.instrument_id = exposure.instrument_id AND series.camera = ?2)"""
    runs = """(SELECT other.time FROM process JOIN process AS other ON other.exposure_id = process.exposure_id
        WHERE process.id = ?1)"""
    database.sql(
        f"DELETE FROM measurement WHERE process_id = ?1 AND series_id IN {series} AND time IN {runs}",  # noqa: S608 -- ours
        parameters,
    )
    database.sql(
        f"""UPDATE measurement SET replaced_by = NULL
            WHERE replaced_by = ?1 AND series_id IN {series} AND time IN {runs}""",  # noqa: S608 -- ours
        parameters,
    )
