"""The Monitor in terminals of all sizes, themes and charsets, and what it draws."""

from __future__ import annotations

import re
from dataclasses import replace

import pictures as p
import pytest
from monitor_app import monitor, night, whole
from pressing import press, settle

from qltui.model import Status
from qltui.tui.arrange import SMALLEST
from qltui.tui.themes import PALETTES
from qltui.tui.widgets.grid_layout import Place
from qltui.tui.widgets.lines import Lines
from qltui.tui.widgets.step_grid import StepGrid

__all__ = ["monitor"]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (60, 16), (40, 10), (20, 5), (5, 2), (1, 1)])
async def test_no_size_of_terminal_breaks_it(monitor, size):
    async with monitor(size=size) as (app, pilot):
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


async def test_a_terminal_that_changes_its_size_is_followed(monitor):
    async with monitor() as (app, pilot):
        for size in ((200, 60), (40, 10), (80, 24)):
            await pilot.resize_terminal(*size)
            await settle(app, pilot)
        assert "●●●✖●●●●●●" in whole(app)
        assert app.screen.focused is not None


async def test_a_wide_terminal_shows_the_values_beside_the_grid(monitor):
    async with monitor(size=(200, 60)) as (app, pilot):
        screen = whole(app)
        assert "2.10 … 4.10" in screen
        assert "3.10 header" in screen
        assert "not expected" in screen
        assert "b4 CHECK SPECTRA" in screen
        await press(app, pilot, "enter")
        assert app.screen.focused.id == "detail"


async def test_nothing_is_drawn_while_nothing_happens(monitor, monkeypatch):
    record = night()
    record.processes[-1] = p.good_process()
    async with monitor(record) as (app, pilot):
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


async def test_one_cell_that_changes_is_one_cell_that_is_sent(monitor, monkeypatch):
    record = night()
    async with monitor(record) as (app, _pilot):
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
async def test_the_night_theme_has_no_green_and_no_blue(monitor, keys, record):
    async with monitor(record, theme="night-red") as (app, pilot):
        await press(app, pilot, *keys)
        found = colours(app.export_screenshot())
    assert found
    assert {code for code in found if code[3:] != "0000"} == set()


async def test_the_theme_key_recolours_everything_at_once(monitor):
    async with monitor() as (app, pilot):
        await press(app, pilot, "N")
        assert app.theme == "night-red"
        assert {code for code in colours(app.export_screenshot()) if code[3:] != "0000"} == set()
        await press(app, pilot, "N", "N")
        assert app.theme == "day"
        assert list(PALETTES) == ["day", "night-red", "mono"]


@pytest.mark.parametrize("keys", [(), ("enter",), ("question_mark",), ("ctrl+p",), ("r",), ("slash", "b")])
async def test_the_ascii_charset_is_complete(monitor, keys):
    record = night()
    wide = replace(p.exposure(), object="天体 NGC 1068 β")
    record.processes[-1] = replace(record.processes[-1], exposure=wide)
    async with monitor(record, size=(120, 40), charset="ascii") as (app, pilot):
        await press(app, pilot, *keys)
        screen = whole(app)
    assert screen.isascii(), {char for char in screen if not char.isascii()}


async def test_wide_and_hostile_names_leave_columns_aligned(monitor):
    record = night()
    odd = replace(p.exposure(), object="天体\x1b]0;x\x07 " * 9, program="DARK\nBRIGHT")
    record.processes[-1] = replace(record.processes[-1], exposure=odd)
    async with monitor(record, size=(150, 30)) as (app, _):
        screen = whole(app)
    assert "\x1b" not in screen
    assert "\x07" not in screen
    assert "●●●✖●●●●●●" in screen or "● ● ● ✖" in screen


async def test_a_click_moves_the_cursor(monitor):
    async with monitor() as (app, pilot):
        grid = app.screen.query_one(StepGrid)
        await pilot.click(StepGrid, offset=(7, 3))
        assert grid.cursor == Place("r2", "CHECK_CCDS")
