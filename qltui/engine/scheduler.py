"""Which exposures are in flight, which camera goes next, and what is recorded of each.

The rules:

* new exposures go before backlog, and that before reprocessing, also among those in flight;
* an exposure is begun when a slot would be idle otherwise, or when it goes before all in flight; so that the last
  cameras of one exposure and the first of the next share the workers;
* a camera waits for the same camera of an earlier calibration exposure of the night that is in flight, because it may
  need what is made there;
* a camera whose worker dies is tried again, after those that have not been tried, and then FAILED with the reason.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from qltui.engine import messages
from qltui.engine.executors import StepHappened
from qltui.engine.in_force import InForce
from qltui.engine.recorder import Recorder
from qltui.engine.runs import RANKS, Run, is_fit
from qltui.engine.slots import Ended, Slots
from qltui.engine.tasks import camera_task
from qltui.instruments.base import Instrument
from qltui.model import CameraReport, CameraTask, Exposure, Status, StepReport, Trigger
from qltui.quality.judge import BadBefore, History
from qltui.quality.results import CameraResult
from qltui.store.codec import exposure_time
from qltui.store.control import change_in_force
from qltui.store.record import Store
from qltui.store.selections import selected_of
from qltui.store.trends import bad_after, bad_before
from qltui.store.views import QueuedProcess

__all__ = ["Scheduler"]

_LOG = logging.getLogger(__name__)

ALARM_PATIENCE: Final = 15.0
"""Alarms wait for the whole exposure, which tells a common cause from many single ones, but no longer than this [s]."""
VERDICT_SECONDS: Final = 0.3
"""Between two verdicts of a process in flight [s]: faster than anybody reads, and no more work than that."""


class Scheduler:
    """Hands cameras to slots and records what comes of them.

    Parameters
    ----------
    instrument : Instrument
        Whose recipes.
    in_force : InForce
        How many in flight, how many attempts, what is off, where things lie; by which limits all is judged.
    store : Store
        Read for the queue, history and the night's calibrations; written through `recorder` alone.
    recorder : Recorder
        Takes all writes.
    slots : Slots
        Where the work is done.

    Attributes
    ----------
    in_force : InForce
        What holds for the exposure that is begun next; those in flight end as they began.
    runs : dict
        Processes in flight by their numbers.
    """

    def __init__(
        self,
        instrument: Instrument,
        in_force: InForce,
        store: Store,
        recorder: Recorder,
        slots: Slots,
    ) -> None:
        self.in_force = in_force
        self._instrument = instrument
        self._store = store
        self._recorder = recorder
        self.on_finished: Callable[[int, Exposure], None] = lambda process, exposure: None  # noqa: ARG005 - nobody asked
        self._slots = slots
        self.runs: dict[int, Run] = {}
        self._first: QueuedProcess | None = None
        self._queue_changed = True
        self._titles = {step.name: step.title for step in instrument.steps}

    # -- what goes next --------------------------------------------------------------------------------------------

    def dispatch(self) -> None:
        """Give every free slot something to do, as long as there is something."""
        for slot in self._slots.free:
            chosen = self._choose()
            if chosen is None:
                return
            self._start_camera(slot, *chosen)

    def _choose(self) -> tuple[Run, str] | None:
        """Return the next camera, beginning another exposure for it where the rules allow."""
        while True:
            chosen = next(self._candidates(), None)
            best = RANKS[Trigger(chosen[0].queued.trigger)] if chosen else len(RANKS)
            if not self._begin_next(best):
                return chosen

    def _candidates(self) -> Iterator[tuple[Run, str]]:
        """Yield cameras that may go to a slot, first what goes first."""
        for run in sorted(self.runs.values(), key=lambda run: (run.rank, run.started)):
            for camera in run.ready:
                if not self._must_wait(run, camera):
                    yield run, camera

    def _must_wait(self, run: Run, camera: str) -> bool:
        """Whether an earlier calibration exposure in flight has still to do this camera."""
        if camera == run.field:
            # Made of this exposure's own cameras, which have waited.
            return False
        exposure = run.queued.exposure
        for other in self.runs.values():
            earlier = other.queued.exposure
            if (
                other is not run
                and earlier.obstype in self._instrument.calibration_products
                and (earlier.obstype != exposure.obstype or exposure.obstype in self._instrument.combine)
                and earlier.night == exposure.night
                and exposure_time(earlier) < exposure_time(exposure)
                and (camera in other.todo or camera in other.active)
            ):
                return True
        return False

    def _begin_next(self, best: int) -> bool:
        """Begin the first process of the queue if it may; `best` is the rank of what could be done without it."""
        if best == 0:
            return False
        first = self.first_waiting()
        if first is None:
            return False
        rank = RANKS[Trigger(first.trigger)]
        ahead = sum(run.rank <= rank for run in self.runs.values())
        if rank >= best or ahead >= self.in_force.settings.in_flight:
            return False
        self._begin(first)
        return True

    def first_waiting(self) -> QueuedProcess | None:
        """Return what is to be begun next, or None; the record is asked where the queue may have changed."""
        if self._queue_changed:
            # What could not be recorded as begun, because the disk is full, still stands in the queue.
            queue = self._store.waiting(len(self.runs) + 1, tuple(self._instrument.combine))
            waiting = [item for item in queue if item.number not in self.runs]
            self._first = waiting[0] if waiting else None
            self._queue_changed = False
        return self._first

    def queue_changed(self) -> None:
        """Note that something came into the queue or left it."""
        self._queue_changed = True

    def _begin(self, queued: QueuedProcess) -> None:
        """Begin a process, or go on with an interrupted one."""
        before = self._store.process_view(queued.number) if queued.jobs else None
        selected, selection = self._selection(queued)
        run = Run(queued, self._instrument, self.in_force.limits, self.in_force.settings, selected, selection)
        self.runs[queued.number] = run
        self.queue_changed()
        settled = run.prepare(before)
        # Written with all else: behind another program's lock it would otherwise end the engine.
        self._recorder.add(self._note_in_force, queued, self.in_force)
        self._recorder.add(self._store.start_process, queued.number, now=run.began)
        for camera, result in settled.items():
            self._record_status(run, camera, result)
        missing = [camera for camera, result in settled.items() if result.status is Status.MISSING]
        idle = {name for name, result in settled.items() if result.status is Status.NOT_EXPECTED}
        expected = len(set(queued.cameras) - idle - {run.field})
        self._log(run, "warning" if missing else "info", messages.started(queued.exposure, expected, missing))
        # Before anything else is chosen: it must not be in the queue and in flight at the same time.
        self._recorder.flush()

    def _selection(self, queued: QueuedProcess) -> tuple[tuple[str, ...], str]:
        """Return the cameras that are selected for an exposure, and how the selection is called."""
        return self._store.ask(selected_of, self._instrument, self.in_force.selection, queued.exposure_id)

    def _note_in_force(self, queued: QueuedProcess, holds: InForce) -> None:
        """Record what the process begins with, where that was changed since it came into the queue."""
        configuration = self._store.configuration(holds.settings.configuration, holds.configuration)
        limits = self._store.limit_set(holds.limits.content, holds.limits.identity)
        if (queued.configuration, queued.limit_set) != (configuration, limits):
            self._store.tell(change_in_force, queued.number, configuration, limits)

    def _start_camera(self, slot: int, run: Run, camera: str) -> None:
        attempt = run.begin(camera)
        task = camera_task(self._store, run, camera, attempt)
        self._recorder.add(self._store.start_job, run.number, camera, attempt, now=time.time())
        _LOG.debug("%s %s goes to slot %d, attempt %d", run.expid, camera, slot, attempt)
        self._slots.start(slot, task, self._instrument.steps_of(run.obstype, camera))

    # -- what comes of it ------------------------------------------------------------------------------------------

    def on_step(self, event: StepHappened) -> None:
        """Record the beginning or the end of a step, with its judgement."""
        job = self._slots.on_step(event)
        run = self.runs.get(event.event.process)
        told = event.event
        if job is None or run is None or told.kind == "compiling":
            return
        if told.kind == "started":
            _LOG.debug("%s %s %s started", run.expid, told.camera, told.step)
            if run.step_begins(told.step):
                self._log(run, "info", messages.exposure_step(self._titles.get(told.step, told.step)))
            self._recorder.add(self._store.start_step, run.number, told.camera, told.attempt, told.step, now=told.time)
        elif told.report is not None:
            self._judge(run, told.camera, told.attempt, told.report, told.time)

    def _judge(self, run: Run, camera: str, attempt: int, report: StepReport, when: float) -> None:
        result = run.judge(camera, report, self._history(run), self._bad(run, bad_before), self._bad(run, bad_after))
        if result is None:
            return
        self._recorder.add(
            self._store.finish_step,
            run.number,
            camera,
            attempt,
            report,
            result.judgements,
            result.status,
            now=when,
        )
        if report.status is not Status.CANCELLED:
            words = messages.step_ended(self._instrument, camera, result, report.seconds)
            self._log(run, messages.level_of(result.status), words, camera)
        self._tell_step_end(run, report.step)

    def _tell_step_end(self, run: Run, step: str) -> None:
        seconds = run.step_seconds(step)
        if seconds is not None:
            self._log(run, "info", messages.exposure_step(self._titles.get(step, step), seconds))

    def _history(self, run: Run) -> History:
        """Return a look into the record: good values of the same metric before this exposure.

        What belongs to the amplifiers does not depend on where the telescope looks; everything else is compared among
        exposures of the same kind.
        """
        exposure = run.queued.exposure

        def history(metric: str, camera: str, element: str, count: int) -> Sequence[float]:
            same_kind = self._instrument.metric(metric).elements != "amplifier"
            return self._store.history(
                metric,
                camera,
                element,
                count,
                exposure_time(exposure),
                instrument=exposure.instrument,
                obstypes=(exposure.obstype,) if same_kind else (),
                programs=(exposure.program,) if same_kind and exposure.program else (),
            )

        return history

    def _bad(self, run: Run, question: Callable[..., list[bool]]) -> BadBefore:
        """Return a look at the exposures of the same kind and night: whether those just before, or after, were bad."""
        exposure = run.queued.exposure

        def bad(metric: str, camera: str, element: str, count: int) -> Sequence[bool]:
            return self._store.ask(question, exposure, metric, camera, element, count)

        return bad

    def on_ended(self, ended: Ended | None) -> None:
        """Record the end of a camera, or try it again."""
        if ended is None:
            return
        task = ended.job.task
        run = self.runs.get(task.process)
        if run is None or task.camera not in run.active:
            return
        if ended.report is not None:
            self._finish_camera(run, task, ended.report)
        elif task.attempt < self.in_force.settings.max_attempts:
            wait = run.again(task.camera)
            self._recorder.add(
                self._store.set_camera_status,
                run.number,
                task.camera,
                Status.WAITING,
                f"attempt {task.attempt}: {ended.reason}",
                now=time.time(),
            )
            soon = f"in {wait:g} s" if wait else "at once"
            self._log(run, "warning", f"{task.camera} is tried again {soon}: {ended.reason}", task.camera)
        else:
            self._fail_camera(run, ended)

    def _finish_camera(self, run: Run, task: CameraTask, report: CameraReport) -> None:
        for step in report.steps:
            # Those whose own event has not come, or comes by no other way.
            self._judge(run, task.camera, task.attempt, step, time.time())
        for name in run.unreported(task.camera):
            # What a worker says nothing of is not known to be good, and must not be waited for.
            silence = StepReport(name, Status.UNKNOWN, 0.0, reason="the worker did not report this step")
            self._judge(run, task.camera, task.attempt, silence, time.time())
        result = run.end(task.camera)
        fit = is_fit(result)
        for note in report.notes:
            self._log(run, "warning" if note.startswith("products not") else "info", f"{task.camera}: {note}")
        self._recorder.add(
            self._store.finish_job,
            run.number,
            report,
            result.status,
            result.reason,
            fit=dict.fromkeys(self._instrument.calibration_products.values(), fit),
            now=time.time(),
        )
        if report.counts:
            self._recorder.add(self._store.count_targets, run.number, report.counts)

    def _fail_camera(self, run: Run, ended: Ended) -> None:
        camera, attempt = ended.job.task.camera, ended.job.task.attempt
        steps = run.results[camera].steps
        result = CameraResult(camera, Status.FAILED, messages.given_up(ended.reason, attempt), steps)
        run.end(camera, result)
        self._record_status(run, camera, result)
        self._log(run, "error", f"{camera} FAILED: {result.reason}", camera)
        for step in run.steps_of(camera):
            self._tell_step_end(run, step)

    # -- ends ------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Record new verdicts and alarms, and finish what is done."""
        for run in list(self.runs.values()):
            settled = run.give_up_field()
            if settled is not None:
                self._record_status(run, settled.camera, settled)
            done = run.is_done
            now = time.monotonic()
            if not done and (not run.changed or now < run.next_verdict):
                continue
            run.changed, run.next_verdict = False, now + VERDICT_SECONDS
            if done or time.monotonic() - run.started > ALARM_PATIENCE:
                self._raise_alarms(run)
            if done:
                self._finish(run, run.state)
            else:
                self._recorder.add(self._store.set_verdict, run.number, run.verdict())

    def _raise_alarms(self, run: Run) -> None:
        alarms = [(alarm.status, alarm.cause) for alarm in run.new_alarms()]
        if alarms:
            self._recorder.add(self._store.raise_alarms, run.number, alarms, now=time.time())

    def _finish(self, run: Run, state: str, reason: str = "") -> None:
        verdict = run.verdict()
        del self.runs[run.number]
        self._recorder.add(self._store.finish_process, run.number, verdict, state, reason, now=run.ended)
        depth = self._instrument.depth
        self._recorder.add(self._store.settle, run.number, depth.metric if depth is not None else "")
        if state in ("done", "failed"):
            self._log(run, "info", messages.ended(run.queued.exposure, time.monotonic() - run.started))
            self._log(run, messages.level_of(verdict.status), messages.ready(run.queued.exposure, verdict))
            self.on_finished(run.number, run.queued.exposure)

    def cancel(self, run: Run, reason: str, state: str = "cancelled") -> None:
        """Stop a process: cameras that wait are not begun, those in a worker are ended with it."""
        for job in [job for job in self._slots.jobs.values() if job.task.process == run.number]:
            self._slots.kill(job, reason)
        for camera in [*run.todo, *run.active]:
            steps = run.results[camera].steps if camera in run.results else ()
            result = CameraResult(camera, Status.CANCELLED, reason, steps)
            run.results[camera] = result
            self._record_status(run, camera, result)
        run.todo.clear()
        run.active.clear()
        self._log(run, "warning", f"Exposure {run.expid} {state}: {reason}")
        self._finish(run, state, reason)

    def _record_status(self, run: Run, camera: str, result: CameraResult) -> None:
        self._recorder.add(
            self._store.set_camera_status, run.number, camera, result.status, result.reason, now=time.time()
        )

    def _log(self, run: Run, level: str, text: str, camera: str = "") -> None:
        self._recorder.log(level, text, run.expid, camera, run.number)
