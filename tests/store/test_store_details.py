"""One exposure looked into, on a record of known runs."""

from __future__ import annotations

import math

import pytest

from qltui.model import Product, Status, Trigger
from qltui.store import details
from qltui.store.usage import mark_removed


@pytest.fixture
def night(store, make_exposure, make_judgement, reduce):
    """Two nights: 3574 ARC, 3575 and 3576 SCIENCE, 3577 never reduced; 3580 of the next night. 3575 was done twice."""
    numbers = {}
    product = Product("fibers", "/p/fibers-b0.fits", 123)
    for expid, obstype, value in ((3574, "ARC", 9.0), (3575, "SCIENCE", 3.1), (3576, "SCIENCE", 7.5)):
        status = Status.ALARM if value == 7.5 else Status.NORMAL
        numbers[expid] = reduce(
            make_exposure(expid, obstype=obstype),
            {"b0": make_judgement(value, 3.0, status=status), "r0": make_judgement(2.9, 3.0)},
            products=(product,),
            status=status,
        )
    store.add_exposure(make_exposure(3577))
    numbers[3580] = reduce(make_exposure(3580, night=20191002), {"b0": make_judgement(3.3, math.nan)})
    numbers["again"] = reduce(
        make_exposure(3575), {"b0": make_judgement(3.2, 3.0)}, trigger=Trigger.REPROCESS, products=()
    )
    return numbers


def test_all_processes_of_the_exposure_newest_first(store, night):
    found = store.ask(details.exposure_details, night[3575])
    assert [row.number for row in found.processes] == [night["again"], night[3575]]
    newest = found.processes[0]
    assert (newest.trigger, newest.who, newest.state, newest.status) == ("REPROCESS", "observer", "done", Status.NORMAL)
    assert (newest.good, newest.expected, newest.headline) == (1, 1, "as it is")
    assert newest.queued <= newest.started <= newest.ended


def test_jobs_are_those_of_the_process_in_their_last_attempt(store, night):
    store.start_job(night[3576], "r0", 2)
    found = store.ask(details.exposure_details, night[3576])
    assert [(job.camera, job.attempt, job.seconds) for job in found.jobs] == [("b0", 1, 1.5), ("r0", 2, None)]
    assert found.jobs[0].status is Status.ALARM


def test_comments_and_the_flag_that_counts(store, night):
    exposure = store.ask(details.exposure_details, night[3575]).exposure_id
    store.add_comment(exposure, "ann", "clouds", now=10.0)
    store.set_flag(exposure, "bad", "bob", "clouds", now=20.0)
    found = store.ask(details.exposure_details, night["again"])
    assert [(comment.author, comment.text) for comment in found.comments] == [("ann", "clouds")]
    assert found.flag == details.FlagRow("bad", "clouds", "bob", 20.0)
    store.set_flag(exposure, "", "bob")
    assert store.ask(details.exposure_details, night["again"]).flag is None


def test_neighbours_go_over_nights_and_pass_what_was_not_reduced(store, night):
    def go(number, by):
        return store.ask(details.neighbour_process, night[number], by)

    assert go(3575, -1) == night[3574]
    assert go(3574, 1) == night["again"]
    assert go("again", 1) == night[3576]
    assert go(3576, 1) == night[3580]
    assert go(3580, -1) == night[3576]
    assert go(3580, 1) is None
    assert go(3574, -1) is None
    assert store.ask(details.neighbour_process, 999, 1) is None


def test_the_latest_is_the_newest_run_of_the_newest_exposure_that_was_begun(store, night, make_exposure):
    assert store.ask(details.latest_process, "desi") == night[3580]
    waiting = store.enqueue(store.add_exposure(make_exposure(3590, night=20191002)), Trigger.NEW, "engine", ("b0",))
    assert store.ask(details.latest_process, "desi") == night[3580]
    store.start_process(waiting)
    assert store.ask(details.latest_process, "desi") == waiting
    assert store.ask(details.latest_process, "other") is None
    found = store.ask(details.exposure_details, night[3575])
    assert store.ask(details.newest_process, found.exposure_id) == night["again"]
    assert store.ask(details.newest_process, 999) is None
    assert store.ask(details.exposure_details, 999) is None


def test_products_of_a_camera(store, night):
    assert store.ask(details.products, night[3575], "b0") == (details.ProductRow("fibers", "/p/fibers-b0.fits", 123),)
    assert store.ask(details.products, night["again"], "b0") == ()
    assert store.ask(details.products, night[3575], "z9") == ()


def test_products_that_were_cleared_are_not_offered(store, night):
    numbers = [row[0] for row in store.ask(lambda database: database.sql("SELECT id FROM product"))]
    store.ask(mark_removed, numbers)
    assert store.ask(details.products, night[3575], "b0") == ()


def test_last_values_are_of_the_same_obstype_and_of_the_last_process(store, night):
    def past(number, element="A", **other):
        return store.ask(details.last_values, "desi", "NOISE_AMP", "b0", element, night[number], **other)

    values = past(3580)
    assert [(point.expid, point.value) for point in values] == [(3575, 3.2), (3576, 7.5), (3580, 3.3)]
    assert [point.status for point in values] == [Status.NORMAL, Status.ALARM, Status.NORMAL]
    assert values[0].normal == (2.0, 4.0)
    assert values[0].warning == (-math.inf, 5.0)
    assert values[0].reference == 3.0
    # Nothing that came later, but the process itself although it was replaced.
    assert [point.process for point in past(3575)] == [night[3575]]
    assert [point.process for point in past("again")] == [night["again"]]
    assert [point.expid for point in past(3580, count=2)] == [3576, 3580]
    assert math.isnan(past(3580, "B")[-1].value)
    assert past(3574)[0].value == 9.0
    assert past(3580, "Z") == ()
