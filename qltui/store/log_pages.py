"""The night's log a page at a time, back to its first line, by exposure, process, camera, level and words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from qltui.store.codec import text_value
from qltui.store.database import Database

__all__ = [
    "LEVELS",
    "LogChoice",
    "LogPage",
    "LogRow",
    "all_lines",
    "around",
    "find",
    "neighbour",
    "newer",
    "newest",
    "older",
]

LEVELS: Final = ("info", "warning", "alarm", "error")
"""From the least to the most serious."""

_MOST_WORDS: Final = 20


@dataclass(frozen=True, slots=True)
class LogChoice:
    """Which lines of the log.

    Attributes
    ----------
    expid, process : int or None
        Of this exposure, of this process; None for all.
    camera : str
        Of this camera; empty for all.
    level : str
        This level and what is more serious, one of `LEVELS`.
    words : str
        All of them must be in the line: in its text, its camera or the number of its exposure; capitals do not matter.
    """

    expid: int | None = None
    process: int | None = None
    camera: str = ""
    level: str = "info"
    words: str = ""

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels that are wanted; empty for all."""
        first = LEVELS.index(self.level) if self.level in LEVELS else 0
        return LEVELS[first:] if first else ()


@dataclass(frozen=True, slots=True)
class LogRow:
    """One line; `number` grows with time."""

    number: int
    time: float
    level: str
    text: str
    expid: int | None = None
    camera: str = ""
    process: int | None = None


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines one after the other, oldest first.

    Attributes
    ----------
    rows : tuple of LogRow
        The lines.
    begins, ends : bool
        Whether there are none before them, and none after them.
    """

    rows: tuple[LogRow, ...] = ()
    begins: bool = True
    ends: bool = True


def _conditions(choice: LogChoice) -> tuple[list[str], list[Any]]:
    """Return what the rows must fulfil, as SQL with its values."""
    parts: list[str] = []
    values: list[Any] = []
    for column, value in (("expid", choice.expid), ("process", choice.process)):
        if value is not None:
            parts.append(f"{column} = ?")
            values.append(value)
    if choice.camera:
        parts.append("camera = ?")
        values.append(text_value(choice.camera))
    levels = choice.levels
    if levels:
        parts.append(f"level IN ({', '.join('?' * len(levels))})")
        values += levels
    for word in choice.words.lower().split()[:_MOST_WORDS]:
        # instr() takes the words as they are, LIKE would read % and _ in them; lower() knows ASCII only.
        parts.append("instr(lower(text || ' ' || camera || ' ' || ifnull(expid, '')), ?) > 0")
        values.append(text_value(word))
    return parts, values


def _rows(database: Database, choice: LogChoice, bound: str, number: int, order: str, limit: int) -> list[LogRow]:
    parts, values = _conditions(choice)
    where = " AND ".join([f"id {bound} ?", *parts])
    found = database.sql(
        f"SELECT id, time, level, text, expid, camera, process FROM event_log WHERE {where} "  # noqa: S608 -- our words
        f"ORDER BY id {order} LIMIT ?",
        (number, *values, limit),
    )
    return [LogRow(*row) for row in found]


_END: Final = 2**62


def newest(database: Database, choice: LogChoice, limit: int = 500) -> LogPage:
    """Return the last lines."""
    return older(database, choice, _END, limit)


def older(database: Database, choice: LogChoice, before: int, limit: int = 500) -> LogPage:
    """Return the lines that come just before number `before`."""
    rows = _rows(database, choice, "<", before, "DESC", limit + 1)
    return LogPage(tuple(reversed(rows[:limit])), begins=len(rows) <= limit, ends=before == _END)


def newer(database: Database, choice: LogChoice, after: int, limit: int = 500) -> LogPage:
    """Return the lines that come just after number `after`."""
    rows = _rows(database, choice, ">", after, "ASC", limit + 1)
    return LogPage(tuple(rows[:limit]), begins=False, ends=len(rows) <= limit)


def around(database: Database, choice: LogChoice, number: int, limit: int = 500) -> LogPage:
    """Return the lines on both sides of a number, itself included."""
    before = older(database, choice, number + 1, limit // 2)
    after = newer(database, choice, number, limit // 2)
    return LogPage((*before.rows, *after.rows), before.begins, after.ends)


def find(database: Database, choice: LogChoice, words: str, number: int, by: int) -> int | None:
    """Return the number of the next line with these words before (by < 0) or after `number`; None where there is none.

    Only lines that `choice` allows are looked at.
    """
    narrowed = replace(choice, words=f"{choice.words} {words}")
    bound, order = ("<", "DESC") if by < 0 else (">", "ASC")
    rows = _rows(database, narrowed, bound, number, order, 1)
    return rows[0].number if rows else None


def all_lines(database: Database, choice: LogChoice, most: int) -> tuple[LogRow, ...]:
    """Return the last `most` lines of a choice, oldest first."""
    return tuple(reversed(_rows(database, choice, "<", _END, "DESC", most)))


def neighbour(database: Database, expid: int | None, by: int) -> int | None:
    """Return the exposure before (by < 0) or after `expid` of which something was logged; None where there is none.

    Without an exposure the last one is before, and none is after.
    """
    if expid is None:
        rows = database.sql("SELECT max(expid) FROM event_log") if by < 0 else []
    elif by < 0:
        rows = database.sql("SELECT max(expid) FROM event_log WHERE expid < ?", (expid,))
    else:
        rows = database.sql("SELECT min(expid) FROM event_log WHERE expid > ?", (expid,))
    return int(rows[0][0]) if rows and rows[0][0] is not None else None
