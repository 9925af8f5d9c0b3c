"""The picture of a whole field: where cameras lie, what marks them, what is said where there is no picture."""

from __future__ import annotations

from dataclasses import replace

import known_imager as known
import numpy as np
import pytest
from goldens import assert_as_kept, assert_only_ascii, assert_only_red
from pressing import settle

from qltui.instruments.base import get_instrument
from qltui.instruments.decam.layout import PLACES
from qltui.instruments.field_file import all_boxes, camera_at, field_kind, read_field
from qltui.instruments.table_file import ProductError
from qltui.model import Status
from qltui.store.products import Subject
from qltui.tui.field_picture import FieldMarks, camera_glyphs, compass, shrink_known, why_no_picture
from qltui.tui.image import Window, fitted
from qltui.tui.selection import Selection
from qltui.tui.symbols import get_charset
from qltui.tui.text import plain

BRAILLE = get_charset("braille")


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("field") / "field.fits"
    known.write_field(path)
    return path


# -- the file ------------------------------------------------------------------------------------------------------


def test_the_file_is_read_with_places_and_directions(picture):
    field = read_field(picture, "FIELD")
    x0, x1, y0, y1 = field.boxes["N5"]
    assert field.values[y0:y1, x0:x1] == pytest.approx(100.0 + known.NAMES.index("N5"))
    assert (field.unit, field.binning, len(field.boxes)) == ("e-", 64, 60)
    assert field.north == pytest.approx((0.0, 1.0))
    assert field.east == pytest.approx((1.0, 0.0))
    # S is above N, as in the focal plane.
    assert field.boxes["S29"][2] > field.boxes["N29"][3]


def test_a_file_without_the_picture_is_an_error_with_words(picture):
    with pytest.raises(ProductError):
        read_field(picture, "OTHER")


def test_boxes_of_cameras_that_are_not_there_follow_from_the_others(picture):
    field = read_field(picture, "FIELD")
    boxes = all_boxes(field.boxes, PLACES)
    assert set(boxes) == set(known.NAMES)
    x0, x1, y0, y1 = boxes["S31"]
    s30 = boxes["S30"]
    assert (x1 - x0, y1 - y0) == (64, 32)
    assert 66 <= x0 - s30[0] <= 67
    assert abs(y0 - s30[2]) <= 1
    assert camera_at(boxes, y0 + 3, x0 + 3) == "S31"
    assert all_boxes({"N5": (0, 64, 0, 32)}, PLACES) == {}


def test_only_an_instrument_with_a_field_has_such_a_product():
    assert field_kind(known.DECAM).kind == "field"
    assert field_kind(get_instrument("desi")) is None


# -- drawing -------------------------------------------------------------------------------------------------------


def test_gaps_smaller_than_a_pixel_make_no_holes():
    values = np.full((8, 8), 5.0)
    values[3, :] = np.nan
    assert np.isfinite(shrink_known(values, fitted((8, 8), 2, 1))).all()
    assert shrink_known(values, fitted((8, 8), 2, 1)) == pytest.approx(5.0)
    assert np.isnan(shrink_known(values, fitted((8, 8), 8, 4))).any(axis=1).sum() == 1


