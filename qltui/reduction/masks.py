"""Bits of the pixel mask of a detector image, and of the mask of extracted spectra (`numpy.uint8`)."""

from __future__ import annotations

from typing import Final

__all__ = ["BAD", "COSMIC", "FLAT_LOW", "FLAT_ZERO", "NAMES", "SATURATED", "describe"]

BAD: Final = 1
"""Declared bad by the observatory's mask, not finite, not read by any amplifier, or read by a dead one."""
SATURATED: Final = 2
"""At or above the saturation level of its amplifier."""
COSMIC: Final = 4
"""Hit by a cosmic ray."""
FLAT_ZERO: Final = 8
"""The pixel flat is zero here: no correction is possible."""
FLAT_LOW: Final = 16
"""The pixel flat is so low that the correction amplifies noise more than tenfold."""

NAMES: Final[dict[int, str]] = {
    BAD: "bad",
    SATURATED: "saturated",
    COSMIC: "cosmic ray",
    FLAT_ZERO: "pixel flat zero",
    FLAT_LOW: "pixel flat low",
}


def describe(bits: int) -> str:
    """Return the names of the bits set in `bits`, joined by commas; empty where none is set."""
    return ", ".join(name for bit, name in NAMES.items() if bits & bit)
