"""Traces as the observatory writes them, small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from desi_raw_writer import NY
from numpy.polynomial import legendre

from qltui.reduction.traces import TraceSet

NF = 12
LOW, HIGH = 3500.0, 6000.0


def coefficients() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    fiber = np.arange(NF)[:, None]
    x = np.hstack([4.0 + 4.5 * fiber, 0.2 + 0 * fiber, -0.1 + 0 * fiber])
    y = np.hstack([19.5 + 0.01 * fiber, 22.0 + 0 * fiber, 0.5 + 0 * fiber, 0.1 + 0 * fiber])
    return x, y, np.full((NF, 1), 1.1), np.hstack([np.full((NF, 1), 1.2), np.full((NF, 1), 0.1)])


def series(values: np.ndarray, name: str = "", low: float = LOW, high: float = HIGH, **cards: Any) -> fits.ImageHDU:
    hdu = fits.ImageHDU(values, name=name)
    hdu.header["WAVEMIN"], hdu.header["WAVEMAX"] = low, high
    hdu.header.update(cards)
    return hdu


def write_traces(path: Path, names: tuple[str, ...] = ("XTRACE", "YTRACE", "XSIG", "YSIG"), ny: int = NY) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    hdus = [series(values, name) for values, name in zip(coefficients(), names, strict=False)]
    first = fits.PrimaryHDU(hdus[0].data, hdus[0].header)
    first.header["NPIX_Y"] = ny
    fits.HDUList([first, *hdus[1:]]).writeto(path, overwrite=True)
    return path


def check_traces(traces: TraceSet, widths: bool = True) -> None:
    x, y, xsig, ysig = coefficients()
    assert np.allclose(traces.x_coeff, x)
    assert np.allclose(traces.y_coeff, y)
    assert (traces.wavemin, traces.wavemax, traces.ny) == (LOW, HIGH, NY)
    if widths:
        assert traces.xsigma_coeff is not None
        assert np.allclose(traces.xsigma_coeff, xsig)
        u = np.linspace(-1, 1, 7)
        assert traces.ysigma_coeff is not None
        got, want = legendre.legval(u, traces.ysigma_coeff.T), legendre.legval(u, ysig.T)
        assert np.allclose(got, want, atol=1e-6)
