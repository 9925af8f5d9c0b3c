"""Calibrations that go with simulated exposures: traces, and on request fibre flats and bias images."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits

from qltui.simulate.camera import fiber_throughput
from qltui.simulate.file_parts import replace_file
from qltui.simulate.geometry import SIZES, detector_layout
from qltui.simulate.optics import Optics, own_optics
from qltui.simulate.request import CAMERAS
from qltui.simulate.traces_file import trace_hdus

__all__ = ["simulate_calibrations"]

_FLATS_AVERAGED = 5
_ZEROS_AVERAGED = 25


def simulate_calibrations(
    out_dir: Path,
    size: str = "mini",
    seed: int = 1,
    *,
    cameras: Sequence[str] = CAMERAS,
    fiberflats: bool = False,
    biases: bool = False,
) -> list[Path]:
    """Write ``psf-CAM.fits`` for each camera, and on request ``fiberflat-CAM.fits`` and ``bias-CAM.fits``.

    Traces and throughputs belong to the hardware; `seed` decides the noise of flats and biases only.

    Parameters
    ----------
    out_dir : Path
        Made if it is not there.
    size : {"mini", "full"}
    seed : int
    cameras : sequence of str
    fiberflats, biases : bool
        Whether to write those too.

    Returns
    -------
    list of Path
        The files written.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    paths = []
    for camera in cameras:
        layout = detector_layout(size, camera[0])
        optics = own_optics(SIZES[size], camera[0], CAMERAS.index(camera), layout)
        made = {"psf": trace_hdus(optics, camera)}
        rng = np.random.default_rng([seed, 20, CAMERAS.index(camera)])
        if fiberflats:
            made["fiberflat"] = _fiberflat(camera, optics, rng)
        if biases:
            noise = rng.standard_normal((layout.raw_ny, layout.raw_nx), dtype=np.float32)
            made["bias"] = fits.HDUList([fits.PrimaryHDU(noise * np.float32(1.8 / np.sqrt(_ZEROS_AVERAGED)))])
            made["bias"][0].header["BUNIT"] = "adu"
        for kind, hdus in made.items():
            path = out_dir / f"{kind}-{camera}.fits"
            buffer = io.BytesIO()
            hdus.writeto(buffer)
            replace_file(path, buffer.getvalue())
            paths.append(path)
    return paths


def _fiberflat(camera: str, optics: Optics, rng: np.random.Generator) -> fits.HDUList:
    """Return an average of some fibre flats: the true throughput with what noise is left."""
    rows = optics.rows()
    true = fiber_throughput(camera, rows)
    sigma = 1.0 / np.sqrt(4000.0 * _FLATS_AVERAGED)
    flat = true * (1.0 + sigma * rng.standard_normal(true.shape))
    hdus = fits.HDUList([fits.PrimaryHDU(flat.astype(np.float32))])
    hdus[0].header["EXTNAME"] = "FIBERFLAT"
    hdus.append(fits.ImageHDU((1.0 / (true * sigma) ** 2).astype(np.float32), name="IVAR"))
    hdus.append(fits.ImageHDU(rows.wavelength, name="WAVELENGTH"))
    return hdus
