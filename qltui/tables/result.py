"""A reduced exposure as JSON: the one place that knows the documented form.

The JSON is stable: keys are added, never renamed. Values that do not exist (NaN, infinite bounds) are null.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from qltui.instruments.base import Instrument, MetricDefinition
from qltui.model import Exposure, Judgement, Status, Verdict
from qltui.store.views import CameraView, ProcessView, StepView
from qltui.tables.exposure import utc_text

__all__ = ["clean", "exposure_json", "judgement_json", "process_json", "result_json"]


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


_NOT_USED: Final = (Status.NOT_EXPECTED, Status.MISSING)
"""A camera that nobody selected, that is off or dead, or that is not in the file: nothing was done with it."""


def result_json(
    exposure: Exposure, verdict: Verdict, cameras: Mapping[str, CameraView], instrument: Instrument
) -> dict[str, Any]:
    """Return the whole of one reduced exposure in the documented form."""
    field = instrument.field_camera
    own = {name: camera for name, camera in cameras.items() if field is None or name != field.name}
    return {
        "exposure": exposure_json(exposure),
        "status": verdict.status.value,
        "headline": verdict.headline,
        "good": verdict.good,
        "expected": verdict.expected,
        "used": [name for name, camera in own.items() if camera.status not in _NOT_USED],
        "not_used": {name: camera.reason for name, camera in own.items() if camera.status in _NOT_USED},
        "culprits": [{"status": status.value, "text": text} for status, text in verdict.culprits],
        "cameras": {name: camera_json(camera, instrument) for name, camera in cameras.items()},
    }


def process_json(
    process: ProcessView, instrument: Instrument, cameras: Mapping[str, CameraView] | None = None
) -> dict[str, Any]:
    """Return a process of the record in the documented form; of some cameras alone where they are given."""
    result = result_json(process.exposure, process.verdict, process.cameras if cameras is None else cameras, instrument)
    times = {"queued": process.queued, "started": process.started, "ended": process.ended}
    result["process"] = {
        "number": process.number,
        "state": process.state,
        "trigger": process.trigger,
        "who": process.who,
        **{f"{name}_utc": utc_text(seconds) or None for name, seconds in times.items()},
        **{name: clean(seconds) for name, seconds in times.items()},
        "configuration": process.configuration,
        "limit_set": process.limit_set,
        "code_version": process.code_version,
    }
    return result
