"""The words that an observer types to see fewer rows.

=====================  ===================================================
``dark 1129``          both words are somewhere in the row
``!zero``              the word is nowhere in the row
``program:dark``       the column has the word
``seeing>1.5``         compares numbers: ``> >= < <= = !=``
``status>=warning``    compares statuses, from good to bad
=====================  ===================================================

Columns are named by their key or their title, as far as is unambiguous. Words in quotes may have blanks.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from qltui.model import Status
from qltui.tables.table import Column, Judged, Row, Table, Value, format_value, plain_value

__all__ = ["Condition", "FilterError", "filter_table", "find_column", "parse_filter"]

_TERM: Final = re.compile(
    r"""\s*(?P<not>!)?(?:(?P<column>[\w-]+)(?P<sign>>=|<=|!=|>|<|=|:))?(?:"(?P<quoted>[^"]*)"?|(?P<word>\S*))"""
)
_SIGNS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
}
_STATUSES: Final = {status.value: status for status in Status}


class FilterError(ValueError):
    """Words that cannot be understood; the message says what is allowed."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the words: of a column or, where `column` is empty, of the whole row."""

    column: str
    sign: str
    word: str
    negated: bool = False


def parse_filter(words: str) -> tuple[Condition, ...]:
    """Return the conditions that are typed; an unfinished one (``"seeing>"``) does not count yet."""
    conditions = []
    position = 0
    while position < len(words):
        match = _TERM.match(words, position)
        if match is None or match.end() == position:
            break
        position = match.end()
        word = match["quoted"] if match["quoted"] is not None else match["word"]
        if word:
            conditions.append(Condition(match["column"] or "", match["sign"] or ":", word, bool(match["not"])))
    return tuple(conditions)


def find_column(columns: Sequence[Column], name: str) -> int | None:
    """Return the column that is meant: by key, by title, or by the beginning of one of them if only one has it."""
    wanted = name.casefold()
    names = [(column.name.casefold(), column.title.casefold().replace(" ", "-")) for column in columns]
    exact = [index for index, pair in enumerate(names) if wanted in pair]
    if exact:
        return exact[0]
    begun = [index for index, pair in enumerate(names) if any(text.startswith(wanted) for text in pair)]
    return begun[0] if len(begun) == 1 else None


def filter_table(table: Table, words: str) -> Table:
    """Return the rows that meet all conditions.

    Raises
    ------
    FilterError
        Where a column does not exist, or is compared with what is no number.
    """
    conditions = parse_filter(words)
    if not conditions:
        return table
    tests = [_test_of(condition, table.columns) for condition in conditions]
    return replace(table, rows=tuple(row for row in table.rows if all(test(row) for test in tests)))


def _test_of(condition: Condition, columns: tuple[Column, ...]) -> Callable[[Row], bool]:
    if not condition.column:
        return lambda row: (_has_word(row.values, columns, condition.word)) != condition.negated
    place = find_column(columns, condition.column)
    if place is None:
        # A time such as 05:12 is a word, and so is whatever else has a colon in it.
        if condition.sign == ":":
            whole = f"{condition.column}:{condition.word}"
            return lambda row: (_has_word(row.values, columns, whole)) != condition.negated
        msg = f"no column {condition.column!r}; known: {', '.join(column.name for column in columns)}"
        raise FilterError(msg)
    if condition.sign == ":" or (condition.sign in ("=", "!=") and _number(condition.word) is None):
        column, negated = columns[place], condition.negated != (condition.sign == "!=")
        return lambda row: (_has_word((row.values[place],), (column,), condition.word)) != negated
    compare, limit = _SIGNS[condition.sign], _number(condition.word)
    if limit is None:
        msg = f"{condition.word!r} is no number and no status to compare {condition.column} with"
        raise FilterError(msg)

    def test(row: Row) -> bool:
        value = _comparable(row.values[place])
        return value is not None and compare(value, limit) != condition.negated

    return test


def _has_word(values: Sequence[Value], columns: Sequence[Column], word: str) -> bool:
    wanted = word.casefold()
    for value, column in zip(values, columns, strict=True):
        if wanted in format_value(value, column).casefold():
            return True
        if isinstance(value, Judged) and wanted in value.status.value.casefold():
            return True
    return False


def _number(word: str) -> float | None:
    status = _STATUSES.get(word.upper())
    if status is not None:
        return float(status.severity)
    try:
        return float(word)
    except ValueError:
        return None


def _comparable(value: Value) -> float | None:
    if isinstance(value, Status):
        return float(value.severity)
    plain = plain_value(value)
    return float(plain) if isinstance(plain, int | float) else None
