"""The sums by night and field are what a count of the exposures themselves gives, whatever was written and how."""

from __future__ import annotations

import math
import random
from collections import defaultdict

import pytest

from qltui.model import Measurement, Status, StepReport, Trigger, Verdict
from qltui.store import survey
from qltui.store.history import NightWish, night_page
from qltui.store.survey_views import field_number, field_place
from qltui.store.wanted import Term

ALL = (19900101, 20991231)
SKY = ("SCIENCE",)


@pytest.fixture
def add(store, make_exposure):
    """Return a function that records an exposure and the end of a process."""

    def run(expid, status=Status.NORMAL, *, state="done", flag="", trigger=Trigger.NEW, **changes):
        changes.setdefault("tile", 100)
        changes.setdefault("ra", 150.0)
        changes.setdefault("dec", 31.0)
        changes.setdefault("program", "DARK")
        number = store.add_exposure(make_exposure(expid, **changes))
        process = store.enqueue(number, trigger, "x", ("b0",))
        if status is not None:
            store.start_process(process)
            store.finish_process(process, Verdict(status, "so"), state)
        if flag:
            store.set_flag(number, flag, "Ann")
        return number, process

    return run


def nights(store, first=ALL[0], last=ALL[1]):
    return store.ask(survey.night_summaries, "desi", (first, last))


def fields(store, span=ALL, **options):
    return store.ask(survey.field_summaries, "desi", span, SKY, **options)


def test_classes_come_from_verdict_and_flag_and_the_flag_decides(store, add):
    add(1, Status.NORMAL)
    add(2, Status.WARNING)
    add(3, Status.ALARM)
    add(4, Status.FAILED, state="failed")
    add(5, Status.MISSING)
    add(6, Status.UNKNOWN)
    add(7, None)
    add(8, Status.ALARM, flag="good")
    add(9, Status.NORMAL, flag="bad")
    add(10, Status.NORMAL, flag="junk")
    add(11, Status.NORMAL, flag="test")
    (row,) = nights(store)
    assert (row.night, row.obstype, row.program) == (20191001, "SCIENCE", "DARK")
    assert (row.good, row.warning, row.bad, row.open, row.test) == (2, 1, 5, 2, 1)
    assert (row.exposures, row.fields, row.seconds, row.usable_seconds) == (11, 1, 11000.0, 3000.0)
    (field,) = fields(store)
    assert (field.field, field.exposures, field.seconds, field.undetermined) == (100, 10, 3000.0, 3)


def test_a_flag_taken_back_and_a_reprocessing_count_at_once(store, add):
    number, _ = add(1, Status.ALARM, flag="good")
    assert nights(store)[0].good == 1
    store.set_flag(number, "", "Ann")
    assert nights(store)[0].bad == 1
    again = store.enqueue(number, Trigger.REPROCESS, "x", ("b0",))
    assert (nights(store)[0].bad, nights(store)[0].open) == (0, 1)
    store.start_process(again)
    store.finish_process(again, Verdict(Status.NORMAL, "well"))
    assert nights(store)[0].good == 1
    (item,) = store.ask(survey.field_exposures, "desi", ALL)
    assert (item.process, item.headline, item.kind, item.flag) == (again, "well", "good", "")


def test_an_older_process_that_ends_late_does_not_count(store, add):
    number, first = add(1, None)
    second = store.enqueue(number, Trigger.REPROCESS, "x", ("b0",))
    store.finish_process(second, Verdict(Status.NORMAL, "new"))
    store.finish_process(first, Verdict(Status.ALARM, "old"))
    assert nights(store)[0].good == 1


def test_a_rewritten_header_moves_an_exposure(store, add, make_exposure):
    add(1)
    store.add_exposure(make_exposure(1, tile=200, ra=10.0, dec=-5.0, program="BRIGHT", exptime=300.0, mtime_ns=5))
    (row,) = nights(store)
    assert (row.program, row.exposures, row.seconds) == ("BRIGHT", 1, 300.0)
    (field,) = fields(store)
    assert (field.field, field.ra, field.dec, field.program) == (200, 10.0, -5.0, "BRIGHT")


