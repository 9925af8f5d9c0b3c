"""The settings under keys: sections, editing in place, drafts, and what new limits would flip."""

from __future__ import annotations

import asyncio
import csv
import threading
from contextlib import asynccontextmanager

import pytest
from pressing import press, settle

from qltui.config import load_config
from qltui.store import judged
from qltui.tui.screens.configuration_limits import NIGHTS_KEY
from qltui.tui.source import NothingYet
from qltui.tui.widgets.footer import Footer
from qltui.tui.widgets.head_line import HeadLine


@pytest.fixture
def site_config(tmp_path):
    """Settings of a site: a file with two values, a variable with one, and limits of its own."""
    limits = tmp_path / "site" / "limits.toml"
    limits.parent.mkdir()
    limits.write_text(
        '[[limit]]\nmetric = "NOISE_AMP"\ncamera = "b3"\nnormal = [-1, 1]\nwarning = [-2, 2]\n'
        'reference = "header"\nvalid_from = 20190901\n'
    )
    file = tmp_path / "site" / "qltui.toml"
    file.write_text(f'[engine]\nin_flight = 3\n[paths]\nlimits = "{limits}"\n')
    return load_config(files=[file], environment={"QLTUI_ENGINE_SLOTS": "4"})


@pytest.fixture
def started(known_app, site_config):
    """Return a context manager: an app on the settings with its pilot."""

    @asynccontextmanager
    async def start(size=(80, 24), **options):
        app = known_app(**({"config": site_config} | options))
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            app.go("configuration")
            await pilot.pause()
            await settle(app, pilot)
            yield app, pilot

    return start


def text(app, name):
    return app.screen_stack[0].query_one(f"#{name}").text


def said(app):
    return app.screen_stack[0].query_one(Footer).text


def head(app):
    return app.screen_stack[0].query_one(HeadLine).text


def line_of(app, word):
    return next(line for line in text(app, "entries").split("\n") if word in line)


async def go_to(app, pilot, section):
    while app.screen.section.name != section:
        await press(app, pilot, "t")


async def find(app, pilot, words):
    """Filter, and put the cursor on the first line that is left."""
    await press(app, pilot, "slash", f"={words}", "enter", "home")


# -- what is shown -------------------------------------------------------------------------------------------------


async def test_every_setting_says_its_value_and_where_it_is_from(started):
    async with started() as (app, pilot):
        await find(app, pilot, "engine.")
        assert line_of(app, "engine.slots").split() == ["engine.slots", "4", "–", "environment"]
        assert line_of(app, "engine.in_flight").split() == ["engine.in_flight", "3", "–", "site/qltui.toml"]
        assert line_of(app, "engine.settle").split() == ["engine.settle", "2", "s", "default"]
        assert line_of(app, "engine.products").split() == ["engine.products", "on", "–", "default"]
        detail = text(app, "detail")
        for words in ("Worker processes", "4, from environment", "a whole number from 0 to 256; default 0"):
            assert words in detail


async def test_sections_are_reached_by_list_and_by_key(started):
    async with started() as (app, pilot):
        titles = [line.split("  ")[0].strip() for line in text(app, "sections").split("\n")[1:7]]
        assert titles == ["Settings", "Workflow", "QA criteria", "Alarms", "Versions", "Others"]
        await press(app, pilot, "t")
        assert "reduction.cosmics" in text(app, "entries")
        await press(app, pilot, "T", "T")
        assert "site.name" in text(app, "entries")
        assert "engine.slots" not in text(app, "entries")
        first = app.screen.key
        await press(app, pilot, "down", "T", "t", "up")
        assert app.screen.key == first == "site.instrument"
        await press(app, pilot, "shift+tab", "up", "up")
        assert "disk.warning" in text(app, "entries")
        await press(app, pilot, "enter")
        assert app.screen.pane_id == "entries"


async def test_criteria_say_range_reference_night_and_file(started):
    async with started(size=(200, 60)) as (app, pilot):
        await go_to(app, pilot, "criteria")
        site = line_of(app, "b3").split()
        assert site[:3] == ["NOISE_AMP", "b3", "-1"]
        assert "20190901" in site
        assert "site's file" in line_of(app, "b3")
        assert "header, calibration, history:20" in line_of(app, "NOISE_AMP     all")
        assert "LITFRAC_AMP   SCIENCE, arm z" in text(app, "entries")
        await press(app, pilot, "down", "down")
        assert "NOISE_AMP: Read noise   b3" in text(app, "detail")
        assert "from night 20190901" in text(app, "detail")


