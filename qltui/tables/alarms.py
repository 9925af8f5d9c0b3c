"""Alarms and mutes as tables, and the words by which a cause is muted."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from qltui.store.alarm_list import AlarmEntry, AlarmList, MuteEntry
from qltui.tables.table import Column, Row, Styled, Table

__all__ = ["alarm_table", "date_time", "iso_time", "minutes_to_noon", "mute_table", "mute_words", "short_time"]

_ALARM_COLUMNS: Final = (
    Column("mark", " ", doc="a star: new since the observer last looked; a: acknowledged; m: muted"),
    Column("time", "time", "UT", doc="month, day and UT at which the alarm was raised"),
    Column("expid", "exposure", align=">", doc="number of the exposure"),
    Column("status", "status", doc="ALARM, FAILED or MISSING"),
    Column("cause", "cause", doc="what is wrong, told once however many metrics show it"),
    Column("acknowledged_by", "seen by", doc="who acknowledged it; muted where its words were muted"),
    Column("acknowledged", "seen", "UT", doc="UT at which it was acknowledged", shown=False),
    Column("night", "night", align=">", doc="night of the exposure, YYYYMMDD", shown=False),
    Column("obstype", "obstype", doc="kind of exposure", shown=False),
    Column("program", "program", doc="program of the exposure", shown=False),
    Column("process", "process", align=">", doc="number of the process that raised it", shown=False),
    Column("runs", "runs", align=">", doc="processes of the exposure that raised it", shown=False),
    Column("utc", "time", "UTC", doc="when it was raised, ISO 8601", shown=False),
)

_MUTE_COLUMNS: Final = (
    Column("words", "words of the cause", doc="a cause that has these words is not heard"),
    Column("until", "until", "UT", doc="when the mute ends; for good where it does not"),
    Column("who", "by", doc="who muted it"),
    Column("since", "since", "UT", doc="when it was muted"),
    Column("alarms", "alarms", align=">", doc="alarms of the list above that have these words"),
)

_VALUE: Final = re.compile(r"(?<!\S)[-+<>]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?!\S)", re.IGNORECASE)
"""A measured value: a word that is a number, as opposed to the ``b3`` of a camera."""


def short_time(seconds: float | None) -> str:
    """Return month, day, hour and minute in UT, ``"10-02 05:12"``; empty for no time."""
    return _format(seconds, "%m-%d %H:%M")


def date_time(seconds: float | None) -> str:
    """Return date and minute in UT, ``"2019-10-02 05:12"``; empty for no time."""
    return _format(seconds, "%Y-%m-%d %H:%M")


def iso_time(seconds: float | None) -> str:
    """Return a time as ISO 8601 in UTC, to the second; empty for no time."""
    return _format(seconds, "%Y-%m-%dT%H:%M:%SZ")


def _format(seconds: float | None, form: str) -> str:
    if seconds is None or not math.isfinite(seconds):
        return ""
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime(form)
    except (ValueError, OverflowError, OSError):
        return "?"


def alarm_table(found: AlarmList, seen: float = math.inf) -> Table:
    """Return the alarms as a table, newest first.

    Parameters
    ----------
    found : AlarmList
        As the record has them.
    seen : float
        Alarms raised after this time are new to the observer [s since 1970].
    """
    rows = tuple(_alarm_row(alarm, is_new=alarm.time > seen) for alarm in found.alarms)
    note = f"the newest {len(rows)}; the record has older ones" if found.older else ""
    return Table("alarms", "Alarms", _ALARM_COLUMNS, rows, note)


def _alarm_row(alarm: AlarmEntry, *, is_new: bool) -> Row:
    seen_by = Styled(alarm.acknowledged_by) if alarm.acknowledged_by else Styled("muted" if alarm.muted else "", "dim")
    return Row(
        alarm.number,
        (
            Styled(*_mark(alarm, is_new=is_new)),
            short_time(alarm.time),
            alarm.expid,
            alarm.status,
            Styled(alarm.cause, "strong" if alarm.is_open else "dim"),
            seen_by,
            short_time(alarm.acknowledged_at),
            alarm.night,
            alarm.obstype,
            alarm.program,
            alarm.process,
            max(1, len(alarm.numbers)),
            iso_time(alarm.time),
        ),
    )


def _mark(alarm: AlarmEntry, *, is_new: bool) -> tuple[str, str]:
    """Return what tells at one glance what became of an alarm, and its role."""
    if is_new:
        return "*", "active"
    return ("a", "dim") if alarm.acknowledged_by else ("m" if alarm.muted else "", "dim")


def mute_table(found: AlarmList) -> Table:
    """Return the mutes that hold as a table, the newest first."""
    rows = tuple(_mute_row(mute, found.alarms) for mute in found.mutes)
    return Table("mutes", "Muted", _MUTE_COLUMNS, rows)


def _mute_row(mute: MuteEntry, alarms: Sequence[AlarmEntry]) -> Row:
    hits = sum(mute.words in alarm.cause for alarm in alarms)
    until = short_time(mute.until) if mute.until is not None else "for good"
    return Row(mute.words, (mute.words, until, mute.who, short_time(mute.since), hits))


def mute_words(cause: str) -> str:
    """Return the words of a cause that come again next time: its subject, and what stands before the first value.

    Where a value comes first, the words after it are taken without the subject: they alone tell which metric it is.

    >>> mute_words("b3 C  noise 25.10 > 4.60 e-")
    'b3 C  noise'
    >>> mute_words("z2  460 of 500 fibres good")
    'fibres good'
    """
    subject, gap, phrase = cause.partition("  ")
    if not gap:
        subject, phrase = "", cause
    parts = [part.strip() for part in _VALUE.split(phrase)]
    if parts[0] or len(parts) == 1:
        return f"{subject}{gap}{phrase[: phrase.index(parts[0]) + len(parts[0])]}".strip()
    return max(parts, key=len) or cause.strip()


def minutes_to_noon(now: float, timezone: str) -> int:
    """Return the whole minutes until the next local noon, when the night ends; at least 1.

    Parameters
    ----------
    now : float
        [s since 1970].
    timezone : str
        IANA name of the observatory's zone.
    """
    local = dt.datetime.fromtimestamp(now, ZoneInfo(timezone))
    noon = local.replace(hour=12, minute=0, second=0, microsecond=0)
    if noon <= local:
        # A calendar day, not 24 hours: the clocks may change meanwhile.
        noon += dt.timedelta(days=1)
    return max(1, math.ceil((noon.timestamp() - now) / 60))
