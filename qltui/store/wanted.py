"""What rows must have, in a form that both a person's filter and an index understand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qltui.store.codec import text_value

__all__ = ["Term", "conditions"]


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that rows must have, or must not have.

    Attributes
    ----------
    column : str
        Its name; the query knows where it is kept.
    values : tuple of str or int
        Any of these.
    part : bool
        Whether a part of the word suffices (then `values` has one).
    negated : bool
        Whether rows that have it are left out.
    """

    column: str
    values: tuple[str | int, ...]
    part: bool = False
    negated: bool = False


def conditions(terms: Iterable[Term], columns: Mapping[str, str]) -> tuple[str, list[str | int]]:
    """Return the conditions of `terms` with a place for each value, each begun by AND, and the values.

    Parameters
    ----------
    columns : mapping
        Name of a column to the SQL that gives it, which is never made of what a person types.

    Raises
    ------
    KeyError
        Where a term has a column that is not among them.
    """
    words: list[str] = []
    values: list[str | int] = []
    for term in terms:
        place, sign = columns[term.column], "NOT " if term.negated else ""
        if term.part:
            # instr() takes the words as they are, LIKE would read % and _ in them.
            words.append(f" AND {sign}instr(lower({place}), ?) > 0")
            values.append(text_value(str(term.values[0])).lower())
        else:
            words.append(f" AND {sign}{place} IN ({', '.join('?' * len(term.values))})")
            values += [text_value(item) if isinstance(item, str) else item for item in term.values]
    return "".join(words), values
