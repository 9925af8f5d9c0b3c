"""Charts: no outlier is lost, limits lie where they belong, colours are roles."""

from __future__ import annotations

import math
from dataclasses import replace

import pictures as p
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qltui.model import Status
from qltui.tui.charts import ChartSpec, Limit, Series, decimate, draw_chart, load, nice_step, time_ticks, y_range
from qltui.tui.symbols import CHARSETS
from qltui.tui.text import line_width, plain
from qltui.tui.themes import ROLES
from qltui.tui.widgets.grid_layout import Place
from qltui.tui.widgets.trend import trend_spec, value_lines
from qltui.tui.widgets.trend_choice import (
    TrendChoice,
    choose_trend,
    cycle_arm,
    cycle_element,
    cycle_metric,
    trend_title,
)

BRAILLE, ASCII = CHARSETS["braille"], CHARSETS["ascii"]
CELL = Place("b3", "CHECK_CCDS")


def spec_of(points, **other):
    values = {"series": (Series(tuple(points), "trend"),), "limits": (), "x_range": (0.0, 100.0)}
    return ChartSpec(**(values | other))


def rows_of(lines):
    return [plain(line) for line in lines]


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(-1e6, 1e6)), max_size=400),
    st.integers(1, 20),
)
def test_decimation_keeps_the_extremes_of_every_bin(points, bins):
    kept = decimate(sorted(points), (0.0, 100.0), bins)
    assert set(kept) <= set(points)
    assert len(kept) <= max(4 * bins, 4 * (bins + 1))
    if points:
        assert max(y for _, y in kept) == max(y for _, y in points)
        assert min(y for _, y in kept) == min(y for _, y in points)


def test_a_single_spike_among_a_hundred_thousand_is_drawn():
    points = [(index / 1000, 1.0) for index in range(100_000)]
    points[54_321] = (54.321, 9.0)
    lines = rows_of(draw_chart(spec_of(points), 80, 12, BRAILLE))
    top = next(line for line in lines if any("\u2801" <= char <= "\u28ff" for char in line))
    assert lines.index(top) < 3


@pytest.mark.parametrize("charset", list(CHARSETS.values()), ids=list(CHARSETS))
@pytest.mark.parametrize("size", [(20, 3), (40, 5), (80, 7), (200, 30)])
def test_a_chart_has_exactly_the_cells_it_was_given(charset, size):
    points = [(float(index), math.sin(index)) for index in range(100)]
    limits = (Limit(((0.0, 1.5),), "warning"),)
    lines = draw_chart(spec_of(points, limits=limits, x_ticks=((50.0, "12:00"),), x_unit="UT"), *size, charset)
    assert len(lines) == size[1]
    assert {line_width(line) for line in lines} == {size[0]}
    roles = {role for line in lines for _, role in line}
    assert roles <= {*ROLES, ""}
    assert not any("\x1b" in text for line in lines for text, _ in line)


def test_nothing_is_drawn_where_there_is_no_room():
    assert draw_chart(spec_of([(1.0, 1.0)]), 19, 10, BRAILLE) == []
    assert draw_chart(spec_of([(1.0, 1.0)]), 80, 2, BRAILLE) == []


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_are_left_out(bad):
    points = [(1.0, 1.0), (2.0, bad), (bad, 3.0), (3.0, 2.0)]
    assert y_range(spec_of(points)) == pytest.approx((0.94, 2.06))
    assert len(draw_chart(spec_of(points), 60, 8, BRAILLE)) == 8


@pytest.mark.parametrize("points", [[], [(5.0, 7.0)], [(5.0, 0.0), (6.0, 0.0)]])
def test_few_or_equal_points_make_a_chart_too(points):
    assert len(draw_chart(spec_of(points), 60, 8, BRAILLE)) == 8


def test_limits_are_drawn_at_their_value_and_named():
    limits = (Limit(((0.0, 10.0),), "warning"), Limit(((0.0, 0.0),), "normal", char="·"))
    lines = draw_chart(spec_of([(50.0, 5.0)], limits=limits), 60, 12, BRAILLE)
    rows = rows_of(lines)
    warning = next(row for row in rows if "warning" in row)
    normal = next(row for row in rows if "normal" in row)
    assert warning.lstrip().startswith("10┤╴╴╴╴")
    assert normal.lstrip().startswith("0┤····")
    assert rows.index(warning) < rows.index(normal)


def test_a_limit_that_changed_during_the_night_is_a_step():
    limit = Limit(((0.0, 2.0), (50.0, 8.0)), "warning")
    rows = rows_of(draw_chart(spec_of([(1.0, 0.0), (99.0, 10.0)], limits=(limit,)), 60, 12, BRAILLE))
    with_limit = [row for row in rows if "╴" in row]
    assert len(with_limit) == 2
    assert with_limit[0].index("╴") > with_limit[1].index("╴")


