"""A record of an imager with known values: one night of DECam, filled through the record's own API.

Night 20130830 (times from 23:00 UT on, ten minutes apart)
    2001, 2002 ZERO; 2003, 2004 FLAT in r
    2005 to 2016 SCIENCE in g, r, z, g, r, z ...: all good, but for
    2012 (r): ALARM. N24 A is dead (bias 0 ADU), S31 is not in the file, N5 has stars of 3.40 arcsec, and the field's
    median is 1.90 arcsec, a WARNING
    2016 (z): waits

N30 is never expected. The width of stars of a CCD is ``fwhm_of(expid, camera)`` [arcsec], its background
``background_of(expid, camera)`` [ADU/s]. 2012 is flagged "bad" by Ann and has three alarms; 2010 has Ben's comment.
`add_field` writes the picture of a field and records it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pictures as p
from nights import write_camera

from qltui.instruments.base import get_instrument
from qltui.instruments.decam.field_picture import FieldPicture, place_ccd, projection_cards
from qltui.instruments.fits_writer import write_fits
from qltui.instruments.product_writer import image_hdu, table_hdu
from qltui.model import CameraReport, Exposure, Product, Status, Trigger, Verdict
from qltui.store.record import Store

__all__ = ["BAD", "DECAM", "EXPOSURES", "FIRST", "NAMES", "NIGHT", "NOW", "add_field", "background_of", "fwhm_of",
           "make_imager", "time_of"]  # fmt: skip

DECAM = get_instrument("decam")
NAMES = tuple(camera.name for camera in DECAM.cameras)
NIGHT = 20130830
FIRST = 1377903600.0
"""Start of 2001: 2013-08-30 23:00:00 UT [s since 1970]."""
NOW = FIRST + 4.0 * 3600.0

EXPOSURES = {2001: ("ZERO", "", 0.0), 2002: ("ZERO", "", 0.0), 2003: ("FLAT", "r", 8.0), 2004: ("FLAT", "r", 8.0)} | {
    expid: ("SCIENCE", "grz"[(expid - 2005) % 3], 90.0) for expid in range(2005, 2017)
}
"""Number: obstype, filter, exposure time [s]."""

BAD = {"N24": Status.ALARM, "N5": Status.ALARM, "S31": Status.MISSING}
"""Cameras of 2012 that are not good."""

CAUSES = (
    (Status.ALARM, "N24 A bias 0.0 < 100.0 ADU"),
    (Status.ALARM, "N5  FWHM 3.40 > 2.50 arcsec"),
    (Status.MISSING, "S31 not in the file"),
    (Status.WARNING, "FIELD median field FWHM 1.90 > 1.60 arcsec"),
)


def time_of(expid: int) -> float:
    """Return when an exposure began [s since 1970]."""
    return FIRST + 600.0 * (expid - 2001)


def fwhm_of(expid: int, camera: str) -> float:
    """Return the known width of stars [arcsec]."""
    if (expid, camera) == (2012, "N5"):
        return 3.4
    return 0.9 + 0.02 * (expid - 2005) + 0.001 * NAMES.index(camera)


def background_of(expid: int, camera: str) -> float:
    """Return the known background [ADU/s]."""
    return {"g": 2.0, "r": 5.0, "z": 20.0}[EXPOSURES[expid][1]] + 0.01 * NAMES.index(camera)


def exposure_of(expid: int) -> Exposure:
    """Return an exposure with known values."""
    obstype, band, exptime = EXPOSURES[expid]
    start, on_sky = time_of(expid), obstype == "SCIENCE"
    return Exposure(
        "decam",
        NIGHT,
        expid,
        obstype,
        f"/data/{NIGHT}/DECam_{expid:08d}.fits.fz",
        program=band,
        cameras=tuple(name for name in NAMES if (expid, name) != (2012, "S31")),
        exptime=exptime,
        mjd=40587.0 + start / 86400.0,
        airmass=1.0 + 0.02 * (expid - 2005) if on_sky else None,
        ra=30.0 + 2.0 * (expid - 2005) if on_sky else None,
        dec=-20.0 if on_sky else None,
        object=f"field {(expid - 2005) // 3 + 1}" if on_sky else obstype.lower(),
        size=1,
        mtime_ns=expid,
    )


def _judged(metric, value, normal, warning, elements=("",), statuses=None):
    values = value if isinstance(value, tuple) else (value,)
    bounds = {"normal": (normal,) * len(values), "warning": (warning,) * len(values)}
    return p.judgement(metric, values, elements, statuses=statuses, limit_set="default", **bounds)


def _camera(expid: int, name: str):
    """Return a CCD as it ended."""
    if name == "N30":
        return p.camera(name, Status.NOT_EXPECTED, (), reason="dead since 2012")
    status = BAD.get(name, Status.NORMAL) if expid == 2012 else Status.NORMAL
    if status is Status.MISSING:
        return p.camera(name, status, (), reason="not in the file")
    is_dead, is_wide = (expid, name) == (2012, "N24"), (expid, name) == (2012, "N5")
    bias = (0.0, 1510.0) if is_dead else (1500.0, 1510.0)
    marks = (Status.ALARM if is_dead else Status.NORMAL, Status.NORMAL)
    amplifiers = (
        _judged("BIAS_AMP", bias, (100.0, 3000.0), (1.0, 5000.0), ("A", "B"), marks),
        _judged("NOISE_AMP", (6.5, 6.7), (3.0, 13.0), (2.0, 15.0), ("A", "B")),
    )
    steps = [p.step("DETREND", marks[0], amplifiers)]
    if EXPOSURES[expid][0] == "SCIENCE":
        sky = _judged("BACKGROUND", background_of(expid, name), (0.0, 40.0), (0.0, 80.0))
        wide = Status.ALARM if is_wide else Status.NORMAL
        width = _judged("FWHM", fwhm_of(expid, name), (0.5, 1.6), (0.5, 2.5), statuses=(wide,))
        round_ = _judged("ELLIPTICITY", 0.05, (0.0, 0.15), (0.0, 0.25))
        counts = _judged("NUMBER_COUNTS", 12.0, (5.0, 100.0), (2.0, 200.0))
        steps += [p.step("SOURCES", judgements=(sky, counts)), p.step("QA", wide, (width, round_))]
    return p.camera(name, status, steps)


def _field(expid: int):
    """Return the field as it ended."""
    elements = ("median", "gradient", "radial", "worst")
    if EXPOSURES[expid][0] != "SCIENCE":
        noise = _judged("FIELD_NOISE", (6.6, 0.1, 0.0, 6.7), (-1.0, 13.0), (-2.0, 15.0), elements)
        return p.camera("FIELD", Status.NORMAL, [p.step("CONSOLIDATE", judgements=(noise,))])
    status = Status.WARNING if expid == 2012 else Status.NORMAL
    values = (1.9 if expid == 2012 else fwhm_of(expid, NAMES[31]), 0.05, 0.02, max(fwhm_of(expid, n) for n in NAMES))
    marks = (status, *(Status.NORMAL,) * 3)
    width = _judged("FIELD_FWHM", values, (-1.0, 1.6), (-2.0, 4.0), elements, marks)
    return p.camera("FIELD", status, [p.step("CONSOLIDATE", status, (width,))])


def make_imager(path: Path) -> Store:
    """Fill a new record, and return it open for writing; its engine's last beat is at `NOW`."""
    store = Store.open(path)
    limits = store.limit_set("# the instrument's own limits\n", "default")
    settings = store.configuration('[site]\ninstrument = "decam"\n', "site")
    for expid in EXPOSURES:
        _write(store, expid, settings, limits)
    _write_notes(store)
    store.beat(replace(p.engine(), heartbeat=NOW, queue=1, slots=(), state="idle"), now=NOW)
    return store


