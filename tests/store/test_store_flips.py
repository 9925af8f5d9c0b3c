"""What other limits would have made of the last nights."""

from __future__ import annotations

import pytest

from qltui.instruments.base import get_instrument
from qltui.model import CameraReport, Judgement, Status, StepReport, Trigger, Verdict, worst
from qltui.quality.limits import LimitSet
from qltui.quality.limits_file import parse_limits
from qltui.store.judged import flips

DESI = get_instrument("desi")
NOISE = """
[[limit]]
metric = "NOISE_AMP"
normal = [-1, 1]
warning = [-2, 2]
reference = ["header", "history:20"]
[limit.otherwise]
normal = [2, 4]
warning = [1, 5]
reference = 0
"""
SKY = '[[limit]]\nmetric = "SKYCONT"\nnormal = [-10, 10]\nwarning = [-20, 20]\nreference = 100\n'


def limits(text):
    return LimitSet("desi", parse_limits(text, DESI, where="test", from_site=True))


BEFORE = limits(NOISE + SKY)


def judged(metric, values, references, statuses, elements=None):
    names = elements or tuple("ABCD")[: len(values)]
    bounds = tuple((reference - 1.0, reference + 1.0) for reference in references)
    return Judgement(metric, names, values, references, bounds, bounds, statuses)


def noise(value, status, reference=3.0):
    return judged("NOISE_AMP", (value, 3.0), (reference, 3.0), (status, Status.NORMAL))


def sky(value, status):
    return judged("SKYCONT", (value,), (100.0,), (status,), ("",))


GOOD = sky(100.0, Status.NORMAL)


@pytest.fixture
def write(store, make_exposure):
    """Return a function that records an exposure with the judgements of its cameras."""

    def run(expid, cameras, *, missing=(), trigger=Trigger.NEW, **other):
        identifier = store.add_exposure(make_exposure(expid, **other))
        process = store.enqueue(identifier, trigger, "Ann", (*cameras, *missing))
        store.start_process(process)
        statuses = []
        for camera, judgements in cameras.items():
            status = worst(item.status for item in judgements)
            statuses.append(status)
            store.start_job(process, camera)
            store.start_step(process, camera, 1, "CHECK_CCDS")
            store.finish_step(process, camera, 1, StepReport("CHECK_CCDS", Status.NORMAL, 0.1), judgements, status)
            store.finish_job(process, CameraReport(camera, 1, ()), status)
        for camera in missing:
            store.set_camera_status(process, camera, Status.MISSING)
            statuses.append(Status.MISSING)
        store.finish_process(process, Verdict(worst(statuses), "as it is"))
        return process

    return run


def count(store, after, nights=30):
    found = store.ask(flips, DESI, BEFORE, limits(after), nights)
    by_metric = tuple(entry for entry in found.by_metric if any(entry[1:]))
    return found.exposures, found.better, found.worse, by_metric


WIDE = NOISE.replace("[-1, 1]", "[-3, 3]").replace("[-2, 2]", "[-6, 6]")
NARROW = NOISE.replace("[-1, 1]", "[-0.1, 0.1]")


def test_nothing_is_asked_where_nothing_has_changed(store, write):
    write(1, {"b0": [noise(9.0, Status.ALARM)]})
    assert count(store, NOISE + SKY) == (1, 0, 0, ())


def test_an_empty_record_flips_nothing(store):
    assert count(store, WIDE + SKY) == (0, 0, 0, ())


def test_wider_limits_make_exposures_better(store, write):
    write(1, {"b0": [noise(5.5, Status.ALARM), GOOD], "r0": [noise(3.0, Status.NORMAL), GOOD]})
    write(2, {"b0": [noise(3.0, Status.NORMAL), GOOD]})
    found = store.ask(flips, DESI, BEFORE, limits(WIDE + SKY), 30)
    assert (found.exposures, found.better, found.worse) == (2, 1, 0)
    assert found.by_metric == (("NOISE_AMP", 1, 0),)
    assert found.examples == ((1, "ALARM", "NORMAL"),)


