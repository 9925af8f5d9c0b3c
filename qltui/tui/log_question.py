"""What the log screen asks: which piece of which log, as data; answered in the reader's thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from qltui.store import log_pages
from qltui.store.log_pages import LogChoice, LogPage
from qltui.tables.log_files import file_page, log_files

__all__ = ["RECORD", "LogAnswer", "LogWish", "answer_log"]

RECORD: Final = ""
"""Name of the log that is in the record; others are files."""

PAGE: Final = 500
"""Lines that are read at once."""


@dataclass(frozen=True, slots=True)
class LogWish:
    """What is wanted.

    Attributes
    ----------
    source : str
        `RECORD`, or the name of a file.
    choice : LogChoice
        Which lines.
    kind : str
        ``"newest"``, ``"news"`` (what came after `number`), ``"older"`` than it, ``"newer"``, ``"find"`` or
        ``"neighbour"`` (the exposure before or after).
    number : int
        Of a line.
    by : int
        Where to look for `words`, or for an exposure: before (-1) or after (1).
    words : str
        What is looked for.
    """

    source: str = RECORD
    choice: LogChoice = field(default_factory=LogChoice)
    kind: str = "newest"
    number: int = 0
    by: int = 0
    words: str = ""


@dataclass(frozen=True, slots=True)
class LogAnswer:
    """What was found.

    Attributes
    ----------
    wish : LogWish
        What was asked.
    page : LogPage
        The lines.
    at : int or None
        The line that was looked for; None where there is none.
    expid : int or None
        The exposure that was looked for.
    files : tuple of str
        Logs beside the record.
    fault : str
        Why a file cannot be read; empty where it can.
    """

    wish: LogWish
    page: LogPage = field(default_factory=LogPage)
    at: int | None = None
    expid: int | None = None
    files: tuple[str, ...] = ()
    fault: str = ""


def answer_log(source: Any, wish: LogWish, directory: Path | None) -> LogAnswer:
    """Return what the record, or a file in the state directory, says to a wish."""
    files = log_files(directory)
    if wish.source != RECORD and directory is not None:
        try:
            return LogAnswer(wish, file_page(directory, wish.source, wish.choice), files=files)
        except OSError as error:
            return LogAnswer(wish, files=files, fault=f"{wish.source} cannot be read: {error.strerror or error}")
    if wish.kind == "neighbour":
        expid = source.ask(log_pages.neighbour, wish.choice.expid, wish.by)
        return LogAnswer(wish, expid=expid, files=files)
    if wish.kind == "find":
        at = source.ask(log_pages.find, wish.choice, wish.words, wish.number, wish.by)
        page = source.ask(log_pages.around, wish.choice, at, PAGE) if at is not None else LogPage()
        return LogAnswer(wish, page, at, files=files)
    if wish.kind == "news":
        page = source.ask(log_pages.newer, wish.choice, wish.number, PAGE)
        if page.ends:
            return LogAnswer(wish, page, files=files)
        # More came than one page holds: the newest matter.
        wish = LogWish(wish.source, wish.choice)
    if wish.kind in ("older", "newer"):
        query = log_pages.older if wish.kind == "older" else log_pages.newer
        return LogAnswer(wish, source.ask(query, wish.choice, wish.number, PAGE), files=files)
    return LogAnswer(wish, source.ask(log_pages.newest, wish.choice, PAGE), files=files)
