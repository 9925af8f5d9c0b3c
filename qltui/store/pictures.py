"""From rows to the views of screens: processes, nights and the Monitor's picture."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from qltui.model import Status, Verdict
from qltui.store import schema
from qltui.store.codec import EXPOSURE_COLUMNS, exposure_from_row, shutter_closed, text_value, unpack
from qltui.store.control import engine
from qltui.store.database import Database, Row
from qltui.store.views import CameraView, ExposureRow, MonitorView, ProcessView, StepView

__all__ = ["exposure_rows", "find_exposure", "monitor_view", "nights", "process_numbers", "process_view", "version"]

# CROSS JOIN keeps SQLite to this order: it would rather walk all exposures than those of a night.
_ROWS: Final = """
    SELECT process.id, coalesce(process.state, {held}), process.status, process.headline, process.started,
           process.ended,
           (SELECT count(*) FROM comment WHERE comment.exposure_id = exposure.id AND comment.deleted IS NULL),
           (SELECT value FROM flag WHERE flag.exposure_id = exposure.id ORDER BY flag.id DESC LIMIT 1),
           instrument.name, night.night, {columns}
    FROM instrument
    CROSS JOIN night ON night.instrument_id = instrument.id
    CROSS JOIN exposure ON exposure.night_id = night.id
    LEFT JOIN process ON process.id =
        (SELECT max(id) FROM process WHERE process.exposure_id = exposure.id)
