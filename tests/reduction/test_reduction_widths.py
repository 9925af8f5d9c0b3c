from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from ccd_images import LINES, exposed, make_scene

from qltui.reduction.masks import COSMIC
from qltui.reduction.traces import shifted, trace_rows
from qltui.reduction.widths import line_widths, profile_sigma

TOLERANCE = 0.03


@pytest.mark.parametrize("kind", ["sky", "arc"])
@pytest.mark.parametrize(("sigma", "line_sigma"), [(0.9, 1.0), (1.06, 1.12), (1.13, 1.3), (1.2, 0.9)])
def test_widths_are_those_before_the_pixels(kind, sigma, line_sigma):
    for seed in range(3):
        scene = make_scene(kind, sigma=sigma, line_sigma=line_sigma, phase=0.31 * seed, seed=seed)
        widths = line_widths(exposed(scene.image, seed=seed), scene.calibration, LINES[[3, 6]])
        assert widths.x_median == pytest.approx(sigma, abs=TOLERANCE)
        assert widths.w_median == pytest.approx(line_sigma, abs=TOLERANCE)
        assert np.isfinite(widths.x).sum() >= 18
        assert widths.reason == ""


def test_background_does_not_widen_anything():
    scene = make_scene("arc")
    widths = line_widths(exposed(scene.image + 200.0), scene.calibration, LINES[[3, 6, 8]])
    assert widths.x_median == pytest.approx(1.08, abs=TOLERANCE)
    assert widths.w_median == pytest.approx(1.1, abs=TOLERANCE)


@pytest.mark.parametrize(("dx", "dy"), [(1.5, 0.0), (0.0, -1.5), (-0.7, 0.9)])
def test_traces_need_not_be_right(dx, dy):
    scene = make_scene("arc", dx=dx, dy=dy)
    widths = line_widths(exposed(scene.image), scene.calibration, LINES[[3, 6, 8]])
    assert widths.x_median == pytest.approx(1.08, abs=TOLERANCE)
    assert widths.w_median == pytest.approx(1.1, abs=TOLERANCE)


def test_each_amplifier_has_its_own():
    scene = make_scene("arc")
    amps = line_widths(exposed(scene.image), scene.calibration, LINES)
    assert amps.amplifier_x == pytest.approx([1.08] * 4, abs=TOLERANCE)
    assert amps.amplifier_w == pytest.approx([1.1] * 4, abs=TOLERANCE)
    below = line_widths(exposed(scene.image), scene.calibration, LINES[:3])
    assert np.isfinite(below.amplifier_x).tolist() == [True, True, False, False]


def test_x_and_w_are_not_mistaken_for_each_other():
    scene = make_scene("arc", sigma=1.4, line_sigma=0.8)
    widths = line_widths(exposed(scene.image), scene.calibration, LINES[[3, 6]])
    assert widths.x_median > widths.w_median + 0.5


def test_dead_fibres_and_masked_lines_are_left_out():
    scene = make_scene("arc", dead=[4])
    ccd = exposed(scene.image)
    x = round(float(np.interp(200, scene.y, scene.x[9])))
    ccd.mask[:, x] = COSMIC
    widths = line_widths(ccd, scene.calibration, LINES)
    assert np.isnan(widths.x[[4, 9]]).all()
    assert np.isfinite(np.delete(widths.x, [4, 9])).all()


def test_nothing_measured_is_unknown_with_a_reason():
    scene = make_scene("sky", level=0.0, peak=0.0)
    dark = exposed(np.zeros_like(scene.image))
    for lines in (LINES, [3000.0], []):
        widths = line_widths(dark, scene.calibration, lines)
        assert np.isnan([widths.x_median, widths.w_median]).all()
        assert np.isnan(widths.x).all()
        assert widths.x.shape == (20,)
        assert widths.n == 0
        assert "line" in widths.reason
    assert np.isnan(profile_sigma(dark, trace_rows(scene.calibration, 400)))


@pytest.mark.parametrize("kind", ["sky", "arc", "flat"])
@pytest.mark.parametrize("sigma", [0.95, 1.08, 1.25])
def test_profile_width_in_any_light(kind, sigma):
    scene = make_scene(kind, sigma=sigma)
    rows = trace_rows(scene.calibration, 400)
    assert profile_sigma(exposed(scene.image), rows) == pytest.approx(sigma, abs=TOLERANCE)
    unknown = dataclasses.replace(scene.calibration, xsigma_coeff=None)
    assert np.isnan(trace_rows(shifted(unknown, 0.0, 0.0), 400).xsigma).all()
