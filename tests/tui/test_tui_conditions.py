"""Conditions under keys, on a record with known values: what is drawn, saved and opened."""

from __future__ import annotations

from almanacs import PLACE, made_up_almanac
from looking import head, rules, said, text
from pressing import press

from qltui.tui.screens.conditions_question import AlmanacError


async def test_conditions_of_a_known_night(started):
    async with started("conditions", (120, 40)) as (app, pilot):
        assert "night 2019-10-02" in head(app)
        await press(app, pilot, "comma")
        assert "night 2019-10-01" in head(app)
        almanac = text(app, "almanac")
        assert "UT    01:00" in almanac
        assert "local 18:00" in almanac
        assert "25 % lit" in almanac
        assert "05:00" in almanac
        exposure = text(app, "exposure")
        assert "3579 ✖ SCIENCE DARK  tile 1130   03:40 UT  20:40 local" in exposure
        assert "Seeing 1.08 arcsec SEEING" in exposure
        assert "Humidity 31 % HUMIDITY" in exposure
        assert "not in the headers: transparency" in exposure
        strips = text(app, "strips")
        assert "Seeing [arcsec]   1.08   0.98 - 1.03 - 1.08  lowest, median, highest of 6" in strips
        assert "Sky continuum of r, measured [e-/A]" in strips
        assert "Conditions of 6 exposures" in rules(app)
        await press(app, pilot, "left")
        assert "3578 ●" in text(app, "exposure")
        await press(app, pilot, "home")
        assert "3574" in text(app, "exposure")
        assert "from it" not in text(app, "exposure")
        await press(app, pilot, "end", "right_square_bracket", "left_square_bracket")
        assert "3578" in text(app, "exposure")
        await press(app, pilot, "full_stop", "full_stop")
        assert "night 2019-10-02" in head(app)
        assert "no later night" in said(app)


async def test_the_moon_is_as_far_from_the_pointing_as_it_is(started):
    async with started("conditions", (120, 40)) as (app, pilot):
        await press(app, pilot, "comma", "left")
        # 3578 looks at RA 80, Dec 30, where this moon stands.
        assert "0° from it" in text(app, "exposure")
        assert "moon +20° 25 %" in text(app, "exposure")


async def test_quantities_come_by_key_and_the_night_is_saved(started, gone, tmp_path):
    async with started("conditions") as (app, pilot):
        await press(app, pilot, "comma")
        assert text(app, "strips").splitlines()[0].strip().startswith("Seeing")
        await press(app, pilot, "down")
        assert text(app, "strips").splitlines()[0].strip().startswith("Airmass")
        await press(app, pilot, "m", "M", "up", "up")
        assert text(app, "strips").splitlines()[0].strip().startswith("Seeing")
        await press(app, pilot, "w")
        rows = (tmp_path / "conditions-20191001.csv").read_text().splitlines()
        assert len(rows) == 7
        assert "separation [deg]" in rows[0]
        assert rows[4].startswith("3577,03:00:00,20:00:00,SCIENCE,DARK,1129,1000.0")
        found = gone(app)
        await press(app, pilot, "enter")
        assert [(name, selection.expid) for name, selection in found] == [("exposure", 3579)]


async def test_nights_are_chosen_and_the_whole_day_shown(started):
    async with started("conditions", (120, 40)) as (app, pilot):
        await press(app, pilot, "n", "ctrl+u", *"20191001", "enter")
        assert "night 2019-10-01" in head(app)
        await press(app, pilot, "n", "ctrl+u", *"someday", "enter")
        assert "is no night" in said(app)
        await press(app, pilot, "t")
        assert "not in this range" not in rules(app)
        await press(app, pilot, "l")
        assert "night 2019-10-02" in head(app)


async def test_an_almanac_that_is_not_kept_is_reckoned_beside_the_viewer(started, sky_directory, monkeypatch):
    for path in sky_directory.iterdir():
        path.unlink()
    asked = []

    async def reckon(night, place, _directory):
        asked.append((night, place))
        return made_up_almanac(night)

    monkeypatch.setattr("qltui.tui.screens.conditions.reckon", reckon)
    async with started("conditions", (120, 40)) as (app, _pilot):
        assert asked == [(20191002, PLACE)]
        assert "25 % lit" in text(app, "almanac")
        assert "sun" in text(app, "exposure")


async def test_why_there_is_no_almanac_is_said(started, sky_directory, monkeypatch):
    for path in sky_directory.iterdir():
        path.unlink()

    async def reckon(_night, _place, _directory):
        raise AlmanacError("astropy is not installed")

    monkeypatch.setattr("qltui.tui.screens.conditions.reckon", reckon)
    async with started("conditions", (120, 40)) as (app, _pilot):
        assert "no sun and moon: astropy is not installed" in text(app, "almanac")
        assert "Sun and moon [deg]   not known yet" in text(app, "strips")
        assert "Seeing [arcsec]" in text(app, "strips")
