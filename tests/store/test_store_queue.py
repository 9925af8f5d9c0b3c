"""The durable queue: its order, and what a killed engine leaves."""

from __future__ import annotations

import pytest

from qltui.model import CameraReport, Status, StepReport, Trigger, Verdict


def test_a_revision_is_queued_once(store, make_exposure):
    identifier = store.add_exposure(make_exposure())
    number = store.enqueue(identifier, Trigger.NEW, "me", ("b0", "r0"))
    assert store.enqueue(identifier, "BACKLOG", "me", ("b0", "r0")) == number
    assert store.enqueue(identifier, Trigger.REPROCESS, "me", ("b0",)) != number
    assert store.enqueue(identifier, Trigger.REPROCESS, "me", ("b0",)) != number
    assert len(store.waiting()) == 3
    with pytest.raises(KeyError, match="no exposure"):
        store.enqueue(99, Trigger.NEW, "me", ())


def test_the_order_of_the_queue(store, make_exposure):
    def add(expid, obstype, trigger, night=20191001):
        identifier = store.add_exposure(make_exposure(expid, obstype=obstype, night=night))
        return store.enqueue(identifier, trigger, "me", ("b0",))

    reprocess = add(3600, "SCIENCE", Trigger.REPROCESS)
    old = add(3500, "SCIENCE", Trigger.BACKLOG)
    late = add(3520, "SCIENCE", Trigger.BACKLOG)
    flat, arc, zero = (add(3501 + i, kind, Trigger.BACKLOG) for i, kind in enumerate(("FLAT", "ARC", "ZERO")))
    before = add(3400, "ZERO", Trigger.BACKLOG, night=20190930)
    new = add(3522, "SCIENCE", Trigger.NEW)
    newest = add(3523, "SCIENCE", Trigger.NEW)
    expected = [newest, new, zero, arc, flat, late, old, before, reprocess]
    assert [process.number for process in store.waiting()] == expected
    assert [process.number for process in store.waiting(2)] == expected[:2]


def test_a_queued_process_is_complete(store, make_exposure):
    exposure = make_exposure()
    configuration, limits = store.configuration("[site]\n", "site"), store.limit_set("[limits]\n", "default")
    store.enqueue(store.add_exposure(exposure), "NEW", "me", ("b0", "r0"), configuration, "1.2", limits, now=12.5)
    (process,) = store.waiting()
    assert process.exposure == exposure
    assert (process.trigger, process.who, process.cameras) == ("NEW", "me", ("b0", "r0"))
    assert (process.configuration, process.code_version, process.limit_set) == (configuration, "1.2", limits)
    assert (process.queued, process.remaining) == (12.5, ("b0", "r0"))


def test_recovery_does_nothing_twice_and_loses_nothing(store, make_exposure, make_judgement):
    number = store.enqueue(store.add_exposure(make_exposure()), Trigger.NEW, "me", ("b0", "r0", "z0", "z1"))
    store.start_process(number)
    store.set_camera_status(number, "z1", Status.MISSING, "not in the file")
    for camera in ("b0", "r0"):
        store.start_job(number, camera)
        store.finish_step(number, camera, 1, StepReport("CHECK_CCDS", Status.NORMAL, 0.1), [make_judgement(3.0)])
    store.finish_job(number, CameraReport("b0", 1, ()), Status.NORMAL)
    assert store.waiting() == []

    assert store.recover() == [number]
    (process,) = store.waiting()
    assert process.remaining == ("r0", "z0")
    assert process.jobs == {"b0": (1, Status.NORMAL), "z1": (1, Status.MISSING)}
    assert [point.camera for point in store.trend("NOISE_AMP")] == ["b0"]
    assert store.recover() == []

    # The second run goes on where the first was cut off, and ends as one process.
    store.start_process(number)
    for camera in process.remaining:
        store.start_job(number, camera)
        store.finish_step(number, camera, 1, StepReport("CHECK_CCDS", Status.NORMAL, 0.1), [make_judgement(3.1)])
        store.finish_job(number, CameraReport(camera, 1, ()), Status.NORMAL)
    store.finish_process(number, Verdict(Status.MISSING, "z1 is missing", (), 3, 4))
    view = store.process_view(number)
    assert {name: camera.status for name, camera in view.cameras.items()} == {
        "b0": Status.NORMAL,
        "r0": Status.NORMAL,
        "z0": Status.NORMAL,
        "z1": Status.MISSING,
    }
    assert len(store.trend("NOISE_AMP")) == 3


def test_recovery_of_a_process_whose_file_was_rewritten(store, make_exposure):
    identifier = store.add_exposure(make_exposure())
    number = store.enqueue(identifier, Trigger.NEW, "me", ("b0",))
    store.start_process(number)
    store.add_exposure(make_exposure(size=5))
    assert store.process_view(number).state == "running"
    assert store.recover() == []
    assert store.process_view(number).state == "superseded"


def test_recovery_keeps_failed_attempts(store, make_exposure):
    number = store.enqueue(store.add_exposure(make_exposure()), Trigger.NEW, "me", ("b0",))
    store.start_process(number)
    store.start_job(number, "b0", 1)
    store.finish_job(number, CameraReport("b0", 1, ()), Status.FAILED, "killed after 120 s")
    store.start_job(number, "b0", 2)
    store.recover()
    (process,) = store.waiting()
    assert process.jobs == {"b0": (1, Status.FAILED)}
