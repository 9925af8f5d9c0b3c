"""The header of any HDU of any FITS file, card by card with its comments, as a person reads it.

Files come from elsewhere: text is printable ASCII, a card with its continuations has an end, and so has a header.
Nothing is judged here: what follows no rule of the standard is shown as it stands.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from qltui.instruments.errors import IncompleteFileError, InvalidFileError
from qltui.instruments.fits_cards import CARD, clean_text

__all__ = ["HeaderCard", "HeaderError", "HeaderPart", "list_parts", "read_cards"]

MAX_CARDS: Final = 5000
"""Cards of one header that are shown."""
MAX_VALUE: Final = 2000
"""Characters of one value with its continuations."""

_QUOTED: Final = re.compile(r"\s*'((?:[^']|'')*)'?\s*(?:/(.*))?$", re.DOTALL)


class HeaderError(Exception):
    """A header that cannot be shown; the message says why."""


@dataclass(frozen=True, slots=True)
class HeaderPart:
    """One header-data unit.

    Attributes
    ----------
    index : int
        Position in the file, 0 for the primary one.
    name : str
        EXTNAME; empty where there is none.
    kind : str
        ``"IMAGE"``, ``"COMPRESSED"``, ``"TABLE"`` or ``"OTHER"``.
    pixels : str
        Type and size in words: ``"int16 4128 x 4114"``, ``"500 rows of 164 bytes"``, empty without data.
    size : int
        Of the data in the file [bytes].
    """

    index: int
    name: str
    kind: str
    pixels: str
    size: int


@dataclass(frozen=True, slots=True)
class HeaderCard:
    """One card with its continuations; `keyword` is empty for a blank one."""

    keyword: str
    value: str
    comment: str = ""


_TYPES: Final = {8: "uint8", 16: "int16", 32: "int32", 64: "int64", -32: "float32", -64: "float64"}


def _regular(path: str | os.PathLike[str]) -> str:
    try:
        name = os.fspath(path)
        is_file = Path(name).is_file()
    except (OSError, ValueError) as error:
        msg = f"it cannot be opened: {error}"
        raise HeaderError(msg) from error
    if not is_file:
        msg = "it is no longer there, or is not an ordinary file"
        raise HeaderError(msg)
    return name


def list_parts(path: str | os.PathLike[str]) -> tuple[HeaderPart, ...]:
    """Return the HDUs of a file; only headers are read.

    Raises
    ------
    HeaderError
        Where it is missing, cut off, or no FITS file.
    """
    from qltui.instruments.fits_scan import scan_hdus

    try:
        entries = scan_hdus(_regular(path))
    except (IncompleteFileError, InvalidFileError) as error:
        raise HeaderError(str(error)) from error
    parts = []
    for entry in entries:
        sizes = " x ".join(map(str, entry.shape))
        pixels = f"{_TYPES[entry.bitpix]} {sizes}" if entry.kind in ("IMAGE", "COMPRESSED") and sizes else ""
        if entry.kind == "TABLE" and len(entry.shape) == 2:
            pixels = f"{entry.shape[0]} rows of {entry.shape[1]} bytes"
        parts.append(HeaderPart(entry.index, entry.name, entry.kind, pixels, entry.data_size))
    return tuple(parts)


def read_cards(path: str | os.PathLike[str], index: int) -> tuple[tuple[HeaderCard, ...], int]:
    """Return the cards of one HDU up to END, at most `MAX_CARDS`, and how many were left out.

    Raises
    ------
    HeaderError
        Where there is no such file or HDU.
    """
    from qltui.instruments.fits_scan import open_source, scan_hdus

    try:
        name = _regular(path)
        entry = next((entry for entry in scan_hdus(name) if entry.index == index), None)
        if entry is None:
            msg = f"it has no HDU {index}"
            raise HeaderError(msg)
        raw = open_source(name).read(entry.offset_header, entry.offset_data - entry.offset_header)
    except (IncompleteFileError, InvalidFileError) as error:
        raise HeaderError(str(error)) from error
    return parse_header(raw)


def parse_header(raw: bytes) -> tuple[tuple[HeaderCard, ...], int]:
    """Return the cards in raw records of 80 bytes up to END, at most `MAX_CARDS`, and how many were left out."""
    cards: list[HeaderCard] = []
    left_out = 0
    for at in range(0, len(raw) - CARD + 1, CARD):
        text = raw[at : at + CARD].decode("ascii", "replace")
        keyword = clean_text(text[:8])
        if keyword == "END" and not text[8:].strip():
            break
        if keyword == "CONTINUE" and cards:
            cards[-1] = _continued(cards[-1], text[8:])
        elif len(cards) >= MAX_CARDS:
            left_out += 1
        else:
            cards.append(_card(keyword, text))
    while cards and cards[-1] == HeaderCard("", ""):
        cards.pop()
    return tuple(cards), left_out


def _card(keyword: str, text: str) -> HeaderCard:
    if text[8:10] == "= ":
        return HeaderCard(keyword, *_value(text[10:]))
    if keyword == "HIERARCH":
        name, equals, field = text[9:].partition("=")
        if equals:
            return HeaderCard(clean_text(name), *_value(field))
    return HeaderCard(keyword, clean_text(text[8:]))


def _value(field: str) -> tuple[str, str]:
    """Return value and comment of what stands behind the ``=``."""
    quoted = _QUOTED.match(field)
    if quoted:
        return clean_text(quoted[1].replace("''", "'")), clean_text(quoted[2] or "")
    value, _, comment = field.partition("/")
    return clean_text(value), clean_text(comment)


def _continued(card: HeaderCard, field: str) -> HeaderCard:
    """Return a card with what its CONTINUE card adds; no text grows without end."""
    value, comment = _value(field)
    before = card.value.removesuffix("&")
    return HeaderCard(card.keyword, f"{before}{value}"[:MAX_VALUE], f"{card.comment} {comment}".strip()[:MAX_VALUE])