def test_what_is_deleted_is_in_no_sum(store, add):
    add(1)
    number, _ = add(2, Status.ALARM, tile=101)
    with store.transaction():
        store._database.sql("DELETE FROM exposure WHERE id = ?", (number,))
    assert [row.exposures for row in nights(store)] == [1]
    assert [row.field for row in fields(store)] == [100]
    process = store.process_numbers()[0]
    with store.transaction():
        store._database.sql("DELETE FROM process WHERE id = ?", (process,))
    assert (nights(store)[0].good, nights(store)[0].open) == (0, 1)


@pytest.mark.parametrize(
    ("ra", "dec"), [(0.0, 0.0), (359.994, 89.99), (-0.004, -90.0), (123.456, -45.678), (-150.0, 7.0)]
)
def test_a_field_without_tile_is_where_it_lies(store, add, ra, dec):
    add(1, tile=None, ra=ra, dec=dec)
    (field,) = fields(store)
    assert field.field == field_number(ra, dec)
    place = field_place(field.field)
    assert abs((place[0] - ra + 180) % 360 - 180) < 0.006
    assert abs(place[1] - dec) < 0.006
    assert field_place(100) is None


def test_no_pointing_is_no_field_but_an_exposure(store, add):
    add(1, tile=None, ra=None, dec=None)
    assert fields(store) == []
    assert (nights(store)[0].exposures, nights(store)[0].fields) == (1, 0)


def test_ranges_of_nights_programs_and_types(store, add):
    add(1, night=20191001)
    add(2, night=20191002, tile=101, program="BRIGHT")
    add(3, night=20191003, tile=102, obstype="ARC")
    assert store.ask(survey.night_range, "desi") == (20191001, 20191003)
    assert store.ask(survey.night_range, "decam") is None
    assert [row.night for row in nights(store, 20191002, 20191003)] == [20191002, 20191003]
    assert [row.field for row in fields(store)] == [100, 101]
    assert [row.field for row in fields(store, (20191002, 20191002))] == [101]
    assert [row.field for row in fields(store, programs=("BRIGHT",))] == [101]
    ask = store.ask(survey.field_exposures, "desi", ALL, obstypes=SKY)
    assert [item.expid for item in ask] == [2, 1]
    assert [item.expid for item in store.ask(survey.field_exposures, "desi", ALL, field=101)] == [2]
    assert [item.expid for item in store.ask(survey.field_exposures, "desi", ALL, limit=1)] == [3]
    assert store.ask(survey.field_exposures, "desi", ALL, kinds=("bad",)) == []


def test_targets_are_counted_once_for_three_arms_and_a_part_replaces_no_whole(store, add):
    number, process = add(1)
    for camera in ("b", "r", "z"):
        store.count_targets(process, {("0", "ELG"): 100 + len(camera), ("0", "QSO"): 20})
    store.count_targets(process, {("0", "ELG"): 90, ("1", "ELG"): 50})
    store.settle(process)
    counts = store.ask(survey.target_counts, "desi", ALL)
    assert counts == {20191001: {"ELG": 151, "QSO": 20}}
    _, later = add(2, night=20191002)
    store.count_targets(later, {("0", "ELG"): 9})
    store.settle(later)
    assert store.ask(survey.target_counts, "desi", ALL, by_month=True) == {201910: {"ELG": 160, "QSO": 20}}
    again = store.enqueue(number, Trigger.REPROCESS, "x", ("b0",))
    store.count_targets(again, {("0", "ELG"): 5})
    store.settle(again)
    assert store.ask(survey.target_counts, "desi", ALL)[20191001]["ELG"] == 151
    whole = store.enqueue(number, Trigger.REPROCESS, "x", ("b0",))
    store.count_targets(whole, {("0", "ELG"): 99, ("1", "ELG"): 49})
    store.settle(whole)
    assert store.ask(survey.target_counts, "desi", ALL)[20191001]["ELG"] == 148
    assert store._database.sql("SELECT count(*) FROM tally") == [(0,)]


