"""Widths of the profiles of fibres and of lines, as they fell on the detector."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.special import erf

from qltui.reduction.detector import CcdImage
from qltui.reduction.traces import RowTraces, TraceSet, position

__all__ = ["Widths", "fit_gaussians", "line_widths", "profile_sigma"]

Doubles = npt.NDArray[np.float64]
_SQRT2 = math.sqrt(2.0)
_SQRT2PI = math.sqrt(2.0 * math.pi)
_MOST_FITS = 1000
"""Fits for each direction, as far as each fibre has one in either half of the rows."""
_MISPLACED = 0.4
"""Common offset of the peaks from the traces above which they are measured again [px]."""
_SIGNIFICANT = 8.0
"""Signal to noise that a line needs for its width to be used."""


@dataclass(frozen=True, slots=True)
class Widths:
    """Gaussian sigmas of the fibres at the lines [px], true ones: the integration over pixels is taken out.

    Attributes
    ----------
    x, w : ndarray of float64, shape (nf,)
        Across and along the dispersion, mean over the lines; NaN where none could be measured.
    x_median, w_median : float
        Medians over the fibres [px].
    amplifier_x, amplifier_w : ndarray of float64, shape (namp,)
        Medians over the lines that fall on an amplifier [px].
    n : int
        Lines measured, over all fibres.
    reason : str
        Why nothing could be measured.
    """

    x: npt.NDArray[np.float64]
    w: npt.NDArray[np.float64]
    x_median: float
    w_median: float
    amplifier_x: npt.NDArray[np.float64]
    amplifier_w: npt.NDArray[np.float64]
    n: int
    reason: str = ""


def _model(p: Doubles, npix: int) -> tuple[Doubles, Doubles]:
    """Return the profiles for the parameters `p` (n, 4) and their derivatives, shapes (n, npix) and (n, npix, 4)."""
    area, centre, sigma = p[:, :1], p[:, 1:2], p[:, 2:3]
    edge = (np.arange(npix + 1) - 0.5 - centre) / sigma
    density = np.exp(-0.5 * edge**2) / _SQRT2PI
    share = np.diff(0.5 * erf(edge / _SQRT2), axis=1)
    by_centre = -area * np.diff(density, axis=1) / sigma
    by_sigma = -area * np.diff(edge * density, axis=1) / sigma
    derivatives = np.stack([share, by_centre, by_sigma, np.ones_like(share)], axis=2)
    return area * share + p[:, 3:], derivatives


def fit_gaussians(data: Doubles, start: Doubles) -> tuple[Doubles, npt.NDArray[np.bool_]]:
    """Fit ``area * pixel-integrated Gaussian + background`` to each row of `data` by Levenberg and Marquardt's method.

    All pixels weigh the same: weights from the data would favour the pixels that fluctuated low. All profiles are
    fitted at once, and those that have converged drop out.

    Parameters
    ----------
    data : ndarray, shape (n, npix)
        [e-].
    start : ndarray, shape (n, 4)
        Area, centre [pixel of `data`], sigma and background to begin with.

    Returns
    -------
    parameters : ndarray, shape (n, 4)
    converged : ndarray of bool, shape (n,)
    """
    npix = data.shape[1]
    best = start.copy()
    done = np.zeros(len(data), dtype=bool)
    active = np.arange(len(data))
    damping = np.full(len(data), 1e-3)
    value, derivatives = _model(best, npix)
    residual = data - value
    squares = (residual**2).sum(axis=1)
    for _ in range(25):
        if not active.size:
            break
        normal = np.einsum("nij,nik->njk", derivatives, derivatives)
        slope = np.einsum("nij,ni->nj", derivatives, residual)
        diagonal = np.einsum("njj->nj", normal)
        diagonal *= 1.0 + damping[active, None]
        diagonal += 1e-12 * diagonal.max(axis=1, keepdims=True) + 1e-30  # a row that is all alike has no solution
        trial = best[active] + np.linalg.solve(normal, slope[:, :, None])[:, :, 0]
        trial[:, 1] = np.clip(trial[:, 1], -1.0, npix)
        trial[:, 2] = np.clip(trial[:, 2], 0.15, npix)
        value, trial_derivatives = _model(trial, npix)
        trial_residual = data[active] - value
        trial_squares = (trial_residual**2).sum(axis=1)
        better = trial_squares <= squares[active]
        change = squares[active] - trial_squares
        best[active[better]] = trial[better]
        squares[active[better]] = trial_squares[better]
        residual = np.where(better[:, None], trial_residual, residual)
        derivatives = np.where(better[:, None, None], trial_derivatives, derivatives)
        damping[active] *= np.where(better, 0.2, 8.0)
        finished = (better & (change <= 1e-4 * trial_squares + 1e-12)) | (damping[active] > 1e6)
        done[active[finished]] = True
        active, residual, derivatives = active[~finished], residual[~finished], derivatives[~finished]
    return best, done


def _fit_profiles(profiles: Doubles, variances: Doubles, worth: npt.NDArray[np.int64]) -> tuple[Doubles, Doubles]:
    """Return sigma and centre of the peaks in the middle of `profiles` (n, npix), (n,) each; NaN where there is none.

    `variances` (n,) are those of the sums of all pixels of a profile; only the profiles `worth` are fitted.
    """
    n, npix = profiles.shape
    middle = npix // 2
    sigma, centre = np.full(n, np.nan), np.full(n, np.nan)
    if not worth.size:
        return sigma, centre
    data = profiles[worth]
    lowest = data.min(axis=1)
    peak = np.argmax(data[:, max(middle - 2, 1) : middle + 3], axis=1) + max(middle - 2, 1)
    area = data.sum(axis=1) - npix * lowest
    start = np.column_stack([area, peak, np.full(worth.size, 1.1), lowest]).astype(np.float64)
    p, good = fit_gaussians(data, start)
    good &= p[:, 0] > _SIGNIFICANT * np.sqrt(variances[worth])
    good &= (p[:, 2] > 0.3) & (p[:, 2] < 0.5 * npix) & (np.abs(p[:, 1] - middle) < 2.5)
    sigma[worth[good]], centre[worth[good]] = p[good, 2], p[good, 1] - middle
    return sigma, centre


def _worth_fitting(profiles: Doubles, variances: Doubles, shape: tuple[int, int], upper: Any) -> npt.NDArray[np.int64]:
    """Return the indices of the profiles to fit: the most significant ones of each fibre, in either half of the rows.

    So the time does not grow with the number of lines, and all amplifiers are still seen. `shape` is (nf, nl), and
    `upper`, of that shape, tells which points lie in the upper half.
    """
    area = profiles.sum(axis=1) - profiles.shape[1] * profiles.min(axis=1)
    known = variances > 0
    significance = np.where(known, area / np.sqrt(np.where(known, variances, 1.0)), 0.0).reshape(shape)
    most = max(1, _MOST_FITS // (2 * shape[0]))
    chosen = np.zeros(shape, dtype=bool)
    for part in (upper, ~upper):
        here = np.where(part & (significance > _SIGNIFICANT), significance, 0.0)
        if shape[1] > most:
            limit = np.partition(here, shape[1] - most, axis=1)[:, shape[1] - most]
            here = np.where(here >= limit[:, None], here, 0.0)
        chosen |= here > 0
    return np.flatnonzero(chosen)


@njit(cache=True, nogil=True, error_model="numpy")
def _sum_profiles(
    image: Any, mask: Any, band: Any, floors: Any, x: Any, y: Any, half: int, reach: int, axis: int,
    profiles: Any, variances: Any,
) -> None:  # fmt: skip
    """Sum pixels within `half` along `axis` and `reach` across it around each point; profiles (n, 2 half + 1).

    A profile with a masked pixel, or one that leaves the detector, keeps the variance 0.
    """
    ny, nx = image.shape
    for k in range(x.size):
        variances[k] = 0.0
        for i in range(2 * half + 1):
            profiles[k, i] = 0.0
        half_x = half if axis == 1 else reach
        half_y = reach if axis == 1 else half
        if not (half_x <= x[k] < nx - half_x - 1 and half_y <= y[k] < ny - half_y - 1):
            continue
        xc = round(x[k])
        yc = round(y[k])
        total = 0.0
        good = True
        for j in range(yc - half_y, yc + half_y + 1):
            for i in range(xc - half_x, xc + half_x + 1):
                floor = floors[band[j], i]
                good = good and mask[j, i] == 0 and floor > 0
                total += max(image[j, i], 0.0) + floor
                profiles[k, (i - xc if axis == 1 else j - yc) + half] += image[j, i]
        variances[k] = total if good else 0.0


def _widths_at(ccd: CcdImage, x: Any, y: Any, half: int, reach: int, axis: int) -> npt.NDArray[np.float64]:
    """Sigma of the peaks at some points, along `axis` (0 along columns, 1 along rows), of the shape of `x` [px].

    Where the peaks lie off the points on the whole, it is done again where they are: a window that is not centred
    sees the neighbour.
    """
    band, floors = ccd.variance_floor()
    profiles = np.empty((x.size, 2 * half + 1))
    variances = np.empty(x.size)
    columns, rows = (np.nan_to_num(a, nan=-1.0).astype(np.float64).ravel() for a in (x, y))
    for _ in range(2):
        _sum_profiles(ccd.image, ccd.mask, band, floors, columns, rows, half, reach, axis, profiles, variances)
        upper = np.asarray(y > 0.5 * ccd.image.shape[0])
        worth = _worth_fitting(profiles, variances, x.shape, upper)
        sigma, centre = _fit_profiles(profiles, variances, worth)
        place = columns if axis == 1 else rows
        off = _median(centre + np.rint(place) - place)
        if not abs(off) > _MISPLACED:
            break
        place += off
    return sigma.reshape(x.shape)


def _clipped_mean(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the mean over the lines of each fibre, shape (nf,), without lines far from what other fibres give."""
    if not np.isfinite(values).any():
        return np.full(values.shape[0], np.nan)
    good = np.isfinite(values)
    filled = np.where(good, values, 0.0)
    middle = np.median(values[good])
    spread = 1.4826 * np.median(np.abs(values[good] - middle))
    good &= np.abs(filled - middle) <= max(6.0 * spread, 0.2)
    count = good.sum(axis=1)
    mean: npt.NDArray[np.float64] = np.where(count > 0, np.where(good, values, 0.0).sum(axis=1), np.nan)
    mean /= np.maximum(count, 1)
    return mean


