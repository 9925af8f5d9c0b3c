"""Clean exposures are good, and each fault is told by the right metric of the right camera and amplifier."""

from __future__ import annotations

import pytest
from truth_observatory import Observatory, bad_metrics

from qltui.instruments.desi.files import inspect
from qltui.instruments.errors import IncompleteFileError
from qltui.model import Status
from qltui.simulate.exposure import simulate_exposure
from qltui.simulate.faults import parse_fault
from qltui.simulate.request import CAMERAS, SimulationRequest

ARMS = {arm: [camera for camera in CAMERAS if camera.startswith(arm)] for arm in "brz"}
SIX = ("b3", "b4", "r2", "r5", "z1", "z5")


def some(seed: int) -> tuple[str, ...]:
    """A camera of each arm; every fifth seed has others, which are calibrated then."""
    usual = (("b1", "r4", "z8"), ("b3", "r2", "z1"), ("b4", "r5", "z5"))
    return tuple(cameras[seed % 10] for cameras in ARMS.values()) if seed % 5 == 0 else usual[seed % 3]


@pytest.mark.parametrize("seed", range(20))
def test_clean_exposures_are_good(observatory, seed):
    others = ("SKY", "ARC", "TWILIGHT", "FLAT", "ZERO", "DARK")
    shots = [("SCIENCE", ("DARK", "GRAY", "BRIGHT")[seed % 3])]
    shots += [(others[(2 * seed + k) % 6], "DARK") for k in range(2)]
    observatory.calibrate(some(seed))
    for obstype, program in shots:
        shot = observatory.expose(obstype, some(seed), seed=100 + seed, program=program)
        verdict, results = observatory.judge(shot)
        bad = {name: bad_metrics(result) for name, result in results.items() if result.status is not Status.NORMAL}
        assert verdict.status is Status.NORMAL, (obstype, program, bad)
        assert verdict.culprits == ()


def elements_of(result, metric, status=Status.ALARM) -> set[str]:
    """Elements of a metric that have this status."""
    for step in result.steps:
        for judgement in step.judgements:
            if judgement.metric == metric:
                named = zip(judgement.elements, judgement.statuses, strict=True)
                return {element for element, found in named if found is status}
    return set()


AMPLIFIER_FAULTS = [
    ("ZERO", "noisy_amplifier:b3:C:25", "NOISE_AMP", "b3", "C"),
    ("SCIENCE", "noisy_amplifier:z5:B:9", "NOISE_AMP", "z5", "B"),
    ("FLAT", "noisy_amplifier:r5:A:12", "NOISE_AMP", "r5", "A"),
    ("ZERO", "dead_amplifier:r2:A", "NOISE_AMP", "r2", "A"),
    ("SCIENCE", "dead_amplifier:b4:D:1200", "NOISE_AMP", "b4", "D"),
    ("SCIENCE", "dead_amplifier:z1:B", "BIAS_AMP", "z1", "B"),
    ("ZERO", "bias_jump:b3:A:100", "BIAS_AMP", "b3", "A"),
    ("SCIENCE", "bias_jump:r5:D:-150", "BIAS_AMP", "r5", "D"),
    ("ARC", "bias_jump:z1:C:100", "BIAS_AMP", "z1", "C"),
]


@pytest.mark.parametrize(("obstype", "fault", "metric", "camera", "amplifier"), AMPLIFIER_FAULTS)
def test_faults_of_an_amplifier(observatory, obstype, fault, metric, camera, amplifier):
    verdict, results = observatory.judge(observatory.expose(obstype, SIX, faults=[fault], seed=31))
    assert elements_of(results[camera], metric) == {amplifier}
    others = {name: bad_metrics(results[name]) for name in SIX if name != camera}
    assert all(results[name].status is Status.NORMAL for name in others), others
    assert (verdict.status, verdict.good) == (Status.ALARM, 5)
    assert verdict.culprits[0][1].startswith(f"{camera} {amplifier}  "), verdict.culprits


CAMERA_FAULTS = [
    ("SCIENCE", "trace_dx:r5:1.5", "XYSHIFTS", "r5", {"dx"}, "traces dx +1.50 > +0.20 px"),
    ("ARC", "trace_dx:b3:-0.6", "XYSHIFTS", "b3", {"dx"}, "traces dx -0.60 < -0.21 px"),
    ("FLAT", "trace_dx:z1:1.2", "XYSHIFTS", "z1", {"dx"}, "traces dx +1.20 > +0.60 px"),
    ("SCIENCE", "trace_dy:b4:0.8", "XYSHIFTS", "b4", {"dy"}, "traces dy +0.80 > +0.20 px"),
    ("SCIENCE", "trace_dy:z5:-1.6", "XYSHIFTS", "z5", {"dy"}, "traces dy -1.60 < -0.20 px"),
    ("ARC", "trace_dy:r2:0.8", "XYSHIFTS", "r2", {"dy"}, "traces dy +0.80 > +0.21 px"),
    ("SCIENCE", "dead_fibers:z1:5", "NGOODFIB", "z1", {""}, "15 of 20 fibres good"),
    ("ARC", "dead_fibers:b4:3", "NGOODFIB", "b4", {""}, "17 of 20 fibres good"),
    ("FLAT", "dead_fibers:r5:1", "NGOODFIB", "r5", {""}, "19 of 20 fibres good"),
]


