"""How far traces and lines have moved since the calibration, in pixels and absolutely."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from qltui.reduction.detector import CcdImage
from qltui.reduction.spectra import Spectra
from qltui.reduction.traces import RowTraces, TraceSet, position

__all__ = ["MAXIMUM_DX", "MAXIMUM_DY", "Shift", "measure_dx", "measure_dy"]

FloatArray = npt.NDArray[np.float64]

MAXIMUM_DX = 2.5
"""Largest shift across the dispersion that is told from the neighbour's light [px]; half the pitch is 3.6."""
MAXIMUM_DY = 5.5
"""Largest shift along the dispersion that is searched [px]."""
_WEIGHT_SIGMA = 1.2
"""Of the Gaussian weight under which centroids are taken [px]: about the width of profiles and lines."""
_RESPONSE = 0.5
"""By how much such a centroid follows its profile: ``sw^2 / (sw^2 + s^2)``, one half where the widths agree."""
_REACH = 4
_CONVERGED = 0.01
"""Correction after which no further is made [px]: a twentieth of it remains."""
_SIGNIFICANT = 5.0
_NOTHING = 1e20
"""Variance of a row without a value."""
_WINDOW = 14
"""Rows on either side of a line that are looked at."""
_COARSE_FIBERS = 100
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


def _unmeasured(nfiber: int, reason: str) -> Shift:
    return Shift(math.nan, math.nan, 0, np.full(nfiber, np.nan), reason)


def _combine(fibers: FloatArray, errors: FloatArray) -> tuple[float, float, int]:
    """Clipped weighted mean over the fibres, its error, and how many fibres took part."""
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


