"""Recorder, messages, heartbeat, logs, fitness: what needs no process."""

from __future__ import annotations

import logging
import math
import os
from pathlib import Path

import pytest
from engine_fakes import INSTRUMENT

from qltui.engine import messages
from qltui.engine.environment import numba_cache_directory, prepare_environment
from qltui.engine.logs import engine_log, trim_worker_logs
from qltui.engine.recorder import Recorder
from qltui.engine.runs import is_fit
from qltui.model import Exposure, Judgement, Status, Verdict
from qltui.quality.results import CameraResult, StepResult
from qltui.store.errors import RecordFullError
from qltui.store.record import Store

NONE = (math.nan, math.nan)


def judgement(statuses, values=None, metric="NOISE_AMP", reason=""):
    count = len(statuses)
    return Judgement(
        metric, tuple("ABCD"[:count]), tuple(values or [3.0] * count), (3.0,) * count, (NONE,) * count,
        (NONE,) * count, tuple(statuses), reason,
    )  # fmt: skip


# -- recorder --------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "qltui.db") as opened:
        yield opened


def test_lines_are_told_when_they_are_in_the_record(store):
    heard = []
    recorder = Recorder(store, heard.append)
    recorder.log("info", "Exposure 7 ended", 7)
    assert heard == []
    assert recorder.flush()
    assert [line.text for line in heard] == [line.text for line in store.log_lines()] == ["Exposure 7 ended"]
    assert recorder.flush()
    assert len(heard) == 1


def test_what_is_refused_is_kept_in_its_order(store, monkeypatch):
    recorder = Recorder(store)
    broken = [True]
    real = store.log

    def log(*args):
        if broken[0]:
            raise RecordFullError("the disk is full; make room")
        return real(*args)

    monkeypatch.setattr(store, "log", log)
    recorder.log("info", "first")
    assert not recorder.flush()
    assert recorder.trouble == "the disk is full; make room"
    recorder.log("alarm", "second")
    assert not recorder.flush()
    broken[0] = False
    assert recorder.flush()
    assert recorder.trouble == ""
    assert [line.text for line in store.log_lines()] == ["first", "second"]


def test_a_write_that_is_wrong_holds_up_no_other(store, caplog):
    recorder = Recorder(store)
    recorder.log("info", "before")
    recorder.add(store.set_verdict, 999, Verdict(Status.NORMAL, "of no process"))
    recorder.log("info", "after")
    assert recorder.flush()
    assert [line.text for line in store.log_lines()] == ["before", "after"]
    assert "could not be recorded: set_verdict" in caplog.text


# -- words -----------------------------------------------------------------------------------------------------------


def exposure(**values):
    return Exposure("desi", 20191001, 3578, values.pop("obstype", "SCIENCE"), "/x", **values)


def test_words_of_an_exposure():
    assert messages.available(exposure(program="DARK")) == "Exposure 3578 (DARK SCIENCE) available"
    flat = exposure(obstype="FLAT", program="CALIB FLAT: LED")
    assert messages.available(flat) == "Exposure 3578 (CALIB FLAT: LED) available"
    odd = exposure(obstype="", revision=2, problems=("fibermap missing", "no EXPTIME"))
    assert messages.available(odd) == ("Exposure 3578 (no OBSTYPE) available, revision 2: fibermap missing; no EXPTIME")
    assert messages.started(exposure(), 30, ["z8"]) == (
        "Exposure 3578 started, 30 cameras expected, not in the file: z8"
    )
    assert messages.started(exposure(), 30, ["z8"] * 7).endswith("7 of them")
    assert messages.ended(exposure(), 12.4) == "Exposure 3578 ended (0:00:12)"
    assert messages.duration(3725.0) == "1:02:05"
    verdict = Verdict(Status.ALARM, "26 of 30 cameras good")
    assert messages.ready(exposure(), verdict) == "Exposure 3578 is ready: ALARM, 26 of 30 cameras good"


