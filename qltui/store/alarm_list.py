"""Alarms as a list to work through: one line for each exposure and cause, and the words that are muted.

A reprocessed exposure raises its alarms anew. To an observer it is the same fault, so that the newest row of an
exposure and a cause stands for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from qltui.model import Status
from qltui.store.database import Database, Row

__all__ = ["AlarmEntry", "AlarmList", "MuteEntry", "alarm_list", "fold_alarms", "is_muted"]

NEWEST: Final = 1000
"""Rows of the record that are looked at: some ten bad nights."""


@dataclass(frozen=True, slots=True)
class AlarmEntry:
    """One exposure and one cause.

    Attributes
    ----------
    number : int
        Of the newest row in the record.
    numbers : tuple of int
        Of all its rows, the newest first: one for each process that found it.
    time, acknowledged_at : float
        [s since 1970]; the second None while nobody has seen it.
    muted : bool
        Whether its words were muted when it was raised, or while it was open.
    """

    number: int
    time: float
    expid: int
    night: int
    process: int
    obstype: str
    program: str
    status: Status
    cause: str
    muted: bool = False
    acknowledged_by: str = ""
    acknowledged_at: float | None = None
    numbers: tuple[int, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it still calls for somebody."""
        return not self.acknowledged_by and not self.muted


@dataclass(frozen=True, slots=True)
class MuteEntry:
    """Words of causes that are not heard; `until` is None for good [s since 1970]."""

    words: str
    who: str
    since: float
    until: float | None = None


@dataclass(frozen=True, slots=True)
class AlarmList:
    """The newest alarms, newest first, and the mutes that hold; `older` says that the record has more."""

    alarms: tuple[AlarmEntry, ...] = ()
    mutes: tuple[MuteEntry, ...] = ()
    older: bool = False

    @property
    def open_count(self) -> int:
        """Alarms that still call for somebody."""
        return sum(alarm.is_open for alarm in self.alarms)


def alarm_list(database: Database, now: float, limit: int = NEWEST) -> AlarmList:
    """Return the newest alarms and the mutes that hold at the time `now` [s since 1970]."""
    rows = database.sql(
        """SELECT alarm.id, alarm.time, exposure.expid, night.night, alarm.process_id, exposure.obstype,
                  exposure.program, alarm.status, alarm.cause, alarm.muted, alarm.acknowledged_by,
                  alarm.acknowledged_at
           FROM (SELECT * FROM alarm ORDER BY id DESC LIMIT ?) AS alarm
           CROSS JOIN exposure ON exposure.id = alarm.exposure_id
           CROSS JOIN night ON night.id = exposure.night_id
           ORDER BY alarm.id DESC""",
        (limit + 1,),
    )
    muted = database.sql(
        'SELECT words, who, since, "until" FROM mute WHERE "until" IS NULL OR "until" > ? ORDER BY since DESC', (now,)
    )
    return AlarmList(fold_alarms(map(_entry, rows[:limit])), tuple(MuteEntry(*row) for row in muted), len(rows) > limit)


def _entry(row: Row) -> AlarmEntry:
    number, when, expid, night, process, obstype, program, status, cause, muted, who, seen = row
    return AlarmEntry(
        int(number), when, expid, night, process, obstype, program, Status(status), cause, bool(muted), who, seen
    )


def fold_alarms(entries: Iterable[AlarmEntry]) -> tuple[AlarmEntry, ...]:
    """Return one entry for each exposure and cause; `entries` come newest first, and the newest stands for all."""
    kept: dict[tuple[int, int, str], AlarmEntry] = {}
    for entry in entries:
        key = (entry.night, entry.expid, entry.cause)
        known = kept.get(key)
        if known is None:
            kept[key] = replace(entry, numbers=(entry.number,))
        else:
            kept[key] = replace(known, numbers=(*known.numbers, entry.number))
    return tuple(kept.values())


def is_muted(cause: str, mutes: Iterable[MuteEntry]) -> bool:
    """Return whether the words of a mute are part of a cause."""
    return any(mute.words in cause for mute in mutes)
