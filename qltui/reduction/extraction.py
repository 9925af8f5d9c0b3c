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
_BLOCK = 16
"""Rows that are extracted together: they and their spectra stay in the cache."""
_SMALLEST_SHARE = 0.25
"""A row keeps its value while at least this share of the profile fell on good pixels."""


@njit(cache=True, nogil=True)
def _repaired(
    image: Any, mask: Any, floor: Any, y: int, x: float, half: float, profile: Any
) -> tuple[float, float, float, float, int]:
    """Sum of the good pixels of one window: sum, Poisson and read variance, their share of the profile, bits lost."""
    first = int(math.floor(x - half + 0.5))
    last = int(math.ceil(x + half - 0.5))
    centre = int(math.floor(x + 0.5))
    reach = profile.size // 2
    total = 0.0
    poisson = 0.0
    read = 0.0
    share = 0.0
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
        total += weight * image[y, i]
        poisson += weight * weight * image[y, i]
        read += weight * weight * floor[i]
        share += weight * profile[i - centre + reach]
    return total, poisson, read, share, lost


@njit(cache=True, nogil=True)
def _extract(
    image: Any, mask: Any, band: Any, floors: Any, x: Any, disp: Any, half: float, table: Any, kind: Any, shares: Any,
    left: Any, right: Any, flux: Any, ivar: Any, flags: Any, read_variance: Any,
) -> None:  # fmt: skip
    nf, ny = x.shape
    nx = image.shape[1]
    smallest = np.float32(_SMALLEST_SHARE)
    for block in range((ny + _BLOCK - 1) // _BLOCK):
        start = block * _BLOCK
        stop = min(start + _BLOCK, ny)
        for f in range(nf):
            for y in range(start, stop):
                xc = x[f, y]
                width = disp[f, y]
                flux[f, y] = 0.0
                ivar[f, y] = 0.0
                read_variance[f, y] = 0.0
                flags[f, y] = BAD
                if not (xc > -1e4 and xc < 1e5 and width > 0):
                    continue
                low = xc - half + np.float32(0.5)
                high = xc + half + np.float32(0.5)
                first = int(math.floor(low))
                last = int(math.floor(high))
                phase = min(int((xc + np.float32(0.5) - math.floor(xc + np.float32(0.5))) * _PHASES), _PHASES - 1)
                floor = floors[band[y]]
                plain = first >= 0 and last < nx
                lost = 0
                if plain:
                    for i in range(first, last + 1):
                        lost |= mask[y, i]
                    plain = lost == 0 and floor[first] == floor[last] and floor[first] > 0
                if plain:
                    w_first = np.float32(first + 1) - low
                    w_last = high - np.float32(last)
                    middle = np.float32(0.0)
                    for i in range(first + 1, last):
                        middle += image[y, i]
                    d_first = w_first * image[y, first]
                    d_last = w_last * image[y, last]
                    total = middle + d_first + d_last
                    poisson = middle + w_first * d_first + w_last * d_last
                    read = floor[first] * (np.float32(last - first - 1) + w_first * w_first + w_last * w_last)
                    share = shares[kind[f], phase]
                    lost = 0
                else:
                    t, p, r, s, lost = _repaired(image, mask, floor, y, xc, half, table[kind[f], phase])
                    total, poisson, read, share = np.float32(t), np.float32(p), np.float32(r), np.float32(s)
                if share < smallest or not read > 0:
                    flags[f, y] = lost if lost != 0 else BAD
                    continue
                scale = np.float32(1.0) / (share * width)
                square = scale * scale
                flux[f, y] = total * scale
                ivar[f, y] = np.float32(1.0) / ((max(poisson, np.float32(0.0)) + read) * square)
                read_variance[f, y] = read * square
                flags[f, y] = 0
        for f in range(nf):
            a = left[f, block]
            b = right[f, block]
            for y in range(start, stop):
                if flags[f, y] == 0:
                    spill = np.float32(0.0)
                    if f > 0:
                        spill += a * flux[f - 1, y] * disp[f - 1, y]
                    if f < nf - 1:
                        spill += b * flux[f + 1, y] * disp[f + 1, y]
                    flux[f, y] -= spill / disp[f, y]


def _neighbour_shares(
    x: npt.NDArray[np.float32], sigma: npt.NDArray[np.float64], half_width: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Share of the light of the fibres before and after that falls in a fibre's window, shape (nf, nblock) each.

    Divided by the share of its own light, and measured once in a block of rows: traces are nearly straight.
    """
    ny = x.shape[1]
    middle = np.minimum(np.arange(0, ny, _BLOCK) + _BLOCK // 2, ny - 1)
    gap = np.abs(np.diff(x[:, middle], axis=0)).astype(np.float64)
    left = np.zeros((x.shape[0], middle.size), dtype=np.float32)
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
    left, right = _neighbour_shares(rows.x, sigma, half_width)
    flux = np.empty((nf, ny), dtype=np.float32)
    ivar = np.empty_like(flux)
    read_variance = np.empty_like(flux)
    flags = np.empty((nf, ny), dtype=np.uint8)
    _extract(
        ccd.image, ccd.mask, band, floors, rows.x, rows.dispersion, np.float32(half_width), table,
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
    return (table * weight[None, :, :]).sum(axis=2, dtype=np.float64).astype(np.float32)
