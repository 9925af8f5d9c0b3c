"""Where cameras are reduced: one interface over a pool of our own, this process, or somebody else's cluster.

The rest of the engine relies on `submit` and on the events that follow, keeps its own time-outs, and treats the power
to kill as something that not every executor has.
"""

from __future__ import annotations

import concurrent.futures
import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from qltui.engine.settings import EngineSettings
from qltui.engine.worker import in_words, run_task
from qltui.instruments.base import resolve
from qltui.model import CameraReport, CameraTask, StepEvent

__all__ = [
    "ExecutorError",
    "Key",
    "SlotFailed",
    "SlotReady",
    "StepHappened",
    "TaskEnded",
    "WorkerEvent",
    "Workers",
    "make_executor",
]

Key = tuple[int, str, int]
"""Process, camera, attempt: names one task."""

GROUP: Final = "qltui.executors"
_BUILT_IN: Final = {
    "dask": "qltui.engine.distributed:dask_executor",
    "mpi": "qltui.engine.distributed:mpi_executor",
}


class ExecutorError(Exception):
    """An executor cannot be had; the message names cause and action."""


@dataclass(frozen=True, slots=True)
class SlotReady:
    """A worker waits for tasks; `pid` is 0 where it is not a process of this machine."""

    slot: int
    pid: int


@dataclass(frozen=True, slots=True)
class SlotFailed:
    """A worker could not be started."""

    slot: int
    reason: str


@dataclass(frozen=True, slots=True)
class StepHappened:
    """A step began or ended."""

    slot: int
    event: StepEvent


@dataclass(frozen=True, slots=True)
class TaskEnded:
    """A task came to its end: with a report, or with the reason why there is none.

    `died` says that its worker died with it; another one is on its way, announced by `SlotReady`.
    """

    slot: int
    key: Key
    report: CameraReport | None
    reason: str = ""
    died: bool = False


WorkerEvent = SlotReady | SlotFailed | StepHappened | TaskEnded
Tell = Callable[[WorkerEvent], None]


class Workers(Protocol):
    """A number of slots, each of which does one task at a time."""

    @property
    def slots(self) -> int:
        """How many."""

    @property
    def can_kill(self) -> bool:
        """Whether `kill` can end a task that runs."""

    def start(self) -> None:
        """Make the workers; each tells when it is ready."""

    def submit(self, slot: int, task: CameraTask) -> None:
        """Give a task to a slot that is ready."""

    def kill(self, slot: int, *, hard: bool = False) -> None:
        """End what a slot does, and its worker; `hard` where asking did not help."""

    def restart(self, slot: int) -> None:
        """Try again to make a worker that could not be started, or give up one that cannot be killed."""

    def close(self) -> None:
        """End all workers, whatever they do."""


def key_of(task: CameraTask) -> Key:
    """Return the name of a task."""
    return task.process, task.camera, task.attempt


class SerialWorkers:
    """Reduces in this process, one camera after the other: for tests and for looking for faults."""

    slots = 1
    can_kill = False

    def __init__(self, entry: str, tell: Tell) -> None:
        self._entry = entry
        self._tell = tell

    def start(self) -> None:
        """Tell that the one slot is ready."""
        self._tell(SlotReady(0, 0))

    def submit(self, slot: int, task: CameraTask) -> None:
        """Do a task; it has ended when this returns."""
        try:
            report = run_task(self._entry, task, lambda event: self._tell(StepHappened(slot, event)))
        except Exception as error:  # noqa: BLE001 - as a process would: the task ends with its reason
            self._tell(TaskEnded(slot, key_of(task), None, in_words(error)))
        else:
            self._tell(TaskEnded(slot, key_of(task), report))

    def kill(self, slot: int, *, hard: bool = False) -> None:
        """Do nothing: a task cannot be ended from within."""

    def restart(self, slot: int) -> None:
        """Tell that the slot is ready."""
        self._tell(SlotReady(slot, 0))

    def close(self) -> None:
        """Do nothing."""


