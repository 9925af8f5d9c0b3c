"""From judgements to what an observer reads: the status of steps, cameras and exposure, and the causes in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qltui.instruments.base import Instrument
from qltui.model import Exposure, Judgement, Status, StepReport, Verdict, worst
from qltui.quality.causes import Cause, find_causes
from qltui.quality.judge import BadBefore, History, judge, no_history, none_before
from qltui.quality.limits import Context, LimitSet
from qltui.quality.results import CameraResult, StepResult

__all__ = [
    "camera_result",
    "camera_status",
    "exposure_verdict",
    "judge_step",
    "step_status",
]


def judge_step(
    report: StepReport,
    instrument: Instrument,
    exposure: Exposure,
    camera: str,
    limits: LimitSet,
    history: History = no_history,
    bad_before: BadBefore = none_before,
    bad_after: BadBefore = none_before,
) -> StepResult:
    """Judge what a step measured.

    Parameters
    ----------
    report : StepReport
        As the worker sent it.
    instrument : Instrument
        Whose table names the metrics.
    exposure : Exposure
        Gives obstype, program and night, by which limits are picked.
    camera : str
        Name of the camera.
    limits : LimitSet
        The limits that hold.
    history, bad_before, bad_after : callable
        See `qltui.quality.judge.judge`.
    """
    arm = instrument.camera(camera).arm
    context = Context(camera, arm, exposure.obstype, exposure.program, exposure.night)
    judgements = tuple(
        judge(measurement, instrument.metric(measurement.metric), limits, context, history, bad_before, bad_after)
        for measurement in report.measurements
    )
    return StepResult(report.step, step_status(report, judgements), report.reason, judgements)


def step_status(report: StepReport, judgements: Iterable[Judgement]) -> Status:
    """Return the status of a step: how it ended where it did not end well, else its worst metric's.

    A step that measured nothing is ``NOT_CHECKED``: only what was checked may be green.
    """
    if report.status is not Status.NORMAL:
        return worst([report.status, *(judgement.status for judgement in judgements)])
    return worst(judgement.status for judgement in judgements)


def camera_status(steps: Sequence[StepResult], expected_steps: Iterable[str]) -> Status:
    """Return the worst status of a camera's steps; a step that is still to come keeps it from being good."""
    known = {step.step: step.status for step in steps}
    return worst(known.get(name, Status.WAITING) for name in expected_steps)


def camera_result(camera: str, steps: Sequence[StepResult], expected_steps: Iterable[str]) -> CameraResult:
    """Return a camera with the status that its steps give it, and the reason of the worst that has one."""
    status = camera_status(steps, expected_steps)
    reason = next((step.reason for step in steps if step.status is status and step.reason), "")
    return CameraResult(camera, status, reason, tuple(steps))


def exposure_verdict(
    instrument: Instrument, exposure: Exposure, cameras: Mapping[str, CameraResult], expected: Sequence[str]
) -> Verdict:
    """Return the line for an exposure and its culprits, worst first.

    It is ``NORMAL`` only where every expected camera was checked and found good.

    Parameters
    ----------
    instrument : Instrument
        Whose table puts metrics into words.
    exposure : Exposure
        What is judged; one without a recipe is ``NOT_CHECKED``.
    cameras : mapping
        Results by camera, as far as they have come; a camera that is not there is still waiting.
    expected : sequence of str
        Cameras that should be in the file, those that the site has switched off included (as ``NOT_EXPECTED``).
    """
    if not instrument.steps_for(exposure.obstype):
        headline = f"no recipe for {exposure.obstype or 'an exposure without OBSTYPE'}: nothing was checked"
        return Verdict(Status.NOT_CHECKED, headline, (), 0, len(expected))
    statuses = {name: cameras[name].status if name in cameras else Status.WAITING for name in expected}
    judged = {name: status for name, status in statuses.items() if status is not Status.NOT_EXPECTED}
    causes = find_causes(instrument, cameras, expected)
    status = worst(judged.values())
    # The field is no camera: it is judged, and not counted.
    field = instrument.field_camera
    counted = {name: status for name, status in judged.items() if field is None or name != field.name}
    good = sum(status.is_good for status in counted.values())
    pending = sum(not status.is_final for status in judged.values())
    headline = _headline(good, len(counted), pending)
    return Verdict(status, headline, tuple((cause.status, _line(cause)) for cause in causes), good, len(counted))


def _headline(good: int, expected: int, pending: int) -> str:
    """Return how many cameras are good, and how many are still to come."""
    if expected == 0:
        return "no camera is expected: nothing was checked"
    if pending:
        return f"{good} of {expected} cameras good so far, {pending} to come"
    if good == expected:
        return f"all {expected} cameras good" if expected > 1 else "the camera is good"
    return f"{good} of {expected} cameras good"


def _line(cause: Cause) -> str:
    """Return the line of a cause, with the metrics that are taken for its consequences."""
    return f"{cause.words}; also {' '.join(cause.also)}" if cause.also else cause.words
