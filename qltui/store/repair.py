"""A damaged record made anew: from every row of it that can still be read, and from the newest whole copy."""

from __future__ import annotations

import contextlib
import importlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from qltui.instruments.base import get_instrument
from qltui.model import Trigger
from qltui.store.errors import translated
from qltui.store.keeping import backups, condition_of
from qltui.store.record import Store

__all__ = ["Repaired", "is_empty", "repair", "set_aside"]

_CHUNK: Final = 20_000
"""Rows that are asked for at once."""
_DERIVED: Final = frozenset({"night_sum", "field_sum", "target_sum"})
"""Sums, which are made anew from what they sum up."""
_OURS: Final = frozenset({"schema_migration", "heartbeat", "sqlite_sequence"})
"""Tables that a new record fills by itself."""
_BEYOND: Final = 1_000_000
"""How far behind the newest number of the copy rows are looked for where the last one cannot be read."""
_WHO: Final = "repair"


@dataclass(slots=True)
class Repaired:
    """What a repair has saved.

    Attributes
    ----------
    aside : Path or None
        Where the damaged record is now.
    copy : Path or None
        The copy that was used besides.
    saved, copied : dict of str to int
        Rows by table: read from the damaged record, and taken from the copy.
    dropped : int
        Rows that named others which are lost.
    again : list of int
        Numbers of exposures that wait for reduction because what had come of them is lost.
    """

    aside: Path | None = None
    copy: Path | None = None
    saved: dict[str, int] = field(default_factory=dict)
    copied: dict[str, int] = field(default_factory=dict)
    dropped: int = 0
    again: list[int] = field(default_factory=list)

    @property
    def words(self) -> str:
        """In a sentence."""
        aside = f"set aside as {self.aside}" if self.aside is not None else "gone"
        source = f", {sum(self.copied.values()):,} from the copy {self.copy.name}" if self.copy is not None else ""
        again = f"; {len(self.again)} exposures are reduced again" if self.again else ""
        rows = f"{sum(self.saved.values()):,} rows were saved{source}, {self.dropped:,} without their own were left out"
        return f"the record was damaged and is made anew: it is {aside}; {rows}{again}"


def repair(
    path: Path,
    directory: Path,
    now: float | None = None,
    progress: Callable[[str, int], None] = lambda _table, _rows: None,
) -> Repaired:
    """Make a record anew, put it in the place of the damaged one, and set that aside; nothing is deleted.

    Rows are read table by table around what is damaged; what is missing then comes from the newest copy that is whole.
    What watchers find again, and exposures whose processes are lost, are reduced again. Nobody may have the record
    open for writing.

    Parameters
    ----------
    path : Path
        The record.
    directory : Path
        With its copies.
    now : float, optional
        For the name of what is set aside [s since 1970].
    progress : callable
        Told each table, and how many rows of it were saved.

    Returns
    -------
    Repaired

    Raises
    ------
    StoreError, OSError
        Where the new one cannot be written.
    """
    moment = time.time() if now is None else now
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    found = Repaired(copy=_newest_whole(directory))
    try:
        Store.open(temporary).close()
        with translated(), closing(sqlite3.connect(temporary, isolation_level=None)) as made:
            made.execute("PRAGMA foreign_keys = OFF")
            made.execute("PRAGMA synchronous = OFF")
            _fill(made, path, found, progress)
            made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            made.execute("PRAGMA journal_mode = DELETE")
        with contextlib.closing(Store.open(temporary)) as store:
            found.again = _enqueue_lost(store, moment)
        _settle_down(temporary)
        found.aside = set_aside(path, moment)
        temporary.replace(path)
    finally:
        for name in (temporary.name, f"{temporary.name}-wal", f"{temporary.name}-shm"):
            temporary.with_name(name).unlink(missing_ok=True)
    return found


