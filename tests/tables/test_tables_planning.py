"""Ranges of nights, the survey's tables, what should be repeated, and offline results from files of any kind."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from qltui.model import Status
from qltui.store.survey_views import FieldExposure, FieldSummary, NightSummary
from qltui.tables.night_range import nights_words, parse_range
from qltui.tables.offline import WANTED, Offline, OfflineResult, match_offline, offline_kind
from qltui.tables.planning import Rule, comparison_table, differs, judge_field, plan_table
from qltui.tables.read_table import TableError, read_table
from qltui.tables.survey import field_name, nights_table, programs_table, totals_of
from qltui.tables.table import plain_value
from qltui.tables.writers import to_text

KNOWN = (20190901, 20191002)


# -- nights --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "nights"),
    [
        ("all", None),
        ("", None),
        ("20191001", (20191001, 20191001)),
        ("2019-10-01", (20191001, 20191001)),
        ("20191001-20191015", (20191001, 20191015)),
        ("2019-10-15 .. 2019-10-01", (20191001, 20191015)),
        ("20191001 20191002", (20191001, 20191002)),
        ("last", (20191002, 20191002)),
        ("last 30", (20190903, 20191002)),
        ("LAST 1", (20191002, 20191002)),
    ],
)
def test_ranges_of_nights_in_words(words, nights):
    assert parse_range(words, KNOWN) == nights
    assert parse_range(nights_words(nights), KNOWN) == nights


@pytest.mark.parametrize(
    "words", ["yesterday", "2019", "20191301", "20190230-20190301", "last -3", "20191001-", "last 99999"]
)
def test_what_is_no_range_says_what_can_be_said(words):
    with pytest.raises(ValueError, match=r"no range of nights; say|no date"):
        parse_range(words, KNOWN)


# -- survey --------------------------------------------------------------------------------------------------------


def night(number=20191001, program="DARK", **changes):
    values = {
        "exposures": 4,
        "fields": 2,
        "seconds": 3600.0,
        "usable_seconds": 1800.0,
        "good": 2,
        "warning": 0,
        "bad": 1,
    }
    values |= {"open": 1, "test": 0} | changes
    return NightSummary(number, "SCIENCE", program, **values)


def field(number=1129, program="DARK", **changes):
    values = {"ra": 150.0, "dec": 31.0, "exposures": 1, "seconds": 0.0, "effective": 0.0, "undetermined": 0, "good": 0}
    values |= {"warning": 0, "bad": 0, "open": 0, "last_night": 20191001} | changes
    return FieldSummary(number, program, **values)


def test_nights_and_programs_are_summed_up():
    rows = [night(), night(program="BRIGHT", good=3), night(20191002, fields=1)]
    totals = totals_of(rows)
    assert (totals.nights, totals.exposures, totals.good, totals.seconds) == (2, 12, 7, 10800.0)
    table = nights_table(rows, {20191001: {"ELG": 1200}})
    assert [row.key for row in table.rows] == [20191002, 20191001]
    text = to_text(table)
    assert "1,200" in text
    assert "DARK BRIGHT" in text
    programs = programs_table(rows, {"DARK": 2, "BRIGHT": 1}, 2)
    values = {row.values[0]: [plain_value(value) for value in row.values[1:4]] for row in programs.rows}
    assert values == {"BRIGHT": [4, 1, 1.0], "DARK": [8, 2, 2.0], "all": [12, 2, 3.0]}


def test_a_field_without_tile_is_called_by_its_place():
    from qltui.store.survey_views import field_number

    assert field_name(1129) == "1129"
    assert field_name(field_number(123.45, -5.5)) == "123.45-5.50"


# -- what should be repeated ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "repeat", "status", "words"),
    [
        ({"good": 1, "seconds": 1000.0}, False, Status.NORMAL, "done"),
        ({"good": 1, "seconds": 999.0}, True, Status.WARNING, "shallow: 999 of 1000 s"),
        ({"good": 1, "bad": 2, "seconds": 400.0}, True, Status.WARNING, "shallow: 400 of 1000 s, 2 bad"),
        ({"bad": 1}, True, Status.ALARM, "bad"),
        ({"bad": 3}, True, Status.ALARM, "all 3 bad"),
        ({"open": 1, "bad": 1}, True, Status.NOT_CHECKED, "1 not judged yet"),
        ({"good": 1, "open": 1, "seconds": 2000.0}, False, Status.NORMAL, "done"),
    ],
)
def test_by_open_shutter_time(changes, repeat, status, words):
    plan = judge_field(field(**changes), Rule("time", 1000.0))
    assert (plan.repeat, plan.status, plan.reason) == (repeat, status, words)


def test_by_effective_time_what_is_not_known_is_not_shallow_and_not_done():
    rule = Rule("effective", 1000.0)
    assert judge_field(field(good=1, seconds=2000.0, effective=500.0), rule).reason == "shallow: 500 of 1000 s"
    assert not judge_field(field(good=1, seconds=500.0, effective=1200.0), rule).repeat
    unknown = judge_field(field(good=2, seconds=2000.0, undetermined=2), rule)
    assert (unknown.repeat, unknown.status, unknown.reached) == (True, Status.UNKNOWN, None)
    assert unknown.reason == "depth of 2 of 2 exposures is not known"
    assert not judge_field(field(good=2, seconds=2000.0, effective=1500.0, undetermined=1), rule).repeat


def test_the_list_has_the_worst_first_and_says_the_rule():
    fields = [field(1, good=1, seconds=2000.0), field(2, good=1, seconds=300.0), field(3, bad=1)]
    table = plan_table(fields, Rule("time", 1000.0))
    assert [row.key for row in table.rows] == [(3, "DARK"), (2, "DARK")]
    assert table.note == "2 of 3 to repeat: open-shutter time of usable exposures below 1000 s"
    left = table.index("left")
    assert [row.values[left] for row in table.rows] == [1000.0, 700.0]
    assert len(plan_table(fields, Rule("time", 1000.0), everything=True).rows) == 3


# -- offline results -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "column", "kind"),
    [
        ("good", "QA", "good"),
        (" PASSED ", "QA", "good"),
        ("Warning", "QA", "warning"),
        ("FAIL", "STATUS", "bad"),
        (1, "GOOD", "good"),
        (0.0, "GOOD", "bad"),
        (True, "BAD", "bad"),
        (0, "QAFAIL", "good"),
        ("perhaps", "QA", ""),
        (None, "QA", ""),
        (7, "QA", ""),
        (0.5, "QA", ""),
    ],
)
def test_words_of_others(value, column, kind):
    assert offline_kind(value, column) == kind


def test_of_several_rows_the_worst_holds_and_names_its_cameras():
    rows = [(3577, "b0", "good", ""), (3577, "z3", "bad", "trace"), (3577, "r1", "bad", ""), (3577, "b1", "good", "")]
    found = match_offline("t.csv", ["EXPID", "CAMERA", "QA", "COMMENT"], rows)
    assert found.results == {3577: OfflineResult(3577, "bad", "bad", ("z3", "r1"), "trace")}
    assert found.notes == ()


def test_what_does_not_match_is_said():
    rows = [("x", "good"), (None, "good"), (-5, "good"), (3577, "perhaps"), ("3578.0", "ok"), (float("nan"), "ok")]
    found = match_offline("t\x1b[31m.csv", ["EXPNUM", "STATUS"], rows, ["SEEING\n"])
    assert list(found.results) == [3578]
    assert found.name == "t [31m.csv"
    assert found.notes == (
        "4 rows without the number of an exposure",
        "1 rows whose status is not understood: 'perhaps'",
        "columns not used: SEEING",
    )


@pytest.mark.parametrize(
    ("columns", "words"), [(["EXPID"], "status"), (["QA"], "number of an exposure"), ([], "EXPID")]
)
def test_a_table_without_what_is_needed_is_refused(columns, words):
    with pytest.raises(ValueError, match=words):
        match_offline("t.csv", columns, [])


def exposure(expid, kind="good", status="NORMAL", **changes):
    values = {
        "obstype": "SCIENCE",
        "program": "DARK",
        "field": 1129,
        "ra": 1.0,
        "dec": 2.0,
        "exptime": 900.0,
        "process": 7,
    }
    values |= {"flag": "", "depth": None, "headline": "so"} | changes
    return FieldExposure(expid, 20191001, expid, status=status, kind=kind, **values)


def test_differences_come_first_and_strangers_last():
    ours = [
        exposure(1),
        exposure(2, "bad", "ALARM"),
        exposure(3),
        exposure(4, "open", "WAITING"),
        exposure(5, "warning", "WARNING"),
    ]
    results = {
        1: OfflineResult(1, "good", "ok"),
        2: OfflineResult(2, "good", "ok"),
        3: OfflineResult(3, "bad", "fail", ("z3",), "trace"),
        4: OfflineResult(4, "bad", "fail"),
        9: OfflineResult(9, "bad", "fail"),
    }
    assert [differs(item, results.get(item.expid)) for item in ours] == [False, True, True, False, False]
    table = comparison_table(ours, Offline("t.csv", results, ("a note",)))
    assert [row.key[1] for row in table.rows] == [3, 2, 5, 4, 1, 9]
    agreement = table.index("agreement")
    values = [plain_value(row.values[agreement]) for row in table.rows]
    assert values == ["differs", "differs", None, None, "yes", "not ours"]
    assert table.note == "a note; 1 offline results of exposures that are not in these nights"
    assert comparison_table(ours, None).note == ""


# -- files ---------------------------------------------------------------------------------------------------------


def test_csv_in_the_dialects_of_this_world(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("# made offline\r\nexpid;qa;note;exptime [s]\r\n3577;good;a b;900\r\n\r\n3578;bad\r\n")
    found = read_table(path, WANTED)
    assert found == {
        "columns": ["EXPID", "QA", "NOTE"],
        "rows": [["3577", "good", "a b"], ["3578", "bad", None]],
        "others": ["exptime [s]"],
    }
    path.write_bytes("\ufeffEXPID\tQA\n1\tgood\n".encode())
    assert read_table(path, WANTED)["columns"] == ["EXPID", "QA"]


def test_ecsv_and_fits_give_the_same(tmp_path):
    import numpy as np
    from astropy.table import MaskedColumn, Table

    table = Table(
        {"EXPID": np.array([3577, 3578]), "GOOD": [True, False], "COMMENT": ["ok", "no"], "FLUX": np.ones((2, 3))}
    )
    table["NIGHT"] = MaskedColumn([20191001, 0], mask=[False, True])
    for name in ("a.fits", "a.ecsv"):
        table.write(tmp_path / name)
        found = read_table(tmp_path / name, WANTED)
        rows = [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]
        assert [(row["EXPID"], row["GOOD"], row["COMMENT"]) for row in rows] == [
            (3577, True, "ok"),
            (3578, False, "no"),
        ]
        assert [row["NIGHT"] for row in rows] == [20191001, None]
        assert found["others"] == ["FLUX"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\xff\xfe\x00", "no text in UTF-8"),
        ("a.csv", b'EXPID\n"' + b"x" * 200_000, "is no CSV"),
        ("a.fits", b"SIMPLE  =", "no FITS file that can be read"),
        ("a.fits", b"", "no FITS file that can be read"),
        ("a.ecsv", b"%ECSV\n- nothing", "no table that astropy reads"),
        ("a.xls", b"x", "known: .csv, .ecsv, .fits"),
        ("a.csv", (",".join("c" * 3 for _ in range(2000))).encode(), "2000 columns"),
        ("a.csv", b"EXPID,QA\n" + b"1,good\n" * 200_001, "200000 rows"),
    ],
    ids=("empty", "binary", "csv", "fits", "empty-fits", "ecsv", "xls", "columns", "rows"),  # not by their content
)
def test_what_is_no_table_is_refused_with_its_cause(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TableError, match=words):
        read_table(path, WANTED)


@pytest.mark.parametrize(
    ("axes", "words"),
    [((10**9,), "NAXIS is 1000000000"), ((0, 10**9), "NAXIS stands there twice, as 0 and as 1000000000")],
)
def test_a_fits_file_that_declares_a_billion_axes_is_refused_at_once(tmp_path, axes, words):
    path = tmp_path / "a.fits"
    cards = ["SIMPLE  =                    T", "BITPIX  =                    8"]
    cards += [*(f"NAXIS   = {count:20d}" for count in axes), "END"]
    path.write_bytes("".join(card.ljust(80) for card in cards).encode().ljust(2880))
    with pytest.raises(TableError, match=words):
        read_table(path, WANTED)


def test_sizes_and_kinds_of_files_are_looked_at_first(tmp_path):
    path = tmp_path / "a.csv"
    with path.open("wb") as stream:
        stream.truncate(70_000_000)
    with pytest.raises(TableError, match="70 MB"):
        read_table(path, WANTED)
    with pytest.raises(TableError, match="is no file"):
        read_table(tmp_path, WANTED)
    with pytest.raises(TableError, match="is no file"):
        read_table(tmp_path / "none.csv", WANTED)


def test_the_reader_is_a_program_that_prints_json(tmp_path):
    path = tmp_path / "-a.csv"
    path.write_text("EXPID,QA\n1,good\n")
    command = [sys.executable, "-m", "qltui.tables.read_table", "--columns=EXPID,QA", "--"]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True)
    assert json.loads(done.stdout)["rows"] == [["1", "good"]]
    done = subprocess.run([*command, str(tmp_path / "b.csv")], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (65, "")
    assert "is no file" in done.stderr
