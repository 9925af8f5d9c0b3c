"""Histories that have a name: data of each instrument, taken in turn by one key."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pressing import settle

from qltui.instruments.base import get_instrument, instrument_names
from qltui.tables.trend_choice import COLOURS, TIME, TrendChoice
from qltui.tui.screens.trend_choosing import next_preset
from qltui.tui.screens.trends import TrendsScreen
from qltui.tui.selection import Selection
from qltui.tui.trend_model import default_choice, preset_choice


@pytest.mark.parametrize("name", instrument_names())
def test_presets_name_what_the_instrument_has(name):
    instrument = get_instrument(name)
    names = {metric.name for metric in instrument.metrics}
    assert instrument.trend_presets
    for preset in instrument.trend_presets:
        assert preset.metric in names
        assert preset.x == TIME or preset.x in names
        assert preset.colour in COLOURS
        assert set(preset.cameras) <= set(instrument.tasks)


def test_an_imager_tells_filters_apart():
    presets = get_instrument("decam").trend_presets
    assert [(preset.metric, preset.colour) for preset in presets] == [
        ("FWHM", "program"),
        ("BACKGROUND", "program"),
        ("NUMBER_COUNTS", "program"),
    ]


def test_presets_are_taken_in_turn_whatever_nights_are_chosen():
    presets = get_instrument("decam").trend_presets
    choice = TrendChoice(y="NOISE_AMP", cameras=("S4",), elements=("A",), recent=7)
    seen = []
    for _ in range(len(presets) + 1):
        preset = next_preset(presets, choice)
        seen.append(preset)
        choice = replace(choice, **preset_choice(preset))
    assert seen == [*presets, presets[0]]
    assert choice.cameras == choice.elements == ()
    assert choice.recent == 7
    assert next_preset((), choice) is None


@pytest.mark.asyncio
async def test_the_key_draws_the_next_preset(known_app):
    app = known_app()
    async with app.run_test(size=(80, 24)) as pilot:

        async def settle():
            for _ in range(2):
                await pilot.pause()
                await app.workers.wait_for_complete()
            await pilot.pause()

        await settle()
        app.go("trends", Selection(metric="XYSHIFTS", camera="b2"))
        await settle()
        screen = app.screen_stack[0]
        assert isinstance(screen, TrendsScreen)
        titles = []
        for _ in range(2):
            await pilot.press("P")
            await settle()
            titles.append((screen.choice.y, screen.choice.colour, screen.choice.cameras, screen.trend.title))
        assert [title[:3] for title in titles] == [("SKYCONT", "program", ()), ("NOISE_AMP", "element", ())]
        assert "SKYCONT" in titles[0][3]
        assert "NOISE_AMP" in titles[1][3]


async def test_time_is_labelled_by_modified_julian_date_and_kept(started):
    async with started("trends") as (app, pilot):
        await settle(app, pilot, 3)
        await pilot.press("t", "t", "t", "t")
        await settle(app, pilot, 3)
        assert app.screen.query_one("#chart").text.rstrip().endswith("UT")
        await pilot.press("J")
        await settle(app, pilot, 3)
        axis = app.screen.query_one("#chart").text.rstrip().splitlines()[-1]
        assert axis.rstrip().endswith("MJD")
        labels = [float(word) for word in axis.replace("└", " ").split()[:-1]]
        # 2019-10-02 to 03.
        assert labels
        assert all(58757.9 < label < 58760.1 for label in labels)
        assert app.memory.get("trends.view", {})["mjd"] is True


def test_an_imager_takes_56000_off_and_begins_with_the_psf():
    decam = get_instrument("decam")
    assert decam.mjd_zero == 56000.0
    assert default_choice(decam).y == "FWHM"
    assert default_choice(decam).colour == "program"
    assert default_choice(get_instrument("desi")).colour == "element"
