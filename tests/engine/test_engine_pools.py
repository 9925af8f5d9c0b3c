"""Workers that die, hang, print and lie: one is lost, its neighbours and the engine's screen are not."""

from __future__ import annotations

import dataclasses
import logging.handlers
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from engine_fakes import Events, task

from qltui.engine.executors import SlotFailed, SlotReady, StepHappened, TaskEnded
from qltui.engine.pools import LocalWorkers, death_in_words
from qltui.engine.settings import EngineSettings

SCIENCE = ("CHECK_CCDS", "CHECK_FIBERS", "CHECK_SPECTRA")


@pytest.fixture
def settings(tmp_path):
    return EngineSettings("", str(tmp_path / "state"), slots=2, entry="engine_fakes:reduce", nice=0, warm=False)


@pytest.fixture
def events():
    return Events()


@pytest.fixture
def workers(settings, events):
    made = LocalWorkers(settings, events)
    made.start()
    for slot in range(2):
        events.until(SlotReady, slot=slot)
    yield made
    made.close()


def test_a_task_tells_its_steps_and_ends_with_its_report(workers, events):
    workers.submit(0, task("b3"))
    ended = events.until(TaskEnded, slot=0)
    assert ended.report.camera == "b3"
    assert not ended.died
    # The events come by another way than the report, and may come after it.
    events.until(StepHappened, count=6)
    told = [(event.event.step, event.event.kind) for event in events.seen if isinstance(event, StepHappened)]
    assert told == [(step, kind) for step in SCIENCE for kind in ("started", "finished")]


@pytest.mark.parametrize(
    ("do", "words"),
    [("exit", "status 3"), ("kill", "out of memory"), ("crash", "SIGSEGV")],
)
def test_a_worker_that_dies_is_replaced_and_harms_no_other(workers, events, tmp_path, do, words):
    gate = tmp_path / "gate"
    workers.submit(1, task("r0", f"wait:{gate}"))
    workers.submit(0, task("b0", do))
    ended = events.until(TaskEnded, slot=0)
    assert ended.died
    assert ended.report is None
    assert words in ended.reason
    events.until(SlotReady, slot=0, count=2)
    workers.submit(0, task("b1"))
    assert events.until(TaskEnded, key=(1, "b1", 1)).report is not None
    gate.touch()
    assert events.until(TaskEnded, slot=1).report is not None


def test_all_workers_are_replaced_when_their_parent_is_killed(workers, events):
    pids = [events.until(SlotReady, slot=slot).pid for slot in range(2)]
    parent = int(Path(f"/proc/{pids[0]}/stat").read_text().rpartition(")")[2].split()[1])
    for slot in range(2):
        workers.submit(slot, task(f"b{slot}", "loop"))
        events.until(StepHappened, slot=slot, count=5)
    handles = [os.pidfd_open(pid) for pid in pids]
    os.kill(parent, signal.SIGKILL)
    for slot in range(2):
        assert "with the parent of all workers" in events.until(TaskEnded, slot=slot).reason
        events.until(SlotReady, slot=slot, count=2)
    for handle in handles:
        assert select.select([handle], [], [], 10.0)[0], "a worker outlives its parent"
        os.close(handle)
    workers.submit(0, task("b7"))
    assert events.until(TaskEnded, key=(1, "b7", 1)).report is not None


def test_an_endless_loop_is_killed_and_leaves_in_its_log_where_it_was(workers, events, settings):
    workers.submit(0, task("b0", "loop"))
    events.until(StepHappened, slot=0, count=5)
    workers.kill(0)
    ended = events.until(TaskEnded, slot=0)
    assert ended.died
    assert "SIGTERM" in ended.reason
    assert "in reduce" in (settings.logs / "worker-0.log").read_text()


def test_a_worker_that_does_not_listen_is_killed_hard(workers, events):
    workers.submit(0, task("b0", "loop"))
    events.until(StepHappened, slot=0, count=5)
    workers.kill(0, hard=True)
    assert events.until(TaskEnded, slot=0).died


@pytest.mark.parametrize(
    ("do", "words"),
    [
        ("memory", "MemoryError: no room"),
        ("raise", "RuntimeError: something"),
        ("odd", "OddError: nobody can copy this"),
        ("unpicklable", "local object"),
    ],
)
def test_what_a_task_raises_ends_the_task_and_not_the_worker(workers, events, do, words):
    pid = events.until(SlotReady, slot=0).pid
    workers.submit(0, task("b0", do))
    ended = events.until(TaskEnded, slot=0)
    assert words in ended.reason
    assert not ended.died
    workers.submit(0, task("b1"))
    assert events.until(TaskEnded, slot=0, count=2).report.pid == pid


def test_where_a_task_raised_stands_in_the_log_of_its_worker(workers, events, settings):
    workers.submit(0, task("b0", "raise"))
    events.until(TaskEnded, slot=0)
    log = (settings.logs / "worker-0.log").read_text()
    assert "RuntimeError: something else" in log
    assert 'engine_fakes.py", line' in log


