"""Whole nights with real processes and a real record: what arrives, dies, is rewritten, stopped and gone on with."""

from __future__ import annotations

import dataclasses
import os
import re
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from engine_fakes import INSTRUMENT, Running, exposure_file

from qltui.engine.lock import AlreadyRunningError
from qltui.engine.settings import EngineSettings
from qltui.engine.stopping import signals_stop
from qltui.model import Status
from qltui.store.database import Database
from qltui.store.errors import RecordFullError
from qltui.store.record import Store

NIGHT = 20191001
CAMERAS = ("b0", "r0", "z0")
OFF = tuple(camera.name for camera in INSTRUMENT.cameras if camera.name not in CAMERAS)


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "data").mkdir()
    return EngineSettings(
        str(tmp_path / "data"),
        str(tmp_path / "state"),
        slots=2,
        settle_seconds=0.05,
        rescan_seconds=0.3,
        cameras_off=OFF,
        nice=0,
        entry="engine_fakes:reduce",
        warm=False,
        stop_grace=0.3,
        who="ada",
        configuration="[engine]",
    )


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def diary(tmp_path):
    """The file in which workers write what they begin and end."""
    return tmp_path / "diary"


@pytest.fixture
def start(settings):
    engines = []

    def make(**changes):
        options = {"once": changes.pop("once")} if "once" in changes else {}
        engines.append(Running(dataclasses.replace(settings, **changes), instrument=INSTRUMENT, **options))
        return engines[-1]

    yield make
    for engine in engines:
        engine.stop()


def record(settings):
    return Store.open(settings.database, read_only=True)


def command(settings, name, **arguments):
    with record(settings) as store:
        return store.send_command(name, arguments, "ada")


def rows(settings):
    with record(settings) as store:
        return {row.exposure.expid: row for row in store.exposures(NIGHT)}


def view_of(settings, expid):
    with record(settings) as store:
        return store.process_view(store.process_numbers(expid=expid)[0])


def diary_of(diary, what="end"):
    lines = [line.split() for line in diary.read_text().splitlines()] if diary.exists() else []
    return [(int(expid), camera) for expid, camera, _, _, word, _ in lines if word == what]


# -- a night ---------------------------------------------------------------------------------------------------------


def test_once_works_off_what_is_there_calibrations_first(start, settings, data, diary):
    for expid, obstype in ((3, "SCIENCE"), (2, "FLAT"), (1, "ZERO")):
        exposure_file(data, expid, obstype=obstype, record=str(diary))
    engine = start(once=True)
    assert engine.end() == 0
    done = diary_of(diary)
    assert sorted(done) == [(expid, camera) for expid in (1, 2, 3) for camera in CAMERAS]
    for camera in CAMERAS:
        assert [expid for expid, name in done if name == camera] == [1, 2, 3]
    found = rows(settings)
    assert {row.status for row in found.values()} == {Status.NORMAL}
    assert found[3].headline == "all 3 cameras good"
    camera = view_of(settings, 3).cameras["b0"]
    assert camera.calibrations["fiberflat"].endswith("products/20191001/00000002/000002/fiberflat-b0.txt")
    assert set(camera.calibrations) == {"fiberflat", "biaslevels"}
    view = view_of(settings, 3)
    assert (view.trigger, view.state, view.who, view.code_version) == ("BACKLOG", "done", "ada", "0.1.0")
    assert view.cameras["z9"].status is Status.NOT_EXPECTED
    # Once more: everything is known, and nothing is done again.
    assert start(once=True).end() == 0
    assert len(diary_of(diary)) == 9


def test_exposures_that_come_while_it_runs(start, settings, data):
    engine = start()
    engine.until("Engine started")
    for expid in range(10, 16):
        exposure_file(data, expid)
    for expid in range(10, 16):
        engine.until(f"Exposure {expid} is ready: NORMAL")
    assert {row.state for row in rows(settings).values()} == {"done"}
    assert view_of(settings, 12).trigger in ("NEW", "BACKLOG")
    texts = engine.texts
    assert "Exposure 12 (DARK SCIENCE) available" in texts
    assert "Exposure 12 started, 3 cameras expected" in texts
    assert "b0 CHECK CCDS ended (0.01 s)" in texts
    assert "Exposure 12 ended (0:00:00)" in texts


