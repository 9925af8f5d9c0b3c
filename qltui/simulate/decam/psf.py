"""The image of a star: Gaussian or Moffat, elliptical, smeared by bad guiding or spread by defocus."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOFFAT_BETA", "PROFILES", "Psf", "half_maximum"]

PROFILES: Final = ("moffat", "gaussian")

MOFFAT_BETA: Final = 3
"""Exponent of the Moffat profile, whose wings are those of real seeing (Trujillo et al. 2001 find 2.5 to 4.8);
the kernels of `paint` have it built in."""

_TRAIL_POINTS: Final = 9
_DONUT_POINTS: Final = 16
_ANGLES: Final = 24
"""Directions in which the width at half maximum is looked for."""


@dataclass(frozen=True, slots=True)
class Psf:
    """How the light of a star is spread over a CCD.

    Attributes
    ----------
    profile : {"moffat", "gaussian"}
    fwhm : float
        Full width at half maximum, geometric mean of both axes, before trail and defocus [px].
    ellipticity : float
        1 - b/a.
    angle : float
        Of the major axis, from the columns' direction (+x) towards the rows' (+y) [deg].
    trail : float
        Length of the trail of bad guiding [px].
    trail_angle : float
        [deg], as `angle`.
    donut : float
        Radius of the ring of a star out of focus [px].
    """

    profile: str = "moffat"
    fwhm: float = 4.0
    ellipticity: float = 0.0
    angle: float = 0.0
    trail: float = 0.0
    trail_angle: float = 0.0
    donut: float = 0.0

    def matrix(self) -> tuple[float, float, float]:
        """Return cxx, cyy, cxy of ``u = cxx x^2 + cyy y^2 + cxy x y`` [px^-2].

        The profile is ``exp(-u)`` or ``(1 + u)^-beta``, so that u is ln 2 or ``2^(1/beta) - 1`` at half maximum.
        """
        half = math.log(2.0) if self.profile == "gaussian" else 2.0 ** (1.0 / MOFFAT_BETA) - 1.0
        radius = 0.5 * self.fwhm
        ratio = 1.0 - self.ellipticity
        major, minor = radius / math.sqrt(ratio), radius * math.sqrt(ratio)
        cos, sin = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        along, across = half / major**2, half / minor**2
        return (
            along * cos**2 + across * sin**2,
            along * sin**2 + across * cos**2,
            2.0 * cos * sin * (along - across),
        )

    def points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return offsets x and y of the points [px] whose sum makes up the star; one, without trail and defocus."""
        x = y = np.zeros(1)
        if self.donut > 0:
            angle = np.arange(_DONUT_POINTS) * (2.0 * np.pi / _DONUT_POINTS)
            x, y = self.donut * np.cos(angle), self.donut * np.sin(angle)
        if self.trail > 0:
            along = self.trail * ((np.arange(_TRAIL_POINTS) + 0.5) / _TRAIL_POINTS - 0.5)
            x = np.add.outer(x, along * math.cos(math.radians(self.trail_angle))).ravel()
            y = np.add.outer(y, along * math.sin(math.radians(self.trail_angle))).ravel()
        return x, y

    def value(self, x: NDArray[np.float64], y: NDArray[np.float64], *, pixel: bool = False) -> NDArray[np.float64]:
        """Return the profile at offsets from the centre, for a star of flux 1 [px^-2].

        Parameters
        ----------
        x, y : array
            [px].
        pixel : bool
            Whether it is integrated over a pixel centred there: what a pixel holds.
        """
        cxx, cyy, cxy = self.matrix()
        dx, dy = self.points()
        node, weight = np.polynomial.legendre.leggauss(5) if pixel else (np.zeros(1), np.full(1, 2.0))
        total = np.zeros(np.broadcast(x, y).shape)
        for ox, oy in zip(dx, dy, strict=True):
            for i, wi in zip(node, weight, strict=True):
                for j, wj in zip(node, weight, strict=True):
                    px, py = x - ox + 0.5 * i, y - oy + 0.5 * j
                    u = cxx * px**2 + cyy * py**2 + cxy * px * py
                    total += 0.25 * wi * wj * (np.exp(-u) if self.profile == "gaussian" else (1.0 + u) ** -MOFFAT_BETA)
        scale = math.sqrt(cxx * cyy - 0.25 * cxy**2) / math.pi / dx.size
        return total * (scale if self.profile == "gaussian" else scale * (MOFFAT_BETA - 1))

    def scaled(self, factor: float) -> Psf:
        """Return the same image, `factor` times as wide."""
        return replace(self, fwhm=self.fwhm * factor)


def half_maximum(psf: Psf, *, pixel: bool) -> tuple[float, float, float]:
    """Return width, ellipticity and angle of the contour at half maximum.

    Parameters
    ----------
    psf : Psf
    pixel : bool
        Whether of what pixels hold, or of the light before it falls on pixels.

    Returns
    -------
    fwhm : float
        Diameter of the circle of the area that the outermost contour encloses [px].
    ellipticity : float
        1 - b/a of the ellipse that fits the contour.
    angle : float
        Of its major axis, 0 to 180 [deg].
    """
    angle = np.arange(_ANGLES) * (np.pi / _ANGLES)  # the profile is symmetric about its centre
    reach = 2.0 * psf.fwhm + psf.trail + 2.0 * psf.donut
    coarse = np.linspace(0.0, reach, 81)
    x, y = np.outer(np.cos(angle), coarse), np.outer(np.sin(angle), coarse)
    values = psf.value(x, y, pixel=pixel)
    half = 0.5 * values.max()
    outermost = values.shape[1] - 1 - np.argmax(values[:, ::-1] >= half, axis=1)
    low, high = coarse[outermost], coarse[outermost + 1]
    for _ in range(20):
        middle = 0.5 * (low + high)
        inside = psf.value(middle * np.cos(angle), middle * np.sin(angle), pixel=pixel) >= half
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    radius = 0.5 * (low + high)
    # an ellipse has 1/r^2 = p + q cos 2(phi - angle)
    inverse = radius**-2.0
    p = inverse.mean()
    cos, sin = 2.0 * (inverse * np.cos(2 * angle)).mean(), 2.0 * (inverse * np.sin(2 * angle)).mean()
    q = math.hypot(cos, sin)
    ellipticity = 1.0 - math.sqrt((p - q) / (p + q))
    direction = math.degrees(0.5 * math.atan2(-sin, -cos)) % 180.0
    return 2.0 * math.sqrt((radius**2).mean()), ellipticity, direction
