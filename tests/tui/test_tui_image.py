"""Pictures in characters: what is shrunk is a mean, what is flagged stays, shades go from dark to bright."""

from __future__ import annotations

import numpy as np
import pytest

from qltui.tui import image
from qltui.tui.image import Glyph
from qltui.tui.text import line_width, plain
from qltui.tui.themes import PALETTES, RAMP, style_of


def test_a_picture_is_shown_whole_with_square_pixels():
    window = image.fitted((100, 200), 40, 24)
    assert window.scale == 5.0
    assert (window.rows, window.columns) == (48, 40)
    seen = image.shrink(np.ones((100, 200)), window)
    assert seen.shape == (48, 40)
    assert np.isfinite(seen).sum() == 20 * 40
    assert np.nanmin(seen) == np.nanmax(seen) == 1.0


def test_the_first_row_is_at_the_bottom_and_blocks_are_means():
    values = np.arange(64.0).reshape(8, 8)
    seen = image.shrink(values, image.fitted((8, 8), 4, 2))
    assert seen[-1, 0] == values[:2, :2].mean()
    assert seen[0, -1] == values[6:, 6:].mean()


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (17, 5), (80, 24), (200, 60)])
@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (40, 60), (457, 458)])
def test_any_array_fits_any_pane(size, shape):
    values = np.random.default_rng(1).normal(size=shape)
    for zoom in (1.0, 4.0, 16.0):
        window = image.fitted(shape, *size, zoom=zoom, at=(shape[0] - 1, 0))
        seen = image.shrink(values, window)
        assert seen.shape == (2 * size[1], size[0])
        known = seen[np.isfinite(seen)]
        assert known.size
        assert known.min() >= values.min() - 1e-12
        assert known.max() <= values.max() + 1e-12
    assert image.filled(values, 2 * size[1], size[0]).shape == (2 * size[1], size[0])


def test_zoomed_around_a_place_the_place_is_seen():
    values = np.zeros((100, 100))
    values[90, 5] = 1.0
    window = image.fitted((100, 100), 20, 10, zoom=8.0, at=(90, 5))
    row, column = window.screen_at(90.5, 5.5)
    assert image.shrink(values, window)[row, column] == 1.0
    y, x = window.pixel_at(row, column)
    assert (int(y), int(x)) == (90, 5)


def test_a_flag_is_never_averaged_away():
    bits = np.zeros((457, 458), dtype=np.uint8)
    bits[123, 321] = 4
    window = image.fitted(bits.shape, 30, 10)
    seen = image.shrink_bits(bits, window)
    assert (seen == 4).sum() == 1
    row, column = window.screen_at(123.5, 321.5)
    assert seen[row, column] == 4


def test_cuts():
    rng = np.random.default_rng(2)
    values = rng.normal(100.0, 5.0, (300, 300))
    values[:3] = 60000.0
    values[5, 5] = np.nan
    low, high = image.cut_range(values, "zscale")
    assert 70.0 < low < 100.0 < high < 140.0
    assert image.cut_range(values, "min-max")[1] == 60000.0
    low, high = image.cut_range(values, "98 %")
    assert 80.0 < low < 95.0
    assert image.cut_range(np.full((3, 3), np.nan), "zscale") is None
    assert image.cut_range(np.full((3, 3), 7.0), "99.5 %") == (6.5, 7.5)


@pytest.mark.parametrize("stretch", image.STRETCHES)
def test_shades_grow_with_the_values(stretch):
    values = np.array([-np.inf, np.nan, -5.0, 0.0, 1.0, 5.0, 9.99, 10.0, 50.0])
    shades = image.levels(values, 0.0, 10.0, stretch)
    assert shades[1] == -1
    assert shades[2] == shades[3] == 0
    assert shades[-1] == shades[-2] == RAMP - 1
    assert all(np.diff(shades[2:]) >= 0)
    if stretch != "linear":
        assert shades[4] > image.levels(values, 0.0, 10.0)[4]


def test_cells_are_half_blocks_in_shades_or_dense_characters():
    shades = np.array([[0, 15, -1], [15, 15, -1]])
    (line,) = image.cell_lines(shades, coloured=True, ascii_only=False)
    assert line == (("▀", "pixel:0:15"), (" ", "pixel:15:15"), (" ", ""))
    (line,) = image.cell_lines(shades, coloured=False, ascii_only=False)
    assert plain(line) == "▒█ "
    (line,) = image.cell_lines(shades, coloured=True, ascii_only=True)
    assert plain(line) == "=@ "
    (line,) = image.cell_lines(shades, coloured=True, ascii_only=False, glyphs={(0, 1): Glyph("S", "bad")})
    assert line[1] == ("S", "pixel:bad:4")
    assert line_width(line) == 3


@pytest.mark.parametrize("theme", list(PALETTES))
def test_every_palette_knows_the_roles_of_pictures(theme):
    roles = [f"pixel:{level}:{RAMP - 1 - level}" for level in range(RAMP)] + ["pixel:bad:4", "pixel:3:"]
    for role in roles:
        style = style_of(theme, role)
        for color in (style.color, style.bgcolor):
            if theme == "night-red" and color is not None:
                assert (color.triplet.green, color.triplet.blue) == (0, 0)
            if theme == "mono":
                assert color is None