def test_roles_of_series_survive_plotext():
    spec = spec_of([], series=(Series(((10.0, 1.0),), "trend"), Series(((90.0, 2.0),), "bad", marker="✖")))
    cells = {(text.strip(), role) for line in draw_chart(spec, 60, 8, BRAILLE) for text, role in line}
    assert ("✖", "bad") in cells
    assert any(role == "trend" for _, role in cells)


@given(st.floats(1e-6, 1e9), st.integers(1, 12))
def test_steps_of_an_axis_are_round_and_few(extent, count):
    step = nice_step(extent, count)
    assert extent / step <= count * (1 + 1e-6)
    mantissa = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert min(abs(mantissa - value) for value in (1, 2, 2.5, 5, 10)) < 1e-6


def test_ticks_of_time_are_round():
    ticks = time_ticks(p.NOW - 3600, p.NOW, 6, lambda time, _: str(int(time) % 86400 // 60))
    assert [label for _, label in ticks] == ["240", "250", "260", "270", "280", "290", "300"][-len(ticks) :]


def test_plotext_is_there():
    assert load() == ""


# -- what the trend is about


def test_the_chart_follows_the_worst_metric_of_the_cell():
    query = choose_trend(p.process(), p.DESI, CELL, TrendChoice())
    assert (query.definition.name, query.marked, query.element) == ("NOISE_AMP", "b3", "C")
    assert query.cameras == tuple(f"b{unit}" for unit in range(10))
    assert query.obstypes == ("SCIENCE",)
    assert trend_title(query) == "NOISE_AMP b3 C [e-]  SCIENCE, dim: other b"
    assert choose_trend(None, p.DESI, None, TrendChoice()) is None


def test_metric_arm_and_element_are_cycled():
    process = p.process()
    names = [metric.name for metric in p.DESI.metrics_for("SCIENCE", arm="b")]
    choice, seen = TrendChoice(), []
    for _ in names:
        choice = cycle_metric(process, p.DESI, CELL, choice)
        seen.append(choose_trend(process, p.DESI, CELL, choice).definition.name)
    assert sorted(seen) == sorted(names)
    choice = cycle_arm(p.DESI, CELL, TrendChoice())
    assert choose_trend(process, p.DESI, CELL, choice).marked == "r3"
    choice, elements = TrendChoice(metric="NOISE_AMP"), []
    for _ in range(5):
        choice = cycle_element(process, p.DESI, CELL, choice)
        elements.append(choose_trend(process, p.DESI, CELL, choice).element)
    assert elements == ["D", "", "A", "B", "C"]


def points_of(query, **other):
    return [replace(point, **other) for point in p.trend_points(query.definition.name, query.cameras)]


def test_the_marked_camera_is_a_line_and_others_are_points():
    query = choose_trend(p.process(), p.DESI, CELL, TrendChoice())
    spec = trend_spec(p.trend_points("SKYCONT", ("b0", "b3")), query, BRAILLE, 80)
    assert [(series.role, series.joined) for series in spec.series][:2] == [("trend", False), ("mark", True)]
    assert {limit.name for limit in spec.limits} == {"normal", "warning"}
    assert [limit.points[0][1] for limit in spec.limits] == [265.0, 115.0, 230.0, 150.0]


def test_bad_points_have_the_shape_of_their_status_in_any_camera():
    query = choose_trend(p.process(), p.DESI, CELL, TrendChoice())
    points = p.trend_points("NOISE_AMP", ("b0", "b3"))
    points[4] = replace(points[4], status=Status.ALARM, camera="b0")
    marks = {series.marker: series.role for series in trend_spec(points, query, BRAILLE, 80).series if series.marker}
    assert marks["✖"] == "bad"
    letters = [series.marker for series in trend_spec(points, query, ASCII, 80).series]
    assert "A" in letters
    assert all(marker.isascii() for marker in letters)


def test_limits_that_differ_between_elements_are_not_drawn_as_one():
    query = choose_trend(p.process(), p.DESI, CELL, TrendChoice())
    points = [
        replace(point, time=p.NOW, camera="b3", element=name, normal=(low, low + 2), warning=(0.0, 9.0))
        for point, name, low in zip(p.trend_points(count=2), "AB", (1.0, 2.0), strict=False)
    ]
    names = [limit.name for limit in trend_spec(points, query, BRAILLE, 80).limits]
    assert names == ["warning", "warning"]


def test_values_without_a_number_make_no_chart_but_a_sentence():
    query = choose_trend(p.process(), p.DESI, CELL, TrendChoice())
    points = [replace(point, value=math.nan) for point in p.trend_points(count=3)]
    assert trend_spec(points, query, BRAILLE, 80) is None


def test_without_plotext_the_values_are_listed():
    query = choose_trend(p.process(), p.DESI, CELL, TrendChoice())
    lines = rows_of(value_lines(p.trend_points(cameras=("b3",)), query, 4))
    assert len(lines) == 4
    assert "3524" in lines[0]
