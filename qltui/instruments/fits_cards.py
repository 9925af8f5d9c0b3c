"""Header cards of FITS files, read leniently: what cannot be understood is left out, and nothing is ever raised.

Files come from elsewhere. Text is stripped of control and non-ASCII characters here, once, so that no header can drive
a terminal or break a line of a log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

__all__ = ["BLOCK", "CARD", "Header", "Scalar", "clean_text", "iterate_cards", "parse_cards", "parse_value"]

Scalar: TypeAlias = str | int | float | bool
Header: TypeAlias = Mapping[str, Scalar]

CARD: Final = 80
BLOCK: Final = 2880
MAX_TEXT: Final = 1000
"""Longest text that is kept of one card with its continuations."""

_PRINTABLE: Final = bytes(code if 32 <= code < 127 else 32 for code in range(256))
_QUOTED: Final = re.compile(r"\s*'((?:[^']|'')*)(?:'|$)")
_INTEGER: Final = re.compile(r"[+-]?\d{1,25}")
_FLOAT: Final = re.compile(r"[+-]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[EeDd][+-]?\d{1,4})?")
_NOT_FINITE: Final = {"nan": "nan", "inf": "inf", "+inf": "inf", "-inf": "-inf", "infinity": "inf"}
_COMMENTARY: Final = frozenset({"COMMENT", "HISTORY", "", "END", "CONTINUE"})


def clean_text(text: str, limit: int = MAX_TEXT) -> str:
    """Return `text` without control or non-ASCII characters, without outer blanks, no longer than `limit`."""
    return "".join(letter if " " <= letter <= "~" else " " for letter in text[: 4 * limit]).strip()[:limit].rstrip()


def parse_value(field: str) -> Scalar | None:
    """Return what stands behind the ``=`` of a card, or None for an undefined value.

    Text that follows no rule of the standard (``None`` without quotes) comes back as text.
    """
    quoted = _QUOTED.match(field)
    if quoted:
        return quoted[1].replace("''", "'").rstrip()
    word = field.partition("/")[0].strip()
    if not word:
        return None
    if word in ("T", "F"):
        return word == "T"
    if _INTEGER.fullmatch(word):
        return int(word)
    if _FLOAT.fullmatch(word):
        return float(word.upper().replace("D", "E"))
    if word.lower() in _NOT_FINITE:
        return float(_NOT_FINITE[word.lower()])
    return word


def iterate_cards(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield keyword and field of each card in `raw` up to END; the field begins behind the ``=``.

    Long strings that go on in CONTINUE cards are yielded as a field of their own, keyword ``CONTINUE``.
    """
    text = raw.translate(_PRINTABLE).decode("ascii")
    for at in range(0, len(text) - CARD + 1, CARD):
        keyword = text[at : at + 8].rstrip()
        if keyword == "END":
            return
        if keyword == "CONTINUE":
            yield keyword, text[at + 8 : at + CARD]
        elif text[at + 8 : at + 10] == "= ":
            yield keyword.upper(), text[at + 10 : at + CARD]
        elif keyword == "HIERARCH":
            name, equals, field = text[at + 9 : at + CARD].partition("=")
            if equals:
                yield name.strip().upper(), field


def parse_cards(raw: bytes) -> dict[str, Scalar]:
    """Return the values of a raw header by keyword; the first card wins where a keyword is repeated.

    Parameters
    ----------
    raw : bytes
        Records of 80 bytes.
    """
    header: dict[str, Scalar] = {}
    open_text = ""  # keyword of the string that the next CONTINUE card goes on with
    for keyword, field in iterate_cards(raw):
        value = parse_value(field)
        if keyword == "CONTINUE":
            before = header.get(open_text)
            if isinstance(before, str) and before.endswith("&") and isinstance(value, str):
                header[open_text] = (before[:-1] + value)[:MAX_TEXT]
            continue
        open_text = ""
        if keyword in _COMMENTARY or keyword in header or value is None:
            continue
        header[keyword] = value
        open_text = keyword
    return header
