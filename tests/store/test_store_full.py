"""A full disk: SQLite undoes the transaction by itself, and what is told is the disk and not that."""

from __future__ import annotations

import pytest

from qltui.store.errors import RecordFullError
from qltui.store.record import Store


def test_a_full_disk_is_told_by_its_name_and_the_record_goes_on(tmp_path):
    with Store.open(tmp_path / "qltui.db") as store:
        database = store._database
        pages = database.sql("PRAGMA page_count")[0][0]
        database.sql(f"PRAGMA max_page_count = {pages}")

        def much():
            with store.transaction():
                for number in range(200):
                    store.log("info", f"{number} " + "x" * 4000)

        with pytest.raises(RecordFullError, match="is full or fails; make room"):
            much()
        with pytest.raises(RecordFullError, match="is full or fails; make room"), store.transaction():
            much()
        assert store.ask(lambda asked: asked.sql("SELECT count(*) FROM event_log")) == [(0,)]
        database.sql("PRAGMA max_page_count = 1000000")
        much()
        assert store.ask(lambda asked: asked.sql("SELECT count(*) FROM event_log")) == [(200,)]


def test_a_disk_that_is_full_when_a_batch_is_counted_is_told_as_well(tmp_path):
    with Store.open(tmp_path / "qltui.db") as store:
        database = store._database

        def fill_up():
            with store.transaction():
                store.log("info", "x")
                database.sql(f"PRAGMA max_page_count = {database.sql('PRAGMA page_count')[0][0]}")
                database._peewee.execute_sql("UPDATE event_log SET text = ?", ("x" * 400_000,))

        with pytest.raises(RecordFullError, match="is full or fails; make room"):
            fill_up()
