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
_LATER = np.uint8(255)
"""Flag of a window that needs a look at each of its pixels."""
_SMALLEST_SHARE = 0.25
"""A row keeps its value while at least this share of the profile fell on good pixels."""


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
def _sum_clean(
    image: Any, dirty: Any, edges: Any, floors: Any, x: Any, half: Any, shares: Any, kind: Any,
    total: Any, poisson: Any, read: Any, flags: Any,
) -> None:  # fmt: skip
    """Sum the windows that no masked pixel, no amplifier's edge and no edge of the detector touches.

    Fills electrons, their Poisson variance and the read variance, shape (nf, ny) each, corrected for the share of the
    profile in the window. The others are flagged `_LATER`.
    """
    zero, one, point5 = np.float32(0.0), np.float32(1.0), np.float32(0.5)
    right_end = np.float32(image.shape[1] - 1)
    for block in range(edges.shape[0]):
        y0, y1, band = edges[block]
        for f in range(x.shape[0]):
            share_of_phase = shares[kind[f]]
            for y in range(y0, y1):
                low = x[f, y] - half + point5
                high = x[f, y] + half + point5
                inside = low >= zero and high < right_end
                first = np.int64(low) if inside else 0
                last = np.int64(high) if inside else 0
                if (
                    not inside
                    or dirty[y, first // _CHUNK] | dirty[y, last // _CHUNK] != 0
                    or floors[band, first] != floors[band, last]
                ):
                    flags[f, y] = _LATER
                    continue
                w_first = np.float32(first + 1) - low
                w_last = high - np.float32(last)
                middle = zero
                for i in range(first + 1, last):
                    middle += image[y, i]
                d_first = w_first * image[y, first]
                d_last = w_last * image[y, last]
                centre = x[f, y] + point5
                share = share_of_phase[np.int64((centre - np.float32(np.int64(centre))) * np.float32(_PHASES))]
                weight = np.float32(last - first - 1) + w_first * w_first + w_last * w_last
                correction = one / share
                total[f, y] = (middle + d_first + d_last) * correction
                poisson[f, y] = (middle + w_first * d_first + w_last * d_last) * correction * correction
                read[f, y] = floors[band, first] * weight * correction * correction
                flags[f, y] = 0


@njit(cache=True, nogil=True, error_model="numpy")
def _sum_repaired(
    image: Any, mask: Any, band: Any, floors: Any, x: Any, half: float, table: Any, kind: Any,
    total: Any, poisson: Any, read: Any, flags: Any,
) -> None:  # fmt: skip
    """Sum the windows flagged `_LATER` over their good pixels; flag what was lost where too few are left."""
    nf, ny = x.shape
    nx = image.shape[1]
    reach = table.shape[2] // 2
    for f in range(nf):
        for y in range(ny):
            if flags[f, y] != _LATER:
                continue
            s = p = r = share = 0.0
            lost = 0
            centre = x[f, y]
            if -half < centre < nx + half:
                nearest = math.floor(centre + 0.5)
                phase = min(int((centre + 0.5 - nearest) * _PHASES), _PHASES - 1)
                for i in range(nearest - reach, nearest + reach + 1):
                    weight = min(i + 0.5, centre + half) - max(i - 0.5, centre - half)
                    if weight <= 0 or i < 0 or i >= nx:
                        continue
                    floor = floors[band[y], i]
                    if mask[y, i] != 0 or not floor > 0:
                        lost |= mask[y, i]
                        continue
                    s += weight * image[y, i]
                    p += weight * weight * image[y, i]
                    r += weight * weight * floor
                    share += weight * table[kind[f], phase, i - nearest + reach]
            if share > _SMALLEST_SHARE:
                total[f, y] = s / share
                poisson[f, y] = p / (share * share)
                read[f, y] = r / (share * share)
                flags[f, y] = 0
            else:
                total[f, y] = 0.0
                flags[f, y] = lost if lost != 0 else BAD


@njit(cache=True, nogil=True, error_model="numpy")
def _to_density(left: Any, right: Any, disp: Any, total: Any, flux: Any, ivar: Any, read: Any, flags: Any) -> None:
    """Take from each fibre what its neighbours spilled into its window, and turn electrons into densities.

    `ivar` holds the Poisson variance of the electrons, and `read` their read variance, when it is called.
    """
    nf, ny = total.shape
    zero = np.float32(0.0)
    for f in range(nf):
        before, here, after = total[max(f - 1, 0)], total[f], total[min(f + 1, nf - 1)]
        for y in range(ny):
            node = y * _NODES // ny
            width = disp[f, y]
            good = flags[f, y] == 0 and read[f, y] > zero and width > zero
            spill = left[f, node] * before[y] + right[f, node] * after[y]
            photons = ivar[f, y] if ivar[f, y] > zero else zero
            flux[f, y] = (here[y] - spill) / width if good else zero
            ivar[f, y] = width * width / (photons + read[f, y]) if good else zero
            read[f, y] = read[f, y] / (width * width) if good else zero
            flags[f, y] = flags[f, y] if good or flags[f, y] != 0 else BAD


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
    kind = kind.astype(np.int64)
    total = np.empty((nf, ny), dtype=np.float32)
    flux, ivar, read = np.empty_like(total), np.empty_like(total), np.empty_like(total)
    flags = np.empty((nf, ny), dtype=np.uint8)
    half = np.float32(half_width)
    shares = _window_shares(table, half_width)
    _sum_clean(ccd.image, dirty, edges, floors, rows.x, half, shares, kind, total, ivar, read, flags)
    _sum_repaired(ccd.image, ccd.mask, band, floors, rows.x, half, table, kind, total, ivar, read, flags)
    _to_density(left, right, rows.dispersion, total, flux, ivar, read, flags)
    return Spectra(flux, ivar, rows.wavelength, rows.dispersion, flags, read)


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
