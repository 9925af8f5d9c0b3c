"""A made-up season: what is planned, and what the record says afterwards."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from qltui.instruments.base import get_instrument
from qltui.model import CameraReport, Judgement, Measurement, Status, StepReport, Trigger
from qltui.season.fill import fill, headline_metrics
from qltui.season.plan import SeasonPlan, plan_night
from qltui.season.templates import spread
from qltui.season.values import camera_steps, judged, vary
from qltui.season.weather import Weather, cards, moon, next_hour
from qltui.store.record import Store
from qltui.store.views import CameraView, StepView
from qltui.store.whole import camera_rows

DESI = get_instrument("desi")
TYPES = ("ZERO", "ARC", "FLAT", "SCIENCE")


def test_a_night_has_calibrations_first_and_the_same_seed_gives_the_same():
    plan = SeasonPlan(10, 160, seed=5)
    night = list(plan_night(plan, DESI, TYPES, 4))
    assert night == list(plan_night(plan, DESI, TYPES, 4))
    assert night != list(plan_night(SeasonPlan(10, 160, seed=6), DESI, TYPES, 4))
    count = Counter(item.exposure.obstype for item in night)
    assert sum(count.values()) == 160
    assert count["SCIENCE"] > 120
    assert min(count[name] for name in TYPES) >= 5
    kinds = [item.exposure.obstype == "SCIENCE" for item in night]
    assert kinds == sorted(kinds)
    starts = [item.start for item in night]
    assert starts == sorted(starts)
    assert {item.exposure.night for item in night} == {20210518}
    last = night[-1].exposure
    assert {"SEEING", "HUMIDITY", "WINDSPD", "MOONFRAC"} <= set(last.header)
    assert 1.0 <= last.airmass <= 2.5


def test_numbers_of_exposures_go_on_from_night_to_night():
    plan = SeasonPlan(3, 20)
    numbers = [item.exposure.expid for night in range(3) for item in plan_night(plan, DESI, TYPES, night)]
    assert numbers == list(range(80_000, 80_060))


def test_weather_drifts_between_its_bounds_and_the_moon_waxes():
    rng, weather = random.Random(1), Weather()
    for hour in range(2000):
        weather = next_hour(weather, 1.0, 59000.0 + hour / 24.0, rng)
        assert 0.5 <= weather.seeing <= 4.0
        assert 0.0 <= weather.wind <= 25.0
    told = cards(DESI.conditions, weather, 1.2, 59100.0)
    assert told["AIRMASS"] == 1.2
    # Full moon on 2021-05-26 11:14 UT, new moon on 2021-06-10 10:53 UT.
    assert moon(59360.47)[0] > 0.98
    assert moon(59375.45)[0] < 0.02


def test_values_are_judged_by_their_ranges():
    assert judged(1.0, (1.0, 2.0), (0.0, 3.0)) is Status.NORMAL
    assert judged(2.5, (1.0, 2.0), (0.0, 3.0)) is Status.WARNING
    assert judged(3.5, (1.0, 2.0), (0.0, 3.0)) is Status.ALARM
    assert judged(float("nan"), (1.0, 2.0), (0.0, 3.0)) is Status.UNKNOWN
    assert judged(1.0, (float("nan"),) * 2, (float("nan"),) * 2) is Status.NOT_CHECKED
    assert spread(3.0, (1.0, 9.0)) == pytest.approx(2.0 / 6.0)
    assert spread(5.0, (float("-inf"), float("inf"))) == pytest.approx(0.1)


def test_a_good_value_scatters_inside_its_limits_and_a_bad_one_lies_outside():
    limits = {"normal": ((0.0, 6.0),), "warning": ((-1.0, 7.0),)}
    item = Judgement("X", ("",), (3.0,), (3.0,), statuses=(Status.NORMAL,), **limits)
    rng = random.Random(2)
    values = [vary(item, (0.5,), rng) for _ in range(300)]
    assert {value.status for value in values} == {Status.NORMAL}
    assert len({value.values for value in values}) == 300
    assert all(vary(item, (0.5,), rng, bad=True).status in (Status.WARNING, Status.ALARM) for _ in range(100))


def test_a_count_goes_bad_to_the_side_that_is_bad(moulds):
    limits = {"normal": ((480.0, 500.0),), "warning": ((450.0, 500.0),)}
    item = Judgement("N", ("",), (500.0,), (500.0,), statuses=(Status.NORMAL,), **limits)
    assert vary(item, (0.0,), random.Random(1), bad=True).values[0] < 480.0
    steps = camera_steps(moulds["SCIENCE"].cameras["b0"], random.Random(1), 0.0, bad=True)
    assert sum(not step.status.is_good for step in steps) == 1


def test_the_record_has_every_exposure_and_its_values(season):
    with Store.open(season / "qltui.db", read_only=True) as store:
        assert store.nights() == [20210516, 20210515, 20210514]
        rows = store.exposures(20210514, last_night=20210516)
        assert [row.exposure.expid for row in rows] == list(range(80_000, 80_048))
        good = [row for row in rows if row.status is Status.NORMAL]
        assert len(good) > 35
        brief = store.process_view(good[0].process)
        full = store.process_view(good[-1].process)
        assert brief.limit_set == full.limit_set != ""
        assert len(brief.cameras) == len(full.cameras) == 30
        assert [step.step for step in brief.cameras["b0"].steps] == ["CHECK_CCDS"]
        assert sum(len(item.judgements) for item in full.cameras["b0"].steps) > 3
        kept = {item.metric for step in brief.cameras["b0"].steps for item in step.judgements}
        assert kept <= headline_metrics(DESI)
        assert kept == {"NOISE_AMP"}
        points = store.trend("NOISE_AMP", ["b0"], ["A"], nights=(20210514, 20210516))
        assert len(points) == len([row for row in rows if row.state in ("done", "failed", "cancelled")])
        assert len(store.header_trend("OUTTEMP")) == 48
        assert store.engine().state == "stopped"
        assert any("is ready: NORMAL" in line.text for line in store.log_lines())


def test_a_season_is_not_written_over_another(season, moulds):
    with pytest.raises(FileExistsError, match="is there already"):
        fill(season / "qltui.db", DESI, moulds, SeasonPlan(1, 4))


def _view():
    good = Judgement(
        "NOISE_AMP", ("A", "B"), (3.0, 3.1), (3.0, 3.0), ((2, 4),) * 2, ((1, 5),) * 2, (Status.NORMAL,) * 2
    )
    steps = (StepView("CHECK_CCDS", Status.NORMAL, "", 0.5, 1010.0, (good,)), StepView("X", Status.FAILED, "no", 0.1))
    return CameraView("b3", Status.FAILED, "no", 1, 0.6, steps, {"bias": "/cal"}, 12)


def test_a_camera_written_at_once_reads_as_one_that_was_reported(tmp_path):
    """The short way into the record gives the same as the long one, and a later process replaces its values."""
    view = _view()
    with Store.open(tmp_path / "qltui.db") as store:
        exposure = next(plan_night(SeasonPlan(1, 4), DESI, TYPES, 0)).exposure
        number = store.add_exposure(exposure)
        first = store.enqueue(number, Trigger.NEW, "a", ["b3"])
        store.start_process(first)
        store.record_cameras(first, [camera_rows(view, 1010.0)])
        assert [point.value for point in store.trend("NOISE_AMP")] == [3.0, 3.1]
        second = store.enqueue(number, Trigger.REPROCESS, "a", ["b3"])
        store.start_process(second)
        store.start_job(second, "b3", now=1010.0)
        for step, end in zip(view.steps, (1010.5, 1010.6), strict=True):
            report = StepReport(
                step.step, Status.NORMAL, step.seconds, (Measurement("NOISE_AMP", (1.0,)),), step.reason
            )
            store.finish_step(second, "b3", 1, report, step.judgements, step.status, now=end)
        done = CameraReport("b3", 1, (), (), view.calibrations, 0.6, 12)
        store.finish_job(second, done, view.status, view.reason, now=1010.6)
        one, other = (store.process_view(process).cameras["b3"] for process in (first, second))
        assert one.steps[0].started == pytest.approx(other.steps[0].started)
        assert one.steps[0].judgements == other.steps[0].judgements == view.steps[0].judgements
        assert [(step.step, step.status, step.reason, step.seconds) for step in one.steps] == [
            (step.step, step.status, step.reason, step.seconds) for step in other.steps
        ]
        assert (one.status, one.reason, one.seconds, dict(one.calibrations), one.peak_memory) == (
            *(other.status, other.reason, other.seconds, dict(other.calibrations), other.peak_memory),
        )
        third = store.enqueue(number, Trigger.REPROCESS, "a", ["b3"])
        store.record_cameras(third, [camera_rows(view, 1020.0)])
        assert {point.process for point in store.trend("NOISE_AMP")} == {third}


def test_a_camera_that_still_runs_is_refused():
    with pytest.raises(ValueError, match="has not come to its end"):
        camera_rows(CameraView("b3", Status.RUNNING), 0.0)
