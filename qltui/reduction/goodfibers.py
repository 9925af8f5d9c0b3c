"""Which fibres bring light."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import njit

from qltui.reduction.spectra import Spectra

__all__ = ["FiberLevels", "fiber_levels", "good_fibers"]

LEAST_SHARE: Final = 0.15
"""Of what a working fibre gives; a fibre below it is called dark. A fibre of half the throughput is far above."""
SIGNIFICANT: Final = 5.0
"""Times its own noise that the light of a fibre must be."""
_FAINTEST: Final = 0.03
"""Fibres below this share of the bright ones do not take part in saying what a working fibre gives."""


@dataclass(frozen=True, slots=True)
class FiberLevels:
    """Light of each fibre relative to what a working fibre of the same exposure gives.

    The lower and the upper half of the rows are looked at apart, because they are read by different amplifiers.

    Attributes
    ----------
    good : ndarray of bool, shape (nf,)
        Fibres that bring light in at least one half of their rows.
    level : ndarray of float64, shape (nf,)
        Mean light of a fibre over that of a working one; NaN where all its samples are masked.
    halves : ndarray of float64, shape (nf, 2)
        The same for the lower and the upper half of the rows.
    half_dark : ndarray of bool, shape (nf,)
        Fibres that are good, but dark or masked in one half although others bring light there: a dead amplifier.
    reason : str
        What the reader should know: no light at all, a half without light, fibres dark in one half.
    """

    good: npt.NDArray[np.bool_]
    level: npt.NDArray[np.float64]
    halves: npt.NDArray[np.float64]
    half_dark: npt.NDArray[np.bool_]
    reason: str = ""


@njit(cache=True, nogil=True, error_model="numpy")
def _half_means(flux: Any, ivar: Any, mean: Any, noise: Any) -> None:
    """Fill the mean flux of the unmasked samples of each half of the rows, and its error, shape (nf, 2)."""
    nf, ny = flux.shape
    for f in range(nf):
        for half in range(2):
            start = half * (ny // 2)
            stop = ny // 2 if half == 0 else ny
            total = 0.0
            variance = 0.0
            count = 0
            for y in range(start, stop):
                if ivar[f, y] > 0:
                    total += flux[f, y]
                    variance += 1.0 / ivar[f, y]
                    count += 1
            enough = count > (stop - start) // 10
            mean[f, half] = total / count if enough else math.nan
            noise[f, half] = math.sqrt(variance) / count if enough else math.nan


def _working_level(mean: npt.NDArray[np.float64], noise: npt.NDArray[np.float64]) -> float:
    """Return the mean flux of a working fibre [e-/Angstrom]; NaN where no fibre brings light."""
    lit = np.isfinite(mean) & (np.nan_to_num(mean) > SIGNIFICANT * np.nan_to_num(noise, nan=np.inf))
    if not lit.any():
        return math.nan
    lit &= np.nan_to_num(mean) > _FAINTEST * float(np.percentile(mean[lit], 90))
    return float(np.median(mean[lit]))


def fiber_levels(spectra: Spectra) -> FiberLevels:
    """Measure the light of each fibre and tell working from dark ones.

    A fibre is good where its mean light is at least 0.15 of the median working fibre's and at least five times its
    own noise, in either half of its rows. So a faint target is good (its fibre brings the sky), and so is a fibre of
    half the throughput or one whose other half lies on a dead amplifier; a dead one brings read noise only.

    Parameters
    ----------
    spectra : Spectra
        As extracted, before sky subtraction; flux [e-/Angstrom].

    Returns
    -------
    FiberLevels
    """
    nf, _ = spectra.shape
    mean, noise = np.empty((nf, 2)), np.empty((nf, 2))
    _half_means(spectra.flux, spectra.ivar, mean, noise)
    typical = np.array([_working_level(mean[:, half], noise[:, half]) for half in range(2)])
    with np.errstate(invalid="ignore", divide="ignore"):
        halves = mean / typical
        lit = (halves >= LEAST_SHARE) & (mean >= SIGNIFICANT * noise)
    good = lit.any(axis=1)
    usable = np.isfinite(typical)
    half_dark = good & (usable & ~lit).any(axis=1)
    count = np.isfinite(halves).sum(axis=1)
    level = np.where(count > 0, np.nansum(halves, axis=1) / np.maximum(count, 1), np.nan)
    return FiberLevels(good, level, halves, half_dark, _reason(usable, half_dark))


def _reason(usable: npt.NDArray[np.bool_], half_dark: npt.NDArray[np.bool_]) -> str:
    if not usable.any():
        return "no fibre brings light above the noise"
    words = []
    if not usable.all():
        where = "lower" if not usable[0] else "upper"
        words.append(f"no light in the {where} half of the rows")
    if half_dark.any():
        n = int(half_dark.sum())
        words.append(f"{n} fibre{'s are' if n > 1 else ' is'} dark in one half of the rows (dead amplifier)")
    return "; ".join(words)


def good_fibers(spectra: Spectra) -> npt.NDArray[np.bool_]:
    """Return which fibres bring light, shape (nf,): `FiberLevels.good` of `fiber_levels`."""
    return fiber_levels(spectra).good
