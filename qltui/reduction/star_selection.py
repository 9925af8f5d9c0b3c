"""Stars among the sources of an imager's CCD: the narrow locus that they form in size against light."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.spatial import cKDTree

from qltui.reduction.binning import bin_image
from qltui.reduction.sources import BLENDED, Catalogue, extract_sources
from qltui.reduction.star_shapes import Shapes, measure_shapes

__all__ = ["StarSelection", "find_stars", "stellar_locus"]

FloatArray = npt.NDArray[np.float64]
_MINIMUM_SNR, _LOWEST_SNR = 25.0, 10.0
_FWHM = math.sqrt(8.0 * math.log(2.0))
_CANDIDATES = 300
"""The brightest so many sources are measured: more stars would not know the width better than it varies."""
_ENOUGH, _FEWEST = 20, 5
"""With fewer candidates the faint and the blended are looked at too; fewer stars are not trusted to be stars."""
_STARS, _USUAL = 200, 2.0
"""How many are kept, and up to which size [px]: of wider ones, which cost more and are known better, fewer."""
_NEAR = 3.0
"""A neighbour within so many widths (FWHM) disturbs a star..."""
_NEIGHBOUR_LIGHT = 0.05
"""... if it has this share of its light."""
_OWN = 1.6
"""What is found within so many deviations of a star is a piece of it."""
_CLEAR = 2.5
"""So many deviations around a star no pixel may be masked."""
_BROKEN = 0.4
"""Share of blended sources from which on they may be pieces of larger stars."""
_COARSE = 4
"""How many times larger the pixels are in which these are sought."""
_WIDER = 1.4
"""... and taken, if they are so many times wider than the pieces."""
_BANDWIDTH = 0.035
"""Of the density of ln(size): stars of one CCD differ by less than this, galaxies by ten times more."""
_SURROUNDINGS = 0.25
"""Bandwidth in which the density is compared with it: that of galaxies hardly changes within this."""
_HALF_WIDTH = 0.15
"""Of the widest locus, in ln(size)."""
_NARROWEST = 0.55
"""A source whose deviation along its minor axis is less than this [px] is a cosmic ray: no lens draws so sharply."""
_SHARED_STRENGTH = 3.0
"""Light decides: sources count by the logarithm of their signal to noise, up to so many times the faintest."""


@dataclass(frozen=True, slots=True)
class StarSelection:
    """Which sources are stars.

    Attributes
    ----------
    index : ndarray of int64, shape (n,)
        Their places in the catalogue, brightest first.
    shapes : Shapes
        Of these.
    size : float
        Middle of the locus: deviation of the Gaussian that fits a star best [px]; NaN where there is none.
    width : float
        Scatter of the stars about it, in ln(size).
    catalogue : Catalogue
        The one that `index` refers to: that of `find_stars`, or a coarser one where stars are so wide that theirs
        splits each into pieces.
    coarse : bool
        Whether it is the coarser one.
    reason : str
        Why there are no stars.
    """

    index: npt.NDArray[np.int64]
    shapes: Shapes
    size: float
    width: float
    catalogue: Catalogue
    coarse: bool = False
    reason: str = ""

    def __len__(self) -> int:
        return int(self.index.size)


def stellar_locus(size: FloatArray, snr: npt.NDArray[Any]) -> tuple[npt.NDArray[np.bool_], float, float]:
    """Find the sizes that most sources share.

    Stars of one image have one size, to within noise, seeing across the CCD and pixels; galaxies and cosmic rays have
    any. The locus is where the density of ln(size) exceeds that of its surroundings most; its scatter is then measured
    and clipped.

    Parameters
    ----------
    size : ndarray, shape (n,)
        [px]; what is not finite is no star.
    snr : ndarray, shape (n,)
        Signal to noise: what is brighter has a better known size, and counts more.

    Returns
    -------
    which : ndarray of bool, shape (n,)
        In the locus.
    middle : float
        Its size [px]; NaN where fewer than 3 sources are in it.
    scatter : float
        In ln(size).
    """
    nobody = np.zeros(size.size, dtype=bool)
    known = np.flatnonzero(np.isfinite(size) & (size > 0))
    if known.size < 3:
        return nobody, math.nan, math.nan
    logs = np.log(size[known])
    weights = np.clip(np.log10(np.maximum(snr[known], 1.0)), 1.0, _SHARED_STRENGTH)
    grid = np.arange(logs.min(), logs.max() + 0.01, 0.01)
    distance2 = (grid[:, None] - logs) ** 2
    near_by = (weights * np.exp(-0.5 * distance2 / _BANDWIDTH**2)).sum(axis=1)
    around = (weights * np.exp(-0.5 * distance2 / _SURROUNDINGS**2)).sum(axis=1) * (_BANDWIDTH / _SURROUNDINGS)
    middle, scatter = float(grid[np.argmax((near_by - around) / np.sqrt(around + 1.0))]), _BANDWIDTH
    near = np.abs(logs - middle) < _HALF_WIDTH
    for _ in range(5):
        if np.count_nonzero(near) < 3:
            return nobody, math.nan, math.nan
        middle = float(np.median(logs[near]))
        scatter = max(1.4826 * float(np.median(np.abs(logs[near] - middle))), 0.005)
        near = np.abs(logs - middle) < min(max(3.0 * scatter, 0.03), _HALF_WIDTH)
    which = nobody.copy()
    which[known[near]] = True
    return which, math.exp(middle), scatter


@njit(cache=True, nogil=True, error_model="numpy")
def _count_masked(mask: Any, x: Any, y: Any, reach: Any, counts: Any) -> None:
    """Count the pixels around each place that are masked or lie outside the image."""
    ny, nx = mask.shape
    for k in range(counts.size):
        radius = math.ceil(reach[k])
        column = round(x[k])
        row = round(y[k])
        counts[k] = 0
        for j in range(row - radius, row + radius + 1):
            for i in range(column - radius, column + radius + 1):
                inside = 0 <= j < ny and 0 <= i < nx
                counts[k] += 0 if inside and mask[j, i] == 0 else 1


def _candidates(catalogue: Catalogue) -> npt.NDArray[np.int64]:
    """Return the brightest sources that may be stars; blended ones and faint ones only where the others are few."""
    spoilt = (catalogue.flags & np.uint8(0xFF & ~BLENDED)) != 0
    chosen = np.zeros(0, dtype=np.int64)
    for blends, snr in ((False, _MINIMUM_SNR), (True, _MINIMUM_SNR), (True, _LOWEST_SNR)):
        wanted = ~spoilt & (catalogue.snr >= snr)
        wanted &= blends | ((catalogue.flags & np.uint8(BLENDED)) == 0)
        chosen = np.flatnonzero(wanted)
        if chosen.size >= _ENOUGH:
            break
    return chosen[np.argsort(-catalogue.snr[chosen], kind="stable")][:_CANDIDATES]


def _alone(catalogue: Catalogue, chosen: npt.NDArray[np.int64], shapes: Shapes) -> npt.NDArray[np.bool_]:
    """Tell which of the chosen sources, whose shapes these are, have no neighbour that matters.

    What lies within the star's own width belongs to it: a ring is found in pieces. Of pieces that lead to the same
    centre the brightest stays.
    """
    size = np.where(np.isfinite(shapes.size), shapes.size, 0.0)
    centres = np.nan_to_num(np.column_stack([shapes.x, shapes.y]), nan=-1e6)
    around = cKDTree(np.column_stack([catalogue.x, catalogue.y]))
    alone = np.ones(chosen.size, dtype=bool)
    for k, found in enumerate(around.query_ball_point(centres, _NEAR * _FWHM * size)):
        others = np.array([other for other in found if other != chosen[k]], dtype=np.int64)
        apart = np.hypot(catalogue.x[others] - centres[k, 0], catalogue.y[others] - centres[k, 1])
        matters = catalogue.flux[others] > _NEIGHBOUR_LIGHT * catalogue.flux[chosen[k]]
        alone[k] = not np.any(matters & (apart > _OWN * size[k]))
    for first, second in cKDTree(centres).query_pairs(1.0):
        alone[max(first, second)] = False
    return alone


def _select(
    image: npt.NDArray[np.float32], mask: npt.NDArray[np.uint8], catalogue: Catalogue, coarse: bool
) -> StarSelection:
    """Measure the candidates of one catalogue on the image, and keep those in the locus."""
    chosen = _candidates(catalogue)
    guess = np.sqrt(np.maximum(catalogue.a[chosen] * catalogue.b[chosen], 0.5))
    shapes = measure_shapes(image, catalogue.x[chosen], catalogue.y[chosen], guess, mask=mask)
    size = np.where(shapes.minor > _NARROWEST, shapes.size, np.nan)
    counts = np.empty(chosen.size, dtype=np.int64)
    reach = np.nan_to_num(_CLEAR * size, nan=1.0)
    _count_masked(mask, np.nan_to_num(shapes.x), np.nan_to_num(shapes.y), reach, counts)
    usable = _alone(catalogue, chosen, shapes) & (counts == 0) & np.isfinite(size)
    if np.count_nonzero(usable) < _FEWEST:  # a crowded field: neighbours spoil the width less than having none
        usable = (counts == 0) & np.isfinite(size)
    which, middle, scatter = stellar_locus(np.where(usable, size, np.nan), catalogue.snr[chosen])
    most = int(np.clip(_STARS * (_USUAL / max(middle, _USUAL)) ** 2, 40, _STARS)) if math.isfinite(middle) else 0
    kept = np.flatnonzero(which)[:most]
    reason = "" if kept.size else f"no stars stand out among {len(catalogue)} sources"
    return StarSelection(chosen[kept], shapes.selected(kept), middle, scatter, catalogue, coarse, reason)


def find_stars(
    image: npt.NDArray[np.float32],
    catalogue: Catalogue,
    rms: float,
    *,
    mask: npt.NDArray[np.uint8] | None = None,
) -> StarSelection:
    """Find the stars among the sources of a CCD, by which its point-spread function can be measured.

    Sources that are saturated, masked, cut off, faint or have a bright neighbour or masked pixels close by (the trail
    of a saturated star) are left out; of the others the brightest are measured, and those of the most common size are
    stars. Stars far out of focus fall into pieces when they are separated from their neighbours; where sources look
    so, stars are sought again in the image in larger pixels, and these are taken if they agree on a larger size.

    Parameters
    ----------
    image : ndarray of float32, shape (ny, nx)
        Without background.
    catalogue : Catalogue
        Its sources.
    rms : float
        Noise of a pixel [unit of the image].
    mask : ndarray of uint8, shape (ny, nx), optional
        Pixels that are not 0 are left out.

    Returns
    -------
    StarSelection
    """
    flags = np.zeros(image.shape, dtype=np.uint8) if mask is None else np.ascontiguousarray(mask, dtype=np.uint8)
    fine = _select(image, flags, catalogue, coarse=False)
    bright = catalogue.snr >= _MINIMUM_SNR
    blended = np.mean((catalogue.flags[bright] & BLENDED) != 0) if bright.any() else 0.0
    if len(fine) >= _ENOUGH and blended < _BROKEN:
        return fine
    wide = _select(image, flags, _coarse_sources(image, rms), coarse=True)
    better = len(wide) >= _FEWEST and (len(fine) < _FEWEST or wide.size > _WIDER * fine.size)
    return wide if better else fine


def _coarse_sources(image: npt.NDArray[np.float32], rms: float) -> Catalogue:
    """Return the sources of the image in larger pixels, not separated from each other, at its own scale."""
    binned, factor = bin_image(image, max(image.shape) // _COARSE)
    noise = 1.4826 * float(np.median(np.abs(binned)))  # of what is no star: larger than rms / factor by far in clouds
    found = extract_sources(binned, max(rms / factor, noise), min_pixels=3, contrast=1.0)
    scale = np.float32(factor)
    return replace(
        found,
        x=found.x * factor + 0.5 * (factor - 1),
        y=found.y * factor + 0.5 * (factor - 1),
        flux=found.flux * scale**2,
        a=found.a * scale,
        b=found.b * scale,
        npix=found.npix * factor**2,
        fwhm=found.fwhm * scale,
    )
