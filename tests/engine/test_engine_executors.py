"""The same interface over this process, a pool, and somebody else's executor."""

from __future__ import annotations

import concurrent.futures
import importlib.metadata
import logging
import threading

import pytest
from engine_fakes import Events, task

from qltui.engine import executors
from qltui.engine.executors import ExecutorError, SlotReady, StepHappened, TaskEnded, make_executor
from qltui.engine.settings import EngineSettings


@pytest.fixture
def settings(tmp_path):
    return EngineSettings(
        "", str(tmp_path), slots=2, entry="engine_fakes:reduce", warm=False, options={"cosmics": True}
    )


@pytest.fixture
def events():
    return Events()


def test_settings_go_to_another_process_and_back(settings):
    assert EngineSettings.from_json(settings.to_json()) == settings


def test_serial_works_in_this_process(settings, events):
    workers = make_executor("serial", settings, events)
    workers.start()
    events.until(SlotReady, slot=0)
    workers.submit(0, task())
    assert events.until(TaskEnded).report.camera == "b0"
    assert events.until(StepHappened).event.step == "CHECK_CCDS"
    workers.submit(0, task(do="raise"))
    assert "something else" in events.until(TaskEnded, count=2).reason


class Threads(concurrent.futures.ThreadPoolExecutor):
    """Stands for an executor of a site; it cannot kill either."""


def test_a_foreign_executor_by_entry_point(settings, events, monkeypatch):
    point = importlib.metadata.EntryPoint("mine", "test_engine_executors:make_threads", executors.GROUP)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [point] if group == executors.GROUP else [])
    workers = make_executor("mine", settings, events)
    workers.start()
    for slot in range(2):
        events.until(SlotReady, slot=slot)
    workers.submit(0, task("b0"))
    workers.submit(1, task("r0", "raise"))
    assert events.until(TaskEnded, slot=0).report.steps[0].step == "CHECK_CCDS"
    assert "something else" in events.until(TaskEnded, slot=1).reason
    workers.restart(1)
    events.until(SlotReady, slot=1, count=2)
    workers.close()
    workers.submit(0, task("b1"))
    assert "takes no tasks" in events.until(TaskEnded, slot=0, count=2).reason


def make_threads(settings):
    return Threads(1)


def test_one_that_waits_can_be_taken_back(settings, events):
    gate = threading.Event()
    pool = Threads(1)
    pool.submit(gate.wait, 30.0)
    workers = executors.ForeignWorkers(pool, 1, settings.entry, events)
    workers.submit(0, task())
    workers.kill(0)
    assert events.until(TaskEnded).reason == "cancelled"
    gate.set()
    workers.close()


def test_what_there_is_not_is_said(settings, events, monkeypatch):
    with pytest.raises(ExecutorError, match="choose one of dask, local, mpi, serial"):
        make_executor("slurm", settings, events)
    monkeypatch.setitem(executors._BUILT_IN, "dask", "no_such_module:executor")
    with pytest.raises(ExecutorError, match="needs no_such_module, which is not installed"):
        make_executor("dask", settings, events)
    monkeypatch.setitem(executors._BUILT_IN, "mpi", "test_engine_executors:refuse")
    with pytest.raises(ExecutorError, match="does not start: OSError: nobody answers"):
        make_executor("mpi", settings, events)


def refuse(settings):
    raise OSError("nobody answers")


def test_a_whole_night_in_this_process(tmp_path):
    import dataclasses

    from engine_fakes import INSTRUMENT, exposure_file

    from qltui.engine.running import run_engine
    from qltui.store.record import Store

    (tmp_path / "data").mkdir()
    exposure_file(tmp_path / "data", 1)
    settings = EngineSettings(
        str(tmp_path / "data"), str(tmp_path / "state"), executor="serial", settle_seconds=0.0,
        rescan_seconds=0.2, entry="engine_fakes:reduce",
    )  # fmt: skip
    before = logging.getLogger("qltui").handlers[:]
    assert run_engine(settings, once=True, instrument=dataclasses.replace(INSTRUMENT)) == 0
    assert logging.getLogger("qltui").handlers == before
    with Store.open(settings.database, read_only=True) as store:
        assert store.exposures()[0].headline == "3 of 30 cameras good"
