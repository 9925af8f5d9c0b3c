"""One exposure as tables, and who moved with whom, on the known record of the screens."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tui"))
import known
import pictures as p

from qltui.instruments.base import get_instrument
from qltui.model import Judgement, Status
from qltui.store import details
from qltui.tables.companions import companion_words, companions, deviation, worst_element
from qltui.tables.exposure import (
    camera_table,
    difference_table,
    judgements_of,
    metric_table,
    process_table,
    step_table,
    utc_text,
    value_table,
)
from qltui.tables.table import Judged
from qltui.tables.writers import to_csv, to_text

DESI = get_instrument("desi")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with known.make_known(tmp_path_factory.mktemp("tables") / "qltui.db") as opened:
        yield opened


@pytest.fixture(scope="module")
def process(store):
    """The known alarm, 3579."""
    return store.process_view(store.process_numbers(expid=3579)[0])


def row(table, key):
    return dict(zip((c.name for c in table.columns), next(r.values for r in table.rows if r.key == key), strict=True))


def test_steps_with_their_times(process):
    table = step_table(process, DESI)
    ccds = row(table, "CHECK_CCDS")
    assert (ccds["status"], ccds["good"], ccds["cameras"]) == (Status.ALARM, 28, 30)
    assert (ccds["median_seconds"], ccds["slowest_seconds"]) == (0.34, 0.34)
    assert row(table, "CHECK_FIBERS")["good"] == 26
    assert row(table, "CHECK_SPECTRA")["status"] is Status.MISSING


def test_metrics_of_a_step_name_the_worst_element(process):
    table = camera_table(process, DESI, DESI.steps[0])
    assert [r.key for r in table.rows] == [camera.name for camera in DESI.cameras]
    b3 = row(table, "b3")
    assert (b3["NOISE_AMP"], b3["NOISE_AMP_at"]) == (Judged(25.1, Status.ALARM), "C")
    assert b3["status"] is Status.ALARM
    z8 = row(table, "z8")
    assert (z8["NOISE_AMP"], z8["reason"], z8["status"]) == (None, "not in the file", Status.MISSING)
    heading = next(column.heading for column in table.columns if column.name == "NOISE_AMP")
    assert heading == "noise [e-]"
    assert "b3" in to_text(table).splitlines()[4]
    assert "25.10 ALARM" in to_text(table)


def test_a_step_has_the_metrics_of_its_obstype_only(process):
    names = [column.name for column in camera_table(process, DESI, DESI.steps[0]).columns]
    assert "NOISE_AMP" in names
    assert "COSMICS_RATE" not in names


def test_metrics_in_all_show_the_worst_camera(process):
    table = metric_table(process, DESI)
    noise = row(table, "NOISE_AMP")
    assert (noise["status"], noise["good"], noise["cameras"]) == (Status.ALARM, 28, 29)
    assert (noise["camera"], noise["element"], noise["value"].value, noise["unit"]) == ("b3", "C", "25.10", "e-")
    assert row(metric_table(process, DESI, ["r5"]), "NOISE_AMP")["camera"] == "r5"
    assert row(table, "XYSHIFTS")["camera"] == "r5"


def test_every_value_with_its_limits(process):
    table = value_table(process, DESI, ["b3"], ["NOISE_AMP"])
    bad = row(table, ("b3", "NOISE_AMP", "C"))
    assert (bad["value"], bad["status"], bad["reference"], bad["reference_from"]) == (25.1, Status.ALARM, 3.1, "header")
    assert (bad["normal_low"], bad["normal_high"], bad["warning_low"], bad["warning_high"]) == (2.1, 4.1, 1.6, 4.6)
    assert len(table.rows) == 4
    whole = value_table(process, DESI)
    assert len(to_csv(whole).splitlines()) == len(whole.rows) + 1
    assert row(whole, ("b0", "LITFRAC_AMP", "A"))["value"] is None


def test_runs_of_an_exposure(store):
    number = store.process_numbers(expid=3577)[0]
    found = store.ask(details.exposure_details, number)
    table = process_table(found.processes, number)
    first = row(table, number)
    assert (first["trigger"], first["who"], first["seconds"], first["shown"].text) == ("REPROCESS", "Ben", 5.0, "▸")
    assert first["configuration"].startswith("site ")
    assert first["limits"].startswith("default ")
    assert first["started"] == utc_text(known.time_of(3577) + 6000)
    assert [r.values[1] for r in table.rows[1:]] == [""]


def test_differences_of_two_runs(process):
    good = p.camera("b3")
    newer = replace(process, number=99, cameras={**process.cameras, "b3": good})
    table = difference_table(process, newer, DESI)
    assert [r.key for r in table.rows] == [("b3", "", ""), ("b3", "NOISE_AMP", "C")]
    values = row(table, ("b3", "NOISE_AMP", "C"))
    assert values["older"] == Judged("25.10", Status.ALARM)
    assert values["newer"] == Judged("3.20", Status.NORMAL)
    assert table.columns[3].title == f"process {process.number}"
    same = difference_table(process, replace(process, number=99), DESI)
    assert not same.rows
    assert "agree" in same.note


def test_times_that_are_none():
    assert utc_text(None) == utc_text(math.inf) == utc_text(1e20) == ""
    assert utc_text(1569992400.0) == "2019-10-02 05:00:00"


# -- who moved -----------------------------------------------------------------------------------------------------


def judged(value, *, reference=10.0, normal=(8.0, 14.0), status=Status.NORMAL, element=""):
    return Judgement("SKYCONT", (element,), (value,), (reference,), (normal,), ((0.0, 99.0),), (status,))


def test_deviation_is_in_units_of_the_way_to_the_limit():
    assert deviation(judged(10.0), 0) == 0.0
    assert deviation(judged(12.0), 0) == pytest.approx(0.5)
    assert deviation(judged(8.0), 0) == pytest.approx(-1.0)
    assert deviation(judged(18.0), 0) == pytest.approx(2.0)
    # Without a reference the middle counts; a side without end is no deviation.
    assert deviation(judged(14.0, reference=math.nan), 0) == pytest.approx(1.0)
    assert deviation(judged(1e6, normal=(8.0, math.inf)), 0) == 0.0
    assert deviation(judged(7.0, reference=math.nan, normal=(8.0, math.inf)), 0) == -1.0
    assert deviation(judged(0.0, reference=1.0, normal=(1.0, 1.0)), 0) == -math.inf
    assert math.isnan(deviation(judged(math.nan), 0))
    assert math.isnan(deviation(judged(1.0, normal=(math.nan, math.nan)), 0))


def test_the_worst_element_is_the_farthest_of_the_worst_status():
    judgement = Judgement(
        "X", ("A", "B", "C"), (3.9, 3.0, 2.2), (3.0,) * 3, ((2.0, 4.0),) * 3, ((1.0, 5.0),) * 3, (Status.NORMAL,) * 3
    )
    assert worst_element(judgement) == 0
    assert worst_element(replace(judgement, statuses=(Status.NORMAL, Status.NORMAL, Status.WARNING))) == 2


def test_one_noisy_amplifier_is_alone(process):
    found = companions(judgements_of(process, "NOISE_AMP"), DESI, DESI.metric("NOISE_AMP"), "b3", "C")
    assert [(item.group, item.moved, item.of) for item in found] == [
        ("arm b", (), 9),
        ("spectrograph 3", (), 2),
        ("amplifier C", (), 28),
    ]
    assert companion_words(found) == "arm b: 0 of 9, spectrograph 3: 0 of 2, amplifier C: 0 of 28"


def test_an_arm_that_moved_as_a_whole_is_told():
    judgements = {camera.name: judged(13.0 if camera.arm == "b" else 10.0) for camera in DESI.cameras}
    judgements["b7"] = judged(15.0, status=Status.WARNING)
    found = companions(judgements, DESI, DESI.metric("SKYCONT"), "b7", "")
    assert companion_words(found) == "arm b: all of 9, spectrograph 7: 0 of 2"


def test_only_the_same_side_counts_and_many_names_are_cut():
    judgements = {camera.name: judged(10.0) for camera in DESI.cameras}
    judgements |= {f"r{unit}": judged(13.0) for unit in range(9)}
    judgements["r9"] = judged(8.1)
    judgements["b0"] = judged(7.9, status=Status.WARNING)
    found = companions(judgements, DESI, DESI.metric("SKYCONT"), "r0", "")
    assert found[0].moved == tuple(f"r{unit}" for unit in range(1, 9))
    assert found[1].moved == ()
    assert companion_words(found).startswith("arm r: 8 of 9 (r1 r2 r3 r4 r5 r6 ...)")


def test_without_the_value_there_is_no_company():
    assert companions({}, DESI, DESI.metric("SKYCONT"), "b0", "") == ()
    assert companion_words(()) == "no other camera has this value"
