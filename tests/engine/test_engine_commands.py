"""What an observer asks a running engine for: again, stop, pause, end; and how `status` tells what it does."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing

import pytest
from engine_fakes import INSTRUMENT, Running, exposure_file

from qltui.engine.settings import EngineSettings
from qltui.model import Status
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


def test_commands(start, settings, data, diary):
    exposure_file(data, 7, record=str(diary))
    engine = start()
    engine.until("Exposure 7 is ready")
    numbers = [
        command(settings, "reprocess", expid=7, night=NIGHT, cameras=["b0"], instrument="desi"),
        command(settings, "comment", expid=7, text="moon; DROP TABLE exposure"),
        command(settings, "flag", expid=7, value="bad"),
        command(settings, "reprocess", expid=8),
        command(settings, "reprocess", expid=7, cameras=["x9"]),
        command(settings, "reprocess", expid="7"),
        command(settings, "cancel", process=999),
        command(settings, "acknowledge", alarm=1),
        command(settings, "fly"),
    ]
    engine.until("Exposure 7 is ready", count=2)
    engine.until("fly refused")
    with record(settings) as store:
        states = [store.command(number).state for number in numbers]
        assert states == ["done"] * 3 + ["refused"] * 6
        assert "not in the record" in store.command(numbers[3]).answer
        assert "known: reprocess" in store.command(numbers[-1]).answer
    view = view_of(settings, 7)
    assert (view.trigger, list(view.cameras), view.who) == ("REPROCESS", ["b0"], "ada")
    assert diary_of(diary).count((7, "b0")) == 2
    assert diary_of(diary).count((7, "r0")) == 1
    assert rows(settings)[7].comments == 1
    assert rows(settings)[7].flag == "bad"


def test_a_command_that_nobody_wrote_with_this_program_is_answered_and_the_engine_goes_on(start, settings, data):
    engine = start()
    engine.until("Engine started")
    with closing(sqlite3.connect(settings.database, timeout=30.0)) as written:
        written.executemany(
            "INSERT INTO command (name, arguments, who, state, created, answer) VALUES (?, ?, 'eve', 'pending', 1, '')",
            [("reprocess", "[" * 100_000), ("comment", '{"expid": NaN}'), ("flag", "no JSON"), ("\x1b[2J", "{}")],
        )
        written.commit()
    exposure_file(data, 7)
    engine.until("Exposure 7 is ready")
    with closing(sqlite3.connect(settings.database)) as written:
        states = written.execute("SELECT state FROM command WHERE who = 'eve'").fetchall()
    assert states == [("refused",)] * 4


def test_pause_resume_and_shutdown(start, settings, data, diary):
    engine = start()
    engine.until("Engine started")
    command(settings, "pause")
    engine.until("pause asked for by ada")
    exposure_file(data, 1, record=str(diary))
    engine.until("Exposure 1 (DARK SCIENCE) available")
    with record(settings) as store:
        assert len(store.waiting()) == 1
    assert diary_of(diary) == []
    command(settings, "resume")
    engine.until("Exposure 1 is ready: NORMAL")
    command(settings, "shutdown")
    assert engine.end() == 0
    with record(settings) as store:
        view = store.engine()
    assert (view.state, view.detail) == ("stopped", "stopped by ada")


def test_cancel_ends_what_is_in_a_worker(start, settings, data, tmp_path):
    gate = tmp_path / "gate"
    exposure_file(data, 1, do=dict.fromkeys(CAMERAS, f"wait:{gate}"))
    engine = start()
    engine.until("CHECK SPECTRA started")
    command(settings, "cancel", expid=1)
    engine.until("Exposure 1 cancelled: stopped by ada")
    exposure_file(data, 2)
    engine.until("Exposure 2 is ready: NORMAL")
    view = view_of(settings, 1)
    assert view.state == "cancelled"
    assert {view.cameras[camera].status for camera in CAMERAS} == {Status.CANCELLED}


def test_one_of_two_in_flight_is_cancelled_and_the_other_goes_on_untouched(start, settings, data, diary, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    exposure_file(data, 1, do={"b0": f"wait:{first}"}, record=str(diary))
    engine = start()
    engine.until("CHECK SPECTRA started")
    exposure_file(data, 2, do={"b0": f"wait:{second}"}, record=str(diary))
    engine.until("Exposure 2 started")
    with record(settings) as store:
        running = store.monitor_view().running
        assert {store.process_view(number).exposure.expid for number in running} == {1, 2}
    command(settings, "cancel", expid=1)
    engine.until("Exposure 1 cancelled: stopped by ada")
    second.touch()
    engine.until("Exposure 2 is ready: NORMAL")
    cancelled, done = view_of(settings, 1), view_of(settings, 2)
    assert (cancelled.state, cancelled.cameras["b0"].status) == ("cancelled", Status.CANCELLED)
    assert cancelled.cameras["b0"].reason == "stopped by ada"
    assert done.state == "done"
    assert {done.cameras[camera].attempt for camera in CAMERAS} == {1}, "nothing of it was done again"
    assert sorted(camera for expid, camera in diary_of(diary) if expid == 2) == list(CAMERAS)
    exposure_file(data, 3)
    engine.until("Exposure 3 is ready: NORMAL")


def test_status_tells_that_new_exposures_wait_for_a_choice(start, settings, data, capsys):
    from qltui.cli import main

    engine = start()
    engine.until("Engine started")
    command(settings, "mode", mode="manual")
    engine.until("manual")
    exposure_file(data, 1)
    engine.until("waits for the observer's choice")
    main(["status", "--state", str(settings.state_directory)])
    assert "manual: 1 new exposures wait for the observer's choice" in capsys.readouterr().out
    main(["status", "--line", "--state", str(settings.state_directory)])
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert "manual, 1 held" in line
