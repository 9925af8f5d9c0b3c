"""Cosmic rays: pixels sharper than anything that the optics can make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from qltui.reduction.detector import CcdImage
from qltui.reduction.masks import COSMIC

__all__ = ["CosmicCounts", "find_cosmics"]

_QUEUED = 128
"""Bit that marks pixels already counted, free again when the search is over."""


@dataclass(frozen=True, slots=True)
class CosmicCounts:
    """What the search found in each amplifier.

    Attributes
    ----------
    pixels, hits : ndarray of int64, shape (namp,)
        Flagged pixels, and groups of them that touch at sides or corners, by the amplifier of their first pixel.
    """

    pixels: npt.NDArray[np.int64]
    hits: npt.NDArray[np.int64]


@njit(cache=True, nogil=True)
def _median3(a: float, b: float, c: float) -> float:
    return max(min(a, b), min(max(a, b), c))


@njit(cache=True, nogil=True)
def _smooth_level(image: Any, y: int, x: int) -> float:
    """Continuum under a pixel: the lower of the medians of the 2nd to 4th pixels before and behind it in its column.

    Spectra run along columns. On the flank of a line one side is low, so nothing of the line is taken for continuum.
    """
    before = _median3(image[y - 2, x], image[y - 3, x], image[y - 4, x])
    behind = _median3(image[y + 2, x], image[y + 3, x], image[y + 4, x])
    return max(min(before, behind), 0.0)


@njit(cache=True, nogil=True)
def _too_sharp(
    image: Any, mask: Any, y: int, x: int, levels: Any, variance_floor: float, gradients: Any,
    nsigma: float, c: float, c2: float,
) -> bool:  # fmt: skip
    """Whether a pixel rises too sharply above its neighbours on four axes, each above the `levels` of its column."""
    value = image[y, x]
    excess = value - levels[1]
    error = math.sqrt(max(value, 0.0) + variance_floor)
    if excess <= nsigma * error:
        return False
    above = 0
    sharp = False
    for axis in range(4):
        dy = 0 if axis == 0 else 1
        dx = (1, 0, 1, -1)[axis]
        back = 0.0
        variance = 0.0
        for sign in (-1, 1):
            j = y + sign * dy
            i = x + sign * dx
            masked = mask[j, i] & ~_QUEUED & ~COSMIC
            neighbour = value if masked else image[j, i]
            back += excess if masked else max(neighbour - levels[1 + sign * dx], 0.0)
            variance += max(neighbour, 0.0) + variance_floor
        back *= 0.5
        above += excess > back + nsigma * error
        spread = 0.5 * math.sqrt(variance)
        sharp = sharp or (excess - c * error) * c2 * gradients[axis] > back + c * spread
    return sharp and above >= 2


@njit(cache=True, nogil=True)
def _is_cosmic(
    image: Any, mask: Any, y: int, x: int, variance_floor: float, gradients: Any, nsigma: float, c: float, c2: float
) -> bool:
    """Test a pixel as it is, which finds tracks that run along columns, and then above the continuum of its column."""
    levels = (0.0, 0.0, 0.0)
    if _too_sharp(image, mask, y, x, levels, variance_floor, gradients, nsigma, c, c2):
        return True
    levels = (_smooth_level(image, y, x - 1), _smooth_level(image, y, x), _smooth_level(image, y, x + 1))
    return _too_sharp(image, mask, y, x, levels, variance_floor, gradients, nsigma, c, c2)


@njit(cache=True, nogil=True)
def _search(
    image: Any, mask: Any, y0: int, y1: int, x0: int, x1: int, variance_floor: float, gradients: Any,
    nsigma: float, c: float, c2: float, found: Any,
) -> int:  # fmt: skip
    """Flag the cosmic rays of one amplifier; their pixels are listed in `found` as far as it reaches, return count."""
    ny, nx = image.shape
    # excess > nsigma sqrt(value + floor) asks for at least this value, whatever the continuum.
    threshold = 0.5 * nsigma * nsigma + math.sqrt(0.25 * nsigma**4 + nsigma * nsigma * variance_floor)
    n = 0
    for y in range(max(y0, 4), min(y1, ny - 4)):
        for x in range(max(x0, 1), min(x1, nx - 1)):
            if image[y, x] > threshold and mask[y, x] == 0 and n < found.size:
                if _is_cosmic(image, mask, y, x, variance_floor, gradients, nsigma, c, c2):
                    found[n] = y * nx + x
                    n += 1
    for k in range(n):
        mask[found[k] // nx, found[k] % nx] |= COSMIC
    k = 0
    while k < n:
        y = found[k] // nx
        x = found[k] % nx
        k += 1
        for j in range(max(y - 1, 4), min(y + 2, ny - 4)):
            for i in range(max(x - 1, 1), min(x + 2, nx - 1)):
                if mask[j, i] == 0 and n < found.size:
                    if _is_cosmic(image, mask, j, i, variance_floor, gradients, 0.5 * nsigma, 0.0, c2):
                        mask[j, i] |= COSMIC
                        found[n] = j * nx + i
                        n += 1
    return n


@njit(cache=True, nogil=True)
def _count_groups(mask: Any, found: Any, n: int, stack: Any) -> int:
    """Number of groups of touching pixels among the first `n` of `found`."""
    ny, nx = mask.shape
    groups = 0
    for k in range(n):
        if mask[found[k] // nx, found[k] % nx] & _QUEUED:
            continue
        groups += 1
        mask[found[k] // nx, found[k] % nx] |= _QUEUED
        stack[0] = found[k]
        depth = 1
        while depth > 0:
            depth -= 1
            y = stack[depth] // nx
            x = stack[depth] % nx
            for j in range(max(y - 1, 0), min(y + 2, ny)):
                for i in range(max(x - 1, 0), min(x + 2, nx)):
                    if mask[j, i] & COSMIC and not mask[j, i] & _QUEUED and depth < stack.size:
                        mask[j, i] |= _QUEUED
                        stack[depth] = j * nx + i
                        depth += 1
    return groups


@njit(cache=True, nogil=True)
def _clear(mask: Any, found: Any, n: int) -> None:
    nx = mask.shape[1]
    for k in range(n):
        mask[found[k] // nx, found[k] % nx] &= ~_QUEUED


def find_cosmics(
    ccd: CcdImage, *, arm_factors: Sequence[float], nsigma: float = 6.0, c_factor: float = 3.0, c2_factor: float = 0.5
) -> CosmicCounts:
    """Flag the pixels hit by cosmic rays in ``ccd.mask`` (bit `COSMIC`), and count them.

    A pixel is hit where it exceeds the mean of its two neighbours by `nsigma` on at least two of four axes, and is
    sharper than the point-spread function on at least one (the test of SDSS photo, as used for DESI). It is applied
    to what rises above the continuum of the pixel's column, so that a hit on top of a bright spectrum is found as
    well as one on the dark sky. Neighbours of hit pixels are then tested with half of `nsigma`, as long as any is
    found.

    Parameters
    ----------
    ccd : CcdImage
        Image (ny, nx) [e-]; its mask is changed.
    arm_factors : sequence of 4 floats
        Value of the point-spread function one pixel from its centre over that at the centre, along x, along y and
        along the two diagonals.
    nsigma, c_factor, c2_factor : float
        Significance; noises allowed for in the sharpness test; share of `arm_factors` that is used.

    Returns
    -------
    CosmicCounts
    """
    gradients = np.asarray(arm_factors, dtype=np.float64)
    if gradients.shape != (4,):
        msg = f"{gradients.size} gradients of the point-spread function, not 4"
        raise ValueError(msg)
    pixels = np.zeros(len(ccd.amplifiers), dtype=np.int64)
    hits = np.zeros(len(ccd.amplifiers), dtype=np.int64)
    found = np.empty(max(1024, ccd.image.size // 50), dtype=np.int64)
    stack = np.empty_like(found)
    for k, (amp, noise) in enumerate(zip(ccd.amplifiers, ccd.read_noise, strict=True)):
        if not noise > 0:
            continue
        place = amp.ccd
        n = _search(
            ccd.image, ccd.mask, place.y0, place.y1, place.x0, place.x1, float(noise) ** 2, gradients,
            nsigma, c_factor, c2_factor, found,
        )  # fmt: skip
        pixels[k] = n
        hits[k] = _count_groups(ccd.mask, found, n, stack)
        _clear(ccd.mask, found, n)
    return CosmicCounts(pixels, hits)
