"""The Monitor under keys, on a hand-made record."""

from __future__ import annotations

import re
from dataclasses import replace

import pictures as p
from monitor_app import monitor, night, whole
from pressing import press, settle

from qltui.store.errors import StoreError
from qltui.tui.widgets.cell_detail import CellDetail
from qltui.tui.widgets.footer import Footer
from qltui.tui.widgets.grid_layout import Place
from qltui.tui.widgets.log_pane import LogPane
from qltui.tui.widgets.status_bar import StatusBar
from qltui.tui.widgets.step_grid import StepGrid
from qltui.tui.widgets.trend import TrendPane
from qltui.tui.widgets.verdict import VerdictPane

__all__ = ["monitor"]


async def test_the_night_of_the_design_is_on_the_screen(monitor):
    async with monitor() as (app, _):
        screen = whole(app)
    for words in ("exp 3579", "reducing 19/30", "●●●✖●●●●●●", "✖ b3 C  noise 25.1 e-", "C 25.10 ✖", "NOISE_AMP b3 C"):
        assert words in screen
    assert len(screen.split("\n")) == 24


async def test_arrows_move_over_cells_and_enter_shows_their_values(monitor):
    async with monitor() as (app, pilot):
        grid = app.screen.query_one(StepGrid)
        assert grid.cursor == Place("b3", "CHECK_CCDS")
        await press(app, pilot, "down", "right")
        assert grid.cursor == Place("r4", "CHECK_CCDS")
        await press(app, pilot, "up", "left", "enter")
        detail = app.screen.query_one(CellDetail)
        assert "25.10   2.10 … 4.10" in detail.text
        assert not app.screen.query_one(LogPane).display
        await press(app, pilot, "right")
        assert detail.place == Place("b4", "CHECK_CCDS")
        await press(app, pilot, "escape")
        assert not detail.display
        assert app.screen.query_one(LogPane).display
        await press(app, pilot, "escape")
        assert grid.cursor == Place("b3", "CHECK_CCDS")


async def test_tab_goes_round_the_panes_and_e_expands_one(monitor):
    async with monitor() as (app, pilot):
        order = []
        for _ in range(4):
            await press(app, pilot, "tab")
            order.append(app.screen.focused.id)
        assert order == ["verdict", "trend", "log", "grid"]
        await press(app, pilot, "tab", "e")
        verdict = app.screen.query_one(VerdictPane)
        assert verdict.size.height == 20
        assert "16 of 30 cameras good so far" in verdict.text
        await press(app, pilot, "e")
        assert verdict.size.height == 6
        await press(app, pilot, "shift+tab", "shift+tab", "e")
        assert app.screen.query_one(LogPane).size.height == 20
        await press(app, pilot, "escape")
        assert app.screen.query_one(StepGrid).display


async def test_the_log_is_filtered_while_typing_and_cleared_by_escape(monitor):
    async with monitor() as (app, pilot):
        log = app.screen.query_one(LogPane)
        await press(app, pilot, "slash", *"b3 alarm")
        assert all("b3" in line for line in log.text.split("\n") if line)
        await press(app, pilot, "backspace", "enter")
        assert log.words == "b3 alar"
        assert "/b3 alar" in whole(app)
        await press(app, pilot, "slash", *"xyz", "escape")
        assert log.words == "b3 alar"
        await press(app, pilot, "escape")
        assert log.words == ""


async def test_a_filter_that_nothing_passes_says_so(monitor):
    async with monitor() as (app, pilot):
        await press(app, pilot, "slash", *"zebra", "enter")
        assert "no line with 'zebra'" in whole(app)


async def test_a_paused_log_holds_still_and_loses_nothing(monitor):
    record = night()
    async with monitor(record) as (app, pilot):
        log = app.screen.query_one(LogPane)
        await press(app, pilot, "p")
        before = log.text
        record.lines.append(replace(p.log_lines(1)[0], number=41, text="a new line"))
        record.number += 1
        await settle(app, pilot)
        assert log.text == before
        assert "paused, 1 new" in log.title
        await press(app, pilot, "p")
        assert "a new line" in log.text


async def test_who_reads_older_lines_is_not_moved(monitor):
    record = night()
    async with monitor(record) as (app, pilot):
        log = app.screen.query_one(LogPane)
        log.focus()
        await press(app, pilot, "down", "down")
        before = log.text
        record.lines.append(replace(p.log_lines(1)[0], number=41))
        record.number += 1
        await settle(app, pilot)
        assert log.text == before
        await press(app, pilot, "home")
        assert log.title == "Log"


