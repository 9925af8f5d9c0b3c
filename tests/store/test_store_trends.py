"""Values over time: order, limits of the time, the newest run of an exposure, and medians of good ones."""

from __future__ import annotations

import math
import statistics

import pytest

from qltui.model import Status, StepReport, Trigger
from qltui.store.codec import exposure_time


@pytest.fixture
def season(store, make_exposure, make_judgement, reduce):
    """Three nights of three exposures, two cameras: the value tells which."""
    for night in (20191001, 20191002, 20191003):
        for index in range(3):
            exposure = make_exposure(3500 + index, night=night, program="DARK" if index else "BRIGHT")
            value = (night - 20191000) + index / 10
            reduce(exposure, {"b0": make_judgement(value, value + 5), "r0": make_judgement(value + 10)})
    return store


def test_a_trend_in_the_order_of_time(season):
    points = season.trend("NOISE_AMP", ("b0",), ("A",))
    assert [point.value for point in points] == [1.0, 1.1, 1.2, 2.0, 2.1, 2.2, 3.0, 3.1, 3.2]
    assert [point.time for point in points] == sorted(point.time for point in points)
    assert points[0].normal == (2.0, 4.0)
    assert points[0].warning == (-math.inf, 5.0)
    assert (points[0].obstype, points[0].program, points[1].program) == ("SCIENCE", "BRIGHT", "DARK")


def test_a_trend_of_chosen_nights_cameras_elements(season):
    assert [point.value for point in season.trend("NOISE_AMP", ("b0",), ("B",), night=20191002)] == [7.0, 7.1, 7.2]
    assert len(season.trend("NOISE_AMP")) == 27
    assert len(season.trend("NOISE_AMP", ("b0", "r0"), ("A",), nights=(20191002, 20191003))) == 12
    assert season.trend("NOISE_AMP", night=20200101) == season.trend("OTHER") == []
    assert season.trend("NOISE_AMP", instrument="decam") == season.trend("NOISE_AMP", obstypes=("ARC",)) == []
    middle = season.trend("NOISE_AMP", ("r0",))[4].time
    assert [point.value for point in season.trend("NOISE_AMP", ("r0",), since=middle, until=middle)] == [12.1]


def test_reduced_again_an_exposure_has_one_value(season, make_exposure, make_judgement, reduce):
    reduce(make_exposure(3500, program="BRIGHT"), {"b0": make_judgement(9.0)}, trigger=Trigger.REPROCESS)
    values = [point.value for point in season.trend("NOISE_AMP", ("b0",), ("A",), night=20191001)]
    assert values == [9.0, 1.1, 1.2]
    # The camera and the amplifier that were not done again keep theirs.
    assert [point.value for point in season.trend("NOISE_AMP", ("r0",), night=20191001)] == [11.0, 11.1, 11.2]


def test_history_is_of_good_and_earlier_exposures(season, make_exposure, make_judgement, reduce):
    now = exposure_time(make_exposure(3501, night=20191003))
    assert season.history("NOISE_AMP", "b0", "A", 3, now) == [3.0, 2.2, 2.1]
    assert statistics.median(season.history("NOISE_AMP", "b0", "A", 5, now)) == 2.1
    assert season.history("NOISE_AMP", "b0", "A", 100, now, programs=("BRIGHT",)) == [3.0, 2.0, 1.0]
    assert season.history("NOISE_AMP", "b0", "A", 100, now, obstypes=("ARC",)) == []
    assert season.history("NOISE_AMP", "b0", "C", 5) == []
    assert season.history("NOISE_AMP", "b0", "A", 2, instrument="decam") == []
    assert season.history("NOISE_AMP", "b0", "A", 2) == [3.2, 3.1]


def test_history_leaves_out_what_is_not_good(season, make_exposure, make_judgement, reduce):
    for index, (value, status) in enumerate([(99.0, Status.ALARM), (math.nan, Status.NORMAL), (4.0, Status.NORMAL)]):
        exposure = make_exposure(3600 + index, night=20191003)
        reduce(exposure, {"b0": make_judgement(value, status=status)})
    assert season.history("NOISE_AMP", "b0", "A", 2) == [4.0, 3.2]
    both = (Status.NORMAL, Status.ALARM)
    assert season.history("NOISE_AMP", "b0", "A", 2, statuses=both) == [4.0, 99.0]
    # Reduced again and found bad: the good value of the first run is no reference any more.
    bad = {"b0": make_judgement(70.0, status=Status.ALARM)}
    reduce(make_exposure(3602, night=20191003), bad, trigger=Trigger.REPROCESS)
    assert season.history("NOISE_AMP", "b0", "A", 1) == [3.2]
    season.set_flag(season.exposure_id("desi", 20191003, 3502), "junk", "ada", "dome closed")
    assert season.history("NOISE_AMP", "b0", "A", 1) == [3.1]
    season.set_flag(season.exposure_id("desi", 20191003, 3502), "", "ada")
    assert season.history("NOISE_AMP", "b0", "A", 1) == [3.2]


