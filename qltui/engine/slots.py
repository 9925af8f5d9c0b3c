"""Slots and what they do: who is free, who takes too long, and what becomes of one that does not die."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from qltui.engine.executors import Key, SlotFailed, SlotReady, StepHappened, TaskEnded, Workers, key_of
from qltui.instruments.base import StepDefinition
from qltui.model import CameraReport, CameraTask

__all__ = ["Ended", "Job", "Slots"]

START_GRACE: Final = 60.0
"""On top of the first step's time [s]: a worker may have to load what it needs."""
FINISH_GRACE: Final = 120.0
"""For writing the products, after the last step [s]."""
COMPILE_GRACE: Final = 600.0
KILL_GRACE: Final = 2.0
"""Between asking a worker to end and killing it [s]."""
ABANDON_GRACE: Final = 10.0
"""After killing it [s]: one that is still there hangs in the kernel, as on a file server that does not answer."""
RESTART_DELAYS: Final = (1.0, 5.0, 15.0, 60.0)
"""Between attempts to start a worker [s]."""
STANDSTILL: Final = 5.0
"""The engine looks at its slots twice a second. Where it has not for so long [s], it was stopped itself, with Ctrl-Z or
because the machine stood still, and what the workers have said meanwhile has not been heard yet."""


@dataclass(slots=True)
class Job:
    """A task in a slot, and how long it may take."""

    task: CameraTask
    steps: tuple[StepDefinition, ...]
    slot: int
    deadline: float
    step: str = ""
    between: bool = False
    """Whether that step has ended, and the next one has not begun."""
    reason: str = ""
    """Why it was killed; empty while it runs."""
    hard: bool = False

    @property
    def key(self) -> Key:
        """Process, camera, attempt."""
        return key_of(self.task)

    @property
    def where(self) -> str:
        """Which step it is in, in words: ``"in CHECK FIBERS"``; empty before the first one."""
        titles = [step.title for step in self.steps if step.name == self.step]
        return f"{'after' if self.between else 'in'} {titles[0]}" if titles else ""


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that came to its end, with its report, or with the reason why there is none."""

    job: Job
    report: CameraReport | None
    reason: str = ""


@dataclass(slots=True)
class Slots:
    """All slots of an executor.

    Parameters
    ----------
    workers : Workers
        Those who work.
    clock : callable
        One that never jumps [s].
    """

    workers: Workers
    clock: Callable[[], float] = time.monotonic
    jobs: dict[int, Job] = field(default_factory=dict)
    ready: set[int] = field(default_factory=set)
    heard: dict[int, float] = field(default_factory=dict)
    _failures: dict[int, int] = field(default_factory=dict)
    _restarts: dict[int, float] = field(default_factory=dict)
    problem: str = ""
    _looked: float | None = None
    _absent: dict[int, float] = field(default_factory=dict)

    @property
    def free(self) -> list[int]:
        """Slots with a worker and nothing to do."""
        return sorted(self.ready - set(self.jobs))

    @property
    def next_deadline(self) -> float:
        """When something is due [s]."""
        times = [job.deadline for job in self.jobs.values()] + list(self._restarts.values())
        return min(times, default=float("inf"))

    def words(self, titles: dict[str, str]) -> tuple[str, ...]:
        """Return what each slot does, ``"b3 CHECK FIBERS"``; empty where it does nothing."""
        said = []
        for slot in range(self.workers.slots):
            job = self.jobs.get(slot)
            said.append("" if job is None else f"{job.task.camera} {titles.get(job.step, job.step)}".rstrip())
        return tuple(said)

    # -- what is done ----------------------------------------------------------------------------------------------

    def start(self, slot: int, task: CameraTask, steps: tuple[StepDefinition, ...]) -> Job:
        """Give a task to a free slot."""
        limit = START_GRACE + (steps[0].timeout if steps else 0.0)
        job = Job(task, steps, slot, self.clock() + limit)
        self.jobs[slot] = job
        self.workers.submit(slot, task)
        return job

    def kill(self, job: Job, reason: str) -> None:
        """End a job; it has ended when the executor says so, or when it is given up."""
        if job.reason:
            return
        job.reason = reason
        job.deadline = self.clock() + KILL_GRACE
        self.workers.kill(job.slot)

    def expire(self) -> list[Ended]:
        """Kill what takes too long, and start again what could not be started; returns jobs that are given up."""
        now = self.clock()
        self._excuse_standstill(now)
        for slot, when in list(self._restarts.items()):
            if now >= when:
                del self._restarts[slot]
                self.workers.restart(slot)
        self._miss(now)
        abandoned = []
        for job in list(self.jobs.values()):
            if now < job.deadline:
                continue
            if not job.reason:
                self.kill(job, self._too_long(job))
            elif not job.hard:
                job.hard = True
                job.deadline = now + ABANDON_GRACE
                self.workers.kill(job.slot, hard=True)
            else:
                abandoned.append(self._abandon(job))
        return abandoned

    def _miss(self, now: float) -> None:
        """Make workers anew of which nothing was heard since they were made: a thread may hang that makes them."""
        for slot in range(self.workers.slots):
            if slot in self.ready or slot in self._restarts:
                self._absent.pop(slot, None)
            elif now - self._absent.setdefault(slot, now) > COMPILE_GRACE:
                self._absent[slot] = now
                self.problem = f"a worker does not come up; worker-{slot}.log and engine.log may say why"
                self.workers.restart(slot)

    def _excuse_standstill(self, now: float) -> None:
        """Give all jobs the time back in which the engine itself did nothing."""
        still = now - (now if self._looked is None else self._looked)
        self._looked = now
        if still > STANDSTILL:
            for job in self.jobs.values():
                job.deadline += still
            self._absent = {slot: since + still for slot, since in self._absent.items()}

    def _abandon(self, job: Job) -> Ended:
        del self.jobs[job.slot]
        self.ready.discard(job.slot)
        self.workers.restart(job.slot)
        hung = "; it could not be ended, which is what a file server that does not answer looks like"
        return Ended(job, None, job.reason + (hung if self.workers.can_kill else ""))

    def _too_long(self, job: Job) -> str:
        limit = next((step.timeout for step in job.steps if step.name == job.step), None)
        if limit is None or job.between:
            what = f"its worker said nothing for too long{f' {job.where}' if job.where else ''} and was killed"
        else:
            what = f"killed after {limit:g} s {job.where}"
        return f"{what}; worker-{job.slot}.log says where"

    # -- what is heard ---------------------------------------------------------------------------------------------

    def on_ready(self, event: SlotReady) -> None:
        """Note that a worker is there."""
        self.ready.add(event.slot)
        self.heard[event.slot] = time.time()
        self._failures.pop(event.slot, None)
        self.problem = ""

    def on_failed(self, event: SlotFailed) -> None:
        """Try again, ever more rarely, to start a worker that could not be started."""
        self.ready.discard(event.slot)
        count = self._failures.get(event.slot, 0)
        self._failures[event.slot] = count + 1
        self._restarts[event.slot] = self.clock() + RESTART_DELAYS[min(count, len(RESTART_DELAYS) - 1)]
        self.problem = f"a worker cannot be started: {event.reason}"

    def on_step(self, event: StepHappened) -> Job | None:
        """Take a step's beginning or end and return its job; None where that is over already."""
        told = event.event
        job = self.jobs.get(event.slot)
        if job is None or job.key != (told.process, told.camera, told.attempt):
            return None
        self.heard[event.slot] = time.time()
        if not job.reason:
            job.deadline = self.clock() + self._limit(job, told.step, told.kind)
        job.step, job.between = told.step, told.kind == "finished"
        return job

    def _limit(self, job: Job, step: str, kind: str) -> float:
        """Return how long the worker may now say nothing [s]."""
        names = [item.name for item in job.steps]
        if kind == "compiling" or step not in names:
            return COMPILE_GRACE
        index = names.index(step)
        if kind == "started":
            return job.steps[index].timeout
        following = job.steps[index + 1 :]
        return following[0].timeout if following else FINISH_GRACE

    def on_ended(self, event: TaskEnded) -> Ended | None:
        """Take the end of a task; None where its job was given up before."""
        if event.died:
            self.ready.discard(event.slot)
        job = self.jobs.get(event.slot)
        if job is None or job.key != event.key:
            return None
        del self.jobs[event.slot]
        self.heard[event.slot] = time.time()
        if event.report is not None:
            return Ended(job, event.report)
        return Ended(job, None, job.reason or _died_where(job, event))


def _died_where(job: Job, event: TaskEnded) -> str:
    """Return why a task has ended without a report; of what was not to be expected, in which step."""
    cause, semicolon, action = event.reason.partition("; ")
    return f"{cause} {job.where}{semicolon}{action}" if event.died and job.where else event.reason
