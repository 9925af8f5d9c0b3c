"""The focal plane of DECam: names, numbers, places, backplanes and selections."""

from __future__ import annotations

import itertools

import pytest

from qltui.instruments.base import get_instrument
from qltui.instruments.decam.detectors import known_faults, parse_faults
from qltui.instruments.decam.layout import CAMERAS, CCDS, GROUPS, HALVES, PLACES, PRESETS, ROWS
from qltui.instruments.errors import InvalidFileError
from qltui.quality.limits_file import load_limits


def test_rows_are_those_of_the_focal_plane() -> None:
    assert [len(row) for row in ROWS] == [3, 4, 5, 6, 6, 7, 7, 6, 6, 5, 4, 3]
    assert ROWS[0] == ("S29", "S30", "S31")
    assert ROWS[5] == tuple(f"S{number}" for number in range(1, 8))
    assert ROWS[6] == tuple(f"N{number}" for number in range(1, 8))
    assert ROWS[-1] == ("N29", "N30", "N31")


@pytest.mark.parametrize(
    ("name", "number"),
    [("S29", 1), ("S25", 4), ("S20", 8), ("S14", 13), ("S8", 19), ("S1", 25), ("S4", 28), ("S7", 31), ("N1", 32),
     ("N4", 35), ("N8", 39), ("N14", 45), ("N20", 51), ("N25", 56), ("N30", 61), ("N31", 62)],
)  # fmt: skip
def test_numbers_are_ccdnum(name: str, number: int) -> None:
    assert CCDS[name].number == number


def test_places_agree_with_the_reference_pixels_of_real_headers() -> None:
    # CRPIX1 is 2151 for S4 and -103 for N4: the axis lies beside them, in pixels of the trimmed CCD.
    for name, crpix in (("S4", 2151.0), ("N4", -103.0)):
        assert 1024.0 + PLACES[name][1] / 0.015 == pytest.approx(crpix, abs=1.0)
    assert PLACES["S4"][0] == 0.0


def test_no_two_ccds_overlap_and_the_picture_is_symmetric() -> None:
    assert len(CCDS) == len(set(PLACES.values())) == 62
    for one, other in itertools.combinations(PLACES.values(), 2):
        assert abs(one[0] - other[0]) >= 61.4 or abs(one[1] - other[1]) >= 30.7
    assert {(-x, -y) for x, y in PLACES.values()} == {(x + 0.0, y + 0.0) for x, y in PLACES.values()}


def test_every_ccd_is_on_one_backplane() -> None:
    planes = GROUPS["backplane"]
    assert {name: len(ccds) for name, ccds in planes.items()} == {"BKP1": 18, "BKP3": 18, "BKP4": 8, "BKP5": 18}
    assert sorted(itertools.chain(*planes.values())) == sorted(CCDS)
    assert CCDS["S29"].backplane == "BKP3"
    assert CCDS["N4"].backplane == "BKP4"


def test_selections_hold_ccds_and_halves_complement_each_other() -> None:
    for name, ccds in PRESETS.items():
        assert len(set(ccds)) == len(ccds) > 0, name
        assert set(ccds) <= set(CCDS), name
    assert len(PRESETS["Core"]) == 10
    assert {CCDS[name].backplane for name in PRESETS["Core"]} == set(GROUPS["backplane"])
    assert sorted(itertools.chain(*HALVES)) == sorted(CCDS)
    assert {len(half) for half in HALVES} == {31}
    assert {name[0] for name in HALVES[0]} == {"N", "S"}


def test_the_instrument_is_complete() -> None:
    instrument = get_instrument("decam")
    assert instrument.cameras == CAMERAS
    assert len({camera.name for camera in CAMERAS}) == 62
    assert [step.name for step in instrument.steps_of("SCIENCE", "S4")] == ["DETREND", "SOURCES", "QA"]
    assert [step.name for step in instrument.steps_of("ZERO", "S4")] == ["DETREND"]
    assert [step.name for step in instrument.steps_of("SCIENCE", "FIELD")] == ["CONSOLIDATE"]
    steps = {step.name for step in instrument.steps}
    for metric in instrument.metrics:
        assert metric.step in steps
        assert all(sentence.endswith(".") for sentence in (metric.definition, metric.meaning, metric.action))
    judged = {limit.metric for limit in load_limits(instrument).limits}
    names = {metric.name for metric in instrument.metrics}
    # What has no limit is never green, and no CCD whose numbers are not all judged.
    assert names == judged


def test_seeing_alarms_after_three_in_a_row_and_saturation_at_once() -> None:
    rows: dict[str, set[int]] = {}
    for limit in load_limits(get_instrument("decam")).limits:
        rows.setdefault(limit.metric, set()).add(limit.in_a_row)
    patient = {metric for metric, numbers in rows.items() if numbers == {3}}
    assert patient == {"FWHM", "SEEING_ZENITH"}
    # Focus, which waiting does not help, is told at once.
    assert rows["FIELD_FWHM"] == {1, 3}
    assert {metric for metric, numbers in rows.items() if numbers == {1}} == set(rows) - patient - {"FIELD_FWHM"}


def test_known_faults_are_dated() -> None:
    assert known_faults("N30", 20121106) == ()
    (dead,) = known_faults("N30", 20121107)
    assert (dead.kind, dead.amplifier) == ("dead", "")
    assert known_faults("N30", 20260101) == (dead,)
    assert known_faults("S30", 20130831) == ()
    assert known_faults("S30", 20150101) != ()
    assert known_faults("S30", 20170101) == ()
    (unstable,) = known_faults("S7", 20130831)
    assert (unstable.kind, unstable.amplifier) == ("unstable", "A")


def test_dead_ccds_are_not_expected(tmp_path) -> None:
    instrument = get_instrument("decam")
    assert instrument.dead_cameras(20121001) == {}
    assert list(instrument.dead_cameras(20200101)) == ["N30"]
    assert instrument.dead_cameras(20150101)["S30"].startswith("S30 is known to be dead since 20131130: not read")
    (tmp_path / "detectors.toml").write_text("fault = 3")
    assert list(instrument.dead_cameras(20200101, str(tmp_path))) == ["N30"]
    assert get_instrument("desi").dead_cameras(20200101) == {}


def test_a_site_has_faults_of_its_own(tmp_path) -> None:
    (tmp_path / "detectors.toml").write_text('[[fault]]\nccd = "S4"\nkind = "dead"\nfirst = 20200101\n')
    assert [fault.ccd for fault in known_faults("S4", 20200101, tmp_path)] == ["S4"]
    assert known_faults("S4", 20191231, tmp_path) == ()
    assert known_faults("N30", 20200101, tmp_path) != ()


@pytest.mark.parametrize(
    "text",
    ["fault = 3", "[[fault]]\nccd = 'S99'\nkind = 'dead'", "[[fault]]\nccd = 'S4'\nkind = 'odd'", "[[fault]",
     "[[fault]]\nccd = 'S4'\nkind = 'dead'\nfirst = 'x'", "[[fault]]\nccd = 'S4'\nkind = 'dead'\nwhat = 1",
     "[[fault]]\nccd = 'S4'\nkind = 'dead'\nfirst = 5"],
)  # fmt: skip
def test_a_list_of_faults_is_checked(text: str) -> None:
    with pytest.raises(InvalidFileError, match=r"list\.toml"):
        parse_faults(text, "list.toml")
