"""Statistics of the nights on the Night screen, and the same on the command line, of the record with known values."""

from __future__ import annotations

import json

import known
from pressing import settle

from qltui.cli import main


async def test_statistics_take_the_place_of_the_map_and_go_again(started):
    async with started("night") as (app, pilot):
        app.screen.arrive(type("S", (), {"night": 20191001, "expid": 3579})())
        await settle(app, pilot, 3)
        assert app.screen.query_one("#map").display
        await pilot.press("S")
        await settle(app, pilot, 3)
        assert not app.screen.query_one("#map").display
        time, quantities = (app.screen.query_one(name).text for name in ("#time", "#quantities"))
        (science,) = [line.split() for line in time.splitlines() if line.split()[:1] == ["SCIENCE"]]
        # 1000 + 900 + 1000 s; starts are 1200 s apart: 200 + 300 s between.
        assert science[:6] == ["SCIENCE", "DARK", "3", "0.81", "0.14", "250"]
        (sky,) = [line.split() for line in quantities.splitlines() if line.split()[:1] == ["Sky"]]
        values = sorted(known.sky_of(expid, name) for expid in (3577, 3578, 3579) for name in known.NAMES
                        if (expid, name) != (3579, "z8"))  # fmt: skip
        assert sky[:5] == ["Sky", "continuum", "e-/A", "DARK", str(len(values))]
        assert float(sky[5]) == round(values[0], 1)
        assert app.memory.get("night.statistics", default=False) is True
        await pilot.press("S")
        await settle(app, pilot, 3)
        assert app.screen.query_one("#map").display


def test_the_command_prints_the_same(known_store, capsys):
    words = ["night", "20191001", "--statistics", "--state", str(known_store.path.parent)]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert text.startswith("night 20191001\n")
    assert "SCIENCE  DARK" in text
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (row,) = [row for row in found["statistics-time"]["rows"] if row["obstype"] == "SCIENCE"]
    assert round(row["gap_median"], 3) == 250.0
    assert row["exposures"] == 3
    assert main([*words, "--csv"]) == 0
    assert "open [h]" in capsys.readouterr().out
