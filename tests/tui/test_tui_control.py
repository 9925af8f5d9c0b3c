"""The engine's screen under keys: mode, start and stop, cancel, reduce, reset, clear the disk."""

from __future__ import annotations

import threading
from contextlib import asynccontextmanager
from dataclasses import replace

import known
import nights
import pytest
from nights import NAMES
from pressing import press, settle

from qltui.engine.launch import EngineStartError
from qltui.instruments.base import get_instrument
from qltui.model import Camera, CameraReport, Product, Status, Verdict
from qltui.store import held, versions
from qltui.store.views import EngineView
from qltui.tui.camera_choice import choice_lines, neighbour_camera
from qltui.tui.health import Health
from qltui.tui.screens.control import CAMERAS_KEY, SINCE_KEY
from qltui.tui.screens.tidying import usage_words
from qltui.tui.symbols import CHARSETS
from qltui.tui.text import plain
from qltui.tui.widgets.engine_facts import bytes_text, engine_facts, slot_lines
from qltui.tui.widgets.footer import Footer
from qltui.tui.widgets.head_line import HeadLine

DESI = get_instrument("desi")


@pytest.fixture
def started(known_app):
    """Return a context manager: an app on the control screen with its pilot."""

    @asynccontextmanager
    async def start(size=(80, 24), **options):
        app = known_app(**options)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            app.go("control")
            await pilot.pause()
            await settle(app, pilot)
            yield app, pilot

    return start


@pytest.fixture
def raw_store(known_store):
    """The known record with two exposures that nobody has reduced, and one that was stopped."""
    for expid in (3582, 3583):
        exposure = replace(known.exposure_of(3581), expid=expid, mtime_ns=expid, path=f"/data/{expid}.fits")
        known_store.add_exposure(exposure, now=known.NOW)
    waiting = known_store.process_numbers(expid=3581)[0]
    known_store.finish_process(waiting, Verdict(Status.CANCELLED, "stopped"), "cancelled", "stopped by Ann")
    return known_store


def text(app, name):
    return app.screen.query_one(f"#{name}").text


def said(app):
    return app.screen.query_one(Footer).text


def asked(store):
    return [(command.name, dict(command.arguments), command.who) for command in store.pending_commands()]


# -- what is drawn -------------------------------------------------------------------------------------------------


async def test_engine_slots_and_work_are_on_the_screen(started):
    async with started() as (app, _):
        assert "reducing" in app.screen.query_one(HeadLine).text
        facts = text(app, "engine")
        for words in ("automatic: every new exposure", "2 of 2 slots busy, 1 waiting", "63 % used", "/data/desi"):
            assert words in facts
        assert "b4 CHECK SPECTRA" in text(app, "slots")
        assert "3581  waits, 1.       30  SCIENCE  BRIGHT   new" in text(app, "work")
        assert "every exposure of the last nights is reduced" in text(app, "raw")


def test_the_facts_of_an_engine_that_is_gone_say_what_to_do():
    options = {"observer": "Ann", "since": 0.0}
    lines = engine_facts(EngineView("none"), Health("none", "no engine has run here yet"), CHARSETS["ascii"], **options)
    words = [plain(line) for line in lines]
    assert " engine    W no engine has run here yet   S starts it" in words
    assert not any("disk" in line for line in words)
    reset = engine_facts(EngineView("idle"), Health("alive"), CHARSETS["braille"], **(options | {"since": known.NOW}))
    assert " Monitor   since 10-03 04:00 UT; R shows all" in [plain(line) for line in reset]


def test_slots_say_what_they_do():
    assert [plain(line) for line in slot_lines(("b4 CHECK\x1b", ""))] == ["   0  b4 CHECK", "   1  idle"]
    assert "no slot" in plain(slot_lines(())[0])


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_340, "12.3 kB"), (999_999, "1.0 MB"), (2e12, "2.0 TB"),
     (123e9, "123 GB"), (5e15, "5000.0 TB")],
)  # fmt: skip
def test_bytes_in_words(count, words):
    assert bytes_text(count) == words


