"""``qltui night``, ``comment`` and ``reprocess`` on the known record."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from qltui.cli import main
from qltui.commands.exit_codes import ExitCode
from qltui.store.record import Store
from qltui.store.views import CommandView

sys.path.insert(0, str(Path(__file__).parents[1] / "tui"))
import known


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    path = tmp_path_factory.mktemp("history")
    known.make_known(path / "qltui.db").close()
    return path


@pytest.fixture
def ask(state, capsys):
    def run(*words):
        code = main([*words, "--state", str(state)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def sent(monkeypatch):
    """Take down what is asked of the engine, and answer in its place."""
    asked = []

    def send(_config, name, arguments=None):
        asked.append((name, dict(arguments or {})))
        return CommandView(1, name, arguments or {}, "Ann", 0.0, "done", 1.0, "done so")

    for module in ("comment", "reprocess"):
        monkeypatch.setattr(f"qltui.commands.{module}.send", send)
    return asked


def test_the_latest_night_and_its_totals(ask):
    code, text, _ = ask("night")
    assert code == ExitCode.OK
    lines = text.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["3580", "3581"]
    assert lines[1].split()[1] == "NORMAL"
    assert lines[-1].split() == ["SCIENCE", "2", "0.17", "1", "0", "0", "1", "0"]


def test_a_range_with_a_filter_as_csv(ask):
    code, text, _ = ask("night", "2019-10-01..2019-10-02", "--filter", "science status>=warning", "--csv")
    assert code == ExitCode.OK
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["expid"], row["flag"], row["check_ccds"], row["check_ccds_status"]) for row in rows] == [
        ("3579", "bad", "2", "ALARM")
    ]
    assert rows[0]["exptime [s]"] == "1000.0"


def test_json_has_local_time_and_the_newest_are_kept(ask):
    _, text, _ = ask("night", "all", "--limit", "3", "--json")
    document = json.loads(text)
    assert [row["expid"] for row in document["rows"]] == [3579, 3580, 3581]
    assert (document["rows"][0]["ut"], document["rows"][0]["local"]) == ("03:40", "20:40")
    assert document["note"] == "3 of 8: there are older ones"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("night", "2019"), "'2019' is no night: give 20191001"),
        (("night", "20191301"), "20191301 is no night"),
        (("night", "--limit", "-1"), "--limit -1"),
        (("night", "--filter", "nowhere>3"), "no column 'nowhere'"),
        (("comment", "79", "--edit", "1"), "--edit 1 needs the new text"),
        (("comment", "79", "words", "--delete", "1"), "--delete takes no text"),
        (("comment", "79", "--reason", "x"), "--reason belongs to a flag"),
        (("reprocess", "79", "--cameras", "q9"), "no camera 'q9'"),
        (("reprocess", "x"), "is no number of an exposure"),
    ],
)
def test_what_cannot_be_meant_is_refused(ask, words, said):
    code, _, error = ask(*words)
    assert code == ExitCode.USAGE
    assert said in error


def test_an_exposure_that_is_not_there(ask):
    code, _, error = ask("comment", "9999", "words")
    assert code == ExitCode.NO_INPUT
    assert "no exposure ends with 9999" in error


def test_comments_and_flags_are_listed(ask):
    _, text, _ = ask("comment", "78", "--json")
    rows = json.loads(text)["rows"]
    assert [(row["kind"], row["author"], row["text"]) for row in rows] == [
        ("comment", "Ann", "clouds in the west"),
        ("flag", "Ben", "good: usable"),
    ]
    _, text, _ = ask("comment", "3574")
    assert "nobody has said anything of exposure 3574 yet" in text


def test_history_of_a_comment_is_listed(tmp_path, capsys):
    with known.make_known(tmp_path / "qltui.db") as store:
        store.edit_comment(1, "Ann", "clouds in the east", now=known.NOW)
        store.delete_comment(1, "Ann", now=known.NOW + 1.0)
    main(["comment", "78", "--json", "--state", str(tmp_path)])
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["kind"], row["text"]) for row in rows] == [
        ("deleted comment", "clouds in the east"),
        ("flag", "good: usable"),
        ("said before", "clouds in the west"),
    ]


def test_what_a_comment_asks_of_the_engine(ask, sent):
    ask("comment", "79", "thin", "clouds")
    ask("comment", "79", "odd pixels", "--process", "6")
    ask("comment", "79", "new", "words", "--edit", "1")
    ask("comment", "79", "--delete", "1")
    code, text, _ = ask("comment", "79", "--flag", "none")
    assert (code, text) == (ExitCode.OK, "flag: done so\n")
    place = {"instrument": "desi", "night": 20191001, "expid": 3579}
    assert sent == [
        ("comment", {**place, "text": "thin clouds"}),
        ("comment", {**place, "process": 6, "text": "odd pixels"}),
        ("edit_comment", {"comment": 1, "text": "new words"}),
        ("delete_comment", {"comment": 1}),
        ("flag", {**place, "value": "", "reason": ""}),
    ]


def test_reprocess_asks_for_each_exposure(ask, sent):
    code, text, _ = ask("reprocess", "77", "3579", "--cameras", "B3,r5")
    assert code == ExitCode.OK
    assert text.splitlines() == ["3577: done so", "3579: done so"]
    assert [(name, item["expid"], item["cameras"]) for name, item in sent] == [
        ("reprocess", 3577, ["b3", "r5"]),
        ("reprocess", 3579, ["b3", "r5"]),
    ]


def test_reprocess_as_csv_has_a_line_for_each_exposure(ask, sent):
    code, text, _ = ask("reprocess", "77", "3579", "--csv")
    assert code == ExitCode.OK
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["night"], row["expid"], row["state"], row["process"]) for row in rows] == [
        ("20191001", "3577", "done", ""),
        ("20191001", "3579", "done", ""),
    ]


@pytest.mark.parametrize("state", ["pending", "refused"])
def test_no_answer_and_a_refusal_are_no_success(known_state, capsys, monkeypatch, state):
    view = CommandView(1, "reprocess", {}, "Ann", 0.0, state, None, "" if state == "pending" else "no")
    monkeypatch.setattr("qltui.commands.reprocess.send", lambda *_: view)
    assert main(["reprocess", "79", "--state", str(known_state)]) == ExitCode.UNAVAILABLE
    assert ("no engine has answered yet" if state == "pending" else "3579: no") in capsys.readouterr().out


@pytest.fixture
def known_state(tmp_path):
    known.make_known(tmp_path / "qltui.db").close()
    return tmp_path


def test_wait_tells_how_it_ended(known_state, capsys, monkeypatch):
    from qltui.model import Status, Trigger, Verdict

    def send(*_):
        with Store.open(known_state / "qltui.db") as store:
            number = store.enqueue(store.exposure_id("desi", 20191001, 3579), Trigger.REPROCESS, "Ann", ("b3",))
            store.start_process(number)
            store.finish_process(number, Verdict(Status.NORMAL, "the camera is good", (), 1, 1))
        return CommandView(1, "reprocess", {}, "Ann", 0.0, "done", 1.0, "in the queue")

    monkeypatch.setattr("qltui.commands.reprocess.send", send)
    assert main(["reprocess", "79", "--wait", "--json", "--state", str(known_state)]) == ExitCode.OK
    result = json.loads(capsys.readouterr().out)[0]
    assert result["process"] == {
        "number": 10,
        "state": "done",
        "status": "NORMAL",
        "headline": "the camera is good",
    }
