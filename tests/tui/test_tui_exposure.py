"""The exposure screen on the known record: what is drawn, and every key of it."""

from __future__ import annotations

import re

import known
import pytest

from qltui.tui.selection import Selection
from qltui.tui.widgets.cell_detail import range_text
from qltui.tui.widgets.exposure_facts import local_time


async def settle(app, pilot):
    await app.workers.wait_for_complete()
    await pilot.pause()


@pytest.fixture
def opened(known_app):
    """Open the exposure screen at an exposure, press keys, and return app and pilot while it stands."""
    import contextlib

    @contextlib.asynccontextmanager
    async def run(*keys, expid=3579, size=(80, 24), **options):
        app = known_app(**options)
        async with app.run_test(size=size) as pilot:
            app.go("exposure", Selection(expid=expid) if expid else Selection())
            await settle(app, pilot)
            for key in keys:
                await pilot.press(key)
                await settle(app, pilot)
            yield app, pilot

    return run


def text(app, pane):
    return app.screen.query_one(f"#{pane}").text


async def test_grid_verdict_and_metrics_of_a_step(opened):
    async with opened() as (app, _):
        assert "✖ ALARM" in text(app, "head")
        assert "3579" in text(app, "head")
        assert "●●●✖●●●●●●" in text(app, "grid")
        assert "25 of 30 cameras good" in text(app, "verdict")
        rows = text(app, "table").splitlines()
        assert "noise [e-]" in rows[0]
        b3 = next(row for row in rows if row.startswith(" b3"))
        assert b3.split()[:5] == ["b3", "✖", "alarm", "25.10", "✖"]
        assert b3.split()[5] == "C"
        assert "CHECK CCDS" in text(app, "rule-1")


async def test_the_step_changes_by_key_both_ways(opened):
    async with opened("t", size=(100, 48)) as (app, pilot):
        assert "traces [px]" in text(app, "table")
        assert "CHECK FIBERS" in text(app, "rule-1")
        r5 = next(row for row in text(app, "table").splitlines() if row.startswith(" r5"))
        assert "+1.50 ✖  dx" in r5
        await pilot.press("T")
        await settle(app, pilot)
        assert "noise [e-]" in text(app, "table")


async def test_enter_goes_to_the_worst_of_the_camera_then_to_the_metric(opened):
    async with opened("enter") as (app, pilot):
        assert "Camera b3" in text(app, "rule-1")
        table = app.screen.table("camera")
        assert table.cursor_key == ("NOISE_AMP", "C")
        noise = next(row for row in text(app, "camera").splitlines() if "25.10" in row)
        assert noise.split()[:11] == ["NOISE_AMP", "C", "25.10", "✖", "e-", "2.10", "…", "4.10", "1.60", "…", "4.60"]
        await pilot.press("escape")
        await settle(app, pilot)
        assert "CHECK CCDS" in text(app, "rule-1")
        assert app.screen.pane_id == "table"


async def test_what_is_chosen_goes_along_to_the_metric(opened):
    gone = []
    async with opened("enter") as (app, pilot):
        app.go = lambda name, selection: gone.append((name, selection))
        await pilot.press("enter")
        await pilot.press("m")
        await pilot.pause()
        number = app.screen.process.number
    wanted = Selection(number, 3579, 20191001, "b3", "CHECK_CCDS", "NOISE_AMP", "C")
    assert gone == [("metric", wanted), ("metric", wanted)]


async def test_the_table_and_the_grid_have_one_cursor(opened):
    async with opened("tab", "tab", "down") as (app, _):
        assert app.screen.pane_id == "table"
        assert app.screen.place.camera == "b4"
        assert app.selection.camera == "b4"


async def test_last_digits_previous_next_and_latest(opened):
    async with opened("number_sign", "7", "8", "enter") as (app, pilot):
        assert app.screen.process.exposure.expid == 3578
        await pilot.press("left_square_bracket")
        await settle(app, pilot)
        assert app.screen.process.exposure.expid == 3577
        assert app.screen.process.trigger == "REPROCESS"
        await pilot.press("right_square_bracket", "right_square_bracket", "right_square_bracket")
        await settle(app, pilot)
        assert app.screen.process.exposure.expid == 3580
        assert " latest" not in text(app, "head")
        await pilot.press("l")
        await settle(app, pilot)
        assert app.screen.process.exposure.expid == 3580
        assert "3580 latest" in text(app, "head")


async def test_at_the_end_of_the_record_it_says_so(opened):
    async with opened("left_square_bracket", expid=3574) as (app, pilot):
        assert app.screen.process.exposure.expid == 3574
        assert "first exposure" in text(app, "footer")
        await pilot.press("number_sign", "9", "9", "enter")
        await settle(app, pilot)
        assert "no exposure ends with 99" in text(app, "footer")
        assert app.screen.process.exposure.expid == 3574
        await pilot.press("number_sign", "a", "b", "enter")
        await settle(app, pilot)
        assert "last digits" in text(app, "footer")


