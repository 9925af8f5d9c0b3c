"""The night of DESI by which speed is measured: a flat, and the science exposure that is timed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from qltui.simulate.calibrations import simulate_calibrations
from qltui.simulate.exposure import simulate_exposure
from qltui.simulate.request import SimulationRequest
from qltui.simulate.simulators import BenchNight

__all__ = ["write_night"]

_NIGHT: Final = 20191001
_FLAT, _SCIENCE = 1, 2


def write_night(directory: Path, size: str, tell: Callable[[str], None]) -> BenchNight:
    """Simulate the night into a directory, unless it is there whole; see `qltui.simulate.simulators.bench_night`."""
    data, calibration, mark = directory / "data", directory / "calib", directory / "complete"
    science = data / str(_NIGHT) / f"{_SCIENCE:08d}" / f"desi-{_SCIENCE:08d}.fits.fz"
    if not mark.is_file():
        simulate_calibrations(calibration, size, seed=1)
        for obstype, expid in (("FLAT", _FLAT), ("SCIENCE", _SCIENCE)):
            request = SimulationRequest(obstype, expid, night=_NIGHT, seed=expid, size=size)

            def progress(camera: str, done: int, total: int, obstype: str = obstype) -> None:
                tell(f"{obstype} {camera} {done}/{total}")

            workers = os.cpu_count() or 1
            simulate_exposure(request, data, calibration=calibration, workers=workers, progress=progress)
        mark.touch()
    return BenchNight(data, calibration, science)
