"""Every screen in its states, as the terminal shows it: looked at by a person when kept, compared ever after.

States: good (a night that is done), running, failed, stale (an engine that is silent), empty (no record yet); by day,
at night, and in ASCII.
"""

from __future__ import annotations

import known
import pictures as p
import pytest
from goldens import assert_as_kept, assert_only_ascii, assert_only_red, redraw_all, screen_text

from qltui.model import Status, Verdict
from qltui.tui.screens import SCREENS
from qltui.tui.selection import Selection
from qltui.tui.symbols import CHARSETS

NAMES = [entry.name for entry in SCREENS]
BAD_PLACE = {"camera": "b3", "step": "CHECK_CCDS", "metric": "NOISE_AMP", "element": "C"}


@pytest.fixture
def update(request):
    return bool(request.config.option.update_snapshots)


async def settle(pilot):
    app = pilot.app
    for _ in range(3):
        await pilot.pause()
        await app.workers.wait_for_complete()
        await app.poll()
    await pilot.pause()


async def show(pilot, name, **place):
    """Go to a screen at the bad exposure."""
    await settle(pilot)
    pilot.app.go(name, Selection(**place))
    await settle(pilot)


def process_of(store, expid):
    return store.process_numbers(expid=expid)[0]


def run_last(store):
    """Let the last exposure be in the middle of its reduction."""
    from nights import write_camera

    process = process_of(store, 3581)
    start = known.time_of(3581) + 305.0
    store.start_process(process, now=start)
    for camera in p.running_cameras().values():
        if camera.status is not Status.WAITING:
            write_camera(store, process, camera, start)
    store.set_verdict(process, Verdict(Status.ALARM, "16 of 30 cameras good so far", p.CULPRITS, 16, 30))
    return process


def fail_last(store):
    """Let the last exposure have failed as a whole."""
    process = run_last(store)
    end = known.time_of(3581) + 400.0
    for name, camera in p.running_cameras().items():
        if not camera.status.is_final:
            store.set_camera_status(process, name, Status.FAILED, "the worker was killed, tried twice", now=end)
    store.finish_process(process, Verdict(Status.FAILED, "no result", (), 16, 30), "failed", "disk full", now=end)
    return process


@pytest.mark.parametrize("name", NAMES)
async def test_a_screen_by_day_at_night_and_in_ascii(name, known_app, known_store, update):
    place = {"process": process_of(known_store, 3579), "expid": 3579, "night": 20191001, **BAD_PLACE}
    app = known_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, name, **place)
        assert_as_kept(app, f"{name}-good-80x24", update=update)
        app.theme = "night-red"
        await settle(pilot)
        assert_only_red(app)
        app.charset = CHARSETS["ascii"]
        app.theme = "mono"
        redraw_all(app)
        await settle(pilot)
        assert_only_ascii(app)
        app.charset = CHARSETS["braille"]
        app.theme = "night-red"
        await pilot.resize_terminal(200, 60)
        redraw_all(app)
        await settle(pilot)
        assert_as_kept(app, f"{name}-good-200x60", update=update)
        assert_only_red(app)


@pytest.mark.parametrize("name", NAMES)
async def test_a_screen_while_an_exposure_is_reduced(name, known_app, known_store, update):
    process = run_last(known_store)
    app = known_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, name, process=process, expid=3581, night=20191002, camera="b3", step="CHECK_CCDS")
        assert_as_kept(app, f"{name}-running-80x24", update=update)
        app.theme = "night-red"
        await settle(pilot)
        assert_only_red(app)


@pytest.mark.parametrize("name", NAMES)
async def test_a_screen_of_a_reduction_that_failed(name, known_app, known_store, update):
    process = fail_last(known_store)
    app = known_app(theme="night-red")
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, name, process=process, expid=3581, night=20191002, camera="r9")
        assert_as_kept(app, f"{name}-failed-80x24", update=update)
        assert_only_red(app)


@pytest.mark.parametrize("name", NAMES)
async def test_a_screen_whose_engine_is_silent_says_so(name, known_app, known_store):
    app = known_app(clock=lambda: known.NOW + 30.0, theme="night-red")
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, name, process=process_of(known_store, 3580))
        assert "old picture" in screen_text(app)
        assert_only_red(app)


@pytest.mark.parametrize("name", NAMES)
async def test_a_screen_before_there_is_a_record(name, known_app, known_store, update):
    known_store.close()
    for path in known_store.path.parent.glob("qltui.db*"):
        path.unlink()
    app = known_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, name)
        assert_as_kept(app, f"{name}-empty-80x24", update=update)
        app.theme = "night-red"
        app.charset = CHARSETS["ascii"]
        redraw_all(app)
        await settle(pilot)
        assert_only_red(app)
        assert_only_ascii(app)
