"""Sky background of an imager's CCD: a mesh of clipped modes, by sep, and its subtraction in one pass."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sep
from numba import njit

__all__ = ["BOX", "Background", "measure_background", "subtract_background"]

FloatImage = npt.NDArray[np.float32]
BOX = 64
"""Side of a box of the mesh [px]: many times the width of a star, and much smaller than an amplifier."""
_SAMPLES = 256
"""Pixels that must be looked at in a box: they know its level to 0.08 of the noise, and filtering halves that..."""
_ALL_SAMPLES = 500_000
"""... and in the whole image."""
_NO_MASK = np.zeros((1, 1), dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Background:
    """What lies under the stars.

    Attributes
    ----------
    level : float
        Of the whole image: median of the mesh [unit of the image]; NaN where nothing could be measured.
    rms : float
        Noise of one pixel: median of the mesh's clipped deviations [unit of the image]; 0 for an image of one value.
    levels, deviations : ndarray of float32, shape (ny / box, nx / box)
        The mesh after its 3 x 3 median filter.
    box : int
        Side of a box [px].
    rows : ndarray of float32, shape (nrow, nx)
        Background along every `step`-th row of the image, from row `first` on.
    first, step : int
        See `rows` [px].
    reason : str
        Why nothing could be measured.
    """

    level: float
    rms: float
    levels: FloatImage
    deviations: FloatImage
    box: int
    rows: FloatImage
    first: int
    step: int
    reason: str = ""


def _mesh(values: FloatImage, box: int, height: int) -> FloatImage:
    """Return what a smooth map holds at the centres of the boxes, through which it was drawn."""
    y = np.minimum(np.arange(height // 2, values.shape[0] + height // 2, height), values.shape[0] - 1)
    x = np.minimum(np.arange(box // 2, values.shape[1] + box // 2, box), values.shape[1] - 1)
    return np.ascontiguousarray(values[np.ix_(y, x)])


def measure_background(
    image: FloatImage, *, mask: npt.NDArray[np.uint8] | None = None, ignore: int = 0xFF, box: int = BOX
) -> Background:
    """Measure background and noise on a mesh, as SExtractor does (mode 2.5 median - 1.5 mean of the clipped pixels).

    Of a large image with large boxes every few rows are used: a box of 64 x 64 knows its level far better than the sky
    is even, and rows apart are several times cheaper.

    Parameters
    ----------
    image : ndarray of float32, shape (ny, nx)
        Detrended, any unit.
    mask : ndarray of uint8, shape (ny, nx), optional
        Bits of `qltui.reduction.masks`.
    ignore : int
        A pixel with any of these bits is left out.
    box : int
        Side of a box [px].

    Returns
    -------
    Background

    Raises
    ------
    ValueError
        Where mask and image differ in shape, or the image is smaller than a box.
    """
    ny, nx = image.shape
    if min(ny, nx) < box:
        msg = f"an image of {ny} x {nx} is smaller than a box of the background mesh, {box}"
        raise ValueError(msg)
    if mask is not None and mask.shape != image.shape:
        msg = f"mask is {mask.shape}, the image {image.shape}"
        raise ValueError(msg)
    step = max(1, min(box * box // _SAMPLES, image.size // _ALL_SAMPLES))
    while box % step:
        step -= 1
    first = step // 2
    sampled = np.ascontiguousarray(image[first::step], dtype=np.float32)
    hidden = None if mask is None else (mask[first::step] & np.uint8(ignore)) != 0
    if hidden is not None and hidden.mean() > 0.98:
        nothing = np.full((1, 1), np.nan, dtype=np.float32)
        reason = "nearly all pixels are masked"
        return Background(math.nan, math.nan, nothing, nothing, box, nothing, first, step, reason)
    found = sep.Background(sampled, mask=hidden, bw=box, bh=box // step)
    rows = found.back(dtype=np.float32)
    levels = _mesh(rows, box, box // step)
    deviations = _mesh(found.rms(dtype=np.float32), box, box // step)
    rms = float(found.globalrms) if (deviations > 0).any() else 0.0  # sep says 1 for an image of one value
    return Background(float(found.globalback), rms, levels, deviations, box, rows, first, step)


@njit(cache=True, nogil=True, error_model="numpy")
def _subtract(image: Any, rows: Any, first: int, step: int, mask: Any, ignore: int, out: Any) -> None:
    """Fill `out` with ``image - background``, 0 where a pixel is ignored; the rows between are interpolated."""
    ny, nx = image.shape
    last = rows.shape[0] - 1
    bits = np.uint8(ignore)
    zero = np.float32(0.0)
    for y in range(ny):
        place = (y - first) / step
        k = min(max(math.floor(place), 0), max(last - 1, 0))
        share = np.float32(place - k) if last > 0 else zero
        low = rows[k]
        high = rows[min(k + 1, last)]
        row = image[y]
        result = out[y]
        for i in range(nx):
            result[i] = row[i] - (low[i] + share * (high[i] - low[i]))
        if mask.size > 1:
            flags = mask[y]
            for i in range(nx):
                result[i] = zero if flags[i] & bits else result[i]


def subtract_background(
    image: FloatImage,
    background: Background,
    *,
    mask: npt.NDArray[np.uint8] | None = None,
    ignore: int = 0xFF,
    out: FloatImage | None = None,
) -> FloatImage:
    """Return the image without its background; ignored pixels are 0, so that they hold no source.

    Parameters
    ----------
    image : ndarray of float32, shape (ny, nx)
        The one that `background` was measured in.
    background : Background
        One that could be measured.
    mask, ignore
        As in `measure_background`.
    out : ndarray of float32, shape (ny, nx), optional
        Where the result goes; may be `image` itself, which saves its memory a second time.
    """
    if not math.isfinite(background.level):
        msg = f"there is no background to subtract: {background.reason}"
        raise ValueError(msg)
    result = np.empty(image.shape, dtype=np.float32) if out is None else out
    flags = _NO_MASK if mask is None else np.ascontiguousarray(mask, dtype=np.uint8)
    _subtract(image, background.rows, background.first, background.step, flags, ignore, result)
    return result
