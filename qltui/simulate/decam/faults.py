"""What can go wrong with DECam, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from qltui.simulate import fault_book
from qltui.simulate.decam.geometry import AMPLIFIERS
from qltui.simulate.decam.mosaic import BACKPLANES, CCDS
from qltui.simulate.fault_book import FaultBook, FaultKind, Place

__all__ = ["BOOK", "FAULTS", "Fault"]

_WITH_STARS: Final = ("SCIENCE", "STANDARD")
_ON_SKY: Final = (*_WITH_STARS, "TWILIGHT")

FAULTS: Final[Mapping[str, FaultKind]] = {
    kind.name: kind
    for kind in (
        FaultKind("noisy_amplifier", "read noise", "e-", 25.0, "amplifier", minimum=0.0, maximum=1e4),
        FaultKind("dead_amplifier", "the one value that all its pixels have", "ADU", 0.0, "amplifier",
                  minimum=0.0, maximum=65535.0),
        FaultKind("bias_jump", "change of the bias level", "ADU", 100.0, "amplifier", minimum=-6e4, maximum=6e4),
        FaultKind("row_jump", "step of the bias when the focus chips are read; 0 for none", "ADU", 15.0, "ccd",
                  minimum=-1e3, maximum=1e3),
        FaultKind("bad_backplane", "read noise of all its CCDs", "e-", 20.0, "backplane", minimum=0.0, maximum=1e4),
        FaultKind("missing_ccd", "", "", 1.0, "ccd"),
        FaultKind("focus_ring", "by which the FWHM is larger at the edge of the field", "arcsec", 0.8, "exposure",
                  _WITH_STARS, 0.0, 10.0),
        FaultKind("defocus", "radius of the rings that stars become", "arcsec", 1.5, "exposure", _WITH_STARS,
                  0.0, 10.0),
        FaultKind("guiding_trail", "length of the trail of each star", "arcsec", 1.5, "exposure", _WITH_STARS,
                  0.0, 30.0),
        FaultKind("clouds", "light lost by the stars", "mag", 1.5, "exposure", _WITH_STARS, 0.0, 30.0),
        FaultKind("moon", "sky, relative to a dark one", "factor", 6.0, "exposure", _WITH_STARS, 0.0, 1e4),
        FaultKind("over_illumination", "light on the CCDs", "ADU", 60000.0, "exposure", ("TWILIGHT", "FLAT"),
                  0.0, 1e6),
        FaultKind("truncated_file", "what is left of the file", "fraction", 0.6, "exposure", (), 0.0, 1.0),
    )
}  # fmt: skip
"""All kinds of faults by name."""

_PLACES: Final[Mapping[str, Place]] = {
    "amplifier": Place(
        "CCD:AMPLIFIER", "CCD:AMPLIFIER, as S29:A", lambda place, amp: place in CCDS and amp in AMPLIFIERS, str.upper
    ),
    "ccd": Place("CCD", "CCD, as S29", lambda place, _: place in CCDS, str.upper),
    "backplane": Place("BACKPLANE", f"one of {', '.join(BACKPLANES)}", lambda place, _: place in BACKPLANES, str.upper),
    "exposure": Place("", "no place", lambda *_: True),
}

BOOK: Final = FaultBook(FAULTS, _PLACES)


@dataclass(frozen=True, slots=True)
class Fault(fault_book.Fault):
    """Something wrong with an exposure: see `qltui.simulate.fault_book.Fault`."""

    book = BOOK

    def concerns(self, ccd: str) -> bool:
        """Whether `ccd` is hit."""
        places = FAULTS[self.name].places
        return places == "exposure" or self.place == ccd or ccd in BACKPLANES.get(self.place, ())
