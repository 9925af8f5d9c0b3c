"""The almanac of a night and the conditions of an exposure in a few lines: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Final

from qltui.instruments.base import Instrument
from qltui.instruments.location import SiteLocation
from qltui.sky.almanac import Almanac, sample_at
from qltui.tables.conditions import ConditionPoint, clock_words
from qltui.tables.wording import in_words_of
from qltui.tui.symbols import STATUS_MARKS, Charset
from qltui.tui.text import Line, clean, line_width

__all__ = ["almanac_lines", "exposure_lines"]

_COLUMNS: Final = (
    ("sunset", "sunset"),
    ("civil", "civil_dusk"),
    ("naut.", "nautical_dusk"),
    ("astr.", "astronomical_dusk"),
    ("│", ""),
    ("astr.", "astronomical_dawn"),
    ("naut.", "nautical_dawn"),
    ("civil", "civil_dawn"),
    ("sunrise", "sunrise"),
    ("│", ""),
    ("moonrise", "moonrise"),
    ("moonset", "moonset"),
)


def almanac_lines(
    almanac: Almanac | None, zone: tzinfo, zone_name: str, location: SiteLocation | None, waiting: str
) -> list[Line]:
    """Return the moments of the night in universal and local time, and the moon; or why there are none."""
    if almanac is None:
        return [((f" {waiting}", "dim"),)]
    head: list[tuple[str, str]] = [("       ", "")]
    rows: list[list[tuple[str, str]]] = [[(" UT    ", "dim")], [(f" {zone_name[:5]:<6}", "dim")]]
    for title, name in _COLUMNS:
        if not name:
            head.append((f"{title} ", "rule"))
            for row in rows:
                row.append((f"{title} ", "rule"))
            continue
        width = max(5, len(title))
        head.append((f"{title:<{width}} ", "dim"))
        for row, where in zip(rows, (UTC, zone), strict=True):
            words = clock_words(almanac.time_of(name), where)
            row.append((f"{words:<{width}} ", "text"))
    return [tuple(head), *(tuple(row) for row in rows), _moon_line(almanac), _note_line(almanac, location)]


def _moon_line(almanac: Almanac) -> Line:
    middle = sample_at(almanac, almanac.midnight)
    assert middle is not None
    dusk, dawn = almanac.time_of("astronomical_dusk"), almanac.time_of("astronomical_dawn")
    line: Line = ((" moon ", "dim"), (f"{100 * middle.illumination:.0f} %", "strong"), (" lit", "text"))
    if dusk is None or dawn is None:
        return (*line, ("   the sun does not go 18° below the horizon", "text"))
    night = [sample for sample in almanac.samples if dusk <= sample.time <= dawn]
    up = sum(sample.moon > 0 for sample in night) / len(night) if night else 0.0
    words = f", up for {100 * up:.0f} % of the night"
    dark = f"   sun below -18° for {(dawn - dusk) / 3600:.1f} h"
    return (*line, (words, "text"), (dark, "text"))


def _note_line(almanac: Almanac, location: SiteLocation | None) -> Line:
    name = clean(location.name) if location is not None else "site"
    place = almanac.place
    words = f" {name}: {place.latitude:+.4f}° {place.longitude:+.4f}° {place.elevation:.0f} m"
    return ((words, "dim"), (f"   {almanac.note}" if almanac.note else "", "warn"))


def exposure_lines(
    point: ConditionPoint | None, instrument: Instrument, zone: tzinfo, charset: Charset, width: int
) -> list[Line]:
    """Return what is known of the sky at one exposure: its name, sun and moon, and each condition with its card."""
    if point is None:
        return [((" no exposure in this night", "dim"),)]
    exposure = point.exposure
    mark = STATUS_MARKS[point.status]
    words = " ".join(part for part in (exposure.obstype, clean(exposure.program)) if part)
    tile = in_words_of(f"  tile {exposure.tile}", instrument) if exposure.tile is not None else ""
    first: Line = (
        (f" {exposure.expid}", "strong"),
        (f" {charset.mark(point.status)} ", mark.role),
        (f"{words}{tile}", "text"),
        (f"   {clock_words(point.time, UTC)} UT", "text"),
        (f"  {clock_words(point.time, zone)} local" if width >= 100 else "", "text"),
        (_sky_words(point), "text"),
    )
    parts: list[Line] = []
    for item in instrument.conditions:
        value = point.values.get(item.name)
        if value is None:
            continue
        unit = f" {item.unit}" if item.unit else ""
        parts.append(
            ((f"{item.title} ", "dim"), (f"{value:{item.format}}{unit}", "text"), (f" {point.cards[item.name]}", "dim"))
        )
    absent = [item.title.lower() for item in instrument.conditions if item.name not in point.values]
    lines = [first, *_flow(parts, width)]
    if absent:
        lines.append(((f" not in the headers: {', '.join(absent)}", "dim"),))
    return lines


def _sky_words(point: ConditionPoint) -> str:
    parts = []
    if point.sun is not None:
        parts.append(f"sun {point.sun:+.0f}°")
    if point.moon is not None and point.illumination is not None:
        parts.append(f"moon {point.moon:+.0f}° {point.illumination:.0f} %")
    if point.separation is not None:
        parts.append(f"{point.separation:.0f}° from it")
    return "   " + "  ".join(parts) if parts else ""


def _flow(parts: Sequence[Line], width: int) -> list[Line]:
    """Return the parts in as few lines as they fit."""
    lines: list[Line] = []
    for part in parts:
        if lines and line_width(lines[-1]) + line_width(part) + 3 <= width:
            lines[-1] = (*lines[-1], ("   ", ""), *part)
        else:
            lines.append(((" ", ""), *part))
    return lines