def test_two_are_in_flight_and_the_tail_of_one_idles_nobody(start, settings, data, tmp_path):
    gate = tmp_path / "gate"
    exposure_file(data, 1, do={"b0": f"wait:{gate}"})
    engine = start()
    engine.until("Exposure 1 started")
    exposure_file(data, 2)
    exposure_file(data, 3)
    # The third as well: the second ends while the first still has one camera in a worker.
    engine.until("Exposure 2 is ready")
    engine.until("Exposure 3 is ready")
    with record(settings) as store:
        assert store.monitor_view().running == (1,)
        assert "b0 CHECK SPECTRA" in store.engine().slots or store.engine().state == "reducing"
    gate.touch()
    engine.until("Exposure 1 is ready: NORMAL")


def test_science_waits_camera_by_camera_for_an_earlier_flat(start, settings, data, diary, tmp_path):
    gate = tmp_path / "gate"
    exposure_file(data, 1, obstype="FLAT", do={"b0": f"wait:{gate}"}, record=str(diary))
    engine = start()
    engine.until("Exposure 1 started")
    exposure_file(data, 2, record=str(diary))
    engine.until("r0 CHECK SPECTRA ended")
    engine.until("z0 CHECK SPECTRA ended")
    assert (2, "b0") not in diary_of(diary)
    gate.touch()
    engine.until("Exposure 2 is ready: NORMAL")
    ends = diary_of(diary)
    assert ends.index((1, "b0")) < ends.index((2, "b0"))
    assert all("fiberflat" in view_of(settings, 2).cameras[camera].calibrations for camera in CAMERAS)


def test_a_flat_that_is_not_fit_calibrates_nothing(start, settings, data):
    exposure_file(data, 1, obstype="FLAT", do={"b0": "noisy"})
    exposure_file(data, 2)
    start(once=True).end()
    cameras = view_of(settings, 2).cameras
    assert "fiberflat" not in cameras["b0"].calibrations
    assert "fiberflat" in cameras["r0"].calibrations


def test_no_recipe_is_said(start, settings, data):
    exposure_file(data, 1, obstype="FOCUS")
    engine = start(once=True)
    engine.end()
    assert rows(settings)[1].status is Status.NOT_CHECKED
    assert "no recipe for FOCUS" in rows(settings)[1].headline


# -- what goes wrong -------------------------------------------------------------------------------------------------


def test_workers_that_die_cost_their_own_camera_only(start, settings, data):
    exposure_file(data, 1, do={"b0": "exit", "r0": "exit_once"})
    exposure_file(data, 2, do={"b0": "unpicklable", "r0": "memory", "z0": "silent"})
    engine = start(once=True)
    engine.end()
    first, second = view_of(settings, 1), view_of(settings, 2)
    assert first.cameras["b0"].status is Status.FAILED
    died = r"worker ended with status 3 in CHECK SPECTRA, tried twice; see worker-[01]\.log; r reprocesses it"
    assert re.fullmatch(died, first.cameras["b0"].reason)
    assert [step.status for step in first.cameras["b0"].steps] == [Status.NORMAL, Status.NORMAL, Status.FAILED]
    assert (first.cameras["r0"].status, first.cameras["r0"].attempt) == (Status.NORMAL, 2)
    assert first.cameras["z0"].status is Status.NORMAL
    assert first.verdict.status is Status.FAILED
    assert "local object" in second.cameras["b0"].reason
    assert "MemoryError" in second.cameras["r0"].reason
    assert second.cameras["z0"].status is Status.UNKNOWN, "a step of which nothing is heard is not good"
    with record(settings) as store:
        causes = [alarm.cause for alarm in store.alarms()]
    assert any(cause.startswith("b0") for cause in causes)


def test_a_step_that_never_ends_is_ended(start, settings, data, monkeypatch):
    short = tuple(dataclasses.replace(step, timeout=0.5) for step in INSTRUMENT.steps)
    monkeypatch.setattr("test_engine_night.INSTRUMENT", dataclasses.replace(INSTRUMENT, steps=short))
    exposure_file(data, 1, do={"b0": "loop"})
    start(once=True, max_attempts=1).end()
    camera = view_of(settings, 1).cameras["b0"]
    assert camera.status is Status.FAILED
    assert re.fullmatch(
        r"killed after 0.5 s in CHECK SPECTRA; worker-[01]\.log says where; r reprocesses it", camera.reason
    )
    assert view_of(settings, 1).cameras["r0"].status is Status.NORMAL


