"""What the fibres look at: classes, magnitudes and spectra, and the table that says so (the fibermap)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qltui.instruments.desi.constants import PHOTOMETRIC_BAND, TARGET_BITS, ZERO_POINT
from qltui.simulate.geometry import Size

__all__ = ["BAND_MIDDLE", "PROGRAM_CLASSES", "Targets", "draw_targets", "target_rate"]

BAND_MIDDLE: Final[Mapping[str, float]] = {"b": 4770.0, "r": 6420.0, "z": 9170.0}
"""Wavelength at which the zero point of an arm holds [Angstrom]: the middle of the bands g, r and z."""

PROGRAM_CLASSES: Final[Mapping[str, tuple[tuple[str, float], ...]]] = {
    "DARK": (("ELG", 0.45), ("LRG", 0.30), ("QSO", 0.25)),
    "GRAY": (("ELG", 1.0),),
    "BRIGHT": (("BGS", 0.7), ("MWS", 0.3)),
}
"""Classes of a program, and their shares of the fibres that are neither on sky nor on standard stars."""


@dataclass(frozen=True, slots=True)
class _TargetClass:
    """Range of r magnitudes, colours g-r and r-z with their scatter, redshifts, and features of the spectrum.

    A feature is rest wavelength [Angstrom], equivalent width [Angstrom] (negative in absorption), width (sigma)
    [Angstrom]; both widths at rest.
    """

    bright: float
    faint: float
    g_r: float
    r_z: float
    scatter: float
    redshifts: tuple[float, float]
    features: tuple[tuple[float, float, float], ...]


_STELLAR: Final = (
    (3934.8, -3.0, 4.0), (3969.6, -6.0, 6.0), (4102.9, -6.0, 8.0), (4341.7, -6.0, 8.0), (4862.7, -6.0, 8.0),
    (5176.6, -1.5, 6.0), (6564.6, -4.0, 6.0), (8544.4, -2.0, 4.0), (8664.5, -1.5, 4.0),
)  # fmt: skip
_OLD_GALAXY: Final = (
    (3934.8, -9.0, 9.0), (3969.6, -8.0, 9.0), (4305.6, -5.0, 10.0), (5176.6, -5.0, 12.0), (5895.6, -3.0, 8.0),
)  # fmt: skip

_CLASSES: Final[Mapping[str, _TargetClass]] = {
    "ELG": _TargetClass(21.0, 23.0, 0.25, 0.75, 0.10, (0.7, 1.5),
                        ((3728.5, 45.0, 1.6), (4862.7, 8.0, 1.6), (4960.3, 8.0, 1.6), (5008.2, 24.0, 1.6))),
    "LRG": _TargetClass(20.2, 22.6, 1.55, 1.40, 0.12, (0.4, 0.9), _OLD_GALAXY),
    "QSO": _TargetClass(19.5, 22.6, 0.20, 0.30, 0.12, (0.9, 2.8),
                        ((1215.7, 70.0, 16.0), (1549.1, 28.0, 20.0), (1908.7, 20.0, 22.0), (2799.1, 30.0, 22.0))),
    "BGS": _TargetClass(18.0, 20.0, 0.90, 0.55, 0.15, (0.05, 0.4),
                        (*_OLD_GALAXY, (6564.6, 12.0, 3.0), (6585.3, 5.0, 3.0))),
    "MWS": _TargetClass(18.0, 19.5, 0.65, 0.30, 0.15, (0.0, 0.0), _STELLAR),
    "STAR": _TargetClass(17.8, 19.5, 0.35, 0.12, 0.06, (0.0, 0.0), _STELLAR),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Targets:
    """What the fibres of one spectrograph look at; all arrays have one element for each fibre.

    Attributes
    ----------
    classes : (nf,) array of str
        ``"SKY"``, ``"STAR"``, ``"ELG"``, ...
    flux : (nf, 3) array
        In g, r and z [nmgy]; 0 for sky.
    redshift : (nf,) array
    fraction : (nf,) array
        Share of the light that enters the fibre, relative to the mean, from small errors of pointing.
    """

    classes: NDArray[np.str_]
    flux: NDArray[np.float64]
    redshift: NDArray[np.float64]
    fraction: NDArray[np.float64]

    @property
    def is_sky(self) -> NDArray[np.bool_]:
        """Whether a fibre looks at empty sky."""
        sky: NDArray[np.bool_] = self.classes == "SKY"
        return sky


def draw_targets(size: Size, program: str, rng: np.random.Generator, *, only_sky: bool = False) -> Targets:
    """Assign the fibres of one spectrograph.

    Magnitudes of a class are spread evenly over its range, so that a curve can be fitted even to a few targets.

    Parameters
    ----------
    size : Size
    program : {"DARK", "GRAY", "BRIGHT"}
    rng : numpy.random.Generator
        Of this exposure and spectrograph; the three arms share it.
    only_sky : bool
        Whether all fibres look at the sky, as in twilight.
    """
    count = size.fibers
    classes = np.full(count, "SKY", dtype="U4")
    if not only_sky:
        rest = count - size.sky_fibers - size.standards
        names = ["SKY"] * size.sky_fibers + ["STAR"] * size.standards
        shares = PROGRAM_CLASSES[program]
        numbers = [round(share * rest) for _, share in shares[1:]]
        for (name, _), number in zip(shares, (rest - sum(numbers), *numbers), strict=True):
            names += [name] * number
        classes = rng.permutation(np.array(names, dtype="U4"))
        classes = _spread_sky(classes, size.sky_fibers)
    flux, redshift = np.zeros((count, 3)), np.zeros(count)
    for name in np.unique(classes[classes != "SKY"]):
        chosen = np.flatnonzero(classes == name)
        flux[chosen], redshift[chosen] = _draw_class(_CLASSES[str(name)], chosen.size, rng)
    fraction = np.clip(rng.normal(1.0, 0.02, count), 0.9, 1.1)
    return Targets(classes, flux, redshift, fraction)


def _spread_sky(classes: NDArray[np.str_], sky_fibers: int) -> NDArray[np.str_]:
    """Move the sky fibres to even distances along the slit, so that every bundle and amplifier has some."""
    out = np.empty_like(classes)
    step = classes.size / sky_fibers
    sky = (np.arange(sky_fibers) * step + 0.5 * step).astype(int)
    is_sky = np.zeros(classes.size, dtype=bool)
    is_sky[sky] = True
    out[is_sky] = "SKY"
    out[~is_sky] = classes[classes != "SKY"]
    return out


def _draw_class(
    kind: _TargetClass, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return fluxes ``(count, 3)`` [nmgy] and redshifts of targets of one class."""
    steps = (np.arange(count) + rng.uniform(0.1, 0.9, count)) / count
    r = rng.permutation(kind.bright + (kind.faint - kind.bright) * steps)
    g = r + rng.normal(kind.g_r, kind.scatter, count)
    z = r - rng.normal(kind.r_z, kind.scatter, count)
    magnitude = np.stack([g, r, z], axis=1).clip(16.0, 24.0)
    return 10.0 ** (-0.4 * (magnitude - 22.5)), rng.uniform(*kind.redshifts, count)


