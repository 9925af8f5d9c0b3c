"""One CCD of one exposure, from the light that falls on it to the counts of its pixels, with the truth kept."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qltui.instruments.decam.constants import PIXEL_SCALE, READOUT_TIME
from qltui.simulate.cosmics import cosmic_rays
from qltui.simulate.decam.field import Sources, draw_sources, electrons_per_second, paint_sources, sky_rate
from qltui.simulate.decam.geometry import detector_layout
from qltui.simulate.decam.hardware import bias_pattern, bias_step, channels_of, sensitivity
from qltui.simulate.decam.mosaic import CCD_NUMBERS, FIELD_RADIUS, FOCUS_CHIPS, PLACES
from qltui.simulate.decam.paint import bleed
from qltui.simulate.decam.psf import Psf
from qltui.simulate.decam.request import SimulationRequest
from qltui.simulate.electronics import Channel, read_out
from qltui.simulate.geometry import DetectorLayout
from qltui.simulate.paint import poisson

__all__ = ["DARK_CURRENT", "SimulatedCcd", "psf_of", "simulate_ccd"]

DARK_CURRENT: Final = 25.0 / 3600.0
"""Of every pixel [e-/s]."""

_TWILIGHT_LEVEL: Final = 12000.0
"""Light of a twilight exposure, where no fault says otherwise [ADU]; of dome flats see `Size.flat_level`."""
_DOME_GRADIENT: Final = 0.01
_SKY_GRADIENT: Final = 0.01
"""Differences of illumination from the axis to the edge of the field: of the dome's screen across its rows, of the
sky along them. Both are what a flat cannot take away."""
_EDGE_SEEING: Final = 0.02
"""By which stars are wider at the edge of the field than on the axis."""
_MEAN_GAIN: Final = 3.99
_OVERFULL: Final = 1.02
"""Where charge bleeds, in units of what the converter can say: a full pixel reads the same in spite of its noise."""
_THICK_SILICON: Final = "z"
"""Cosmic rays: the CCDs are 250 um thick as those of DESI's red and near-infrared arms, from the same maker."""

# Independent random numbers for each purpose, so that one effect can be switched off and the others stay the same
_PHOTONS, _READOUT, _COSMICS, _SOURCES = range(4)


@dataclass(frozen=True, slots=True)
class SimulatedCcd:
    """A CCD's raw image, and everything that is true of it.

    Attributes
    ----------
    name : str
    raw : (raw_ny, raw_nx) array of uint16
        [ADU].
    layout : DetectorLayout
    channels : tuple of Channel
        Amplifiers as they truly are.
    step : float
        Rise of the bias after the focus chips are read [ADU].
    expected : (ny, nx) array
        Electrons without noise, cosmic rays and bleeding [e-].
    cosmic : (ny, nx) array
        Electrons from cosmic rays [e-].
    cosmic_hits : int
    background : float
        What sky or lamp gives a pixel of mean sensitivity at the CCD's centre, dark current not included [e-].
    psf : Psf or None
    sources : Sources or None
    flux : (n,) array
        Electrons of each source [e-].
    full_pixels : int
        Light-sensitive pixels that hold all they can.
    """

    name: str
    raw: NDArray[np.uint16]
    layout: DetectorLayout
    channels: tuple[Channel, ...]
    step: float
    expected: NDArray[np.float32]
    cosmic: NDArray[np.float32]
    cosmic_hits: int
    background: float
    psf: Psf | None
    sources: Sources | None
    flux: NDArray[np.float64]
    full_pixels: int

    @property
    def side(self) -> str:
        """``"N"`` or ``"S"``."""
        return side_of(self.name)

    def cosmic_mask(self, sigma: float = 10.0) -> NDArray[np.bool_]:
        """Return which pixels ``(ny, nx)`` got more than `sigma` times their noise from cosmic rays."""
        mask = np.zeros(self.cosmic.shape, dtype=np.bool_)
        for part, channel in zip(self.layout.amplifiers, self.channels, strict=True):
            charge, expected = self.cosmic[part.ccd.slices], self.expected[part.ccd.slices]
            hit = np.nonzero(charge)
            variance = expected[hit] + channel.read_noise**2 + channel.gain**2 / 12.0
            mask[part.ccd.slices][hit] = charge[hit] > sigma * np.sqrt(variance)
        return mask


def side_of(name: str) -> str:
    """Return the side of the focal plane on which a CCD or a focus chip lies."""
    return name[1] if name in FOCUS_CHIPS else name[0]


def _generator(request: SimulationRequest, name: str, purpose: int) -> np.random.Generator:
    return np.random.default_rng([request.seed, request.expnum, purpose, CCD_NUMBERS[name]])