def test_what_is_bad_is_judged_and_raised(start, settings, data):
    exposure_file(data, 1, do={"b0": "noisy"})
    engine = start(once=True)
    engine.end()
    line = next(line for line in engine.lines if "NOISE_AMP" in line.text)
    assert (line.level, line.text) == ("alarm", "b0 CHECK CCDS ended (0.01 s)  ALARM  NOISE_AMP C 25.10 e-")
    with record(settings) as store:
        (alarm,) = store.alarms()
    assert alarm.status is Status.ALARM
    assert alarm.cause.startswith("b0 C  noise 25.10")
    assert rows(settings)[1].headline == "2 of 3 cameras good"


def test_a_truncated_file_is_shown_and_reduced_when_it_is_complete(start, settings, data):
    path = exposure_file(data, 1)
    whole = path.read_text()
    path.write_text(whole[:30])
    engine = start()
    engine.until("is cut off after 30 bytes")
    with record(settings) as store:
        shown = store.engine()
        assert shown.incomplete == 1
        assert "desi-00000001.json" in shown.incomplete_names[0]
    path.write_text(whole)
    engine.until("Exposure 1 is ready: NORMAL")
    with record(settings) as store:
        assert store.engine().incomplete == 0


def test_a_rewritten_file_is_a_new_revision(start, settings, data, tmp_path):
    gate = tmp_path / "gate"
    exposure_file(data, 1, do={"b0": f"wait:{gate}"})
    engine = start()
    engine.until("Exposure 1 started")
    with record(settings) as store:
        old = store.process_numbers(expid=1)[0]
    exposure_file(data, 1, program="BRIGHT")
    engine.until("Exposure 1 superseded: the file was rewritten")
    engine.until("Exposure 1 is ready: NORMAL")
    new = view_of(settings, 1)
    assert (new.exposure.revision, new.exposure.program, new.state) == (2, "BRIGHT", "done")
    with record(settings) as store:
        assert store.process_view(old).state == "superseded"
        assert store.process_view(old).cameras["b0"].status is Status.CANCELLED


def test_a_full_disk_delays_the_record_and_loses_nothing(start, settings, data, diary, tmp_path, monkeypatch):
    full = threading.Event()
    real = Database.transaction

    def transaction(self, **options):
        if full.is_set() and not self.read_only:
            raise RecordFullError("the disk of the state directory is full or fails; make room")
        return real(self, **options)

    monkeypatch.setattr(Database, "transaction", transaction)
    gate = tmp_path / "gate"
    exposure_file(data, 1, do={"b0": f"wait:{gate}"}, record=str(diary))
    engine = start()
    engine.until("CHECK SPECTRA started")
    full.set()
    exposure_file(data, 2, record=str(diary))
    gate.touch()
    # The worker ends; nobody can write it down.
    log = settings.logs / "engine.log"
    while "is kept and tried again" not in log.read_text() or (1, "b0") not in diary_of(diary):
        threading.Event().wait(0.05)
    assert rows(settings)[1].state == "running"
    full.clear()
    engine.until("Exposure 1 is ready: NORMAL")
    engine.until("Exposure 2 is ready: NORMAL")
    assert sorted(diary_of(diary)) == [(expid, camera) for expid in (1, 2) for camera in CAMERAS]


def test_an_incomplete_file_that_went_away_meanwhile_is_forgotten(start, settings, data):
    path = exposure_file(data, 1)
    path.write_text("{")
    engine = start()
    engine.until("is cut off")
    engine.stop()
    path.unlink()
    start(once=True).end()
    with record(settings) as store:
        assert store.engine().incomplete == 0


# -- commands --------------------------------------------------------------------------------------------------------


# -- ends and beginnings ---------------------------------------------------------------------------------------------


def test_the_second_engine_is_refused(start, settings):
    engine = start()
    engine.until("Engine started")
    with pytest.raises(AlreadyRunningError, match="already runs"):
        start().end()
    assert engine.stop() == 0


