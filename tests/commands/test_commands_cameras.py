"""``qltui cameras``: what is reduced, what can be selected, and what the engine is asked for."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from qltui.cli import main
from qltui.commands import cameras as module
from qltui.commands.exit_codes import ExitCode
from qltui.engine.commands import carry_out_all
from qltui.instruments.base import get_instrument
from qltui.store.record import Store
from qltui.store.selections import CameraSelection, selection_in_force

DESI = get_instrument("desi")


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """A record, and somebody who carries out what the command sends; returns the arguments that were sent."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QLTUI_SITE_OBSERVER", "Ann")
    path = tmp_path / "qltui.db"
    Store.open(path).close()
    sent = []

    def send(config, name, arguments):
        sent.append((name, arguments))
        with Store.open(path) as store:
            settings = SimpleNamespace(cameras_off=("z9",), calibration_directory="")
            asked = SimpleNamespace(store=store, instrument=DESI, take_up=lambda: None)
            asked.in_force = SimpleNamespace(settings=settings, selection=store.ask(selection_in_force, DESI))
            number = store.send_command(name, arguments, "Ann")
            carry_out_all(asked)
            return store.command(number)

    monkeypatch.setattr(module, "send", send)
    return sent


@pytest.fixture
def cameras(engine, tmp_path, capsys):
    def run(*words):
        code = main(["cameras", *words, "--state", str(tmp_path)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_all_are_reduced_before_anybody_selects(cameras):
    code, text, _ = cameras()
    assert code == ExitCode.OK
    assert text.splitlines()[0] == "All, 30 of 30 selected"
    rows = json.loads(cameras("show", "--json")[1])["rows"]
    assert [(row["camera"], row["used"], row["arm"]) for row in rows][:2] == [("b0", "yes", "b"), ("b1", "yes", "b")]


def test_a_list_is_selected_and_shown(cameras, tmp_path):
    code, text, _ = cameras("select", "B3,r5", "z9")
    assert code == ExitCode.OK
    assert text == "as chosen: 2 cameras without z9, which the site has switched off, from the next exposure on\n"
    site = tmp_path / "site.toml"
    site.write_text('[cameras]\noff = ["z9"]\n')
    assert cameras("--config", str(site))[1].startswith("as chosen, 2 of 30 selected\n")
    lines = cameras("--csv", "--config", str(site))[1].splitlines()
    assert "r5,yes,,r" in lines
    assert "b0,no,not selected,b" in lines
    assert "z9,no,switched off by the site,z" in lines


def test_a_random_choice_tells_its_seed(cameras, engine):
    assert cameras("select", "--random", "4", "--seed", "42")[1].startswith("Random 4, seed 42: 4 cameras from")
    first = cameras("--csv")[1]
    cameras("select", "all")
    cameras("select", "--random", "4", "--seed", "42")
    assert cameras("--csv")[1] == first
    assert engine[0] == ("select_cameras", {"random": 4, "seed": 42})


def test_what_is_saved_is_listed_selected_and_deleted(cameras):
    assert cameras("save", "Left side", "b0,b1")[1] == "2 cameras are kept as Left side\n"
    listed = cameras("list", "--json")[1]
    assert [(row["name"], row["cameras"], row["kind"], row["who"]) for row in json.loads(listed)["rows"]] == [
        ("All", " ".join(camera.name for camera in DESI.cameras), "preset", ""),
        ("Left side", "b0 b1", "saved", "Ann"),
    ]
    assert cameras("select", "left", "side")[1].startswith("Left side: 2 cameras from")
    assert cameras("delete", "Left", "side")[1] == "the selection Left side is forgotten\n"
    code, _, error = cameras("select", "Left side")
    assert code == ExitCode.DATA
    assert "known: All" in error


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("select",), "which cameras?"),
        (("select", "b3,x9"), "no camera 'x9'"),
        (("select", "b3", "--random", "3"), "either names or --random"),
        (("select", "b3", "--seed", "3"), "--seed goes with --random"),
        (("save",), "which name?"),
        (("save", "Mine"), "which cameras?"),
        (("save", "Mine", "Core"), "no camera 'Core'"),
        (("delete",), "which name?"),
        (("show", "b3"), "takes no name"),
    ],
)
def test_what_cannot_be_meant_is_said_and_nothing_is_sent(cameras, engine, words, said):
    code, _, error = cameras(*words)
    assert (code, said in error) == (ExitCode.USAGE, True), error
    assert engine == []


def test_an_engine_that_does_not_answer_is_said(cameras, monkeypatch):
    monkeypatch.setattr(module, "send", lambda *_: SimpleNamespace(state="pending", answer=""))
    code, _, error = cameras("select", "all")
    assert code == ExitCode.UNAVAILABLE
    assert "the next one will do it" in error


def test_halves_are_told_camera_by_camera():
    table = module.selected_table(DESI, CameraSelection("Halves", ("b0", "b1", "b2"), (("b0", "b2"), ("b1", "b2"))), {})
    assert [row.values[:3] for row in table.rows[:4]] == [
        ("b0", "in turn", "part 1 of 2"),
        ("b1", "in turn", "part 2 of 2"),
        ("b2", "yes", ""),
        ("b3", "no", "not selected"),
    ]
