"""Tables as data: order, filter, and what is written of them."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest

from qltui.model import Status
from qltui.tables.filtering import FilterError, filter_table, parse_filter
from qltui.tables.table import Column, Judged, Row, Styled, Table
from qltui.tables.writers import free_path, to_csv, to_ecsv, to_json, to_text, write_table

COLUMNS = (
    Column("expid", "exposure", align=">"),
    Column("program", "program"),
    Column("seeing", "seeing", "arcsec", ".2f", ">", "from the header"),
    Column("noise", "noise", "e-", ".1f", ">"),
    Column("status", "verdict"),
)


def row(expid, program, seeing, noise, status):
    return Row(expid, (expid, program, seeing, Judged(noise, status), status))


TABLE = Table(
    "night",
    "Night 2019-10-01",
    COLUMNS,
    (
        row(3574, "", None, 3.1, Status.NORMAL),
        row(3575, "DARK", 1.21, 4.7, Status.WARNING),
        row(3576, "BRIGHT", 0.94, 25.1, Status.ALARM),
        row(3577, "DARK", math.nan, 3.0, Status.RUNNING),
    ),
    "4 of 4",
)


def keys(table):
    return [item.key for item in table.rows]


def test_a_row_must_have_a_value_for_each_column():
    with pytest.raises(ValueError, match="2 values for 5 columns"):
        Table("x", "x", COLUMNS, (Row(1, (1, 2)),))


def test_order_puts_what_has_no_value_last_either_way():
    assert keys(TABLE.sorted("seeing")) == [3576, 3575, 3574, 3577]
    assert keys(TABLE.sorted("seeing", reverse=True)) == [3575, 3576, 3574, 3577]


def test_statuses_are_ordered_from_good_to_bad():
    assert keys(TABLE.sorted("status")) == [3574, 3577, 3575, 3576]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", [3574, 3575, 3576, 3577]),
        ("dark", [3575, 3577]),
        ("!dark", [3574, 3576]),
        ("dark warning", [3575]),
        ("program:bri", [3576]),
        ("!program:dark", [3574, 3576]),
        ("program=dark", [3575, 3577]),
        ("program!=dark", [3574, 3576]),
        ("seeing>1", [3575]),
        ("seeing<=0.94", [3576]),
        ("noise>4", [3575, 3576]),
        ("noise>4 status>=alarm", [3576]),
        ("verdict>=warning", [3575, 3576]),
        ("status:alarm", [3576]),
        ("prog:dark", [3575, 3577]),
        ('"dark"', [3575, 3577]),
        ("seeing>", [3574, 3575, 3576, 3577]),
        ("05:12", []),
    ],
)
def test_filters(words, expected):
    assert keys(filter_table(TABLE, words)) == expected


def test_an_unknown_column_is_said_with_those_that_exist():
    with pytest.raises(FilterError, match=r"no column 'foo'; known: expid, program"):
        filter_table(TABLE, "foo>1")


def test_words_are_no_number():
    with pytest.raises(FilterError, match="no number"):
        filter_table(TABLE, "seeing>good")


def test_whatever_is_typed_is_understood_or_refused_in_words():
    for words in ('"', "!!", ">", ":", "a:", "! x", '"a b" c', "seeing>=", "=3"):
        parse_filter(words)


def test_text_has_units_and_names_what_is_not_good():
    lines = to_text(TABLE).splitlines()
    assert lines[0] == "exposure  program  seeing [arcsec]   noise [e-]  verdict"
    assert lines[2] == "    3575  DARK                1.21  4.7 WARNING  WARNING"
    assert lines[1].split() == ["3574", "-", "-", "3.1", "NORMAL"]
    assert lines[-1] == "4 of 4"


def test_csv_has_units_and_statuses_and_no_formula():
    table = Table("x", "x", (Column("a", "a"), Column("b", "b", "s")), (Row(1, ("=1+1", Judged(2.5, Status.ALARM))),))
    rows = list(csv.reader(io.StringIO(to_csv(table))))
    assert rows == [["a", "b [s]", "b_status"], ["'=1+1", "2.5", "ALARM"]]


def test_ecsv_is_read_back_with_units_types_and_gaps():
    from astropy.table import Table as AstropyTable

    read = AstropyTable.read(to_ecsv(TABLE), format="ascii.ecsv")
    assert read.colnames == ["expid", "program", "seeing", "noise", "noise_status", "status"]
    assert str(read["seeing"].unit) == "arcsec"
    assert read["seeing"].mask.tolist() == [True, False, False, True]
    assert read["expid"].dtype.kind == "i"
    assert read["noise"].tolist() == [3.1, 4.7, 25.1, 3.0]
    assert read["status"][2] == "ALARM"


def test_ecsv_keeps_hostile_words_in_their_place():
    from astropy.table import Table as AstropyTable

    words = 'a,"b"\n# - {name: x}\x1b[31m'
    table = Table("x", words, (Column("a", words), Column("n", "n")), (Row(1, (words, 1)),), words)
    read = AstropyTable.read(to_ecsv(table), format="ascii.ecsv")
    assert read["a"][0] == 'a,"b" # - {name: x}[31m'
    assert read["n"][0] == 1


def test_json_is_strict_and_has_units():
    document = json.loads(to_json(TABLE), parse_constant=pytest.fail)
    assert document["columns"][2] == {
        "name": "seeing", "title": "seeing", "unit": "arcsec", "description": "from the header",
    }  # fmt: skip
    assert document["rows"][1]["noise_status"] == "WARNING"
    assert document["rows"][3]["seeing"] is None


def test_styled_words_are_exported_as_words():
    table = Table("x", "x", (Column("a", "a"),), (Row(1, (Styled("late", "warn"),)),))
    assert "late" in to_csv(table)
    assert json.loads(to_json(table))["rows"] == [{"a": "late"}]


def test_nothing_is_overwritten_and_nothing_else_is_left(tmp_path):
    names = [write_table(TABLE, tmp_path / "night.csv").name for _ in range(3)]
    assert names == ["night.csv", "night-1.csv", "night-2.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    assert free_path(tmp_path / "night.csv").name == "night-3.csv"


def test_the_end_of_the_name_says_the_form(tmp_path):
    assert json.loads(write_table(TABLE, tmp_path / "n.json").read_text())["title"] == "Night 2019-10-01"
    with pytest.raises(ValueError, match=r"known: \.csv"):
        write_table(TABLE, tmp_path / "n.xls")


def test_a_directory_that_is_not_there_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_table(TABLE, tmp_path / "none" / "n.csv")


def test_wide_characters_keep_the_columns_aligned():
    table = Table("x", "x", (Column("a", "a"), Column("b", "b")), (Row(1, ("星雲", "x")), Row(2, ("ab\x1b[2J", "y"))))
    lines = to_text(table).splitlines()
    assert lines[1] == "星雲   x"
    assert lines[2] == "ab[2J  y"
