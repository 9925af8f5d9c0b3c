"""How an engine is told to end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["DAMAGED", "Stop", "signals_stop"]

DAMAGED: Final = -1
"""Status of an engine whose record is damaged or gone: another one goes on, on a new record."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The engine is to end, and with which exit status."""

    reason: str
    status: int = 0


@contextmanager
def signals_stop(stop: Callable[[Stop], None], within: float) -> Iterator[None]:
    """Let signals end the engine in good order; a second one ends it at once.

    One that was started with `nohup` is not to hear of the end of its terminal.

    Parameters
    ----------
    stop : callable
        Told a `Stop`, in the handler of the signal.
    within : float
        How long its process may take to end [s]. After that the system ends it, by SIGALRM: one that waits for ever, as
        for a thread that there was no memory for, would hold the state directory, and nobody could start another.
        This goes on behind the engine: Python itself waits for threads when it ends.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[int, Any] = {}

    def handle(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, within)
        stop(Stop(f"{signal.Signals(number).name} received", 128 + number))

    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if name == signal.SIGHUP and signal.getsignal(name) is signal.SIG_IGN:
            continue
        before[name] = signal.signal(name, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
