"""Magnitudes from spectra of known brightness."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from spectra_model import Model

from qltui.reduction.photometry import (
    BANDS,
    class_delta_magnitudes,
    flux_to_magnitude,
    magnitude_to_flux,
    sky_magnitude,
    synthetic_magnitudes,
)

ZERO = 18.36
TIME = 1000.0


def test_flux_and_magnitude_are_inverse() -> None:
    m = np.array([16.0, 22.0, 24.5])
    assert np.allclose(flux_to_magnitude(magnitude_to_flux(m)), m)
    assert magnitude_to_flux(22.0) == pytest.approx(1.585, abs=1e-3)
    assert np.isnan(flux_to_magnitude(np.array([0.0, -1.0, np.nan]))).all()


@pytest.mark.parametrize("ny", [400, 2000])
def test_sky_brightness(ny: int) -> None:
    """A rate of 0.19 e-/s/Angstrom in 1.79 square arcseconds is 20.80 mag/arcsec2."""
    model = Model(12, ny, "r", 1)
    sky = np.arange(12) < 5
    spectra = model.expose(190.0 * model.dispersion, throughput=False)
    result = sky_magnitude(spectra, sky, BANDS["R"], ZERO, TIME, 1.79)
    expected = ZERO - 2.5 * np.log10(0.19) + 2.5 * np.log10(1.79)
    assert result.value == pytest.approx(expected, abs=0.01)
    assert np.isfinite(result.per_fiber).tolist() == sky.tolist()


def test_band_weighs_wavelengths() -> None:
    model = Model(4, 1000, "r", 2)
    light = np.where(model.wavelength < 6000.0, 100.0, 300.0) * model.dispersion
    mags = synthetic_magnitudes(model.expose(light, throughput=False), BANDS["R"], ZERO, TIME)
    # The arm covers 5680 (half response) to 7160 of the band; it begins at 5660.
    mean = (100.0 * (6000.0 - 5680.0) + 300.0 * (7160.0 - 6000.0)) / (7160.0 - 5680.0) / TIME
    assert np.allclose(mags, ZERO - 2.5 * np.log10(mean), atol=0.02)


def test_masked_bands_and_dark_fibres_have_no_magnitude() -> None:
    model = Model(4, 1000, "r", 3)
    spectra = model.expose(100.0 * model.dispersion)
    ivar, flux = spectra.ivar.copy(), spectra.flux.copy()
    ivar[1, 200:700] = 0.0
    ivar[2, 300:350] = 0.0
    flux[2, 300:350] = np.nan
    flux[3] = -1.0
    mags = synthetic_magnitudes(replace(spectra, flux=flux, ivar=ivar), BANDS["R"], ZERO, TIME)
    assert np.isfinite(mags).tolist() == [True, False, True, False]
    assert np.isnan(synthetic_magnitudes(spectra, BANDS["R"], ZERO, 0.0)).all()


def test_reasons_of_the_sky() -> None:
    model = Model(4, 400, "r", 4)
    spectra = model.expose(190.0 * model.dispersion)
    every = np.ones(4, dtype=bool)
    dark = replace(spectra, flux=-np.ones_like(spectra.flux))
    masked = replace(spectra, ivar=np.zeros_like(spectra.ivar))
    assert sky_magnitude(spectra, ~every, BANDS["R"], ZERO, TIME, 1.79).reason == "no sky fibres"
    assert sky_magnitude(spectra, every, BANDS["R"], ZERO, 0.0, 1.79).reason == "no exposure time"
    assert "no light" in sky_magnitude(dark, every, BANDS["R"], ZERO, TIME, 1.79).reason
    assert "unmasked" in sky_magnitude(masked, every, BANDS["R"], ZERO, TIME, 1.79).reason


def test_delta_of_classes() -> None:
    rng = np.random.default_rng(1)
    truth = rng.uniform(18.0, 22.0, 60)
    flux = magnitude_to_flux(truth)
    flux[[3, 40]] = 0.0, np.nan
    measured = truth + np.where(np.arange(60) < 30, 0.5, 1.0) + 0.05 * rng.normal(size=60)
    measured[[5, 45]] = np.nan  # no light: fainter than all
    classes = {
        "A": np.arange(60) < 30,
        "B": np.arange(60) >= 30,
        "one": np.arange(60) == 8,
        "lost": np.arange(60) == 5,
        "none": np.zeros(60, dtype=bool),
        "without flux": np.arange(60) == 3,
    }
    result = class_delta_magnitudes(measured, flux, classes)
    assert list(result) == list(classes)
    assert result["A"].value == pytest.approx(0.5, abs=0.04)
    assert result["B"].value == pytest.approx(1.0, abs=0.04)
    assert 0.003 < result["A"].error < 0.03
    assert result["A"].n == 29
    assert np.isnan(result["one"].error)
    assert "no light" in result["lost"].reason
    assert "no target of this class" in result["none"].reason
    assert "catalogue flux" in result["without flux"].reason
