"""Selecting cameras on the focal plane."""

from __future__ import annotations

import json

import pytest
from pressing import press, settle

from qltui.instruments.base import get_instrument
from qltui.model import Status
from qltui.store import selections
from qltui.store.record import Store
from qltui.tui.app import MonitorApp
from qltui.tui.camera_map import MapPicture, camera_rows, map_lines, map_places, walk
from qltui.tui.source import Reader, StoreSource
from qltui.tui.symbols import get_charset
from qltui.tui.text import plain

DECAM = get_instrument("decam")
ROWS = camera_rows(DECAM)


@pytest.fixture
def imager(tmp_path):
    """An app on an imager's empty record, and the record."""
    path = tmp_path / "state" / "qltui.db"
    path.parent.mkdir()
    source = StoreSource(path.parent)
    reader = Reader(source.get, source.close, source.interrupt)
    with Store.open(path) as store:
        yield MonitorApp(reader, DECAM, charset=get_charset("braille"), poll=False, who="Ann"), store
    reader.close()


def asked(store):
    return [
        (name, json.loads(words))
        for name, words in store._database.sql("SELECT name, arguments FROM command ORDER BY id")
    ]


# -- the map -------------------------------------------------------------------------------------------------------


def test_rows_have_their_true_lengths_and_lie_half_a_camera_apart():
    places = map_places(ROWS, 57, 15)
    lengths = [sum(y == row for _, y, _ in places.values()) for row in range(12)]
    assert lengths == [3, 4, 5, 6, 6, 7, 7, 6, 6, 5, 4, 3]
    pitch = places["S1"][2]
    assert pitch == 8
    assert places["S8"][0] - places["S1"][0] == pitch // 2
    assert places["S25"][0] - places["S20"][0] == pitch // 2
    assert max(x + pitch for x, _, _ in places.values()) <= 57


def test_arrows_walk_to_the_nearest_and_stay_at_the_edge():
    assert walk(ROWS, "S1", -1, 0) == "S1"
    assert walk(ROWS, "S4", 0, 1) == "N4"
    assert walk(ROWS, "S30", 0, -1) == "S30"
    assert walk(ROWS, "S30", 0, 1) in ("S26", "S27")
    assert walk(ROWS, "S24", 0, -1) == "S28"


def test_desi_has_its_arms_as_rows():
    assert [len(row) for row in camera_rows(get_instrument("desi"))] == [10, 10, 10]


def test_signs_tell_what_will_change():
    picture = MapPicture(frozenset({"S29", "S30"}), frozenset({"S29", "S31"}), frozenset({"N4"}), {"S29": Status.ALARM})
    text = [plain(line) for line in map_lines(ROWS, picture, get_charset("braille"), 57, 15)]
    assert text[0].split() == ["[x]S29✖", "[+]S30–", "[-]S31–"]
    assert "[/]N4" in text[6]
    assert "to be left out" in text[-1]


# -- the screen ----------------------------------------------------------------------------------------------------


async def test_an_imagers_cameras_are_ticked_and_asked_for(imager):
    app, store = imager
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.go("cameras")
        await pilot.pause()
        await settle(app, pilot, 3)
        screen = app.screen
        assert "62 CCDs of 62  All" in screen.facts.text
        assert screen.map.text.splitlines()[0].split() == ["[x]S29–", "[x]S30–", "[x]S31–"]
        await press(app, pilot, "p")
        assert screen.head()[0][0] == "10 CCDs selected"
        assert "of 62  Core  enter asks the engine" in screen.facts.text
        assert "[x]S4" in screen.map.text
        assert "[-]S29" in screen.map.text
        await press(app, pilot, "enter")
        await press(app, pilot, "space", "enter")
        assert screen.head()[0][0] == "11 CCDs selected"
        await press(app, pilot, "n", "=7 42", "enter", "enter")
        assert "7 CCDs of 62  Random 7, seed 42" in screen.facts.text
        await press(app, pilot, "o", "enter")
        assert screen.head()[0][0] == "0 CCDs selected"
        await press(app, pilot, "i")
        assert screen.head()[0][0] == "62 CCDs selected"
        found = asked(store)
        core = set(DECAM.presets["Core"])
        assert found[0] == ("select_cameras", {"name": "Core"})
        assert set(found[1][1]["cameras"]) == core | {"S29"}
        assert found[2] == ("select_cameras", {"random": 7, "seed": 42})
        assert len(found) == 3


async def test_what_the_engine_uses_is_read_back(imager):
    app, store = imager
    selections.select_cameras(store._database, selections.make_selection(DECAM, {"name": "Halves"}), "Ben", 1e9)
    kept = selections.make_selection(DECAM, {"name": "Middle", "cameras": ["N4", "S4"]})
    selections.save_selection(store._database, kept, "Ben")
    async with app.run_test(size=(200, 60)) as pilot:
        await pilot.pause()
        app.go("cameras")
        await pilot.pause()
        await settle(app, pilot, 3)
        screen = app.screen
        assert "Halves  in 2 parts that take turns by Ben" in screen.facts.text
        assert "BKP3" in screen.map.text
        await press(app, pilot, "tab", "end", "enter")
        assert screen.head()[0][0] == "2 CCDs selected"
        await press(app, pilot, "enter")
        await press(app, pilot, "S", "=Pair", "enter")
        await press(app, pilot, "tab", "D", "y")
        assert asked(store) == [
            ("select_cameras", {"name": "Middle"}),
            ("save_selection", {"name": "Pair", "cameras": ["S4", "N4"]}),
            ("delete_selection", {"name": "Middle"}),
        ]
        await press(app, pilot, "u")
        assert screen.head()[0][0] == "62 CCDs selected"


async def test_the_mouse_ticks(imager):
    app, _ = imager
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.go("cameras")
        await pilot.pause()
        await settle(app, pilot, 3)
        screen = app.screen
        x, y, _ = map_places(ROWS, *screen.map.size)["N31"]
        await pilot.click("#map", offset=(x + 3, y))
        await settle(app, pilot, 1)
        assert "[-]N31" in screen.map.text
        assert screen.map.cursor == "N31"
