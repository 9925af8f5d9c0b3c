"""Each fault does what it says, where it says, and nothing elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from qltui.simulate.camera import simulate_camera
from qltui.simulate.errors import SimulationError
from qltui.simulate.exposure import simulate_exposure
from qltui.simulate.faults import FAULTS, Fault, parse_fault
from qltui.simulate.request import SimulationRequest


def changed_amplifiers(clean, faulty):
    """Return the names of amplifiers whose quadrant of the raw image differs."""
    return "".join(
        part.name
        for part in clean.layout.amplifiers
        if not np.array_equal(clean.raw[part.raw.slices], faulty.raw[part.raw.slices])
    )


def overscan(camera, name):
    part = camera.layout.amplifiers["ABCD".index(name)]
    return camera.raw[part.bias.slices].astype(float)


def test_noisy_amplifier(camera_of):
    clean, faulty = camera_of(), camera_of(faults=["noisy_amplifier:b3:C:25"])
    assert changed_amplifiers(clean, faulty) == "C"
    channel = faulty.channels[2]
    assert overscan(faulty, "C").std() * channel.gain == pytest.approx(25.0, rel=0.05)
    assert faulty.amplifiers[2].read_noise == clean.amplifiers[2].read_noise  # the header knows nothing of it


def test_dead_amplifier(camera_of):
    clean, faulty = camera_of(), camera_of(faults=["dead_amplifier:b3:A:37"])
    assert changed_amplifiers(clean, faulty) == "A"
    assert np.unique(faulty.raw[faulty.layout.amplifiers[0].raw.slices]).tolist() == [37]


def test_bias_jump(camera_of):
    clean, faulty = camera_of(), camera_of(faults=["bias_jump:b3:B:-60"])
    assert changed_amplifiers(clean, faulty) == "B"
    assert (overscan(faulty, "B") - overscan(clean, "B")).mean() == pytest.approx(-60.0, abs=0.05)


def test_shift_along_the_columns_moves_the_pixels(camera_of):
    clean, faulty = camera_of("FLAT"), camera_of("FLAT", faults=["trace_dx:b3:2"])
    assert np.allclose(faulty.expected[:, 2:], clean.expected[:, :-2], rtol=1e-3, atol=0.01)
    assert camera_of("FLAT", faults=["trace_dx:b3:1.5"]).rows.x == pytest.approx(clean.rows.x + 1.5)
    assert np.array_equal(faulty.nominal.x, clean.nominal.x)
    assert np.array_equal(faulty.optics.y, clean.optics.y)


def test_shift_along_the_rows_moves_the_lines(camera_of):
    def centre(camera):
        rows = np.arange(round(nominal) - 7, round(nominal) + 8)
        line = camera.sky_flux[10, rows] / camera.throughput[10, rows] - between
        return (line * rows).sum() / line.sum()

    clean, faulty = camera_of(), camera_of(faults=["trace_dy:b3:-0.8"])
    nominal = clean.nominal.evaluate(clean.nominal.y, np.array([5578.90]))[10, 0]
    between = np.median(clean.pure_sky)
    assert centre(clean) == pytest.approx(nominal, abs=0.02)
    assert centre(faulty) - centre(clean) == pytest.approx(-0.8, abs=0.02)
    assert faulty.rows.x == pytest.approx(clean.rows.x, abs=0.01)


def test_dead_fibers(camera_of):
    clean, faulty = camera_of("FLAT"), camera_of("FLAT", faults=["dead_fibers:b3:4"])
    assert len(faulty.dead_fibers) == 4
    alive = np.setdiff1d(np.arange(20), faulty.dead_fibers)
    assert not faulty.lamp_flux[list(faulty.dead_fibers)].any()
    assert np.array_equal(faulty.lamp_flux[alive], clean.lamp_flux[alive])
    more = camera_of("FLAT", faults=["dead_fibers:b3:6"])
    assert set(faulty.dead_fibers) < set(more.dead_fibers)


@pytest.mark.parametrize("fault", ["trace_dx:b3:1.5", "dead_fibers:b3", "noisy_amplifier:b3:A", "bias_jump:b3:A"])
def test_other_cameras_are_left_alone(fault):
    for camera in ("b2", "r3"):
        faulty = simulate_camera(SimulationRequest("SCIENCE", 2, faults=(parse_fault(fault),)), camera)
        clean = simulate_camera(SimulationRequest("SCIENCE", 2), camera)
        assert np.array_equal(faulty.raw, clean.raw)


def test_broken_arc_lamp_takes_its_species_only(camera_of):
    clean = camera_of("ARC", "b3", cosmics=False)
    faulty = camera_of("ARC", "b3", ["broken_lamp:HgI:0"], cosmics=False)
    wave = clean.rows.wavelength[10]
    mercury, cadmium = np.argmin(np.abs(wave - 5462.27)), np.argmin(np.abs(wave - 5087.24))
    assert faulty.lamp_flux[10, mercury] < 0.05 * clean.lamp_flux[10, mercury]
    assert faulty.lamp_flux[10, cadmium] == pytest.approx(clean.lamp_flux[10, cadmium], rel=1e-3)


def test_faint_flat(camera_of):
    clean, faulty = camera_of("FLAT"), camera_of("FLAT", faults=["broken_lamp:all:0.05"])
    assert faulty.lamp_flux.sum() / clean.lamp_flux.sum() == pytest.approx(0.05, rel=1e-3)


@pytest.mark.parametrize("kind", ["moon", "twilight"])
def test_bright_sky(camera_of, kind):
    clean, faulty = camera_of(), camera_of(faults=[f"bright_sky:{kind}:6"])
    between = np.abs(clean.rows.wavelength[10] - 4550) < 100
    ratio = np.median(faulty.pure_sky[between] / clean.pure_sky[between])
    assert 5.0 < ratio < 8.0
    assert np.array_equal(faulty.object_flux, clean.object_flux)
    if kind == "twilight":
        spectrum = faulty.pure_sky / clean.pure_sky
        calcium = np.argmin(np.abs(clean.rows.wavelength[10] - 3934.8))
        assert spectrum[calcium] < 0.85 * ratio


def test_clouds_dim_the_targets(camera_of):
    clean, faulty = camera_of(), camera_of(faults=["clouds:2.5"])
    assert faulty.object_flux.sum() / clean.object_flux.sum() == pytest.approx(0.1, rel=1e-3)
    assert np.array_equal(faulty.sky_flux, clean.sky_flux)


def write(tmp_path, *faults, cameras=("b0", "b1")):
    parsed = tuple(parse_fault(text) for text in faults)
    return simulate_exposure(SimulationRequest("SCIENCE", 6, cameras=cameras, faults=parsed), tmp_path)


def test_missing_camera(tmp_path):
    exposure = write(tmp_path, "missing_camera:b1")
    with fits.open(exposure.path) as hdus:
        assert [hdu.name for hdu in hdus[2:]] == ["B0"]
    assert list(exposure.truth["cameras"]) == ["b0"]
    assert exposure.truth["faults"] == ["missing_camera:b1"]


def test_missing_fibermap(tmp_path):
    exposure = write(tmp_path, "missing_fibermap", cameras=("b0",))
    assert sorted(path.name for path in exposure.path.parent.iterdir()) == [
        "checksum-00000006.sha256sum",
        "desi-00000006.fits.fz",
    ]


def test_truncated_file(tmp_path):
    whole = write(tmp_path / "whole")
    cut = write(tmp_path / "cut", "truncated_file:0.7")
    content = whole.path.read_bytes()
    assert cut.path.read_bytes() == content[: int(0.7 * len(content))]
    assert not list(cut.path.parent.glob("checksum*"))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("noisy_amplifier:b3:C:25", Fault("noisy_amplifier", "b3", "C", 25.0)),
        ("noisy_amplifier:B3:c", Fault("noisy_amplifier", "b3", "C", 25.0)),
        ("trace_dx:r5:-1.5", Fault("trace_dx", "r5", "", -1.5)),
        ("clouds", Fault("clouds", "", "", 2.5)),
        ("bright_sky:moon", Fault("bright_sky", "moon", "", 8.0)),
        ("broken_lamp:HgI", Fault("broken_lamp", "HgI", "", 0.05)),
        ("missing_fibermap", Fault("missing_fibermap", "", "", 1.0)),
    ],
)
def test_faults_are_read(text, fault):
    assert parse_fault(text) == fault
    assert parse_fault(str(fault)) == fault


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("noise:b3", "noisy_amplifier"),
        ("noisy_amplifier:b3", "CAMERA:AMPLIFIER"),
        ("noisy_amplifier:b3:E:25", "b3:C"),
        ("trace_dx:q5:1", "q5"),
        ("trace_dx:b5:wide", "not a number"),
        ("trace_dx:b5:nan", "must lie between"),
        ("truncated_file:1.5", "must lie between"),
        ("broken_lamp:Hg", "HgI"),
        ("missing_camera:b1:3", "form"),
        ("", "no fault"),
    ],
)
def test_wrong_faults_say_what_would_be_right(text, words):
    with pytest.raises(SimulationError, match=words):
        parse_fault(text)


def test_faults_that_cannot_be_seen_are_refused():
    for obstype, text in (("ZERO", "trace_dx:b0"), ("SCIENCE", "broken_lamp:all"), ("FLAT", "broken_lamp:NeI")):
        with pytest.raises(SimulationError):
            SimulationRequest(obstype, 1, faults=(parse_fault(text),)).complete()


def test_every_kind_of_fault_has_its_words():
    for kind in FAULTS.values():
        assert kind.minimum <= kind.default <= kind.maximum
        assert bool(kind.size) == bool(kind.unit)
