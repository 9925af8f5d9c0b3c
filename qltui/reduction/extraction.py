"""Boxcar extraction: the electrons in a window that follows each fibre, row by row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from qltui.reduction.detector import CcdImage
from qltui.reduction.masks import BAD
from qltui.reduction.profiles import aperture_fraction, profile_table
from qltui.reduction.spectra import Spectra
from qltui.reduction.traces import RowTraces
from qltui.reduction.widths import profile_sigma

__all__ = ["extract"]

_PHASES = 64
_CHUNK = 32
"""Columns for which one look tells whether any pixel is masked."""
_NODES = 16
"""Rows at which the light that neighbours spill is computed."""
_BLOCK = 128
"""Rows that are extracted together: few enough to stay in the cache, many enough to pay for a call."""
_SMALLEST_SHARE = 0.25
"""A row keeps its value while at least this share of the profile fell on good pixels."""


@njit(cache=True, nogil=True, error_model="numpy")
def _repaired(
    image: Any, mask: Any, floor: Any, y: int, x: float, half: float, table: Any
) -> tuple[float, float, float, float, int]:
    """Sum of the good pixels of one window: sum, Poisson and read variance, their share of the profile, bits lost."""
    first = math.floor(x - half + 0.5)
    last = math.ceil(x + half - 0.5)
    centre = math.floor(x + 0.5)
    profile = table[min(int((x + 0.5 - centre) * _PHASES), _PHASES - 1)]
    reach = profile.size // 2
    sums = np.zeros(4, dtype=np.float32)
    lost = 0
    for i in range(first, last + 1):
        weight = min(i + 0.5, x + half) - max(i - 0.5, x - half)
        if weight <= 0:
            continue
        if i < 0 or i >= image.shape[1]:
            lost |= BAD
            continue
        if mask[y, i] != 0 or not floor[i] > 0:
            lost |= mask[y, i] if mask[y, i] != 0 else BAD
            continue
        sums[0] += weight * image[y, i]
        sums[1] += weight * weight * image[y, i]
        sums[2] += weight * weight * floor[i]
        sums[3] += weight * profile[i - centre + reach]
    return sums[0], sums[1], sums[2], sums[3], lost


@njit(cache=True, nogil=True, error_model="numpy")
def _dirty_chunks(mask: Any, dirty: Any) -> None:
    """Mark, for each row, the chunks of columns that hold a masked pixel, shape (ny, nx // chunk + 2)."""
    nx = mask.shape[1]
    for y in range(mask.shape[0]):
        row = mask[y]
        for k in range(dirty.shape[1]):
            bits = np.uint8(0)
            for i in range(k * _CHUNK, min((k + 1) * _CHUNK, nx)):
                bits |= row[i]
            dirty[y, k] = bits


@njit(cache=True, nogil=True, error_model="numpy")
def _extract_block(
    image: Any, mask: Any, dirty: Any, floor: Any, y0: int, y1: int, x: Any, disp: Any, half: Any, table: Any,
    shares: Any, flux: Any, ivar: Any, flags: Any, read_variance: Any,
) -> None:  # fmt: skip
    """Extract the rows `y0` to `y1` of one fibre; `floor` is the variance of the read noise for each column."""
    zero, one, point5 = np.float32(0.0), np.float32(1.0), np.float32(0.5)
    right_end = np.float32(image.shape[1] - 1)
    for y in range(y0, y1):
        low = x[y] - half + point5
        high = x[y] + half + point5
        share = zero
        lost = 0
        total = poisson = read = zero
        inside = low >= zero and high < right_end
        first = np.int64(low) if inside else 0
        last = np.int64(high) if inside else 0
        clean = dirty[y, first // _CHUNK] | dirty[y, last // _CHUNK] == 0 and floor[first] == floor[last]
        if inside and clean:
            w_first = np.float32(first + 1) - low
            w_last = high - np.float32(last)
            middle = zero
            for i in range(first + 1, last):
                middle += image[y, i]
            d_first = w_first * image[y, first]
            d_last = w_last * image[y, last]
            total = middle + d_first + d_last
            poisson = middle + w_first * d_first + w_last * d_last
            read = floor[first] * (np.float32(last - first - 1) + w_first * w_first + w_last * w_last)
            centre = x[y] + point5
            share = shares[np.int64((centre - np.float32(np.int64(centre))) * np.float32(_PHASES))]
        elif -half < x[y] < right_end + half:
            total, poisson, read, share, lost = _repaired(image, mask, floor, y, x[y], half, table)
        scale = one / (share * disp[y])
        if share > np.float32(_SMALLEST_SHARE) and read > zero and zero < scale < np.float32(1e30):
            flux[y] = total * scale
            ivar[y] = one / (((poisson if poisson > zero else zero) + read) * scale * scale)
            read_variance[y] = read * scale * scale
            flags[y] = 0
        else:
            flux[y] = zero
            ivar[y] = zero
            read_variance[y] = zero
            flags[y] = lost if lost != 0 else BAD


@njit(cache=True, nogil=True, error_model="numpy")
def _extract(
    image: Any, mask: Any, dirty: Any, edges: Any, floors: Any, x: Any, disp: Any, half: Any, table: Any, kind: Any,
    shares: Any, left: Any, right: Any, flux: Any, ivar: Any, flags: Any, read_variance: Any,
) -> None:  # fmt: skip
    """Extract all fibres block by block of rows, then take from each what its neighbours spilled into its window."""
    nf = x.shape[0]
    zero = np.float32(0.0)
    for block in range(edges.shape[0]):
        y0, y1, band = edges[block]
        node = y0 * left.shape[1] // x.shape[1]
        for f in range(nf):
            _extract_block(
                image, mask, dirty, floors[band], y0, y1, x[f], disp[f], half, table[kind[f]], shares[kind[f]],
                flux[f], ivar[f], flags[f], read_variance[f],
            )  # fmt: skip
        for f in range(nf):
            before, after = max(f - 1, 0), min(f + 1, nf - 1)
            a, b = left[f, node], right[f, node]
            for y in range(y0, y1):
                spill = a * flux[before, y] * disp[before, y] + b * flux[after, y] * disp[after, y]
                flux[f, y] -= spill / disp[f, y] if flags[f, y] == 0 else zero


def _row_blocks(band: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """First row, last row plus one and noise band of each block of rows, shape (nblock, 3); no block spans bands."""
    ny = band.size
    cuts = np.union1d(np.arange(0, ny, _BLOCK), np.flatnonzero(np.diff(band)) + 1)
    return np.column_stack([cuts, np.append(cuts[1:], ny), band[cuts]]).astype(np.int64)


def _neighbour_shares(
    x: npt.NDArray[np.float32], sigma: npt.NDArray[np.float64], half_width: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Share of the light of the fibres before and after that falls in a fibre's window, shape (nf, nnode) each.

    Divided by the share of its own light, and computed at a few rows, whose columns are `x`: traces are nearly
    straight.
    """
    gap = np.abs(np.diff(x, axis=0)).astype(np.float64)
    left = np.zeros(x.shape, dtype=np.float32)
    right = np.zeros_like(left)
    own = aperture_fraction(0.0, sigma, half_width)[:, None]
    near = gap < half_width + 6.0 * sigma[1:, None]  # NaN is not near
    safe = np.where(near, gap, 1e3)
    left[1:] = aperture_fraction(safe, sigma[:-1, None], half_width) / own[1:]
    right[:-1] = aperture_fraction(safe, sigma[1:, None], half_width) / own[:-1]
    return left, right


def extract(ccd: CcdImage, rows: RowTraces, half_width: float = 3.5) -> Spectra:
    """Sum the electrons of each fibre in a window of ``2 half_width`` pixels around its trace, in every row.

    The window has fractional edges, so its position within a pixel does not matter. The sum is divided by the share
    of a Gaussian profile that falls in the window, and what the two neighbours spill into it is subtracted. A masked
    pixel is left out of both the sum and the share: it costs noise, not the row, unless less than a quarter of the
    profile is left. The variance is the electrons in the window plus the read noise of its pixels.

    Parameters
    ----------
    ccd : CcdImage
        Image (ny, nx) [e-].
    rows : RowTraces
        Traces at each of the ny rows. Where they give no profile width, it is measured in the image.
    half_width : float
        [px].

    Returns
    -------
    Spectra
        Arrays (nf, ny); flux in [e-/Angstrom].

    Raises
    ------
    ValueError
        Where the traces are for another number of rows.
    """
    nf, ny = rows.x.shape
    if ny != ccd.image.shape[0]:
        msg = f"traces of {ny} rows do not belong to an image of {ccd.image.shape[0]} rows"
        raise ValueError(msg)
    sigma = _profile_widths(ccd, rows)
    grid, kind = np.unique(np.round(sigma, 2), return_inverse=True)
    reach = math.ceil(half_width + 1.0)
    table = profile_table(grid, _PHASES, reach)
    band, floors = ccd.variance_floor()
    edges = _row_blocks(band)
    nodes = (2 * np.arange(_NODES) + 1) * ny // (2 * _NODES)
    left, right = _neighbour_shares(rows.x[:, nodes], sigma, half_width)
    dirty = np.empty((ny, ccd.image.shape[1] // _CHUNK + 2), dtype=np.uint8)
    _dirty_chunks(ccd.mask, dirty)
    flux = np.empty((nf, ny), dtype=np.float32)
    ivar = np.empty_like(flux)
    read_variance = np.empty_like(flux)
    flags = np.empty((nf, ny), dtype=np.uint8)
    _extract(
        ccd.image, ccd.mask, dirty, edges, floors, rows.x, rows.dispersion, np.float32(half_width), table,
        kind.astype(np.int64), _window_shares(table, half_width), left, right, flux, ivar, flags, read_variance,
    )  # fmt: skip
    return Spectra(flux, ivar, rows.wavelength, rows.dispersion, flags, read_variance)


def _profile_widths(ccd: CcdImage, rows: RowTraces) -> npt.NDArray[np.float64]:
    """Sigma of each fibre's profile [px], between 0.5 and 3; measured once for all where the traces give none."""
    sigma = rows.xsigma.astype(np.float64)
    if not np.isfinite(sigma).all():
        measured = profile_sigma(ccd, rows)
        typical = float(np.nanmedian(sigma)) if np.isfinite(sigma).any() else measured
        sigma = np.where(np.isfinite(sigma), sigma, measured if math.isfinite(measured) else typical)
    # Without any width, nothing can be said of the light beside the window: a narrow profile corrects for none.
    return np.clip(np.where(np.isfinite(sigma), sigma, 0.5), 0.5, 3.0)


def _window_shares(table: npt.NDArray[np.float32], half_width: float) -> npt.NDArray[np.float32]:
    """Share of the profile inside the whole window, for each width and phase, shape (ns, nphase)."""
    phases = table.shape[1]
    reach = table.shape[2] // 2
    centre = ((np.arange(phases) + 0.5) / phases - 0.5)[:, None]
    pixel = np.arange(-reach, reach + 1)[None, :]
    upper = np.minimum(pixel + 0.5, centre + half_width)
    weight = np.clip(upper - np.maximum(pixel - 0.5, centre - half_width), 0.0, 1.0)
    shares: npt.NDArray[np.float32] = (table * weight[None, :, :]).sum(axis=2, dtype=np.float64).astype(np.float32)
    return shares
