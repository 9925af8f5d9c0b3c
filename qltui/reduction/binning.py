"""Large images made small: for screens, in one pass over the pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["bin_bits", "bin_image", "block_size"]


def block_size(shape: tuple[int, ...], size: int) -> int:
    """Return how many pixels wide a block must be, so that no side of the image has more than `size` blocks."""
    return max(1, -(-max(shape) // size))


@njit(cache=True, nogil=True, error_model="numpy")
def _bin_mean(image: Any, factor: int, out: Any) -> None:
    """Fill `out` with the mean of blocks; rows first, because that runs along the memory."""
    ny, nx = out.shape
    width = nx * factor
    sums = np.empty(width, dtype=np.float32)
    scale = np.float32(1.0 / (factor * factor))
    for y in range(ny):
        row = image[y * factor]
        for i in range(width):
            sums[i] = np.float32(row[i])
        for j in range(1, factor):
            row = image[y * factor + j]
            for i in range(width):
                sums[i] += np.float32(row[i])
        for x in range(nx):
            total = np.float32(0.0)
            for i in range(x * factor, (x + 1) * factor):
                total += sums[i]
            out[y, x] = total * scale


@njit(cache=True, nogil=True)
def _bin_bits(mask: Any, factor: int, out: Any) -> None:
    """Fill `out` with the bits that any pixel of a block has."""
    ny, nx = out.shape
    width = nx * factor
    bits = np.empty(width, dtype=np.uint8)
    for y in range(ny):
        bits[:] = mask[y * factor, :width]
        for j in range(1, factor):
            row = mask[y * factor + j]
            for i in range(width):
                bits[i] |= row[i]
        for x in range(nx):
            found = np.uint8(0)
            for i in range(x * factor, (x + 1) * factor):
                found |= bits[i]
            out[y, x] = found


def bin_image(image: npt.NDArray[Any], size: int) -> tuple[npt.NDArray[np.float32], int]:
    """Return the mean of blocks of pixels, at most `size` on a side, and how many pixels wide a block is.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Rows and columns that do not fill a block are left out.
    size : int
        Longest side of the result.
    """
    factor = block_size(image.shape, size)
    out = np.empty((image.shape[0] // factor, image.shape[1] // factor), dtype=np.float32)
    _bin_mean(np.ascontiguousarray(image), factor, out)
    return out, factor


def bin_bits(mask: npt.NDArray[np.uint8], size: int) -> tuple[npt.NDArray[np.uint8], int]:
    """Return which bits are set anywhere in blocks of pixels, and how many pixels wide a block is.

    Parameters
    ----------
    mask : ndarray of uint8, shape (ny, nx)
        Rows and columns that do not fill a block are left out.
    size : int
        Longest side of the result.
    """
    factor = block_size(mask.shape, size)
    out = np.empty((mask.shape[0] // factor, mask.shape[1] // factor), dtype=np.uint8)
    _bin_bits(np.ascontiguousarray(mask), factor, out)
    return out, factor
