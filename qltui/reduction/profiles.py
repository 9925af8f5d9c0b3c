"""The Gaussian profile of a fibre or of a line, integrated over pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import erf

__all__ = ["aperture_fraction", "pixel_gaussian", "profile_table"]

_SQRT2 = np.sqrt(2.0)


def pixel_gaussian(distance: npt.ArrayLike, sigma: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the share of a Gaussian that falls in a pixel one wide, at `distance` from its centre [px].

    ``(erf((d + 1/2) / (sqrt 2 sigma)) - erf((d - 1/2) / (sqrt 2 sigma))) / 2``; both arguments are broadcast.
    """
    d = np.asarray(distance, dtype=np.float64)
    scale = _SQRT2 * np.asarray(sigma, dtype=np.float64)
    share: npt.NDArray[np.float64] = 0.5 * (erf((d + 0.5) / scale) - erf((d - 0.5) / scale))
    return share


def aperture_fraction(distance: npt.ArrayLike, sigma: npt.ArrayLike, half_width: float) -> npt.NDArray[np.float64]:
    """Return the share of a fibre's light inside a window of ``2 half_width``, at `distance` from its centre [px].

    Averaged over sub-pixel phases: the fractional edge of the window acts as one more box of a pixel, whose variance
    of 1/12 px^2 is added to that of the profile.
    """
    d = np.asarray(distance, dtype=np.float64)
    scale = _SQRT2 * np.sqrt(np.asarray(sigma, dtype=np.float64) ** 2 + 1.0 / 12.0)
    share: npt.NDArray[np.float64] = 0.5 * (erf((d + half_width) / scale) - erf((d - half_width) / scale))
    return share


def profile_table(sigma: npt.NDArray[Any], phases: int, reach: int) -> npt.NDArray[np.float32]:
    """Return pixel-integrated profiles for a grid of sub-pixel phases.

    Parameters
    ----------
    sigma : ndarray, shape (ns,)
        [px].
    phases : int
        Number of phases; phase ``p`` stands for a centre at ``(p + 1/2) / phases - 1/2`` from a pixel's middle.
    reach : int
        Pixels on either side of the central one.

    Returns
    -------
    ndarray of float32, shape (ns, phases, 2 reach + 1)
        Share of the light in each pixel.
    """
    centre = (np.arange(phases) + 0.5) / phases - 0.5
    pixel = np.arange(-reach, reach + 1)
    distance = pixel[None, None, :] - centre[None, :, None]
    return pixel_gaussian(distance, np.asarray(sigma, dtype=np.float64)[:, None, None]).astype(np.float32)
