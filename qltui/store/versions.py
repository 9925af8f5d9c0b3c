"""What was decided, and dated versions of settings and limits: saved with author and reason, selected, reset.

A version is never changed and never deleted: what a process was judged by can always be read again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Final

from qltui.store.codec import digest_of, text_value
from qltui.store.database import Database

__all__ = [
    "KINDS",
    "MODES",
    "SavedVersion",
    "decide",
    "decision",
    "decisions",
    "mode",
    "reset",
    "save_version",
    "select_version",
    "selected",
    "set_default",
    "version",
    "versions",
]

KINDS: Final = ("settings", "limits")
MODES: Final = ("automatic", "manual")

_SELECT: Final = "SELECT id, kind, name, version, content, author, reason, created FROM saved_version"


@dataclass(frozen=True, slots=True)
class SavedVersion:
    """One dated version.

    Attributes
    ----------
    number : int
        Of the row in the record.
    kind : str
        ``"settings"`` or ``"limits"``.
    name, version : str, int
        Name, and number within it, from 1.
    content : str
        TOML.
    created : float
        [s since 1970].
    selected, default : bool
        Whether it is in force; whether it is taken by a reset.
    """

    number: int
    kind: str
    name: str
    version: int
    content: str
    author: str
    reason: str
    created: float
    selected: bool = False
    default: bool = False

    @property
    def words(self) -> str:
        """How it is called, ``"winter v3"``."""
        return f"{self.name} v{self.version}"

    @property
    def origin(self) -> str:
        """Where a value comes from, in words: ``"record: winter v3, Ann 2026-11-23"``."""
        return f"record: {self.words}, {self.author} {time.strftime('%Y-%m-%d', time.gmtime(self.created))}"


# -- decisions -----------------------------------------------------------------------------------------------------


def decision(database: Database, name: str, default: str = "") -> str:
    """Return what was decided of `name`, or `default` where nobody has."""
    rows = database.sql("SELECT value FROM decision WHERE name = ?", (name,))
    return str(rows[0][0]) if rows else default


def decisions(database: Database) -> dict[str, str]:
    """Return all that was decided, by name."""
    return {str(name): str(value) for name, value in database.sql("SELECT name, value FROM decision")}


def decide(database: Database, name: str, value: str, who: str, now: float | None = None) -> None:
    """Let something hold until somebody decides otherwise."""
    when = time.time() if now is None else now
    with database.transaction():
        database.write_sql(
            "INSERT OR REPLACE INTO decision (name, value, who, time) VALUES (?, ?, ?, ?)",
            (name, text_value(value), text_value(who), when),
        )


def mode(database: Database) -> str:
    """Return ``"automatic"`` or ``"manual"``."""
    return decision(database, "mode", MODES[0])


# -- versions ------------------------------------------------------------------------------------------------------


def versions(database: Database, kind: str = "") -> list[SavedVersion]:
    """Return all versions, of one kind if given, oldest first."""
    condition, parameters = (" WHERE kind = ?", (kind,)) if kind else ("", ())
    marks = decisions(database)
    rows = database.sql(f"{_SELECT}{condition} ORDER BY id", parameters)
    return [_marked(SavedVersion(*row), marks) for row in rows]


def version(database: Database, number: int) -> SavedVersion | None:
    """Return one version by its number in the record, or None."""
    rows = database.sql(f"{_SELECT} WHERE id = ?", (number,))
    return _marked(SavedVersion(*rows[0]), decisions(database)) if rows else None


def selected(database: Database, kind: str) -> SavedVersion | None:
    """Return the version of a kind that is in force; None where the files alone hold."""
    number = decision(database, f"selected {kind}")
    return version(database, int(number)) if number.isdecimal() else None


def _marked(item: SavedVersion, marks: dict[str, str]) -> SavedVersion:
    number = str(item.number)
    return replace(
        item,
        selected=marks.get(f"selected {item.kind}") == number,
        default=marks.get(f"default {item.kind}") == number,
    )


def save_version(
    database: Database, kind: str, name: str, content: str, author: str, reason: str, now: float | None = None
) -> SavedVersion:
    """Keep a new version under a name and return it; it is not in force yet.

    Raises
    ------
    ValueError
        Where kind, name or reason are missing.
    """
    if kind not in KINDS or not name.strip() or not reason.strip():
        msg = f"a version needs a kind ({' or '.join(KINDS)}), a name and a reason"
        raise ValueError(msg)
    when = time.time() if now is None else now
    name, content = text_value(name.strip()), text_value(content)
    with database.transaction():
        last = database.sql("SELECT max(version) FROM saved_version WHERE kind = ? AND name = ?", (kind, name))
        number = database.insert_sql(
            """INSERT INTO saved_version (kind, name, version, content, digest, author, reason, created)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                *(kind, name, (last[0][0] or 0) + 1, content, digest_of(content)),
                *(text_value(author), text_value(reason.strip()), when),
            ),
        )
        return _found(database, kind, number)


def _found(database: Database, kind: str, number: int) -> SavedVersion:
    item = version(database, number)
    if item is None or item.kind != kind:
        msg = f"no version of {kind} has number {number}"
        raise KeyError(msg)
    return item


def select_version(database: Database, kind: str, number: int, who: str, now: float | None = None) -> SavedVersion:
    """Put a version in force and return it; KeyError where there is none of that kind and number."""
    with database.transaction():
        _found(database, kind, number)
        decide(database, f"selected {kind}", str(number), who, now)
        return _found(database, kind, number)


def set_default(database: Database, kind: str, number: int, who: str, now: float | None = None) -> SavedVersion:
    """Let a reset go back to a version, and return it; KeyError where there is none of that kind and number."""
    with database.transaction():
        _found(database, kind, number)
        decide(database, f"default {kind}", str(number), who, now)
        return _found(database, kind, number)


def reset(database: Database, kind: str, who: str, now: float | None = None) -> SavedVersion | None:
    """Go back to the default version, which is returned; None where there is none and the files alone hold again."""
    if kind not in KINDS:
        msg = f"{kind!r} is neither {' nor '.join(KINDS)}"
        raise ValueError(msg)
    with database.transaction():
        decide(database, f"selected {kind}", decision(database, f"default {kind}"), who, now)
        return selected(database, kind)
