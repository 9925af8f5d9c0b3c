"""What `reduce` and `status` say, as JSON and as tables: the one place that knows the documented form.

The JSON is stable: keys are added, never renamed. Values that do not exist (NaN, infinite bounds) are null.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from qltui.instruments.base import Instrument, MetricDefinition
from qltui.model import Camera, Exposure, Judgement, Status, Verdict
from qltui.store.views import CameraView, StepView

__all__ = ["MARKS", "clean", "exposure_json", "format_value", "grid_lines", "judgement_json", "result_json"]

MARKS: Mapping[Status, str] = {
    Status.NORMAL: "ok",
    Status.WARNING: "W",
    Status.ALARM: "A",
    Status.UNKNOWN: "U",
    Status.NOT_CHECKED: "-",
    Status.WAITING: ".",
    Status.RUNNING: ">",
    Status.FAILED: "F",
    Status.MISSING: "M",
    Status.NOT_EXPECTED: "x",
    Status.CANCELLED: "C",
}
"""Letters of the statuses in plain text."""


def clean(value: object) -> object:
    """Return `value` as JSON can hold it: NaN and infinities become None, tuples lists, mappings dicts."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Status):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value


def exposure_json(exposure: Exposure) -> dict[str, object]:
    """Return an exposure as a dict for JSON."""
    result = clean(asdict(exposure))
    assert isinstance(result, dict)
    return result


def judgement_json(judgement: Judgement, definition: MetricDefinition) -> dict[str, object]:
    """Return one judged metric: numbers where it is a scalar, lists as long as ``elements`` where it is not.

    ``normal`` and ``warning`` are the ranges of the value itself, reference included, inclusive.
    """
    is_scalar = judgement.elements == ("",)

    def of(values: Sequence[object]) -> object:
        return clean(values[0] if is_scalar else list(values))

    return {
        "value": of(judgement.values),
        "unit": definition.unit,
        "elements": [] if is_scalar else list(judgement.elements),
        "reference": of(judgement.references),
        "normal": of(judgement.normal),
        "warning": of(judgement.warning),
        "status": judgement.status.value,
        "statuses": of([status.value for status in judgement.statuses]),
        "reason": judgement.reason,
        "reference_from": judgement.reference_from,
        "limit_set": judgement.limit_set,
    }


def _step_json(step: StepView, instrument: Instrument) -> dict[str, object]:
    metrics = {item.metric: judgement_json(item, instrument.metric(item.metric)) for item in step.judgements}
    return {"status": step.status.value, "seconds": clean(step.seconds), "reason": step.reason, "metrics": metrics}


def camera_json(camera: CameraView, instrument: Instrument) -> dict[str, object]:
    """Return one camera with its steps."""
    return {
        "status": camera.status.value,
        "seconds": clean(camera.seconds),
        "reason": camera.reason,
        "attempt": camera.attempt,
        "calibrations": dict(camera.calibrations),
        "steps": {step.step: _step_json(step, instrument) for step in camera.steps},
    }


def result_json(
    exposure: Exposure, verdict: Verdict, cameras: Mapping[str, CameraView], instrument: Instrument
) -> dict[str, Any]:
    """Return the whole of one reduced exposure in the documented form."""
    return {
        "exposure": exposure_json(exposure),
        "status": verdict.status.value,
        "headline": verdict.headline,
        "good": verdict.good,
        "expected": verdict.expected,
        "culprits": [{"status": status.value, "text": text} for status, text in verdict.culprits],
        "cameras": {name: camera_json(camera, instrument) for name, camera in cameras.items()},
    }


def format_value(value: float, definition: MetricDefinition) -> str:
    """Return a value with its unit, ``"25.10 e-"``; ``"none"`` where there is none."""
    if not math.isfinite(value):
        return "none"
    return f"{value:{definition.format}} {definition.unit}".rstrip()


def grid_lines(
    instrument: Instrument, steps: Iterable[tuple[str, str]], cameras: Mapping[str, CameraView]
) -> list[str]:
    """Return the grid of arms x units for each step (name, title) as lines of text."""
    rows: dict[str, list[Camera]] = {}
    for camera in instrument.cameras:
        rows.setdefault(camera.arm, []).append(camera)
    label = max((len(arm) for arm in rows), default=1)
    cell = max((len(camera.unit) for camera in instrument.cameras), default=1)
    cell = max(cell, 2)
    lines = []
    of_field = {step.name for step in instrument.steps if step.of_field}
    for name, title in steps:
        lines.append(f"{title}")
        if name in of_field and instrument.field_camera is not None:
            field = instrument.field_camera.name
            lines.append(f"{field}  {MARKS[_status_of(cameras.get(field), name)]}")
            continue
        first = next(iter(rows.values()), [])
        lines.append(" " * (label + 2) + " ".join(f"{camera.unit:>{cell}}" for camera in first))
        for arm, members in rows.items():
            marks = (f"{MARKS[_status_of(cameras.get(camera.name), name)]:>{cell}}" for camera in members)
            lines.append(f"{arm:>{label}}  " + " ".join(marks))
    return lines


def _status_of(camera: CameraView | None, step: str) -> Status:
    if camera is None:
        return Status.WAITING
    for view in camera.steps:
        if view.step == step:
            return view.status
    return camera.status
