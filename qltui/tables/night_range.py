"""A range of nights of a record in words, and back: ``20191001``, ``20191001-20191031``, ``last 30``, ``all``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

__all__ = ["nights_words", "parse_range"]

_DATE = r"(\d{4})-?(\d{2})-?(\d{2})"


def _night(parts: tuple[str, ...]) -> int:
    year, month, day = (int(part) for part in parts)
    datetime(year, month, day, tzinfo=UTC)
    return year * 10000 + month * 100 + day


def parse_range(words: str, known: tuple[int, int]) -> tuple[int, int] | None:
    """Return first and last night that the words mean; None for all.

    Parameters
    ----------
    words : str
        ``20191001``, ``20191001-20191031`` (also ``..`` or a blank between), ``last 30``, ``all``; empty for all.
    known : pair of int
        First and last night of the record; ``last`` counts back from the last one.

    Raises
    ------
    ValueError
        Where they mean nothing; the message says what can be said.
    """
    text = words.strip().casefold()
    if text in ("", "all"):
        return None
    try:
        if match := re.fullmatch(r"last\s*(\d{1,4})?", text):
            last = datetime.strptime(str(known[1]), "%Y%m%d").replace(tzinfo=UTC)
            first = last - timedelta(days=max(1, int(match[1] or 1)) - 1)
            return int(first.strftime("%Y%m%d")), known[1]
        if match := re.fullmatch(rf"{_DATE}(?:\s*(?:-|\.\.|to|\s)\s*{_DATE})?", text):
            first_night = _night(match.groups()[:3])
            last_night = _night(match.groups()[3:]) if match[4] else first_night
            return min(first_night, last_night), max(first_night, last_night)
    except (ValueError, OverflowError) as error:
        msg = f"{words!r} has no date of the calendar"
        raise ValueError(msg) from error
    msg = f"{words!r} is no range of nights; say 20191001, 20191001-20191031, last 30, or all"
    raise ValueError(msg)


def nights_words(nights: tuple[int, int] | None) -> str:
    """Return a range of nights as it can be typed."""
    if nights is None:
        return "all"
    return str(nights[0]) if nights[0] == nights[1] else f"{nights[0]}-{nights[1]}"
