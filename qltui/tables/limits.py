"""The limits that are in force as a table, with where each comes from; and what a set of entries would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from operator import attrgetter
from pathlib import Path
from typing import Final

from qltui.instruments.base import Instrument
from qltui.quality.limits import Limit, LimitSet
from qltui.quality.limits_file import load_limits, parse_limits, read_limits
from qltui.store.versions import SavedVersion
from qltui.tables.limit_words import SELECTORS, in_metric_order, limit_columns, limit_values, selector_words
from qltui.tables.table import Column, Row, Table
from qltui.tables.versions import limit_differences

__all__ = ["Entry", "differing_entries", "entries_in_force", "limits_table", "set_in_force"]

_LAYOUT: Final = (
    *("metric", "for", "normal", "warning", "unit", "reference", "valid_from", "in_a_row", "origin"),
    *SELECTORS,
    Column("normal_low", "normal from", align=">", doc="no value: nothing is too low", shown=False),
    Column("normal_high", "normal to", align=">", doc="no value: nothing is too high", shown=False),
    Column("warning_low", "warning from", align=">", doc="no value: nothing is too low", shown=False),
    Column("warning_high", "warning to", align=">", doc="no value: nothing is too high", shown=False),
    "source",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the limits, and where it stands, in words."""

    limit: Limit
    origin: str


def entries_in_force(instrument: Instrument, site_file: str, version: SavedVersion | None) -> tuple[Entry, ...]:
    """Return every entry of the limits: the instrument's own, the site's, the record's.

    Raises
    ------
    LimitsError
        Where one of them cannot be used.
    """
    module, _, name = instrument.limits.partition(":")
    shipped = resources.files(module).joinpath(name).read_text(encoding="utf-8")
    found = [Entry(limit, "instrument") for limit in parse_limits(shipped, instrument, where=name)]
    if site_file:
        own = parse_limits(read_limits(Path(site_file)), instrument, where=site_file, from_site=True)
        found += [Entry(limit, site_file) for limit in own]
    if version is not None:
        kept = parse_limits(version.content, instrument, where=version.words, from_site=True, from_record=True)
        found += [Entry(limit, version.origin) for limit in kept]
    return tuple(found)


def set_in_force(instrument: Instrument, site_file: str, content: str, name: str = "record") -> LimitSet:
    """Return the limits with `content` as the record's version; LimitsError where something cannot be used."""
    return load_limits(instrument, site_file or None, record=content, name=name)


def limits_table(entries: Sequence[Entry], instrument: Instrument, metric: str = "") -> Table:
    """Return the entries, of one metric if given, in the order of the instrument's metrics."""
    numbered = [(place, item) for place, item in enumerate(entries) if metric in ("", item.limit.metric)]
    numbered = in_metric_order(numbered, attrgetter("limit"), instrument)
    columns = limit_columns((entry.limit for _, entry in numbered), _LAYOUT)
    units = {item.name: item.unit for item in instrument.metrics}
    rows = tuple(_row(place, entry, columns, units) for place, entry in numbered)
    title = f"Limits of {metric}" if metric else "Limits"
    note = "an entry of the record wins over the site's, that over the instrument's; of one source the most specific"
    return Table("limits", title, columns, rows, note)


def _row(number: int, entry: Entry, columns: Sequence[Column], units: Mapping[str, str]) -> Row:
    limit = entry.limit
    values = limit_values(limit, units)
    values["origin"] = entry.origin
    values["normal_low"], values["normal_high"] = limit.normal
    values["warning_low"], values["warning_high"] = limit.warning
    return Row(number, tuple(values[column.name] for column in columns))


def differing_entries(entries: Sequence[Entry], new: Sequence[Limit], instrument: Instrument) -> list[str]:
    """Return for each new entry what it changes, in words; empty where exactly that is in force already."""
    words = []
    for limit in new:
        # The strongest entry for the same place is the last one: sources stand in the order in which they win.
        same = [entry.limit for entry in entries if _same_place(entry.limit, limit)][-1:]
        words.append("; ".join(limit_differences(same, [limit], instrument)))
    return words


def _same_place(one: Limit, other: Limit) -> bool:
    return (
        one.metric == other.metric
        and selector_words(one) == selector_words(other)
        and (one.valid_from == other.valid_from)
    )
