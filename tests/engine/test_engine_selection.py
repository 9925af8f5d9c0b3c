"""Which cameras are reduced: asked for by name, list or chance, kept under a name, taken in turn."""

from __future__ import annotations

# ruff: noqa: F811 - fixtures are imported, and asked for by the same names
import dataclasses

import pytest
from imager_fakes import CAMERAS, INSTRUMENT, exposure_file
from test_engine_field import command, data, settings, start, view_of  # noqa: F401 - fixtures

from qltui.instruments.base import get_instrument
from qltui.model import Status
from qltui.store.record import Store
from qltui.store.selections import (
    CameraSelection,
    make_selection,
    save_selection,
    saved_selections,
    select_cameras,
    selection_in_force,
)
from qltui.tables.result import result_json

DESI = get_instrument("desi")


def reduced(view):
    return {name for name, camera in view.cameras.items() if camera.status is Status.NORMAL}


# -- what can be asked for -------------------------------------------------------------------------------------------


def test_presets_lists_and_saved_ones_are_found():
    core = make_selection(INSTRUMENT, {"name": " core "})
    assert (core.name, core.cameras, core.words()) == ("Core", ("N1", "S1"), "Core")
    assert make_selection(INSTRUMENT, {"name": "ALL"}).cameras == CAMERAS
    chosen = make_selection(INSTRUMENT, {"cameras": ["S2", "N1", "S2"]})
    assert (chosen.name, chosen.cameras) == ("as chosen", ("N1", "S2"))
    saved = [CameraSelection("Mine", ("N2",))]
    assert make_selection(INSTRUMENT, {"name": "mine"}, saved) == saved[0]
    assert make_selection(DESI, {"name": "All"}).cameras == tuple(camera.name for camera in DESI.cameras)


def test_halves_are_taken_in_turn():
    halves = make_selection(INSTRUMENT, {"name": "halves"})
    assert [halves.of_turn(turn) for turn in (0, 1, 2)] == [("N1", "S2"), ("N2", "S1"), ("N1", "S2")]
    assert (halves.words(), halves.words(1)) == ("Halves", "Halves, 2 of 2")
    assert halves.cameras == CAMERAS


