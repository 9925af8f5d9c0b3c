"""Whether the engine lives, judged by its last heartbeat: in words, with what to do."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from qltui.store.views import EngineView
from qltui.tui.printable import clean
from qltui.tui.words import duration

__all__ = ["DEAD_AFTER", "STALE_AFTER", "Health", "engine_health", "process_exists"]

STALE_AFTER: Final = 10.0
"""Without a heartbeat for so long the picture is old [s]."""

DEAD_AFTER: Final = 60.0
"""Without a heartbeat for so long the engine is taken for dead [s]."""


@dataclass(frozen=True, slots=True)
class Health:
    """What to say of the engine.

    Attributes
    ----------
    kind : str
        ``"alive"``, ``"none"``, ``"stopped"``, ``"troubled"``, ``"stale"`` or ``"dead"``.
    words, action : str
        What is so, and what to do; empty for an engine that lives.
    """

    kind: str
    words: str = ""
    action: str = ""

    @property
    def is_alive(self) -> bool:
        """Whether what the screen shows is live."""
        return self.kind == "alive"

    @property
    def runs(self) -> bool:
        """Whether there is an engine, however it is."""
        return self.kind in ("alive", "troubled", "stale")


def process_exists(pid: int) -> bool:
    """Return whether a process of this machine has this number and has not ended; true where it cannot be known."""
    if pid <= 0:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return not _has_ended(pid)


def _has_ended(pid: int) -> bool:
    """Return whether a process keeps its number only until whoever started it takes note of its end, as a viewer."""
    try:
        words = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    # The name of the program, in brackets, may have brackets and blanks.
    return words.rpartition(b")")[2].split()[:1] == [b"Z"]


def engine_health(
    engine: EngineView, now: float, *, host: str | None = None, exists: Callable[[int], bool] = process_exists
) -> Health:
    """Return how the engine is at the time `now` [s since 1970].

    On the engine's own machine a vanished process is seen at once; elsewhere only the silence tells.
    """
    start = "start it: qltui run"
    if engine.state == "none":
        return Health("none", "no engine has run here yet", start)
    detail = clean(engine.detail)
    if engine.state == "stopped":
        why = f": {detail}" if detail else ""
        return Health("stopped", f"the engine was stopped{why}", start)
    # A clock that was set back leaves the last beat in what is now the future.
    age = max(0.0, now - engine.heartbeat) if engine.heartbeat is not None else 0.0
    same_host = engine.host in ("", host if host is not None else os.uname().nodename)
    if same_host and not exists(engine.pid):
        return Health("dead", f"the engine died {duration(age)} ago", f"{start}; why: logs/engine.log")
    if age >= DEAD_AFTER:
        where = "" if same_host else f"on {clean(engine.host)}: "
        action = f"{where}kill {engine.pid} if it hangs, then: qltui run"
        return Health("dead", f"the engine is silent for {duration(age)}", action)
    if age >= STALE_AFTER:
        return Health("stale", f"old picture: no news from the engine for {duration(age)}")
    if engine.trouble:
        words, _, action = clean(engine.trouble).partition("; ")
        return Health("troubled", words, action)
    return Health("alive")
