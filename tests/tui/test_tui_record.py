"""The Monitor on a real record, written through the record's own API."""

from __future__ import annotations

import time

import nights
import pictures as p
import pytest

from qltui.model import Status
from qltui.tui.app import MonitorApp
from qltui.tui.source import Reader, ReadError, StoreSource
from qltui.tui.widgets.step_grid import StepGrid


def whole(app):
    return "\n".join("".join(segment.text for segment in line) for line in app.screen._compositor.render_strips())


async def settle(app, pilot):
    await app.poll()
    await app.workers.wait_for_complete()
    await app.poll()
    await pilot.pause()


def app_on(state, **options):
    source = StoreSource(state)
    return MonitorApp(Reader(source.get, source.close), p.DESI, poll=False, **options)


async def test_a_night_in_the_record_is_shown(tmp_path):
    store = nights.write_night(tmp_path)
    app = app_on(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(app, pilot)
        screen = whole(app)
        for words in ("exp 3579", "reducing 19/30", "●●●✖●●●●●●", "∅ z8", "C 25.10 ✖", "NOISE_AMP b3 C [e-]"):
            assert words in screen
        assert "3579 b3 CHECK CCDS ended" in screen
        await pilot.press("left_square_bracket")
        await settle(app, pilot)
        assert "exp 3578" in whole(app)
        assert "GOOD" in whole(app)
    app.reader.close()
    store.close()


async def test_what_the_engine_writes_appears_and_what_is_asked_arrives(tmp_path):
    store = nights.write_night(tmp_path, exposures=1)
    app = app_on(tmp_path, who="observer")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(app, pilot)
        number = app.screen.grid.process.number
        nights.write_camera(store, number, p.camera("r9"), time.time())
        await settle(app, pilot)
        assert app.screen.query_one(StepGrid).process.cameras["r9"].status is Status.NORMAL
        await pilot.press("r", "c")
        await app.workers.wait_for_complete()
        await pilot.pause()
        command = store.pending_commands()[0]
        assert (command.name, command.who) == ("reprocess", "observer")
        assert command.arguments["expid"] == 3576
        assert list(command.arguments["cameras"]) == ["b3"]
        store.answer_command(command.number, "process 9 queued")
        await settle(app, pilot)
        assert "process 9 queued" in whole(app)
    app.reader.close()
    store.close()


async def test_a_record_that_appears_later_is_found(tmp_path):
    app = app_on(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(app, pilot)
        assert "No engine has run here yet" in whole(app)
        store = nights.write_night(tmp_path, exposures=1)
        await settle(app, pilot)
        assert "exp 3576" in whole(app)
    app.reader.close()
    store.close()


async def test_a_damaged_record_is_said_and_does_no_harm(tmp_path):
    (tmp_path / "qltui.db").write_bytes(b"this is no database, " * 500)
    app = app_on(tmp_path)
    async with app.run_test(size=(120, 24)) as pilot:
        await settle(app, pilot)
        assert "the record cannot be read: the record is damaged" in whole(app)
    app.reader.close()


async def test_a_request_without_a_record_is_refused_in_words(tmp_path):
    source = StoreSource(tmp_path)
    reader = Reader(source.get, source.close)
    with pytest.raises(ReadError, match="no engine has run here yet"):
        await reader.read(lambda record: record.send_command("reprocess"))
    reader.close()
