"""CCDs of DECam at full size, simulated, reduced and compared with what was put in."""

from __future__ import annotations

from typing import Any

import pytest

from qltui.instruments.decam.files import inspect
from qltui.instruments.run import reduce_camera
from qltui.model import CameraTask
from qltui.simulate.decam import SimulationRequest, simulate_exposure

CCDS = ("S4", "N31")
"""One of each side: their amplifiers lie the other way round."""


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, Any], dict[str, dict[str, float]]]]:
    """Return truth and measured values of each CCD."""
    request = SimulationRequest(
        "SCIENCE", 229388, 20130831, 5, "full", "i", ccds=CCDS, ellipticity=0.08, angle=20.0, focus_chips=False
    )
    made = simulate_exposure(request, tmp_path_factory.mktemp("full"))
    exposure, found = inspect(made.path), {}
    for camera in CCDS:
        report = reduce_camera(CameraTask(exposure, camera), lambda event: None)
        values = {
            m.metric: dict(zip(m.elements, m.values, strict=True)) for step in report.steps for m in step.measurements
        }
        found[camera] = (made.truth["ccds"][camera], values)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("camera", CCDS)
def test_a_ccd_of_full_size(field: dict[str, Any], camera: str) -> None:
    truth, values = field[camera]
    for name, amplifier in truth["amplifiers"].items():
        assert values["BIAS_AMP"][name] == pytest.approx(amplifier["bias"], abs=0.05)
        assert values["NOISE_AMP"][name] == pytest.approx(amplifier["read_noise"], rel=0.015)
    assert values["BACKGROUND"][""] == pytest.approx(truth["sky_adu"], rel=0.005)
    assert values["SKY_BRIGHTNESS"][""] == pytest.approx(truth["sky_magnitude"], abs=0.01)
    assert values["FWHM"][""] == pytest.approx(truth["fwhm_arcsec"], rel=0.02)
    assert values["ELLIPTICITY"][""] == pytest.approx(truth["ellipticity"], abs=0.01)
    angle = values["POSITION_ANGLE"][""] - truth["position_angle"]
    assert abs((angle + 90.0) % 180.0 - 90.0) < 3.0
    assert values["SATURATED_FRACTION"][""] == pytest.approx(100.0 * truth["saturated_fraction"], abs=0.02)
    # A part of the hits is lost in the noise of the sky, none is invented.
    minutes = (90.0 + 10.0) / 60.0
    assert 0.2 < values["COSMICS_RATE"][""] * 18.87 * minutes / truth["cosmic_hits"] < 1.1
    assert values["HEADER_CHECK"][""] == 0.0
