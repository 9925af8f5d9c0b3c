"""The Monitor under keys, on a hand-made record."""

from __future__ import annotations

import re
from dataclasses import replace

import pictures as p
import pytest

from qltui.model import Status
from qltui.store.errors import StoreError
from qltui.tui.arrange import SMALLEST
from qltui.tui.themes import PALETTES
from qltui.tui.widgets.cell_detail import CellDetail
from qltui.tui.widgets.footer import Footer
from qltui.tui.widgets.grid_layout import Place
from qltui.tui.widgets.lines import Lines
from qltui.tui.widgets.log_pane import LogPane
from qltui.tui.widgets.status_bar import StatusBar
from qltui.tui.widgets.step_grid import StepGrid
from qltui.tui.widgets.trend import TrendPane
from qltui.tui.widgets.verdict import VerdictPane


def night():
    return p.FakeRecord(p.good_process(), p.process(), lines=p.log_lines(40))


def whole(app):
    """What stands on the screen, as text."""
    return "\n".join("".join(segment.text for segment in line) for line in app.screen._compositor.render_strips())


async def settle(app, pilot):
    """Look at the record until nothing is left to draw; the chart comes from a thread."""
    await app.poll()
    await app.workers.wait_for_complete()
    await app.poll()
    await pilot.pause()


async def press(app, pilot, *keys):
    await pilot.press(*keys)
    await app.workers.wait_for_complete()
    await pilot.pause()


@pytest.fixture
def started(make_app):
    """Return a context manager: an app with its pilot, after the first look."""
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def start(record=None, size=(80, 24), **options):
        app = make_app(record if record is not None else night(), **options)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await settle(app, pilot)
            yield app, pilot
        app.reader.close()

    return start


async def test_the_night_of_the_design_is_on_the_screen(started):
    async with started() as (app, _):
        screen = whole(app)
    for words in ("exp 3579", "reducing 19/30", "●●●✖●●●●●●", "✖ b3 C  noise 25.1 e-", "C 25.10 ✖", "NOISE_AMP b3 C"):
        assert words in screen
    assert len(screen.split("\n")) == 24


async def test_arrows_move_over_cells_and_enter_shows_their_values(started):
    async with started() as (app, pilot):
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


async def test_tab_goes_round_the_panes_and_e_expands_one(started):
    async with started() as (app, pilot):
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


async def test_the_log_is_filtered_while_typing_and_cleared_by_escape(started):
    async with started() as (app, pilot):
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


async def test_a_filter_that_nothing_passes_says_so(started):
    async with started() as (app, pilot):
        await press(app, pilot, "slash", *"zebra", "enter")
        assert "no line with 'zebra'" in whole(app)


async def test_a_paused_log_holds_still_and_loses_nothing(started):
    record = night()
    async with started(record) as (app, pilot):
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


async def test_who_reads_older_lines_is_not_moved(started):
    record = night()
    async with started(record) as (app, pilot):
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


async def test_metric_arm_element_and_cameras_of_the_trend_change_by_key(started):
    record = night()
    async with started(record) as (app, pilot):

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


async def test_a_kind_with_too_few_exposures_is_shown_among_all_until_somebody_chooses(started):
    record = night()
    few, many = p.trend_points(count=2), p.trend_points(count=20)
    record.trend = lambda metric, cameras, elements, *, night, obstypes: few if obstypes else many
    async with started(record) as (app, pilot):
        assert "all obstypes" in app.screen.follower.title
        await press(app, pilot, "o")
        assert "SCIENCE" in app.screen.follower.title
        await press(app, pilot, "o")
        assert "all obstypes" in app.screen.follower.title


async def test_older_exposures_are_shown_until_the_latest_is_asked_for(started):
    record = night()
    async with started(record) as (app, pilot):
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


async def test_reprocessing_asks_first_and_reports_the_answer(started):
    record = night()
    async with started(record) as (app, pilot):
        await press(app, pilot, "r", "escape")
        assert record.sent == []
        await press(app, pilot, "r", "c")
        arguments = {"instrument": "desi", "night": 20191001, "expid": 3579, "cameras": ["b3"]}
        assert record.sent == [("reprocess", arguments, "observer")]
        assert "asked for: reprocess 3579" in whole(app)
        record.answers[1] = ("done", "process 9 queued")
        await settle(app, pilot)
        assert "reprocess: process 9 queued" in whole(app)


async def test_stopping_asks_first_and_holding_is_undone_by_the_same_key(started):
    record = night()
    async with started(record) as (app, pilot):
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


async def test_a_request_that_cannot_be_written_is_said(started):
    record = night()
    async with started(record) as (app, pilot):
        await press(app, pilot, "r")
        record.fault = StoreError("the record may only be read here")
        await press(app, pilot, "a")
        assert "was not asked for: the record may only be read here" in whole(app)


