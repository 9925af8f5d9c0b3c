from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from ccd_images import Scene, exposed, legendre_on_rows, make_scene, paint, traces

from qltui.reduction.extraction import extract
from qltui.reduction.masks import BAD, COSMIC, SATURATED
from qltui.reduction.traces import TraceSet, trace_rows

INNER = slice(4, -4)


def straight(columns, ny=64):
    """Traces that stand on the same sub-pixel phase in all rows."""
    nf = len(columns)
    x, y = np.zeros((nf, 2)), np.zeros((nf, 2))
    x[:, 0] = columns
    y[:, 0], y[:, 1] = ny / 2, ny * 0.6
    return TraceSet(x, y, np.full((nf, 1), 1.08), None, 5000.0, 6000.0, ny)


def noiseless(columns, electrons, *, sigma=1.08, ny=64, nx=120):
    traceset = straight(columns, ny)
    x = np.repeat(np.asarray(columns, dtype=float)[:, None], ny, axis=1)
    light = np.asarray(electrons, dtype=float)[:, None] * np.ones(ny)
    image = paint(x, light, np.full(len(columns), sigma), nx)
    return exposed(image, noise=False), trace_rows(traceset, ny)


@pytest.mark.parametrize("sigma", [1.0, 1.06, 1.13, 1.3])
def test_flux_is_the_same_at_all_phases_of_a_pixel(sigma):
    for phase in np.arange(0.0, 1.0, 0.03125):
        columns = 12 + phase + 7.26 * np.arange(14)
        ccd, rows = noiseless(columns, np.full(14, 1000.0), sigma=sigma)
        rows = dataclasses.replace(rows, xsigma=np.full(14, sigma, dtype=np.float32))
        spectra = extract(ccd, rows)
        assert np.abs(spectra.flux * rows.dispersion / 1000.0 - 1).max() < 0.002  # 0.3 % is asked for


def test_flux_within_tolerance_where_the_width_is_not_known():
    columns = 12.3 + 7.26 * np.arange(14)
    ccd, rows = noiseless(columns, np.full(14, 1000.0), sigma=1.1)
    rows = dataclasses.replace(rows, xsigma=np.full(14, np.nan, dtype=np.float32))
    assert np.abs(extract(ccd, rows).flux * rows.dispersion / 1000.0 - 1).max() < 0.003


def test_a_bright_neighbour_does_not_leak_in():
    columns = 12.45 + 7.26 * np.arange(14)
    light = np.full(14, 100.0)
    light[6] = 10000.0
    ccd, rows = noiseless(columns, light)
    flux = extract(ccd, rows).flux * rows.dispersion
    assert np.abs(flux / light[:, None] - 1).max() < 0.01  # 4 % fell in its window


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_what_ivar_says(seed):
    scene = make_scene("sky", seed=seed, level=100.0, peak=0.0)
    rows = trace_rows(scene.calibration, 400)
    spectra = extract(exposed(scene.image, seed=seed), rows)
    pull = (spectra.flux - scene.electrons / rows.dispersion) * np.sqrt(spectra.ivar)
    assert (spectra.mask == 0).all()
    assert pull[:, INNER].var() == pytest.approx(1.0, abs=0.06)
    truth = scene.electrons + 49.0 * 1.0 + 14.0  # at least the read noise of six pixels
    assert (1 / spectra.ivar * rows.dispersion**2 > 0.5 * truth).all()


def test_read_variance_is_the_floor_of_the_variance():
    scene = make_scene("sky", level=0.0, peak=0.0)
    rows = trace_rows(scene.calibration, 400)
    ccd = exposed(np.zeros_like(scene.image), scale=(1.0, 2.0, 1.0, 1.0))
    spectra = extract(ccd, rows)
    flux = spectra.flux[:, INNER] / np.sqrt(spectra.read_variance[:, INNER])
    assert flux.std() == pytest.approx(1.0, abs=0.04)
    assert (1 / spectra.ivar >= spectra.read_variance * 0.9999).all()
    ratio = spectra.read_variance[-1, 10] / spectra.read_variance[0, 10]  # B is twice as noisy as A
    assert ratio == pytest.approx(4.0, rel=0.1)


