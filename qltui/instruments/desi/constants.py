"""Facts of the DESI spectrographs that the recipe and the simulator must agree on.

Wavelengths are vacuum wavelengths in Angstrom throughout.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = [
    "ARMS",
    "CONTINUUM_WINDOWS",
    "FIBER_AREA",
    "FIDUCIAL_MAGNITUDE",
    "PHOTOMETRIC_BAND",
    "SKY_PEAK_LINES",
    "SPECTROGRAPHS",
    "TARGET_BITS",
    "WAVELENGTH_RANGE",
    "ZERO_POINT",
]

ARMS: Final = ("b", "r", "z")
SPECTROGRAPHS: Final = tuple(range(10))

WAVELENGTH_RANGE: Final[Mapping[str, tuple[float, float]]] = {
    "b": (3570.0, 5730.0),
    "r": (5630.0, 7740.0),
    "z": (7650.0, 9830.0),
}
"""Range that every fibre of an arm has on the detector [Angstrom]."""

CONTINUUM_WINDOWS: Final[Mapping[str, tuple[tuple[float, float], tuple[float, float]]]] = {
    "b": ((4000.0, 4500.0), (5250.0, 5550.0)),
    "r": ((5950.0, 6200.0), (6990.0, 7230.0)),
    "z": ((8120.0, 8270.0), (9110.0, 9280.0)),
}
"""Where SKYCONT takes its two medians [Angstrom]."""

SKY_PEAK_LINES: Final[Mapping[str, tuple[float, float]]] = {
    "b": (3914.4, 5578.9),
    "r": (6301.9, 7342.8),
    "z": (8432.4, 9378.5),
}
"""Lines whose counts PEAKCOUNT sums [Angstrom]."""

PHOTOMETRIC_BAND: Final[Mapping[str, str]] = {"b": "G", "r": "R", "z": "Z"}
"""Band of the target catalogue that each arm is compared with (FLUX_G, FLUX_R, FLUX_Z)."""

ZERO_POINT: Final[Mapping[str, float]] = {"b": 18.25, "r": 18.36, "z": 17.98}
"""AB magnitude of a source that gives 1 e-/s/Angstrom in the middle of the arm's band.

A mirror of 8.66 m2 and a throughput, atmosphere and fibre included, of 0.20 (b) and 0.30 (r, z):
``2.5 log10(5.48e6 / lambda * 8.66e4 * throughput)``. Stated with every magnitude, and replaced by the flux
calibration of the observatory where one is given.
"""

FIBER_AREA: Final = 1.79
"""Of a fibre of 1.51 arcsec diameter on the sky [arcsec2]."""

FIDUCIAL_MAGNITUDE: Final = 22.0
"""Magnitude at which FIDSNR_TGT states the signal to noise."""

TARGET_BITS: Final[Mapping[str, int]] = {
    "LRG": 0,
    "ELG": 1,
    "QSO": 2,
    "SKY": 32,
    "STD_FAINT": 33,
    "STD_WD": 34,
    "STD_BRIGHT": 35,
    "BGS": 60,
    "MWS": 61,
}
"""Bits of DESI_TARGET."""