def test_narrower_limits_make_exposures_worse(store, write):
    write(1, {"b0": [noise(3.5, Status.NORMAL)]})
    found = store.ask(flips, DESI, BEFORE, limits(NARROW + SKY), 30)
    assert (found.better, found.worse, found.examples) == (0, 1, ((1, "NORMAL", "WARNING"),))


def test_another_metric_of_the_step_can_keep_an_exposure_bad(store, write):
    write(1, {"b0": [noise(5.5, Status.ALARM), sky(300.0, Status.ALARM)]})
    write(2, {"b0": [noise(5.5, Status.ALARM), sky(115.0, Status.WARNING)]})
    found = store.ask(flips, DESI, BEFORE, limits(WIDE + SKY), 30)
    assert found.examples == ((2, "ALARM", "WARNING"),)


def test_another_camera_can_keep_an_exposure_bad(store, write):
    write(1, {"b0": [noise(5.5, Status.ALARM)], "r0": [sky(300.0, Status.ALARM)]})
    write(2, {"b0": [noise(5.5, Status.ALARM)]}, missing=("r0",))
    found = store.ask(flips, DESI, BEFORE, limits(WIDE + SKY), 30)
    assert found.examples == ((2, "ALARM", "MISSING"),)


def test_a_milder_value_that_did_not_decide_changes_nothing(store, write):
    write(1, {"b0": [noise(4.5, Status.WARNING), sky(300.0, Status.ALARM)]})
    assert count(store, WIDE + SKY) == (1, 0, 0, ())


def test_two_metrics_are_told_apart(store, write):
    write(1, {"b0": [noise(5.5, Status.ALARM), sky(300.0, Status.ALARM)]})
    wide_sky = SKY.replace("[-10, 10]", "[-300, 300]").replace("[-20, 20]", "[-400, 400]")
    assert count(store, WIDE + wide_sky) == (1, 1, 0, (("NOISE_AMP", 1, 0), ("SKYCONT", 1, 0)))


def test_only_the_newest_process_and_the_newest_nights_count(store, write):
    write(1, {"b0": [noise(5.5, Status.ALARM)]}, night=20191001)
    write(2, {"b0": [noise(5.5, Status.ALARM)]}, night=20191002)
    write(2, {"b0": [noise(3.0, Status.NORMAL)]}, night=20191002, trigger=Trigger.REPROCESS)
    assert count(store, WIDE + SKY, nights=1) == (1, 0, 0, ())
    assert count(store, WIDE + SKY, nights=2) == (2, 1, 0, (("NOISE_AMP", 1, 0),))


def test_limits_for_other_exposures_and_cameras_change_nothing(store, write):
    write(1, {"b0": [noise(5.5, Status.ALARM)]})
    for selector in ('camera = "r0"', 'obstype = "ARC"', 'element = "B"', "valid_from = 20991231"):
        extra = f'\n[[limit]]\nmetric = "NOISE_AMP"\n{selector}\nnormal = [-9, 9]\nwarning = [-9, 9]\nreference = 3\n'
        assert count(store, NOISE + SKY + extra) == (1, 0, 0, ())
    extra = extra.replace("valid_from = 20991231", 'camera = "b0"\nelement = "A"')
    assert count(store, NOISE + SKY + extra)[1] == 1


def test_a_camera_with_one_metric_alone_becomes_good(store, write):
    write(1, {"b0": [noise(5.5, Status.ALARM)]})
    found = store.ask(flips, DESI, BEFORE, limits(WIDE + SKY), 30)
    assert found.examples == ((1, "ALARM", "NORMAL"),)


def test_it_is_told_how_far_it_is_and_can_be_stopped(store, write):
    class Stopped(Exception):
        pass

    def stop(done, total):
        raise Stopped

    write(1, {"b0": [noise(3.5, Status.NORMAL)], "r0": [noise(3.0, Status.NORMAL)]})
    told = []
    found = store.ask(flips, DESI, BEFORE, limits(NARROW + SKY), 30, step=lambda *parts: told.append(parts))
    # A part is the history of one amplifier: two of each camera were measured.
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4)]
    assert found == store.ask(flips, DESI, BEFORE, limits(NARROW + SKY), 30)
    with pytest.raises(Stopped):
        store.ask(flips, DESI, BEFORE, limits(NARROW + SKY), 30, step=stop)
