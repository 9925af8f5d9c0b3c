"""Where a telescope stands, and how a configuration says so."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SiteLocation", "parse_location"]


@dataclass(frozen=True, slots=True)
class SiteLocation:
    """Where the telescope stands: geodetic, WGS84; north and east are positive.

    Attributes
    ----------
    name : str
        For people.
    latitude, longitude : float
        [deg].
    elevation : float
        Above the ellipsoid [m].
    source : str
        Where the numbers are from.
    """

    name: str
    latitude: float
    longitude: float
    elevation: float
    source: str = ""


def parse_location(text: str, name: str = "") -> SiteLocation:
    """Return the place that ``"latitude, longitude, elevation"`` says [deg, deg, m].

    Raises
    ------
    ValueError
        Where these are not three numbers of a place on Earth; the message says what is wanted.
    """
    parts = text.split(",")
    try:
        latitude, longitude, elevation = (float(part) for part in parts)
    except ValueError:
        latitude = longitude = elevation = float("nan")
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 360 and -500 <= elevation <= 9000):
        msg = f'site.location is {text!r}: give latitude, east longitude [deg], elevation [m]: "31.964, -111.600, 2097"'
        raise ValueError(msg)
    return SiteLocation(name or "this site", latitude, longitude, elevation, "site.location of the configuration")
