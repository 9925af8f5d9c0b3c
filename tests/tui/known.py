"""A record with known values, filled through its own API: two nights, eight exposures, thirty cameras each.

Night 20191001 (times from 02:00 UT on, twenty minutes apart)
    3574 ZERO, 3575 ARC, 3576 FLAT, 3577 SCIENCE DARK tile 1129, 3578 SCIENCE DARK tile 1129,
    3579 SCIENCE DARK tile 1130: ALARM (b3 C noise 25.1 e-, r5 dx +1.50 px; b7 dy WARNING, z2 460 fibres, z8 missing)
Night 20191002
    3580 SCIENCE BRIGHT tile 1131, all good; 3581 SCIENCE BRIGHT tile 1131, waiting

SKYCONT of a camera is ``sky_of(expid, camera)`` [e-/Angstrom]. 3578 has a comment of Ann's and the flag "good" of
Ben's; 3579 is flagged "bad" by Ann, and has two alarms, the second acknowledged by Ben. 3577 was processed twice.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import pictures as p
from nights import NAMES, write_camera

from qltui.model import Status, Trigger, Verdict
from qltui.store.record import Store
from qltui.store.views import CameraView

__all__ = ["BAD", "EXPOSURES", "FIRST", "NIGHTS", "NOW", "known_cameras", "make_known", "sky_of", "time_of"]

NIGHTS = (20191001, 20191002)
FIRST = 1569981600.0
"""Start of 3574: 2019-10-02 02:00:00 UT [s since 1970]."""
NOW = FIRST + 26 * 3600.0

EXPOSURES = {
    3574: ("ZERO", "", None, 0.0),
    3575: ("ARC", "CALIB", None, 10.0),
    3576: ("FLAT", "CALIB", None, 120.0),
    3577: ("SCIENCE", "DARK", 1129, 1000.0),
    3578: ("SCIENCE", "DARK", 1129, 900.0),
    3579: ("SCIENCE", "DARK", 1130, 1000.0),
    3580: ("SCIENCE", "BRIGHT", 1131, 300.0),
    3581: ("SCIENCE", "BRIGHT", 1131, 300.0),
}
"""Number: obstype, program, tile, exposure time [s]."""

BAD = {"b3": Status.ALARM, "r5": Status.ALARM, "b7": Status.WARNING, "z2": Status.WARNING, "z8": Status.MISSING}
"""Cameras of 3579 that are not good."""

HEADER = {"TEMP": 8.5, "HUMIDITY": 31.0, "MOONALT": -12.0}


def time_of(expid: int) -> float:
    """Return when an exposure began [s since 1970]."""
    day = 86400.0 if expid >= 3580 else 0.0
    index = expid - (3580 if expid >= 3580 else 3574)
    return FIRST + day + 1200.0 * index


def sky_of(expid: int, camera: str) -> float:
    """Return the known SKYCONT [e-/Angstrom]."""
    return 160.0 + (expid - 3570) + 2.0 * NAMES.index(camera)


def exposure_of(expid: int):
    """Return an exposure with known values."""
    obstype, program, tile, exptime = EXPOSURES[expid]
    night = NIGHTS[1] if expid >= 3580 else NIGHTS[0]
    return replace(
        p.exposure(expid),
        night=night,
        obstype=obstype,
        program=program,
        path=f"/data/{night}/{expid:08d}/desi-{expid:08d}.fits.fz",
        tile=tile,
        exptime=exptime,
        mjd=40587.0 + time_of(expid) / 86400.0,
        airmass=1.0 + 0.01 * (expid - 3570),
        seeing=0.9 + 0.02 * (expid - 3570),
        ra=10.0 * (expid - 3570),
        dec=30.0,
        date_obs="",
        cameras=tuple(name for name in NAMES if not (expid == 3579 and name == "z8")),
        object=f"field {tile}" if tile else "",
        header={**HEADER, "TEMP": 8.5 - 0.1 * (expid - 3574)},
        size=1,
        mtime_ns=expid,
    )


def known_cameras(expid: int) -> dict[str, CameraView]:
    """Return the cameras of an exposure as they ended."""
    return {name: _camera(expid, name) for name in NAMES}


def _camera(expid: int, name: str) -> CameraView:
    obstype = EXPOSURES[expid][0]
    ccds, fibers, spectra = p.good_steps()
    sky = sky_of(expid, name)
    bounds = {"normal": ((100.0, 300.0),), "warning": ((50.0, 350.0),), "references": (200.0,)}
    spectra = replace(spectra, judgements=(p.judgement("SKYCONT", (sky,), **bounds),))
    status = BAD.get(name, Status.NORMAL) if expid == 3579 else Status.NORMAL
    if status is Status.MISSING:
        return p.camera(name, status, (), reason="not in the file")
    if expid == 3579 and name == "b3":
        ccds = p.step("CHECK_CCDS", Status.ALARM, (p.NOISE_BAD, p.BIAS))
    if expid == 3579 and name == "r5":
        fibers = p.step("CHECK_FIBERS", Status.ALARM, (p.GOODFIB, p.SHIFTS_BAD))
    if expid == 3579 and name == "b7":
        fibers = p.step("CHECK_FIBERS", Status.WARNING, (p.GOODFIB, p.SHIFTS_WARN))
    if expid == 3579 and name == "z2":
        fibers = p.step("CHECK_FIBERS", Status.WARNING, (p.GOODFIB_WARN, p.SHIFTS))
    steps = {"ZERO": (ccds,), "ARC": (ccds, fibers), "FLAT": (ccds, fibers)}.get(obstype, (ccds, fibers, spectra))
    return p.camera(name, status, steps)


def make_known(path: Path) -> Store:
    """Fill a new record, and return it open for writing; its engine's last beat is at `NOW`."""
    path.write_bytes(_filled())
    return Store.open(path)


