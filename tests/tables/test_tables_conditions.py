"""Conditions of exposures from headers, sun and moon beside them, and the almanac as a table."""

from __future__ import annotations

import math
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from qltui.instruments.base import Condition, get_instrument
from qltui.instruments.location import parse_location
from qltui.model import Exposure, Status
from qltui.sky.almanac import Almanac, Place, Sample
from qltui.store.views import TrendPoint
from qltui.tables.conditions import (
    almanac_table,
    clock_words,
    condition_points,
    condition_value,
    conditions_table,
    measured_values,
    present_conditions,
)
from qltui.tables.writers import to_csv, to_text

DESI = get_instrument("desi")
ZONE = ZoneInfo("America/Phoenix")
START = 1569981600.0
"""2019-10-02 02:00:00 UT."""


def exposure(expid=1, *, after=0.0, **changes):
    values = {"mjd": 40587.0 + (START + after) / 86400.0, "ra": 10.0, "dec": 20.0, "header": {}}
    return Exposure("desi", 20191001, expid, "SCIENCE", "/x", **(values | changes))


@pytest.fixture
def almanac():
    samples = tuple(Sample(START + 300.0 * i, -20.0 + i, 30.0, 10.0 + i, 20.0, 0.25) for i in range(-1, 20))
    return Almanac(
        20191001, Place(31.96, -111.6, 2097.0), (("sunset", START - 3000.0), ("moonset", START + 900.0)), samples
    )


SEEING = Condition("seeing", "Seeing", "arcsec", ("SEEING", "ETCSEENG"), 0.05, 30.0)
WIND = Condition("wind", "Wind", "m/s", ("WINDSPD", "WIND"), 0.0, 150.0)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"WINDSPD": 5.5}, (5.5, "WINDSPD")),
        ({"WINDSPD": 0}, (0.0, "WINDSPD")),
        ({"WIND": 3.0}, (3.0, "WIND")),
        ({"WINDSPD": -99.0, "WIND": 3.0}, (3.0, "WIND")),
        ({"WINDSPD": "calm", "WIND": 3.0}, (3.0, "WIND")),
        ({"WINDSPD": math.nan}, None),
        ({"WINDSPD": math.inf}, None),
        ({"WINDSPD": True}, None),
        ({"WINDSPD": 1e6}, None),
        ({}, None),
    ],
)
def test_the_first_card_with_a_value_counts(header, expected):
    assert condition_value(WIND, exposure(header=header)) == expected


def test_seeing_and_airmass_are_the_checked_ones():
    assert condition_value(SEEING, exposure(seeing=1.1, header={"SEEING": 99.0})) == (1.1, "SEEING")
    assert condition_value(SEEING, exposure(header={"ETCSEENG": 1.3})) == (1.3, "ETCSEENG")


def test_points_are_in_the_order_of_time_with_sun_and_moon(almanac):
    late, early, never = exposure(2, after=600.0), exposure(1), exposure(3, mjd=None)
    points = condition_points([(late, Status.ALARM), (early, Status.NORMAL), (never, Status.NORMAL)], DESI, almanac)
    assert [point.exposure.expid for point in points] == [1, 2, 3]
    assert (points[0].sun, points[0].moon, points[0].illumination) == pytest.approx((-20.0, 30.0, 25.0))
    assert points[0].separation == pytest.approx(0.0, abs=1e-5)
    assert points[1].sun == pytest.approx(-18.0, abs=0.001)
    assert points[1].separation == pytest.approx(2.0 * math.cos(math.radians(20.0)), rel=0.01)
    assert (points[2].time, points[2].sun, points[2].separation) == (None, None, None)


def test_a_lamp_has_no_distance_from_the_moon(almanac):
    (point,) = condition_points([(replace(exposure(), obstype="ARC"), Status.NORMAL)], DESI, almanac)
    assert point.sun == pytest.approx(-20.0)
    assert point.separation is None


def test_without_almanac_nothing_is_made_up():
    (point,) = condition_points([(exposure(date_obs="2019-10-02T02:00:00.000", mjd=None), Status.NORMAL)], DESI, None)
    assert point.time == START
    assert (point.sun, point.moon, point.illumination, point.separation) == (None, None, None, None)