def test_depth_is_the_mean_square_over_the_reference(store, add, make_judgement):
    number, process = add(1, None)
    judgement = make_judgement(6.0, math.nan, 3.0, metric="SNR", elements=("A", "B", "C"))
    store.start_process(process)
    store.start_job(process, "b0")
    report = StepReport("S", Status.NORMAL, 0.1, (Measurement("SNR", (6.0, math.nan, 3.0), ("A", "B", "C")),))
    store.finish_step(process, "b0", 1, report, [judgement])
    store.finish_process(process, Verdict(Status.NORMAL, "x"))
    (before,) = fields(store)
    assert (before.undetermined, before.effective) == (1, 0.0)
    store.settle(process, "SNR")
    # References of the judgement are 3: (2**2 + 1**2) / 2, of 1000 s.
    (field,) = fields(store)
    assert field.undetermined == 0
    assert field.effective == pytest.approx(2500.0)
    later = store.enqueue(number, Trigger.REPROCESS, "x", ("b0",))
    store.finish_process(later, Verdict(Status.NORMAL, "x"))
    store.settle(later, "SNR")
    assert fields(store)[0].effective == pytest.approx(2500.0), "a process that measured nothing takes no depth away"


def test_sums_equal_a_count_after_anything(store, make_exposure):
    """A few hundred writes of every kind, in any order; the sums are those of the exposures."""
    rng = random.Random(20191001)
    processes = []
    for step in range(300):
        kind = rng.choice(["exposure", "exposure", "process", "end", "end", "flag"])
        if kind == "exposure" or not processes:
            expid = rng.randrange(1, 60)
            exposure = make_exposure(
                expid,
                night=(20190930, 20191001, 20191002)[expid % 3],
                obstype=rng.choice(["SCIENCE", "SCIENCE", "ARC"]),
                program=rng.choice(["DARK", "BRIGHT", ""]),
                tile=rng.choice([1, 2, 3, None]),
                ra=rng.choice([None, 10.0, -10.0, 350.0]),
                dec=5.0,
                exptime=rng.choice([None, 100.0, 900.0]),
                mtime_ns=step,
            )
            processes.append((store.add_exposure(exposure), None))
        number = rng.choice(processes)[0]
        if kind == "process":
            processes.append((number, store.enqueue(number, Trigger.REPROCESS, "x", ("b0",))))
        if kind == "end":
            status = rng.choice([Status.NORMAL, Status.WARNING, Status.ALARM, Status.FAILED, Status.UNKNOWN])
            chosen = [process for _, process in processes if process is not None]
            if chosen:
                store.finish_process(rng.choice(chosen), Verdict(status, "x"))
        if kind == "flag":
            store.set_flag(number, rng.choice(["good", "bad", "junk", "test", ""]), "Ann")
    expected_nights, expected_fields = _counted(store)
    assert {(row.night, row.obstype, row.program): tuple(row[3:]) for row in nights(store)} == expected_nights
    found = {
        (row.field, row.program): (row.exposures, row.good, row.warning, row.bad, row.open) for row in fields(store)
    }
    assert found == expected_fields
    # The same from the sums of all nights and from a pass over the exposures.
    assert fields(store) == fields(store, (20190930, 20191002))
    part = fields(store, (20190930, 20191001))
    assert sum(row.exposures for row in part) < sum(row.exposures for row in fields(store))
    # Months are the sums of their nights, whichever types and programs are wanted.
    for only in ({}, {"obstypes": SKY}, {"obstypes": SKY, "programs": ("DARK", "")}):
        wanted = [
            row
            for row in nights(store)
            if row.obstype in only.get("obstypes", (row.obstype,))
            and row.program in only.get("programs", (row.program,))
        ]
        assert store.ask(survey.night_summaries, "desi", ALL, **only) == wanted
        months = store.ask(survey.night_summaries, "desi", ALL, **only, by_month=True)
        assert {tuple(row[:3]): tuple(row[3:]) for row in months} == _by_month(wanted)
        assert store.ask(survey.night_count, "desi", ALL, **only) == len({row.night for row in wanted})
    assert store.ask(survey.programs_of, "desi", ALL, obstypes=("ARC",)) == sorted(
        {row.program for row in nights(store) if row.obstype == "ARC"}
    )


