"""What shifts across and along the dispersion have in common: centroids that follow the light, and their averages."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = [
    "CONVERGED",
    "REACH",
    "RESPONSE",
    "SIGNIFICANT",
    "WEIGHT_SIGMA",
    "FloatArray",
    "Shift",
    "combine",
    "mean_per_fiber",
    "unmeasured",
]

FloatArray = npt.NDArray[np.float64]

WEIGHT_SIGMA: Final = 1.2
"""Of the Gaussian weight under which centroids are taken [px]: about the width of profiles and lines."""
RESPONSE: Final = 0.5
"""By how much such a centroid follows its profile: ``sw^2 / (sw^2 + s^2)``, one half where the widths agree."""
REACH: Final = 4
"""Pixels on either side of the centre that have weight."""
CONVERGED: Final = 0.01
"""Correction after which no further is made [px]: a twentieth of it remains."""
SIGNIFICANT: Final = 5.0
"""Signal to noise below which a centroid is not taken."""
_SYSTEMATIC = 0.01
"""Error that no number of electrons removes from one fibre's centroid [px]."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift of the spectra on the detector: true position minus that of the traces.

    Attributes
    ----------
    value, error : float
        Of all fibres together [px]; NaN where it could not be measured.
    n : int
        Fibres that took part.
    fibers : ndarray of float64, shape (nf,)
        Of each fibre [px]; NaN where it could not be measured.
    reason : str
        Why there is no value, or why it is not to be trusted.
    """

    value: float
    error: float
    n: int
    fibers: FloatArray
    reason: str = ""


def unmeasured(nfiber: int, reason: str) -> Shift:
    """Return the shift that could not be measured, with the reason."""
    return Shift(math.nan, math.nan, 0, np.full(nfiber, np.nan), reason)


def combine(fibers: FloatArray, errors: FloatArray) -> tuple[float, float, int]:
    """Return the clipped weighted mean over the fibres (nf,) and their errors [px], its error, and how many took part.

    NaN where none has a value.
    """
    good = np.isfinite(fibers) & np.isfinite(errors)
    if not good.any():
        return math.nan, math.nan, 0
    total = np.sqrt(errors**2 + _SYSTEMATIC**2)
    for _ in range(3):
        middle = np.median(fibers[good])
        spread = 1.4826 * np.median(np.abs(fibers[good] - middle))
        off = np.abs(np.where(np.isfinite(fibers), fibers, np.inf) - middle)
        good &= off <= np.maximum(4.0 * spread, 4.0 * np.where(np.isfinite(total), total, 0.0))
    weight = np.where(good, 1.0 / np.where(good, total, 1.0) ** 2, 0.0)
    n = int(good.sum())
    value = float((weight * np.where(good, fibers, 0.0)).sum() / weight.sum())
    scatter = math.sqrt(float((weight * np.where(good, fibers - value, 0.0) ** 2).sum() / weight.sum()) / max(n - 1, 1))
    return value, max(scatter, 1.0 / math.sqrt(weight.sum())), n


def mean_per_fiber(estimate: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return weighted mean and error over the blocks or lines of each fibre; NaN where there is none.

    `estimate` and `variance` have the shape (nf, nblock) [px, px^2]; what is far from the median of all is left out.
    """
    good = np.isfinite(estimate) & np.isfinite(variance) & (variance > 0)
    if not good.any():
        nothing = np.full(estimate.shape[0], np.nan)
        return nothing, nothing.copy()
    middle = np.median(estimate[good])
    spread = 1.4826 * np.median(np.abs(estimate[good] - middle))
    allowed = 5.0 * np.sqrt(np.where(good, variance, 0.0) + spread**2 + 0.05**2)
    good &= np.abs(np.where(good, estimate, 0.0) - middle) <= allowed
    weight = np.where(good, 1.0 / (np.where(good, variance, 1.0) + 0.02**2), 0.0)
    total = weight.sum(axis=1)
    some = total > 0
    value = np.where(some, (weight * np.where(good, estimate, 0.0)).sum(axis=1) / np.where(some, total, 1.0), np.nan)
    return value, np.where(some, 1.0 / np.sqrt(np.where(some, total, 1.0)), np.nan)
