"""What stands below the settings: the one under the cursor in full, and what a change would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qltui.config import Setting
from qltui.config_edit import allowed_words, setting_text
from qltui.instruments.base import Instrument
from qltui.quality.limits import Limit
from qltui.quality.limits_text import reference_text, row_text
from qltui.tables.alarms import date_time
from qltui.tables.criteria import Criterion
from qltui.tables.limit_words import range_words, selector_words
from qltui.tui.text import Line, clean, wrap

if TYPE_CHECKING:
    from qltui.store.versions import SavedVersion

__all__ = ["criterion_lines", "paragraph", "setting_lines", "version_lines"]

_LEFT = 10


def paragraph(name: str, words: str, width: int, role: str = "text") -> list[Line]:
    """Return a name and its words, wrapped below one another."""
    parts = wrap(clean(words), max(20, width - _LEFT - 2)) or [""]
    return [((f" {name if not index else '':<{_LEFT}}", "dim"), (part, role)) for index, part in enumerate(parts)]


def setting_lines(setting: Setting, default: object, change: object | None, fault: str, width: int) -> list[Line]:
    """Return one setting in full.

    Parameters
    ----------
    setting : Setting
        As it is in force.
    default : object
        What it is where nobody sets it.
    change : object or None
        What it would be once saved.
    fault : str
        Why what was typed cannot be; empty where it can, or nothing was typed.
    """
    unit = f" {setting.unit}" if setting.unit else ""
    lines = [((f" {setting.key}", "strong"),), *paragraph("does", setting.doc, width)]
    if fault:
        lines += paragraph("refused", fault, width, "bad")
    now = f"{setting_text(setting.value) or '(none)'}{unit}, from {setting.origin}"
    lines += paragraph("in force", now, width)
    if change is not None:
        lines += paragraph("not saved", f"{setting_text(change) or '(none)'}{unit}", width, "active")
    lines += paragraph("may be", f"{allowed_words(setting.key)}; default {setting_text(default) or '(none)'}", width)
    return lines


def criterion_lines(
    criterion: Criterion | None,
    change: Limit | None,
    *,
    removed: bool,
    instrument: Instrument,
    flips: Sequence[str],
    fault: str,
    width: int,
) -> list[Line]:
    """Return one entry of the limits in full.

    Parameters
    ----------
    criterion : Criterion or None
        As it is in force; None where it is new.
    change : Limit or None
        What it would be once saved.
    removed : bool
        Whether it would be taken out.
    flips : sequence of str
        What the unsaved changes would do to the last nights, in words.
    fault : str
        Why what was typed cannot be.
    """
    limit = change if change is not None else criterion.limit if criterion is not None else None
    if limit is None:
        return []
    metric = next((item for item in instrument.metrics if item.name == limit.metric), None)
    title = f"{limit.metric}: {metric.title}" if metric is not None else limit.metric
    unit = f" {metric.unit}" if metric is not None and metric.unit and not limit.relative else ""
    lines: list[Line] = [((f" {title}", "strong"), (f"   {selector_words(limit)}", "text"))]
    if fault:
        lines += paragraph("refused", fault, width, "bad")
    for name, words in (("flips", part) for part in flips):
        lines += paragraph(name, words, width, "active")
    if criterion is not None:
        lines += paragraph("in force", _limit_words(criterion.limit, unit) + f"; {criterion.origin}", width)
    if change is not None:
        lines += paragraph("not saved", _limit_words(change, unit), width, "active")
    if removed:
        lines += paragraph("not saved", "taken out", width, "active")
    if limit.otherwise is not None:
        other = limit.otherwise
        lines += paragraph("otherwise", _limit_words(other, unit), width)
    return lines + paragraph("source", limit.source or "none given", width)


def _limit_words(limit: Limit, unit: str) -> str:
    scale = " x reference" if limit.relative else unit
    since = f", from night {limit.valid_from}" if limit.valid_from else ""
    ranges = f"{range_words(limit.normal)}{scale} normal, {range_words(limit.warning)}{scale} warning"
    row = f", {row_text(limit)}" if row_text(limit) else ""
    return f"{ranges}, of value minus {reference_text(limit.references)}{since}{row}"


def version_lines(version: SavedVersion, differences: Sequence[str], width: int) -> list[Line]:
    """Return one version in full: who, when, why, and what differs from what is in force."""
    lines: list[Line] = [((f" {clean(version.kind)} {clean(version.words)}", "strong"),)]
    lines += paragraph("saved", f"{date_time(version.created)} UT by {version.author}", width)
    lines += paragraph("reason", version.reason or "none given", width)
    if version.selected:
        return lines + paragraph("state", "in force", width)
    words = differences or ("nothing",)
    for index, part in enumerate(words):
        lines += paragraph("would do" if not index else "", part, width)
    return lines
