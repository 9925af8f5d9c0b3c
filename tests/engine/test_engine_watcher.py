"""The watcher finds every exposure, whatever the hints do."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from engine_fakes import Events, exposure_file, inspect, scan

from qltui.engine.settle import signature
from qltui.engine.watcher import Arrived, Gone, Incomplete, LookedThrough, Watcher, WatcherDied, nights_to_watch

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


def test_the_data_are_only_read(watch, events, data):
    exposure_file(data, 1)
    before = sorted(str(path) for path in data.rglob("*"))
    times = {path: Path(path).stat().st_mtime_ns for path in before}
    watch()
    events.until(Arrived)
    assert sorted(str(path) for path in data.rglob("*")) == before
    assert {path: Path(path).stat().st_mtime_ns for path in before} == times
