"""The Trends screen under its keys, on a record with known values: what is drawn, said, saved and kept."""

from __future__ import annotations

import csv
import math
from contextlib import asynccontextmanager
from dataclasses import replace

import known
import pytest
from nights import NAMES

from qltui.instruments.base import get_instrument
from qltui.tables.trend_choice import TrendChoice
from qltui.tui.dialogs.names import NamesScreen
from qltui.tui.memory import Memory
from qltui.tui.screens.trend_choosing import next_cameras, next_of
from qltui.tui.screens.trend_looking import parse_range
from qltui.tui.selection import Selection
from qltui.tui.trend_kept import choice_from, choice_json, view_from, view_json
from qltui.tui.trend_model import TrendView, default_choice
from qltui.tui.widgets.chart_pane import ChartPane
from qltui.tui.widgets.footer import Footer
from qltui.tui.widgets.head_line import HeadLine

DESI = get_instrument("desi")
SCIENCE = (3577, 3578, 3579, 3580)


async def settle(pilot):
    for _ in range(2):
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def press(pilot, *keys):
    for key in keys:
        await pilot.press(key)
    await settle(pilot)


@pytest.fixture
def opened(known_app):
    @asynccontextmanager
    async def start(size=(80, 24), **options):
        app = known_app(**options)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            app.go("trends", Selection(metric="SKYCONT", camera="b2"))
            await settle(pilot)
            yield app, app.screen_stack[0], pilot

    return start


def text(screen, name):
    return screen.query_one(f"#{name}").text


def values(screen):
    return [(point.expid, point.value) for point in screen.walk]


async def test_a_metric_is_drawn_with_its_limits_and_the_value_under_the_cursor(opened):
    async with opened() as (_app, screen, _pilot):
        assert values(screen) == [(expid, known.sky_of(expid, "b2")) for expid in SCIENCE]
        chart = text(screen, "chart")
        assert "SKYCONT [e-/A]" in chart
        assert chart.count("warning") == 2
        assert chart.count("normal") == 2
        point = " ".join(text(screen, "point").split())
        assert f"exp 3580 b2 SCIENCE bright 2019-10-02 02:00:00 UT {known.sky_of(3580, 'b2'):.0f} e-/A ● good" in point
        assert "normal 100 … 300 warning 50 … 350" in point
        assert "SKYCONT  b2  last 30 days" in screen.query_one(HeadLine).text


async def test_the_cursor_walks_and_enter_opens_the_exposure(opened):
    async with opened() as (app, screen, pilot):
        await press(pilot, "left", "left")
        assert screen.point.expid == 3578
        await press(pilot, "home")
        assert screen.point.expid == 3577
        await press(pilot, "end", "left")
        assert screen.point.expid == 3579
        await press(pilot, "enter")
        assert app.current_mode == "exposure"
        assert (app.selection.expid, app.selection.camera) == (3579, "b2")
        await press(pilot, "escape")
        assert app.current_mode == "trends"


async def test_metric_arm_cameras_element_and_colour(opened):
    async with opened(size=(140, 40)) as (_app, screen, pilot):
        await press(pilot, "a")
        assert screen.choice.cameras == tuple(name for name in NAMES if name[0] == "b")
        assert len(screen.walk) == 10 * len(SCIENCE)
        await press(pilot, "a", "a", "a")
        assert screen.choice.cameras == ()
        await press(pilot, "k")
        assert screen.choice.colour == "program"
        assert "BRIGHT" in text(screen, "chart")
        assert "By program" in text(screen, "rule-1")
        await press(pilot, "k")
        assert "b   " in text(screen, "summary")
        await press(pilot, "i", *"noise_amp", "enter")
        assert screen.choice.y == "NOISE_AMP"
        await press(pilot, "v", "v", "v")
        assert screen.choice.elements == ("C",)
        assert max(value for _, value in values(screen)) == 25.1
        assert "✖" in text(screen, "chart")
        await press(pilot, "v", "v")
        assert screen.choice.elements == ()
        await press(pilot, "m")
        assert screen.choice.y != "NOISE_AMP"
        await press(pilot, "M")
        assert screen.choice.y == "NOISE_AMP"
        await press(pilot, "c", "enter")
        assert screen.choice.cameras == ()


