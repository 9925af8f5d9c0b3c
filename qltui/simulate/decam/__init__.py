"""Raw exposures of DECam with known truth."""

from __future__ import annotations

from qltui.simulate.decam.exposure import SimulatedExposure, simulate_exposure
from qltui.simulate.decam.geometry import SIZES
from qltui.simulate.decam.night import SAMPLE_NIGHT, simulate_night
from qltui.simulate.decam.request import SimulationRequest

__all__ = [
    "SAMPLE_NIGHT", "SIZES", "SimulatedExposure", "SimulationRequest", "simulate_exposure", "simulate_night",
]  # fmt: skip
