"""The log as a table: the same columns on the screen, on the command line and in a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

from qltui.store.log_pages import LogRow
from qltui.tables.table import Column, Row, Styled, Table

__all__ = ["LEVEL_ROLES", "log_table", "log_text", "utc_words"]

LEVEL_ROLES: Final = {"warning": "warn", "alarm": "bad", "error": "bad"}
"""How a screen draws the level of a line; others are plain."""

_COLUMNS: Final = (
    Column("time", "time", "UTC", doc="when it was written"),
    Column("level", "level", doc="info, warning, alarm or error"),
    Column("expid", "exposure", align=">", doc="which exposure it is about"),
    Column("camera", "camera", doc="which camera it is about"),
    Column("process", "process", align=">", doc="which process it is about", shown=False),
    Column("text", "message", doc="what was said"),
    Column("number", "number", align=">", doc="in the record; grows with time", shown=False),
)


def utc_words(seconds: float, *, date: bool = True) -> str:
    """Return a time [s since 1970] as UTC, ``"2019-10-02 05:12:09"``."""
    try:
        moment = dt.datetime.fromtimestamp(seconds, tz=dt.UTC)
    except (ValueError, OSError, OverflowError):
        return "?"
    return moment.strftime("%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S")


def log_table(rows: Iterable[LogRow], title: str = "Log", note: str = "") -> Table:
    """Return lines of the log as a table, in the order in which they come."""
    made = tuple(
        Row(
            row.number,
            (
                *(utc_words(row.time), Styled(row.level, LEVEL_ROLES.get(row.level, "")), row.expid, row.camera),
                *(row.process, row.text, row.number),
            ),
        )
        for row in rows
    )
    return Table("log", title, _COLUMNS, made, note)


def log_text(row: LogRow) -> str:
    """Return one line as it is printed while one follows the log."""
    number = "" if row.expid is None or str(row.expid) in row.text else f"{row.expid} "
    level = "" if row.level == "info" else f"{row.level.upper()} "
    return f"{utc_words(row.time)}  {level}{number}{row.text}"
