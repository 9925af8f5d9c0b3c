"""Measuring screens: that it measures what it says, and tells what is too much."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from qltui.commands.bench_screens import GOALS, Figures, over, table
from qltui.instruments.base import get_instrument
from qltui.season import headless
from qltui.season.headless import LoopWatch, ScreenWork, measure_screens
from qltui.season.terminal import FirstPaint, changes, first_paint
from qltui.store.record import Store

DESI = get_instrument("desi")
GOOD = ScreenWork("night", 80, 24, 0.3, 0.1, 0.02, 0.1, 0.05, 0.03, "message pump")
FIGURES = Figures("/r", 3, 48, 10**9, (GOOD,), {"night": 0.0}, 500.0, 400.0, FirstPaint(0.3, 0.2, 12_000))


def test_screens_are_opened_and_the_record_stays_as_it_was(season):
    with Store.open(season / "qltui.db", read_only=True) as store:
        before = store.version()
        found = measure_screens(season, DESI, 1.62e9, names=("monitor", "notifications"), sizes=((80, 24),), rounds=1)
        assert store.version() == before
    assert [(item.name, item.width, item.height) for item in found] == [
        ("monitor", 80, 24),
        ("notifications", 80, 24),
    ]
    for item in found:
        assert item.first > 0.0
        assert item.opened > item.question > 0.0
        assert item.redrawn > 0.0
        assert item.longest > 0.0
        assert item.where


def test_drawing_again_counts_the_reading_of_a_screen_that_reads_every_few_seconds_only(season):
    async def versions(name):
        with headless._app(season, DESI, 1.62e9) as (app, reader):
            async with app.run_test(size=(80, 24)) as pilot:
                bench = headless._Bench(app, reader, pilot)
                await bench.begin()
                await bench.opened(name)
                assert app.screen.QUIET > 0.0
                before = app.screen.picture.version
                await bench.redrawn()
                return before, app.screen.picture.version

    before, after = asyncio.run(versions("survey"))
    assert after == before + 1


def test_the_longest_piece_of_the_loop_is_found_and_named():
    async def busy():
        end = time.thread_time() + 0.05
        while time.thread_time() < end:
            pass

    async def work():
        task = asyncio.get_running_loop().create_task(busy(), name="the busy one")
        await asyncio.sleep(0)
        await task

    watch = LoopWatch()
    original = asyncio.Handle._run
    with watch.watching():
        asyncio.run(work())
    assert asyncio.Handle._run is original
    assert watch.longest >= 0.05
    assert watch.where == "the busy one"
    watch.reset()
    assert watch.longest == 0.0


def test_goals_that_are_met_and_goals_that_are_missed_are_told():
    assert over(FIGURES) == []
    assert "all goals are met" in table(FIGURES)
    late = replace(GOOD, opened=GOALS["work"] + 0.1, longest=0.08)
    bad = replace(FIGURES, screens=(late,), idle={"night": 3.0}, changes=2100.0, tmux=2200.0)
    words = over(replace(bad, paint=FirstPaint(0.9, 0.2, 50_000)))
    assert words[0] == "night at 80x24: to open is 0.300 s of work"
    assert [line for line in words if "80 ms without" in line]
    assert len(words) == 7
    lines = table(bad)
    assert any("over: message pump" in line for line in lines)
    assert "over the goal:" in lines


def test_without_tmux_it_says_so():
    assert any("no tmux here" in line for line in table(replace(FIGURES, tmux=None)))


@pytest.mark.tty
def test_bytes_are_counted_on_a_real_terminal(season):
    paint = first_paint(season, "desi")
    assert 2_000 < paint.size < 40_000
    assert paint.seconds > 0.0
    assert 0.0 < changes(DESI, seconds=2.0) < 4_000
