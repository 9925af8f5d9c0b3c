from __future__ import annotations

import numpy as np
import pytest

from qltui.reduction.master import Channel, combine

CHANNELS = (Channel(0, 60, 1.5), Channel(60, 120, 2.0))
LEVELS = (1500.0, 2300.0)


def zeros(n, *, ny=80, seed=0, cosmics=0):
    """Return zeros with a fixed pattern, the levels of their overscans, and the pattern."""
    rng = np.random.default_rng(seed)
    pattern = 3.0 * np.sin(np.arange(120) / 9.0)[None, :] + np.zeros((ny, 1))
    frames, offsets = [], []
    for k in range(n):
        level = np.repeat(LEVELS, 60)[None, :] + 0.7 * k
        image = level + pattern + rng.normal(0, np.repeat([1.5, 2.0], 60), (ny, 120))
        image[rng.integers(0, ny, cosmics), rng.integers(0, 120, cosmics)] += 800.0
        frames.append(np.rint(image).astype(np.uint16))
        offsets.append(np.stack([np.full(ny, 1500.0 + 0.7 * k), np.full(ny, 2300.0 + 0.7 * k)]))
    return frames, offsets, pattern


@pytest.mark.parametrize("n", [3, 7, 20])
def test_bias_is_the_pattern_without_cosmic_rays(n):
    frames, offsets, pattern = zeros(n, cosmics=20)
    master = combine(frames, CHANNELS, offsets=offsets)
    wrong = (master.image - pattern) / np.repeat([1.5, 2.0], 60) * np.sqrt(n)
    assert np.abs(wrong).max() < 6
    assert wrong.std() == pytest.approx(1.0, rel=0.06)  # the mean loses no light and no frame
    assert master.number.min() >= n - 3
    assert master.clipped == pytest.approx(20 * n / (n * 9600), rel=0.2)
    assert master.frames == n


def test_one_frame_is_itself():
    frames, offsets, _ = zeros(1, cosmics=5)
    master = combine(frames, CHANNELS, offsets=offsets)
    assert master.image == pytest.approx(frames[0] - np.repeat(LEVELS, 60), abs=1e-3)
    assert np.all(master.number == 1)
    assert master.clipped == 0


def test_of_two_that_differ_the_lower_is_believed():
    frames, offsets, pattern = zeros(2, cosmics=20)
    master = combine(frames, CHANNELS, offsets=offsets)
    assert np.abs(master.image - pattern).max() < 12
    assert np.count_nonzero(master.number == 1) == pytest.approx(40, abs=3)
    assert np.count_nonzero(master.number == 2) > 9500


def test_a_pixel_that_all_frames_have_bright_is_kept():
    frames, offsets, _ = zeros(5)
    for frame in frames:
        frame[10, 10] += 5000
    master = combine(frames, CHANNELS, offsets=offsets)
    assert master.image[10, 10] == pytest.approx(5000, abs=5)
    assert master.number[10, 10] == 5


def test_flats_of_lamps_that_fade_give_the_sensitivity():
    rng = np.random.default_rng(4)
    truth = 1.0 + 0.05 * rng.standard_normal((64, 120))
    bias = rng.normal(0, 5, (64, 120)).astype(np.float32)
    light = [20000.0, 15000.0, 9000.0, 18000.0, 12000.0]
    frames = [
        np.rint(1000 + bias + rng.poisson(truth * each * 4.0) / 4.0 + rng.normal(0, 1.5, truth.shape)).astype(np.uint16)
        for each in light
    ]
    frames[2][5, 5] = 40000
    channels = (Channel(0, 60, 1.5, 4.0), Channel(60, 120, 1.5, 4.0))
    offsets = [np.full((2, 64), 1000.0)] * 5
    master = combine(frames, channels, offsets=offsets, bias=bias, scales=[1 / each for each in light])
    error = np.sqrt(np.mean([1 / (4.0 * each) for each in light]) / 5)
    assert (master.image - truth).std() == pytest.approx(error, rel=0.05)
    assert abs((master.image - truth).mean()) < 1e-4
    assert master.number[5, 5] == 4
    assert np.count_nonzero(master.number < 5) < 3


@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.float64])
def test_other_number_types_give_the_same(dtype):
    frames, offsets, _ = zeros(4, cosmics=5)
    expected = combine(frames, CHANNELS, offsets=offsets)
    found = combine([frame.astype(dtype) for frame in frames], CHANNELS, offsets=offsets)
    assert found.image == pytest.approx(expected.image, abs=1e-3)


def test_a_dead_amplifier_and_columns_of_none_are_left_out():
    frames, offsets, pattern = zeros(4)
    offsets[2][1, :] = np.nan
    master = combine(frames, (Channel(0, 50, 1.5), CHANNELS[1]), offsets=offsets)
    assert np.isnan(master.image[:, 50:]).all()
    assert np.all(master.number[:, 50:] == 0)
    assert np.abs(master.image[:, :50] - pattern[:, :50]).max() < 6


def test_what_does_not_fit_is_refused():
    frames, offsets, _ = zeros(2)
    with pytest.raises(ValueError, match="0 frames"):
        combine([], CHANNELS)
    with pytest.raises(ValueError, match="a frame is"):
        combine([frames[0], frames[1][:10]], CHANNELS)
    with pytest.raises(ValueError, match="does not fit"):
        combine(frames, [Channel(0, 500, 1.0)])
    with pytest.raises(ValueError, match="scale above 0"):
        combine(frames, CHANNELS, scales=[1.0, 0.0])
    with pytest.raises(ValueError, match="offsets are"):
        combine(frames, CHANNELS, offsets=offsets[:1])
    with pytest.raises(ValueError, match="another detector"):
        combine(frames, CHANNELS, bias=np.zeros((3, 3), dtype=np.float32))
