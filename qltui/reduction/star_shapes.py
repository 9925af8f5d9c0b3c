"""Shapes of stars from second moments under a Gaussian weight of the star's own shape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["FieldShape", "Shapes", "mean_shape", "measure_shapes"]

FloatArray = npt.NDArray[np.float64]
_PIXEL_VARIANCE = 1.0 / 12.0
"""What integrating over a pixel adds to each second moment [px^2]."""
_ITERATIONS = 40
_REACH = 3.5
"""Half width of the window, in deviations of the weight."""
_FLOOR = 1.0
"""Narrowest weight along its minor axis: under a narrower one the pixels do not sample a star any more [px^2]."""
_NO_MASK = np.zeros((1, 1), dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Shapes:
    """One entry per star in every array; NaN where the moments did not settle.

    Attributes
    ----------
    x, y : ndarray of float64, shape (n,)
        Centre [px]; 0 is the centre of the first pixel.
    xx, yy, xy : ndarray of float64, shape (n,)
        Second moments of the Gaussian that fits best, before the pixels integrated it [px^2].
    flux : ndarray of float64, shape (n,)
        Of that Gaussian [unit of the image].
    """

    x: FloatArray
    y: FloatArray
    xx: FloatArray
    yy: FloatArray
    xy: FloatArray
    flux: FloatArray

    @property
    def e1(self) -> FloatArray:
        """``(xx - yy) / (xx + yy)``: positive along x."""
        return (self.xx - self.yy) / (self.xx + self.yy)

    @property
    def e2(self) -> FloatArray:
        """``2 xy / (xx + yy)``: positive along the diagonal."""
        return 2.0 * self.xy / (self.xx + self.yy)

    @property
    def size(self) -> FloatArray:
        """Deviation, geometric mean of the two axes [px]; NaN where an axis vanishes, as for a cosmic ray."""
        determinant = self.xx * self.yy - self.xy**2
        return np.where(determinant > 0, np.abs(determinant), np.nan) ** 0.25

    @property
    def minor(self) -> FloatArray:
        """Deviation along the minor axis [px]; 0 where it vanishes."""
        half = 0.5 * (self.xx + self.yy)
        return np.sqrt(np.maximum(half - np.hypot(0.5 * (self.xx - self.yy), self.xy), 0.0))

    def selected(self, which: npt.NDArray[Any]) -> Shapes:
        """Return the shapes of some of the stars; `which` is a boolean or an index array."""
        return Shapes(*(getattr(self, name)[which] for name in ("x", "y", "xx", "yy", "xy", "flux")))


@dataclass(frozen=True, slots=True)
class FieldShape:
    """What the stars of a field have in common.

    Attributes
    ----------
    e1, e2 : float
        Medians of the stars' components (of ``(a^2 - b^2) / (a^2 + b^2)``).
    ellipticity : float
        ``1 - b / a`` of the common ellipse. Noise, which points to no side, has no part in it.
    position_angle : float
        Of the major axis, from the x axis towards the y axis, -90 to 90 [deg].
    whisker : float
        ``((xx - yy)^2 + (2 xy)^2) ** (1/4)`` of the common moments [px].
    number : int
        Of stars.
    """

    e1: float
    e2: float
    ellipticity: float
    position_angle: float
    whisker: float
    number: int


@njit(cache=True, nogil=True, error_model="numpy")
def _weighted(image: Any, mask: Any, state: Any, sums: Any) -> None:
    """Fill `sums` with flux, first and second moments of the image about the state's centre, under its Gaussian."""
    ny, nx = image.shape
    x, y, xx, yy, xy = state[0], state[1], state[2], state[3], state[4]
    determinant = xx * yy - xy * xy
    a, b, c = yy / determinant, xx / determinant, -xy / determinant
    half_x = _REACH * math.sqrt(xx)
    half_y = _REACH * math.sqrt(yy)
    sums[:] = 0.0
    for j in range(max(math.ceil(y - half_y), 0), min(math.floor(y + half_y), ny - 1) + 1):
        dy = j - y
        for i in range(max(math.ceil(x - half_x), 0), min(math.floor(x + half_x), nx - 1) + 1):
            dx = i - x
            distance = a * dx * dx + b * dy * dy + 2.0 * c * dx * dy
            if distance > _REACH * _REACH or (mask.size > 1 and mask[j, i] != 0):
                continue
            light = image[j, i] * math.exp(-0.5 * distance)
            sums[0] += light
            sums[1] += light * dx
            sums[2] += light * dy
            sums[3] += light * dx * dx
            sums[4] += light * dy * dy
            sums[5] += light * dx * dy


