"""What an engine tells systemd, what it does where temporary files lie deep, and how it tries again."""

from __future__ import annotations

import dataclasses
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from engine_fakes import INSTRUMENT, Running, exposure_file

from qltui.engine.executors import ExecutorError
from qltui.engine.heartbeat import stuck_watcher
from qltui.engine.messages import times
from qltui.engine.notify import Notifier
from qltui.engine.settings import EngineSettings
from qltui.engine.sockets import make_socket_directory
from qltui.store.record import Store

OFF = tuple(camera.name for camera in INSTRUMENT.cameras if camera.name not in ("b0", "r0", "z0"))


@pytest.fixture
def listener():
    """A socket as systemd has one, with a path that is short enough."""
    with tempfile.TemporaryDirectory(dir="/tmp") as directory, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(f"{directory}/notify")
        made.settimeout(30.0)
        yield made


def heard(listener):
    return listener.recv(4096).decode()


def test_systemd_is_told_once_and_the_watchdog_is_fed_twice_in_its_time(listener):
    now = [100.0]
    environment = {"NOTIFY_SOCKET": listener.getsockname(), "WATCHDOG_USEC": "30000000"}
    notifier = Notifier(environment, clock=lambda: now[0])
    notifier.ready()
    notifier.status("idle")
    notifier.status("idle")
    notifier.turn()
    notifier.turn()
    now[0] += 14.9
    notifier.turn()
    now[0] += 0.2
    notifier.turn()
    notifier.status("reducing:\n two\x00 lines")
    notifier.stopping()
    assert [heard(listener) for _ in range(6)] == [
        "READY=1", "STATUS=idle", "WATCHDOG=1", "WATCHDOG=1", "STATUS=reducing: two\x00 lines", "STOPPING=1",
    ]  # fmt: skip


def test_an_abstract_socket_is_found():
    name = f"qltui-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(f"\0{name}")
        made.settimeout(10.0)
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).ready()
        assert heard(made) == "READY=1"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "1000000"},
        {"NOTIFY_SOCKET": "/nowhere/at/all", "WATCHDOG_USEC": "many"},
        {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
    ],
)
def test_without_systemd_nothing_is_said_and_nothing_fails(environment):
    notifier = Notifier(environment)
    notifier.ready()
    notifier.turn()
    notifier.status("idle")
    notifier.stopping()


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "data").mkdir()
    return EngineSettings(
        data_directory=str(tmp_path / "data"),
        state_directory=str(tmp_path / "state"),
        slots=1,
        settle_seconds=0.0,
        rescan_seconds=0.2,
        entry="engine_fakes:reduce",
        cameras_off=OFF,
        warm=False,
        backoff_seconds=0.3,
    )


def test_a_real_engine_says_ready_feeds_the_watchdog_and_says_that_it_stops(settings, listener, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", listener.getsockname())
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    engine = Running(settings, instrument=INSTRUMENT)
    said = []
    while said.count("WATCHDOG=1") < 3 or "READY=1" not in said:
        said.append(heard(listener))
    engine.stop()
    while "STOPPING=1" not in said:
        said.append(heard(listener))
    assert any(words.startswith("STATUS=") for words in said)
    with Store.open(Path(settings.state_directory) / "qltui.db", read_only=True) as store:
        assert store.heartbeats()["watcher"] > 0.0


def test_a_camera_that_failed_rests_before_it_is_tried_again_and_each_time_longer(settings, tmp_path):
    exposure_file(Path(settings.data_directory), 1, do={"b0": "exit"}, record=str(tmp_path / "diary"))
    engine = Running(dataclasses.replace(settings, max_attempts=3), once=True, instrument=INSTRUMENT)
    assert engine.end(60.0) == 0
    again = [line for line in engine.lines if "b0 is tried again" in line.text]
    assert [line.text.split(":")[0] for line in again] == ["b0 is tried again in 0.3 s", "b0 is tried again in 0.6 s"]
    (failed,) = [line for line in engine.lines if line.text.startswith("b0 FAILED")]
    assert "tried 3 times; see worker-" in failed.text
    assert failed.text.endswith("; r reprocesses it")
    assert again[1].time - again[0].time >= 0.3
    assert failed.time - again[1].time >= 0.6
    # The others have not waited for it.
    others = [line.time for line in engine.lines if line.text.startswith(("r0 CHECK SPECTRA", "z0 CHECK SPECTRA"))]
    assert max(others) < failed.time


@pytest.mark.parametrize(("count", "words"), [(1, "once"), (2, "twice"), (5, "5 times")])
def test_how_often_in_words(count, words):
    assert times(count) == words


def test_a_watcher_that_says_nothing_is_stuck_and_one_that_is_slow_is_not(settings):
    assert stuck_watcher(100.0, settings) == ""
    assert "watcher is stuck" in stuck_watcher(180.0, settings)
    assert "3 min ago" in stuck_watcher(180.0, settings)
    assert stuck_watcher(180.0, dataclasses.replace(settings, rescan_seconds=60.0)) == ""


DEEP = """
import sys
sys.path.insert(0, sys.argv[1])
from engine_fakes import INSTRUMENT
from qltui.engine.running import run_engine
from qltui.engine.settings import EngineSettings
if __name__ == "__main__":
    sys.exit(run_engine(EngineSettings.from_json(sys.argv[2]), once=True, instrument=INSTRUMENT))
"""


def test_an_engine_works_where_temporary_files_lie_deep(settings, tmp_path):
    deep = tmp_path / ("d" * 75) / ("e" * 75)
    deep.mkdir(parents=True)
    exposure_file(Path(settings.data_directory), 1, record=str(tmp_path / "diary"))
    script = tmp_path / "engine.py"
    script.write_text(DEEP)
    run = subprocess.run(
        [sys.executable, str(script), str(Path(__file__).parent), settings.to_json()],
        env={**os.environ, "TMPDIR": str(deep)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    with Store.open(Path(settings.state_directory) / "qltui.db", read_only=True) as store:
        assert store.find_exposure("1").status.value == "NORMAL"


def test_no_short_directory_at_all_is_said_with_what_to_do(tmp_path, monkeypatch):
    deep = tmp_path / ("d" * 75)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with pytest.raises(ExecutorError, match="set TMPDIR"):
        make_socket_directory([str(deep), "/nowhere"])
    assert tempfile.tempdir == str(deep)
