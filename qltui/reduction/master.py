"""Master bias and master flat: clipped means of frames, a few rows of all frames at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["Channel", "Master", "combine"]

FloatImage = npt.NDArray[np.float32]
_ROWS = 32
"""Rows of all frames that are in memory together as numbers of one kind."""
_NO_IMAGE = np.zeros((1, 1), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Channel:
    """The columns of one amplifier.

    Attributes
    ----------
    x0, x1 : int
        First column and the one after the last, of the frames.
    noise : float
        Read noise [unit of the frames].
    gain : float
        [e-/unit of the frames]; infinite where photons add no noise, as in a bias.
    """

    x0: int
    x1: int
    noise: float
    gain: float = math.inf


@dataclass(frozen=True, slots=True)
class Master:
    """A combined frame.

    Attributes
    ----------
    image : ndarray of float32, shape (ny, nx)
        Mean of what was not clipped; NaN in columns that no channel has.
    number : ndarray of uint8, shape (ny, nx)
        How many frames each pixel is the mean of.
    frames : int
        How many there were.
    clipped : float
        Share of all values that was clipped: about 1e-6 by noise alone, 1e-4 by cosmic rays. More says that the
        frames do not belong together.
    """

    image: FloatImage
    number: npt.NDArray[np.uint8]
    frames: int
    clipped: float


@njit(cache=True, nogil=True, error_model="numpy")
def _clipped_mean(
    values: Any, n: int, scales: Any, noise: float, gain: float, nsigma: float, ordered: Any
) -> tuple[float, int]:
    """Return the mean of the `n` values within `nsigma` of their median, and how many they are.

    Of two that differ by more, the lower is believed: light adds, and so do cosmic rays.
    """
    for k in range(n):
        value = values[k]
        place = k
        while place > 0 and ordered[place - 1] > value:
            ordered[place] = ordered[place - 1]
            place -= 1
        ordered[place] = value
    middle = ordered[0] if n == 2 else 0.5 * (ordered[(n - 1) // 2] + ordered[n // 2])
    total = 0.0
    used = 0
    for k in range(n):
        light = max(middle / scales[k], 0.0) / gain
        allowed = nsigma * scales[k] * math.sqrt(noise * noise + light)
        if n == 2:
            allowed *= math.sqrt(2.0)
        if abs(values[k] - middle) <= allowed:
            total += values[k]
            used += 1
    if used == 0:
        return middle, 1
    return total / used, used


@njit(cache=True, nogil=True, error_model="numpy")
def _combine_rows(
    stack: Any, offsets: Any, bias: Any, scales: Any, smallest: float, noise: float, gain: float, nsigma: float,
    out: Any, number: Any,
) -> int:  # fmt: skip
    """Combine the rows of one channel, shape (n, nrow, nx), into `out` and `number`; return how many were clipped.

    Most pixels need no sorting: where all frames agree to within the allowance, none can be out of it.
    """
    n, nrow, nx = stack.shape
    total = np.empty(nx, dtype=np.float32)
    low = np.empty(nx, dtype=np.float32)
    high = np.empty(nx, dtype=np.float32)
    values = np.empty(n, dtype=np.float64)
    ordered = np.empty(n, dtype=np.float64)
    variance = np.float32(noise * noise)
    photons = np.float32(1.0 / gain)
    factor = np.float32(nsigma * smallest)
    share = np.float32(1.0 / n)
    pedestal = np.zeros(nx, dtype=np.float32)
    clipped = 0
    for y in range(nrow):
        if bias.size > 1:
            pedestal[:] = bias[y]
        total[:] = np.float32(0.0)
        low[:] = np.float32(3e38)
        high[:] = np.float32(-3e38)
        for k in range(n):
            row = stack[k, y]
            level = np.float32(offsets[k, y])
            scale = np.float32(scales[k])
            for i in range(nx):
                value = (np.float32(row[i]) - level - pedestal[i]) * scale
                total[i] += value
                low[i] = value if value < low[i] else low[i]
                high[i] = value if value > high[i] else high[i]
        for i in range(nx):
            light = low[i] / np.float32(smallest) * photons
            allowed = factor * np.sqrt(variance + (light if light > np.float32(0.0) else np.float32(0.0)))
            out[y, i] = total[i] * share
            number[y, i] = n
            if n > 1 and not high[i] - low[i] <= allowed:
                for k in range(n):
                    values[k] = (np.float32(stack[k, y, i]) - np.float32(offsets[k, y]) - pedestal[i]) * scales[k]
                mean, used = _clipped_mean(values, n, scales, noise, gain, nsigma, ordered)
                out[y, i] = mean
                number[y, i] = used
                clipped += n - used
    return clipped


def combine(
    frames: Sequence[npt.NDArray[Any]],
    channels: Sequence[Channel],
    *,
    offsets: Sequence[npt.NDArray[Any]] | None = None,
    bias: FloatImage | None = None,
    scales: Sequence[float] | None = None,
    nsigma: float = 5.0,
) -> Master:
    """Combine frames to the mean of ``(frame - offset - bias) * scale`` without what lies out.

    A value is left out where it differs from the median of its pixel by more than `nsigma` times the noise that
    amplifier and photons give it. One frame is itself; of two, the lower is believed where they differ by more, for
    nothing tells which is right but that cosmic rays add. Three and more decide by their median.

    Parameters
    ----------
    frames : sequence of ndarray, shape (ny, nx)
        Integers or floats [any unit], all of one shape; they are not copied as a whole.
    channels : sequence of Channel
        The amplifiers, as columns of the frames.
    offsets : sequence of ndarray, shape (number of channels, ny), optional
        Level of each row of each channel in each frame: its overscan [unit of the frames]. A channel for which one
        is not finite, as that of a dead amplifier, is not combined.
    bias : ndarray of float32, shape (ny, nx), optional
        Master bias, for flats [unit of the frames].
    scales : sequence of float, optional
        Of each frame: the inverse of its level, for flats.
    nsigma : float
        See above.

    Returns
    -------
    Master

    Raises
    ------
    ValueError
        Where there is no frame, or shapes or scales do not fit.
    """
    n = len(frames)
    if not 1 <= n <= 255:
        msg = f"{n} frames cannot be combined: 1 to 255 can"
        raise ValueError(msg)
    ny, nx = frames[0].shape
    factors = np.ones(n) if scales is None else np.asarray(scales, dtype=np.float64)
    levels = np.zeros((n, len(channels), ny), dtype=np.float32)
    if offsets is not None:
        levels = np.asarray(offsets, dtype=np.float32)
    _check(frames, (ny, nx), channels, levels, factors)
    if bias is not None and bias.shape != (ny, nx):
        msg = f"bias is {bias.shape}, the frames {(ny, nx)}: it belongs to another detector"
        raise ValueError(msg)
    known = [bool(np.isfinite(levels[:, k]).all()) for k in range(len(channels))]
    image = np.full((ny, nx), np.nan, dtype=np.float32)
    number = np.zeros((ny, nx), dtype=np.uint8)
    kind = frames[0].dtype if frames[0].dtype in (np.dtype(np.uint16), np.dtype(np.int32)) else np.dtype(np.float32)
    clipped = 0
    smallest = float(factors.min())
    for first in range(0, ny, _ROWS):
        rows = slice(first, min(first + _ROWS, ny))
        stack = np.stack([frame[rows] for frame in frames]).astype(kind, copy=False)
        for k, channel in enumerate(channels):
            if not known[k]:
                continue
            part = slice(channel.x0, channel.x1)
            pedestal = _NO_IMAGE if bias is None else bias[rows, part]
            clipped += _combine_rows(
                stack[:, :, part], levels[:, k, rows], pedestal, factors, smallest, channel.noise, channel.gain,
                nsigma, image[rows, part], number[rows, part],
            )  # fmt: skip
    values = n * ny * sum(channel.x1 - channel.x0 for channel, good in zip(channels, known, strict=True) if good)
    return Master(image, number, n, clipped / values if values else 0.0)


def _check(
    frames: Sequence[npt.NDArray[Any]], shape: tuple[int, int], channels: Sequence[Channel],
    levels: npt.NDArray[np.float32], factors: npt.NDArray[np.float64],
) -> None:  # fmt: skip
    """Refuse what does not fit."""
    for frame in frames:
        if frame.shape != shape or frame.dtype != frames[0].dtype:
            msg = f"a frame is {frame.shape} of {frame.dtype}, the first {shape} of {frames[0].dtype}"
            raise ValueError(msg)
    for channel in channels:
        if not (0 <= channel.x0 < channel.x1 <= shape[1] and channel.noise > 0 and channel.gain > 0):
            msg = f"{channel} does not fit frames of {shape}: columns inside, noise and gain above 0"
            raise ValueError(msg)
    if levels.shape != (len(frames), len(channels), shape[0]):
        msg = f"offsets are {levels.shape}, not {(len(frames), len(channels), shape[0])}"
        raise ValueError(msg)
    if factors.shape != (len(frames),) or not np.all(np.isfinite(factors) & (factors > 0)):
        msg = "every frame needs a scale above 0"
        raise ValueError(msg)
