"""A process that is over, written at once: what `progress` writes event by event, in a few statements.

For records that are made from something else than a night that happens: one that is filled for a measurement, or
imported. A tenth of the time, because no row is looked up, written twice or built by peewee; and the rows, plain
tuples, can be made in another process than the one that writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from qltui.model import Product
from qltui.store.codec import dump, pack, path_value, text_value
from qltui.store.database import Database
from qltui.store.exposures import series_id
from qltui.store.progress import measurement_numbers, process_constants, put_measurements
from qltui.store.views import CameraView

__all__ = ["CameraRows", "camera_rows", "record_cameras"]

_INSERT_JOB: Final = """INSERT INTO job
    (id, process_id, camera, attempt, status, reason, started, ended, seconds, calibrations, peak_memory, pid, notes)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '[]')"""
_INSERT_STEP: Final = """INSERT INTO step
    (job_id, name, position, status, reason, started, seconds, judgements, numbers)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_INSERT_PRODUCT: Final = """INSERT INTO product (job_id, camera, kind, path, size, sha256, fit, time, created)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""


@dataclass(frozen=True, slots=True)
class CameraRows:
    """A camera as rows of the record, still without the numbers of process, job and series.

    Attributes
    ----------
    job, steps : tuple
        Columns of the job after its process; of its steps after their job.
    measured : tuple
        Metric and element, then the columns from the value on.
    products : tuple
        Kind, path, size, checksum, and whether it is good enough to calibrate later exposures.
    """

    camera: str
    started: float
    job: tuple[Any, ...]
    steps: tuple[tuple[Any, ...], ...]
    measured: tuple[tuple[Any, ...], ...]
    products: tuple[tuple[Any, ...], ...] = ()


def camera_rows(camera: CameraView, started: float, products: Sequence[tuple[Product, bool]] = ()) -> CameraRows:
    """Return the rows of a camera with its steps and measurements.

    Parameters
    ----------
    camera : CameraView
        With a final status.
    started : float
        When it went to its worker [s since 1970].
    products : sequence of (Product, bool)
        What it wrote, and whether that is good enough to calibrate later exposures.

    Raises
    ------
    ValueError
        Where the camera has not come to its end.
    """
    if not camera.status.is_final:
        msg = f"{camera.camera} has not come to its end: {camera.status.value}"
        raise ValueError(msg)
    ran = camera.seconds is not None
    job = (
        *(text_value(camera.camera), camera.attempt, camera.status.value, text_value(camera.reason)),
        *(started if ran else None, started + (camera.seconds or 0.0), camera.seconds),
        *(dump(camera.calibrations), camera.peak_memory),
    )
    written = tuple(
        (text_value(item.kind), path_value(item.path), item.size, item.sha256, fit) for item, fit in products
    )
    steps, measured = _steps(camera, started)
    return CameraRows(camera.camera, started, job, steps, measured, written)


def _steps(camera: CameraView, started: float) -> tuple[tuple[tuple[Any, ...], ...], tuple[tuple[Any, ...], ...]]:
    """Return the columns of the steps, and of what they measured."""
    rows: list[tuple[Any, ...]] = []
    measured: list[tuple[Any, ...]] = []
    for position, step in enumerate(camera.steps):
        words, numbers = pack(step.judgements) if step.judgements else ("[]", b"")
        end = (started, step.seconds, words, numbers)
        rows.append((text_value(step.step), position, step.status.value, text_value(step.reason), *end))
        started += step.seconds or 0.0
        for judgement in step.judgements:
            measured += [(judgement.metric, *row) for row in measurement_numbers(judgement)]
    return tuple(rows), tuple(measured)


def record_cameras(database: Database, process: int, cameras: Sequence[CameraRows]) -> None:
    """Record cameras of a process of which nothing is recorded yet; their values replace those of earlier processes."""
    with database.transaction():
        instrument, when = process_constants(database, process)
        first = 1 + int(database.sql("SELECT ifnull(max(id), 0) FROM job")[0][0])
        numbered = list(zip(count(first), cameras, strict=False))
        database.many(_INSERT_JOB, [(job, process, *item.job) for job, item in numbered])
        database.many(_INSERT_STEP, [(job, *step) for job, item in numbered for step in item.steps])
        measured = [
            (series_id(database, instrument, row[0], item.camera, row[1]), when, process, *row[2:])
            for item in cameras
            for row in item.measured
        ]
        put_measurements(database, process, measured)
        products = [(job, item.job[0], *row, when, item.started) for job, item in numbered for row in item.products]
        database.many(_INSERT_PRODUCT, products)
