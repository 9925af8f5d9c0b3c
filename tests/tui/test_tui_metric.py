"""The metric screen on the known record, with a product of known fibres: what is drawn, and every key of it."""

from __future__ import annotations

import contextlib

import known
import numpy as np
import pytest
from astropy.io import fits
from pressing import press, settle

from qltui.model import CameraReport, Product, Status
from qltui.tui.selection import Selection
from qltui.tui.widgets.metric_facts import next_camera, next_metric, next_step


@pytest.fixture
def opened(known_app):
    @contextlib.asynccontextmanager
    async def run(*keys, camera="b3", metric="NOISE_AMP", element="", expid=3579, size=(80, 24), **options):
        app = known_app(**options)
        async with app.run_test(size=size) as pilot:
            app.go("metric", Selection(expid=expid, camera=camera, metric=metric, element=element))
            await settle(app, pilot)
            await press(app, pilot, *keys)
            yield app, pilot

    return run


def text(app, pane):
    return app.screen.query_one(f"#{pane}").text


@pytest.fixture
def product(known_store, tmp_path):
    """Twenty fibres of b3 in 3579: four of sky, one of them far too bright; the others are targets."""
    fiber = np.arange(1500, 1520)
    group = np.where(fiber % 5 == 0, "SKY", np.where(fiber % 2 == 0, "ELG", "LRG"))
    sky = np.where(fiber == 1505, 900.0, 190.0)
    columns = [
        fits.Column("FIBER", "J", array=fiber),
        fits.Column("CLASS", "3A", array=group),
        fits.Column("RA", "D", array=150.0 + 0.1 * (fiber - 1500)),
        fits.Column("DEC", "D", array=30.0 + 0.05 * (fiber % 7)),
        fits.Column("SKYCONT", "D", array=sky),
    ]
    path = tmp_path / "fibers-b3-00003579.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns, name="FIBERS")]).writeto(path)
    number = known_store.process_numbers(expid=3579)[0]
    report = CameraReport("b3", 1, (), (Product("fibers", str(path), path.stat().st_size),), {}, 0.9)
    known_store.finish_job(number, report, Status.ALARM)
    return path


async def test_elements_with_limits_and_amplifiers_on_the_detector(opened):
    async with opened() as (app, _):
        assert "3579  b3 NOISE_AMP  ✖ ALARM" in text(app, "head")
        assert "b3 Read noise [e-]" in text(app, "rule-0")
        rows = [row.split() for row in text(app, "values").splitlines()[1:5]]
        assert [row[:2] for row in rows] == [["A", "3.00"], ["B", "3.10"], ["C", "25.10"], ["D", "2.90"]]
        assert [row[2] for row in rows] == ["●", "●", "✖", "●"]
        assert rows[2][3:] == ["e-", "2.10", "…", "4.10", "1.60", "…", "4.60", "3.10", "header"]
        assert app.screen.values.cursor_key == "C"
        assert "1/2 NOISE_AMP C [e-]  amplifiers on the detector" in text(app, "rule-2")
        assert "25.10 e- ✖" in text(app, "picture")
        assert "+22.00" in text(app, "picture")
        assert "also   high arm b: 0 of 9, spectrograph 3: 0 of 2, amplifier C: 0 of 28" in text(app, "about")


async def test_without_a_choice_it_shows_what_is_worst(opened):
    async with opened(camera="", metric="") as (app, _):
        assert "b3 NOISE_AMP" in text(app, "head")
        assert app.selection.element == "C"


async def test_of_a_step_without_a_metric_it_shows_the_worst_of_that_step(known_app):
    app = known_app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.go("metric", Selection(expid=3579, camera="b7", step="CHECK_FIBERS"))
        await settle(app, pilot)
        assert "b7 XYSHIFTS  ▲ WARNING" in text(app, "head")
        app.go("metric", Selection(expid=3579, camera="b7", step="CHECK_CCDS"))
        await settle(app, pilot)
        assert "b7 NOISE_AMP  ● GOOD" in text(app, "head")


async def test_pictures_go_round_and_the_one_chosen_is_remembered(opened):
    async with opened("p") as (app, pilot):
        assert "2/2 NOISE_AMP C [e-]  last values" in text(app, "rule-2")
        assert "3579" in text(app, "picture").splitlines()[-1]
        assert app.memory.get("metric.picture.NOISE_AMP", "") == "last values"
        await press(app, pilot, "m", "M")
        assert "2/2" in text(app, "rule-2")
        await press(app, pilot, "P")
        assert "1/2" in text(app, "rule-2")


