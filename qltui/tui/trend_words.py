"""What the Trends screen says in words: the choice, the value under the cursor, what a mark stands for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qltui.instruments.base import Instrument
from qltui.tables.trend_choice import TIME, TrendChoice
from qltui.tables.wording import program_text, range_text
from qltui.tui.symbols import STATUS_MARKS, STATUS_WORDS, Charset
from qltui.tui.text import Line, clean
from qltui.tui.trend_model import MJD_OF_1970
from qltui.tui.words import clock_time, night_date, number, plural

if TYPE_CHECKING:
    from qltui.store.series import TracePoint
    from qltui.tables.trend import Trend

__all__ = ["bin_words", "cameras_words", "choice_line", "nights_words", "point_lines"]

_DAY = 86400.0
_WIDE = 46
"""From this width on there is room for the MJD."""


def cameras_words(choice: TrendChoice, instrument: Instrument) -> str:
    """Return which cameras are chosen: all, an arm, one by name, or how many."""
    names = choice.cameras
    if not names or len(names) == len(instrument.cameras):
        return "all cameras"
    if len(names) == 1:
        return names[0]
    for arm in dict.fromkeys(camera.arm for camera in instrument.cameras):
        if set(names) == {camera.name for camera in instrument.cameras if camera.arm == arm}:
            return f"all {arm}"
    return plural(len(names), "camera") if len(names) > 4 else " ".join(names)


def nights_words(choice: TrendChoice) -> str:
    """Return which nights are chosen."""
    if choice.nights is not None:
        first, last = choice.nights
        return night_date(first) if first == last else f"{night_date(first)} to {night_date(last)}"
    if not choice.recent:
        return "all nights"
    return "last night" if choice.recent == 1 else f"last {choice.recent} days"


def choice_line(trend: Trend | None, choice: TrendChoice, instrument: Instrument) -> Line:
    """Return the choice as the first line of the screen says it."""
    name = trend.title if trend is not None else clean(choice.y)
    against = trend.x.name if trend is not None and trend.x is not None else choice.x if choice.x != TIME else ""
    parts: list[tuple[str, str]] = [(name, "strong")]
    if against:
        parts += [(" against ", "dim"), (clean(against), "text")]
    parts.append((f"  {cameras_words(choice, instrument)}", "text"))
    if choice.elements:
        parts.append((f" {' '.join(clean(element) for element in choice.elements)}", "text"))
    parts.append((f"  {nights_words(choice)}", "text"))
    kinds = [*choice.obstypes, *choice.programs]
    if kinds:
        parts.append((f"  {clean(' '.join(kinds))}", "text"))
    return tuple(parts)


def bin_words(trend: Trend) -> str:
    """Return what a mark stands for; empty where it is one value."""
    if not trend.bins:
        return ""
    if trend.x is not None:
        return f"binned: each mark is {trend.width:.3g} {trend.x.unit}".rstrip() + ", its bar from lowest to highest"
    days = trend.width / _DAY
    span = (
        f"{days:.1f} days"
        if days >= 1.5
        else f"{trend.width / 3600:.1f} h"
        if days > 0.1
        else f"{trend.width / 60:.0f} min"
    )
    return f"binned: each mark is {span}, its bar from lowest to highest"


def point_lines(trend: Trend, point: TracePoint | None, charset: Charset, width: int = 0) -> list[Line]:
    """Return the value under the cursor: exposure, time, camera, value, limits as they were, status."""
    if point is None:
        words = bin_words(trend)
        return [((f" {words}", "text"),), ((" + zooms in to single values", "dim"),)] if words else []
    track = trend.tracks[point.track]
    mark = STATUS_MARKS[point.status]
    value = number(point.value, trend.format)
    lines: list[Line] = [
        (
            (" exp ", "dim"),
            (str(point.expid), "strong"),
            (f"  {clean(track.camera)} {clean(track.element)}".rstrip(), "strong"),
            (f"  {clean(point.obstype)} {clean(program_text(point.program))}".rstrip(), "text"),
        ),
        (
            (f" {night_date(point.night)}  {clock_time(point.time)} UT", "text"),
            (f"   MJD {point.time / 86400.0 + MJD_OF_1970:.5f}" if width >= _WIDE else "", "dim"),
        ),
        (
            (f" {value} {trend.unit}".rstrip(), mark.role),
            (f"  {charset.mark(point.status)} {STATUS_WORDS[point.status][0].lower()}", mark.role),
        ),
    ]
    if trend.x is not None:
        shown = number(point.x, trend.x.format)
        lines.append(((f" {trend.x.name} {shown} {trend.x.unit}".rstrip(), "text"),))
    for name, bounds in (("normal", point.normal), ("warning", point.warning)):
        if any(math.isfinite(bound) for bound in bounds):
            lines.append(((f" {name:<8}", "dim"), (range_text(bounds, trend.format), "text")))
    return lines