def test_words_of_a_step():
    good = StepResult("CHECK_CCDS", Status.NORMAL, "", (judgement([Status.NORMAL] * 4),))
    assert messages.step_ended(INSTRUMENT, "b3", good, 0.344) == "b3 CHECK CCDS ended (0.34 s)"
    bad = judgement([Status.NORMAL, Status.ALARM, Status.WARNING, Status.ALARM], [3.0, 25.1, 5.0, 9.0])
    step = StepResult("CHECK_CCDS", Status.ALARM, "", (bad, judgement([Status.NORMAL])))
    assert messages.step_ended(INSTRUMENT, "b3", step, 0.34) == (
        "b3 CHECK CCDS ended (0.34 s)  ALARM  NOISE_AMP B 25.10, D 9.00 e-"
    )
    failed = StepResult("CHECK_CCDS", Status.FAILED, "no such HDU")
    assert messages.step_ended(INSTRUMENT, "b3", failed, 0.0).endswith("FAILED  no such HDU")
    unknown = judgement([Status.UNKNOWN], [math.nan], reason="all pixels masked")
    step = StepResult("CHECK_CCDS", Status.UNKNOWN, "", (unknown,))
    assert messages.step_ended(INSTRUMENT, "b3", step, 0.0).endswith("UNKNOWN  NOISE_AMP all pixels masked")


@pytest.mark.parametrize(("status", "level"), [
    (Status.NORMAL, "info"), (Status.WARNING, "warning"), (Status.UNKNOWN, "warning"), (Status.ALARM, "alarm"),
    (Status.FAILED, "error"), (Status.NOT_CHECKED, "info"), (Status.MISSING, "alarm"),
])  # fmt: skip
def test_levels(status, level):
    assert messages.level_of(status) == level


# -- what may calibrate ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "fit"),
    [
        ([Status.NORMAL], True),
        ([Status.NORMAL, Status.WARNING], True),
        ([Status.NORMAL, Status.NOT_CHECKED], True),
        ([Status.NOT_CHECKED], False),
        ([Status.NORMAL, Status.UNKNOWN], False),
        ([Status.NORMAL, Status.ALARM], False),
        ([], False),
    ],
)
def test_only_what_was_checked_and_is_not_bad_may_calibrate(statuses, fit):
    judgements = tuple(judgement([status]) for status in statuses)
    worst = max(statuses, key=lambda status: status.severity, default=Status.NOT_CHECKED)
    assert is_fit(CameraResult("b0", worst, "", (StepResult("CHECK_CCDS", worst, "", judgements),))) is fit


def test_a_failed_step_spoils_it():
    steps = (
        StepResult("CHECK_CCDS", Status.NORMAL, "", (judgement([Status.NORMAL]),)),
        StepResult("CHECK_ARC", Status.FAILED, "no lines"),
    )
    assert not is_fit(CameraResult("b0", Status.FAILED, "", steps))


# -- place -----------------------------------------------------------------------------------------------------------


def test_what_workers_print_does_not_fill_the_disk(tmp_path):
    log = tmp_path / "worker-0.log"
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, b"x" * 5000 + b"end")
    trim_worker_logs(tmp_path, limit=1000)
    os.write(descriptor, b"new")
    os.close(descriptor)
    assert log.read_bytes() == b"new"
    kept = (tmp_path / "worker-0.log.1").read_bytes()
    assert len(kept) == 500
    assert kept.endswith(b"end")


def test_the_engines_log(tmp_path):
    with engine_log(tmp_path):
        logging.getLogger("qltui.engine").debug("a\udcff word")
    logging.getLogger("qltui.engine").warning("after")
    assert (tmp_path / "engine.log").read_text().endswith("qltui.engine: a\\udcff word\n")


def test_compiled_kernels_go_where_one_may_write(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr("qltui.engine.environment._can_write", lambda place: False)
    assert numba_cache_directory(tmp_path) == tmp_path / "cache" / "numba"
    for name in ("OMP_NUM_THREADS", "QLTUI_PRELOAD_INSTRUMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    prepare_environment(tmp_path, "desi")
    assert Path(os.environ["NUMBA_CACHE_DIR"]).is_dir()
    assert (os.environ["OMP_NUM_THREADS"], os.environ["MKL_NUM_THREADS"]) == ("1", "3")
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/elsewhere")
    assert numba_cache_directory(tmp_path) is None
