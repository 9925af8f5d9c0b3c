"""What all screens have in common, tried on a screen of two tables and on the app's way between screens."""

from __future__ import annotations

import asyncio
import csv
import threading
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

import known
import pytest

import qltui.tui
from qltui.model import Status
from qltui.tables.table import Column, Judged, Row, Table
from qltui.tui.app import MonitorApp
from qltui.tui.arrange_rows import PaneRow, arrange_rows
from qltui.tui.columns import ColumnsScreen
from qltui.tui.memory import Memory
from qltui.tui.screens import SCREENS
from qltui.tui.screens.base import PaneScreen
from qltui.tui.selection import Selection
from qltui.tui.text import plain
from qltui.tui.widgets.footer import Footer, KeyHint, footer_line, hint_at
from qltui.tui.widgets.head_line import HeadLine
from qltui.tui.widgets.table import TableView

COLUMNS = (
    Column("expid", "exposure", align=">"),
    Column("obstype", "type"),
    Column("exptime", "time", "s", ".0f", ">"),
    Column("status", "verdict"),
    Column("who", "who", shown=False),
)


class TwoTables(PaneScreen):
    """All exposures of the record, twice."""

    NAME = "monitor"

    def __init__(self):
        super().__init__()
        self.asked = 0
        self.wish = ""
        self.chosen = []
        self.arrived = []

    def make_panes(self):
        return [TableView(id="left", ticks=True), TableView(id="right")]

    def plan(self, width, height):
        return [PaneRow((("left", 1.0), ("right", 1.0)))]

    def question(self):
        wish = self.wish

        def ask(source):
            self.asked += 1
            return wish, source.exposures(*known.NIGHTS[:1], last_night=known.NIGHTS[1])

        return ask

    def show(self, answer):
        if answer is None:
            return
        self.answer = answer
        rows = tuple(
            Row(
                row.exposure.expid,
                (
                    row.exposure.expid,
                    row.exposure.obstype,
                    Judged(row.exposure.exptime, Status.NORMAL),
                    row.status,
                    "Ann",
                ),
            )
            for row in answer[1]
        )
        self.query_one("#left").show(Table("known", "Known exposures", COLUMNS, rows, "all of them"))
        self.query_one("#right").show(Table("other", "Others", COLUMNS, rows[:2]))

    def heading(self, pane):
        return f"{pane} {self.query_one(f'#{pane}').summary}"

    def head(self):
        return (("two nights", "text"),)

    def arrive(self, selection):
        self.arrived.append(selection)

    def on_table_view_chosen(self, event):
        self.chosen.append((event.view.id, event.key))


class TwoTablesApp(MonitorApp):
    CSS_PATH = Path(qltui.tui.__file__).with_name("qltui.tcss")
    MODES: ClassVar = {**MonitorApp.MODES, "monitor": TwoTables}


async def settle(pilot):
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def wait_for(pilot, condition):
    """Wait until something is so; the time-out of the test is the end of patience."""
    while not condition():
        await pilot.pause(0.02)


async def press(pilot, *keys):
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


@pytest.fixture
def opened(known_app):
    @asynccontextmanager
    async def start(size=(80, 24), **options):
        app = known_app(kind=TwoTablesApp, **options)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            yield app, pilot

    return start


def text(app, name):
    return app.screen_stack[0].query_one(f"#{name}").text


async def test_the_answer_is_shown_with_headings_and_notes(opened):
    async with opened() as (app, _pilot):
        assert text(app, "left").splitlines()[0].split() == ["exposure", "type", "time", "[s]", "verdict"]
        assert "3574" in text(app, "left")
        assert "━━ left 8 " in text(app, "rule-0")
        assert "── right 2 " in text(app, "rule-0")
        head = app.screen_stack[0].query_one(HeadLine).text
        assert head.startswith(" Monitor  two nights")
        assert head.rstrip().endswith("✖ 1 alarm   Ann")


async def test_the_record_is_asked_again_only_where_something_changed(opened, known_store):
    async with opened() as (app, pilot):
        screen = app.screen_stack[0]
        asked = screen.asked
        await app.poll()
        await settle(pilot)
        assert screen.asked == asked
        known_store.log("info", "something")
        await app.poll()
        await settle(pilot)
        assert screen.asked == asked + 1
        screen.wish = "other"
        screen.ask_again()
        await settle(pilot)
        assert screen.answer[0] == "other"


