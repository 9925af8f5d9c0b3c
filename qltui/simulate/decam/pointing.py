"""Where the telescope points: a field near the meridian, so that airmass and hour angle agree."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

__all__ = ["LATITUDE", "LONGITUDE", "Pointing", "modified_julian_date", "pointing_of", "sexagesimal"]

LATITUDE: Final = -30.16606
LONGITUDE: Final = -70.81489
"""Of the Blanco telescope, north and east positive [deg]."""

_MJD_ZERO: Final = dt.datetime(1858, 11, 17, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Pointing:
    """Right ascension, declination, hour angle, zenith distance and azimuth [deg]."""

    ra: float
    dec: float
    hour_angle: float
    zenith_distance: float
    azimuth: float


def modified_julian_date(time: dt.datetime) -> float:
    """Return the modified Julian date [d]."""
    return (time - _MJD_ZERO) / dt.timedelta(days=1)


def pointing_of(start: dt.datetime, airmass: float, rng: np.random.Generator) -> Pointing:
    """Return a pointing at this airmass.

    The declination is drawn as near to the zenith's as the airmass allows, the hour angle follows from it. Sidereal
    time is good to a second or so, and there is no refraction.
    """
    zenith = math.acos(1.0 / airmass)
    latitude = math.radians(LATITUDE)
    dec = latitude + zenith * float(rng.uniform(-0.95, 0.95))
    cosine = (math.cos(zenith) - math.sin(latitude) * math.sin(dec)) / (math.cos(latitude) * math.cos(dec))
    hour_angle = math.acos(min(max(cosine, -1.0), 1.0)) * float(rng.choice((-1.0, 1.0)))
    azimuth = math.atan2(
        -math.sin(hour_angle) * math.cos(dec),
        math.sin(dec) * math.cos(latitude) - math.cos(dec) * math.sin(latitude) * math.cos(hour_angle),
    )
    sidereal = 280.46061837 + 360.98564736629 * (modified_julian_date(start) - 51544.5) + LONGITUDE
    ra = (sidereal - math.degrees(hour_angle)) % 360.0
    return Pointing(
        ra, math.degrees(dec), math.degrees(hour_angle), math.degrees(zenith), math.degrees(azimuth) % 360.0
    )  # fmt: skip


def sexagesimal(degrees: float, *, hours: bool) -> str:
    """Return an angle as the headers write it, ``02:51:16.686`` or ``-00:00:04.698``."""
    milli = round(abs(degrees) / (15.0 if hours else 1.0) * 3_600_000)
    sign = "-" if degrees < 0 else ""
    return f"{sign}{milli // 3_600_000:02d}:{milli // 60_000 % 60:02d}:{milli // 1000 % 60:02d}.{milli % 1000:03d}"
