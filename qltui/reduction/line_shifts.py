"""How far known lines have moved along the dispersion since the calibration, in pixels and absolutely."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from qltui.reduction.centroids import (
    CONVERGED,
    REACH,
    RESPONSE,
    SIGNIFICANT,
    WEIGHT_SIGMA,
    FloatArray,
    Shift,
    combine,
    mean_per_fiber,
    unmeasured,
)
from qltui.reduction.spectra import Spectra
from qltui.reduction.traces import TraceSet, position

__all__ = ["MAXIMUM_DY", "measure_dy"]

MAXIMUM_DY = 5.5
"""Largest shift along the dispersion that is searched [px]."""
_NOTHING = 1e20
"""Variance of a row without a value."""
_WINDOW = 14
"""Rows on either side of a line that are looked at."""
_COARSE_FIBERS = 100
"""Fibres that the first search is made with; more would only repeat them."""


@njit(cache=True, nogil=True, error_model="numpy")
def _comb_signal(counts: Any, variance: Any, y: Any, strength: Any, kernel: Any, shifts: Any, signal: Any) -> None:
    """Correlate each fibre with a comb of lines at each shift, shape (nf, nshift).

    The kernel is a line minus its surroundings; the significance of one line is limited, so that no single bright
    feature outvotes the comb.
    """
    reach = kernel.size // 2
    half = counts.shape[2] // 2
    for f in range(counts.shape[0]):
        for k in range(y.shape[1]):
            if not -1e4 < y[f, k] < 1e5:
                continue
            for s in range(shifts.size):
                j0 = round(y[f, k] + shifts[s]) - round(y[f, k]) + half
                total = 0.0
                noise = 0.0
                for j in range(-reach, reach + 1):
                    g = kernel[j + reach]
                    total += g * counts[f, k, j0 + j]
                    noise += g * g * variance[f, k, j0 + j]
                if 0.0 < noise < _NOTHING / 10:
                    signal[f, s] += strength[k] * min(max(total / math.sqrt(noise), -30.0), 30.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _line_centroids(counts: Any, variance: Any, y: Any, offset: Any, sigma: float, estimate: Any, error: Any) -> None:
    """Offset of each line from ``y + offset`` and its variance, shape (nf, nl); NaN where it is not significant.

    A constant background, the lower of the two sides, is taken off; being symmetric it does not move the point at
    which the weight is centred on the line.
    """
    side = 6
    half = counts.shape[2] // 2
    for f in range(counts.shape[0]):
        for k in range(y.shape[1]):
            estimate[f, k] = math.nan
            error[f, k] = math.nan
            if not -1e4 < y[f, k] < 1e5:
                continue
            centre = y[f, k] + offset[f] - round(y[f, k]) + half
            if not side <= centre < counts.shape[2] - side - 1:
                continue
            j0 = round(centre)
            lower = 0.0
            upper = 0.0
            for j in range(REACH, side + 1):
                lower += counts[f, k, j0 - j]
                upper += counts[f, k, j0 + j]
            background = min(lower, upper) / (side + 1 - REACH)
            s0 = 0.0
            s1 = 0.0
            v0 = 0.0
            v1 = 0.0
            for j in range(-REACH, REACH + 1):
                d = j0 + j - centre
                w = math.exp(-0.5 * (d / sigma) ** 2)
                value = counts[f, k, j0 + j] - background
                s0 += w * value
                s1 += w * d * value
                v0 += w * w * variance[f, k, j0 + j]
                v1 += w * w * d * d * variance[f, k, j0 + j]
            if s0 > SIGNIFICANT * math.sqrt(v0) and v0 < _NOTHING / 10:
                estimate[f, k] = s1 / (RESPONSE * s0)
                error[f, k] = v1 / (RESPONSE * s0) ** 2


@njit(cache=True, nogil=True, error_model="numpy")
def _line_windows(flux: Any, ivar: Any, disp: Any, y: Any, counts: Any, variance: Any) -> None:
    """Cut the electrons around each line of each fibre, and their variance, out of the spectra; (nf, nl, nwindow).

    The middle of the window is the row nearest to ``y``. A masked row, or one off the detector, has a variance that
    nothing is significant against.
    """
    nf, ny = flux.shape
    half = counts.shape[2] // 2
    for f in range(nf):
        for k in range(y.shape[1]):
            known = -1e4 < y[f, k] < 1e5
            start = round(y[f, k]) - half if known else 0
            for j in range(counts.shape[2]):
                row = start + j
                inside = known and 0 <= row < ny
                if inside and ivar[f, row] > 0:
                    counts[f, k, j] = flux[f, row] * disp[f, row]
                    variance[f, k, j] = disp[f, row] * disp[f, row] / ivar[f, row]
                else:
                    counts[f, k, j] = 0.0
                    variance[f, k, j] = _NOTHING


def _windows(spectra: Spectra, y: FloatArray, every: int = 1) -> tuple[Any, Any]:
    """Electrons and variance around the lines of every `every`-th fibre, shape (nf', nl, nwindow) each."""
    shape = (-(-y.shape[0] // every), y.shape[1], 2 * _WINDOW + 1)
    counts, variance = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.float32)
    flux, ivar, width = (np.ascontiguousarray(a[::every]) for a in (spectra.flux, spectra.ivar, spectra.dispersion))
    _line_windows(flux, ivar, width, np.ascontiguousarray(y[::every]), counts, variance)
    return counts, variance


def _coarse_dy(spectra: Spectra, y: FloatArray, strength: FloatArray) -> float:
    """Find the common shift to about half a pixel from the stacked comb of lines; NaN where no line is seen."""
    j = np.arange(-5, 6)
    kernel = np.exp(-0.5 * (j / WEIGHT_SIGMA) ** 2)
    kernel -= kernel.mean()
    shifts = np.arange(-MAXIMUM_DY, MAXIMUM_DY + 0.25, 0.5)
    every = max(1, y.shape[0] // _COARSE_FIBERS)
    counts, variance = _windows(spectra, y, every)
    signal = np.zeros((counts.shape[0], shifts.size))
    _comb_signal(counts, variance, np.ascontiguousarray(y[::every]), strength, kernel, shifts, signal)
    stacked = signal.sum(axis=0)
    best = int(np.argmax(stacked))
    if not stacked[best] > SIGNIFICANT * math.sqrt(counts.shape[0] * float((strength**2).sum())):
        return math.nan
    return float(shifts[best])


def measure_dy(
    spectra: Spectra,
    traceset: TraceSet,
    lines: npt.ArrayLike,
    *,
    comb: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> Shift:
    """Measure how far known lines lie from where the wavelength solution puts them, along the dispersion.

    The shift is absolute: one that all fibres share is seen. A comb of lines is first correlated with all spectra
    over 5.5 px either way; then the centroid of each line in each fibre is followed as in `measure_dx`. A line whose
    median over the fibres disagrees with the other lines (a blend, a wrong identification) is left out.

    Parameters
    ----------
    spectra : Spectra
        Extracted along the traces, across which they must be centred already.
    traceset : TraceSet
        The wavelength solution.
    lines : array_like, shape (nl,)
        Wavelengths of isolated lines, in vacuum [Angstrom].
    comb : pair of array_like, optional
        Wavelengths and relative strengths of all lines, blends too, for the first search; the isolated lines, all
        alike, where not given.

    Returns
    -------
    Shift
    """
    nf = spectra.shape[0]
    wavelengths = np.atleast_1d(np.asarray(lines, dtype=np.float64))
    y = position(traceset, wavelengths)[1]
    if not wavelengths.size or not np.isfinite(y).any():
        return unmeasured(nf, "no isolated line in the range of the wavelength solution")
    if comb is None:
        coarse = _coarse_dy(spectra, y, np.ones(wavelengths.size))
    else:
        strength = np.asarray(comb[1], dtype=np.float64)
        coarse = _coarse_dy(spectra, position(traceset, comb[0])[1], strength / strength.max())
    if not math.isfinite(coarse):
        return unmeasured(nf, "no known line stands out of the spectra")
    return _refine_dy(*_windows(spectra, y), y, coarse)


def _refine_dy(counts: Any, variance: Any, y: FloatArray, coarse: float) -> Shift:
    """Follow the centroids of the lines from the coarse shift."""
    nf = y.shape[0]
    offset = np.full(nf, coarse)
    fibers = errors = np.full(nf, np.nan)
    estimate, squares = np.empty_like(y), np.empty_like(y)
    for _ in range(6):
        _line_centroids(counts, variance, y, offset, WEIGHT_SIGMA, estimate, squares)
        kept = np.where(_consistent_lines(estimate + offset[:, None])[None, :], estimate, np.nan)
        correction, errors = mean_per_fiber(kept, squares)
        fibers = offset + correction
        common = combine(fibers, errors)[0]
        if not math.isfinite(common):
            return unmeasured(nf, "no isolated line is bright enough")
        limited = np.clip(correction, -1.0, 1.0)
        offset = np.clip(np.where(np.isfinite(limited), offset + limited, common), common - 1.5, common + 1.5)
        if np.nanmedian(np.abs(correction)) < CONVERGED:
            break
    value, error, n = combine(fibers, errors)
    by_line = _line_medians(estimate + offset[:, None])
    by_line = by_line[_consistent_lines(estimate + offset[:, None])]
    if by_line.size > 1:
        error = max(error, float(np.std(by_line)) / math.sqrt(by_line.size))
    reason = "" if abs(value) < MAXIMUM_DY - 0.5 else f"beyond {MAXIMUM_DY - 0.5} px the lines may be others"
    return Shift(value, error, n, fibers, reason)


def _line_medians(absolute: FloatArray) -> FloatArray:
    """Median over the fibres of the shift of each line, shape (nl,); NaN where fewer than a tenth show it."""
    enough = np.isfinite(absolute).sum(axis=0) >= max(1, absolute.shape[0] // 10)
    medians = np.full(absolute.shape[1], np.nan)
    if enough.any():
        medians[enough] = np.nanmedian(absolute[:, enough], axis=0)
    return medians


def _consistent_lines(absolute: FloatArray) -> npt.NDArray[np.bool_]:
    """Lines whose median over the fibres agrees with that of the other lines, shape (nl,)."""
    medians = _line_medians(absolute)
    finite = np.isfinite(medians)
    if not finite.any():
        return finite
    middle = np.median(medians[finite])
    spread = 1.4826 * np.median(np.abs(medians[finite] - middle))
    allowed = max(4.0 * float(spread), 0.05)
    agree: npt.NDArray[np.bool_] = finite & (np.abs(np.where(finite, medians, 0.0) - middle) <= allowed)
    return agree
