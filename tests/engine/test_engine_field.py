"""The field of an imager: it waits for all CCDs, is judged like one, and outlives whatever happens to the engine."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from engine_fakes import Running
from imager_fakes import CAMERAS, INSTRUMENT, exposure_file

from qltui.engine.settings import EngineSettings
from qltui.model import Status
from qltui.store.history import NightWish, field_of, night_page
from qltui.store.products import left_files
from qltui.store.record import Store

NIGHT = 20191001


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "data").mkdir()
    return EngineSettings(
        str(tmp_path / "data"),
        str(tmp_path / "state"),
        instrument="imager",
        slots=2,
        settle_seconds=0.05,
        rescan_seconds=0.3,
        nice=0,
        entry="imager_fakes:reduce",
        warm=False,
        stop_grace=0.3,
        who="ada",
        configuration="[engine]",
    )


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


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


def command(settings, action, /, **arguments):
    with Store.open(settings.database, read_only=True) as store:
        return store.send_command(action, arguments, "ada")


def view_of(settings, expid):
    with Store.open(settings.database, read_only=True) as store:
        return store.process_view(store.process_numbers(expid=expid)[0])


def made(settings, expid, camera):
    """What the worker of a camera knew."""
    with Store.open(settings.database, read_only=True) as store:
        number = store.process_numbers(expid=expid)[0]
        (path,) = (item.path for item in store.ask(left_files, number) if item.camera == camera)
    return json.loads(Path(path).read_text())


def done(diary, what="end"):
    lines = [line.split() for line in diary.read_text().splitlines()] if diary.exists() else []
    return [(int(expid), camera) for expid, camera, _, _, word, _ in lines if word == what]


def test_the_field_comes_after_all_cameras_and_is_not_counted(start, settings, data, tmp_path):
    diary = tmp_path / "diary"
    exposure_file(data, 1, record=str(diary), fwhm={"N1": 1.2, "S2": 1.4})
    exposure_file(data, 2, record=str(diary), fwhm=dict.fromkeys(CAMERAS, 1.8))
    engine = start(once=True)
    assert engine.end() == 0
    for expid in (1, 2):
        assert [camera for number, camera in done(diary, "begin") if number == expid][-1] == "FIELD"
    first, second = view_of(settings, 1), view_of(settings, 2)
    assert (first.verdict.headline, first.verdict.good, first.verdict.expected) == ("all 4 cameras good", 4, 4)
    field = first.cameras["FIELD"]
    assert (field.status, [step.step for step in field.steps]) == (Status.NORMAL, ["CONSOLIDATE"])
    assert field.steps[0].judgements[0].values == (pytest.approx(1.1),)
    assert [step.step for step in first.cameras["N1"].steps] == ["DETREND", "SOURCES"]
    known = made(settings, 1, "FIELD")
    assert known["gathered"] == {key: ["BIAS_AMP", "FWHM"] for key in CAMERAS}
    assert known["products"] == {key: ["preview"] for key in CAMERAS}
    assert second.verdict.headline == "0 of 4 cameras good"
    assert second.cameras["FIELD"].status is Status.WARNING
    assert second.verdict.status is Status.WARNING
    assert "FIELD CONSOLIDATE ended (0.01 s)" in engine.texts


def test_the_field_alone_makes_an_exposure_bad(start, settings, data):
    exposure_file(data, 1, do={"FIELD": "fail"})
    start(once=True).end()
    view = view_of(settings, 1)
    assert view.verdict.headline == "all 4 cameras good"
    assert view.verdict.status is Status.FAILED
    assert view.verdict.culprits[0][1].startswith("FIELD  CONSOLIDATE failed: no light")


def test_the_field_is_of_those_that_could_be_measured(start, settings, data):
    exposure_file(data, 1, cameras=["N1", "N2", "S1"], do={"N2": "exit"})
    start(once=True, max_attempts=1, cameras_off=("S1",)).end()
    view = view_of(settings, 1)
    statuses = {name: camera.status for name, camera in view.cameras.items()}
    assert statuses == {
        "N1": Status.NORMAL,
        "N2": Status.FAILED,
        "S1": Status.NOT_EXPECTED,
        "S2": Status.MISSING,
        "FIELD": Status.NORMAL,
    }
    # What N2 had measured before its worker died is known, and counts.
    assert made(settings, 1, "FIELD")["gathered"] == {"N1": ["BIAS_AMP", "FWHM"], "N2": ["BIAS_AMP"]}
    assert view.verdict.headline == "1 of 3 cameras good"


@pytest.mark.parametrize("present", [[], ["N1"]])
def test_without_any_camera_there_is_no_field(start, settings, data, present):
    exposure_file(data, 1, cameras=present, do={"N1": "fail"})
    exposure_file(data, 2, obstype="ZERO")
    start(once=True).end()
    view = view_of(settings, 1)
    assert view.state == ("failed" if present else "done")
    assert view.cameras["FIELD"].status is Status.NOT_CHECKED
    assert view.cameras["FIELD"].reason == "no camera could be measured"
    zero = view_of(settings, 2)
    assert (zero.cameras["FIELD"].status, zero.cameras["FIELD"].reason) == (Status.NOT_EXPECTED, "no recipe for ZERO")
    assert zero.verdict.headline == "all 4 cameras good"


def test_a_field_whose_worker_dies_is_tried_again(start, settings, data):
    exposure_file(data, 1, do={"FIELD": "exit_once"})
    exposure_file(data, 2, do={"FIELD": "exit"})
    engine = start(once=True)
    engine.end()
    assert (view_of(settings, 1).cameras["FIELD"].status, view_of(settings, 1).cameras["FIELD"].attempt) == (
        Status.NORMAL,
        2,
    )
    failed = view_of(settings, 2).cameras["FIELD"]
    assert (failed.status, failed.attempt) == (Status.FAILED, 2)
    assert view_of(settings, 2).state == "done", "the cameras were reduced"
    assert any(text.startswith("FIELD is tried again") for text in engine.texts)


def test_the_next_exposure_does_not_wait_for_the_field_of_the_first(start, settings, data, tmp_path):
    gate = tmp_path / "gate"
    exposure_file(data, 1, do={"FIELD": f"wait:{gate}"})
    engine = start()
    engine.until("CONSOLIDATE started")
    exposure_file(data, 2)
    engine.until("Exposure 2 is ready: NORMAL")
    gate.touch()
    engine.until("Exposure 1 is ready: NORMAL")


@pytest.mark.parametrize("hangs", ["N2", "FIELD"])
def test_stopped_before_or_in_the_field_it_goes_on_with_the_same_values(start, settings, data, tmp_path, hangs):
    diary, gate = tmp_path / "diary", tmp_path / "gate"
    exposure_file(data, 1, do={hangs: f"wait:{gate}"}, record=str(diary), fwhm={"N1": 1.2, "S2": 1.4})
    engine = start()
    engine.until("SOURCES ended" if hangs == "FIELD" else "SOURCES started")
    engine.until("CONSOLIDATE started" if hangs == "FIELD" else "S2 SOURCES ended")
    assert engine.stop() == 0
    assert (1, "FIELD") not in done(diary)
    gate.touch()
    assert start(once=True).end() == 0
    assert sorted(done(diary)) == sorted((1, camera) for camera in (*CAMERAS, "FIELD"))
    view = view_of(settings, 1)
    assert (view.state, view.verdict.headline) == ("done", "all 4 cameras good")
    assert view.cameras["FIELD"].steps[0].judgements[0].values == (pytest.approx(1.1),)
    assert view.cameras["FIELD"].attempt == 1, "an interruption is no attempt"
    known = made(settings, 1, "FIELD")
    assert known["gathered"] == {key: ["BIAS_AMP", "FWHM"] for key in CAMERAS}
    assert known["products"] == {key: ["preview"] for key in CAMERAS}


def test_cancel_stops_the_field_in_a_worker_and_the_field_that_waits(start, settings, data, tmp_path):
    gate = tmp_path / "gate"
    exposure_file(data, 1, do={"FIELD": f"wait:{gate}"})
    engine = start(slots=3)
    engine.until("CONSOLIDATE started")
    exposure_file(data, 2, do={"N1": f"wait:{gate}"})
    engine.until("S2 SOURCES ended", count=2)
    command(settings, "cancel")
    engine.until("cancel asked for by ada")
    for expid in (1, 2):
        view = view_of(settings, expid)
        assert view.state == "cancelled"
        assert view.cameras["FIELD"].status is Status.CANCELLED
        assert view.cameras["S2"].status is Status.NORMAL


def test_chosen_cameras_are_reduced_again_with_the_field_of_them(start, settings, data):
    exposure_file(data, 1, fwhm={"N1": 1.4, "N2": 1.2})
    engine = start()
    engine.until("Exposure 1 is ready")
    command(settings, "reprocess", expid=1, cameras=["N1", "N2"])
    engine.until("Exposure 1 is ready", count=2)
    view = view_of(settings, 1)
    assert list(view.cameras) == ["N1", "N2", "FIELD"]
    assert view.cameras["FIELD"].steps[0].judgements[0].values == (pytest.approx(1.3),)
    assert view.verdict.headline == "all 2 cameras good"


# -- what calibrates -------------------------------------------------------------------------------------------------


def test_a_master_is_made_of_the_frames_before_it(start, settings, data):
    for expid in range(1, 5):
        exposure_file(data, expid, obstype="ZERO", program="", bias={"S2": 1020.0} if expid == 2 else {})
    exposure_file(data, 5, obstype="FLAT", program="r")
    exposure_file(data, 6, obstype="FLAT", program="g")
    exposure_file(data, 7, obstype="FLAT", program="r")
    start(once=True).end()
    assert [made(settings, expid, "N1")["frames"] for expid in (1, 2, 3, 4)] == [[], [1], [1, 2], [2, 3]]
    assert made(settings, 4, "S2")["frames"] == [1, 3], "a frame in which the camera was not fit is no part of it"
    assert [made(settings, expid, "N1")["frames"] for expid in (5, 6, 7)] == [[], [], [5]]


def test_a_flat_serves_its_own_filter_and_the_newest_that_is_fit(start, settings, data):
    exposure_file(data, 1, night=20190930, obstype="ZERO", program="", mjd=58756.0)
    exposure_file(data, 2, night=20190930, obstype="FLAT", program="r", mjd=58756.1)
    start(once=True).end()
    exposure_file(data, 3, obstype="FLAT", program="g")
    exposure_file(data, 4, obstype="FLAT", program="r", bias={"N1": 1020.0})
    exposure_file(data, 5, program="r")
    exposure_file(data, 6, program="i")
    start(once=True).end()
    used = {name: camera.calibrations for name, camera in view_of(settings, 5).cameras.items()}
    assert "/20190930/00000001/" in used["S1"]["masterbias"]
    assert "/00000004/" in used["S1"]["masterflat"]
    assert "/20190930/00000002/" in used["N1"]["masterflat"], "that of tonight is not fit"
    assert set(view_of(settings, 6).cameras["S1"].calibrations) == {"masterbias"}


def test_a_missing_camera_is_missing_in_the_steps_of_cameras_alone(start, settings, data):
    exposure_file(data, 1, cameras=["N1", "N2", "S1"])
    start(once=True).end()
    with Store.open(settings.database, read_only=True) as store:
        wish = NightWish("imager", NIGHT, NIGHT, field=field_of(INSTRUMENT))
        (row,) = store.ask(night_page, wish).rows
    assert {name: (outcome.status, outcome.odd) for name, outcome in row.steps.items()} == {
        "DETREND": (Status.MISSING, 1),
        "SOURCES": (Status.MISSING, 1),
        "CONSOLIDATE": (Status.NORMAL, 0),
    }
