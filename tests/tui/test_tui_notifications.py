"""The alarms of the record under keys."""

from __future__ import annotations

import csv
from contextlib import asynccontextmanager

import known
import pytest
from pressing import press, settle

from qltui.model import Status
from qltui.tui.bell import BELL_KEY
from qltui.tui.memory import Memory
from qltui.tui.screens.notifications import SEEN_KEY
from qltui.tui.widgets.footer import Footer
from qltui.tui.widgets.head_line import HeadLine

RAISED = known.time_of(3579) + 1100.0


@pytest.fixture
def started(known_app):
    """Return a context manager: an app on the notifications with its pilot."""

    @asynccontextmanager
    async def start(size=(80, 24), **options):
        app = known_app(**options)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            app.go("notifications")
            await pilot.pause()
            await settle(app, pilot)
            yield app, pilot

    return start


def text(app, name):
    return app.screen.query_one(f"#{name}").text


def asked(store):
    return [(command.name, dict(command.arguments), command.who) for command in store.pending_commands()]


async def test_one_line_for_each_exposure_and_cause_newest_first(started):
    async with started() as (app, _):
        lines = text(app, "alarms").split("\n")
        assert "10-02 03:58      3579  ✖ alarm  r5    traces dx +1.50 px    Ben" in lines[1]
        assert "3579  ✖ alarm  b3 C  noise 25.1 e-  (3.1)" in lines[2]
        assert lines[3] == ""
        assert "1 open" in app.screen.query_one(HeadLine).text
        assert "SCIENCE DARK of night 2019-10-01, process 6" in text(app, "alarm")
        assert "acknowledged by Ben at 10-02 03:59 UT" in text(app, "alarm")


async def test_the_details_follow_the_cursor(started):
    async with started() as (app, pilot):
        await press(app, pilot, "down")
        assert "b3 C noise 25.1 e- (3.1)" in text(app, "alarm")
        assert "nobody has acknowledged it" in text(app, "alarm")


async def test_a_acknowledges_what_is_under_the_cursor(started, known_store):
    async with started() as (app, pilot):
        await press(app, pilot, "a")
        assert "acknowledged already" in app.screen.query_one(Footer).text
        assert asked(known_store) == []
        await press(app, pilot, "down", "a")
        assert asked(known_store) == [("acknowledge", {"alarm": [1]}, "Ann")]
        known_store.acknowledge(1, "Ann", now=known.NOW)
        await settle(app, pilot)
        assert "none open" in app.screen.query_one(HeadLine).text
        assert "Ann" in text(app, "alarms")


async def test_ticked_alarms_are_acknowledged_together(started, known_store):
    process = known_store.process_numbers(expid=3578)[0]
    known_store.raise_alarms(process, [(Status.ALARM, "b1 D  noise 9.0 e-")], now=RAISED + 60.0)
    async with started() as (app, pilot):
        await press(app, pilot, "A")
        assert "3 ticked" in app.screen.heading("alarms")
        await press(app, pilot, "a")
        # The one that Ben has seen is not asked for again.
        assert asked(known_store) == [("acknowledge", {"alarm": [1, 3]}, "Ann")]
        assert "ticked" not in app.screen.heading("alarms")


async def test_all_open_alarms_are_acknowledged_after_a_question(started, known_store):
    async with started() as (app, pilot):
        await press(app, pilot, "V", "escape")
        assert asked(known_store) == []
        await press(app, pilot, "V", "y")
        assert asked(known_store) == [("acknowledge", {"alarm": [1]}, "Ann")]
        known_store.acknowledge(1, "Ann")
        await settle(app, pilot)
        await press(app, pilot, "V")
        assert "no alarm is open" in app.screen.query_one(Footer).text


@pytest.mark.parametrize(("key", "minutes"), [("h", {"minutes": 60}), ("t", {"minutes": 900}), ("g", {})])
async def test_words_of_a_cause_are_muted_for_a_while(started, known_store, key, minutes):
    async with started() as (app, pilot):
        await press(app, pilot, "down", "m", "enter", key)
        # 04:00 UT is 21:00 at the telescope, fifteen hours before noon.
        assert asked(known_store) == [("mute", {"words": "b3 C  noise"} | minutes, "Ann")]


async def test_other_words_can_be_typed_and_none_are_refused(started, known_store):
    async with started() as (app, pilot):
        await press(app, pilot, "m", "ctrl+u", "enter")
        await press(app, pilot, "m", "ctrl+u", *"dx", "enter", "escape")
        assert asked(known_store) == []
        await press(app, pilot, "m", "ctrl+u", *"dx", "enter", "h")
        assert asked(known_store) == [("mute", {"words": "dx", "minutes": 60}, "Ann")]


async def test_mutes_are_listed_and_taken_back(started, known_store):
    known_store.mute("traces", "Ben", until=known.NOW + 3600.0, now=known.NOW)
    known_store.mute("gone", "Ben", until=known.NOW - 1.0, now=known.NOW - 10.0)
    async with started() as (app, pilot):
        lines = text(app, "mutes").split("\n")
        assert lines[1].split() == ["traces", "10-03", "05:00", "Ben", "10-03", "04:00", "1"]
        assert "gone" not in text(app, "mutes")
        assert "'traces' is muted until 10-03 05:00 UT" in app.screen.heading("alarm") + text(app, "alarm")
        await press(app, pilot, "down", "u")
        assert "nothing of that is muted" in app.screen.query_one(Footer).text
        await press(app, pilot, "up", "u", "tab", "u")
        assert asked(known_store) == [("unmute", {"words": "traces"}, "Ann")] * 2