async def test_a_limits_file_that_is_wrong_is_told_and_hides_nothing_else(started, tmp_path):
    (tmp_path / "site" / "limits.toml").write_text('[[limit]]\nmetric = "NOISE"\n')
    async with started() as (app, pilot):
        await go_to(app, pilot, "criteria")
        assert "unknown metric 'NOISE'" in " ".join(text(app, "detail").split())
        assert "CHECKHDUS" in text(app, "entries")


# -- settings ------------------------------------------------------------------------------------------------------


async def test_a_value_is_edited_in_place_and_marked_until_saved(started):
    async with started() as (app, pilot):
        await find(app, pilot, "engine.settle")
        await press(app, pilot, "enter", "=5", "enter")
        assert line_of(app, "engine.settle").split() == ["engine.settle", "5", "*", "s", "not", "saved"]
        assert "1 change not saved" in head(app)
        assert "not saved 5 s" in text(app, "detail")
        assert "1 *" in text(app, "sections").split("\n")[1]
        await press(app, pilot, "u")
        assert "not saved" not in head(app)
        await press(app, pilot, "u")
        assert "nothing of this is changed" in said(app)


async def test_an_error_is_said_while_one_types_and_the_words_are_kept(started):
    async with started() as (app, pilot):
        await find(app, pilot, "engine.in_flight")
        await press(app, pilot, "enter", "=9")
        assert "refused   engine.in_flight is 9; allowed is 1 to 8" in text(app, "detail")
        await press(app, pilot, "x")
        assert "must be a whole number from 1 to 8, not '9x'" in text(app, "detail")
        await press(app, pilot, "enter")
        assert "refused" in text(app, "detail")
        await press(app, pilot, "backspace", "backspace", "7")
        assert "refused" not in text(app, "detail")
        await press(app, pilot, "enter")
        assert "7 *" in line_of(app, "engine.in_flight")
        await press(app, pilot, "enter", "8", "escape")
        assert "7 *" in line_of(app, "engine.in_flight")
        assert "refused" not in text(app, "detail")


async def test_settings_are_checked_together(started):
    async with started() as (app, pilot):
        await find(app, pilot, "disk.warning")
        await press(app, pilot, "enter", "=0.95")
        assert "above disk.alarm" in text(app, "detail")
        await press(app, pilot, "escape")
        await find(app, pilot, "disk.alarm")
        await press(app, pilot, "enter", "=0.97", "enter")
        await find(app, pilot, "disk.warning")
        await press(app, pilot, "enter", "=0.95", "enter")
        assert "2 changes not saved" in head(app)


async def test_components_of_the_workflow_are_switched_on_and_off(started):
    async with started() as (app, pilot):
        await go_to(app, pilot, "workflow")
        await find(app, pilot, "cosmics")
        await press(app, pilot, "space")
        assert line_of(app, "reduction.cosmics").split()[1:3] == ["off", "*"]
        await press(app, pilot, "space")
        assert line_of(app, "reduction.cosmics").split()[1:2] == ["on"]
        assert "not saved" not in head(app)
        await find(app, pilot, "spectra_rows")
        await press(app, pilot, "space")
        assert "cannot be switched" in said(app)


async def test_cameras_are_typed_with_blanks_or_commas(started):
    async with started() as (app, pilot):
        await find(app, pilot, "cameras.off")
        await press(app, pilot, "enter", "=z8, b1 r2", "enter")
        assert "z8, b1, r2 *" in line_of(app, "cameras.off")
        assert app.screen.drafts.settings == {"cameras.off": ("z8", "b1", "r2")}


async def test_all_changes_are_taken_back_after_a_question(started):
    async with started() as (app, pilot):
        await press(app, pilot, "U")
        assert "nothing is changed" in said(app)
        await find(app, pilot, "engine.settle")
        await press(app, pilot, "enter", "=5", "enter", "U", "escape")
        assert "1 change" in head(app)
        await press(app, pilot, "U", "y")
        assert "not saved" not in head(app)


async def test_settings_are_filtered_and_saved_to_a_file(started, tmp_path):
    async with started() as (app, pilot):
        await find(app, pilot, "engine.slots")
        await press(app, pilot, "w", "escape")
        assert app.screen.entries.words == ""
    (line,) = csv.DictReader((tmp_path / "settings.csv").read_text().splitlines())
    assert (line["key"], line["value"], line["default"], line["origin"]) == ("engine.slots", "4", "0", "environment")


# -- limits --------------------------------------------------------------------------------------------------------


