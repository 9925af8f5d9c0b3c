"""Faults that cameras have in common because they share a piece of hardware."""

from __future__ import annotations

import dataclasses

import pytest
from test_quality_verdict import CAMERAS, DESI, bad, camera

from qltui.instruments.base import get_instrument
from qltui.model import Status
from qltui.quality.alarms import alarms_for
from qltui.quality.causes import find_causes, name_cameras
from qltui.quality.hardware import common_hardware, hardware_words
from qltui.quality.results import CameraResult

CRATES = {
    "one": tuple(f"{arm}{unit}" for arm in "br" for unit in range(3)),
    "two": ("z0", "z1", "z2", "z3", "z4"),
    "rest": tuple(name for name in CAMERAS if name[1] in "56789"),
}
INSTRUMENT = dataclasses.replace(DESI, groups={"crate": CRATES})


def noisy(name, value=25.1, status=Status.ALARM, which="C"):
    return camera(name, bad("NOISE_AMP", value, (1.6, 4.6), elements=tuple("ABCD"), which=which, status=status))


def causes(*special, instrument=INSTRUMENT):
    results = {name: camera(name) for name in CAMERAS} | {item.camera: item for item in special}
    return find_causes(instrument, results, CAMERAS)


def test_a_fault_of_one_crate_is_the_crate_s_and_another_camera_is_told_beside_it():
    found = causes(*(noisy(name, 20.0 + place) for place, name in enumerate(CRATES["one"])), noisy("z7"))
    assert [cause.words for cause in found] == [
        "crate one: 6 cameras, amplifier C  noise 22.50 > 4.60 e-",
        "z7 C  noise 25.10 > 4.60 e-",
    ]
    assert found[0].cameras == CRATES["one"]


def test_nearly_all_suffice_and_warnings_belong_to_it():
    five = [noisy(name) for name in CRATES["one"][:4]] + [noisy(CRATES["one"][4], 5.0, Status.WARNING)]
    (cause,) = causes(*five)
    assert cause.status is Status.ALARM
    assert cause.words.startswith("crate one: 5 cameras, amplifier C  noise")
    # Half of it is no fault of the crate.
    (half,) = causes(*five[:3])
    assert half.words.startswith("b0 b1 b2, amplifier C  noise")


def test_what_is_everywhere_or_in_an_arm_is_no_fault_of_a_crate():
    (everywhere,) = causes(*(noisy(name) for name in CAMERAS))
    assert everywhere.words.startswith("all C amplifiers  noise")
    (of_arm,) = causes(*(noisy(name) for name in CAMERAS if name[0] == "z"))
    assert of_arm.words.startswith("all z, amplifier C  noise")
    (mixed,) = causes(*(noisy(name, which="C" if name == "b0" else "A") for name in CAMERAS))
    assert mixed.words.startswith("all cameras  noise")


def test_an_instrument_without_groups_names_cameras_alone():
    (cause,) = causes(*(noisy(name, which="AB") for name in CRATES["one"]), instrument=DESI)
    assert cause.words == "6 cameras  noise 25.10 > 4.60 e-"


def test_cameras_that_are_missing_together_are_named_by_what_they_share():
    gone = [CameraResult(name, Status.MISSING, "not in the file") for name in (*CRATES["two"], "b9")]
    (cause,) = causes(*gone)
    assert cause.words == "crate two: 5 cameras, b9  not in the file"


def test_one_alarm_though_it_grew_from_one_camera_to_the_crate():
    first = causes(noisy("b0"))
    raised = {key for cause in first for key in cause.keys}
    assert len(alarms_for(first)) == 1
    assert alarms_for(causes(*(noisy(name) for name in CRATES["one"])), raised) == ()


def test_decam_tells_backplanes_of_its_ccds():
    decam = get_instrument("decam")
    present = tuple(item.name for item in decam.cameras)
    backplane = decam.groups["backplane"]["BKP3"]
    assert name_cameras(backplane, decam, present) == "backplane BKP3: 18 cameras"
    assert common_hardware(backplane[:15], decam, present) == backplane[:15]
    assert common_hardware(backplane[:14], decam, present) == ()
    south = tuple(name for name in present if name[0] == "S")
    assert name_cameras(south, decam, present) == "all S"
    assert common_hardware(south, decam, present) == ()
    both = (*backplane, *decam.groups["backplane"]["BKP4"], "S1")
    assert hardware_words(both, decam, present) == (["backplane BKP3: 18 cameras", "backplane BKP4: 8 cameras"], ["S1"])
    assert name_cameras((*south, "FIELD"), decam, present) == "all S FIELD"
    # With ten CCDs selected a backplane is what there is of it.
    core = decam.presets["Core"]
    own = tuple(name for name in core if name in backplane)
    assert len(own) < 3 or common_hardware(own, decam, core) == own


@pytest.mark.parametrize("count", [1, 2])
def test_two_cameras_are_named_and_not_their_crate(count):
    found = causes(*(noisy(name) for name in CRATES["two"][:count]))
    assert [cause.words.split()[0] for cause in found] == list(CRATES["two"][:count])
