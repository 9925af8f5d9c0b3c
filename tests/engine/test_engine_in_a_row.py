"""Alarms of the third exposure in a row, and at once, with a real record."""

from __future__ import annotations

# ruff: noqa: F811 - fixtures are imported, and asked for by the same names
import pytest
from imager_fakes import CAMERAS, exposure_file
from test_engine_field import command, data, settings, start, view_of  # noqa: F401 - fixtures

from qltui.model import CameraReport, Exposure, Judgement, Status, StepReport, Trigger
from qltui.store.record import Store
from qltui.store.trends import bad_after, bad_before

LIMITS = """
[[limit]]
metric = "FIELD_FWHM"
normal = [0, 1.5]
warning = [0, 2.0]
in_a_row = 3
[[limit]]
metric = "FWHM"
normal = [0, 9]
warning = [0, 9]
"""


def test_bad_seeing_alarms_in_the_third_exposure_and_a_bias_in_the_first(start, settings, data, tmp_path):
    site = tmp_path / "site.toml"
    site.write_text(LIMITS)
    poor, good = dict.fromkeys(CAMERAS, 2.5), dict.fromkeys(CAMERAS, 1.0)
    engine = start(limits=str(site), in_flight=1)
    engine.until("Engine started")
    plan = [
        (1, "r", poor),
        (2, "r", good),
        (3, "r", poor),
        (4, "g", poor),
        (5, "r", poor),
        (6, "r", poor),
        (7, "r", poor),
    ]
    for expid, program, fwhm in plan:
        exposure_file(data, expid, program=program, fwhm=fwhm, bias={"N1": 1050.0} if expid == 1 else {})
        engine.until(f"Exposure {expid} is ready")
    found = {}
    for expid, _, _ in plan:
        (step,) = view_of(settings, expid).cameras["FIELD"].steps
        found[expid] = (step.status, step.judgements[0].reason)
    assert found == {
        1: (Status.WARNING, "1 of 3 in a row"),
        2: (Status.NORMAL, ""),
        3: (Status.WARNING, "1 of 3 in a row"),
        4: (Status.WARNING, "1 of 3 in a row"),
        5: (Status.WARNING, "2 of 3 in a row"),
        6: (Status.ALARM, "3 in a row"),
        7: (Status.ALARM, "3 in a row"),
    }
    with Store.open(settings.database, read_only=True) as store:
        alarms = {alarm.expid: alarm.cause for alarm in store.alarms()}
    assert sorted(alarms) == [1, 6, 7]
    assert alarms[1].startswith("N1 B  bias 1050.00")
    assert alarms[6] == "FIELD  field fwhm 2.50 > 1.50 arcsec (3 in a row)"
    # Reduced again, an exposure is judged by those before it, and not by itself.
    command(settings, "reprocess", expid=6)
    engine.until("Exposure 6 is ready", count=2)
    assert view_of(settings, 6).cameras["FIELD"].steps[0].judgements[0].reason == "3 in a row"


def test_a_backlog_that_is_worked_off_from_its_end_alarms_as_well(start, settings, data, tmp_path):
    site = tmp_path / "site.toml"
    site.write_text(LIMITS)
    for expid, fwhm in enumerate((2.5, 1.0, 2.5, 2.5, 2.5), 1):
        exposure_file(data, expid, fwhm=dict.fromkeys(CAMERAS, fwhm))
    engine = start(limits=str(site), in_flight=1, once=True)
    engine.end()
    ready = [line.expid for line in engine.lines if " is ready" in line.text]
    assert ready == [5, 4, 3, 2, 1]
    steps = [view_of(settings, expid).cameras["FIELD"].steps[0] for expid in ready]
    assert [(step.status, step.judgements[0].reason) for step in steps] == [
        (Status.WARNING, "1 of 3 in a row"),
        (Status.WARNING, "2 of 3 in a row"),
        (Status.ALARM, "3 in a row, 2 of them later"),
        (Status.NORMAL, ""),
        (Status.WARNING, "1 of 3 in a row"),
    ]
    with Store.open(settings.database, read_only=True) as store:
        (alarm,) = store.alarms()
    assert (alarm.expid, alarm.cause) == (3, "FIELD  field fwhm 2.50 > 1.50 arcsec (3 in a row, 2 of them later)")


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "qltui.db") as made:
        yield made


def put(store, expid, value, night=20191001, program="r", high=2.0):
    exposure = Exposure("imager", night, expid, "SCIENCE", f"/{expid}", program=program, mjd=58757.0 + expid / 100)
    number = store.add_exposure(exposure)
    process = store.enqueue(number, Trigger.REPROCESS, "ada", ("FIELD",))
    store.start_process(process)
    store.start_job(process, "FIELD")
    judgement = Judgement(
        "F", ("",), (value,), (0.0,), ((0.0, 1.5),), ((-float("inf"), high),), (Status.WARNING,), "", "number", "x"
    )
    report = StepReport("CONSOLIDATE", Status.NORMAL, 0.1)
    store.finish_step(process, "FIELD", 1, report, (judgement,), Status.WARNING)
    store.finish_job(process, CameraReport("FIELD", 1, (report,)), Status.WARNING)
    return exposure, number


def test_what_was_beyond_is_told_by_value_and_limit_of_the_same_kind_and_night(store):
    put(store, 1, 3.0, night=20190930)
    put(store, 2, 3.0)
    put(store, 3, 3.0, program="g")
    put(store, 4, 3.0, high=4.0)
    put(store, 5, float("nan"))
    _, junk = put(store, 6, 1.0)
    put(store, 7, 3.0)
    last, _ = put(store, 8, 3.0)
    assert store.ask(bad_before, last, "F", "FIELD", "", 9) == [True, False, False, False, True]
    first = Exposure("imager", 20191001, 3, "SCIENCE", "/3", program="r", mjd=58757.02)
    assert store.ask(bad_after, first, "F", "FIELD", "", 9) == [False, False, False, True, True]
    store.set_flag(junk, "junk", "ada")
    assert store.ask(bad_after, first, "F", "FIELD", "", 3) == [False, False, True], "junk is passed over"
    assert store.ask(bad_before, last, "F", "FIELD", "", 9) == [True, False, False, True]
    assert store.ask(bad_before, last, "F", "FIELD", "", 1) == [True]
    put(store, 7, 1.0)
    assert store.ask(bad_before, last, "F", "FIELD", "", 1) == [False], "the last run over it counts"
    assert store.ask(bad_before, last, "F", "N1", "", 9) == []
