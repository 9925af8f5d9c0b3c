"""What is written beside the numbers: the log, alarms, and the comments and flags of observers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from qltui.model import Status
from qltui.store import schema
from qltui.store.codec import text_value
from qltui.store.database import Database
from qltui.store.views import AlarmView, CommentView, LogLine

__all__ = [
    "FLAGS",
    "acknowledge",
    "add_comment",
    "alarms",
    "change_comment",
    "comments",
    "log",
    "log_lines",
    "mute",
    "raise_alarms",
    "set_flag",
    "unmute",
]

FLAGS: Final = ("good", "bad", "junk", "test", "")
LEVELS: Final = ("info", "warning", "alarm", "error")

_INSERT_LINE: Final = """INSERT INTO event_log (time, level, text, expid, camera, process)
    VALUES (?, ?, ?, ?, ?, ?)"""


def _clock(now: float | None) -> float:
    return time.time() if now is None else now


# -- log -----------------------------------------------------------------------------------------------------------


def log(
    database: Database,
    level: str,
    text: str,
    expid: int | None = None,
    camera: str = "",
    process: int | None = None,
    now: float | None = None,
) -> int:
    """Write one line of the night's log and return its number."""
    if level not in LEVELS:
        msg = f"{level!r} is no level of the log; known: {', '.join(LEVELS)}"
        raise ValueError(msg)
    with database.transaction():
        values = (_clock(now), level, text_value(text), expid, text_value(camera), process)
        return database.insert_sql(_INSERT_LINE, values)


def log_lines(
    database: Database,
    after: int = 0,
    limit: int = 200,
    *,
    contains: str = "",
    levels: Sequence[str] = (),
    expid: int | None = None,
    camera: str = "",
    before: int | None = None,
) -> list[LogLine]:
    """Return the last `limit` lines that come after number `after` and pass the filter, oldest first."""
    table = schema.Event
    query = table.select(table.id, table.time, table.level, table.text, table.expid, table.camera)
    query = query.where(table.id > after)
    if before is not None:
        query = query.where(table.id < before)
    if contains:
        # instr() takes the words as they are, LIKE would read % and _ in them; lower() knows ASCII only.
        query = query.where(_contains(table, contains))
    if levels:
        query = query.where(table.level.in_(list(levels)))
    if expid is not None:
        query = query.where(table.expid == expid)
    if camera:
        query = query.where(table.camera == text_value(camera))
    rows = database.rows(query.order_by(table.id.desc()).limit(limit))
    return [LogLine(*row) for row in reversed(rows)]


def _contains(table: Any, words: str) -> Any:
    from peewee import fn

    return fn.instr(fn.lower(table.text), text_value(words).lower()) > 0


_DAY: Final = 86400.0
"""Older alarms are not opened again when a mute is taken back: nobody waits for them any more [s]."""

# -- alarms --------------------------------------------------------------------------------------------------------


def raise_alarms(
    database: Database, process: int, causes: Sequence[tuple[Status, str]], now: float | None = None
) -> list[AlarmView]:
    """Record alarms of a process, one for each cause, and return those that are new and that nobody has muted."""
    table = schema.Alarm
    new: list[AlarmView] = []
    with database.transaction():
        row = database.row(
            schema.Process.select(schema.Exposure.id, schema.Exposure.expid)
            .join(schema.Exposure)
            .where(schema.Process.id == process)
        )
        if row is None:
            msg = f"no process has number {process} in the record"
            raise KeyError(msg)
        exposure, expid = row
        quiet = _muted(database, _clock(now))
        for status, cause in causes:
            cause = text_value(cause)
            if database.row(table.select(table.id).where(table.process == process, table.cause == cause)):
                continue
            muted = any(words in cause for words in quiet)
            number = database.insert(
                table.insert(
                    exposure=exposure,
                    process=process,
                    time=_clock(now),
                    status=status.value,
                    cause=cause,
                    muted=muted,
                )
            )
            if not muted:
                new.append(AlarmView(number, _clock(now), expid, status, cause))
    return new


def _muted(database: Database, now: float) -> list[str]:
    table = schema.Mute
    rows = database.rows(table.select(table.words).where(table.until.is_null() | (table.until > now)))
    return [words for (words,) in rows]


def alarms(database: Database, *, open_only: bool = False, limit: int = 200) -> list[AlarmView]:
    """Return the newest alarms, newest first; `open_only` leaves out what is acknowledged or muted."""
    table = schema.Alarm
    query = (
        table.select(table.id, table.time, schema.Exposure.expid, table.status, table.cause, table.acknowledged_by)
        .join(schema.Exposure)
        .limit(limit)
    )
    if open_only:
        # In the order of the index: a season has thousands of alarms that nobody has closed, and each look counts them.
        query = query.where(table.acknowledged_by == "", table.muted == False)  # noqa: E712
        query = query.order_by(table.time.desc(), table.id.desc())
    else:
        query = query.order_by(table.id.desc())
    return [
        AlarmView(number, when, expid, Status(status), cause, who)
        for number, when, expid, status, cause, who in database.rows(query)
    ]


