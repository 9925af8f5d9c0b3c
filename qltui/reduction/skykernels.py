"""Loops over samples for the sky model; `qltui.reduction.sky` says what they are for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

__all__ = ["BLOCK", "coordinates", "poisson_gains", "reject", "subtract", "weigh"]

BLOCK = 64
"""Rows over which gain and the level of a target are averaged."""
_SHIFT_PRIOR = 0.1
"""Expected shift of a fibre's lines against the model [px]."""
_BROADENING_PRIOR = 0.1
"""Expected half difference of variances [px^2]: sigma differs by 8 per cent at 1.1 px."""
_BRIGHT = 25.0
"""Signal to noise from which the variance of a sample tells its own gain, the noise of the flat included."""


@njit(cache=True, nogil=True)
def coordinates(wave: Any, reference: Any, u: Any) -> None:
    """Fill `u` (n, ny) with the row of the reference fibre that has each sample's wavelength, extrapolated linearly."""
    last = reference.size - 2
    for f in range(wave.shape[0]):
        k = 0
        for y in range(wave.shape[1]):
            while k < last and reference[k + 1] < wave[f, y]:
                k += 1
            u[f, y] = k + (wave[f, y] - reference[k]) / (reference[k + 1] - reference[k])


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def weigh(u: Any, ivar: Any, read: Any, gains: Any, start: float, step: float, level: Any, weight: Any) -> None:
    """Fill `weight` with the inverse variance that samples have where the sky is `level` (one for each knot)."""
    ncell = level.size
    for f in range(u.shape[0]):
        for y in range(u.shape[1]):
            cell = min(max(int((u[f, y] - start) / step), 0), ncell - 1)
            variance = read[f, y] + gains[f, y // BLOCK] * max(level[cell], np.float32(0.0))
            weight[f, y] = 1.0 / variance if ivar[f, y] > 0 and variance > 0 else 0.0


@njit(cache=True, nogil=True)
def reject(u: Any, residual: Any, ivar: Any, start: float, step: float, clip: float, worst: Any, weight: Any) -> None:
    """Set the weight of outliers to 0: off by more than `clip` sigma, and among the worst of their wavelength.

    A cosmic ray in one of four fibres drags the model along, so that all four are off: only the worst may go.
    """
    ncell = worst.size
    worst[:] = 0.0
    for f in range(u.shape[0]):
        for y in range(u.shape[1]):
            if weight[f, y] > 0:
                cell = min(max(int((u[f, y] - start) / step), 0), ncell - 1)
                worst[cell] = max(worst[cell], abs(residual[f, y]) * math.sqrt(ivar[f, y]))
    for f in range(u.shape[0]):
        for y in range(u.shape[1]):
            if not weight[f, y] > 0:
                continue
            off = abs(residual[f, y]) * math.sqrt(ivar[f, y])
            if off < clip:
                continue
            cell = min(max(int((u[f, y] - start) / step), 0), ncell - 1)
            near = 0.0
            for k in range(max(cell - 2, 0), min(cell + 3, ncell)):
                near = max(near, worst[k])
            if off > 0.7 * near:
                weight[f, y] = 0.0


@njit(cache=True, nogil=True)
def _sky_at(wave: Any, reference: Any, start: float, step: float, pieces: Any, covered: Any, cell: Any, s: Any) -> None:
    """Fill the model `s` (3, ny) with value, first and second derivative [per row], and the knot `cell`, -1 off it."""
    last = reference.size - 2
    ncell = pieces.shape[0]
    per = np.float32(1.0 / step)
    k = 0
    for y in range(wave.size):
        w = wave[y]
        while k < last and reference[k + 1] < w:
            k += 1
        u = k + (w - reference[k]) / (reference[k + 1] - reference[k])
        position = (u - start) / step
        i = math.floor(position)
        if i < 0 or i >= ncell or not covered[i]:
            cell[y] = -1
            s[0, y] = 0.0
            s[1, y] = 0.0
            s[2, y] = 0.0
            continue
        t = np.float32(position - i)
        c1, c2, c3 = pieces[i, 1], pieces[i, 2], pieces[i, 3]
        cell[y] = i
        s[0, y] = pieces[i, 0] + t * (c1 + t * (c2 + t * c3))
        s[1, y] = per * (c1 + t * (np.float32(2.0) * c2 + np.float32(3.0) * t * c3))
        s[2, y] = per * per * (np.float32(2.0) * c2 + np.float32(6.0) * t * c3)


@njit(cache=True, nogil=True)
def _target_level(residual: Any, ivar: Any, cell: Any, lines: Any, level: Any) -> None:
    """Fill `level` (ny,) with the smoothed light of the target itself: means of blocks of rows between sky lines."""
    ny = residual.size
    nblock = (ny + BLOCK - 1) // BLOCK
    means = np.zeros(nblock)
    known = np.zeros(nblock)
    for y in range(ny):
        if ivar[y] > 0 and cell[y] >= 0 and not lines[cell[y]]:
            means[y // BLOCK] += residual[y]
            known[y // BLOCK] += 1.0
    total = 0.0
    count = 0.0
    for b in range(nblock):
        total += means[b]
        count += known[b]
    overall = total / count if count > 0 else 0.0
    before = overall
    for b in range(nblock):
        # A block full of sky lines takes the level of the block before it.
        means[b] = means[b] / known[b] if known[b] >= 8 else before
        before = means[b]
    for y in range(ny):
        position = min(max((y + 0.5) / BLOCK - 0.5, 0.0), nblock - 1.0)
        b = min(int(position), max(nblock - 2, 0))
        t = position - b
        level[y] = (1.0 - t) * means[b] + t * means[min(b + 1, nblock - 1)]


@njit(cache=True, nogil=True)
def _fit_terms(residual: Any, variance: Any, cell: Any, lines: Any, level: Any, s: Any, terms: Any) -> None:
    """Fit shift and broadening of a fibre's lines, each linear along the rows, to what the model leaves.

    `terms` (4,): shift, its slope [px], broadening, its slope [px^2]; slopes over half the detector. Priors keep
    them at zero where the lines do not tell.
    """
    ny = residual.size
    a = np.zeros((4, 5))
    g = np.empty(5)
    for j in range(4):
        prior = _SHIFT_PRIOR if j < 2 else _BROADENING_PRIOR
        a[j, j] = 1.0 / (prior * prior)
    for y in range(ny):
        if variance[y] <= 0 or cell[y] < 0 or not lines[cell[y]]:
            continue
        off = residual[y] - level[y]
        if abs(off) > 8.0 * math.sqrt(variance[y]) + 0.15 * abs(s[0, y]):
            continue
        t = 2.0 * y / ny - 1.0
        weight = 1.0 / variance[y]
        g[0] = s[1, y]
        g[1] = t * s[1, y]
        g[2] = s[2, y]
        g[3] = t * s[2, y]
        g[4] = off
        for j in range(4):
            for k in range(j, 5):
                a[j, k] += weight * g[j] * g[k]
    for i in range(4):
        for j in range(i + 1, 4):
            factor = a[i, j] / a[i, i]
            for k in range(j, 5):
                a[j, k] -= factor * a[i, k]
    for i in range(3, -1, -1):
        value = a[i, 4]
        for k in range(i + 1, 4):
            value -= a[i, k] * terms[k]
        terms[i] = value / a[i, i]


@njit(cache=True, nogil=True)
def _variances(
    flux: Any, ivar: Any, read: Any, gains: Any, used: bool, cell: Any, level: Any, s: Any, out: Any
) -> None:
    """Fill `out` (ny,) with the variance of samples from the model of sky and target; 0 for masked ones."""
    bright = np.float32(_BRIGHT * _BRIGHT)
    for y in range(flux.size):
        out[y] = 0.0
        if not ivar[y] > 0 or cell[y] < 0:
            continue
        expected = s[0, y]
        gain = gains[y // BLOCK]
        if not used:
            expected += level[y]
            # A feature of the target that the smoothed level does not hold.
            excess = flux[y] - expected
            if excess > 0 and excess * excess * ivar[y] > bright:
                expected = flux[y]
        if flux[y] > 0 and flux[y] * flux[y] * ivar[y] > bright:
            gain = (np.float32(1.0) / ivar[y] - read[y]) / flux[y]
        out[y] = read[y] + max(gain * expected, np.float32(0.0))


@njit(cache=True, nogil=True)
def subtract(
    flux: Any, ivar: Any, wave: Any, read: Any, gains: Any, used: Any, reference: Any, start: float, step: float,
    pieces: Any, noise: Any, covered: Any, lines: Any, terms: Any, out: Any, out_ivar: Any, model: Any,
) -> None:  # fmt: skip
    """Subtract the model from all fibres, after fitting the shift and broadening of each (`terms`, (nf, 4)).

    `used` tells the fibres that made the model: their residuals are smaller by its noise, those of others larger.
    """
    nf, ny = flux.shape
    cell = np.empty(ny, dtype=np.int32)
    s = np.empty((3, ny), dtype=np.float32)
    level = np.zeros(ny, dtype=np.float32)
    variance = np.empty(ny, dtype=np.float32)
    for f in range(nf):
        _sky_at(wave[f], reference, start, step, pieces, covered, cell, s)
        for y in range(ny):
            out[f, y] = flux[f, y] - s[0, y]
        _target_level(out[f], ivar[f], cell, lines, level)
        if used[f]:
            # The smoothed level of a sky fibre is noise, and would make its variance follow its flux.
            _variances(flux[f], ivar[f], read[f], gains[f], True, cell, level, s, variance)
        else:
            _variances(flux[f], ivar[f], read[f], gains[f], False, cell, level, s, variance)
        _fit_terms(out[f], variance, cell, lines, level, s, terms[f])
        shift, broadening = np.float32(terms[f, 0]), np.float32(terms[f, 2])
        shift_slope, broadening_slope = np.float32(terms[f, 1]), np.float32(terms[f, 3])
        sign = np.float32(-1.0 if used[f] else 1.0)
        for y in range(ny):
            v = variance[y]
            model[f, y] = s[0, y]
            out_ivar[f, y] = 0.0
            if v > 0:
                out_ivar[f, y] = np.float32(1.0) / max(v + sign * noise[cell[y]], np.float32(0.1) * v)
            if cell[y] >= 0 and lines[cell[y]]:
                t = np.float32(2.0 * y / ny - 1.0)
                extra = (shift + t * shift_slope) * s[1, y] + (broadening + t * broadening_slope) * s[2, y]
                model[f, y] += extra
                out[f, y] -= extra
