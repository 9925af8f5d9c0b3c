"""Each fault of DECam does what it says, where it says, and nothing elsewhere; and the command that asks for it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from astropy.io import fits

from qltui import cli
from qltui.commands.exit_codes import ExitCode
from qltui.simulate.decam import SAMPLE_NIGHT, SimulationRequest, simulate_exposure
from qltui.simulate.decam.ccd import psf_of, simulate_ccd
from qltui.simulate.decam.faults import FAULTS, Fault
from qltui.simulate.decam.mosaic import BACKPLANES
from qltui.simulate.decam.night import night_requests, parse_plan
from qltui.simulate.decam.truth import ccd_truth
from qltui.simulate.errors import SimulationError


def faulty(*faults, obstype="SCIENCE", **values):
    return SimulationRequest(obstype, faults=tuple(Fault.parse(text) for text in faults), **values).complete()


def pair(name, *faults, obstype="SCIENCE", **values):
    """The same CCD without and with faults."""
    clean = SimulationRequest(obstype, **values).complete()
    return simulate_ccd(clean, name), simulate_ccd(faulty(*faults, obstype=obstype, **values), name)


def changed(clean, spoiled):
    """Names of amplifiers whose half of the raw image differs."""
    return "".join(
        part.name
        for part in clean.layout.amplifiers
        if not np.array_equal(clean.raw[part.raw.slices], spoiled.raw[part.raw.slices])
    )


@pytest.mark.parametrize("name", ["S29", "N4"])
@pytest.mark.parametrize("amp", ["A", "B"])
def test_faults_of_one_amplifier(name, amp):
    for text in (f"noisy_amplifier:{name}:{amp}:25", f"bias_jump:{name}:{amp}:80", f"dead_amplifier:{name}:{amp}:9"):
        clean, spoiled = pair(name, text)
        assert changed(clean, spoiled) == amp
        part, channel = (items["AB".index(amp)] for items in (clean.layout.amplifiers, spoiled.channels))
        overscan = spoiled.raw[part.bias.slices].astype(float)
        if text.startswith("noisy"):
            early = overscan[122:] if name[0] == "S" else overscan[:134]
            assert early.std() * channel.gain == pytest.approx(25.0, rel=0.05)
            assert channel.nominal_read_noise < 8  # the header knows nothing of it
        elif text.startswith("bias"):
            assert overscan.mean() - clean.raw[part.bias.slices].mean() == pytest.approx(80.0, abs=0.01)
        else:
            assert np.unique(spoiled.raw[part.raw.slices]).tolist() == [9]


def test_the_step_of_the_rows():
    clean, spoiled = pair("N4", "row_jump:N4:30", obstype="ZERO")
    assert changed(clean, spoiled) == "AB"
    rise = spoiled.raw.astype(float) - clean.raw
    assert rise[:134].mean() == pytest.approx(0.0, abs=1e-9)
    assert rise[134:].mean() == pytest.approx(30.0 - clean.step, abs=0.05)
    assert simulate_ccd(faulty("row_jump:N4:0", obstype="ZERO"), "N4").step == 0.0


def test_a_bad_backplane_is_all_its_ccds_and_no_other():
    request = faulty("bad_backplane:BKP4:20", obstype="ZERO")
    assert all(simulate_ccd(request, name).channels[0].read_noise == 20.0 for name in BACKPLANES["BKP4"])
    clean, spoiled = pair("S29", "bad_backplane:BKP4:20", obstype="ZERO")
    assert np.array_equal(clean.raw, spoiled.raw)


def test_faults_of_the_image_of_stars():
    plain = faulty()
    edge, middle = (psf_of(plain, name) for name in ("S29", "N4"))
    ring = faulty("focus_ring:0.8")
    assert psf_of(ring, "S29").fwhm - edge.fwhm > 2.0
    assert psf_of(ring, "N4").fwhm - middle.fwhm < 0.1
    trailed = faulty("guiding_trail:1.5")
    truth = ccd_truth(trailed, simulate_ccd(trailed, "N4"))
    assert truth["ellipticity"] > 0.15
    assert truth["fwhm"] > middle.fwhm
    difference = (truth["angle"] - psf_of(trailed, "N4").trail_angle + 90) % 180 - 90
    assert abs(difference) < 10
    out = faulty("defocus:2")
    assert ccd_truth(out, simulate_ccd(out, "N4"))["fwhm_arcsec"] > 3.5


def test_too_much_light_is_seen_in_the_first_frame():
    clean, spoiled = pair("S29", "over_illumination", obstype="TWILIGHT", band="Y")
    assert ccd_truth(faulty(obstype="TWILIGHT"), clean)["saturated_fraction"] == 0
    truth = ccd_truth(faulty("over_illumination", obstype="TWILIGHT"), spoiled)
    assert truth["saturated_fraction"] > 0.9


def write(tmp_path, *faults):
    request = faulty(*faults, ccds=("S29", "N4"), focus_chips=False)
    return simulate_exposure(request, tmp_path)


def test_missing_ccd(tmp_path):
    exposure = write(tmp_path, "missing_ccd:S29")
    with fits.open(exposure.path) as hdus:
        assert [hdu.name for hdu in hdus[1:]] == ["N4"]
    assert list(exposure.truth["ccds"]) == ["N4"]
    assert exposure.truth["faults"] == ["missing_ccd:S29"]


def test_truncated_file(tmp_path):
    whole = write(tmp_path / "whole")
    cut = write(tmp_path / "cut", "truncated_file:0.7")
    content = whole.path.read_bytes()
    assert cut.path.read_bytes() == content[: int(0.7 * len(content))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("noise:S29", "noisy_amplifier"),
        ("noisy_amplifier:S29", "CCD:AMPLIFIER"),
        ("noisy_amplifier:S29:C:25", "S29:A"),
        ("missing_ccd:S32", "S32"),
        ("bad_backplane:BKP2", "BKP5"),
        ("clouds:many", "not a number"),
        ("focus_ring:nan", "must lie between"),
    ],
)
def test_wrong_faults_say_what_would_be_right(text, words):
    with pytest.raises(SimulationError, match=words):
        Fault.parse(text)


def test_faults_are_read_and_written():
    for kind in FAULTS.values():
        assert kind.minimum <= kind.default <= kind.maximum
        assert bool(kind.size) == bool(kind.unit)
    for text in ("noisy_amplifier:S29:A:25", "missing_ccd:N4", "clouds:1.5", "bad_backplane:BKP1:20"):
        assert str(Fault.parse(text)) == text
    assert Fault.parse("row_jump:s29") == Fault("row_jump", "S29", "", 15.0)
    with pytest.raises(SimulationError, match="SCIENCE"):
        faulty("clouds", obstype="ZERO")


def test_a_night_is_in_order_and_within_the_night():
    plan = parse_plan(["ZERO", "FLAT/g", "TWILIGHT/z,over_illumination", "SCIENCE/z", "SCIENCE,clouds:2"], "i")
    template = SimulationRequest("ZERO", 50, 20131231, seeing=1.1)
    requests = night_requests(template, plan)
    assert [request.expnum for request in requests] == list(range(50, 55))
    assert [request.band for request in requests] == ["i", "g", "z", "z", "i"]
    for before, after in itertools.pairwise(requests):
        assert (after.date_obs - before.date_obs).total_seconds() > before.exptime
    assert requests[0].date_obs.isoformat().startswith("2013-12-31T19")
    assert requests[-1].date_obs.isoformat() < "2014-01-01T16"
    assert {request.seeing for request in requests} == {1.1}
    assert [str(fault) for fault in requests[4].faults] == ["clouds:2"]


def test_the_sample_night_has_all_kinds():
    assert {planned.obstype for planned in SAMPLE_NIGHT} == {"ZERO", "FLAT", "SCIENCE"}
    assert {planned.band for planned in SAMPLE_NIGHT if planned.obstype == "SCIENCE"} == {"g", "r", "z"}
    assert sum(bool(planned.faults) for planned in SAMPLE_NIGHT) == 1


def run(*words):
    return cli.main(["simulate", *map(str, words)])


def test_the_command_writes_an_exposure(tmp_path, capsys):
    words = ("--instrument", "decam", "--ccds", "n4,S29", "--no-focus-chips", "--obstype", "zero", "--archive-names")
    assert run(tmp_path, *words) == ExitCode.OK
    out, err = capsys.readouterr()
    assert out.strip() == str(tmp_path / "20130831" / "c4d_130831_190048_ori.fits.fz")
    assert "2/2 CCDs" in err


def test_the_command_writes_a_night(tmp_path, capsys):
    words = ("--instrument=decam", "--ccds", "N4", "--no-focus-chips", "--quiet", "--plan", "ZERO", "SCIENCE/z,moon:3")
    assert run(tmp_path, *words) == ExitCode.OK
    names = [path.rsplit("/", 1)[1] for path in capsys.readouterr().out.split()]
    assert names == ["DECam_00229388.fits.fz", "DECam_00229389.fits.fz"]
    assert len(list((tmp_path / "truth" / "20130831").iterdir())) == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--fault", "noise:S29"], "no fault is called"),
        (["--night", "20191341"], "not a date"),
        (["--seeing", "20"], "seeing"),
        (["--ccds", "S29,Q1"], "no CCD is called 'Q1'"),
        (["--plan", "SCIENCE", "--fault", "clouds"], "--plan"),
        (["--plan", "LUNCH"], "no obstype is called"),
    ],
)
def test_wrong_requests_name_cause_and_action(tmp_path, capsys, words, message):
    assert run(tmp_path / "out", "--instrument", "decam", *words) == ExitCode.USAGE
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_each_instrument_has_its_own_options(capsys):
    for words, line in (((), "--write-calib"), (("--instrument", "decam"), "--seeing")):
        with pytest.raises(SystemExit):
            run(*words, "--help")
        assert line in capsys.readouterr().out
    for words, message in ((("--instrument", "hsc", "x"), "invalid choice"), (("x", "--instrument"), "one argument")):
        with pytest.raises(SystemExit) as stop:
            run(*words)
        assert stop.value.code == ExitCode.USAGE
        assert message in capsys.readouterr().err
