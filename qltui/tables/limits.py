"""The limits that are in force as a table, with where each comes from; and what a set of entries would change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Final

from qltui.instruments.base import Instrument
from qltui.quality.limits import Limit, LimitSet
from qltui.quality.limits_file import load_limits, parse_limits, read_limits
from qltui.quality.limits_text import reference_text
from qltui.store.versions import SavedVersion
from qltui.tables.criteria import range_words, selector_words
from qltui.tables.table import Column, Row, Table
from qltui.tables.versions import limit_differences

__all__ = ["Entry", "differing_entries", "entries_in_force", "limits_table", "set_in_force"]

_COLUMNS: Final = (
    Column("metric", "metric", doc="metric that is judged"),
    Column("for", "holds for", doc="obstype, program, arm, camera and element"),
    Column("normal", "normal", doc="range of value minus reference that is NORMAL"),
    Column("warning", "warning", doc="range that is at most a WARNING; outside of it is an ALARM"),
    Column("unit", "unit", doc="of the ranges; x ref where they are fractions of the reference"),
    Column("reference", "minus", doc="what the value is compared with, in the order in which it is tried"),
    Column("valid_from", "from night", align=">", doc="first night that it holds for; always where empty"),
    Column(
        "in_a_row",
        "in a row",
        align=">",
        doc="exposures beyond warning that make an ALARM; one where empty",
        shown=False,
    ),
    Column("origin", "where", doc="the instrument's own limits, the site's file, or a version of the record"),
    Column("obstype", "obstype", doc="exposures that it holds for; all where empty", shown=False),
    Column("program", "program", doc="programs that it holds for", shown=False),
    Column("arm", "arm", doc="arms or bands that it holds for", shown=False),
    Column("camera", "camera", doc="cameras that it holds for", shown=False),
    Column("element", "element", doc="amplifiers, axes or classes that it holds for", shown=False),
    Column("normal_low", "normal from", align=">", doc="no value: nothing is too low", shown=False),
    Column("normal_high", "normal to", align=">", doc="no value: nothing is too high", shown=False),
    Column("warning_low", "warning from", align=">", doc="no value: nothing is too low", shown=False),
    Column("warning_high", "warning to", align=">", doc="no value: nothing is too high", shown=False),
    Column("source", "source", doc="where the numbers come from", shown=False),
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
    order = {item.name: place for place, item in enumerate(instrument.metrics)}
    units = {item.name: item.unit for item in instrument.metrics}
    numbered = [(place, item) for place, item in enumerate(entries) if metric in ("", item.limit.metric)]
    numbered.sort(key=lambda pair: (order.get(pair[1].limit.metric, len(order)), pair[0]))
    rows = tuple(_row(place, item, units) for place, item in numbered)
    title = f"Limits of {metric}" if metric else "Limits"
    note = "an entry of the record wins over the site's, that over the instrument's; of one source the most specific"
    # Only where it says something: most limits alarm at once.
    some = any(entry.limit.in_a_row > 1 for _, entry in numbered)
    columns = tuple(replace(column, shown=some) if column.name == "in_a_row" else column for column in _COLUMNS)
    return Table("limits", title, columns, rows, note)


def _row(number: int, entry: Entry, units: dict[str, str]) -> Row:
    limit = entry.limit
    selectors = (limit.obstypes, limit.programs, limit.arms, limit.cameras, limit.elements)
    return Row(
        number,
        (
            *(limit.metric, selector_words(limit), range_words(limit.normal), range_words(limit.warning)),
            *("x ref" if limit.relative else units.get(limit.metric, ""), reference_text(limit.references)),
            *(limit.valid_from or None, limit.in_a_row if limit.in_a_row > 1 else None, entry.origin),
            *(" ".join(sorted(names)) for names in selectors),
            *(*limit.normal, *limit.warning, limit.source),
        ),
    )


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
