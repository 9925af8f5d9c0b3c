"""Which fibres hold what: sky, and the classes of targets that an exposure is judged by."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from qltui.instruments.desi.constants import PHOTOMETRIC_BAND, TARGET_BITS
from qltui.instruments.desi.fibermap import FiberMap
from qltui.instruments.desi.state import State

__all__ = ["BRIGHT_CLASSES", "DARK_CLASSES", "catalogue_flux", "count_targets", "sky_fibers", "target_classes"]

BoolArray = npt.NDArray[np.bool_]

DARK_CLASSES: Final = ("ELG", "LRG", "QSO", "STAR")
BRIGHT_CLASSES: Final = ("BGS", "MWS", "STAR")
LEAST_TARGETS: Final = 2
"""Targets with a flux that a class needs to say anything."""

_MWS_STANDARDS: Final = (1 << 33) | (1 << 35)
_OFF_TARGET: Final = sum(1 << bit for bit in (0, 2, 8, 9, 16))
"""FIBERSTATUS: unassigned, broken, position missing or bad, bad fibre."""


def _on_target(fibermap: FiberMap) -> BoolArray:
    return np.asarray((fibermap.fiberstatus & _OFF_TARGET) == 0)


def sky_fibers(state: State) -> BoolArray | None:
    """Return the fibres on blank sky that bring light, shape (nf,); None where nobody tells or there are none."""
    if state.fibermap is None or state.levels is None:
        return None
    fibers = state.fibermap.is_sky & _on_target(state.fibermap) & state.levels.good
    return fibers if fibers.any() else None


def catalogue_flux(state: State) -> npt.NDArray[np.float64] | None:
    """Return the fluxes of the targets in the band of the arm [nanomaggy], shape (nf,); None without fibermap."""
    return None if state.fibermap is None else state.fibermap.flux(PHOTOMETRIC_BAND[state.camera.arm])


def target_classes(state: State) -> dict[str, BoolArray]:
    """Return the targets of each class of the program, shape (nf,) each, that have a flux and a fibre that works.

    A class with fewer than two of them is left out: an exposure is not judged by what it does not have.
    """
    fibermap, levels, flux = state.fibermap, state.levels, catalogue_flux(state)
    if fibermap is None or levels is None or flux is None:
        return {}
    usable = _on_target(fibermap) & levels.good & np.isfinite(flux) & (flux > 0) & ~fibermap.is_sky
    bright = state.exposure.program.startswith(("BRIGHT", "BACKUP"))
    members = {name: usable & _members(fibermap, name) for name in (BRIGHT_CLASSES if bright else DARK_CLASSES)}
    return {name: chosen for name, chosen in members.items() if np.count_nonzero(chosen) >= LEAST_TARGETS}


def count_targets(state: State) -> dict[str, int]:
    """Return how many targets of each class the camera saw: with a catalogue flux, on a fibre that works."""
    if state.exposure.obstype != "SCIENCE":
        return {}
    return {name: int(np.count_nonzero(members)) for name, members in target_classes(state).items()}


def _members(fibermap: FiberMap, name: str) -> BoolArray:
    """Return the targets of a class by their bits; a standard star belongs to STAR alone."""
    standards = (1 << TARGET_BITS["STD_FAINT"]) | (1 << TARGET_BITS["STD_BRIGHT"])
    is_star = ((fibermap.desi_target & standards) != 0) | ((fibermap.mws_target & _MWS_STANDARDS) != 0)
    if name == "STAR":
        return np.asarray(is_star)
    return np.asarray(((fibermap.desi_target & (1 << TARGET_BITS[name])) != 0) & ~is_star)
