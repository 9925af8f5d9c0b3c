"""What is known of steps and cameras after judging."""

from __future__ import annotations

from dataclasses import dataclass

from qltui.model import Judgement, Status

__all__ = ["CameraResult", "StepResult"]


@dataclass(frozen=True, slots=True)
class StepResult:
    """A step of a camera after its measurements were judged."""

    step: str
    status: Status
    reason: str = ""
    judgements: tuple[Judgement, ...] = ()


@dataclass(frozen=True, slots=True)
class CameraResult:
    """A camera of an exposure: its status, and its steps as far as they have come."""

    camera: str
    status: Status
    reason: str = ""
    steps: tuple[StepResult, ...] = ()
