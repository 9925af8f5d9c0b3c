"""Traces of the fibres: every layout, and what cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from desi_raw_writer import NY
from desi_traces import HIGH, LOW, NF, check_traces, coefficients, series, write_traces
from numpy.polynomial import legendre

from qltui.instruments.desi.traces_file import read_traces
from qltui.instruments.errors import InvalidFileError
from qltui.instruments.fits_file import open_source
from qltui.reduction.traces import position


@pytest.mark.parametrize(
    "names",
    [("XTRACE", "YTRACE", "XSIG", "YSIG"), ("XCOEF", "YCOEF", "XSIGMA", "YSIG"), ("XCOEFF", "YCOEFF", "XSIG", "YSIG")],
)
def test_traces_in_images(tmp_path: Path, names: tuple[str, ...]) -> None:
    check_traces(read_traces(open_source(write_traces(tmp_path / "psf.fits", names))))


def test_traces_without_names(tmp_path: Path) -> None:
    x, y, *_ = coefficients()
    first = fits.PrimaryHDU(x)
    first.header.update({"PSFTYPE": "bootcalib", "WAVEMIN": LOW, "WAVEMAX": HIGH, "NPIX_Y": NY})
    fits.HDUList([first, series(y)]).writeto(tmp_path / "psf.fits")
    traces = read_traces(open_source(tmp_path / "psf.fits"))
    check_traces(traces, widths=False)
    assert traces.xsigma_coeff is traces.ysigma_coeff is None


def gauss_hermite(arrays: dict[str, np.ndarray], low: float = LOW, high: float = HIGH) -> fits.BinTableHDU:
    terms = max(values.shape[1] for values in arrays.values())
    coeff = np.array([np.pad(values, ((0, 0), (0, terms - values.shape[1]))) for values in arrays.values()])
    columns = [
        fits.Column("PARAM", "8A", array=list(arrays)),
        fits.Column("WAVEMIN", "D", array=np.full(len(arrays), low)),
        fits.Column("WAVEMAX", "D", array=np.full(len(arrays), high)),
        fits.Column("COEFF", f"{NF * terms}D", dim=f"({terms}, {NF})", array=coeff),
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name="PSF")
    hdu.header["NPIX_Y"] = NY
    return hdu


def test_traces_in_a_table(tmp_path: Path) -> None:
    x, y, xsig, ysig = coefficients()
    table = gauss_hermite({"X": x, "Y": y, "GHSIGX": xsig, "GHSIGY": ysig, "GH-0-0": 0 * xsig})
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "psf.fits")
    traces = read_traces(open_source(tmp_path / "psf.fits"))
    wave = np.linspace(LOW, HIGH, 9)
    for got, want in zip(position(traces, wave), (x, y), strict=True):
        assert np.allclose(got, legendre.legval(np.linspace(-1, 1, 9), want.T))
    assert traces.ysigma_coeff is not None
    assert np.allclose(traces.ysigma_coeff[:, :2], ysig)


def test_widths_of_another_range_are_fitted_again(tmp_path: Path) -> None:
    x, y, xsig, ysig = coefficients()
    table = gauss_hermite({"GHSIGX": xsig, "GHSIGY": ysig}, LOW, HIGH + 500)
    path = write_traces(tmp_path / "psf.fits", ("XTRACE", "YTRACE"))
    fits.append(path, table.data, table.header)
    traces = read_traces(open_source(path))
    assert np.allclose(traces.x_coeff, x)
    wave = np.linspace(LOW, HIGH, 5)
    u = 2 * (wave - LOW) / (HIGH + 500 - LOW) - 1
    assert traces.ysigma_coeff is not None
    got = legendre.legval(np.linspace(-1, 1, 5), traces.ysigma_coeff[0, :].T)
    assert np.allclose(got, legendre.legval(u, ysig[0]))
    assert traces.y_coeff.shape == y.shape


def test_widths_in_angstrom_become_pixels(tmp_path: Path) -> None:
    path = write_traces(tmp_path / "psf.fits", ("XTRACE", "YTRACE"))
    fits.append(path, np.full((NF, 2), [60.0, 0.0]), fits.Header({"EXTNAME": "WSIGMA"}))
    traces = read_traces(open_source(path))
    _, y = position(traces, [4749.5, 4750.5])
    assert traces.ysigma_coeff is not None
    got = legendre.legval(0.0, traces.ysigma_coeff.T)
    assert np.allclose(got, 60.0 * (y[:, 1] - y[:, 0]), rtol=1e-3)


@pytest.mark.parametrize("name", ["psf-b0", "psf-r0", "psf-z0", "psf-r0-00051060"])
def test_traces_of_the_observatory(shared_data: Path, name: str) -> None:
    traces = read_traces(open_source(shared_data / "desi" / f"{name}.fits"))
    with fits.open(shared_data / "desi" / f"{name}.fits") as hdus:
        assert np.array_equal(traces.x_coeff, hdus["XTRACE"].data)
        assert np.array_equal(traces.y_coeff, hdus["YTRACE"].data)
        assert (traces.wavemin, traces.wavemax) == (hdus[0].header["WAVEMIN"], hdus[0].header["WAVEMAX"])
    assert (traces.nfiber, traces.ny) == (500, 4096 if name == "psf-b0" else 4128)
    assert traces.xsigma_coeff is not None
    assert traces.ysigma_coeff is not None
    middle = legendre.legval(0.0, traces.xsigma_coeff.T), legendre.legval(0.0, traces.ysigma_coeff.T)
    assert 1.0 < np.median(middle[0]) < 1.15
    # 1.13 px for b, 1.12 for r, 1.28 for z
    assert abs(np.median(middle[1]) - {"b": 1.13, "r": 1.12, "z": 1.28}[name[4]]) < 0.05


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda hdus: hdus[1].header.set("WAVEMAX", HIGH + 1), "different ranges"),
        (lambda hdus: [hdu.header.remove("WAVEMIN") for hdu in hdus], "no range"),
        (lambda hdus: hdus[0].header.remove("NPIX_Y"), "NPIX_Y"),
        (lambda hdus: setattr(hdus[1], "name", "OTHER"), "no traces"),
        (lambda hdus: setattr(hdus[1], "data", np.zeros((NF + 1, 4))), "12 fibres and y traces of 13"),
        (lambda hdus: setattr(hdus[0], "data", np.full((NF, 3), np.nan)), "finite"),
        (lambda hdus: setattr(hdus[0], "data", np.zeros((NF, 3, 2))), "shape"),
        (lambda hdus: setattr(hdus[0], "data", np.zeros((2, 500))), "shape"),
    ],
)
def test_traces_that_cannot_be(tmp_path: Path, change: Any, message: str) -> None:
    path = write_traces(tmp_path / "psf.fits")
    with fits.open(path, mode="update") as hdus:
        change(hdus)
    with pytest.raises(InvalidFileError, match=message):
        read_traces(open_source(path))
