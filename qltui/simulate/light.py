"""Light that all fibres see: the sky with its lines, and the lamps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qltui.instruments.desi.constants import CONTINUUM_WINDOWS, SKY_PEAK_LINES, WAVELENGTH_RANGE
from qltui.reduction.lines import ARC_LINES, SKY_LINES, LineList
from qltui.simulate.faults import LAMPS, Fault
from qltui.simulate.request import SimulationRequest
from qltui.simulate.sparse_lines import alone_among_bright, separated

__all__ = ["Light", "SkyState", "draw_sky", "flat_light", "lamp_light", "sky_light"]

DARK_SKY: Final = 0.190
"""Continuum of a dark sky in every arm [e-/s/Angstrom]."""

_SKY_FACTOR: Final[Mapping[str, float]] = {"DARK": 1.0, "GRAY": 1.45, "BRIGHT": 2.6}
"""Brightness of the continuum in a program, relative to a dark sky."""

_TWILIGHT_FACTOR: Final = 19.0

_STRONGEST_SKY_LINE: Final[Mapping[bool, float]] = {False: 24.0, True: 36.0}
"""Of the strongest line of the night sky, that of oxygen at 5579 Angstrom [e-/s].

Brighter where the dispersion is coarse (True): there each line stands for the blend with its neighbours.
"""

_STRONGEST_ARC_LINE: Final[Mapping[bool, float]] = {False: 9.0e4, True: 5.0e3}
"""Area of the strongest line of a list in an exposure of 5 s [e-].

Dimmer where the dispersion is coarse (True), so that lines do not fill the small detector.
"""
_FAINTEST_ARC_LINE: Final = 0.03
"""Relative to the strongest."""

ARC_SPECIES: Final = LAMPS[1:]
"""Lamps that are lit for an arc."""

COARSE_DISPERSION: Final = 5.5
COARSE_SIGMA: Final = 1.1
"""Dispersion [Angstrom/px] and width of a line [px] of the mini detectors."""

SKY_DISTANCE: Final = 40.0
"""Distance that lines of the sky keep where the dispersion is coarse: seven pixels [Angstrom]."""

ARC_DISTANCE: Final = 28.0
"""Distance that arc lines keep where the dispersion is coarse: what is isolated there keeps more [Angstrom]."""

_FLAT_ROW: Final = 34.0
"""Light of the flat lamp in the middle of an arm for each row [e-/s]: 4000 e- in 120 s, 1500 e- in the peak pixel.

Held for each row and not for each Angstrom, because whoever sets a lamp looks at the pixels.
"""

_SOLAR_LINES: Final = (
    (3934.8, -12.0, 8.0), (3969.6, -10.0, 8.0), (4102.9, -3.0, 4.0), (4308.0, -5.0, 6.0), (4341.7, -3.0, 4.0),
    (4862.7, -3.5, 4.0), (5176.6, -4.0, 6.0), (5892.0, -1.5, 3.0), (6564.6, -3.5, 4.0), (7615.0, -25.0, 12.0),
    (8500.0, -1.4, 3.0), (8544.4, -3.5, 4.0), (8664.5, -2.6, 4.0),
)  # fmt: skip
"""Wavelength, equivalent width and width [Angstrom] of the strongest features of sunlight and of our air."""


@dataclass(frozen=True, slots=True)
class Light:
    """A spectrum of continuum and unresolved lines.

    Attributes
    ----------
    continuum : (nf, ny) array
        [e-/Angstrom] at the rows of each fibre.
    lines : (nl,) array
        Wavelengths [Angstrom].
    electrons : (nl,) array
        Of each line [e-].
    """

    continuum: NDArray[np.float64]
    lines: NDArray[np.float64]
    electrons: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SkyState:
    """Factors of an exposure's sky: continuum of the dark sky, moonlight, sunlight, and lines."""

    dark: float
    moon: float
    sun: float
    lines: float
    transparency: float


def draw_sky(request: SimulationRequest, rng: np.random.Generator) -> SkyState:
    """Return the sky of an exposure; a clean one changes by a few per cent from one exposure to the next."""
    continuum, lines = (rng.normal(1.0, 0.04), rng.normal(1.0, 0.08)) if request.variation else (1.0, 1.0)
    total = _SKY_FACTOR[request.program] * float(np.clip(continuum, 0.9, 1.1))
    dark = min(total, 1.0)
    sky = SkyState(dark, total - dark, 0.0, float(np.clip(lines, 0.75, 1.25)), 1.0)
    if request.obstype == "TWILIGHT":
        sky = replace(sky, sun=_TWILIGHT_FACTOR * total)
    for fault in request.faults:
        sky = _spoil(sky, fault)
    return sky


