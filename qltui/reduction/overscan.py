"""Bias level and read noise of an amplifier, from the raw pixels of its overscan columns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from qltui.model import Amplifier

__all__ = ["MAXIMUM_STEP", "Overscan", "measure_overscan", "noise_about"]

MAXIMUM_STEP = 2.0
"""Largest jump between rows for which one level serves the whole amplifier [ADU]."""
_NOISE_STEPS = 6.0
"""The same in errors of a row's level: pure noise gives 3 to 4, and a noisy amplifier is not a stepping one."""
_WINDOW = 32768
"""Half width of the histogram around the median [ADU]."""
_CLIP = 5.0
_MOST_WITHOUT = 0.25
"""Of the pixels of an overscan may have no value; of more, the median of the rest says nothing any more."""


@dataclass(frozen=True, slots=True)
class Overscan:
    """What the overscan of one amplifier says.

    Attributes
    ----------
    level : float
        Bias level [ADU]; NaN where it could not be measured.
    read_noise : float
        Standard deviation of one pixel [ADU], without the 1/12 ADU^2 of the digitisation; 0 for an amplifier
        that repeats one number, NaN where it could not be measured.
    row_levels : ndarray of float32, shape (nrow,)
        Level of each row [ADU].
    step : float
        Range of the first differences of the smoothed row levels, OSTEP [ADU].
    method : str
        ``"AVERAGE"``: one level for all rows; ``"PER_ROW"``: the rows jump, and each has its own.
    reason : str
        Why a value is NaN.
    jumps : tuple of (int, float)
        Row and size [ADU] of each jump, where they were looked for (`qltui.reduction.row_overscan`).
    """

    level: float
    read_noise: float
    row_levels: npt.NDArray[np.float32]
    step: float
    method: str
    reason: str = ""
    jumps: tuple[tuple[int, float], ...] = ()

    def levels(self, rows: int) -> npt.NDArray[np.float32]:
        """Return the level to subtract from each of `rows` rows, shape ``(rows,)`` [ADU]."""
        if self.method == "PER_ROW" and self.row_levels.shape[0] == rows:
            return self.row_levels
        return np.full(rows, self.level, dtype=np.float32)


@njit(cache=True, nogil=True, error_model="numpy")
def _clipped(counts: Any, first: int) -> tuple[float, float]:
    """Return mean and standard deviation of a histogram of integers after 5-sigma clipping about the median.

    The start is the half width of the central 68 % of the pixels, which outliers hardly move, and never less than
    half a unit: all pixels may share one value.
    """
    total = 0.0
    for i in range(counts.size):
        total += counts[i]
    low, mean, high = first - 0.5, first - 0.5, first - 0.5
    below = 0.0
    for i in range(counts.size):
        above = below + counts[i]
        edge = first + i - 0.5
        if below < 0.1587 * total <= above:
            low = edge + (0.1587 * total - below) / counts[i]
        if below < 0.5 * total <= above:
            mean = edge + (0.5 * total - below) / counts[i]
        if below < 0.8413 * total <= above:
            high = edge + (0.8413 * total - below) / counts[i]
        below = above
    sigma = max(0.5 * (high - low), 0.5)
    spread = 0.0
    for _ in range(8):
        lowest = max(math.ceil(mean - _CLIP * sigma) - first, 0)
        highest = min(math.floor(mean + _CLIP * sigma) - first, counts.size - 1)
        n = 0.0
        s1 = 0.0
        s2 = 0.0
        for i in range(lowest, highest + 1):
            d = first + i - mean
            n += counts[i]
            s1 += counts[i] * d
            s2 += counts[i] * d * d
        if n < 2:
            break
        shift = s1 / n
        spread = math.sqrt(max(s2 / n - shift * shift, 0.0) * n / (n - 1))
        mean += shift
        done = abs(shift) < 1e-4 and abs(spread - sigma) < 1e-4
        sigma = max(spread, 0.3)
        if done:
            break
    return mean, spread