def test_stopped_in_the_middle_it_goes_on_and_does_nothing_twice(start, settings, data, diary, tmp_path):
    gate = tmp_path / "gate"
    exposure_file(data, 1, do={"z0": f"wait:{gate}"}, record=str(diary))
    exposure_file(data, 2, do={"z0": f"wait:{gate}"}, record=str(diary))
    engine = start()
    # Both exposures hang in their last camera.
    engine.until("CHECK SPECTRA started", count=2)
    with record(settings) as store:
        beats = store.heartbeats()
    assert "engine" in beats
    assert engine.stop() == 0
    with record(settings) as store:
        assert len(store.waiting()) == 2
        assert store.monitor_view().running == ()
    gate.touch()
    again = start(once=True)
    assert again.end() == 0
    assert "Engine started on" in again.texts[0]
    assert sorted(diary_of(diary)) == [(expid, camera) for expid in (1, 2) for camera in CAMERAS]
    assert {row.status for row in rows(settings).values()} == {Status.NORMAL}
    assert view_of(settings, 1).cameras["z0"].attempt == 1, "an interruption is no attempt"


ENGINE = """
import sys
sys.path.insert(0, sys.argv[1])
from engine_fakes import INSTRUMENT
from qltui.engine.running import run_engine
from qltui.engine.settings import EngineSettings
if __name__ == "__main__":
    settings = EngineSettings.from_json(sys.argv[2])
    sys.exit(run_engine(settings, on_log=lambda line: print(line.text, flush=True), instrument=INSTRUMENT))
"""


class Process:
    """An engine in a process of its own."""

    def __init__(self, settings, tmp_path):
        script = tmp_path / "engine.py"
        script.write_text(ENGINE)
        arguments = [sys.executable, str(script), str(Path(__file__).parent), settings.to_json()]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def until(self, words):
        for line in self.process.stdout:
            if words in line:
                return
        raise AssertionError(f"ended without {words!r}")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def process(settings, tmp_path):
    made = Process(settings, tmp_path)
    yield made
    made.close()


def workers_in(diary):
    return {int(line.split()[5]) for line in diary.read_text().splitlines()}


def test_killed_it_leaves_no_worker_loses_nothing_and_does_nothing_twice(
    process, start, settings, data, diary, tmp_path
):
    gate = tmp_path / "gate"
    exposure_file(data, 1, record=str(diary))
    process.until("Exposure 1 is ready")
    exposure_file(data, 2, do={"z0": f"wait:{gate}"}, record=str(diary))
    process.until("r0 CHECK SPECTRA ended")
    process.until("z0 CHECK FIBERS ended")
    exposure_file(data, 3, record=str(diary))
    process.until("Exposure 3 is ready")
    handles = [os.pidfd_open(pid) for pid in workers_in(diary) if Path(f"/proc/{pid}").exists()]
    assert handles
    process.process.kill()
    process.process.wait()
    for handle in handles:
        assert select.select([handle], [], [], 10.0)[0], "a worker outlives its engine"
        os.close(handle)
    exposure_file(data, 4, record=str(diary))
    gate.touch()
    assert start(once=True).end() == 0
    assert sorted(diary_of(diary)) == [(expid, camera) for expid in (1, 2, 3, 4) for camera in CAMERAS]
    assert {row.status for row in rows(settings).values()} == {Status.NORMAL}


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals_end_it_in_order(process, settings, data, diary, tmp_path, number, status):
    gate = tmp_path / "gate"
    exposure_file(data, 1, do={"z0": f"wait:{gate}"}, record=str(diary))
    process.until("z0 CHECK FIBERS ended")
    process.process.send_signal(number)
    assert process.process.wait(30.0) == status
    with record(settings) as store:
        view = store.engine()
        assert (view.state, view.detail) == ("stopped", f"{signal.Signals(number).name} received")
        assert [item.number for item in store.waiting()] == [1]
    assert not [pid for pid in workers_in(diary) if Path(f"/proc/{pid}").exists()]


def test_one_started_with_nohup_does_not_end_with_its_terminal():
    stops = []
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals_stop(stops.append, 60.0):
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert stops == []
    finally:
        signal.signal(signal.SIGHUP, before)
