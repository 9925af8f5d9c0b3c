from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from ccd_images import exposed, make_scene

from qltui.reduction.cosmics import find_cosmics
from qltui.reduction.masks import BAD, COSMIC

FACTORS = (0.758221, 0.771945, 0.570183, 0.592199)


def tracks(shape, n, rng):
    """Charge of `n` straight tracks of different lengths and of points, spread a little before it is collected."""
    charge = np.zeros(shape)
    ny, nx = shape
    for _ in range(n):
        length = rng.exponential(5.0)
        y, x, angle = rng.uniform(0, ny), rng.uniform(0, nx), rng.uniform(0, np.pi)
        along = np.arange(0.0, length + 0.1, 0.1)
        each = rng.lognormal(5.8, 0.5) * max(length, 1.0) / along.size
        for t in along:
            row, column = y + t * np.sin(angle) + rng.normal(0, 0.25), x + t * np.cos(angle) + rng.normal(0, 0.25)
            if 0 <= row < ny - 1 and 0 <= column < nx - 1:
                charge[round(row), round(column)] += each
    return charge


def flagged_by(scene, charge, seed):
    ccd = exposed(scene.image + charge, seed=seed)
    return ccd, find_cosmics(ccd, arm_factors=FACTORS)


@pytest.mark.parametrize("kind", ["sky", "arc"])
def test_completeness_and_clean_pixels(kind):
    hit = found = false = pixels = 0
    for seed in range(4):
        scene = make_scene(kind, seed=seed, phase=0.25 * seed)
        charge = tracks(scene.image.shape, 12, np.random.default_rng(seed))
        ccd, _ = flagged_by(scene, charge, seed)
        flagged = (ccd.mask & COSMIC) > 0
        sigma = np.sqrt(scene.image + 9.0)
        strong = charge > 10 * sigma
        strong[:4] = strong[-4:] = False
        hit += strong.sum()
        found += (strong & flagged).sum()
        false += (flagged & (charge < sigma)).sum()
        pixels += charge.size
    assert found / hit > 0.9
    assert false / pixels < 2e-4


def test_hits_on_top_of_bright_spectra_are_found():
    hit = found = 0
    for seed in range(3):
        scene = make_scene("sky", level=600.0, peak=0.0, seed=seed)
        charge = tracks(scene.image.shape, 60, np.random.default_rng(seed))
        ccd, _ = flagged_by(scene, charge, seed)
        strong = (charge > 10 * np.sqrt(scene.image + 9.0)) & (scene.image > 60.0)
        strong[:4] = strong[-4:] = False
        hit += strong.sum()
        found += (strong & ((ccd.mask & COSMIC) > 0)).sum()
    assert hit > 200
    assert found / hit > 0.9


@pytest.mark.parametrize("kind", ["sky", "arc", "flat"])
@pytest.mark.parametrize("sigma", [1.0, 1.13])
def test_nothing_that_the_optics_make_is_flagged(kind, sigma):
    flagged = 0
    for seed in range(4):
        scene = make_scene(kind, sigma=sigma, line_sigma=sigma, peak=3e4, seed=seed, phase=0.2 * seed)
        ccd, counts = flagged_by(scene, 0.0, seed)
        flagged += int((ccd.mask > 0).sum())
        assert counts.pixels.sum() == (ccd.mask > 0).sum()
    assert flagged / (4 * 80000) < 2e-5  # a tenth of what is allowed


@pytest.mark.parametrize(("dy", "dx"), [(0, 1), (1, 0), (1, 1), (1, -1)])
def test_a_straight_track_is_found_from_end_to_end(dy, dx):
    ccd = exposed(np.zeros((200, 200)))
    for k in range(30):
        ccd.image[80 + k * dy, 100 + k * dx] += 300.0
    counts = find_cosmics(ccd, arm_factors=FACTORS)
    assert all(ccd.mask[80 + k * dy, 100 + k * dx] == COSMIC for k in range(30))
    assert counts.hits.sum() <= 2  # one group; a track over two amplifiers counts once in each at most
    assert counts.pixels.sum() < 36


def test_hits_are_counted_where_they_are():
    ccd = exposed(np.zeros((200, 200)))
    places = [(20, 20), (30, 60), (40, 150), (120, 30), (160, 120), (150, 180), (190, 140)]
    for y, x in places:
        ccd.image[y, x : x + 2] += 500.0
    counts = find_cosmics(ccd, arm_factors=FACTORS)
    assert counts.hits.tolist() == [2, 1, 1, 3]
    assert (counts.pixels >= 2 * counts.hits).all()


def test_other_bits_are_kept_and_masked_pixels_are_not_hits():
    ccd = exposed(np.zeros((100, 100)))
    ccd.image[50, 20] = 5000.0
    ccd.mask[50, 20] = BAD
    ccd.image[20, 20] = 5000.0
    find_cosmics(ccd, arm_factors=FACTORS)
    assert ccd.mask[50, 20] == BAD
    assert ccd.mask[20, 20] == COSMIC
    assert set(np.unique(ccd.mask)) == {0, BAD, COSMIC}


def test_an_amplifier_without_noise_is_not_searched():
    ccd = exposed(np.zeros((100, 100)))
    ccd.image[20, 20] = ccd.image[20, 80] = 5000.0
    noise = ccd.read_noise.copy()
    noise[0] = np.nan
    counts = find_cosmics(dataclasses.replace(ccd, read_noise=noise), arm_factors=FACTORS)
    assert counts.hits.tolist() == [0, 1, 0, 0]


def test_a_noisy_amplifier_is_not_full_of_cosmic_rays():
    ccd = exposed(np.zeros((200, 200)), scale=(1.0, 10.0, 1.0, 1.0))
    assert find_cosmics(ccd, arm_factors=FACTORS).pixels.sum() == 0


@pytest.mark.parametrize("shape", [(6, 200), (200, 4), (9, 5)])
def test_small_images_do_no_harm(shape):
    ccd = exposed(np.zeros(shape), noise=False)
    ccd.image[shape[0] // 2, shape[1] // 2] = 1e4
    assert find_cosmics(ccd, arm_factors=FACTORS).pixels.sum() <= shape[0] * shape[1]


def test_four_factors_are_needed():
    with pytest.raises(ValueError, match="not 4"):
        find_cosmics(exposed(np.zeros((20, 20))), arm_factors=(0.7, 0.7))