async def test_the_past_is_of_the_same_obstype_with_its_limits(opened):
    async with opened("p", metric="SKYCONT", element="") as (app, pilot):
        await press(app, pilot, *["p"] * 3)
        assert "last values" in text(app, "rule-2")
        last = text(app, "picture")
        assert all(str(expid) in last for expid in (3577, 3578, 3579))
        assert "3575" not in last
        assert "normal" in last
        assert "warning" in last


async def test_metric_step_camera_and_element_change_by_key(opened):
    async with opened("m") as (app, pilot):
        assert "BIAS_AMP" in text(app, "head")
        await press(app, pilot, "M", "v")
        assert app.selection.element == "D"
        await press(app, pilot, "t")
        assert "NGOODFIB" in text(app, "head")
        await press(app, pilot, "T", "full_stop")
        assert " b4 CHECKHDUS" in text(app, "head")
        assert "was not measured here" in text(app, "values")
        await press(app, pilot, "comma", "comma", "a")
        assert " r2 " in text(app, "head")


async def test_arrows_of_the_picture_go_over_the_cameras(opened):
    async with opened("right", "down") as (app, pilot):
        assert app.screen.pane_id == "picture"
        assert " r4 NOISE_AMP" in text(app, "head")
        await press(app, pilot, "up", "left", "left", "left", "left", "left")
        assert " b9 NOISE_AMP" in text(app, "head")


async def test_the_cursor_of_the_table_chooses_the_element(opened):
    async with opened("tab", "up") as (app, _):
        assert app.screen.pane_id == "values"
        assert app.selection.element == "B"
        assert "NOISE_AMP B" in text(app, "rule-2")


async def test_the_exposure_changes_by_key(opened):
    async with opened("left_square_bracket") as (app, pilot):
        assert "3578  b3 NOISE_AMP  ● GOOD" in text(app, "head")
        await press(app, pilot, "l")
        assert "3580" in text(app, "head")


async def test_fibres_by_number_with_the_outlier_marked(opened, product):
    async with opened(metric="SKYCONT", size=(100, 40)) as (app, pilot):
        assert "1/5 SKYCONT [e-/A]  by fibre" in text(app, "rule-2")
        chart = text(app, "picture")
        assert "▲" in chart
        assert "16 of 20 without a value" in chart
        assert "warning" in chart
        assert "1 above, up to 900" not in chart
        await press(app, pilot, "p")
        assert "normal 300" in text(app, "picture")
        assert "counts" in text(app, "picture")
        await press(app, pilot, "L")
        assert "counts as log(n + 1)" in text(app, "picture")
        await press(app, pilot, "p")
        places = text(app, "picture")
        assert "RA [deg]" in places
        assert places.count("▲") == 2  # the fibre, and the scale
        assert places.count("∘") == 17


async def test_news_of_other_exposures_draw_no_picture_again(opened, product, known_store):
    async with opened(metric="SKYCONT", size=(100, 40)) as (app, pilot):
        view = app.screen.query_one("#picture")
        subject, drawn = view.subject, []
        view.redraw = lambda: drawn.append(view.subject)
        known_store.log("info", "something else happened")
        await app.poll()
        await settle(app, pilot)
        assert view.subject == subject
        assert drawn == []
        await press(app, pilot, "p")
        assert len(drawn) == 1


async def test_a_column_that_was_not_written_says_so(opened, product):
    async with opened("p", "p", "p", metric="SKYCONT", size=(100, 40)) as (app, _):
        assert "fibres on the focal plane" in text(app, "rule-2")
        assert "it has no column FIBER_X" in text(app, "picture")


async def test_a_product_that_is_gone_says_why_and_the_record_stands(opened, product):
    product.unlink()
    async with opened(metric="SKYCONT") as (app, _):
        assert "fibers-b3-00003579.fits: it is no longer there" in text(app, "picture")
        assert "175" in text(app, "values")


async def test_without_products_the_record_stands(opened):
    async with opened(metric="SKYCONT", camera="b4") as (app, _):
        assert "b4 left no fibers file" in text(app, "picture")
        assert str(int(known.sky_of(3579, "b4"))) in text(app, "values")


