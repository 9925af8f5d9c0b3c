"""Time between exposures, from the record and as tables; against numbers that were reckoned by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qltui.instruments.base import get_instrument
from qltui.model import Exposure, Trigger
from qltui.store.record import Store
from qltui.store.statistics import gaps, on_sky_count
from qltui.tables.statistics import statistics_nights, statistics_tables, time_table

DESI = get_instrument("desi")
START = 58757.1
"""MJD of the first exposure."""

PLAN = (
    # night, expid, seconds after the start, obstype, program, exposure time [s]
    (20191001, 1, 0.0, "SCIENCE", "DARK", 900.0),
    (20191001, 2, 1000.0, "SCIENCE", "DARK", 900.0),  # 100 s after 1
    (20191001, 3, 2200.0, "SCIENCE", "BRIGHT", 300.0),  # 300 s after 2
    (20191001, 4, 2600.0, "ARC", "CALIB", 10.0),
    (20191001, 5, 4300.0, "SCIENCE", "BRIGHT", 300.0),  # 1800 s after 3, whatever the arc did
    (20191002, 6, 86400.0, "SCIENCE", "DARK", 600.0),  # another night: no gap
    (20191002, 7, 86900.0, "SCIENCE", "DARK", None),  # overlaps by 100 s
    (20191002, 8, 87900.0, "SCIENCE", "DARK", 100.0),  # what was before has no length
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with Store.open(tmp_path_factory.mktemp("statistics") / "qltui.db") as store:
        settings, limits = store.configuration("", "site"), store.limit_set("", "default")
        for night, expid, seconds, obstype, program, exptime in PLAN:
            exposure = Exposure("desi", night, expid, obstype, f"/data/{expid}", ("b0",))
            exposure = replace(exposure, program=program, exptime=exptime, mjd=START + seconds / 86400.0)
            number = store.add_exposure(exposure, now=1.0)
            store.enqueue(number, Trigger.NEW, "engine", ("b0",), settings, "0", limits, now=1.0)
        yield store


def test_gaps_are_between_exposures_of_the_sky_in_one_night(store):
    found = store.ask(gaps, "desi", (20191001, 20191002), ("SCIENCE",))
    assert [(gap.expid, gap.program, round(gap.seconds)) for gap in found] == [
        (1, "DARK", 100), (2, "DARK", 300), (3, "BRIGHT", 1800), (6, "DARK", -100),
    ]  # fmt: skip
    assert store.ask(gaps, "desi", (20191003, 20191004), ("SCIENCE",)) == []
    assert store.ask(gaps, "decam", (20191001, 20191002), ("SCIENCE",)) == []
    assert store.ask(on_sky_count, "desi", (20191001, 20191001), ("SCIENCE",)) == 4


def test_time_is_told_by_program_and_for_all_of_the_sky(store):
    table, _ = statistics_tables(store, DESI, (20191001, 20191001))
    rows = {row.values[:2]: row.values[2:8] for row in table.rows}
    assert list(rows) == [("SCIENCE", "BRIGHT"), ("SCIENCE", "DARK"), ("all of the sky", ""), ("ARC", "CALIB")]
    exposures, shutter, lost, median, longest, efficiency = rows["SCIENCE", "DARK"]
    assert exposures == 2
    assert shutter == pytest.approx(1800 / 3600)
    assert lost == pytest.approx(400 / 3600, rel=1e-4)
    assert median == pytest.approx(200.0, abs=0.1)
    assert longest == pytest.approx(5.0, abs=0.01)
    assert efficiency == pytest.approx(100 * 1800 / 2200, abs=0.01)
    exposures, shutter, lost, median, longest, efficiency = rows["all of the sky", ""]
    assert (exposures, shutter) == (4, pytest.approx(2400 / 3600))
    assert lost == pytest.approx(2200 / 3600, rel=1e-4)
    assert (median, longest) == (pytest.approx(300.0, abs=0.1), pytest.approx(30.0, abs=0.01))
    assert rows["ARC", "CALIB"][2:] == (None, None, None, None)


def test_headers_that_contradict_one_another_give_no_time_back(store):
    table, _ = statistics_tables(store, DESI, (20191002, 20191002))
    (row,) = table.rows
    assert row.values[4] == 0.0


def test_without_a_look_at_single_exposures_lost_time_is_unknown_and_no_zero(store):
    from qltui.store.survey import night_summaries

    sums = store.ask(night_summaries, "desi", (20191001, 20191001))
    table = time_table(sums, None, ("SCIENCE",), "why")
    assert table.note == "why"
    assert all(row.values[4] is None and row.values[7] is None for row in table.rows)


def test_nights_are_cut_to_those_of_the_record(store):
    assert statistics_nights(store, DESI, None) == (20191002, 20191002)
    assert statistics_nights(store, DESI, (0, 99999999)) == (20191001, 20191002)
    assert statistics_nights(store, get_instrument("decam"), None) is None
