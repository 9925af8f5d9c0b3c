"""The watcher finds every exposure, whatever the hints do."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from engine_fakes import Events, exposure_file, inspect, scan

from qltui.engine import watcher as watcher_module
from qltui.engine.settle import signature
from qltui.engine.watcher import (
    Arrived,
    Gone,
    Incomplete,
    LookedThrough,
    Watcher,
    WatcherDied,
    last_before,
    nights_now,
    nights_to_watch,
)

OLD = 1_570_000_000


@pytest.fixture
def events():
    return Events()


@pytest.fixture
def watch(tmp_path, events):
    """Start a watcher on ``tmp_path / "data"``."""
    made = []
    (tmp_path / "data").mkdir()

    def start(known=None, inspect=inspect, **options):
        options = {"settle_seconds": 0.2, "rescan_seconds": 0.3} | options
        watcher = Watcher(tmp_path / "data", scan, inspect, lambda night: known or {}, events, **options)
        made.append(watcher)
        watcher.start()
        return watcher

    yield start
    for watcher in made:
        watcher.close()
        assert not watcher._thread.is_alive()


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def arrived(events):
    return [event.exposure.expid for event in events.seen if isinstance(event, Arrived)]


def expect(events, numbers):
    for _ in numbers:
        events.until(Arrived, count=len(arrived(events)) + 1)
    assert sorted(arrived(events)) == sorted(numbers)


def test_backlog_first_and_then_what_comes(watch, events, data):
    for expid in (1, 3, 2):
        os.utime(exposure_file(data, expid), (OLD, OLD))
    watch()
    events.until(LookedThrough)
    assert arrived(events) == [3, 2, 1]
    assert all(event.backlog for event in events.seen if isinstance(event, Arrived))
    exposure_file(data, 4)
    assert not events.until(Arrived, count=4).backlog


def test_two_hundred_in_new_directories(watch, events, data):
    watch(rescan_seconds=1.0)
    events.until(LookedThrough)
    numbers = list(range(1, 201))
    for expid in numbers:
        exposure_file(data, expid)
    expect(events, numbers)


def test_a_new_night(watch, events, data):
    exposure_file(data, 1, night=20191001)
    watch()
    events.until(Arrived)
    exposure_file(data, 2, night=20191002)
    assert events.until(Arrived, count=2).exposure.night == 20191002
    # The night before is not given up at once: a file may be late.
    exposure_file(data, 3, night=20191001)
    assert events.until(Arrived, count=3).exposure.night == 20191001


def test_the_root_is_missing_removed_and_made_again(watch, events, data):
    data.rmdir()
    watch()
    assert "cannot be read" in events.until(LookedThrough).problem
    data.mkdir()
    exposure_file(data, 1)
    events.until(Arrived)
    shutil.rmtree(data)
    while not events.until(LookedThrough, count=sum(isinstance(e, LookedThrough) for e in events.seen) + 1).problem:
        pass
    exposure_file(data, 2)
    assert events.until(Arrived, count=2).exposure.expid == 2


def test_a_truncated_file_is_shown_and_taken_when_it_is_complete(watch, events, data):
    path = exposure_file(data, 1)
    whole = path.read_text()
    path.write_text(whole[:20])
    watch()
    shown = events.until(Incomplete)
    assert (shown.expid, shown.reason, shown.final) == (1, f"{path.name} is cut off after 20 bytes", False)
    path.write_text(whole)
    assert events.until(Arrived).exposure.expid == 1
    assert any(isinstance(event, Gone) and event.path == str(path) for event in events.seen)


def test_one_that_is_no_exposure_is_shown_and_hides_no_other(watch, events, data):
    exposure_file(data, 1).write_text("nonsense}")
    exposure_file(data, 2)
    watch()
    assert events.until(Arrived).exposure.expid == 2
    assert events.until(Incomplete).final


def test_a_fault_with_one_file_hides_no_other(watch, events, data):
    def stumble(path):
        if path.name.endswith("1.json"):
            raise ZeroDivisionError("by nothing")
        return inspect(path)

    exposure_file(data, 1)
    exposure_file(data, 2)
    watch(inspect=stumble)
    assert events.until(Arrived).exposure.expid == 2
    assert "ZeroDivisionError" in events.until(Incomplete).reason


def test_a_file_that_goes_away_is_forgotten(watch, events, data):
    path = exposure_file(data, 1)
    path.write_text("{")
    watch()
    events.until(Incomplete)
    path.unlink()
    assert events.until(Gone).path == str(path)


def test_a_rewritten_file_comes_again_and_a_known_one_does_not(watch, events, data):
    first, second = exposure_file(data, 1), exposure_file(data, 2)
    candidates = scan(data, [20191001])
    watch(known={item.path: signature(item) for item in candidates})
    events.until(LookedThrough)
    first.write_text(second.read_text().replace("DARK", "GRAY "))
    again = events.until(Arrived)
    assert (again.exposure.expid, again.exposure.program) == (1, "GRAY ")
    assert arrived(events) == [1]


def test_no_hints_is_only_slower(watch, events, data):
    watch(use_hints=False)
    events.until(LookedThrough)
    exposure_file(data, 7)
    assert events.until(Arrived).exposure.expid == 7


def test_a_watcher_that_fails_says_so(watch, events, data):
    exposure_file(data, 1)
    watcher = watch()
    watcher._scan = None
    assert "TypeError" in events.until(WatcherDied).reason


@pytest.mark.parametrize(
    ("given", "newest", "last", "expected"),
    [
        ((), 1, 0, [5]),
        ((), 2, 0, [4, 5]),
        ((), 1, 3, [3, 4, 5]),
        ((), 1, 9, [5]),
        ((2, 8, 2), 1, 3, [2, 8]),
        ((), 9, 0, [1, 2, 3, 4, 5]),
    ],
)
def test_nights(given, newest, last, expected):
    assert nights_to_watch([3, 1, 5, 4, 2], given, newest, last) == expected


@pytest.mark.parametrize(
    ("moment", "nights"),
    [
        # 2019-10-01 is still night in Hawaii and in Chile until the noon of 2019-10-02.
        ("2019-10-02T05:00", {20191001, 20191002}),
        ("2019-10-02T23:30", {20191001, 20191002, 20191003}),
        # A year and a leap day go by; a leap second is the second before.
        ("2020-01-01T03:00", {20191231, 20200101}),
        ("2016-12-31T23:59", {20161230, 20161231, 20170101}),
        ("2020-02-29T12:00", {20200228, 20200229}),
    ],
)
def test_which_nights_it_may_be(moment, nights):
    assert nights_now(datetime.fromisoformat(f"{moment}+00:00").timestamp()) == nights


def test_a_night_of_the_future_hides_no_other():
    now = datetime(2019, 10, 3, 4, tzinfo=UTC).timestamp()
    assert nights_to_watch([20191001, 20191002, 20991231], (), 1, 0, nights_now(now)) == [20191002, 20991231]
    assert last_before([20191001, 20991231], now) == 20191001
    # A clock that has lost its battery says 1970.
    assert last_before([20191001, 20991231], 0.0) == 20991231
    assert last_before([], now) == 0


def test_tonight_is_found_beside_a_night_of_the_future(watch, events, data, monkeypatch):
    monkeypatch.setattr(watcher_module, "nights_now", lambda now: frozenset({20191002}))
    exposure_file(data, 9, night=20991231)
    watch()
    events.until(Arrived)
    exposure_file(data, 10, night=20191002)
    assert events.until(Arrived, count=2).exposure.night == 20191002


def test_of_a_night_that_is_over_nothing_is_kept(watch, events, data, monkeypatch):
    monkeypatch.setattr(watcher_module, "_LINGER", 0.0)
    monkeypatch.setattr(watcher_module, "_HOPELESS", 0.5)
    exposure_file(data, 1, night=20191001)
    cut = exposure_file(data, 2, night=20191001)
    cut.write_text(cut.read_text()[:20])
    watcher = watch(rescan_seconds=0.1)
    events.until(Incomplete)
    exposure_file(data, 3, night=20191002)
    while events.until(LookedThrough, count=1 + sum(isinstance(e, LookedThrough) for e in events.seen)).nights != (
        20191002,
    ):
        pass
    events.until(Arrived, count=2)
    assert set(watcher._known) == {20191002}
    assert (watcher._pending, watcher._told) == ({}, {})
    # It is not forgotten in the record: the file is still there.
    assert not [event for event in events.seen if isinstance(event, Gone)]


def test_the_data_are_only_read(watch, events, data):
    exposure_file(data, 1)
    before = sorted(str(path) for path in data.rglob("*"))
    times = {path: Path(path).stat().st_mtime_ns for path in before}
    watch()
    events.until(Arrived)
    assert sorted(str(path) for path in data.rglob("*")) == before
    assert {path: Path(path).stat().st_mtime_ns for path in before} == times
