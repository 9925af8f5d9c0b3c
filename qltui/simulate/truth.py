"""What is true of a simulated exposure, as plain numbers for a JSON file."""

from __future__ import annotations

from typing import Any

import numpy as np

from qltui.instruments.desi.constants import CONTINUUM_WINDOWS, SKY_PEAK_LINES
from qltui.simulate.camera import SimulatedCamera
from qltui.simulate.request import SimulationRequest

__all__ = ["camera_truth", "exposure_truth", "peak_count", "sky_continuum"]


def camera_truth(request: SimulationRequest, camera: SimulatedCamera) -> dict[str, Any]:
    """Return the truth of a camera.

    Units: levels and saturation [ADU], gain [e-/ADU], read noise [e-], shifts and widths [px], continuum
    [e-/Angstrom], peak count [(e-/Angstrom) rows/s].
    """
    own_light = {
        "dx": float(camera.optics.x[0, 0] - camera.nominal.x[0, 0]),
        "dy": float(camera.optics.y[0, 0] - camera.nominal.y[0, 0]),
        "xsigma": float(camera.rows.xsigma.mean()),
        "ysigma": float(camera.rows.ysigma.mean()),
        "dead_fibers": list(camera.dead_fibers),
        "throughput": [round(float(value), 4) for value in camera.throughput.mean(axis=1)],
        "electrons": float(camera.expected.sum(dtype=float)),
        "cosmic_hits": camera.cosmic_hits,
        "cosmic_pixels": int(camera.cosmic_mask().sum()),
    }
    sky = {}
    if request.on_sky:
        sky = {"sky_continuum": sky_continuum(camera), "peak_count": peak_count(camera, request.exptime)}
    amplifiers = {
        channel.name: {
            "bias": round(channel.bias, 4),
            "nominal_bias": channel.nominal_bias,
            "gain": channel.gain,
            "read_noise": channel.read_noise,
            "nominal_read_noise": channel.nominal_read_noise,
            "saturation": channel.saturation,
            "dead": channel.dead,
        }
        for channel in camera.channels
    }
    return {"amplifiers": amplifiers, **own_light, **{key: round(value, 5) for key, value in sky.items()}}


def sky_continuum(camera: SimulatedCamera) -> float:
    """Return the mean of the two medians of the pure sky in the windows of the arm [e-/Angstrom]."""
    wave = camera.rows.wavelength[camera.rows.x.shape[0] // 2]
    medians = [
        np.median(camera.pure_sky[(wave > low) & (wave < high)]) for low, high in CONTINUUM_WINDOWS[camera.name[0]]
    ]
    return float(np.mean(medians))


def peak_count(camera: SimulatedCamera, exptime: float) -> float:
    """Return the sum over five rows around each of the arm's two lines, per second [(e-/Angstrom) rows/s]."""
    wave = camera.rows.wavelength[camera.rows.x.shape[0] // 2]
    total = 0.0
    for line in SKY_PEAK_LINES[camera.name[0]]:
        row = int(np.argmin(np.abs(wave - line)))
        total += float(np.trapezoid(camera.pure_sky[row - 2 : row + 3]))
    return total / exptime if exptime > 0 else float("nan")


def exposure_truth(request: SimulationRequest, cameras: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the truth of an exposure, with that of its cameras.

    Parameters
    ----------
    request : SimulationRequest
        Complete.
    cameras : dict
        By name of the camera.
    """
    return {
        "expid": request.expid,
        "night": request.night,
        "obstype": request.obstype,
        "program": request.program if request.on_sky else "",
        "exptime": request.exptime,
        "size": request.size,
        "seed": request.seed,
        "date_obs": request.date_obs.isoformat() if request.date_obs else None,
        "faults": [str(fault) for fault in request.faults],
        "cameras": cameras,
    }
