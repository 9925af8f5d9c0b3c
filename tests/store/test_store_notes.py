"""What stands beside the numbers: log, alarms, comments, flags, commands, contents, heartbeats."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qltui.model import Status
from qltui.store.views import EngineView


def test_the_log_is_read_by_pages_and_filters(store):
    for index in range(10):
        level = "alarm" if index % 5 == 0 else "info"
        store.log(level, f"line {index} 100%", 3579 if index < 5 else 3580, f"b{index % 2}", now=float(index))
    lines = store.log_lines(limit=3)
    assert [line.text for line in lines] == ["line 7 100%", "line 8 100%", "line 9 100%"]
    assert (lines[0].time, lines[0].level, lines[0].expid, lines[0].camera) == (7.0, "info", 3580, "b1")
    assert [line.number for line in store.log_lines(after=lines[1].number)] == [lines[2].number]
    assert [line.text for line in store.log_lines(limit=2, before=lines[0].number)] == ["line 5 100%", "line 6 100%"]
    assert len(store.log_lines(levels=("alarm", "error"))) == 2
    assert len(store.log_lines(expid=3579, camera="b1")) == 2
    assert len(store.log_lines(contains="LINE 4")) == 1
    assert len(store.log_lines(contains="100%")) == 10
    assert store.log_lines(contains="line_4") == store.log_lines(contains="%4") == []
    with pytest.raises(ValueError, match="no level"):
        store.log("loud", "x")


@pytest.fixture
def process(store, make_exposure, make_judgement, reduce):
    return reduce(make_exposure(), {"b0": make_judgement(3.0)})


def test_one_alarm_for_a_cause(store, process):
    (alarm,) = store.raise_alarms(process, [(Status.ALARM, "b3 noise")], now=5.0)
    assert (alarm.expid, alarm.time, alarm.status, alarm.cause) == (3579, 5.0, Status.ALARM, "b3 noise")
    new = store.raise_alarms(process, [(Status.ALARM, "b3 noise"), (Status.WARNING, "b7 traces")])
    assert [item.cause for item in new] == ["b7 traces"]
    assert [item.cause for item in store.alarms()] == ["b7 traces", "b3 noise"]
    assert store.acknowledge(alarm.number, "ada")
    assert not store.acknowledge(alarm.number, "bob")
    assert [item.cause for item in store.alarms(open_only=True)] == ["b7 traces"]
    assert store.alarms()[1].acknowledged_by == "ada"


def test_muted_words_are_recorded_and_not_heard(store, process):
    store.mute("noise", "ada", until=100.0, now=0.0)
    assert store.raise_alarms(process, [(Status.ALARM, "b3 noise")], now=50.0) == []
    assert len(store.alarms()) == 1
    assert store.alarms(open_only=True) == []
    assert len(store.raise_alarms(process, [(Status.ALARM, "b4 noise")], now=150.0)) == 1
    store.mute("noise", "ada")
    assert store.raise_alarms(process, [(Status.ALARM, "b5 noise")]) == []
    store.unmute("noise")
    assert len(store.raise_alarms(process, [(Status.ALARM, "b6 noise")])) == 1
    with pytest.raises(ValueError, match="every alarm"):
        store.mute("", "ada")


def test_an_open_alarm_is_silent_once_its_words_are_muted_and_comes_back(store, process):
    causes = [(Status.ALARM, "b3 C  noise 9 e-"), (Status.ALARM, "b4 A  noise 9 e-"), (Status.ALARM, "r5  traces")]
    store.raise_alarms(process, causes, now=1000.0)
    assert store.mute("b3 C  noise", "ada", until=5000.0, now=2000.0) == 1
    assert {item.cause for item in store.alarms(open_only=True)} == {"b4 A  noise 9 e-", "r5  traces"}
    assert store.mute("noise", "ben", now=2100.0) == 1
    assert [item.cause for item in store.alarms(open_only=True)] == ["r5  traces"]
    # What another mute covers stays silent.
    store.unmute("b3 C  noise", now=2200.0)
    assert [item.cause for item in store.alarms(open_only=True)] == ["r5  traces"]
    store.unmute("noise", now=2300.0)
    assert len(store.alarms(open_only=True)) == 3
    # After a day nobody waits for it any more.
    store.mute("traces", "ada", now=2400.0)
    store.unmute("traces", now=1000.0 + 86401.0)
    assert {item.cause for item in store.alarms(open_only=True)} == {"b3 C  noise 9 e-", "b4 A  noise 9 e-"}


def test_comments_and_their_history(store, process, make_exposure):
    exposure = store.add_exposure(make_exposure())
    first = store.add_comment(exposure, "ada", "clouds", now=1.0)
    second = store.add_comment(exposure, "bob", "of this run", process)
    assert store.exposures()[0].comments == 2
    store.edit_comment(first, "ada", "thin clouds", now=2.0)
    with pytest.raises(PermissionError, match="only ada"):
        store.edit_comment(first, "bob", "no clouds")
    store.delete_comment(second, "bob")
    with pytest.raises(KeyError):
        store.edit_comment(second, "bob", "again")
    (comment,) = store.comments(exposure)
    assert (comment.text, comment.author, comment.created, comment.edited) == ("thin clouds", "ada", 1.0, 2.0)
    assert (comment.expid, comment.process) == (3579, None)
    assert store.exposures()[0].comments == 1
    history = store._database.sql("SELECT action, who, text FROM comment_history ORDER BY id")
    assert history == [("edit", "ada", "clouds"), ("delete", "bob", "of this run")]


def test_the_newest_flag_counts(store, process, make_exposure):
    exposure = store.add_exposure(make_exposure())
    assert store.exposures()[0].flag == ""
    store.set_flag(exposure, "junk", "ada", "dome closed")
    store.set_flag(exposure, "good", "bob")
    assert store.exposures()[0].flag == "good"
    store.set_flag(exposure, "", "ada")
    assert store.exposures()[0].flag == ""
    with pytest.raises(ValueError, match="no flag"):
        store.set_flag(exposure, "awful", "ada")


def test_commands_are_answered_once_in_order(store):
    numbers = [store.send_command(name, {"n": 1}, "ada") for name in ("pause", "resume", "fly")]
    assert [command.name for command in store.pending_commands()] == ["pause", "resume", "fly"]
    store.answer_command(numbers[0], "paused", now=7.0)
    store.answer_command(numbers[2], "no such command", refused=True)
    assert [command.number for command in store.pending_commands()] == [numbers[1]]
    done, refused = store.command(numbers[0]), store.command(numbers[2])
    assert (done.state, done.answer, done.answered) == ("done", "paused", 7.0)
    assert (refused.state, refused.answer) == ("refused", "no such command")
    assert store.command(99) is None


def test_a_command_that_somebody_wrote_by_hand(store):
    for text in ("[1, 2]", "{broken", "", "null"):
        with store.transaction():
            store._database.sql(
                "INSERT INTO command (name, arguments, who, state, created, answer) VALUES (?, ?, ?, ?, 0, '')",
                ("x", text, "ada", "pending"),
            )
    assert [command.arguments for command in store.pending_commands()] == [{}] * 4


def test_contents_are_kept_once(store):
    one = store.limit_set("[NOISE_AMP]\n", "default")
    assert store.limit_set("[NOISE_AMP]\n") == one
    assert store.limit_set("[NOISE_AMP] \n") != one
    assert store.configuration("[NOISE_AMP]\n") == 1
    assert store.limit_set_content(one) == "[NOISE_AMP]\n"
    with pytest.raises(KeyError):
        store.configuration_content(99)


def test_heartbeats_are_no_news(store, make_exposure):
    view = EngineView("idle", pid=5, host="kpno", slots=("b3 CHECK FIBERS", ""), started=1.5, disk_free=1e9)
    assert store.engine().state == "none"
    assert store.engine().heartbeat is None
    store.beat(view, {"slot0": 3.0}, now=10.0)
    version = store.version()
    store.beat(replace(view, disk_free=2e9, disk_used=float("nan")), {"slot0": 13.0}, now=20.0)
    assert store.version() == version
    engine = store.engine()
    assert (engine.state, engine.heartbeat, engine.slots, engine.disk_free) == ("idle", 20.0, view.slots, 2e9)
    assert store.heartbeats() == {"engine": 20.0, "slot0": 13.0}
    store.beat(replace(view, state="reducing"), now=21.0)
    assert store.version() > version
    store.enqueue(store.add_exposure(make_exposure()), "NEW", "me", ("b0",))
    assert store.engine().queue == 1