def target_rate(targets: Targets, arm: str, wavelength: NDArray[np.float64], resolution: float) -> NDArray[np.float64]:
    """Return what the targets send to the detector through a perfect fibre of mean throughput.

    The flux density follows straight lines in magnitude over log wavelength through the three bands; lines are
    laid over it; a rate of ``10^(-0.4 (m - ZERO_POINT))`` holds in the middle of the arm's band, and the throughput
    falls smoothly to either side.

    Parameters
    ----------
    targets : Targets
    arm : {"b", "r", "z"}
    wavelength : (nf, ny) array
        [Angstrom].
    resolution : float
        Gaussian width of an unresolved line [Angstrom]; features are at least as wide.

    Returns
    -------
    (nf, ny) array
        [e-/s/Angstrom].
    """
    middle = BAND_MIDDLE[arm]
    nodes = np.log(list(BAND_MIDDLE.values()))
    rate = np.zeros_like(wavelength)
    for fiber in np.flatnonzero(targets.flux.min(axis=1) > 0.0):
        wave = wavelength[fiber]
        magnitude = 22.5 - 2.5 * np.log10(targets.flux[fiber])
        shape = np.interp(np.log(wave), nodes, magnitude)
        rate[fiber] = 10.0 ** (-0.4 * (shape - ZERO_POINT[arm])) * targets.fraction[fiber]
        rate[fiber] *= _features(_CLASSES[str(targets.classes[fiber])], targets.redshift[fiber], wave, resolution)
    half_width = 1500.0
    throughput = 1.0 - 0.15 * ((wavelength - middle) / half_width) ** 2
    return rate * throughput * middle / wavelength


def _features(kind: _TargetClass, redshift: float, wave: NDArray[np.float64], resolution: float) -> NDArray[np.float64]:
    """Return the factor by which emission and absorption change the continuum."""
    factor = np.ones_like(wave)
    for rest, width, sigma in kind.features:
        centre, spread = rest * (1.0 + redshift), np.hypot(sigma * (1.0 + redshift), resolution)
        if wave[0] - 10 * spread < centre < wave[-1] + 10 * spread:
            height = width * (1.0 + redshift) / (spread * np.sqrt(2.0 * np.pi))
            factor += height * np.exp(-0.5 * ((wave - centre) / spread) ** 2)
    return factor.clip(0.05, None)


def desi_target(classes: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return the bits of DESI_TARGET for the classes of fibres."""
    bit = {**TARGET_BITS, "STAR": TARGET_BITS["STD_FAINT"]}
    return np.array([1 << bit[str(name)] for name in classes], dtype=np.int64)


BANDS: Final = tuple(PHOTOMETRIC_BAND.values())
"""Bands of `Targets.flux`."""
