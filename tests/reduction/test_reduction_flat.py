"""Fibre flat: throughput against truth, and its noise where it is applied."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from spectra_model import Model

from qltui.reduction.flat import FiberFlat, apply_fiberflat, make_fiberflat
from qltui.reduction.masks import BAD, FLAT_LOW
from qltui.reduction.spectra import Spectra


def _lamp(model: Model, per_row: float) -> np.ndarray:
    middle = model.wavelength.mean()
    t = (model.wavelength - middle) / 1050.0
    return per_row * (1.0 - 0.35 * t**2 + 0.08 * np.sin(2.5 * t))


def _shape(model: Model) -> np.ndarray:
    """Throughput of each fibre by wavelength: its own level, and a smooth run of its own."""
    t = (model.wavelength - model.wavelength.mean()) / 1050.0
    return model.throughput[:, None] * (1.0 + 0.03 * np.sin(3.0 * t + np.arange(model.nf)[:, None]))


@pytest.mark.parametrize(("nf", "ny", "per_row"), [(20, 400, 4000.0), (20, 2000, 2000.0), (50, 2000, 600.0)])
def test_flat_within_half_a_per_cent(nf: int, ny: int, per_row: float) -> None:
    """600 e- in a row are 1 ke-/Angstrom."""
    for seed in range(3):
        model = Model(nf, ny, "r", seed)
        truth = _shape(model)
        flat = make_fiberflat(model.expose(_lamp(model, per_row) * truth / model.throughput[:, None]))
        truth = truth / truth.mean()
        error = flat.flat / truth - 1.0
        assert error.std() < 0.005
        assert abs(error.mean()) < 0.001
        assert flat.flat.mean() == pytest.approx(1.0, abs=1e-3)
        assert 0.7 < ((flat.flat - truth) ** 2 * flat.ivar).mean() < 1.6
        assert flat.measured.all()


def test_a_fibre_of_half_the_throughput_and_a_dead_one() -> None:
    model = Model(20, 2000, "r", 4)
    model.throughput[:] = 1.0
    model.throughput[3] = 0.5
    model.throughput[9] = 0.0
    flat = make_fiberflat(model.expose(_lamp(model, 2000.0)))
    assert not flat.measured[9]
    assert (flat.flat[9] == 1.0).all()
    assert flat.measured.sum() == 19
    assert flat.flat[3].mean() / flat.flat[4].mean() == pytest.approx(0.5, abs=0.002)
    assert flat.flat[flat.measured].mean() == pytest.approx(1.0, abs=1e-3)


def test_cosmic_rays_and_masked_rows_leave_no_trace() -> None:
    model = Model(20, 2000, "r", 5)
    truth = model.throughput / model.throughput.mean()
    spectra = model.expose(_lamp(model, 2000.0))
    flux, ivar, mask = spectra.flux.copy(), spectra.ivar.copy(), spectra.mask.copy()
    for f in range(20):
        flux[f, model.rng.integers(20, 1980, 8)] += 20000.0
    flux[7, 900:960], ivar[7, 900:960], mask[7, 900:960] = 0.0, 0.0, BAD
    flat = make_fiberflat(replace(spectra, flux=flux, ivar=ivar, mask=mask))
    error = flat.flat / truth[:, None] - 1.0
    assert error[flat.ivar > 0].std() < 0.005
    assert np.abs(error[flat.ivar > 0]).max() < 0.04
    assert (flat.ivar[7, 900:960] == 0).sum() < 60


def test_no_light_is_refused() -> None:
    model = Model(10, 400, "r", 6)
    with pytest.raises(ValueError, match="no fibre brings light"):
        make_fiberflat(model.expose(np.zeros((10, 400))))


def _plain(model: Model, level: float) -> Spectra:
    return model.expose(np.full((model.nf, model.ny), level) * model.dispersion)


def _flat_of(model: Model, value: float, error: float, move: float = 0.0) -> FiberFlat:
    shape = (model.nf, model.ny)
    return FiberFlat(
        np.full(shape, value, np.float32),
        np.full(shape, 1.0 / error**2, np.float32),
        np.ones(model.ny, np.float32),
        model.wavelength + move,
    )


@pytest.mark.parametrize("move", [0.0, 0.3, 30.0])
def test_applied_noise_is_that_of_spectrum_and_flat(move: float) -> None:
    """1/ivar' = 1/(ivar f^2) + F^2/(ivar_f f^4), whether the wavelengths moved or not."""
    model = Model(10, 500, "r", 7)
    spectra = _plain(model, 500.0)
    result = apply_fiberflat(spectra, _flat_of(model, 0.8, 0.03, move))
    known = result.ivar > 0
    assert known.mean() > 0.95
    expected = 1.0 / spectra.ivar / 0.8**2 + (spectra.flux * 0.03) ** 2 / 0.8**4
    assert np.allclose(1.0 / result.ivar[known], expected[known], rtol=1e-4)
    assert np.allclose(result.flux[known], spectra.flux[known] / 0.8, rtol=1e-6)
    assert np.allclose(result.read_variance[known], spectra.read_variance[known] / 0.64, rtol=1e-5)
    assert np.array_equal(result.mask != 0, ~known)


def test_a_flat_on_other_wavelengths_is_interpolated() -> None:
    model = Model(10, 500, "r", 8)
    grid = np.arange(5600.0, 7800.0, 0.8)
    slope = 1.0 + (grid - 6700.0) / 10000.0
    flat = FiberFlat(
        np.tile(slope, (10, 1)).astype(np.float32), np.full((10, grid.size), 1e6, np.float32),
        np.ones(grid.size, np.float32), np.tile(grid, (10, 1)),
    )  # fmt: skip
    spectra = _plain(model, 500.0)
    result = apply_fiberflat(spectra, flat)
    known = result.ivar > 0
    ratio = spectra.flux[known] / result.flux[known]
    assert np.allclose(ratio, 1.0 + (spectra.wavelength[known] - 6700.0) / 10000.0, rtol=1e-5)


def test_unmeasured_and_low_flat_is_masked() -> None:
    model = Model(10, 500, "r", 9)
    flat = _flat_of(model, 1.0, 0.01)
    flat.ivar[2, 100:110] = 0.0
    flat.flat[3, :] = 0.01
    result = apply_fiberflat(_plain(model, 500.0), flat)
    assert (result.mask[2, 100:110] == FLAT_LOW).all()
    assert (result.mask[3] == FLAT_LOW).all()
    assert np.array_equal(result.mask != 0, result.ivar == 0)
    assert np.isfinite(result.flux).all()


def test_another_number_of_fibres_is_refused() -> None:
    model = Model(10, 500, "r", 10)
    with pytest.raises(ValueError, match="9 fibres does not belong to spectra of 10"):
        apply_fiberflat(_plain(model, 500.0), _flat_of(Model(9, 500), 1.0, 0.01))
