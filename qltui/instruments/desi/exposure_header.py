"""What sort of exposure a DESI header tells of, and how far Kitt Peak's clocks are from universal time.

SEEING is often missing; FLAVOR is ``science`` for arcs and flats as well, so that OBSTYPE decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from qltui.instruments.card_reader import CardReader

__all__ = ["UTC_OFFSET", "obstype_of"]

UTC_OFFSET: Final = timedelta(hours=-7)
"""Kitt Peak keeps Mountain Standard Time all the year."""
_FLAVORS: Final[Mapping[str, str]] = {
    "SCIENCE": "SCIENCE", "SKY": "SKY", "TWILIGHT": "TWILIGHT", "ARC": "ARC", "ARCS": "ARC", "FLAT": "FLAT",
    "FLATS": "FLAT", "BIAS": "ZERO", "ZERO": "ZERO", "DARK": "DARK", "TESTARC": "TESTARC", "TESTFLAT": "TESTFLAT",
}  # fmt: skip
_WORD: Final = re.compile(r"[A-Z][A-Z0-9_ -]{0,19}")


def obstype_of(reader: CardReader) -> str:
    """Return the type of the exposure in upper case: OBSTYPE, else what FLAVOR means, else ``"OTHER"``."""
    for key in ("OBSTYPE", "FLAVOR"):
        word = reader.text(key, 40).upper()
        if not word:
            continue
        if key == "FLAVOR":
            reader.problems.append(f"OBSTYPE is missing; FLAVOR {word!r} decides")
        known = _FLAVORS.get(word, word if key == "OBSTYPE" else "OTHER")
        if _WORD.fullmatch(known):
            return known
        reader.problems.append(f"{key} is {word!r} and not used")
    if not reader.text("OBSTYPE") and not reader.text("FLAVOR"):
        reader.problems.append("neither OBSTYPE nor FLAVOR says what the exposure is")
    return "OTHER"
