"""Whole screens of an imager with 62 CCDs, by day, and at night in red alone."""

from __future__ import annotations

import known_imager as known
import pytest
from goldens import assert_as_kept, assert_only_red
from pressing import settle

from qltui.tui.selection import Selection

SCREENS = ("monitor", "exposure", "metric", "night", "cameras", "viewer")
SIZES = {"80x24": (80, 24), "200x60": (200, 60)}


@pytest.mark.parametrize("size", SIZES)
async def test_screens_of_an_imager_are_as_kept(size, imager_app, imager_store, request):
    update = request.config.getoption("--snapshot-update")
    process = imager_store.process_numbers(expid=2012)[0]
    app = imager_app()
    async with app.run_test(size=SIZES[size]) as pilot:
        await settle(app, pilot, 2)
        for name in SCREENS:
            chosen = Selection(process, 2012, known.NIGHT, "N24", "DETREND", "BIAS_AMP", "A")
            app.go(name, chosen)
            await pilot.pause()
            await settle(app, pilot, 3)
            assert app.current_mode == name
            assert_as_kept(app, f"imager-{name}-{size}", update=update)
            app.theme = "night-red"
            await settle(app, pilot, 1)
            assert_only_red(app)
            app.theme = "day"
