from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from astropy.io import fits
from ccd_images import LINES, STRENGTHS, exposed, gaussian, make_scene, paint

from qltui.reduction.extraction import extract
from qltui.reduction.masks import COSMIC
from qltui.reduction.shifts import MAXIMUM_DX, measure_dx, measure_dy
from qltui.reduction.traces import TraceSet, position, shifted, trace_rows

TOLERANCE = 0.02
DX = [-2.45, -1.3, -0.62, -0.15, 0.0, 0.37, 0.5, 1.5, 2.45]
DY = [-4.9, -2.3, -0.8, 0.0, 0.1, 0.5, 1.7, 4.9]


def rows_of(scene):
    return trace_rows(scene.calibration, scene.image.shape[0])


def spectra_of(scene, ccd, dx=0.0):
    return extract(ccd, trace_rows(shifted(scene.calibration, dx, 0.0), scene.image.shape[0]))


@pytest.mark.parametrize("kind", ["sky", "arc", "flat"])
@pytest.mark.parametrize("dx", DX)
def test_dx_is_absolute(kind, dx):
    for seed, phase in enumerate([0.0, 0.3, 0.71]):
        scene = make_scene(kind, dx=dx, dy=0.3 * seed, phase=phase, seed=seed)
        shift = measure_dx(exposed(scene.image, seed=seed), rows_of(scene))
        assert shift.value == pytest.approx(dx, abs=TOLERANCE)
        assert shift.fibers == pytest.approx(np.full(20, dx), abs=0.1)
        assert shift.n >= 18
        assert 0 < shift.error < TOLERANCE
        assert shift.reason == ""


@pytest.mark.parametrize("dx", [-1.2, 0.4, 2.2])
def test_dx_of_upright_traces_on_one_phase(dx):
    for phase in np.arange(0.0, 1.0, 0.11):
        x = np.zeros((14, 2))
        x[:, 0] = 14.0 + phase + 7.0 * np.arange(14)  # a pitch of whole pixels: every fibre on the same phase
        y = np.tile([100.0, 120.0], (14, 1))
        traceset = TraceSet(x, y, np.full((14, 1), 1.08), None, 5000.0, 6000.0, 200)
        columns = np.repeat(x[:, :1] + dx, 200, axis=1)
        image = paint(columns, np.full((14, 200), 300.0), np.full(14, 1.08), 130)
        assert measure_dx(exposed(image), trace_rows(traceset, 200)).value == pytest.approx(dx, abs=TOLERANCE)


def test_dx_of_a_different_shift_for_each_fibre():
    scene = make_scene("sky")
    own = np.linspace(-0.5, 0.5, 20) + 0.8
    moved = shifted(scene.calibration, -own, 0.0)
    shift = measure_dx(exposed(scene.image), trace_rows(moved, 400))
    assert shift.fibers == pytest.approx(own, abs=0.05)
    assert shift.value == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("kind", ["sky", "arc", "flat"])
def test_dx_ignores_dead_fibres_and_says_so(kind):
    dead = [0, 5, 6, 13]
    scene = make_scene(kind, dx=0.7, dead=dead)
    shift = measure_dx(exposed(scene.image), rows_of(scene))
    assert shift.value == pytest.approx(0.7, abs=TOLERANCE)
    assert np.isnan(shift.fibers[dead]).all()
    assert shift.n == 16


@pytest.mark.parametrize("scale", [(1.0, 1.0, 0.0, 1.0), (1.0, 8.0, 1.0, 1.0), (0.0, 0.0, 1.0, 1.0)])
def test_dx_survives_dead_and_noisy_amplifiers(scale):
    scene = make_scene("sky", dx=-0.9)
    ccd = exposed(scene.image, scale=scale)
    for amp, factor in zip(ccd.amplifiers, scale, strict=True):
        if factor == 0:
            ccd.image[amp.ccd.slices] = 0.0
    assert measure_dx(ccd, rows_of(scene)).value == pytest.approx(-0.9, abs=TOLERANCE)


@pytest.mark.parametrize("masked", [False, True])
def test_dx_is_not_moved_by_cosmic_rays(masked):
    scene = make_scene("sky", dx=0.4)
    ccd = exposed(scene.image)
    rng = np.random.default_rng(4)
    y, x = rng.integers(0, 400, 200), rng.integers(0, 200, 200)
    ccd.image[y, x] += rng.uniform(500, 20000, 200).astype(np.float32)
    if masked:
        ccd.mask[y, x] = COSMIC
    tolerance = TOLERANCE if masked else 0.05
    assert measure_dx(ccd, rows_of(scene)).value == pytest.approx(0.4, abs=tolerance)


def test_dx_is_not_biased_by_bright_neighbours():
    scene = make_scene("sky", dx=1.1, peak=0.0)
    scene.electrons[:] = 60.0
    scene.electrons[::4] = 1200.0
    image = paint(scene.x, scene.electrons, scene.sigma, 200)
    shift = measure_dx(exposed(image), rows_of(scene))
    assert shift.value == pytest.approx(1.1, abs=TOLERANCE)


def test_dx_without_light_is_unknown_with_a_reason():
    scene = make_scene("sky")
    for image in (np.zeros_like(scene.image), np.full_like(scene.image, 0.01)):
        shift = measure_dx(exposed(image), rows_of(scene))
        assert np.isnan(shift.value)
        assert np.isnan(shift.error)
        assert shift.n == 0
        assert "light" in shift.reason