def test_the_map_of_cameras_fits_any_instrument():
    lines = [plain(line) for line in choice_lines(DESI, {"b0", "r3"}, "b0", "Reduce 3579", 80, CHARSETS["ascii"])]
    assert "Reduce 3579: 2 of 30 cameras" in lines[0]
    assert lines[1].split() == list("0123456789")
    assert lines[2].split() == ["b", "x", *"·" * 9]
    assert lines[3].split() == ["r", *"···", "x", *"·" * 6]
    many = replace(DESI, cameras=tuple(Camera(f"{side}{n}", side, str(n)) for side in "NS" for n in range(1, 32)))
    wide = [plain(line) for line in choice_lines(many, (), "N1", "Reduce", 80, CHARSETS["braille"])]
    assert len(wide) == 1 + 2 + 2 + 1
    assert max(map(len, wide[1:5])) <= 80
    # The second digit of a unit stands below the first.
    assert wide[1].rstrip().endswith("3 3") or wide[1].rstrip().endswith("33")
    assert neighbour_camera(many, "N31", 1, 0) == "N31"
    gap = replace(DESI, cameras=tuple(camera for camera in DESI.cameras if camera.name != "b1"))
    assert neighbour_camera(gap, "b0", 1, 0) == "b2"
    assert neighbour_camera(gap, "b0", 0, 1) == "r0"


# -- keys ----------------------------------------------------------------------------------------------------------


async def test_the_mode_is_asked_for(started, known_store):
    async with started() as (app, pilot):
        await press(app, pilot, "m", "escape", "m", "m", "m", "a")
    assert asked(known_store) == [("mode", {"mode": "manual"}, "Ann"), ("mode", {"mode": "automatic"}, "Ann")]


async def test_the_engine_is_held_and_stopped_after_a_question(started, known_store):
    async with started() as (app, pilot):
        await press(app, pilot, "P", "S", "escape", "S", "y")
        assert asked(known_store) == [("pause", {}, "Ann"), ("shutdown", {}, "Ann")]
        nights.beat(known_store, known.NOW, state="paused")
        await settle(app, pilot)
        await press(app, pilot, "P")
        assert asked(known_store)[-1] == ("resume", {}, "Ann")


async def test_an_engine_that_is_gone_is_started_in_a_thread(started):
    threads = []

    def start():
        threads.append(threading.current_thread())
        return 4711

    async with started(exists=lambda _pid: False, start_engine=start) as (app, pilot):
        assert "S starts it" in text(app, "engine")
        await press(app, pilot, "S")
        assert "the engine runs, pid 4711" in said(app)
    assert threads[0] is not threading.main_thread()


async def test_an_engine_that_does_not_start_says_why(started):
    def start():
        raise EngineStartError("no data directory is set")

    async with started(exists=lambda _pid: False, start_engine=start) as (app, pilot):
        await press(app, pilot, "S")
        assert "the engine was not started: no data directory is set" in said(app)
    async with started(exists=lambda _pid: False) as (app, pilot):
        await press(app, pilot, "S")
        assert "qltui run --data DIRECTORY" in said(app)


async def test_one_exposure_is_stopped_after_a_question(started, known_store):
    process = known_store.process_numbers(expid=3581)[0]
    async with started() as (app, pilot):
        await press(app, pilot, "x", "escape", "x")
        assert asked(known_store) == []
        await press(app, pilot, "y")
        assert asked(known_store) == [("cancel", {"process": process, "expid": 3581}, "Ann")]
        known_store.finish_process(process, Verdict(Status.CANCELLED, "stopped"), "cancelled")
        await settle(app, pilot)
        assert "nothing is in flight" in text(app, "work")
        await press(app, pilot, "x")
        assert "nothing is in flight" in said(app)


async def test_raw_exposures_are_ticked_and_reduced_with_chosen_cameras(started, raw_store):
    async with started() as (app, pilot):
        rows = [(line.split()[0], line.split()[-1]) for line in text(app, "raw").split("\n")[1:4]]
        assert rows == [("3583", "never"), ("3582", "never"), ("3581", "stopped")]
        await press(app, pilot, "tab", "space", "space", "r", "n", "space", "down", "space", "enter")
        sent = asked(raw_store)
        assert [(name, values["expid"], values["cameras"]) for name, values, _ in sent] == [
            ("reprocess", 3582, ["b0", "r0"]),
            ("reprocess", 3583, ["b0", "r0"]),
        ]
        assert sent[0][1]["night"] == 20191002
        assert app.memory.get(CAMERAS_KEY, []) == ["b0", "r0"]
        assert "ticked" not in app.screen.heading("raw")


async def test_cameras_are_chosen_by_arm_unit_all_none_and_the_others(started, raw_store):
    async with started() as (app, pilot):
        await press(app, pilot, "tab", "enter", "n", "enter", "r", "i", "c", "c", "right", "space", "enter")
        (sent,) = asked(raw_store)
        # None: enter waits. Arm b, the others: r and z; unit 0 whole and back; then b1.
        expected = [name for name in NAMES if name == "b1" or (name[0] in "rz" and name != "r0" and name != "z0")]
        assert sent[1]["cameras"] == expected
        await press(app, pilot, "r", "a", "enter")
        assert len(asked(raw_store)[1][1]["cameras"]) == len(NAMES)
        await press(app, pilot, "r", "escape")
        assert len(asked(raw_store)) == 2


