"""The Monitor's picture: which process it shows, and that it is complete."""

from __future__ import annotations

from qltui.model import Status, Trigger, Verdict


def test_an_empty_record(store):
    view = store.monitor_view()
    assert (view.night, view.process, view.running, view.exposures) == (None, None, (), ())
    assert view.engine.state == "none"
    assert view.version == store.version()


def test_the_process_shown(store, make_exposure):
    def add(expid, trigger=Trigger.NEW):
        return store.enqueue(store.add_exposure(make_exposure(expid)), trigger, "me", ("b0",))

    end = Verdict(Status.NORMAL, "good", (), 1, 1)
    first, second = add(3500), add(3501)
    assert store.monitor_view().process.number == first
    store.start_process(first, now=10.0)
    store.start_process(second, now=20.0)
    view = store.monitor_view()
    assert (view.process.number, view.running) == (second, (second, first))
    store.finish_process(second, end, now=30.0)
    assert store.monitor_view().process.number == first
    store.finish_process(first, end, now=40.0)
    assert store.monitor_view().process.number == second, "the newest exposure, not the one that ended last"
    again = add(3499, Trigger.REPROCESS)
    new = add(3502)
    store.start_process(new, now=50.0)
    store.start_process(again, now=60.0)
    assert store.monitor_view().process.number == new
    assert store.monitor_view(second).process.number == second
    assert store.monitor_view(99).process is None


def test_the_rows_of_the_night(store, make_exposure, make_judgement, reduce):
    number = reduce(make_exposure(3500), {"b0": make_judgement(3.0)})
    store.add_exposure(make_exposure(3501))
    store.add_exposure(make_exposure(3400, night=20190930))
    done, waiting = store.monitor_view().exposures
    assert (done.exposure.expid, done.process, done.state, done.status) == (3500, number, "done", Status.NORMAL)
    assert (done.headline, done.comments, done.flag) == ("as it is", 0, "")
    assert done.seconds is not None
    assert done.seconds >= 0
    assert (waiting.exposure.expid, waiting.process, waiting.state, waiting.status) == (3501, None, "", Status.WAITING)
    assert store.exposures(20191001, limit=1)[0].exposure.expid == 3501


def test_what_a_process_was_made_with(store, make_exposure):
    configuration, limits = store.configuration("a", "site"), store.limit_set("b", "default")
    number = store.enqueue(
        store.add_exposure(make_exposure()), Trigger.REPROCESS, "ada", ("b0",), configuration, "0.1", limits, now=9.0
    )
    view = store.process_view(number)
    assert view.configuration == "site ca978112ca"
    assert view.limit_set == "default 3e23e81600"
    assert (view.who, view.trigger, view.code_version, view.queued) == ("ada", "REPROCESS", "0.1", 9.0)
    assert view.verdict.status is Status.WAITING


def work(store, question) -> int:
    """Count what SQLite does for an answer, in hundreds of its own instructions: the same on every machine."""
    connection = store._database._peewee.connection()
    done = [0]

    def count() -> int:
        done[0] += 1
        return 0

    question()
    connection.set_progress_handler(count, 100)
    question()
    connection.set_progress_handler(None, 0)
    return done[0]


def test_a_long_record_is_no_more_work_than_a_short_one(store, make_exposure, make_judgement, reduce):
    def fill(first, last):
        with store.transaction():
            for night in range(first, last):
                for expid in range(3520, 3540):
                    exposure = make_exposure(expid + 100 * (night - 20191001), night=night)
                    number = store.enqueue(store.add_exposure(exposure), Trigger.NEW, "me", ("b0",))
                    store.finish_process(number, Verdict(Status.NORMAL, "good", (), 1, 1))

    questions = {
        "monitor": store.monitor_view,
        "night": lambda: store.exposures(20191001),
        "known": lambda: store.known("desi", 20191001),
        "short ending": lambda: store.find_exposure("39"),
        "queue": store.waiting,
        "engine": store.engine,
        "trend": lambda: store.trend("NOISE_AMP", night=20191001),
        "history": lambda: store.history("NOISE_AMP", "b0", "A", 20),
    }
    reduce(make_exposure(), {"b0": make_judgement(3.0)})
    fill(20191001, 20191002)
    short = {name: work(store, question) for name, question in questions.items()}
    fill(20191002, 20191011)
    long = {name: work(store, question) for name, question in questions.items()}
    # Ten times the record; the look for the newest night and deeper indexes may cost a little.
    assert {name: (short[name], long[name]) for name in questions if long[name] > 1.5 * short[name] + 3} == {}
