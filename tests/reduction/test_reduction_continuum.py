"""SKYCONT and PEAKCOUNT within 2 per cent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import erf
from spectra_model import Model

from qltui.reduction.continuum import clipped_mean, sky_continuum, sky_peaks
from qltui.reduction.spectra import Spectra

WINDOWS = ((5950.0, 6200.0), (6990.0, 7230.0))
LINES = (6301.9, 7342.8)


@pytest.mark.parametrize(("nsky", "ny"), [(4, 400), (10, 2000)])
@pytest.mark.parametrize("level", [60.0, 190.0, 20000.0])
def test_continuum(nsky: int, ny: int, level: float) -> None:
    for seed in range(4):
        model = Model(nsky + 5, ny, "r", seed)
        sky = np.zeros(model.nf, dtype=bool)
        sky[:nsky] = True
        light = model.dispersion * np.where(sky, level, 3.0 * level)[:, None]
        result = sky_continuum(model.expose(light, throughput=False), sky, WINDOWS)
        assert result.value == pytest.approx(level, rel=0.02)
        assert np.isfinite(result.per_fiber).tolist() == sky.tolist()
        assert not result.reason


def test_a_sky_fibre_on_a_star_does_not_count() -> None:
    model = Model(12, 1000, "r", 3)
    light = model.dispersion * np.full((12, 1), 190.0)
    light[4] *= 20.0
    result = sky_continuum(model.expose(light, throughput=False), np.ones(12, dtype=bool), WINDOWS)
    assert result.value == pytest.approx(190.0, rel=0.02)
    assert result.per_fiber[4] > 3000.0


def _expected_peak(model: Model, electrons: tuple[float, ...], level: float) -> float:
    """Electrons of the lines within two rows of their centres, over the dispersion, with the continuum."""
    total = 0.0
    for line, e in zip(LINES, electrons, strict=True):
        width = np.median([np.interp(line, w, d) for w, d in zip(model.wavelength, model.dispersion, strict=True)])
        s = np.hypot(model.sigma, np.sqrt(1 / 12 + 1 / 6))  # rows, and the linear interpolation between them
        total += e * erf(2.0 / (np.sqrt(2.0) * s)) / width + 4.0 * level
    return total


@pytest.mark.parametrize(("nsky", "ny"), [(4, 400), (10, 2000), (40, 2000)])
def test_peaks_at_all_phases(nsky: int, ny: int) -> None:
    electrons = (13000.0, 4000.0)
    for seed in range(4):
        model = Model(nsky, ny, "r", seed, sigma_scatter=0.0)
        light = model.lines(np.array(LINES), np.array(electrons)) + 190.0 * model.dispersion
        result = sky_peaks(model.expose(light, throughput=False), np.ones(nsky, dtype=bool), LINES, 1000.0)
        assert result.value == pytest.approx(_expected_peak(model, electrons, 190.0) / 1000.0, rel=0.02)
        assert result.noise < 0.05 * result.value
        assert not result.reason


def _masked(spectra: Spectra, rows: slice) -> Spectra:
    ivar = spectra.ivar.copy()
    ivar[:, rows] = 0.0
    return replace(spectra, ivar=ivar)


def test_reasons_where_nothing_can_be_measured() -> None:
    model = Model(6, 400, "r", 4)
    spectra = model.expose(190.0 * model.dispersion)
    none, every = np.zeros(6, dtype=bool), np.ones(6, dtype=bool)
    for result, words in (
        (sky_continuum(spectra, none, WINDOWS), "no sky fibres"),
        (sky_continuum(_masked(spectra, slice(0, 250)), every, WINDOWS), "covers the continuum windows"),
        (sky_continuum(spectra, every, ((3000.0, 3100.0),)), "covers the continuum windows"),
        (sky_peaks(spectra, none, LINES, 1000.0), "no sky fibres"),
        (sky_peaks(spectra, every, LINES, 0.0), "no exposure time"),
        (sky_peaks(spectra, every, (4000.0,), 1000.0), "shows all lines"),
        (sky_peaks(_masked(spectra, slice(0, 400)), every, LINES, 1000.0), "shows all lines"),
    ):
        assert np.isnan(result.value)
        assert words in result.reason


def test_clipped_mean() -> None:
    assert np.isnan(clipped_mean(np.array([np.nan])))
    assert clipped_mean(np.array([5.0])) == 5.0
    assert clipped_mean(np.array([1.0, 1.01, 0.99, 1.0, 30.0, np.nan])) == pytest.approx(1.0, abs=0.01)
