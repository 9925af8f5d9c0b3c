"""Times, counts and values in the words of the screens."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qltui.instruments.base import MetricDefinition

__all__ = ["clock_time", "date_range", "duration", "night_date", "number", "plural", "span", "value_text"]

NO_VALUE = "none"


def duration(seconds: float) -> str:
    """Return a time span as an observer says it: ``"6 s"``, ``"1:16"``, ``"2 h 05"``, ``"3 d"``."""
    if not math.isfinite(seconds):
        return "?"
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d}"
    return f"{whole // 86400} d"


def span(seconds: float) -> str:
    """Return how long something took: with tenths where they matter."""
    if math.isfinite(seconds) and 0 <= seconds < 9.95:
        return f"{seconds:.1f} s" if seconds >= 0.95 else f"{seconds:.2f} s"
    return duration(seconds)


def clock_time(seconds: float, *, with_seconds: bool = True) -> str:
    """Return the UT of a moment [s since 1970]; question marks where it is none."""
    form = "%H:%M:%S" if with_seconds else "%H:%M"
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime(form)
    except (ValueError, OverflowError, OSError):
        return "??:??:??" if with_seconds else "??:??"


def night_date(night: int) -> str:
    """Return a night YYYYMMDD with dashes."""
    digits = f"{night:08d}"
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if len(digits) == 8 else str(night)


def date_range(nights: tuple[int, int]) -> str:
    """Return the first and last of some nights, or the one night, with dashes."""
    first, last = (night_date(night) for night in nights)
    return first if first == last else f"{first} to {last}"


def number(value: float, form: str) -> str:
    """Return a value in the form of its metric, an infinite bound as no bound, and nothing where there is none."""
    if math.isnan(value):
        return NO_VALUE
    if math.isinf(value):
        return "+inf" if value > 0 else "-inf"
    return format(value, form)


def plural(count: int, word: str) -> str:
    """Return ``"1 camera"`` or ``"3 cameras"``."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def value_text(value: float, definition: MetricDefinition) -> str:
    """Return a value with its unit."""
    text = number(value, definition.format)
    return text if not definition.unit or text == NO_VALUE else f"{text} {definition.unit}"
