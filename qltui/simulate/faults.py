"""What can go wrong, as data: name, meaning of its size, and the places where it can happen."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from qltui.instruments.desi.constants import ARMS, SPECTROGRAPHS
from qltui.simulate.errors import SimulationError
from qltui.simulate.geometry import AMPLIFIERS

__all__ = ["FAULTS", "Fault", "FaultKind", "check_faults", "parse_fault"]

CAMERAS: Final = tuple(f"{arm}{unit}" for arm in ARMS for unit in SPECTROGRAPHS)


LAMPS: Final = ("all", "HgI", "CdI", "NeI", "ArI")
"""Lamps that may break; a flat has but one, ``all``."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault.

    Attributes
    ----------
    name : str
        ``"noisy_amplifier"``.
    size : str
        What its size means; empty where it has none.
    unit : str
        Of the size.
    default : float
        Size where none is given.
    places : str
        ``"amplifier"`` (``b3:C``), ``"camera"`` (``b3``), ``"lamp"`` (a species, or ``all``), ``"sky"`` (``moon`` or
        ``twilight``), ``"exposure"`` (none).
    obstypes : tuple of str
        Exposures in which it can be seen; empty for all.
    minimum, maximum : float
        Allowed sizes.
    """

    name: str
    size: str
    unit: str
    default: float
    places: str
    obstypes: tuple[str, ...] = ()
    minimum: float = -math.inf
    maximum: float = math.inf


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

_PLACE_FORMS: Final[Mapping[str, str]] = {
    "amplifier": "CAMERA:AMPLIFIER, as b3:C",
    "camera": "CAMERA, as b3",
    "lamp": f"one of {', '.join(LAMPS)}",
    "sky": "moon or twilight",
    "exposure": "no place",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with an exposure.

    Attributes
    ----------
    name : str
        Key of `FAULTS`.
    place : str
        Camera, lamp or kind of sky; empty where it concerns the whole exposure.
    amplifier : str
        ``"A"`` to ``"D"``; empty where the fault has none.
    size : float
        In the unit of its kind.
    """

    name: str
    place: str
    amplifier: str
    size: float

    def __str__(self) -> str:
        """Return it as `parse_fault` takes it."""
        size = f"{self.size:g}" if FAULTS[self.name].size else ""
        return ":".join(part for part in (self.name, self.place, self.amplifier, size) if part)

    def concerns(self, camera: str) -> bool:
        """Whether `camera` is hit."""
        return FAULTS[self.name].places not in ("amplifier", "camera") or self.place == camera


def form_of(kind: FaultKind) -> str:
    """Return how a fault of this kind is written, for messages and help."""
    place = {"amplifier": ":CAMERA:AMPLIFIER", "camera": ":CAMERA", "lamp": ":SPECIES", "sky": ":moon|twilight"}
    size = f"[:{kind.unit}]" if kind.size else ""
    return kind.name + place.get(kind.places, "") + size


def parse_fault(text: str) -> Fault:
    """Read a fault such as ``noisy_amplifier:b3:C:25``; the size may be left out.

    Raises
    ------
    SimulationError
        Where there is no such fault or place, or the size makes no sense; the message says what would.
    """
    name, *words = (word.strip() for word in text.split(":"))
    kind = FAULTS.get(name)
    if kind is None:
        msg = f"no fault is called {name!r}; take one of {', '.join(FAULTS)}"
        raise SimulationError(msg)
    wanted = {"amplifier": 2, "exposure": 0}.get(kind.places, 1)
    if not wanted <= len(words) <= wanted + (1 if kind.size else 0):
        msg = f"fault {text!r} is not of the form {form_of(kind)}"
        raise SimulationError(msg)
    place, amplifier = [*words[:wanted], "", ""][:2]
    size = kind.default
    if len(words) > wanted:
        try:
            size = float(words[wanted])
        except ValueError:
            msg = f"fault {text!r}: {words[wanted]!r} is not a number of {kind.unit}"
            raise SimulationError(msg) from None
    fault = Fault(name, place.lower() if kind.places != "lamp" else place, amplifier.upper(), size)
    _check_place(fault, kind)
    if not kind.minimum <= fault.size <= kind.maximum:
        msg = f"fault {text!r}: the size must lie between {kind.minimum:g} and {kind.maximum:g} {kind.unit}"
        raise SimulationError(msg)
    return fault


def _check_place(fault: Fault, kind: FaultKind) -> None:
    """Refuse a place that the instrument does not have."""
    good = {
        "amplifier": fault.place in CAMERAS and fault.amplifier in AMPLIFIERS,
        "camera": fault.place in CAMERAS,
        "lamp": fault.place in LAMPS,
        "sky": fault.place in ("moon", "twilight"),
        "exposure": True,
    }[kind.places]
    if not good:
        where = f"{fault.place}:{fault.amplifier}" if kind.places == "amplifier" else fault.place
        msg = f"fault {fault.name}: no such place as {where!r}; give {_PLACE_FORMS[kind.places]}"
        raise SimulationError(msg)


def check_faults(faults: Iterable[Fault], obstype: str) -> None:
    """Refuse faults that nobody could see in an exposure of this type.

    Raises
    ------
    SimulationError
    """
    for fault in faults:
        obstypes = FAULTS[fault.name].obstypes
        if obstypes and obstype not in obstypes:
            msg = f"fault {fault.name} cannot happen in an exposure of type {obstype}; it needs {', '.join(obstypes)}"
            raise SimulationError(msg)
        if fault.name == "broken_lamp" and obstype == "FLAT" and fault.place != "all":
            msg = f"a flat is lit by one lamp; write broken_lamp:all instead of broken_lamp:{fault.place}"
            raise SimulationError(msg)
