"""What happens in the nights of a made-up season: which exposures are taken, when, and how they end."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from qltui.instruments.base import Instrument
from qltui.model import Exposure
from qltui.season.weather import Weather, cards, next_hour, sky_level

__all__ = ["FIRST_NIGHT", "Planned", "SeasonPlan", "plan_night"]

FIRST_NIGHT = date(2021, 5, 14)
_SUNSET = 2.5 / 24.0
"""Of the UTC day after the night's date [d]; roughly Arizona's."""
_LONGITUDE = -111.6
_PARTS = (("ZERO", 0.0625), ("DARK", 0.0125), ("ARC", 0.03), ("FLAT", 0.07))
"""Calibrations before the sky is dark, as parts of all exposures of a night; the others are science."""
_READOUT = 60.0
_FIELD = 1.6
"""From one field to the next [deg]: some 13,500 in all."""
_OBJECTS = ("", "BOOTES", "COMA", "VIRGO", "PEGASUS", "CETUS")


@dataclass(frozen=True, slots=True)
class SeasonPlan:
    """How much there is to be.

    Attributes
    ----------
    nights, exposures : int
        Nights, and exposures of each.
    seed : int
        Two seasons with the same seed are the same.
    """

    nights: int = 1500
    exposures: int = 160
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Planned:
    """One exposure and its fate.

    Attributes
    ----------
    exposure : Exposure
        As the first look at its file would tell it.
    start : float
        When the shutter opened [s since 1970].
    end : str
        ``"done"``, ``"failed"``, ``"cancelled"`` or ``"superseded"``.
    faults : tuple of str
        Cameras with a bad value.
    missing : tuple of str
        Cameras that are not in the file.
    again : bool
        Whether an observer reprocesses it.
    """

    exposure: Exposure
    start: float
    end: str = "done"
    faults: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    again: bool = False


def plan_night(plan: SeasonPlan, instrument: Instrument, obstypes: Sequence[str], number: int) -> Iterator[Planned]:
    """Give the exposures of night `number` (from 0) in order; those of a type without a mould are science."""
    rng = random.Random(f"{plan.seed}/{number}")  # noqa: S311 - nothing secret
    day = FIRST_NIGHT + timedelta(days=number)
    sunset = (day - date(1858, 11, 17)).days + 1 + _SUNSET
    names = [camera.name for camera in instrument.cameras]
    expid = 80_000 + number * plan.exposures
    types = _types(plan.exposures, obstypes)
    dark = types.count("SCIENCE") or 1
    length = 9.0 / 24.0 / dark
    weather = next_hour(Weather(), 24.0, sunset, rng)
    done = 0
    for index, obstype in enumerate(types):
        if obstype == "SCIENCE":
            mjd = sunset + 1.0 / 24.0 + done * length
            done += 1
        else:
            mjd = sunset - 2.5 / 24.0 + index * 90.0 / 86400.0
        weather = next_hour(weather, length * 24.0, mjd, rng)
        exposure = _exposure(instrument, int(f"{day:%Y%m%d}"), expid + index, obstype, mjd, weather, length, rng)
        yield _fate(exposure, mjd, names, rng)


def _types(count: int, obstypes: Sequence[str]) -> list[str]:
    types: list[str] = []
    for obstype, part in _PARTS:
        if obstype in obstypes:
            types += [obstype] * max(1, round(count * part))
    return (types + ["SCIENCE"] * max(0, count - len(types)))[:count]


def _exposure(
    instrument: Instrument,
    night: int,
    expid: int,
    obstype: str,
    mjd: float,
    weather: Weather,
    length: float,
    rng: random.Random,
) -> Exposure:
    on_sky = obstype in instrument.on_sky
    sky = sky_level(mjd)
    program = ("BRIGHT" if sky > 1.8 else "GRAY" if sky > 1.3 else "DARK") if on_sky else "CALIB"
    exptime = {"ZERO": 0.0, "ARC": 10.0, "FLAT": 60.0, "DARK": 300.0}.get(obstype, length * 86400.0 - _READOUT)
    # Two exposures of a field follow each other; the field is near the meridian.
    field = random.Random(f"{night}/{expid // 2}")  # noqa: S311
    ra = ((mjd % 1.0) * 360.0 + (mjd - 51557.0) * 0.9856 + 100.0 + _LONGITUDE + field.gauss(0.0, 20.0)) % 360.0
    dec = field.uniform(-18.0, 78.0)
    # The fields of a survey are a grid, and each is seen again in other nights.
    column, row = int(ra / _FIELD), int((dec + 20.0) / _FIELD)
    ra, dec = (column + 0.5) * _FIELD, (row + 0.5) * _FIELD - 20.0
    airmass = min(2.5, 1.0 / math.cos(math.radians(min(66.0, abs(dec - 32.0) * 0.8 + abs(field.gauss(0.0, 12.0))))))
    tile = 1000 + row * int(360.0 / _FIELD) + column if on_sky else None
    return Exposure(
        instrument=instrument.name,
        night=night,
        expid=expid,
        obstype=obstype,
        program=program,
        path=f"/data/{night}/{expid:08d}/raw-{expid:08d}.fits.fz",
        cameras=tuple(camera.name for camera in instrument.cameras),
        exptime=round(exptime, 1),
        mjd=mjd,
        airmass=round(airmass, 3) if on_sky else 1.0,
        seeing=round(weather.seeing, 2) if on_sky else None,
        ra=round(ra, 4) if on_sky else None,
        dec=round(dec, 4) if on_sky else None,
        tile=tile,
        object=rng.choice(_OBJECTS) if on_sky else obstype.lower(),
        size=600_000_000,
        mtime_ns=expid,
        header=cards(instrument.conditions, weather, airmass if on_sky else 1.0, mjd),
    )


def _fate(exposure: Exposure, mjd: float, names: Sequence[str], rng: random.Random) -> Planned:
    """Decide how an exposure ends: nine of ten are good in all cameras."""
    start = (mjd - 40587.0) * 86400.0
    chance = rng.random()
    if chance < 0.004:
        return Planned(exposure, start, "failed", again=True)
    if chance < 0.008:
        return Planned(exposure, start, "cancelled")
    if chance < 0.010:
        return Planned(exposure, start, "superseded")
    faults = tuple(rng.sample(names, min(len(names), rng.randint(1, 3)))) if chance < 0.09 else ()
    missing = (rng.choice(names),) if chance > 0.995 else ()
    return Planned(exposure, start, "done", faults, missing, again=0.09 <= chance < 0.10)
