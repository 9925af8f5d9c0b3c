"""Widths of arc lines: within 0.03 px, fibres told good from bad."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.polynomial.legendre import legval
from spectra_model import RANGES, Model

from qltui.reduction.lines import ARC_LINES, LineList, isolated
from qltui.reduction.resolution import arc_line_widths
from qltui.reduction.spectra import Spectra


def _expose(model: Model) -> tuple[Spectra, np.ndarray]:
    lines = ARC_LINES.within(*RANGES[model.arm])
    apart = 7.0 * float(np.median(model.dispersion)) if model.ny < 1000 else 0.0
    kept: list[int] = []
    for k in np.argsort(-lines.strength):
        if all(abs(lines.wavelength[k] - lines.wavelength[j]) >= apart for j in kept):
            kept.append(int(k))
    kept.sort()
    area = np.sqrt(lines.strength[kept])
    spectra = model.expose(model.lines(lines.wavelength[kept], 9e4 * area), throughput=False)
    shown = LineList(lines.wavelength[kept], area, lines.species[kept])
    return spectra, isolated(shown, float(np.median(model.dispersion)), 1.1).wavelength


@pytest.mark.parametrize("arm", ["b", "r", "z"])
@pytest.mark.parametrize(("nf", "ny"), [(20, 400), (20, 4128)])
def test_widths(arm: str, nf: int, ny: int) -> None:
    model = Model(nf, ny, arm, 3)
    spectra, lines = _expose(model)
    fit = arc_line_widths(spectra, lines)
    assert fit.good.all()
    assert not fit.reason
    assert fit.median_sigma == pytest.approx(np.median(model.sigmas), abs=0.03)
    run = legval(np.linspace(-0.8, 0.8, 9), fit.ysigma_coeff.T)
    assert np.abs(run.mean(axis=1) - model.sigmas).max() < 0.03
    assert np.abs(np.nanmedian(fit.sigma, axis=1) - model.sigmas).max() < 0.03
    assert np.nanmedian(np.abs(fit.offset)) < 0.02


def test_dead_and_blurred_fibres_are_not_good() -> None:
    model = Model(20, 2000, "r", 4)
    model.sigmas[6] = 4.6
    spectra, lines = _expose(model)
    flux = spectra.flux.copy()
    flux[11] = model.rng.normal(0.0, 10.0, 2000)
    fit = arc_line_widths(replace(spectra, flux=flux), lines, 5546.0, 7835.0)
    assert set(np.flatnonzero(~fit.good)) == {6, 11}
    assert np.isnan(fit.ysigma_coeff[[6, 11]]).all()
    assert (fit.wavemin, fit.wavemax) == (5546.0, 7835.0)


def test_one_bad_line_costs_a_line_only() -> None:
    model = Model(20, 2000, "r", 5)
    spectra, lines = _expose(model)
    ivar, flux = spectra.ivar.copy(), spectra.flux.copy()
    row = int(np.interp(7034.352, spectra.wavelength[2], np.arange(2000)))
    ivar[2, row] = 0.0
    hit = int(np.interp(6404.018, spectra.wavelength[3], np.arange(2000)))
    flux[3, hit + 2] += 30000.0
    fit = arc_line_widths(replace(spectra, flux=flux, ivar=ivar), lines)
    assert fit.good.all()
    value = legval(0.0, fit.ysigma_coeff.T)
    assert np.abs(value - model.sigmas).max() < 0.03


def test_nothing_to_fit_gives_a_reason() -> None:
    model = Model(10, 400, "r", 6)
    dark = model.expose(np.zeros((10, 400)))
    fit = arc_line_widths(dark, [6404.018, 7034.352, 6508.3255])
    assert not fit.good.any()
    assert fit.reason
    lost = replace(dark, wavelength=np.full((10, 400), np.nan))
    assert "wavelength" in arc_line_widths(lost, [6404.018]).reason
    assert arc_line_widths(dark, []).reason