@njit(cache=True, nogil=True, error_model="numpy")
def _settle(image: Any, mask: Any, state: Any, largest: float) -> float:
    """Move centre and moments in `state` until the weight has the shape of the star; return its flux, or NaN."""
    sums = np.empty(6, dtype=np.float64)
    x0, y0 = state[0], state[1]
    for _ in range(_ITERATIONS):
        _weighted(image, mask, state, sums)
        flux = sums[0]
        if not flux > 0.0:
            return math.nan
        mx, my = sums[1] / flux, sums[2] / flux
        vx, vy, vxy = sums[3] / flux - mx * mx, sums[4] / flux - my * my, sums[5] / flux - mx * my
        determinant = vx * vy - vxy * vxy
        weight = state[2] * state[3] - state[4] * state[4]
        if not (determinant > 0.0 and vx > 0.0):
            return math.nan
        # Gaussians multiply by adding the inverses of their moments: take the weight's off again.
        a = vy / determinant - state[3] / weight
        b = vx / determinant - state[2] / weight
        c = -vxy / determinant + state[4] / weight
        inverse = a * b - c * c
        grown = inverse <= 0.0 or a <= 0.0
        xx = 2.0 * state[2] if grown else b / inverse
        yy = 2.0 * state[3] if grown else a / inverse
        xy = 2.0 * state[4] if grown else -c / inverse
        # What is no Gaussian would overshoot.
        most = 2.0 * (state[2] + state[3]) / (xx + yy)
        if most < 1.0:
            xx, yy, xy = xx * most, yy * most, xy * most
        moved = abs(mx) + abs(my)
        change = abs(xx - state[5]) + abs(yy - state[6]) + abs(xy - state[7])
        state[0] += 2.0 * mx
        state[1] += 2.0 * my
        size = math.sqrt(state[2] + state[3])
        if abs(state[0] - x0) > 2.0 * size + 1.0 or abs(state[1] - y0) > 2.0 * size + 1.0 or xx + yy > 2.0 * largest**2:
            return math.nan
        minor = 0.5 * (xx + yy) - math.hypot(0.5 * (xx - yy), xy)
        wider = max(_FLOOR - minor, 0.0)
        state[2], state[3], state[4] = xx + wider, yy + wider, xy
        state[5], state[6], state[7] = xx, yy, xy
        if moved < 1e-3 and change < 1e-3 * (xx + yy):
            # Weight times star, for Gaussians, is the star's flux times this.
            both = (xx + state[2]) * (yy + state[3]) - (xy + state[4]) ** 2
            return float(flux * math.sqrt(both / (state[2] * state[3] - state[4] ** 2)))
    return math.nan


@njit(cache=True, nogil=True, error_model="numpy")
def _settle_all(image: Any, mask: Any, states: Any, largest: float, flux: Any) -> None:
    for k in range(flux.size):
        flux[k] = _settle(image, mask, states[k], largest)


def measure_shapes(
    image: npt.NDArray[np.float32],
    x: npt.NDArray[Any],
    y: npt.NDArray[Any],
    sigma: npt.NDArray[Any] | float,
    *,
    mask: npt.NDArray[np.uint8] | None = None,
    largest: float = 30.0,
) -> Shapes:
    """Measure centre and second moments of stars under a Gaussian weight that takes on the star's shape.

    The weight is iterated until it has the shape that it finds (adaptive moments, Bernstein & Jarvis 2002), which
    gives the true ellipse of any profile with elliptical isophotes, at the least noise. What the integration over
    pixels adds is taken off (1/12 px^2).

    Parameters
    ----------
    image : ndarray of float32, shape (ny, nx)
        Without background.
    x, y : ndarray, shape (n,)
        About where the stars are [px].
    sigma : ndarray, shape (n,), or float
        About how wide they are [px].
    mask : ndarray of uint8, shape (ny, nx), optional
        Pixels that are not 0 are left out.
    largest : float
        A star wider than this is none [px].

    Returns
    -------
    Shapes
    """
    n = np.size(x)
    states = np.zeros((n, 8), dtype=np.float64)
    states[:, 0], states[:, 1] = x, y
    states[:, 2] = states[:, 3] = np.clip(np.square(sigma), _FLOOR, largest**2)
    flux = np.empty(n, dtype=np.float64)
    flags = _NO_MASK if mask is None else np.ascontiguousarray(mask, dtype=np.uint8)
    _settle_all(np.ascontiguousarray(image, dtype=np.float32), flags, states, largest, flux)
    states[~np.isfinite(flux)] = np.nan
    xx, yy, xy = states[:, 5] - _PIXEL_VARIANCE, states[:, 6] - _PIXEL_VARIANCE, states[:, 7]
    return Shapes(states[:, 0], states[:, 1], xx, yy, xy, flux)


def mean_shape(shapes: Shapes) -> FieldShape:
    """Return the shape that stars have in common, from medians of their components; NaN where there is none."""
    good = np.isfinite(shapes.flux) & (shapes.xx + shapes.yy > 0)
    if not good.any():
        return FieldShape(math.nan, math.nan, math.nan, math.nan, math.nan, 0)
    stars = shapes.selected(good)
    e1, e2 = float(np.median(stars.e1)), float(np.median(stars.e2))
    e = min(math.hypot(e1, e2), 1.0)
    whisker = math.hypot(float(np.median(stars.xx - stars.yy)), 2.0 * float(np.median(stars.xy))) ** 0.5
    return FieldShape(
        e1, e2, 1.0 - math.sqrt((1.0 - e) / (1.0 + e)), math.degrees(0.5 * math.atan2(e2, e1)), whisker, int(good.sum())
    )