def _from_axis(name: str) -> float:
    """Return the distance of a CCD from the optical axis, 0 to 1."""
    x, y = PLACES[name]
    return math.hypot(x, y) / FIELD_RADIUS


def psf_of(request: SimulationRequest, name: str, *, faults: bool = True) -> Psf:
    """Return the image of a star on a CCD; it is the same all over the CCD.

    Parameters
    ----------
    request : SimulationRequest
        Complete.
    name : str
    faults : bool
        Whether those of the exposure count.
    """
    fwhm = request.seeing / PIXEL_SCALE
    if request.variation:
        fwhm *= 1.0 + _EDGE_SEEING * _from_axis(name) ** 2
    psf = Psf(request.profile, fwhm, request.ellipticity, request.angle)
    if not faults:
        return psf
    ring = (request.fault_size("focus_ring") or 0.0) / PIXEL_SCALE
    direction = np.random.default_rng([request.seed, request.expnum, 77]).uniform(0.0, 180.0)
    return replace(
        psf,
        fwhm=fwhm + ring * _from_axis(name) ** 2,
        trail=(request.fault_size("guiding_trail") or 0.0) / PIXEL_SCALE,
        trail_angle=round(float(direction), 2),
        donut=(request.fault_size("defocus") or 0.0) / PIXEL_SCALE,
    )


def _background(request: SimulationRequest, name: str) -> float:
    """Return what sky or lamp gives to a pixel at the centre of a CCD [e-]."""
    if not request.has_light:
        return 0.0
    x, y = (position / FIELD_RADIUS for position in PLACES[name])
    dome, sky = (1.0 + _DOME_GRADIENT * x, 1.0 + _SKY_GRADIENT * y) if request.variation else (1.0, 1.0)
    if request.obstype in ("FLAT", "TWILIGHT"):
        usual = request.geometry.flat_level if request.obstype == "FLAT" else _TWILIGHT_LEVEL
        level = request.fault_size("over_illumination") or (usual if math.isnan(request.level) else request.level)
        return level * _MEAN_GAIN * (dome if request.obstype == "FLAT" else sky)
    return sky_rate(request) * request.exptime * sky


def _full_well(layout: DetectorLayout, channels: tuple[Channel, ...]) -> NDArray[np.float32]:
    """Return what the pixels of each column can hold ``(nx,)`` [e-]."""
    wells = np.empty(layout.nx, dtype=np.float32)
    for part, channel in zip(layout.amplifiers, channels, strict=True):
        wells[part.ccd.slices[1]] = (channel.saturation - channel.nominal_bias) * channel.gain * _OVERFULL
    return wells


def simulate_ccd(request: SimulationRequest, name: str) -> SimulatedCcd:
    """Simulate one CCD, or focus chip, of an exposure, without files.

    Raises
    ------
    SimulationError
        Where the request makes no sense.
    """
    request = request.complete()
    size, focus, side = request.geometry, name in FOCUS_CHIPS, side_of(name)
    layout = detector_layout(size, side, focus=focus)
    shape = (layout.ny, layout.nx)
    faults = tuple(fault for fault in request.faults if fault.concerns(name))
    readout = _generator(request, name, _READOUT)
    channels = channels_of(name, faults, readout, noise=request.read_noise)
    background = _background(request, name)
    response = sensitivity(name, layout) if request.variation else np.ones(shape, dtype=np.float32)
    expected = np.full(shape, background, dtype=np.float32)
    psf, sources, flux = None, None, np.empty(0)
    wells = _full_well(layout, channels)
    if request.has_stars and not focus:
        psf = psf_of(request, name)
        clean = psf_of(request, name, faults=False)
        rng = _generator(request, name, _SOURCES)
        sources = draw_sources(request, clean, float(wells.min()), shape, rng)
        clouds = 10.0 ** (-0.4 * (request.fault_size("clouds") or 0.0))
        flux = electrons_per_second(request, sources.magnitude) * request.exptime * clouds
        paint_sources(expected, sources, flux, psf)
    expected *= response
    expected += np.float32(DARK_CURRENT * request.exptime)
    if request.cosmics:
        rng = _generator(request, name, _COSMICS)
        cosmic, hits = cosmic_rays(shape, _THICK_SILICON, request.exptime, rng, READOUT_TIME)
    else:
        cosmic, hits = np.zeros_like(expected), 0
    noisy = poisson(_generator(request, name, _PHOTONS), expected) if request.photon_noise else expected
    collected = noisy + cosmic
    full = bleed(collected, wells)
    step = bias_step(name, faults) if request.bias_step and not focus else 0.0
    pattern = bias_pattern(name, layout, side, size.jump, step)
    raw = read_out(collected, layout, channels, readout, pattern)
    return SimulatedCcd(
        name, raw, layout, channels, step, expected, cosmic, hits, background, psf, sources, flux, int(full)
    )  # fmt: skip