class ForeignWorkers:
    """Any `concurrent.futures.Executor`: dask, MPI, or a site's own. Nothing is heard of a task before its end.

    Parameters
    ----------
    executor : Executor
        Closed with us.
    slots : int
        Tasks at the same time.
    """

    can_kill = False

    def __init__(self, executor: concurrent.futures.Executor, slots: int, entry: str, tell: Tell) -> None:
        self._executor = executor
        self.slots = slots
        self._entry = entry
        self._tell = tell
        self._futures: dict[int, concurrent.futures.Future[CameraReport]] = {}

    def start(self) -> None:
        """Tell that all slots are ready: the executor makes its workers itself."""
        for slot in range(self.slots):
            self._tell(SlotReady(slot, 0))

    def submit(self, slot: int, task: CameraTask) -> None:
        """Hand a task on."""
        try:
            future = self._executor.submit(run_task, self._entry, task)
        except (RuntimeError, OSError) as error:
            self._tell(TaskEnded(slot, key_of(task), None, f"the executor takes no tasks: {in_words(error)}"))
            return
        self._futures[slot] = future
        future.add_done_callback(lambda done: self._ended(slot, task, done))

    def _ended(self, slot: int, task: CameraTask, future: concurrent.futures.Future[CameraReport]) -> None:
        if future.cancelled():
            self._tell(TaskEnded(slot, key_of(task), None, "cancelled"))
            return
        error = future.exception()
        if error is None:
            self._tell(TaskEnded(slot, key_of(task), future.result()))
        else:
            self._tell(TaskEnded(slot, key_of(task), None, in_words(error)))

    def kill(self, slot: int, *, hard: bool = False) -> None:  # noqa: ARG002 - the interface
        """Ask for the end of a task; some executors can, most only before it has begun."""
        if slot in self._futures:
            self._futures[slot].cancel()

    def restart(self, slot: int) -> None:
        """Use the slot again, whatever became of its task."""
        self._futures.pop(slot, None)
        self._tell(SlotReady(slot, 0))

    def close(self) -> None:
        """Close the executor without waiting for what runs."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def make_executor(kind: str, settings: EngineSettings, tell: Tell) -> Workers:
    """Return the workers that `kind` names.

    Parameters
    ----------
    kind : str
        ``"local"`` (processes of this machine), ``"serial"`` (this process), ``"dask"``, ``"mpi"``, or the name of an
        entry point in the group ``qltui.executors``: a function from `EngineSettings` to a
        `concurrent.futures.Executor`.
    settings : EngineSettings
        Number of slots, place of the logs, function that is called.
    tell : callable
        Called with every event, from any thread.

    Raises
    ------
    ExecutorError
        Where there is no such executor, or what it needs is not installed or does not answer.
    """
    if kind == "serial":
        return SerialWorkers(settings.entry, tell)
    if kind == "local":
        from qltui.engine.pools import LocalWorkers

        return LocalWorkers(settings, tell)
    return ForeignWorkers(_foreign(kind, settings), settings.slot_count, settings.entry, tell)


def _foreign(kind: str, settings: EngineSettings) -> concurrent.futures.Executor:
    points = {point.name: point for point in importlib.metadata.entry_points(group=GROUP)}
    if kind not in points and kind not in _BUILT_IN:
        known = sorted({"local", "serial", *_BUILT_IN, *points})
        msg = f"no executor is called {kind!r}; choose one of {', '.join(known)}"
        raise ExecutorError(msg)
    try:
        factory = points[kind].load() if kind in points else resolve(_BUILT_IN[kind])
        executor: concurrent.futures.Executor = factory(settings)
    except ImportError as error:
        msg = f"the executor {kind!r} needs {error.name or error}, which is not installed; install it or use 'local'"
        raise ExecutorError(msg) from error
    except (OSError, RuntimeError, ValueError) as error:
        msg = f"the executor {kind!r} does not start: {in_words(error)}"
        raise ExecutorError(msg) from error
    return executor
