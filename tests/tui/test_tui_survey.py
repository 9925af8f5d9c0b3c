"""The Survey under keys, on a record with known values: what is drawn, saved and opened."""

from __future__ import annotations

import known
import pytest
from looking import head, rules, said, text
from pressing import press, settle

from qltui.model import Status, Verdict


async def test_the_survey_shows_the_known_nights(started):
    async with started("survey") as (app, _pilot):
        assert "2019-10-01 to 2019-10-02   all programs" in head(app)
        totals = text(app, "totals")
        assert "5 exp in 2 nights" in totals
        assert "3 tiles" in totals
        assert "1.0 h open" in totals
        assert "3  60 %" in totals
        assert "1  20 %" in totals
        assert "targets: not counted here" in totals
        nights = text(app, "nights")
        assert "20191001  DARK        3      2      0.81        0.53     2" in nights
        assert "20191002  BRIGHT      2      1" in nights
        picture = text(app, "map")
        assert picture.count("✖") == 1
        assert picture.count("●") == 2
        assert "+30°" in picture
        assert "Sky by verdict, mollweide" in rules(app)


async def test_keys_of_the_map(started):
    async with started("survey") as (app, pilot):
        await press(app, pilot, "b")
        assert "Sky by program" in rules(app)
        assert "D" in text(app, "map")
        assert app.memory.get("survey.by", "") == "program"
        await press(app, pilot, "j")
        assert "rectangular" in rules(app)
        assert app.memory.get("survey.projection", "") == "rectangular"
        await press(app, pilot, "plus", "plus")
        assert "x4" in rules(app)
        zoom = app.screen.map.view.zoom
        before = app.screen.map.place
        await press(app, pilot, "c")
        assert app.screen.map.view.ra == pytest.approx(before[0], abs=0.5)
        await press(app, pilot, "minus", "minus", "minus")
        assert app.screen.map.view.zoom == 1.0 < zoom
        await press(app, pilot, "left")
        moved = app.screen.map.cursor
        await press(app, pilot, "right", "up", "down")
        assert app.screen.map.cursor == (moved[0] + 1, moved[1])


async def test_the_record_is_asked_once_for_a_map_of_one_size(started, monkeypatch):
    from qltui.tui.screens import survey as module

    asked = []
    original = module.read_survey
    monkeypatch.setattr(module, "read_survey", lambda choice, *rest: asked.append(choice) or original(choice, *rest))
    async with started("survey") as (app, pilot):
        assert [(choice.width, choice.height) for choice in asked] == [app.screen.map.size]
        await press(app, pilot, "minus")
        assert len(asked) == 1, "the whole sky cannot be seen from farther away"
        assert app.screen.map.cursor is not None
        await press(app, pilot, "plus")
        assert len(asked) == 2


async def test_a_view_from_near_goes_along_with_the_cursor(started):
    async with started("survey") as (app, pilot):
        await press(app, pilot, "plus", "plus", "plus")
        first = app.screen.map.view.ra
        await press(app, pilot, *["left"] * 40)
        assert 5 < (app.screen.map.view.ra - first) % 360.0 < 90
        assert app.screen.map.place is not None


async def test_the_cursor_names_fields_and_enter_opens_the_newest_exposure(started, gone):
    async with started("survey") as (app, pilot):
        screen = app.screen
        cell = next(cell for cell, (_, _, keys) in screen.map.raster.dots.items() if 1129 in keys)
        await pilot.click("#map", offset=cell)
        await pilot.pause()
        assert "1129 DARK 2 exp 1,900 s" in text(app, "totals")
        assert "RA" in text(app, "totals")
        found = gone(app)
        await press(app, pilot, "enter")
        ((name, selection),) = found
        assert (name, selection.expid, selection.night) == ("exposure", 3578, 20191001)


async def test_programs_verdicts_and_nights_are_chosen(started):
    async with started("survey") as (app, pilot):
        await press(app, pilot, "p")
        assert "BRIGHT" in head(app)
        assert "2 exp in 1 night" in text(app, "totals")
        await press(app, pilot, "p")
        assert "3 exp in 1 night" in text(app, "totals")
        await press(app, pilot, "escape", "v", "v", "v")
        assert "bad tiles" in head(app)
        assert text(app, "map").count("✖") == 1
        assert "●" not in text(app, "map")
        await press(app, pilot, "escape", "n", "ctrl+u", *"20191002", "enter")
        assert "2019-10-02   all programs" in head(app)
        assert "2 exp in 1 night" in text(app, "totals")
        await press(app, pilot, "n", "ctrl+u", *"never", "enter")
        assert "no range of nights" in said(app)
        await press(app, pilot, "n", "escape")
        assert "2019-10-02" in head(app)


async def test_the_survey_is_saved_and_a_night_is_opened(started, gone, tmp_path):
    async with started("survey", (160, 50)) as (app, pilot):
        await press(app, pilot, "w")
        saved = (tmp_path / "survey-fields.csv").read_text()
        assert saved.splitlines()[0].startswith("field,program,ra [deg]")
        assert "1129,DARK" in saved
        assert "program" in text(app, "programs")
        assert "all" in text(app, "programs")
        app.screen.focus_pane("nights")
        found = gone(app)
        await press(app, pilot, "enter")
        assert [(name, selection.night) for name, selection in found] == [("night", 20191002)]


async def test_more_nights_than_anybody_reads_are_months(started, known_store):
    from dataclasses import replace

    for day in range(230):
        night = 20180000 + 100 * (1 + day // 28) + 1 + day % 28
        exposure = replace(known.exposure_of(3577), night=night, expid=10_000 + day, mtime_ns=day, mjd=58119.0 + day)
        process = known_store.enqueue(known_store.add_exposure(exposure), "NEW", "x", ("b0",))
        known_store.finish_process(process, Verdict(Status.NORMAL, "well"))
    async with started("survey", (120, 40)) as (app, pilot):
        nights = text(app, "nights")
        assert "2019-10" in nights
        assert "2018-09" in nights
        assert "by month" in app.screen.query_one("#nights").table.note
        assert "232 nights" in text(app, "totals"), "months are not counted as nights"
        app.screen.focus_pane("nights")
        await press(app, pilot, "down", "enter")
        assert "2018-09-01 to 2018-09-30" in head(app)
        assert "20180901" in text(app, "nights")


async def test_an_empty_survey_says_so(known_app, tmp_path):
    from qltui.store.record import Store
    from qltui.tui.source import Reader, StoreSource

    (tmp_path / "empty").mkdir()
    Store.open(tmp_path / "empty" / "qltui.db").close()
    source = StoreSource(tmp_path / "empty")
    app = known_app()
    app.reader = Reader(source.get, source.close)
    async with app.run_test(size=(80, 24)) as pilot:
        for name in ("survey", "planning", "conditions"):
            app.go(name)
            await pilot.pause()
            await settle(app, pilot)
            assert "no night yet" in head(app)
        app.go("survey")
        await settle(app, pilot)
        assert "no exposure of the sky" in text(app, "map")
        await press(app, pilot, "n")
        assert "no night in the record yet" in said(app)
    app.reader.close()


@pytest.mark.parametrize("name", ["survey", "planning", "conditions"])
async def test_ascii_and_tiny_terminals(started, name):
    async with started(name, charset="ascii") as (app, pilot):
        assert all(pane.text.isascii() for pane in app.screen._panes)
        await pilot.resize_terminal(60, 15)
        await settle(app, pilot)
        await pilot.resize_terminal(200, 60)
        await settle(app, pilot)
        assert all(len(line) <= 200 for pane in app.screen._panes for line in pane.text.splitlines())
