"""Loops over samples for the sky model; `qltui.reduction.sky` says what they are for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from qltui.reduction.masks import BAD

__all__ = ["BLOCK", "coordinates", "poisson_gains", "reject", "subtract", "weigh"]

BLOCK = 64
"""Rows over which gain and the level of a target are averaged."""
_SHIFT_PRIOR = 0.1
"""Expected shift of a fibre's lines against the model [px]."""
_BROADENING_PRIOR = 0.1
"""Expected half difference of variances [px^2]: sigma differs by 8 per cent at 1.1 px."""
_RING = 8
"""Knots over which one bad sample makes the spline swing."""
_BRIGHT = 25.0
"""Signal to noise from which the variance of a sample tells its own gain, the noise of the flat included."""


@njit(cache=True, nogil=True, error_model="numpy")
def _row_at(w: float, reference: Any, k: int) -> tuple[float, int]:
    """Row of the reference fibre at a wavelength, extrapolated linearly; the search begins at row `k`."""
    last = reference.size - 2
    while k < last and reference[k + 1] < w:
        k += 1
    return k + (w - reference[k]) / (reference[k + 1] - reference[k]), k


@njit(cache=True, nogil=True, error_model="numpy")
def coordinates(wave: Any, reference: Any, u: Any) -> None:
    """Fill `u` (n, ny) with the row of the reference fibre that has each sample's wavelength."""
    for f in range(wave.shape[0]):
        k = 0
        for y in range(wave.shape[1]):
            u[f, y], k = _row_at(wave[f, y], reference, k)


