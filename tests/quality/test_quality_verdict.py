"""Verdicts: what may be green, one line for each cause, culprits by name, one alarm for each cause."""

from __future__ import annotations

import math

from qltui.instruments.base import get_instrument
from qltui.model import Exposure, Judgement, Measurement, Status, StepReport
from qltui.quality.alarms import alarms_for
from qltui.quality.causes import find_causes, name_cameras
from qltui.quality.limits_file import load_limits
from qltui.quality.results import CameraResult, StepResult
from qltui.quality.verdict import camera_result, exposure_verdict, judge_step

DESI = get_instrument("desi")
CAMERAS = tuple(camera.name for camera in DESI.cameras)
EXPOSURE = Exposure("desi", 20191001, 3579, "SCIENCE", "raw.fits.fz", program="DARK")
STEPS = tuple(step.name for step in DESI.steps_for("SCIENCE"))


def bad(metric, value, normal, *, elements=("",), which=("",), status=Status.ALARM, reference=math.nan, reason=""):
    """A judgement in which the elements `which` are bad."""
    middle = sum(bound for bound in normal if math.isfinite(bound)) / sum(map(math.isfinite, normal))
    return Judgement(
        metric,
        elements,
        tuple(value if element in which else middle for element in elements),
        (reference,) * len(elements),
        (normal,) * len(elements),
        ((-math.inf, math.inf),) * len(elements),
        tuple(status if element in which else Status.NORMAL for element in elements),
        reason,
    )


def camera(name, *judgements, steps=STEPS):
    """A camera in which these metrics are bad and all others good."""
    results = []
    for step in steps:
        own = tuple(item for item in judgements if DESI.metric(item.metric).step == step)
        status = max((item.status for item in own), key=lambda item: item.severity, default=Status.NORMAL)
        results.append(StepResult(step, status, "", own))
    return camera_result(name, results, STEPS)


def verdict(*special, expected=CAMERAS):
    cameras = {name: camera(name) for name in expected}
    cameras.update({item.camera: item for item in special})
    return exposure_verdict(DESI, EXPOSURE, cameras, expected)


def noisy(name, amplifier="C", status=Status.ALARM):
    return bad("NOISE_AMP", 25.1, (1.6, 4.6), elements=tuple("ABCD"), which=amplifier, status=status)


def words(result):
    return [text for _, text in result.culprits]


def test_all_good_is_the_only_way_to_be_normal():
    result = verdict()
    assert (result.status, result.headline, result.culprits) == (Status.NORMAL, "all 30 cameras good", ())
    assert (result.good, result.expected) == (30, 30)


def test_a_camera_that_is_not_finished_is_not_good():
    partial = camera("b3", steps=STEPS[:1])
    assert partial.status is Status.WAITING
    result = verdict(partial)
    assert result.status is Status.WAITING
    assert result.headline == "29 of 30 cameras good so far, 1 to come"
    assert exposure_verdict(DESI, EXPOSURE, {}, CAMERAS).status is Status.WAITING


def test_missing_failed_and_not_expected():
    missing = CameraResult("z8", Status.MISSING)
    result = verdict(missing)
    assert (result.status, words(result)) == (Status.MISSING, ["z8  not in the file"])
    assert result.headline == "29 of 30 cameras good"
    off = verdict(CameraResult("z8", Status.NOT_EXPECTED))
    assert (off.status, off.headline, off.culprits) == (Status.NORMAL, "all 29 cameras good", ())
    steps = (StepResult("CHECK_CCDS", Status.FAILED, "HDU R5 is cut off"), StepResult(STEPS[1], Status.CANCELLED))
    failed = verdict(camera_result("r5", steps, STEPS))
    assert failed.status is Status.FAILED
    assert words(failed)[0] == "r5  CHECK CCDS failed: HDU R5 is cut off"
    assert len(words(failed)) == 1
    assert exposure_verdict(DESI, EXPOSURE, {}, ()).status is Status.NOT_CHECKED
    everything_off = verdict(*(CameraResult(name, Status.NOT_EXPECTED) for name in CAMERAS))
    assert everything_off.status is Status.NOT_CHECKED


def test_no_recipe_is_not_good():
    other = Exposure("desi", 20191001, 1, "OTHER", "raw.fits.fz")
    result = exposure_verdict(DESI, other, {}, CAMERAS)
    assert result.status is Status.NOT_CHECKED
    assert "OTHER" in result.headline


def test_culprits_are_named_with_value_and_limit_worst_first():
    result = verdict(
        camera("b7", bad("XYSHIFTS", 0.25, (-0.2, 0.2), elements=("dx", "dy"), which=("dy",), status=Status.WARNING)),
        camera("r5", bad("XYSHIFTS", 1.5, (-0.2, 0.2), elements=("dx", "dy"), which=("dx",))),
        camera("z2", bad("NGOODFIB", 460, (497, math.inf), reference=500, reason="dark: 12, 40-45")),
        camera("b3", noisy("b3")),
    )
    assert result.status is Status.ALARM
    assert result.headline == "26 of 30 cameras good"
    assert words(result) == [
        "b3 C  noise 25.10 > 4.60 e-",
        "r5  traces dx +1.50 > +0.20 px",
        "z2  460 of 500 fibres good (dark: 12, 40-45)",
        "b7  traces dy +0.25 > +0.20 px",
    ]


