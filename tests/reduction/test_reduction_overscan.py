from __future__ import annotations

import math

import numpy as np
import pytest

from qltui.model import Amplifier, Section
from qltui.reduction.overscan import measure_overscan


def amplifier(rows=1024, columns=64):
    place = Section(0, rows, 0, columns)
    return Amplifier("A", place, place, place, 1.5, 3.0, 65535.0)


def digitised(rng, level, sigma, rows=1024, columns=64, dtype=np.uint16):
    return np.rint(level + rng.normal(0.0, sigma, (rows, columns))).clip(0).astype(dtype)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("level", "sigma"), [(1500.3, 2.0), (1114.5, 3.4), (150.02, 1.3), (1999.77, 16.0)])
def test_level_and_noise_of_digitised_pixels(seed, level, sigma):
    raw = digitised(np.random.default_rng(seed), level, sigma)
    measured = measure_overscan(raw, amplifier())
    error = sigma / math.sqrt(raw.size)
    assert measured.level == pytest.approx(level, abs=max(0.05, 4 * error))
    assert measured.read_noise == pytest.approx(sigma, rel=0.015)
    assert measured.method == "AVERAGE"
    assert measured.reason == ""


@pytest.mark.parametrize("seed", range(4))
def test_noise_of_a_small_overscan(seed):
    raw = digitised(np.random.default_rng(seed), 1200.4, 2.1, 200, 64)
    measured = measure_overscan(raw, amplifier(200, 64))
    assert measured.level == pytest.approx(1200.4, abs=0.08)
    assert measured.read_noise == pytest.approx(2.1, rel=0.025)  # 12,800 pixels know it to 0.6 %


def test_noise_below_the_digitisation_is_not_inflated():
    raw = digitised(np.random.default_rng(0), 1000.25, 0.5)
    measured = measure_overscan(raw, amplifier())
    assert measured.level == pytest.approx(1000.25, abs=0.05)
    assert measured.read_noise == pytest.approx(0.5, rel=0.015)


@pytest.mark.parametrize("seed", range(3))
def test_cosmic_rays_and_hot_columns_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    raw = digitised(rng, 1500.3, 2.0)
    raw[rng.integers(0, 1024, 400), rng.integers(0, 64, 400)] += rng.integers(20, 20000, 400).astype(np.uint16)
    raw[:, 17] = 40000
    measured = measure_overscan(raw, amplifier())
    assert measured.level == pytest.approx(1500.3, abs=0.05)
    assert measured.read_noise == pytest.approx(2.0, rel=0.015)
    assert np.abs(measured.row_levels - 1500.3).max() < 2.0


@pytest.mark.parametrize("value", [0, 1000, 65535])
def test_an_amplifier_that_repeats_one_number(value):
    measured = measure_overscan(np.full((1024, 64), value, dtype=np.uint16), amplifier())
    assert measured.level == value
    assert measured.read_noise == 0.0


def test_rows_that_jump_get_their_own_levels():
    rng = np.random.default_rng(1)
    steps = np.where(np.arange(1024) < 500, 1500.0, 1512.0)
    raw = np.rint(steps[:, None] + rng.normal(0, 2.0, (1024, 64))).astype(np.uint16)
    measured = measure_overscan(raw, amplifier())
    assert measured.method == "PER_ROW"
    assert measured.step > 2.0
    assert measured.read_noise == pytest.approx(2.0, rel=0.015)
    assert np.abs(measured.levels(1024) - steps).mean() < 0.3
    assert np.array_equal(measured.levels(7), np.full(7, np.float32(measured.level)))


def test_a_noisy_amplifier_is_not_a_stepping_one():
    measured = measure_overscan(digitised(np.random.default_rng(2), 1500.0, 17.0), amplifier())
    assert measured.step > 2.0
    assert measured.method == "AVERAGE"


@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.float64])
def test_other_number_types_give_the_same(dtype):
    raw = digitised(np.random.default_rng(3), 150.3, 3.0)
    expected = measure_overscan(raw, amplifier())
    measured = measure_overscan(raw.astype(dtype), amplifier())
    assert (measured.level, measured.read_noise) == (expected.level, expected.read_noise)


def test_numbers_that_are_none_are_left_out():
    raw = digitised(np.random.default_rng(3), 150.3, 3.0).astype(np.float32)
    raw[::50, 3] = np.nan
    raw[1::50, 5] = np.inf
    measured = measure_overscan(raw, amplifier())
    assert measured.level == pytest.approx(150.3, abs=0.05)
    assert measured.read_noise == pytest.approx(3.0, rel=0.015)


def test_too_few_pixels_are_unknown_with_a_reason():
    measured = measure_overscan(np.zeros((1024, 2), dtype=np.uint16), amplifier(1024, 2))
    assert math.isnan(measured.level)
    assert math.isnan(measured.read_noise)
    assert "1024 x 2" in measured.reason


@pytest.mark.parametrize("nothing", [np.nan, np.inf])
@pytest.mark.parametrize("every", [1, 2])
def test_an_overscan_without_values_is_unknown_with_a_reason(nothing, every):
    raw = digitised(np.random.default_rng(3), 150.3, 3.0).astype(np.float32)
    raw[:, ::every] = nothing
    measured = measure_overscan(raw, amplifier())
    assert math.isnan(measured.level)
    assert math.isnan(measured.read_noise)
    assert np.isnan(measured.row_levels).all()
    assert measured.reason == f"{65536 // every} of 65536 pixels in the overscan of amplifier A have no value"


def test_a_section_outside_the_image_is_refused():
    with pytest.raises(ValueError, match="outside the raw image"):
        measure_overscan(np.zeros((100, 64), dtype=np.uint16), amplifier(1024, 64))
