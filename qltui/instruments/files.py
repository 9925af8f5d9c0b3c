"""What every instrument's ``scan`` returns, and how it looks into directories."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Candidate", "directory_entries", "mtime_ns"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that is named like an exposure; nobody has looked inside yet.

    Attributes
    ----------
    path : str
        The raw file.
    night : int
        YYYYMMDD, of the directory it lies in.
    expid : int
        Number of the exposure, from the name of the file.
    size, mtime_ns : int
        At this moment [bytes], [ns].
    ready_hint : bool
        Whether the observatory's checksum or done file says that the file is complete.
    """

    path: str
    night: int
    expid: int
    size: int
    mtime_ns: int
    ready_hint: bool = False


def directory_entries(directory: Path) -> Iterator[os.DirEntry[str]]:
    """Yield what is in a directory; one that is gone or closed to us has nothing, and the log says so."""
    try:
        with os.scandir(directory) as found:
            yield from sorted(found, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        _log.warning("cannot look into %s: %s", directory, error.strerror)


def mtime_ns(path: Path) -> int:
    """Return when a file was last written; 0 where it is gone."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