async def test_the_record_says_who_when_with_what_and_what_was_said(opened):
    async with opened("i", size=(120, 36)) as (app, pilot):
        facts = text(app, "facts")
        assert "3579  night 2019-10-01  SCIENCE  dark  tile 1130  1000 s  airmass 1.09  seeing 1.08" in facts
        assert "2019-10-02 03:40:00 to 03:56:40 UTC, closed 20:56 local time" in facts
        assert re.search(r"6: NEW by engine, done, took 5.0 s, (9|10) s after the shutter closed", facts)
        assert "site " in facts
        assert "default " in facts
        assert "CHECK CCDS       median 0.34 s" in facts
        assert "whole camera     median 0.90 s, b0 0.90 s" in facts
        assert "bad: noise in b3  (Ann, 2019-10-02 03:58:20 UTC)" in facts
        assert "/data/20191001/00003579/desi-00003579.fits.fz" in facts
        await pilot.press("i")
        await settle(app, pilot)
        assert not app.screen.query_one("#facts").display


async def test_comments_are_shown(opened):
    async with opened("i", expid=3578) as (app, _):
        assert "clouds in the west  (Ann, 2019-10-02 03:58:20 UTC)" in text(app, "facts")


async def test_processes_of_the_exposure_are_chosen_and_compared(opened):
    async with opened(expid=3577, size=(200, 60)) as (app, pilot):
        rows = text(app, "processes").splitlines()
        assert rows[1].split()[:2] == ["9", "▸"]
        assert "REPROCESS" in rows[1]
        app.screen.focus_pane("processes")
        await pilot.press("down")
        await settle(app, pilot)
        assert app.screen.process.number == 9
        assert "processes 4 and 9 agree in every status" in text(app, "differences")
        await pilot.press("enter")
        await settle(app, pilot)
        assert app.screen.process.number == 4
        assert "Differences from process 9" in text(app, "rule-2")


async def test_a_comment_and_a_flag_are_asked_of_the_engine(opened, known_store):
    keys = ("C", "a", *"wind", "enter", "p", *"twice", "enter", "escape", "F", "b", *"no", "enter")
    async with opened(*keys) as (app, _):
        assert app.screen.process.exposure.expid == 3579
    sent = [(view.name, dict(view.arguments)) for view in known_store.pending_commands()]
    exposure = {"instrument": "desi", "night": 20191001, "expid": 3579}
    number = known_store.process_numbers(expid=3579)[-1]
    assert sent == [
        ("comment", {**exposure, "text": "wind"}),
        ("comment", {**exposure, "process": number, "text": "twice"}),
        ("flag", {**exposure, "value": "bad", "reason": "no"}),
    ]


async def test_comments_are_edited_and_deleted_by_who_wrote_them(opened, known_store):
    async with opened("C", expid=3578) as (app, pilot):
        assert "clouds in the west" in app.screen.children[0].text
        for key in ("e", "!", "enter", "d", "y"):
            await pilot.press(key)
            await settle(app, pilot)
    sent = [(view.name, dict(view.arguments)) for view in known_store.pending_commands()]
    assert sent == [
        ("edit_comment", {"comment": 1, "text": "clouds in the west!"}),
        ("delete_comment", {"comment": 1}),
    ]


async def test_reprocessing_asks_which_cameras(opened, known_store):
    async with opened("r", "b"):
        pass
    (view,) = known_store.pending_commands()
    assert view.name == "reprocess"
    assert view.arguments["cameras"] == ["b3", "b7", "r5", "z2"]


async def test_an_exposure_that_waits_shows_that_it_does(opened):
    async with opened(expid=3581) as (app, _):
        assert "··········" in text(app, "grid")
        assert "waiting" in text(app, "table")


async def test_without_a_record_nothing_breaks(make_app):
    import pictures

    from qltui.tui.source import NothingYet

    app = make_app(NothingYet())
    assert pictures.DESI is app.instrument
    async with app.run_test(size=(80, 24)) as pilot:
        app.go("exposure")
        await settle(app, pilot)
        for key in ("enter", "t", "m", "r", "C", "F", "i", "right_square_bracket", "l", "question_mark", "escape"):
            await pilot.press(key)
            await settle(app, pilot)
        assert "no exposure was reduced yet" in app.screen_stack[0].query_one("#head").text


async def test_it_saves_the_table(opened, tmp_path):
    async with opened("tab", "tab", "w") as (app, _):
        assert app.screen.pane_id == "table"
    (path,) = tmp_path.glob("3579-check-ccds*.csv")
    assert "NOISE_AMP [e-]" in path.read_text().splitlines()[0]


async def test_hostile_words_stay_in_their_line(opened, known_store):
    number = known_store.exposure_id("desi", 20191001, 3579)
    known_store.add_comment(number, "E\x1b[31mve", "a\nb[red]c\x07", now=known.NOW)
    async with opened("i", size=(120, 36)) as (app, _):
        assert "a b[red]c  (E[31mve" in text(app, "facts")


def test_local_time_of_the_observatory():
    assert local_time(1569992400.0, "America/Phoenix") == "22:00"
    assert local_time(None, "America/Phoenix") == ""
    assert local_time(1e30, "America/Phoenix") == ""


def test_ranges_in_words():
    assert range_text((1.0, 2.0), ".1f") == "1.0 … 2.0"
    assert range_text((float("-inf"), 2.0), ".1f") == "≤ 2.0"
    assert range_text((1.0, float("inf")), ".1f") == "≥ 1.0"
    assert range_text((float("nan"), 2.0), ".1f") == "–"