@pytest.mark.parametrize("offset", [-3, -2, -1, 0, 1, 2, 3])
def test_a_masked_pixel_costs_noise_not_the_row(offset):
    columns = 12.3 + 7.26 * np.arange(14)
    ccd, rows = noiseless(columns, np.full(14, 1000.0))
    whole = extract(ccd, rows)
    row, column = 30, round(columns[5]) + offset
    ccd.image[row, column] = 1e6
    ccd.mask[row, column] = COSMIC
    spectra = extract(ccd, rows)
    assert spectra.mask[5, row] == 0
    assert spectra.flux[5, row] == pytest.approx(whole.flux[5, row], rel=0.004)
    assert spectra.ivar[5, row] <= whole.ivar[5, row] * 1.01
    untouched = np.ones(spectra.shape, dtype=bool)
    untouched[4:7, row] = False
    assert spectra.flux[untouched] == pytest.approx(whole.flux[untouched], rel=1e-4)


def test_a_row_without_its_core_is_lost_and_says_why():
    columns = 12.3 + 7.26 * np.arange(14)
    ccd, rows = noiseless(columns, np.full(14, 1000.0))
    middle = round(columns[5])
    ccd.mask[30, middle - 1 : middle + 3] = SATURATED
    ccd.mask[31, middle - 5 : middle + 6] = BAD | COSMIC
    spectra = extract(ccd, rows)
    assert spectra.mask[5, 30] == SATURATED
    assert spectra.mask[5, 31] == BAD | COSMIC
    assert (spectra.flux[5, 30], spectra.ivar[5, 30]) == (0.0, 0.0)
    assert np.array_equal(spectra.mask != 0, spectra.ivar == 0)


def test_a_dead_amplifier_has_no_flux_and_no_weight():
    scene = make_scene("sky")
    ccd = exposed(scene.image, scale=(1.0, 1.0, 0.0, 1.0))
    place = ccd.amplifiers[2].ccd
    ccd.image[place.slices] = 0.0
    spectra = extract(ccd, trace_rows(scene.calibration, 400))
    assert not spectra.ivar[0, place.y0 :].any()
    assert (spectra.mask[0, place.y0 :] == BAD).all()
    assert (spectra.ivar[0, : place.y0] > 0).all()
    assert (spectra.ivar[-1] > 0).all()


def test_fibres_at_and_beyond_the_edges():
    columns = [-9.0, 0.2, 40.0, 119.4, 400.0]
    ccd, rows = noiseless(columns, np.full(5, 1000.0))
    spectra = extract(ccd, rows)
    assert (spectra.mask[[0, 4]] == BAD).all()
    flux = spectra.flux * rows.dispersion
    assert flux[[1, 2, 3]] == pytest.approx(1000.0, rel=0.01)  # half of the profile is off the detector


def test_a_fibre_without_traces_is_masked_alone():
    ccd, rows = noiseless(12.3 + 7.26 * np.arange(14), np.full(14, 1000.0))
    x = rows.x.copy()
    x[3] = np.nan
    spectra = extract(ccd, dataclasses.replace(rows, x=x))
    assert (spectra.mask[3] == BAD).all()
    assert np.isfinite(spectra.flux).all()
    assert (np.delete(spectra.mask, 3, axis=0) == 0).all()


def test_traces_of_another_detector_are_refused():
    scene = make_scene("sky")
    with pytest.raises(ValueError, match="399 rows"):
        extract(exposed(scene.image), trace_rows(scene.calibration, 399))


def test_curved_traces_and_lines_keep_all_electrons():
    scene: Scene = make_scene("arc", peak=20000.0)
    rows = trace_rows(traces(), 400)
    spectra = extract(exposed(scene.image, noise=False), rows)
    _, _, disp = legendre_on_rows(scene.calibration, 400)
    total = (spectra.flux * rows.dispersion).sum(axis=1)
    assert total == pytest.approx(scene.electrons.sum(axis=1), rel=0.001)
    assert rows.dispersion == pytest.approx(disp, rel=0.01)