def test_outlines_cover_what_is_filled():
    values = np.full((40, 60), np.nan)
    values[9:32, 11:47] = 1.0
    window = Window(0.0, 0.0, 3.7, 12, 18)
    glyphs = camera_glyphs(FieldMarks({"N1": (11, 47, 9, 32)}, {"N1": Status.ALARM}, names="none"), window, BRAILLE)
    rows, columns = np.nonzero(np.isfinite(shrink_known(values, window)))
    assert (min(at[0] for at in glyphs), max(at[0] for at in glyphs)) == (rows.min() // 2, rows.max() // 2)
    assert (min(at[1] for at in glyphs), max(at[1] for at in glyphs)) == (columns.min(), columns.max())
    assert {glyph.role for glyph in glyphs.values()} == {"bad"}


@pytest.mark.parametrize(("names", "shown"), [("bad", {"✖"}), ("all", {"✖", "N", "1", "2"}), ("none", set())])
def test_names_are_those_of_bad_cameras_of_all_or_of_none(names, shown):
    boxes, window = {"N1": (0, 4, 0, 2), "N2": (4, 8, 0, 2)}, Window(0.0, 0.0, 1.0, 2, 8)
    marks = FieldMarks(boxes, {"N1": Status.ALARM, "N2": Status.NORMAL}, names=names, outlines=False)
    signs = {glyph.char for glyph in camera_glyphs(marks, window, BRAILLE).values()}
    assert signs == (shown | {"N", "1"} if names == "bad" else shown)


@pytest.mark.parametrize(
    ("north", "east", "rows"),
    [
        ((0.0, 1.0), (1.0, 0.0), ["    N", "    +--E"]),
        ((0.0, -1.0), (-1.0, 0.0), [" E--+", "    N"]),
        ((1.0, 0.0), (0.0, 1.0), ["    E", "    +--N"]),
    ],
)
def test_north_and_east_are_drawn(north, east, rows):
    assert [plain(line).rstrip().removeprefix(" ") for line in compass(north, east)] == rows


def test_what_the_file_does_not_tell_is_not_drawn():
    assert "none" in plain(compass(None, None)[0])


# -- no picture ----------------------------------------------------------------------------------------------------


def subject(state, cameras, reasons=None, expid=2012):
    return Subject(1, known.exposure_of(expid), state, cameras, reasons=reasons or {})


@pytest.mark.parametrize(
    ("state", "cameras", "words"),
    [
        ("waiting", {"N1": Status.WAITING}, "waits"),
        ("running", {"N1": Status.NORMAL, "N2": Status.RUNNING}, "1 of 2 CCDs"),
        ("running", {"N1": Status.NORMAL, "FIELD": Status.RUNNING}, "is being made"),
        ("done", {"N1": Status.NORMAL, "FIELD": Status.FAILED}, "failed: no memory"),
        ("cancelled", {"N1": Status.NORMAL}, "cancelled"),
        ("done", {"N1": Status.NORMAL, "FIELD": Status.NORMAL}, "left no picture"),
    ],
)
def test_why_there_is_no_picture_is_said(state, cameras, words):
    assert words in why_no_picture(subject(state, cameras, {"FIELD": "no memory"}), known.DECAM)


def test_an_exposure_without_such_a_step_says_so():
    other = replace(known.exposure_of(2012), obstype="FOCUS")
    words = why_no_picture(replace(subject("done", {}), exposure=other), known.DECAM)
    assert "FOCUS" in words
    assert "no step" in words


# -- the screen ----------------------------------------------------------------------------------------------------


async def press(app, pilot, *keys):
    for key in keys:
        await pilot.press(key)
        await settle(app, pilot, 1)
    return app.screen


async def go(app, pilot, **selection):
    app.go("field", Selection(**selection))
    await settle(app, pilot, 3)
    return app.screen


@pytest.fixture
def pictured(imager_store, tmp_path):
    """Return the number of the process with alarms, which has left a picture."""
    return known.add_field(imager_store, 2012, tmp_path / "field.fits")


async def test_keys_walk_the_field_and_enter_opens_a_camera(imager_app, pictured):
    app = imager_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await go(app, pilot, process=pictured, camera="N24")
        assert screen.field.camera == "N24"
        assert "✖ ALARM" in screen.facts.text
        assert "N24 A bias 0.0" in screen.facts.text
        assert f"{100 + known.NAMES.index('N24')} e-" in screen.facts.text
        assert "✖N24" in screen.field.text
        assert "60 of 62 CCDs" in screen.facts.text
        assert "+--E" in screen.facts.text
        await press(app, pilot, "left")
        assert screen.field.camera == "N23"
        assert "N23" in screen.facts.text
        await press(app, pilot, "up", "up")
        assert screen.field.camera in ("N11", "N12")
        await press(app, pilot, "n")
        assert screen.field.camera == "N24"
        await press(app, pilot, "p")
        assert screen.field.camera == "N5"
        before = screen.field.text
        await press(app, pilot, "m")
        assert "S16" in screen.field.text
        await press(app, pilot, "m")
        assert "✖" not in screen.field.text.replace("✖N5", "")
        await press(app, pilot, "b")
        assert "[" not in screen.field.text
        await press(app, pilot, "m", "b")
        assert screen.field.text == before
        await press(app, pilot, "s")
        assert "asinh" in screen.heading("picture")
        await press(app, pilot, "c", "+")
        assert "99.5 %" in screen.heading("picture")
        assert "x2" in screen.heading("picture")
        cursor = screen.field.cursor
        await press(app, pilot, "shift+right")
        assert screen.field.cursor[1] > cursor[1]
        await press(app, pilot, "home", "enter")
        await settle(app, pilot, 2)
        assert app.current_mode == "viewer"
        assert "N5 reduced" in app.screen.heading("image")
        assert app.screen._large


async def test_other_exposures_and_those_without_a_picture(imager_app, pictured):
    app = imager_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await go(app, pilot, process=pictured)
        assert screen.field.camera
        await press(app, pilot, "]")
        assert "2013 left no picture" in " ".join(screen.field.text.split())
        assert "61 good" in screen.facts.text
        await press(app, pilot, "[")
        assert screen.field.field is not None


async def test_a_damaged_picture_says_what_to_do(imager_app, imager_store, tmp_path):
    process = known.add_field(imager_store, 2012, tmp_path / "field.fits")
    (tmp_path / "field.fits").write_bytes(b"SIMPLE  = F" * 300)
    app = imager_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await go(app, pilot, process=process)
        assert "cannot be read" in " ".join(screen.field.text.split())


async def test_an_instrument_without_a_field_says_so(started):
    async with started("field") as (app, _):
        assert "DESI makes no picture of a whole field" in " ".join(app.screen.field.text.split())


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_the_screen_is_as_kept(size, imager_app, pictured, request):
    update = request.config.getoption("--snapshot-update")
    app = imager_app()
    async with app.run_test(size=size) as pilot:
        await go(app, pilot, process=pictured, camera="N24")
        assert_as_kept(app, f"field-{size[0]}x{size[1]}", update=update)
        app.theme = "night-red"
        await settle(app, pilot, 2)
        assert_only_red(app)


async def test_a_terminal_of_ascii_shows_it_whole(imager_app, pictured):
    app = imager_app(charset="ascii", theme="mono")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await go(app, pilot, process=pictured, camera="N24")
        assert_only_ascii(app)
        assert "AN24" in screen.field.text
