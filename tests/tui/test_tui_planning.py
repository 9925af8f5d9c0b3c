"""Planning under keys, on a record with known values: what is listed, compared, saved and opened."""

from __future__ import annotations

import json

import pytest
from looking import head, rules, said, text
from pressing import press, settle

from qltui.tui.memory import Memory


async def test_planning_lists_what_should_be_repeated(started):
    async with started("planning", (120, 40)) as (app, pilot):
        tiles = text(app, "tiles")
        assert "1130  DARK     bad ✖" in tiles
        assert "1131  BRIGHT   1 not judged yet" in tiles
        assert "1129" not in tiles
        assert "2 of 3 to repeat: open-shutter time of usable exposures below 1000 s" in tiles
        await press(app, pilot, "tab", "v")
        assert "done" in text(app, "tiles")
        await press(app, pilot, "G", "ctrl+u", *"2500", "enter")
        assert "shallow: 1900 of 2500 s" in text(app, "tiles")
        assert app.memory.get("planning.goal", 0.0) == 2500.0
        await press(app, pilot, "G", "ctrl+u", *"much", "enter")
        assert "no exposure time" in said(app)
        await press(app, pilot, "u")
        assert "by effective time" in rules(app)
        assert "depth of 2 of 2 exposures is not known" in text(app, "tiles")


async def test_planning_lists_the_exposures_of_a_tile_and_opens_one(started, gone):
    async with started("planning", (120, 40)) as (app, pilot):
        exposures = text(app, "exposures")
        assert "3579  20191001  1130  DARK" in exposures
        assert "alarm" in exposures
        app.screen.focus_pane("tiles")
        await press(app, pilot, "enter")
        assert "Exposures of 1130" in rules(app)
        assert "3577" not in text(app, "exposures")
        app.screen.focus_pane("exposures")
        found = gone(app)
        await press(app, pilot, "enter")
        assert [(name, selection.expid) for name, selection in found] == [("exposure", 3579)]
        await press(app, pilot, "escape")
        assert "3577" in text(app, "exposures")
        app.screen.focus_pane("nights")
        await press(app, pilot, "enter")
        assert found[-1][0] == "night"


async def test_planning_remembers_nights_and_program(started, known_store):
    memory = Memory()
    async with started("planning", memory=memory) as (app, pilot):
        await press(app, pilot, "n", "ctrl+u", *"20191002", "enter")
        assert "2019-10-02   all programs" in head(app)
        await press(app, pilot, "p")
        assert "BRIGHT" in head(app)
        await press(app, pilot, "n", "ctrl+u", *"soon", "enter")
        assert "no range of nights" in said(app)
    assert memory.get("planning.nights", "") == "20191002"
    async with started("planning", memory=memory) as (app, _pilot):
        assert "2019-10-02" in head(app)
    memory.set("planning.nights", "rubbish")
    async with started("planning", memory=memory) as (app, _pilot):
        assert "2019-09-03 to 2019-10-02" in head(app)


async def test_offline_results_stand_beside_ours(started, tmp_path):
    path = tmp_path / "off.csv"
    path.write_text("EXPID,CAMERA,QA,COMMENT\n3577,,good,\n3579,,good,fine\n4000,b0,bad,\nx,,good,\n")
    async with started("planning", (160, 50)) as (app, pilot):
        await press(app, pilot, "i")
        app.screen.dismiss(str(path))
        await settle(app, pilot)
        assert "3 results from off.csv; 1 rows without the number" in said(app)
        assert "off.csv: 1 difference" in rules(app)
        first = text(app, "exposures").splitlines()[1]
        assert "3579" in first
        assert "differs" in first
        assert "fine" in first
        assert "not ours" in text(app, "exposures")
        await press(app, pilot, "I")
        assert "i reads offline results" in rules(app)
        assert "differs" not in text(app, "exposures")


async def test_what_cannot_be_imported_is_said(started, tmp_path):
    path = tmp_path / "off.csv"
    path.write_text("A,B\n1,2\n")
    async with started("planning", (160, 50)) as (app, pilot):
        for name, words in ((str(path), "has no number of an exposure"), (str(tmp_path / "none.csv"), "is no file")):
            await press(app, pilot, "i")
            app.screen.dismiss(name)
            await settle(app, pilot)
            assert "not imported" in said(app)
            assert words in said(app)


@pytest.mark.parametrize(("key", "suffix"), [("c", "csv"), ("e", "ecsv"), ("t", "txt"), ("j", "json")])
async def test_the_list_is_exported_ticked_rows_alone(started, tmp_path, key, suffix):
    async with started("planning", (120, 40)) as (app, pilot):
        app.screen.focus_pane("tiles")
        await press(app, pilot, "W", key)
        whole = (tmp_path / f"plan.{suffix}").read_text()
        assert "1130" in whole
        assert "1131" in whole
        assert f"plan.{suffix}" in said(app)
        await press(app, pilot, "space", "W", key)
        ticked = (tmp_path / f"plan-1.{suffix}").read_text()
        assert "1130" in ticked
        assert "1131" not in ticked
        if suffix == "json":
            assert json.loads(ticked)
