"""Dead fibres: all of them, and no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from spectra_model import RANGES, Model

from qltui.reduction.goodfibers import fiber_levels, good_fibers
from qltui.reduction.lines import ARC_LINES, SKY_LINES
from qltui.reduction.masks import BAD


def _science(model: Model, brightest: float = 5000.0) -> np.ndarray:
    """Sky, and targets from none to a standard star [e- per row]."""
    lines = SKY_LINES.within(*RANGES[model.arm])
    target = brightest * model.rng.uniform(0.0, 1.0, model.nf) ** 4
    return model.lines(lines.wavelength, lines.strength * 26000.0) + (190.0 + target[:, None]) * model.dispersion


def _arc(model: Model) -> np.ndarray:
    lines = ARC_LINES.within(*RANGES[model.arm])
    return model.lines(lines.wavelength, 9e4 * np.sqrt(lines.strength))


def _flat(model: Model) -> np.ndarray:
    return np.full((model.nf, model.ny), 1500.0)


@pytest.mark.parametrize("light", [_science, _arc, _flat])
@pytest.mark.parametrize(("nf", "ny"), [(20, 400), (100, 1000)])
@pytest.mark.parametrize("ndead", [0, 1, 3, 12])
def test_all_dead_fibres_and_no_other(light: object, nf: int, ny: int, ndead: int) -> None:
    for seed in range(3):
        model = Model(nf, ny, "r", seed, throughput_scatter=0.06)
        dead = model.rng.choice(nf, ndead, replace=False)
        model.throughput[dead] = 0.0
        weak = int(np.setdiff1d(np.arange(nf), dead)[2])
        model.throughput[weak] = 0.5
        levels = fiber_levels(model.expose(light(model)))  # type: ignore[operator]
        assert set(np.flatnonzero(~levels.good)) == set(dead.tolist())
        assert np.abs(levels.level[dead]).max(initial=0.0) < 0.02
        assert not levels.reason


def test_light_of_a_neighbour_does_not_revive_a_dead_fibre() -> None:
    model = Model(20, 400, "r", 5)
    model.throughput[8] = 0.0
    light = _science(model, 0.0)
    light[7] += 8000.0 * model.dispersion[7]
    spectra = model.expose(light)
    flux = spectra.flux.copy()
    flux[8] += 0.002 * flux[7]
    assert set(np.flatnonzero(~good_fibers(replace(spectra, flux=flux)))) == {8}


def test_a_dead_amplifier_makes_no_fibre_dead_and_it_is_said() -> None:
    model = Model(20, 400, "r", 6)
    model.throughput[13] = 0.0
    light = _science(model)
    light[:10, 200:] = 0.0
    levels = fiber_levels(model.expose(light))
    assert set(np.flatnonzero(~levels.good)) == {13}
    assert set(np.flatnonzero(levels.half_dark)) == set(range(10))
    assert "10 fibres are dark in one half" in levels.reason


def test_a_masked_amplifier_counts_like_a_dark_one() -> None:
    model = Model(20, 400, "r", 7)
    spectra = model.expose(_science(model))
    ivar, mask = spectra.ivar.copy(), spectra.mask.copy()
    ivar[:10, 200:], mask[:10, 200:] = 0.0, BAD
    levels = fiber_levels(replace(spectra, ivar=ivar, mask=mask))
    assert levels.good.all()
    assert set(np.flatnonzero(levels.half_dark)) == set(range(10))


def test_no_light_at_all() -> None:
    levels = fiber_levels(Model(20, 400, "r", 8).expose(np.zeros((20, 400))))
    assert not levels.good.any()
    assert "no fibre brings light" in levels.reason


def test_one_whole_half_dark() -> None:
    model = Model(20, 400, "r", 9)
    light = _science(model)
    light[:, :200] = 0.0
    levels = fiber_levels(model.expose(light))
    assert levels.good.all()
    assert "no light in the lower half" in levels.reason
