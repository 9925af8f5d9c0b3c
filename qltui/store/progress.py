"""The run of a process: jobs, steps, measurements, products and the verdict, as the engine reports them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from qltui.model import CameraReport, Judgement, Product, Status, StepReport, Verdict, worst
from qltui.store import schema
from qltui.store.codec import dump, pack, path_value, text_value
from qltui.store.database import Database, Row
from qltui.store.exposures import series_id
from qltui.store.queue import forget_measurements

__all__ = [
    "finish_job",
    "finish_process",
    "finish_step",
    "measurement_numbers",
    "process_constants",
    "put_measurements",
    "set_camera_status",
    "set_verdict",
    "start_job",
    "start_process",
    "start_step",
]

_INSERT_MEASUREMENT: Final = """INSERT OR REPLACE INTO measurement
    (series_id, time, process_id, value, reference, normal_low, normal_high, warning_low, warning_high, status, reason)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

# A night has tens of thousands of steps, and to build the text of a query costs more than to run it. A step's place is
# after those that are there; its own start counts, where it was seen.
_PUT_STEP: Final = """INSERT INTO step (job_id, name, position, {columns}) VALUES
    (?, ?, (SELECT count(*) FROM step WHERE job_id = ?), {values}) ON CONFLICT (job_id, name) DO UPDATE SET """
_START_STEP: Final = (
    _PUT_STEP.format(columns="status, started, reason, judgements, numbers", values="?, ?, '', '[]', x''")
    + "status = excluded.status, started = excluded.started"
)
_FINISH_STEP: Final = (
    _PUT_STEP.format(columns="status, reason, started, seconds, judgements, numbers", values="?, ?, ?, ?, ?, ?")
    + """status = excluded.status, reason = excluded.reason, started = ifnull(started, excluded.started),
    seconds = excluded.seconds, judgements = excluded.judgements, numbers = excluded.numbers"""
)

_START_PROCESS: Final = """UPDATE process SET state = 'running', started = ?, ended = NULL, reason = '', status = ?
    WHERE id = ?"""
_END_PROCESS: Final = "UPDATE process SET state = ?, ended = ?, reason = ? WHERE id = ?"
_SET_VERDICT: Final = """UPDATE process SET status = ?, headline = ?, culprits = ?, good = ?, expected = ?
    WHERE id = ?"""


def _clock(now: float | None) -> float:
    return time.time() if now is None else now


def start_process(database: Database, process: int, now: float | None = None) -> None:
    """Say that a process has begun."""
    with database.transaction():
        if not database.write_sql(_START_PROCESS, (_clock(now), Status.RUNNING.value, process)):
            raise _no_process(process)


def finish_process(
    database: Database, process: int, verdict: Verdict, state: str = "done", reason: str = "", now: float | None = None
) -> None:
    """Say that a process came to its end, and how.

    `state` is ``"done"``, ``"failed"``, ``"cancelled"`` or ``"superseded"``. Cameras still running are cancelled.
    """
    if state not in {"done", "failed", "cancelled", "superseded"}:
        msg = f"{state!r} is no end of a process"
        raise ValueError(msg)
    with database.transaction():
        for camera in _running_cameras(database, process):
            set_camera_status(database, process, camera, Status.CANCELLED, reason or f"the process was {state}", now)
        set_verdict(database, process, verdict)
        database.write_sql(_END_PROCESS, (state, _clock(now), text_value(reason), process))
    # An engine that is not stopped for months would remember every camera of every night.
    database.cache.pop(("jobs", process), None)
    database.cache.pop(("process", process), None)


def set_verdict(database: Database, process: int, verdict: Verdict) -> None:
    """Record the verdict so far."""
    culprits = dump([[status.value, words] for status, words in verdict.culprits])
    words = (verdict.status.value, text_value(verdict.headline), culprits, verdict.good, verdict.expected)
    with database.transaction():
        if not database.write_sql(_SET_VERDICT, (*words, process)):
            raise _no_process(process)


def _no_process(process: int) -> KeyError:
    return KeyError(f"no process has number {process} in the record")


