"""Workers of this machine: one pool with one process for each slot, so that each can be killed alone.

Making a worker may take long (the parent of all workers compiles kernels the first time), so that it is done in
threads; whoever uses this hears of it by `SlotReady`.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import multiprocessing.context
import multiprocessing.forkserver
import os
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from typing import Any, Final

from qltui.engine.environment import PRELOAD_MODULE, prepare_environment
from qltui.engine.executors import SlotFailed, SlotReady, StepHappened, TaskEnded, Tell, key_of
from qltui.engine.settings import EngineSettings
from qltui.engine.sockets import make_socket_directory
from qltui.engine.worker import Hello, TaskFailedError, WorkerSetup, hello, in_words, prepare_worker, run_in_slot
from qltui.model import CameraReport, CameraTask, StepEvent

__all__ = ["LocalWorkers", "death_in_words"]

_LOG = logging.getLogger(__name__)

_NO_THREAD: Final = "the system gives no thread for another; see its memory (`free`) and `ulimit -v`, `ulimit -u`"
_NOBODY_TOLD: Final = 255
"""What multiprocessing gives for the exit status of a worker whose parent was ended before it."""


class _Context(multiprocessing.context.ForkServerContext):
    """Remembers the process that a pool makes: its number, and how it ended."""

    made: Any = None

    def Process(self, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]  # noqa: N802 - the name that pools use
        self.made = multiprocessing.context.ForkServerProcess(*args, **kwargs)
        return self.made


class _Slot:
    """One worker from its birth to its death; the next one in its place is another of these."""

    def __init__(self, number: int, setup: WorkerSetup, tell: Tell) -> None:
        self.number = number
        self._tell = tell
        self._receiver, self._sender = multiprocessing.Pipe(duplex=False)
        self._context = _Context()
        self._pool = ProcessPoolExecutor(
            1, mp_context=self._context, initializer=prepare_worker, initargs=(setup, self._sender)
        )
        self._lock = threading.Lock()
        self._burial = threading.Lock()
        self._buried = False
        self._pidfd: int | None = None
        threading.Thread(target=self._listen, args=(self._receiver,), name=f"slot-{number}", daemon=True).start()

    def greet(self, state: str, instrument: str) -> int:
        """Make the process and wait until it answers; returns its number."""
        pid = self._pool.submit(hello, state, instrument).result()
        # The pool has the worker's end of the results open as well, and with it would wait for ever for the rest of one
        # that a dead worker had begun to send.
        self._pool._result_queue._writer.close()  # type: ignore[attr-defined]  # noqa: SLF001 - nothing else tells it
        with contextlib.suppress(ProcessLookupError):
            # A number may be given to another process after this one's death; this handle may not.
            self._pidfd = os.pidfd_open(pid)
        return pid

    def submit(self, entry: str, task: CameraTask) -> Future[CameraReport]:
        return self._pool.submit(run_in_slot, entry, task)

    def signal(self, number: int) -> None:
        """Send a signal to the process, if it is still there."""
        with self._lock:
            if self._pidfd is not None:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._pidfd, number)

    def bury(self) -> int | None:
        """Make sure that the process ends, wait for that, and return its exit status."""
        # The death of a worker and the end of the engine may come together; a pool can be shut down by one thread only.
        with self._burial:
            if not self._buried:
                self._buried = True
                # Where the parent of all workers was killed, its end looks like that of the worker.
                self.signal(signal.SIGKILL)
                self._pool.shutdown(wait=True, cancel_futures=True)
                self._close_sender()
                with self._lock:
                    if self._pidfd is not None:
                        os.close(self._pidfd)
                        self._pidfd = None
            process = self._context.made
            return None if process is None else process.exitcode

    def _close_sender(self) -> None:
        with self._lock:
            if not self._sender.closed:
                self._sender.close()

    def _listen(self, receiver: Connection) -> None:
        """Pass on what the worker says, until it is dead."""
        while True:
            try:
                message = receiver.recv()
            except (EOFError, OSError):
                receiver.close()
                return
            if isinstance(message, Hello):
                # From now on the worker alone holds the other end: its death is the end of what it says.
                self._close_sender()
            elif isinstance(message, StepEvent):
                self._tell(StepHappened(self.number, message))
            elif isinstance(message, logging.LogRecord):
                logging.getLogger(message.name).handle(message)


class LocalWorkers:
    """Processes of this machine.

    Parameters
    ----------
    settings : EngineSettings
        Number of slots, place of the logs, function that is called.
    tell : callable
        Called with every event, from any thread.
    """

    can_kill = True

    def __init__(self, settings: EngineSettings, tell: Tell) -> None:
        self.slots = settings.slot_count
        self._settings = settings
        self._tell = tell
        self._slots: dict[int, _Slot] = {}
        self._unburied: list[_Slot] = []
        self._lock = threading.Lock()
        self._closed = False

    def start(self) -> None:
        """Begin to make all workers."""
        prepare_environment(self._settings.state, self._settings.instrument)
        make_socket_directory()
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([PRELOAD_MODULE] if self._settings.warm else ["qltui.engine.worker"])
        # Before any screen has replaced sys.stderr, and from a thread that stays.
        multiprocessing.forkserver.ensure_running()
        for slot in range(self.slots):
            self.restart(slot)

    def submit(self, slot: int, task: CameraTask) -> None:
        """Give a task to a slot."""
        with self._lock:
            place = self._slots.get(slot)
        if place is None:
            self._tell(TaskEnded(slot, key_of(task), None, "its worker is not there", died=True))
            return
        try:
            future = place.submit(self._settings.entry, task)
        except BrokenProcessPool:
            # Died while it had nothing to do.
            self._replace_soon(place, task)
            return
        future.add_done_callback(lambda done: self._ended(place, task, done))

    def kill(self, slot: int, *, hard: bool = False) -> None:
        """End a worker; with `hard` it is not given the chance to say where it was."""
        with self._lock:
            place = self._slots.get(slot)
        if place is not None:
            place.signal(signal.SIGKILL if hard else signal.SIGTERM)

    def restart(self, slot: int) -> None:
        """Make a worker for a slot, whatever became of the one before."""
        if not self._in_thread(self._make, slot):
            self._tell(SlotFailed(slot, _NO_THREAD))

    def close(self) -> None:
        """Kill all workers and wait for their end."""
        with self._lock:
            self._closed = True
            places = [*self._slots.values(), *self._unburied]
            self._slots.clear()
            self._unburied.clear()
        for place in places:
            place.signal(signal.SIGKILL)
        for place in places:
            place.bury()

    # -- in threads of their own -----------------------------------------------------------------------------------

    def _in_thread(self, function: Any, *args: Any) -> bool:
        """Begin something beside the engine; returns whether the machine has allowed it."""
        try:
            threading.Thread(target=function, args=args, name=f"make-{function.__name__}", daemon=True).start()
        except RuntimeError:
            return False
        return True

    def _replace_soon(self, place: _Slot, task: CameraTask) -> None:
        """Have a worker replaced that died; where not even that can be begun now, when it is tried again."""
        if self._in_thread(self._replace, place, task):
            return
        with self._lock:
            self._unburied.append(place)
            abandoned = self._slots.get(place.number) is not place
            if not abandoned:
                self._slots.pop(place.number)
        self._tell(TaskEnded(place.number, key_of(task), None, f"its worker died; {_NO_THREAD}", died=not abandoned))
        if not abandoned:
            self._tell(SlotFailed(place.number, _NO_THREAD))

    def _make(self, number: int) -> None:
        """Make a worker and tell that it is ready."""
        with self._lock:
            dead, self._unburied = self._unburied, []
        for place in dead:
            place.bury()
        setup = WorkerSetup(
            number,
            str(self._settings.logs / f"worker-{number}.log"),
            self._settings.nice,
            logging.getLogger().getEffectiveLevel(),
        )
        made = None
        try:
            made = place = _Slot(number, setup, self._tell)
            warm = self._settings.instrument if self._settings.warm else ""
            pid = place.greet(self._settings.state_directory, warm)
        except (OSError, RuntimeError, EOFError) as error:
            # BrokenProcessPool among them: it died while it was set up.
            if made is not None:
                made.bury()
            if not self._closed:
                self._tell(SlotFailed(number, f"{in_words(error)}; see {setup.log}"))
            return
        with self._lock:
            closed = self._closed
            older = self._slots.get(number)
            if not closed:
                self._slots[number] = place
        if older is not None:
            # One that was given up and comes back, or hangs: two would share a place.
            older.signal(signal.SIGKILL)
        if closed:
            place.signal(signal.SIGKILL)
            place.bury()
        else:
            self._tell(SlotReady(number, pid))

    def _ended(self, place: _Slot, task: CameraTask, future: Future[CameraReport]) -> None:
        """Tell how a task ended; called in the pool's own thread, which must not wait for itself."""
        if future.cancelled():
            self._tell(TaskEnded(place.number, key_of(task), None, "cancelled"))
            return
        error = future.exception()
        if error is None:
            self._tell(TaskEnded(place.number, key_of(task), future.result()))
        elif isinstance(error, BrokenProcessPool):
            self._replace_soon(place, task)
        else:
            words = str(error) if isinstance(error, TaskFailedError) else in_words(error)
            self._tell(TaskEnded(place.number, key_of(task), None, words))

    def _replace(self, place: _Slot, task: CameraTask) -> None:
        """Tell of what a worker died, and make another."""
        status = place.bury()
        with self._lock:
            if self._closed:
                return
            abandoned = self._slots.get(place.number) is not place
            if not abandoned:
                self._slots.pop(place.number)
        reason = death_in_words(status, place.number)
        self._tell(TaskEnded(place.number, key_of(task), None, reason, died=not abandoned))
        if not abandoned:
            self._make(place.number)


def death_in_words(status: int | None, slot: int = 0) -> str:
    """Return of what a worker died, by its exit status: the cause, and after a semicolon what to do.

    Parameters
    ----------
    status : int or None
        Negative for a signal, as `multiprocessing.Process.exitcode`; 255 where nobody was left to tell it.
    slot : int
        Its place, whose log says more.
    """
    log = f"worker-{slot}.log"
    if status is None:
        return f"worker ended for a reason that is not known; see {log}"
    if status == _NOBODY_TOLD:
        return f"ended with the parent of all workers; see `dmesg` and {log}"
    if status == -signal.SIGKILL:
        return "killed (out of memory?); see `dmesg`, and give the engine fewer slots"
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        return f"crashed ({name}); {log} says where"
    return f"worker ended with status {status}; see {log}"