async def test_points_are_saved(opened, product, tmp_path):
    async with opened("w", metric="SKYCONT") as (app, pilot):
        assert "saved" in text(app, "footer")
        await press(app, pilot, "p", "p", "p", "p", "w")
    (points,) = tmp_path.glob("3579-b3-skycont-by-fibre*.csv")
    rows = points.read_text().splitlines()
    assert rows[0] == "fiber,value [e-/A],group"
    assert rows[6] == "1505,900.0,SKY"
    (past,) = tmp_path.glob("3579-b3-skycont-last-values*.csv")
    assert past.read_text().splitlines()[0].startswith("expid,time [s],process,value [e-/A],value_status,reference")


async def test_wide_terminals_have_two_pictures_and_what_to_do(opened):
    async with opened(size=(200, 60)) as (app, _):
        assert "25.10 e- ✖" in text(app, "picture")
        assert "last values" in text(app, "rule-1")
        assert "3579" in text(app, "second")
        assert "means  Electronic pick-up" in text(app, "about")
        assert "do     Repeat a zero" in text(app, "about")


async def test_a_camera_that_is_missing_says_so(opened):
    async with opened(camera="z8") as (app, _):
        assert "not in the file" in text(app, "values")


async def test_a_metric_of_another_arm_says_where_it_is_measured(opened):
    async with opened(camera="b3", metric="SKYRBAND") as (app, _):
        assert "SKYRBAND is measured in arm r only" in text(app, "values")


async def test_in_ascii_everything_is_ascii(opened, product):
    async with opened("p", "p", metric="SKYCONT", size=(100, 30), charset="ascii") as (app, _):
        for pane in ("head", "values", "about", "picture", "footer", "rule-2"):
            assert text(app, pane).isascii(), pane
        assert "N" in text(app, "picture")


async def test_without_a_record_nothing_breaks(make_app):
    from qltui.tui.source import NothingYet

    app = make_app(NothingYet())
    async with app.run_test(size=(80, 24)) as pilot:
        app.go("metric")
        await settle(app, pilot)
        await press(app, pilot, "p", "m", "t", "v", "comma", "a", "r", "C", "right_square_bracket", "l", "w", "L", "z")
        assert "no exposure was reduced yet" in text(app, "head")


async def test_enter_on_the_exposure_screen_leads_here_and_esc_back(known_app):
    app = known_app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.go("exposure", Selection(expid=3579))
        await settle(app, pilot)
        await press(app, pilot, "enter", "enter")
        assert app.current_mode == "metric"
        assert "b3 NOISE_AMP" in text(app, "head")
        await press(app, pilot, "escape")
        assert app.current_mode == "exposure"


def test_neighbours_go_round_the_ends(known_store):
    from qltui.instruments.base import get_instrument

    desi = get_instrument("desi")
    assert next_camera(desi, "b9", 1, 0) == "b0"
    assert next_camera(desi, "b0", 0, -1) == "z0"
    assert next_camera(desi, "nobody", 1, 0) == "nobody"
    process = known_store.process_view(known_store.process_numbers(expid=3579)[0])
    assert next_metric(process, desi, "b0", "DELTAMAG_TGT", 1) == "CHECKHDUS"
    assert next_metric(process, desi, "r0", "FIDSNR_TGT", 1) == "SKYRBAND"
    assert next_metric(process, desi, "b0", "FIDSNR_TGT", 1) == "DELTAMAG_TGT"
    assert next_metric(process, desi, "b0", "", 1) == "CHECKHDUS"
    assert next_step(process, desi, "b0", "CHECK_SPECTRA", 1) == "CHECKHDUS"
    assert next_step(process, desi, "b0", "CHECK_CCDS", 1) == "NGOODFIB"


async def test_a_comment_is_written_among_the_others(opened, known_store):
    async with opened("C", expid=3578, camera="b0") as (app, pilot):
        assert "clouds in the west" in app.screen.children[0].text
        await press(app, pilot, "a", *"thin", "enter", "escape")
        assert app.current_mode == "metric"
    (view,) = known_store.pending_commands()
    exposure = {"instrument": "desi", "night": 20191001, "expid": 3578, "text": "thin"}
    assert (view.name, dict(view.arguments), view.who) == ("comment", exposure, "Ann")
