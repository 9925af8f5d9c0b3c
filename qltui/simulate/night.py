"""A night of exposures: what is taken, in which order and when, as data."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from qltui.simulate.calibrations import simulate_calibrations
from qltui.simulate.exposure import Progress, SimulatedExposure, simulate_exposure
from qltui.simulate.faults import Fault, parse_fault
from qltui.simulate.request import SimulationRequest

__all__ = ["SAMPLE_NIGHT", "PlannedExposure", "night_requests", "parse_plan", "simulate_night"]

_BETWEEN: Final = 90.0
"""From the end of an exposure to the start of the next [s]: readout, and the telescope moves."""


@dataclass(frozen=True, slots=True)
class PlannedExposure:
    """One exposure of a plan: its type, what is wrong with it, and its program and time where they matter."""

    obstype: str
    faults: tuple[Fault, ...] = ()
    program: str = "DARK"
    exptime: float = math.nan


def _faults(*texts: str) -> tuple[Fault, ...]:
    return tuple(parse_fault(text) for text in texts)


SAMPLE_NIGHT: Final = (
    PlannedExposure("ZERO"),
    PlannedExposure("DARK"),
    PlannedExposure("ARC"),
    PlannedExposure("FLAT"),
    PlannedExposure("SCIENCE"),
    PlannedExposure(
        "SCIENCE",
        _faults(
            "noisy_amplifier:b3:C:25", "trace_dx:r5:1.5", "trace_dy:b7:0.8", "dead_fibers:z2:5",
            "bias_jump:r1:B:100", "missing_camera:z8",
        ),
    ),
)  # fmt: skip
"""The committed sample night: one exposure of each kind, and one with faults in six cameras."""


def parse_plan(words: Sequence[str]) -> tuple[PlannedExposure, ...]:
    """Read a plan: types of exposures, each with its faults after commas, as ``SCIENCE,trace_dx:r5:1.5``.

    Raises
    ------
    SimulationError
        Where a fault makes no sense.
    """
    plan = []
    for word in words:
        obstype, *faults = word.split(",")
        plan.append(PlannedExposure(obstype.strip().upper(), _faults(*faults)))
    return tuple(plan)


def night_requests(
    size: str, night: int, seed: int, plan: Sequence[PlannedExposure] = SAMPLE_NIGHT, *, first_expid: int = 3574
) -> tuple[SimulationRequest, ...]:
    """Return the exposures of a night, numbered and timed one after the other, calibrations in the afternoon.

    Raises
    ------
    SimulationError
        Where one of them makes no sense.
    """
    requests: list[SimulationRequest] = []
    free: dt.datetime | None = None
    for number, planned in enumerate(plan):
        request = SimulationRequest(
            planned.obstype, first_expid + number, night, seed, size, planned.program, planned.exptime,
            faults=planned.faults, tile=1129 + sum(earlier.on_sky for earlier in requests),
        )  # fmt: skip
        request = request.complete(free)
        assert request.date_obs is not None
        free = request.date_obs + dt.timedelta(seconds=request.exptime + _BETWEEN)
        requests.append(request)
    return tuple(requests)


def simulate_night(
    out: Path,
    size: str = "mini",
    night: int = 20191001,
    seed: int = 1,
    plan: Sequence[PlannedExposure] = SAMPLE_NIGHT,
    *,
    first_expid: int = 3574,
    calibration: Path | None = None,
    workers: int = 1,
    progress: Progress | None = None,
    on_exposure: Callable[[SimulatedExposure], None] | None = None,
) -> list[SimulatedExposure]:
    """Write a night of raw exposures into ``OUT/NIGHT``.

    Parameters
    ----------
    out : Path
    size : {"mini", "full"}
    night : int
        YYYYMMDD.
    seed : int
    plan : sequence of PlannedExposure
    first_expid : int
        Number of the first exposure.
    calibration : Path, optional
        Where the traces are. ``OUT/calib`` with traces of the own model is written where None.
    workers : int
    progress : callable, optional
        Called after each camera.
    on_exposure : callable, optional
        Called after each exposure.

    Returns
    -------
    list of SimulatedExposure
    """
    requests = night_requests(size, night, seed, plan, first_expid=first_expid)
    if calibration is None:
        simulate_calibrations(out / "calib", size, seed)
    exposures = []
    for request in requests:
        exposure = simulate_exposure(request, out, calibration=calibration, workers=workers, progress=progress)
        exposures.append(exposure)
        if on_exposure is not None:
            on_exposure(exposure)
    return exposures
