"""The thread that reads the record for the screens, when the screens are left."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from qltui.store.record import Store
from qltui.tui.source import NothingYet, Reader, ReadError, StoreSource

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"
"""A question that SQLite never answers."""


def reader_threads() -> set[threading.Thread]:
    """Return the threads that read for a screen; other tests of this process may have left some."""
    return {thread for thread in threading.enumerate() if thread.name.startswith("record")}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return a state directory with an empty record."""
    Store.open(tmp_path / "qltui.db").close()
    return tmp_path


def test_leaving_stops_a_question_that_would_never_be_answered(state: Path) -> None:
    others = reader_threads()
    source = StoreSource(state)
    reader = Reader(source.get, source.close, source.interrupt)
    begun = threading.Event()

    def endless(record: Any) -> list[Any]:
        begun.set()
        return record.ask(lambda database: database.sql(ENDLESS))

    async def leave_while_it_is_asked() -> None:
        asked = asyncio.ensure_future(reader.read(endless))
        waiting = asyncio.ensure_future(reader.read(lambda record: record.version()))
        await asyncio.to_thread(begun.wait, 30)
        await asyncio.to_thread(reader.close, 30.0)
        for read in (asked, waiting):
            with pytest.raises(ReadError):
                await read

    asyncio.run(leave_while_it_is_asked())
    for thread in reader_threads() - others:
        thread.join(30)
    assert reader_threads() <= others


def test_leaving_does_not_wait_for_a_disk_that_does_not_answer() -> None:
    answer, begun = threading.Event(), threading.Event()
    reader = Reader(NothingYet)

    def dead_disk(_: Any) -> bool:
        begun.set()
        return answer.wait(30)

    async def leave() -> bool:
        asked = asyncio.ensure_future(reader.read(dead_disk))
        await asyncio.to_thread(begun.wait, 30)
        reader.close(patience=0.05)
        still_reading = not asked.done()
        answer.set()
        await asked
        return still_reading

    assert asyncio.run(leave())


def test_a_record_that_was_made_anew_is_the_one_that_is_shown(state: Path) -> None:
    from qltui.store.repair import repair

    source = StoreSource(state)
    first = source.get()
    assert source.get() is first
    before = first.version()
    with Store.open(state / "qltui.db") as store:
        store.log("info", "clouds from the west")
    done = repair(state / "qltui.db", state / "backup")
    assert done.aside is not None
    second = source.get()
    assert second is not first
    assert second.version() > before + 100
    assert [line.text for line in second.log_lines()] == ["clouds from the west"]
    (state / "qltui.db").unlink()
    assert source.get() is second, "what is gone for a moment is not forgotten"
    source.close()
    assert isinstance(source.get(), NothingYet)