async def test_what_is_muted_is_not_open_whether_it_was_raised_before_or_after(started, known_store):
    known_store.mute("noise", "Ben", now=known.NOW)
    process = known_store.process_numbers(expid=3580)[0]
    known_store.raise_alarms(process, [(Status.ALARM, "b1 D  noise 9.0 e-")], now=known.NOW)
    async with started() as (app, _):
        assert "3580  ✖ alarm  b1 D  noise 9.0 e-          muted" in text(app, "alarms")
        assert "3579  ✖ alarm  b3 C  noise 25.1 e-  (3.1)  muted" in text(app, "alarms")
        assert "none open" in app.screen.query_one(HeadLine).text


async def test_enter_goes_to_the_exposure_and_esc_comes_back(started, known_store):
    async with started() as (app, pilot):
        await press(app, pilot, "enter")
        assert app.current_mode == "exposure"
        assert (app.selection.expid, app.selection.night) == (3579, 20191001)
        assert app.selection.process == known_store.process_numbers(expid=3579)[0]
        await press(app, pilot, "escape")
        assert app.current_mode == "notifications"


async def test_alarms_are_filtered_and_saved(started, tmp_path):
    async with started() as (app, pilot):
        await press(app, pilot, "slash", *"noise", "enter")
        assert "traces" not in text(app, "alarms")
        assert "1 of 2  /noise" in app.screen.heading("alarms")
        await press(app, pilot, "w")
    (line,) = csv.DictReader((tmp_path / "alarms.csv").read_text().splitlines())
    assert (line["expid"], line["cause"]) == ("3579", "b3 C  noise 25.1 e-  (3.1)")
    assert line["utc [UTC]"] == "2019-10-02T03:58:20Z"


async def test_what_came_while_one_was_away_is_marked_until_one_leaves(started, known_store, tmp_path):
    memory = Memory(tmp_path / "memory.json")
    async with started(memory=memory) as (app, pilot):
        assert "new" not in app.screen.query_one(HeadLine).text
    assert memory.get(SEEN_KEY, 0.0) == RAISED
    process = known_store.process_numbers(expid=3580)[0]
    known_store.raise_alarms(process, [(Status.ALARM, "b1 D  noise 9.0 e-")], now=RAISED + 86400.0)
    async with started(memory=Memory(tmp_path / "memory.json")) as (app, pilot):
        assert "1 new since 10-02 03:58 UT" in app.screen.query_one(HeadLine).text
        lines = text(app, "alarms").split("\n")
        assert lines[1].split()[:2] == ["*", "10-03"]
        assert lines[2].split()[:2] == ["a", "10-02"]
        app.back()
        await pilot.pause()
        app.go("notifications")
        await pilot.pause()
        await settle(app, pilot)
        assert "new" not in app.screen.query_one(HeadLine).text


async def test_b_switches_the_bell_and_the_choice_is_kept(started):
    async with started() as (app, pilot):
        assert "bell on" in app.screen.query_one(HeadLine).text
        await press(app, pilot, "B")
        assert "bell off" in app.screen.query_one(HeadLine).text
        assert app.memory.get(BELL_KEY, True) is False


async def test_a_new_alarm_rings_once_on_whatever_screen(known_app, known_store, monkeypatch):
    app = known_app()
    rung = []
    async with app.run_test(size=(80, 24)) as pilot:
        monkeypatch.setattr(app, "bell", lambda: rung.append(app.current_mode))
        await pilot.pause()
        await settle(app, pilot)
        assert rung == []
        process = known_store.process_numbers(expid=3580)[0]
        known_store.raise_alarms(process, [(Status.ALARM, "b1 D  noise 9.0 e-")], now=known.NOW)
        await settle(app, pilot)
        known_store.log("info", "something else")
        await settle(app, pilot)
        assert rung == ["monitor"]
        known_store.mute("traces", "Ann")
        known_store.raise_alarms(process, [(Status.ALARM, "r1  traces dx 2.0 px")], now=known.NOW)
        await settle(app, pilot)
        assert rung == ["monitor"]


async def test_without_a_record_the_screen_says_so(make_app):
    from qltui.tui.source import NothingYet

    app = make_app(NothingYet())
    async with app.run_test(size=(80, 24)) as pilot:
        app.go("notifications")
        await pilot.pause()
        await settle(app, pilot)
        assert "no alarm in this record" in text(app, "alarms")
        await press(app, pilot, "a", "u", "V", "enter")
        assert app.current_mode == "notifications"
    app.reader.close()


async def test_hostile_words_are_drawn_harmless(started, known_store):
    process = known_store.process_numbers(expid=3580)[0]
    known_store.raise_alarms(
        process, [(Status.ALARM, "b1 \x1b[31m[red]evil[/]\n日本語の名前  noise 9.0")], now=known.NOW
    )
    async with started() as (app, pilot):
        assert "\x1b" not in text(app, "alarms")
        assert "[red]evil[/]" in text(app, "alarms")
        assert "日本語の名前" in text(app, "alarm")
        await press(app, pilot, "m", "enter", "h")
