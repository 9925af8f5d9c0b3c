"""Sky, weather, sun and moon of a night: what headers tell of each exposure, and the almanac's moments, as tables."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Final

from qltui.instruments.base import Condition, Instrument
from qltui.model import Exposure, Status
from qltui.sky.almanac import EVENTS, Almanac, moon_separation, sample_at
from qltui.tables.table import Column, Row, Table

if TYPE_CHECKING:
    from qltui.store.reader import Reader

__all__ = [
    "ConditionPoint",
    "almanac_table",
    "clock_words",
    "condition_points",
    "condition_value",
    "conditions_table",
    "measured_values",
    "present_conditions",
]

_MJD_OF_1970: Final = 40587.0


@dataclass(frozen=True, slots=True)
class ConditionPoint:
    """One exposure of the night, and what was known of the sky when it began.

    Attributes
    ----------
    exposure : Exposure
        The exposure.
    status : Status
        Of its newest process.
    time : float or None
        When it began [s since 1970].
    values : mapping
        By name of the condition; those that the header does not have are not there.
    cards : mapping
        Which card each value is from.
    sun, moon : float or None
        Altitudes [deg]; None without almanac.
    illumination : float or None
        Illuminated part of the moon's disc [%].
    separation : float or None
        From the moon to the pointing [deg].
    """

    exposure: Exposure
    status: Status
    time: float | None
    values: dict[str, float] = field(default_factory=dict)
    cards: dict[str, str] = field(default_factory=dict)
    sun: float | None = None
    moon: float | None = None
    illumination: float | None = None
    separation: float | None = None


def condition_value(condition: Condition, exposure: Exposure) -> tuple[float, str] | None:
    """Return a condition's value in an exposure and the card it is from; None where no card has a usable one."""
    for card in condition.headers:
        value = {"AIRMASS": exposure.airmass, "SEEING": exposure.seeing}.get(card, exposure.header.get(card))
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if math.isfinite(value) and condition.low <= value <= condition.high:
            return float(value), card
    return None


def _began(exposure: Exposure) -> float | None:
    if exposure.mjd is not None and math.isfinite(exposure.mjd):
        return (exposure.mjd - _MJD_OF_1970) * 86400.0
    try:
        moment = datetime.fromisoformat(exposure.date_obs)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def condition_points(
    exposures: Iterable[tuple[Exposure, Status]],
    instrument: Instrument,
    almanac: Almanac | None,
    measured: Mapping[str, Mapping[int, float]] | None = None,
) -> tuple[ConditionPoint, ...]:
    """Return what is known of the sky at each exposure, in the order of time; those without a time come last.

    `measured` has what we measured ourselves, by name of the condition and number of the exposure.
    """
    points = []
    for exposure, status in exposures:
        found = [(item.name, condition_value(item, exposure)) for item in instrument.conditions]
        own = {name: values[exposure.expid] for name, values in (measured or {}).items() if exposure.expid in values}
        time = _began(exposure)
        sample = sample_at(almanac, time) if almanac is not None and time is not None else None
        on_sky = exposure.obstype in instrument.on_sky and almanac is not None and time is not None
        points.append(
            ConditionPoint(
                exposure,
                status,
                time,
                {name: pair[0] for name, pair in found if pair is not None} | own,
                {name: pair[1] for name, pair in found if pair is not None},
                sample.sun if sample else None,
                sample.moon if sample else None,
                100.0 * sample.illumination if sample else None,
                # A lamp or a closed shutter looks at no sky, whatever the mount says.
                moon_separation(almanac, time, exposure.ra, exposure.dec)
                if on_sky and almanac is not None and time is not None
                else None,
            )
        )
    return tuple(sorted(points, key=lambda point: math.inf if point.time is None else point.time))


def measured_values(reader: Reader, instrument: Instrument, night: int) -> dict[str, dict[int, float]]:
    """Return what we measured of the sky in a night, by name of the condition and number of the exposure.

    It is the median over the cameras of an arm; an exposure without a finite value is not there.
    """
    found: dict[str, dict[int, float]] = {}
    for item in instrument.measured_conditions:
        cameras = [camera.name for camera in instrument.cameras if item.arm in ("", camera.arm)]
        values: dict[int, list[float]] = {}
        for point in reader.trend(item.metric, cameras, night=night, instrument=instrument.name):
            if math.isfinite(point.value) and item.low <= point.value <= item.high:
                values.setdefault(point.expid, []).append(point.value)
        found[item.name] = {expid: statistics.median(numbers) for expid, numbers in values.items()}
    return found


