"""One alarm in full: what is wrong, with which exposure, and what has become of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qltui.tables.alarms import short_time
from qltui.tui.symbols import STATUS_MARKS, Charset
from qltui.tui.text import Line, clean, wrap
from qltui.tui.words import night_date

if TYPE_CHECKING:
    from qltui.store.alarm_list import AlarmEntry, MuteEntry

__all__ = ["alarm_lines"]


def alarm_lines(alarm: AlarmEntry | None, mutes: Sequence[MuteEntry], charset: Charset, width: int) -> list[Line]:
    """Return an alarm in full, from the cause down; nothing where there is none."""
    if alarm is None:
        return []
    mark = STATUS_MARKS[alarm.status]
    words = wrap(clean(alarm.cause), max(10, width - 4)) or [""]
    lines: list[Line] = [((f" {charset.mark(alarm.status)} ", mark.role), (words[0], "strong"))]
    lines += [((f"   {part}", "strong"),) for part in words[1:]]
    lines.append(((f"   {_where(alarm)}", "text"),))
    lines.append(((f"   {_fate(alarm, mutes)}", "dim"),))
    return lines


def _where(alarm: AlarmEntry) -> str:
    kind = " ".join(part for part in (clean(alarm.obstype), clean(alarm.program)) if part)
    runs = f", raised by {len(alarm.numbers)} processes" if len(alarm.numbers) > 1 else ""
    return f"{kind} of night {night_date(alarm.night)}, process {alarm.process}{runs}"


def _fate(alarm: AlarmEntry, mutes: Sequence[MuteEntry]) -> str:
    """Return whether somebody has seen it, and whether its words are muted."""
    parts = []
    if alarm.acknowledged_by:
        when = short_time(alarm.acknowledged_at)
        parts.append(f"acknowledged by {clean(alarm.acknowledged_by)}" + (f" at {when} UT" if when else ""))
    else:
        parts.append("silent, because its words were muted" if alarm.muted else "nobody has acknowledged it")
    mute = next((item for item in mutes if item.words in alarm.cause), None)
    if mute is not None:
        until = f"until {short_time(mute.until)} UT" if mute.until is not None else "for good"
        parts.append(f"{clean(mute.words)!r} is muted {until}")
    return "; ".join(parts)
