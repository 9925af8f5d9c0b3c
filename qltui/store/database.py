"""One SQLite file behind peewee: how it is opened, read, written and brought up to date.

A connection belongs to the thread that uses it (peewee keeps one for each); `Database.close` closes them all. Every
batch of writes is one ``BEGIN IMMEDIATE`` transaction: with deferred ones SQLite answers "locked" at once when two
processes read and then write, whatever the time-out.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import peewee

from qltui.store.errors import NewerRecordError, NoRecordError, OlderRecordError, RecordReadOnlyError, translated
from qltui.store.filesystem import network_filesystem

__all__ = ["Database", "Row"]

Row = tuple[Any, ...]

MIGRATIONS: Final = Path(__file__).parent / "migrations"
HISTORY: Final = "schema_migration"
WAL_BYTES: Final = 16_000_000
"""The write-ahead log is cut back to this [bytes] when nobody reads an older state any more: a viewer that stands
still in the middle of a question lets it grow without an end, and SQLite by itself never makes it smaller."""
_CHUNK: Final = 80
"""Rows of one INSERT: older SQLite allows 999 parameters."""


class _Connections(peewee.SqliteDatabase):
    """A `SqliteDatabase` that can close the connections of all its threads."""

    def __init__(self, database: str, **options: Any) -> None:
        self._opened: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        # Only `close_all` crosses threads, and only when nobody works any more.
        super().__init__(database, check_same_thread=False, **options)

    def _connect(self) -> sqlite3.Connection:
        connection: sqlite3.Connection = super()._connect()  # type: ignore[misc]
        with self._guard:
            self._opened.append(connection)
        return connection

    def _close(self, conn: sqlite3.Connection) -> None:
        # Under the guard, so that nobody interrupts a connection that is just being closed.
        with self._guard:
            if conn in self._opened:
                self._opened.remove(conn)
            super()._close(conn)  # type: ignore[misc]

    def interrupt_all(self) -> None:
        """Let statements that run in any thread end with an error; SQLite allows that from another thread."""
        with self._guard:
            for connection in self._opened:
                connection.interrupt()

    def close_all(self) -> None:
        """Close this thread's connection and what other threads have left open."""
        if not self.is_closed():
            self.close()
        with self._guard:
            for connection in self._opened:
                connection.close()
            self._opened.clear()


