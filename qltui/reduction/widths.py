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


@njit(cache=True, nogil=True)
def _solve(a: Any, b: Any) -> bool:
    """Solve a symmetric positive system in place by elimination; False where it has no solution."""
    n = b.size
    for i in range(n):
        if not a[i, i] > 0:
            return False
        for j in range(i + 1, n):
            factor = a[j, i] / a[i, i]
            for k in range(i, n):
                a[j, k] -= factor * a[i, k]
            b[j] -= factor * b[i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            b[i] -= a[i, k] * b[k]
        b[i] /= a[i, i]
    return True


@njit(cache=True, nogil=True)
def _normal_equations(data: Any, p: Any, a: Any, b: Any) -> float:
    """Fill the normal equations of the fit at `p`; return the sum of squared residuals."""
    gradient = np.empty(4)
    squares = 0.0
    a[:] = 0.0
    b[:] = 0.0
    for i in range(data.size):
        t0 = (i - 0.5 - p[1]) / p[2]
        t1 = (i + 0.5 - p[1]) / p[2]
        g0 = math.exp(-0.5 * t0 * t0) / _SQRT2PI
        g1 = math.exp(-0.5 * t1 * t1) / _SQRT2PI
        share = 0.5 * (math.erf(t1 / _SQRT2) - math.erf(t0 / _SQRT2))
        gradient[0] = share
        gradient[1] = -p[0] * (g1 - g0) / p[2]
        gradient[2] = -p[0] * (t1 * g1 - t0 * g0) / p[2]
        gradient[3] = 1.0
        off = data[i] - p[0] * share - p[3]
        squares += off * off
        for j in range(4):
            b[j] += off * gradient[j]
            for k in range(4):
                a[j, k] += gradient[j] * gradient[k]
    return squares


@njit(cache=True, nogil=True)
def _fit_gaussian(data: Any, p: Any) -> bool:
    """Fit ``area * pixel-integrated Gaussian + background`` by the method of Levenberg and Marquardt.

    `p` holds area, centre [pixel of `data`], sigma and background: first guess in, result out. All pixels weigh the
    same: weights from the data would favour the pixels that fluctuated low. Returns whether it converged.
    """
    n = data.size
    a, b = np.empty((4, 4)), np.empty(4)
    trial_a, trial_b = np.empty((4, 4)), np.empty(4)
    best = _normal_equations(data, p, a, b)
    damping = 1e-3
    trial = p.copy()
    for _ in range(30):
        trial_a[:] = a
        trial_b[:] = b
        for j in range(4):
            trial_a[j, j] *= 1.0 + damping
        if not _solve(trial_a, trial_b):
            return False
        trial[:] = p + trial_b
        trial[1] = min(max(trial[1], -1.0), n + 0.0)
        trial[2] = min(max(trial[2], 0.15), 1.0 * n)
        squares = _normal_equations(data, trial, trial_a, trial_b)
        if squares <= best:
            change = best - squares
            best = squares
            p[:] = trial
            a[:] = trial_a
            b[:] = trial_b
            damping *= 0.2
            if change <= 1e-6 * squares + 1e-12:
                return True
        else:
            damping *= 8.0
            if damping > 1e6:
                return True
    return False


@njit(cache=True, nogil=True)
def _width(data: Any, variance: float) -> tuple[float, float]:
    """Sigma [px] of the peak in `data`, and its signal to noise; NaN where there is no such peak.

    `variance` is that of the sum of all pixels in `data`.
    """
    n = data.size
    lowest = data[0]
    total = 0.0
    for i in range(n):
        lowest = min(lowest, data[i])
        total += data[i]
    middle = n // 2
    peak = middle
    for i in range(max(middle - 2, 1), min(middle + 3, n - 1)):
        if data[i] > data[peak]:
            peak = i
    area = total - n * lowest
    significance = area / math.sqrt(variance)
    if not significance > _SIGNIFICANT:
        return math.nan, significance
    p = np.array([area, float(peak), 1.1, lowest])
    good = _fit_gaussian(data, p)
    significance = p[0] / math.sqrt(variance)
    inside = 0.3 < p[2] < 0.5 * n and abs(p[1] - middle) < 2.5
    if not (good and inside and significance > _SIGNIFICANT):
        return math.nan, significance
    return p[2], significance


@njit(cache=True, nogil=True)
def _measure_lines(
    image: Any, mask: Any, band: Any, floors: Any, x: Any, y: Any, half: int, reach: int, sx: Any, sw: Any
) -> None:
    """Fill the widths across (`sx`) and along (`sw`) the dispersion of every fibre and line, shape (nf, nl)."""
    ny, nx = image.shape
    across = np.empty(2 * half + 1)
    along = np.empty(2 * reach + 1)
    for f in range(x.shape[0]):
        for k in range(x.shape[1]):
            sx[f, k] = math.nan
            sw[f, k] = math.nan
            if not (half <= x[f, k] < nx - half - 1 and reach <= y[f, k] < ny - reach - 1):
                continue
            xc = int(round(x[f, k]))
            yc = int(round(y[f, k]))
            across[:] = 0.0
            along[:] = 0.0
            variance_x = 0.0
            variance_w = 0.0
            good = True
            for j in range(-reach, reach + 1):
                for i in range(-half, half + 1):
                    value = image[yc + j, xc + i]
                    near_x = -2 <= j <= 2
                    near_w = -2 <= i <= 2
                    if not (near_x or near_w):
                        continue
                    floor = floors[band[yc + j], xc + i]
                    good = good and mask[yc + j, xc + i] == 0 and floor > 0
                    variance = max(value, 0.0) + floor
                    if near_x:
                        across[i + half] += value
                        variance_x += variance
                    if near_w:
                        along[j + reach] += value
                        variance_w += variance
            for which in range(2 if good else 0):
                width = _width(across if which == 0 else along, variance_x if which == 0 else variance_w)[0]
                if which == 0:
                    sx[f, k] = width
                else:
                    sw[f, k] = width


def _clipped_mean(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Mean over the lines of each fibre, shape (nf,), without those far from what the line gives in other fibres."""
    if not np.isfinite(values).any():
        return np.full(values.shape[0], np.nan)
    good = np.isfinite(values)
    filled = np.where(good, values, 0.0)
    middle = np.median(values[good])
    spread = 1.4826 * np.median(np.abs(values[good] - middle))
    good &= np.abs(filled - middle) <= max(6.0 * spread, 0.2)
    count = good.sum(axis=1)
    mean: npt.NDArray[np.float64] = np.where(count > 0, np.where(good, values, 0.0).sum(axis=1), np.nan)
    return mean / np.maximum(count, 1)


def _median(values: npt.NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else math.nan


def line_widths(ccd: CcdImage, traceset: TraceSet, lines: npt.ArrayLike, half: int = 3) -> Widths:
    """Measure the widths of the fibre profiles and of the lines at isolated lines.

    At each line of each fibre, five rows are summed to a profile across, and five columns to one along the
    dispersion; a pixel-integrated Gaussian and a constant background are fitted to each, so that continuum, sky and
    scattered light do not widen it. Lines below a signal to noise of 8, with a masked pixel, or off the detector,
    are left out.

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
    sx, sw = np.empty_like(x), np.empty_like(x)
    band, floors = ccd.variance_floor()
    _measure_lines(ccd.image, ccd.mask, band, floors, x, y, half, half + 2, sx, sw)
    by_fiber_x, by_fiber_w = _clipped_mean(sx), _clipped_mean(sw)
    amplifier_x, amplifier_w = np.empty(len(ccd.amplifiers)), np.empty(len(ccd.amplifiers))
    for k, amp in enumerate(ccd.amplifiers):
        here = (x >= amp.ccd.x0) & (x < amp.ccd.x1) & (y >= amp.ccd.y0) & (y < amp.ccd.y1)
        amplifier_x[k], amplifier_w[k] = _median(sx[here]), _median(sw[here])
    n = int((np.isfinite(sx) & np.isfinite(sw)).sum())
    reason = "" if n else "no line is bright enough, free of masked pixels and on the detector"
    return Widths(by_fiber_x, by_fiber_w, _median(by_fiber_x), _median(by_fiber_w), amplifier_x, amplifier_w, n, reason)


@njit(cache=True, nogil=True)
def _stacked_widths(
    image: Any, mask: Any, band: Any, floors: Any, x: Any, fibers: Any, starts: Any, length: int, out: Any
) -> None:
    """Fill `out` (nfiber, nblock) with the widths of profiles summed over `length` rows."""
    nx = image.shape[1]
    across = np.empty(7)
    for k in range(fibers.size):
        for b in range(starts.size):
            out[k, b] = math.nan
            start = starts[b]
            middle = x[fibers[k], start + length // 2]
            if not 3 <= middle < nx - 4:
                continue
            xc = int(round(middle))
            across[:] = 0.0
            variance = 0.0
            for y in range(start, start + length):
                bits = 0
                for i in range(-3, 4):
                    bits |= mask[y, xc + i]
                if bits != 0:
                    continue
                for i in range(-3, 4):
                    across[i + 3] += image[y, xc + i]
                    variance += max(image[y, xc + i], 0.0) + floors[band[y], xc + i]
            if variance > 0:
                out[k, b] = _width(across, variance)[0]


def profile_sigma(ccd: CcdImage, rows: RowTraces) -> float:
    """Measure the typical Gaussian sigma of the fibre profiles [px], at any light; NaN where there is none.

    Median over some fifty fibres and sixteen heights of fits to profiles that are summed over a few rows, in which
    the traces hardly move.
    """
    nf, ny = rows.x.shape
    length = max(1, min(32, ny // 16))
    starts = np.linspace(0, ny - length, 16).astype(np.int64)
    fibers = np.unique(np.linspace(0, nf - 1, min(nf, 48)).astype(np.int64))
    out = np.empty((fibers.size, starts.size))
    band, floors = ccd.variance_floor()
    _stacked_widths(ccd.image, ccd.mask, band, floors, rows.x, fibers, starts, length, out)
    return _median(out)
