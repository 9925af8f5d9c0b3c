"""Entries of the limits in words, columns and order: what every table of limits has in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from qltui.instruments.base import Instrument
from qltui.quality.limits import Limit
from qltui.quality.limits_text import reference_text
from qltui.tables.table import Column, Value

__all__ = ["SELECTORS", "in_metric_order", "limit_columns", "limit_values", "range_words", "selector_words"]

SELECTORS: Final = ("obstype", "program", "arm", "camera", "element")
"""What narrows an entry."""

_Item = TypeVar("_Item")

_COLUMNS: Final = (
    Column("metric", "metric", doc="metric that is judged"),
    Column("for", "holds for", doc="obstype, program, arm, camera and element; all for everything"),
    Column("normal", "normal", doc="range of value minus reference that is NORMAL"),
    Column("warning", "warning", doc="range that is at most a WARNING; outside of it is an ALARM"),
    Column("unit", "unit", doc="of the ranges; x ref where they are fractions of the reference"),
    Column("reference", "minus", doc="what the value is compared with, in the order in which it is tried"),
    Column("valid_from", "from night", align=">", doc="first night that it holds for; always where empty"),
    Column(
        "in_a_row",
        "in a row",
        align=">",
        doc="exposures of a kind beyond the warning range that make an ALARM; one where empty",
        shown=False,
    ),
    Column("origin", "where", doc="the instrument's own limits, the site's file, or a version of the record"),
    Column("obstype", "obstype", doc="exposures that it holds for; all where empty", shown=False),
    Column("program", "program", doc="programs that it holds for", shown=False),
    Column("arm", "arm", doc="arms or bands that it holds for", shown=False),
    Column("camera", "camera", doc="cameras that it holds for", shown=False),
    Column("element", "element", doc="amplifiers, axes or classes that it holds for", shown=False),
    Column("source", "source", doc="where the numbers come from", shown=False),
)
_BY_NAME: Final = {column.name: column for column in _COLUMNS}


def limit_columns(limits: Iterable[Limit], layout: Sequence[str | Column]) -> tuple[Column, ...]:
    """Return the columns of a table of limits.

    Parameters
    ----------
    limits : iterable of Limit
        Those of the table: how many in a row is shown only where it says something, since most alarm at once.
    layout : sequence of str or Column
        Names of columns that all tables of limits have, and columns of this one alone, from left to right.
    """
    some = any(limit.in_a_row > 1 for limit in limits)
    found = (_BY_NAME[item] if isinstance(item, str) else item for item in layout)
    return tuple(replace(column, shown=some) if column.name == "in_a_row" else column for column in found)


def limit_values(limit: Limit, units: Mapping[str, str]) -> dict[str, Value]:
    """Return the values of an entry by the names of the common columns; `units` are those of the metrics."""
    return {
        "metric": limit.metric,
        "for": selector_words(limit),
        "normal": range_words(limit.normal),
        "warning": range_words(limit.warning),
        "unit": "x ref" if limit.relative else units.get(limit.metric, ""),
        "reference": reference_text(limit.references),
        "valid_from": limit.valid_from or None,
        "in_a_row": limit.in_a_row if limit.in_a_row > 1 else None,
        **{name: " ".join(sorted(_names(limit, name))) for name in SELECTORS},
        "source": limit.source,
    }


def in_metric_order(
    items: Iterable[tuple[int, _Item]], limit_of: Callable[[_Item], Limit], instrument: Instrument
) -> list[tuple[int, _Item]]:
    """Return numbered items in the order of the instrument's metrics, those of one metric by their numbers."""
    order = {metric.name: place for place, metric in enumerate(instrument.metrics)}
    return sorted(items, key=lambda item: (order.get(limit_of(item[1]).metric, len(order)), item[0]))


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
