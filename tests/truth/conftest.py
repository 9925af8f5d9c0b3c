"""The observatories of these tests, made once."""

from __future__ import annotations

import pytest
from truth_observatory import Observatory

from qltui.simulate.calibrations import simulate_calibrations

CALIBRATED = ("b1", "b3", "b4", "r0", "r2", "r4", "r5", "z1", "z5", "z8")


@pytest.fixture(scope="session")
def observatory(tmp_path_factory) -> Observatory:
    """Small detectors; those that the tests look at most are calibrated."""
    root = tmp_path_factory.mktemp("observatory")
    made = Observatory(root, calib=root / "calib")
    simulate_calibrations(made.calib, "mini", 1)
    made.calibrate(CALIBRATED)
    return made


@pytest.fixture(scope="session")
def large(tmp_path_factory) -> Observatory:
    """Detectors of full size, one camera calibrated."""
    root = tmp_path_factory.mktemp("large")
    made = Observatory(root, "full", root / "calib")
    simulate_calibrations(made.calib, "full", 1, cameras=("r3",))
    made.calibrate(("r3",))
    return made
