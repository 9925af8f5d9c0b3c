"""What lies in the field of a CCD: stars and galaxies, where, how bright, and of which shape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qltui.instruments.decam.constants import BANDS, PIXEL_SCALE
from qltui.simulate.decam.paint import add_sources
from qltui.simulate.decam.psf import Psf
from qltui.simulate.decam.request import SimulationRequest

__all__ = ["GALAXY", "STAR", "Sources", "draw_sources", "electrons_per_second", "paint_sources", "sky_rate"]

STAR: Final = 0
GALAXY: Final = 1

_STARS: Final = 500
_GALAXIES: Final = 600
"""Mean numbers in the 162 arcmin2 of a CCD at high galactic latitude."""
_BRIGHTEST: Final = 14.0
_BRIGHTEST_GALAXY: Final = 18.0
_FAINTEST: Final = 23.5
_STAR_COUNTS: Final = 0.2
_GALAXY_COUNTS: Final = 0.4
"""Logarithmic slopes of the number counts by magnitude."""

_FEW_STARS: Final = 40
_FEW_GALAXIES: Final = 6
_SATURATED: Final = 0.25
"""Sources of a small CCD, and how often one of them is saturated."""
_APART: Final = 3.2
_INSIDE: Final = 1.7
"""Least distance of two sources, and of a source from the edge, in FWHM."""
_TRIES: Final = 300
_BRIGHT: Final = 0.4
_SIGNAL: Final = 32.0
_RANGE: Final = 12.0
"""Of the stars of a small CCD: highest peak, as a fraction of the full well, least signal to noise, and ratio of the
brightest to the faintest. The wings of brighter ones would together outshine the sky in so small a field."""

_RINGS: Final = (np.arange(10) + 0.5) / 10.0
"""Shares of an exponential disk's light inside the rings that stand for it."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Sources of a CCD.

    Attributes
    ----------
    x, y : (n,) array
        Counted from the centre of the first light-sensitive pixel [px].
    magnitude : (n,) array
        Outside the atmosphere, AB.
    kind : (n,) array of int8
        `STAR` or `GALAXY`.
    length : (n,) array
        Scale length of a galaxy's disk [px]; 0 for stars.
    ratio, angle : (n,) array
        Axis ratio of the disk, and direction of its major axis [deg].
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    magnitude: NDArray[np.float64]
    kind: NDArray[np.int8]
    length: NDArray[np.float64]
    ratio: NDArray[np.float64]
    angle: NDArray[np.float64]


