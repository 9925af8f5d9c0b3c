"""The accuracy that is promised, end to end: from a raw file with known truth to the number on the screen."""

from __future__ import annotations

import numpy as np
import pytest

from qltui.instruments.desi import measure_ccd, measure_fibers, measure_spectra
from qltui.reduction.masks import COSMIC

THREE = ("b1", "r4", "z8")


@pytest.mark.parametrize("obstype", ["ZERO", "SCIENCE"])
def test_bias_and_read_noise(observatory, obstype):
    shot = observatory.expose(obstype, THREE)
    level_errors, noise_errors = [], []
    for name in THREE:
        state = observatory.state(shot, name)
        levels, noises = measure_ccd.bias_level(state), measure_ccd.read_noise(state)
        for amplifier, level, noise in zip(levels.elements, levels.values, noises.values, strict=True):
            truth = shot.truth["cameras"][name]["amplifiers"][amplifier]
            level_errors.append(level - truth["bias"])
            noise_errors.append(noise / truth["read_noise"] - 1.0)
    # Some 6000 pixels of overscan know the level to 0.03 ADU and the noise to 0.9 %: the twelve together, and each.
    assert abs(np.mean(level_errors)) < 0.02
    assert np.std(level_errors) < 0.05
    assert abs(np.mean(noise_errors)) < 0.01
    assert np.std(noise_errors) < 0.015


@pytest.mark.parametrize("camera", THREE)
def test_boxcar_flux_over_all_phases(observatory, camera):
    shot = observatory.expose("FLAT", (camera,), cosmics=False, photon_noise=False, variation=False)
    state, truth = observatory.state(shot, camera), shot.camera(camera)
    ratio = state.spectra.flux / truth.lamp_flux
    phase = np.mod(truth.rows.x, 1.0)
    # Read noise and rounding are all the noise there is: bins of phase average it away.
    for low in np.arange(0.0, 1.0, 0.1):
        inside = (phase >= low) & (phase < low + 0.1) & (state.spectra.ivar > 0)
        assert inside.sum() > 50
        assert np.median(ratio[inside]) == pytest.approx(1.0, abs=0.003)


@pytest.mark.parametrize(("dx", "dy"), [(0.0, 0.0), (0.15, -0.1), (-0.85, 0.8), (1.6, -2.3)])
@pytest.mark.parametrize("obstype", ["SCIENCE", "ARC", "FLAT"])
def test_shifts_of_traces_and_lines(observatory, obstype, dx, dy):
    faults = [f"trace_dx:{name}:{dx}" for name in THREE] + [f"trace_dy:{name}:{dy}" for name in THREE]
    shot = observatory.expose(obstype, THREE, faults=faults, seed=11)
    for name in THREE:
        measured = measure_fibers.trace_shifts(observatory.state(shot, name))
        values = dict(zip(measured.elements, measured.values, strict=True))
        assert values["dx"] == pytest.approx(dx, abs=0.02), name
        assert ("dy" in values) == (obstype != "FLAT")
        if "dy" in values:
            assert values["dy"] == pytest.approx(dy, abs=0.02), name


@pytest.mark.parametrize("obstype", ["SCIENCE", "ARC"])
def test_widths_of_lines_and_profiles(observatory, obstype):
    shot = observatory.expose(obstype, THREE, seed=3)
    for name in THREE:
        x, w = measure_ccd.line_widths(observatory.state(shot, name)).values
        truth = shot.truth["cameras"][name]
        assert x == pytest.approx(truth["xsigma"], abs=0.03), name
        assert w == pytest.approx(truth["ysigma"], abs=0.03), name


@pytest.mark.parametrize("program", ["DARK", "BRIGHT"])
def test_sky_continuum_and_lines(observatory, program):
    shot = observatory.expose("SCIENCE", THREE, seed=4, program=program)
    for name in THREE:
        state = observatory.state(shot, name)
        truth = shot.truth["cameras"][name]
        assert measure_spectra.sky_continuum(state).values[0] == pytest.approx(truth["sky_continuum"], rel=0.02), name
        assert measure_spectra.sky_peaks(state).values[0] == pytest.approx(truth["peak_count"], rel=0.02), name


def test_sky_subtracted_sky_fibers(observatory):
    cameras = ("b3", "b4", "r2", "r5", "z1", "z5")
    shot = observatory.expose("SCIENCE", cameras, seed=5)
    normalized = []
    for name in cameras:
        sky = observatory.state(shot, name).sky
        ivar = sky.spectra.ivar[sky.used]
        normalized.append((sky.spectra.flux[sky.used] * np.sqrt(ivar))[ivar > 0])
    values = np.concatenate(normalized)
    # What a cosmic ray left below its threshold is not the sky's.
    hit = np.abs(values) > 6.0
    assert hit.mean() < 2e-3
    values = values[~hit]
    assert abs(values.mean()) < 0.02
    assert 0.9 < np.mean(values**2) < 1.1


@pytest.mark.parametrize("obstype", ["SCIENCE", "ARC", "FLAT"])
@pytest.mark.parametrize("count", [1, 4, 9])
def test_dead_fibers(observatory, obstype, count):
    shot = observatory.expose(obstype, THREE, faults=[f"dead_fibers:{name}:{count}" for name in THREE], seed=count)
    for name in THREE:
        good = observatory.state(shot, name).levels.good
        assert np.flatnonzero(~good).tolist() == shot.truth["cameras"][name]["dead_fibers"], name


def test_cosmic_rays(observatory):
    found = bright = false = clean = 0
    for seed in range(3):
        shot = observatory.expose("SCIENCE", THREE, seed=20 + seed)
        for name in THREE:
            flagged = (observatory.state(shot, name).ccd.mask & COSMIC) != 0
            truth = shot.camera(name)
            hit = truth.cosmic_mask(10.0)
            untouched = truth.cosmic < 1.0
            bright += hit.sum()
            found += (hit & flagged).sum()
            clean += untouched.sum()
            false += (untouched & flagged).sum()
    assert bright > 100
    assert found >= 0.9 * bright
    assert false <= 2e-4 * clean
