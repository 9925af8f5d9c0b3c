"""What is said to be true can be measured on the pixels, without the kernels that are tested with it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from astropy.io import fits

from qltui.instruments.desi.constants import CONTINUUM_WINDOWS, SKY_PEAK_LINES, WAVELENGTH_RANGE, ZERO_POINT
from qltui.reduction.lines import SKY_LINES, isolated
from qltui.simulate.camera import simulate_camera
from qltui.simulate.cosmics import cosmic_rays, expected_hits
from qltui.simulate.exposure import simulate_exposure
from qltui.simulate.geometry import SIZES, detector_layout
from qltui.simulate.light import _SPARSE_SKY
from qltui.simulate.optics import own_optics
from qltui.simulate.paint import add_lines, paint_fibers, poisson
from qltui.simulate.request import CAMERAS, SimulationRequest
from qltui.simulate.targets import BAND_MIDDLE, Targets, target_rate
from qltui.simulate.truth import sky_continuum


def quadrant(camera, name):
    """Return layout and channel of an amplifier."""
    index = "ABCD".index(name)
    return camera.layout.amplifiers[index], camera.channels[index]


@pytest.mark.parametrize("name", list("ABCD"))
def test_overscan_has_the_bias_and_the_noise_of_the_truth(camera_of, name):
    for camera in (camera_of("ZERO", f"{arm}5") for arm in "brz"):
        part, channel = quadrant(camera, name)
        pixels = camera.raw[part.raw.slices].astype(float)
        noise = np.hypot(channel.read_noise / channel.gain, 1 / np.sqrt(12))
        far = np.abs(pixels - channel.bias) > 6 * noise  # cosmic rays
        count = (~far).sum()
        assert pixels[~far].mean() == pytest.approx(channel.bias, abs=5 * noise / np.sqrt(count))
        assert pixels[~far].std() == pytest.approx(noise, rel=5 / np.sqrt(2 * count))
        assert far.mean() < 0.005


@pytest.mark.parametrize("obstype", ["SCIENCE", "FLAT", "ARC", "DARK"])
def test_electrons_of_pixels_and_truth_agree(camera_of, obstype):
    camera = camera_of(obstype, "r2", cosmics=False)
    for part, channel in zip(camera.layout.amplifiers, camera.channels, strict=True):
        electrons = (camera.raw[part.data.slices].astype(float) - channel.bias) * channel.gain
        expected = camera.expected[part.ccd.slices]
        sigma = np.sqrt(expected + channel.read_noise**2 + channel.gain**2 / 12)
        pull = (electrons - expected) / sigma
        assert abs(pull.mean()) < 5 / np.sqrt(pull.size)
        assert pull.std() == pytest.approx(1.0, abs=5 / np.sqrt(2 * pull.size) + 0.003)


def test_all_light_lands_on_the_detector(camera_of):
    camera = camera_of("SCIENCE", "z1", cosmics=False)
    light = (camera.sky_flux + camera.object_flux) * camera.rows.dispersion
    dark = camera.expected.size * 0.5 / 3600 * 1000
    assert camera.expected.sum(dtype=float) == pytest.approx(light.sum() + dark, rel=1e-5)


def test_without_noise_the_counts_are_the_expectation(camera_of):
    camera = camera_of("FLAT", "b1", cosmics=False, photon_noise=False, read_noise=False)
    part, channel = quadrant(camera, "D")
    counts = np.rint(camera.expected[part.ccd.slices] / channel.gain + channel.bias)
    assert np.abs(camera.raw[part.data.slices] - counts).max() <= 1  # single precision may round the other way
    assert (camera.raw[part.data.slices] == counts).mean() > 0.99


def test_poisson_numbers_have_the_right_moments():
    rng = np.random.default_rng(3)
    for mean in (0.05, 1.0, 7.0, 29.5, 30.5, 80.0, 5000.0):
        values = poisson(rng, np.full((1000, 400), mean, dtype=np.float32)).astype(float)
        error = np.sqrt(mean / values.size)
        assert values.mean() == pytest.approx(mean, abs=5 * error)
        spread = np.sqrt((2 + 1 / mean) / values.size)
        assert values.var() == pytest.approx(mean, rel=5 * spread + 0.005)
        assert (values == np.rint(values)).all()
        assert values.min() >= 0


@pytest.mark.parametrize("phase", [0.0, 0.25, 0.5, 0.9])
def test_profiles_are_gaussians_integrated_over_pixels(phase):
    from scipy.stats import norm

    rows = np.full((1, 3), 1000.0, dtype=np.float32)
    x, sigma = np.full((1, 3), 20.0 + phase), np.full((1, 3), 1.1)
    image = np.zeros((3, 41), dtype=np.float32)
    paint_fibers(image, rows, x, sigma)
    edges = np.arange(42) - 0.5
    true = 1000.0 * np.diff(norm.cdf(edges, 20.0 + phase, 1.1))
    assert np.allclose(image, true, atol=1e-3)
    spectrum = np.zeros((1, 41), dtype=np.float32)
    add_lines(spectrum, np.array([[20.0 + phase]]), np.array([[1000.0]]), np.full((1, 41), 1.1))
    assert np.allclose(spectrum[0], true, atol=2e-2)


@pytest.mark.parametrize("size", ["mini", "full"])
@pytest.mark.parametrize("arm", ["b", "r", "z"])
def test_optics(size, arm):
    layout = detector_layout(size, arm)
    optics = own_optics(SIZES[size], arm, CAMERAS.index(f"{arm}6"), layout)
    rows = optics.rows()
    low, high = WAVELENGTH_RANGE[arm]
    assert (rows.wavelength[:, 0] < low).all()
    assert (rows.wavelength[:, -1] > high).all()
    assert (rows.dispersion > 0).all()
    assert optics.wavemin < rows.wavelength.min()
    assert rows.wavelength.max() < optics.wavemax
    assert rows.x.min() > 8
    assert rows.x.max() < layout.nx - 9
    assert np.diff(rows.x, axis=0).min() > 7.0
    back = np.array([optics.evaluate(optics.y, wave)[fiber] for fiber, wave in enumerate(rows.wavelength[:5])])
    assert np.abs(back - np.arange(layout.ny)).max() < 1e-3
    per_bundle = SIZES[size].fibers // SIZES[size].bundles
    middle = np.diff(rows.x[:, layout.ny // 2])
    assert np.delete(middle, np.s_[per_bundle - 1 :: per_bundle]) == pytest.approx(7.26, abs=0.1)
    assert middle[per_bundle - 1 :: per_bundle] == pytest.approx(17.6, abs=0.2)
    for lines in (CONTINUUM_WINDOWS[arm], (SKY_PEAK_LINES[arm],)):
        y = optics.evaluate(optics.y, np.ravel(lines))
        assert y.min() > 3
        assert y.max() < layout.ny - 4


def test_real_traces_can_be_used(shared_data, tmp_path):
    (tmp_path / "psf-z0.fits").write_bytes((shared_data / "desi" / "psf-z0.fits").read_bytes())
    from qltui.simulate.camera import nominal_optics

    optics = nominal_optics(SimulationRequest("ARC", 1, size="full"), "z0", tmp_path)
    rows = optics.rows()
    assert rows.x[0, 2000] == pytest.approx(135, abs=3)
    assert rows.ysigma.mean() == pytest.approx(1.28, abs=0.05)


def test_sky_of_a_clean_exposure(camera_of):
    for program in ("DARK", "GRAY", "BRIGHT"):
        for arm in "brz":
            camera = camera_of("SCIENCE", f"{arm}2", program=program, variation=False)
            assert sky_continuum(camera) == pytest.approx(190.0, abs=12.0)


def test_mini_sky_has_lines_that_stand_alone():
    for low, high in WAVELENGTH_RANGE.values():
        shining = _SPARSE_SKY.within(low, high)
        assert np.diff(shining.wavelength).min() >= 28.0
        alone = isolated(SKY_LINES.within(low, high).stronger_than(0.05), 5.5, 1.1).wavelength
        assert np.isin(alone, shining.wavelength).sum() >= max(1, len(alone) - 2)


def test_a_source_has_the_rate_of_the_zero_point():
    targets = Targets(np.array(["MWS"]), np.array([[1.0, 1.0, 1.0]]), np.zeros(1), np.ones(1))
    for arm, middle in BAND_MIDDLE.items():
        wave = np.linspace(middle - 20, middle + 20, 5)[None, :]
        rate = target_rate(targets, arm, wave, 1.0)[0, 2]
        assert rate == pytest.approx(10 ** (-0.4 * (22.5 - ZERO_POINT[arm])), rel=0.01)


def test_flat_and_science_share_the_throughput(camera_of):
    flat, science = camera_of("FLAT", "r7"), camera_of("SCIENCE", "r7", seed=99)
    assert np.array_equal(flat.throughput, science.throughput)
    assert flat.throughput.mean() == pytest.approx(1.0, abs=1e-4)
    assert 0.02 < flat.throughput.mean(axis=1).std() < 0.08


def test_cosmic_rays_come_at_their_rate_and_are_sharp():
    rng = np.random.default_rng(5)
    for arm, low, high in (("b", 15, 31), ("r", 40, 80), ("z", 40, 80)):
        rate = expected_hits(arm, 2048 * 2048, 60.0 - 28.0)
        assert low < rate < high  # between the real rates and the limits at which an observatory warns
        image, hits = cosmic_rays((512, 512), arm, 3000.0, rng)
        expected = expected_hits(arm, 512 * 512, 3000.0)
        assert abs(hits - expected) < 5 * np.sqrt(expected)
        assert (image >= 0).all()
        assert np.median(image[image > 100]) > 150


def test_the_same_request_gives_the_same_file(tmp_path):
    request = SimulationRequest("SCIENCE", 4, seed=3, cameras=("b0", "r0"))
    first = simulate_exposure(request, tmp_path / "one")
    second = simulate_exposure(request, tmp_path / "two", workers=2)
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.truth_path.read_bytes() == second.truth_path.read_bytes()


def test_a_camera_does_not_depend_on_the_others(tmp_path):
    many = simulate_exposure(SimulationRequest("SCIENCE", 4, cameras=("z1", "b0", "r9")), tmp_path / "many")
    with fits.open(many.path) as hdus:
        alone = simulate_camera(SimulationRequest("SCIENCE", 4, cameras=("r9",)), "r9")
        assert np.array_equal(hdus["R9"].data, alone.raw)


def test_seed_and_number_change_the_noise_and_not_the_hardware(camera_of):
    cameras = [
        simulate_camera(SimulationRequest("ZERO", expid, seed=seed), "b0") for expid, seed in ((1, 1), (2, 1), (1, 2))
    ]
    assert len({camera.raw.tobytes() for camera in cameras}) == 3
    assert len({tuple(channel.nominal_bias for channel in camera.channels) for camera in cameras}) == 1
    assert len({tuple(channel.gain for channel in camera.channels) for camera in cameras}) == 1
    for camera in cameras:
        assert all(abs(channel.bias - channel.nominal_bias) <= 0.3 for channel in camera.channels)


def test_cosmics_off_leaves_everything_else(camera_of):
    with_hits, without = camera_of(camera="z3"), camera_of(camera="z3", cosmics=False)
    untouched = with_hits.cosmic == 0
    for part in with_hits.layout.amplifiers:
        same = with_hits.raw[part.data.slices] == without.raw[part.data.slices]
        assert same[untouched[part.ccd.slices]].all()
    assert with_hits.cosmic_hits > 5
    assert without.cosmic_hits == 0


def test_truth_counts_the_cosmic_pixels(science):
    for name, truth in science.truth["cameras"].items():
        assert truth["cosmic_hits"] > 0, name
        assert truth["cosmic_pixels"] > 0, name
    assert json.dumps(science.truth)


@pytest.mark.slow
def test_a_full_camera_holds_what_its_truth_says(camera_of):
    camera = camera_of("SCIENCE", "r0", size="full")
    assert camera.raw.shape == (4194, 4256)
    light = ((camera.sky_flux + camera.object_flux) * camera.rows.dispersion).sum(dtype=float)
    assert camera.expected.sum(dtype=float) == pytest.approx(light + camera.expected.size * 0.5 / 3600 * 1000, rel=1e-4)
    assert (camera.targets.classes == "SKY").sum() == 50
    for part, channel in zip(camera.layout.amplifiers, camera.channels, strict=True):
        noise = np.hypot(channel.read_noise / channel.gain, 1 / np.sqrt(12))
        assert np.median(np.abs(camera.raw[part.bias.slices] - channel.bias)) < noise
        untouched = camera.cosmic[part.ccd.slices] == 0
        electrons = (camera.raw[part.data.slices][untouched] - channel.bias) * channel.gain
        assert electrons.mean() == pytest.approx(camera.expected[part.ccd.slices][untouched].mean(), abs=0.02)
