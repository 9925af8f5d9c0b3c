"""``qltui trend`` on the known record: values, bins, straight lines, forms, and what is refused in words."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest
from astropy.table import Table as AstropyTable

from qltui.cli import main
from qltui.commands.exit_codes import ExitCode
from qltui.tables.trend import quotient

sys.path.insert(0, str(Path(__file__).parents[1] / "tui"))
import known

SCIENCE = (3577, 3578, 3579, 3580)


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    path = tmp_path_factory.mktemp("trend")
    known.make_known(path / "qltui.db").close()
    return path


@pytest.fixture
def ask(state, capsys):
    def run(*words):
        code = main(["trend", *words, "--state", str(state)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_values_and_their_summary_as_text(ask):
    code, text, _ = ask("SKYCONT", "--cameras", "B3")
    assert code == ExitCode.OK
    values, summary = text.split("\n\n")
    lines = values.splitlines()
    assert "SKYCONT [e-/A]" in lines[0]
    expected = [[str(number), "b3", "-", f"{known.sky_of(number, 'b3'):.0f}"] for number in SCIENCE]
    assert [line.split()[1:5] for line in lines[1:5]] == expected
    assert lines[5] == "of an exposure reduced several times the last value"
    assert summary.splitlines()[1].split()[:6] == ["b", "4", "0", "174", "174", "175"]
    assert "UNKNOWN" not in text


def test_json_has_units_limits_and_numbers_as_they_are(ask):
    code, text, _ = ask("SKYCONT", "--cameras", "b3", "--json")
    assert code == ExitCode.OK
    document = json.loads(text)
    assert [row["value"] for row in document["rows"]] == [known.sky_of(number, "b3") for number in SCIENCE]
    assert {(row["normal_low"], row["warning_high"]) for row in document["rows"]} == {(100.0, 350.0)}
    assert {column["name"]: column["unit"] for column in document["columns"]}["value"] == "e-/A"


def test_csv_has_an_element_its_status_and_no_summary(ask):
    _, text, _ = ask("NOISE_AMP:C", "--cameras", "b3", "--csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["element"] for row in rows} == {"C"}
    assert [(row["expid"], row["value [e-]"]) for row in rows if row["value_status"] == "ALARM"] == [("3579", "25.1")]


def test_ecsv_is_read_by_astropy_with_units(ask):
    _, text, _ = ask("SKYCONT", "--over", "EXPTIME", "--cameras", "b3", "--ecsv")
    table = AstropyTable.read(text, format="ascii.ecsv")
    assert table["value"].unit.to_string() == "e-/A/s"
    assert table["value"][0] == pytest.approx(known.sky_of(3577, "b3") / 1000.0)


@pytest.mark.parametrize(
    ("nights", "found"),
    [("1", [3580]), ("2", [*SCIENCE]), ("20191001", [*SCIENCE[:3]]), ("2019-10-01-2019-10-02", [*SCIENCE]),
     ("20191002-20191003", [3580]), ("all", [*SCIENCE])],
)  # fmt: skip
def test_nights_are_days_one_night_two_or_all(ask, nights, found):
    _, text, _ = ask("SKYCONT", "--cameras", "b3", "--nights", nights, "--json")
    assert [row["expid"] for row in json.loads(text)["rows"]] == found


def test_the_line_of_each_arm_against_a_header_value(ask):
    code, text, _ = ask("SKYCONT", "--against", "AIRMASS", "--cameras", "b3", "--fit", "--json")
    assert code == ExitCode.OK
    document = json.loads(text)
    # Of each exposure both grow by the same steps: 1 e-/A and 0.01.
    assert document["rows"][0]["slope"] == pytest.approx(100.0)
    assert document["rows"][0]["intercept"] == pytest.approx(known.sky_of(3577, "b3") - 107.0)
    assert {column["name"]: column["unit"] for column in document["columns"]}["slope"] == "e-/A"


@pytest.mark.parametrize(
    ("above", "below", "unit"),
    [("e-/A", "d", "e-/A/d"), ("e-", "1", "e-"), ("", "", ""), ("1", "d", "1/d"), ("", "d", "1/d"), ("e-", "", "e-"),
     ("s", "e-/A", "s/(e-/A)")],
)  # fmt: skip
def test_units_are_divided_by_no_pure_number(above, below, unit):
    assert quotient(above, below) == unit


def test_bins_are_printed_and_tell_why_there_are_no_quartiles(ask):
    code, text, _ = ask("SKYCONT", "--cameras", "b3", "--bins", "2", "--all-columns")
    assert code == ExitCode.OK
    bins, summary = text.split("\n\n")
    lines = bins.splitlines()
    assert lines[1].split()[:2] == ["2019-10-02T03:00:00.000Z", "2019-10-02T03:40:00.000Z"]
    assert lines[1].split()[5:10] == ["3", "0", "173", "174", "175"]
    assert lines[2].split()[5:10] == ["1", "0", "176", "176", "176"]
    assert lines[3].startswith("median and quartiles UNKNOWN: values are summed in bins")
    assert summary.splitlines()[1].split()[:6] == ["b", "4", "0", "-", "-", "-"]


def test_bins_are_the_same_however_many_values_are_in_them(ask, monkeypatch):
    words = ("NOISE_AMP", "--bins", "4", "--csv")
    grouped = ask(*words)
    monkeypatch.setattr("qltui.store.traces._FEW_IN_A_PIECE", 0)
    assert ask(*words) == grouped
    assert len(grouped[1].splitlines()) > 100


def test_bins_of_another_quantity_as_json(ask):
    _, text, _ = ask("SKYCONT", "--against", "AIRMASS", "--cameras", "b3", "--bins", "1", "--json")
    (row,) = json.loads(text)["rows"]
    assert (row["first"], row["last"], row["count"]) == (pytest.approx(1.07), pytest.approx(1.10), 4)
    assert (row["low"], row["mean"], row["high"]) == (173.0, 174.5, 176.0)


def test_too_many_values_are_refused_with_what_to_do_but_binned_and_fitted(ask, monkeypatch):
    _, single, _ = ask("SKYCONT", "--fit", "--json")
    monkeypatch.setattr("qltui.commands.trend._MOST", 100)
    code, text, error = ask("SKYCONT", "--csv")
    assert (code, text) == (ExitCode.USAGE, "")
    assert "more than 100 values of SKYCONT" in error
    assert "narrow --nights, choose one camera with --cameras, or print --bins N or --fit" in error
    assert ask("SKYCONT", "--cameras", "b3")[0] == ExitCode.OK
    assert ask("SKYCONT", "--bins", "3")[0] == ExitCode.OK
    _, summed, _ = ask("SKYCONT", "--fit", "--json")
    document = json.loads(summed)
    assert document["note"].startswith("median and quartiles UNKNOWN")
    for one, other in zip(json.loads(single)["rows"], document["rows"], strict=True):
        assert other["median"] is None
        assert one["median"] is not None
        assert (other["group"], other["count"]) == (one["group"], one["count"])
        assert other["slope"] == pytest.approx(one["slope"], abs=1e-6)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("NOPE",), ExitCode.USAGE, "no values of 'NOPE' in the record; there are NOISE_AMP"),
        (("NOISE_AMP:Q",), ExitCode.USAGE, "NOISE_AMP has no 'q'; it has A, B, C, D"),
        (("NOISE_AMP", "--elements", "Q"), ExitCode.USAGE, "NOISE_AMP has no element 'Q'; it has A, B, C, D"),
        (("SKYCONT", "--against", "NOPE"), ExitCode.USAGE, "no values of 'NOPE'"),
        (("SKYCONT", "--cameras", "q9"), ExitCode.USAGE, "no camera 'q9'; known: b0"),
        (("SKYCONT", "--nights", "soon"), ExitCode.USAGE, "soon"),
        (("SKYCONT", "--bins", "0"), ExitCode.USAGE, "--bins 0: give 1 to 1000"),
        (("SKYCONT", "--bins", "1001"), ExitCode.USAGE, "--bins 1001: give 1 to 1000"),
        (("SKYCONT", "--nights", "20180101"), ExitCode.NO_INPUT, "no values of SKYCONT in the nights 20180101"),
        (("SKYCONT", "--obstype", "zero"), ExitCode.NO_INPUT, "no exposure has all that SKYCONT needs"),
        (("SKYCONT", "--obstype", "zeros"), ExitCode.USAGE, "no exposure has obstype 'ZEROS'; the record has"),
        (("SKYCONT", "--program", "nix"), ExitCode.USAGE, "no exposure has program 'nix'; the record has BRIGHT"),
    ],
)
def test_what_cannot_be_shown_is_said(ask, words, code, said):
    found, text, error = ask(*words)
    assert (found, text) == (code, "")
    assert said in error


def test_bins_and_lines_are_not_both_asked_for(ask, capsys):
    with pytest.raises(SystemExit) as stopped:
        ask("SKYCONT", "--bins", "3", "--fit")
    assert stopped.value.code == ExitCode.USAGE
    assert "not allowed with argument" in capsys.readouterr().err


def test_help_names_units_of_defaults_and_the_bound(capsys):
    with pytest.raises(SystemExit):
        main(["trend", "--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert "default: 30 days" in words
    assert "More than 200,000 values are refused" in words