"""
_COMMON: Final = 3
"""Endings of so many digits belong to many exposures."""
_HELD: Final = "(SELECT 'held' FROM held WHERE held.exposure_id = exposure.id)"
_WAITS: Final = "waits for the observer's choice"
_EXPOSURE: Final = ", ".join(f"exposure.{column.column_name}" for column in EXPOSURE_COLUMNS)


def version(database: Database) -> int:
    """Return a number that changes with everything but heartbeats."""
    rows = database.sql("SELECT value FROM counter WHERE name = 'version'")
    return int(rows[0][0]) if rows else 0


# -- processes -----------------------------------------------------------------------------------------------------


def process_view(database: Database, number: int) -> ProcessView | None:
    """Return one process whole, or None where there is no such number."""
    with database.reading():
        rows = database.sql(
            f"""SELECT process.id, process."trigger", process.state, process.queued, process.started, process.ended,
                       process.status, process.headline, process.culprits, process.good, process.expected,
                       process.cameras, process.code_version, process.who, configuration.name, configuration.digest,
                       limit_set.name, limit_set.digest, instrument.name, night.night, {_EXPOSURE}
                FROM process
                JOIN exposure ON exposure.id = process.exposure_id
                JOIN night ON night.id = exposure.night_id
                JOIN instrument ON instrument.id = exposure.instrument_id
                LEFT JOIN configuration ON configuration.id = process.configuration_id
                LEFT JOIN limit_set ON limit_set.id = process.limit_set_id
                WHERE process.id = ?""",  # noqa: S608 -- columns of our own
            (number,),
        )
        if not rows:
            return None
        jobs, steps = _jobs(database, number), _steps(database, number)
    return _process(rows[0], jobs, steps)


def _jobs(database: Database, process: int) -> list[Row]:
    return database.sql(
        """SELECT id, camera, attempt, status, reason, seconds, calibrations, peak_memory FROM job
           WHERE process_id = ? ORDER BY camera, attempt""",
        (process,),
    )


def _steps(database: Database, process: int) -> dict[int, list[StepView]]:
    """Return the steps of a process by the number of their job, in their order."""
    rows = database.sql(
        """SELECT step.job_id, step.name, step.status, step.reason, step.seconds, step.started, step.judgements,
                  step.numbers
           FROM job JOIN step ON step.job_id = job.id WHERE job.process_id = ? ORDER BY step.job_id, step.position""",
        (process,),
    )
    found: dict[int, list[StepView]] = {}
    for job, name, status, reason, seconds, started, words, numbers in rows:
        step = StepView(name, Status(status), reason, seconds, started, unpack(words, numbers))
        found.setdefault(job, []).append(step)
    return found


def _process(row: Row, jobs: Iterable[Row], steps: dict[int, list[StepView]]) -> ProcessView:
    number, trigger, state, queued, started, ended, status, headline, culprits, good, expected = row[:11]
    cameras, code_version, who, *contents, instrument, night = row[11:20]
    exposure = exposure_from_row(instrument, night, row[20:])
    views: dict[str, CameraView] = {name: CameraView(name, Status.WAITING) for name in json.loads(cameras)}
    for job, camera, attempt, job_status, reason, seconds, calibrations, peak_memory in jobs:
        views[camera] = CameraView(
            camera=camera,
            status=Status(job_status),
            reason=reason,
            attempt=attempt,
            seconds=seconds,
            steps=tuple(steps.get(job, ())),
            calibrations=json.loads(calibrations),
            peak_memory=peak_memory,
        )
    return ProcessView(
        number=number,
        exposure=exposure,
        trigger=trigger,
        state=state,
        queued=queued,
        started=started,
        ended=ended,
        shutter_closed=shutter_closed(exposure),
        cameras=views,
        verdict=Verdict(
            Status(status),
            headline,
            tuple((Status(kind), words) for kind, words in json.loads(culprits)),
            good,
            expected,
        ),
        configuration=_name(contents[0], contents[1]),
        code_version=code_version,
        limit_set=_name(contents[2], contents[3]),
        who=who,
    )


def _name(name: str | None, digest: str | None) -> str:
    """Return how a person may call a content: by name and the beginning of its checksum."""
    return " ".join(part for part in (name, (digest or "")[:10]) if part)


def process_numbers(
    database: Database, *, states: Sequence[str] = (), expid: int | None = None, limit: int = 200
) -> list[int]:
    """Return the newest processes, newest first, in these states and of this exposure if given."""
    table, exposure = schema.Process, schema.Exposure
    query = table.select(table.id).order_by(table.id.desc()).limit(limit)
    if states:
        query = query.where(table.state.in_(list(states)))
    if expid is not None:
        query = query.join(exposure).where(exposure.expid == expid)
    return [int(number) for (number,) in database.rows(query)]


# -- exposures -----------------------------------------------------------------------------------------------------


def exposure_rows(
    database: Database,
    night: int | None = None,
    *,
    last_night: int | None = None,
    instrument: str | None = None,
    limit: int | None = None,
) -> list[ExposureRow]:
    """Return the exposures of a night, or from `night` to `last_night`, oldest first; without a night the newest one's.

    `limit` keeps the newest.
    """
    with database.reading():
        if night is None:
            known = nights(database, instrument)
            if not known:
                return []
            night = known[0]
        condition = "WHERE night.night BETWEEN ? AND ?"
        parameters: list[Any] = [night, night if last_night is None else last_night]
        if instrument is not None:
            condition += " AND instrument.name = ?"
            parameters.append(text_value(instrument))
        return _exposure_rows(database, condition + " ORDER BY exposure.time DESC, exposure.id DESC", parameters, limit)


def _exposure_rows(database: Database, tail: str, parameters: Sequence[Any], limit: int | None) -> list[ExposureRow]:
    rows = database.sql(
        _ROWS.format(columns=_EXPOSURE, held=_HELD) + tail + " LIMIT ?", (*parameters, -1 if limit is None else limit)
    )
    return [_exposure_row(row) for row in reversed(rows)]


def _exposure_row(row: Row) -> ExposureRow:
    process, state, status, headline, started, ended, comments, flag, instrument, night = row[:10]
    return ExposureRow(
        exposure=exposure_from_row(instrument, night, row[10:]),
        process=process,
        state=state or "",
        status=Status(status) if status else Status.WAITING,
        headline=headline or (_WAITS if state == "held" else ""),
        seconds=ended - started if ended is not None and started is not None else None,
        comments=comments,
        flag=flag or "",
    )


def nights(database: Database, instrument: str | None = None) -> list[int]:
    """Return the nights of the record, newest first."""
    table = schema.Night
    query = table.select(table.night).distinct().order_by(table.night.desc())
    if instrument is not None:
        query = query.join(schema.Instrument).where(schema.Instrument.name == text_value(instrument))
    return [int(night) for (night,) in database.rows(query)]


def find_exposure(database: Database, digits: str = "", instrument: str | None = None) -> ExposureRow | None:
    """Return the newest exposure whose number ends with `digits`, or the newest of all where there are none.

    Raises
    ------
    ValueError
        Where `digits` is no number.
    """
    digits = digits.strip()
    if digits and not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        msg = f"{digits!r} is no number of an exposure, nor the end of one"
        raise ValueError(msg)
    with database.reading():
        table = schema.Instrument
        query = table.select(table.id)
        if instrument is not None:
            query = query.where(table.name == text_value(instrument))
        newest = max((_newest(database, number, digits) for (number,) in database.rows(query)), default=None)
        if newest is None or newest[1] < 0:
            return None
        # The night is given so that the row is looked for there.
        condition = "WHERE night.id = (SELECT night_id FROM exposure WHERE id = ?) AND exposure.id = ?"
        return _exposure_rows(database, condition, [newest[1], newest[1]], 1)[0]


def _newest(database: Database, instrument: int, digits: str) -> tuple[float, int]:
    """Return time and number of the newest exposure of an instrument that ends so, or a time before all others."""
    condition = "expid % ? = ?"
    if len(digits) > _COMMON:
        # Few end so: pick them from the index of numbers. Of a short ending there is one among the newest.
        condition = "id IN (SELECT id FROM exposure WHERE expid % ? = ?)"
    rows = database.sql(
        f"SELECT time, id FROM exposure WHERE instrument_id = ? AND {condition} ORDER BY time DESC, id DESC LIMIT 1",  # noqa: S608 -- ours
        (instrument, 10 ** len(digits), int(digits or 0)),
    )
    return rows[0] if rows else (float("-inf"), -1)


# -- the Monitor ---------------------------------------------------------------------------------------------------


def monitor_view(database: Database, process: int | None = None) -> MonitorView:
    """Return everything that the Monitor shows, of one and the same state of the record.

    Without a number the process shown is the one that runs (of several the one begun last, new exposures before
    others), else the last one of the newest exposure that has been worked on (a backlog is worked off newest first:
    what ended last matters least), else the first that waits.
    """
    with database.reading():
        running = database.sql(
            """SELECT id FROM process WHERE state = 'running'
               ORDER BY "trigger" = 'NEW' DESC, started DESC, id DESC"""
        )
        number = process
        if number is None:
            number = running[0][0] if running else _last_process(database)
        shown = None if number is None else process_view(database, number)
        night = shown.exposure.night if shown else next(iter(nights(database)), None)
        instrument = shown.exposure.instrument if shown else None
        return MonitorView(
            version=version(database),
            night=night,
            engine=engine(database),
            process=shown,
            running=tuple(row[0] for row in running),
            exposures=() if night is None else tuple(exposure_rows(database, night, instrument=instrument)),
        )


def _last_process(database: Database) -> int | None:
    """Return the last process of the newest exposure that has been worked on, or else the first that waits."""
    # Night by night: one query over all of them would sort the whole record.
    for night in nights(database):
        rows = database.sql(
            """SELECT process.id FROM night
               CROSS JOIN exposure ON exposure.night_id = night.id
               CROSS JOIN process ON process.exposure_id = exposure.id
               WHERE night.night = ? AND process.ended IS NOT NULL
               ORDER BY exposure.expid DESC, process.id DESC LIMIT 1""",
            (night,),
        )
        if rows:
            return int(rows[0][0])
    rows = database.sql("SELECT id FROM process WHERE state = 'waiting' ORDER BY queued LIMIT 1")
    return int(rows[0][0]) if rows else None
