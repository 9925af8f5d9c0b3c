"""Sky subtraction against known light: no mean, no chi2, few or many sky fibres, lines of different widths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from spectra_model import RANGES, Model

from qltui.reduction.lines import SKY_LINES
from qltui.reduction.masks import BAD
from qltui.reduction.sky import SkySubtracted, subtract_sky
from qltui.reduction.snr import background_rate
from qltui.reduction.spectra import Spectra

CONTINUUM = 190.0
STRONGEST = 26000.0


def _lines(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """Lines of the arm: all of them, or at coarse dispersion those that keep seven rows between them."""
    lines = SKY_LINES.within(*RANGES[model.arm])
    kept: list[int] = []
    apart = 7.0 * float(np.median(model.dispersion)) if model.ny < 1000 else 0.0
    for k in np.argsort(-lines.strength):
        if all(abs(lines.wavelength[k] - lines.wavelength[j]) >= apart for j in kept):
            kept.append(int(k))
    return lines.wavelength[kept], lines.strength[kept] * STRONGEST


def _expose(model: Model, nsky: int, brightest: float = 200.0) -> tuple[Spectra, np.ndarray, np.ndarray]:
    sky = np.zeros(model.nf, dtype=bool)
    sky[np.linspace(0, model.nf - 1, nsky).astype(int)] = True
    target = np.where(sky, 0.0, model.rng.uniform(0.0, brightest, model.nf))
    light = model.lines(*_lines(model)) + (CONTINUUM + target[:, None]) * model.dispersion
    return model.expose(light, throughput=False), sky, target


def _normalized(result: SkySubtracted, target: np.ndarray) -> np.ndarray:
    return (result.spectra.flux - target[:, None]) * np.sqrt(result.spectra.ivar)


@pytest.mark.parametrize("arm", ["b", "r", "z"])
@pytest.mark.parametrize(("nf", "ny", "nsky"), [(20, 400, 4), (20, 1500, 4), (30, 1500, 10), (60, 1500, 50)])
def test_residuals_are_noise(arm: str, nf: int, ny: int, nsky: int) -> None:
    """Mean within 0.02 sigma and chi2 within 0.9 to 1.1, for sky fibres and targets; line widths differ by 3 %."""
    for seed in range(3):
        spectra, sky, target = _expose(Model(nf, ny, arm, seed), nsky)
        result = subtract_sky(spectra, sky)
        normalized = _normalized(result, target)
        assert np.array_equal(result.used, sky)
        assert not result.reason
        assert abs(normalized[sky].mean()) < 0.02
        assert 0.9 < (normalized[sky] ** 2).mean() < 1.1
        assert abs(result.mean_residual) < 0.02
        assert 0.9 < result.chi2_per_dof < 1.1
        # A target shares the noise of the model with all others: over one exposure its mean is that noise.
        assert abs(normalized[~sky].mean()) < 0.03 + 0.03 * np.sqrt(4 / nsky) * np.sqrt(1500 / ny)
        assert 0.9 < (normalized[~sky] ** 2).mean() < 1.12


def test_strong_lines_leave_no_more_than_noise_when_widths_differ() -> None:
    """At the lines themselves, where a model that ignores the widths is off by five sigma."""
    model = Model(60, 1500, "z", 5, sigma_scatter=0.05)
    spectra, sky, target = _expose(model, 20)
    result = subtract_sky(spectra, sky)
    bright = result.sky_model > 2000.0
    assert bright.sum() > 500
    normalized = _normalized(result, target)
    assert (normalized[bright] ** 2).mean() < 1.25
    assert np.corrcoef(result.line_broadening, model.sigmas**2)[0, 1] > 0.95


def test_a_wavelength_error_of_one_fibre_is_found() -> None:
    model = Model(20, 1500, "z", 6, sigma_scatter=0.0)
    spectra, sky, target = _expose(model, 8)
    wrong = spectra.wavelength.copy()
    wrong[3] -= 0.05 * model.dispersion[3]  # its lines seem to lie 0.05 px lower in wavelength
    result = subtract_sky(replace(spectra, wavelength=wrong), sky)
    assert result.line_shift[3] == pytest.approx(-0.05, abs=0.01)
    assert 0.85 < (_normalized(result, target)[3] ** 2).mean() < 1.15


@pytest.mark.parametrize("nsky", [4, 10])
def test_cosmic_rays_in_sky_fibres_stay_out_of_the_model(nsky: int) -> None:
    model = Model(24, 1500, "r", 7)
    spectra, sky, target = _expose(model, nsky)
    clean = subtract_sky(spectra, sky)
    flux, ivar = spectra.flux.copy(), spectra.ivar.copy()
    hit = np.zeros(flux.shape, dtype=bool)
    places = model.rng.permutation(np.arange(30, 1470, 55))[:24]  # nowhere in two fibres at once
    for f, y in zip(np.resize(np.flatnonzero(sky), 24), places, strict=True):
        hit[f, y : y + 3] = True
    flux[hit] += 4000.0
    ivar[hit] = 1.0 / (1.0 / ivar[hit] + 4000.0)
    result = subtract_sky(replace(spectra, flux=flux, ivar=ivar), sky)
    off = np.abs(result.sky_model - clean.sky_model)[~sky] * np.sqrt(result.spectra.ivar[~sky])
    assert (off > 2.5).mean() < 5e-4  # left in, they drag it by 20 to 40 sigma
    normalized = _normalized(result, target)[~sky]
    assert abs(normalized.mean()) < 0.05
    assert (normalized**2).mean() < 1.15


def test_a_sky_fibre_on_a_star_and_a_dark_one_are_left_out() -> None:
    model = Model(30, 1500, "r", 8)
    spectra, sky, _ = _expose(model, 8)
    star, dark = np.flatnonzero(sky)[[2, 5]]
    flux = spectra.flux.copy()
    flux[star] += 900.0
    flux[dark] = model.rng.normal(0.0, 8.0, 1500)
    result = subtract_sky(replace(spectra, flux=flux), sky)
    assert not result.used[[star, dark]].any()
    assert result.used.sum() == 6
    assert "2 of 8 sky fibres" in result.reason
    assert abs(result.mean_residual) < 0.02


def test_without_sky_fibres_the_faintest_half_serves_and_it_is_said() -> None:
    model = Model(30, 1500, "r", 9)
    spectra, _, target = _expose(model, 15)
    result = subtract_sky(spectra, np.zeros(30, dtype=bool))
    assert result.from_faintest
    assert "faintest half" in result.reason
    assert result.used.sum() == 15
    level = np.median(result.sky_model, axis=1)
    assert np.all(np.abs(level - CONTINUUM) < 0.05 * CONTINUUM + target[result.used].mean())


def test_fibres_that_bring_no_light_are_never_sky() -> None:
    model = Model(20, 1500, "r", 10)
    spectra, sky, _ = _expose(model, 6)
    good = np.ones(20, dtype=bool)
    good[np.flatnonzero(sky)[0]] = False
    result = subtract_sky(spectra, sky, good)
    assert np.array_equal(result.used, sky & good)


def test_no_light_at_all_gives_no_sky_with_a_reason() -> None:
    spectra, sky, _ = _expose(Model(10, 400, "r", 11), 4)
    result = subtract_sky(spectra, sky, np.zeros(10, dtype=bool))
    assert np.isnan(result.chi2_per_dof)
    assert np.isnan(result.background)
    assert "fewer than two fibres" in result.reason
    assert not result.spectra.ivar.any()
    assert result.spectra.mask.all()


def test_masked_samples_stay_masked_and_gaps_of_all_sky_fibres_are_masked_in_all() -> None:
    model = Model(20, 1500, "r", 12)
    spectra, sky, _ = _expose(model, 4)
    ivar, mask, flux = spectra.ivar.copy(), spectra.mask.copy(), spectra.flux.copy()
    lost = (spectra.wavelength > 6500.0) & (spectra.wavelength < 6560.0) & sky[:, None]
    lost[1, 100:110] = True
    ivar[lost], mask[lost], flux[lost] = 0.0, BAD, np.nan
    result = subtract_sky(replace(spectra, flux=flux, ivar=ivar, mask=mask), sky)
    out = result.spectra
    assert np.array_equal(out.mask != 0, out.ivar == 0)
    assert (out.ivar[lost] == 0).all()
    inside = (spectra.wavelength > 6510.0) & (spectra.wavelength < 6550.0)
    assert (out.ivar[inside] == 0).all()
    far = (spectra.wavelength < 6490.0) & ~lost
    assert (out.ivar[far] > 0).mean() > 0.99
    assert np.isfinite(out.flux[out.ivar > 0]).all()


def test_a_fibre_without_wavelengths_is_masked_and_harms_nobody() -> None:
    model = Model(20, 1500, "r", 13)
    spectra, sky, target = _expose(model, 6)
    wave, ivar = spectra.wavelength.copy(), spectra.ivar.copy()
    lost = [int(np.flatnonzero(sky)[0]), 7]
    wave[lost], ivar[lost] = np.nan, 0.0
    result = subtract_sky(replace(spectra, wavelength=wave, ivar=ivar), sky)
    assert not result.spectra.ivar[lost].any()
    others = np.setdiff1d(np.arange(20), lost)
    assert 0.9 < (_normalized(result, target)[others] ** 2).mean() < 1.1


@pytest.mark.parametrize("nsky", [4, 20])
def test_background_is_the_variance_of_a_bin_without_target(nsky: int) -> None:
    model = Model(60, 1500, "r", 14)
    spectra, sky, target = _expose(model, nsky, brightest=0.0)
    result = subtract_sky(spectra, sky)
    electrons = (result.spectra.flux * spectra.dispersion)[~sky]
    quiet = result.sky_model[~sky] < 1.3 * CONTINUUM
    assert background_rate(result, 1000.0) * 1000.0 == pytest.approx(electrons[quiet].var(), rel=0.05)
    assert np.isnan(background_rate(result, 0.0))
    assert not target.any()


def test_masks_of_another_size_are_refused() -> None:
    spectra, sky, _ = _expose(Model(10, 400, "r", 15), 4)
    with pytest.raises(ValueError, match="spectra of 10 fibres"):
        subtract_sky(spectra, sky[:5])
