"""Runs any instrument's recipe on one camera: steps in order, then each step's metrics by the table.

This is what a worker process executes and what ``qltui reduce`` calls: it reads files and writes products, and knows
neither the record nor the screen.
"""

from __future__ import annotations

import logging
import math
import os
import resource
import time
from collections.abc import Callable
from typing import Any

from qltui.instruments.base import Instrument, MetricDefinition, StepDefinition, get_instrument, resolve
from qltui.instruments.errors import IncompleteFileError, InvalidFileError, ReductionError
from qltui.model import CameraReport, CameraTask, Measurement, Product, Status, StepEvent, StepReport

__all__ = ["reduce_camera", "warm_up"]

_LOG = logging.getLogger(__name__)

_EXPECTED = (ReductionError, InvalidFileError, IncompleteFileError, OSError, MemoryError)
"""What a file, a disk or a calibration can do to us; everything else is a fault of ours and is logged whole."""


def warm_up(instrument: str) -> None:
    """Compile or load every kernel that the recipes of `instrument` use."""
    resolve(get_instrument(instrument).warm_up)()


def reduce_camera(task: CameraTask, on_event: Callable[[StepEvent], None]) -> CameraReport:
    """Reduce one camera of one exposure.

    Parameters
    ----------
    task : CameraTask
        What to reduce, with which calibrations, and where products go.
    on_event : callable
        Told of each step's start and end, with the end's report.

    Returns
    -------
    CameraReport
        All steps of the recipe: those behind a failed one are ``CANCELLED``. A failure is a report, not an exception.
    """
    return _Run(task, on_event).run()


class _Run:
    """One run of a recipe: what it is about, and the steps so far."""

    def __init__(self, task: CameraTask, on_event: Callable[[StepEvent], None]) -> None:
        self.task = task
        self.on_event = on_event
        self.instrument: Instrument = get_instrument(task.exposure.instrument)
        self.arm = self.instrument.camera(task.camera).arm
        self.reports: list[StepReport] = []
        self.failure = ""
        self.started = time.perf_counter()

    def run(self) -> CameraReport:
        steps = self.instrument.steps_of(self.task.exposure.obstype, self.task.camera)
        state: Any = None
        for step in steps:
            state = self._step(step, state)
        products, calibrations, notes = self._finish(state)
        return CameraReport(
            camera=self.task.camera,
            attempt=self.task.attempt,
            steps=tuple(self.reports),
            products=products,
            calibrations=calibrations,
            seconds=time.perf_counter() - self.started,
            peak_memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            pid=os.getpid(),
            notes=notes,
            counts=self._count(state),
        )

    def _step(self, step: StepDefinition, state: Any) -> Any:
        """Run one step and its metrics; return the new state."""
        if self.failure:
            self._finished(StepReport(step.name, Status.CANCELLED, 0.0, reason=self.failure))
            return state
        self._tell(step.name, "started")
        started = time.perf_counter()
        measurements: tuple[Measurement, ...] = ()
        try:
            if state is None:
                state = resolve(self.instrument.begin)(self.task)
            state = resolve(step.function)(state)
            measurements = self._measure(step, state)
        except _EXPECTED as error:
            reason = str(error) or type(error).__name__
        except Exception as error:  # noqa: BLE001 - the border of a task, and the whole of it is logged
            # Whatever went wrong inside is one camera FAILED with its reason, never the end of the night.
            _LOG.exception("%s %s: internal error in %s", self.task.exposure.expid, self.task.camera, step.title)
            reason = f"internal error, {type(error).__name__}: {error}; the log of the worker has the whole of it"
        else:
            self._finished(StepReport(step.name, Status.NORMAL, time.perf_counter() - started, measurements))
            return state
        self.failure = f"{step.title} failed"
        self._finished(StepReport(step.name, Status.FAILED, time.perf_counter() - started, reason=reason))
        return state

    def _measure(self, step: StepDefinition, state: Any) -> tuple[Measurement, ...]:
        metrics = self.instrument.metrics_for(self.task.exposure.obstype, step.name, self.arm)
        return tuple(self._measurement(metric, state) for metric in metrics)

    def _measurement(self, metric: MetricDefinition, state: Any) -> Measurement:
        """Measure one metric; one that fails is unknown, with the reason, and takes no other with it."""
        try:
            measurement: Measurement = resolve(metric.function)(state)
        except Exception as error:  # noqa: BLE001 - the border of a metric, and the whole of it is logged
            _LOG.exception("%s %s: internal error in %s", self.task.exposure.expid, self.task.camera, metric.name)
            reason = f"internal error, {type(error).__name__}: {error}; the log of the worker has the whole of it"
            return Measurement(metric.name, (math.nan,), reason=reason)
        return measurement

    def _finish(self, state: Any) -> tuple[tuple[Product, ...], dict[str, str], tuple[str, ...]]:
        """Write the products; a product that cannot be written is a note, because the verdict stands without it."""
        if state is None:
            return (), {}, ()
        try:
            products, calibrations, notes = resolve(self.instrument.finish)(state)
        except _EXPECTED as error:
            _LOG.warning("%s %s: products not written: %s", self.task.exposure.expid, self.task.camera, error)
            return (), {}, (f"products not written: {error}",)
        return tuple(products), dict(calibrations), tuple(notes)

    def _count(self, state: Any) -> dict[tuple[str, str], int]:
        """Count what the camera saw; where that fails the night goes on without the number."""
        if state is None or not self.instrument.count:
            return {}
        unit = self.instrument.camera(self.task.camera).unit
        try:
            counts = resolve(self.instrument.count)(state)
        except Exception:  # noqa: BLE001 - a border, and the whole of it is logged
            _LOG.exception("%s %s: internal error in counting targets", self.task.exposure.expid, self.task.camera)
            return {}
        return {(unit, name): int(count) for name, count in counts.items()}

    def _finished(self, report: StepReport) -> None:
        self.reports.append(report)
        self._tell(report.step, "finished", report)

    def _tell(self, step: str, kind: str, report: StepReport | None = None) -> None:
        task = self.task
        self.on_event(StepEvent(task.process, task.camera, task.attempt, step, kind, time.time(), os.getpid(), report))
