"""Survey, Planning and Conditions under keys, on a record with known values: what is drawn, saved and opened."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import known
import pytest
from almanacs import PLACE, made_up_almanac

from qltui.model import Status, Verdict
from qltui.tui.memory import Memory
from qltui.tui.screens.conditions_question import AlmanacError
from qltui.tui.screens.survey_question import kind_look, program_look
from qltui.tui.sky_projection import PROJECTIONS, SkyView, from_galactic, project, unproject, zoomed
from qltui.tui.sky_raster import MapPoint, draw_raster, rasterise
from qltui.tui.strips import Strip, StripPoint, TimeAxis, axis_lines, draw_strip
from qltui.tui.symbols import CHARSETS
from qltui.tui.text import plain
from qltui.tui.widgets.footer import Footer
from qltui.tui.widgets.head_line import HeadLine
from qltui.tui.widgets.rule import Rule


async def settle(app, pilot):
    for _ in range(3):
        await app.poll()
        await app.workers.wait_for_complete()
        await pilot.pause()


async def press(app, pilot, *keys):
    for key in keys:
        await pilot.press(key)
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.pause()
    await app.workers.wait_for_complete()
    await pilot.pause()


@pytest.fixture
def started(known_app):
    """Return a context manager: an app on one of the screens with its pilot."""

    @asynccontextmanager
    async def start(name, size=(80, 24), **options):
        app = known_app(**options)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            app.go(name)
            await pilot.pause()
            await settle(app, pilot)
            yield app, pilot

    return start


@pytest.fixture
def gone(monkeypatch):
    """Selections with which other screens were opened; they themselves are not."""
    found = []

    def watch(app):
        monkeypatch.setattr(app, "go", lambda name, selection=None: found.append((name, selection)))
        return found

    return watch


def text(app, name):
    return app.screen.query_one(f"#{name}").text


def said(app):
    return app.screen.query_one(Footer).text


def head(app):
    return app.screen.query_one(HeadLine).text


def rules(app):
    return "\n".join(rule.text for rule in app.screen.query(Rule))


# -- the sky on a plane --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("projection", PROJECTIONS)
@pytest.mark.parametrize(("ra", "dec", "zoom"), [(0.0, 0.0, 1.0), (359.0, 40.0, 4.0), (120.0, -60.0, 16.0)])
def test_a_place_of_the_sky_is_found_again(projection, ra, dec, zoom):
    view = SkyView(projection, ra, dec, zoom)
    for right, up in ((0.0, 0.0), (5.0, 3.0), (-7.0, -4.0), (1.0, 9.0)):
        found = unproject(view, *project(view, ra + right, dec + up))
        assert (found[0] - ra - right + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=0.01)
        assert found[1] == pytest.approx(dec + up, abs=0.01)


def test_right_ascension_grows_to_the_left_and_north_is_up():
    for projection in PROJECTIONS:
        view = SkyView(projection, 100.0)
        assert project(view, 101.0, 0.0)[0] < 0 < project(view, 99.0, 0.0)[0]
        assert project(view, 100.0, 10.0)[1] > 0
        assert project(view, 100.0, 90.0)[1] == pytest.approx(0.5)
        assert abs(project(view, 280.0, 0.0)[0]) == pytest.approx(1.0)
    assert unproject(SkyView("mollweide", 0.0), 0.99, 0.45) is None


def test_mollweide_keeps_areas():
    """A band of declination has the same share of the plane as of the sphere."""
    points = [(i / 200 * 2 - 1, j / 200 - 0.5) for i in range(200) for j in range(200)]
    view = SkyView("mollweide", 0.0)
    sky = [place for point in points if (place := unproject(view, *point)) is not None]
    north = sum(place[1] > 30.0 for place in sky) / len(sky)
    assert north == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize(
    ("galactic", "ra", "dec"),
    [((0.0, 0.0), 266.405, -28.936), ((0.0, 90.0), 192.859, 27.128), ((122.932, 27.128), None, 90.0)],
)
def test_the_galaxy_is_in_its_place(galactic, ra, dec):
    found = from_galactic(*galactic)
    assert found[1] == pytest.approx(dec, abs=0.01)
    if ra is not None:
        assert found[0] == pytest.approx(ra, abs=0.01)


def test_a_zoom_has_ends():
    assert zoomed(SkyView(dec=30.0, zoom=2.0), 0.5) == SkyView(dec=0.0, zoom=1.0)
    assert zoomed(SkyView(zoom=64.0), 2.0).zoom == 64.0


@pytest.mark.parametrize("charset", ["braille", "block", "ascii"])
def test_every_field_is_in_a_cell_and_the_worst_is_seen(charset):
    points = [
        MapPoint(1, 120.0, 0.0, "good", 0),
        MapPoint(2, 120.0, 0.1, "bad", 3),
        MapPoint(3, 300.1, 10.0, "good", 0),
    ]
    raster = rasterise(points, SkyView(), 80, 20, CHARSETS[charset])
    assert sorted(key for _, _, keys in raster.dots.values() for key in keys) == [1, 2, 3]
    (cell,) = [cell for cell, (_, _, keys) in raster.dots.items() if 2 in keys]
    assert raster.dots[cell][1] == "bad" or 1 not in raster.dots[cell][2]
    assert 2 in raster.nearest(cell)
    assert 2 in raster.nearest((cell[0] + 1, cell[1]))
    lines = [plain(line) for line in draw_raster(raster, kind_look(CHARSETS[charset]), CHARSETS[charset])]
    assert len(lines) == raster.frame.high + 1
    assert CHARSETS[charset].mark(Status.ALARM) in "".join(lines)
    assert any("+30°" in line for line in lines)
    assert any("120°" in line for line in lines)
    if charset == "ascii":
        assert all(ord(char) < 128 or char == "°" for line in lines for char in line)


def test_a_part_of_the_sky_has_only_its_fields():
    points = [MapPoint(1, 120.0, 0.0, "good"), MapPoint(2, 200.0, 0.0, "good")]
    raster = rasterise(points, SkyView(ra=120.0, zoom=8.0), 80, 20, CHARSETS["braille"])
    assert [keys for _, _, keys in raster.dots.values()] == [(1,)]


def test_programs_have_letters_of_their_own():
    look = program_look(["BACKUP", "BRIGHT", "DARK"])
    assert [look(name)[0] for name in ("BACKUP", "BRIGHT", "DARK")] == ["B", "R", "D"]
    assert len({look(name)[1] for name in ("BACKUP", "BRIGHT", "DARK")}) == 3
    assert look("else") == ("*", "dim")


# -- strips --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("charset", ["braille", "ascii"])
def test_a_strip_has_its_values_labels_and_cursor(charset):
    points = tuple(StripPoint(600.0 * i, 1.0 + i % 2) for i in range(6))
    axis = TimeAxis(0.0, 3600.0, ((1800.0, "dusk"),), cursor=600.0)
    curve = ("key", ((0.0, 1.2), (3600.0, 1.8)))
    strip = Strip(((" Seeing [arcsec]", "title"),), points, (curve,), format=".1f")
    lines = [plain(line) for line in draw_strip(strip, axis, 60, 6, CHARSETS[charset])]
    assert len(lines) == 6
    assert lines[0].startswith(" Seeing [arcsec]")
    assert "2.0" in lines[1]
    assert "1.0" in lines[-1]
    mark = "*" if charset == "ascii" else "•"
    assert sum(line.count(mark) for line in lines) == 6
    if charset == "ascii":
        body = "".join(lines[1:]).replace("┤", "").replace("│", "")
        assert body.isascii()
    hours = axis_lines(TimeAxis(0.0, 7200.0), 60, [("UT", lambda when: f"{when / 3600:02.0f}:00")])
    assert "01:00" in plain(hours[0])


def test_a_strip_without_values_is_a_line_of_words():
    lines = draw_strip(
        Strip(((" Wind   not in the headers", "title"),)), TimeAxis(0.0, 1.0), 60, 1, CHARSETS["braille"]
    )
    assert [plain(line).strip() for line in lines] == ["Wind   not in the headers"]


# -- survey --------------------------------------------------------------------------------------------------------


async def test_the_survey_shows_the_known_nights(started):
    async with started("survey") as (app, _pilot):
        assert "2019-10-01 to 2019-10-02   all programs" in head(app)
        totals = text(app, "totals")
        assert "5 exp in 2 nights" in totals
        assert "3 tiles" in totals
        assert "1.0 h open" in totals
        assert "3  60 %" in totals
        assert "1  20 %" in totals
        assert "targets: not counted here" in totals
        nights = text(app, "nights")
        assert "20191001  DARK        3      2      0.81        0.53     2" in nights
        assert "20191002  BRIGHT      2      1" in nights
        picture = text(app, "map")
        assert picture.count("✖") == 1
        assert picture.count("●") == 2
        assert "+30°" in picture
        assert "Sky by verdict, mollweide" in rules(app)


async def test_keys_of_the_map(started):
    async with started("survey") as (app, pilot):
        await press(app, pilot, "b")
        assert "Sky by program" in rules(app)
        assert "D" in text(app, "map")
        assert app.memory.get("survey.by", "") == "program"
        await press(app, pilot, "j")
        assert "rectangular" in rules(app)
        assert app.memory.get("survey.projection", "") == "rectangular"
        await press(app, pilot, "plus", "plus")
        assert "x4" in rules(app)
        zoom = app.screen.map.view.zoom
        before = app.screen.map.place
        await press(app, pilot, "c")
        assert app.screen.map.view.ra == pytest.approx(before[0], abs=0.5)
        await press(app, pilot, "minus", "minus", "minus")
        assert app.screen.map.view.zoom == 1.0 < zoom
        await press(app, pilot, "left")
        moved = app.screen.map.cursor
        await press(app, pilot, "right", "up", "down")
        assert app.screen.map.cursor == (moved[0] + 1, moved[1])


async def test_a_view_from_near_goes_along_with_the_cursor(started):
    async with started("survey") as (app, pilot):
        await press(app, pilot, "plus", "plus", "plus")
        first = app.screen.map.view.ra
        await press(app, pilot, *["left"] * 40)
        assert 5 < (app.screen.map.view.ra - first) % 360.0 < 90
        assert app.screen.map.place is not None


async def test_the_cursor_names_fields_and_enter_opens_the_newest_exposure(started, gone):
    async with started("survey") as (app, pilot):
        screen = app.screen
        cell = next(cell for cell, (_, _, keys) in screen.map.raster.dots.items() if 1129 in keys)
        await pilot.click("#map", offset=cell)
        await pilot.pause()
        assert "1129 DARK 2 exp 1,900 s" in text(app, "totals")
        assert "RA" in text(app, "totals")
        found = gone(app)
        await press(app, pilot, "enter")
        ((name, selection),) = found
        assert (name, selection.expid, selection.night) == ("exposure", 3578, 20191001)


async def test_programs_verdicts_and_nights_are_chosen(started):
    async with started("survey") as (app, pilot):
        await press(app, pilot, "p")
        assert "BRIGHT" in head(app)
        assert "2 exp in 1 night" in text(app, "totals")
        await press(app, pilot, "p")
        assert "3 exp in 1 night" in text(app, "totals")
        await press(app, pilot, "escape", "v", "v", "v")
        assert "bad tiles" in head(app)
        assert text(app, "map").count("✖") == 1
        assert "●" not in text(app, "map")
        await press(app, pilot, "escape", "n", "ctrl+u", *"20191002", "enter")
        assert "2019-10-02   all programs" in head(app)
        assert "2 exp in 1 night" in text(app, "totals")
        await press(app, pilot, "n", "ctrl+u", *"never", "enter")
        assert "no range of nights" in said(app)
        await press(app, pilot, "n", "escape")
        assert "2019-10-02" in head(app)


async def test_the_survey_is_saved_and_a_night_is_opened(started, gone, tmp_path):
    async with started("survey", (160, 50)) as (app, pilot):
        await press(app, pilot, "w")
        saved = (tmp_path / "survey-fields.csv").read_text()
        assert saved.splitlines()[0].startswith("field,program,ra [deg]")
        assert "1129,DARK" in saved
        assert "program" in text(app, "programs")
        assert "all" in text(app, "programs")
        app.screen.focus_pane("nights")
        found = gone(app)
        await press(app, pilot, "enter")
        assert [(name, selection.night) for name, selection in found] == [("night", 20191002)]


async def test_more_nights_than_anybody_reads_are_months(started, known_store):
    from dataclasses import replace

    for day in range(230):
        night = 20180000 + 100 * (1 + day // 28) + 1 + day % 28
        exposure = replace(known.exposure_of(3577), night=night, expid=10_000 + day, mtime_ns=day, mjd=58119.0 + day)
        process = known_store.enqueue(known_store.add_exposure(exposure), "NEW", "x", ("b0",))
        known_store.finish_process(process, Verdict(Status.NORMAL, "well"))
    async with started("survey", (120, 40)) as (app, pilot):
        nights = text(app, "nights")
        assert "2019-10" in nights
        assert "2018-09" in nights
        assert "by month" in app.screen.query_one("#nights").table.note
        app.screen.focus_pane("nights")
        await press(app, pilot, "down", "enter")
        assert "2018-09-01 to 2018-09-30" in head(app)
        assert "20180901" in text(app, "nights")


async def test_an_empty_survey_says_so(known_app, tmp_path):
    from qltui.store.record import Store
    from qltui.tui.source import Reader, StoreSource

    (tmp_path / "empty").mkdir()
    Store.open(tmp_path / "empty" / "qltui.db").close()
    source = StoreSource(tmp_path / "empty")
    app = known_app()
    app.reader = Reader(source.get, source.close)
    async with app.run_test(size=(80, 24)) as pilot:
        for name in ("survey", "planning", "conditions"):
            app.go(name)
            await pilot.pause()
            await settle(app, pilot)
            assert "no night yet" in head(app)
        app.go("survey")
        await settle(app, pilot)
        assert "no exposure of the sky" in text(app, "map")
        await press(app, pilot, "n")
        assert "no night in the record yet" in said(app)
    app.reader.close()


# -- planning ------------------------------------------------------------------------------------------------------


async def test_planning_lists_what_should_be_repeated(started):
    async with started("planning", (120, 40)) as (app, pilot):
        tiles = text(app, "tiles")
        assert "1130  DARK     bad ✖" in tiles
        assert "1131  BRIGHT   1 not judged yet" in tiles
        assert "1129" not in tiles
        assert "2 of 3 to repeat: open-shutter time of usable exposures below 1000 s" in tiles
        await press(app, pilot, "tab", "v")
        assert "done" in text(app, "tiles")
        await press(app, pilot, "G", "ctrl+u", *"2500", "enter")
        assert "shallow: 1900 of 2500 s" in text(app, "tiles")
        assert app.memory.get("planning.goal", 0.0) == 2500.0
        await press(app, pilot, "G", "ctrl+u", *"much", "enter")
        assert "no exposure time" in said(app)
        await press(app, pilot, "u")
        assert "by effective time" in rules(app)
        assert "depth of 2 of 2 exposures is not known" in text(app, "tiles")


async def test_planning_lists_the_exposures_of_a_tile_and_opens_one(started, gone):
    async with started("planning", (120, 40)) as (app, pilot):
        exposures = text(app, "exposures")
        assert "3579  20191001  1130  DARK" in exposures
        assert "alarm" in exposures
        app.screen.focus_pane("tiles")
        await press(app, pilot, "enter")
        assert "Exposures of 1130" in rules(app)
        assert "3577" not in text(app, "exposures")
        app.screen.focus_pane("exposures")
        found = gone(app)
        await press(app, pilot, "enter")
        assert [(name, selection.expid) for name, selection in found] == [("exposure", 3579)]
        await press(app, pilot, "escape")
        assert "3577" in text(app, "exposures")
        app.screen.focus_pane("nights")
        await press(app, pilot, "enter")
        assert found[-1][0] == "night"


async def test_planning_remembers_nights_and_program(started, known_store):
    memory = Memory()
    async with started("planning", memory=memory) as (app, pilot):
        await press(app, pilot, "n", "ctrl+u", *"20191002", "enter")
        assert "2019-10-02   all programs" in head(app)
        await press(app, pilot, "p")
        assert "BRIGHT" in head(app)
        await press(app, pilot, "n", "ctrl+u", *"soon", "enter")
        assert "no range of nights" in said(app)
    assert memory.get("planning.nights", "") == "20191002"
    async with started("planning", memory=memory) as (app, _pilot):
        assert "2019-10-02" in head(app)
    memory.set("planning.nights", "rubbish")
    async with started("planning", memory=memory) as (app, _pilot):
        assert "2019-09-03 to 2019-10-02" in head(app)


async def test_offline_results_stand_beside_ours(started, tmp_path):
    path = tmp_path / "off.csv"
    path.write_text("EXPID,CAMERA,QA,COMMENT\n3577,,good,\n3579,,good,fine\n4000,b0,bad,\nx,,good,\n")
    async with started("planning", (160, 50)) as (app, pilot):
        await press(app, pilot, "i")
        app.screen.dismiss(str(path))
        await settle(app, pilot)
        assert "3 results from off.csv; 1 rows without the number" in said(app)
        assert "off.csv: 1 difference" in rules(app)
        first = text(app, "exposures").splitlines()[1]
        assert "3579" in first
        assert "differs" in first
        assert "fine" in first
        assert "not ours" in text(app, "exposures")
        await press(app, pilot, "I")
        assert "i reads offline results" in rules(app)
        assert "differs" not in text(app, "exposures")


async def test_what_cannot_be_imported_is_said(started, tmp_path):
    path = tmp_path / "off.csv"
    path.write_text("A,B\n1,2\n")
    async with started("planning", (160, 50)) as (app, pilot):
        for name, words in ((str(path), "has no number of an exposure"), (str(tmp_path / "none.csv"), "is no file")):
            await press(app, pilot, "i")
            app.screen.dismiss(name)
            await settle(app, pilot)
            assert "not imported" in said(app)
            assert words in said(app)


@pytest.mark.parametrize(("key", "suffix"), [("c", "csv"), ("e", "ecsv"), ("t", "txt"), ("j", "json")])
async def test_the_list_is_exported_ticked_rows_alone(started, tmp_path, key, suffix):
    async with started("planning", (120, 40)) as (app, pilot):
        app.screen.focus_pane("tiles")
        await press(app, pilot, "W", key)
        whole = (tmp_path / f"plan.{suffix}").read_text()
        assert "1130" in whole
        assert "1131" in whole
        assert f"plan.{suffix}" in said(app)
        await press(app, pilot, "space", "W", key)
        ticked = (tmp_path / f"plan-1.{suffix}").read_text()
        assert "1130" in ticked
        assert "1131" not in ticked
        if suffix == "json":
            assert json.loads(ticked)


# -- conditions ----------------------------------------------------------------------------------------------------


async def test_conditions_of_a_known_night(started):
    async with started("conditions", (120, 40)) as (app, pilot):
        assert "night 2019-10-02" in head(app)
        await press(app, pilot, "comma")
        assert "night 2019-10-01" in head(app)
        almanac = text(app, "almanac")
        assert "UT    01:00" in almanac
        assert "local 18:00" in almanac
        assert "25 % lit" in almanac
        assert "05:00" in almanac
        exposure = text(app, "exposure")
        assert "3579 ✖ SCIENCE DARK  tile 1130   03:40 UT  20:40 local" in exposure
        assert "Seeing 1.08 arcsec SEEING" in exposure
        assert "Humidity 31 % HUMIDITY" in exposure
        assert "not in the headers: transparency" in exposure
        strips = text(app, "strips")
        assert "Seeing [arcsec]   1.08   0.98 - 1.03 - 1.08  lowest, median, highest of 6" in strips
        assert "Transparency   not in the headers" in strips
        assert "Conditions of 6 exposures" in rules(app)
        await press(app, pilot, "left")
        assert "3578 ●" in text(app, "exposure")
        await press(app, pilot, "home")
        assert "3574" in text(app, "exposure")
        assert "from it" not in text(app, "exposure")
        await press(app, pilot, "end", "right_square_bracket", "left_square_bracket")
        assert "3578" in text(app, "exposure")
        await press(app, pilot, "full_stop", "full_stop")
        assert "night 2019-10-02" in head(app)
        assert "no later night" in said(app)


async def test_the_moon_is_as_far_from_the_pointing_as_it_is(started):
    async with started("conditions", (120, 40)) as (app, pilot):
        await press(app, pilot, "comma", "left")
        # 3578 looks at RA 80, Dec 30, where this moon stands.
        assert "0° from it" in text(app, "exposure")
        assert "moon +20° 25 %" in text(app, "exposure")


async def test_quantities_come_by_key_and_the_night_is_saved(started, gone, tmp_path):
    async with started("conditions") as (app, pilot):
        await press(app, pilot, "comma")
        assert text(app, "strips").splitlines()[0].strip().startswith("Seeing")
        await press(app, pilot, "down")
        assert text(app, "strips").splitlines()[0].strip().startswith("Airmass")
        await press(app, pilot, "m", "M", "up", "up")
        assert text(app, "strips").splitlines()[0].strip().startswith("Seeing")
        await press(app, pilot, "w")
        rows = (tmp_path / "conditions-20191001.csv").read_text().splitlines()
        assert len(rows) == 7
        assert "separation [deg]" in rows[0]
        assert rows[4].startswith("3577,03:00:00,20:00:00,SCIENCE,DARK,1129,1000.0")
        found = gone(app)
        await press(app, pilot, "enter")
        assert [(name, selection.expid) for name, selection in found] == [("exposure", 3579)]


async def test_nights_are_chosen_and_the_whole_day_shown(started):
    async with started("conditions", (120, 40)) as (app, pilot):
        await press(app, pilot, "n", "ctrl+u", *"20191001", "enter")
        assert "night 2019-10-01" in head(app)
        await press(app, pilot, "n", "ctrl+u", *"someday", "enter")
        assert "is no night" in said(app)
        await press(app, pilot, "t")
        assert "not in this range" not in rules(app)
        await press(app, pilot, "l")
        assert "night 2019-10-02" in head(app)


async def test_an_almanac_that_is_not_kept_is_reckoned_beside_the_viewer(started, sky_directory, monkeypatch):
    for path in sky_directory.iterdir():
        path.unlink()
    asked = []

    async def reckon(night, place, _directory):
        asked.append((night, place))
        return made_up_almanac(night)

    monkeypatch.setattr("qltui.tui.screens.conditions.reckon", reckon)
    async with started("conditions", (120, 40)) as (app, _pilot):
        assert asked == [(20191002, PLACE)]
        assert "25 % lit" in text(app, "almanac")
        assert "sun" in text(app, "exposure")


async def test_why_there_is_no_almanac_is_said(started, sky_directory, monkeypatch):
    for path in sky_directory.iterdir():
        path.unlink()

    async def reckon(_night, _place, _directory):
        raise AlmanacError("astropy is not installed")

    monkeypatch.setattr("qltui.tui.screens.conditions.reckon", reckon)
    async with started("conditions", (120, 40)) as (app, _pilot):
        assert "no sun and moon: astropy is not installed" in text(app, "almanac")
        assert "Sun and moon [deg]   not known yet" in text(app, "strips")
        assert "Seeing [arcsec]" in text(app, "strips")


@pytest.mark.parametrize("name", ["survey", "planning", "conditions"])
async def test_ascii_and_tiny_terminals(started, name):
    async with started(name, charset="ascii") as (app, pilot):
        assert all(pane.text.isascii() for pane in app.screen._panes)
        await pilot.resize_terminal(60, 15)
        await settle(app, pilot)
        await pilot.resize_terminal(200, 60)
        await settle(app, pilot)
        assert all(len(line) <= 200 for pane in app.screen._panes for line in pane.text.splitlines())
