"""Where sun and moon stand, by astropy: built-in ephemerides and the bundled table of the Earth's rotation, no network.

Loaded only by a process that may take a second for it; a viewer reads the result (`qltui.sky.kept`).
"""

from __future__ import annotations

import warnings
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qltui.sky.almanac import EVENTS, Almanac, Place, Sample, local_noon

__all__ = ["make_almanac"]

_STEP: Final = 150.0
"""Between two moments at which the altitudes are reckoned [s]; a straight line between them is exact to 0.3 s."""

_KEPT: Final = 2
"""Every so many of them is kept."""

_DAY: Final = 86400.0

Floats = npt.NDArray[np.float64]


def make_almanac(night: int, place: Place) -> Almanac:
    """Return sun and moon of a night.

    Parameters
    ----------
    night : int
        YYYYMMDD of the evening.
    place : Place
        Where.

    Raises
    ------
    ValueError
        Where `night` is no date, or `place` no place.
    """
    if not (-90 <= place.latitude <= 90 and -360 <= place.longitude <= 360 and -500 <= place.elevation <= 9000):
        msg = f"no place on Earth: latitude {place.latitude}, longitude {place.longitude}, elevation {place.elevation}"
        raise ValueError(msg)
    start = local_noon(night, place.longitude)
    times = np.asarray(start + _STEP * np.arange(int(_DAY / _STEP) + 1), dtype=np.float64)
    bodies, note = _bodies(times, place)
    altitudes = {"sun": bodies["sun"], "moon": bodies["moon"]}
    events = []
    for event in EVENTS:
        when = _crossing(times, altitudes[event.body], event.altitude, rising=event.rising)
        if when is not None:
            events.append((event.name, round(when, 1)))
    columns = ("sun", "moon", "moon_ra", "moon_dec", "illumination")
    rows = zip(*(bodies[name][::_KEPT].round(5).tolist() for name in columns), strict=True)
    samples = tuple(Sample(when, *row) for when, row in zip(times[::_KEPT].tolist(), rows, strict=True))
    return Almanac(night, place, tuple(events), samples, note)


def _crossing(times: Floats, altitude: Floats, level: float, *, rising: bool) -> float | None:
    """Return the first moment at which a body goes through an altitude in this direction, or None."""
    above = altitude > level
    found = np.flatnonzero(~above[:-1] & above[1:] if rising else above[:-1] & ~above[1:])
    if not found.size:
        return None
    index = int(found[0])
    low, high = altitude[index], altitude[index + 1]
    return float(times[index] + (level - low) / (high - low) * (times[index + 1] - times[index]))


def _bodies(times: Floats, place: Place) -> tuple[dict[str, Floats], str]:
    """Return altitudes, the moon's place and phase at each time, and a note on their accuracy."""
    from astropy import units as u
    from astropy.coordinates import AltAz, EarthLocation, get_body
    from astropy.time import Time
    from astropy.utils import iers

    note = ""
    # Nothing may be fetched: the control room has no network, and a table that is a few weeks old is good to 0.1 s.
    with (
        iers.conf.set_temp("auto_download", False),
        iers.conf.set_temp("auto_max_age", None),
        iers.conf.set_temp("iers_degraded_accuracy", "warn"),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        where = EarthLocation.from_geodetic(
            place.longitude * u.deg, place.latitude * u.deg, place.elevation * u.m, ellipsoid="WGS84"
        )
        moments = Time(times, format="unix", scale="utc")
        frame = AltAz(obstime=moments, location=where)
        bodies = {
            name: get_body(name, moments, location=where, ephemeris="builtin").transform_to(frame)
            for name in ("sun", "moon")
        }
        result = {name: np.asarray(body.alt.deg, dtype=np.float64) for name, body in bodies.items()}
        result |= _moon_place(frame, bodies)
    if any("polar motions" in str(item.message) or "UT1" in str(item.message) for item in caught):
        note = "beyond the bundled table of the Earth's rotation: times are good to some seconds"
    elif any("dubious year" in str(item.message) for item in caught):
        note = "leap seconds of that year are not known: times are good to some seconds"
    return result, note


def _moon_place(frame: Any, bodies: dict[str, Any]) -> dict[str, Floats]:
    """Return the direction of the moon from the site, ICRS, and its illuminated part."""
    from astropy.coordinates import SkyCoord

    # Without the distance: with it, ICRS would be the direction from the barycentre of the solar system.
    direction = SkyCoord(az=bodies["moon"].az, alt=bodies["moon"].alt, frame=frame).icrs
    elongation = bodies["sun"].separation(bodies["moon"]).rad
    near, far = bodies["moon"].distance.km, bodies["sun"].distance.km
    phase = np.arctan2(far * np.sin(elongation), near - far * np.cos(elongation))
    return {
        "moon_ra": np.asarray(direction.ra.deg, dtype=np.float64),
        "moon_dec": np.asarray(direction.dec.deg, dtype=np.float64),
        "illumination": np.asarray((1.0 + np.cos(phase)) / 2.0, dtype=np.float64),
    }
