"""A record filled through its own API, as an engine would fill it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pictures as p

from qltui.model import CameraReport, Measurement, Status, StepReport, Trigger, Verdict
from qltui.store.record import Store
from qltui.tui.source import RECORD_NAME

NAMES = tuple(camera.name for camera in p.DESI.cameras)


def report_of(view):
    measurements = tuple(Measurement(item.metric, item.values, item.elements) for item in view.judgements)
    return StepReport(view.step, Status.NORMAL, view.seconds or 0.3, measurements, view.reason)


def write_camera(store, process, camera, now):
    """Write one camera with its steps."""
    if camera.status in (Status.MISSING, Status.NOT_EXPECTED):
        store.set_camera_status(process, camera.camera, camera.status, camera.reason, now=now)
        return
    store.start_job(process, camera.camera, 1, 4711, now=now)
    for view in camera.steps:
        store.start_step(process, camera.camera, 1, view.step, now=now)
        if view.status.is_final:
            store.finish_step(process, camera.camera, 1, report_of(view), view.judgements, view.status, now=now)
    if camera.status.is_final:
        report = CameraReport(camera.camera, 1, tuple(report_of(view) for view in camera.steps), seconds=0.9)
        store.finish_job(process, report, camera.status, camera.reason, now=now)


def write_exposure(store, expid, cameras, verdict, now, *, finish=True, **other):
    """Write one exposure and its process, and return its number."""
    mjd = 40587.0 + (now - 1000.0) / 86400.0
    exposure = replace(p.exposure(expid, mjd=mjd, **other), size=1, mtime_ns=expid)
    number = store.enqueue(store.add_exposure(exposure, now=now), Trigger.NEW, "engine", NAMES, now=now)
    store.start_process(number, now=now)
    with store.transaction():
        for camera in cameras.values():
            if camera.status is not Status.WAITING:
                write_camera(store, number, camera, now)
    if finish:
        store.finish_process(number, verdict, now=now + 5)
    else:
        store.set_verdict(number, verdict)
    return number


def write_night(state: Path, *, exposures=4, now=None):
    """Write a night whose last exposure is still being reduced, and return the record, open for writing."""
    now = time.time() if now is None else now
    store = Store.open(state / RECORD_NAME)
    beat(store, now)
    good = p.good_process()
    for index in range(exposures):
        moment = now - (exposures - index) * 1200
        write_exposure(store, 3575 + index, good.cameras, good.verdict, moment)
        store.log("info", f"Exposure {3575 + index} ended (0:00:05)", 3575 + index, now=moment)
    verdict = Verdict(Status.ALARM, "16 of 30 cameras good so far, 11 to come", p.CULPRITS, 16, 30)
    write_exposure(store, 3575 + exposures, p.running_cameras(), verdict, now, finish=False)
    store.log("alarm", "b3 CHECK CCDS ended (0.34 s)  ALARM  NOISE_AMP C 25.1 e-", 3575 + exposures, "b3", now=now)
    return store


def beat(store, now, **other):
    """Write a heartbeat of an engine that is this very process."""
    import os

    view = replace(p.engine(), pid=os.getpid(), heartbeat=now, queue=0, **other)
    store.beat(view, now=now)