async def test_the_cursor_stays_on_its_row_when_rows_are_ordered_and_filtered(opened):
    async with opened(size=(200, 40)) as (app, pilot):
        left = app.screen_stack[0].query_one("#left")
        await press(pilot, "down", "down")
        assert left.cursor_key == 3576
        await press(pilot, "o", "o")
        assert [row.key for row in left.seen.rows][:2] == [3581, 3580]
        assert left.cursor_key == 3576
        assert "exposure ↓" in left.text
        await press(pilot, "slash", *"scie", "enter")
        assert "left 5 of 8  /scie" in text(app, "rule-0")
        # Its row is gone, so that the one that took its place has the cursor: the last of five.
        assert left.cursor_key == 3577
        await press(pilot, "enter")
        assert app.screen_stack[0].chosen == [("left", 3577)]


async def test_a_filter_that_cannot_be_meant_says_so(opened):
    async with opened() as (app, pilot):
        await press(pilot, "slash", *"foo>1", "enter")
        assert "no column 'foo'" in app.screen_stack[0].query_one("#left").summary


async def test_ticks(opened):
    async with opened() as (app, pilot):
        left = app.screen_stack[0].query_one("#left")
        await press(pilot, "space", "space")
        assert left.ticked == {3574, 3575}
        assert "2 ticked" in left.summary
        assert left.text.splitlines()[1].startswith("✔")
        await press(pilot, "A")
        assert len(left.ticked) == 8
        await press(pilot, "A")
        assert not left.ticked
        await press(pilot, "tab", "space")
        assert not app.screen_stack[0].query_one("#right").ticked


async def test_columns_and_order_are_kept_for_the_next_run(opened, tmp_path):
    path = tmp_path / "viewer.json"
    async with opened(size=(200, 40), memory=Memory(path)) as (app, pilot):
        await press(pilot, "K")
        assert isinstance(app.screen, ColumnsScreen)
        await press(pilot, "down", "space", "down", "down", "down", "space", "enter", "right", "o")
        assert text(app, "left").splitlines()[0].split() == ["exposure", "time", "[s]", "↑", "verdict", "who"]
    async with opened(size=(200, 40), memory=Memory(path)) as (app, pilot):
        assert text(app, "left").splitlines()[0].split() == ["exposure", "time", "[s]", "↑", "verdict", "who"]
        await press(pilot, "K", "d")
        assert text(app, "left").splitlines()[0].split()[:2] == ["exposure", "type"]


async def test_what_is_seen_is_saved_with_all_columns(opened, tmp_path):
    async with opened(size=(200, 40)) as (app, pilot):
        await press(pilot, "slash", *"zero", "enter", "w")
        assert "saved: " in app.screen_stack[0].query_one(Footer).text
        rows = list(csv.reader((tmp_path / "known-exposures.csv").read_text().splitlines()))
        assert rows[0] == ["expid", "obstype", "exptime [s]", "exptime_status", "status", "who"]
        assert rows[1:] == [["3574", "ZERO", "0.0", "NORMAL", "NORMAL", "Ann"]]


async def test_a_directory_that_cannot_be_written_is_said(opened, tmp_path):
    async with opened(save_directory=tmp_path / "none") as (app, pilot):
        await press(pilot, "w")
        assert "not saved" in app.screen_stack[0].query_one(Footer).text


async def test_expand_and_back(opened):
    async with opened() as (app, pilot):
        screen = app.screen_stack[0]
        await press(pilot, "e")
        assert screen.reachable == ("left",)
        assert screen.query_one("#left").size.width == 80
        await press(pilot, "escape")
        assert screen.reachable == ("left", "right")


async def test_jump_reaches_panes_by_number(opened):
    async with opened() as (app, pilot):
        await press(pilot, "g")
        assert "2 right 2" in " ".join(app.screen.query_one("_Keys").text.split())
        await press(pilot, "2")
        assert app.screen_stack[0].pane_id == "right"


async def test_a_selection_arrives_and_the_way_back_is_kept(opened):
    other = next(entry.name for entry in SCREENS if entry.name != "monitor")
    async with opened() as (app, pilot):
        app.go(other)
        await settle(pilot)
        app.go("monitor", Selection(process=3, camera="b3"))
        await settle(pilot)
        assert app.screen_stack[0].arrived[-1] == Selection(process=3, camera="b3")
        app.back()
        await settle(pilot)
        assert app.current_mode == other


async def test_a_record_that_cannot_be_read_is_said(opened, known_store, monkeypatch):
    async with opened() as (app, pilot):
        screen = app.screen_stack[0]

        def broken():
            def ask(_source):
                raise OSError("disk on fire")

            return ask

        monkeypatch.setattr(screen, "question", broken)
        screen.ask_again()
        await settle(pilot)
        assert "the record cannot be read: disk on fire" in screen.query_one(HeadLine).text


