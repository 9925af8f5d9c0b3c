"""Cosmic rays: pixels sharper than anything that the optics can make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from qltui.reduction.detector import CcdImage
from qltui.reduction.masks import COSMIC

__all__ = ["CosmicCounts", "find_cosmics"]

_PROFILE_STEP = np.float32(1.6)
"""How much brighter than the brighter of its two neighbours a column of a fibre can be: the profiles are wider."""
_GROWTH_NOISE = 0.5
"""Noises allowed for in the sharpness test of the neighbours of a hit: with none, growth runs along crowded lines."""
_CHUNK = 64
_HALF = 32
_ROWS = 9
"""From four rows below a pixel to four above it: what its level is taken from."""
_QUEUED = 128
"""Bit that marks pixels already counted, free again when the search is over."""


@dataclass(frozen=True, slots=True)
class CosmicCounts:
    """What the search found in each amplifier.

    Attributes
    ----------
    pixels, hits : ndarray of int64, shape (namp,)
        Flagged pixels, and groups of them that touch at sides or corners, by the amplifier of their first pixel.
    """

    pixels: npt.NDArray[np.int64]
    hits: npt.NDArray[np.int64]


@njit(cache=True, nogil=True, error_model="numpy")
def _column_levels(image: Any, y: int, x0: int, x1: int, levels: Any) -> None:
    """Fill `levels` with the continuum under the pixels ``x0`` to ``x1`` of row `y` [e-].

    It is the lower of the medians of the 2nd to 4th pixels before and behind in the column: spectra run along
    columns, and on the flank of a line one side is low, so nothing of the line is taken for continuum. Where a track
    runs along the column, the level is held to what the columns beside it allow for a fibre.
    """
    n = x1 - x0
    raw = np.empty(n + 2, dtype=np.float32)
    zero = np.float32(0.0)
    a0 = image[y - 4, x0 - 1 : x1 + 1]
    a1 = image[y - 3, x0 - 1 : x1 + 1]
    a2 = image[y - 2, x0 - 1 : x1 + 1]
    b0 = image[y + 2, x0 - 1 : x1 + 1]
    b1 = image[y + 3, x0 - 1 : x1 + 1]
    b2 = image[y + 4, x0 - 1 : x1 + 1]
    for i in range(n + 2):
        low = a0[i] if a0[i] < a1[i] else a1[i]
        high = a1[i] if a0[i] < a1[i] else a0[i]
        high = high if high < a2[i] else a2[i]
        before = low if low > high else high
        low = b0[i] if b0[i] < b1[i] else b1[i]
        high = b1[i] if b0[i] < b1[i] else b0[i]
        high = high if high < b2[i] else b2[i]
        behind = low if low > high else high
        level = before if before < behind else behind
        raw[i] = level if level > zero else zero
    left = raw[:n]
    middle = raw[1 : n + 1]
    right = raw[2:]
    for i in range(n):
        most = _PROFILE_STEP * (left[i] if left[i] > right[i] else right[i])
        levels[i] = middle[i] if middle[i] < most else most


@njit(cache=True, nogil=True, error_model="numpy")
def _candidates(
    image: Any, y: int, x0: int, x1: int, floor: float, factors: Any, nsigma: float, c: float, levels: Any, chunks: Any
) -> None:
    """Count the pixels in each chunk of a row that may be hit: the whole test but for the noise of the neighbours.

    Nearly all pixels are refused here, so this must vectorise, which it does because the loop stores nothing;
    `levels` are those of ``x0 - 1`` to ``x1 + 1``.
    """
    zero = np.float32(0.0)
    half = np.float32(0.5)
    nsig = np.float32(nsigma)
    c4 = np.float32(c)
    rn2 = np.float32(floor)
    f0, f1, f2, f3 = factors[0], factors[1], factors[2], factors[3]
    la, lb, lc = levels[:-2], levels[1:-1], levels[2:]
    ua, ub, uc = image[y - 1, x0 - 1 : x1 - 1], image[y - 1, x0:x1], image[y - 1, x0 + 1 : x1 + 1]
    ma, mb, mc = image[y, x0 - 1 : x1 - 1], image[y, x0:x1], image[y, x0 + 1 : x1 + 1]
    da, db, dc = image[y + 1, x0 - 1 : x1 - 1], image[y + 1, x0:x1], image[y + 1, x0 + 1 : x1 + 1]
    for chunk in range(chunks.size):
        n = np.int32(0)
        for i in range(chunk * _CHUNK, min((chunk + 1) * _CHUNK, x1 - x0)):
            value = mb[i]
            excess = value - lb[i]
            error = np.sqrt((value if value > zero else zero) + rn2)
            left, right = ma[i] - la[i], mc[i] - lc[i]
            under, over = ub[i] - lb[i], db[i] - lb[i]
            one, two = ua[i] - la[i], dc[i] - lc[i]
            three, four = uc[i] - lc[i], da[i] - la[i]
            back0 = half * ((left if left > zero else zero) + (right if right > zero else zero))
            back1 = half * ((under if under > zero else zero) + (over if over > zero else zero))
            back2 = half * ((one if one > zero else zero) + (two if two > zero else zero))
            back3 = half * ((three if three > zero else zero) + (four if four > zero else zero))
            most = excess - nsig * error
            above = (most > back0) & ((most > back1) | (most > back2) | (most > back3))
            above |= (most > back1) & ((most > back2) | (most > back3))
            above |= (most > back2) & (most > back3)
            peak = excess - c4 * error
            sharp = (peak * f0 > back0) | (peak * f1 > back1) | (peak * f2 > back2) | (peak * f3 > back3)
            n += np.int32(1) if above & sharp else np.int32(0)
        chunks[chunk] = n


@njit(cache=True, nogil=True, error_model="numpy")
def _is_hit(
    image: Any, mask: Any, y: int, x: int, levels: Any, floor: float, factors: Any, nsigma: float, c: float
) -> bool:
    """Whether a pixel rises too sharply above its neighbours; `levels` are those of the three columns around it.

    A neighbour that was found hit is replaced by the one opposite, so that a track wider than a pixel is eaten from
    its edges; any other masked neighbour is taken to be as bright as the pixel.
    """
    value = image[y, x]
    excess = value - levels[1]
    error = math.sqrt(max(value, 0.0) + floor)
    above = 0
    sharp = False
    for axis in range(4):
        dy = 0 if axis == 0 else 1
        dx = (1, 0, 1, -1)[axis]
        back = 0.0
        variance = 0.0
        n = 0
        for sign in (-1, 1):
            j = y + sign * dy
            i = x + sign * dx
            if mask[j, i] & COSMIC:
                continue
            known = mask[j, i] == 0
            back += max(image[j, i] - levels[1 + sign * dx], 0.0) if known else excess
            variance += max(image[j, i] if known else value, 0.0) + floor
            n += 1
        if n == 0:
            continue
        back /= n
        above += excess > back + nsigma * error
        sharp = sharp or (excess - c * error) * factors[axis] > back + c * math.sqrt(variance) / n
    return sharp and above >= 2


@njit(cache=True, nogil=True, error_model="numpy")
def _faintest(nsigma: float, floor: float) -> float:
    """Return the faintest pixel that may exceed its own noise so many times: ``v > n sqrt(v + floor)`` [e-]."""
    return 0.5 * nsigma * nsigma + math.sqrt(0.25 * nsigma**4 + nsigma * nsigma * floor)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"nnan", "nsz"})
def _extremes(image: Any, y: int, x0: int, x1: int, lows: Any, highs: Any) -> None:
    """Fill the lowest and highest pixel of each half of a chunk of a row; the lowest with one column more at each side.

    The image is finite, as `assemble` leaves it, which lets this vectorise.
    """
    for half in range(lows.size):
        start = x0 + half * _HALF
        width = min(_HALF, x1 - start)
        row = image[y, start - 1 : start + width + 1]
        low = row[0]
        high = row[1]
        for i in range(row.size):
            value = row[i]
            low = value if value < low else low
        for i in range(1, width + 1):
            value = row[i]
            high = value if value > high else high
        lows[half] = low
        highs[half] = high


@njit(cache=True, nogil=True, error_model="numpy")
def _possible(lows: Any, highs: Any, row: int, floor: float, nsigma: float, chunks: Any) -> None:
    """Mark the chunks of a row that may hold a hit; `lows` and `highs` are those of nine rows, `row` is the fifth.

    No level is lower than the lowest of the pixels that it is made of, nor than 0, and a hit rises `nsigma` times its
    noise above its level: on an even sky nearly all chunks are refused so, and nothing that the whole test would take.
    """
    for chunk in range(chunks.size):
        chunks[chunk] = 0
    for half in range(lows.shape[1]):
        low = lows[(row + 5) % _ROWS, half]
        for j in (6, 7, 2, 3, 4):
            low = min(low, lows[(row + j) % _ROWS, half])
        level = max(low, np.float32(0.0))
        if highs[row % _ROWS, half] > level + nsigma * math.sqrt(level + floor):
            chunks[half * _HALF // _CHUNK] = 1


@njit(cache=True, nogil=True, error_model="numpy")
def _scan(
    image: Any, mask: Any, y0: int, y1: int, x0: int, x1: int, floor: float, factors: Any,
    nsigma: float, c: float, found: Any,
) -> int:  # fmt: skip
    """List the pixels of a section that are hit in `found`, as far as it reaches; return their number."""
    nx = image.shape[1]
    width = x1 - x0
    levels = np.empty(width + 2, dtype=np.float32)
    chunks = np.empty((width + _CHUNK - 1) // _CHUNK, dtype=np.int32)
    lows = np.empty((_ROWS, (width + _HALF - 1) // _HALF), dtype=np.float32)
    highs = np.empty_like(lows)
    for y in range(y0 - 4, y0 + 4):
        _extremes(image, y, x0, x1, lows[y % _ROWS], highs[y % _ROWS])
    threshold = nsigma * math.sqrt(floor)
    n = 0
    for y in range(y0, y1):
        _extremes(image, y + 4, x0, x1, lows[(y + 4) % _ROWS], highs[(y + 4) % _ROWS])
        _possible(lows, highs, y, floor, nsigma, chunks)
        first = 0
        while first < chunks.size:
            if chunks[first] == 0:
                first += 1
                continue
            last = first + 1
            while last < chunks.size and chunks[last] != 0:
                last += 1
            start = first * _CHUNK
            stop = min(last * _CHUNK, width)
            _column_levels(image, y, x0 + start - 1, x0 + stop + 1, levels[start : stop + 2])
            _candidates(
                image, y, x0 + start, x0 + stop, floor, factors, nsigma, c,
                levels[start : stop + 2], chunks[first:last],
            )  # fmt: skip
            first = last
        for chunk in range(chunks.size):
            if chunks[chunk] == 0:
                continue
            for i in range(chunk * _CHUNK, min((chunk + 1) * _CHUNK, width)):
                if image[y, x0 + i] <= levels[i + 1] + threshold or mask[y, x0 + i] != 0:
                    continue
                if n < found.size and _is_hit(image, mask, y, x0 + i, levels[i : i + 3], floor, factors, nsigma, c):
                    found[n] = y * nx + x0 + i
                    n += 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _grow(image: Any, mask: Any, floor: float, factors: Any, nsigma: float, found: Any, n: int) -> int:
    """Flag the first `n` of `found`, then their neighbours that are hit too, and so on; return the new number."""
    ny, nx = image.shape
    for k in range(n):
        mask[found[k] // nx, found[k] % nx] |= COSMIC
    # v > nsigma sqrt(v + floor) asks for at least this much.
    faintest = 0.5 * nsigma * nsigma + math.sqrt(0.25 * nsigma**4 + nsigma * nsigma * floor)
    levels = np.empty(3, dtype=np.float32)
    k = 0
    while k < n:
        y = found[k] // nx
        x = found[k] % nx
        k += 1
        for j in range(max(y - 1, 4), min(y + 2, ny - 4)):
            for i in range(max(x - 1, 2), min(x + 2, nx - 2)):
                if mask[j, i] != 0 or image[j, i] <= faintest or n == found.size:
                    continue
                _column_levels(image, j, i - 1, i + 2, levels)
                if _is_hit(image, mask, j, i, levels, floor, factors, nsigma, _GROWTH_NOISE):
                    mask[j, i] |= COSMIC
                    found[n] = j * nx + i
                    n += 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _count_groups(mask: Any, found: Any, n: int, stack: Any) -> int:
    """Return the number of groups of touching pixels among the first `n` of `found`."""
    ny, nx = mask.shape
    groups = 0
    for k in range(n):
        if mask[found[k] // nx, found[k] % nx] & _QUEUED:
            continue
        groups += 1
        mask[found[k] // nx, found[k] % nx] |= _QUEUED
        stack[0] = found[k]
        depth = 1
        while depth > 0:
            depth -= 1
            y = stack[depth] // nx
            x = stack[depth] % nx
            for j in range(max(y - 1, 0), min(y + 2, ny)):
                for i in range(max(x - 1, 0), min(x + 2, nx)):
                    if mask[j, i] & COSMIC and not mask[j, i] & _QUEUED and depth < stack.size:
                        mask[j, i] |= _QUEUED
                        stack[depth] = j * nx + i
                        depth += 1
    return groups


@njit(cache=True, nogil=True, error_model="numpy")
def _clear(mask: Any, found: Any, n: int) -> None:
    nx = mask.shape[1]
    for k in range(n):
        mask[found[k] // nx, found[k] % nx] &= ~_QUEUED


def find_cosmics(
    ccd: CcdImage, *, arm_factors: Sequence[float], nsigma: float = 6.0, c_factor: float = 3.0, c2_factor: float = 0.5
) -> CosmicCounts:
    """Flag the pixels hit by cosmic rays in ``ccd.mask`` (bit `COSMIC`), and count them.

    A pixel is hit where it exceeds the mean of its two neighbours by `nsigma` on at least two of four axes, and is
    sharper than the point-spread function on at least one (the test of SDSS photo, as used for DESI). It is applied
    to what rises above the continuum of the pixel's column, so that a hit on top of a bright spectrum is found as
    well as one on the dark sky. Neighbours of hit pixels are then tested with half of `nsigma`, as long as any is
    found.

    Parameters
    ----------
    ccd : CcdImage
        Image (ny, nx) [e-]; its mask is changed.
    arm_factors : sequence of 4 floats
        Value of the point-spread function one pixel from its centre over that at the centre, along x, along y and
        along the two diagonals.
    nsigma, c_factor, c2_factor : float
        Significance; noises allowed for in the sharpness test; share of `arm_factors` that is used.

    Returns
    -------
    CosmicCounts
    """
    gradients = np.asarray(arm_factors, dtype=np.float64)
    if gradients.shape != (4,):
        msg = f"{gradients.size} gradients of the point-spread function, not 4"
        raise ValueError(msg)
    factors = (c2_factor * gradients).astype(np.float32)
    ny, nx = ccd.image.shape
    pixels = np.zeros(len(ccd.amplifiers), dtype=np.int64)
    hits = np.zeros(len(ccd.amplifiers), dtype=np.int64)
    found = np.empty(max(1024, ccd.image.size // 50), dtype=np.int64)
    stack = np.empty_like(found)
    for k, (amp, noise) in enumerate(zip(ccd.amplifiers, ccd.read_noise, strict=True)):
        if not noise > 0:
            continue
        place, floor = amp.ccd, float(noise) ** 2
        y0, y1, x0, x1 = max(place.y0, 4), min(place.y1, ny - 4), max(place.x0, 2), min(place.x1, nx - 2)
        if y0 >= y1 or x0 >= x1:
            continue
        n = _scan(ccd.image, ccd.mask, y0, y1, x0, x1, floor, factors, nsigma, c_factor, found)
        n = _grow(ccd.image, ccd.mask, floor, factors, 0.5 * nsigma, found, n)
        pixels[k] = n
        hits[k] = _count_groups(ccd.mask, found, n, stack)
        _clear(ccd.mask, found, n)
    return CosmicCounts(pixels, hits)
