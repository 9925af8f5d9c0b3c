"""Detector, header, focal plane and spectra screens on products with known values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import known
import pytest
import viewer_files as files

from qltui.tui.selection import Selection
from qltui.tui.themes import PALETTES

EXPID = 3590


@pytest.fixture
def viewed(known_store, tmp_path):
    """Return the process of an exposure that left files."""
    exposure = replace(known.exposure_of(3580), expid=EXPID, mtime_ns=1, mjd=known.exposure_of(3580).mjd + 0.1)
    return files.add_viewed(known_store, exposure, tmp_path / "files", known.time_of(3581) + 5000.0)


async def settle(app, pilot):
    await app.poll()
    for _ in range(3):
        await app.workers.wait_for_complete()
        await pilot.pause()


async def press(app, pilot, *keys):
    for key in keys:
        for one in key.removeprefix("text:") if key.startswith("text:") else [key]:
            await pilot.press(one)
        await pilot.pause()
    await settle(app, pilot)
    return app.screen


async def go(app, pilot, name, **selection):
    app.go(name, Selection(**selection))
    await pilot.pause()
    await settle(app, pilot)
    return app.screen


# -- detector ------------------------------------------------------------------------------------------------------


async def test_thumbnails_of_all_cameras_and_one_enlarged(known_app, viewed):
    app = known_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await go(app, pilot, "viewer")
        assert f"exp {EXPID}" in screen.head()[1][0]
        text = screen.cameras.text
        for camera in app.instrument.cameras:
            assert camera.name in text
        assert screen.cameras.thumbnails["b0"].values is not None
        assert screen.cameras.thumbnails["b0"].cuts == screen.cameras.thumbnails["b1"].cuts
        assert screen.cameras.thumbnails["b5"].values is None
        await press(app, pilot, "enter")
        assert screen.heading("image").startswith("b0 reduced [e-]  linear  zscale")
        assert "row    161-168 px" in screen.profile.text
        assert "column 241-248 px" in screen.profile.text
        assert "value  2030.0 e-" in screen.profile.text
        assert "along the row [e-]" in screen.profile.text
        await press(app, pilot, "up", "right")
        assert screen.image.cursor[0] > 20
        assert screen.image.cursor[1] > 30
        reading = screen.image.reading
        assert reading.value == 100 * reading.row + reading.column
        assert reading.amplifier == "B"
        await press(app, pilot, "escape")
        assert screen.pane_id == "cameras"


async def test_stretch_cuts_marks_zoom_and_borders(known_app, viewed):
    app = known_app()
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await go(app, pilot, "viewer", process=viewed, camera="b0", metric="NOISE_AMP")
        image = screen.image
        assert "S" in image.text
        assert "+" not in image.text
        assert "│" in image.text
        await press(app, pilot, "m")
        assert "+" in image.text
        assert "S" not in image.text
        await press(app, pilot, "m")
        assert {"+", "S"} <= set(image.text)
        await press(app, pilot, "m", "b")
        assert not {"+", "S", "│"} & set(image.text)
        await press(app, pilot, "s")
        assert "asinh" in screen.heading("image")
        await press(app, pilot, "c", "c", "c")
        assert "min-max 0 to 3959" in screen.heading("image")
        await press(app, pilot, "less_than_sign", "full_stop")
        assert "min-max 395.9 to 3563" in screen.heading("image")
        await press(app, pilot, "plus", "plus")
        assert "x4" in screen.heading("image")
        await press(app, pilot, "home")
        assert "x4" not in screen.heading("image")
        image.cursor = (10, 20)
        await press(app, pilot, "left", "right", "m")
        image.cursor = (30, 50)
        assert image.reading.flags == ("cosmic ray",)


async def test_raw_pixels_and_what_is_not_there_is_said(known_app, viewed, tmp_path):
    app = known_app()
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await go(app, pilot, "viewer", process=viewed, camera="b0", metric="NOISE_AMP")
        await press(app, pilot, "t")
        assert "b0 raw [ADU]" in screen.heading("image")
        assert "value  1000.0 ADU" in screen.profile.text
        assert "no flags on raw" in screen.heading("profile")
        await press(app, pilot, "n")
        assert "there is no preview of b1: it has no HDU RAW" in screen.image.text
        await press(app, pilot, "t", "n")
        assert "there is no preview of b2: it was not reduced" in screen.image.text
        (tmp_path / "files" / "preview-z0.fits").unlink()
        await press(app, pilot, "p", "p", "a", "a")
        assert "there is no preview of z0: it is no longer there" in screen.image.text
        assert app.selection.camera == "z0"
        await press(app, pilot, "H")
        assert app.current_mode == "header"
        await press(app, pilot, "escape")
        assert app.current_mode == "viewer"


async def test_one_goes_from_exposure_to_exposure(known_app, viewed):
    app = known_app()
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await go(app, pilot, "viewer")
        assert screen.head()[-1][0].strip() == "latest"
        await press(app, pilot, "left_square_bracket")
        assert screen.subject.exposure.expid == 3581
        assert app.selection.expid == 3581
        await press(app, pilot, "left_square_bracket", "left_square_bracket")
        assert screen.subject.exposure.expid == 3579
        await press(app, pilot, "l")
        assert screen.subject.exposure.expid == EXPID
        assert app.selection.process is None
        await press(app, pilot, "right_square_bracket")
        assert screen.subject.exposure.expid == EXPID


async def test_a_profile_can_be_saved(known_app, viewed, tmp_path):
    app = known_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await go(app, pilot, "viewer", process=viewed, camera="b0", metric="NOISE_AMP")
        await press(app, pilot, "w")
        lines = (tmp_path / "profile.csv").read_text().splitlines()
        assert lines[0] == "along,pixel [px],value [e-]"
        assert lines[1] == "row,4.5,2000.0"
        assert len(lines) == 1 + 60 + 40


@pytest.mark.parametrize(("theme", "charset"), [("mono", "braille"), ("mono", "ascii"), ("night-red", "braille")])
async def test_pictures_without_colours_are_drawn_by_density_and_at_night_in_red(known_app, viewed, theme, charset):
    app = known_app(theme=theme, charset=charset)
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await go(app, pilot, "viewer", process=viewed, camera="b0", metric="NOISE_AMP")
        image = screen.image
        if charset == "ascii":
            assert image.text.isascii()
            assert {".", "%"} <= set(image.text)
        elif theme == "mono":
            assert {"░", "█"} <= set(image.text)
        else:
            assert all(color[3:] == "0000" for color in PALETTES[theme].ramp)
            colours = [
                color.get_truecolor()
                for y in range(image.size.height)
                for segment in image.render_line(y)
                for color in (segment.style.color, segment.style.bgcolor)
                if color is not None and color.triplet is not None
            ]
            assert len(colours) > 20
            assert all(color.green == 0 and color.blue == 0 for color in colours)
        await press(app, pilot, "N")
        assert image.text.strip()


# -- header --------------------------------------------------------------------------------------------------------


async def test_headers_of_raw_file_and_products(known_app, viewed, tmp_path):
    app = known_app()
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await go(app, pilot, "header", process=viewed, camera="b0")
        assert "raw.fits" in screen.files.text
        assert "preview-b0.fits" in screen.files.text
        assert "int16 4 x 5" in screen.parts.text
        assert screen.heading("cards").startswith("HDU 1 B0")
        assert "sn22797" in screen.cards.text
        await press(app, pilot, "tab", "up")
        assert "A. Person" in screen.cards.text
        await press(app, pilot, "tab", "slash", "text:observer", "enter")
        assert screen.cards.seen.rows[0].values[:2] == ("OBSERVER", "A. Person")
        assert len(screen.cards.seen.rows) == 1
        await press(app, pilot, "w")
        assert "OBSERVER,A. Person,who" in (tmp_path / "hdu-0.csv").read_text()
        await press(app, pilot, "n")
        assert screen.heading("files") == "Files  b1"
        Path(tmp_path / "files" / "raw.fits").unlink()
        screen = await go(app, pilot, "header", process=viewed, camera="b0")
        assert "raw.fits: it is no longer there" in screen.heading("parts")
        await press(app, pilot, "V")
        assert app.current_mode == "viewer"


# -- fibres --------------------------------------------------------------------------------------------------------


async def test_fibres_good_and_bad_by_class_and_by_value(known_app, viewed):
    app = known_app()
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await go(app, pilot, "focal-plane")
        assert "▲ bad in some arms 1" in screen.plane.text
        assert "● good 19" in screen.plane.text
        await press(app, pilot, "n")
        assert screen.plane.number == files.BAD_FIBER
        assert "b ✖ bad" in screen.facts.text
        assert "r ● good" in screen.facts.text
        assert "z ○ not known" in screen.facts.text
        assert "9/10" in screen.facts.text
        await press(app, pilot, "a")
        assert "✖ bad 1" in screen.plane.text
        await press(app, pilot, "m")
        assert "S SKY 7" in screen.plane.text
        await press(app, pilot, "m")
        assert "SNR" in screen.heading("plane")
        await press(app, pilot, "t")
        assert "on the sky" in screen.heading("plane")
        await press(app, pilot, "i", "text:12", "enter")
        assert screen.plane.number == 12
        assert "unit 1" in screen.facts.text
        await press(app, pilot, "i", "text:99", "enter")
        assert screen.plane.number == 12
        before = screen.plane.number
        await press(app, pilot, "up")
        assert screen.plane.number != before
        await press(app, pilot, "i", "text:12", "enter", "enter")
        assert app.current_mode == "spectra"
        assert app.screen.heading("spectrum").startswith("Fibre 12  SKY")


async def test_an_exposure_without_fibres_says_so(known_app, known_store):
    app = known_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await go(app, pilot, "focal-plane", expid=3574)
        assert "3574 (ZERO) left no table of fibres" in screen.plane.text
        screen = await go(app, pilot, "spectra", expid=3574)
        assert "no spectrum of exposure 3574 (ZERO): it left none" in screen.spectrum.text


# -- spectra -------------------------------------------------------------------------------------------------------


async def test_a_spectrum_over_all_arms_and_others_over_it(known_app, viewed, tmp_path):
    app = known_app()
    async with app.run_test(size=(140, 30)) as pilot:
        screen = await go(app, pilot, "spectra", process=viewed, camera="b0")
        assert screen.heading("spectrum").startswith("Fibre 0")
        spec = screen.spectrum.spec
        assert spec.x_range == pytest.approx((3600.0, 7680.0))
        assert spec.y_title == "flux, sky subtracted"
        assert spec.y_unit == "e-/Angstrom"
        assert any(entry.name == "2 bins masked" for entry in spec.legend)
        await press(app, pilot, "i", "text:7", "enter", "space", "n")
        names = [entry.name for entry in screen.spectrum.spec.legend]
        assert names[:2] == ["fibre 8", "fibre 7"]
        assert {item.camera for item in screen.spectrum.spectra} == {"b0", "r0"}
        assert "1 fibre 8   2 fibre 7" in screen.spectrum.text
        await press(app, pilot, "w", "W")
        lines = (tmp_path / "spectra-8-7.csv").read_text().splitlines()
        assert lines[0] == "fiber,camera,wavelength [Angstrom],flux [e-/Angstrom],error [e-/Angstrom]"
        assert lines[1] == "8,b0,3600.0,80.0,2.0"
        assert lines[100] == "8,b0,5580.0,,"
        assert 'unit: "e-/Angstrom"' in (tmp_path / "spectra-8-7.ecsv").read_text()
        await press(app, pilot, "u")
        assert [item.fiber for item in screen.spectrum.spectra] == [8, 8]
        await press(app, pilot, "m")
        assert app.current_mode == "focal-plane"
        assert app.screen.plane.number == 8


async def test_steps_zoom_and_ranges(known_app, viewed):
    app = known_app()
    async with app.run_test(size=(140, 30)) as pilot:
        screen = await go(app, pilot, "spectra", process=viewed, camera="b0")
        await press(app, pilot, "f", "n")
        assert screen.heading("spectrum").startswith(f"Fibre {files.BAD_FIBER}  SKY  stepping through bad")
        await press(app, pilot, "f", "f", "n")
        assert screen.heading("spectrum").startswith("Fibre 6  SKY  stepping through SKY")
        await press(app, pilot, "p")
        assert screen.heading("spectrum").startswith("Fibre 3")
        await press(app, pilot, "plus")
        assert screen.spectrum.spec.x_range == pytest.approx((4620.0, 6660.0))
        await press(app, pilot, "right")
        assert screen.spectrum.spec.x_range == pytest.approx((5130.0, 7170.0))
        lines = [series for series in screen.spectrum.spec.series if series.role == "band"]
        assert 5578.9 in [pytest.approx(x) for series in lines for x, _, _ in series.spans]
        await press(app, pilot, "s")
        assert not [series for series in screen.spectrum.spec.series if series.role == "band"]
        await press(app, pilot, "home", "a")
        assert screen.spectrum.spec.x_range == pytest.approx((3600.0, 5580.0))
        await press(app, pilot, "v")
        assert screen.spectrum.spec.y_limits is not None


async def test_spectra_that_are_gone_are_said(known_app, viewed, tmp_path):
    for name in ("b0", "r0", "z0"):
        (tmp_path / "files" / f"spectra-{name}.fits").write_bytes(b"SIMPLE  =                    T".ljust(2880))
    app = known_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await go(app, pilot, "spectra", process=viewed, camera="b0")
        assert f"no spectrum of exposure {EXPID} (SCIENCE): b0:" in screen.spectrum.text
