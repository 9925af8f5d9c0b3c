"""Dated versions of settings and limits as a table, and what differs between two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from qltui.config_edit import setting_text
from qltui.instruments.base import Instrument
from qltui.quality.limits import Limit
from qltui.quality.limits_text import range_text, reference_text, row_text
from qltui.tables.alarms import date_time, iso_time
from qltui.tables.limit_words import selector_words
from qltui.tables.table import Column, Row, Styled, Table

if TYPE_CHECKING:
    from qltui.store.versions import SavedVersion

__all__ = ["limit_differences", "setting_differences", "versions_table"]

_COLUMNS: Final = (
    Column("kind", "of", doc="settings or limits"),
    Column("name", "name", doc="under which it was saved"),
    Column("version", "version", align=">", doc="number within the name"),
    Column("state", "state", doc="in force, or taken when one resets"),
    Column("created", "saved", "UT", doc="when it was saved"),
    Column("author", "by", doc="who saved it"),
    Column("reason", "reason", doc="why"),
    Column("utc", "saved", "UTC", doc="when it was saved, ISO 8601", shown=False),
)


def versions_table(versions: Sequence[SavedVersion]) -> Table:
    """Return the versions, the newest first; keys of the rows are their numbers."""
    ordered = sorted(versions, key=lambda item: (item.created, item.number), reverse=True)
    return Table("versions", "Versions", _COLUMNS, tuple(_row(item) for item in ordered))


def _row(item: SavedVersion) -> Row:
    words = ", ".join(word for word, holds in (("in force", item.selected), ("default", item.default)) if holds)
    return Row(
        item.number,
        (
            item.kind,
            Styled(item.name, "strong" if item.selected else "text"),
            item.version,
            Styled(words, "active" if item.selected else "dim"),
            date_time(item.created),
            item.author,
            item.reason,
            iso_time(item.created),
        ),
    )


def setting_differences(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """Return what changes from one set of settings to another in words; ``"as in the files"`` where it is not set."""
    words = []
    for key in sorted(before.keys() | after.keys()):
        old, new = _setting(before, key), _setting(after, key)
        if old != new:
            words.append(f"{key}: {old} → {new}")
    return words


def _setting(values: Mapping[str, object], key: str) -> str:
    return setting_text(values[key]) or "(none)" if key in values else "as in the files"


def limit_differences(before: Sequence[Limit], after: Sequence[Limit], instrument: Instrument) -> list[str]:
    """Return what changes from one list of entries to another, metric by metric, in words."""
    old, new = _by_place(before), _by_place(after)
    order = {metric.name: place for place, metric in enumerate(instrument.metrics)}
    places = sorted(old.keys() | new.keys(), key=lambda place: (order.get(place[0], len(order)), place))
    words = []
    for place in places:
        was, now = old.get(place), new.get(place)
        subject = f"{place[0]} {place[1]}" + (f" from {place[2]}" if place[2] else "")
        if was is None and now is not None:
            words.append(f"{subject}: new, {_limit_text(now)}")
        elif was is not None and now is None:
            words.append(f"{subject}: taken out")
        elif was is not None and now is not None and _limit_text(was) != _limit_text(now):
            words.append(f"{subject}: {_limit_text(was)} → {_limit_text(now)}")
    return words


def _by_place(limits: Sequence[Limit]) -> dict[tuple[str, str, int], Limit]:
    """Return entries by what they hold for; of two for the same, the last one counts."""
    return {(limit.metric, selector_words(limit), limit.valid_from): limit for limit in limits}


def _limit_text(limit: Limit) -> str:
    relative = " x reference" if limit.relative else ""
    other = limit.otherwise
    row = f", {row_text(limit)}" if row_text(limit) else ""
    rest = f", otherwise {range_text(other.normal)} ({range_text(other.warning)})" if other is not None else ""
    return (
        f"{range_text(limit.normal)} ({range_text(limit.warning)}){relative}"
        f" minus {reference_text(limit.references)}{rest}{row}"
    )