def _write(store: Store, expid: int, settings: int, limits: int) -> None:
    start = time_of(expid) + EXPOSURES[expid][2] + 5.0
    number = store.add_exposure(exposure_of(expid), now=start)
    process = store.enqueue(number, Trigger.NEW, "engine", DECAM.tasks, settings, "0.1.0", limits, now=start)
    if expid == max(EXPOSURES):
        return
    store.start_process(process, now=start)
    with store.transaction():
        for view in (*(_camera(expid, name) for name in NAMES), _field(expid)):
            write_camera(store, process, view, start)
    verdict = Verdict(Status.NORMAL, "all 61 CCDs good", (), 61, 61)
    if expid == 2012:
        verdict = Verdict(Status.ALARM, "58 of 61 CCDs good", CAUSES, 58, 61)
    store.finish_process(process, verdict, now=start + 12.0)
    store.log("info", f"Exposure {expid} ended (0:00:12)", expid, process=process, now=start + 12.0)


def _number(store: Store, expid: int) -> int:
    found = store.exposure_id("decam", NIGHT, expid)
    assert found is not None
    return found


def _write_notes(store: Store) -> None:
    when = time_of(2012) + 200.0
    store.add_comment(_number(store, 2010), "Ben", "cirrus", now=when)
    store.set_flag(_number(store, 2012), "bad", "Ann", "N24 A", now=when)
    process = store.process_numbers(expid=2012)[0]
    store.raise_alarms(process, [cause for cause in CAUSES if cause[0] is not Status.WARNING], now=when)


def write_field(path: Path, *, missing: tuple[str, ...] = ("S31", "N30"), ra: float | None = 44.0) -> None:
    """Write the picture of a field: a CCD holds 100 e- and its place among the names, nothing lies in the gaps."""
    free = {name: place_ccd(name) for name in NAMES}
    left, bottom = min(box[0] for box in free.values()), min(box[2] for box in free.values())
    places = {name: (x0 - left, x1 - left, y0 - bottom, y1 - bottom) for name, (x0, x1, y0, y1) in free.items()}
    boxes = {name: box for name, box in places.items() if name not in missing}
    shape = max(box[3] for box in places.values()), max(box[1] for box in places.values())
    values = np.full(shape, np.nan, dtype=np.float32)
    for name, (x0, x1, y0, y1) in boxes.items():
        values[y0:y1, x0:x1] = 100.0 + NAMES.index(name)
    image = image_hdu("FIELD", values, "electron")
    image.header["BINNING"] = 64
    for key, value, comment in projection_cards(FieldPicture(values, "electron", 64, boxes), ra, -20.0):
        image.header[key] = (value, comment)
    columns = {"NAME": (list(boxes), "")} | {
        column: (np.array([box[k] for box in boxes.values()], dtype=np.int32), "")
        for k, column in enumerate(("X0", "X1", "Y0", "Y1"))
    }
    write_fits(path, (), [image, table_hdu("CCDS", columns)])


def add_field(store: Store, expid: int, path: Path) -> int:
    """Give an exposure the picture of its field, and return the number of its process."""
    write_field(path)
    process = store.process_numbers(expid=expid)[0]
    product = Product("field", str(path), path.stat().st_size, "0" * 64)
    now = time_of(expid) + 110.0
    store.start_job(process, "FIELD", 2, 1, now=now)
    report = CameraReport("FIELD", 2, (), products=(product,), seconds=1.0)
    store.finish_job(process, report, _field(expid).status, "", now=now)
    return process