def test_two_exposures_of_one_time_are_two(store, make_exposure, make_judgement, reduce):
    for expid in (3500, 3501):
        reduce(make_exposure(expid, mjd=58757.9), {"b0": make_judgement(float(expid))})
    assert [point.value for point in store.trend("NOISE_AMP")] == [3500.0, 3501.0]
    assert store.history("NOISE_AMP", "b0", "A", 5) == [3501.0, 3500.0]


def test_a_season_in_pieces_keeps_its_extremes(season, make_exposure, make_judgement, reduce):
    reduce(
        make_exposure(3501, night=20191002),
        {"b0": make_judgement(77.0, status=Status.ALARM)},
        trigger=Trigger.REPROCESS,
    )
    (whole,) = season.trend_bins("NOISE_AMP", "b0", "A", 1)
    points = season.trend("NOISE_AMP", ("b0",), ("A",))
    assert (whole.time, whole.until, whole.count, whole.outside) == (points[0].time, points[-1].time, 9, 1)
    # The first value of 3501 (2.1) was replaced by a later run, and counts in none of these.
    assert (whole.low, whole.high) == (1.0, 77.0)
    assert whole.mean == pytest.approx(statistics.mean(point.value for point in points), rel=1e-12)
    assert (whole.normal, whole.warning) == ((2.0, 4.0), (-math.inf, 5.0))
    pieces = season.trend_bins("NOISE_AMP", "b0", "A", 3)
    assert [(piece.count, piece.low, piece.high) for piece in pieces] == [(3, 1.0, 1.2), (3, 2.0, 77.0), (3, 3.0, 3.2)]
    assert sum(piece.count for piece in season.trend_bins("NOISE_AMP", "b0", "A")) == 9
    (night,) = season.trend_bins("NOISE_AMP", "b0", "A", 1, nights=(20191003, 20191003))
    assert (night.count, night.low) == (3, 3.0)
    for nothing in (("OTHER", "b0", "A"), ("NOISE_AMP", "b9", "A"), ("NOISE_AMP", "b0", "A", 0)):
        assert season.trend_bins(*nothing) == []
    assert season.trend_bins("NOISE_AMP", "b0", "A", nights=(20200101, 20200102)) == []


def test_pieces_of_what_has_no_value(store, make_exposure, make_judgement, reduce):
    reduce(make_exposure(), {"b0": make_judgement(math.nan)})
    (piece,) = store.trend_bins("NOISE_AMP", "b0", "A")
    assert (piece.count, piece.outside) == (1, 1)
    assert math.isnan(piece.low)
    assert math.isnan(piece.mean)


def test_pieces_of_two_exposures_of_one_time(store, make_exposure, make_judgement, reduce):
    for expid in (3500, 3501):
        reduce(make_exposure(expid, mjd=58757.9), {"b0": make_judgement(float(expid))})
    assert sum(piece.count for piece in store.trend_bins("NOISE_AMP", "b0", "A")) == 2


def test_a_run_that_is_cut_off_replaces_nothing(season, make_exposure, make_judgement):
    exposure = make_exposure(3500, program="BRIGHT")
    number = season.enqueue(season.add_exposure(exposure), Trigger.REPROCESS, "ada", ("b0",))
    season.start_process(number)
    season.start_job(number, "b0")
    season.finish_step(number, "b0", 1, StepReport("CHECK_CCDS", Status.NORMAL, 0.1), [make_judgement(9.0)])
    assert season.trend("NOISE_AMP", ("b0",), ("A",), night=20191001)[0].value == 9.0
    season.recover()
    assert [point.value for point in season.trend("NOISE_AMP", ("b0",), night=20191001)][:2] == [1.0, 6.0]


def test_a_rewritten_file_with_another_time_replaces_the_old_values(store, make_exposure, make_judgement, reduce):
    reduce(make_exposure(), {"b0": make_judgement(3.0)})
    reduce(make_exposure(mjd=58757.5, size=7), {"b0": make_judgement(4.0)})
    assert [point.value for point in store.trend("NOISE_AMP")] == [4.0]
    assert store.history("NOISE_AMP", "b0", "A", 5) == [4.0]