@cache
def _filled() -> bytes:
    """Return the file of the record: filled once in a process, because that takes a hundred times as long as a copy."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "qltui.db"
        _fill(path).close()
        return path.read_bytes()


def _fill(path: Path) -> Store:
    store = Store.open(path)
    limits = store.limit_set("# the instrument's own limits\n", "default")
    settings = store.configuration('[site]\ninstrument = "desi"\n', "site")
    for expid in EXPOSURES:
        _write(store, expid, Trigger.NEW, settings, limits)
    _write(store, 3577, Trigger.REPROCESS, settings, limits)
    _write_notes(store)
    store.beat(replace(p.engine(), heartbeat=NOW, queue=0), now=NOW)
    return store


def _write(store: Store, expid: int, trigger: Trigger, settings: int, limits: int) -> None:
    start = time_of(expid) + (EXPOSURES[expid][3] or 0.0) + (5000.0 if trigger is Trigger.REPROCESS else 5.0)
    number = store.add_exposure(exposure_of(expid), now=start)
    who = "Ben" if trigger is Trigger.REPROCESS else "engine"
    process = store.enqueue(number, trigger, who, NAMES, settings, "0.1.0", limits, now=start)
    if expid == 3581:
        return
    store.start_process(process, now=start)
    with store.transaction():
        for camera in known_cameras(expid).values():
            write_camera(store, process, camera, start)
    store.log("info", f"Exposure {expid} ended (0:00:05)", expid, process=process, now=start + 5.0)
    bad = expid == 3579
    verdict = (
        Verdict(Status.ALARM, "25 of 30 cameras good", p.CULPRITS, 25, 30)
        if bad
        else Verdict(Status.NORMAL, "all 30 cameras good", (), 30, 30)
    )
    store.finish_process(process, verdict, now=start + 5.0)


def _write_notes(store: Store) -> None:
    def number(expid: int) -> int:
        found = store.exposure_id("desi", NIGHTS[0], expid)
        assert found is not None
        return found

    when = time_of(3579) + 1100.0
    store.add_comment(number(3578), "Ann", "clouds in the west", now=when)
    store.set_flag(number(3578), "good", "Ben", "usable", now=when)
    store.set_flag(number(3579), "bad", "Ann", "noise in b3", now=when)
    process = store.process_numbers(expid=3579)[0]
    causes = [(Status.ALARM, "b3 C  noise 25.1 e-  (3.1)"), (Status.ALARM, "r5    traces dx +1.50 px")]
    alarms = store.raise_alarms(process, causes, now=when)
    store.acknowledge(alarms[1].number, "Ben", now=when + 60.0)
    store.log(
        "alarm", "b3 CHECK CCDS ended (0.34 s)  ALARM  NOISE_AMP C 25.1 e-", 3579, "b3", process=process, now=when
    )
    store.log("error", "r5: killed after 120 s in CHECK FIBERS", 3579, "r5", process=process, now=when + 1.0)