async def test_against_a_header_value_with_the_line_of_least_squares(opened):
    async with opened(size=(200, 50)) as (_app, screen, pilot):
        await press(pilot, "x", *"airmass", "enter", "f")
        assert [round(point.x, 3) for point in screen.walk] == [1.07, 1.08, 1.09, 1.10]
        assert "AIRMASS" in text(screen, "chart").splitlines()[-1]
        summary = text(screen, "summary")
        # The known sky grows by 1 e-/Angstrom an exposure, and the airmass by 0.01.
        assert "slope [e-/A]" in summary
        assert " 100 " in summary
        assert "1.000" in summary
        assert "line of least squares" in text(screen, "chart")
        await press(pilot, "x", *"time", "enter", "f")
        assert screen.choice.x == "time"
        assert "line of least squares" not in text(screen, "chart")


async def test_a_ratio_pairs_what_belongs_together(opened):
    async with opened() as (_app, screen, pilot):
        await press(pilot, "D", *"exptime", "enter")
        expected = [known.sky_of(expid, "b2") / known.EXPOSURES[expid][3] for expid in SCIENCE]
        assert [value for _, value in values(screen)] == pytest.approx(expected)
        assert "SKYCONT / EXPTIME [e-/A/s]" in text(screen, "chart")


async def test_kinds_and_nights(opened):
    async with opened() as (_app, screen, pilot):
        await press(pilot, "p")
        first = screen.choice.programs
        assert first
        assert {point.program for point in screen.walk} <= set(first)
        await press(pilot, "T", *"20191001", "enter")
        assert screen.choice.nights == (20191001, 20191001)
        await press(pilot, "T", *"nonsense", "enter")
        assert "no range of nights" in screen.query_one(Footer).text
        await press(pilot, "t")
        assert (screen.choice.nights, screen.choice.recent) == (None, 1)
        await press(pilot, "b")
        assert len(screen.choice.obstypes) == 1


async def test_zoom_pan_and_all(opened):
    async with opened() as (_app, screen, pilot):
        await press(pilot, "home", "plus", "plus", "plus", "plus", "plus", "plus")
        low, high = screen.choice.window
        assert 3577 in dict(values(screen))
        assert len(screen.walk) < 4
        await press(pilot, "full_stop")
        assert screen.choice.window[0] == pytest.approx(low + (high - low) / 2)
        await press(pilot, "comma", "minus")
        assert screen.choice.window[1] - screen.choice.window[0] == pytest.approx(2 * (high - low))
        await press(pilot, "z")
        assert screen.choice.window is None
        assert len(screen.walk) == 4


async def test_a_range_by_hand_counts_what_is_outside(opened):
    async with opened() as (_app, screen, pilot):
        await press(pilot, "Y", *"160 172", "enter")
        outside = sum(not 160 <= value <= 172 for _, value in values(screen))
        assert outside > 0
        assert f"↑{outside}" in text(screen, "chart").replace(" ", "")
        assert "range by hand" in text(screen, "rule-0")
        await press(pilot, "Y", *"x", "enter")
        assert "is no range" in screen.query_one(Footer).text
        await press(pilot, "u")
        assert screen.view.y == "robust"
        await press(pilot, "u", "L")
        assert screen.view.y == "all"
        assert "logarithmic" in text(screen, "rule-0")


async def test_groups_are_switched_off_and_on(opened):
    async with opened(size=(140, 40)) as (app, screen, pilot):
        await press(pilot, "i", *"noise_amp", "enter", "s")
        assert isinstance(app.screen, NamesScreen)
        await press(pilot, "space", "enter")
        assert screen.view.hidden == frozenset({"A"})
        assert {screen.trend.tracks[point.track].element for point in screen.walk} == {"B", "C", "D"}
        assert "off A" in text(screen, "chart")
        assert "1 group off" in text(screen, "rule-0")