@njit(cache=True, nogil=True, error_model="numpy")
def _profiles(image: Any, mask: Any, x: Any, step: int, per_pixel: int, profile: Any, count: Any) -> None:
    """Add pixels to the profile of each fibre by their distance from the trace, ``per_pixel`` bins in a pixel."""
    ny, nx = image.shape
    middle = profile.shape[1] // 2
    reach = middle // per_pixel
    for f in range(x.shape[0]):
        for y in range(step // 2, ny, step):
            xc = x[f, y]
            if not reach <= xc < nx - reach - 1:
                continue
            first = int(round(xc)) - reach
            for i in range(first, first + 2 * reach + 1):
                k = int(math.floor((i - xc) * per_pixel + 0.5)) + middle
                if mask[y, i] == 0 and 0 <= k < profile.shape[1]:
                    profile[f, k] += image[y, i]
                    count[f, k] += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _centroids(
    image: Any, mask: Any, band: Any, floors: Any, x: Any, offset: Any, step: int, weights: Any,
    flux: Any, moment: Any, flux_variance: Any, moment_variance: Any,
) -> None:  # fmt: skip
    """Weighted flux and first moment of each fibre in blocks of rows, about ``x + offset``; shape (nf, nblock) each.

    The centre is rounded to one of the phases of `weights`, and the moment is corrected for that rounding. A row
    with a masked pixel in its window is left out.
    """
    ny, nx = image.shape
    nphase = weights.shape[0]
    nblock = flux.shape[1]
    reach = weights.shape[1] // 2
    for f in range(x.shape[0]):
        for y in range(step // 2, ny, step):
            centre = x[f, y] + offset[f]
            if not reach <= centre < nx - reach - 1:
                continue
            i0 = int(centre + 0.5)
            p = min(int((centre + 0.5 - i0) * nphase), nphase - 1)
            rounded = (p + 0.5) / nphase - 0.5
            floor = floors[band[y]]
            bits = 0
            s0 = 0.0
            s1 = 0.0
            v0 = 0.0
            v1 = 0.0
            for k in range(2 * reach + 1):
                i = i0 + k - reach
                bits |= mask[y, i]
                w = weights[p, k]
                d = k - reach - rounded
                value = image[y, i]
                s0 += w * value
                s1 += w * d * value
                variance = w * w * (value + floor[i])
                v0 += variance
                v1 += d * d * variance
            if bits != 0 or not floor[i0] > 0:
                continue
            b = y * nblock // ny
            flux[f, b] += s0
            moment[f, b] += s1 + _RESPONSE * (rounded - (centre - i0)) * s0
            flux_variance[f, b] += v0
            moment_variance[f, b] += v1


def _weights(phases: int, reach: int) -> npt.NDArray[np.float32]:
    """Gaussian weights of the pixels around each sub-pixel phase, shape (phases, 2 reach + 1)."""
    centre = ((np.arange(phases) + 0.5) / phases - 0.5)[:, None]
    pixel = np.arange(-reach, reach + 1)[None, :]
    return np.exp(-0.5 * ((pixel - centre) / _WEIGHT_SIGMA) ** 2).astype(np.float32)


def _coarse_dx(ccd: CcdImage, x: npt.NDArray[np.float32], step: int) -> float:
    """Common shift to about a third of a pixel, from the profile of the median fibre; NaN where there is no light.

    The profile is smoothed by a Gaussian, so that its maximum is where a fibre's profile fits best.
    """
    per_pixel, reach = 4, 6
    profile = np.zeros((x.shape[0], 2 * reach * per_pixel + 1))
    count = np.zeros(profile.shape, dtype=np.int64)
    _profiles(ccd.image, ccd.mask, x, step, per_pixel, profile, count)
    filled = (count > 0).all(axis=1)
    mean = profile / np.maximum(count, 1)
    brightness = np.where(filled, mean.mean(axis=1), np.nan)
    if not filled.any():  # a few straight traces do not fill all the bins: take them together
        mean = (profile.sum(axis=0) / np.maximum(count.sum(axis=0), 1))[None, :]
        brightness = mean.mean(axis=1)
    lit = brightness > 0.1 * np.nanmedian(brightness) if np.nanmedian(brightness) > 0 else np.zeros(0, dtype=bool)
    if not lit.any():
        return math.nan
    typical = np.median(mean[lit] / brightness[lit, None], axis=0)
    position_of_bin = (np.arange(typical.size) - reach * per_pixel) / per_pixel
    kernel = np.exp(-0.5 * ((position_of_bin[:, None] - position_of_bin[None, :]) / _WEIGHT_SIGMA) ** 2)
    smooth = kernel @ typical / kernel.sum(axis=1)
    inside = np.abs(position_of_bin) <= 3.5
    return float(position_of_bin[inside][np.argmax(smooth[inside])])


def _per_fiber(estimate: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Weighted mean over the blocks of each fibre, without blocks far from the median of all; NaN where none is."""
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


def measure_dx(ccd: CcdImage, rows: RowTraces) -> Shift:
    """Measure how far the fibres lie from their traces across the dispersion.

    The profile of the median fibre gives the shift to a fraction of a pixel; then the centroid of each fibre under a
    Gaussian weight of 1.2 px is followed until the weight is centred on the light. At that point it is unbiased by
    where it started, by a constant background and by the wings of the neighbours. Fibres without light, rows with a
    masked pixel, and blocks of rows that disagree with the rest (cosmic rays, a noisy amplifier) do not take part.

    Parameters
    ----------
    ccd : CcdImage
        Image (ny, nx) [e-]: sky, arc or flat.
    rows : RowTraces
        Traces of the calibration.

    Returns
    -------
    Shift
        With a reason where it exceeds `MAXIMUM_DX`: so close to half the pitch it may be the neighbour.
    """
    nf, ny = rows.x.shape
    step = max(1, ny // 256)
    coarse = _coarse_dx(ccd, rows.x, step)
    if not math.isfinite(coarse):
        return _unmeasured(nf, "no light along the traces")
    band, floors = ccd.variance_floor()
    weights = _weights(64, _REACH)
    offset = np.full(nf, coarse)
    fibers = errors = np.full(nf, np.nan)
    nblock = max(1, min(16, ny // 24))
    for _ in range(6):
        sums = np.zeros((4, nf, nblock))
        _centroids(ccd.image, ccd.mask, band, floors, rows.x, offset.astype(np.float32), step, weights, *sums)
        correction, errors = _per_fiber(*_block_estimates(*sums))
        limited = np.clip(correction, -1.0, 1.0)
        fibers = offset + correction
        common = _combine(fibers, errors)[0]
        if not math.isfinite(common):
            return _unmeasured(nf, "no fibre has enough light to be followed")
        offset = np.where(np.isfinite(limited), offset + limited, common)
        offset = np.clip(offset, common - 1.5, common + 1.5)
        if np.nanmedian(np.abs(correction)) < _CONVERGED:
            break
    value, error, n = _combine(fibers, errors)
    reason = "" if abs(value) <= MAXIMUM_DX else f"beyond {MAXIMUM_DX} px a fibre cannot be told from its neighbour"
    return Shift(value, error, n, fibers, reason)


def _block_estimates(
    flux: FloatArray, moment: FloatArray, flux_variance: FloatArray, moment_variance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Offset of each block of rows and its variance, shape (nf, nblock); NaN where there is too little light.

    A fibre with less than a twentieth of the typical light is dead, and what is in its window is its neighbours'.
    """
    light = flux.sum(axis=1)
    noise = np.sqrt(np.maximum(flux_variance.sum(axis=1), 1e-6))
    seen = light > _SIGNIFICANT * noise
    typical = float(np.median(light[seen])) if seen.any() else math.inf
    enough = (light > 0.05 * typical)[:, None] & (flux > _SIGNIFICANT * np.sqrt(np.maximum(flux_variance, 1e-6)))
    safe = np.where(enough, flux, 1.0)
    estimate = np.where(enough, moment / safe / _RESPONSE, np.nan)
    variance = np.where(enough, moment_variance / (safe * _RESPONSE) ** 2, np.nan)
    return estimate, variance


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
                j0 = int(round(y[f, k] + shifts[s])) - int(round(y[f, k])) + half
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
            centre = y[f, k] + offset[f] - int(round(y[f, k])) + half
            if not side <= centre < counts.shape[2] - side - 1:
                continue
            j0 = int(round(centre))
            lower = 0.0
            upper = 0.0
            for j in range(_REACH, side + 1):
                lower += counts[f, k, j0 - j]
                upper += counts[f, k, j0 + j]
            background = min(lower, upper) / (side + 1 - _REACH)
            s0 = 0.0
            s1 = 0.0
            v0 = 0.0
            v1 = 0.0
            for j in range(-_REACH, _REACH + 1):
                d = j0 + j - centre
                w = math.exp(-0.5 * (d / sigma) ** 2)
                value = counts[f, k, j0 + j] - background
                s0 += w * value
                s1 += w * d * value
                v0 += w * w * variance[f, k, j0 + j]
                v1 += w * w * d * d * variance[f, k, j0 + j]
            if s0 > _SIGNIFICANT * math.sqrt(v0) and v0 < _NOTHING / 10:
                estimate[f, k] = s1 / (_RESPONSE * s0)
                error[f, k] = v1 / (_RESPONSE * s0) ** 2


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
            start = int(round(y[f, k])) - half if known else 0
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
    flux, ivar, width = (
        np.ascontiguousarray(a[::every]) for a in (spectra.flux, spectra.ivar, spectra.dispersion)
    )
    _line_windows(flux, ivar, width, np.ascontiguousarray(y[::every]), counts, variance)
    return counts, variance


def _coarse_dy(spectra: Spectra, y: FloatArray, strength: FloatArray) -> float:
    """Find the common shift to about half a pixel from the stacked comb of lines; NaN where no line is seen."""
    j = np.arange(-5, 6)
    kernel = np.exp(-0.5 * (j / _WEIGHT_SIGMA) ** 2)
    kernel -= kernel.mean()
    shifts = np.arange(-MAXIMUM_DY, MAXIMUM_DY + 0.25, 0.5)
    every = max(1, y.shape[0] // _COARSE_FIBERS)
    counts, variance = _windows(spectra, y, every)
    signal = np.zeros((counts.shape[0], shifts.size))
    _comb_signal(counts, variance, np.ascontiguousarray(y[::every]), strength, kernel, shifts, signal)
    stacked = signal.sum(axis=0)
    best = int(np.argmax(stacked))
    if not stacked[best] > _SIGNIFICANT * math.sqrt(counts.shape[0] * float((strength**2).sum())):
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
        return _unmeasured(nf, "no isolated line in the range of the wavelength solution")
    if comb is None:
        coarse = _coarse_dy(spectra, y, np.ones(wavelengths.size))
    else:
        strength = np.asarray(comb[1], dtype=np.float64)
        coarse = _coarse_dy(spectra, position(traceset, comb[0])[1], strength / strength.max())
    if not math.isfinite(coarse):
        return _unmeasured(nf, "no known line stands out of the spectra")
    return _refine_dy(*_windows(spectra, y), y, coarse)


def _refine_dy(counts: Any, variance: Any, y: FloatArray, coarse: float) -> Shift:
    """Follow the centroids of the lines from the coarse shift."""
    nf = y.shape[0]
    offset = np.full(nf, coarse)
    fibers = errors = np.full(nf, np.nan)
    estimate, squares = np.empty_like(y), np.empty_like(y)
    for _ in range(6):
        _line_centroids(counts, variance, y, offset, _WEIGHT_SIGMA, estimate, squares)
        kept = np.where(_consistent_lines(estimate + offset[:, None])[None, :], estimate, np.nan)
        correction, errors = _per_fiber(kept, squares)
        fibers = offset + correction
        common = _combine(fibers, errors)[0]
        if not math.isfinite(common):
            return _unmeasured(nf, "no isolated line is bright enough")
        limited = np.clip(correction, -1.0, 1.0)
        offset = np.clip(np.where(np.isfinite(limited), offset + limited, common), common - 1.5, common + 1.5)
        if np.nanmedian(np.abs(correction)) < _CONVERGED:
            break
    value, error, n = _combine(fibers, errors)
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