def test_consequences_do_not_get_lines_of_their_own():
    lit = bad("LITFRAC_AMP", 0.9, (0.2, 0.6), elements=tuple("ABCD"), which="C")
    snr = bad("FIDSNR_TGT", 0.1, (0.3, math.inf), elements=("ELG", "LRG"), which=("ELG",))
    result = verdict(camera("b3", noisy("b3"), lit, snr))
    assert words(result) == ["b3 C  noise 25.10 > 4.60 e-; also LITFRAC_AMP FIDSNR_TGT"]
    elsewhere = bad("LITFRAC_AMP", 0.9, (0.2, 0.6), elements=tuple("ABCD"), which="A")
    assert len(words(verdict(camera("b3", noisy("b3"), elsewhere)))) == 2


def test_a_warning_never_hides_an_alarm():
    warning = noisy("b3", status=Status.WARNING)
    result = verdict(camera("b3", warning, bad("NGOODFIB", 250, (497, math.inf), reference=500)))
    assert [status for status, _ in result.culprits] == [Status.ALARM, Status.WARNING]


def test_the_sky_is_told_once_for_all_cameras():
    sky = [camera(name, bad("SKYCONT", 610 + i, (115, 265), reference=190)) for i, name in enumerate(CAMERAS)]
    assert words(verdict(*sky)) == ["all cameras  sky 624 > 265 e-/A"]
    blue = [item for item in sky if item.camera.startswith("b")]
    assert words(verdict(*blue)) == ["all b  sky 614 > 265 e-/A"]


def test_a_noisy_amplifier_does_not_hide_a_bright_sky():
    sky = {name: bad("SKYCONT", 610, (115, 265)) for name in CAMERAS}
    cameras = [camera(name, sky[name], *([noisy(name)] if name == "b3" else [])) for name in CAMERAS]
    lines = words(verdict(*cameras))
    assert lines == ["all cameras  sky 610 > 265 e-/A", "b3 C  noise 25.10 > 4.60 e-"]


def test_the_same_reason_is_told_once():
    def unchecked(name):
        reason = "no fibermap"
        metrics = ("FIDSNR_TGT", "DELTAMAG_TGT")
        measured = tuple(Measurement(m, (math.nan,), reason=reason, not_applicable=True) for m in metrics)
        report = StepReport("CHECK_SPECTRA", Status.NORMAL, 0.1, measured)
        judged = judge_step(report, DESI, EXPOSURE, name, load_limits(DESI))
        return camera_result(name, [*camera(name, steps=STEPS[:2]).steps, judged], STEPS)

    result = verdict(*(unchecked(name) for name in CAMERAS))
    assert result.status is Status.NOT_CHECKED
    assert result.good == 0
    assert words(result) == ["all cameras  FIDSNR_TGT DELTAMAG_TGT not checked: no fibermap"]


def test_a_step_without_measurements_is_not_checked():
    report = StepReport("CHECK_CCDS", Status.NORMAL, 0.1)
    assert judge_step(report, DESI, EXPOSURE, "b3", load_limits(DESI)).status is Status.NOT_CHECKED


def test_one_alarm_for_each_cause():
    cameras = {name: camera(name, bad("SKYCONT", 610, (115, 265))) for name in CAMERAS}
    cameras["b3"] = camera("b3", noisy("b3"), bad("SKYCONT", 610, (115, 265)))
    cameras["z8"] = CameraResult("z8", Status.MISSING)
    cameras["r1"] = camera(
        "r1", bad("XYSHIFTS", 0.25, (-0.2, 0.2), elements=("dx",), which="dx", status=Status.WARNING)
    )
    alarms = alarms_for(find_causes(DESI, cameras, CAMERAS))
    assert [alarm.status for alarm in alarms] == [Status.ALARM, Status.ALARM, Status.MISSING]
    assert alarms[0].cause == "28 cameras  sky 610 > 265 e-/A"
    assert alarms_for(find_causes(DESI, cameras, CAMERAS), {alarm.key for alarm in alarms}) == ()


def raised_while_cameras_arrive(special):
    keys: set[str] = set()
    for count in range(1, len(CAMERAS) + 1):
        causes = find_causes(DESI, {name: special[name] for name in CAMERAS[:count]}, CAMERAS)
        keys.update(alarm.key for alarm in alarms_for(causes, keys))
    return keys


def test_an_alarm_is_raised_once_while_cameras_arrive():
    sky = {name: camera(name, bad("SKYCONT", 610, (115, 265))) for name in CAMERAS}
    assert raised_while_cameras_arrive(sky) == {"SKYCONT"}
    noise = {name: camera(name, noisy(name)) for name in CAMERAS}
    first = {"NOISE_AMP:b0:C", "NOISE_AMP:b1:C"}
    assert raised_while_cameras_arrive(noise) == first


def test_cameras_in_words():
    assert name_cameras(["b3"], DESI, CAMERAS) == "b3"
    assert name_cameras(CAMERAS, DESI, CAMERAS) == "all cameras"
    assert name_cameras([*CAMERAS[:10], "r1"], DESI, CAMERAS) == "all b r1"
    assert name_cameras(["b1", "r1", "z1"], DESI, CAMERAS) == "b1 r1 z1"
    assert name_cameras(["b1", "b2", "b3", "b4", "b5"], DESI, CAMERAS) == "5 cameras"
