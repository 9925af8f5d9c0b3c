"""A process from its start to its end, read back to the last bit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qltui.model import CameraReport, Judgement, Product, Status, StepReport, Trigger, Verdict
from qltui.store.codec import pack, unpack


def begin(store, exposure, cameras=("b0", "r0"), trigger=Trigger.NEW):
    number = store.enqueue(store.add_exposure(exposure), trigger, "me", cameras)
    store.start_process(number)
    return number


def test_a_process_as_it_goes(store, make_exposure, make_judgement):
    number = begin(store, make_exposure())
    store.start_job(number, "b0", pid=12)
    store.start_step(number, "b0", 1, "CHECK_CCDS", now=100.0)
    view = store.process_view(number)
    assert view.state == "running"
    assert view.cameras["r0"].status is Status.WAITING
    assert view.cameras["b0"].steps[0].status is Status.RUNNING
    assert view.cameras["b0"].steps[0].started == 100.0
    judgement = make_judgement(3.0, 25.1, status=Status.ALARM)
    store.finish_step(number, "b0", 1, StepReport("CHECK_CCDS", Status.NORMAL, 0.3), [judgement])
    store.start_step(number, "b0", 1, "CHECK_FIBERS")
    store.finish_step(number, "b0", 1, StepReport("CHECK_FIBERS", Status.NOT_CHECKED, 0.1, reason="no traces"))
    report = CameraReport("b0", 1, (), calibrations={"psf": "p.fits"}, seconds=1.5, peak_memory=10**9, pid=12)
    store.finish_job(number, report, Status.ALARM, "noise")
    store.set_verdict(number, Verdict(Status.RUNNING, "so far", (), 0, 2))
    assert store.process_view(number).verdict.headline == "so far"
    store.set_camera_status(number, "r0", Status.NOT_EXPECTED, "switched off")
    culprits = ((Status.ALARM, "b0 B  noise 25.1 e-"),)
    store.finish_process(number, Verdict(Status.ALARM, "bad", culprits, 0, 1), now=200.0)

    view = store.process_view(number)
    camera = view.cameras["b0"]
    assert (view.state, view.ended, view.done, view.expected) == ("done", 200.0, 1, 1)
    assert view.verdict == Verdict(Status.ALARM, "bad", culprits, 0, 1)
    assert (camera.status, camera.reason, camera.seconds, camera.attempt) == (Status.ALARM, "noise", 1.5, 1)
    assert camera.calibrations == {"psf": "p.fits"}
    assert [(step.step, step.status, step.reason) for step in camera.steps] == [
        ("CHECK_CCDS", Status.ALARM, ""),
        ("CHECK_FIBERS", Status.NOT_CHECKED, "no traces"),
    ]
    assert camera.steps[0].judgements == (judgement,)
    assert camera.steps[0].started == 100.0
    assert view.cameras["r0"].reason == "switched off"


def test_a_step_without_a_judgement_is_not_green(store, make_exposure):
    number = begin(store, make_exposure())
    store.start_job(number, "b0")
    store.finish_step(number, "b0", 1, StepReport("CHECK_CCDS", Status.NORMAL, 0.3))
    assert store.process_view(number).cameras["b0"].steps[0].status is Status.NOT_CHECKED


def test_a_failed_step_is_not_green_for_its_good_values(store, make_exposure, make_judgement):
    number = begin(store, make_exposure())
    store.start_job(number, "b0")
    report = StepReport("CHECK_CCDS", Status.FAILED, 0.3, reason="no overscan")
    store.finish_step(number, "b0", 1, report, [make_judgement(3.0)])
    step = store.process_view(number).cameras["b0"].steps[0]
    assert (step.status, step.reason) == (Status.FAILED, "no overscan")
    store.finish_step(number, "b0", 1, report, [make_judgement(3.0)], Status.UNKNOWN)
    assert store.process_view(number).cameras["b0"].steps[0].status is Status.UNKNOWN


def test_numbers_come_back_to_the_last_bit(store, make_exposure):
    judgement = Judgement(
        metric="X",
        elements=("a", "b", "c", ""),
        values=(math.nan, math.inf, -math.inf, 0.1 + 0.2),
        references=(math.nan, 5e-324, 1.7976931348623157e308, -0.0),
        normal=((-math.inf, math.inf), (math.nan, math.nan), (0.1, 0.2), (-1.0, math.inf)),
        warning=((math.nan, math.nan), (-math.inf, 1.0), (0.0, 0.3), (1.0, 2.0)),
        statuses=(Status.UNKNOWN, Status.WARNING, Status.ALARM, Status.NORMAL),
        reason="\x1b'",
        reference_from="history",
        limit_set="é",
    )
    number = begin(store, make_exposure())
    store.start_job(number, "b0")
    store.finish_step(number, "b0", 1, StepReport("S", Status.NORMAL, 0.3), [judgement, judgement])
    (back, again) = store.process_view(number).cameras["b0"].steps[0].judgements
    assert repr(back) == repr(again) == repr(judgement)
    points = {point.element: point for point in store.trend("X", ("b0",))}
    for index, element in enumerate(judgement.elements):
        point = points[element]
        found = (point.value, *point.normal, *point.warning)
        assert repr(found) == repr((judgement.values[index], *judgement.normal[index], *judgement.warning[index]))
        assert point.status is judgement.statuses[index]


def test_numbers_of_numpy_are_numbers(store, make_exposure):
    one = (np.float32(0.5),)
    judgement = Judgement("X", ("a",), one, one, ((np.float64(0), np.float32(1)),), ((0, 2),), (Status.NORMAL,))
    number = begin(store, make_exposure(header={"N": np.int64(3)}))
    store.start_job(number, "b0")
    store.finish_step(number, "b0", 1, StepReport("S", Status.NORMAL, np.float32(0.25)), [judgement])
    (point,) = store.trend("X")
    assert (point.value, point.normal) == (0.5, (0.0, 1.0))


def test_packing_refuses_what_does_not_pair(make_judgement):
    judgement = make_judgement(1.0, 2.0)
    assert unpack(*pack([judgement])) == (judgement,)
    assert unpack(*pack([])) == ()
    assert unpack(*pack([Judgement("E", (), (), (), (), (), ())]))[0].elements == ()
    words, numbers = pack([judgement])
    with pytest.raises(ValueError, match="damaged"):
        unpack(words, numbers[:-8])
    with pytest.raises(ValueError, match="do not pair"):
        pack([Judgement("X", ("a",), (1.0, 2.0), (1.0,), ((0, 1),), ((0, 1),), (Status.NORMAL,))])


def test_a_second_attempt_leaves_nothing_of_the_first(store, make_exposure, make_judgement):
    number = begin(store, make_exposure(), ("b0",))
    store.start_job(number, "b0", 1)
    store.finish_step(number, "b0", 1, StepReport("CHECK_CCDS", Status.NORMAL, 0.3), [make_judgement(3.0, 3.1)])
    store.start_step(number, "b0", 1, "CHECK_FIBERS")
    store.finish_job(number, CameraReport("b0", 1, ()), Status.FAILED, "killed after 120 s in CHECK_FIBERS")
    assert store.process_view(number).cameras["b0"].steps[1].status is Status.FAILED
    store.start_job(number, "b0", 2)
    assert store.trend("NOISE_AMP") == []
    camera = store.process_view(number).cameras["b0"]
    assert (camera.attempt, camera.status, camera.reason, camera.steps) == (2, Status.RUNNING, "", ())
    store.finish_step(number, "b0", 2, StepReport("CHECK_CCDS", Status.NORMAL, 0.3), [make_judgement(3.2)])
    store.finish_job(number, CameraReport("b0", 2, ()), Status.NORMAL)
    assert [point.value for point in store.trend("NOISE_AMP")] == [3.2]


def test_a_step_whose_end_nobody_saw_is_unknown(store, make_exposure):
    number = begin(store, make_exposure(), ("b0",))
    store.start_job(number, "b0")
    store.start_step(number, "b0", 1, "CHECK_CCDS")
    store.finish_job(number, CameraReport("b0", 1, ()), Status.NORMAL)
    step = store.process_view(number).cameras["b0"].steps[0]
    assert (step.status, step.reason) == (Status.UNKNOWN, "its end was not reported")


def test_cancelling_ends_what_runs(store, make_exposure):
    number = begin(store, make_exposure())
    store.start_job(number, "b0")
    store.start_step(number, "b0", 1, "CHECK_CCDS")
    store.finish_process(number, Verdict(Status.CANCELLED, "stopped"), "cancelled", "by ada")
    camera = store.process_view(number).cameras["b0"]
    assert (camera.status, camera.reason, camera.steps[0].status) == (Status.CANCELLED, "by ada", Status.CANCELLED)
    assert store.process_numbers(states=("cancelled",)) == [number]
    assert store.process_numbers(states=("done",)) == store.process_numbers(expid=1) == []
    with pytest.raises(ValueError, match="no end"):
        store.finish_process(number, Verdict(Status.NORMAL, ""), "running")


def test_what_does_not_exist_cannot_go_on(store, make_judgement):
    with pytest.raises(KeyError, match="no process"):
        store.start_process(7)
    with pytest.raises(KeyError, match="no process"):
        store.set_verdict(7, Verdict(Status.NORMAL, ""))
    assert store.process_view(7) is None
    with pytest.raises(KeyError, match="no process"):
        store.raise_alarms(7, [(Status.ALARM, "x")])


def test_products_are_recorded_with_their_fitness(store, make_exposure, make_judgement, reduce, tmp_path):
    def product(name, content=b"abc"):
        path = tmp_path / name
        path.write_bytes(content)
        return Product("fiberflat", str(path), len(content), "00")

    def newest(before=None, night=20191001, kinds=("fiberflat", "biaslevels"), instrument="desi"):
        return store.night_calibrations(instrument, "b0", before, kinds, night)

    flats = [make_exposure(3500 + i, obstype="FLAT") for i in range(3)]
    good = {"b0": make_judgement(3.0)}
    reduce(flats[0], good, products=(product("a"),), fit=True)
    reduce(flats[1], good, products=(product("b"),), fit=True)
    reduce(flats[2], good, products=(product("c"),), fit=False)
    assert newest() == {"fiberflat": str(tmp_path / "b")}
    assert newest(flats[0].mjd) == {"fiberflat": str(tmp_path / "a")}
    assert newest(flats[0].mjd - 0.01) == newest(instrument="decam") == newest(night=20191002) == {}
    assert newest(night=None) == newest()
    assert store.night_calibrations("desi", "r0", None, ("fiberflat",)) == {}
    # Gone from the disk, or not as large as it was.
    assert store.night_calibrations("desi", "b0", None, ("fiberflat",), exists=lambda *_: False) == {}
    (tmp_path / "b").write_bytes(b"cut")
    assert newest() == {"fiberflat": str(tmp_path / "b")}
    (tmp_path / "b").write_bytes(b"c")
    assert newest() == {"fiberflat": str(tmp_path / "a")}
    (tmp_path / "b").write_bytes(b"abc")
    # A later run finds it unfit; an observer does not like the other.
    reduce(flats[1], good, trigger=Trigger.REPROCESS, products=(product("b2"),), fit=False)
    assert newest() == {"fiberflat": str(tmp_path / "a")}
    store.set_flag(store.exposure_id("desi", 20191001, 3500), "bad", "ada")
    assert newest() == {}


def test_what_is_remembered_of_a_process_goes_with_its_end(store, make_exposure, make_judgement):
    remembered = []
    for expid in (1, 2, 3):
        number = begin(store, make_exposure(expid=expid))
        for camera in ("b0", "r0"):
            store.start_job(number, camera)
            store.finish_step(number, camera, 1, StepReport("CHECK_CCDS", Status.NORMAL, 0.3), [make_judgement(3.0)])
        store.finish_process(number, Verdict(Status.NORMAL, "good", (), 2, 2))
        remembered.append(len(store._database.cache))
    assert remembered[0] == remembered[1] == remembered[2]
