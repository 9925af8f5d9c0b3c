"""One process in flight: which cameras are to come, what is known of the others, and what that means."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from qltui.engine.settings import EngineSettings
from qltui.instruments.base import Instrument
from qltui.model import Judgement, Measurement, Status, StepReport, Trigger, Verdict
from qltui.quality.alarms import Alarm, alarms_for
from qltui.quality.causes import find_causes
from qltui.quality.judge import BadBefore, History
from qltui.quality.limits import LimitSet
from qltui.quality.results import CameraResult, StepResult
from qltui.quality.verdict import camera_result, exposure_verdict, judge_step
from qltui.store.views import ProcessView, QueuedProcess

__all__ = ["RANKS", "Run", "is_fit"]

RANKS = {Trigger.NEW: 0, Trigger.BACKLOG: 1, Trigger.REPROCESS: 2}
"""Which goes first: what arrives, what lay there, what somebody asked for again."""


@dataclass(slots=True)
class Run:
    """One process in flight.

    Attributes
    ----------
    queued : QueuedProcess
        What is done.
    instrument : Instrument
        Whose recipe.
    limits : LimitSet
        By which it is judged.
    settings : EngineSettings
        By which it is reduced: those that held when it began.
    selected, selection : tuple of str, str
        Cameras that are reduced, and how that selection is called; all where there is none.
    todo : deque of str
        Cameras that wait for a slot.
    active : set of str
        Cameras in a worker.
    results : dict
        What is known of each camera.
    attempts : dict
        Number of the last attempt of each camera.
    resting : dict
        When a camera that failed may be tried again, by a clock that never jumps [s].
    started : float
        By a clock that never jumps [s].
    began : float
        By the time of day [s since 1970].
    raised : set of str
        Keys of the alarms so far.
    changed, next_verdict : bool, float
        Whether something is known that no verdict has regarded, and when there may be another one [s].
    """

    queued: QueuedProcess
    instrument: Instrument
    limits: LimitSet
    settings: EngineSettings
    selected: tuple[str, ...] = ()
    selection: str = ""
    todo: deque[str] = field(default_factory=deque)
    active: set[str] = field(default_factory=set)
    results: dict[str, CameraResult] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    resting: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    began: float = field(default_factory=time.time)
    raised: set[str] = field(default_factory=set)
    changed: bool = True
    next_verdict: float = 0.0
    _begun: dict[str, float] = field(default_factory=dict)

    @property
    def ended(self) -> float:
        """The time of day at its end, if it ends now [s since 1970].

        By the clock with which it began: one that is set meanwhile would have it end before it began, or last a day.
        """
        return self.began + (time.monotonic() - self.started)

    @property
    def number(self) -> int:
        """Of the process."""
        return self.queued.number

    @property
    def expid(self) -> int:
        """Of the exposure."""
        return self.queued.exposure.expid

    @property
    def obstype(self) -> str:
        """Of the exposure."""
        return self.queued.exposure.obstype

    @property
    def rank(self) -> int:
        """Place of its trigger: 0 goes first."""
        return RANKS[Trigger(self.queued.trigger)]

    @property
    def step_names(self) -> tuple[str, ...]:
        """Of the recipe, in order, those of the field included."""
        return tuple(step.name for step in self.instrument.steps_for(self.obstype))

    @property
    def field(self) -> str:
        """The camera that stands for all, and waits for all; empty where there is none."""
        return self.instrument.field_camera.name if self.instrument.field_camera is not None else ""

    def steps_of(self, camera: str) -> tuple[str, ...]:
        """Return the steps of one camera, in order."""
        return tuple(step.name for step in self.instrument.steps_of(self.obstype, camera))

    @property
    def ready(self) -> tuple[str, ...]:
        """Cameras that may begin: the field only when all others have come to their end, with something measured."""
        others = tuple(camera for camera in self.todo if camera != self.field)
        if others or self.active or not self.gathered():
            return tuple(camera for camera in others if not self._rests(camera))
        return tuple(camera for camera in self.todo if not self._rests(camera))

    def _rests(self, camera: str) -> bool:
        """Whether a camera that failed is not to be tried again yet."""
        return self.resting.get(camera, 0.0) > time.monotonic()

    @property
    def is_done(self) -> bool:
        """Whether no camera is to come."""
        return not self.todo and not self.active

    # -- cameras ---------------------------------------------------------------------------------------------------

    def prepare(self, before: ProcessView | None) -> dict[str, CameraResult]:
        """Decide what becomes of each camera; returns those that need no worker.

        Parameters
        ----------
        before : ProcessView, optional
            What an interrupted run has left: cameras that came to their end are not done again.
        """
        exposure = self.queued.exposure
        present = set(exposure.cameras)
        dead = self.instrument.dead_cameras(exposure.night, self.settings.calibration_directory)
        settled: dict[str, CameraResult] = {}
        for name in self.queued.cameras:
            attempt, status = self.queued.jobs.get(name, (0, Status.WAITING))
            self.attempts[name] = attempt
            if before is not None and status.is_final and name in before.cameras:
                self.results[name] = _result_of(before, name)
            elif name in self.settings.cameras_off:
                settled[name] = CameraResult(name, Status.NOT_EXPECTED, "switched off by the site")
            elif name in dead:
                settled[name] = CameraResult(name, Status.NOT_EXPECTED, dead[name])
            elif self._is_left_out(name):
                settled[name] = CameraResult(name, Status.NOT_EXPECTED, f"not selected ({self.selection})")
            elif name not in present and name != self.field:
                settled[name] = CameraResult(name, Status.MISSING, "not in the file")
            elif not self.step_names:
                settled[name] = CameraResult(name, Status.NOT_CHECKED, f"no recipe for {self.obstype or 'no OBSTYPE'}")
            elif not self.steps_of(name):
                settled[name] = CameraResult(name, Status.NOT_EXPECTED, f"no recipe for {self.obstype}")
            else:
                self.todo.append(name)
        self.results.update(settled)
        return settled

    def _is_left_out(self, camera: str) -> bool:
        """Whether the selection in force does without a camera.

        What an observer asked for by name is done, and what was interrupted goes on as it began: cameras that were not
        selected then have their end.
        """
        if self.queued.trigger == Trigger.REPROCESS or self.queued.jobs or not self.selected:
            return False
        return camera not in self.selected and camera != self.field

    def begin(self, camera: str) -> int:
        """Take a camera from those that wait; returns the number of the attempt."""
        self.todo.remove(camera)
        self.active.add(camera)
        self.attempts[camera] += 1
        self.results[camera] = CameraResult(camera, Status.RUNNING)
        self.changed = True
        return self.attempts[camera]

    def judge(
        self, camera: str, report: StepReport, history: History, bad_before: BadBefore, bad_after: BadBefore
    ) -> StepResult | None:
        """Judge a step that has ended; None where that was done before."""
        steps = self.results[camera].steps
        if any(step.step == report.step for step in steps):
            return None
        try:
            result = judge_step(
                report,
                self.instrument,
                self.queued.exposure,
                camera,
                self.limits,
                history,
                bad_before,
                bad_after,
            )
        except KeyError as error:
            # A worker on another machine may have another version of the code.
            reason = f"measured {error}, which this version does not know; update qltui everywhere"
            result = StepResult(report.step, Status.FAILED, reason)
        self.results[camera] = camera_result(camera, (*steps, result), self.steps_of(camera))
        self.changed = True
        return result

    def unreported(self, camera: str) -> tuple[str, ...]:
        """Return the steps of which nothing has been heard."""
        known = {step.step for step in self.results[camera].steps}
        return tuple(name for name in self.steps_of(camera) if name not in known)

    def gathered(self) -> dict[str, tuple[Measurement, ...]]:
        """Return what has been measured, by camera: what the field is made of."""
        found = {
            camera: tuple(_measurement(item) for step in result.steps for item in step.judgements)
            for camera, result in self.results.items()
            if camera != self.field
        }
        return {camera: measurements for camera, measurements in found.items() if measurements}

    def give_up_field(self) -> CameraResult | None:
        """Settle the field where nothing can come of it; returns its result, or None where it is not its turn."""
        if self.active or tuple(self.todo) != (self.field,) or self.gathered():
            return None
        self.todo.clear()
        result = CameraResult(self.field, Status.NOT_CHECKED, "no camera could be measured")
        return self.end(self.field, result)

    def end(self, camera: str, result: CameraResult | None = None) -> CameraResult:
        """Say that a camera has come to its end, with the result so far or another one."""
        self.active.discard(camera)
        if result is not None:
            self.results[camera] = result
        self.changed = True
        return self.results[camera]

    def again(self, camera: str) -> float:
        """Let a camera wait for another attempt, after those that have had none; returns for how long at least [s]."""
        wait = self.settings.backoff_seconds * 2.0 ** (self.attempts.get(camera, 1) - 1)
        self.resting[camera] = time.monotonic() + wait
        self.active.discard(camera)
        self.todo.append(camera)
        self.results[camera] = CameraResult(camera, Status.WAITING)
        self.changed = True
        return wait

    # -- steps of the exposure -------------------------------------------------------------------------------------

    def step_begins(self, step: str) -> bool:
        """Note that a camera begins a step; returns whether it is the first to do so."""
        first = step not in self._begun
        self._begun.setdefault(step, time.monotonic())
        return first

    def step_seconds(self, step: str) -> float | None:
        """Return how long all cameras together took for a step [s], or None where one is still to come."""
        if step not in self._begun or any(step in self.steps_of(camera) for camera in self.todo):
            return None
        for camera in self.active:
            if step in self.steps_of(camera) and not any(item.step == step for item in self.results[camera].steps):
                return None
        return time.monotonic() - self._begun.pop(step)

    # -- judgement of the whole ------------------------------------------------------------------------------------

    def verdict(self) -> Verdict:
        """Return the verdict so far."""
        return exposure_verdict(self.instrument, self.queued.exposure, self.results, self.queued.cameras)

    def new_alarms(self) -> tuple[Alarm, ...]:
        """Return alarms that were not raised before."""
        causes = find_causes(self.instrument, self.results, self.queued.cameras)
        alarms = alarms_for(causes, self.raised)
        self.raised.update(key for cause in causes for key in cause.keys)
        return alarms

    @property
    def state(self) -> str:
        """How the process ended: ``"failed"`` where nothing of it could be reduced, else ``"done"``."""
        tried = [self.results[name].status for name in self.attempts if self.attempts[name] and name != self.field]
        return "failed" if tried and all(status is Status.FAILED for status in tried) else "done"


def _result_of(view: ProcessView, camera: str) -> CameraResult:
    """Return what the record knows of a camera."""
    found = view.cameras[camera]
    steps = tuple(StepResult(step.step, step.status, step.reason, step.judgements) for step in found.steps)
    return CameraResult(camera, found.status, found.reason, steps)


def _measurement(judgement: Judgement) -> Measurement:
    """Return what was measured, without what was thought of it."""
    return Measurement(judgement.metric, judgement.values, judgement.elements, judgement.reason)


_UNFIT = (Status.ALARM, Status.FAILED, Status.UNKNOWN, Status.CANCELLED)


def is_fit(result: CameraResult) -> bool:
    """Whether what a camera made of a calibration exposure may calibrate later ones.

    Something must have been checked and found good, and nothing bad. What has no limit or nothing to be compared with
    is no objection: before the first zero of a site there is no history of its bias.
    """
    judgements: list[Judgement] = [item for step in result.steps for item in step.judgements]
    statuses = [result.status, *(step.status for step in result.steps), *(item.status for item in judgements)]
    return any(item.status is Status.NORMAL for item in judgements) and not any(item in _UNFIT for item in statuses)
