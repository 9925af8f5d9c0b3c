"""An imager of four CCDs and a field, whose raw files are a line of JSON; see `engine_fakes`.

``{"fwhm": {"N1": 2.5}, "bias": {"S2": 1020.0}}`` says what a CCD measures, otherwise 1 arcsec and 1000 ADU. The field
measures the median of what it is handed, and writes down what that was.
"""

from __future__ import annotations

import dataclasses
import json
import os
import statistics
from pathlib import Path

import engine_fakes
from engine_fakes import act, tell, write

from qltui.instruments.base import Instrument, MetricDefinition, StepDefinition
from qltui.model import Camera, CameraReport, CameraTask, Measurement, Product, Status, StepReport

ALL = ("SCIENCE", "FLAT", "ZERO")
SKY = ("SCIENCE",)
CAMERAS = ("N1", "N2", "S1", "S2")


def _metric(name, unit, step, obstypes, elements="", scope="camera"):
    short = name.lower().replace("_amp", "").replace("_", " ")
    return MetricDefinition(
        name, name, short, unit, step, obstypes, elements, "nowhere:nothing", "It is.", "Bad.", "Do.", scope=scope
    )


INSTRUMENT = Instrument(
    name="imager",
    title="Imager",
    cameras=tuple(Camera(name, name[0], name[1:]) for name in CAMERAS),
    arm_title="side",
    unit_title="CCD",
    steps=(
        StepDefinition("DETREND", "DETREND", ALL, "nowhere:nothing", 30.0),
        StepDefinition("SOURCES", "SOURCES", SKY, "nowhere:nothing", 30.0),
        StepDefinition("CONSOLIDATE", "CONSOLIDATE", SKY, "nowhere:nothing", 30.0, of_field=True),
    ),
    metrics=(
        _metric("BIAS_AMP", "ADU", "DETREND", ALL, "amplifier"),
        _metric("FWHM", "arcsec", "SOURCES", SKY, scope="exposure"),
        _metric("FIELD_FWHM", "arcsec", "CONSOLIDATE", SKY, scope="exposure"),
    ),
    limits="imager_limits:limits.toml",
    timezone="UTC",
    calibration_products={"ZERO": "masterbias", "FLAT": "masterflat"},
    scan="engine_fakes:scan",
    inspect="imager_fakes:inspect",
    begin="",
    finish="",
    warm_up="",
    program_title="filter",
    field_camera=Camera("FIELD", "", ""),
    combine={"ZERO": 3, "FLAT": 3},
    calibrations_by_program=("masterflat",),
    calibrations_last=True,
    groups={"backplane": {"BKP1": ("N1", "N2"), "BKP2": ("S1", "S2")}},
    presets={"Core": ("N1", "S1"), "North": ("N1", "N2")},
    halves=(("N1", "S2"), ("N2", "S1")),
)


def exposure_file(root, expid, night=20191001, **values):
    """Write a raw exposure with all four CCDs; it appears whole."""
    values = {"cameras": list(CAMERAS), "program": "r"} | values
    more = {name: values.pop(name) for name in ("fwhm", "bias") if name in values}
    values["do"] = values.get("do", {}) | {"values": more}
    return engine_fakes.exposure_file(root, expid, night, **values)


def inspect(path):
    return dataclasses.replace(engine_fakes.inspect(path), instrument="imager")


def reduce(task: CameraTask, on_event) -> CameraReport:
    """Take the steps of the recipe, and in the last one do what the file says for this CCD."""
    said = json.loads(task.exposure.header["do"])
    do, _, argument = said.get(task.camera, "good").partition(":")
    write(task, "begin")
    reports = []
    steps = [step.name for step in INSTRUMENT.steps_of(task.exposure.obstype, task.camera)]
    for step in steps[:-1] if do == "silent" else steps:
        tell(task, on_event, step, "started")
        if step == steps[-1]:
            act(do, argument, task)
        report = StepReport(step, Status.NORMAL, 0.01, _measured(task, step, said["values"]))
        if do == "fail":
            report = StepReport(step, Status.FAILED, 0.01, reason="no light at all; open the shutter")
        reports.append(report)
        tell(task, on_event, step, "finished", report)
    used = dict(task.night_calibrations)
    write(task, "end")
    return CameraReport(task.camera, task.attempt, tuple(reports), _products(task), used, 0.02, 1, os.getpid())


def _measured(task, step, values):
    if step == "DETREND":
        bias = values.get("bias", {}).get(task.camera, 1000.0)
        return (Measurement("BIAS_AMP", (1000.0, bias), ("A", "B")),)
    if step == "SOURCES":
        return (Measurement("FWHM", (values.get("fwhm", {}).get(task.camera, 1.0),)),)
    found = [item.values[0] for items in task.gathered.values() for item in items if item.metric == "FWHM"]
    if not found:
        return (Measurement("FIELD_FWHM", (float("nan"),), reason="no stars in any CCD"),)
    return (Measurement("FIELD_FWHM", (statistics.median(found),)),)


def _products(task):
    """Write one file: what the task knew besides its own exposure."""
    if not task.products_directory:
        return ()
    kinds = {"FIELD": "field"}
    kind = kinds.get(task.camera) or INSTRUMENT.calibration_products.get(task.exposure.obstype, "preview")
    path = Path(task.products_directory) / f"{kind}-{task.camera}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    gathered = {camera: [item.metric for item in items] for camera, items in task.gathered.items()}
    known = {
        "frames": [int(Path(frame).stem[5:]) for frame in task.frames],
        "gathered": gathered,
        "products": {camera: sorted(kinds) for camera, kinds in task.gathered_products.items()},
    }
    path.write_text(json.dumps(known))
    return (Product(kind, str(path), path.stat().st_size),)