async def test_metric_arm_element_and_cameras_of_the_trend_change_by_key(monitor):
    record = night()
    async with monitor(record) as (app, pilot):

        def title():
            return app.screen.follower.title

        assert title().startswith("NOISE_AMP b3 C [e-]")
        await press(app, pilot, "v")
        assert title().startswith("NOISE_AMP b3 D")
        await press(app, pilot, "a")
        assert title().startswith("NOISE_AMP r3")
        await press(app, pilot, "c")
        assert record.asked[-1][2] == ("r3",)
        await press(app, pilot, "o")
        assert record.asked[-1][5] == ()
        await press(app, pilot, "m")
        following = [metric.name for metric in p.DESI.metrics_for("SCIENCE", arm="r")]
        expected = following[following.index("NOISE_AMP") + 1]
        assert title().startswith(expected)
        await press(app, pilot, "M")
        assert title().startswith("NOISE_AMP")
        assert any("\u2800" < char <= "\u28ff" for char in app.screen.query_one(TrendPane).text)


async def test_a_kind_with_too_few_exposures_is_shown_among_all_until_somebody_chooses(monitor):
    record = night()
    few, many = p.trend_points(count=2), p.trend_points(count=20)
    record.trend = lambda metric, cameras, elements, *, night, obstypes: few if obstypes else many
    async with monitor(record) as (app, pilot):
        assert "all obstypes" in app.screen.follower.title
        await press(app, pilot, "o")
        assert "SCIENCE" in app.screen.follower.title
        await press(app, pilot, "o")
        assert "all obstypes" in app.screen.follower.title


async def test_older_exposures_are_shown_until_the_latest_is_asked_for(monitor):
    record = night()
    async with monitor(record) as (app, pilot):
        await press(app, pilot, "left_square_bracket")
        await settle(app, pilot)
        assert "exp 3578" in whole(app)
        assert "looking back" in whole(app)
        await press(app, pilot, "left_square_bracket")
        assert "this is the first of the night" in app.screen.query_one(Footer).text
        record.processes.append(p.process(8, expid=3580))
        record.number += 1
        await settle(app, pilot)
        assert "exp 3578" in whole(app)
        await press(app, pilot, "l")
        await settle(app, pilot)
        assert "exp 3580" in whole(app)


async def test_reprocessing_asks_first_and_reports_the_answer(monitor):
    record = night()
    async with monitor(record) as (app, pilot):
        await press(app, pilot, "r", "escape")
        assert record.sent == []
        await press(app, pilot, "r", "c")
        arguments = {"instrument": "desi", "night": 20191001, "expid": 3579, "cameras": ["b3"]}
        assert record.sent == [("reprocess", arguments, "observer")]
        assert "asked for: reprocess 3579" in whole(app)
        record.answers[1] = ("done", "process 9 queued")
        await settle(app, pilot)
        assert "reprocess: process 9 queued" in whole(app)


async def test_stopping_asks_first_and_holding_is_undone_by_the_same_key(monitor):
    record = night()
    async with monitor(record) as (app, pilot):
        await press(app, pilot, "s", "n", "s", "y")
        assert record.sent == [("cancel", {"process": 7, "expid": 3579}, "observer")]
        await press(app, pilot, "P")
        assert record.sent[-1][0] == "pause"
        record.engine_view = p.engine("paused")
        record.processes[-1] = p.good_process(7, 3579)
        record.number += 1
        await settle(app, pilot)
        assert "the engine is paused, new exposures wait" in whole(app)
        await press(app, pilot, "P")
        assert record.sent[-1][0] == "resume"
        await press(app, pilot, "s")
        assert "nothing of this exposure runs or waits" in whole(app)


async def test_a_request_that_cannot_be_written_is_said(monitor):
    record = night()
    async with monitor(record) as (app, pilot):
        await press(app, pilot, "r")
        record.fault = StoreError("the record may only be read here")
        await press(app, pilot, "a")
        assert "was not asked for: the record may only be read here" in whole(app)


async def test_an_unreadable_record_is_said_and_recovered_from(monitor):
    record = night()
    async with monitor(record) as (app, pilot):
        record.fault = StoreError("another program keeps the record locked")
        await settle(app, pilot)
        assert "keeps the record locked" in app.screen.query_one(StatusBar).text
        record.fault = None
        await settle(app, pilot)
        assert "reducing 19/30" in app.screen.query_one(StatusBar).text


async def test_a_dead_engine_is_said_in_words(monitor):
    record = night()
    async with monitor(record, exists=lambda _pid: False) as (app, _):
        assert "the engine died" in whole(app)
        assert "start it: qltui run" in whole(app)


async def test_the_first_engine_and_exposure_fill_an_empty_screen(monitor):
    record = p.FakeRecord(engine_view=p.engine("compiling"), version=0)
    async with monitor(record) as (app, pilot):
        assert "kernels are being compiled" in whole(app)
        await press(app, pilot, "down", "enter", "m", "v", "a", "left_square_bracket", "e", "escape", "r")
        assert "no exposure to reduce again" in whole(app)
        record.engine_view = p.engine("reducing")
        record.processes.append(p.process())
        record.number = 1
        await settle(app, pilot)
        assert "●●●✖●●●●●●" in whole(app)