def _by_month(rows):
    sums = defaultdict(list)
    for row in rows:
        sums[row.night // 100, row.obstype, row.program].append(row[3:])
    return {key: tuple(map(sum, zip(*values, strict=True))) for key, values in sums.items()}


def _counted(store):
    by_night, by_field = defaultdict(list), defaultdict(list)
    for row in store.exposures(ALL[0], last_night=ALL[1]):
        item = row.exposure
        number = item.tile if item.tile is not None else None
        if number is None and item.ra is not None:
            number = field_number(item.ra, item.dec)
        status = row.status.value if row.process is not None else ""
        kind = {"NORMAL": 0, "WARNING": 1, "ALARM": 2, "FAILED": 2, "MISSING": 2}.get(status, 3)
        kind = {"good": 0, "bad": 2, "junk": 2, "test": 4}.get(row.flag or "", kind)
        by_night[item.night, item.obstype, item.program].append((number, item.exptime, kind))
        if number is not None and item.obstype == "SCIENCE":
            by_field[number, item.program].append(kind)
    sums = {}
    for key, rows in by_night.items():
        kinds = [kind for _, _, kind in rows]
        sums[key] = (
            *(len(rows), len({number for number, _, _ in rows if number is not None})),
            *(sum(time or 0.0 for _, time, _ in rows), sum(time or 0.0 for _, time, kind in rows if kind < 2)),
            *(kinds.count(kind) for kind in range(5)),
        )
    tiles = {
        key: (sum(kind < 4 for kind in kinds), *(kinds.count(kind) for kind in range(4)))
        for key, kinds in by_field.items()
    }
    return sums, tiles


def test_a_record_that_is_older_is_summed_up_when_it_is_brought_up_to_date(database_path, store, add):
    add(1, Status.ALARM, flag="good")
    add(2, Status.NORMAL, tile=None, ra=-20.0)
    before = nights(store), fields(store)
    assert store._database.revert("0003_survey")[-1] == "0003_survey"
    store._database.migrate()
    assert (nights(store), fields(store)) == before
    add(3, Status.WARNING)
    assert nights(store)[0].warning == 1


def counts(store):
    """Return open and bad exposures as the sums of the night, those of its field, and the totals of a page."""
    (night,) = nights(store)
    (field,) = fields(store)
    (summed,) = store.ask(night_page, NightWish("desi", night.night, night.night)).totals
    wish = NightWish("desi", night.night, night.night, (Term("tile", (100,)),))
    (counted,) = store.ask(night_page, wish).totals
    return {(item.open, item.bad) for item in (night, field)} | {(item.open, item.bad) for item in (summed, counted)}


def running(store, add, status=Status.ALARM):
    """Return exposure and process of one that runs and has this status so far."""
    number, process = add(1, None)
    store.start_process(process)
    store.set_verdict(process, Verdict(status, "so far"))
    return number, process


def test_a_process_that_runs_makes_no_exposure_bad_before_its_end(store, add):
    number, process = running(store, add)
    assert counts(store) == {(1, 0)}
    store.finish_process(process, Verdict(Status.ALARM, "so"), "done")
    assert counts(store) == {(0, 1)}
    store.enqueue(number, Trigger.REPROCESS, "x", ("b0",))
    assert counts(store) == {(1, 0)}


def test_the_observers_flag_decides_while_a_process_runs(store, add):
    number, process = running(store, add, Status.NORMAL)
    store.set_flag(number, "junk", "Ann")
    assert counts(store) == {(0, 1)}
    store.finish_process(process, Verdict(Status.NORMAL, "so"), "done")
    assert counts(store) == {(0, 1)}
    store.set_flag(number, "", "Ann")
    assert counts(store) == {(0, 0)}


def test_running_exposures_are_counted_as_before_when_the_migration_is_taken_back(store, add):
    running(store, add)
    assert store._database.revert("0005_finished_verdicts")[-1] == "0005_finished_verdicts"
    assert counts(store) == {(0, 1)}
    store._database.migrate()
    assert counts(store) == {(1, 0)}
