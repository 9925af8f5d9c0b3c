"""Sun and moon against published values, the arithmetic between samples, and what is kept of it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from qltui.sky.almanac import (
    Almanac,
    Place,
    Sample,
    almanac_from_json,
    almanac_json,
    local_noon,
    moon_separation,
    sample_at,
    separation,
)
from qltui.sky.kept import command_line, keep, kept_almanac, kept_path

KITT_PEAK = Place(31.96403, -111.59989, 2097.0)


def seconds(mjd):
    return (mjd - 40587.0) * 86400.0


@pytest.fixture(scope="module")
def almanac():
    from qltui.sky.ephemeris import make_almanac

    return make_almanac(20201214, KITT_PEAK)


# DESI's table of its survey-validation exposures says of the night 20201214 when the sun was 15 and 13 deg below the
# horizon, that the moon set at MJD 59198.0275, and that 0.54 % of it was lit.


@pytest.mark.parametrize(
    ("mjd", "altitude"),
    [
        (59198.066745730626, -15.0),
        (59198.54668876452, -15.0),
        (59198.05982057322, -13.0),
        (59198.553616188605, -13.0),
    ],
)
def test_the_sun_stands_where_the_survey_says(almanac, mjd, altitude):
    assert sample_at(almanac, seconds(mjd)).sun == pytest.approx(altitude, abs=0.01)


def test_the_moon_sets_and_shines_as_the_survey_says(almanac):
    # Within minutes: the survey takes another altitude for it.
    sets = almanac.time_of("moonset")
    assert sets == pytest.approx(seconds(59198.02745986081), abs=300.0)
    assert sample_at(almanac, sets).moon == pytest.approx(-0.8333, abs=0.01)
    assert sample_at(almanac, seconds(59198.0)).illumination == pytest.approx(0.0054, abs=0.005)


def test_moon_and_separation_are_those_of_a_raw_header():
    """DESI exposure 118526: MOONRA 73.944, MOONDEC 23.961, MOONSEP 99.032 at MJD 59593.461317476, geocentric."""
    from qltui.sky.ephemeris import make_almanac

    moment = sample_at(make_almanac(20220113, KITT_PEAK), seconds(59593.461317476))
    # The moon was low: the place from which one looks moves it by up to a degree.
    assert separation(moment.moon_ra, moment.moon_dec, 73.944051, 23.960888) < 1.0
    assert separation(moment.moon_ra, moment.moon_dec, 170.24163, -7.102329) == pytest.approx(99.032, abs=1.0)


def test_events_come_in_the_order_of_a_night(almanac):
    names = ["sunset", "civil_dusk", "nautical_dusk", "astronomical_dusk"]
    names += ["astronomical_dawn", "nautical_dawn", "civil_dawn", "sunrise"]
    times = [almanac.time_of(name) for name in names]
    assert times == sorted(times)
    for name, altitude in zip(names, (-0.8333, -6, -12, -18, -18, -12, -6, -0.8333), strict=True):
        assert sample_at(almanac, almanac.time_of(name)).sun == pytest.approx(altitude, abs=0.02)
    assert almanac.time_of("astronomical_dusk") < almanac.midnight < almanac.time_of("astronomical_dawn")
    assert almanac.note == ""


def test_nothing_is_fetched(monkeypatch):
    from astropy.utils import data

    from qltui.sky.ephemeris import make_almanac

    def forbidden(*_args, **_options):
        raise AssertionError("the control room has no net")

    monkeypatch.setattr(data, "download_file", forbidden)
    far = make_almanac(20450601, KITT_PEAK)
    assert "seconds" in far.note
    assert far.time_of("sunset") is not None


def test_where_the_sun_does_not_set_nothing_is_invented():
    from qltui.sky.ephemeris import make_almanac

    summer = make_almanac(20210621, Place(78.2, 15.6, 10.0))
    assert summer.time_of("sunset") is None
    assert summer.time_of("astronomical_dusk") is None
    assert min(sample.sun for sample in summer.samples) > 0


@pytest.mark.parametrize("place", [Place(91, 0, 0), Place(0, 400, 0), Place(0, 0, 1e5), Place(math.nan, 0, 0)])
def test_a_place_that_is_none_is_refused(place):
    from qltui.sky.ephemeris import make_almanac

    with pytest.raises(ValueError, match="no place on Earth"):
        make_almanac(20201214, place)


def test_a_night_begins_at_local_noon():
    assert datetime.fromtimestamp(local_noon(20191001, 0.0), UTC).hour == 12
    assert local_noon(20191001, -111.6) - local_noon(20191001, 0.0) == pytest.approx(111.6 / 15 * 3600)
    assert local_noon(20191001, 248.4) == pytest.approx(local_noon(20191001, -111.6))
    with pytest.raises(ValueError, match=r"month|day"):
        local_noon(20191345, 0.0)


@pytest.mark.parametrize(
    ("one", "other", "angle"),
    [
        ((0, 0), (90, 0), 90),
        ((10, 20), (10, 20), 0),
        ((0, 90), (123, -90), 180),
        ((359.9999, 0), (0.0001, 0), 0.0002),
        ((45, 60), (45, 60.00001), 0.00001),
    ],
)
def test_separation_is_exact_for_small_and_large_angles(one, other, angle):
    assert separation(*one, *other) == pytest.approx(angle, rel=1e-6, abs=1e-12)


def two(**changes):
    first = Sample(0.0, 10.0, -5.0, 359.0, 10.0, 0.2)
    second = Sample(100.0, 20.0, 5.0, 1.0, 10.0, 0.4)
    return replace(Almanac(20191001, KITT_PEAK, (), (first, second)), **changes)


def test_between_samples_the_moon_goes_the_short_way_around():
    middle = sample_at(two(), 50.0)
    assert (middle.sun, middle.moon) == (15.0, 0.0)
    assert middle.illumination == pytest.approx(0.3)
    assert separation(middle.moon_ra, middle.moon_dec, 0.0, 10.0) < 0.01
    assert sample_at(two(), 100.0).sun == 20.0
    for outside in (-1.0, 101.0):
        assert sample_at(two(), outside) is None


def test_a_separation_needs_a_pointing_and_a_moment_of_the_night():
    assert moon_separation(two(), 0.0, 359.0, 11.0) == pytest.approx(1.0)
    for time, ra, dec in ((200.0, 1.0, 1.0), (0.0, None, 1.0), (0.0, 1.0, None), (0.0, math.nan, 1.0)):
        assert moon_separation(two(), time, ra, dec) is None


def test_what_is_kept_is_read_back_and_nothing_else(tmp_path, almanac):
    path = keep(tmp_path / "sky", almanac)
    assert kept_almanac(tmp_path / "sky", 20201214, KITT_PEAK) == almanac
    assert kept_almanac(tmp_path / "sky", 20201215, KITT_PEAK) is None
    assert kept_almanac(tmp_path / "sky", 20201214, Place(0, 0, 0)) is None
    values = almanac_json(almanac)
    assert almanac_from_json(json.loads(json.dumps(values))) == almanac
    for damaged in ("", "{", "[]", "null", '{"night": 20201214}', json.dumps(values | {"samples": []}), '{"a":' * 5000):
        path.write_text(damaged)
        assert kept_almanac(tmp_path / "sky", 20201214, KITT_PEAK) is None
    path.write_text(json.dumps(values | {"samples": [{**values["samples"][0], "sun": math.nan}] * 2}))
    assert kept_almanac(tmp_path / "sky", 20201214, KITT_PEAK) is None
    path.write_text(" " * 1_100_000)
    assert kept_almanac(tmp_path / "sky", 20201214, KITT_PEAK) is None


def test_the_command_prints_and_keeps(tmp_path):
    done = subprocess.run(command_line(20191001, KITT_PEAK, tmp_path), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    printed = almanac_from_json(json.loads(done.stdout))
    assert printed == kept_almanac(tmp_path, 20191001, KITT_PEAK)
    assert kept_path(tmp_path, 20191001, KITT_PEAK).is_file()


def test_the_command_refuses_what_is_no_night(tmp_path):
    done = subprocess.run(command_line(20191399, KITT_PEAK, tmp_path), capture_output=True, text=True)
    assert done.returncode == 65
    assert "20191399" in done.stderr
    assert not list(tmp_path.iterdir())


def test_an_almanac_is_read_without_astropy():
    code = "import qltui.sky.almanac, qltui.sky.kept, sys; print({'astropy', 'numpy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"