def _median(values: npt.NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else math.nan


def line_widths(ccd: CcdImage, traceset: TraceSet, lines: npt.ArrayLike, half: int = 3) -> Widths:
    """Measure the widths of the fibre profiles and of the lines at isolated lines.

    At each line of each fibre, five rows are summed to a profile across, and five columns to one along the
    dispersion; a pixel-integrated Gaussian and a constant background are fitted to each, so that continuum, sky and
    scattered light do not widen it. Lines below a signal to noise of 8, with a masked pixel, or off the detector,
    are left out. Above 1.25 px the wings of the neighbouring fibres make the width across come out too small, by
    0.03 px at 1.3.

    Parameters
    ----------
    ccd : CcdImage
        Image (ny, nx) [e-].
    traceset : TraceSet
        Traces, within 2 px of the truth.
    lines : array_like, shape (nl,)
        Wavelengths of isolated lines [Angstrom].
    half : int
        Pixels on either side of the trace; along the dispersion there are two more.

    Returns
    -------
    Widths
        NaN with a reason where nothing could be measured.
    """
    x, y = position(traceset, lines)
    sx = _widths_at(ccd, x, y, half, 2, 1)
    sw = _widths_at(ccd, x, y, half + 2, 2, 0)
    by_fiber_x, by_fiber_w = _clipped_mean(sx), _clipped_mean(sw)
    amplifier_x, amplifier_w = np.empty(len(ccd.amplifiers)), np.empty(len(ccd.amplifiers))
    for k, amp in enumerate(ccd.amplifiers):
        here = (x >= amp.ccd.x0) & (x < amp.ccd.x1) & (y >= amp.ccd.y0) & (y < amp.ccd.y1)
        amplifier_x[k], amplifier_w[k] = _median(sx[here]), _median(sw[here])
    n = int((np.isfinite(sx) & np.isfinite(sw)).sum())
    reason = "" if n else "no line is bright enough, free of masked pixels and on the detector"
    return Widths(by_fiber_x, by_fiber_w, _median(by_fiber_x), _median(by_fiber_w), amplifier_x, amplifier_w, n, reason)


def profile_sigma(ccd: CcdImage, rows: RowTraces) -> float:
    """Measure the typical Gaussian sigma of the fibre profiles [px], at any light; NaN where there is none.

    Median over some fifty fibres and sixteen heights of fits to profiles that are summed over a few rows, in which
    the traces hardly move.
    """
    nf, ny = rows.x.shape
    reach = max(1, min(12, ny // 40))
    heights = np.linspace(reach + 1, ny - reach - 3, 16).astype(np.int64)
    fibers = np.unique(np.linspace(0, nf - 1, min(nf, 48)).astype(np.int64))
    x = rows.x[np.ix_(fibers, heights)]
    return _median(_widths_at(ccd, x, np.broadcast_to(heights, x.shape), 3, reach, 1))