def set_aside(path: Path, now: float) -> Path | None:
    """Give a record and its log another name, below ``damaged`` beside it, and return that; None where there is none.

    The record keeps its own name as well until another one takes its place: at no moment is there none, which would be
    the same as a new night.
    """
    if not path.is_file():
        return None
    place = path.parent / "damaged"
    place.mkdir(exist_ok=True, mode=0o700)
    stem = f"{path.stem}-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%S}"
    target = next(made for n in range(10_000) if not (made := place / f"{stem}{f'-{n}' if n else ''}.db").exists())
    os.link(path, target)
    for ending in ("-wal", "-shm"):
        beside = path.with_name(path.name + ending)
        if beside.is_file():
            beside.rename(target.with_name(target.name + ending))
    return target


def is_empty(path: Path) -> bool:
    """Whether there is no record at a place, or one without a table: what a thread makes that opens what is gone."""
    with _source(path) as source:
        if source is None:
            return not path.is_file() or not path.stat().st_size
        return not source.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]


def _newest_whole(directory: Path) -> Path | None:
    for made in backups(directory) if directory.is_dir() else ():
        if condition_of(made).is_whole:
            return made
    return None


def _settle_down(path: Path) -> None:
    """See to it that all of the new record is in its one file, and on the disk."""
    with translated(), closing(sqlite3.connect(path, isolation_level=None)) as made:
        made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        made.execute("PRAGMA journal_mode = DELETE")
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _fill(made: sqlite3.Connection, path: Path, found: Repaired, progress: Callable[[str, int], None]) -> None:
    triggers = [row[0] for row in made.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")]
    for (name,) in made.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        made.execute(f"DROP TRIGGER {_quoted(name)}")
    tables = [str(name) for (name,) in made.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
    chosen = [name for name in tables if name not in _DERIVED | _OURS]
    for table in chosen:
        if table == "counter":
            made.execute("DELETE FROM counter")
        found.saved[table] = _take(made, path, table, _last_of(found.copy, table) + _BEYOND)
        found.copied[table] = _take(made, found.copy, table, 0) if found.copy is not None else 0
        progress(table, found.saved[table] + found.copied[table])
    made.execute("INSERT OR IGNORE INTO counter (name, value) VALUES ('version', 1)")
    # Viewers that still have the old one open see that this is another.
    made.execute("UPDATE counter SET value = value + 1000 WHERE name = 'version'")
    found.dropped = _drop_orphans(made, chosen)
    _derive(made)
    for words in triggers:
        made.execute(words)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextlib.contextmanager
def _source(path: Path | None) -> Iterator[sqlite3.Connection | None]:
    """Open what is to be read; None where it is no database at all any more."""
    if path is None or not path.is_file():
        yield None
        return
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)) as made:
        try:
            made.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.DatabaseError:
            yield None
            return
        # Text that is none is kept as it is, where it can be.
        made.text_factory = lambda raw: raw.decode("utf-8", "replace")
        yield made


def _last_of(copy: Path | None, table: str) -> int:
    with _source(copy) as source:
        if source is None:
            return 0
        try:
            return int(source.execute(f"SELECT max(rowid) FROM {_quoted(table)}").fetchone()[0] or 0)  # noqa: S608 - ours
        except sqlite3.DatabaseError:
            return 0


def _take(made: sqlite3.Connection, path: Path | None, table: str, beyond: int) -> int:
    """Copy what can be read of a table and is not there yet; returns how many rows that were."""
    with _source(path) as source:
        if source is None:
            return 0
        columns = [name for name in _columns(made, table) if name in _columns(source, table)]
        if not columns:
            return 0
        names = ", ".join(map(_quoted, columns))
        marks = ", ".join("?" * len(columns))
        insert = f"INSERT OR IGNORE INTO {_quoted(table)} ({names}) VALUES ({marks})"  # noqa: S608 - names of our own
        before = made.execute("SELECT total_changes()").fetchone()[0]
        made.execute("BEGIN")
        for rows in _readable(source, table, names, _key(made, table), beyond):
            for row in rows:
                # A row of which a part is damaged may break a rule: it is left out alone.
                with contextlib.suppress(sqlite3.IntegrityError):
                    made.execute(insert, row)
        made.execute("COMMIT")
        return int(made.execute("SELECT total_changes()").fetchone()[0] - before)


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    try:
        return [str(row[1]) for row in connection.execute(f"PRAGMA table_info({_quoted(table)})")]
    except sqlite3.DatabaseError:
        return []


