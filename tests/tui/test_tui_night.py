"""The Night screen under keys, on the known record."""

from __future__ import annotations

import csv
from contextlib import asynccontextmanager
from dataclasses import replace

import known
import pytest
from pressing import press, settle

from qltui.model import Status
from qltui.store.history_cells import CellValue
from qltui.tui.memory import Memory
from qltui.tui.screens.night_question import mapped_metrics
from qltui.tui.symbols import get_charset
from qltui.tui.text import plain
from qltui.tui.widgets.footer import Footer
from qltui.tui.widgets.head_line import HeadLine
from qltui.tui.widgets.heat_map import HeatCell, HeatRow, cell_mark, heat_lines


@pytest.fixture
def started(known_app):
    """Return a context manager: an app on the night screen with its pilot."""

    @asynccontextmanager
    async def start(size=(80, 24), **options):
        app = known_app(**options)
        async with app.run_test(size=size) as pilot:
            await settle(app, pilot)
            await press(app, pilot, "3")
            await settle(app, pilot)
            yield app, pilot

    return start


def text(app, name):
    return app.screen.query_one(f"#{name}").text


def read_csv(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def asked(store):
    return [(command.name, dict(command.arguments), command.who) for command in store.pending_commands()]


async def test_the_latest_night_with_totals_and_map(started):
    async with started() as (app, _):
        lines = text(app, "table").split("\n")
        assert "3580  ● good" in lines[1]
        assert "SCIENCE  BRIGHT   1131  02:00  19:00       300" in lines[1]
        assert "3581  · waiting" in lines[2]
        assert "2019-10-02   2 exposures   0.17 h open shutter" in app.screen.query_one(HeadLine).text
        assert " 3580  ●●●●●●●●●● ●●●●●●●●●● ●●●●●●●●●●" in text(app, "map")
        assert " 3581  ·········· ·········· ··········" in text(app, "map")
        assert "all 30 cameras good" in text(app, "facts")


async def test_the_night_before_and_after(started):
    async with started() as (app, pilot):
        await press(app, pilot, "p")
        assert "2019-10-01   6 exposures" in app.screen.query_one(HeadLine).text
        assert "3579  ✖ alarm  bad " in text(app, "table")
        row = next(line for line in text(app, "map").split("\n") if line.startswith(" 3579"))
        assert row == " 3579  ●●●✖●●●▲●● ●●●●●✖●●●● ●●▲●●●●●∅●"
        await press(app, pilot, "p")
        assert "this is the first night of the record" in app.screen.query_one(Footer).text
        await press(app, pilot, "n")
        assert "2019-10-02   2 exposures" in app.screen.query_one(HeadLine).text


async def test_a_range_is_typed_and_l_goes_back_to_the_latest(started):
    async with started((200, 60)) as (app, pilot):
        await press(app, pilot, "D", *"all", "enter")
        head = app.screen.query_one(HeadLine).text
        assert "all nights" in head
        assert "8 exposures" in head
        assert "1001 3579" in text(app, "map")
        await press(app, pilot, "D", *"2019", "enter")
        assert "'2019' is no night: give 20191001" in app.screen.query_one(Footer).text
        await press(app, pilot, "l")
        assert "2019-10-02   2 exposures" in app.screen.query_one(HeadLine).text


async def test_table_and_map_have_one_cursor(started):
    async with started() as (app, pilot):
        await press(app, pilot, "p", "end", "tab")
        await press(app, pilot, *["right"] * 3)
        assert app.screen.heat.camera == "b3"
        assert "3579 b3  ✖ alarm" in text(app, "map").split("\n")[-1]
        await press(app, pilot, "up")
        assert app.screen.table.cursor_key == (20191001, 3578)
        assert "3578 ● good" in text(app, "facts")
        await press(app, pilot, "shift+tab", "down")
        assert app.screen.heat.key == (20191001, 3579)
        assert "b3 r5" in text(app, "facts")
        assert "z8 not in the file" in text(app, "facts")


async def test_a_metric_is_mapped_with_its_values_and_kept(started):
    memory = Memory()
    memory.set("night.metric", "SKYCONT")
    async with started(memory=memory) as (app, pilot):
        await press(app, pilot, "p", "end", "tab")
        assert app.screen.heading("map") == "Map  SKYCONT"
        sky = f"{known.sky_of(3579, 'b0'):{app.instrument.metric('SKYCONT').format}}"
        assert f"3579 b0  {sky}" in text(app, "map")
        assert "● good" in text(app, "map").split("\n")[-1]
        row = next(line for line in text(app, "map").split("\n") if line.startswith(" 3579"))
        # b0 has 169 of a reference of 200 +- 100, z9 has 227; z8 is not in the file.
        assert row == " 3579  ░░░░░░░░░░ ░░░░░░░░░░ ░░░░░░░░ ░"
        names = ["", *(metric.name for metric in app.instrument.metrics)]
        await press(app, pilot, "m")
        assert memory.get("night.metric", "") == names[(names.index("SKYCONT") + 1) % len(names)]
        await press(app, pilot, "M", "M")
        assert memory.get("night.metric", "") == names[names.index("SKYCONT") - 1]
        await press(app, pilot, "u")
        assert app.screen.heading("map") == "Map  worst status"


async def test_words_that_the_record_knows_reach_all_nights(started):
    memory = Memory()
    async with started(memory=memory) as (app, pilot):
        await press(app, pilot, "D", *"all", "enter", "slash", *"flag:bad", "enter")
        assert app.screen.wish.terms[0].column == "flag"
        assert [row.exposure.expid for row in app.screen._answer.page.rows] == [3579]
        assert memory.get("night.filter", "") == "flag:bad"
        await press(app, pilot, "escape")
        assert len(app.screen._answer.page.rows) == 8


async def test_pages_go_back_and_forth(started):
    async with started() as (app, pilot):
        await press(app, pilot, "D", *"all", "enter")
        from dataclasses import replace

        app.screen._choose(replace(app.screen.wish, limit=3))
        await settle(app, pilot)
        assert "3 of 8 shown" in app.screen.query_one(HeadLine).text
        await press(app, pilot, "less_than_sign")
        assert [row.exposure.expid for row in app.screen._answer.page.rows] == [3576, 3577, 3578]
        await press(app, pilot, "less_than_sign")
        assert [row.exposure.expid for row in app.screen._answer.page.rows] == [3574, 3575]
        await press(app, pilot, "less_than_sign")
        assert "there are no older ones" in app.screen.query_one(Footer).text
        await press(app, pilot, "greater_than_sign", "greater_than_sign")
        assert [row.exposure.expid for row in app.screen._answer.page.rows] == [3579, 3580, 3581]


async def test_ticked_exposures_are_reduced_again_with_chosen_cameras(started, known_store):
    async with started() as (app, pilot):
        await press(app, pilot, "p", "home", "space", "space", "r")
        assert "Reduce 3574, 3575 again?" in app.screen.children[0].text
        await press(app, pilot, "c", "space", "right", "space", "enter")
        assert "asked to reduce 2 exposures again, 4 cameras" in app.screen_stack[0].query_one(Footer).text
    sent = asked(known_store)
    assert [(name, item["expid"], item["cameras"], who) for name, item, who in sent] == [
        ("reprocess", 3574, ["b0", "b1"], "Ann"),
        ("reprocess", 3575, ["b0", "b1"], "Ann"),
    ]


async def test_only_the_bad_cameras_are_reduced_again(started, known_store):
    async with started() as (app, pilot):
        await press(app, pilot, "p", "end", "r", "b")
    assert asked(known_store)[0][1]["cameras"] == ["b3", "b7", "r5", "z2"]


async def test_a_flag_with_its_reason(started, known_store):
    async with started() as (app, pilot):
        await press(app, pilot, "p", "end", "F", "j", *"cloud", "enter")
    name, arguments, who = asked(known_store)[0]
    assert (name, arguments["expid"], arguments["value"], arguments["reason"], who) == (
        *("flag", 3579, "junk", "cloud", "Ann"),
    )


async def test_comments_are_shown_written_edited_and_deleted(started, known_store):
    async with started(size=(80, 24)) as (app, pilot):
        await press(app, pilot, "p", "end", "up", "C")
        shown = app.screen.children[0].text
        assert "Comments on exposure 3578" in shown
        assert "10-02 03:58 UT  Ann" in shown
        assert "clouds in the west" in shown
        assert "Ben  good: usable" in shown
        await press(app, pilot, "a", *"thin", "enter", "e", *"!", "enter", "d", "y")
    sent = [(name, arguments) for name, arguments, _ in asked(known_store)]
    assert sent[0][0] == "comment"
    assert (sent[0][1]["expid"], sent[0][1]["text"]) == (3578, "thin")
    assert sent[1] == ("edit_comment", {"comment": 1, "text": "clouds in the west!"})
    assert sent[2] == ("delete_comment", {"comment": 1})


async def test_nobody_changes_the_comment_of_another_and_its_history_is_shown(started, known_store):
    known_store.edit_comment(1, "Ann", "clouds in the east")
    async with started(who="Ben") as (app, pilot):
        await press(app, pilot, "p", "end", "up", "C", "e")
        assert "only Ann may change this comment; you are Ben" in app.screen.children[0].text
        await press(app, pilot, "h")
        shown = " ".join(app.screen.children[0].text.split())
        assert "clouds in the east" in shown
        assert "said before: clouds in the west" in shown
        await press(app, pilot, "escape")
        assert app.screen.NAME == "night"
    assert asked(known_store) == []


async def test_enter_drills_to_the_exposure(started):
    async with started() as (app, pilot):
        await press(app, pilot, "p", "end", "enter")
        assert app.current_mode == "exposure"
        assert (app.selection.process, app.selection.expid, app.selection.night) == (6, 3579, 20191001)


async def test_enter_on_the_map_takes_camera_and_metric(started):
    memory = Memory()
    memory.set("night.metric", "SKYCONT")
    async with started(memory=memory) as (app, pilot):
        await press(app, pilot, "p", "end", "tab", "right", "enter")
        assert app.current_mode == "metric"
        assert (app.selection.camera, app.selection.metric, app.selection.process) == ("b1", "SKYCONT", 6)


async def test_table_and_map_are_saved(started, tmp_path):
    async with started() as (app, pilot):
        await press(app, pilot, "p", "w", "tab", "w")
    rows = read_csv(tmp_path / "night-20191001.csv")
    assert [row["expid"] for row in rows] == ["3574", "3575", "3576", "3577", "3578", "3579"]
    assert rows[-1]["check_fibers_status"] == "ALARM"
    cells = read_csv(tmp_path / "night-20191001-night-cells.csv")
    bad = next(row for row in cells if (row["expid"], row["camera"]) == ("3579", "z8"))
    assert (bad["status"], bad["reason"]) == ("MISSING", "not in the file")


async def test_without_a_record_it_says_so(make_app):
    from qltui.tui.source import NothingYet

    app = make_app(NothingYet())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(app, pilot)
        await press(app, pilot, "3")
        assert "no night in this record" in app.screen.query_one(HeadLine).text
        await press(app, pilot, "r")
        assert "there is no exposure to reduce again" in app.screen.query_one(Footer).text


@pytest.mark.parametrize(
    ("cell", "mark", "letter"),
    [
        (None, " ", " "),
        (HeatCell(Status.NORMAL), "●", "o"),
        (HeatCell(Status.NORMAL, 0.1), "░", "1"),
        (HeatCell(Status.NORMAL, 0.5), "▒", "2"),
        (HeatCell(Status.NORMAL, 1.0), "▓", "3"),
        (HeatCell(Status.ALARM, 3.0), "✖", "A"),
    ],
)
def test_a_cell_is_told_by_its_shape(cell, mark, letter):
    assert cell_mark(cell, get_charset("braille"))[0] == mark
    assert cell_mark(cell, get_charset("ascii"))[0] == letter


def test_a_map_that_is_wider_than_its_pane_shows_the_cameras_around_the_cursor():
    from pictures import DESI

    rows = [HeatRow("k", "3579", {"z9": HeatCell(Status.ALARM)})]
    lines = heat_lines(rows, DESI.cameras, ("k", "z9"), 20, 4, get_charset("braille"))
    assert plain(lines[1]).rstrip().endswith("✖")
    assert plain(lines[0]).endswith("9")


def test_what_is_under_the_cursor_has_its_unit():
    from pictures import DESI

    from qltui.tui.widgets.night_facts import cell_words

    exposure = known.exposure_of(3579)
    from qltui.store.history import NightRow

    row = NightRow(1, exposure, 6, "done", Status.ALARM, "", 25, 30, 5.0, 0, "")
    words = cell_words(row, "b3", "NOISE_AMP", CellValue(Status.ALARM, "C", 25.1, 9.0), DESI, get_charset("braille"))
    assert plain(words) == " 3579 b3  C 25.10 e-  ✖ alarm"


async def test_only_metrics_that_the_exposures_can_have_are_mapped(started):
    async with started() as (app, _):
        answer, instrument = app.screen._answer, app.instrument
        zeros = tuple(replace(row, exposure=replace(row.exposure, obstype="ZERO")) for row in answer.page.rows)
        of_zeros = replace(answer, page=replace(answer.page, rows=zeros))
    named = mapped_metrics(of_zeros, instrument, "")
    assert named == tuple(metric.name for metric in instrument.metrics_for("ZERO"))
    assert "NOISE_AMP" in named
    assert "SKYCONT" in mapped_metrics(of_zeros, instrument, "SKYCONT")
    assert "SKYCONT" not in named
    assert len(mapped_metrics(None, instrument, "")) == len(instrument.metrics)
