"""Where the light of each fibre and wavelength falls on the detector."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit
from numpy.polynomial.legendre import legval

__all__ = ["RowTraces", "TraceSet", "position", "shifted", "trace_rows"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TraceSet:
    """Traces and wavelength solution of a camera: one Legendre series for each fibre and quantity.

    All are series in ``u = 2 (wavelength - wavemin) / (wavemax - wavemin) - 1``. Pixel 0 has its middle at 0.

    Attributes
    ----------
    x_coeff, y_coeff : ndarray of float64, shape (nf, nc)
        Column and row [px].
    xsigma_coeff, ysigma_coeff : ndarray of float64, shape (nf, nc'), or None
        Gaussian sigma of the profile across and along the dispersion [px].
    wavemin, wavemax : float
        [Angstrom].
    ny : int
        Rows of the detector.
    """

    x_coeff: FloatArray
    y_coeff: FloatArray
    xsigma_coeff: FloatArray | None
    ysigma_coeff: FloatArray | None
    wavemin: float
    wavemax: float
    ny: int

    def __post_init__(self) -> None:
        """Refuse what a file may hold and no spectrograph has."""
        if not (np.isfinite(self.wavemin) and np.isfinite(self.wavemax) and self.wavemin < self.wavemax):
            msg = f"traces: no wavelength range between {self.wavemin} and {self.wavemax} Angstrom"
            raise ValueError(msg)
        for name in ("x_coeff", "y_coeff", "xsigma_coeff", "ysigma_coeff"):
            coeff = getattr(self, name)
            if coeff is not None and (coeff.ndim != 2 or coeff.shape[0] != self.x_coeff.shape[0] or 0 in coeff.shape):
                msg = f"traces: {name} has shape {coeff.shape}, not (fibres of x_coeff {self.x_coeff.shape}, terms)"
                raise ValueError(msg)

    @property
    def nfiber(self) -> int:
        """Number of fibres."""
        return int(self.x_coeff.shape[0])


@dataclass(frozen=True, slots=True)
class RowTraces:
    """The same, for every row of the detector.

    Attributes
    ----------
    x : ndarray of float32, shape (nf, ny)
        Column of each fibre at each row [px]; NaN for a fibre without a usable solution.
    wavelength : ndarray of float64, shape (nf, ny)
        [Angstrom].
    dispersion : ndarray of float32, shape (nf, ny)
        [Angstrom/px].
    xsigma, ysigma : ndarray of float32, shape (nf,)
        Mean Gaussian sigma of the profiles on the detector [px]; NaN where the traces do not tell.
    """

    x: npt.NDArray[np.float32]
    wavelength: FloatArray
    dispersion: npt.NDArray[np.float32]
    xsigma: npt.NDArray[np.float32]
    ysigma: npt.NDArray[np.float32]


@njit(cache=True, nogil=True, error_model="numpy")
def _series(c: Any, f: int, u: float) -> tuple[float, float]:
    """Value and derivative with respect to u of a Legendre series, by the recurrence of the polynomials."""
    before, here = 1.0, u
    slope_before, slope_here = 0.0, 1.0
    value = c[f, 0]
    slope = 0.0
    for n in range(1, c.shape[1]):
        value += c[f, n] * here
        slope += c[f, n] * slope_here
        after = ((2 * n + 1) * u * here - n * before) / (n + 1)
        slope_after = slope_before + (2 * n + 1) * here
        before, here = here, after
        slope_before, slope_here = slope_here, slope_after
    return value, slope


@njit(cache=True, nogil=True, error_model="numpy")
def _invert(c: Any, f: int, row: float, u: float) -> tuple[float, float]:
    """Find u where the series of y has the value `row`, from a start, by Newton's method; return it and the slope.

    The slope is NaN where the series does not rise, or no such u is found.
    """
    for _ in range(30):
        value, slope = _series(c, f, u)
        if not slope > 0:
            break
        off = (row - value) / slope
        u = min(max(u + off, -1.0), 1.0)
        if abs(off) < 1e-6:
            return u, slope
    return u, math.nan


@njit(cache=True, nogil=True, error_model="numpy")
def _solve_nodes(cx: Any, cy: Any, f: int, wavemin: float, half: float, step: int, node: Any) -> bool:
    """Fill wavelength, its slope, x and its slope at every `step` rows, shape (4, nnode); False where it cannot be.

    Beyond the ends of the solution it is continued by straight lines: a polynomial there may do anything.
    """
    y_first, slope_first = _series(cy, f, -1.0)
    y_last, slope_last = _series(cy, f, 1.0)
    if not (slope_first > 0 and slope_last > 0 and y_last > y_first):
        return False
    u = -1.0
    for k in range(node.shape[1]):
        row = float(k * step)
        beyond = 0.0
        if row <= y_first:
            u, slope, beyond = -1.0, slope_first, (row - y_first) / slope_first
        elif row >= y_last:
            u, slope, beyond = 1.0, slope_last, (row - y_last) / slope_last
        else:
            u, slope = _invert(cy, f, row, u)
        x, x_slope = _series(cx, f, u)
        node[0, k] = wavemin + half * (u + 1.0 + beyond)
        node[1, k] = half / slope
        node[2, k] = x + x_slope * beyond
        node[3, k] = x_slope / slope
        if not (slope > 0 and math.isfinite(node[2, k])):
            return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_rows(cx: Any, cy: Any, wavemin: float, wavemax: float, step: int, x: Any, wavelength: Any, disp: Any) -> None:
    """Invert y(u) at every `step` rows, then join these nodes by cubic Hermite polynomials."""
    nf, ny = x.shape
    half = 0.5 * (wavemax - wavemin)
    nnode = (ny - 1 + step - 1) // step + 1
    per_step = 1.0 / step
    node = np.empty((4, nnode))
    for f in range(nf):
        good = _solve_nodes(cx, cy, f, wavemin, half, step, node)
        if not good:
            for y in range(ny):
                x[f, y] = np.nan
                wavelength[f, y] = np.nan
                disp[f, y] = np.nan
            continue
        for k in range(nnode - 1):
            p = node[0, k]
            rise = node[0, k + 1] - p
            m0 = node[1, k] * step
            m1 = node[1, k + 1] * step
            a3, a2 = m0 + m1 - 2 * rise, 3 * rise - 2 * m0 - m1
            q = node[2, k]
            across = node[2, k + 1] - q
            n0 = node[3, k] * step
            n1 = node[3, k + 1] * step
            b3, b2 = n0 + n1 - 2 * across, 3 * across - 2 * n0 - n1
            first = k * step
            for y in range(first, min(first + step + (k == nnode - 2), ny)):
                t = (y - first) * per_step
                wavelength[f, y] = p + t * (m0 + t * (a2 + t * a3))
                disp[f, y] = (m0 + t * (2 * a2 + t * 3 * a3)) * per_step
                x[f, y] = q + t * (n0 + t * (b2 + t * b3))


def _mean_sigma(coeff: FloatArray | None, nfiber: int) -> npt.NDArray[np.float32]:
    """Mean over wavelength of the width of each fibre; NaN where unknown or not positive."""
    if coeff is None:
        return np.full(nfiber, np.nan, dtype=np.float32)
    sigma = _values(coeff, np.linspace(-0.9, 0.9, 19)).mean(axis=1)
    return np.where(np.isfinite(sigma) & (sigma > 0.1), sigma, np.nan).astype(np.float32)


def trace_rows(traceset: TraceSet, ny: int) -> RowTraces:
    """Return column, wavelength and dispersion of each fibre at each of `ny` rows.

    Beyond the wavelengths of the solution the traces are continued by straight lines. A fibre whose row does not grow
    with wavelength, or whose coefficients are not finite, gets NaN.
    """
    nf = traceset.nfiber
    x = np.empty((nf, ny), dtype=np.float32)
    dispersion = np.empty((nf, ny), dtype=np.float32)
    wavelength = np.empty((nf, ny), dtype=np.float64)
    cx = np.ascontiguousarray(traceset.x_coeff, dtype=np.float64)
    cy = np.ascontiguousarray(traceset.y_coeff, dtype=np.float64)
    _fill_rows(cx, cy, traceset.wavemin, traceset.wavemax, max(2, min(32, ny // 24)), x, wavelength, dispersion)
    lost = ~np.isfinite(cx).all(axis=1)
    x[lost] = np.nan
    xsigma = _mean_sigma(traceset.xsigma_coeff, nf)
    return RowTraces(x, wavelength, dispersion, xsigma, _mean_sigma(traceset.ysigma_coeff, nf))


def position(traceset: TraceSet, wavelengths: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return column and row of each fibre at some wavelengths.

    Parameters
    ----------
    traceset : TraceSet
    wavelengths : array_like, shape (nl,)
        [Angstrom].

    Returns
    -------
    x, y : ndarray of float64, shape (nf, nl)
        [px]; NaN outside the wavelengths of the solution.
    """
    lam = np.atleast_1d(np.asarray(wavelengths, dtype=np.float64))
    u = 2.0 * (lam - traceset.wavemin) / (traceset.wavemax - traceset.wavemin) - 1.0
    u = np.where(np.abs(u) <= 1.0, u, np.nan)
    return _values(traceset.x_coeff, u), _values(traceset.y_coeff, u)


def _values(coeff: FloatArray, u: FloatArray) -> FloatArray:
    values = np.asarray(legval(u, coeff.T), dtype=np.float64)
    return values.reshape(coeff.shape[0], u.size)


def shifted(traceset: TraceSet, dx: npt.ArrayLike, dy: npt.ArrayLike) -> TraceSet:
    """Return the traces moved by `dx` columns and `dy` rows [px], each a number or one for each fibre.

    What is not finite moves nothing.
    """
    x_coeff, y_coeff = traceset.x_coeff.copy(), traceset.y_coeff.copy()
    x_coeff[:, 0] += np.nan_to_num(np.asarray(dx, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    y_coeff[:, 0] += np.nan_to_num(np.asarray(dy, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    return replace(traceset, x_coeff=x_coeff, y_coeff=y_coeff)