def _running_cameras(database: Database, process: int) -> list[str]:
    rows = database.sql("SELECT camera FROM job WHERE process_id = ? AND status = ?", (process, Status.RUNNING.value))
    return [camera for (camera,) in rows]


# -- jobs ----------------------------------------------------------------------------------------------------------


def start_job(
    database: Database, process: int, camera: str, attempt: int = 1, pid: int = 0, now: float | None = None
) -> int:
    """Say that a camera has gone to a worker, and return the number of the job.

    What an earlier attempt measured is forgotten; how that attempt ended is kept.
    """
    with database.transaction():
        forget_measurements(database, process, camera)
        job = _job(database, process, camera, attempt)
        database.write(schema.Step.delete().where(schema.Step.job == job))
        database.write(schema.Product.delete().where(schema.Product.job == job))
        table = schema.Job
        change = {"status": Status.RUNNING.value, "reason": "", "started": _clock(now), "ended": None, "pid": pid}
        database.write(table.update(**change).where(table.id == job))
    return job


def _job(database: Database, process: int, camera: str, attempt: int) -> int:
    """Return the number of a job, a new one where it is not known."""
    numbers = database.cache.setdefault(("jobs", process), {})
    found = numbers.get((camera, attempt))
    if found is None:
        table, name = schema.Job, text_value(camera)
        row = database.row(
            table.select(table.id).where(table.process == process, table.camera == name, table.attempt == attempt)
        )
        found = row[0] if row else database.insert(table.insert(process=process, camera=name, attempt=attempt))
        numbers[camera, attempt] = found
    return int(found)


def finish_job(
    database: Database,
    process: int,
    report: CameraReport,
    status: Status,
    reason: str = "",
    products: Sequence[Product] | None = None,
    fit: bool | Mapping[str, bool] = False,
    now: float | None = None,
) -> None:
    """Record how a camera ended, what it wrote and what it used.

    Parameters
    ----------
    status : Status
        The camera's, as quality judged it.
    products : sequence of Product, optional
        Those of `report` where not given.
    fit : bool or mapping of kind to bool
        Which products are good enough to calibrate later exposures.
    """
    with database.transaction():
        job = _job(database, process, report.camera, report.attempt)
        _close_steps(database, job, status, reason)
        table = schema.Job
        database.write(
            table.update(
                status=status.value,
                reason=text_value(reason),
                ended=_clock(now),
                seconds=report.seconds,
                calibrations=dump(report.calibrations),
                peak_memory=report.peak_memory,
                pid=report.pid,
                notes=dump(report.notes),
            ).where(table.id == job)
        )
        _add_products(database, process, job, report, report.products if products is None else products, fit, now)


def _close_steps(database: Database, job: int, status: Status, reason: str) -> None:
    """End the step that a dead or cancelled worker left running; one that nobody saw end is not known to be good."""
    table = schema.Step
    end = status if status in (Status.FAILED, Status.CANCELLED) else Status.UNKNOWN
    database.write(
        table.update(status=end.value, reason=text_value(reason or "its end was not reported")).where(
            table.job == job, table.status == Status.RUNNING.value
        )
    )


def _add_products(
    database: Database,
    process: int,
    job: int,
    report: CameraReport,
    products: Sequence[Product],
    fit: bool | Mapping[str, bool],
    now: float | None,
) -> None:
    _, when = process_constants(database, process)
    rows: list[dict[str, Any]] = [
        {
            "job": job,
            "camera": text_value(report.camera),
            "kind": text_value(product.kind),
            "path": path_value(product.path),
            "size": product.size,
            "sha256": product.sha256,
            "fit": fit if isinstance(fit, bool) else fit.get(product.kind, False),
            "time": when,
            "created": _clock(now),
        }
        for product in products
    ]
    database.insert_many(schema.Product, rows)


def set_camera_status(
    database: Database, process: int, camera: str, status: Status, reason: str = "", now: float | None = None
) -> None:
    """Record a camera's status without a report: MISSING, NOT_EXPECTED, CANCELLED, FAILED."""
    table = schema.Job
    with database.transaction():
        row = database.row(
            table.select(table.attempt)
            .where(table.process == process, table.camera == text_value(camera))
            .order_by(table.attempt.desc())
        )
        job = _job(database, process, camera, row[0] if row else 1)
        if status.is_final:
            _close_steps(database, job, status, reason)
        ended = _clock(now) if status.is_final else None
        database.write(table.update(status=status.value, reason=text_value(reason), ended=ended).where(table.id == job))


