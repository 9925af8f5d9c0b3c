"""The pictures of metrics: known numbers in, the characters that must be there out."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pictures as p
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qltui.instruments.base import HISTORY, MetricDefinition, Picture, get_instrument
from qltui.instruments.table_file import ProductError, ProductTable
from qltui.model import Status
from qltui.store.details import PastValue
from qltui.tui.pictures.draw import Options, Subject, picture_lines, picture_title
from qltui.tui.pictures.graphs import curve_graph, even_ticks, past_graph, scatter_graph
from qltui.tui.pictures.histogram import Mark, count_bars, histogram_lines
from qltui.tui.pictures.patches import choose_layout, judged_patches, patch_lines
from qltui.tui.pictures.places import fit_frame, place_lines
from qltui.tui.pictures.points import Points, make_points, points_table, wanted_columns
from qltui.tui.pictures.shades import limit_scale, outlier_words, scatter_scale
from qltui.tui.symbols import CHARSETS
from qltui.tui.text import line_width, plain

BRAILLE, ASCII = CHARSETS["braille"], CHARSETS["ascii"]
DESI = get_instrument("desi")
NAN = math.nan
LIMITS = limit_scale(100.0, (80.0, 120.0), (60.0, 140.0))
SKY = Picture("scatter", "by fibre", "fibers", "FIBERS", (("", "SKYCONT"),), "FIBER", "fibre", name="FIBER")


def text(lines):
    return "\n".join(plain(line).rstrip() for line in lines)


def roles(lines, char):
    return {role for line in lines for run, role in line if char in run}


# -- patches -------------------------------------------------------------------------------------------------------


def test_amplifiers_lie_as_on_the_detector_with_value_status_and_distance():
    layout = choose_layout(DESI.layouts["amplifier"], "ABCD")
    lines = patch_lines(judged_patches(p.NOISE_BAD), layout, ".2f", "e-", BRAILLE, 78, 12)
    rows = text(lines).splitlines()
    top, bottom = rows[:5], rows[5:]
    assert any(" C " in row and " D " in row and row.index(" C ") < row.index(" D ") for row in top)
    assert any(" A " in row and " B " in row for row in bottom)
    assert "25.10 e- ✖" in text(lines)
    assert "+22.00" in text(lines)
    assert "▲▲▲" in text(lines)
    assert "bad" in roles(lines, "▲")
    assert all(len(row) <= 78 for row in rows)


def test_without_room_each_amplifier_has_a_line():
    layout = choose_layout(DESI.layouts["amplifier"], "ABCD")
    lines = patch_lines(judged_patches(p.NOISE_BAD), layout, ".2f", "e-", ASCII, 30, 5)
    assert [row.split()[0] for row in text(lines).splitlines()] == ["C", "D", "A", "B"]
    assert "25.10 e- A" in text(lines)


def test_names_that_no_layout_knows_stand_two_by_two():
    assert choose_layout(DESI.layouts["amplifier"], ["1", "2", "3", "4"]) == (("3", "4"), ("1", "2"))
    assert choose_layout(DESI.layouts["amplifier"], ["L", "R", "S"]) == [["L", "R"], ["S"]]


def test_an_amplifier_without_a_value_says_so():
    judged = replace(p.NOISE_BAD, values=(NAN,) * 4, statuses=(Status.UNKNOWN,) * 4)
    lines = patch_lines(judged_patches(judged), (("C", "D"), ("A", "B")), ".2f", "e-", BRAILLE, 78, 12)
    assert text(lines).count("none ?") == 4
    assert "∘∘∘" in text(lines)


# -- histogram -----------------------------------------------------------------------------------------------------


def test_every_value_is_counted_and_the_limits_are_inside():
    values = [*np.linspace(90, 110, 50), 500.0, NAN, math.inf]
    bars = count_bars(values, [Mark(60.0, "warning", ":", "band")], 40)
    assert sum(bars.counts) == 51
    assert bars.low <= 60.0
    assert bars.high >= 500.0
    assert len(bars.counts) <= 40
    assert count_bars([NAN], [], 40) is None


def test_limits_are_drawn_and_named():
    marks = [Mark(80.0, "normal", "│", "key"), Mark(140.0, "warning", "┊", "band")]
    lines = histogram_lines([100.0] * 9 + [101.0], marks, ".0f", "e-/A", BRAILLE, 78, 14)
    assert "normal 80" in text(lines)
    assert "warning 140" in text(lines)
    assert "┊" in text(lines)
    assert "10 rows; bars" in text(lines)
    assert "e-/A wide, counts" in text(lines)


def test_logarithmic_counts_raise_the_small_ones():
    values = [0.0] * 1000 + [10.0] * 20

    def height(logarithmic):
        lines = histogram_lines(values, [], ".0f", "", ASCII, 60, 14, logarithmic=logarithmic)
        rows = text(lines).splitlines()
        return sum("#" in row[40:] for row in rows)

    assert height(True) > height(False) == 1


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(width=64), max_size=30), st.integers(10, 90), st.integers(3, 20))
def test_no_values_break_a_histogram(values, width, height):
    lines = histogram_lines(values, [Mark(math.inf, "normal", "|", "key")], ".2f", "px", ASCII, width, height)
    assert len(lines) <= height
    assert all(line_width(line) <= width or len(lines) == 1 for line in lines)


def test_a_histogram_counts_outliers_at_its_ends_and_says_how_far_they_are():
    points = fibres([100.0] * 200 + [1e6])
    shown = Subject(DESI.metric("SKYCONT"), replace(SKY, kind="histogram"), "", p.SKYCONT, points)
    near = text(picture_lines(shown, Options(), BRAILLE, 78, 14))
    assert "201 rows" in near
    assert "1 above, up to 1000000: z shows the whole range" in near
    assert "z shows" not in text(picture_lines(shown, Options(whole=True), BRAILLE, 78, 14))


# -- places --------------------------------------------------------------------------------------------------------

PLACES = Picture(
    "places", "fibres on the sky", "fibers", "FIBERS", (("", "V"),), "RA", "RA", "deg", True, "DEC", "Dec", "deg",
    "FIBER",
)  # fmt: skip


def at(ra, dec, values, **other):
    return Points(tuple(map(str, range(len(ra)))), tuple(values), tuple(ra), tuple(dec), **other)


def test_east_is_left_and_north_is_up():
    points = at((151.0, 149.0, 150.0), (30.0, 30.0, 31.0), (150.0, 50.0, 100.0))
    rows = text(place_lines(points, PLACES, LIMITS, BRAILLE, 60, 16)).splitlines()
    east = next(index for index, row in enumerate(rows) if "▲" in row)
    assert rows[east].index("▲") < rows[east].index("▼")
    assert next(index for index, row in enumerate(rows) if "·" in row) < east
    assert "RA [deg]" in rows[-1]
    assert any("Dec" in row for row in rows)


def test_where_many_fall_into_a_cell_the_farthest_out_is_seen():
    count = 200
    values = [100.0] * count
    values[57] = 900.0
    points = at([150.0] * count + [151.0], [30.0] * count + [31.0], [*values, 100.0])
    drawn = text(place_lines(points, PLACES, LIMITS, BRAILLE, 60, 16))
    assert drawn.count("▲") == 1


def test_fibres_without_a_value_are_another_shape():
    points = at((150.0, 151.0), (30.0, 31.0), (NAN, 100.0))
    assert "∘" in text(place_lines(points, PLACES, LIMITS, BRAILLE, 60, 16))


def test_a_field_across_zero_is_one_field():
    frame = fit_frame((359.5, 0.5), (0.0, 0.2), 40, 12, x_reversed=True, on_sphere=True)
    assert frame.x_high - frame.x_low > 300
    points = at((359.5, 0.5), (0.0, 0.2), (150.0, 50.0))
    row = text(place_lines(points, PLACES, LIMITS, BRAILLE, 60, 16))
    assert "▲" in row
    lines = row.splitlines()
    left = next(line.index("▼") for line in lines if "▼" in line)
    right = next(line.index("▲") for line in lines if "▲" in line)
    assert left < right
    assert right - left > 5


def test_good_and_bad_fibres_are_told_apart_without_colour():
    points = at((150.0, 151.0), (30.0, 31.0), (0.1, 1.0), good=(False, True))
    assert "✖" in text(place_lines(points, PLACES, None, BRAILLE, 60, 16))
    assert "x" in text(place_lines(points, PLACES, None, ASCII, 60, 16))


def test_without_any_place_it_says_so():
    assert "no row has a place" in text(place_lines(at((NAN,), (NAN,), (1.0,)), PLACES, LIMITS, BRAILLE, 60, 16))
    one = at((150.0,), (30.0,), (100.0,))
    assert "·" in text(place_lines(one, PLACES, LIMITS, BRAILLE, 60, 16))


# -- charts --------------------------------------------------------------------------------------------------------


def fibres(values, **other):
    return Points(tuple(map(str, range(len(values)))), tuple(values), tuple(map(float, range(len(values)))), **other)


def test_a_scatter_has_limit_lines_and_the_shapes_of_what_is_beyond():
    graph = scatter_graph(fibres([100.0] * 20 + [130.0, 150.0, NAN]), SKY, LIMITS, BRAILLE, ".0f", whole=False)
    assert [limit.name for limit in graph.spec.limits] == ["warning", "normal", "normal", "warning"]
    assert [limit.points[0][1] for limit in graph.spec.limits] == [140.0, 120.0, 80.0, 60.0]
    beyond = {series.marker: series for series in graph.spec.series}
    assert beyond["△"].points == ((20.0, 130.0),)
    assert beyond["△"].role == "warn"
    assert beyond["▲"].points == ((21.0, 150.0),)
    assert graph.note == "farthest out: 21 (150) 20 (130); 1 of 23 without a value"


def test_an_outlier_presses_nothing_together_and_is_not_lost():
    points = fibres([100.0] * 200 + [1e6])
    graph = scatter_graph(points, SKY, LIMITS, BRAILLE, ".0f", whole=False)
    assert graph.spec.y_limits[1] < 200
    assert (200.0, 1e6) in [point for series in graph.spec.series for point in series.points]
    assert graph.note == "farthest out: 200 (1000000); 1 above, up to 1000000: z shows the whole range"
    assert scatter_graph(points, SKY, LIMITS, BRAILLE, ".0f", whole=True).spec.y_limits is None


def test_rows_that_are_out_are_named():
    many = fibres([100.0] * 30 + [150.0, 160.0, 170.0, 180.0, 190.0, 200.0])
    assert outlier_words(many, LIMITS, ".0f") == "farthest out: 35 (200) 34 (190) 33 (180) 32 (170) and 2 more"
    assert outlier_words(fibres([100.0]), LIMITS, ".0f") == ""
    assert outlier_words(fibres([1.0, 2.0], good=(True, False)), None, ".0f") == "not good: 1"
    assert outlier_words(fibres([1.0, 2.0], good=(True, True)), None, ".0f") == ""
    noise = fibres([0.0, 0.1, -0.1, 0.05, -0.05, 9.0])
    assert outlier_words(noise, scatter_scale(noise.values, 0.0), ".1f") == "farthest out: 5 (9.0)"
    points = at((150.0, 151.0), (30.0, 31.0), (900.0, 100.0))
    shown = Subject(DESI.metric("SKYCONT"), PLACES, "", p.SKYCONT, points)
    assert "farthest out: 0 (900)" in text(picture_lines(shown, Options(), BRAILLE, 78, 16))


def test_ticks_of_fibres_are_whole_numbers():
    assert [label for _, label in even_ticks(0.0, 4.0, 8, whole=True)] == ["0", "1", "2", "3", "4"]
    assert even_ticks(1.0, 1.0, 5) == ((1.0, "1"),)


def test_a_curve_for_each_class_and_the_chosen_one_stands_out():
    points = Points(
        tuple("0123"), (10.0, 5.0, 3.0, NAN), (18.0, 20.0, 21.0, 22.0), (), (9.0, 5.5, 3.1, 1.0),
        ("STAR", "ELG", "ELG+QSO", ""),
    )  # fmt: skip
    picture = replace(SKY, kind="curve", x_unit="mag", group="CLASS", by_group=True)
    graph = curve_graph(points, picture, ".1f", "ELG")
    assert graph.spec.log
    legend = [(entry.name, entry.role) for entry in graph.spec.legend]
    assert legend == [("STAR", "rule"), ("ELG", "mark"), ("QSO", "rule")]
    curves = [series for series in graph.spec.series if series.joined]
    assert [series.points for series in curves] == [((20.0, 5.5), (21.0, 3.1))]
    assert graph.spec.series[-1].role == "mark"
    assert len([s for s in curve_graph(points, picture, ".1f", "").spec.series if s.joined]) == 3


def past(values, **other):
    return [
        PastValue(
            float(index), 100 + index, index, value, 100.0, Status.NORMAL, (80.0, 120.0), (60.0, 140.0), "SCIENCE"
        )
        for index, value in enumerate(values)
    ]


def test_the_past_has_the_limits_as_they_were_and_marks_the_present():
    items = past([100.0, 101.0, 150.0, 99.0])
    items[1] = replace(items[1], normal=(90.0, 110.0))
    items[2] = replace(items[2], status=Status.ALARM)
    graph = past_graph(items, 3, BRAILLE, ".0f")
    upper = next(limit for limit in graph.spec.limits if limit.name == "normal")
    assert [y for _, y in upper.points] == [120.0, 110.0, 120.0, 120.0]
    marked = {(series.role, series.marker): series.points for series in graph.spec.series}
    assert marked["bad", "✖"] == ((2.0, 150.0),)
    assert marked["mark", "●"] == ((3.0, 99.0),)
    assert [label for _, label in graph.spec.x_ticks] == ["100", "101", "102", "103"]


# -- from the product ----------------------------------------------------------------------------------------------


def table(**columns):
    return ProductTable({name: np.array(values) for name, values in columns.items()}, {}, {})


def test_rows_of_a_product_become_points_of_the_groups_that_are_asked_for():
    picture = replace(SKY, group="CLASS", only=("SKY",))
    found = make_points(table(FIBER=[5, 6], SKYCONT=[1.0, 2.0], CLASS=["SKY", "ELG"]), picture, "")
    assert found.names == ("5", "6")
    assert found.values[0] == 1.0
    assert math.isnan(found.values[1])
    assert found.x == (5.0, 6.0)


def test_residuals_are_relative_to_the_model():
    picture = replace(SKY, model="FIT", relative=True)
    found = make_points(table(FIBER=[1, 2], SKYCONT=[11.0, 3.0], FIT=[10.0, 0.0]), picture, "")
    assert found.values[0] == pytest.approx(0.1)
    assert math.isnan(found.values[1])


def test_a_column_that_is_missing_or_holds_no_numbers_is_said():
    with pytest.raises(ProductError, match="no column SKYCONT"):
        make_points(table(FIBER=[1]), SKY, "")
    with pytest.raises(ProductError, match="holds no numbers"):
        make_points(table(FIBER=[1], SKYCONT=["x"]), SKY, "")
    with pytest.raises(ProductError, match="too many to draw"):
        make_points(table(FIBER=np.arange(30000), SKYCONT=np.arange(30000)), SKY, "")


def test_the_column_follows_the_element_and_only_what_is_needed_is_read():
    widths = DESI.metric("XWSIGMA").pictures
    assert wanted_columns(widths, "fibers", "AMPLIFIERS") == {"NAME", "XSIGMA", "WSIGMA"}
    found = make_points(table(FIBER=[1], XSIGMA=[1.1], WSIGMA=[0.9]), widths[0], "w")
    assert found.values == (0.9,)


def test_points_are_saved_with_their_units():
    saved = points_table(fibres([1.0, NAN], groups=("SKY", "")), SKY, "sky", "e-/A", ".0f")
    assert [column.heading for column in saved.columns] == ["fiber", "value [e-/A]", "group"]
    assert [row.values for row in saved.rows] == [("0", 1.0, "SKY"), ("1", None, "")]


# -- all of them ---------------------------------------------------------------------------------------------------


def subject(picture, points=None, metric="SKYCONT", **other):
    return Subject(DESI.metric(metric), picture, "", p.SKYCONT, points, **other)


def test_why_there_is_nothing_to_draw():
    assert "it is no longer there" in text(
        picture_lines(subject(SKY, fault="fibers-b3.fits: it is no longer there"), Options(), BRAILLE, 60, 12)
    )
    assert "no rows" in text(picture_lines(subject(SKY, Points((), ())), Options(), BRAILLE, 60, 12))
    assert "no value of this camera" in text(picture_lines(subject(HISTORY), Options(), BRAILLE, 60, 12))
    unknown = Picture("hologram", "in depth")
    assert "no picture of the kind hologram" in text(picture_lines(subject(unknown), Options(), BRAILLE, 60, 12))


def test_titles_say_metric_element_unit_and_kind():
    assert picture_title(subject(SKY)) == "SKYCONT [e-/A]  by fibre"
    widths = DESI.metric("XWSIGMA")
    assert picture_title(Subject(widths, widths.pictures[1], "w", None)) == "XWSIGMA w [px]  histogram"


@pytest.mark.parametrize("charset", ["braille", "block", "ascii"])
@pytest.mark.parametrize("size", [(78, 11), (40, 8), (24, 5), (198, 40), (3, 1)])
def test_every_picture_of_every_metric_fits_its_pane(size, charset):
    rng = np.random.default_rng(1)
    numbers = {
        name: rng.normal(100, 20, 500)
        for metric in DESI.metrics
        for picture in metric.pictures
        for name in {column for _, column in picture.columns} | {picture.x, picture.y, picture.model} - {""}
    }
    names = {"NAME": np.array(list("ABCD") * 125), "CLASS": rng.choice(["SKY", "ELG", "ELG+QSO", "LRG", ""], 500)}
    flags = {"GOOD": rng.random(500) > 0.1, "ARCGOOD": rng.random(500) > 0.1, "FIBER": np.arange(500)}
    whole = ProductTable({**numbers, **names, **flags}, {}, {})
    for metric in DESI.metrics:
        for picture in metric.pictures:
            points = make_points(whole, picture, "") if picture.product else None
            shown = Subject(metric, picture, "", p.SKYCONT, points, past(rng.normal(190, 5, 50)), 49)
            lines = picture_lines(shown, Options(), CHARSETS[charset], *size)
            assert len(lines) <= size[1]
            assert lines or size[0] < 24


def test_a_metric_that_declares_no_picture_has_its_past():
    made = MetricDefinition("X", "X", "x", "", "S", (), "", "", "d", "m", "a")
    assert made.pictures == (HISTORY,)


def test_opening_the_screens_loads_neither_numbers_nor_the_record():
    code = (
        "import sys, qltui.tui.app, qltui.tui.screens.exposure, qltui.tui.screens.metric\n"
        "print(sorted({'numpy', 'astropy', 'numba', 'scipy', 'peewee', 'plotext'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