def _spoil(sky: SkyState, fault: Fault) -> SkyState:
    """Return the sky with a fault."""
    if fault.name == "clouds":
        return replace(sky, transparency=sky.transparency * 10.0 ** (-0.4 * fault.size))
    if fault.name != "bright_sky":
        return sky
    extra = (fault.size - 1.0) * (sky.dark + sky.moon + sky.sun)
    return replace(sky, moon=sky.moon + extra) if fault.place == "moon" else replace(sky, sun=sky.sun + extra)


def sky_light(
    sky: SkyState, arm: str, wavelength: NDArray[np.float64], exptime: float, resolution: float, *, sparse: bool
) -> Light:
    """Return what a fibre of mean throughput collects from the sky.

    Parameters
    ----------
    sky : SkyState
    arm : {"b", "r", "z"}
    wavelength : (nf, ny) array
        [Angstrom].
    exptime : float
        [s].
    resolution : float
        Gaussian width of an unresolved line [Angstrom].
    sparse : bool
        Whether the sky shines only in lines that a coarse dispersion can separate.
    """
    middles = np.array([0.5 * (low + high) for low, high in CONTINUUM_WINDOWS[arm]])
    blue = (wavelength / middles.mean()) ** -1.0 / np.mean((middles / middles.mean()) ** -1.0)
    sun = sky.sun * _solar(wavelength, resolution) if sky.sun else 0.0
    rate = DARK_SKY * (sky.dark + (sky.moon + sun) * blue)
    lines = _in_arm(arm, _SPARSE_SKY if sparse else SKY_LINES)
    return Light(rate * exptime, lines.wavelength, lines.strength * _STRONGEST_SKY_LINE[sparse] * sky.lines * exptime)


_SPARSE_SKY: Final = separated(
    SKY_LINES,
    SKY_DISTANCE,
    named=[line for lines in SKY_PEAK_LINES.values() for line in lines],
    then=alone_among_bright(SKY_LINES, COARSE_DISPERSION, COARSE_SIGMA).wavelength,
)
_SPARSE_ARC: Final = separated(ARC_LINES.of(*ARC_SPECIES), ARC_DISTANCE)


def _solar(wavelength: NDArray[np.float64], resolution: float) -> NDArray[np.float64]:
    """Return the factor by which its lines change sunlight."""
    factor = np.ones_like(wavelength)
    for centre, width, sigma in _SOLAR_LINES:
        sigma = float(np.hypot(sigma, resolution))
        shape = np.exp(-0.5 * ((wavelength - centre) / sigma) ** 2)
        factor += width / (sigma * np.sqrt(2.0 * np.pi)) * shape
    return factor.clip(0.1, None)


def lamp_light(request: SimulationRequest, arm: str, shape: tuple[int, ...]) -> Light:
    """Return what a fibre of mean throughput collects from the arc lamps.

    Parameters
    ----------
    request : SimulationRequest
        Complete, with its broken lamps.
    arm : {"b", "r", "z"}
    shape : tuple of int
        Of the continuum, which is zero.
    """
    sparse = request.geometry.sparse_lines
    lines = _in_arm(arm, _SPARSE_ARC if sparse else ARC_LINES.of(*ARC_SPECIES))
    area = _STRONGEST_ARC_LINE[sparse] * lines.strength.clip(_FAINTEST_ARC_LINE, None) * request.exptime / 5.0
    for fault in request.faults:
        if fault.name == "broken_lamp":
            hit = (lines.species == fault.place) | (fault.place == "all")
            area = np.where(hit, area * fault.size, area)
    return Light(np.zeros(shape), lines.wavelength, area)


def flat_light(
    request: SimulationRequest, arm: str, wavelength: NDArray[np.float64], dispersion: NDArray[np.float64]
) -> Light:
    """Return what a fibre of mean throughput collects from the lamp for flat fields: smooth, faint at the ends.

    Parameters
    ----------
    request : SimulationRequest
        With its exposure time and broken lamps.
    arm : {"b", "r", "z"}
    wavelength : (nf, ny) array
        [Angstrom].
    dispersion : (nf, ny) array
        [Angstrom/px].
    """
    low, high = WAVELENGTH_RANGE[arm]
    t = 2.0 * (wavelength - low) / (high - low) - 1.0
    shape = 1.0 - 0.35 * t**2 + 0.08 * np.sin(2.5 * t)
    rate = _FLAT_ROW / float(np.median(dispersion)) * shape.clip(0.3, None)
    left = float(np.prod([fault.size for fault in request.faults if fault.name == "broken_lamp"]))
    return Light(rate * request.exptime * left, np.zeros(0), np.zeros(0))


def _in_arm(arm: str, lines: LineList) -> LineList:
    """Return the lines that can be on the detector of an arm; what falls beside it is lost anyway."""
    low, high = WAVELENGTH_RANGE[arm]
    return lines.within(low - 300.0, high + 300.0)