def electrons_per_second(request: SimulationRequest, magnitude: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return what a source of this magnitude gives at the airmass of the exposure, without clouds [e-/s]."""
    band = BANDS[request.band]
    loss = band.extinction * (request.airmass - 1.0)
    return np.asarray(10.0 ** (0.4 * (band.zero_point - loss - np.asarray(magnitude))))


def sky_rate(request: SimulationRequest) -> float:
    """Return the sky of a complete request, as bright as the moon makes it [e-/s/px]."""
    factor = request.fault_size("moon") or 1.0
    return float(10.0 ** (0.4 * (BANDS[request.band].zero_point - request.sky)) * PIXEL_SCALE**2 * factor)


def draw_sources(
    request: SimulationRequest, psf: Psf, full_well: float, shape: tuple[int, int], rng: np.random.Generator
) -> Sources:
    """Draw the sources of a CCD.

    Parameters
    ----------
    request : SimulationRequest
        Complete.
    psf : Psf
        Without faults: a field does not depend on how badly it is seen.
    full_well : float
        What a pixel can hold [e-].
    shape : tuple of int
        ``(ny, nx)``.
    rng : numpy.random.Generator
    """
    if request.geometry.deep:
        stars, galaxies = int(rng.poisson(_STARS)), int(rng.poisson(_GALAXIES))
        margin = 5.0 * psf.fwhm  # what lies just outside shines in
        y, x = (rng.uniform(-margin, length + margin, stars + galaxies) for length in shape)
        bright = _counts(rng, stars, _BRIGHTEST, _STAR_COUNTS)
        faint = _counts(rng, galaxies, _BRIGHTEST_GALAXY, _GALAXY_COUNTS)
    else:
        x, y = _scatter(shape, psf.fwhm, _FEW_STARS + _FEW_GALAXIES, rng)
        galaxies = min(_FEW_GALAXIES, x.size // 8)
        stars = x.size - galaxies
        bright, faint = _measurable(request, psf, full_well, stars, galaxies, rng)
    kind = np.repeat(np.array([STAR, GALAXY], dtype=np.int8), [stars, galaxies])
    is_galaxy = kind == GALAXY
    length = np.where(is_galaxy, psf.fwhm * rng.uniform(0.35, 0.9, kind.size), 0.0)
    ratio, angle = rng.uniform(0.35, 1.0, kind.size), rng.uniform(0.0, 180.0, kind.size)
    return Sources(x, y, np.concatenate([bright, faint]), kind, length, ratio, angle)


def _counts(rng: np.random.Generator, number: int, brightest: float, slope: float) -> NDArray[np.float64]:
    """Draw magnitudes whose number grows as 10^(slope m)."""
    low, high = 10.0 ** (slope * brightest), 10.0 ** (slope * _FAINTEST)
    return np.log10(rng.uniform(low, high, number)) / slope


def _scatter(
    shape: tuple[int, int], fwhm: float, number: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw places that keep apart from one another and from the edges; fewer than `number` where there is no room."""
    inside, apart = _INSIDE * fwhm, _APART * fwhm
    x, y = np.empty(0), np.empty(0)
    for _ in range(_TRIES * 5):
        if x.size == number:
            break
        px, py = rng.uniform(inside, shape[1] - 1 - inside), rng.uniform(inside, shape[0] - 1 - inside)
        if not ((x - px) ** 2 + (y - py) ** 2 < apart**2).any():
            x, y = np.append(x, px), np.append(y, py)
    return x, y


def _measurable(
    request: SimulationRequest, psf: Psf, full_well: float, stars: int, galaxies: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw magnitudes of stars and galaxies that the exposure, without faults, can measure."""
    clean = 10.0 ** (0.4 * (BANDS[request.band].zero_point - request.sky)) * PIXEL_SCALE**2 * request.exptime
    # 2.3 FWHM^2 is the area over which the noise of the sky counts for a Gaussian star
    noise = math.sqrt(2.3 * psf.fwhm**2 * (clean + 40.0))
    faintest = _SIGNAL * noise
    peak = float(psf.value(np.zeros(1), np.zeros(1), pixel=True)[0])
    brightest = max(min(_BRIGHT * full_well / peak, _RANGE * faintest), 2.0 * faintest)
    flux = faintest * (brightest / faintest) ** rng.random(stars)
    disks = faintest * 4.0 ** rng.uniform(0.5, 1.5, galaxies)
    if stars and rng.random() < _SATURATED:
        flux[0] = rng.uniform(2.0, 4.0) * full_well / peak
    one = float(electrons_per_second(request, 0.0)) * max(request.exptime, 1e-3)
    return -2.5 * np.log10(flux / one), -2.5 * np.log10(disks / one)


def paint_sources(image: NDArray[np.float32], sources: Sources, flux: NDArray[np.float64], psf: Psf) -> None:
    """Add the light of sources to an image.

    Parameters
    ----------
    image : (ny, nx) array of float32
        [e-]; changed in place.
    sources : Sources
    flux : (n,) array
        Of each source [e-].
    psf : Psf
    """
    cxx, cyy, cxy = psf.matrix()
    gaussian = psf.profile == "gaussian"
    dx, dy = psf.points()
    star = sources.kind == STAR
    x, y = np.add.outer(sources.x[star], dx).ravel(), np.add.outer(sources.y[star], dy).ravel()
    add_sources(image, x, y, np.repeat(flux[star] / dx.size, dx.size), cxx, cyy, cxy, gaussian, True)
    for index in np.flatnonzero(~star):
        px, py, share = _disk(sources.length[index], sources.ratio[index], sources.angle[index], psf.fwhm)
        x = np.add.outer(sources.x[index] + px, dx).ravel()
        y = np.add.outer(sources.y[index] + py, dy).ravel()
        part = np.repeat(flux[index] * share / dx.size, dx.size)
        add_sources(image, x, y, part, cxx, cyy, cxy, gaussian, False)


def _disk(
    length: float, ratio: float, angle: float, fwhm: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return points [px] and shares of the light that stand for an exponential disk seen with this FWHM."""
    x: list[NDArray[np.float64]] = []
    y: list[NDArray[np.float64]] = []
    share: list[NDArray[np.float64]] = []
    for radius in length * _EXPONENTIAL_RADII:
        number = max(6, math.ceil(2.0 * math.pi * radius / (0.7 * fwhm)))
        phi = (np.arange(number) + 0.5 * (len(x) % 2)) * (2.0 * np.pi / number)
        x.append(radius * np.cos(phi))
        y.append(radius * ratio * np.sin(phi))
        share.append(np.full(number, 1.0 / (_EXPONENTIAL_RADII.size * number)))
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    along, across = np.concatenate(x), np.concatenate(y)
    return along * cos - across * sin, along * sin + across * cos, np.concatenate(share)


def _exponential_radii() -> NDArray[np.float64]:
    """Return the radii, in scale lengths, inside which an exponential disk has the shares `_RINGS` of its light."""
    radius = np.linspace(0.0, 12.0, 2401)
    radii: NDArray[np.float64] = np.interp(_RINGS, 1.0 - (1.0 + radius) * np.exp(-radius), radius)
    return radii


_EXPONENTIAL_RADII: Final = _exponential_radii()