async def test_ranges_reference_and_night_are_edited(started):
    async with started(size=(200, 60)) as (app, pilot):
        await go_to(app, pilot, "criteria")
        await press(app, pilot, "down", "enter", "n", "=-3 3")
        assert "does not contain the normal range" in " ".join(text(app, "detail").split())
        await press(app, pilot, *" -4 4", "enter")
        await press(app, pilot, "enter", "r", "=history:10, 3", "enter")
        await press(app, pilot, "enter", "v", "=20191001", "enter")
        await press(app, pilot, "enter", "w", "=-5 inf", "enter")
        line = line_of(app, "instrument, changed")
        for words in ("-3 … 3 *", "≥ -5", "history:10, 3", "20191001"):
            assert words in line
        assert "1 change not saved" in head(app)
        # What holds where no reference has a value is not lost.
        (limit,) = app.screen.drafts.limits.values()
        assert limit.otherwise is not None


async def test_an_entry_is_copied_for_one_camera_and_element(started):
    async with started() as (app, pilot):
        await go_to(app, pilot, "criteria")
        await press(app, pilot, "down", "enter", "c", *"q9")
        assert "unknown 'q9'" in text(app, "detail")
        await press(app, pilot, "backspace", "backspace", *"b7 element=C", "enter")
        assert "NOISE_AMP     b7 C" in text(app, "entries")
        await press(app, pilot, "t", "c")
        assert "only entries of the QA criteria" in said(app)


async def test_what_stands_in_a_file_cannot_be_taken_out(started):
    async with started() as (app, pilot):
        await go_to(app, pilot, "criteria")
        await press(app, pilot, "x")
        assert "stands in a file" in said(app)
        await press(app, pilot, "down", "enter", "c", *"b7", "enter")
        app.screen.entries.move_to(max(app.screen.drafts.limits))
        await press(app, pilot, "x")
        assert "b7" not in text(app, "entries")


async def test_what_new_limits_would_flip_is_counted_over_n_nights(started):
    async with started() as (app, pilot):
        await go_to(app, pilot, "criteria")
        await press(app, pilot, "f")
        assert "no limit is changed" in said(app)
        # Every camera of every exposure but b3 of 3579 has a noise within 0.2 e- of its header; it must be 0.05 now.
        await press(app, pilot, "down", "enter", "n", "=-0.05 0.05", "enter", "f")
        assert "6 of 7 exposures of the last 2 nights would flip: 0 better, 6 worse" in said(app)
        detail = text(app, "detail")
        assert "NOISE_AMP alone: 0 better, 6 worse" in detail
        assert "3580 NORMAL → WARNING" in detail
        await press(app, pilot, "n", "=1", "enter")
        assert "1 of 1 exposure of the last 1 night would flip" in said(app)
        assert app.memory.get(NIGHTS_KEY, 30) == 1
        await press(app, pilot, "n", "=99999", "enter")
        assert "no number of nights" in said(app)


async def test_trying_limits_shows_its_progress_and_is_stopped_by_esc(started, monkeypatch):
    begun, goes_on = threading.Event(), threading.Event()

    def slow(*_arguments, step):
        step(0, 4)
        begun.set()
        assert goes_on.wait(20.0)
        step(1, 4)

    monkeypatch.setattr(judged, "flips", slow)
    async with started() as (app, pilot):
        await go_to(app, pilot, "criteria")
        await press(app, pilot, "down", "enter", "n", "=-0.05 0.05", "enter")
        await pilot.press("f")
        assert await asyncio.to_thread(begun.wait, 20.0)
        assert "trying the limits" in app.screen.query_one(HeadLine).text
        await pilot.press("escape")
        assert app.screen._works[-1].is_stopped
        goes_on.set()
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "trying the limits: stopped" in said(app)
        assert "trying the limits" not in app.screen.query_one(HeadLine).text
        assert app.screen.drafts.limits


async def test_the_screen_stands_without_record_and_settings(make_app):
    app = make_app(NothingYet())
    async with app.run_test(size=(80, 24)) as pilot:
        app.go("configuration")
        await pilot.pause()
        await settle(app, pilot)
        assert "engine.slots" in text(app, "entries")
        await go_to(app, pilot, "criteria")
        assert "NOISE_AMP" in text(app, "entries")
        await go_to(app, pilot, "versions")
        assert "nothing was saved yet" in text(app, "detail")
        await press(app, pilot, "s", "d", "R", "S", "x", "enter")
        assert app.current_mode == "configuration"
    app.reader.close()
