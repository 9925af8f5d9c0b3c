"""Signal to noise: the median of each fibre, and the fit against brightness."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from spectra_model import Model

from qltui.reduction.photometry import magnitude_to_flux
from qltui.reduction.snr import fit_snr, median_snr, median_snr_error

TIME = 1000.0
A, B = 0.0115, 0.19


def _truth(flux: np.ndarray | float) -> np.ndarray:
    return np.sqrt(TIME) * A * flux / np.sqrt(A * flux + B)


@pytest.mark.parametrize(
    ("brightest", "faintest", "n", "tolerance"),
    # The scatter of the targets, 5 %, over the root of their number is what no fit can better.
    [
        (21.0, 23.2, 100, 0.05),
        (19.0, 21.5, 60, 0.05),
        (16.0, 18.0, 12, 0.1),
        (21.0, 23.2, 4, 0.1),
        (18.0, 22.0, 2, 0.16),
    ],
)
def test_fit_finds_the_fiducial_value(brightest: float, faintest: float, n: int, tolerance: float) -> None:
    ratios = []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        flux = magnitude_to_flux(rng.uniform(brightest, faintest, n))
        measured = _truth(flux) * (1.0 + 0.05 * rng.normal(size=n)) + 0.02 * rng.normal(size=n)
        fit = fit_snr(flux, measured, np.full(n, 0.02), TIME, background=B * (1.0 + 0.02 * rng.normal()))
        ratios.append(fit.fiducial_snr / float(_truth(1.5849)))
        assert abs(ratios[-1] - 1.0) < tolerance
        assert 0.0 < fit.fiducial_error < 0.2 * fit.fiducial_snr
        assert fit.residuals.shape == (n,)
        assert ("few targets" in fit.reason) == (n < 5)
    assert abs(np.mean(ratios) - 1.0) < 0.005 + 3.0 * 0.05 / np.sqrt(25 * n)


def test_errors_of_the_fit_are_those_of_its_values() -> None:
    off = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        flux = magnitude_to_flux(rng.uniform(20.0, 23.0, 40))
        measured = _truth(flux) * (1.0 + 0.06 * rng.normal(size=40)) + 0.02 * rng.normal(size=40)
        fit = fit_snr(flux, measured, np.full(40, 0.02), TIME, background=B * (1.0 + 0.05 * rng.normal()))
        off.append((fit.fiducial_snr - float(_truth(1.5849))) / fit.fiducial_error)
        assert fit.scatter == pytest.approx(0.06, abs=0.03)
    assert 0.7 < np.std(off) < 1.4


def test_without_the_sky_the_targets_alone_serve() -> None:
    rng = np.random.default_rng(3)
    flux = magnitude_to_flux(rng.uniform(18.0, 23.0, 80))
    measured = _truth(flux) * (1.0 + 0.03 * rng.normal(size=80)) + 0.02 * rng.normal(size=80)
    fit = fit_snr(flux, measured, np.full(80, 0.02), TIME)
    assert fit.fiducial_snr == pytest.approx(float(_truth(1.5849)), rel=0.05)
    assert fit.a == pytest.approx(A, rel=0.1)
    assert fit.b == pytest.approx(B, rel=0.3)
    assert np.allclose(fit.snr(flux), _truth(flux), rtol=0.06)


def test_targets_without_flux_and_outliers_do_not_count() -> None:
    rng = np.random.default_rng(4)
    flux = magnitude_to_flux(rng.uniform(20.0, 23.0, 50))
    measured = _truth(flux) * (1.0 + 0.03 * rng.normal(size=50))
    flux[[1, 2, 3]] = 0.0, -0.3, np.nan
    measured[4] = np.nan
    measured[[5, 6]] *= 0.05  # fibres beside their targets
    fit = fit_snr(flux, measured, np.full(50, 0.02), TIME, background=B)
    assert fit.fiducial_snr == pytest.approx(float(_truth(1.5849)), rel=0.05)
    assert fit.n == 44
    assert np.isnan(fit.residuals[[1, 2, 3, 4]]).all()
    assert (fit.residuals[[5, 6]] < -0.9).all()


@pytest.mark.parametrize(
    ("flux", "time", "background", "words"),
    [
        ([], TIME, B, "at least 2"),
        ([2.0], TIME, B, "1 target with flux"),
        ([2.0, 3.0, 4.0], TIME, np.nan, "no sky fibres to tell the background"),
        ([2.0, 3.0, 4.0], 0.0, B, "no exposure time"),
        ([0.0, -1.0, np.nan], TIME, B, "at least 2"),
    ],
)
def test_too_little_gives_a_reason(flux: list[float], time: float, background: float, words: str) -> None:
    n = len(flux)
    fit = fit_snr(flux, np.ones(n), np.full(n, 0.02), time, background=background)
    assert np.isnan([fit.fiducial_snr, fit.a, fit.b]).all()
    assert words in fit.reason


def test_no_signal_gives_a_reason() -> None:
    fit = fit_snr(np.ones(6), -np.ones(6), np.full(6, 0.02), TIME, background=B)
    assert np.isnan(fit.fiducial_snr)
    assert "no signal" in fit.reason


def test_median_of_each_fibre() -> None:
    model = Model(8, 1501, "r", 5)
    spectra = model.expose(np.linspace(0.0, 3000.0, 8)[:, None] * model.dispersion)
    ivar = spectra.ivar.copy()
    ivar[3, ::7] = 0.0
    ivar[5] = 0.0
    spectra = replace(spectra, ivar=ivar)
    result = median_snr(spectra)
    for f in (0, 1, 2, 3, 4, 6, 7):
        known = ivar[f] > 0
        assert result[f] == pytest.approx(np.median(spectra.flux[f, known] * np.sqrt(ivar[f, known])), abs=0.01)
    assert np.isnan(result[5])
    error = median_snr_error(spectra)
    assert error[0] == pytest.approx(1.2533 / np.sqrt(1501), rel=1e-3)
    assert np.isnan(error[5])
