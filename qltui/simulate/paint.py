"""Kernels that put light on a detector: unresolved lines into spectra, and spectra onto pixels."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import ndtr

__all__ = ["add_lines", "paint_fibers", "poisson"]

_HALF = 6
"""Pixels on either side of a trace that get light: more than five sigma."""

_TABLE_STEPS = 512
"""Steps of the table of the normal distribution for each sigma; linear interpolation is good to 1e-7."""
_TABLE_END = 7.0
_NORMAL_CDF = ndtr(np.linspace(-_TABLE_END, _TABLE_END, int(2 * _TABLE_END * _TABLE_STEPS) + 1))

_SMALL_MEAN = 30.0
"""Below this the Poisson distribution is inverted step by step, above it by an expansion around the normal."""


@njit(cache=True, nogil=True)
def add_lines(
    rows: NDArray[np.float32], y: NDArray[np.float64], electrons: NDArray[np.float64], sigma: NDArray[np.float64]
) -> None:
    """Add unresolved lines to spectra, integrated over the rows they fall on.

    Parameters
    ----------
    rows : (nf, ny) array of float32
        Electrons of each fibre and row [e-]; changed in place.
    y : (nf, nl) array
        Row of each line [px].
    electrons : (nf, nl) array
        Of each line [e-].
    sigma : (nf, ny) array
        Gaussian width along the rows [px].
    """
    ny = rows.shape[1]
    for fiber in range(rows.shape[0]):
        for line in range(y.shape[1]):
            centre = y[fiber, line]
            if not (-_HALF < centre < ny - 1 + _HALF):
                continue
            nearest = int(math.floor(centre + 0.5))  # noqa: RUF046 - a float inside a kernel
            width = sigma[fiber, min(max(nearest, 0), ny - 1)] * math.sqrt(2.0)
            half = int(math.ceil(4.6 * width))  # noqa: RUF046
            below = math.erf((nearest - half - 0.5 - centre) / width)
            for row in range(nearest - half, nearest + half + 1):
                above = math.erf((row + 0.5 - centre) / width)
                if 0 <= row < ny:
                    rows[fiber, row] += np.float32(0.5 * electrons[fiber, line] * (above - below))
                below = above


@njit(cache=True, nogil=True)
def _normal_cdf(z: float, table: NDArray[np.float64]) -> float:
    """Integral of the normal distribution up to `z`, from a table."""
    position = (z + _TABLE_END) * _TABLE_STEPS
    if position <= 0.0:
        return 0.0
    index = int(position)
    if index >= table.size - 1:
        return 1.0
    value: float = table[index] + (position - index) * (table[index + 1] - table[index])
    return value


@njit(cache=True, nogil=True)
def _paint(
    image: NDArray[np.float32],
    rows: NDArray[np.float32],
    x: NDArray[np.float64],
    sigma: NDArray[np.float64],
    table: NDArray[np.float64],
) -> None:
    """Do what `paint_fibers` says."""
    nx = image.shape[1]
    for row in range(image.shape[0]):
        for fiber in range(rows.shape[0]):
            value = rows[fiber, row]
            if value <= 0.0:
                continue
            centre = x[fiber, row]
            nearest = int(math.floor(centre + 0.5))  # noqa: RUF046 - a float inside a kernel
            scale = 1.0 / sigma[fiber, row]
            below = _normal_cdf((nearest - _HALF - 0.5 - centre) * scale, table)
            for column in range(nearest - _HALF, nearest + _HALF + 1):
                above = _normal_cdf((column + 0.5 - centre) * scale, table)
                if 0 <= column < nx:
                    image[row, column] += np.float32(value * (above - below))
                below = above


def paint_fibers(
    image: NDArray[np.float32], rows: NDArray[np.float32], x: NDArray[np.float64], sigma: NDArray[np.float64]
) -> None:
    """Spread the electrons of each fibre and row over the columns, integrated over the pixels.

    Parameters
    ----------
    image : (ny, nx) array of float32
        [e-]; changed in place.
    rows : (nf, ny) array of float32
        Electrons of each fibre and row [e-].
    x : (nf, ny) array
        Column of the fibre's centre [px].
    sigma : (nf, ny) array
        Gaussian width along the columns [px].
    """
    _paint(image, rows, x, sigma, _NORMAL_CDF)


@njit(cache=True, nogil=True)
def _poisson_quantile(mean: float, u: float) -> float:
    """Smallest number that a Poisson variable of this mean exceeds with a probability of ``1 - u`` at most."""
    if mean <= 0.0:
        return 0.0
    if mean < _SMALL_MEAN:
        term = math.exp(-mean)
        total = term
        count = 0
        while total < u and count < 120:
            count += 1
            term *= mean / count
            total += term
        return float(count)
    # Normal quantile (Giles 2010, single precision), then the Cornish-Fisher term for the skewness of a Poisson law
    t = 2.0 * u - 1.0
    w = -math.log((1.0 - t) * (1.0 + t))
    if w < 5.0:
        w -= 2.5
        p = 2.81022636e-08
        for c in (
            3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503, -0.00417768164,
            0.246640727, 1.50140941,
        ):  # fmt: skip
            p = c + p * w
    else:
        w = math.sqrt(w) - 3.0
        p = -0.000200214257
        for c in (
            0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
            1.00167406, 2.83297682,
        ):  # fmt: skip
            p = c + p * w
    z = math.sqrt(2.0) * p * t
    return max(math.floor(mean + math.sqrt(mean) * z + (z * z - 1.0) / 6.0 + 0.5), 0.0)


@njit(cache=True, nogil=True)
def _draw_poisson(mean: NDArray[np.float32], uniform: NDArray[np.float32]) -> None:
    """Replace uniform numbers by Poisson numbers of these means."""
    for row in range(mean.shape[0]):
        for column in range(mean.shape[1]):
            # the middle of the interval that a single-precision number stands for: never 0 and never 1
            u = uniform[row, column] + 2.98e-08
            uniform[row, column] = np.float32(_poisson_quantile(mean[row, column], u))


def poisson(rng: np.random.Generator, mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """Draw the photon noise of an image.

    Four times as fast as numpy's for the millions of pixels of a detector; mean, variance and skewness are right to
    a part in a thousand.

    Parameters
    ----------
    rng : numpy.random.Generator
    mean : (ny, nx) array of float32
        Expected electrons [e-].

    Returns
    -------
    (ny, nx) array of float32
        Whole electrons [e-].
    """
    numbers = rng.random(mean.shape, dtype=np.float32)
    _draw_poisson(mean, numbers)
    return numbers
