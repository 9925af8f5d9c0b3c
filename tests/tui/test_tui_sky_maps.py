"""The sky on a plane: projections, cells, marks."""

from __future__ import annotations

import pytest

from qltui.model import Status
from qltui.tui.screens.survey_question import kind_look, program_look
from qltui.tui.sky_projection import PROJECTIONS, SkyView, from_galactic, project, unproject, zoomed
from qltui.tui.sky_raster import MapPoint, draw_raster, rasterise
from qltui.tui.symbols import CHARSETS
from qltui.tui.text import plain


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
