"""``qltui exposure`` on the known record."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from qltui.cli import main
from qltui.commands.exit_codes import ExitCode

sys.path.insert(0, str(Path(__file__).parents[1] / "tui"))
import known


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    path = tmp_path_factory.mktemp("exposure")
    known.make_known(path / "qltui.db").close()
    return path


@pytest.fixture
def ask(state, capsys):
    def run(*words):
        code = main(["exposure", *words, "--state", str(state)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_verdict_culprits_steps_and_metrics(ask):
    code, text, _ = ask("79")
    assert code == ExitCode.OK
    lines = text.splitlines()
    assert lines[0] == "3579  night 20191001  SCIENCE  dark  tile 1130  1000 s  airmass 1.09"
    assert lines[1].startswith("process 6  done  NEW by engine, begun 2019-10-02 03:")
    assert lines[2] == "ALARM  25 of 30 cameras good"
    assert "  ALARM        b3 C  noise 25.1 e-  (3.1)" in lines
    assert any(line.startswith("CHECK CCDS") and " 28 " in line for line in lines)
    noise = next(line for line in lines if line.startswith("NOISE_AMP"))
    assert noise.split()[-6:] == ["29", "b3", "C", "25.10", "ALARM", "e-"]


def test_without_a_number_it_is_the_latest_that_counts(ask):
    code, text, _ = ask()
    assert code == ExitCode.OK
    assert text.startswith("3581  night 20191002")


def test_values_of_a_camera_and_a_metric(ask):
    _, text, _ = ask("3579", "--camera", "B3", "--metric", "noise_amp")
    rows = [line.split() for line in text.splitlines() if line.startswith("b3")]
    assert [row[:4] for row in rows] == [["b3", "NOISE_AMP", letter, value] for letter, value in zip(
        "ABCD", ("3.0", "3.1", "25.1", "2.9"), strict=True)]  # fmt: skip
    assert rows[2][4:6] == ["e-", "ALARM"]
    company = "moved with b3 C: arm b: 0 of 9, spectrograph 3: 0 of 2, amplifier C: 0 of 28"
    assert text.splitlines()[-1] == company


def test_csv_has_a_row_for_each_value(ask):
    _, text, _ = ask("3579", "--metric", "XYSHIFTS", "--csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 29 * 2
    bad = next(row for row in rows if row["camera"] == "r5" and row["element"] == "dx")
    assert (bad["value"], bad["unit"], bad["status"], bad["normal_high"]) == ("1.5", "px", "ALARM", "0.5")


def test_json_has_the_form_of_reduce_and_the_process(ask):
    _, text, _ = ask("3577", "--json", "--camera", "b0", "--metric", "SKYCONT")
    result = json.loads(text)
    assert list(result["cameras"]) == ["b0"]
    assert list(result["cameras"]["b0"]["steps"]) == ["CHECK_SPECTRA"]
    assert result["cameras"]["b0"]["steps"]["CHECK_SPECTRA"]["metrics"]["SKYCONT"]["value"] == known.sky_of(3577, "b0")
    assert result["process"]["trigger"] == "REPROCESS"
    assert result["process"]["who"] == "Ben"
    assert result["process"]["number"] == 9
    older = json.loads(ask("3577", "--json", "--process", "4")[1])
    assert older["process"]["trigger"] == "NEW"


def test_the_exit_status_is_a_verdict_where_that_is_asked_for(ask):
    assert ask("3579", "--verdict")[0] == ExitCode.ALARM
    assert ask("3580", "--verdict")[0] == ExitCode.OK
    assert ask("3581", "--verdict")[0] == ExitCode.WARNING


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["99999"], ExitCode.NO_INPUT, "no exposure ends with 99999"),
        (["abc"], ExitCode.USAGE, "abc"),
        (["3579", "--camera", "q7"], ExitCode.USAGE, "no camera 'q7'; known: b0"),
        (["3579", "--metric", "BEAUTY"], ExitCode.USAGE, "no metric 'BEAUTY'; known: CHECKHDUS"),
        (["3577", "--process", "1"], ExitCode.NO_INPUT, "process 1 is none of exposure 3577; it has 4, 9"),
    ],
)
def test_what_is_not_there_is_said(ask, words, code, says):
    got, text, error = ask(*words)
    assert got == code
    assert says in error
    assert text == ""
