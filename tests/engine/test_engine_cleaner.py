"""Clearing the disk: what goes, what stays whatever is asked, and that no link leads out of the state directory."""

from __future__ import annotations

import os
import queue
import time
from pathlib import Path

import pytest

from qltui.engine.cleaner import Cleaner, remove_inside
from qltui.model import CameraReport, Exposure, Product, Status, Trigger, Verdict
from qltui.store import usage
from qltui.store.record import Store

DAY = 86400.0


@pytest.fixture
def state(tmp_path):
    for name in ("products", "logs", "raw"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def store(state):
    with Store.open(state / "qltui.db") as opened:
        yield opened


@pytest.fixture
def reduced(store, state):
    """Write an exposure with one product, reduced so many days ago."""

    def make(expid, *, days=40.0, kind="spectra", fit=False, finished=True, camera="b0"):
        number = store.add_exposure(Exposure("desi", 20191001, expid, "SCIENCE", f"/raw/{expid}", mjd=58757.0 + expid))
        process = store.enqueue(number, Trigger.NEW, "ada", (camera,))
        path = state / "products" / f"{expid}" / f"{kind}-{camera}.fits"
        path.parent.mkdir()
        path.write_bytes(b"x" * 100)
        when = time.time() - days * DAY
        store.start_process(process, now=when)
        store.start_job(process, camera, now=when)
        report = CameraReport(camera, 1, (), (Product(kind, str(path), 100, "abc"),))
        store.finish_job(process, report, Status.NORMAL, fit=fit, now=when)
        if finished:
            store.finish_process(process, Verdict(Status.NORMAL, "", (), 1, 1), now=when)
        return number, path

    return make


def clear(store, state, kinds=("products", "logs"), days=30):
    ended = queue.SimpleQueue()
    cleaner = Cleaner(store, state / "products", state / "logs", ended.put)
    cleaner.start(7, kinds, days, "ada")
    assert cleaner.busy == {7}
    cleaned = ended.get(timeout=30.0)
    cleaner.on_end(cleaned)
    assert cleaner.busy == frozenset()
    assert cleaned.command == 7
    return cleaned


def test_old_products_go_and_their_checksums_stay(store, state, reduced):
    _, old = reduced(1)
    _, young = reduced(2, days=3.0)
    before = time.time() - 30 * DAY
    assert store.ask(usage.cleanable, ("products",), before) == {"products": (1, 100)}
    cleaned = clear(store, state)
    assert (cleaned.failed, cleaned.answer) == (False, "1 files (100 B) and 0 lines of the log removed")
    assert not old.exists()
    assert not old.parent.exists()
    assert young.exists()
    rows = store._database.sql("SELECT size, sha256, removed IS NOT NULL FROM product ORDER BY id")
    assert rows == [(100, "abc", 1), (100, "abc", 0)]
    assert store.ask(usage.cleanable, ("products",), before) == {"products": (0, 0)}
    (said,) = store.ask(usage.cleanings)
    assert (said.who, said.kinds, said.files, said.bytes, said.lines) == ("ada", ("products", "logs"), 1, 100, 0)


def test_what_is_flagged_in_flight_waiting_or_calibrates_stays(store, state, reduced):
    flagged, flagged_path = reduced(1)
    store.set_flag(flagged, "good", "ada", "a standard")
    _, running = reduced(2, finished=False)
    again, waiting = reduced(3)
    store.enqueue(again, Trigger.REPROCESS, "ada", ("b0",))
    _, older_flat = reduced(4, kind="fiberflat", fit=True)
    _, newest_flat = reduced(5, kind="fiberflat", fit=True)
    _, unfit = reduced(6, kind="fiberflat")
    unflagged, gone = reduced(7)
    store.set_flag(unflagged, "bad", "ada")
    store.set_flag(unflagged, "", "ada")
    assert store.ask(usage.cleanable, ("products",), time.time() - 30 * DAY) == {"products": (3, 300)}
    clear(store, state)
    there = [path.exists() for path in (flagged_path, running, waiting, newest_flat, older_flat, unfit, gone)]
    assert there == [True, True, True, True, False, False, False]


def test_nothing_outside_and_nothing_behind_a_link_is_touched(store, state, reduced):
    raw = state / "raw" / "raw.fits"
    raw.write_bytes(b"raw")
    numbers = [reduced(expid)[0] for expid in range(1, 5)]
    assert len(numbers) == 4
    (state / "products" / "link").symlink_to(state / "raw")
    (state / "products" / "raw.fits").symlink_to(raw)
    paths = (raw, state / "products" / "link" / "raw.fits", state / "products" / "raw.fits")
    paths = (*paths, state / "products" / ".." / "raw" / "raw.fits")
    for number, path in enumerate(paths, start=1):
        store._database.write_sql("UPDATE product SET path = ? WHERE id = ?", (str(path), number))
    cleaned = clear(store, state)
    assert "0 files (0 B)" in cleaned.answer
    assert "4 could not be" in cleaned.answer
    assert raw.read_bytes() == b"raw"
    assert store._database.sql("SELECT count(*) FROM product WHERE removed IS NOT NULL") == [(0,)]


def test_a_file_that_is_gone_already_is_noted(store, state, reduced):
    _, path = reduced(1)
    path.unlink()
    cleaned = clear(store, state)
    assert "0 files" in cleaned.answer
    assert store._database.sql("SELECT count(*) FROM product WHERE removed IS NOT NULL") == [(1,)]


def test_old_logs_and_lines(store, state):
    old = time.time() - 40 * DAY
    names = ("engine.log", "engine.log.1", "worker-0.log", "worker-0.log.1", "notes.txt", "worker-1.log")
    for name in names:
        path = state / "logs" / name
        path.write_bytes(b"words")
        if name != "worker-1.log":
            os.utime(path, (old, old))
    (state / "logs" / "worker-9.log").symlink_to(state / "logs" / "notes.txt")
    store.log("info", "long ago", now=old)
    store.log("info", "now")
    before = time.time() - 30 * DAY
    found = store.ask(usage.cleanable, ("logs",), before)
    assert found == {"logs": (3, 15), "log lines": (1, 8)}
    clear(store, state, ("logs",))
    sizes = {path.name: path.stat().st_size for path in (state / "logs").iterdir()}
    assert sizes == {"engine.log": 5, "worker-0.log": 0, "notes.txt": 5, "worker-1.log": 5, "worker-9.log": 5}
    assert [line.text for line in store.log_lines()] == ["now"]


def test_only_plain_files_below_are_removed(tmp_path):
    root = tmp_path / "products"
    (root / "night").mkdir(parents=True)
    (root / "night" / "a").write_bytes(b"12345")
    assert remove_inside(root, root / "night" / "a") == 5
    for path in (root, root / "night", tmp_path / "elsewhere", Path("elsewhere")):
        with pytest.raises(OSError):
            remove_inside(root, path)
    assert (root / "night").is_dir()
