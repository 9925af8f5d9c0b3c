"""What is so of the engine, in lines: mode, state, slots, queue, disk, observer, settings in force."""

from __future__ import annotations

from collections.abc import Sequence

from qltui.model import Status
from qltui.store.views import EngineView
from qltui.tables.alarms import short_time
from qltui.tui.health import Health
from qltui.tui.symbols import Charset
from qltui.tui.text import Line, clean
from qltui.tui.words import plural

__all__ = ["bytes_text", "engine_facts", "slot_lines"]

_LEFT = 10
_UNITS = ("B", "kB", "MB", "GB", "TB")


def bytes_text(count: float) -> str:
    """Return a number of bytes as people say it, ``"12.3 GB"``; decimal units."""
    for unit in _UNITS[:-1]:
        if count < 999.5:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 99.95 else f"{count:.1f} {unit}"
        count /= 1000.0
    return f"{count:.1f} {_UNITS[-1]}"


def _fact(name: str, *runs: tuple[str, str]) -> Line:
    return ((f" {name:<{_LEFT}}", "dim"), *runs)


def engine_facts(engine: EngineView, health: Health, charset: Charset, *, observer: str, since: float) -> list[Line]:
    """Return the facts, the most important first.

    Parameters
    ----------
    observer : str
        Who observes, as far as the engine has not been told.
    since : float
        What ended before is out of sight on the Monitor [s since 1970]; 0 where nothing is.
    """
    lines = [_mode(engine), _state(engine, health, charset)]
    if health.is_alive:
        lines += [_queue(engine), *_disks(engine)]
    lines.append(_fact("observer", (clean(engine.observer or observer) or "nobody named", "text")))
    if engine.configuration or engine.limits:
        words = ", limits ".join(part for part in (engine.configuration or "as in the files", engine.limits) if part)
        lines.append(_fact("settings", (clean(words), "text")))
    shown = f"since {short_time(since)} UT; R shows all" if since else "everything"
    lines.append(_fact("Monitor", (shown, "text")))
    if engine.data_directory:
        lines.append(_fact("raw data", (clean(engine.data_directory), "text")))
    return lines


def _mode(engine: EngineView) -> Line:
    if engine.mode == "manual":
        wait = f"; {engine.held} wait" if engine.held else ""
        return _fact("mode", ("manual", "active"), (f": what you choose is reduced{wait}", "text"))
    return _fact("mode", ("automatic", "strong"), (": every new exposure is reduced", "text"))


def _state(engine: EngineView, health: Health, charset: Charset) -> Line:
    if not health.is_alive:
        parts = [(f"{charset.mark(Status.WARNING)} ", "warn"), (clean(health.words), "warn")]
        return _fact("engine", *parts, ("   S starts it", "dim"))
    role = "odd" if engine.state == "paused" else "active"
    where = f", pid {engine.pid}" + (f" on {clean(engine.host)}" if engine.host else "")
    since = f" since {short_time(engine.started)} UT" if engine.started is not None else ""
    return _fact("engine", (engine.state, role), (f"{since}{where}", "text"))


def _queue(engine: EngineView) -> Line:
    busy = sum(bool(slot) for slot in engine.slots)
    parts = [f"{busy} of {plural(len(engine.slots), 'slot')} busy", f"{engine.queue} waiting"]
    if engine.incomplete:
        parts.append(f"{plural(engine.incomplete, 'file')} being written")
    return _fact("work", (", ".join(parts), "text"))


def _disks(engine: EngineView) -> list[Line]:
    """Return a line for each file system."""
    if not engine.disks:
        return [_disk(engine)]
    lines = []
    for disk in engine.disks:
        # The level first: where there is little room the end of the line is cut off.
        note = f"{disk.level.upper()}  " if disk.level else ""
        words = f"{note}{100 * disk.used:.0f} % used, {bytes_text(disk.free)} free: {disk.names}"
        role = {"alarm": "bad", "warning": "warn"}.get(disk.level, "text")
        lines.append(_fact("disk", (words, role)))
    return lines


def _disk(engine: EngineView) -> Line:
    if engine.disk_used is None:
        return _fact("disk", ("not measured", "dim"))
    free = f", {bytes_text(engine.disk_free)} free" if engine.disk_free is not None else ""
    return _fact("disk", (f"{100 * engine.disk_used:.0f} % used{free}", "text"))


def slot_lines(slots: Sequence[str]) -> list[Line]:
    """Return what each slot does."""
    if not slots:
        return [((" no slot has said anything", "dim"),)]
    return [
        ((f" {number:>3}  ", "dim"), (clean(words) or "idle", "text" if words else "dim"))
        for number, words in enumerate(slots)
    ]
