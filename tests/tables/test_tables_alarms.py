"""Alarms as tables, and the words by which they are muted."""

from __future__ import annotations

import csv
import io

import pytest

from qltui.model import Status
from qltui.store.alarm_list import AlarmEntry, AlarmList, MuteEntry
from qltui.tables.alarms import alarm_table, iso_time, minutes_to_noon, mute_table, mute_words, short_time
from qltui.tables.table import plain_value
from qltui.tables.writers import to_csv

NOON = 1569956400.0  # 2019-10-01 19:00 UT, noon at Kitt Peak


def entry(number, when, cause, **other):
    values = {"expid": 3579, "night": 20191001, "process": 7, "obstype": "SCIENCE", "program": "DARK"}
    return AlarmEntry(number, when, status=Status.ALARM, cause=cause, numbers=(number,), **(values | other))


FOUND = AlarmList(
    (
        entry(3, 300.0, "b3 C  noise 25.1 > 4.6 e-"),
        entry(2, 200.0, "r5  traces dx 1.5 > 0.5 px", acknowledged_by="Ben", acknowledged_at=260.0),
        entry(1, 100.0, "z8  not in the file", muted=True),
    ),
    (MuteEntry("not in the file", "Ann", 50.0), MuteEntry("noise", "Ben", 60.0, 3600.0)),
)


def cells(table, name):
    place = table.index(name)
    return [plain_value(row.values[place]) for row in table.rows]


def test_what_came_since_the_last_look_is_marked():
    assert cells(alarm_table(FOUND, 150.0), "mark") == ["*", "*", "m"]
    assert cells(alarm_table(FOUND), "mark") == ["", "a", "m"]


def test_a_line_says_who_saw_it_or_that_it_is_muted():
    table = alarm_table(FOUND)
    assert cells(table, "acknowledged_by") == ["", "Ben", "muted"]
    assert cells(table, "acknowledged") == ["", "01-01 00:04", ""]
    assert cells(table, "time") == ["01-01 00:05", "01-01 00:03", "01-01 00:01"]
    assert [row.key for row in table.rows] == [3, 2, 1]


def test_the_export_has_the_whole_time():
    lines = list(csv.DictReader(io.StringIO(to_csv(alarm_table(FOUND)))))
    assert [line["utc [UTC]"] for line in lines] == [
        "1970-01-01T00:05:00Z", "1970-01-01T00:03:20Z", "1970-01-01T00:01:40Z",
    ]  # fmt: skip
    assert lines[0]["status"] == "ALARM"
    assert lines[0]["night"] == "20191001"


def test_a_list_that_was_cut_says_so():
    assert alarm_table(FOUND).note == ""
    assert "older" in alarm_table(AlarmList(FOUND.alarms, (), older=True)).note


def test_mutes_count_the_alarms_that_they_silence():
    table = mute_table(FOUND)
    assert cells(table, "words") == ["not in the file", "noise"]
    assert cells(table, "until") == ["for good", "01-01 01:00"]
    assert cells(table, "alarms") == [1, 1]


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("b3 C  noise 25.10 > 4.60 e-", "b3 C  noise"),
        ("b3    traces dx +1.50 px", "b3    traces dx"),
        ("all cameras  sky 1.2e-3 < 3 e-/A", "all cameras  sky"),
        ("12 cameras  arc lines in 3 of 4 fibres", "12 cameras  arc lines in"),
        ("z8  not in the file", "z8  not in the file"),
        ("z2  460 of 500 fibres good", "fibres good"),
        ("460 of 500 fibres good", "fibres good"),
        ("no blanks at all", "no blanks at all"),
        ("3", "3"),
    ],
)
def test_the_words_of_a_cause_are_those_that_come_again(cause, words):
    assert mute_words(cause) == words
    # Only words that are part of the cause can mute it.
    assert words in cause


def test_the_night_ends_at_local_noon():
    assert minutes_to_noon(NOON - 3600.0, "America/Phoenix") == 60
    assert minutes_to_noon(NOON, "America/Phoenix") == 24 * 60
    assert minutes_to_noon(NOON - 1.0, "America/Phoenix") == 1


def test_the_night_is_an_hour_longer_where_the_clocks_go_back():
    # 2019-11-02 13:00 in New York, 23 h of the clock before the next noon, and 24 h long.
    assert minutes_to_noon(1572714000.0, "America/New_York") == 24 * 60


def test_times_that_are_none():
    assert (short_time(None), short_time(float("nan")), short_time(1e30)) == ("", "", "?")
    assert iso_time(NOON) == "2019-10-01T19:00:00Z"
