"""Spectra in bins: flux is the weighted mean, inverse variance adds up, what is unknown stays unknown."""

from __future__ import annotations

import numpy as np

from qltui.instruments.desi.products import bin_spectra


def test_bins_are_weighted_means_and_their_errors_are_right():
    rng = np.random.default_rng(3)
    sigma = rng.uniform(1.0, 5.0, (40, 403)).astype(np.float32)
    flux = (7.0 + rng.normal(size=sigma.shape) * sigma).astype(np.float32)
    wavelength = np.tile(np.linspace(4000.0, 4402.0, 403), (40, 1))
    binned, ivar, at = bin_spectra(flux, sigma**-2, wavelength, 4)
    assert binned.shape == ivar.shape == at.shape == (40, 100)
    np.testing.assert_allclose(at[:, 0], 4001.5)
    pull = (binned - 7.0) * np.sqrt(ivar)
    assert abs(pull.mean()) < 0.06
    assert abs(pull.std() - 1.0) < 0.05


def test_masked_rows_do_not_count_and_an_empty_bin_is_unknown():
    flux = np.array([[1.0, 999.0, 3.0, 1.0, 5.0, 6.0]], dtype=np.float32)
    ivar = np.array([[1.0, 0.0, 1.0, 1.0, 0.0, 0.0]], dtype=np.float32)
    binned, total, _ = bin_spectra(flux, ivar, np.arange(6.0)[None], 2)
    np.testing.assert_allclose(binned, [[1.0, 2.0, 0.0]])
    np.testing.assert_allclose(total, [[1.0, 2.0, 0.0]])


def test_one_row_a_bin_changes_nothing():
    flux = np.arange(6, dtype=np.float32)[None]
    assert bin_spectra(flux, flux, flux.astype(float), 1)[0] is flux
