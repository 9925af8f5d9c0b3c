from __future__ import annotations

import math

import numpy as np
import pytest

from qltui.model import Amplifier, Section
from qltui.reduction.overscan import measure_overscan
from qltui.reduction.row_overscan import find_jumps, measure_row_overscan, smooth_between


def amplifier(rows=4096, columns=50):
    place = Section(0, rows, 0, columns)
    return Amplifier("A", place, place, place, 4.0, 6.0, 40000.0)


def overscan(levels, sigma=1.5, seed=0, columns=50):
    rng = np.random.default_rng(seed)
    return np.rint(np.asarray(levels)[:, None] + rng.normal(0, sigma, (len(levels), columns))).astype(np.uint16)


@pytest.mark.parametrize("jump", [0.5, -0.5, 1.0, 2.0, 5.0, 20.0])
@pytest.mark.parametrize("seed", range(2))
def test_level_and_noise_on_either_side_of_a_jump(jump, seed):
    truth = np.where(np.arange(4096) < 2098, 1500.37, 1500.37 + jump)
    found = measure_row_overscan(overscan(truth, seed=seed), amplifier())
    levels = found.levels(4096)
    assert found.method == "PER_ROW"
    assert len(found.jumps) == 1
    row, size = found.jumps[0]
    assert abs(row - 2098) <= (2 if abs(jump) > 0.9 else 8)
    assert size == pytest.approx(jump, abs=0.05)
    assert levels[:2080].mean() == pytest.approx(1500.37, abs=0.05)
    assert levels[2110:].mean() == pytest.approx(1500.37 + jump, abs=0.05)
    assert found.level == pytest.approx(truth.mean(), abs=0.05)
    assert found.read_noise == pytest.approx(1.5, rel=0.015)
    # A single row knows its level to 0.21 ADU: none of that may get into the image.
    assert levels[:2080].std() < 0.05
    assert levels[2110:].std() < 0.05


def test_a_level_that_stays_is_one_number():
    found = measure_row_overscan(overscan(np.full(4096, 1200.2)), amplifier())
    assert found.method == "AVERAGE"
    assert found.jumps == ()
    assert found.level == pytest.approx(1200.2, abs=0.05)
    assert np.ptp(found.levels(4096)) == 0


def test_a_drift_is_followed():
    truth = 1500.0 + 4.0 * np.exp(-np.arange(4096) / 300.0)
    found = measure_row_overscan(overscan(truth), amplifier())
    assert found.method == "PER_ROW"
    assert np.abs(found.levels(4096) - truth)[40:].max() < 0.3
    assert found.read_noise == pytest.approx(1.5, rel=0.015)


def test_small_chips_and_cosmic_rays():
    truth = np.where(np.arange(256) < 130, 1100.0, 1108.0)
    raw = overscan(truth, columns=16)
    rng = np.random.default_rng(5)
    raw[rng.integers(0, 256, 30), rng.integers(0, 16, 30)] += 3000
    found = measure_row_overscan(raw, amplifier(256, 16))
    assert [row for row, _ in found.jumps] == [130]
    assert found.levels(256)[:130].mean() == pytest.approx(1100.0, abs=0.1)
    assert found.read_noise == pytest.approx(1.5, rel=0.04)


def test_what_cannot_be_measured_is_as_before():
    dead = np.full((4096, 50), 1000, dtype=np.uint16)
    assert measure_row_overscan(dead, amplifier()).read_noise == 0.0
    few = measure_row_overscan(np.zeros((4096, 2), dtype=np.uint16), amplifier(4096, 2))
    assert math.isnan(few.level)
    assert few.reason == measure_overscan(np.zeros((4096, 2), dtype=np.uint16), amplifier(4096, 2)).reason


def test_several_jumps_in_order():
    levels = np.concatenate([np.full(500, 3.0), np.full(700, 8.0), np.full(300, 1.0)])
    noisy = levels + np.random.default_rng(0).normal(0, 0.2, levels.size)
    assert find_jumps(noisy, 0.2) == (500, 1200)
    smooth = smooth_between(noisy, (500, 1200))
    assert np.abs(smooth - levels).max() < 0.15
    assert find_jumps(np.random.default_rng(1).normal(0, 0.2, 4096), 0.2) == ()
