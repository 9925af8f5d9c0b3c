"""A terminal whose size changes more quickly than a screen is laid out."""

from __future__ import annotations

import asyncio

import pytest
from textual.events import Resize
from textual.geometry import Size

from qltui.tui.prompt import ChoiceScreen

OLD = Size(120, 40)
NOW = Size(80, 24)


def count_layouts(screen, monkeypatch):
    """Count how often a screen is laid out for a size that it is told."""
    sizes, lay_out = [], screen._screen_resized

    def counted(size):
        sizes.append(size)
        lay_out(size)

    monkeypatch.setattr(screen, "_screen_resized", counted)
    return sizes


@pytest.mark.parametrize("name", ["monitor", "trends", "help", "question"])
async def test_two_sizes_at_once_do_not_call_each_other_back_for_ever(name, known_app, monkeypatch):
    app = known_app()
    async with app.run_test(size=NOW) as pilot:
        if name in ("monitor", "trends"):
            app.go(name)
        elif name == "help":
            await pilot.press("question_mark")
        else:
            app.push_screen(ChoiceScreen("what", [("y", "yes")]))
        await pilot.pause()
        screen = app.screen
        sizes = count_layouts(screen, monkeypatch)
        for size in (OLD, NOW):
            screen.post_message(Resize(size, size))
            # Of two in a row Textual takes the second alone.
            screen.call_later(lambda: None)
        for _ in range(50):
            await asyncio.wait_for(pilot.pause(), 30.0)
        assert sizes == [NOW]
        assert screen.size == NOW


async def test_a_screen_that_comes_back_takes_the_size_of_now(known_app):
    app = known_app()
    async with app.run_test(size=NOW) as pilot:
        await pilot.pause()
        monitor = app.screen
        monitor._follows = OLD  # another screen came in front before it heard that this was the size no more
        app.go("trends")
        await pilot.pause()
        app.go("monitor")
        await pilot.pause()
        assert app.screen is monitor
        assert monitor._follows == NOW
