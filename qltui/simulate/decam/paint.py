"""Kernels that put light on a CCD: stars integrated over pixels, and the charge of saturated ones that bleeds."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["add_sources", "bleed"]

_NODE = math.sqrt(0.6)
_INNER = 5.0 / 18.0
_MIDDLE = 8.0 / 18.0
"""Gauss-Legendre quadrature of three points a side, right to 1e-4 of the peak for the sharpest stars (1.8 px)."""

_CORE = 12.0
"""Value of u beyond which the middle of a pixel stands for all of it."""
_FAINT = 0.01
"""Where a profile falls below this it ends [e-/px]."""
_GAUSSIAN_REACH = 12.5
_MOFFAT_REACH = 36.0
"""Least reach in u: five sigma, and six core radii, beyond which lie 7e-4 of a Moffat star's light."""


@njit(cache=True, nogil=True)
def _profile(u: float, gaussian: bool) -> float:
    if gaussian:
        return math.exp(-u)
    t = 1.0 / (1.0 + u)
    return t * t * t


@njit(cache=True, nogil=True)
def add_sources(
    image: NDArray[np.float32],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    flux: NDArray[np.float64],
    cxx: float,
    cyy: float,
    cxy: float,
    gaussian: bool,
    fine: bool,
) -> None:
    """Add points of light to an image, each spread by one profile and integrated over the pixels it falls on.

    Parameters
    ----------
    image : (ny, nx) array of float32
        [e-]; changed in place.
    x, y : (n,) array
        Centres, counted from the centre of the first pixel [px].
    flux : (n,) array
        [e-].
    cxx, cyy, cxy : float
        See `qltui.simulate.decam.psf.Psf.matrix` [px^-2].
    gaussian : bool
        Whether the profile is Gaussian; else Moffat with beta 3.
    fine : bool
        Whether pixels near the centre are integrated over and the wings go far out. Points that together make up a
        galaxy need neither.
    """
    ny, nx = image.shape
    root = math.sqrt(cxx * cyy - 0.25 * cxy * cxy)
    density = root / math.pi * (1.0 if gaussian else 2.0)
    for source in range(x.size):
        peak = flux[source] * density
        if peak <= 0.0:
            continue
        if gaussian:
            reach = max(math.log(max(peak / _FAINT, 1.0)), _GAUSSIAN_REACH if fine else 0.5 * _GAUSSIAN_REACH)
        else:
            reach = max((peak / _FAINT) ** (1.0 / 3.0) - 1.0, _MOFFAT_REACH if fine else 0.3 * _MOFFAT_REACH)
        half_x = math.sqrt(reach * cyy) / root
        half_y = math.sqrt(reach * cxx) / root
        x0, x1 = max(int(x[source] - half_x), 0), min(int(x[source] + half_x) + 1, nx - 1)
        y0, y1 = max(int(y[source] - half_y), 0), min(int(y[source] + half_y) + 1, ny - 1)
        for row in range(y0, y1 + 1):
            dy = row - y[source]
            for column in range(x0, x1 + 1):
                dx = column - x[source]
                u = cxx * dx * dx + cyy * dy * dy + cxy * dx * dy
                if u > reach:
                    continue
                if u > _CORE or not fine:
                    image[row, column] += np.float32(peak * _profile(u, gaussian))
                    continue
                total = 0.0
                for i in range(-1, 2):
                    sy = dy + 0.5 * i * _NODE
                    wy = _MIDDLE if i == 0 else _INNER
                    for j in range(-1, 2):
                        sx = dx + 0.5 * j * _NODE
                        wx = _MIDDLE if j == 0 else _INNER
                        total += wy * wx * _profile(cxx * sx * sx + cyy * sy * sy + cxy * sx * sy, gaussian)
                image[row, column] += np.float32(peak * total)


@njit(cache=True, nogil=True)
def bleed(image: NDArray[np.float32], full_well: NDArray[np.float32]) -> int:
    """Let charge beyond the full well run along the columns, half of it upwards and half downwards.

    Parameters
    ----------
    image : (ny, nx) array of float32
        [e-]; changed in place. Charge that reaches an end of the column is lost.
    full_well : (nx,) array of float32
        What a pixel of each column can hold [e-].

    Returns
    -------
    int
        Pixels that are full.
    """
    ny, nx = image.shape
    full = 0
    excess = np.zeros(ny, dtype=np.float32)
    for column in range(nx):
        well = full_well[column]
        over = False
        for row in range(ny):
            excess[row] = 0.0
            if image[row, column] > well:
                excess[row] = 0.5 * (image[row, column] - well)
                image[row, column] = well
                over = True
        if not over:
            continue
        for direction in range(2):
            carried = np.float32(0.0)
            for step in range(ny):
                row = step if direction == 0 else ny - 1 - step
                carried += excess[row]
                if carried > 0.0:
                    moved = min(well - image[row, column], carried)
                    image[row, column] += moved
                    carried -= moved
        for row in range(ny):
            if image[row, column] >= well:
                full += 1
    return full
