"""From a raw image to electrons: overscan, bias, gain, dark and pixel flat in one pass over the pixels."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from qltui.model import Amplifier
from qltui.reduction.masks import BAD, FLAT_LOW, FLAT_ZERO, SATURATED
from qltui.reduction.overscan import Overscan

__all__ = ["CcdImage", "assemble"]

FloatImage = npt.NDArray[np.float32]
_NO_IMAGE = np.zeros((1, 1), dtype=np.float32)
_NO_MASK = np.zeros((1, 1), dtype=np.uint8)
_FLAT_ZERO_BELOW = np.float32(1e-3)
_FLAT_LOW_BELOW = np.float32(0.1)


@dataclass(frozen=True, slots=True)
class CcdImage:
    """A detector in electrons, trimmed. There is no variance image: see `variance_floor`.

    Attributes
    ----------
    image : ndarray of float32, shape (ny, nx)
        [e-].
    mask : ndarray of uint8, shape (ny, nx)
        Bits of `qltui.reduction.masks`; 0 for a good pixel. Cosmic rays are added to it later.
    read_noise : ndarray of float32, shape (namp,)
        Measured [e-]; NaN where it could not be measured.
    amplifiers : tuple of Amplifier
        In the order of the arrays here.
    lit_fraction : ndarray of float32, shape (namp,)
        Share of the pixels above `lit_threshold` read noises.
    saturated : ndarray of int64, shape (namp,)
        Number of saturated pixels.
    """

    image: FloatImage
    mask: npt.NDArray[np.uint8]
    read_noise: FloatImage
    amplifiers: tuple[Amplifier, ...]
    lit_fraction: FloatImage
    saturated: npt.NDArray[np.int64]

    def variance_floor(self) -> tuple[npt.NDArray[np.int32], FloatImage]:
        """Return the variance of the read noise for any pixel.

        The variance of a pixel is ``max(image, 0) + floor[band[y], x]``: amplifiers are rectangles, so a small table
        replaces an image.

        Returns
        -------
        band : ndarray of int32, shape (ny,)
            Row of `floor` for each row of the image.
        floor : ndarray of float32, shape (nband, nx)
            Squared read noise [e-^2]; 0 where no amplifier measured any.
        """
        ny, nx = self.image.shape
        edges = sorted({0, ny} | {edge for amp in self.amplifiers for edge in (amp.ccd.y0, amp.ccd.y1)})
        floor = np.zeros((len(edges) - 1, nx), dtype=np.float32)
        band = np.zeros(ny, dtype=np.int32)
        for k, (start, stop) in enumerate(itertools.pairwise(edges)):
            band[start:stop] = k
            for amp, noise in zip(self.amplifiers, self.read_noise, strict=True):
                if amp.ccd.y0 <= start and stop <= amp.ccd.y1 and noise > 0:
                    floor[k, amp.ccd.x0 : amp.ccd.x1] = noise**2
        return band, floor


@njit(cache=True, nogil=True, error_model="numpy")
def _calibrate_row(row: Any, flags: Any, y: int, x0: int, dark: Any, dark_scale: Any, flat: Any, bad: Any) -> None:
    """Apply mask, dark and pixel flat, as far as given, to a piece of row `y` that begins at column `x0`."""
    width = row.size
    if bad.size > 1:
        for i in range(width):
            flags[i] |= np.uint8(BAD) if bad[y, x0 + i] != 0 else np.uint8(0)
    if dark.size > 1:
        for i in range(width):
            row[i] -= dark[y, x0 + i] * dark_scale
    if flat.size > 1:
        sensitivity = flat[y, x0 : x0 + width]
        nothing = np.float32(0.0)
        for i in range(width):
            quotient = row[i] / sensitivity[i]
            row[i] = quotient if sensitivity[i] > _FLAT_ZERO_BELOW else nothing
        for i in range(width):
            low = np.uint8(FLAT_LOW) if sensitivity[i] < _FLAT_LOW_BELOW else np.uint8(0)
            flags[i] |= low if sensitivity[i] > _FLAT_ZERO_BELOW else np.uint8(FLAT_ZERO)


@njit(cache=True, nogil=True, error_model="numpy")
def _assemble_amplifier(
    raw: Any, y0: int, x0: int, cy0: int, cx0: int, levels: Any, gain: float, saturation: float, lit: float,
    bias: Any, bias_level: float, by0: int, bx0: int, dark: Any, dark_scale: float, flat: Any, bad: Any,
    width: int, image: Any, mask: Any,
) -> tuple[int, int]:  # fmt: skip
    """Fill the part of `image` and `mask` of one amplifier; return its numbers of lit and of saturated pixels.

    Each calibration is a loop of its own over one row: the row stays in the nearest cache, and each loop vectorises.
    """
    zero = np.float32(0.0)
    gain4 = np.float32(gain)
    lit4 = np.float32(lit)
    saturation4 = np.float32(saturation)
    n_lit = 0
    n_saturated = 0
    for j in range(levels.size):
        level = levels[j]
        row = image[cy0 + j, cx0 : cx0 + width]
        flags = mask[cy0 + j, cx0 : cx0 + width]
        counts = raw[y0 + j, x0 : x0 + width]
        if bias.size > 1:
            pedestal = bias[by0 + j, bx0 : bx0 + width]
            for i in range(width):
                row[i] = (np.float32(counts[i]) - level - (pedestal[i] - np.float32(bias_level))) * gain4
        else:
            for i in range(width):
                row[i] = (np.float32(counts[i]) - level) * gain4
        for i in range(width):
            saturated = np.float32(counts[i]) >= saturation4
            n_saturated += int(saturated)
            flags[i] = np.uint8(SATURATED) if saturated else np.uint8(0)
        if bad.size + dark.size + flat.size > 3:
            _calibrate_row(row, flags, cy0 + j, cx0, dark, np.float32(dark_scale), flat, bad)
        for i in range(width):
            finite = abs(row[i]) < np.float32(3e38)
            row[i] = row[i] if finite else zero
            flags[i] |= np.uint8(0) if finite else np.uint8(BAD)
            n_lit += (row[i] > lit4) & ((flags[i] & np.uint8(BAD)) == 0)
    return n_lit, n_saturated


def _calibration(name: str, image: Any, shape: tuple[int, int]) -> FloatImage:
    """Return a calibration image as the kernel wants it, or the mark for none."""
    if image is None:
        return _NO_IMAGE
    if image.shape != shape:
        msg = f"{name} is {image.shape}, the image {shape}: it belongs to another detector"
        raise ValueError(msg)
    return np.ascontiguousarray(image, dtype=np.float32)


def _check_geometry(raw: npt.NDArray[Any], amplifiers: Sequence[Amplifier], shape: tuple[int, int]) -> None:
    """Refuse sections that leave their images, or that do not fit each other; headers may say anything."""
    for amp in amplifiers:
        data, ccd = amp.data, amp.ccd
        inside = 0 <= data.y0 < data.y1 <= raw.shape[0] and 0 <= data.x0 < data.x1 <= raw.shape[1]
        fits = ccd.y0 >= 0 and ccd.y1 <= shape[0] and ccd.x0 >= 0 and ccd.x1 <= shape[1]
        if not (inside and fits and data.shape == ccd.shape):
            msg = f"amplifier {amp.name}: data {data} and CCD {ccd} do not fit an image of {shape} from {raw.shape}"
            raise ValueError(msg)


def _native(raw: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return `raw` as one of the three types that the kernel is compiled for."""
    if raw.ndim != 2:
        msg = f"the raw image has {raw.ndim} axes, not 2"
        raise ValueError(msg)
    kind = np.uint16 if raw.dtype.itemsize == 2 and raw.dtype.kind == "u" else np.int32
    if raw.dtype.kind == "f":
        kind = np.float32  # type: ignore[assignment]
    return np.ascontiguousarray(raw, dtype=kind)