class Database:
    """The record's file; see the module.

    Parameters
    ----------
    path : Path
        The SQLite file.
    read_only : bool
        Open without the right to write, and never migrate.
    timeout : float
        How long to wait for a lock [s].
    may_migrate : bool
        Whether a missing or older record is made or brought up to date; the engine's right alone.

    Attributes
    ----------
    warnings : tuple of str
        What is odd about the place of the record, in words.
    cache : dict
        Numbers of rows that never change; forgotten when a transaction is rolled back, those of a process when it ends.

    Raises
    ------
    NoRecordError, OlderRecordError, NewerRecordError, StoreError
        Where it cannot be opened; the message says what to do.
    """

    def __init__(self, path: Path, *, read_only: bool = False, timeout: float = 10.0, may_migrate: bool = True) -> None:
        self.path = Path(path)
        self._may_migrate = may_migrate and not read_only
        self.read_only = read_only
        self.cache: dict[Any, Any] = {}
        if not self._may_migrate and not self.path.is_file():
            raise NoRecordError(f"no record at {self.path} yet; start the engine with `qltui run`")
        network = network_filesystem(self.path)
        self.warnings: tuple[str, ...] = ()
        if network:
            text = (
                f"{self.path.parent} is on a network file system ({network}), slow and safe with one engine only: "
                "put the state directory on a local disk"
            )
            self.warnings += (text,)
        # peewee's stubs leave most of a database untyped.
        self._peewee: Any = _Connections(
            self.path.resolve().as_uri() + ("?mode=ro" if read_only else "?mode=rwc"),
            uri=True,
            timeout=timeout,
            pragmas=self._pragmas(read_only=read_only, network=bool(network)),
        )
        try:
            with translated():
                self._peewee.connect()
            self._check_version()
            if not read_only:
                self._check_journal(network)
        except BaseException:
            self._peewee.close_all()
            raise

    @staticmethod
    def _pragmas(*, read_only: bool, network: bool) -> dict[str, Any]:
        pragmas: dict[str, Any] = {"foreign_keys": 1, "cache_size": -16000, "temp_store": "memory"}
        if not read_only:
            # WAL needs shared memory, which a network file system does not give.
            pragmas["journal_mode"] = "truncate" if network else "wal"
            pragmas["synchronous"] = "full" if network else "normal"
            pragmas["journal_size_limit"] = WAL_BYTES
        return pragmas

    def _check_journal(self, network: str) -> None:
        mode = str(self.sql("PRAGMA journal_mode")[0][0]).lower()
        if not network and mode != "wal":
            self.warnings += (f"the file system of {self.path.parent} allows no write-ahead log (mode {mode})",)

    # -- schema ------------------------------------------------------------------------------------------------

    def _check_version(self) -> None:
        """Compare what was applied with what this code knows; migrate where writing is allowed."""
        known = {file.stem for file in MIGRATIONS.glob("[0-9]*.py")}
        with translated():
            tables = set(self._peewee.get_tables())
        applied: set[str] = set()
        if HISTORY in tables:
            applied = {name for (name,) in self.sql(f"SELECT name FROM {HISTORY}")}  # noqa: S608 -- ours
        elif tables:
            raise NewerRecordError(f"{self.path} is a database, but not a record of qltui; choose another --state")
        if newer := sorted(applied - known):
            raise NewerRecordError(
                f"{self.path} was written by a newer qltui (it has {newer[-1]}); "
                "update qltui, or choose another --state"
            )
        if known - applied:
            if not self._may_migrate:
                raise OlderRecordError(
                    f"{self.path} is of an older qltui; start the engine once to bring it up to date"
                )
            self.migrate()

    def migrate(self, target: str | None = None) -> list[str]:
        """Apply what is missing, up to `target`, and return the names applied."""
        with translated():
            applied: list[str] = self._runner().up(target)
        return applied

    def revert(self, target: str | None = None) -> list[str]:
        """Take back the newest migration, or all back through `target`, and return their names."""
        with translated():
            reverted: list[str] = self._runner().down(target)
        return reverted

    def _runner(self) -> Any:
        import glob

        from playhouse.migrations import Runner  # only the engine migrates: a viewer starts faster without

        # The runner takes the directory as a pattern.
        return Runner(self._peewee, glob.escape(str(MIGRATIONS)), table_name=HISTORY)

    def drift(self, models: Iterable[type[peewee.Model]]) -> Any:
        """Return how the file differs from `models`; false where it does not."""
        from playhouse.schema_diff import diff_models

        return diff_models(self._peewee, list(models))

    # -- reading -----------------------------------------------------------------------------------------------

    def interrupt(self) -> None:
        """Stop what is being read in other threads: it ends with a `StoreError`."""
        self._peewee.interrupt_all()

    def rows(self, query: Any) -> list[Row]:
        """Run a peewee query and return all its rows as tuples."""
        with translated():
            found: list[Row] = self._peewee.execute(query).fetchall()
        return found

    def row(self, query: Any) -> Row | None:
        """Run a peewee query and return its first row, or None."""
        with translated():
            found: Row | None = self._peewee.execute(query).fetchone()
        return found

    def sql(self, text: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run one statement with its parameters and return all rows."""
        with translated():
            found: list[Row] = self._peewee.execute_sql(text, parameters).fetchall()
        return found

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Several reads of one and the same state of the record."""
        with translated():
            if self._peewee.in_transaction():
                yield
                return
            with self._peewee.atomic("DEFERRED"):
                yield

    # -- writing -----------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self, *, counted: bool = True) -> Iterator[None]:
        """One batch of writes: all of it, or nothing.

        Inside another transaction it is a part of that one. `counted` batches change `version`.

        Raises
        ------
        RecordReadOnlyError
            Where this was opened for reading.
        """
        if self.read_only:
            raise RecordReadOnlyError(f"{self.path} was opened for reading; only the engine writes it")
        outermost = not self._peewee.in_transaction()
        try:
            with translated(), self._peewee.atomic("IMMEDIATE"):
                yield
                if outermost and counted:
                    self._peewee.execute_sql("UPDATE counter SET value = value + 1 WHERE name = 'version'")
        except BaseException:
            self.cache.clear()
            raise

    def write(self, query: Any) -> int:
        """Run a peewee INSERT, UPDATE or DELETE and return how many rows it changed."""
        with translated():
            return int(self._peewee.execute(query).rowcount)

    def insert(self, query: Any) -> int:
        """Run a peewee INSERT and return the number of the new row."""
        with translated():
            return int(self._peewee.execute(query).lastrowid)

    def write_sql(self, text: str, parameters: Sequence[Any] = ()) -> int:
        """Run one INSERT, UPDATE or DELETE as text and return how many rows it changed.

        For what an engine writes all the time: peewee takes longer to word a statement than SQLite to carry it out.
        """
        with translated():
            return int(self._peewee.execute_sql(text, parameters).rowcount)

    def insert_sql(self, text: str, parameters: Sequence[Any] = ()) -> int:
        """Run one INSERT as text and return the number of the new row; see `write_sql`."""
        with translated():
            return int(self._peewee.execute_sql(text, parameters).lastrowid)

    def insert_many(self, model: type[peewee.Model], rows: Sequence[dict[str, Any]], *, replace: bool = False) -> None:
        """Insert `rows` in few statements; with `replace`, over those with the same key."""
        for start in range(0, len(rows), _CHUNK):
            query = model.insert_many(rows[start : start + _CHUNK])
            self.write(query.on_conflict_replace() if replace else query)

    def many(self, text: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each of `rows`: several times faster than building a query."""
        with translated():
            self._peewee.connection().executemany(text, rows)

    def close(self) -> None:
        """Close the connections of all threads."""
        with translated():
            self._peewee.close_all()

    def close_thread(self) -> None:
        """Close the connection of this thread alone."""
        if not self._peewee.is_closed():
            self._peewee.close()