@njit(cache=True, nogil=True, error_model="numpy")
def _histogram(pixels: Any, first: int, counts: Any) -> None:
    """Count the values in `pixels`, from `first` on; what lies outside is left out."""
    size = counts.size
    for j in range(pixels.shape[0]):
        for i in range(pixels.shape[1]):
            k = pixels[j, i] - first
            if 0 <= k < size:
                counts[k] += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _median(row: Any) -> int:
    """Return the upper median of a few numbers, by insertion; for the rare row, and quicker to compile than a sort."""
    ordered = row.copy()
    for i in range(1, ordered.size):
        value = ordered[i]
        k = i
        while k > 0 and ordered[k - 1] > value:
            ordered[k] = ordered[k - 1]
            k -= 1
        ordered[k] = value
    return int(ordered[ordered.size // 2])


@njit(cache=True, nogil=True, error_model="numpy")
def _row_levels(pixels: Any, sigma: float, levels: Any) -> None:
    """Mean of each row; a row with a pixel further than 5 sigma from it is averaged about its median instead."""
    ncol = pixels.shape[1]
    for j in range(pixels.shape[0]):
        total = 0.0
        lowest = pixels[j, 0]
        highest = pixels[j, 0]
        for i in range(ncol):
            value = pixels[j, i]
            total += value
            lowest = min(lowest, value)
            highest = max(highest, value)
        mean = total / ncol
        if highest - mean > _CLIP * sigma or mean - lowest > _CLIP * sigma:
            middle = _median(pixels[j])
            total = 0.0
            n = 0
            for i in range(ncol):
                if abs(pixels[j, i] - middle) <= _CLIP * sigma:
                    total += pixels[j, i]
                    n += 1
            mean = total / n
        levels[j] = mean


@njit(cache=True, nogil=True, error_model="numpy")
def _residual_moments(pixels: Any, levels: Any, sigma: float) -> tuple[float, float]:
    """Return number and sum of squares of ``pixels - levels`` within 5 sigma."""
    n = 0.0
    squares = 0.0
    for j in range(pixels.shape[0]):
        for i in range(pixels.shape[1]):
            d = pixels[j, i] - levels[j]
            if abs(d) <= _CLIP * sigma:
                n += 1.0
                squares += d * d
    return n, squares


def _integers(section: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """Return the section as integers [ADU]; what is not finite becomes far too large and is clipped."""
    if section.dtype.kind == "f":
        section = np.nan_to_num(np.rint(section), nan=2.0**30, posinf=2.0**30, neginf=-(2.0**30))
    return np.ascontiguousarray(np.clip(section, -(2**30), 2**30), dtype=np.int32)


def _step(levels: npt.NDArray[np.float32]) -> float:
    """Range of the first differences of the 7-row running median, ends left out [ADU]."""
    if levels.size < 16:
        return 0.0
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(levels, 7), axis=1)
    edge = min(50, levels.size // 10)
    differences = np.diff(smooth[edge : smooth.size - edge])
    return float(differences.max() - differences.min())


def _unusable(section: npt.NDArray[Any], where: str) -> str:
    """Return why nothing can be measured in an overscan section; empty where something can."""
    nrow, ncol = section.shape
    if ncol < 4 or nrow < 4:
        return f"{where} is only {nrow} x {ncol} pixels"
    if section.dtype.kind == "f":
        without = section.size - int(np.count_nonzero(np.isfinite(section)))
        if without > _MOST_WITHOUT * section.size:
            return f"{without} of {section.size} pixels in the {where} have no value"
    return ""


def measure_overscan(raw: npt.NDArray[Any], amplifier: Amplifier) -> Overscan:
    """Measure bias level and read noise in the overscan of one amplifier.

    Level and noise are mean and standard deviation of the raw pixels of the overscan section, clipped at 5 sigma
    about the median in a histogram of the integers. The 1/12 ADU^2 that digitisation adds is taken off (Sheppard's
    correction). Where the rows jump (range of the differences of the 7-row running median of the row levels above
    2 ADU and above what noise alone gives), each row has its own level, and the noise is that of the pixels about
    the levels of their rows.

    Parameters
    ----------
    raw : ndarray, shape (ny, nx)
        Raw image with all its overscan [ADU], integers (floats are rounded).
    amplifier : Amplifier
        Its `bias` section is used.

    Returns
    -------
    Overscan
        NaN with a reason where the section is too small, or too many of its pixels have no value.

    Raises
    ------
    ValueError
        Where the section does not lie in the image.
    """
    section = amplifier.bias
    if not (0 <= section.y0 < section.y1 <= raw.shape[0] and 0 <= section.x0 < section.x1 <= raw.shape[1]):
        msg = f"overscan of amplifier {amplifier.name} lies outside the raw image of {raw.shape[0]} x {raw.shape[1]}"
        raise ValueError(msg)
    nrow, ncol = section.y1 - section.y0, section.x1 - section.x0
    reason = _unusable(raw[section.slices], f"overscan of amplifier {amplifier.name}")
    if reason:
        nothing = np.full(nrow, np.nan, dtype=np.float32)
        return Overscan(math.nan, math.nan, nothing, math.nan, "AVERAGE", reason)
    pixels = _integers(raw[section.slices])
    centre = int(np.median(pixels[:: max(1, nrow // 256)]))
    level, spread, noise_in_rows = _level_and_spread(pixels, centre)
    levels = np.empty(nrow, dtype=np.float32)
    _row_levels(pixels, max(noise_in_rows, 0.3), levels)
    step = _step(levels)
    if step < MAXIMUM_STEP or step < _NOISE_STEPS * noise_in_rows / math.sqrt(ncol):
        return Overscan(level, _sheppard(spread**2), levels, step, "AVERAGE")
    n, squares = _residual_moments(pixels, levels, max(noise_in_rows, 0.3))
    variance = squares / max(n - n / ncol, 1.0)
    return Overscan(float(np.median(levels)), _sheppard(variance), levels, step, "PER_ROW")


def noise_about(raw: npt.NDArray[Any], amplifier: Amplifier, levels: npt.NDArray[np.float32], sigma: float) -> float:
    """Return the standard deviation of the overscan's pixels about the levels of their rows [ADU].

    Parameters
    ----------
    raw, amplifier
        As in `measure_overscan`.
    levels : ndarray of float32, shape (nrow,)
        [ADU]; of far fewer degrees of freedom than rows.
    sigma : float
        About what comes out [ADU]: pixels beyond 5 of it are left out.
    """
    n, squares = _residual_moments(_integers(raw[amplifier.bias.slices]), levels, max(sigma, 0.3))
    return _sheppard(squares / max(n - 1.0, 1.0))


def _level_and_spread(pixels: npt.NDArray[np.int32], centre: int) -> tuple[float, float, float]:
    """Clipped mean and deviation of all pixels, and the deviation of a pixel from its neighbour over sqrt 2 [ADU]."""
    counts = np.zeros(2 * _WINDOW + 1, dtype=np.int64)
    _histogram(pixels, centre - _WINDOW, counts)
    used = np.flatnonzero(counts)
    level, spread = _clipped(counts[used[0] : used[-1] + 1], int(centre - _WINDOW + used[0]))
    differences = np.diff(pixels[:, ::2], axis=1)
    counts[:] = 0
    _histogram(differences, -_WINDOW, counts)
    used = np.flatnonzero(counts)
    if not used.size:
        return level, spread, spread
    _, between = _clipped(counts[used[0] : used[-1] + 1], int(used[0]) - _WINDOW)
    return level, spread, between / math.sqrt(2.0)


def _sheppard(variance: float) -> float:
    """Return the standard deviation without the variance of rounding to whole ADU."""
    return math.sqrt(max(variance - 1.0 / 12.0, 0.0))
