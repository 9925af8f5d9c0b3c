"""A record that another program keeps locked: the engine waits, says so beside it, and loses nothing."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import pytest
from engine_fakes import INSTRUMENT, Running, exposure_file

from qltui.commands.exit_codes import ExitCode
from qltui.commands.status import exit_code_of, line_of
from qltui.engine import engine as engine_module
from qltui.engine.settings import EngineSettings
from qltui.store.aside import heard_aside, hush, say_aside
from qltui.store.errors import RecordBusyError
from qltui.store.record import Store
from qltui.tui.health import engine_health

OFF = tuple(camera.name for camera in INSTRUMENT.cameras if camera.name not in ("b0", "r0", "z0"))


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr(engine_module, "BEAT_SECONDS", 0.2)
    (tmp_path / "data").mkdir()
    return EngineSettings(
        str(tmp_path / "data"),
        str(tmp_path / "state"),
        slots=2,
        settle_seconds=0.1,
        rescan_seconds=0.2,
        entry="engine_fakes:reduce",
        warm=False,
        nice=0,
        cameras_off=OFF,
    )


def until(answer, timeout=30.0):
    """Look at the record until it gives an answer; what is looked at is beside it as well, and wakes nobody."""
    end = time.monotonic() + timeout
    while not (found := answer()):
        assert time.monotonic() < end
    return found


def test_the_engine_goes_on_behind_a_lock_and_says_so(settings, tmp_path):
    engine = Running(settings, instrument=INSTRUMENT)
    try:
        exposure_file(tmp_path / "data", 1)
        engine.until("1 is ready")
        with Store.open(settings.database, read_only=True) as viewer:
            with closing(sqlite3.connect(settings.database, isolation_level=None)) as other:
                other.execute("BEGIN EXCLUSIVE")
                exposure_file(tmp_path / "data", 2)
                view = until(lambda: (view := viewer.monitor_view()).engine.trouble and view)
                health = engine_health(view.engine, time.time())
                assert (health.kind, health.words) == ("troubled", "another program keeps the record locked")
                assert exit_code_of(view, time.time()) is ExitCode.ALARM
                assert line_of(view, time.time()) == "qltui: IN TROUBLE: another program keeps the record locked"
                # It beats on beside the record.
                first = view.engine.heartbeat
                until(lambda: viewer.engine().heartbeat > first)
            engine.until("2 is ready")
            until(lambda: engine_health(viewer.engine(), time.time()).is_alive)
            assert [viewer.find_exposure(str(expid)).status.value for expid in (1, 2)] == ["NORMAL", "NORMAL"]
    finally:
        engine.stop()
    assert heard_aside(tmp_path / "state") is None


def test_what_is_said_beside_the_record_fits_its_room_whatever_it_is(tmp_path):
    assert hush(tmp_path)
    size = (tmp_path / "engine.aside").stat().st_size
    assert say_aside(tmp_path, "\U0001f600" * 9999 + "\n", now=7.0)
    assert (tmp_path / "engine.aside").stat().st_size == size
    said = heard_aside(tmp_path)
    assert said.time == 7.0
    assert said.words.startswith("\U0001f600")
    assert say_aside(tmp_path, "short")
    assert heard_aside(tmp_path).words == "short"
    assert hush(tmp_path)
    assert heard_aside(tmp_path) is None


@pytest.mark.parametrize(
    "content", [b"", b"[" * 4000, b"{}", b"[1, 2]", b'[1, "h", NaN, "w"]', b"\xff", b'["x", "h", 1, "w"]']
)
def test_anything_else_beside_the_record_is_nothing(tmp_path, content):
    (tmp_path / "engine.aside").write_bytes(content)
    assert heard_aside(tmp_path) is None


def test_nothing_is_said_where_nothing_can_be_written(tmp_path):
    assert not say_aside(tmp_path / "nowhere", "words")
    assert not hush(tmp_path / "nowhere")


def test_a_lock_that_comes_just_when_an_exposure_is_begun_ends_nothing(settings, tmp_path, monkeypatch):
    write, calls = Store.configuration, []

    def locked(store, *args):
        calls.append(args)
        # The first is for the queue.
        if len(calls) in (2, 3):
            raise RecordBusyError("another program keeps the record locked; find it with `fuser`")
        return write(store, *args)

    monkeypatch.setattr(Store, "configuration", locked)
    exposure_file(tmp_path / "data", 1)
    assert Running(settings, instrument=INSTRUMENT, once=True).end(60.0) == 0
    assert len(calls) >= 4
    with Store.open(settings.database, read_only=True) as store:
        assert store.find_exposure("1").status.value == "NORMAL"
