"""The scale of a picture: how far out of its limits a value is, in shape, letter and colour."""

from __future__ import annotations

import math

from qltui.tui.pictures.shades import limit_scale, scale_lines, scatter_scale, shade_of
from qltui.tui.symbols import CHARSETS
from qltui.tui.text import plain

BRAILLE, ASCII = CHARSETS["braille"], CHARSETS["ascii"]
NAN = math.nan
LIMITS = limit_scale(100.0, (80.0, 120.0), (60.0, 140.0))


def text(lines):
    return "\n".join(plain(line).rstrip() for line in lines)


def test_seven_steps_that_differ_by_shape_letter_and_colour():
    values = (50.0, 70.0, 85.0, 100.0, 115.0, 130.0, 150.0)
    drawn = [shade_of(LIMITS, value) for value in values]
    assert [shade.shape for shade, _, _ in drawn] == ["▼", "▽", "-", "·", "+", "△", "▲"]
    assert len({shade.letter for shade, _, _ in drawn}) == 7
    assert [role for _, role, _ in drawn] == ["bad", "warn", "trend", "text", "trend", "warn", "bad"]
    assert [far for _, _, far in drawn] == [3, 2, 1, 0, 1, 2, 3]
    assert shade_of(LIMITS, NAN)[0].shape == "∘"


def test_the_ends_of_a_range_belong_to_it():
    assert [shade_of(LIMITS, value)[2] for value in (80.0, 120.0, 60.0, 140.0)] == [1, 1, 2, 2]


def test_nothing_is_green_and_without_limits_nothing_is_judged():
    scale = scatter_scale((1.0, 2.0, 3.0, 4.0, 5.0, 100.0))
    found = {shade_of(scale, value)[1] for value in (-50.0, 1.0, 3.0, 6.0, 100.0)}
    assert not found & {"good", "warn", "bad"}
    assert shade_of(scale, 100.0)[2] == 3
    assert "good" not in {shade_of(LIMITS, value)[1] for value in range(0, 200, 5)}


def test_a_side_without_limit_is_never_far():
    scale = limit_scale(495.0, (495.0, math.inf), (450.0, math.inf))
    assert shade_of(scale, 1e9)[2] == 0
    assert shade_of(scale, 460.0)[1] == "warn"
    words = text(scale_lines(scale, BRAILLE, 100, ".0f", ""))
    assert "<" in words
    assert ">" not in words


def test_scales_of_odd_values():
    assert limit_scale(1.0, (NAN, NAN), (0.0, 1.0)) is None
    assert limit_scale(NAN, (8.0, 14.0), (NAN, NAN)).reference == 11.0
    assert shade_of(scatter_scale(()), 3.0)[2] == 0
    equal = scatter_scale((2.0, 2.0, 2.0, 2.0, 9.0))
    assert shade_of(equal, 2.0)[2] == 0
    assert shade_of(equal, 9.0)[2] > 0


def test_the_scale_is_written_with_its_unit_in_ascii_too():
    words = text(scale_lines(LIMITS, ASCII, 100, ".0f", "e-/A"))
    steps = [" V < -40", "v < -20", "- < -10", ". near 100 e-/A", "+ > +10", "n > +20", "N > +40"]
    assert words.split("  ") == [*steps, ", no value"]