async def test_manual_mode_offers_to_catch_up(started, raw_store):
    raw_store.tell(versions.decide, "mode", "manual", "Ann")
    for expid in (3582, 3583):
        raw_store.tell(held.hold, raw_store.exposure_id("desi", known.NIGHTS[1], expid), now=known.NOW)
    async with started() as (app, pilot):
        assert "manual: what you choose is reduced; 2 wait" in text(app, "engine")
        assert "manual" in app.screen.query_one(HeadLine).text
        assert [line.split()[-1] for line in text(app, "raw").split("\n")[1:4]] == ["waits", "waits", "stopped"]
        await press(app, pilot, "m")
        assert "and reduce 2 now" in app.screen.query("Lines").first().text
        await press(app, pilot, "c")
        assert asked(raw_store) == [("mode", {"mode": "automatic", "catch_up": True}, "Ann")]


async def test_the_observer_is_named(started, known_store):
    async with started() as (app, pilot):
        await press(app, pilot, "O", "ctrl+u", *"Zoe", "enter", "O", "ctrl+u", "enter")
    assert asked(known_store) == [("observer", {"name": "Zoe"}, "Ann")]


async def test_the_monitor_is_cleared_and_shown_again(started):
    async with started() as (app, pilot):
        await press(app, pilot, "R")
        assert app.memory.get(SINCE_KEY, 0.0) == known.NOW + 1.0
        assert "since 10-03 04:00 UT" in text(app, "engine")
        await press(app, pilot, "R")
        assert app.memory.get(SINCE_KEY, 0.0) == 0.0
        assert "Monitor   everything" in text(app, "engine")


async def test_enter_goes_to_the_exposure(started):
    async with started() as (app, pilot):
        await press(app, pilot, "enter")
        assert (app.current_mode, app.selection.expid) == ("exposure", 3581)


# -- disk ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def old_products(known_store):
    """Two products of 3574 of two days ago, and the newest fit calibration, which stays."""
    process = known_store.process_numbers(expid=3574)[0]
    known_store.start_job(process, "b0", 2, 1)
    kept = (Product("fiberflat", "/products/c.fits", 5_000_000),)
    products = (Product("preview", "/products/a.fits", 1_500_000), Product("spectra", "/products/b.fits", 500_000))
    long_ago = known.NOW - 2 * 86400.0
    known_store.finish_job(process, CameraReport("b0", 2, (), products), Status.NORMAL, now=long_ago)
    other = known_store.process_numbers(expid=3576)[0]
    known_store.start_job(other, "b0", 2, 1)
    known_store.finish_job(other, CameraReport("b0", 2, (), kept), Status.NORMAL, fit=True, now=long_ago)
    return known_store


async def test_the_disk_is_cleared_after_saying_how_much_would_go(started, old_products):
    async with started() as (app, pilot):
        await press(app, pilot, "D", "p", "ctrl+u", "1", "enter")
        assert "Remove 2 products (2.0 MB)?" in app.screen.query("Lines").first().text
        await press(app, pilot, "escape")
        assert asked(old_products) == []
        # The days are kept.
        await press(app, pilot, "D", "p", "enter", "y")
        assert asked(old_products) == [("clear", {"kinds": ["products"], "days": 1}, "Ann")]
        (command,) = old_products.pending_commands()
        old_products.answer_command(command.number, "2 files, 2.0 MB were removed")
        await settle(app, pilot)
        assert "2 files, 2.0 MB were removed" in said(app)


async def test_nothing_is_asked_where_nothing_is_old_and_days_must_be_a_number(started, old_products):
    async with started() as (app, pilot):
        await press(app, pilot, "D", "p", "ctrl+u", *"30", "enter")
        assert "nothing of that is older than 30 days" in said(app)
        await press(app, pilot, "D", "b", "ctrl+u", *"-3", "enter")
        assert "no number of days" in said(app)
        await press(app, pilot, "D", "escape", "D", "l", "escape")
        assert asked(old_products) == []


def test_what_would_go_in_words():
    assert usage_words({"products": (1200, 3_400_000_000), "logs": (0, 0)}) == "1200 products (3.4 GB)"
    both = usage_words({"products": (1, 10), "logs": (2, 2000), "log lines": (3, 40)})
    assert both == "1 product (10 B), 2 logs (2.0 kB) and 3 log lines (40 B)"
    assert usage_words({"products": (0, 0)}) == ""
