"""What every screen says at its upper right: what must not be overlooked, and who holds the night."""

from __future__ import annotations

from qltui.model import Status
from qltui.store.views import EngineView, worst_disk
from qltui.tui.health import Health
from qltui.tui.symbols import STATUS_MARKS, Charset
from qltui.tui.text import Line, clean
from qltui.tui.words import plural

__all__ = ["head_notes"]


def head_notes(engine: EngineView, health: Health, alarms: int, who: str, charset: Charset) -> list[Line]:
    """Return the notes, the most important first: an engine that is not well, alarms, full disks, the observer."""
    notes: list[Line] = []
    if not health.is_alive:
        notes.append(((f"{charset.mark(Status.WARNING)} ", "warn"), (_short(health), "warn")))
    if alarms:
        mark = STATUS_MARKS[Status.ALARM]
        notes.append(((f"{charset.mark(Status.ALARM)} ", mark.role), (plural(alarms, "alarm"), "strong")))
    disk = worst_disk(engine.disks)
    if disk is not None and health.is_alive:
        status = Status.ALARM if disk.level == "alarm" else Status.WARNING
        name = "disk" if "state" in disk.of else f"{disk.of[0]} disk"
        words = f"{name} {100 * disk.used:.0f} % full"
        notes.append(((f"{charset.mark(status)} ", STATUS_MARKS[status].role), (words, "strong")))
    if getattr(engine, "mode", "automatic") == "manual":
        notes.append((("manual", "active"),))
    if engine.state == "paused":
        notes.append((("paused", "odd"),))
    observer = clean(getattr(engine, "observer", "") or who)[:20]
    if observer:
        notes.append(((observer, "dim"),))
    return notes


def _short(health: Health) -> str:
    """Return the engine's state in two words."""
    words = {"none": "no engine", "stopped": "engine stopped", "stale": "old picture", "troubled": "engine in trouble"}
    return words.get(health.kind, "engine dead")
