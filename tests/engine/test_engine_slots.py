"""Time-outs and second chances of slots, by a clock that the test moves."""

from __future__ import annotations

import pytest
from engine_fakes import INSTRUMENT, task

from qltui.engine.executors import SlotFailed, SlotReady, StepHappened, TaskEnded
from qltui.engine.slots import ABANDON_GRACE, COMPILE_GRACE, FINISH_GRACE, KILL_GRACE, STANDSTILL, START_GRACE, Slots
from qltui.model import CameraReport, Status, StepEvent, StepReport

STEPS = INSTRUMENT.steps_for("SCIENCE")
LIMIT = STEPS[0].timeout


class Workers:
    slots = 2
    can_kill = True

    def __init__(self):
        self.did = []

    def submit(self, slot, task):
        self.did.append(("submit", slot, task.camera))

    def kill(self, slot, *, hard=False):
        self.did.append(("kill hard" if hard else "kill", slot))

    def restart(self, slot):
        self.did.append(("restart", slot))


@pytest.fixture
def workers():
    return Workers()


@pytest.fixture
def slots(workers):
    made = Slots(workers, clock=lambda: made.now)
    return made


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr(Slots, "now", 0.0, raising=False)


def at(monkeypatch, when):
    monkeypatch.setattr(Slots, "now", when, raising=False)


def said(camera="b0", step=STEPS[0].name, kind="started", attempt=1):
    report = StepReport(step, Status.NORMAL, 0.1) if kind == "finished" else None
    return StepHappened(0, StepEvent(1, camera, attempt, step, kind, 0.0, 1, report))


def test_free_are_those_that_are_there_and_idle(slots):
    assert slots.free == []
    slots.on_ready(SlotReady(1, 7))
    slots.on_ready(SlotReady(0, 8))
    assert slots.free == [0, 1]
    job = slots.start(0, task(), STEPS)
    assert slots.free == [1]
    assert slots.words({}) == ("b0", "")
    ended = slots.on_ended(TaskEnded(0, job.key, CameraReport("b0", 1, ())))
    assert ended.report.camera == "b0"
    assert slots.free == [0, 1]


def test_each_step_has_its_own_time(slots, workers, monkeypatch):
    slots.on_ready(SlotReady(0, 1))
    job = slots.start(0, task(), STEPS)
    assert job.deadline == START_GRACE + LIMIT
    at(monkeypatch, 10.0)
    slots.on_step(said(kind="compiling"))
    assert job.deadline == 10.0 + COMPILE_GRACE
    slots.on_step(said())
    assert job.deadline == 10.0 + LIMIT
    at(monkeypatch, 20.0)
    slots.on_step(said(kind="finished"))
    assert job.deadline == 20.0 + LIMIT, "the next step's"
    slots.on_step(said(step=STEPS[-1].name, kind="finished"))
    assert job.deadline == 20.0 + FINISH_GRACE, "the products'"
    assert slots.expire() == []
    assert ("kill", 0) not in workers.did


def test_one_that_takes_too_long_is_asked_then_killed_then_given_up(slots, workers, monkeypatch):
    slots.on_ready(SlotReady(0, 1))
    job = slots.start(0, task(), STEPS)
    slots.on_step(said(step=STEPS[1].name))
    at(monkeypatch, STEPS[1].timeout)
    assert slots.expire() == []
    assert workers.did[-1] == ("kill", 0)
    at(monkeypatch, STEPS[1].timeout + KILL_GRACE)
    assert slots.expire() == []
    assert workers.did[-1] == ("kill hard", 0)
    at(monkeypatch, STEPS[1].timeout + KILL_GRACE + 0.5 * ABANDON_GRACE)
    assert slots.expire() == []
    at(monkeypatch, STEPS[1].timeout + KILL_GRACE + ABANDON_GRACE)
    (ended,) = slots.expire()
    assert ended.reason.startswith(f"killed after {STEPS[1].timeout:g} s in {STEPS[1].title}; worker-0.log says where")
    assert "file server" in ended.reason
    assert workers.did[-1] == ("restart", 0)
    assert slots.free == [], "not before its new worker is there"
    # What the old one says after all is not heard.
    assert slots.on_ended(TaskEnded(0, job.key, CameraReport("b0", 1, ()))) is None
    assert slots.on_step(said()) is None


