"""Which of the words of a filter can be asked of the whole record, so that they find more than the page at hand."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from qltui.model import Status
from qltui.store.notes import FLAGS
from qltui.store.wanted import Term
from qltui.tables.filtering import Condition, parse_filter

__all__ = ["FLAG_WORDS", "reach_terms", "terms_words"]

FLAG_WORDS: Final = tuple(flag for flag in FLAGS if flag)

_COMPARED: Final[Mapping[str, Callable[[int, int], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
}


def reach_terms(words: str, columns: Mapping[str, str], known: Collection[str] = ()) -> tuple[Term, ...]:
    """Return the conditions of a filter that hold for the whole record; the others are left to the page.

    Parameters
    ----------
    words : str
        As the observer typed them; see `qltui.tables.filtering`.
    columns : mapping
        Names that a column goes by, to its name in the record.
    known : collection of str
        Words without a column that are values of one: types, programs, states. Those of statuses and flags are known.
    """
    # The first to know a word has it: a type or a program is summed up by night, a verdict is not.
    places = {word.casefold(): "words" for word in (*FLAG_WORDS, *(status.value for status in Status))}
    places |= {word.casefold(): "kind" for word in known if word}
    terms = (_term(condition, columns, places) for condition in parse_filter(words))
    return tuple(term for term in terms if term is not None)


def _term(condition: Condition, columns: Mapping[str, str], places: Mapping[str, str]) -> Term | None:
    word = condition.word.casefold()
    if not condition.column:
        place = places.get(word)
        return Term(place, (word,), part=True, negated=condition.negated) if place is not None else None
    column = columns.get(condition.column.casefold())
    if column is None:
        return None
    status = next((item for item in Status if item.value.casefold() == word), None)
    if column == "status" and status is not None and condition.sign != ":":
        compare = _COMPARED[condition.sign]
        names = tuple(item.value for item in Status if compare(item.severity, status.severity) != condition.negated)
        return Term("status", names)
    if condition.sign in ("=", "!=") and word.isascii() and word.isdigit() and len(word) < 19:
        return Term(column, (int(word),), negated=condition.negated != (condition.sign == "!="))
    if condition.sign in (":", "=", "!="):
        return Term(column, (word,), part=True, negated=condition.negated != (condition.sign == "!="))
    return None


def terms_words(terms: Iterable[Term]) -> str:
    """Return what was asked of the whole record, in words; empty where nothing was."""
    return "  ".join(_words(term) for term in terms)


def _words(term: Term) -> str:
    values = "|".join(str(value).lower() for value in term.values)
    column = "" if term.column in ("words", "kind") else f"{term.column}:"
    return f"{'not ' if term.negated else ''}{column}{values}"
