"""Outlines of exposures on the Survey's map: where each CCD lies on the sky, and when it is drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qltui.instruments.base import Footprint, get_instrument
from qltui.tui.sky_outline import dot_size, on_sky, outline
from qltui.tui.sky_projection import SkyView
from qltui.tui.sky_raster import MapColumns, draw_raster, rasterise_columns
from qltui.tui.symbols import CHARSETS
from qltui.tui.text import plain

FOOTPRINT = get_instrument("decam").footprint
FIELD = MapColumns([1], [60.0], [-30.0], [0], ["good"], [0])
LOOK = {"good": ("", "good"), "bad": ("x", "bad")}.__getitem__


def test_the_field_is_as_large_as_it_is_on_the_sky():
    corners = np.array(FOOTPRINT.boxes()).reshape(-1, 2)
    # 2.2 degrees across; a CCD is 18 by 9 arcminutes.
    assert np.ptp(corners[:, 0]) == pytest.approx(2.16, abs=0.05)
    assert np.ptp(corners[:, 1]) == pytest.approx(1.96, abs=0.05)
    box = np.array(FOOTPRINT.boxes()[0])
    assert np.ptp(box, axis=0) * 60.0 == pytest.approx([17.95, 8.98], abs=0.05)


def test_places_are_those_of_solved_images():
    """What CRVAL, CRPIX and CD of calibrated images say of the middle of a CCD, in degrees east and north."""
    middles = {name: (x * FOOTPRINT.scale / 3600.0, y * FOOTPRINT.scale / 3600.0) for name, x, y in FOOTPRINT.places}
    # N15: CRPIX (-5447, 7467) of a cutout that begins within the first 2048 x 4096 pixels.
    east, north = middles["N15"]
    scale = 7.2865e-5
    assert -(5447 + 2048) * scale <= north <= -(5447 - 2048) * scale
    assert -7467 * scale <= east <= (-7467 + 4096) * scale
    assert middles["S1"][1] > 0 > middles["N3"][1]


@pytest.mark.parametrize(("zoom", "drawn"), [(1.0, "nothing"), (8.0, "border"), (64.0, "boxes")])
def test_how_much_is_drawn_depends_on_how_near_one_is(zoom, drawn):
    size = dot_size(SkyView(zoom=zoom), 160)
    points = outline(FOOTPRINT, size)
    if drawn == "nothing":
        assert points is None
        return
    inside = np.hypot(points[:, 0], points[:, 1]) < 0.4
    assert inside.any() == (drawn == "boxes")
    # No gap is longer than a dot.
    steps = np.hypot(*np.diff(points, axis=0).T)
    assert np.median(steps) <= size


def test_offsets_are_turned_into_directions_also_near_the_pole():
    offsets = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    ra, dec = on_sky(offsets, 359.9, 0.0)
    assert dec[0] == pytest.approx(1.0, abs=1e-3)
    assert ra[1] == pytest.approx(0.9, abs=1e-3)
    assert (ra[2], dec[2]) == (pytest.approx(359.9), pytest.approx(0.0))
    ra, dec = on_sky(offsets, 10.0, 89.5)
    assert dec[0] == pytest.approx(89.5, abs=1e-2)
    assert ra[0] == pytest.approx(190.0, abs=1e-6)
    assert dec[1] < 89.5
    angle = math.degrees(math.acos(math.sin(math.radians(dec[1])) * math.sin(math.radians(89.5))
                                   + math.cos(math.radians(dec[1])) * math.cos(math.radians(89.5))
                                   * math.cos(math.radians(ra[1] - 10.0))))  # fmt: skip
    assert angle == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("charset", ["braille", "block", "ascii"])
def test_the_map_has_boxes_beside_the_point_of_the_field(charset):
    view = SkyView(ra=60.0, dec=-30.0, zoom=64.0)
    raster = rasterise_columns(FIELD, view, 120, 40, CHARSETS[charset], FOOTPRINT)
    assert len(raster.dots) == 1
    assert len(raster.outlines) > 200
    text = "\n".join(plain(line) for line in draw_raster(raster, LOOK, CHARSETS[charset]))
    bare = rasterise_columns(FIELD, view, 120, 40, CHARSETS[charset])
    assert not bare.outlines
    assert text != "\n".join(plain(line) for line in draw_raster(bare, LOOK, CHARSETS[charset]))
    if charset == "ascii":
        assert text.isascii() or set(text) - {"°"} <= set(map(chr, range(128)))
        assert text.count("#") == len(set(raster.outlines) - set(raster.dots))


def test_of_two_fields_the_worse_is_drawn_over_the_other():
    fields = MapColumns([1, 2], [60.0, 60.0], [-30.0, -30.0], [1, 0], ["good", "bad"], [3, 0])
    view = SkyView(ra=60.0, dec=-30.0, zoom=64.0)
    raster = rasterise_columns(fields, view, 120, 40, CHARSETS["braille"], FOOTPRINT)
    assert {kind for _, kind in raster.outlines.values()} == {"bad"}


def test_an_instrument_without_detectors_on_the_sky_has_none():
    assert get_instrument("desi").footprint is None
    assert outline(Footprint((), 1.0, 1.0, 10.0), 0.1) is None
