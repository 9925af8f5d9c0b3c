from __future__ import annotations

import numpy as np
import pytest
from ccd_images import amplifiers

from qltui.model import Amplifier, Section
from qltui.reduction.detector import assemble
from qltui.reduction.masks import BAD, FLAT_LOW, FLAT_ZERO, SATURATED
from qltui.reduction.overscan import measure_overscan

NY, NX = 80, 60
LEVELS = {"A": 1000.0, "B": 1500.5, "C": 1200.25, "D": 1900.0}


def raw_image(truth, amps, *, noise=2.0, seed=0):
    """Raw ADU of a truth in electrons; overscan on the right."""
    rng = np.random.default_rng(seed)
    raw = np.zeros((NY, NX + 80))
    for amp in amps:
        raw[amp.data.slices] = truth[amp.ccd.slices] / amp.gain + LEVELS[amp.name]
        raw[amp.bias.slices] = LEVELS[amp.name] + rng.normal(0, noise, amp.bias.shape)
    return np.rint(raw).astype(np.uint16)


def reduce(raw, amps, **calibrations):
    return assemble(raw, amps, [measure_overscan(raw, amp) for amp in amps], shape=(NY, NX), **calibrations)


@pytest.mark.parametrize("names", ["ABCD", "AB"])
def test_electrons_are_recovered_in_their_place(names):
    amps = amplifiers(NY, NX, names, gain=1.5)
    truth = np.add.outer(np.arange(NY) * 30.0, np.arange(NX) * 6.0)
    ccd = reduce(raw_image(truth, amps), amps)
    assert ccd.image.dtype == np.float32
    assert np.abs(ccd.image - truth).max() < 0.5 * 1.5 + 0.3  # rounding, and the level of 3,200 pixels
    assert not ccd.mask.any()
    assert ccd.read_noise == pytest.approx([3.0] * len(names), rel=0.06)


def test_data_sections_may_lie_anywhere_in_the_raw_image():
    amp = Amplifier("A", Section(5, 45, 7, 37), Section(5, 45, 50, 90), Section(0, 40, 0, 30), 2.0, 3.0, 65535.0)
    raw = np.rint(np.random.default_rng(0).normal(100, 2, (60, 100))).astype(np.int32)
    raw[5:45, 7:37] = 100 + np.arange(30)
    ccd = assemble(raw, [amp], [measure_overscan(raw, amp)], shape=(40, 30))
    assert np.abs(ccd.image - 2.0 * np.arange(30)).max() < 0.5


def test_pixels_of_no_amplifier_are_bad_and_dark():
    amps = amplifiers(NY, NX)[:3]
    ccd = reduce(raw_image(np.full((NY, NX), 50.0), amplifiers(NY, NX)), amps)
    assert (ccd.mask[40:, 30:] == BAD).all()
    assert not ccd.image[40:, 30:].any()
    assert not ccd.mask[:40].any()


@pytest.mark.parametrize("trimmed", [False, True])
def test_bias_image_is_subtracted_without_its_own_level(trimmed):
    amps = amplifiers(NY, NX)
    pattern = np.rint(np.random.default_rng(5).normal(0, 20, (NY, NX)))
    raw = raw_image(np.full((NY, NX), 300.0), amps).astype(np.int32)
    bias = np.full(raw.shape, 777.0, dtype=np.float32)
    for amp in amps:
        raw[amp.data.slices] += pattern[amp.ccd.slices].astype(np.int32)
        bias[amp.data.slices] += pattern[amp.ccd.slices]
    ccd = reduce(raw, amps, bias=pattern if trimmed else bias)
    assert np.abs(ccd.image - 300.0).max() < 1.1


def test_dark_and_flat_are_applied_in_that_order():
    amps = amplifiers(NY, NX)
    flat = np.full((NY, NX), 0.8)
    ccd = reduce(
        raw_image(np.full((NY, NX), 900.0), amps),
        amps,
        dark=np.full((NY, NX), 0.1),
        exposure_time=1000.0,
        pixel_flat=flat,
    )
    assert ccd.image == pytest.approx((900.0 - 100.0) / 0.8, abs=1.5)


