"""What was said of an exposure as a table: comments, what they said before, and flags, in the order of time."""

from __future__ import annotations

from typing import Final

from qltui.store.threads import Thread
from qltui.tables.alarms import iso_time
from qltui.tables.table import Column, Row, Table

__all__ = ["thread_table"]

_COLUMNS: Final = (
    Column("time", "time", "UTC", doc="when it was said"),
    Column("author", "by", doc="who said it"),
    Column("kind", "what", doc="comment, deleted comment, earlier text of one, or flag"),
    Column("comment", "comment", format="d", align=">", doc="number of the comment"),
    Column("process", "process", format="d", align=">", doc="the process it is about; empty: the exposure"),
    Column("text", "text", doc="the words; of a flag its value and reason"),
    Column("edited", "edited", "UTC", doc="when it was edited last", shown=False),
    Column("deleted", "deleted", "UTC", doc="when it was deleted", shown=False),
)


def thread_table(expid: int, thread: Thread) -> Table:
    """Return the table; keys are kind and place."""
    rows: list[tuple[float, Row]] = []
    for comment in thread.comments:
        number, about = comment.number, comment.process
        kind = "comment" if comment.deleted is None else "deleted comment"
        times = (iso_time(comment.edited), iso_time(comment.deleted))
        values = (iso_time(comment.created), comment.author, kind, number, about, comment.text, *times)
        rows.append((comment.created, Row(("comment", number), values)))
        for index, past in enumerate(comment.history):
            if past.action == "edit":
                before = (iso_time(past.time), past.who, "said before", number, about, past.text, "", "")
                rows.append((past.time, Row(("past", number, index), before)))
    for index, flag in enumerate(thread.flags):
        words = f"{flag.value or 'no flag'}{f': {flag.reason}' if flag.reason else ''}"
        rows.append(
            (flag.time, Row(("flag", index), (iso_time(flag.time), flag.author, "flag", None, None, words, "", "")))
        )
    note = "" if rows else f"nobody has said anything of exposure {expid} yet"
    return Table(
        "thread", f"comments {expid}", _COLUMNS, tuple(row for _, row in sorted(rows, key=lambda it: it[0])), note
    )