async def test_all_points_are_saved_and_the_summary(opened, tmp_path):
    async with opened(size=(140, 40)) as (_app, screen, pilot):
        await press(pilot, "w")
        assert "saved: " in screen.query_one(Footer).text
        rows = list(csv.DictReader((tmp_path / "trend-of-skycont.csv").read_text().splitlines()))
        assert [(int(row["expid"]), float(row["value [e-/A]"])) for row in rows] == values(screen)
        await press(pilot, "W")
        from astropy.table import Table

        read = Table.read(tmp_path / "trend-of-skycont.ecsv", format="ascii.ecsv")
        assert "e-" in str(read["value"].unit)
        assert read["mjd"][0] == pytest.approx(40587.0 + known.time_of(3577) / 86400.0, abs=1e-6)
        await press(pilot, "tab", "w")
        assert (tmp_path / "summary-of-skycont.csv").exists()


async def test_many_values_are_binned_and_their_extremes_kept(opened, monkeypatch):
    from qltui.tables import trend as trend_module

    original = trend_module.read_trend
    monkeypatch.setattr(
        "qltui.tui.screens.trends.read_trend", lambda *args, **options: original(*args, **(options | {"most": 3}))
    )
    async with opened() as (_app, screen, pilot):
        await press(pilot, "a")
        assert screen.trend.bins
        assert "binned: each mark is" in text(screen, "rule-0")
        assert min(item.low for item in screen.trend.bins) == known.sky_of(3577, "b0")
        assert max(item.high for item in screen.trend.bins) == known.sky_of(3580, "b9")
        assert "zooms in to single values" in text(screen, "point")
        await press(pilot, "enter")
        assert "no single value here" in screen.query_one(Footer).text


async def test_choices_are_kept(opened, tmp_path):
    path = tmp_path / "viewer.json"
    async with opened(memory=Memory(path)) as (_app, _screen, pilot):
        await press(pilot, "a", "f", "t")
    kept = Memory(path)
    choice = choice_from(kept.get("trends.choice", {}), default_choice(DESI))
    assert (choice.y, choice.cameras[0], choice.recent) == ("SKYCONT", "b0", 365)
    assert view_from(kept.get("trends.view", {})).fit


async def test_what_cannot_be_drawn_is_said(opened):
    async with opened() as (_app, screen, _pilot):
        screen.choose(y="NONSENSE")
        await settle(_pilot)
        assert "no values of 'NONSENSE'" in text(screen, "chart")
        assert screen.query_one(ChartPane).spec is None


def test_kept_values_that_do_not_fit_are_not_believed():
    default = default_choice(DESI)
    odd = {"y": 3, "cameras": "b0", "nights": [1], "recent": -5, "colour": "smell", "elements": [1]}
    assert choice_from(odd, default) == default
    full = TrendChoice("A", "B", "C", ("b0",), ("x",), (1, 2), 0, ("ZERO",), ("DARK",), "program")
    assert choice_from(choice_json(full), default) == full
    assert view_from({"y": [1, "x"], "log": 1}) == TrendView()
    assert view_from(view_json(replace(TrendView(), log=True, y="robust"))) == TrendView(y="robust", log=True)


def test_ranges_as_they_are_typed():
    assert parse_range("2.5 4") == (2.5, 4.0)
    assert parse_range("-1, 1") == (-1.0, 1.0)
    assert parse_range(" ") is None
    for words in ("1", "4 2", "a b", "1 inf", "nan 1", "1 2 3"):
        with pytest.raises(ValueError, match="is no range"):
            parse_range(words)
    assert not math.isnan(sum(parse_range("0 1")))


def test_the_next_of_names_and_arms():
    assert next_of(("A", "B"), ()) == ("A",)
    assert next_of(("A", "B"), ("A",)) == ("B",)
    assert next_of(("A", "B"), ("B",)) == ()
    assert next_of((), ()) == ()
    first = next_cameras(DESI, ("b3",))
    assert {name[0] for name in first} == {"b"}
    second = next_cameras(DESI, first)
    third = next_cameras(DESI, second)
    assert {name[0] for name in second + third} == {"r", "z"}
    assert next_cameras(DESI, third) == ()
    assert next_cameras(DESI, ()) == first