def test_a_random_choice_has_a_seed_that_repeats_it_and_leaves_out_what_is_off():
    first = make_selection(INSTRUMENT, {"random": 2})
    again = make_selection(INSTRUMENT, {"random": 2, "seed": first.seed})
    assert first.cameras == again.cameras
    assert len(first.cameras) == 2
    assert first.words() == f"Random 2, seed {first.seed}"
    for seed in range(20):
        assert "N1" not in make_selection(INSTRUMENT, {"random": 3, "seed": seed}, off=("N1",)).cameras
    choices = {make_selection(INSTRUMENT, {"random": 2, "seed": seed}).cameras for seed in range(50)}
    assert len(choices) == 6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "core2"}, "no selection is called 'core2'; known: All, Core, North, Halves"),
        ({}, "no selection is called"),
        ({"name": 7}, "name must be a text"),
        ({"name": "x" * 41}, "at most 40 characters"),
        ({"cameras": []}, "with one at least"),
        ({"cameras": "N1"}, "must be a list"),
        ({"cameras": ["N1", "X\x1b[2J"]}, "no camera is called"),
        ({"cameras": [["N1"]]}, "no camera is called"),
        ({"random": 0}, "how many of 4 cameras"),
        ({"random": True}, "how many of 4 cameras"),
        ({"random": 5}, "how many of 4 cameras"),
        ({"random": 2, "seed": "x"}, "seed must be a whole number"),
        ({"random": 2, "seed": -1}, "seed must be a whole number"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(arguments, words):
    with pytest.raises(ValueError, match=words.replace("[", r"\[")):
        make_selection(INSTRUMENT, arguments)


# -- in the record ---------------------------------------------------------------------------------------------------


def test_the_record_keeps_what_is_selected_and_what_is_saved(tmp_path):
    with Store.open(tmp_path / "qltui.db") as store:
        assert store.ask(selection_in_force, INSTRUMENT) == CameraSelection("All", CAMERAS)
        for arguments in ({"name": "Core"}, {"name": "Halves"}, {"random": 2, "seed": 7}, {"cameras": ["S2"]}):
            selection = make_selection(INSTRUMENT, arguments)
            store.tell(select_cameras, selection, "ada", now=5.0)
            assert store.ask(selection_in_force, INSTRUMENT) == dataclasses.replace(selection, who="ada", time=5.0)
        store.tell(save_selection, CameraSelection("b", ("N1",)), "ada", now=1.0)
        store.tell(save_selection, CameraSelection("A", ("N2",)), "bob", now=2.0)
        store.tell(save_selection, CameraSelection("b", ("S1",)), "bob", now=3.0)
        kept = store.ask(saved_selections, INSTRUMENT)
        assert [(item.name, item.cameras, item.who) for item in kept] == [("A", ("N2",), "bob"), ("b", ("S1",), "bob")]
        assert store.ask(saved_selections, DESI) == ()


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "7", "null", "{}", '{"cameras": 7}', '{"cameras": ["X9"]}', '{"cameras": {"N1": 1}}'),
        *('{"cameras": ["N1"], "halves": 7}', '{"cameras": ["N1"], "halves": [["S1"]]}'),
        pytest.param("[" * 5000, id="deep"),
    ],
)
def test_what_others_wrote_into_the_record_leaves_no_camera_out(tmp_path, content):
    with Store.open(tmp_path / "qltui.db") as store:
        store.tell(lambda database: database.write_sql(
            "INSERT INTO decision (name, value, who, time) VALUES ('cameras', ?, 'x', 1)", (content,)))  # fmt: skip
        store.tell(lambda database: database.write_sql(
            "INSERT INTO camera_selection (name, content, who, time) VALUES ('a', ?, 'x', 1)", (content,)))  # fmt: skip
        assert store.ask(selection_in_force, INSTRUMENT).cameras == CAMERAS
        assert store.ask(saved_selections, INSTRUMENT) == ()


# -- in the night ----------------------------------------------------------------------------------------------------


def test_the_selection_holds_from_the_next_exposure_on(start, settings, data):
    engine = start(cameras_off=("S1",))
    engine.until("Engine started")
    exposure_file(data, 1)
    engine.until("Exposure 1 is ready")
    command(settings, "select_cameras", name="core")
    line = engine.until("select_cameras asked for by ada")
    assert line.text.endswith("Core: 1 camera without S1, which the site has switched off, from the next exposure on")
    exposure_file(data, 2)
    engine.until("Exposure 2 is ready")
    with Store.open(settings.database, read_only=True) as store:
        shown = store.engine()
        assert (shown.selection, shown.selected) == ("Core", ("N1",))
    second = view_of(settings, 2)
    assert reduced(second) == {"N1", "FIELD"}
    assert (second.cameras["N2"].status, second.cameras["N2"].reason) == (Status.NOT_EXPECTED, "not selected (Core)")
    assert second.cameras["S1"].reason == "switched off by the site"
    assert second.verdict.headline == "the camera is good"
    # What an observer names is reduced whatever is selected; without a name it is the selection.
    command(settings, "reprocess", expid=1, cameras=["N2", "S2"])
    engine.until("Exposure 1 is ready", count=2)
    assert reduced(view_of(settings, 1)) == {"N2", "S2", "FIELD"}
    command(settings, "reprocess", expid=1)
    engine.until("Exposure 1 is ready", count=3)
    assert reduced(view_of(settings, 1)) == {"N1", "FIELD"}
    for arguments in ({"name": "nothing"}, {"cameras": ["S1"]}):
        command(settings, "select_cameras", **arguments)
    engine.until("select_cameras refused", count=2)
    engine.stop()
    # The next engine goes on with it.
    exposure_file(data, 3)
    start(once=True).end()
    assert reduced(view_of(settings, 3)) == {"N1", "S1", "FIELD"}