def test_where_a_worker_died_is_told_before_what_to_do(slots):
    slots.on_ready(SlotReady(0, 1))
    reasons = []
    for attempt, heard in enumerate(([], ["started"], ["started", "finished"]), 1):
        job = slots.start(0, task(attempt=attempt), STEPS)
        for kind in heard:
            slots.on_step(said(kind=kind, attempt=attempt))
        reasons.append(slots.on_ended(TaskEnded(0, job.key, None, "it died; see its log", died=True)).reason)
        slots.on_ready(SlotReady(0, 1))
    title = STEPS[0].title
    assert reasons == [
        "it died; see its log",
        f"it died in {title}; see its log",
        f"it died after {title}; see its log",
    ]


def test_an_engine_that_was_stopped_itself_blames_nobody(slots, workers, monkeypatch):
    slots.on_ready(SlotReady(0, 1))
    job = slots.start(0, task(), STEPS)
    slots.on_step(said())
    at(monkeypatch, 1.0)
    slots.expire()
    at(monkeypatch, 1.0 + 10 * LIMIT)
    assert slots.expire() == []
    assert ("kill", 0) not in workers.did, "what was said meanwhile is heard after this"
    assert job.deadline == 11 * LIMIT
    now = 1.0 + 10 * LIMIT
    while now < 11 * LIMIT:
        now += STANDSTILL
        at(monkeypatch, now)
        slots.expire()
    assert ("kill", 0) in workers.did


def test_the_reason_of_a_kill_is_ours(slots, monkeypatch):
    slots.on_ready(SlotReady(0, 1))
    job = slots.start(0, task(), STEPS)
    slots.kill(job, "stopped by ada")
    slots.kill(job, "again")
    ended = slots.on_ended(TaskEnded(0, job.key, None, "its worker crashed (SIGTERM)", died=True))
    assert ended.reason == "stopped by ada"
    assert slots.free == []
    slots.on_ready(SlotReady(0, 2))
    assert slots.free == [0]


def test_a_report_that_comes_while_it_is_killed_counts(slots):
    slots.on_ready(SlotReady(0, 1))
    job = slots.start(0, task(), STEPS)
    slots.kill(job, "too slow")
    ended = slots.on_ended(TaskEnded(0, job.key, CameraReport("b0", 1, ())))
    assert ended.report is not None
    assert ended.reason == ""


def test_a_worker_that_cannot_be_started_is_tried_ever_more_rarely(slots, workers, monkeypatch):
    times, now = [], 0.0
    for _ in range(6):
        slots.on_failed(SlotFailed(1, "no memory"))
        assert "no memory" in slots.problem
        times.append(slots.next_deadline - now)
        now = slots.next_deadline
        at(monkeypatch, now)
        slots.expire()
        assert workers.did[-1] == ("restart", 1)
    assert times == [1.0, 5.0, 15.0, 60.0, 60.0, 60.0]
    slots.on_ready(SlotReady(1, 3))
    assert slots.problem == ""


def test_a_worker_that_does_not_come_up_is_made_again_and_that_is_said(slots, workers, monkeypatch):
    slots.on_ready(SlotReady(0, 1))
    slots.expire()
    for moment in range(1, int(COMPILE_GRACE), 2):
        at(monkeypatch, float(moment))
        slots.expire()
    assert workers.did == []
    assert slots.problem == ""
    at(monkeypatch, COMPILE_GRACE + 1.0)
    slots.expire()
    assert workers.did == [("restart", 1)]
    assert "does not come up" in slots.problem
    slots.on_ready(SlotReady(1, 2))
    assert slots.problem == ""


def test_an_engine_that_was_stopped_itself_misses_nobody(slots, workers, monkeypatch):
    slots.expire()
    at(monkeypatch, 10.0 * COMPILE_GRACE)
    slots.expire()
    assert workers.did == []