@pytest.mark.parametrize("entry", SCREENS, ids=lambda entry: entry.name)
async def test_every_screen_is_reached_by_letter_and_by_number(entry, known_app):
    app = known_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "g", entry.letter)
        assert app.current_mode == entry.name
        if entry.key:
            await press(pilot, "1", entry.key)
            assert app.current_mode == entry.name


def test_keys_and_letters_are_each_given_once():
    for values in ([entry.key for entry in SCREENS if entry.key], [entry.letter for entry in SCREENS]):
        assert len(values) == len(set(values))


def test_rows_fill_the_screen_and_the_last_are_left_out_where_there_is_no_room():
    rows = [PaneRow((("a", 1.0),), height=3), PaneRow((("b", 1.0), ("c", 2.0))), PaneRow((("d", 1.0),), height=4)]
    boxes = arrange_rows(80, 24, rows).boxes
    assert (boxes["a"].y, boxes["a"].height) == (2, 3)
    assert boxes["b"].width + boxes["c"].width == 79
    assert boxes["d"].y + boxes["d"].height == 23
    assert boxes["b"].height == 22 - 3 - 3 - 4
    small = arrange_rows(80, 8, rows).boxes
    assert "a" in small
    assert "d" not in small


async def test_the_mouse_moves_opens_and_presses_keys(opened):
    async with opened() as (app, pilot):
        screen = app.screen_stack[0]
        left = screen.query_one("#left")
        await pilot.click("#left", offset=(4, 3))
        await settle(pilot)
        assert left.cursor_key == 3576
        await pilot.click("#left", offset=(4, 3))
        await settle(pilot)
        assert screen.chosen == [("left", 3576)]
        column = screen.query_one(Footer).text.index("expand")
        await pilot.click("#footer", offset=(column, 0))
        await settle(pilot)
        assert screen.reachable == ("left",)


def test_a_hint_is_where_it_is_drawn():
    hints = [KeyHint("e", "expand"), KeyHint("very", "long " * 10), KeyHint("?", "help")]
    line = plain(footer_line(hints, 40))
    found = [hint_at(hints, 40, column) for column in range(40)]
    for hint in (hints[0], hints[2]):
        start = line.index(f"{hint.key} {hint.word}")
        assert found.index(hint) == start
        assert found.count(hint) == len(f"{hint.key} {hint.word}")
    assert hints[1] not in found


async def test_a_long_reading_is_said_and_can_be_stopped(opened):
    async with opened() as (app, pilot):
        screen = app.screen_stack[0]
        begun = threading.Event()

        def endless(database):
            begun.set()
            forever = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
            return database.sql(forever)

        screen.question = lambda: lambda source: source.ask(endless)
        screen.ask_again()
        await asyncio.to_thread(begun.wait, 20.0)
        await wait_for(pilot, lambda: "reading the record" in screen.query_one(HeadLine).text)
        assert "esc stops" in screen.query_one(HeadLine).text
        await pilot.press("escape")
        await wait_for(pilot, lambda: "the reading was stopped" in screen.query_one(Footer).text)
        assert "two nights" in screen.query_one(HeadLine).text


async def test_long_work_has_a_bar_and_can_be_stopped(opened):
    async with opened() as (app, pilot):
        screen = app.screen_stack[0]
        go_on, results = threading.Event(), []

        def count(progress):
            progress.step(3, 10)
            go_on.wait(20.0)
            progress.step(4, 10)

        async def run():
            results.append(await screen.work("counting", count))

        screen.run_worker(run())
        await wait_for(pilot, lambda: "3/10" in screen.query_one(HeadLine).text)
        assert "━" in screen.query_one(HeadLine).text
        await pilot.press("escape")
        go_on.set()
        await wait_for(pilot, lambda: results == [None])
        assert "counting: stopped" in screen.query_one(Footer).text


async def test_a_filter_is_kept_and_esc_takes_it_away(opened, tmp_path):
    path = tmp_path / "viewer.json"
    async with opened(memory=Memory(path)) as (app, pilot):
        await press(pilot, "slash", *"zero", "enter")
        assert "left 1 of 8  /zero" in text(app, "rule-0")
    async with opened(memory=Memory(path)) as (app, pilot):
        assert "left 1 of 8  /zero" in text(app, "rule-0")
        await press(pilot, "escape")
        assert "left 8 " in text(app, "rule-0")
    assert Memory(path).get("table.known.filter", "") == ""
