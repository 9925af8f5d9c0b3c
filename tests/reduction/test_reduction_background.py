from __future__ import annotations

import numpy as np
import pytest
from star_fields import make_field

from qltui.reduction.background import measure_background, subtract_background
from qltui.reduction.masks import BAD


@pytest.mark.parametrize(("stars", "bright", "sky"), [(0, 0, 60.0), (200, 5, 60.0), (200, 5, 4000.0), (1000, 8, 400.0)])
def test_level_and_noise_under_stars(stars, bright, sky):
    field = make_field(stars=stars, galaxies=stars // 4, bright=bright, sky=sky, faintest=50.0)
    found = measure_background(field.image)
    assert found.level == pytest.approx(sky, rel=0.005)
    assert found.rms == pytest.approx(field.noise, rel=0.04)
    assert found.levels.shape == found.deviations.shape == (16, 16)


def test_gradient_is_followed_and_taken_off():
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:512, :700]
    truth = 300.0 + 0.1 * x - 0.05 * y
    image = (truth + rng.normal(0, 3, truth.shape)).astype(np.float32)
    found = measure_background(image)
    left = subtract_background(image, found)
    centres = found.levels[:8, :10] - truth[31::64, 31::64][:8, :10]
    assert np.abs(centres[1:-1, 1:-1]).max() < 1.0
    smooth = left[64:-64, 64:-124].reshape(6, 64, 8, 64).mean(axis=(1, 3))
    assert np.abs(smooth).max() < 0.5


def test_masked_pixels_do_not_count_and_become_zero():
    rng = np.random.default_rng(2)
    image = rng.normal(100, 2, (256, 256)).astype(np.float32)
    mask = np.zeros(image.shape, dtype=np.uint8)
    image[:, 40:100] = 5000.0
    mask[:, 40:100] = BAD
    found = measure_background(image, mask=mask)
    assert found.level == pytest.approx(100, rel=0.005)
    assert np.abs(found.levels - 100).max() < 1.0
    left = subtract_background(image, found, mask=mask)
    assert np.all(left[:, 40:100] == 0)
    assert abs(left[:, 100:].mean()) < 0.1
    kept = subtract_background(image, found, mask=mask, ignore=0xFF & ~BAD)
    assert kept[10, 50] > 4000
    assert subtract_background(image, found, out=image) is image


def test_small_boxes_use_every_row():
    image = np.random.default_rng(3).normal(50, 1, (128, 256)).astype(np.float32)
    found = measure_background(image, box=32)
    assert found.step == 1
    assert found.level == pytest.approx(50, rel=0.002)
    assert found.levels.shape == (4, 8)


@pytest.mark.parametrize("value", [0.0, 700.0])
def test_an_image_of_one_value_has_no_noise(value):
    found = measure_background(np.full((128, 128), value, dtype=np.float32))
    assert found.level == value
    assert found.rms == 0.0


def test_an_image_without_pixels_has_no_background():
    image = np.zeros((128, 128), dtype=np.float32)
    found = measure_background(image, mask=np.full(image.shape, BAD, dtype=np.uint8))
    assert np.isnan(found.level)
    assert "masked" in found.reason
    with pytest.raises(ValueError, match="masked"):
        subtract_background(image, found)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="smaller than a box"):
        measure_background(np.zeros((32, 128), dtype=np.float32))
    with pytest.raises(ValueError, match="mask is"):
        measure_background(np.zeros((128, 128), dtype=np.float32), mask=np.zeros((2, 2), dtype=np.uint8))
