"""What DECam's headers tell of sky and weather, and where the telescope stands.

The cards are those of raw files. A number that the observatory does not have is the text ``NaN``, -999 or no card.
PRESSURE is said to be in Torr; its values, about 780, are those of the site in mbar.
"""

from __future__ import annotations

from typing import Final

from qltui.instruments.base import Condition
from qltui.instruments.location import SiteLocation

__all__ = ["CARDS", "CONDITIONS", "LOCATION"]

LOCATION: Final = SiteLocation(
    "Cerro Tololo, Blanco 4 m",
    latitude=-30.16606,
    longitude=-70.81489,
    elevation=2215.0,
    source="OBS-LAT, OBS-LONG (which is west-positive) and OBS-ELEV of DECam's raw files",
)

CONDITIONS: Final = (
    Condition("seeing", "Seeing", "arcsec", ("DIMMSEE",), 0.05, 10.0, definition="Of the seeing monitor (DIMM)."),
    Condition(
        "guider_seeing",
        "Seeing, guider",
        "arcsec",
        ("G-SEEING",),
        0.05,
        10.0,
        definition="Width of the guide stars (FWHM), mean over the exposure.",
    ),
    Condition(
        "transparency",
        "Transparency",
        "",
        ("G-TRANSP",),
        0.0,
        2.0,
        definition="Light of the guide stars over what the catalogue says; 1 is a clear sky.",
    ),
    Condition("airmass", "Airmass", "", ("AIRMASS",), 0.99, 100.0, definition="Airmass at the start of the exposure."),
    Condition("temperature", "Temperature", "deg C", ("OUTTEMP",), -60.0, 60.0, ".1f", "Air outside the dome."),
    Condition(
        "mirror", "Mirror", "deg C", ("MSURTEMP",), -60.0, 60.0, ".1f", "Surface of the primary mirror, mean."
    ),
    Condition(
        "truss", "Upper truss", "deg C", ("UTN-TEMP",), -60.0, 60.0, ".1f", "Of the upper truss: it moves the focus."
    ),
    Condition("humidity", "Humidity", "%", ("HUMIDITY",), 0.0, 100.0, ".0f", "Relative humidity outside the dome."),
    Condition("wind", "Wind", "m/s", ("WINDSPD",), 0.0, 150.0, ".1f", "Speed of the wind outside the dome."),
    Condition("direction", "Wind from", "deg", ("WINDDIR",), 0.0, 360.0, ".0f", "Where the wind comes from, N over E."),
    Condition("pressure", "Pressure", "hPa", ("PRESSURE",), 500.0, 1100.0, ".1f", "Pressure of the air outside."),
    Condition(
        "clouds", "Cloud variance", "", ("GSKYVAR",), 0.0, 100.0, ".3f", "Of the all-sky infrared camera, RASICAM."
    ),
    Condition(
        "defocus", "Defocus", "um", ("DODZ", "FADZ"), -1e4, 1e4, ".1f", "What the wavefront sensors ask of the focus."
    ),
)  # fmt: skip

CARDS: Final = tuple(dict.fromkeys(card for condition in CONDITIONS for card in condition.headers))
"""Every card that is needed, to be kept in the record."""