async def test_an_exposure_without_a_recipe_is_not_called_anything(monitor):
    odd = replace(p.good_process(), exposure=replace(p.exposure(3590), obstype="FOO\x1b[2J"), cameras={})
    async with monitor(p.FakeRecord(odd)) as (app, pilot):
        assert "There is no recipe for FOO[2J" in whole(app)
        await press(app, pilot, "down", "enter", "m")
        assert "\x1b" not in whole(app)


async def test_help_names_every_key_and_the_metric_under_the_cursor(monitor):
    async with monitor(size=(100, 96)) as (app, pilot):
        named = [command for command in app.commands().values() if not command.moves]
        await press(app, pilot, "question_mark")
        screen = whole(app)
        for command in named:
            assert command.help[1:38] in screen, command.id
        assert "NOISE_AMP: Read noise [e-]" in screen
        assert "MISSING" in screen
        await press(app, pilot, "q")
        assert "Steps" in whole(app)


async def test_help_scrolls_to_its_end(monitor):
    async with monitor() as (app, pilot):
        await press(app, pilot, "question_mark", *["pagedown"] * 6)
        assert "outside the warning range" in whole(app)
        await press(app, pilot, "home", "escape")
        assert "Steps" in whole(app)


async def test_the_palette_has_every_action_and_runs_the_chosen_one(monitor):
    async with monitor(size=(80, 120)) as (app, pilot):
        actions = [command for command in app.commands().values() if not command.moves]
        await press(app, pilot, "ctrl+p")
        screen = whole(app)
        for command in actions:
            assert command.help in screen, command.id
        await press(app, pilot, *"metric before", "enter")
        names = [metric.name for metric in p.DESI.metrics_for("SCIENCE", arm="b")]
        assert app.screen.follower.title.startswith(names[names.index("NOISE_AMP") - 1])
        await press(app, pilot, "ctrl+p", *"zebra")
        assert "nothing fits" in whole(app)
        await press(app, pilot, "enter")
        await press(app, pilot, "ctrl+p", "down", "up", "escape")
        assert len(app.screen_stack) == 1


def test_every_binding_has_an_id_a_sentence_and_a_safe_key(make_app):
    from qltui.tui.app import MonitorApp
    from qltui.tui.screens.monitor_keys import MONITOR_BINDINGS

    classes = [MonitorApp, StepGrid, CellDetail, LogPane]
    bindings = [*MONITOR_BINDINGS, *(binding for kind in classes for binding in kind.BINDINGS)]
    ids = [binding.id for binding in bindings]
    assert None not in ids
    assert len(ids) == len(set(ids))
    forbidden = re.compile(r"^(ctrl\+[abszchijm]|alt\+.*|ctrl\+(left|right|up|down))$")
    for binding in bindings:
        for key in binding.key.split(","):
            # Leaving by Ctrl-C is what everybody tries; the others belong to tmux, screen or the terminal.
            assert key == "ctrl+c" or not forbidden.match(key), binding.id
        assert binding.tooltip or not binding.show, binding.id
    keys = [key for binding in [*MONITOR_BINDINGS, *MonitorApp.BINDINGS] for key in binding.key.split(",")]
    assert len(keys) == len(set(keys))


async def test_another_keymap_changes_key_footer_and_help(monitor):
    async with monitor(keymap={"app.theme": "f2"}) as (app, pilot):
        assert "f2 night" in app.screen.query_one(Footer).text
        await press(app, pilot, "N")
        assert app.theme == "day"
        await press(app, pilot, "f2")
        assert app.theme == "night-red"


async def test_q_leaves_at_once_where_the_engine_is_not_ours(monitor):
    async with monitor() as (app, pilot):
        await pilot.press("q")
        await pilot.pause()
        assert app.return_code == 0
        assert app.return_value == 0


async def test_q_asks_what_becomes_of_our_own_engine(monitor):
    record = night()
    async with monitor(record, own_engine=True) as (app, pilot):
        await press(app, pilot, "q")
        assert "k/enter keep it running" in whole(app)
        await press(app, pilot, "escape")
        assert app.is_running
        await press(app, pilot, "q", "s")
        assert record.sent == [("shutdown", {}, "observer")]
        assert app.return_value == 0


async def test_keeping_the_engine_is_the_default(monitor):
    record = night()
    async with monitor(record, own_engine=True) as (app, pilot):
        await press(app, pilot, "q", "enter")
        assert record.sent == []
        assert app.return_value == 0
