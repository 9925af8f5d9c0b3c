"""The almanac of a night as data, and what follows from it for a moment and a pointing. Standard library only."""

from __future__ import annotations

import bisect
import math
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final

__all__ = [
    "DAWN",
    "DUSK",
    "EVENTS",
    "Almanac",
    "Event",
    "Place",
    "Sample",
    "almanac_from_json",
    "almanac_json",
    "local_noon",
    "moon_separation",
    "sample_at",
    "separation",
]


@dataclass(frozen=True, slots=True)
class Event:
    """A kind of moment of a night.

    Attributes
    ----------
    name, title : str
        Key and words.
    body : str
        ``"sun"`` or ``"moon"``.
    altitude : float
        Of the centre of the body, without refraction [deg].
    rising : bool
        Whether the body goes up at that moment.
    """

    name: str
    title: str
    body: str
    altitude: float
    rising: bool


_LIMB: Final = -0.8333
"""Centre of the body when its upper limb is seen at a level horizon: 34' of refraction, 16' of radius [deg]."""

DUSK: Final = (
    Event("sunset", "sunset", "sun", _LIMB, rising=False),
    Event("civil_dusk", "civil twilight ends", "sun", -6.0, rising=False),
    Event("nautical_dusk", "nautical twilight ends", "sun", -12.0, rising=False),
    Event("astronomical_dusk", "astronomical twilight ends", "sun", -18.0, rising=False),
)
DAWN: Final = (
    Event("astronomical_dawn", "astronomical twilight begins", "sun", -18.0, rising=True),
    Event("nautical_dawn", "nautical twilight begins", "sun", -12.0, rising=True),
    Event("civil_dawn", "civil twilight begins", "sun", -6.0, rising=True),
    Event("sunrise", "sunrise", "sun", _LIMB, rising=True),
)
EVENTS: Final = (
    *DUSK,
    *DAWN,
    Event("moonrise", "moonrise", "moon", _LIMB, rising=True),
    Event("moonset", "moonset", "moon", _LIMB, rising=False),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the telescope stands: geodetic latitude, east longitude [deg], elevation [m]."""

    latitude: float
    longitude: float
    elevation: float


@dataclass(frozen=True, slots=True)
class Sample:
    """Sun and moon at a moment.

    Attributes
    ----------
    time : float
        [s since 1970].
    sun, moon : float
        Topocentric altitudes of the centres, without refraction [deg].
    moon_ra, moon_dec : float
        Topocentric place of the moon, ICRS [deg].
    illumination : float
        Illuminated part of the moon's disc, 0 to 1.
    """

    time: float
    sun: float
    moon: float
    moon_ra: float
    moon_dec: float
    illumination: float


@dataclass(frozen=True, slots=True)
class Almanac:
    """Sun and moon from noon to noon, local mean time.

    Attributes
    ----------
    night : int
        YYYYMMDD of the evening.
    place : Place
        Where.
    events : tuple of (str, float)
        Names of `EVENTS` that happen, with their times [s since 1970]; what does not happen is not there.
    samples : tuple of Sample
        In the order of time, evenly spaced.
    note : str
        What the reader should know of the accuracy.
    """

    night: int
    place: Place
    events: tuple[tuple[str, float], ...]
    samples: tuple[Sample, ...]
    note: str = ""

    def time_of(self, name: str) -> float | None:
        """Return when an event happens [s since 1970], or None where it does not."""
        return next((when for event, when in self.events if event == name), None)

    @property
    def midnight(self) -> float:
        """When the sun is lowest [s since 1970]."""
        return min(self.samples, key=lambda sample: sample.sun).time


def local_noon(night: int, longitude: float) -> float:
    """Return when a night begins: noon of local mean time [s since 1970].

    Raises
    ------
    ValueError
        Where `night` is no date.
    """
    day = datetime(night // 10000, night // 100 % 100, night % 100, 12, tzinfo=UTC)
    east = (longitude + 180.0) % 360.0 - 180.0
    return (day - timedelta(hours=east / 15.0)).timestamp()


def _vector(ra: float, dec: float) -> tuple[float, float, float]:
    a, d = math.radians(ra), math.radians(dec)
    return math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)


def separation(ra: float, dec: float, other_ra: float, other_dec: float) -> float:
    """Return the angle between two directions [deg], exact for small and for large ones."""
    x, y, z = _vector(ra, dec)
    u, v, w = _vector(other_ra, other_dec)
    cross = math.hypot(y * w - z * v, z * u - x * w, x * v - y * u)
    return math.degrees(math.atan2(cross, x * u + y * v + z * w))


def sample_at(almanac: Almanac, time: float) -> Sample | None:
    """Return sun and moon at a moment, between the samples; None where it is not in this night."""
    samples = almanac.samples
    times = [sample.time for sample in samples]
    index = bisect.bisect_right(times, time)
    if index == len(times) and times and time == times[-1]:
        return samples[-1]
    if not 0 < index < len(times):
        return None
    before, after = samples[index - 1], samples[index]
    part = (time - before.time) / (after.time - before.time)

    def between(low: float, high: float) -> float:
        return low + part * (high - low)

    pair = zip(_vector(before.moon_ra, before.moon_dec), _vector(after.moon_ra, after.moon_dec), strict=True)
    x, y, z = (between(low, high) for low, high in pair)
    return Sample(
        time,
        between(before.sun, after.sun),
        between(before.moon, after.moon),
        math.degrees(math.atan2(y, x)) % 360.0,
        math.degrees(math.atan2(z, math.hypot(x, y))),
        between(before.illumination, after.illumination),
    )


def moon_separation(almanac: Almanac, time: float, ra: float | None, dec: float | None) -> float | None:
    """Return the angle between the moon and a pointing [deg]; None where one of them is not known."""
    sample = sample_at(almanac, time)
    if sample is None or ra is None or dec is None or not (math.isfinite(ra) and math.isfinite(dec)):
        return None
    return separation(ra, dec, sample.moon_ra, sample.moon_dec)


# -- as JSON -------------------------------------------------------------------------------------------------------


def almanac_json(almanac: Almanac) -> dict[str, Any]:
    """Return the almanac as JSON can hold it."""
    return asdict(almanac) | {"events": dict(almanac.events)}


def almanac_from_json(values: Any) -> Almanac:
    """Return the almanac that JSON holds.

    Raises
    ------
    ValueError
        Where it is none: keys missing, numbers that are none or not finite.
    """
    try:
        place = Place(*(_number(values["place"][item.name]) for item in fields(Place)))
        known = [event.name for event in EVENTS]
        events = tuple((name, _number(values["events"][name])) for name in known if name in values["events"])
        samples = tuple(
            Sample(*(_number(sample[item.name]) for item in fields(Sample))) for sample in values["samples"]
        )
        night, note = int(values["night"]), str(values.get("note", ""))
    except (KeyError, TypeError, AttributeError) as error:
        msg = f"this is no almanac: {error}"
        raise ValueError(msg) from error
    if len(samples) < 2:
        msg = "this is no almanac: it has no samples"
        raise ValueError(msg)
    return Almanac(night, place, events, samples, note)


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        msg = f"this is no almanac: {value!r} is not finite"
        raise ValueError(msg)
    return number
