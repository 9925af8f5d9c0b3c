"""The processes of an engine, as the kernel tells of them: the parent of all workers, the workers, the tracker."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Family", "all_gone", "descendants", "family", "handles"]


@dataclass(frozen=True)
class Family:
    """All processes below an engine.

    Attributes
    ----------
    forkserver, tracker : int or None
        The parent of all workers, and the process of Python that removes what others leave behind.
    workers : tuple of int
        One for each slot.
    """

    forkserver: int | None
    tracker: int | None
    workers: tuple[int, ...]


def family(engine: int) -> Family:
    """Return the processes of an engine by its number."""
    forkserver = tracker = None
    for pid in _children(engine):
        words = _command(pid)
        if b"multiprocessing.forkserver" in words:
            forkserver = pid
        elif b"resource_tracker" in words:
            tracker = pid
    return Family(forkserver, tracker, tuple(_children(forkserver)) if forkserver is not None else ())


def descendants(engine: int) -> list[int]:
    """Return all processes below an engine."""
    found = []
    for pid in _children(engine):
        found += [pid, *descendants(pid)]
    return found


@contextmanager
def handles(pids: Iterable[int]) -> Iterator[list[int]]:
    """Open handles of processes, which stay theirs when their numbers are given to others."""
    opened = []
    for pid in pids:
        try:
            opened.append(os.pidfd_open(pid))
        except ProcessLookupError:
            continue
    try:
        yield opened
    finally:
        for handle in opened:
            os.close(handle)


def all_gone(opened: Iterable[int], timeout: float = 10.0) -> bool:
    """Wait for the end of processes and return whether all have ended."""
    end = time.monotonic() + timeout
    left = set(opened)
    while left and (rest := end - time.monotonic()) > 0:
        left -= set(select.select(list(left), [], [], rest)[0])
    return not left


def _children(parent: int) -> list[int]:
    """Return the processes whose parent this is, and which have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, above = path.read_text().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if int(above) == parent and state != "Z":
            found.append(int(path.parent.name))
    return sorted(found)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
