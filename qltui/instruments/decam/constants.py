"""Numbers of DECam: pixels, filters, zero points and sky, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["BANDS", "I_WAVELENGTH", "PIXEL_MICRON", "PIXEL_SCALE", "READOUT_TIME", "Band"]

PIXEL_SCALE: Final = 0.2637
"""At the centre of the field [arcsec/px]; 0.2626 at its edge. The header's PIXSCAL of 0.27 is a rough number."""

PIXEL_MICRON: Final = 15.0
"""Side of a pixel [um]."""

READOUT_TIME: Final = 20.0
"""[s]."""

_GAIN_OF_ZERO_POINTS: Final = 1.609
"""2.5 log10(4.4 e-/ADU), the difference between the zero points for 1 ADU/s and for 1 e-/s of the same survey [mag]."""


@dataclass(frozen=True, slots=True)
class Band:
    """A filter.

    Attributes
    ----------
    name : str
        First word of the card FILTER.
    wavelength : float
        Middle of the band, as the filter's name gives it [nm].
    zero_point : float
        Magnitude (AB) of a source that gives 1 e-/s at airmass 1.
    sky : float
        Typical dark sky at zenith [mag/arcsec2].
    extinction : float
        [mag/airmass].
    title : str
        The whole card FILTER.
    """

    name: str
    wavelength: float
    zero_point: float
    sky: float
    extinction: float
    title: str


# Zero points and extinction: legacysurvey/legacypipe (py/legacypipe/decam.py, ZP0 for 1 ADU/s, and K_EXT), which gives
# g r z as 26.610 26.818 26.484 for 1 e-/s in legacyzpts and obsbot; sky of g r z: legacysurvey/obsbot. The sky of u, i
# and Y: round numbers of a dark sky, for which no source was at hand; right to some tenths of a magnitude.
BANDS: Final[Mapping[str, Band]] = {
    band.name: band
    for band in (
        Band("u", 350.0, 23.3205 + _GAIN_OF_ZERO_POINTS, 22.3, 0.63, "u DECam c0006 3500.0 1000.0"),
        Band("g", 472.0, 25.001 + _GAIN_OF_ZERO_POINTS, 22.04, 0.173, "g DECam SDSS c0001 4720.0 1520.0"),
        Band("r", 641.5, 25.209 + _GAIN_OF_ZERO_POINTS, 20.91, 0.090, "r DECam SDSS c0002 6415.0 1480.0"),
        Band("i", 783.5, 25.149 + _GAIN_OF_ZERO_POINTS, 19.9, 0.054, "i DECam SDSS c0003 7835.0 1470.0"),
        Band("z", 926.0, 24.875 + _GAIN_OF_ZERO_POINTS, 18.46, 0.060, "z DECam SDSS c0004 9260.0 1520.0"),
        Band("Y", 1009.5, 23.712 + _GAIN_OF_ZERO_POINTS, 18.0, 0.058, "Y DECam c0005 10095.0 1130.0"),
    )
}  # fmt: skip
"""Filters by name."""

I_WAVELENGTH: Final = BANDS["i"].wavelength
"""To which seeing is referred [nm]."""
