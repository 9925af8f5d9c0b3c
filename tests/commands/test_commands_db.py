"""Looking after the record: whole or not, copies while it is written, and going back to one."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from datetime import UTC, datetime, timedelta

import pytest

from qltui.cli import main
from qltui.model import Exposure, Trigger
from qltui.store.errors import StoreError
from qltui.store.keeping import backup, backups, condition_of
from qltui.store.record import Store


def add(store, expid):
    settings, limits = store.configuration("", "site"), store.limit_set("", "default")
    number = store.add_exposure(Exposure("desi", 20191001, expid, "ZERO", f"/data/{expid}", cameras=("b0",)), now=1.0)
    store.enqueue(number, Trigger.NEW, "engine", ("b0",), settings, "0", limits, now=1.0)


@pytest.fixture
def state(tmp_path):
    with Store.open(tmp_path / "qltui.db") as store:
        for expid in range(1, 40):
            add(store, expid)
    return tmp_path


def run(state, capsys, *words):
    status = main(["db", *words, "--state", str(state)])
    printed = capsys.readouterr()
    return status, printed.out + printed.err


def test_a_whole_record_is_said_to_be_whole(state, capsys):
    status, said = run(state, capsys, "check")
    assert status == 0
    assert "39 exposures, 39 processes" in said
    assert "SQLite finds nothing wrong" in said
    assert "none; `qltui db backup`" in said
    status, said = run(state, capsys, "check", "--all", "--json")
    found = json.loads(said)
    assert (status, found["whole"], found["to_be_applied"], found["exposures"]) == (0, True, [], 39)


@pytest.mark.parametrize("place", ["middle", "page"])
def test_a_damaged_record_is_found_and_never_copied(state, capsys, place):
    path = state / "qltui.db"
    data = bytearray(path.read_bytes())
    start = len(data) // 2 if place == "middle" else 4096 * 3
    data[start : start + 4096 * 4] = b"\xff" * 4096 * 4
    path.write_bytes(data)
    status, said = run(state, capsys, "check")
    assert status == 2
    assert "FAULT" in said
    assert "`qltui db repair` sets it aside and saves what can be read" in said
    status, said = run(state, capsys, "backup")
    assert status == 65
    assert backups(state / "backup") == []
    assert not list((state / "backup").glob(".*"))


def test_what_is_no_record_is_refused(tmp_path, capsys):
    (tmp_path / "qltui.db").write_bytes(b"not a database" * 1000)
    status, said = run(tmp_path, capsys, "check")
    assert status == 2
    assert "FAULT" in said
    assert run(tmp_path / "nowhere", capsys, "check")[0] == 66


def test_a_copy_is_one_moment_of_a_record_that_is_written(state):
    path, stop, written = state / "qltui.db", threading.Event(), []

    def write():
        with Store.open(path) as store:
            expid = 100
            while not stop.is_set():
                add(store, expid)
                written.append(expid)
                expid += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        copies = [backup(path, state / "backup", 9, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=i))
                  for i in range(4)]  # fmt: skip
    finally:
        stop.set()
        thread.join()
    assert written
    counts = []
    for copy in copies:
        found = condition_of(copy, thorough=True)
        assert found.is_whole
        assert found.exposures in (found.processes, found.processes + 1)
        counts.append(found.exposures)
        with Store.open(copy, read_only=True) as store:
            assert store.find_exposure("39") is not None
    assert counts == sorted(counts)


def test_the_oldest_copies_go_when_the_new_one_is_there(state, capsys):
    place = state / "backup"
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for hour in range(5):
        backup(state / "qltui.db", place, 3, start + timedelta(hours=hour))
    assert [path.name for path in backups(place)] == [f"qltui-20260101T0{hour}0000.db" for hour in (4, 3, 2)]
    assert all(path.stat().st_mode & 0o077 == 0 for path in backups(place))
    status, said = run(state, capsys, "backup", "--keep", "1", "--json")
    assert status == 0
    assert [str(path) for path in backups(place)] == [json.loads(said)["path"]]
    assert run(state, capsys, "backup", "--keep", "0")[0] == 64


def test_one_goes_back_to_a_copy(state, capsys):
    assert run(state, capsys, "backup")[0] == 0
    path = state / "qltui.db"
    path.write_bytes(b"\xff" * 100_000)
    for name in ("qltui.db-wal", "qltui.db-shm"):
        (state / name).unlink(missing_ok=True)
    path.rename(state / "aside.db")
    shutil.copy(backups(state / "backup")[0], path)
    with Store.open(path) as store:
        add(store, 1000)
        assert store.find_exposure("1000") is not None
    assert condition_of(path).exposures == 40


def test_an_older_record_is_brought_up_to_date_and_a_newer_one_is_left_alone(state, capsys):
    path = state / "qltui.db"
    from qltui.store.database import Database

    database = Database(path)
    database.revert()
    database.close()
    assert "to come" in run(state, capsys, "check")[1]
    status, said = run(state, capsys, "migrate")
    assert status == 0
    assert "applied: " in said
    assert "nothing to do" in run(state, capsys, "migrate")[1]
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_future', '2030-01-01')")
    connection.close()
    before = path.read_bytes()
    status, said = run(state, capsys, "check")
    assert (status, "newer qltui" in said) == (2, True)
    assert run(state, capsys, "migrate")[0] == 65
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_said(state, capsys):
    (state / "backup").write_text("a file")
    status, said = run(state, capsys, "backup")
    assert status == 73
    assert "cannot be written" in said
    with pytest.raises(StoreError):
        condition_of(state / "absent.db")
