"""What the record of an engine says, read from outside by a connection that can only read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["FINAL", "ExposureSeen", "Record", "RecordWatch"]

FINAL = frozenset({"done", "failed", "cancelled", "superseded"})
_EXPOSURES = """
    SELECT exposure.id, exposure.expid, night.night, exposure.path, exposure.revision, exposure.size, exposure.mtime_ns,
           (SELECT count(*) FROM held WHERE held.exposure_id = exposure.id), exposure.problems
    FROM exposure JOIN night ON night.id = exposure.night_id"""
_PROCESSES = """SELECT exposure_id, id, revision, "trigger", state, status, headline, reason, culprits FROM process
                ORDER BY id"""


@dataclass(frozen=True)
class ProcessSeen:
    """One run over an exposure."""

    number: int
    revision: int
    trigger: str
    state: str
    status: str
    headline: str
    reason: str
    culprits: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ExposureSeen:
    """One exposure, with its runs in their order."""

    expid: int
    night: int
    path: str
    revision: int
    size: int
    mtime_ns: int
    held: bool
    problems: tuple[str, ...]
    processes: tuple[ProcessSeen, ...] = ()

    @property
    def newest(self) -> ProcessSeen | None:
        """The run that counts."""
        return self.processes[-1] if self.processes else None


@dataclass(frozen=True)
class Record:
    """All of it that a campaign asks for.

    Attributes
    ----------
    exposures : tuple of ExposureSeen
    incomplete : mapping
        Reason by path.
    beats : mapping
        Time of the last sign of life by name.
    log : tuple of str
        Lines, oldest first.
    """

    exposures: tuple[ExposureSeen, ...] = ()
    incomplete: dict[str, str] = field(default_factory=dict)
    beats: dict[str, float] = field(default_factory=dict)
    engine: dict[str, Any] = field(default_factory=dict)
    log: tuple[str, ...] = ()

    @property
    def busy(self) -> list[str]:
        """What waits or runs, in words."""
        return [
            f"{seen.expid} {process.state}"
            for seen in self.exposures
            for process in seen.processes
            if process.state not in FINAL
        ]

    def of(self, expid: int, night: int | None = None) -> list[ExposureSeen]:
        """Return the exposures of a number."""
        return [seen for seen in self.exposures if seen.expid == expid and night in (None, seen.night)]


class RecordWatch:
    """A record that is looked at again and again, and read again only when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._seen: tuple[int, int] = (0, -1)
        self.record = Record()

    def look(self) -> Record:
        """Return the record as it is now; empty where there is none, as it was where it cannot be read."""
        try:
            number = self._path.stat().st_ino
        except OSError:
            self.close()
            return self.record
        try:
            if self._connection is None or number != self._seen[0]:
                self.close()
                self._connection = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=1.0)
                # Names of files need not be UTF-8.
                self._connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
            version = self._connection.execute("PRAGMA data_version").fetchone()[0]
            if (number, version) != self._seen:
                self.record = _read(self._connection)
                self._seen = (number, version)
        except sqlite3.Error:
            self.close()
        return self.record

    def ask(self, question: Callable[[sqlite3.Connection], Any]) -> Any:
        """Return what something of the tester's own reads of the record."""
        self.look()
        assert self._connection is not None, f"{self._path} cannot be read"
        return question(self._connection)

    def close(self) -> None:
        """Let go of it."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._seen = None, (0, -1)


def _read(connection: sqlite3.Connection) -> Record:
    connection.execute("BEGIN")
    try:
        processes: dict[int, list[ProcessSeen]] = {}
        for exposure, *values, culprits in connection.execute(_PROCESSES):
            pairs = tuple((status, words) for status, words in json.loads(culprits))
            processes.setdefault(exposure, []).append(ProcessSeen(*values, pairs))
        exposures = tuple(
            ExposureSeen(
                expid,
                night,
                _path(path),
                revision,
                size,
                mtime_ns,
                bool(held),
                tuple(json.loads(problems)),
                tuple(processes.get(number, ())),
            )
            for number, expid, night, path, revision, size, mtime_ns, held, problems in connection.execute(_EXPOSURES)
        )
        incomplete = {_path(path): why for path, why in connection.execute("SELECT path, reason FROM incomplete_file")}
        beats = dict(connection.execute("SELECT name, time FROM heartbeat"))
        rows = connection.execute("SELECT detail FROM heartbeat WHERE name = 'engine'").fetchall()
        engine = json.loads(rows[0][0]) if rows and rows[0][0].startswith("{") else {}
        log = tuple(text for (text,) in connection.execute("SELECT text FROM event_log ORDER BY id"))
    finally:
        connection.execute("COMMIT")
    return Record(exposures, incomplete, beats, engine, log)


def _path(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")