def present_conditions(points: Sequence[ConditionPoint], instrument: Instrument) -> tuple[tuple[Condition, int], ...]:
    """Return each condition with the number of exposures that have it: the charts' order, those without value last."""
    declared = (*instrument.conditions, *instrument.measured_conditions)
    counted = [(item, sum(item.name in point.values for point in points)) for item in declared]
    return tuple(sorted(counted, key=lambda pair: pair[1] == 0))


def clock_words(time: float | None, zone: tzinfo = UTC, *, seconds: bool = False) -> str:
    """Return the time of day in a time zone, ``"05:12"``; a dash where it is not known."""
    if time is None:
        return "-"
    return datetime.fromtimestamp(time, zone).strftime("%H:%M:%S" if seconds else "%H:%M")


def conditions_table(points: Sequence[ConditionPoint], instrument: Instrument, zone: tzinfo, night: int | str) -> Table:
    """Return one row for each exposure; what no header tells stays empty."""
    declared = (*instrument.conditions, *instrument.measured_conditions)
    columns = (
        Column("expid", "exp", format="d", align=">", doc="Number of the exposure."),
        Column("ut", "UT", doc="Start, universal time."),
        Column("local", "local", doc="Start, time of the observatory."),
        Column("obstype", "type", doc="Type of the exposure."),
        Column("program", "program", doc="Program."),
        Column("tile", "tile", format="d", align=">", doc="Number of the tile."),
        Column("exptime", "time", "s", ".0f", ">", "Exposure time."),
        *(Column(item.name, item.title.lower(), item.unit, item.format, ">", item.definition) for item in declared),
        Column("sun", "sun", "deg", ".1f", ">", "Altitude of the sun."),
        Column("moon", "moon", "deg", ".1f", ">", "Altitude of the moon."),
        Column("illumination", "phase", "%", ".0f", ">", "Illuminated part of the moon's disc."),
        Column("separation", "moon distance", "deg", ".1f", ">", "From the moon to the pointing."),
        Column("status", "verdict", doc="Of the newest process."),
    )
    rows = tuple(
        Row(
            point.exposure.expid,
            (
                point.exposure.expid,
                clock_words(point.time, UTC, seconds=True),
                clock_words(point.time, zone, seconds=True),
                point.exposure.obstype,
                point.exposure.program,
                point.exposure.tile,
                point.exposure.exptime,
                *(point.values.get(item.name) for item in declared),
                point.sun,
                point.moon,
                point.illumination,
                point.separation,
                point.status,
            ),
        )
        for point in points
    )
    absent = [
        item.title.lower() for item, count in present_conditions(points, instrument) if item.headers and not count
    ]
    note = f"not in the headers: {', '.join(absent)}" if absent and points else ""
    return Table("conditions", f"conditions {night}", columns, rows, note)


def almanac_table(almanac: Almanac, zone: tzinfo) -> Table:
    """Return the moments of a night in the order of time, with the moon at each."""
    columns = (
        Column("event", "event", doc="What happens."),
        Column("ut", "UT", doc="Universal time."),
        Column("local", "local", doc="Time of the observatory."),
        Column("time", "time", doc="ISO 8601, UTC.", shown=False),
        Column("sun", "sun", "deg", ".1f", ">", "Altitude of the centre of the sun, without refraction."),
        Column("moon", "moon", "deg", ".1f", ">", "Altitude of the centre of the moon, without refraction."),
        Column("illumination", "phase", "%", ".1f", ">", "Illuminated part of the moon's disc."),
    )
    titles = {event.name: event.title for event in EVENTS} | {"midnight": "middle of the night"}
    moments = sorted((*almanac.events, ("midnight", almanac.midnight)), key=lambda pair: pair[1])
    rows = []
    for name, when in moments:
        sample = sample_at(almanac, when)
        assert sample is not None
        words = (
            clock_words(when, UTC),
            clock_words(when, zone),
            datetime.fromtimestamp(when, UTC).isoformat("T", "seconds"),
        )
        rows.append(Row(name, (titles[name], *words, sample.sun, sample.moon, 100.0 * sample.illumination)))
    missing = [event.title for event in EVENTS if almanac.time_of(event.name) is None]
    place = almanac.place
    where = (
        f"at latitude {place.latitude:.4f}, longitude {place.longitude:.4f} deg, {place.elevation:.0f} m; "
        "rise and set: upper limb, level horizon, usual refraction"
    )
    notes = [where]
    if missing:
        notes.append(f"does not happen between noon and noon: {', '.join(missing)}")
    if almanac.note:
        notes.append(almanac.note)
    return Table("almanac", f"almanac {almanac.night}", columns, tuple(rows), "\n".join(notes))
