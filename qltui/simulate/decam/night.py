"""A night of DECam: what is taken, in which order and when, as data."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from qltui.instruments.decam.constants import READOUT_TIME
from qltui.simulate.decam.exposure import Progress, SimulatedExposure, simulate_exposure
from qltui.simulate.decam.faults import Fault
from qltui.simulate.decam.request import FIRST_EXPNUM, FIRST_NIGHT, SimulationRequest
from qltui.simulate.file_parts import worker_pool

__all__ = ["SAMPLE_NIGHT", "PlannedExposure", "night_exposures", "night_requests", "parse_plan", "simulate_night"]

_BETWEEN: Final = READOUT_TIME + 7.0
"""From the end of an exposure to the start of the next [s]: readout, and the telescope moves."""


@dataclass(frozen=True, slots=True)
class PlannedExposure:
    """One exposure of a plan: type, band and time, what is wrong with it, and seeing and level where they matter."""

    obstype: str
    band: str = "r"
    faults: tuple[Fault, ...] = ()
    exptime: float = math.nan
    seeing: float = math.nan
    level: float = math.nan


def _faults(*texts: str) -> tuple[Fault, ...]:
    return tuple(Fault.parse(text) for text in texts)


SAMPLE_NIGHT: Final = (
    PlannedExposure("ZERO"),
    PlannedExposure("ZERO"),
    PlannedExposure("FLAT", "r"),
    PlannedExposure("FLAT", "r"),
    PlannedExposure("SCIENCE", "r"),
    PlannedExposure("SCIENCE", "g"),
    PlannedExposure("SCIENCE", "z", exptime=8.0),
    PlannedExposure(
        "SCIENCE", "z",
        _faults(
            "focus_ring:0.8", "noisy_amplifier:S24:B:25", "dead_amplifier:N24:A", "bias_jump:N5:A:80",
            "missing_ccd:S31",
        ),
        exptime=8.0,
    ),
)  # fmt: skip
"""The sample night: calibrations, three good exposures, and one with faults."""


def parse_plan(words: Sequence[str], band: str = "r") -> tuple[PlannedExposure, ...]:
    """Read a plan: types of exposures, each with its band and faults, as ``SCIENCE/z,clouds:1.5``.

    Parameters
    ----------
    words : sequence of str
    band : str
        Where a word names none.

    Raises
    ------
    SimulationError
        Where a fault makes no sense.
    """
    plan = []
    for word in words:
        first, *faults = word.split(",")
        obstype, _, own = first.strip().partition("/")
        plan.append(PlannedExposure(obstype.upper(), own or band, _faults(*faults)))
    return tuple(plan)


def night_requests(
    template: SimulationRequest, plan: Sequence[PlannedExposure] = SAMPLE_NIGHT
) -> tuple[SimulationRequest, ...]:
    """Return the exposures of a night, numbered and timed one after the other, calibrations in the afternoon.

    Parameters
    ----------
    template : SimulationRequest
        Night, size, seed, number of the first exposure, CCDs, and whatever else all have alike.
    plan : sequence of PlannedExposure

    Raises
    ------
    SimulationError
        Where one of them makes no sense.
    """
    requests: list[SimulationRequest] = []
    free: dt.datetime | None = None
    for number, planned in enumerate(plan):
        request = replace(
            template,
            obstype=planned.obstype,
            expnum=template.expnum + number,
            band=planned.band,
            faults=planned.faults,
            exptime=template.exptime if math.isnan(planned.exptime) else planned.exptime,
            seeing=template.seeing if math.isnan(planned.seeing) else planned.seeing,
            level=template.level if math.isnan(planned.level) else planned.level,
            date_obs=None,
        ).complete(free)
        assert request.date_obs is not None
        free = request.date_obs + dt.timedelta(seconds=request.exptime + _BETWEEN)
        requests.append(request)
    return tuple(requests)


def night_exposures(
    requests: Sequence[SimulationRequest],
    out: Path,
    *,
    archive_names: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
) -> Generator[SimulatedExposure, None, None]:
    """Return the exposures of a night, each written when it is asked for; see `simulate_night`.

    The processes that write them are made here, and go with the last exposure or when the generator is closed.
    """
    with ExitStack() as stack:
        pool = stack.enter_context(worker_pool(workers))
        processes = stack.pop_all()

    def exposures() -> Generator[SimulatedExposure, None, None]:
        with processes:
            for request in requests:
                yield simulate_exposure(request, out, archive_names=archive_names, pool=pool, progress=progress)

    return exposures()


def simulate_night(
    out: Path,
    size: str = "mini",
    night: int = FIRST_NIGHT,
    seed: int = 1,
    plan: Sequence[PlannedExposure] = SAMPLE_NIGHT,
    *,
    first_expnum: int = FIRST_EXPNUM,
    template: SimulationRequest | None = None,
    archive_names: bool = False,
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
    first_expnum : int
        Number of the first exposure.
    template : SimulationRequest, optional
        What else all exposures have alike; takes the place of the four arguments before.
    archive_names : bool
        Whether files are called as in the archive.
    workers : int
    progress : callable, optional
        Called after each CCD.
    on_exposure : callable, optional
        Called after each exposure.

    Returns
    -------
    list of SimulatedExposure
    """
    common = template or SimulationRequest("ZERO", first_expnum, night, seed, size)
    exposures = []
    requests = night_requests(common, plan)
    for exposure in night_exposures(requests, out, archive_names=archive_names, workers=workers, progress=progress):
        exposures.append(exposure)
        if on_exposure is not None:
            on_exposure(exposure)
    return exposures