def test_mask_bits_of_flat_saturation_and_bad_pixels():
    amps = tuple(
        Amplifier(a.name, a.data, a.bias, a.ccd, a.gain, a.read_noise, 40000.0) for a in amplifiers(NY, NX, gain=1.0)
    )
    truth = np.full((NY, NX), 100.0)
    truth[10, 11] = 40000.0 - LEVELS["A"]
    truth[10, 12] = 39998.0 - LEVELS["A"]
    flat = np.ones((NY, NX))
    flat[1, 1], flat[2, 2], flat[3, 3] = 0.0, 0.05, np.nan
    mask = np.zeros((NY, NX), dtype=np.int32)
    mask[4, 4] = 1 << 9  # any bit of the observatory's mask counts
    dark = np.zeros((NY, NX))
    dark[6, 6] = np.nan
    ccd = reduce(raw_image(truth, amps), amps, pixel_flat=flat, mask=mask, dark=dark, exposure_time=1.0)
    expected = np.zeros((NY, NX), dtype=np.uint8)
    expected[10, 11] = SATURATED
    expected[1, 1], expected[2, 2], expected[3, 3] = FLAT_ZERO, FLAT_LOW, FLAT_ZERO
    expected[4, 4] = BAD
    expected[6, 6] = BAD
    assert np.array_equal(ccd.mask, expected)
    assert list(ccd.saturated) == [1, 0, 0, 0]
    assert np.isfinite(ccd.image).all()


def test_lit_fraction_counts_pixels_above_five_read_noises():
    amps = amplifiers(NY, NX)
    truth = np.zeros((NY, NX))
    truth[:10, :30] = 100.0  # a quarter of amplifier A
    truth[40:, 30:] = 12.0  # 4 sigma in D: not lit
    ccd = reduce(raw_image(truth, amps), amps)
    assert ccd.lit_fraction == pytest.approx([0.25, 0.0, 0.0, 0.0])
    assert reduce(raw_image(truth, amps), amps, lit_threshold=3.0).lit_fraction[3] == 1.0


def test_neither_a_noisy_nor_a_dead_amplifier_looks_lit():
    amps = amplifiers(NY, NX)
    rng = np.random.default_rng(0)
    raw = raw_image(np.zeros((NY, NX)), amps).astype(np.int32)
    noisy, dead = amps[1], amps[2]
    for section in (noisy.data, noisy.bias):
        raw[section.slices] = np.rint(1500 + rng.normal(0, 17, section.shape))
    for section in (dead.data, dead.bias):
        raw[section.slices] = 1000
    ccd = reduce(raw, amps)
    assert ccd.lit_fraction[1] < 0.001
    assert ccd.lit_fraction[2] == 0.0
    assert ccd.read_noise[1] == pytest.approx(25.5, rel=0.06)
    assert ccd.read_noise[2] == 0.0
    assert (ccd.mask[dead.ccd.slices] == BAD).all()
    assert not ccd.mask[noisy.ccd.slices].any()


def test_variance_floor_is_that_of_the_amplifier():
    amps = amplifiers(NY, NX)
    ccd = reduce(raw_image(np.zeros((NY, NX)), amps), amps)
    band, floor = ccd.variance_floor()
    for k, amp in enumerate(amps):
        y, x = amp.ccd.y0 + 3, amp.ccd.x0 + 3
        assert floor[band[y], x] == pytest.approx(ccd.read_noise[k] ** 2)


@pytest.mark.parametrize("name", ["bias", "dark", "pixel_flat", "mask"])
def test_a_calibration_of_another_detector_is_refused(name):
    amps = amplifiers(NY, NX)
    with pytest.raises(ValueError, match="another detector"):
        reduce(raw_image(np.zeros((NY, NX)), amps), amps, **{name: np.ones((NY + 1, NX))})


def test_sections_that_do_not_fit_are_refused():
    good = amplifiers(NY, NX)[0]
    raw = raw_image(np.zeros((NY, NX)), amplifiers(NY, NX))
    scan = measure_overscan(raw, good)
    for data, ccd in [
        (Section(0, 40, 0, 30), Section(0, 40, 0, 31)),
        (Section(0, 400, 0, 30), Section(0, 400, 0, 30)),
        (Section(0, 40, 0, 30), Section(60, 100, 0, 30)),
        (Section(-1, 39, 0, 30), Section(0, 40, 0, 30)),
    ]:
        amp = Amplifier("A", data, good.bias, ccd, 1.5, 3.0, 65535.0)
        with pytest.raises(ValueError, match="amplifier A"):
            assemble(raw, [amp], [scan], shape=(NY, NX))
