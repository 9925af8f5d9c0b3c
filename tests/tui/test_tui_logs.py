"""The log screen on a known record: filters, search, paging, files, saving."""

from __future__ import annotations

import known
import pytest

from qltui.tui.selection import Selection

SIZE = (100, 24)


async def settle(app, pilot):
    await app.poll()
    for _ in range(3):
        await app.workers.wait_for_complete()
        await pilot.pause()


async def press(app, pilot, *keys):
    for key in keys:
        for one in key.removeprefix("text:") if key.startswith("text:") else [key]:
            await pilot.press("space" if one == " " else one)
        await pilot.pause()
    await settle(app, pilot)


@pytest.fixture
def show(known_app):
    async def go(app, pilot, selection=None):
        app.go("log", selection)
        await pilot.pause()
        await settle(app, pilot)
        return app.screen.reader

    return known_app, go


async def test_the_newest_line_is_on_top_and_new_ones_are_followed(show, known_store):
    make, go = show
    app = make()
    async with app.run_test(size=SIZE) as pilot:
        reader = await go(app, pilot)
        assert reader.text.splitlines()[0].endswith("r5: killed after 120 s in CHECK FIBERS")
        assert "✖ 3579 b3 CHECK CCDS ended" in reader.text
        assert "the log begins here" in reader.text
        known_store.log("warning", "a new line", 3581, "b0", now=known.NOW)
        await settle(app, pilot)
        assert reader.text.splitlines()[0].endswith("▲ 3581 b0 a new line")
        await press(app, pilot, "P")
        known_store.log("info", "held back", now=known.NOW)
        await settle(app, pilot)
        assert "held back" not in reader.text
        assert "paused" in app.screen.heading("log")
        await press(app, pilot, "P")
        assert "held back" in reader.text


async def test_levels_camera_exposure_and_words_narrow_the_log(show):
    make, go = show
    app = make()
    async with app.run_test(size=SIZE) as pilot:
        reader = await go(app, pilot)
        await press(app, pilot, "v", "v")
        assert len(reader.rows) == 2
        assert "alarms and errors" in app.screen.head()[0][0]
        await press(app, pilot, "c", "text:B3", "enter")
        assert [row.camera for row in reader.rows] == ["b3"]
        await press(app, pilot, "c", "ctrl+u", "text:q9", "enter")
        assert [row.camera for row in reader.rows] == ["b3"]
        await press(app, pilot, "c", "ctrl+u", "enter", "v", "v")
        assert len(reader.rows) > 5
        await press(app, pilot, "X", "text:3577", "enter")
        assert {row.expid for row in reader.rows} == {3577}
        await press(app, pilot, "right_square_bracket")
        assert {row.expid for row in reader.rows} == {3578}
        await press(app, pilot, "left_square_bracket", "left_square_bracket")
        assert {row.expid for row in reader.rows} == {3576}
        await press(app, pilot, "l", "x")
        assert {row.expid for row in reader.rows} == {3579}
        await press(app, pilot, "x", "slash", "text:ended 3580", "enter")
        assert {row.expid for row in reader.rows} == {3580}
        await press(app, pilot, "escape")
        assert len(reader.rows) > 5


async def test_search_marks_and_goes_on_beyond_what_was_read(show, known_store):
    make, go = show
    with known_store.transaction():
        for number in range(1500):
            known_store.log("info", f"filler {number}" + (" needle" if number in (10, 1490) else ""), now=known.NOW)
    app = make()
    async with app.run_test(size=SIZE) as pilot:
        reader = await go(app, pilot)
        assert len(reader.rows) == 500
        await press(app, pilot, "s", "text:NEEDLE", "enter")
        assert reader.current.text == "filler 1490 needle"
        assert any(role == "strong+cursor" for line in reader._lines for _, role in line)
        await press(app, pilot, "n")
        assert reader.current.text == "filler 10 needle"
        assert not reader.ends
        await press(app, pilot, "n")
        assert reader.current.text == "filler 10 needle"
        await press(app, pilot, "p")
        assert reader.current.text == "filler 1490 needle"
        await press(app, pilot, "home")
        assert reader.current.text == "filler 1499"
        await press(app, pilot, "end", "end", "end", "end")
        assert reader.begins
        assert reader.current.text == "Exposure 3574 ended (0:00:05)"


async def test_a_selection_narrows_and_enter_opens_the_exposure(show, known_store):
    make, go = show
    app = make()
    async with app.run_test(size=SIZE) as pilot:
        (process,) = known_store.process_numbers(expid=3579)
        reader = await go(app, pilot, Selection(process=process, expid=3579, camera="r5"))
        assert [row.camera for row in reader.rows] == ["r5"]
        await press(app, pilot, "enter")
        assert app.current_mode == "exposure"
        assert app.selection.camera == "r5"
        assert app.selection.expid == 3579


async def test_long_lines_are_wrapped_and_control_characters_are_not_drawn(show, known_store):
    make, go = show
    known_store.log("info", "\x1b[2J" + "very long words " * 20 + "the end 漢字", 3581, now=known.NOW)
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        reader = await go(app, pilot)
        assert "the end" not in reader.text
        await press(app, pilot, "z")
        assert "the end 漢字" in reader.text
        assert "\x1b" not in reader.text


async def test_files_beside_the_record_are_read(show, known_store):
    make, go = show
    logs = known_store.path.parent / "logs"
    logs.mkdir()
    line = "2026-11-23 03:34:39,128 {} MainProcess qltui.engine.recorder: {}\n"
    (logs / "engine.log").write_text(line.format("INFO   ", "began") + line.format("WARNING", "b3 is noisy"))
    app = make()
    async with app.run_test(size=SIZE) as pilot:
        reader = await go(app, pilot)
        await press(app, pilot, "t")
        assert "engine.log" in app.screen.heading("log")
        assert reader.text.splitlines()[0].endswith("▲ qltui.engine.recorder: b3 is noisy")
        await press(app, pilot, "down")
        known_store.log("info", "something", now=known.NOW)
        await settle(app, pilot)
        assert reader.current.text.endswith("began")
        await press(app, pilot, "t")
        assert "killed after 120 s" in reader.text


async def test_what_is_shown_and_all_of_it_can_be_saved(show, tmp_path):
    make, go = show
    app = make()
    async with app.run_test(size=SIZE) as pilot:
        await go(app, pilot)
        await press(app, pilot, "v", "v", "w", "W")
        saved = (tmp_path / "log.txt").read_text()
        assert "killed after 120 s" in saved
        assert "ended (0:00:05)" not in saved
        table = (tmp_path / "log.csv").read_text().splitlines()
        assert table[0].startswith("time [UTC],level,expid,camera")
        assert len(table) == 3


async def test_no_record_and_ascii(known_app, tmp_path):
    from qltui.tui.source import NothingYet, Reader

    app = known_app(charset="ascii")
    app.reader = Reader(NothingYet)
    async with app.run_test(size=(80, 24)) as pilot:
        app.go("log")
        await pilot.pause()
        await settle(app, pilot)
        assert app.screen.reader.text.splitlines()[0].strip() == "nothing was logged yet"
        assert app.screen.reader.text.isascii()
    app.reader.close()
