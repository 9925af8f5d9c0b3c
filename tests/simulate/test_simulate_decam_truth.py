"""What is called true of a simulated CCD is what its pixels hold, measured here in other ways than by the simulator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qltui.instruments.decam.constants import BANDS, PIXEL_SCALE
from qltui.simulate.decam import SimulationRequest, simulate_exposure
from qltui.simulate.decam.ccd import psf_of, simulate_ccd
from qltui.simulate.decam.faults import Fault
from qltui.simulate.decam.field import STAR, Sources, paint_sources
from qltui.simulate.decam.hardware import sensitivity
from qltui.simulate.decam.mosaic import CCDS, FIELD_RADIUS, PLACES
from qltui.simulate.decam.paint import add_sources, bleed
from qltui.simulate.decam.psf import Psf, half_maximum
from qltui.simulate.decam.truth import ccd_sources, ccd_truth

QUIET = {"cosmics": False, "photon_noise": False, "variation": False, "bias_step": False}


def ccd_of(obstype="SCIENCE", name="S29", faults=(), **values):
    request = SimulationRequest(obstype, faults=tuple(Fault.parse(text) for text in faults), **values).complete()
    ccd = simulate_ccd(request, name)
    return request, ccd, ccd_truth(request, ccd)


def electrons(ccd):
    """The trimmed image of a CCD [e-], by the overscan's mean, and the amplifiers' true gain."""
    image = np.empty(ccd.expected.shape)
    for part, channel in zip(ccd.layout.amplifiers, ccd.channels, strict=True):
        level = ccd.raw[part.bias.slices].mean()
        image[part.ccd.slices] = (ccd.raw[part.data.slices] - level) * channel.gain
    return image


def field_of(monkeypatch, magnitude=15.6):
    """Let the field be 18 equal stars far apart, each at another place within its pixel; none for a NaN."""
    rng = np.random.default_rng(8)
    x, y = (np.ravel(c) for c in np.meshgrid([24.0, 64.0, 104.0], np.arange(28.0, 240.0, 40.0)))
    x, y = (x + rng.uniform(-0.5, 0.5, x.size), y + rng.uniform(-0.5, 0.5, x.size))
    x, y = (c if np.isfinite(magnitude) else c[:0] for c in (x, y))
    one = np.ones(x.size)
    sources = Sources(x, y, magnitude * one, np.zeros(x.size, dtype=np.int8), 0 * one, one, one)
    monkeypatch.setattr("qltui.simulate.decam.ccd.draw_sources", lambda *_: sources)


@pytest.mark.parametrize("kind", ["moffat", "gaussian"])
@pytest.mark.parametrize("seeing", [0.5, 1.0, 1.9])
def test_width_of_stars_at_half_maximum(monkeypatch, kind, seeing):
    """Values over distance of many stars are the profile that pixels see; where it is half its peak is the FWHM."""
    field_of(monkeypatch)
    _, ccd, truth = ccd_of(profile=kind, seeing=seeing, ellipticity=0.0, airmass=1.1, **QUIET)
    image = electrons(ccd) - truth["background_electrons"]
    rows, columns = np.indices(image.shape)
    r = np.min([np.hypot(rows - y, columns - x) for x, y in zip(ccd.sources.x, ccd.sources.y, strict=True)], axis=0)
    core = r < 0.3 * truth["fwhm"]
    peak = np.polyval(np.polyfit(r[core] ** 2, image[core], 2), 0.0)
    near = np.abs(r - 0.5 * truth["fwhm_pixel"]) < 0.15 * truth["fwhm"]
    half = np.polyval(np.polyfit(image[near], r[near], 2), 0.5 * peak)
    assert core.sum() > 15
    assert 2 * half == pytest.approx(truth["fwhm_pixel"], rel=0.003 if seeing > 0.5 else 0.006)
    assert truth["fwhm"] == pytest.approx(seeing / PIXEL_SCALE, rel=1e-4)
    assert truth["fwhm_pixel"] > truth["fwhm"]


def test_shape_of_stars_by_their_moments(monkeypatch):
    field_of(monkeypatch)
    _, ccd, truth = ccd_of(profile="gaussian", seeing=1.1, ellipticity=0.2, angle=35.0, airmass=1.1, **QUIET)
    image = electrons(ccd) - truth["background_electrons"]
    shapes = []
    for x, y in zip(ccd.sources.x, ccd.sources.y, strict=True):
        rows, columns = (np.arange(round(c) - 12, round(c) + 13) for c in (y, x))
        stamp = image[np.ix_(rows, columns)]
        dy, dx = rows[:, None] - y, columns - x
        shapes.append([(stamp * m).sum() / stamp.sum() for m in (dx * dx, dy * dy, dx * dy)])
    xx, yy, xy = np.median(shapes, axis=0)
    xx, yy = xx - 1 / 12, yy - 1 / 12  # the pixels' own
    root = np.hypot(0.5 * (xx - yy), xy)
    major, minor = np.sqrt(0.5 * (xx + yy) + root), np.sqrt(0.5 * (xx + yy) - root)
    assert 1 - minor / major == pytest.approx(0.2, abs=0.003)
    assert np.degrees(0.5 * np.arctan2(2 * xy, xx - yy)) == pytest.approx(35.0, abs=0.5)
    assert 2.3548 * np.sqrt(major * minor) == pytest.approx(truth["fwhm"], rel=0.003)
    assert truth["ellipticity"] == pytest.approx(0.2, abs=1e-4)
    assert truth["angle"] == pytest.approx(35.0, abs=0.02)
    assert truth["position_angle"] == pytest.approx(145.0, abs=0.02)


def test_flux_of_stars_is_that_of_the_zero_point(monkeypatch):
    field_of(monkeypatch, 15.0)
    _, ccd, truth = ccd_of(seeing=0.9, airmass=1.3, band="z", exptime=10.0, **QUIET)
    image = electrons(ccd) - truth["background_electrons"]
    band = BANDS["z"]
    sent = 10 ** (0.4 * (band.zero_point - band.extinction * 0.3 - 15.0)) * 10.0
    assert ccd.flux == pytest.approx(sent, rel=1e-6)
    rows, columns = np.indices(image.shape)
    found = [image[np.hypot(rows - y, columns - x) < 18].sum()
             for x, y in zip(ccd.sources.x, ccd.sources.y, strict=True)]  # fmt: skip
    assert np.median(found) / sent == pytest.approx(1.0, abs=0.004)  # 2e-3 lie outside 18 px


def test_sky_of_an_empty_field(monkeypatch):
    field_of(monkeypatch, np.nan)
    _, ccd, truth = ccd_of(band="r", sky=20.0, exptime=30.0, seed=5)
    rate = 10 ** (0.4 * (BANDS["r"].zero_point - 20.0)) * PIXEL_SCALE**2
    assert truth["sky_electrons"] == pytest.approx(rate * (1 + 0.01 * PLACES["S29"][1] / FIELD_RADIUS), rel=1e-4)
    assert truth["sky_magnitude"] == pytest.approx(20.0, abs=0.011)
    assert truth["sky_adu"] * 30 == pytest.approx(truth["background_adu"], rel=1e-6)
    image = electrons(ccd) / sensitivity("S29", ccd.layout)
    assert image[ccd.cosmic == 0].mean() == pytest.approx(truth["background_electrons"], rel=0.002)
    assert np.median(image) == pytest.approx(truth["background_electrons"], rel=0.002)


def test_clouds_and_moon(monkeypatch):
    field_of(monkeypatch, 15.0)
    _, clean, clear = ccd_of(exptime=10.0, **QUIET)
    _, dim, cloudy = ccd_of(exptime=10.0, faults=["clouds:1.5"], **QUIET)
    assert dim.flux.sum() / clean.flux.sum() == pytest.approx(10 ** (-0.6), rel=1e-6)
    assert cloudy["sky_electrons"] == clear["sky_electrons"]
    _, bright, moonlit = ccd_of(exptime=10.0, faults=["moon:6"], **QUIET)
    assert moonlit["sky_electrons"] / clear["sky_electrons"] == pytest.approx(6.0, rel=1e-4)
    assert bright.expected[0, 0] / clean.expected[0, 0] == pytest.approx(6.0, rel=0.01)


def test_bias_read_noise_and_step_of_a_zero():
    for name in ("S29", "N4"):
        stack = [ccd_of("ZERO", name, expnum=100 + number) for number in range(8)]
        part, channel = stack[0][1].layout.amplifiers[1], stack[0][1].channels[1]
        overscan = np.stack([ccd.raw[part.bias.slices].astype(float) for _, ccd, _ in stack])
        for level, (_, _, truth) in zip(overscan.mean(axis=(1, 2)), stack, strict=True):
            assert level == pytest.approx(truth["amplifiers"]["B"]["bias"], abs=0.15)
        noise = np.hypot(channel.read_noise / channel.gain, 12**-0.5)
        early = slice(134, 256) if name == "S29" else slice(0, 122)
        assert overscan[:, early].std(axis=(1, 2)).mean() == pytest.approx(noise, rel=0.02)
        # the first 134 rows that are read come before the focus chips are done: the last 122 after it
        south = name[0] == "S"
        late = overscan[:, :122] if south else overscan[:, 134:]
        first = overscan[:, 122:] if south else overscan[:, :134]
        assert late.mean() - first.mean() == pytest.approx(stack[0][1].step, abs=0.08)
        assert abs(stack[0][1].step) >= 1.0


def test_a_step_can_be_left_out():
    _, ccd, truth = ccd_of("ZERO", bias_step=False)
    assert ccd.step == truth["bias_step"] == 0.0
    assert truth["amplifiers"]["A"]["bias"] == truth["amplifiers"]["A"]["first_bias"]


def test_flat_and_sky_have_the_same_pixels():
    _, flat, truth = ccd_of("FLAT", cosmics=False, photon_noise=False)
    response = flat.expected / flat.expected.mean()
    assert response == pytest.approx(sensitivity("S29", flat.layout), abs=1e-3)
    assert 0.005 < response.std() < 0.02
    assert truth["background_adu"] == pytest.approx(1500.0, rel=0.06)


def test_a_small_field_has_enough_good_stars():
    for number, name in enumerate(CCDS[::12]):
        request, ccd, truth = ccd_of(name=name, expnum=500 + number, seeing=1.2)
        noise = np.sqrt(2.3 * (request.seeing / PIXEL_SCALE) ** 2 * (truth["background_electrons"] + 40))
        stars = ccd.sources.kind == STAR
        saturated = ccd.flux * 0.05 > min(channel.saturation * channel.gain for channel in ccd.channels)
        assert (stars & ~saturated & (ccd.flux > 20 * noise)).sum() >= 25


def test_saturated_stars_bleed_along_the_columns():
    image = np.full((41, 21), 100.0, dtype=np.float32)
    add_sources(image, np.array([10.0]), np.array([20.0]), np.array([5e6]), 0.1, 0.1, 0.0, False, True)
    before = image.astype(float).sum()
    full = bleed(image, np.full(21, 1e5, dtype=np.float32))
    assert image.max() == 1e5
    assert (image == 1e5).sum() == full > 20
    assert image.astype(float).sum() == pytest.approx(before, rel=1e-5)
    held = image >= 1e5
    assert held[:, 10].sum() > 2 * held[20].sum()
    assert np.flatnonzero(held[:, 10]).mean() == pytest.approx(20.0, abs=0.6)


def test_saturated_pixels_are_counted():
    for expnum in range(700, 730):
        _, ccd, truth = ccd_of(expnum=expnum, cosmics=False)
        if truth["saturated_fraction"] > 0:
            break
    counted = sum((ccd.raw[part.data.slices] == channel.saturation).sum()
                  for part, channel in zip(ccd.layout.amplifiers, ccd.channels, strict=True))  # fmt: skip
    assert counted == pytest.approx(truth["saturated_fraction"] * ccd.expected.size, abs=0.01)
    assert counted == pytest.approx(ccd.full_pixels, abs=4)  # a pixel may be full but for its noise
    assert counted > 5


def test_galaxies_are_wider_than_stars():
    psf = Psf(fwhm=4.0)
    _, ccd, _ = ccd_of(**QUIET)
    galaxy = int(np.flatnonzero(ccd.sources.kind != STAR)[0])
    one = {key: getattr(ccd.sources, key)[galaxy : galaxy + 1] for key in ccd.sources.__slots__}
    spread = []
    for kind in (0, 1):
        image = np.zeros((101, 101), dtype=np.float32)
        lone = replace(ccd.sources, **(one | {"x": np.array([50.0]), "y": np.array([50.0]),
                                              "kind": np.array([kind], dtype=np.int8)}))  # fmt: skip
        paint_sources(image, lone, np.array([1e5]), psf)
        assert image.sum() == pytest.approx(1e5, rel=0.01)
        spread.append((image > 0.5 * image.max()).sum())
    assert spread[1] > 1.2 * spread[0]


def test_half_maximum_of_known_shapes():
    assert half_maximum(Psf("gaussian", 4.0, 0.1, 30.0), pixel=False) == pytest.approx((4.0, 0.1, 30.0), abs=1e-3)
    wide, flat, _ = half_maximum(Psf("gaussian", 4.0, 0.1, 30.0), pixel=True)
    assert wide == pytest.approx(np.sqrt(4.0**2 + 8 * np.log(2) / 12), rel=2e-3)
    assert 0.095 < flat < 0.1
    trail = half_maximum(Psf(trail=6.0, trail_angle=20.0), pixel=True)
    assert trail[1] > 0.3
    assert trail[2] == pytest.approx(20.0, abs=0.5)
    assert half_maximum(Psf(donut=8.0), pixel=True)[0] > 16


def test_seeing_follows_airmass_and_wavelength():
    blue, red = (SimulationRequest("SCIENCE", band=band, airmass=1.2).complete().seeing for band in "gz")
    assert blue / red == pytest.approx((926.0 / 472.0) ** 0.2, rel=1e-3)
    low, high = (SimulationRequest("SCIENCE", airmass=airmass).complete().seeing for airmass in (1.0, 2.0))
    assert high / low == pytest.approx(2**0.6, rel=1e-3)
    request = SimulationRequest("SCIENCE", seeing=1.0).complete()
    assert psf_of(request, "S29").fwhm > psf_of(request, "N4").fwhm > 1.0 / PIXEL_SCALE


def test_the_same_request_gives_the_same_file(tmp_path):
    request = SimulationRequest("SCIENCE", 4, seed=3, ccds=("S29", "N4"), focus_chips=False)
    first = simulate_exposure(request, tmp_path / "one")
    second = simulate_exposure(request, tmp_path / "two", workers=2)
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.truth_path.read_bytes() == second.truth_path.read_bytes()
    assert first.sources_path.read_bytes() == second.sources_path.read_bytes()
    with np.load(first.sources_path) as stored:
        sources = stored["sources"]
    assert sorted(set(sources["ccdnum"])) == [1, 35]
    alone = ccd_sources(simulate_ccd(request.complete(), "N4"))
    assert np.array_equal(sources[sources["ccdnum"] == 35], alone)
    assert first.truth["ccds"]["N4"]["stars"] == (alone["kind"] == STAR).sum()


def test_seed_and_number_change_the_noise_and_not_the_hardware():
    ccds = [ccd_of("ZERO", expnum=number, seed=seed)[1] for number, seed in ((1, 1), (2, 1), (1, 2))]
    assert len({ccd.raw.tobytes() for ccd in ccds}) == 3
    assert len({tuple((c.nominal_bias, c.gain, c.saturation) for c in ccd.channels) for ccd in ccds}) == 1


@pytest.mark.slow
def test_a_full_ccd_holds_what_its_truth_says():
    _, ccd, truth = ccd_of("SCIENCE", "N4", size="full", cosmics=False)
    assert ccd.raw.shape == (4146, 2160)
    for part, channel in zip(ccd.layout.amplifiers, ccd.channels, strict=True):
        overscan = ccd.raw[part.bias.slices].astype(float)
        amplifier = truth["amplifiers"][channel.name]
        assert overscan.mean() == pytest.approx(amplifier["bias"], abs=0.02)
        assert overscan[2098:].mean() - overscan[:2098].mean() == pytest.approx(ccd.step, abs=0.03)
        noise = overscan[:2098].std() * channel.gain
        assert noise == pytest.approx(np.hypot(channel.read_noise, channel.gain * 12**-0.5), rel=0.005)
    sky = np.median(electrons(ccd) / sensitivity("N4", ccd.layout))
    assert sky == pytest.approx(truth["background_electrons"], rel=0.005)  # faint sources are in the median
    assert 300 < truth["stars"] < 700
