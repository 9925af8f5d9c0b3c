"""Bias level of an amplifier that jumps while the CCD is read, from its overscan columns."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from qltui.model import Amplifier
from qltui.reduction.overscan import Overscan, measure_overscan, noise_about

__all__ = ["find_jumps", "measure_row_overscan", "smooth_between"]

_SIGNIFICANCE = 8.0
"""A jump must exceed its error so many times: of thousands of rows, noise alone gives about 4."""
_SMALLEST = 0.15
"""Smallest jump that is looked for [ADU]: what is left is then far below the noise of any sky."""
_MOST = 4
_SHORTEST = 16
"""Rows that a piece between jumps has at least."""
_WINDOW = 101
"""Rows over which levels are averaged: the noise of one row's level is not stamped into the image."""
_DRIFT = 0.3
"""Range of the smooth levels from which on they are used, where there is no jump [ADU]."""


def find_jumps(levels: npt.NDArray[Any], error: float) -> tuple[int, ...]:
    """Return the rows at which the level jumps, in order: each is the first row of a new piece.

    The place that splits the rows best into two means is a jump if the means differ significantly; then both pieces
    are looked at alike.

    Parameters
    ----------
    levels : ndarray, shape (nrow,)
        Level of each row [ADU].
    error : float
        Of one of them [ADU].
    """
    jumps: list[int] = []
    pieces = [(0, levels.size)]
    while pieces and len(jumps) < _MOST:
        first, last = pieces.pop(0)
        piece = levels[first:last].astype(np.float64)
        n = piece.size
        if n < 2 * _SHORTEST:
            continue
        before = np.arange(_SHORTEST, n - _SHORTEST + 1)
        sums = np.cumsum(piece)[before - 1]
        difference = (piece.sum() - sums) / (n - before) - sums / before
        significance = np.abs(difference) * np.sqrt(before * (n - before) / n) / error
        best = int(np.argmax(significance))
        if significance[best] < _SIGNIFICANCE or abs(difference[best]) < _SMALLEST:
            continue
        row = first + int(before[best])
        jumps.append(row)
        pieces += [(first, row), (row, last)]
    return tuple(sorted(jumps))


def smooth_between(levels: npt.NDArray[Any], jumps: tuple[int, ...], window: int = _WINDOW) -> npt.NDArray[np.float32]:
    """Return the running mean of the levels, shape ``(nrow,)`` [ADU], each piece between jumps on its own.

    Near the ends of a piece the window is narrower.
    """
    smooth = np.empty(levels.size, dtype=np.float32)
    edges = (0, *jumps, levels.size)
    for first, last in itertools.pairwise(edges):
        piece = levels[first:last].astype(np.float64)
        n = piece.size
        sums = np.concatenate([[0.0], np.cumsum(piece - piece.mean())])
        rows = np.arange(n)
        # A window that shrank to nothing at the ends would put the noise of single rows there.
        half = np.minimum(window // 2, np.maximum(np.minimum(rows, n - 1 - rows), min(window // 4, n)))
        low, high = np.maximum(rows - half, 0), np.minimum(rows + half + 1, n)
        smooth[first:last] = piece.mean() + (sums[high] - sums[low]) / (high - low)
    return smooth


def measure_row_overscan(raw: npt.NDArray[Any], amplifier: Amplifier) -> Overscan:
    """Measure bias level and read noise of one amplifier whose bias may jump or drift from row to row.

    As `qltui.reduction.overscan.measure_overscan`, but small jumps are found as well, and the level of each row is
    smooth on either side of them. A level that is constant to within its noise is one for all rows.

    Parameters
    ----------
    raw : ndarray, shape (ny, nx)
        Raw image with all its overscan [ADU].
    amplifier : Amplifier
        Its `bias` section is used.

    Returns
    -------
    Overscan
        `level` is the mean over the rows; `method` is ``"PER_ROW"`` where `row_levels`, which are smooth, are to be
        subtracted; `jumps` holds row and size of each jump.
    """
    found = measure_overscan(raw, amplifier)
    columns = amplifier.bias.shape[1]
    if not (math.isfinite(found.level) and found.read_noise > 0):
        return found
    between = np.diff(found.row_levels)  # a jump is in one of these, a drift in none
    error = 1.4826 * float(np.median(np.abs(between - np.median(between)))) / math.sqrt(2.0)
    error = max(error, found.read_noise / math.sqrt(columns) / 4.0, 1e-3)
    rows = find_jumps(found.row_levels, error)
    smooth = smooth_between(found.row_levels, rows)
    drift = float(smooth.max() - smooth.min()) if smooth.size else 0.0
    if not rows and drift < _DRIFT + _SIGNIFICANCE * error / math.sqrt(_WINDOW / 2):
        if found.method == "AVERAGE":
            return found
        smooth = np.full(smooth.size, smooth.mean(), dtype=np.float32)
    edges = (0, *rows, smooth.size)
    middles = [float(np.mean(found.row_levels[a:b])) for a, b in itertools.pairwise(edges)]
    jumps = tuple((row, middles[k + 1] - middles[k]) for k, row in enumerate(rows))
    noise = noise_about(raw, amplifier, smooth, error * math.sqrt(columns))
    return replace(
        found, level=float(smooth.mean()), read_noise=noise, row_levels=smooth, method="PER_ROW", jumps=jumps
    )
