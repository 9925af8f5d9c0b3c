"""The history of processes under keys, on the known record."""

from __future__ import annotations

import csv
from contextlib import asynccontextmanager
from dataclasses import replace

import known
import pytest
from pressing import press, settle

from qltui.model import Status, Trigger, Verdict
from qltui.tui.memory import Memory
from qltui.tui.widgets.footer import Footer
from qltui.tui.widgets.head_line import HeadLine


@pytest.fixture
def started(known_app):
    """Return a context manager: an app on the processes with its pilot."""

    @asynccontextmanager
    async def start(size=(80, 24), **options):
        app = known_app(**options)
        async with app.run_test(size=size) as pilot:
            await settle(app, pilot)
            await press(app, pilot, "6")
            await settle(app, pilot)
            yield app, pilot

    return start


def numbers(app):
    return [row.key for row in app.screen.table.seen.rows]


def row_of(app, number):
    lines = app.screen.query_one("#table").text.split("\n")
    return next(line for line in lines if line.split() and line.split()[0] == str(number))


def asked(store):
    return [(command.name, dict(command.arguments)) for command in store.pending_commands()]


@pytest.fixture
def ended(known_store):
    """Add processes of 3576 that ended in other ways, and return their numbers by state."""
    exposure = known_store.exposure_id("desi", known.NIGHTS[0], 3576)
    found = {}
    for state in ("failed", "cancelled", "superseded"):
        number = known_store.enqueue(exposure, Trigger.REPROCESS, "Cleo", ("b0",), now=known.NOW)
        known_store.start_process(number, now=known.NOW)
        status = Status.FAILED if state == "failed" else Status.CANCELLED
        known_store.finish_process(number, Verdict(status, "", (), 0, 1), state, f"why {state}", now=known.NOW + 2.5)
        found[state] = number
    return found


async def test_newest_first_and_an_older_run_says_so(started):
    async with started() as (app, _):
        assert numbers(app) == [9, 8, 7, 6, 5, 4, 3, 2, 1]
        assert row_of(app, 9).split()[1:] == ["3577", "done", "●", "good", "again", "Ben", "10-02", "04:40"]
        assert row_of(app, 4).split()[1:5] == ["3577", "done,", "older", "●"]
        assert "waiting" in row_of(app, 8)
        assert "9 of 9 processes" in app.screen.query_one(HeadLine).text


async def test_ends_are_told_apart_by_words_and_shapes(started, ended):
    async with started(size=(200, 60)) as (app, _):
        shapes = {state: row_of(app, number) for state, number in ended.items()}
        assert "failed       ■ failed" in shapes["failed"]
        assert "cancelled    ◇ cancelled" in shapes["cancelled"]
        assert "superseded   ○ not checked" in shapes["superseded"]
        assert all("2.5" in row and "Cleo" in row for row in shapes.values())


async def test_a_state_is_chosen_and_all_come_back(started, ended):
    async with started() as (app, pilot):
        await press(app, pilot, "s", "c")
        assert numbers(app) == [ended["cancelled"]]
        assert app.screen.wish.terms[0].column == "state"
        await press(app, pilot, "s", "a")
        assert len(numbers(app)) == 12


async def test_words_that_the_record_knows_reach_all_processes_and_are_kept(started, ended):
    memory = Memory()
    async with started(memory=memory) as (app, pilot):
        await press(app, pilot, "slash", *"obstype:flat state:done", "enter")
        assert numbers(app) == [3]
        assert {term.column for term in app.screen.wish.terms} == {"obstype", "state"}
        assert memory.get("processing.filter", "") == "obstype:flat state:done"
        await press(app, pilot, "escape")
        assert len(numbers(app)) == 12


async def test_nights_are_typed(started):
    async with started() as (app, pilot):
        await press(app, pilot, "D", *"20191002", "enter")
        assert numbers(app) == [8, 7]
        assert "2019-10-02" in app.screen.query_one(HeadLine).text
        await press(app, pilot, "D", *"x", "enter")
        assert "'x' is no night" in app.screen.query_one(Footer).text
        await press(app, pilot, "D", "enter")
        assert len(numbers(app)) == 9


async def test_cameras_of_the_process_under_the_cursor_bad_ones_first(started):
    async with started() as (app, pilot):
        await press(app, pilot, "down", "down", "down")
        lines = app.screen.query_one("#cameras").text.split("\n")
        assert [line.split()[0] for line in lines[1:6]] == ["b3", "r5", "b7", "z2", "z8"]
        assert "∅ missing" in lines[5]
        assert "not in the file" in lines[5]
        assert "Cameras of process 6, exposure 3579" in app.screen.heading("cameras")


async def test_the_log_of_a_process_and_of_a_camera(started):
    async with started() as (app, pilot):
        await press(app, pilot, "down", "down", "down", "tab", "down", "L")
        assert app.current_mode == "log"
        assert (app.selection.process, app.selection.expid, app.selection.camera) == (6, 3579, "r5")
        app.back()
        await settle(app, pilot)
        await press(app, pilot, "shift+tab", "L")
        assert (app.selection.process, app.selection.camera) == (6, "")


async def test_enter_opens_the_exposure_as_that_process_left_it(started):
    async with started() as (app, pilot):
        await press(app, pilot, *["down"] * 5, "enter")
        assert app.current_mode == "exposure"
        assert (app.selection.process, app.selection.expid) == (4, 3577)


async def test_reprocess_flag_and_stop(started, known_store):
    async with started() as (app, pilot):
        await press(app, pilot, "down", "X", "y")
        await press(app, pilot, "down", "down", "r", "b")
        await press(app, pilot, "F", "b", "enter")
        await press(app, pilot, "X")
        assert "neither runs nor waits" in app.screen.query_one(Footer).text
    sent = asked(known_store)
    assert sent[0] == ("cancel", {"process": 8, "expid": 3581})
    assert (sent[1][0], sent[1][1]["expid"], set(sent[1][1]["cameras"])) == (
        "reprocess",
        3579,
        {"b3", "r5", "b7", "z2"},
    )
    assert (sent[2][0], sent[2][1]["value"]) == ("flag", "bad")


async def test_pages_go_back_and_forth(started):
    async with started() as (app, pilot):
        app.screen._choose(replace(app.screen.wish, limit=4))
        await settle(app, pilot)
        assert numbers(app) == [9, 8, 7, 6]
        await press(app, pilot, "less_than_sign")
        assert numbers(app) == [5, 4, 3, 2]
        await press(app, pilot, "less_than_sign", "less_than_sign")
        assert numbers(app) == [1]
        assert "there are no older ones" in app.screen.query_one(Footer).text
        await press(app, pilot, "greater_than_sign", "l")
        assert numbers(app) == [9, 8, 7, 6]


async def test_the_table_is_saved(started, tmp_path):
    async with started() as (app, pilot):
        await press(app, pilot, "w")
    rows = list(csv.DictReader((tmp_path / "processing-history.csv").read_text(encoding="utf-8").splitlines()))
    newest = rows[0]
    assert (newest["process"], newest["trigger"], newest["who"], newest["seconds [s]"]) == ("9", "again", "Ben", "5.0")
    assert newest["configuration"].startswith("site ")
