"""One engine for each state directory: a lock that the kernel gives back when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from qltui.documents import parse_json

__all__ = ["LOCK_NAME", "AlreadyRunningError", "LockHolder", "StateDirectoryError", "engine_lock", "holder"]

LOCK_NAME = "engine.lock"


class StateDirectoryError(Exception):
    """The state directory cannot be used; the message names cause and action."""


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who holds the lock, as the file says: process, machine, and since when [s since 1970]."""

    pid: int
    host: str
    since: float

    @property
    def is_here(self) -> bool:
        """Whether it runs on this machine, so that its process can be spoken to."""
        return self.pid > 0 and self.host == socket.gethostname()


class AlreadyRunningError(Exception):
    """Another engine has this state directory."""

    def __init__(self, state: Path, found: LockHolder) -> None:
        super().__init__(
            f"an engine already runs on {state} (pid {found.pid} on {found.host}); "
            "attach with `qltui`, or choose another --state"
        )
        self.holder = found


@contextmanager
def engine_lock(state: Path) -> Iterator[None]:
    """Hold the lock of a state directory, which is made where it does not exist.

    Raises
    ------
    AlreadyRunningError
        Where another process holds it.
    StateDirectoryError
        Where the directory or the lock cannot be written.
    """
    path = state / LOCK_NAME
    try:
        state.mkdir(parents=True, exist_ok=True)
        # Never truncated on opening: until the lock is ours the words in it are another engine's. The descriptor is
        # not inherited, so that no worker can outlive us with the lock in its hands.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror}; choose another state directory with --state"
        raise StateDirectoryError(msg) from error
    try:
        if not _take(descriptor):
            raise AlreadyRunningError(state, _read(descriptor))
        _write(descriptor, LockHolder(os.getpid(), socket.gethostname(), time.time()))
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    """Take the lock, unless another engine has it; one who only looks whether it is free is no engine."""
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            # Only shared locks are on it, of viewers that look; each lasts for microseconds.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        else:
            return True


def holder(state: Path) -> LockHolder | None:
    """Return who holds the lock of a state directory, or None where nobody does."""
    try:
        descriptor = os.open(state / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def _write(descriptor: int, words: LockHolder) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(asdict(words)).encode(), 0)
    os.fsync(descriptor)


def _read(descriptor: int) -> LockHolder:
    """Return what the file says; the lock counts, the words in it are only for people."""
    try:
        said = parse_json(os.pread(descriptor, 4096, 0))
        return LockHolder(int(said["pid"]), str(said["host"])[:200], float(said["since"]))
    except (ValueError, TypeError, KeyError):
        return LockHolder(0, "unknown", 0.0)
