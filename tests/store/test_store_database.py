"""The file itself: migrations, versions, viewers, locks, network file systems, damage."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from qltui.model import Status
from qltui.store import database as database_module
from qltui.store.errors import (
    NewerRecordError,
    NoRecordError,
    OlderRecordError,
    RecordBusyError,
    RecordDamagedError,
    RecordReadOnlyError,
    StoreError,
)
from qltui.store.filesystem import network_filesystem
from qltui.store.record import Store
from qltui.store.schema import MODELS

SECOND = """
from typing import Any
from peewee import TextField

def up(migrator: Any, db: Any) -> None:
    migrator.migrate(migrator.add_column("exposure", "observer", TextField(default="nobody")))

def down(migrator: Any, db: Any) -> None:
    migrator.migrate(migrator.drop_column("exposure", "observer"))
"""


@pytest.fixture
def with_second(tmp_path, monkeypatch):
    """A later version of the code, with one migration more."""
    directory = tmp_path / "later [1]"
    directory.mkdir()
    known = database_module.MIGRATIONS
    for migration in known.glob("[0-9]*.py"):
        (directory / migration.name).write_text(migration.read_text())
    (directory / "9999_observer.py").write_text(SECOND)

    def later():
        monkeypatch.setattr(database_module, "MIGRATIONS", directory)

    def now():
        monkeypatch.setattr(database_module, "MIGRATIONS", known)

    return later, now


def columns(path: Path, table: str) -> set[str]:
    connection = sqlite3.connect(path)
    found = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    connection.close()
    return found


def test_models_and_migrations_agree(store):
    difference = store._database.drift(MODELS)
    assert not difference, str(difference)


def test_migrations_keep_the_data_up_and_down(database_path, with_second, make_exposure):
    later, now = with_second
    with Store.open(database_path) as store:
        store.add_exposure(make_exposure())
        assert store._database.migrate() == []
    later()
    with Store.open(database_path) as store:
        assert store.exposures(20191001)[0].exposure == make_exposure()
        assert "observer" in columns(database_path, "exposure")
        assert store._database.revert() == ["9999_observer"]
        assert "observer" not in columns(database_path, "exposure")
        assert store.exposures(20191001)[0].exposure == make_exposure()
        reverted = store._database.revert("0001_initial")
        assert reverted[0] > reverted[-1] == "0001_initial"
        assert store._database._peewee.get_tables() == ["schema_migration"]
    now()
    with Store.open(database_path) as store:
        assert store.exposures() == []


def test_a_record_of_the_future_is_refused_and_left_alone(database_path, with_second):
    later, now = with_second
    later()
    Store.open(database_path).close()
    now()
    before = database_path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(NewerRecordError, match=r"newer qltui .*9999_observer.*update qltui"):
            Store.open(database_path, read_only=read_only)
    assert database_path.read_bytes() == before


def test_a_viewer_never_migrates(database_path, with_second):
    Store.open(database_path).close()
    viewer = Store.open(database_path, read_only=True)
    later, _ = with_second
    later()
    with pytest.raises(OlderRecordError, match="start the engine"):
        Store.open(database_path, read_only=True)
    with pytest.raises(OlderRecordError, match="start the engine"):
        viewer.send_command("pause")
    viewer.close()
    assert "observer" not in columns(database_path, "exposure")


def test_a_viewer_reads_and_asks_and_no_more(database_path, store, make_exposure):
    with Store.open(database_path, read_only=True) as viewer:
        assert viewer.monitor_view().night is None
        before = viewer.version()
        store.add_exposure(make_exposure())
        assert viewer.version() > before
        assert viewer.monitor_view().night == 20191001
        for write in (
            lambda: viewer.add_exposure(make_exposure()),
            lambda: viewer.log("info", "x"),
            viewer.recover,
            lambda: viewer.set_flag(1, "good", "x"),
        ):
            with pytest.raises(RecordReadOnlyError, match="only the engine"):
                write()
        with pytest.raises(StoreError):
            viewer._database.sql("DELETE FROM exposure")
        number = viewer.send_command("reprocess", {"expid": 3579, "cameras": ["b0"]}, "ada")
        (command,) = store.pending_commands()
        assert (command.number, command.name, command.who) == (number, "reprocess", "ada")
        assert command.arguments == {"expid": 3579, "cameras": ["b0"]}
        store.answer_command(number, "queued as 2")
        assert viewer.command(number).answer == "queued as 2"
    assert len(store.exposures()) == 1


def test_a_viewer_without_an_engine(database_path, make_exposure):
    with pytest.raises(NoRecordError, match="start the engine"):
        Store.open(database_path, read_only=True)
    assert not database_path.exists()
    with Store.open(database_path) as store:
        store.add_exposure(make_exposure())
    # The engine is gone and has taken its log with it.
    assert not database_path.with_name("qltui.db-wal").exists()
    with Store.open(database_path, read_only=True) as viewer:
        assert len(viewer.exposures()) == 1
        assert viewer.send_command("pause", who="ada") == 1
        assert viewer.pending_commands()[0].name == "pause"


def test_odd_names_of_the_file(tmp_path, make_exposure):
    path = tmp_path / "a b?mode=memory&#%41é.db"
    with Store.open(path) as store:
        store.add_exposure(make_exposure())
    assert path.is_file()
    with Store.open(path, read_only=True) as viewer:
        assert len(viewer.exposures()) == 1


def test_what_is_no_record(tmp_path):
    (tmp_path / "text.db").write_text("this is no database, although it is long enough to be one" * 100)
    for read_only in (True, False):
        with pytest.raises(RecordDamagedError, match="damaged"):
            Store.open(tmp_path / "text.db", read_only=read_only)
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("CREATE TABLE exposure (id)")
    connection.commit()
    connection.close()
    with pytest.raises(NewerRecordError, match="not a record of qltui"):
        Store.open(tmp_path / "other.db")
    with pytest.raises(NoRecordError, match="directory"):
        Store.open(tmp_path / "nowhere" / "q.db")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_may_not_be_written(database_path):
    Store.open(database_path).close()
    database_path.chmod(stat.S_IRUSR)
    with pytest.raises(StoreError):
        Store.open(database_path)


def test_a_lock_that_nobody_gives_back(database_path, store):
    other = sqlite3.connect(database_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Store.open(database_path, timeout=0.05) as second, pytest.raises(RecordBusyError, match="locked"):
        second.log("info", "x")
    # Readers do not wait for it.
    assert store.log_lines() == []
    other.execute("ROLLBACK")
    other.close()
    store.log("info", "x")


def test_a_batch_is_whole_or_nothing(store, make_exposure):
    def batch():
        with store.transaction():
            number = store.enqueue(store.add_exposure(make_exposure()), "NEW", "me", ("b0",))
            store.start_process(number)
            store.start_job(number, "b0")
            raise ZeroDivisionError

    before = store.version()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            batch()
        assert store.exposures() == []
        assert store.version() == before
    with store.transaction():
        store.log("info", "one")
        store.add_exposure(make_exposure())
    assert store.version() == before + 1
    assert len(store.exposures()) == 1


def test_numbers_of_rows_that_were_rolled_back_are_forgotten(store, make_exposure, make_judgement, reduce):
    def broken():
        with store.transaction():
            reduce(make_exposure(), {"b0": make_judgement(3.0)})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    reduce(make_exposure(3600), {"z9": make_judgement(4.0)})
    assert [(point.camera, point.expid, point.value) for point in store.trend("NOISE_AMP")] == [("z9", 3600, 4.0)]


def test_threads_have_connections_of_their_own(store, make_exposure):
    store.add_exposure(make_exposure())
    found: list[int] = []

    def read():
        found.append(len(store.exposures()))
        store.close_thread()

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1, 1, 1, 1]


def test_reading_sees_one_state(database_path, store, make_exposure):
    with Store.open(database_path, read_only=True) as viewer:
        with viewer.reading():
            assert viewer.exposures() == []
            store.add_exposure(make_exposure())
            assert viewer.exposures() == []
        assert len(viewer.exposures()) == 1


MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/vdb /home/local xfs rw 0 0
server:/data /with\\040blank lustre rw 0 0
short
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/qltui.db", ""),
        ("/home/obs/qltui.db", "nfs4"),
        ("/home/local/qltui.db", ""),
        ("/homely/qltui.db", ""),
        ("/with blank/q.db", "lustre"),
    ],
)
def test_network_file_systems_are_recognised(tmp_path, path, kind):
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    assert network_filesystem(Path(path), mounts) == kind
    assert network_filesystem(Path(path), tmp_path / "none") == ""


def test_no_write_ahead_log_on_a_network_file_system(database_path, monkeypatch, make_exposure):
    with Store.open(database_path) as store:
        assert store.warnings == ()
        assert store._database.sql("PRAGMA journal_mode") == [("wal",)]
    monkeypatch.setattr(database_module, "network_filesystem", lambda _: "nfs4")
    with Store.open(database_path) as store:
        assert store._database.sql("PRAGMA journal_mode") == [("truncate",)]
        assert "local disk" in store.warnings[0]
        store.add_exposure(make_exposure())
        with Store.open(database_path, read_only=True) as viewer:
            assert len(viewer.exposures()) == 1
            assert "nfs4" in viewer.warnings[0]


def test_foreign_keys_hold(store):
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        store.add_comment(99, "ada", "of nothing")
    assert store.comments(99) == []
    with pytest.raises(KeyError):
        store.raise_alarms(99, [(Status.ALARM, "x")])


def test_the_write_ahead_log_is_cut_back_when_a_stopped_viewer_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(database_module, "WAL_BYTES", 200_000)
    path = tmp_path / "qltui.db"
    log = path.with_name("qltui.db-wal")
    with Store.open(path) as store, Store.open(path, read_only=True) as viewer:

        def write(lines):
            with store.transaction():
                for number in range(lines):
                    store.log("info", f"{number} " + "x" * 1000)

        with viewer._database.reading():
            assert viewer.log_lines() == []
            for _ in range(4):
                write(2000)
            grown = log.stat().st_size
        for _ in range(3):
            write(10)
        assert grown > 5_000_000
        assert log.stat().st_size < 1_000_000
