"""How far the fibres have moved across the dispersion since the calibration, in pixels and absolutely."""

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
from qltui.reduction.detector import CcdImage
from qltui.reduction.line_shifts import MAXIMUM_DY, measure_dy
from qltui.reduction.traces import RowTraces

__all__ = ["MAXIMUM_DX", "MAXIMUM_DY", "Shift", "measure_dx", "measure_dy"]

MAXIMUM_DX = 2.5
"""Largest shift across the dispersion that is told from the neighbour's light [px]; half the pitch is 3.6."""


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
            first = round(xc) - reach
            for i in range(first, first + 2 * reach + 1):
                k = math.floor((i - xc) * per_pixel + 0.5) + middle
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
            moment[f, b] += s1 + RESPONSE * (rounded - (centre - i0)) * s0
            flux_variance[f, b] += v0
            moment_variance[f, b] += v1


def _weights(phases: int, reach: int) -> npt.NDArray[np.float32]:
    """Gaussian weights of the pixels around each sub-pixel phase, shape (phases, 2 reach + 1)."""
    centre = ((np.arange(phases) + 0.5) / phases - 0.5)[:, None]
    pixel = np.arange(-reach, reach + 1)[None, :]
    return np.exp(-0.5 * ((pixel - centre) / WEIGHT_SIGMA) ** 2).astype(np.float32)


def _coarse_dx(ccd: CcdImage, x: npt.NDArray[np.float32], step: int) -> float:
    """Find the common shift to about a third of a pixel, from the median fibre; NaN where there is no light.

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
    kernel = np.exp(-0.5 * ((position_of_bin[:, None] - position_of_bin[None, :]) / WEIGHT_SIGMA) ** 2)
    smooth = kernel @ typical / kernel.sum(axis=1)
    inside = np.abs(position_of_bin) <= 3.5
    return float(position_of_bin[inside][np.argmax(smooth[inside])])


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
        return unmeasured(nf, "no light along the traces")
    band, floors = ccd.variance_floor()
    weights = _weights(64, REACH)
    offset = np.full(nf, coarse)
    fibers = errors = np.full(nf, np.nan)
    nblock = max(1, min(16, ny // 24))
    for _ in range(6):
        sums = np.zeros((4, nf, nblock))
        _centroids(ccd.image, ccd.mask, band, floors, rows.x, offset.astype(np.float32), step, weights, *sums)
        correction, errors = mean_per_fiber(*_block_estimates(*sums))
        limited = np.clip(correction, -1.0, 1.0)
        fibers = offset + correction
        common = combine(fibers, errors)[0]
        if not math.isfinite(common):
            return unmeasured(nf, "no fibre has enough light to be followed")
        offset = np.where(np.isfinite(limited), offset + limited, common)
        offset = np.clip(offset, common - 1.5, common + 1.5)
        if np.nanmedian(np.abs(correction)) < CONVERGED:
            break
    value, error, n = combine(fibers, errors)
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
    seen = light > SIGNIFICANT * noise
    typical = float(np.median(light[seen])) if seen.any() else math.inf
    enough = (light > 0.05 * typical)[:, None] & (flux > SIGNIFICANT * np.sqrt(np.maximum(flux_variance, 1e-6)))
    safe = np.where(enough, flux, 1.0)
    estimate = np.where(enough, moment / safe / RESPONSE, np.nan)
    variance = np.where(enough, moment_variance / (safe * RESPONSE) ** 2, np.nan)
    return estimate, variance