async def test_an_unreadable_record_is_said_and_recovered_from(started):
    record = night()
    async with started(record) as (app, pilot):
        record.fault = StoreError("another program keeps the record locked")
        await settle(app, pilot)
        assert "keeps the record locked" in app.screen.query_one(StatusBar).text
        record.fault = None
        await settle(app, pilot)
        assert "reducing 19/30" in app.screen.query_one(StatusBar).text


async def test_a_dead_engine_is_said_in_words(started):
    record = night()
    async with started(record, exists=lambda _pid: False) as (app, _):
        assert "the engine died" in whole(app)
        assert "start it: qltui run" in whole(app)


async def test_the_first_engine_and_exposure_fill_an_empty_screen(started):
    record = p.FakeRecord(engine_view=p.engine("compiling"), version=0)
    async with started(record) as (app, pilot):
        assert "kernels are being compiled" in whole(app)
        await press(app, pilot, "down", "enter", "m", "v", "a", "left_square_bracket", "e", "escape", "r")
        assert "no exposure to reduce again" in whole(app)
        record.engine_view = p.engine("reducing")
        record.processes.append(p.process())
        record.number = 1
        await settle(app, pilot)
        assert "●●●✖●●●●●●" in whole(app)


async def test_an_exposure_without_a_recipe_is_not_called_anything(started):
    odd = replace(p.good_process(), exposure=replace(p.exposure(3590), obstype="FOO\x1b[2J"), cameras={})
    async with started(p.FakeRecord(odd)) as (app, pilot):
        assert "There is no recipe for FOO[2J" in whole(app)
        await press(app, pilot, "down", "enter", "m")
        assert "\x1b" not in whole(app)


async def test_help_names_every_key_and_the_metric_under_the_cursor(started):
    async with started(size=(100, 90)) as (app, pilot):
        named = [command for command in app.commands().values() if not command.moves]
        await press(app, pilot, "question_mark")
        screen = whole(app)
        for command in named:
            assert command.help[1:38] in screen, command.id
        assert "NOISE_AMP: Read noise [e-]" in screen
        assert "MISSING" in screen
        await press(app, pilot, "q")
        assert "Steps" in whole(app)


async def test_help_scrolls_to_its_end(started):
    async with started() as (app, pilot):
        await press(app, pilot, "question_mark", *["pagedown"] * 6)
        assert "outside the warning range" in whole(app)
        await press(app, pilot, "home", "escape")
        assert "Steps" in whole(app)


async def test_the_palette_has_every_action_and_runs_the_chosen_one(started):
    async with started(size=(80, 120)) as (app, pilot):
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


async def test_another_keymap_changes_key_footer_and_help(started):
    async with started(keymap={"app.theme": "f2"}) as (app, pilot):
        assert "f2 night" in app.screen.query_one(Footer).text
        await press(app, pilot, "N")
        assert app.theme == "day"
        await press(app, pilot, "f2")
        assert app.theme == "night-red"


async def test_q_leaves_at_once_where_the_engine_is_not_ours(started):
    async with started() as (app, pilot):
        await pilot.press("q")
        await pilot.pause()
        assert app.return_code == 0
        assert app.return_value == 0


async def test_q_asks_what_becomes_of_our_own_engine(started):
    record = night()
    async with started(record, own_engine=True) as (app, pilot):
        await press(app, pilot, "q")
        assert "k/enter keep it running" in whole(app)
        await press(app, pilot, "escape")
        assert app.is_running
        await press(app, pilot, "q", "s")
        assert record.sent == [("shutdown", {}, "observer")]
        assert app.return_value == 0


async def test_keeping_the_engine_is_the_default(started):
    record = night()
    async with started(record, own_engine=True) as (app, pilot):
        await press(app, pilot, "q", "enter")
        assert record.sent == []
        assert app.return_value == 0


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (60, 16), (40, 10), (20, 5), (5, 2), (1, 1)])
async def test_no_size_of_terminal_breaks_it(started, size):
    async with started(size=size) as (app, pilot):
        await press(
            app, pilot, "down", "enter", "e", "tab", "e", "escape", "question_mark", "escape", "ctrl+p", "escape"
        )
        screen = whole(app)
        rows = screen.split("\n")
        assert len(rows) == size[1]
        if size[0] >= SMALLEST[0] and size[1] >= SMALLEST[1]:
            assert "exp 3579" in screen
        elif size[0] >= 20:
            assert "too small" in screen


async def test_a_terminal_that_changes_its_size_is_followed(started):
    async with started() as (app, pilot):
        for size in ((200, 60), (40, 10), (80, 24)):
            await pilot.resize_terminal(*size)
            await settle(app, pilot)
        assert "●●●✖●●●●●●" in whole(app)
        assert app.screen.focused is not None


