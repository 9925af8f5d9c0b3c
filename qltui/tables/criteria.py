"""The QA criteria as a table: every entry of the limits that are in force, where it comes from, and changes to it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from qltui.instruments.base import Instrument
from qltui.quality.limits import Limit
from qltui.quality.limits_file import LimitsError, parse_limits
from qltui.quality.limits_text import limits_toml, parse_range, parse_reference, range_text, reference_text
from qltui.tables.table import Column, Row, Styled, Table

__all__ = [
    "EDITABLE",
    "Criterion",
    "criteria_table",
    "edit_limit",
    "narrowed_limit",
    "selector_words",
    "shown_field",
]

EDITABLE: Final = ("normal", "warning", "reference", "valid_from", "in_a_row")
"""What of an entry can be changed in place."""

_SELECTORS: Final = ("obstype", "program", "arm", "camera", "element")

_COLUMNS: Final = (
    Column("metric", "metric", doc="metric that is judged"),
    Column("for", "holds for", doc="obstype, program, arm, camera and element; everything where empty"),
    Column("normal", "normal", doc="range of value minus reference that is NORMAL"),
    Column("warning", "warning", doc="range that is at most a WARNING; outside of it is an ALARM"),
    Column("unit", "unit", doc="unit of the ranges; a fraction of the reference where relative"),
    Column("origin", "where", doc="the instrument's own limits, the site's file, or a version of the record"),
    Column("reference", "reference", doc="what the value is compared with, in the order in which it is tried"),
    Column("valid_from", "from night", align=">", doc="first night that it holds for; always where empty"),
    Column(
        "in_a_row",
        "in a row",
        align=">",
        doc="exposures of a kind beyond the warning range that make an ALARM",
        shown=False,
    ),
    Column("obstype", "obstype", doc="exposures that it holds for", shown=False),
    Column("program", "program", doc="programs that it holds for", shown=False),
    Column("arm", "arm", doc="arms or bands that it holds for", shown=False),
    Column("camera", "camera", doc="cameras that it holds for", shown=False),
    Column("element", "element", doc="amplifiers, axes or classes that it holds for", shown=False),
    Column("otherwise", "otherwise", doc="normal and warning range where no reference has a value", shown=False),
    Column("source", "source", doc="where the numbers come from", shown=False),
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
    order = {metric.name: place for place, metric in enumerate(instrument.metrics)}
    units = {metric.name: metric.unit for metric in instrument.metrics}
    numbers = sorted(entries, key=lambda number: (order.get(entries[number][0].metric, len(order)), number))
    rows = tuple(_row(number, *entries[number], units) for number in numbers)
    # Only where it says something: most limits alarm at once.
    some = any(limit.in_a_row > 1 for limit, _, _ in entries.values())
    columns = tuple(replace(column, shown=some) if column.name == "in_a_row" else column for column in _COLUMNS)
    return Table("criteria", "QA criteria", columns, rows)


def _row(number: int, limit: Limit, origin: str, is_changed: bool, units: Mapping[str, str]) -> Row:
    role = "active" if is_changed else "text"
    star = " *" if is_changed else ""
    other = limit.otherwise
    return Row(
        number,
        (
            limit.metric,
            selector_words(limit),
            Styled(range_words(limit.normal) + star, role),
            Styled(range_words(limit.warning), role),
            "x ref" if limit.relative else units.get(limit.metric, ""),
            Styled(origin, "active" if is_changed else "dim"),
            Styled(reference_text(limit.references), role),
            str(limit.valid_from) if limit.valid_from else "",
            str(limit.in_a_row) if limit.in_a_row > 1 else "",
            *(" ".join(sorted(_names(limit, key))) for key in _SELECTORS),
            f"{range_words(other.normal)}; {range_words(other.warning)}" if other is not None else "",
            limit.source,
        ),
    )


def _names(limit: Limit, selector: str) -> frozenset[str]:
    names: frozenset[str] = getattr(limit, f"{selector}s")
    return names


def selector_words(limit: Limit) -> str:
    """Return what an entry holds for, ``"SCIENCE DARK, arm z, b3 C"``; ``"all"`` where that is everything."""
    kinds = [" ".join(sorted(_names(limit, key))) for key in ("obstype", "program")]
    parts = [" ".join(kind for kind in kinds if kind)]
    parts.append(f"arm {' '.join(sorted(limit.arms))}" if limit.arms else "")
    parts.append(" ".join(" ".join(sorted(names)) for names in (limit.cameras, limit.elements) if names))
    return ", ".join(part for part in parts if part) or "all"


def range_words(bounds: tuple[float, float]) -> str:
    """Return a range for people, ``"-1.5 … 1.5"``, ``"≤ 3"``, ``"≥ 0"``, ``"any"``."""
    low, high = bounds
    if low == float("-inf"):
        return "any" if high == float("inf") else f"≤ {high:g}"
    return f"≥ {low:g}" if high == float("inf") else f"{low:g} … {high:g}"


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
        if key not in _SELECTORS or not sign or not names:
            msg = f"{word[:40]!r}: type {', '.join(f'{name}=...' for name in _SELECTORS)}"
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
