"""The accuracy that needs many fibres and pixels: one camera of full size."""

from __future__ import annotations

import numpy as np
import pytest

from qltui.instruments.desi import measure_ccd, measure_fibers, measure_spectra
from qltui.instruments.desi.constants import FIDUCIAL_MAGNITUDE
from qltui.instruments.desi.targets import catalogue_flux, target_classes
from qltui.reduction.masks import COSMIC
from qltui.reduction.photometry import magnitude_to_flux

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def night(large):
    """A science exposure of full size: what was simulated, the recipe's state, the truth."""
    shot = large.expose("SCIENCE", ("r3",), seed=2)
    return shot, large.state(shot, "r3"), shot.camera("r3")


def test_bias_and_read_noise_of_each_amplifier(night):
    shot, state, _ = night
    levels, noises = measure_ccd.bias_level(state), measure_ccd.read_noise(state)
    for amplifier, level, noise in zip(levels.elements, levels.values, noises.values, strict=True):
        truth = shot.truth["cameras"]["r3"]["amplifiers"][amplifier]
        assert level == pytest.approx(truth["bias"], abs=0.05)
        assert noise == pytest.approx(truth["read_noise"], rel=0.015)


def test_shifts_and_widths(night):
    shot, state, _ = night
    assert measure_fibers.trace_shifts(state).values == pytest.approx((0.0, 0.0), abs=0.02)
    truth = shot.truth["cameras"]["r3"]
    assert measure_ccd.line_widths(state).values == pytest.approx((truth["xsigma"], truth["ysigma"]), abs=0.03)


def test_sky(night):
    shot, state, _ = night
    truth = shot.truth["cameras"]["r3"]
    assert measure_spectra.sky_continuum(state).values[0] == pytest.approx(truth["sky_continuum"], rel=0.02)
    assert measure_spectra.sky_peaks(state).values[0] == pytest.approx(truth["peak_count"], rel=0.02)
    ivar = state.sky.spectra.ivar[state.sky.used]
    normalized = (state.sky.spectra.flux[state.sky.used] * np.sqrt(ivar))[ivar > 0]
    hit = np.abs(normalized) > 6.0  # what cosmic rays left below their threshold
    assert hit.mean() < 2e-3
    normalized = normalized[~hit]
    assert abs(normalized.mean()) < 0.02
    assert 0.9 < np.mean(normalized**2) < 1.1


def test_all_fibers_are_good(night):
    _, state, _ = night
    assert measure_fibers.good_fibers(state).values == (500.0,)


def test_signal_to_noise_at_the_fiducial_magnitude(night):
    """Against the median over bins of signal over true noise of targets scaled to that magnitude."""
    _, state, truth = night
    measured = measure_spectra.fiducial_snr(state)
    values = dict(zip(measured.elements, measured.values, strict=True))
    width, flux = truth.rows.dispersion, catalogue_flux(state)
    read = 7.0 * np.median(state.ccd.read_noise) ** 2
    fiducial = float(magnitude_to_flux(FIDUCIAL_MAGNITUDE))
    for name, members in target_classes(state).items():
        expected = []
        for fiber in np.flatnonzero(members):
            thrown = truth.throughput[fiber] * width[fiber]
            signal = truth.object_flux[fiber] * (fiducial / flux[fiber]) * thrown
            noise = np.sqrt(signal + truth.sky_flux[fiber] * thrown + read)
            expected.append(np.median(signal / noise))
        assert values[name] == pytest.approx(np.median(expected), rel=0.05), name


def test_cosmic_rays(night):
    _, state, truth = night
    flagged = (state.ccd.mask & COSMIC) != 0
    hit, untouched = truth.cosmic_mask(10.0), truth.cosmic < 1.0
    assert (hit & flagged).sum() >= 0.9 * hit.sum()
    assert (untouched & flagged).sum() <= 2e-4 * untouched.sum()
