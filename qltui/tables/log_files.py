"""What the engine and its workers wrote to text files beside the record: for whoever looks for a fault."""

from __future__ import annotations

import datetime as dt
import os
import re
import stat
from pathlib import Path
from typing import Final

from qltui.store.log_pages import LogChoice, LogPage, LogRow

__all__ = ["file_page", "log_files"]

MOST_BYTES: Final = 2_000_000
"""The end of a file that is read."""
_LONGEST: Final = 4000
"""Characters of a line."""

_LINE: Final = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d{3} (\w{1,10})\s+(\S{1,100}) (\S{1,200}): (.*)")
_LEVELS: Final = {"WARNING": "warning", "ERROR": "error", "CRITICAL": "error"}


def log_files(directory: Path | None) -> tuple[str, ...]:
    """Return the names of the logs in the state directory `directory`; empty where there are none."""
    if directory is None:
        return ()
    try:
        names = sorted(entry.name for entry in os.scandir(directory / "logs") if entry.is_file(follow_symlinks=False))
    except OSError:
        return ()
    return tuple(name for name in names if ".log" in name)[:100]


def file_page(directory: Path, name: str, choice: LogChoice) -> LogPage:
    """Return the lines at the end of a log that pass the filter, oldest first; numbers count from the end of the file.

    Such a log knows neither exposures nor cameras: they are looked for as words.

    Raises
    ------
    OSError
        Where it cannot be read.
    """
    text, begins = _tail(directory / "logs" / Path(name).name)
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    wanted = [word.lower() for word in choice.words.split()]
    wanted += [str(choice.expid)] if choice.expid is not None else []
    wanted += [rf"{choice.camera.lower()} "] if choice.camera else []
    rows: list[LogRow] = []
    moment = 0.0
    for number, line in enumerate(lines, 1):
        row = _row(number, line[:_LONGEST], moment)
        moment = row.time
        hay = f"{row.text} ".lower()
        if all(word in hay for word in wanted) and (not choice.levels or row.level in choice.levels):
            rows.append(row)
    return LogPage(tuple(rows), begins, ends=True)


def _tail(path: Path) -> tuple[str, bool]:
    """Return the end of an ordinary file, from the beginning of a line on, and whether that is all of it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            msg = f"{path.name} is not an ordinary file"
            raise OSError(msg)
        start = max(0, status.st_size - MOST_BYTES)
        stream.seek(start)
        raw = stream.read(MOST_BYTES)
    if start:
        raw = raw.partition(b"\n")[2]
    return raw.decode("utf-8", "replace").replace("\r", "\n"), start == 0


def _row(number: int, line: str, before: float) -> LogRow:
    """Return a line of a log; one that is not of the engine's form belongs to the one before."""
    match = _LINE.fullmatch(line)
    if match is None:
        return LogRow(number, before, "info", line)
    try:
        moment = dt.datetime.strptime(match[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=dt.UTC).timestamp()
    except ValueError:
        moment = before
    return LogRow(number, moment, _LEVELS.get(match[2], "info"), f"{match[4]}: {match[5]}")
