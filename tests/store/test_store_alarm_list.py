"""Alarms as a list: one line for each exposure and cause, and what is muted."""

from __future__ import annotations

import pytest

from qltui.model import Status
from qltui.store.alarm_list import alarm_list, is_muted


@pytest.fixture
def process(store, make_exposure, make_judgement, reduce):
    return reduce(make_exposure(program="DARK"), {"b0": make_judgement(3.0)})


def test_an_empty_record_has_no_alarm(store):
    found = store.ask(alarm_list, 0.0)
    assert (found.alarms, found.mutes, found.older, found.open_count) == ((), (), False, 0)


def test_an_entry_says_all_of_its_exposure(store, process):
    (raised,) = store.raise_alarms(process, [(Status.ALARM, "b3 noise")], now=5.0)
    store.acknowledge(raised.number, "ada", now=9.0)
    (entry,) = store.ask(alarm_list, 10.0).alarms
    assert (entry.number, entry.numbers, entry.time) == (raised.number, (raised.number,), 5.0)
    assert (entry.expid, entry.night, entry.process) == (3579, 20191001, process)
    assert (entry.obstype, entry.program, entry.status, entry.cause) == ("SCIENCE", "DARK", Status.ALARM, "b3 noise")
    assert (entry.acknowledged_by, entry.acknowledged_at, entry.is_open) == ("ada", 9.0, False)


def test_an_exposure_that_is_reduced_again_keeps_one_line_for_a_cause(store, make_exposure, make_judgement, reduce):
    first = reduce(make_exposure(), {"b0": make_judgement(3.0)})
    (old,) = store.raise_alarms(first, [(Status.ALARM, "b3 noise")], now=5.0)
    again = store.enqueue(store.exposure_id("desi", 20191001, 3579), "REPROCESS", "ada", ["b0"])
    (new, other) = store.raise_alarms(again, [(Status.ALARM, "b3 noise"), (Status.MISSING, "z8 missing")], now=7.0)
    found = store.ask(alarm_list, 10.0)
    assert [(entry.cause, entry.numbers) for entry in found.alarms] == [
        ("z8 missing", (other.number,)),
        ("b3 noise", (new.number, old.number)),
    ]
    assert found.alarms[1].process == again


def test_one_cause_in_two_exposures_is_two_lines(store, make_exposure, make_judgement, reduce):
    for expid in (3579, 3580):
        number = reduce(make_exposure(expid), {"b0": make_judgement(3.0)})
        store.raise_alarms(number, [(Status.ALARM, "b3 noise")], now=float(expid))
    assert [entry.expid for entry in store.ask(alarm_list, 0.0).alarms] == [3580, 3579]


def test_only_mutes_that_hold_are_listed(store, process):
    store.mute("noise", "ada", until=100.0, now=1.0)
    store.mute("traces", "ben", now=2.0)
    store.raise_alarms(process, [(Status.ALARM, "b3 noise")], now=50.0)
    found = store.ask(alarm_list, 50.0)
    assert [(mute.words, mute.who, mute.since, mute.until) for mute in found.mutes] == [
        ("traces", "ben", 2.0, None),
        ("noise", "ada", 1.0, 100.0),
    ]
    assert found.alarms[0].muted
    assert found.open_count == 0
    assert is_muted("b3 noise", found.mutes)
    assert [mute.words for mute in store.ask(alarm_list, 100.0).mutes] == ["traces"]


def test_the_newest_are_read_and_older_ones_are_told_of(store, process):
    store.raise_alarms(process, [(Status.ALARM, f"b{number} noise") for number in range(4)], now=5.0)
    found = store.ask(alarm_list, 10.0, limit=3)
    assert [entry.cause for entry in found.alarms] == ["b3 noise", "b2 noise", "b1 noise"]
    assert found.older
    assert not store.ask(alarm_list, 10.0, limit=4).older
