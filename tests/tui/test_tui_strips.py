"""Strips of a quantity along the night."""

from __future__ import annotations

import pytest

from qltui.tui.strips import Strip, StripPoint, TimeAxis, axis_lines, draw_strip
from qltui.tui.symbols import CHARSETS
from qltui.tui.text import plain


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
