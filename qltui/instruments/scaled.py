"""Whole numbers of two bytes, as FITS stores them, turned into what they mean, in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["scale_int16", "warm_up"]


@njit(cache=True, nogil=True, error_model="numpy")
def _scale(stored: Any, factor: float, zero: float, out: Any) -> None:
    """Fill `out` with ``stored * factor + zero`` [float32]; `stored` are the bytes of a big-endian int16, as uint16."""
    factor4 = np.float32(factor)
    zero4 = np.float32(zero)
    for k in range(stored.size):
        swapped = np.uint16((stored[k] >> np.uint16(8)) | (stored[k] << np.uint16(8)))
        out[k] = np.float32(np.int16(swapped)) * factor4 + zero4


def scale_int16(stored: npt.NDArray[Any], factor: float, zero: float) -> npt.NDArray[np.float32]:
    """Return ``stored * factor + zero`` in single precision, of the shape of `stored`.

    A master of a whole CCD is read for every camera: as numpy does it, byte order, factor and offset are three passes.

    Parameters
    ----------
    stored : ndarray of >i2
        As the file has it, contiguous.
    factor, zero : float
        BSCALE and BZERO.
    """
    out = np.empty(stored.shape, dtype=np.float32)
    _scale(stored.reshape(-1).view(np.uint16), factor, zero, out.reshape(-1))
    return out


def warm_up() -> None:
    """Compile the kernel, or load it from the cache."""
    scale_int16(np.zeros(4, dtype=">i2"), 1.0, 0.0)