def test_halves_sample_all_cameras_of_every_filter(start, settings, data):
    with Store.open(_made(settings)) as store:
        store.tell(select_cameras, make_selection(INSTRUMENT, {"name": "Halves"}), "ada")
    for expid in range(1, 5):
        exposure_file(data, expid, program="g" if expid % 2 else "r")
    start(once=True).end()
    first, second = {"N1", "S2", "FIELD"}, {"N2", "S1", "FIELD"}
    assert [reduced(view_of(settings, expid)) for expid in (1, 2, 3, 4)] == [first, first, second, second]
    assert view_of(settings, 3).cameras["N1"].reason == "not selected (Halves, 2 of 2)"


@pytest.mark.parametrize("name", ["Core", "Halves"])
def test_calibrations_are_reduced_of_all_cameras_whatever_is_selected(start, settings, data, name):
    with Store.open(_made(settings)) as store:
        store.tell(select_cameras, make_selection(INSTRUMENT, {"name": name}), "ada")
    for expid, obstype in enumerate(("ZERO", "ZERO", "FLAT", "FLAT", "SCIENCE"), 1):
        exposure_file(data, expid, obstype=obstype)
    engine = start()
    for expid in range(1, 6):
        engine.until(f"Exposure {expid} is ready")
    for expid in (1, 2, 3, 4):
        assert reduced(view_of(settings, expid)) == set(CAMERAS)
    science = view_of(settings, 5)
    chosen = {"N1", "S1" if name == "Core" else "S2"}
    assert reduced(science) == {*chosen, "FIELD"}
    used = result_json(science.exposure, science.verdict, science.cameras, INSTRUMENT)
    assert used["used"] == sorted(chosen)
    words = "Core" if name == "Core" else "Halves, 1 of 2"
    assert used["not_used"] == dict.fromkeys(sorted(set(CAMERAS) - chosen), f"not selected ({words})")
    command(settings, "reprocess", expid=4)
    engine.until("Exposure 4 is ready", count=2)
    assert reduced(view_of(settings, 4)) == set(CAMERAS)


def test_saved_selections_are_used_and_forgotten(start, settings, data):
    engine = start()
    engine.until("Engine started")
    for name, arguments in (
        ("save_selection", {"name": "Mine", "cameras": ["S2"]}),
        ("save_selection", {"name": "core", "cameras": ["S2"]}),
        ("save_selection", {"name": "", "cameras": ["S2"]}),
        ("save_selection", {"name": "Dice", "random": 3, "seed": 1}),
        ("select_cameras", {"name": "mine"}),
        ("delete_selection", {"name": "Mine"}),
        ("delete_selection", {"name": "Mine"}),
    ):
        command(settings, name, **arguments)
    engine.until("delete_selection refused")
    assert sum("refused" in text for text in engine.texts) == 3
    with Store.open(settings.database, read_only=True) as store:
        assert [item.words() for item in store.ask(saved_selections, INSTRUMENT)] == ["Dice, seed 1"]
    exposure_file(data, 1)
    engine.until("Exposure 1 is ready")
    assert reduced(view_of(settings, 1)) == {"S2", "FIELD"}


def test_interrupted_it_goes_on_with_the_cameras_that_it_began_with(start, settings, data, tmp_path):
    gate = tmp_path / "gate"
    with Store.open(_made(settings)) as store:
        store.tell(select_cameras, make_selection(INSTRUMENT, {"name": "North"}), "ada")
    exposure_file(data, 1, do={"N2": f"wait:{gate}"})
    engine = start()
    engine.until("N1 SOURCES ended")
    engine.until("N2 DETREND ended")
    command(settings, "select_cameras", name="All")
    engine.until("select_cameras asked for")
    engine.stop()
    gate.touch()
    start(once=True).end()
    view = view_of(settings, 1)
    assert reduced(view) == {"N1", "N2", "FIELD"}
    assert view.cameras["S1"].reason == "not selected (North)"


def _made(settings):
    settings.state.mkdir(exist_ok=True)
    return settings.database
