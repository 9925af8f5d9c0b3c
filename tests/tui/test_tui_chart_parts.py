"""Charts: legend, chosen range, bars, logarithms, cursor; a pane that shows one."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from qltui.tui.charts import ChartSpec, LegendEntry, Limit, Series, draw_chart, legend_lines, number_ticks
from qltui.tui.symbols import CHARSETS
from qltui.tui.text import line_width, plain
from qltui.tui.widgets.chart_pane import points_table

BRAILLE, ASCII = CHARSETS["braille"], CHARSETS["ascii"]
POINTS = tuple((float(x), float(x)) for x in range(0, 101, 10))


def chart(width=60, height=14, charset=BRAILLE, **values):
    spec = ChartSpec(
        **({"series": (Series(POINTS, "trend", marker="+"),), "limits": (), "x_range": (0.0, 100.0)} | values)
    )
    return draw_chart(spec, width, height, charset)


def test_title_unit_and_legend_stand_above_the_curves():
    legend = (LegendEntry("+", "b", "trend"), LegendEntry("×", "r", "mark", is_on=False))
    lines = chart(y_title="NOISE_AMP", y_unit="e-", legend=legend)
    assert plain(lines[0]).rstrip() == " NOISE_AMP [e-]   + b   off r"
    assert ("+", "trend") in lines[0]
    assert not any(role == "mark" for line in lines for _, role in line)
    assert len(lines) == 14


def test_a_long_legend_counts_what_it_leaves_out():
    legend = tuple(LegendEntry("+", f"camera-{number}", "trend") for number in range(30))
    lines = legend_lines(ChartSpec((), (), (0, 1), legend=legend, y_title="A"), 60)
    shown = sum(plain(line).count("camera-") for line in lines)
    assert len(lines) == 2
    assert plain(lines[-1]).rstrip().endswith(f"+{30 - shown} more")
    assert {line_width(line) for line in lines} == {60}


def test_a_chosen_range_marks_and_counts_what_is_beyond_it():
    rows = [plain(line) for line in chart(y_limits=(25.0, 75.0))]
    top, bottom = rows[0], rows[-2]
    assert top.count("↑") == 3 + 1
    assert top.rstrip().endswith("↑3")
    assert bottom.rstrip().endswith("↓3")
    assert "+" not in top


def test_limits_beyond_the_chosen_range_are_not_drawn_at_its_border():
    limit = Limit(((0.0, 90.0),), "warning")
    assert not any("warning" in plain(line) or "╴" in plain(line) for line in chart(limits=(limit,), y_limits=(0, 50)))
    assert any("warning" in plain(line) for line in chart(limits=(limit,), y_limits=(0, 100)))


def test_a_bar_reaches_from_the_lowest_to_the_highest_value():
    spans = ((50.0, 20.0, 80.0),)
    rows = [
        plain(line)
        for line in chart(charset=ASCII, height=12, series=(Series((), "trend", spans=spans),), y_limits=(0, 110))
    ]
    with_bar = [index for index, row in enumerate(rows[:-1]) if "│" in row[8:]]
    # Eleven rows of ten units each: 80 lies in the row from 70 to 80, 20 in the one from 10 to 20.
    assert with_bar == list(range(3, 10))


def test_a_bar_of_braille_fills_all_dots_of_its_column():
    lines = chart(series=(Series((), "mark", spans=((50.0, 0.0, 100.0),)),), y_limits=(0, 100))
    cells = {(text, role) for line in lines for text, role in line if role == "mark"}
    assert cells <= {("\u2847", "mark"), ("\u28b8", "mark")}
    assert len(cells) == 1


def test_a_logarithmic_axis_has_decades_and_counts_what_it_cannot_show():
    points = ((10.0, 1.0), (20.0, 10.0), (30.0, 1000.0), (40.0, 0.0), (50.0, -5.0))
    rows = [plain(line) for line in chart(series=(Series(points, "trend", marker="+"),), log=True, height=20)]
    labels = {row.split("┤")[0].strip() for row in rows if "┤" in row}
    assert {"1", "10", "100", "1000"} <= labels
    assert rows[-2].rstrip().endswith("↓2")
    places = [index for index, row in enumerate(rows) if "+" in row]
    assert len(places) == 3
    # Equal factors are equal distances.
    assert places[0] < places[1] < places[2]
    assert abs((places[1] - places[0]) - 2 * (places[2] - places[1])) <= 1


def test_the_cursor_is_a_line_and_a_reversed_cell():
    lines = chart(cursor=(50.0, 50.0))
    reversed_cells = [(text, role) for line in lines for text, role in line if role.endswith("+cursor")]
    assert reversed_cells == [("+", "trend+cursor")]
    assert sum("│" in plain(line)[8:] for line in lines) == 12


def test_a_cursor_beyond_the_axis_is_not_drawn():
    lines = chart(cursor=(500.0, 50.0))
    assert not any(role.endswith("+cursor") for line in lines for _, role in line)


@pytest.mark.parametrize("charset", list(CHARSETS.values()), ids=list(CHARSETS))
@pytest.mark.parametrize("size", [(20, 3), (40, 8), (80, 24), (200, 50)])
def test_a_full_chart_has_exactly_the_cells_it_was_given(charset, size):
    series = (Series(POINTS, "trend"), Series((), "mark", spans=((5.0, -math.inf, 3.0), (7.0, 1.0, math.nan))))
    legend = (LegendEntry("+", "b", "trend"),)
    lines = chart(*size, charset=charset, series=series, legend=legend, y_title="é", cursor=(0.0, 0.0), y_limits=(5, 6))
    assert len(lines) == size[1]
    assert {line_width(line) for line in lines} == {size[0]}


def test_ticks_are_round_numbers_within_the_range():
    assert number_ticks(0.0, 1.0, 4) == ((0.0, "0.00"), (0.25, "0.25"), (0.5, "0.50"), (0.75, "0.75"), (1.0, "1.00"))
    assert number_ticks(3.0, 3.0, 4) == ()


def test_points_of_a_chart_are_a_table():
    spec = ChartSpec((Series(((1.0, 2.0),), "trend", spans=((3.0, 4.0, 5.0),)),), (), (0, 9), x_unit="d", y_unit="e-")
    table = points_table(spec, "t")
    assert [row.values for row in table.rows] == [(1, 1.0, 2.0, None), (1, 3.0, 4.0, 5.0)]
    assert [column.unit for column in table.columns] == ["", "d", "e-", "e-"]
    assert replace(table, rows=()).rows == ()
