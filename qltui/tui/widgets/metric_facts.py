"""What an observer should know beside a metric's numbers: who moved too, why, what it means, what to do."""

from __future__ import annotations

from qltui.instruments.base import Instrument, MetricDefinition
from qltui.model import Status
from qltui.store.views import ProcessView
from qltui.tables.companions import HALFWAY, companion_words, companions, deviation
from qltui.tables.exposure import judgements_of
from qltui.tui.text import Line, clean, wrap

__all__ = ["about_lines", "next_camera", "next_metric", "next_step"]

_NAME = 7
_BAD = (Status.WARNING, Status.ALARM)


def _named(name: str, words: str, width: int, role: str = "text") -> list[Line]:
    parts = wrap(clean(words), max(10, width - _NAME - 2))
    return [((f" {name if not index else '':<{_NAME}}", "dim"), (part, role)) for index, part in enumerate(parts)]


def about_lines(
    process: ProcessView, instrument: Instrument, definition: MetricDefinition, camera: str, element: str, width: int
) -> list[Line]:
    """Return which other cameras moved too, the reason, and for a bad value what it usually means and what to do."""
    judgements = judgements_of(process, definition.name)
    judgement = judgements.get(camera)
    lines: list[Line] = []
    if judgement is not None and element in judgement.elements:
        far = deviation(judgement, judgement.elements.index(element))
        side = "moved" if far != far or abs(far) < HALFWAY else "high" if far > 0 else "low"
        words = companion_words(companions(judgements, instrument, definition, camera, element))
        lines += _named("also", f"{side} {words}", width, "strong")
        if judgement.reason:
            lines += _named("why", judgement.reason, width)
        if judgement.status in _BAD:
            lines += _named("means", definition.meaning, width)
            lines += _named("do", definition.action, width)
    lines += _named("is", definition.definition, width, "dim")
    if judgement is not None and judgement.limit_set:
        lines += _named("limits", judgement.limit_set, width, "dim")
    return lines


# -- by key --------------------------------------------------------------------------------------------------------


def next_camera(instrument: Instrument, camera: str, right: int, down: int) -> str:
    """Return the camera so many units to the right and arms down, round the ends; places without one are passed."""
    arms = tuple(dict.fromkeys(item.arm for item in instrument.cameras))
    units = tuple(dict.fromkeys(item.unit for item in instrument.cameras))
    known = {(item.arm, item.unit): item.name for item in instrument.cameras}
    here = next((item for item in instrument.cameras if item.name == camera), None)
    if here is None:
        return camera
    arm, unit = arms.index(here.arm), units.index(here.unit)
    for _ in range(max(len(arms), len(units))):
        arm, unit = (arm + down) % len(arms), (unit + right) % len(units)
        if (arms[arm], units[unit]) in known:
            return known[arms[arm], units[unit]]
    return camera


def _metrics(process: ProcessView, instrument: Instrument, camera: str) -> tuple[MetricDefinition, ...]:
    arm = next((item.arm for item in instrument.cameras if item.name == camera), None)
    return instrument.metrics_for(process.exposure.obstype, arm=arm)


def next_metric(process: ProcessView, instrument: Instrument, camera: str, metric: str, by: int) -> str:
    """Return the metric `by` further among those of this exposure and arm, round the end."""
    names = [item.name for item in _metrics(process, instrument, camera)]
    if metric not in names:
        return names[0] if names else metric
    return names[(names.index(metric) + by) % len(names)]


def next_step(process: ProcessView, instrument: Instrument, camera: str, step: str, by: int) -> str:
    """Return the first metric of the step `by` further that has one in this arm."""
    metrics = _metrics(process, instrument, camera)
    steps = [item.name for item in instrument.steps_for(process.exposure.obstype)]
    steps = [name for name in steps if any(metric.step == name for metric in metrics)]
    if not steps:
        return ""
    wanted = steps[(steps.index(step) + by) % len(steps)] if step in steps else steps[0]
    return next(metric.name for metric in metrics if metric.step == wanted)
