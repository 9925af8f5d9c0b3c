"""What runs in a worker process: how it is set up, and the one task it knows.

A worker writes nothing on the engine's terminal, does not outlive the engine, ignores Ctrl-C (the engine decides), and
tells what it does through a pipe of its own, so that one that is killed in the middle of a word harms no other.
"""

from __future__ import annotations

import faulthandler
import importlib
import logging
import logging.handlers
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

from qltui.engine.environment import PRELOAD_MODULE, prepare_environment
from qltui.instruments.base import resolve
from qltui.model import CameraReport, CameraTask, StepEvent

__all__ = [
    "Hello",
    "TaskFailedError",
    "WorkerMessage",
    "WorkerSetup",
    "hello",
    "in_words",
    "prepare_worker",
    "run_in_slot",
    "run_task",
]


class TaskFailedError(Exception):
    """A task has ended with an exception; the message is that exception in words."""


@dataclass(frozen=True, slots=True)
class Hello:
    """A worker is there."""

    pid: int


WorkerMessage = Hello | StepEvent | logging.LogRecord


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What a worker is born with.

    Attributes
    ----------
    slot : int
        Its place, from 0.
    log : str
        File for whatever is printed.
    nice : int
        Courtesy towards other programs.
    level : int
        Of the records that go to the engine.
    """

    slot: int
    log: str
    nice: int = 0
    level: int = logging.INFO


class _Channel:
    """The worker's end of its pipe; the logging of any thread may use it."""

    def __init__(self, sender: Connection) -> None:
        self._sender = sender
        self._lock = threading.Lock()

    def send(self, message: WorkerMessage) -> None:
        with self._lock:
            try:
                self._sender.send(message)
            except BrokenPipeError:
                # Nobody is there any more to work for.
                os._exit(1)

    def put_nowait(self, record: logging.LogRecord) -> None:
        """Take a record from a `logging.handlers.QueueHandler`."""
        self.send(record)


class _NoChannel:
    """What a task talks to where there is no pipe, as in a foreign executor: the report says it all at the end."""

    def send(self, message: WorkerMessage) -> None:
        """Say nothing."""


_channel: _Channel | _NoChannel = _NoChannel()


def prepare_worker(setup: WorkerSetup, sender: Connection) -> None:
    """Set up this process as a worker: the initializer of its pool."""
    global _channel  # noqa: PLW0603 - a pool gives its tasks no other way to find what its initializer made
    _end_with_parent()
    _write_to(Path(setup.log))
    # One Ctrl-C in the engine's terminal, or its end, reaches all processes: the engine alone decides what to do.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Ended because it took too long, a worker leaves in its log where it was.
    faulthandler.enable()
    faulthandler.register(signal.SIGTERM, all_threads=True, chain=True)
    if setup.nice:
        os.nice(setup.nice)
    channel = _Channel(sender)
    root = logging.getLogger()
    root.handlers[:] = [logging.handlers.QueueHandler(channel)]  # type: ignore[arg-type]
    root.setLevel(setup.level)
    _channel = channel


def _end_with_parent() -> None:
    """End at once when the engine does, however it does: a pool would live on for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent-watchdog", daemon=True).start()


def _write_to(log: Path) -> None:
    """Let everything that is printed, from C as well, go to a file: the terminal belongs to somebody else."""
    log.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def hello(state: str = "", instrument: str = "") -> int:
    """Say that this worker is there; returns its process number.

    Where an instrument is named, its kernels are loaded first, unless the worker was born with them: a program that had
    workers of another kind before has a parent of all workers that knows nothing of us.
    """
    if instrument and PRELOAD_MODULE not in sys.modules:
        prepare_environment(Path(state), instrument)
        importlib.import_module(PRELOAD_MODULE)
    pid = os.getpid()
    _channel.send(Hello(pid))
    return pid


def run_task(entry: str, task: CameraTask, on_event: Callable[[StepEvent], None] | None = None) -> CameraReport:
    """Reduce one camera, telling each step as it comes.

    Parameters
    ----------
    entry : str
        ``"module:name"`` of a function from a task and a listener to a report.
    task : CameraTask
        What to do.
    on_event : callable
        The listener; the pipe of this worker by default. A process that we did not set up has none, and tells all
        with its report.
    """
    report: CameraReport = resolve(entry)(task, on_event or _channel.send)
    return report


def run_in_slot(entry: str, task: CameraTask) -> CameraReport:
    """Reduce one camera in a worker of our own; whatever goes wrong leaves it as words.

    An exception may hold what cannot be taken to another process, or not be put together there: the engine would
    hear of a dead worker, and of nothing that has happened.

    Raises
    ------
    TaskFailedError
        With what the task has raised, which stands whole in the log of this worker.
    """
    try:
        return run_task(entry, task)
    except Exception as error:  # noqa: BLE001 - whatever it is, it ends this task alone, with its reason
        traceback.print_exc()
        sys.stderr.flush()
        words = in_words(error)
        if isinstance(error, MemoryError):
            words = f"out of memory ({words}); give the engine fewer slots"
        raise TaskFailedError(words) from None


def in_words(error: BaseException) -> str:
    """Return an exception in one line."""
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
