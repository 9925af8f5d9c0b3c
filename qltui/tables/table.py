"""A table as data: columns that say what they are, and rows of values. No screen, no file."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from qltui.model import Status

__all__ = ["Column", "Judged", "Row", "Styled", "Table", "Value", "format_value", "plain_value", "sort_key"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A value with its status: drawn in the status's colour and with its shape."""

    value: float | int | str | None
    status: Status


@dataclass(frozen=True, slots=True)
class Styled:
    """Words with the role in which a screen draws them (`qltui.tui.themes`); exports see the words alone."""

    text: str
    role: str = ""


Value: TypeAlias = str | int | float | bool | Status | Judged | Styled | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    name : str
        Key in exports, filters and kept choices, ``"exptime"``.
    title, unit : str
        Heading, and unit without brackets.
    format : str
        Format specification of numbers.
    align : str
        ``"<"`` for words, ``">"`` for numbers.
    doc : str
        A sentence.
    shown : bool
        Whether it is shown before anybody chooses.
    """

    name: str
    title: str
    unit: str = ""
    format: str = ""
    align: str = "<"
    doc: str = ""
    shown: bool = True

    @property
    def heading(self) -> str:
        """Title and unit, ``"time [s]"``."""
        return f"{self.title} [{self.unit}]" if self.unit else self.title


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a key that stays its own while rows come and go, and a value for each column."""

    key: Hashable
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows.

    Attributes
    ----------
    name : str
        By which choices of columns and order are kept, ``"night"``.
    title : str
        For people, and for the name of a file.
    note : str
        What the reader should know: what was left out, which rule was used.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse rows that do not have a value for each column."""
        for row in self.rows:
            if len(row.values) != len(self.columns):
                msg = f"{self.name}: row {row.key!r} has {len(row.values)} values for {len(self.columns)} columns"
                raise ValueError(msg)

    def index(self, name: str) -> int:
        """Return where the column called `name` stands; KeyError where there is none."""
        for index, column in enumerate(self.columns):
            if column.name == name:
                return index
        raise KeyError(name)

    def select(self, names: Sequence[str]) -> Table:
        """Return the table with these columns alone, in this order."""
        places = [self.index(name) for name in names]
        rows = tuple(Row(row.key, tuple(row.values[place] for place in places)) for row in self.rows)
        return replace(self, columns=tuple(self.columns[place] for place in places), rows=rows)

    def sorted(self, name: str, *, reverse: bool = False) -> Table:
        """Return the table in the order of a column; what has no value stands last either way."""
        place = self.index(name)
        known = [row for row in self.rows if not _is_empty(row.values[place])]
        empty = [row for row in self.rows if _is_empty(row.values[place])]
        known.sort(key=lambda row: sort_key(row.values[place]), reverse=reverse)
        return replace(self, rows=(*known, *empty))


def plain_value(value: Value) -> str | int | float | bool | None:
    """Return a value as files keep it; a status is its word, and what is not finite is None."""
    kind = type(value)
    if value is None or kind is str or kind is int:
        # First, because nearly all cells of a large table are such.
        return value  # type: ignore[return-value]
    if kind is float:
        return value if math.isfinite(value) else None  # type: ignore[arg-type,return-value]
    if isinstance(value, Status):
        return value.value
    if isinstance(value, Styled):
        return value.text
    if isinstance(value, Judged):
        return plain_value(value.value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _is_empty(value: Value) -> bool:
    return plain_value(value) in (None, "")


def sort_key(value: Value) -> tuple[int, float, str]:
    """Return what values are ordered by: numbers before words, statuses from good to bad."""
    if isinstance(value, Status):
        return (0, float(value.severity), "")
    plain = plain_value(value)
    if isinstance(plain, bool | int | float):
        return (0, float(plain), "")
    return (1, 0.0, str(plain or "").casefold())


def format_value(value: Value, column: Column) -> str:
    """Return a value in words; an empty text where there is none."""
    plain = plain_value(value)
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    if isinstance(plain, int | float) and column.format:
        return format(plain, column.format)
    return str(plain)