@pytest.mark.parametrize(("obstype", "fault", "metric", "camera", "elements", "words"), CAMERA_FAULTS)
def test_faults_of_a_camera(observatory, obstype, fault, metric, camera, elements, words):
    verdict, results = observatory.judge(observatory.expose(obstype, SIX, faults=[fault], seed=32))
    assert elements_of(results[camera], metric) == elements
    others = {name: bad_metrics(results[name]) for name in SIX if name != camera}
    assert all(results[name].status is Status.NORMAL for name in others), others
    assert verdict.status is Status.ALARM
    status, line = verdict.culprits[0]
    assert status is Status.ALARM
    # The last digit of a measured shift may differ by its error.
    got, wanted = line.split(), [camera, *words.split()]
    assert [word for word in got if not word.startswith(("+", "-"))][: len(wanted) - 2 * words.count("px")] == [
        word for word in wanted if not word.startswith(("+", "-"))
    ]


@pytest.mark.parametrize(("lamp", "arms"), [("HgI", {"b"}), ("CdI", {"b"}), ("NeI", {"r"}), ("ArI", {"z"})])
def test_a_lamp_that_is_out(observatory, lamp, arms):
    _, results = observatory.judge(observatory.expose("ARC", SIX, faults=[f"broken_lamp:{lamp}:0.02"], seed=33))
    for name, result in results.items():
        alarmed = elements_of(result, "CHECKARC") == {""}
        assert alarmed or name[0] not in arms, (name, bad_metrics(result))
        if alarmed:
            assert f"no light of {lamp}" in bad_metrics(result)["CHECKARC"]
        else:
            assert result.status is Status.NORMAL, (name, bad_metrics(result))


@pytest.mark.parametrize(("obstype", "metric"), [("ARC", "CHECKARC"), ("FLAT", "LITFRAC_AMP")])
def test_all_lamps_out(observatory, obstype, metric):
    verdict, results = observatory.judge(observatory.expose(obstype, SIX, faults=["broken_lamp:all:0.0"], seed=34))
    assert verdict.good == 0
    assert verdict.status in (Status.ALARM, Status.UNKNOWN)
    for result in results.values():
        assert metric in bad_metrics(result), bad_metrics(result)


@pytest.mark.parametrize("place", ["moon", "twilight"])
def test_a_bright_sky_is_one_line(observatory, place):
    verdict, results = observatory.judge(observatory.expose("SCIENCE", SIX, faults=[f"bright_sky:{place}:8"], seed=35))
    assert all(elements_of(result, "SKYCONT") == {""} for result in results.values())
    lines = [line for _, line in verdict.culprits if line.startswith("all cameras  sky ")]
    assert len(lines) == 1, verdict.culprits
    assert not any(elements_of(result, "NOISE_AMP") or elements_of(result, "XYSHIFTS") for result in results.values())


def test_clouds_take_light_from_the_targets(observatory):
    verdict, results = observatory.judge(observatory.expose("SCIENCE", SIX, faults=["clouds:2.5"], seed=36))
    for name, result in results.items():
        assert elements_of(result, "DELTAMAG_TGT") | elements_of(result, "FIDSNR_TGT"), name
        assert set(bad_metrics(result)) <= {"DELTAMAG_TGT", "FIDSNR_TGT"}, bad_metrics(result)
    assert verdict.status is Status.ALARM


def test_a_missing_camera(observatory):
    verdict, _ = observatory.judge(observatory.expose("SCIENCE", SIX, faults=["missing_camera:r2"], seed=37))
    assert (verdict.status, verdict.good) == (Status.MISSING, 5)
    assert verdict.culprits == ((Status.MISSING, "r2  not in the file"),)


def test_a_missing_fibermap_leaves_the_rest(observatory):
    verdict, results = observatory.judge(observatory.expose("SCIENCE", SIX, faults=["missing_fibermap"], seed=38))
    assert verdict.status is Status.NOT_CHECKED
    assert len(verdict.culprits) == 1
    for result in results.values():
        assert set(bad_metrics(result)) == {"DELTAMAG_TGT", "FIDSNR_TGT"}, bad_metrics(result)


def test_a_truncated_file_is_incomplete(observatory, tmp_path):
    request = SimulationRequest("SCIENCE", 1, cameras=("b0", "r0"), faults=(parse_fault("truncated_file:0.6"),))
    made = simulate_exposure(request, tmp_path)
    with pytest.raises(IncompleteFileError):
        inspect(made.path)


def test_without_calibrations_the_detectors_are_judged(observatory):
    shot = observatory.expose("SCIENCE", ("b0",), seed=39)
    report, result = Observatory(observatory.root, calib=observatory.root / "nothing").reduce(shot, "b0")
    assert [step.status for step in report.steps] == [Status.NORMAL] * 3
    assert result.status is Status.NOT_CHECKED
    bad = bad_metrics(result)
    assert set(bad) == {"XWSIGMA", "NGOODFIB", "XYSHIFTS", "PEAKCOUNT", "SKYCONT", "FIDSNR_TGT", "DELTAMAG_TGT"}
    assert all("calibration directory" in text for text in bad.values()), bad


def test_exposures_of_a_night_use_its_calibrations(observatory):
    shot = observatory.expose("SCIENCE", ("r0",), seed=40)
    report, _ = observatory.reduce(shot, "r0")
    assert report.calibrations["fiberflat"] == observatory.night["r0"]["fiberflat"]
    assert report.calibrations["biaslevels"] == observatory.night["r0"]["biaslevels"]
    assert report.calibrations["traces"] == str(observatory.calib / "psf-r0.fits")