def test_one_that_dies_while_it_sends_its_report_is_replaced(workers, events):
    workers.submit(0, task("b0", "half"))
    assert "killed (out of memory?)" in events.until(TaskEnded, slot=0).reason
    events.until(SlotReady, slot=0, count=2)
    workers.submit(0, task("b0"))
    assert events.until(TaskEnded, slot=0, count=2).report is not None


def test_one_that_dies_idle_is_noticed_with_the_next_task(workers, events):
    os.kill(events.until(SlotReady, slot=0).pid, signal.SIGKILL)
    workers.submit(0, task("b0"))
    assert events.until(TaskEnded, slot=0).died
    events.until(SlotReady, slot=0, count=2)


def test_what_workers_print_goes_to_their_log(workers, events, settings, capfd):
    workers.submit(0, task("b0", "print:1000000"))
    events.until(TaskEnded, slot=0)
    log = (settings.logs / "worker-0.log").read_text()
    assert log.count("x") == 1_000_000
    assert log.endswith("from C\n")
    assert capfd.readouterr() == ("", "")


def test_what_workers_log_comes_to_the_engine(workers):
    records = queue.SimpleQueue()
    handler = logging.handlers.QueueHandler(records)
    logging.getLogger("qltui.fake").addHandler(handler)
    try:
        workers.submit(0, task("b0", "log"))
        assert records.get(timeout=30.0).getMessage() == "b0 has 7 cosmics"
    finally:
        logging.getLogger("qltui.fake").removeHandler(handler)


def test_kernels_are_loaded_before_a_worker_is_ready(settings, events):
    # The parent of all workers runs already, and was told to load other things.
    workers = LocalWorkers(dataclasses.replace(settings, slots=1, warm=True, entry="engine_fakes:loaded"), events)
    workers.start()
    try:
        events.until(SlotReady, timeout=120.0)
        workers.submit(0, task("b0"))
        notes = events.until(TaskEnded).report.notes
        assert {"qltui.engine.preload", "numba", "OMP_NUM_THREADS=1"} <= set(notes)
    finally:
        workers.close()


def test_closing_leaves_no_process(settings, events):
    workers = LocalWorkers(settings, events)
    workers.start()
    pids = [events.until(SlotReady, slot=slot).pid for slot in range(2)]
    workers.submit(0, task("b0", "loop"))
    events.until(StepHappened, slot=0)
    workers.close()
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


ENGINE = """
import sys
sys.path.insert(0, sys.argv[2])
from engine_fakes import Events, task
from qltui.engine.executors import SlotFailed, SlotReady, StepHappened
from qltui.engine.pools import LocalWorkers
from qltui.engine.settings import EngineSettings
if __name__ == "__main__":
    events = Events()
    workers = LocalWorkers(
        EngineSettings("", sys.argv[1], slots=2, entry="engine_fakes:reduce", nice=0, warm=False), events)
    workers.start()
    pids = [events.until(SlotReady, slot=slot).pid for slot in range(2)]
    workers.submit(0, task("b0", "loop"))
    events.until(StepHappened, slot=0, count=5)
    print(*pids, flush=True)
    sys.stdin.read()
"""


def test_a_killed_engine_leaves_no_worker(tmp_path):
    script = tmp_path / "engine.py"
    script.write_text(ENGINE)
    command = [sys.executable, str(script), str(tmp_path / "state"), str(Path(__file__).parent)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as engine:
        handles = [os.pidfd_open(int(pid)) for pid in engine.stdout.readline().split()]
        assert len(handles) == 2
        engine.kill()
        engine.wait()
        end = time.monotonic() + 10.0
        alive = set(handles)
        while alive and time.monotonic() < end:
            alive -= set(select.select(list(alive), [], [], end - time.monotonic())[0])
        for handle in handles:
            os.close(handle)
    assert not alive


def test_deaths_are_told_in_words():
    assert "SIGSEGV" in death_in_words(-11)
    assert "out of memory" in death_in_words(-9)
    assert "status 1" in death_in_words(1)
    assert "signal 200" in death_in_words(-200)
    assert death_in_words(None)


def test_a_worker_that_cannot_be_replaced_now_is_replaced_when_there_are_threads_again(workers, events, monkeypatch):
    begin = threading.Thread.start

    def refuse(thread):
        if thread.name.startswith("make-"):
            raise RuntimeError("can't start new thread")
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    workers.submit(0, task("b0", "exit"))
    ended = events.until(TaskEnded, slot=0)
    assert ended.died
    assert "gives no thread" in events.until(SlotFailed, slot=0).reason
    workers.restart(0)
    events.until(SlotFailed, slot=0, count=2)
    monkeypatch.undo()
    workers.restart(0)
    events.until(SlotReady, slot=0, count=2)
    assert workers._unburied == []
    workers.submit(0, task("b1"))
    assert events.until(TaskEnded, key=(1, "b1", 1)).report is not None
