"""``qltui log`` on a known record."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "tui"))

import known

from qltui.cli import main
from qltui.commands import log as command
from qltui.store.log_pages import LogChoice
from qltui.store.record import Store


@pytest.fixture
def state(tmp_path, monkeypatch):
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    directory = tmp_path / "state"
    directory.mkdir()
    known.make_known(directory / "qltui.db").close()
    return directory


def run(state, capsys, *words):
    code = main(["log", *words, "--state", str(state)])
    return code, capsys.readouterr()


def test_the_last_digits_and_a_camera(state, capsys):
    code, out = run(state, capsys, "79", "R5")
    assert code == 0
    assert out.out == "2019-10-02 03:58:21  ERROR 3579 r5: killed after 120 s in CHECK FIBERS\n"


def test_without_a_number_the_latest_is_meant(state, capsys):
    assert run(state, capsys)[1].out == "nothing was logged of it\n"
    assert "Exposure 3580 ended" in run(state, capsys, "3580")[1].out


def test_all_by_level_as_csv_and_json(state, capsys):
    lines = run(state, capsys, "--all", "--level", "alarm", "--csv")[1].out.splitlines()
    assert [line.split(",")[1] for line in lines[1:]] == ["alarm", "error"]
    document = json.loads(run(state, capsys, "--all", "--search", "KILLED", "--json")[1].out)
    assert [row["camera"] for row in document["rows"]] == ["r5"]
    assert len(run(state, capsys, "--all", "--lines", "3")[1].out.splitlines()) == 3


@pytest.mark.parametrize("words", [["79", "q1"], ["--follow", "--csv"], ["--lines", "0"], ["x"]])
def test_what_makes_no_sense_is_refused(state, capsys, words):
    with pytest.raises(SystemExit) if "--lines" in words else _nothing():
        assert run(state, capsys, *words)[0] == 64


def _nothing():
    import contextlib

    return contextlib.nullcontext()


def test_follow_prints_what_comes_and_nothing_else(state, capsys, monkeypatch):
    with Store.open(state / "qltui.db") as store, Store.open(state / "qltui.db", read_only=True) as reader:
        began = threading.Event()

        def pause(_seconds):
            if began.is_set():
                raise KeyboardInterrupt
            began.set()
            store.log("info", "quiet", 3581)
            store.log("warning", "a cloud", 3581, "b0", process=10)

        monkeypatch.setattr(command.time, "sleep", pause)
        assert command.follow(reader, LogChoice(level="warning"), as_json=True) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["text"] == "a cloud"