def test_the_table_has_a_dash_where_no_header_has_a_value(almanac):
    pairs = [(exposure(header={"HUMIDITY": 31.0}, seeing=1.2), Status.NORMAL)]
    points = condition_points(pairs, DESI, almanac)
    table = conditions_table(points, DESI, ZONE, 20191001)
    row = dict(zip((column.name for column in table.columns), table.rows[0].values, strict=True))
    assert (row["ut"], row["local"], row["humidity"], row["seeing"]) == ("02:00:00", "19:00:00", 31.0, 1.2)
    assert row["wind"] is None
    assert "wind" in table.note
    assert "humidity" not in table.note
    assert "humidity [%]" in to_csv(table)
    assert [count for _, count in present_conditions(points, DESI)] == sorted(
        (count for _, count in present_conditions(points, DESI)), reverse=True
    )


def test_the_almanac_is_a_table_in_the_order_of_time(almanac):
    table = almanac_table(replace(almanac, events=(("sunset", START), ("moonset", START + 900.0))), ZONE)
    assert [row.key for row in table.rows] == ["sunset", "midnight", "moonset"] or table.rows[0].key in (
        "sunset",
        "midnight",
    )
    text = to_text(table)
    assert "02:00  19:00" in text
    assert "does not happen between noon and noon: civil twilight ends" in text
    assert "latitude 31.9600" in text


def test_times_of_day_in_a_time_zone():
    assert clock_words(START) == "02:00"
    assert clock_words(START + 5.0, ZONE, seconds=True) == "19:00:05"
    assert clock_words(None) == "-"


def test_conditions_of_desi_have_names_units_and_cards_of_their_own():
    names = [item.name for item in DESI.conditions]
    assert len(set(names)) == len(names)
    assert {"seeing", "transparency", "sky", "airmass", "temperature", "humidity", "wind"} <= set(names)
    assert all(item.headers and item.definition for item in DESI.conditions)
    from qltui.instruments.desi.files import _SHOWN

    kept = {*_SHOWN, "SEEING", "AIRMASS"}
    assert all(set(item.headers) <= kept for item in DESI.conditions)


def test_a_place_from_the_configuration():
    place = parse_location("31.964, -111.6, 2097", "here")
    assert (place.name, place.latitude, place.longitude, place.elevation) == ("here", 31.964, -111.6, 2097.0)
    for words in ("", "31", "a,b,c", "91,0,0", "nan,0,0", "1,2,3,4", "0,0,1e9"):
        with pytest.raises(ValueError, match=r"site\.location"):
            parse_location(words)


def test_what_we_measured_is_the_median_over_the_cameras_of_an_arm():
    class Record:
        """Answers with values of three cameras, one of them not known."""

        def trend(self, metric, cameras, *, night, instrument):
            assert (night, instrument) == (20191001, "desi")
            numbers = {"SKYRBAND": (20.9, 21.1, 21.3), "SKYCONT": (100.0, 140.0, float("nan"))}[metric]
            if metric == "SKYCONT":
                assert cameras == [f"r{number}" for number in range(10)]
            return [
                TrendPoint(0.0, 3579, name, "", value, Status.NORMAL, (0, 0), (0, 0), "SCIENCE", "DARK", 1)
                for name, value in zip(("r0", "r1", "r2"), numbers, strict=True)
            ]

    measured = measured_values(Record(), DESI, 20191001)
    assert measured == {"sky_r": {3579: 21.1}, "continuum_r": {3579: 120.0}}
    pairs = [(exposure(3579), Status.NORMAL), (exposure(3580, after=60.0), Status.NORMAL)]
    points = condition_points(pairs, DESI, None, measured)
    assert [point.values.get("sky_r") for point in points] == [21.1, None]
    assert {item.name: count for item, count in present_conditions(points, DESI)}["continuum_r"] == 1
    table = conditions_table(points, DESI, ZONE, 20191001)
    assert [row.values[table.index("sky_r")] for row in table.rows] == [21.1, None]
    assert all(DESI.metric(item.metric).unit == item.unit for item in DESI.measured_conditions)
    assert "measured" not in table.note