def test_dx_near_half_the_pitch_is_not_trusted():
    scene = make_scene("sky", dx=3.0)
    shift = measure_dx(exposed(scene.image), rows_of(scene))
    assert str(MAXIMUM_DX) in shift.reason


@pytest.mark.parametrize("kind", ["sky", "arc"])
@pytest.mark.parametrize("dy", DY)
def test_dy_is_absolute(kind, dy):
    for seed in range(3):
        scene = make_scene(kind, dx=0.4, dy=dy, phase=0.3 * seed, seed=seed)
        ccd = exposed(scene.image, seed=seed)
        dx = measure_dx(ccd, rows_of(scene)).value
        spectra = spectra_of(scene, ccd, dx)
        for comb in (None, (LINES, STRENGTHS)):
            shift = measure_dy(spectra, scene.calibration, LINES, comb=comb)
            assert shift.value == pytest.approx(dy, abs=TOLERANCE)
            assert shift.fibers == pytest.approx(np.full(20, dy), abs=0.1)
            assert shift.n >= 18
            assert 0 < shift.error < TOLERANCE
            assert shift.reason == ""


def test_dy_from_few_faint_lines():
    for seed in range(3):
        scene = make_scene("sky", dy=1.3, peak=400.0, seed=seed)
        spectra = spectra_of(scene, exposed(scene.image, seed=seed))
        shift = measure_dy(spectra, scene.calibration, LINES[[1, 3, 6]])
        assert shift.value == pytest.approx(1.3, abs=TOLERANCE)


def test_dy_leaves_out_a_line_that_is_wrong():
    scene = make_scene("arc", dy=0.6)
    lines = LINES.copy()
    lines[4] += 5.0  # about one row
    shift = measure_dy(spectra_of(scene, exposed(scene.image)), scene.calibration, lines)
    assert shift.value == pytest.approx(0.6, abs=TOLERANCE)


def test_dy_survives_dead_fibres_amplifiers_and_cosmic_rays():
    scene = make_scene("sky", dy=-1.7, dead=[2, 3, 17])
    ccd = exposed(scene.image, scale=(1.0, 1.0, 0.0, 6.0))
    ccd.image[ccd.amplifiers[2].ccd.slices] = 0.0
    rng = np.random.default_rng(4)
    ccd.image[rng.integers(0, 400, 150), rng.integers(0, 200, 150)] += 3000.0
    shift = measure_dy(spectra_of(scene, ccd), scene.calibration, LINES)
    assert shift.value == pytest.approx(-1.7, abs=TOLERANCE)
    assert np.isnan(shift.fibers[[2, 3, 17]]).all()


def test_dy_of_line_widths_that_differ():
    for width in (0.9, 1.1, 1.35):
        scene = make_scene("arc", dy=0.45, line_sigma=width)
        shift = measure_dy(spectra_of(scene, exposed(scene.image)), scene.calibration, LINES)
        assert shift.value == pytest.approx(0.45, abs=TOLERANCE)


def test_dy_without_lines_is_unknown_with_a_reason():
    scene = make_scene("flat")
    spectra = spectra_of(scene, exposed(scene.image))
    assert "no isolated line" in measure_dy(spectra, scene.calibration, []).reason
    assert "no isolated line" in measure_dy(spectra, scene.calibration, [3000.0]).reason
    shift = measure_dy(spectra, scene.calibration, LINES)
    assert np.isnan(shift.value)
    assert "no known line" in shift.reason
    dark = dataclasses.replace(spectra, ivar=0 * spectra.ivar)
    assert np.isnan(measure_dy(dark, scene.calibration, LINES).value)


@pytest.mark.shared
@pytest.mark.parametrize(("name", "dx", "dy"), [("psf-b0.fits", -1.7, 3.7), ("psf-z0.fits", 0.15, -0.1)])
def test_shifts_on_the_real_optics(shared_data, name, dx, dy):
    with fits.open(shared_data / "desi" / name) as hdus:
        low, high = (float(hdus["XTRACE"].header[key]) for key in ("WAVEMIN", "WAVEMAX"))
        x, y = (np.asarray(hdus[key].data[:30], dtype=float) for key in ("XTRACE", "YTRACE"))
    traceset = TraceSet(x, y, np.full((30, 1), 1.08), None, low, high, 4128)
    true = trace_rows(shifted(traceset, dx, dy), 4128)
    lines = np.linspace(low + 150, high - 150, 12)
    electrons = 80.0 + np.zeros((30, 4128))
    for f, rows in enumerate(position(shifted(traceset, dx, dy), lines)[1]):
        for row in rows:
            electrons[f] += 2000.0 * gaussian(np.arange(4128) - row, 1.1)
    ccd = exposed(paint(true.x.astype(float), electrons, np.full(30, 1.08), 380))
    across = measure_dx(ccd, trace_rows(traceset, 4128))
    spectra = extract(ccd, trace_rows(shifted(traceset, across.value, 0.0), 4128))
    along = measure_dy(spectra, traceset, lines)
    assert across.value == pytest.approx(dx, abs=TOLERANCE)
    assert along.value == pytest.approx(dy, abs=TOLERANCE)
    flux = spectra.flux * spectra.dispersion
    assert flux[:, 500:-500].sum() == pytest.approx(electrons[:, 500:-500].sum(), rel=0.003)
