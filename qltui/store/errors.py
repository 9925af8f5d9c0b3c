"""Errors of the record, each with a cause and what to do; nobody outside needs to know peewee or SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import peewee

__all__ = [
    "NewerRecordError",
    "NoRecordError",
    "OlderRecordError",
    "RecordBusyError",
    "RecordDamagedError",
    "RecordFullError",
    "RecordReadOnlyError",
    "StoreError",
    "translated",
]


class StoreError(Exception):
    """The record could not be read or written."""


class NoRecordError(StoreError):
    """There is no record at this place yet."""


class NewerRecordError(StoreError):
    """The record was written by a newer version of qltui."""


class OlderRecordError(StoreError):
    """The record was written by an older version and a viewer must not change it."""


class RecordBusyError(StoreError):
    """Another program has kept the record locked for longer than the time-out."""


class RecordReadOnlyError(StoreError):
    """Neither this user nor this connection may write the record."""


class RecordDamagedError(StoreError):
    """The file is not a database, or a damaged one."""


class RecordFullError(StoreError):
    """The disk is full or fails."""


_CAUSES: tuple[tuple[tuple[str, ...], type[StoreError], str], ...] = (
    (("locked", "busy"), RecordBusyError, "another program keeps the record locked; find it with `fuser`"),
    (
        ("readonly", "read-only"),
        RecordReadOnlyError,
        "the record may only be read here; check who owns the state directory",
    ),
    (("malformed", "not a database"), RecordDamagedError, "the record is damaged; `qltui db repair` makes it anew"),
    (("disk is full", "disk i/o"), RecordFullError, "the disk of the state directory is full or fails; make room"),
    (("unable to open",), NoRecordError, "the record cannot be opened; check that its directory exists and is yours"),
)


def _cause_of(error: BaseException) -> BaseException:
    """Return what went wrong first where an error says only that there is nothing to undo.

    Where the disk is full SQLite undoes a transaction by itself, and peewee fails in doing that again.
    """
    cause = error
    while any(words in str(cause) for words in _NOTHING_TO_UNDO) and cause.__context__ is not None:
        cause = cause.__context__
    return cause


_NOTHING_TO_UNDO: tuple[str, ...] = ("no transaction is active", "no such savepoint")


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of peewee and SQLite into `StoreError` with a cause and an action.

    Raises
    ------
    StoreError
        The subclass that fits what SQLite said.
    """
    try:
        yield
    except (peewee.PeeweeException, sqlite3.Error) as error:
        cause = _cause_of(error)
        if isinstance(cause, StoreError):
            raise cause from error
        said = str(cause)
        for words, kind, advice in _CAUSES:
            if any(word in said.lower() for word in words):
                raise kind(f"{advice} (SQLite: {said})") from error
        raise StoreError(f"the record refused: {said}") from error