# -- steps ---------------------------------------------------------------------------------------------------------


def start_step(
    database: Database, process: int, camera: str, attempt: int, step: str, now: float | None = None
) -> None:
    """Say that a step has begun."""
    with database.transaction():
        job = _job(database, process, camera, attempt)
        database.sql(_START_STEP, (job, text_value(step), job, Status.RUNNING.value, _clock(now)))


def finish_step(
    database: Database,
    process: int,
    camera: str,
    attempt: int,
    report: StepReport,
    judgements: Sequence[Judgement] = (),
    status: Status | None = None,
    now: float | None = None,
) -> None:
    """Record how a step ended, and what it measured with the limits that it was judged by.

    `status` is the step's as quality says; without it the worst of the judgements', or the report's own where the
    step did not run to its end.
    """
    if status is None:
        status = worst(judgement.status for judgement in judgements)
        if report.status is not Status.NORMAL:
            status = worst((status, report.status)) if judgements else report.status
    seconds = float(report.seconds)
    end = (status.value, text_value(report.reason), _clock(now) - seconds, seconds, *pack(judgements))
    with database.transaction():
        job = _job(database, process, camera, attempt)
        database.sql(_FINISH_STEP, (job, text_value(report.step), job, *end))
        _add_measurements(database, process, camera, judgements)


def process_constants(database: Database, process: int) -> tuple[int, float]:
    """Return the instrument's number and the time of a process; neither ever changes."""
    key = ("process", process)
    found = database.cache.get(key)
    if found is None:
        table, exposure = schema.Process, schema.Exposure
        row = database.row(table.select(exposure.instrument, table.time).join(exposure).where(table.id == process))
        if row is None:
            raise _no_process(process)
        found = database.cache[key] = (int(row[0]), float(row[1]))
    return found


def _add_measurements(database: Database, process: int, camera: str, judgements: Sequence[Judgement]) -> None:
    instrument, when = process_constants(database, process)
    rows = [
        (series_id(database, instrument, judgement.metric, camera, row[0]), when, process, *row[1:])
        for judgement in judgements
        for row in measurement_numbers(judgement)
    ]
    put_measurements(database, process, rows)


def measurement_numbers(judgement: Judgement) -> list[tuple[Any, ...]]:
    """Return, for each element, its name and its columns in the table of measurements from the value on."""
    reason = text_value(judgement.reason) or None
    columns = (judgement.elements, judgement.values, judgement.references, judgement.normal, judgement.warning)
    return [
        (
            *(element, _null(value), _null(reference)),
            *(_null(normal[0]), _null(normal[1]), _null(warning[0]), _null(warning[1]), status.value, reason),
        )
        for element, value, reference, normal, warning, status in zip(*columns, judgement.statuses, strict=True)
    ]


def put_measurements(database: Database, process: int, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write rows of series, time, process and `measurement_numbers`; those of earlier processes count no longer."""
    if not rows:
        return
    database.many(_INSERT_MEASUREMENT, rows)
    others = _other_runs(database, process)
    if others:
        database.many(
            "UPDATE measurement SET replaced_by = ? WHERE series_id = ? AND time = ? AND process_id = ?",
            ((process, row[0], time_of_run, run) for row in rows for run, time_of_run in others),
        )


def _other_runs(database: Database, process: int) -> list[Row]:
    """Return the other processes of the exposure, and the times under which their measurements stand."""
    return database.sql(
        """SELECT other.id, other.time FROM process
           JOIN process AS other ON other.exposure_id = process.exposure_id AND other.id != process.id
           WHERE process.id = ?""",
        (process,),
    )


def _null(value: float) -> float | None:
    """Return a number as SQLite keeps it: NaN is NULL, and numbers of numpy are Python's."""
    value = float(value)
    return value if value == value else None
