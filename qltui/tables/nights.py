"""Nights as people type them."""

from __future__ import annotations

from typing import Final

__all__ = ["EVERY_NIGHT", "parse_nights"]

EVERY_NIGHT: Final = (0, 99999999)

_FORM: Final = "give 20191001, or 20191001-20191031, or all"


def parse_nights(words: str) -> tuple[int, int] | None:
    """Return the first and the last night that are typed: one night, or two of them; None for no words.

    A night is YYYYMMDD or YYYY-MM-DD; ``all`` means every one.

    Raises
    ------
    ValueError
        Where that is no night; the message says what is wanted.

    Examples
    --------
    >>> parse_nights("2019-10-01 to 2019-10-31")
    (20191001, 20191031)
    """
    compact = "".join(words.lower().split()).replace("to", ":").replace("..", ":")
    if not compact:
        return None
    if compact == "all":
        return EVERY_NIGHT
    digits = compact.replace("-", "").replace(":", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) in (8, 16) and compact.count(":") <= 1):
        msg = f"{words.strip()!r} is no night: {_FORM}"
        raise ValueError(msg)
    nights = sorted(int(digits[start : start + 8]) for start in range(0, len(digits), 8))
    for night in nights:
        if not (1 <= night // 100 % 100 <= 12 and 1 <= night % 100 <= 31):
            msg = f"{words.strip()!r}: {night} is no night: {_FORM}"
            raise ValueError(msg)
    return nights[0], nights[-1]
