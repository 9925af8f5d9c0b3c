"""What a camera measures when all is well, read from a record that an engine made: the mould of a season."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from qltui.instruments.base import Instrument
from qltui.model import Judgement, Status
from qltui.store.reader import Reader

__all__ = ["Mould", "MouldStep", "read_moulds", "spread"]

_PART = 6.0
"""Of the distance to the nearest limit, which part scatters: six sigma, so that chance alone raises no alarm."""


@dataclass(frozen=True, slots=True)
class MouldStep:
    """One step of one camera: its judgements as they were, and how far each value may scatter."""

    step: str
    seconds: float
    judgements: tuple[Judgement, ...]
    sigmas: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Mould:
    """One type of exposure: the steps of each camera."""

    obstype: str
    cameras: Mapping[str, tuple[MouldStep, ...]]


def read_moulds(reader: Reader, instrument: Instrument) -> dict[str, Mould]:
    """Return, by type of exposure, the good cameras of all exposures of a record.

    A camera that was never good in exposures of a type is left out; so is what has no finite value.

    Raises
    ------
    ValueError
        Where the record has no exposure with a good camera.
    """
    found: dict[str, dict[str, tuple[MouldStep, ...]]] = {}
    for number in reader.process_numbers(states=("done",)):
        process = reader.process_view(number)
        if process is None:
            continue
        cameras = found.setdefault(process.exposure.obstype, {})
        for name, camera in process.cameras.items():
            if camera.status is Status.NORMAL and name not in cameras:
                cameras[name] = tuple(
                    _mould_step(step.step, step.seconds or 0.1, step.judgements) for step in camera.steps
                )
    moulds = {
        obstype: Mould(obstype, cameras)
        for obstype, cameras in found.items()
        if cameras and instrument.steps_for(obstype)
    }
    if not moulds:
        msg = f"{reader.path} has no exposure with a good camera: nothing to make a season from"
        raise ValueError(msg)
    return moulds


def _mould_step(step: str, seconds: float, judgements: tuple[Judgement, ...]) -> MouldStep:
    finite = tuple(item for item in judgements if all(math.isfinite(value) for value in item.values))
    sigmas = tuple(
        tuple(spread(value, normal) for value, normal in zip(item.values, item.normal, strict=True)) for item in finite
    )
    return MouldStep(step, seconds, finite, sigmas)


def spread(value: float, normal: tuple[float, float]) -> float:
    """Return how far a value may scatter (sigma) and stay normal: a part of the way to the nearer limit."""
    ways = [abs(value - bound) for bound in normal if math.isfinite(bound)]
    return min(ways) / _PART if ways else abs(value) * 0.02
