"""Weather that drifts: what headers of a made-up night tell of sky, air and telescope."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from qltui.instruments.base import Condition

__all__ = ["Weather", "cards", "next_hour"]

_MONTH = 29.530588
"""From new moon to new moon [d]."""
_NEW_MOON = 51550.26
"""A new moon, 2000-01-06 [MJD]."""


@dataclass(slots=True)
class Weather:
    """The state of sky and air, in the units of `qltui.instruments.base.Condition` of the same name."""

    seeing: float = 1.1
    transparency: float = 0.95
    temperature: float = 12.0
    humidity: float = 35.0
    wind: float = 5.0
    direction: float = 220.0
    pressure: float = 794.0


def next_hour(now: Weather, hours: float, mjd: float, rng: random.Random) -> Weather:
    """Return the weather some hours later: each quantity drifts, and is drawn back to what is usual.

    Parameters
    ----------
    hours : float
        How much later.
    mjd : float
        That moment [d]; it is warmer in summer.
    """
    pull = 1.0 - math.exp(-hours / 6.0)
    kick = math.sqrt(hours)
    season = 12.0 - 9.0 * math.cos(2.0 * math.pi * (mjd - 51557.0) / 365.25)

    def drift(value: float, usual: float, size: float, low: float, high: float) -> float:
        return min(high, max(low, value + (usual - value) * pull + rng.gauss(0.0, size) * kick))

    return Weather(
        seeing=drift(now.seeing, 1.1, 0.18, 0.5, 4.0),
        transparency=drift(now.transparency, 0.97, 0.05, 0.05, 1.05),
        temperature=drift(now.temperature, season, 0.6, -15.0, 32.0),
        humidity=drift(now.humidity, 35.0, 4.0, 3.0, 99.0),
        wind=drift(now.wind, 5.0, 1.2, 0.0, 25.0),
        direction=(now.direction + rng.gauss(0.0, 12.0) * kick) % 360.0,
        pressure=drift(now.pressure, 794.0, 0.4, 780.0, 805.0),
    )


def moon(mjd: float) -> tuple[float, float]:
    """Return illuminated fraction and altitude [deg] of the moon, roughly: enough for a sky that is bright or dark."""
    age = (mjd - _NEW_MOON) % _MONTH / _MONTH
    fraction = 0.5 * (1.0 - math.cos(2.0 * math.pi * age))
    hour = 2.0 * math.pi * ((mjd - 0.31) % 1.0 - 0.5 + 0.5 - age)
    return fraction, 70.0 * math.cos(hour)


def sky_level(mjd: float) -> float:
    """Return the sky's brightness in units of a dark one."""
    fraction, altitude = moon(mjd)
    return 1.0 + 3.0 * fraction**2 * max(0.0, math.sin(math.radians(altitude)))


def cards(conditions: tuple[Condition, ...], weather: Weather, airmass: float, mjd: float) -> dict[str, float]:
    """Return the header cards of an exposure: those by which the instrument tells its conditions, and the moon's."""
    fraction, altitude = moon(mjd)
    known = {
        "seeing": weather.seeing,
        "transparency": weather.transparency,
        "sky": sky_level(mjd),
        "airmass": airmass,
        "temperature": weather.temperature,
        "humidity": weather.humidity,
        "dewpoint": weather.temperature - (100.0 - weather.humidity) / 5.0,
        "wind": weather.wind,
        "gust": weather.wind * 1.5,
        "direction": weather.direction,
        "pressure": weather.pressure,
    }
    told = {item.headers[0]: round(known[item.name], 3) for item in conditions if item.name in known}
    return told | {"MOONFRAC": round(fraction, 3), "MOONALT": round(altitude, 2)}
