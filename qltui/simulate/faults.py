"""What can go wrong, as data: name, meaning of its size, and the places where it can happen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from qltui.instruments.desi.constants import ARMS, SPECTROGRAPHS
from qltui.simulate import fault_book
from qltui.simulate.errors import SimulationError
from qltui.simulate.fault_book import FaultBook, FaultKind, Place
from qltui.simulate.geometry import AMPLIFIERS

__all__ = ["BOOK", "FAULTS", "Fault", "FaultKind", "check_faults", "parse_fault"]

CAMERAS: Final = tuple(f"{arm}{unit}" for arm in ARMS for unit in SPECTROGRAPHS)


LAMPS: Final = ("all", "HgI", "CdI", "NeI", "ArI")
"""Lamps that may break; a flat has but one, ``all``."""


_ON_SKY: Final = ("SCIENCE", "SKY", "TWILIGHT")
_WITH_LIGHT: Final = (*_ON_SKY, "ARC", "FLAT")

FAULTS: Final[Mapping[str, FaultKind]] = {
    kind.name: kind
    for kind in (
        FaultKind("noisy_amplifier", "read noise", "e-", 25.0, "amplifier", minimum=0.0, maximum=1e4),
        FaultKind("dead_amplifier", "the one value that all its pixels have", "ADU", 0.0, "amplifier",
                  minimum=0.0, maximum=65535.0),
        FaultKind("bias_jump", "change of the bias level", "ADU", 100.0, "amplifier", minimum=-6e4, maximum=6e4),
        FaultKind("trace_dx", "shift of all traces along the columns", "px", 1.5, "camera", _WITH_LIGHT, -50.0, 50.0),
        FaultKind("trace_dy", "shift of all lines along the rows", "px", 0.8, "camera", _WITH_LIGHT, -50.0, 50.0),
        FaultKind("dead_fibers", "number of fibres without light in this camera", "fibres", 5.0, "camera",
                  _WITH_LIGHT, 1.0, 500.0),
        FaultKind("broken_lamp", "what is left of the light", "fraction", 0.05, "lamp", ("ARC", "FLAT"), 0.0, 1.0),
        FaultKind("bright_sky", "continuum of the sky, relative to a clean exposure", "factor", 8.0, "sky", _ON_SKY,
                  0.0, 1e4),
        FaultKind("clouds", "light lost by the targets", "mag", 2.5, "exposure", _ON_SKY, 0.0, 30.0),
        FaultKind("missing_camera", "", "", 1.0, "camera"),
        FaultKind("missing_fibermap", "", "", 1.0, "exposure"),
        FaultKind("truncated_file", "what is left of the file", "fraction", 0.6, "exposure", (), 0.0, 1.0),
    )
}  # fmt: skip
"""All kinds of faults by name."""

_PLACES: Final[Mapping[str, Place]] = {
    "amplifier": Place(
        "CAMERA:AMPLIFIER", "CAMERA:AMPLIFIER, as b3:C", lambda place, amp: place in CAMERAS and amp in AMPLIFIERS,
        str.lower,
    ),
    "camera": Place("CAMERA", "CAMERA, as b3", lambda place, _: place in CAMERAS, str.lower),
    "lamp": Place("SPECIES", f"one of {', '.join(LAMPS)}", lambda place, _: place in LAMPS),
    "sky": Place("moon|twilight", "moon or twilight", lambda place, _: place in ("moon", "twilight"), str.lower),
    "exposure": Place("", "no place", lambda *_: True),
}  # fmt: skip

BOOK: Final = FaultBook(FAULTS, _PLACES)


@dataclass(frozen=True, slots=True)
class Fault(fault_book.Fault):
    """Something wrong with an exposure: see `qltui.simulate.fault_book.Fault`."""

    book = BOOK

    def concerns(self, camera: str) -> bool:
        """Whether `camera` is hit."""
        return FAULTS[self.name].places not in ("amplifier", "camera") or self.place == camera


def form_of(kind: FaultKind) -> str:
    """Return how a fault of this kind is written, for messages and help."""
    return BOOK.form(kind)


def parse_fault(text: str) -> Fault:
    """Read a fault such as ``noisy_amplifier:b3:C:25``; the size may be left out.

    Raises
    ------
    SimulationError
        Where there is no such fault or place, or the size makes no sense; the message says what would.
    """
    return Fault.parse(text)


def check_faults(faults: Iterable[Fault], obstype: str) -> None:
    """Refuse faults that nobody could see in an exposure of this type.

    Raises
    ------
    SimulationError
    """
    for fault in faults:
        fault.check_obstype(obstype)
        if fault.name == "broken_lamp" and obstype == "FLAT" and fault.place != "all":
            msg = f"a flat is lit by one lamp; write broken_lamp:all instead of broken_lamp:{fault.place}"
            raise SimulationError(msg)
