"""What of a text from outside may be printed: apart from all else, because `qltui status` is in a hurry."""

from __future__ import annotations

import unicodedata

__all__ = ["clean"]


def clean(text: str) -> str:
    """Return `text` on one line, without control, formatting and unassigned characters: headers are not trusted."""
    if text.isascii() and text.isprintable():
        return text
    kept = (" " if char in "\t\n\r\v\f" else char for char in text)
    return "".join(char for char in kept if char == " " or unicodedata.category(char)[0] != "C")
