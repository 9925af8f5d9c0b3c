"""What observers said of an exposure: comments with what they said before, and every flag it ever had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from qltui.store.database import Database, Row
from qltui.store.details import FlagRow
from qltui.store.exposures import exposure_id

__all__ = ["CommentRow", "PastComment", "Thread", "comment_thread", "comment_thread_of"]

_MOST: Final = 1000
"""Comments of one exposure."""


@dataclass(frozen=True, slots=True)
class PastComment:
    """What a comment said before somebody changed it; `action` is ``"edit"`` or ``"delete"``."""

    time: float
    who: str
    action: str
    text: str


@dataclass(frozen=True, slots=True)
class CommentRow:
    """A comment; `deleted` is when it was taken back, None where it stands. Times are seconds since 1970."""

    number: int
    process: int | None
    author: str
    created: float
    text: str
    edited: float | None
    deleted: float | None
    history: tuple[PastComment, ...] = ()


@dataclass(frozen=True, slots=True)
class Thread:
    """All that was said of an exposure: comments oldest first, flags oldest first (an empty one was taken back)."""

    exposure_id: int
    comments: tuple[CommentRow, ...] = ()
    flags: tuple[FlagRow, ...] = ()


def comment_thread_of(database: Database, instrument: str, night: int, expid: int) -> Thread | None:
    """Return what was said of an exposure by its night and number; None where it is not in the record."""
    number = exposure_id(database, instrument, night, expid)
    return None if number is None else comment_thread(database, number)


def comment_thread(database: Database, exposure: int) -> Thread:
    """Return what was said of an exposure by its number in the record; comments that were deleted too."""
    past: dict[int, list[PastComment]] = {}
    for comment, *values in database.sql(
        """SELECT comment_history.comment_id, comment_history.time, comment_history.who, comment_history.action,
                  comment_history.text
           FROM comment JOIN comment_history ON comment_history.comment_id = comment.id
           WHERE comment.exposure_id = ? ORDER BY comment_history.id""",
        (exposure,),
    ):
        past.setdefault(comment, []).append(PastComment(*values))
    rows = database.sql(
        """SELECT id, process_id, author, created, text, edited, deleted FROM comment
           WHERE exposure_id = ? ORDER BY id DESC LIMIT ?""",
        (exposure, _MOST),
    )
    flags = database.sql(
        "SELECT value, reason, author, time FROM flag WHERE exposure_id = ? ORDER BY id DESC LIMIT ?", (exposure, _MOST)
    )
    return Thread(
        exposure,
        tuple(_comment(row, past.get(row[0], ())) for row in reversed(rows)),
        tuple(FlagRow(*row) for row in reversed(flags)),
    )


def _comment(row: Row, history: Sequence[PastComment]) -> CommentRow:
    number, process, author, created, text, edited, deleted = row
    return CommentRow(number, process, author, created, text, edited, deleted, tuple(history))