def assemble(
    raw: npt.NDArray[Any],
    amplifiers: Sequence[Amplifier],
    overscans: Sequence[Overscan],
    *,
    shape: tuple[int, int],
    bias: npt.NDArray[Any] | None = None,
    dark: npt.NDArray[Any] | None = None,
    exposure_time: float = 0.0,
    pixel_flat: npt.NDArray[Any] | None = None,
    mask: npt.NDArray[Any] | None = None,
    lit_threshold: float = 5.0,
) -> CcdImage:
    """Turn a raw image into electrons on the detector's own pixels.

    ``image = ((raw - overscan - bias) * gain - dark * exposure_time) / pixel_flat``.

    A pixel is lit where it exceeds `lit_threshold` times the read noise of its amplifier: the larger of measured and
    expected, so that neither a noisy nor a dead amplifier looks lit. Masked pixels count as dark and stay in the
    total. An amplifier whose overscan has no noise, or none that could be measured, is masked `BAD` as a whole: it
    repeats a number, and says nothing of the sky.

    Parameters
    ----------
    raw : ndarray, shape (ny_raw, nx_raw)
        [ADU].
    amplifiers, overscans : sequences of the same length
        Geometry and gain, and what their overscans gave.
    shape : tuple of int
        Of the trimmed image, ``(ny, nx)``.
    bias : ndarray, optional
        [ADU]; either of the shape of `raw` (its own overscan level is taken off) or of `shape` (as it is).
    dark : ndarray, shape (ny, nx), optional
        [e-/s].
    exposure_time : float
        [s].
    pixel_flat : ndarray, shape (ny, nx), optional
        Relative sensitivity of the pixels, about 1.
    mask : ndarray, shape (ny, nx), optional
        Non-zero where a pixel is known to be bad.
    lit_threshold : float
        In read noises.

    Returns
    -------
    CcdImage

    Raises
    ------
    ValueError
        Where a section or a calibration does not fit.
    """
    raw = _native(raw)
    _check_geometry(raw, amplifiers, shape)
    raw_bias = bias is not None and bias.shape == raw.shape and bias.shape != shape
    pedestal = _calibration("bias", bias, raw.shape if raw_bias else shape)
    dark4, flat4 = _calibration("dark", dark, shape), _calibration("pixel flat", pixel_flat, shape)
    bad = _NO_MASK if mask is None else np.ascontiguousarray(_checked_mask(mask, shape), dtype=np.uint8)
    covered = sum(amp.ccd.shape[0] * amp.ccd.shape[1] for amp in amplifiers) >= shape[0] * shape[1]
    image = np.empty(shape, dtype=np.float32) if covered else np.zeros(shape, dtype=np.float32)
    flags = np.empty(shape, dtype=np.uint8) if covered else np.full(shape, BAD, dtype=np.uint8)
    noise = np.array([o.read_noise * a.gain for a, o in zip(amplifiers, overscans, strict=True)], dtype=np.float32)
    lit = np.zeros(len(amplifiers), dtype=np.float32)
    saturated = np.zeros(len(amplifiers), dtype=np.int64)
    for k, (amp, overscan) in enumerate(zip(amplifiers, overscans, strict=True)):
        rows, columns = amp.data.shape
        threshold = lit_threshold * np.nanmax([noise[k], amp.read_noise, 0.0])
        level_of_bias = float(np.median(bias[amp.bias.slices])) if raw_bias and bias is not None else 0.0
        place = amp.data if raw_bias else amp.ccd
        count, saturated[k] = _assemble_amplifier(
            raw, amp.data.y0, amp.data.x0, amp.ccd.y0, amp.ccd.x0, overscan.levels(rows), amp.gain, amp.saturation,
            threshold, pedestal, level_of_bias, place.y0, place.x0, dark4, exposure_time, flat4, bad,
            columns, image, flags,
        )  # fmt: skip
        lit[k] = count / (rows * columns)
        if not (math.isfinite(noise[k]) and noise[k] > 0):
            flags[amp.ccd.slices] |= BAD
    return CcdImage(image, flags, noise, tuple(amplifiers), lit, saturated)


def _checked_mask(mask: npt.NDArray[Any], shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    if mask.shape != shape:
        msg = f"pixel mask is {mask.shape}, the image {shape}: it belongs to another detector"
        raise ValueError(msg)
    bad: npt.NDArray[np.bool_] = mask != 0
    return bad