@njit(cache=True, nogil=True, error_model="numpy")
def poisson_gains(flux: Any, ivar: Any, read: Any, disp: Any, gains: Any) -> None:
    """Fill `gains` (nf, nblock): Poisson variance over flux [e-/Angstrom], from the variances that came with them.

    A ratio of sums over a block: that of a single sample would follow its noise.
    """
    nf, ny = flux.shape
    for f in range(nf):
        for b in range(gains.shape[1]):
            light = 0.0
            variance = 0.0
            noise = 0.0
            for y in range(b * BLOCK, min((b + 1) * BLOCK, ny)):
                if ivar[f, y] > 0:
                    light += max(flux[f, y], np.float32(0.0))
                    variance += 1.0 / ivar[f, y] - read[f, y]
                    noise += read[f, y]
            middle = min(b * BLOCK + BLOCK // 2, ny - 1)
            plain = 1.0 / disp[f, middle]
            # Where there is hardly light, electrons are electrons.
            enough = light > 0 and variance > 0.05 * noise
            gains[f, b] = min(max(variance / light, 0.2 * plain), 20.0 * plain) if enough else plain


@njit(cache=True, nogil=True, error_model="numpy")
def weigh(u: Any, ivar: Any, read: Any, gains: Any, start: float, step: float, level: Any, weight: Any) -> None:
    """Fill `weight` with the inverse variance that samples have where the sky is `level` (one for each knot)."""
    ncell = level.size
    for f in range(u.shape[0]):
        for y in range(u.shape[1]):
            cell = min(max(int((u[f, y] - start) / step), 0), ncell - 1)
            variance = read[f, y] + gains[f, y // BLOCK] * max(level[cell], np.float32(0.0))
            weight[f, y] = 1.0 / variance if ivar[f, y] > 0 and variance > 0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _suspicion(residual: float, weight: float, clip: float) -> float:
    """How far an outlier is off [e-/Angstrom]; half of that below the model, since what spoils mostly adds light.

    Not in sigma: the model that an outlier has dragged along is noisier just where it sits. 0 for no outlier.
    """
    if not residual * residual * weight > clip * clip:
        return 0.0
    return residual if residual > 0 else -0.5 * residual


@njit(cache=True, nogil=True, error_model="numpy")
def reject(u: Any, residual: Any, start: float, step: float, clip: float, worst: Any, weight: Any) -> None:
    """Set the weight of outliers to 0: off by more than `clip` sigma, and among the worst of their wavelength.

    A cosmic ray in one of four fibres drags the model along, so that all four are off, and makes it swing on either
    side: only the worst may go. `worst` (one for each cell) comes with zeros.
    """
    ncell = worst.size
    for f in range(u.shape[0]):
        for y in range(u.shape[1]):
            off = _suspicion(residual[f, y], weight[f, y], clip)
            if off > 0:
                cell = min(max(int((u[f, y] - start) / step), 0), ncell - 1)
                worst[cell] = max(worst[cell], off)
    for f in range(u.shape[0]):
        for y in range(u.shape[1]):
            off = _suspicion(residual[f, y], weight[f, y], clip)
            if off > 0:
                cell = min(max(int((u[f, y] - start) / step), 0), ncell - 1)
                near = 0.0
                for k in range(max(cell - _RING, 0), min(cell + _RING + 1, ncell)):
                    near = max(near, worst[k])
                if off > 0.7 * near:
                    weight[f, y] = 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _parabola(wave: Any, begin: int, end: int, reference: Any, k: int) -> tuple[float, float, float, int]:
    """Row of the reference fibre along rows `begin` to `end`: ``p0 + j (p1 + j p2)`` for the j-th of them."""
    p0, k = _row_at(wave[begin], reference, k)
    n = end - begin
    if n == 1:
        return p0, 1.0, 0.0, k
    middle = n // 2
    u1, k = _row_at(wave[begin + middle], reference, k)
    slope = (u1 - p0) / middle
    if n == 2:
        return p0, slope, 0.0, k
    u2, k = _row_at(wave[end - 1], reference, k)
    p2 = ((u2 - u1) / (n - 1 - middle) - slope) / (n - 1)
    return p0, slope - p2 * middle, p2, k


@njit(cache=True, nogil=True, error_model="numpy")
def _take_off(
    flux: Any, ivar: Any, wave: Any, reference: Any, start: float, step: float, pieces: Any, quiet: Any, cell: Any,
    part: Any, out: Any, level: Any,
) -> None:  # fmt: skip
    """Subtract the model from one fibre, and smooth what is left between the lines of the sky.

    Fills, for each row, `cell` and `part` (where in the model it lies), and `out`; `level` (nblock,) is the mean of
    `out` over the samples of a block of rows where `quiet` (one for each cell) is 1 and not 0, if there are some.
    """
    ny = flux.size
    top = pieces.shape[0] - 1.0
    zero = np.float32(0.0)
    one = np.float32(1.0)
    before = zero
    k = 0
    for b in range(level.size):
        begin, end = b * BLOCK, min((b + 1) * BLOCK, ny)
        # Wavelength solutions are smooth: over a block, a parabola is right to 1e-6 px.
        p0, p1, p2, k = _parabola(wave, begin, end, reference, k)
        p0, p1, p2 = (p0 - start) / step, p1 / step, p2 / step
        total = zero
        known = zero
        everything = zero
        count = zero
        for j in range(end - begin):
            y = begin + j
            position = p0 + j * (p1 + j * p2)
            # The first and the last cell hold nothing, and take what lies beyond the model.
            i = int(min(max(position, 0.0), top))
            t = np.float32(position - i)
            rest = flux[y] - (pieces[i, 0] + t * (pieces[i, 1] + t * (pieces[i, 2] + t * pieces[i, 3])))
            valid = one if ivar[y] > zero else zero
            share = quiet[i] * valid
            cell[y] = i
            part[y] = t
            out[y] = rest
            counted = rest if ivar[y] > zero else zero  # what is masked may be anything
            total += share * counted
            known += share
            everything += counted
            count += valid
        # Where lines crowd, all samples must do: what shift and width leave of a line adds up to nothing.
        mean = total / known if known >= 8 else everything / count
        level[b] = mean if count >= 8 else before
        before = level[b]


@njit(cache=True, nogil=True, error_model="numpy")
def _expect(
    flux: Any, ivar: Any, read: Any, gains: Any, used: bool, level: Any, out: Any, smooth: Any, variance: Any
) -> None:
    """Fill the smoothed light of the target, and the variance of each sample from the model; 0 for masked ones."""
    ny = flux.size
    nblock = level.size
    zero = np.float32(0.0)
    one = np.float32(1.0)
    bright = np.float32(_BRIGHT * _BRIGHT)
    follow = zero if used else one
    for b in range(nblock):
        begin, end = b * BLOCK, min((b + 1) * BLOCK, ny)
        block_gain = gains[b]
        for half in range(2):
            neighbour = level[max(b - 1, 0)] if half == 0 else level[min(b + 1, nblock - 1)]
            slope = (neighbour - level[b]) / np.float32(BLOCK if half == 1 else -BLOCK)
            origin = level[b] - slope * np.float32(BLOCK // 2)
            for j in range(half * (BLOCK // 2), min((half + 1) * (BLOCK // 2), end - begin)):
                y = begin + j
                target = origin + slope * np.float32(j)
                smooth[y] = target
                f, w, rest = flux[y], ivar[y], out[y]
                own = (one / w - read[y]) / f
                gain = own if f > zero and w * f * f > bright else block_gain
                # The level of a sky fibre is noise: its variance must not follow it. A target may hold a feature
                # that its level does not.
                off = rest - target
                source = rest if off > zero and off * off * w > bright else target
                expected = f - rest + follow * source
                v = read[y] + max(gain * expected, zero)
                variance[y] = v if w > zero else zero


@njit(cache=True, nogil=True, error_model="numpy")
def _fit_terms(
    rest: Any, smooth: Any, variance: Any, cell: Any, part: Any, lines: Any, pieces: Any, step: float, terms: Any
) -> None:
    """Fit shift and broadening of a fibre's lines, each linear along the rows, to what the model leaves.

    `terms` (4,): shift, its slope [px], broadening, its slope [px^2]; slopes over half the detector. Priors keep
    them at zero where the lines do not tell.
    """
    ny = rest.size
    # Sums of weight times products of the derivatives, times 1, t and t^2; scalars, so that they stay in registers.
    aa0 = aa1 = aa2 = ab0 = ab1 = ab2 = bb0 = bb1 = bb2 = ar0 = ar1 = br0 = br1 = 0.0
    for y in range(ny):
        i = cell[y]
        if not lines[i] or variance[y] <= 0:
            continue
        off = rest[y] - smooth[y]
        c2, c3 = pieces[i, 2], np.float32(3.0) * pieces[i, 3]
        if off * off > np.float32(64.0) * variance[y] + np.float32(0.02) * pieces[i, 0] * pieces[i, 0]:
            continue
        t = 2.0 * y / ny - 1.0
        x = part[y]
        first = pieces[i, 1] + x * (c2 + c2 + x * c3)
        second = c2 + c2 + np.float32(2.0) * x * c3
        weighted_first = first / variance[y]
        weighted_second = second / variance[y]
        aa = weighted_first * first
        ab = weighted_first * second
        bb = weighted_second * second
        aa0 += aa
        aa1 += aa * t
        aa2 += aa * t * t
        ab0 += ab
        ab1 += ab * t
        ab2 += ab * t * t
        bb0 += bb
        bb1 += bb * t
        bb2 += bb * t * t
        ar0 += weighted_first * off
        ar1 += weighted_first * off * t
        br0 += weighted_second * off
        br1 += weighted_second * off * t
    p = (step / _SHIFT_PRIOR) ** 2
    q = (step * step / _BROADENING_PRIOR) ** 2
    a = np.empty((4, 5))
    a[0, 0], a[0, 1], a[0, 2], a[0, 3], a[0, 4] = aa0 + p, aa1, ab0, ab1, ar0
    a[1, 0], a[1, 1], a[1, 2], a[1, 3], a[1, 4] = aa1, aa2 + p, ab1, ab2, ar1
    a[2, 0], a[2, 1], a[2, 2], a[2, 3], a[2, 4] = ab0, ab1, bb0 + q, bb1, br0
    a[3, 0], a[3, 1], a[3, 2], a[3, 3], a[3, 4] = ab1, ab2, bb1, bb2 + q, br1
    for i in range(4):
        for j in range(i + 1, 4):
            factor = a[j, i] / a[i, i]
            for k in range(i, 5):
                a[j, k] -= factor * a[i, k]
    for i in range(3, -1, -1):
        value = a[i, 4]
        for k in range(i + 1, 4):
            value -= a[i, k] * terms[k]
        terms[i] = value / a[i, i]
    terms[0] *= step
    terms[1] *= step
    terms[2] *= step * step
    terms[3] *= step * step


@njit(cache=True, nogil=True, error_model="numpy")
def subtract(
    flux: Any, ivar: Any, wave: Any, read: Any, mask: Any, gains: Any, used: Any, reference: Any, start: float,
    step: float, pieces: Any, noise: Any, lines: Any, quiet: Any, terms: Any, out: Any, out_ivar: Any, out_mask: Any,
    model: Any,
) -> None:  # fmt: skip
    """Subtract the model from all fibres, after fitting the shift and broadening of each (`terms`, (nf, 4)).

    `used` tells the fibres that made the model: their residuals are smaller by its noise, those of others larger.
    `noise` is the variance of the model in each cell, infinite where there is none.
    """
    nf, ny = flux.shape
    one = np.float32(1.0)
    zero = np.float32(0.0)
    bad = np.uint8(BAD)
    cell = np.empty(ny, dtype=np.int32)
    part = np.empty(ny, dtype=np.float32)
    smooth = np.empty(ny, dtype=np.float32)
    variance = np.empty(ny, dtype=np.float32)
    level = np.empty(gains.shape[1], dtype=np.float32)
    for f in range(nf):
        if not wave[f, 0] < wave[f, ny - 1]:
            # A fibre without a wavelength solution: nothing to subtract, and nothing known.
            for y in range(ny):
                out[f, y] = flux[f, y]
                out_ivar[f, y] = zero
                out_mask[f, y] = mask[f, y] | bad
                model[f, y] = zero
            continue
        _take_off(flux[f], ivar[f], wave[f], reference, start, step, pieces, quiet, cell, part, out[f], level)
        _expect(flux[f], ivar[f], read[f], gains[f], used[f], level, out[f], smooth, variance)
        _fit_terms(out[f], smooth, variance, cell, part, lines, pieces, step, terms[f])
        shift, broadening = np.float32(terms[f, 0] / step), np.float32(terms[f, 2] / (step * step))
        slope, second_slope = np.float32(terms[f, 1] / step), np.float32(terms[f, 3] / (step * step))
        sign = -one if used[f] else one
        per_row = np.float32(2.0 / ny)
        for y in range(ny):
            i = cell[y]
            v = variance[y]
            extra = noise[i]
            known = v > zero and extra < np.float32(np.inf)
            out_ivar[f, y] = one / max(v + sign * extra, np.float32(0.1) * v) if known else zero
            out_mask[f, y] = mask[f, y] if known or mask[f, y] != 0 else bad
            if lines[i]:
                t = np.float32(y) * per_row - one
                x = part[y]
                c2, c3 = pieces[i, 2], np.float32(3.0) * pieces[i, 3]
                first = pieces[i, 1] + x * (c2 + c2 + x * c3)
                second = c2 + c2 + np.float32(2.0) * x * c3
                out[f, y] -= (shift + t * slope) * first + (broadening + t * second_slope) * second
            model[f, y] = flux[f, y] - out[f, y]
