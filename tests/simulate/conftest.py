"""A few exposures that all tests of the simulator look at."""

from __future__ import annotations

import pytest

from qltui.simulate.camera import simulate_camera
from qltui.simulate.exposure import SimulatedExposure, simulate_exposure
from qltui.simulate.faults import parse_fault
from qltui.simulate.request import SimulationRequest


@pytest.fixture(scope="session")
def science(tmp_path_factory) -> SimulatedExposure:
    """Three cameras of a clean science exposure on disk."""
    request = SimulationRequest("SCIENCE", 3579, seed=7, cameras=("b0", "r3", "z9"))
    return simulate_exposure(request, tmp_path_factory.mktemp("science"))


@pytest.fixture(scope="session")
def camera_of():
    """Simulate one camera, with faults as text."""

    def make(obstype="SCIENCE", camera="b3", faults=(), **values):
        request = SimulationRequest(obstype, 12, faults=tuple(parse_fault(text) for text in faults), **values)
        return simulate_camera(request, camera)

    return make
