"""How far a piece of long work has come: told by the thread that works, read by the screen, stopped by the observer."""

from __future__ import annotations

import threading
import time

from qltui.tui.text import Line, line_width
from qltui.tui.words import duration

__all__ = ["Progress", "WorkStopped", "progress_line"]


class WorkStopped(Exception):  # noqa: N818 - no fault of anything
    """The observer has stopped the work."""


class Progress:
    """Work in hand.

    Parameters
    ----------
    words : str
        What is done, ``"clearing products"``.
    """

    def __init__(self, words: str) -> None:
        self.words = words
        self.done = 0
        self.total = 0
        self.started = time.monotonic()
        self._stopped = threading.Event()

    @property
    def is_stopped(self) -> bool:
        """Whether the observer has stopped it."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Stop the work at its next `step`."""
        self._stopped.set()

    def step(self, done: int, total: int) -> None:
        """Say that `done` parts of `total` are done; for the thread that works.

        Raises
        ------
        WorkStopped
            Where the observer has stopped it.
        """
        self.done, self.total = done, total
        if self.is_stopped:
            raise WorkStopped(self.words)


def progress_line(progress: Progress, now: float, width: int) -> Line:
    """Return words, a bar where the end is known, and the time since the beginning."""
    tail: Line = ((f" {duration(now - progress.started)}", "text"), ("   esc stops", "dim"))
    if progress.is_stopped:
        return ((f"{progress.words}: stopping", "odd"),)
    head: Line = ((f"{progress.words} ", "active"),)
    if progress.total <= 0:
        return (*head, *tail)
    count = f" {progress.done}/{progress.total}"
    room = min(40, width - line_width(head) - line_width(tail) - len(count))
    if room < 5:
        return (*head, (count.strip(), "text"), *tail)
    full = round(max(0.0, min(1.0, progress.done / progress.total)) * room)
    return (*head, ("━" * full, "active"), ("─" * (room - full), "rule"), (count, "text"), *tail)
