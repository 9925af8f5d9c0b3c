"""Least squares with cubic B-splines on equidistant knots: banded, so that its cost is that of reading the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["accumulate", "basis", "evaluate", "knots_for", "solve"]

FloatArray = npt.NDArray[np.float64]

_STIFFNESS = 1e-3
"""Weight of the second differences of the coefficients relative to the data: too small to smooth a line, large enough
to hold a coefficient that samples at one sub-pixel phase alone leave free."""


def knots_for(low: float, high: float, step: float) -> int:
    """Return the number of coefficients of a spline from `low` to `high` with knots `step` apart."""
    return int(np.ceil((high - low) / step)) + 3


@njit(cache=True, nogil=True, error_model="numpy")
def basis(t: float) -> tuple[float, float, float, float]:
    """Values of the four cubic B-splines that are not zero at a distance `t` (0 to 1) behind a knot."""
    s = 1.0 - t
    tt = t * t
    return (
        s * s * s / 6.0,
        (3.0 * tt * t - 6.0 * tt + 4.0) / 6.0,
        (-3.0 * tt * t + 3.0 * tt + 3.0 * t + 1.0) / 6.0,
        tt * t / 6.0,
    )


@njit(cache=True, nogil=True, error_model="numpy")
def accumulate(x: Any, data: Any, weight: Any, start: float, step: float, band: Any, right: Any) -> None:
    """Add samples to the normal equations of a spline that begins at `start`.

    Parameters
    ----------
    x, data, weight : ndarray, shape (n,)
        Where, what, and inverse variance; samples of weight 0 or off the knots are left out.
    start, step : float
        First knot and distance of knots, in units of `x`.
    band : ndarray of float64, shape (nk, 4)
        Added to: ``band[i, d]`` is the element ``(i, i + d)`` of the normal matrix.
    right : ndarray of float64, shape (nk,)
        Added to: right-hand side.
    """
    nk = right.size
    for n in range(x.size):
        w = weight[n]
        if not w > 0:
            continue
        position = (x[n] - start) / step
        if not (position >= 0 and position <= nk - 3):
            continue
        i = min(int(position), nk - 4)
        b0, b1, b2, b3 = basis(position - i)
        wd = w * data[n]
        right[i] += wd * b0
        right[i + 1] += wd * b1
        right[i + 2] += wd * b2
        right[i + 3] += wd * b3
        band[i, 0] += w * b0 * b0
        band[i, 1] += w * b0 * b1
        band[i, 2] += w * b0 * b2
        band[i, 3] += w * b0 * b3
        band[i + 1, 0] += w * b1 * b1
        band[i + 1, 1] += w * b1 * b2
        band[i + 1, 2] += w * b1 * b3
        band[i + 2, 0] += w * b2 * b2
        band[i + 2, 1] += w * b2 * b3
        band[i + 3, 0] += w * b3 * b3


@njit(cache=True, nogil=True, error_model="numpy")
def _factor(band: Any, stiffness: float, floor: float) -> None:
    """Turn the stiffened normal matrix into its factors ``L D L^T``: D in column 0, L by the column it stands in."""
    nk = band.shape[0]
    local = band[:, 0].copy()
    for i in range(1, nk - 1):
        p = stiffness * max(local[i], floor)
        band[i - 1, 0] += p
        band[i - 1, 1] -= 2.0 * p
        band[i - 1, 2] += p
        band[i, 0] += 4.0 * p
        band[i, 1] -= 2.0 * p
        band[i + 1, 0] += p
    for i in range(nk):
        # Rounding may leave nothing of a coefficient that hardly any sample determines.
        band[i, 0] = max(band[i, 0], 1e-10 * floor)
        m = min(3, nk - 1 - i)
        for a in range(1, m + 1):
            factor = band[i, a] / band[i, 0]
            for b in range(a, m + 1):
                band[i + a, b - a] -= factor * band[i, b]
        for a in range(1, m + 1):
            band[i, a] /= band[i, 0]


@njit(cache=True, nogil=True, error_model="numpy")
def _substitute(band: Any, right: Any, inverse: Any) -> None:
    """Replace `right` by the solution; fill `inverse` with the band of the inverse of the matrix, shape (nk, 4).

    The band of the inverse follows by the recurrence of Takahashi, Fagan and Chin (1973), which needs no other
    element of it.
    """
    nk = right.size
    for i in range(nk):
        for a in range(1, min(3, nk - 1 - i) + 1):
            right[i + a] -= band[i, a] * right[i]
    for i in range(nk - 1, -1, -1):
        m = min(3, nk - 1 - i)
        value = right[i] / band[i, 0]
        for a in range(1, m + 1):
            value -= band[i, a] * right[i + a]
        right[i] = value
        for a in range(1, m + 1):
            total = 0.0
            for b in range(1, m + 1):
                low, high = min(a, b), max(a, b)
                total -= band[i, b] * inverse[i + low, high - low]
            inverse[i, a] = total
        total = 1.0 / band[i, 0]
        for b in range(1, m + 1):
            total -= band[i, b] * inverse[i, b]
        inverse[i, 0] = total


def _floor(diagonal: FloatArray) -> float:
    """Weight below which a coefficient is held as if it had so much."""
    return max(1e-3 * float(diagonal.mean()), 1e-300)


def solve(band: FloatArray, right: FloatArray, before: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
    """Solve the normal equations of a spline.

    Parameters
    ----------
    band : ndarray of float64, shape (nk, 4)
        Normal matrix, as `accumulate` fills it; not changed.
    right : ndarray of float64, shape (nk,)
        Right-hand side; not changed.
    before : ndarray of float64, shape (nk,), optional
        Coefficients of the spline that the data are residuals of: the stiffness holds the sum of both, or what no
        sample determines would stay from one round to the next.

    Returns
    -------
    coefficients : ndarray of float64, shape (nk,)
    inverse : ndarray of float64, shape (nk, 4)
        Band of the inverse matrix: variances and covariances of neighbouring coefficients.
    """
    factors, coefficients, inverse = band.copy(), right.copy(), np.zeros_like(band)
    if before is not None:
        force = _STIFFNESS * np.maximum(band[1:-1, 0], _floor(band[:, 0])) * np.diff(before, 2)
        coefficients[:-2] -= force
        coefficients[1:-1] += 2.0 * force
        coefficients[2:] -= force
    _factor(factors, _STIFFNESS, _floor(band[:, 0]))
    _substitute(factors, coefficients, inverse)
    return coefficients, inverse


@njit(cache=True, nogil=True, error_model="numpy")
def evaluate(x: Any, start: float, step: float, coefficients: Any, inverse: Any, value: Any, variance: Any) -> None:
    """Fill the spline's value and variance at `x`, shape (n,); the ends are used beyond the knots."""
    nk = coefficients.size
    for n in range(x.size):
        position = min(max((x[n] - start) / step, 0.0), nk - 3.0)
        i = min(int(position), nk - 4)
        b0, b1, b2, b3 = basis(position - i)
        value[n] = b0 * coefficients[i] + b1 * coefficients[i + 1] + b2 * coefficients[i + 2] + b3 * coefficients[i + 3]
        variance[n] = (
            b0 * b0 * inverse[i, 0] + b1 * b1 * inverse[i + 1, 0] + b2 * b2 * inverse[i + 2, 0]
            + b3 * b3 * inverse[i + 3, 0]
            + 2.0 * (b0 * (b1 * inverse[i, 1] + b2 * inverse[i, 2] + b3 * inverse[i, 3])
            + b1 * (b2 * inverse[i + 1, 1] + b3 * inverse[i + 1, 2]) + b2 * b3 * inverse[i + 2, 1])
        )  # fmt: skip
