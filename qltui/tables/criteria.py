"""The QA criteria as a table: every entry of the limits that are in force, where it comes from, and changes to it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Final

from qltui.instruments.base import Instrument
from qltui.quality.limits import Limit
from qltui.quality.limits_file import LimitsError, parse_limits
from qltui.quality.limits_text import limits_toml, parse_range, parse_reference, range_text, reference_text
from qltui.tables.limit_words import SELECTORS, in_metric_order, limit_columns, limit_values, range_words
from qltui.tables.table import Column, Row, Styled, Table

__all__ = [
    "EDITABLE",
    "Criterion",
    "criteria_table",
    "edit_limit",
    "narrowed_limit",
    "shown_field",
]

EDITABLE: Final = ("normal", "warning", "reference", "valid_from", "in_a_row")
"""What of an entry can be changed in place."""

_LAYOUT: Final = (
    *("metric", "for", "normal", "warning", "unit", "origin"),
    Column("reference", "reference", doc="what the value is compared with, in the order in which it is tried"),
    *("valid_from", "in_a_row"),
    *SELECTORS,
    Column("otherwise", "otherwise", doc="normal and warning range where no reference has a value", shown=False),
    "source",
)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One entry of the limits; `origin` says where it stands, in words."""

    number: int
    limit: Limit
    origin: str


def criteria_table(criteria: Sequence[Criterion], changes: Mapping[int, Limit | None], instrument: Instrument) -> Table:
    """Return the criteria in the order of the instrument's metrics; keys of the rows are their numbers.

    Parameters
    ----------
    criteria : sequence of Criterion
        In force.
    changes : mapping
        What is not saved yet: the new entry by number, None where it is taken out; numbers beyond those of
        `criteria` are new entries.
    """
    entries = {item.number: (item.limit, item.origin, item.number in changes) for item in criteria}
    for number, limit in changes.items():
        if limit is not None:
            origin = f"{entries[number][1]}, changed" if number in entries else "not saved"
            entries[number] = (limit, origin, True)
        else:
            entries[number] = (entries[number][0], f"{entries[number][1]}, taken out", True)
    ordered = in_metric_order(entries.items(), itemgetter(0), instrument)
    columns = limit_columns((limit for _, (limit, _, _) in ordered), _LAYOUT)
    units = {metric.name: metric.unit for metric in instrument.metrics}
    rows = tuple(_row(number, *entry, columns, units) for number, entry in ordered)
    return Table("criteria", "QA criteria", columns, rows)


def _row(
    number: int, limit: Limit, origin: str, is_changed: bool, columns: Sequence[Column], units: Mapping[str, str]
) -> Row:
    values = limit_values(limit, units)
    other = limit.otherwise
    values["otherwise"] = f"{range_words(other.normal)}; {range_words(other.warning)}" if other is not None else ""
    for name in ("valid_from", "in_a_row"):
        # On a screen, what holds always stays blank.
        values[name] = "" if values[name] is None else str(values[name])
    role = "active" if is_changed else "text"
    for name in ("normal", "warning", "reference"):
        star = " *" if is_changed and name == "normal" else ""
        values[name] = Styled(f"{values[name]}{star}", role)
    values["origin"] = Styled(origin, "active" if is_changed else "dim")
    return Row(number, tuple(values[column.name] for column in columns))


def shown_field(limit: Limit, field: str) -> str:
    """Return a field of an entry as it is typed."""
    if field in ("normal", "warning"):
        return range_text(limit.normal if field == "normal" else limit.warning)
    return reference_text(limit.references) if field == "reference" else str(getattr(limit, field))


def edit_limit(limit: Limit, field: str, text: str, instrument: Instrument) -> Limit:
    """Return an entry with one field as it was typed, checked as one of a limits file is.

    Parameters
    ----------
    limit : Limit
        As it stands.
    field : str
        One of `EDITABLE`; for ``"normal"`` four numbers may be typed, the last two for warning.

    Raises
    ------
    LimitsError
        With the cause.
    """
    if field == "normal" and len(text.replace(",", " ").split()) == 4:
        words = text.replace(",", " ").split()
        return _checked(
            replace(limit, normal=parse_range(" ".join(words[:2])), warning=parse_range(" ".join(words[2:]))),
            instrument,
        )
    if field == "normal":
        return _checked(replace(limit, normal=parse_range(text)), instrument)
    if field == "warning":
        return _checked(replace(limit, warning=parse_range(text)), instrument)
    if field == "valid_from":
        return _checked(replace(limit, valid_from=_night(text)), instrument)
    if field == "in_a_row":
        return _checked(replace(limit, in_a_row=_count(text)), instrument)
    bare = replace(limit, references=(), otherwise=None)
    entry = limits_toml([bare]).replace("reference = []\n", f"reference = {parse_reference(text)}\n")
    return _checked(replace(limit, references=_parse(entry, instrument).references), instrument)


def _night(text: str) -> int:
    words = text.strip().replace("-", "") or "0"
    with contextlib.suppress(ValueError):
        return int(words)
    msg = f"{text.strip()[:40]!r} is no night: type YYYYMMDD, or 0 for always"
    raise LimitsError(msg)


def _count(text: str) -> int:
    with contextlib.suppress(ValueError):
        return int(text.strip() or "1")
    msg = f"{text.strip()[:40]!r} is no number: type how many exposures in a row make an alarm, 1 for at once"
    raise LimitsError(msg)


def narrowed_limit(limit: Limit, text: str, instrument: Instrument) -> Limit:
    """Return a copy of an entry that holds for less: ``"camera=b3 element=C"`` as typed.

    Raises
    ------
    LimitsError
        Where a selector or a name is not known.
    """
    changes: dict[str, frozenset[str]] = {}
    for word in text.split():
        key, sign, names = word.partition("=")
        if key not in SELECTORS or not sign or not names:
            msg = f"{word[:40]!r}: type {', '.join(f'{name}=...' for name in SELECTORS)}"
            raise LimitsError(msg)
        changes[f"{key}s"] = frozenset(name for name in names.split(",") if name)
    if not changes:
        msg = "say what it holds for, as in camera=b3 element=C"
        raise LimitsError(msg)
    return _checked(replace(limit, **changes), instrument)  # type: ignore[arg-type]


def _checked(limit: Limit, instrument: Instrument) -> Limit:
    """Return the entry as a file would give it; LimitsError where a file could not."""
    return _parse(limits_toml([limit]), instrument)


def _parse(text: str, instrument: Instrument) -> Limit:
    try:
        (limit,) = parse_limits(text, instrument, where="", from_site=True)
    except LimitsError as error:
        # Of a single entry everybody knows which one is meant.
        words = str(error)
        raise LimitsError(words.split("): ", 1)[-1] if words.startswith(": limit 1 (") else words) from error
    return limit
