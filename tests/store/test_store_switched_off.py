"""What is switched off is what the engine says, from its settings and its last beat."""

from __future__ import annotations

import pytest

from qltui.model import Exposure, Trigger
from qltui.store.record import Store
from qltui.store.selections import CameraSelection
from qltui.store.switched_off import switched_off
from qltui.store.views import EngineView


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "qltui.db") as opened:
        yield opened


def begin(store, content):
    exposure = store.add_exposure(Exposure("decam", 20130830, 1, "ZERO", "/data/1", cameras=("S1", "S2")), now=1.0)
    settings = store.configuration(content, "site")
    store.enqueue(exposure, Trigger.NEW, "engine", ("S1", "S2"), settings, "0.1.0", None, now=1.0)


SELECTION = CameraSelection("three", ("S1", "S2", "S3"))


def off(store):
    return store.ask(switched_off, SELECTION, ("S9",))


def test_before_an_engine_has_run_the_own_settings_hold(store):
    assert off(store) == {"S9"}


def test_settings_of_the_newest_process_hold(store):
    begin(store, '[cameras]\noff = ["S2", "N7"]\n')
    assert off(store) == {"S2", "N7"}


def test_what_the_beat_leaves_out_of_the_selection_is_off_and_what_it_takes_is_not(store):
    begin(store, '[cameras]\noff = ["S2", "N7"]\n')
    store.beat(EngineView("idle", selection=SELECTION.words(), selected=("S1", "S2")), now=2.0)
    assert off(store) == {"S3", "N7"}


def test_a_beat_about_another_selection_says_nothing_of_this_one(store):
    begin(store, '[cameras]\noff = ["S2"]\n')
    store.beat(EngineView("idle", selection="another", selected=("S1",)), now=2.0)
    assert off(store) == {"S2"}


@pytest.mark.parametrize("content", ["not = [toml", "[cameras]\noff = 3\n", "cameras = 2\n", ""])
def test_settings_that_say_nothing_are_no_settings(store, content):
    begin(store, content)
    assert off(store) == {"S9"}
