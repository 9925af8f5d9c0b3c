"""``qltui limits``: show, check and set, with and without a record."""

from __future__ import annotations

import json

import pytest

from qltui.cli import main
from qltui.commands.exit_codes import ExitCode
from qltui.engine.lock import engine_lock
from qltui.model import CameraReport, Exposure, Judgement, Status, StepReport, Trigger, Verdict
from qltui.store import versions
from qltui.store.record import Store


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QLTUI_SITE_OBSERVER", "Ann")
    return tmp_path / "state"


@pytest.fixture
def limits(state, capsys):
    def run(*words):
        code = main(["limits", *words, "--state", str(state)])
        return code, capsys.readouterr()

    return run


@pytest.fixture
def judged(state):
    """A record with one exposure whose b3 C has 1.7 e- more than its header says."""
    state.mkdir()
    with Store.open(state / "qltui.db") as store:
        number = store.add_exposure(Exposure("desi", 20191001, 3579, "SCIENCE", "/d/1", mjd=58757.9))
        process = store.enqueue(number, Trigger.NEW, "ada", ("b3",))
        store.start_process(process)
        store.start_job(process, "b3")
        judgement = Judgement(
            "NOISE_AMP", ("C",), (4.7,), (3.0,), ((1.5, 4.5),), ((1.0, 5.0),), (Status.WARNING,), "", "header", "x"
        )
        report = StepReport("CHECK_CCDS", Status.NORMAL, 0.1)
        store.finish_step(process, "b3", 1, report, (judgement,), Status.WARNING)
        store.finish_job(process, CameraReport("b3", 1, (report,)), Status.WARNING)
        store.finish_process(process, Verdict(Status.WARNING, "", (), 0, 1))


WIDE = ("--normal", "-2", "2", "--warning", "-3", "3", "--camera", "b3", "--element", "C", "--reason", "C is louder")


def test_show_tells_every_limit_and_where_it_is_from(limits):
    code, said = limits("show")
    assert code == ExitCode.OK
    lines = said.out.splitlines()
    assert lines[0].split()[:2] == ["metric", "holds"]
    assert any(line.startswith("NOISE_AMP") and "-1.5 … 1.5" in line and "instrument" in line for line in lines)
    code, said = limits("show", "noise_amp", "--csv")
    header, row = said.out.splitlines()
    assert "normal_low" in header or "normal from" in header
    assert row.startswith("NOISE_AMP,")
    assert json.loads(limits("show", "NOISE_AMP", "--json")[1].out)["title"] == "Limits of NOISE_AMP"


def test_an_unknown_metric_is_answered_with_those_that_are_known(limits):
    code, said = limits("show", "NOISE")
    assert code == ExitCode.DATA
    assert "no metric 'NOISE'" in said.err
    assert "NOISE_AMP" in said.err


def test_set_says_what_flips_and_keeps_a_version(limits, judged, state):
    code, said = limits("set", "NOISE_AMP", *WIDE, "--yes")
    assert code == ExitCode.OK
    assert "1 of 1 exposures of the last 1 night would change their status: 1 better, 0 worse" in said.out
    assert "3579  WARNING -> NORMAL" in said.out
    assert "limits site v1 are kept" in said.out
    with Store.open(state / "qltui.db", read_only=True) as store:
        made = store.ask(versions.selected, "limits")
        assert (made.words, made.author, made.reason) == ("site v1", "Ann", "C is louder")
        assert any("saved and selected by Ann" in line.text for line in store.log_lines())
    assert "record: site v1, Ann" in limits("show", "NOISE_AMP")[1].out
    # Its own place: the same entry again is a change of it and not a second one.
    code, said = limits("set", "NOISE_AMP", *WIDE[:2], "2.5", *WIDE[3:], "--yes", "--name", "night")
    assert "-2 2 (-3 3)" in said.out
    assert "-2 2.5 (-3 3)" in said.out
    with Store.open(state / "qltui.db", read_only=True) as store:
        assert store.ask(versions.selected, "limits").content.count("[[limit]]") == 1


def test_nothing_is_changed_where_nobody_agrees(limits, judged, state, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _question: "n")
    code, said = limits("set", "NOISE_AMP", *WIDE)
    assert code == ExitCode.OK
    assert "nothing was changed" in said.out
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    code, said = limits("set", "NOISE_AMP", *WIDE)
    assert code == ExitCode.USAGE
    assert "--yes" in said.err
    with Store.open(state / "qltui.db", read_only=True) as store:
        assert store.ask(versions.versions) == []


def test_a_range_that_cannot_be_is_refused(limits):
    code, said = limits("set", "NOISE_AMP", "--normal", "-3", "1", "--warning", "-2", "2", "--reason", "x", "--yes")
    assert code == ExitCode.DATA
    assert "does not contain the normal range" in said.err
    code, said = limits("set", "NOISE_AMP", "--normal", "1", "x", "--warning", "-2", "2", "--reason", "x", "--yes")
    assert code == ExitCode.DATA
    code, said = limits("set", "NOISE_AMP", "--normal", "-1", "1", "--warning", "-2", "2", "--yes")
    assert code == ExitCode.USAGE
    assert "--reason" in said.err


def test_an_open_side(limits, state):
    code, _ = limits("set", "NOISE_AMP", "--normal", "none", "1", "--warning", "none", "2", "--reason", "x", "--yes")
    assert code == ExitCode.OK
    assert "≤ 1" in limits("show", "NOISE_AMP")[1].out


def test_check_says_which_lines_differ(limits, judged, tmp_path):
    path = tmp_path / "new.toml"
    path.write_text(
        '# tried in June\n[[limit]]\nmetric = "CHECKHDUS"\nnormal = [0, 0]\nwarning = [0, 0]\nreference = 1\n\n'
        '[[limit]]\nmetric = "NOISE_AMP"\nnormal = [-1, 1]\nwarning = [-1.6, 1.6]\nreference = "header"\n'
    )
    code, said = limits("check", str(path))
    assert code == ExitCode.OK
    assert "2 entries, 1 of them not in force" in said.out
    assert "line 8: NOISE_AMP all: -1.5 1.5 (-2 2)" in said.out
    assert "1 better" not in said.out
    assert "0 better, 1 worse" in said.out
    assert "3579  WARNING -> ALARM" in said.out
    path.write_text('[[limit]]\nmetric = "NOISE_AMP"\nnormal = [1, -1]\n')
    code, said = limits("check", str(path))
    assert code == ExitCode.DATA
    assert "limit 1 (NOISE_AMP)" in said.err


def test_it_does_not_write_beside_another_engine(limits, judged, state, monkeypatch):
    # Between the look for an engine and the lock, one has started.
    monkeypatch.setattr("qltui.engine.launch.holder", lambda _state: None)
    with engine_lock(state):
        code, _ = limits("set", "NOISE_AMP", *WIDE, "--yes")
    assert code == ExitCode.ALREADY_RUNNING
    with Store.open(state / "qltui.db", read_only=True) as store:
        assert store.ask(versions.versions) == []


def test_a_version_that_cannot_be_used_is_told_and_the_files_are_shown(limits, judged, state):
    with Store.open(state / "qltui.db") as store, store.transaction():
        wrong = store.tell(versions.save_version, "limits", "wrong", "[[limit]]\n", "Ann", "a slip")
        store.tell(versions.select_version, "limits", wrong.number, "Ann")
    code, said = limits("show", "NOISE_AMP")
    assert code == ExitCode.OK
    assert "limits wrong v1 cannot be used, the files hold instead: record: wrong v1, Ann" in said.err
    assert "-1.5 … 1.5" in said.out
    assert "record:" not in said.out
