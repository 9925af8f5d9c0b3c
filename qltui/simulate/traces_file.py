"""Traces in files: ``psf-CAM.fits`` with Legendre coefficients, written and read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.polynomial import legendre
from numpy.typing import NDArray

from qltui.simulate.errors import SimulationError
from qltui.simulate.geometry import DetectorLayout
from qltui.simulate.optics import Optics

__all__ = ["read_optics", "trace_hdus"]


def trace_hdus(optics: Optics, camera: str) -> fits.HDUList:
    """Return the HDUs XTRACE, YTRACE, XSIG and YSIG with the range of wavelengths in their headers."""
    hdus = fits.HDUList()
    for name, values in (
        ("XTRACE", optics.x), ("YTRACE", optics.y), ("XSIG", optics.xsigma), ("YSIG", optics.ysigma),
    ):  # fmt: skip
        kind = fits.PrimaryHDU if not hdus else fits.ImageHDU
        hdu = kind(values.astype(np.float64))
        hdu.header["EXTNAME"] = name
        hdu.header["WAVEMIN"] = (optics.wavemin, "[Angstrom] where u = -1")
        hdu.header["WAVEMAX"] = (optics.wavemax, "[Angstrom] where u = +1")
        hdu.header["NPIX_Y"] = (optics.ny, "rows of the detector")
        hdu.header["CAMERA"] = camera
        hdu.header["BUNIT"] = "pixel"
        hdus.append(hdu)
    return hdus


def read_optics(path: Path, layout: DetectorLayout, fibers: int) -> Optics:
    """Read the traces of a camera.

    Parameters
    ----------
    path : Path
        With XTRACE and YTRACE, and for the widths XSIG and YSIG, or XSIGMA (a number for each fibre) and WSIGMA
        [Angstrom]; a width of 1.1 px where there is none.
    layout : DetectorLayout
        The detector that the traces must fit.
    fibers : int
        Number of fibres that there must be.

    Raises
    ------
    SimulationError
        Where the file does not have them, or they are for another detector.
    """
    try:
        with fits.open(path, memmap=False) as hdus:
            images = {
                hdu.name: np.array(hdu.data, dtype=float) for hdu in hdus if hdu.is_image and hdu.data is not None
            }
            headers = {hdu.name: hdu.header for hdu in hdus}
            x, y = images["XTRACE"], images["YTRACE"]
            low, high = float(headers["XTRACE"]["WAVEMIN"]), float(headers["XTRACE"]["WAVEMAX"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        msg = f"{path}: no traces that can be read ({error}); give a directory with psf-CAM.fits, or none"
        raise SimulationError(msg) from error
    if x.ndim != 2 or x.shape[0] != fibers or y.shape[0] != fibers:
        msg = f"{path}: traces of {x.shape[0]} fibres, but this size has {fibers}; give calibrations of the same size"
        raise SimulationError(msg)
    ones = np.ones((fibers, 1))
    xsigma, ysigma = images.get("XSIG", 1.1 * ones), images.get("YSIG", 1.1 * ones)
    if "XSIG" not in images and "XSIGMA" in images and images["XSIGMA"].shape == (fibers,):
        xsigma = images["XSIGMA"][:, None]
    optics = Optics(x, y, xsigma, ysigma, low, high, layout.ny)
    if "YSIG" not in images and "WSIGMA" in images:
        optics = Optics(x, y, xsigma, _in_pixels(optics, images["WSIGMA"]), low, high, layout.ny)
    return optics


def _in_pixels(optics: Optics, sigma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn widths in Angstrom into widths in pixels: coefficients of a series of degree 3."""
    wave = np.linspace(optics.wavemin, optics.wavemax, 100)
    u = np.linspace(-1.0, 1.0, 100)
    slope = np.gradient(optics.evaluate(optics.y, wave), wave, axis=1)
    return np.asarray(legendre.legfit(u, (optics.evaluate(sigma, wave) * slope).T, 3).T, dtype=np.float64)
