"""What DESI's headers tell of sky and weather, where the telescope stands, and how deep an exposure is.

The cards are those of the data model of the raw files (``desi-EXPID``, HDU ``SPEC``). SEEING and TRANSPAR are often
``None``; then the exposure-time calculator (ETC) or the guider's plate maker (PM) has a value. The first name that has
a value counts.
"""

from __future__ import annotations

from typing import Final

from qltui.instruments.base import Condition, Depth
from qltui.instruments.location import SiteLocation

__all__ = ["CARDS", "CONDITIONS", "DEPTH", "LOCATION", "MEASURED"]

LOCATION: Final = SiteLocation(
    "Kitt Peak, Mayall 4 m",
    latitude=31.96403,
    longitude=-111.59989,
    elevation=2097.0,
    source="OBS-LAT, OBS-LONG and OBS-ELEV of DESI's raw files",
)

CONDITIONS: Final = (
    Condition(
        "seeing",
        "Seeing",
        "arcsec",
        ("SEEING", "ETCSEENG", "PMSEEING", "ACQFWHM"),
        0.05,
        30.0,
        definition="Width of a star (FWHM), from the guider or the exposure-time calculator.",
    ),
    Condition(
        "transparency",
        "Transparency",
        "",
        ("TRANSPAR", "ETCTRANS"),
        0.0,
        2.0,
        definition="Part of the light that the clouds let through; 1 is a clear sky.",
    ),
    Condition(
        "sky",
        "Sky level",
        "nominal",
        ("SKYLEVEL", "ETCSKY"),
        0.0,
        1e6,
        definition="Flux of the sky cameras, in units of a nominal dark sky.",
    ),
    Condition("airmass", "Airmass", "", ("AIRMASS",), 0.99, 100.0, definition="Airmass at the start of the exposure."),
    Condition(
        "temperature",
        "Temperature",
        "deg C",
        ("OUTTEMP", "TAIRTEMP"),
        -60.0,
        60.0,
        ".1f",
        "Air outside the dome; of the telescope where the weather station is silent.",
    ),
    Condition(
        "humidity",
        "Humidity",
        "%",
        ("HUMIDITY", "OUTHUMID"),
        0.0,
        100.0,
        ".0f",
        "Relative humidity outside the dome.",
    ),
    Condition("dewpoint", "Dew point", "deg C", ("DEWPOINT", "TDEWPNT"), -80.0, 40.0, ".1f", "Dew point outside."),
    Condition("wind", "Wind", "m/s", ("WINDSPD",), 0.0, 150.0, ".1f", "Speed of the wind outside the dome."),
    Condition("gust", "Gusts", "m/s", ("GUST",), 0.0, 200.0, ".1f", "Speed of the gusts outside the dome."),
    Condition("direction", "Wind from", "deg", ("WINDDIR",), 0.0, 360.0, ".0f", "Where the wind comes from, N over E."),
    Condition("pressure", "Pressure", "hPa", ("PRESSURE",), 500.0, 1100.0, ".1f", "Pressure of the air outside."),
)

MEASURED: Final = (
    Condition(
        "sky_r",
        "Sky in r, measured",
        "mag/arcsec2",
        (),
        0.0,
        40.0,
        definition="Median over the r cameras of the surface brightness of the sky in r, from the sky fibres.",
        metric="SKYRBAND",
    ),
    Condition(
        "continuum_r",
        "Sky continuum of r, measured",
        "e-/A",
        (),
        0.0,
        1e9,
        ".0f",
        "Median over the r cameras of the continuum of the sky fibres, of the whole exposure.",
        metric="SKYCONT",
        arm="r",
    ),
)
"""What headers say less well, or not at all: from the spectra themselves."""

CARDS: Final = tuple(dict.fromkeys(card for condition in CONDITIONS for card in condition.headers))
"""Every card that is needed, to be kept in the record."""

DEPTH: Final = Depth(
    "FIDSNR_TGT",
    goal=1000.0,
    definition="Exposure time, times the mean square of the signal to noise at the fiducial magnitude over what an "
    "exposure of this length gives under a dark sky.",
)
