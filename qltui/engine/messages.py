"""The words of the night's log, as observers know them from the Quick Look Framework."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from qltui.instruments.base import Instrument
from qltui.model import Exposure, Judgement, Status, Verdict
from qltui.quality.results import StepResult

__all__ = [
    "available",
    "duration",
    "ended",
    "exposure_step",
    "given_up",
    "level_of",
    "ready",
    "started",
    "step_ended",
    "times",
]

_LEVELS: Final = {
    Status.ALARM: "alarm",
    Status.MISSING: "alarm",
    Status.FAILED: "error",
    Status.WARNING: "warning",
    Status.UNKNOWN: "warning",
}
_SHOWN: Final = 3
"""Metrics of one line."""


def level_of(status: Status) -> str:
    """Return the level of the log at which a status is told."""
    return _LEVELS.get(status, "info")


def duration(seconds: float) -> str:
    """Return a time as hours, minutes and seconds, ``"0:00:12"``."""
    whole = max(0, round(seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def times(count: int) -> str:
    """Return how often, in words: ``"twice"``."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def given_up(reason: str, attempts: int) -> str:
    """Return why a camera has FAILED, and what to do: ``"killed after 120 s in CHECK FIBERS, tried twice; ..."``.

    Parameters
    ----------
    reason : str
        Cause and, after a semicolon, action.
    attempts : int
        How often it was tried.
    """
    cause, semicolon, action = reason.partition("; ")
    tries = f", tried {times(attempts)}" if attempts > 1 else ""
    return f"{cause}{tries}{semicolon}{action}; r reprocesses it"


def available(exposure: Exposure) -> str:
    """Say that an exposure has arrived, and what is odd about its file."""
    # The program of a calibration often has the type in it: "CALIB FLAT: LED".
    repeated = exposure.obstype and exposure.obstype in exposure.program
    kind = exposure.program if repeated else f"{exposure.program} {exposure.obstype}".strip() or "no OBSTYPE"
    again = f", revision {exposure.revision}" if exposure.revision > 1 else ""
    problems = f": {'; '.join(exposure.problems)}" if exposure.problems else ""
    return f"Exposure {exposure.expid} ({kind}) available{again}{problems}"


def started(exposure: Exposure, expected: int, missing: Sequence[str]) -> str:
    """Say that the reduction of an exposure has begun, and which cameras are not in its file."""
    words = f"Exposure {exposure.expid} started, {expected} cameras expected"
    if not missing:
        return words
    few = ", ".join(missing) if len(missing) <= 6 else f"{len(missing)} of them"
    return f"{words}, not in the file: {few}"


def exposure_step(title: str, seconds: float | None = None) -> str:
    """Say that the first camera began a step, or that the last one ended it after so many seconds."""
    return f"{title} started" if seconds is None else f"{title} ended ({seconds:.1f} s)"


def step_ended(instrument: Instrument, camera: str, result: StepResult, seconds: float) -> str:
    """Say how a step of a camera ended: ``"b3 CHECK CCDS ended (0.34 s)  ALARM  NOISE_AMP C 25.1 e-"``."""
    title = next((step.title for step in instrument.steps if step.name == result.step), result.step)
    words = f"{camera} {title} ended ({seconds:.2f} s)"
    if result.status is Status.NORMAL:
        return words
    bad = [judgement for judgement in result.judgements if judgement.status is result.status]
    said = [_metric(instrument, judgement) for judgement in bad[:_SHOWN]]
    if len(bad) > _SHOWN:
        said.append(f"and {len(bad) - _SHOWN} more")
    text = ", ".join(said) or result.reason
    return f"{words}  {result.status.value}  {text}".rstrip()


def _metric(instrument: Instrument, judgement: Judgement) -> str:
    """Return a metric with its worst elements and their values."""
    definition = instrument.metric(judgement.metric)
    parts = []
    for element, value, status in zip(judgement.elements, judgement.values, judgement.statuses, strict=True):
        if status is judgement.status and math.isfinite(value):
            parts.append(f"{element} {value:{definition.format}}".strip())
    if not parts:
        return f"{judgement.metric} {judgement.reason}".rstrip()
    return f"{judgement.metric} {', '.join(parts)} {definition.unit}".rstrip()


def ended(exposure: Exposure, seconds: float) -> str:
    """Say that the last camera of an exposure has come to its end."""
    return f"Exposure {exposure.expid} ended ({duration(seconds)})"


def ready(exposure: Exposure, verdict: Verdict) -> str:
    """Say that the verdict on an exposure is there."""
    return f"Exposure {exposure.expid} is ready: {verdict.status.value}, {verdict.headline}"