def acknowledge(database: Database, number: int, who: str, now: float | None = None) -> bool:
    """Say that somebody has seen an alarm; the first one counts. Returns whether it was open."""
    table = schema.Alarm
    with database.transaction():
        return bool(
            database.write(
                table.update(acknowledged_by=text_value(who) or "?", acknowledged_at=_clock(now)).where(
                    table.id == number, table.acknowledged_by == ""
                )
            )
        )


def mute(database: Database, words: str, who: str, until: float | None = None, now: float | None = None) -> int:
    """Let no alarm whose cause has these words be heard until a time [s since 1970], or for good.

    Who mutes what he looks at wants it to be silent: open alarms with these words are muted at once, as later ones
    will be. Returns how many open ones there were.
    """
    if not words:
        msg = "empty words would mute every alarm"
        raise ValueError(msg)
    table = schema.Mute
    with database.transaction():
        database.write(
            table.insert(
                words=text_value(words), who=text_value(who), since=_clock(now), until=until
            ).on_conflict_replace()
        )
        count = database.sql(
            "SELECT count(*) FROM alarm WHERE acknowledged_by = '' AND muted = 0 AND instr(cause, ?)",
            (text_value(words),),
        )[0][0]
        database.write_sql(
            "UPDATE alarm SET muted = 1 WHERE acknowledged_by = '' AND muted = 0 AND instr(cause, ?)",
            (text_value(words),),
        )
    return int(count)


def unmute(database: Database, words: str, now: float | None = None) -> None:
    """Let alarms with these words be heard again: the next ones, and those of the last day that nobody has closed."""
    table = schema.Mute
    moment = _clock(now)
    with database.transaction():
        database.write(table.delete().where(table.words == text_value(words)))
        rows = database.sql(
            "SELECT id, cause FROM alarm WHERE acknowledged_by = '' AND time >= ? AND muted = 1 AND instr(cause, ?)",
            (moment - _DAY, text_value(words)),
        )
        quiet = _muted(database, moment)
        for number, cause in rows:
            if not any(other in cause for other in quiet):
                database.write_sql("UPDATE alarm SET muted = 0 WHERE id = ?", (number,))


# -- comments and flags --------------------------------------------------------------------------------------------


def add_comment(
    database: Database, exposure_id: int, author: str, text: str, process: int | None = None, now: float | None = None
) -> int:
    """Record a comment on an exposure, or on one process of it, and return its number."""
    with database.transaction():
        return database.insert(
            schema.Comment.insert(
                exposure=exposure_id,
                process=process,
                author=text_value(author),
                created=_clock(now),
                text=text_value(text),
            )
        )


def change_comment(database: Database, number: int, who: str, text: str | None, now: float | None = None) -> None:
    """Edit a comment, or delete it where `text` is None; what it said before is kept.

    Raises
    ------
    KeyError
        Where there is no such comment.
    PermissionError
        Where somebody else wrote it.
    """
    table, when = schema.Comment, _clock(now)
    with database.transaction():
        row = database.row(table.select(table.author, table.text).where(table.id == number, table.deleted.is_null()))
        if row is None:
            msg = f"no comment has number {number}"
            raise KeyError(msg)
        author, before = row
        if author != text_value(who):
            msg = f"only {author} may change this comment"
            raise PermissionError(msg)
        action = "delete" if text is None else "edit"
        database.write(
            schema.CommentHistory.insert(comment=number, time=when, who=text_value(who), action=action, text=before)
        )
        change = {"deleted": when} if text is None else {"text": text_value(text), "edited": when}
        database.write(table.update(**change).where(table.id == number))


def comments(database: Database, exposure_id: int) -> list[CommentView]:
    """Return the comments on an exposure and on its processes, oldest first."""
    table = schema.Comment
    query = (
        table.select(
            *(table.id, schema.Exposure.expid, table.process, table.author, table.created, table.text, table.edited)
        )
        .join(schema.Exposure)
        .where(table.exposure == exposure_id, table.deleted.is_null())
        .order_by(table.id)
    )
    return [CommentView(*row) for row in database.rows(query)]


def set_flag(
    database: Database, exposure_id: int, value: str, author: str, reason: str = "", now: float | None = None
) -> None:
    """Record the observer's judgement of an exposure; an empty one takes it back. Earlier ones are kept."""
    if value not in FLAGS:
        msg = f"{value!r} is no flag; known: {', '.join(FLAGS[:-1])}"
        raise ValueError(msg)
    with database.transaction():
        database.insert(
            schema.Flag.insert(
                exposure=exposure_id,
                value=value,
                reason=text_value(reason),
                author=text_value(author),
                time=_clock(now),
            )
        )
