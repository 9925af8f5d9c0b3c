"""Widths of the profiles of fibres and of lines, as they fell on the detector."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from qltui.reduction.detector import CcdImage
from qltui.reduction.traces import RowTraces, TraceSet, position

__all__ = ["Widths", "line_widths", "profile_sigma"]

_SQRT2 = math.sqrt(2.0)
_SQRT2PI = math.sqrt(2.0 * math.pi)
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


@njit(cache=True, nogil=True, error_model="numpy")
def _solve(a: Any, step: Any, damping: float) -> bool:
    """Solve the damped system held in `a` (its last column is the right-hand side); False where it has no solution.

    Loops, not array expressions: those take seconds to compile.
    """
    n = step.size
    work = a.copy()
    for i in range(n):
        work[i, i] *= 1.0 + damping
    for i in range(n):
        if not work[i, i] > 0:
            return False
        for j in range(i + 1, n):
            factor = work[j, i] / work[i, i]
            for k in range(i, n + 1):
                work[j, k] -= factor * work[i, k]
    for i in range(n - 1, -1, -1):
        total = work[i, n]
        for k in range(i + 1, n):
            total -= work[i, k] * step[k]
        step[i] = total / work[i, i]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _normal_equations(data: Any, p: Any, a: Any) -> float:
    """Fill the normal equations of the fit at `p`, shape (4, 5); return the sum of squared residuals."""
    gradient = np.ones(5)
    squares = 0.0
    for j in range(4):
        for k in range(5):
            a[j, k] = 0.0
    for i in range(data.size):
        t0 = (i - 0.5 - p[1]) / p[2]
        t1 = (i + 0.5 - p[1]) / p[2]
        g0 = math.exp(-0.5 * t0 * t0) / _SQRT2PI
        g1 = math.exp(-0.5 * t1 * t1) / _SQRT2PI
        share = 0.5 * (math.erf(t1 / _SQRT2) - math.erf(t0 / _SQRT2))
        gradient[0] = share
        gradient[1] = -p[0] * (g1 - g0) / p[2]
        gradient[2] = -p[0] * (t1 * g1 - t0 * g0) / p[2]
        off = data[i] - p[0] * share - p[3]
        gradient[4] = off
        squares += off * off
        for j in range(4):
            weight = gradient[j] if j < 3 else 1.0
            for k in range(5):
                a[j, k] += weight * (gradient[k] if k != 3 else 1.0)
    return squares


@njit(cache=True, nogil=True, error_model="numpy")
def _fit_gaussian(data: Any, p: Any) -> bool:
    """Fit ``area * pixel-integrated Gaussian + background`` by the method of Levenberg and Marquardt.

    `p` holds area, centre [pixel of `data`], sigma and background: first guess in, result out. All pixels weigh the
    same: weights from the data would favour the pixels that fluctuated low. Returns whether it converged.
    """
    n = data.size
    equations = np.empty((2, 4, 5))
    here = 0
    best = _normal_equations(data, p, equations[here])
    damping = 1e-3
    trial = np.empty(4)
    step = np.empty(4)
    for _ in range(30):
        if not _solve(equations[here], step, damping):
            return False
        for j in range(4):
            trial[j] = p[j] + step[j]
        trial[1] = min(max(trial[1], -1.0), n + 0.0)
        trial[2] = min(max(trial[2], 0.15), 1.0 * n)
        squares = _normal_equations(data, trial, equations[1 - here])
        if squares > best:
            damping *= 8.0
            if damping > 1e6:
                return True
            continue
        change = best - squares
        best = squares
        here = 1 - here
        damping *= 0.2
        for j in range(4):
            p[j] = trial[j]
        if change <= 1e-6 * squares + 1e-12:
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def _fit_profiles(profiles: Any, variances: Any, sigma: Any, centre: Any) -> None:
    """Fill `sigma` and `centre` (n,) of the peaks in the middle of `profiles` (n, npix); NaN where there is none.

    `variances` (n,) are those of the sums of all pixels of a profile; 0 marks one that is not to be fitted.
    """
    npix = profiles.shape[1]
    middle = npix // 2
    p = np.empty(4)
    for row in range(profiles.shape[0]):
        sigma[row] = math.nan
        centre[row] = math.nan
        if not variances[row] > 0:
            continue
        data = profiles[row]
        lowest = data[0]
        total = 0.0
        for i in range(npix):
            lowest = min(lowest, data[i])
            total += data[i]
        peak = middle
        for i in range(max(middle - 2, 1), min(middle + 3, npix - 1)):
            if data[i] > data[peak]:
                peak = i
        noise = math.sqrt(variances[row])
        p[0], p[1], p[2], p[3] = total - npix * lowest, float(peak), 1.1, lowest
        if p[0] > _SIGNIFICANT * noise and _fit_gaussian(data, p):
            inside = 0.3 < p[2] < 0.5 * npix and abs(p[1] - middle) < 2.5
            if inside and p[0] > _SIGNIFICANT * noise:
                sigma[row] = p[2]
                centre[row] = p[1] - middle


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
        half_x = half if axis == 1 else reach
        half_y = reach if axis == 1 else half
        if not (half_x <= x[k] < nx - half_x - 1 and half_y <= y[k] < ny - half_y - 1):
            continue
        xc = round(x[k])
        yc = round(y[k])
        for i in range(2 * half + 1):
            profiles[k, i] = 0.0
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
    variances, sigma, centre = np.empty(x.size), np.empty(x.size), np.empty(x.size)
    columns, rows = (np.nan_to_num(a, nan=-1.0).astype(np.float64).ravel() for a in (x, y))
    for _ in range(2):
        _sum_profiles(ccd.image, ccd.mask, band, floors, columns, rows, half, reach, axis, profiles, variances)
        _fit_profiles(profiles, variances, sigma, centre)
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
