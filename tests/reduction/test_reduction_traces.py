from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from ccd_images import LINES, legendre_on_rows, traces

from qltui.reduction.traces import TraceSet, position, shifted, trace_rows


def read_traces(path):
    with fits.open(path) as hdus:
        x, y = hdus["XTRACE"], hdus["YTRACE"]
        sigma = np.asarray(hdus["XSIGMA"].data, dtype=float).reshape(-1, 1) if "XSIGMA" in hdus else None
        wavemin, wavemax = float(x.header["WAVEMIN"]), float(x.header["WAVEMAX"])
        return TraceSet(np.asarray(x.data, float), np.asarray(y.data, float), sigma, None, wavemin, wavemax, 4128)


def test_rows_agree_with_the_series():
    traceset = traces()
    rows = trace_rows(traceset, 400)
    x, wave, disp = legendre_on_rows(traceset, 400)
    inside = (wave > traceset.wavemin + 1) & (wave < traceset.wavemax - 1)
    assert np.abs(rows.x - x)[inside].max() < 1e-3
    assert np.abs(rows.wavelength - wave)[inside].max() < 1e-3 * disp.mean()
    assert np.abs(rows.dispersion / disp - 1)[:, 2:-2].max() < 1e-3
    assert rows.xsigma == pytest.approx(1.08)
    assert (rows.x.dtype, rows.dispersion.dtype, rows.wavelength.dtype) == (np.float32, np.float32, np.float64)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["psf-b0.fits", "psf-r0.fits", "psf-z0.fits"])
def test_real_traces_come_back_to_their_rows(shared_data, name):
    traceset = read_traces(shared_data / "desi" / name)
    rows = trace_rows(traceset, 4128)
    assert (np.diff(rows.wavelength, axis=1) > 0).all()
    u = 2 * (rows.wavelength - traceset.wavemin) / (traceset.wavemax - traceset.wavemin) - 1
    for f in range(0, 500, 71):
        on = np.abs(u[f]) <= 1
        y = np.polynomial.legendre.legval(u[f][on], traceset.y_coeff[f])
        x = np.polynomial.legendre.legval(u[f][on], traceset.x_coeff[f])
        assert np.abs(y - np.flatnonzero(on)).max() < 1e-3
        assert np.abs(x - rows.x[f][on]).max() < 1e-3


@pytest.mark.parametrize("ny", [3, 17, 64, 401])
def test_any_number_of_rows_is_filled(ny):
    rows = trace_rows(traces(ny=400), ny)
    assert np.isfinite(rows.wavelength).all()
    assert np.isfinite(rows.x).all()
    assert (rows.dispersion > 0).all()


def test_beyond_the_solution_traces_go_straight_on():
    narrow = TraceSet(np.array([[50.0, 1.0]]), np.array([[200.0, 100.0]]), None, None, 5000.0, 6000.0, 400)
    rows = trace_rows(narrow, 400)
    assert rows.wavelength[0, 0] == pytest.approx(5500 - 200 * 5.0)
    assert rows.wavelength[0, 399] == pytest.approx(5500 + 199 * 5.0)
    assert rows.x[0, 0] == pytest.approx(48.0)
    assert np.isnan(rows.xsigma).all()


def test_position_is_where_the_row_says():
    traceset = traces()
    x, y = position(traceset, LINES)
    rows = trace_rows(traceset, 400)
    for f in (0, 7, 19):
        assert np.interp(y[f], np.arange(400), rows.wavelength[f]) == pytest.approx(LINES, abs=0.01)
        assert np.interp(y[f], np.arange(400), rows.x[f]) == pytest.approx(x[f], abs=0.001)


def test_positions_outside_the_solution_are_unknown():
    x, y = position(traces(), [3000.0, 6000.0, 9000.0])
    assert np.isnan(x[:, [0, 2]]).all()
    assert np.isnan(y[:, [0, 2]]).all()
    assert np.isfinite(x[:, 1]).all()


def test_shifted_moves_everything_and_nothing_else():
    traceset = traces()
    dx = np.linspace(-1, 1, 20)
    dx[3] = np.nan
    moved = shifted(traceset, dx, 0.7)
    x0, y0 = position(traceset, LINES)
    x1, y1 = position(moved, LINES)
    assert x1 - x0 == pytest.approx(np.broadcast_to(np.nan_to_num(dx)[:, None], x0.shape))
    assert y1 - y0 == pytest.approx(np.full_like(y0, 0.7))
    assert np.array_equal(traces().x_coeff, traceset.x_coeff)


def test_a_fibre_without_a_solution_is_nan_and_harms_no_other():
    traceset = traces()
    traceset.y_coeff[4, 1] *= -1.0  # runs backwards
    traceset.x_coeff[6, 2] = np.nan
    traceset.y_coeff[9, 3] = np.inf
    traceset.y_coeff[11, 2] = 250.0  # turns round in the middle
    rows = trace_rows(traceset, 400)
    lost = np.isnan(rows.x).any(axis=1)
    assert list(np.flatnonzero(lost)) == [4, 6, 9, 11]
    assert np.isnan(rows.x[lost]).all()


@pytest.mark.parametrize(
    ("x", "y", "sigma", "wavemin", "wavemax"),
    [
        (np.zeros((3, 2)), np.zeros((4, 2)), None, 1.0, 2.0),
        (np.zeros((3, 2)), np.zeros(3), None, 1.0, 2.0),
        (np.zeros((3, 2)), np.zeros((3, 2)), np.zeros((2, 1)), 1.0, 2.0),
        (np.zeros((3, 0)), np.zeros((3, 2)), None, 1.0, 2.0),
        (np.zeros((3, 2)), np.zeros((3, 2)), None, 2.0, 2.0),
        (np.zeros((3, 2)), np.zeros((3, 2)), None, np.nan, 2.0),
    ],
)
def test_traces_that_cannot_be_are_refused(x, y, sigma, wavemin, wavemax):
    with pytest.raises(ValueError, match="traces"):
        TraceSet(x, y, sigma, None, wavemin, wavemax, 100)