def _key(made: sqlite3.Connection, table: str) -> list[str]:
    """Return the columns of the key of a table without row numbers; empty for one with them."""
    words = made.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    if "WITHOUT ROWID" not in str(words).upper():
        return []
    rows = made.execute(f"PRAGMA table_info({_quoted(table)})").fetchall()
    return [str(row[1]) for row in sorted(rows, key=lambda row: row[5]) if row[5]]


def _readable(
    source: sqlite3.Connection, table: str, names: str, key: Sequence[str], beyond: int
) -> Iterator[list[Any]]:
    if key:
        yield from _from_both_ends(source, table, names, key)
        return
    try:
        last = source.execute(f"SELECT max(rowid) FROM {_quoted(table)}").fetchone()[0] or 0  # noqa: S608 - ours
    except sqlite3.DatabaseError:
        last = beyond
    spans = [(start, min(start + _CHUNK, last + 1)) for start in range(0, last + 1, _CHUNK)][::-1]
    query = f"SELECT {names} FROM {_quoted(table)} WHERE rowid >= ? AND rowid < ?"  # noqa: S608 - names of our own
    while spans:
        low, high = spans.pop()
        try:
            yield source.execute(query, (low, high)).fetchall()
        except sqlite3.DatabaseError:
            if high - low > 1:
                middle = (low + high) // 2
                spans += [(middle, high), (low, middle)]


def _from_both_ends(source: sqlite3.Connection, table: str, names: str, key: Sequence[str]) -> Iterator[list[Any]]:
    """Yield rows from the first one up to what is damaged, and from the last one down to it."""
    for direction in ("ASC", "DESC"):
        order = ", ".join(f"{_quoted(name)} {direction}" for name in key)
        try:
            cursor = source.execute(f"SELECT {names} FROM {_quoted(table)} ORDER BY {order}")  # noqa: S608 - ours
        except sqlite3.DatabaseError:
            continue
        rows: list[Any] = []
        try:
            for row in cursor:
                rows.append(row)
                if len(rows) >= _CHUNK:
                    yield rows
                    rows = []
        except sqlite3.DatabaseError:
            yield rows
            continue
        yield rows
        return


def _drop_orphans(made: sqlite3.Connection, tables: Sequence[str]) -> int:
    """Remove rows that name others which are lost, and those that name these; returns how many."""
    dropped = 0
    while True:
        before = dropped
        for table in tables:
            for _, _, parent, own, theirs, *_ in made.execute(f"PRAGMA foreign_key_list({_quoted(table)})").fetchall():
                same = f"p.{_quoted(theirs or 'id')} = t.{_quoted(own)}"
                known = f"SELECT 1 FROM {_quoted(parent)} AS p WHERE {same}"  # noqa: S608 - names of our own
                where = f"t.{_quoted(own)} IS NOT NULL AND NOT EXISTS ({known})"
                dropped += made.execute(f"DELETE FROM {_quoted(table)} AS t WHERE {where}").rowcount  # noqa: S608 - ours
        if dropped == before:
            return dropped


def _derive(made: sqlite3.Connection) -> None:
    """Make short rows and sums anew from exposures, processes and flags."""
    survey = importlib.import_module("qltui.store.migrations.0003_survey")
    finished = importlib.import_module("qltui.store.migrations.0005_finished_verdicts")
    for statement in survey.refill(finished.FINISHED):
        made.execute(statement)


def _enqueue_lost(store: Store, now: float) -> list[int]:
    """Put exposures without any process in the queue; returns their numbers."""
    rows = store.ask(
        lambda database: database.sql(
            """SELECT exposure.id, exposure.expid, instrument.name FROM exposure
               JOIN instrument ON instrument.id = exposure.instrument_id
               WHERE NOT EXISTS (SELECT 1 FROM process WHERE process.exposure_id = exposure.id)
                 AND NOT EXISTS (SELECT 1 FROM held WHERE held.exposure_id = exposure.id)
               ORDER BY exposure.id"""
        )
    )
    for number, _, name in rows:
        store.enqueue(int(number), Trigger.BACKLOG, _WHO, get_instrument(str(name)).tasks, now=now)
    return [int(expid) for _, expid, _ in rows]
