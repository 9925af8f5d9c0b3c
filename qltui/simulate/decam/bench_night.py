"""The night of DECam by which speed is measured: zeros and flats for masters, and the exposure that is timed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from qltui.simulate.decam.night import PlannedExposure, simulate_night
from qltui.simulate.decam.request import FIRST_EXPNUM, FIRST_NIGHT
from qltui.simulate.simulators import BenchNight

__all__ = ["write_night"]

_PLAN: Final = (
    PlannedExposure("ZERO"),
    PlannedExposure("ZERO"),
    PlannedExposure("FLAT", "r"),
    PlannedExposure("FLAT", "r"),
    PlannedExposure("SCIENCE", "r"),
)


def write_night(directory: Path, size: str, tell: Callable[[str], None]) -> BenchNight:
    """Simulate the night into a directory, unless it is there whole; see `qltui.simulate.simulators.bench_night`."""
    data, mark = directory / "data", directory / "complete"
    last = FIRST_EXPNUM + len(_PLAN) - 1
    science = data / str(FIRST_NIGHT) / f"DECam_{last:08d}.fits.fz"
    if not mark.is_file():

        def progress(ccd: str, done: int, total: int) -> None:
            tell(f"{ccd} {done}/{total}")

        simulate_night(data, size, plan=_PLAN, workers=os.cpu_count() or 1, progress=progress)
        mark.touch()
    return BenchNight(data, None, science)