async def test_a_wide_terminal_shows_the_values_beside_the_grid(started):
    async with started(size=(200, 60)) as (app, pilot):
        screen = whole(app)
        assert "2.10 … 4.10" in screen
        assert "3.10 header" in screen
        assert "not expected" in screen
        assert "b4 CHECK SPECTRA" in screen
        await press(app, pilot, "enter")
        assert app.screen.focused.id == "detail"


async def test_nothing_is_drawn_while_nothing_happens(started, monkeypatch):
    record = night()
    record.processes[-1] = p.good_process()
    async with started(record) as (app, pilot):
        drawn = []
        refresh = Lines.refresh
        monkeypatch.setattr(
            Lines, "refresh", lambda self, *a, **k: drawn.append((self.id, a)) or refresh(self, *a, **k)
        )
        for beat in range(5):
            record.engine_view = replace(record.engine_view, heartbeat=p.NOW + beat / 2)
            await app.poll()
            await pilot.pause()
        assert drawn == []


async def test_one_cell_that_changes_is_one_cell_that_is_sent(started, monkeypatch):
    record = night()
    async with started(record) as (app, _pilot):
        cameras = dict(record.processes[-1].cameras)
        cameras["r9"] = p.camera("r9", Status.RUNNING, (p.step("CHECK_CCDS", Status.RUNNING, seconds=None),))
        record.processes[-1] = p.process(cameras=cameras)
        record.number += 1
        drawn = []
        refresh = Lines.refresh
        monkeypatch.setattr(
            Lines, "refresh", lambda self, *a, **k: drawn.append((self.id, a)) or refresh(self, *a, **k)
        )
        await app.poll()
        regions = [region for name, regions in drawn if name == "grid" for region in regions]
        assert [(region.width, region.height) for region in regions] == [(1, 1)]
        assert not any(name in ("verdict", "log", "footer", "rule-top") for name, _ in drawn)


def colours(svg):
    """Colours of a screenshot, without the window that Rich draws around it and the ends of lines."""
    inside = svg[svg.index('<g transform="translate(9, 41)"') :]
    texts = re.findall(r'<text class="[^"]*-(r\d+)"[^>]*>([^<]*)</text>', inside)
    used = {name for name, text in texts if text.strip()}
    rules = [rule for name, rule in re.findall(r"-(r\d+) \{([^}]*)\}", svg) if name in used]
    assert len(used) > 3
    return {code.lower() for text in (inside, *rules) for code in re.findall(r"#[0-9a-fA-F]{6}", text)}


@pytest.mark.parametrize(
    "keys",
    [(), ("enter",), ("question_mark",), ("ctrl+p", "t"), ("r",), ("slash", "b"), ("tab", "tab", "e")],
    ids=["monitor", "values", "help", "palette", "question", "filter", "chart"],
)
@pytest.mark.parametrize("record", [night(), p.FakeRecord(engine_view=p.engine("none"))], ids=["night", "empty"])
async def test_the_night_theme_has_no_green_and_no_blue(started, keys, record):
    async with started(record, theme="night-red") as (app, pilot):
        await press(app, pilot, *keys)
        found = colours(app.export_screenshot())
    assert found
    assert {code for code in found if code[3:] != "0000"} == set()


async def test_the_theme_key_recolours_everything_at_once(started):
    async with started() as (app, pilot):
        await press(app, pilot, "N")
        assert app.theme == "night-red"
        assert {code for code in colours(app.export_screenshot()) if code[3:] != "0000"} == set()
        await press(app, pilot, "N", "N")
        assert app.theme == "day"
        assert list(PALETTES) == ["day", "night-red", "mono"]


@pytest.mark.parametrize("keys", [(), ("enter",), ("question_mark",), ("ctrl+p",), ("r",), ("slash", "b")])
async def test_the_ascii_charset_is_complete(started, keys):
    record = night()
    wide = replace(p.exposure(), object="天体 NGC 1068 β")
    record.processes[-1] = replace(record.processes[-1], exposure=wide)
    async with started(record, size=(120, 40), charset="ascii") as (app, pilot):
        await press(app, pilot, *keys)
        screen = whole(app)
    assert screen.isascii(), {char for char in screen if not char.isascii()}


async def test_wide_and_hostile_names_leave_columns_aligned(started):
    record = night()
    odd = replace(p.exposure(), object="天体\x1b]0;x\x07 " * 9, program="DARK\nBRIGHT")
    record.processes[-1] = replace(record.processes[-1], exposure=odd)
    async with started(record, size=(150, 30)) as (app, _):
        screen = whole(app)
    assert "\x1b" not in screen
    assert "\x07" not in screen
    assert "●●●✖●●●●●●" in screen or "● ● ● ✖" in screen


async def test_a_click_moves_the_cursor(started):
    async with started() as (app, pilot):
        grid = app.screen.query_one(StepGrid)
        await pilot.click(StepGrid, offset=(7, 3))
        assert grid.cursor == Place("r2", "CHECK_CCDS")
