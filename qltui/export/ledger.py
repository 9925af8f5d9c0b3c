"""The product log of one directory: every file with its size, its checksum and what made it.

While an export goes on, each finished file is a line of a journal, so that nothing is lost when it is interrupted; at
its end the journal becomes ``ProductLog.json`` and ``ProductLog.ecsv``.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from qltui.documents import parse_json
from qltui.export.errors import ExportError
from qltui.export.verified import replace_text
from qltui.tables.table import Column, Row, Table
from qltui.tables.writers import to_ecsv

__all__ = ["LOG_NAMES", "Entry", "Ledger", "ledger_of", "read_log"]

LOG_NAMES: Final = ("ProductLog.json", "ProductLog.ecsv")
_JOURNAL: Final = ".export-journal"
_LOCK: Final = ".export-lock"
_FORMAT: Final = 1
_LARGEST: Final = 2**28
"""Bytes of a product log that is read [bytes]: one of a whole night of sixty cameras has a few millions."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One exported file.

    Attributes
    ----------
    path : str
        Below the directory of the log, with slashes.
    size : int
        [bytes]
    sha256 : str
        Of the file as it lies there.
    group, kind, title : str
        What it is.
    camera : str
        Empty for what is of all cameras.
    step : str
        Whose result it holds; empty for what the record itself has.
    expid, process : int
        Of which run over which exposure; 0 for what is of a whole night.
    code_version, configuration, limit_set : str
        With what it was reduced: version of the program, and names with the beginning of their checksums.
    source : str
        Where it was copied from, or ``"made"``.
    source_sha256 : str
        Of what it was copied or made from; empty where nothing is known of it.
    """

    path: str
    size: int
    sha256: str
    group: str
    kind: str
    title: str
    camera: str = ""
    step: str = ""
    expid: int = 0
    process: int = 0
    code_version: str = ""
    configuration: str = ""
    limit_set: str = ""
    source: str = ""
    source_sha256: str = ""


_COLUMNS: Final = {
    "path": ("below this directory", ""),
    "size": ("of the file", "byte"),
    "sha256": ("SHA-256 of the file", ""),
    "group": ("what was asked for", ""),
    "kind": ("kind of the product", ""),
    "title": ("what it is", ""),
    "camera": ("of which camera; empty for all together", ""),
    "step": ("step whose result it holds", ""),
    "expid": ("exposure; 0 for a whole night", ""),
    "process": ("number of the run in the record; 0 for a whole night", ""),
    "code_version": ("version of the program that reduced it", ""),
    "configuration": ("configuration it was reduced with", ""),
    "limit_set": ("limits it was judged by", ""),
    "source": ("where it was copied from, or made", ""),
    "source_sha256": ("SHA-256 of what it was copied or made from", ""),
}


class Ledger:
    """The product log of one directory while files are added; see `ledger_of`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.entries: dict[str, Entry] = {entry.path: entry for entry in read_log(directory)}
        self.entries |= {entry.path: entry for entry in _journal(directory)}

    def add(self, entry: Entry) -> None:
        """Note a file that lies there whole; when this returns, the note is on the disk."""
        self.entries[entry.path] = entry
        with (self.directory / _JOURNAL).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(entry)) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def close(self, about: Mapping[str, object]) -> None:
        """Write the log in both forms, with some words about all of it, and drop the journal."""
        entries = [self.entries[path] for path in sorted(self.entries)]
        document = {
            "format": _FORMAT,
            **about,
            "columns": {name: {"description": doc, "unit": unit} for name, (doc, unit) in _COLUMNS.items()},
            "products": [asdict(entry) for entry in entries],
        }
        columns = tuple(Column(name, name, unit=unit, doc=doc) for name, (doc, unit) in _COLUMNS.items())
        rows = tuple(Row(entry.path, tuple(asdict(entry).values())) for entry in entries)
        replace_text(self.directory / LOG_NAMES[1], to_ecsv(Table("productlog", "product log", columns, rows)))
        # The last of all: whoever finds it finds all that it names.
        replace_text(self.directory / LOG_NAMES[0], json.dumps(document, indent=1) + "\n")
        (self.directory / _JOURNAL).unlink(missing_ok=True)


@contextmanager
def ledger_of(directory: Path) -> Iterator[Ledger]:
    """Open the product log of a directory, which is made; nobody else may export to it meanwhile.

    Raises
    ------
    ExportError
        Where somebody does, or the log that is there cannot be read.
    OSError
        Where it cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            msg = f"another export writes to {directory}; wait for it"
            raise ExportError(msg) from error
        for rest in directory.glob(".*.part"):
            # What an interrupted export had begun.
            if rest.is_dir() and not rest.is_symlink():
                shutil.rmtree(rest)
            else:
                rest.unlink(missing_ok=True)
        try:
            yield Ledger(directory)
        finally:
            (directory / _LOCK).unlink(missing_ok=True)


def read_log(directory: Path) -> list[Entry]:
    """Return what the product log of a directory names; nothing where there is none.

    Raises
    ------
    ExportError
        Where it is no product log.
    """
    path = directory / LOG_NAMES[0]
    try:
        if path.stat().st_size > _LARGEST:
            msg = f"{path} is too large for a product log"
            raise ExportError(msg)
        document = parse_json(path.read_text(encoding="utf-8"))
        if document["format"] != _FORMAT:
            msg = f"{path} has the form {document['format']!r}, not {_FORMAT}: another version of qltui wrote it"
            raise ExportError(msg)
        return [_entry(item) for item in document["products"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        msg = f"{path} cannot be read as a product log: {error}; move it away, or export to another directory"
        raise ExportError(msg) from error


def _journal(directory: Path) -> Iterator[Entry]:
    """Yield what an interrupted export had finished; a line that was cut off is of a file that is made again."""
    try:
        lines = (directory / _JOURNAL).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            yield _entry(parse_json(line))
        except (ValueError, TypeError, KeyError):
            continue


def _entry(item: Any) -> Entry:
    """Return a checked entry: a log may have been written by anybody, and its paths are opened."""
    kinds = {part.name: int if part.type in (int, "int") else str for part in fields(Entry)}
    values = {name: item[name] for name in kinds}
    if not all(type(values[name]) is kind for name, kind in kinds.items()):
        msg = "a product with values of the wrong type"
        raise ValueError(msg)
    path = values["path"]
    parts = path.split("/")
    if not path or "\0" in path or any(part in ("", ".", "..") for part in parts):
        msg = f"{path!r} does not lie below the log"
        raise ValueError(msg)
    return Entry(**values)
