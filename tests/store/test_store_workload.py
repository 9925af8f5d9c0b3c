"""What there is to do: in flight, waiting in the order of the queue, and what nobody has reduced."""

from __future__ import annotations

from qltui.model import Status, Trigger, Verdict
from qltui.store.queue import waiting
from qltui.store.workload import unreduced, work_items, workload


def add(store, make_exposure, expid, trigger=Trigger.NEW, **other):
    """Record an exposure and put it in the queue; returns the number of its process."""
    number = store.add_exposure(make_exposure(expid, **other), now=float(expid))
    return store.enqueue(number, trigger, "ada", ["b0", "r0"], now=float(expid))


def test_nothing_to_do_in_an_empty_record(store):
    found = store.ask(workload)
    assert (found.work, found.raw) == ((), ())


def test_what_waits_has_the_order_of_the_queue(store, make_exposure):
    add(store, make_exposure, 1, Trigger.BACKLOG)
    add(store, make_exposure, 2, Trigger.BACKLOG, obstype="FLAT")
    add(store, make_exposure, 3, Trigger.BACKLOG, obstype="ZERO")
    add(store, make_exposure, 4, Trigger.BACKLOG, night=20191002)
    add(store, make_exposure, 5, Trigger.REPROCESS)
    add(store, make_exposure, 6, Trigger.NEW)
    add(store, make_exposure, 7, Trigger.NEW, night=20190930)
    items = store.ask(work_items)
    assert [item.expid for item in items] == [6, 7, 4, 3, 2, 1, 5]
    assert [item.process for item in items] == [item.number for item in store.ask(waiting)]
    first = items[0]
    assert (first.state, first.trigger, first.who, first.cameras, first.done, first.since) == (
        "waiting", "NEW", "ada", 2, 0, 6.0,
    )  # fmt: skip


def test_what_runs_comes_first_and_counts_cameras_by_their_last_attempt(store, make_exposure):
    add(store, make_exposure, 1)
    process = add(store, make_exposure, 2)
    store.start_process(process, now=50.0)
    store.start_job(process, "b0", 1, 1, now=50.0)
    store.set_camera_status(process, "b0", Status.FAILED)
    store.start_job(process, "b0", 2, 1, now=51.0)
    store.set_camera_status(process, "r0", Status.MISSING)
    first, second = store.ask(work_items)
    assert (first.expid, first.state, first.done, first.since) == (2, "running", 1, 50.0)
    assert (second.expid, second.state) == (1, "waiting")


def test_raw_exposures_are_those_without_a_process_that_counts(store, make_exposure):
    add(store, make_exposure, 1)
    store.add_exposure(make_exposure(2, program="DARK", tile=1129), now=2.0)
    stopped = add(store, make_exposure, 3)
    store.finish_process(stopped, Verdict(Status.CANCELLED, "stopped"), "cancelled", "stopped by ada")
    found = store.ask(unreduced)
    assert [(item.expid, item.cancelled) for item in found] == [(3, True), (2, False)]
    raw = found[1]
    assert (raw.night, raw.obstype, raw.program, raw.tile, raw.exptime, raw.cameras) == (
        20191001, "SCIENCE", "DARK", 1129, 1000.0, 2,
    )  # fmt: skip


def test_a_file_that_was_rewritten_counts_anew(store, make_exposure):
    process = add(store, make_exposure, 1)
    store.start_process(process)
    store.finish_process(process, Verdict(Status.NORMAL, "good"))
    assert store.ask(unreduced) == ()
    store.add_exposure(make_exposure(1, size=2000, mtime_ns=5, revision=2))
    assert [item.expid for item in store.ask(unreduced)] == [1]


def test_only_the_newest_nights_are_looked_at(store, make_exposure):
    for day in (1, 2, 3):
        store.add_exposure(make_exposure(day, night=20191000 + day))
    assert [item.expid for item in store.ask(unreduced, nights=2)] == [3, 2]
    assert [item.expid for item in store.ask(unreduced, limit=1)] == [3]
