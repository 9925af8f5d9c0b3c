"""Rows of a pane are made once, and are what Textual itself would make of them."""

from __future__ import annotations

import pytest
from textual.app import App
from textual.geometry import Region
from textual.widget import Widget

from qltui.tui.symbols import get_charset
from qltui.tui.themes import PALETTES, make_theme
from qltui.tui.widgets.lines import Lines


class Pane(Lines):
    """Three rows of which one can be changed."""

    word = "one"

    def draw(self, width, height):
        return [(("always ", "dim"), ("the same", "bad")), ((self.word, "good+cursor"),), (("宽 wide", "pixel:3:5"),)]


class PaneApp(App[None]):
    charset = get_charset("braille")

    def on_mount(self):
        for palette in PALETTES.values():
            self.register_theme(make_theme(palette))
        self.theme = "day"

    def compose(self):
        yield Pane(id="pane")


@pytest.fixture
async def pane():
    app = PaneApp()
    async with app.run_test(size=(40, 6)) as pilot:
        await pilot.pause()
        yield app.query_one(Pane)


def drawn(strips):
    return [[(segment.text, segment.style) for segment in strip] for strip in strips]


@pytest.mark.parametrize("theme", PALETTES)
async def test_rows_are_those_of_textual(pane, theme):
    pane.app.theme = theme
    for crop in (Region(0, 0, 40, 6), Region(3, 1, 5, 2)):
        rows = drawn(pane.render_lines(crop))
        pane._styles_cache.clear()
        assert rows == drawn(Widget.render_lines(pane, crop))
        assert len(rows) == crop.height


async def test_a_row_that_changes_is_made_anew_and_others_are_kept(pane):
    whole = Region(0, 0, 40, 6)
    before = [pane.render_line(row) for row in range(3)]
    pane.word = "two"
    pane.redraw()
    after = [pane.render_line(row) for row in range(3)]
    assert after[0] is before[0]
    assert after[2] is before[2]
    assert drawn(pane.render_lines(whole))[1][0][0] == "two"


async def test_another_theme_draws_all_rows_anew(pane):
    before = drawn(pane.render_lines(Region(0, 0, 40, 3)))
    pane.app.theme = "night-red"
    after = drawn(pane.render_lines(Region(0, 0, 40, 3)))
    assert [[text for text, _ in row] for row in after] == [[text for text, _ in row] for row in before]
    assert all(old[0][1] != new[0][1] for old, new in zip(before, after, strict=True))
