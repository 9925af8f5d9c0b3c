"""Keeping the record: is it whole, and copies of it while an engine writes."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from qltui.store.database import HISTORY, MIGRATIONS
from qltui.store.errors import StoreError, translated

__all__ = ["Condition", "backup", "backups", "check_readable", "condition_of"]

_STEM: Final = "qltui-"
_MOST_FAULTS: Final = 100


@dataclass(frozen=True, slots=True)
class Condition:
    """How a record is.

    Attributes
    ----------
    size : int
        Of the file and of the log beside it [bytes].
    free : int
        Of it, pages that hold nothing [bytes].
    versions, missing, newer : tuple of str
        Migrations that were applied, that this program would apply, and that it does not know.
    faults : tuple of str
        What SQLite finds wrong, in its words; empty where nothing is.
    exposures, processes : int
        How many there are; 0 where they cannot be counted.
    """

    size: int
    free: int
    versions: tuple[str, ...]
    missing: tuple[str, ...]
    newer: tuple[str, ...]
    faults: tuple[str, ...]
    exposures: int = 0
    processes: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong with what is there."""
        return not self.faults


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a record for reading alone, however broken it is."""
    with translated(), closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10.0)) as made:
        yield made


def condition_of(path: Path, *, thorough: bool = False) -> Condition:
    """Return how a record is; nothing is changed.

    Parameters
    ----------
    path : Path
        The file.
    thorough : bool
        Compare every index with its table as well, which takes minutes for a season.

    Raises
    ------
    StoreError
        Where it cannot be opened at all.
    """
    known = {file.stem for file in MIGRATIONS.glob("[0-9]*.py")}
    with _opened(path) as connection:
        try:
            free = connection.execute("PRAGMA freelist_count").fetchone()[0]
            free *= connection.execute("PRAGMA page_size").fetchone()[0]
            applied = {str(name) for (name,) in connection.execute(f"SELECT name FROM {HISTORY}")}  # noqa: S608 - ours
            faults = _faults(connection, thorough=thorough)
            exposures = connection.execute("SELECT count(*) FROM exposure").fetchone()[0]
            processes = connection.execute("SELECT count(*) FROM process").fetchone()[0]
        except sqlite3.DatabaseError as error:
            return Condition(_size(path), 0, (), (), (), (str(error),))
    return Condition(
        _size(path), free, tuple(sorted(applied)), tuple(sorted(known - applied)), tuple(sorted(applied - known)),
        faults, exposures, processes,
    )  # fmt: skip


def check_readable(path: Path) -> None:
    """Read the engine's last beat as somebody would who opens the record now.

    A connection that is open already has much of it in its memory, and does not see that the file has become noise.

    Raises
    ------
    StoreError
        Where it cannot be read.
    """
    with _opened(path) as connection:
        connection.execute("SELECT time FROM heartbeat WHERE name = 'engine'").fetchone()


def _faults(connection: sqlite3.Connection, *, thorough: bool) -> tuple[str, ...]:
    check = "integrity_check" if thorough else "quick_check"
    found = [str(words) for (words,) in connection.execute(f"PRAGMA {check}({_MOST_FAULTS})") if words != "ok"]
    orphans = connection.execute("PRAGMA foreign_key_check").fetchmany(_MOST_FAULTS)
    return (
        *found,
        *(f"{table}: row {row} names a row of {parent} that is not there" for table, row, parent, _ in orphans),
    )


def _size(path: Path) -> int:
    total = 0
    for name in (path.name, f"{path.name}-wal"):
        with contextlib.suppress(OSError):
            total += path.with_name(name).stat().st_size
    return total


def backups(directory: Path) -> list[Path]:
    """Return the copies in a directory, the newest first."""
    return sorted(directory.glob(f"{_STEM}*.db"), reverse=True)


def backup(path: Path, directory: Path, keep: int, now: datetime | None = None) -> Path:
    """Copy a record as it is at one moment, while others read and write it; the oldest copies beyond `keep` go.

    The copy is packed, checked, and has its name only when it is whole. Nothing is removed before that.

    Parameters
    ----------
    path : Path
        The record.
    directory : Path
        Where copies are kept; made if it is not there.
    keep : int
        How many, this one included; from 1.

    Raises
    ------
    StoreError
        Where the record cannot be read, or the copy is not whole.
    OSError
        Where it cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    moment = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%S")
    target = directory / f"{_STEM}{moment}.db"
    temporary = directory / f".{target.name}.{os.getpid()}.part"
    try:
        with _opened(path) as connection:
            # One reading transaction: a copy page by page would begin again with everything that is written meanwhile.
            connection.execute("VACUUM INTO ?", (str(temporary),))
        temporary.chmod(0o600)
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        found = condition_of(temporary)
        if not found.is_whole:
            raise StoreError(f"the copy of {path} is not whole: {found.faults[0]}; run `qltui db check`")
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    for old in backups(directory)[max(1, keep) :]:
        old.unlink(missing_ok=True)
    return target
