"""An engine that outlives whoever started it."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import pytest
from engine_fakes import exposure_file

from qltui.engine.launch import EngineStartError, is_running, start_engine, stop_engine
from qltui.engine.settings import EngineSettings
from qltui.store.record import Store


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "data").mkdir()
    made = EngineSettings(
        str(tmp_path / "data"), str(tmp_path / "state"), slots=1, settle_seconds=0.0, nice=0, warm=False
    )
    yield made
    stop_engine(made.state_directory)


STARTER = """
import sys
from qltui.engine.launch import start_engine
from qltui.engine.settings import EngineSettings
print(start_engine(EngineSettings.from_json(sys.argv[1])), flush=True)
"""


def test_it_outlives_its_starter_and_is_stopped_by_another(settings):
    assert is_running(settings.state_directory) is None
    starter = subprocess.run(
        [sys.executable, "-c", STARTER, settings.to_json()], capture_output=True, text=True, check=True, timeout=60
    )
    pid = int(starter.stdout)
    assert is_running(settings.state_directory).pid == pid
    assert os.getsid(pid) == pid, "a session of its own: no terminal can take it along"
    with Store.open(settings.database, read_only=True) as store:
        assert store.engine().pid == pid
        assert store.engine().state in ("compiling", "idle")
    # A second start finds the first.
    assert start_engine(settings) == pid
    assert stop_engine(settings.state)
    assert is_running(settings.state) is None
    with Store.open(settings.database, read_only=True) as store:
        assert (store.engine().state, store.engine().detail) == ("stopped", "SIGTERM received")
    assert not stop_engine(settings.state)


def test_why_it_does_not_start_is_said(settings, tmp_path):
    (tmp_path / "limits.toml").write_text("nonsense")
    with pytest.raises(EngineStartError, match=r"ended at once with status 69: .*limits.toml"):
        start_engine(dataclasses.replace(settings, limits=str(tmp_path / "limits.toml")))
    (tmp_path / "file").touch()
    with pytest.raises(EngineStartError, match=r"cannot be written.*--state"):
        start_engine(dataclasses.replace(settings, state_directory=str(tmp_path / "file")))


def test_the_data_directory_may_come_later(settings, tmp_path):
    (tmp_path / "data").rmdir()
    start_engine(settings)
    with Store.open(settings.database, read_only=True) as store:
        assert store.engine().pid
    exposure_file(tmp_path / "data", 1)
    assert stop_engine(settings.state)
