"""From pixels of a CCD to the sky: the tangent projection with polynomial distortion (TPV) of the headers.

The reference pixel of raw files counts pixels of the trimmed CCD: of the CCDs beside the axis it lies where the table
of the focal plane has the axis.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qltui.instruments.fits_cards import Header

__all__ = ["Wcs", "read_wcs"]

FloatArray = npt.NDArray[np.float64]
_TERMS: Final = 11
"""Of the polynomial: up to the third degree; what has more is not of this instrument."""


@dataclass(frozen=True, slots=True)
class Wcs:
    """A tangent projection, with distortion where the header has it.

    Attributes
    ----------
    pixel : tuple of float
        CRPIX1, CRPIX2: 1 is the centre of the first pixel.
    sky : tuple of float
        CRVAL1, CRVAL2: right ascension and declination [deg].
    matrix : tuple of 4 floats
        CD1_1, CD1_2, CD2_1, CD2_2 [deg/px].
    distortion : mapping of (int, int) to float
        PVi_j by axis and term; empty for none.
    """

    pixel: tuple[float, float]
    sky: tuple[float, float]
    matrix: tuple[float, float, float, float]
    distortion: Mapping[tuple[int, int], float] = field(default_factory=dict)

    def to_sky(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return right ascension and declination [deg] of pixels; 0 is the centre of the first pixel."""
        u, v = (
            np.asarray(x, dtype=np.float64) + 1.0 - self.pixel[0],
            np.asarray(y, dtype=np.float64) + 1.0 - self.pixel[1],
        )
        a, b, c, d = self.matrix
        xi, eta = a * u + b * v, c * u + d * v
        if self.distortion:
            xi, eta = self._undistorted(1, xi, eta), self._undistorted(2, eta, xi)
        xi, eta = np.radians(xi), np.radians(eta)
        ra0, dec0 = (math.radians(angle) for angle in self.sky)
        height = math.cos(dec0) - eta * math.sin(dec0)
        ra = ra0 + np.arctan2(xi, height)
        dec = np.arctan2(math.sin(dec0) + eta * math.cos(dec0), np.hypot(xi, height))
        return np.degrees(ra) % 360.0, np.degrees(dec)

    def _undistorted(self, axis: int, p: FloatArray, q: FloatArray) -> FloatArray:
        """Return the projection-plane coordinate of an axis; `p` is this axis' linear one, `q` the other's."""
        terms: tuple[Any, ...] = (1.0, p, q, np.hypot(p, q), p**2, p * q, q**2, p**3, p**2 * q, p * q**2, q**3)
        result = np.zeros_like(p)
        for j, term in enumerate(terms):
            factor = self.distortion.get((axis, j), 1.0 if j == 1 else 0.0)
            if factor:
                result += factor * term
        return result

    def position_angle(self, degrees: float) -> float:
        """Return the angle on the sky, north over east, of a direction on the CCD, 0 to 180 [deg].

        Parameters
        ----------
        degrees : float
            From the x axis towards the y axis.
        """
        a, b, c, d = self.matrix
        u, v = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        return math.degrees(math.atan2(a * u + b * v, c * u + d * v)) % 180.0


def _number(value: Any, limit: float) -> float | None:
    """Return a card as a finite number within `limit`, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and abs(value) <= limit else None


def read_wcs(header: Header) -> tuple[Wcs | None, str]:
    """Return the projection that a header tells, or None and the reason why it tells none."""
    cards = {"CRPIX1": 1e6, "CRPIX2": 1e6, "CRVAL1": 360.0, "CRVAL2": 90.0}
    cards |= dict.fromkeys(("CD1_1", "CD1_2", "CD2_1", "CD2_2"), 1.0)
    values = {key: _number(header.get(key), limit) for key, limit in cards.items()}
    absent = [key for key, value in values.items() if value is None]
    if absent:
        return None, f"no usable card {', '.join(absent)}: places on the sky are not known"
    known = {key: value for key, value in values.items() if value is not None}
    matrix = (known["CD1_1"], known["CD1_2"], known["CD2_1"], known["CD2_2"])
    if abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]) < 1e-16:
        return None, "the CD matrix has no inverse: places on the sky are not known"
    kinds = str(header.get("CTYPE1", "")), str(header.get("CTYPE2", ""))
    if not (kinds[0].startswith("RA---T") and kinds[1].startswith("DEC--T")):
        return None, f"CTYPE is {kinds[0][:8]!r}, {kinds[1][:8]!r}, no tangent projection"
    distortion: dict[tuple[int, int], float] = {}
    for axis in (1, 2):
        for term in range(_TERMS):
            value = _number(header.get(f"PV{axis}_{term}"), 1e3)
            if value is not None:
                distortion[axis, term] = value
    return Wcs((known["CRPIX1"], known["CRPIX2"]), (known["CRVAL1"], known["CRVAL2"]), matrix, distortion), ""
