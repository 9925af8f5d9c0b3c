"""Panes as pure functions: what they say, in which cells."""

from __future__ import annotations

import math
from dataclasses import replace

import pictures as p
import pytest

from qltui.instruments.base import StepDefinition
from qltui.model import Camera, Status, Verdict
from qltui.store.views import MonitorView
from qltui.tui import locale_encoding
from qltui.tui.arrange import arrange_monitor, is_too_small, left_width
from qltui.tui.cells import cell_reason, cell_status, first_judgement, worst_cell
from qltui.tui.commands import fuzzy_score
from qltui.tui.screens.neighbours import Step, neighbour
from qltui.tui.screens.requests import reprocess_arguments, reprocess_choices
from qltui.tui.symbols import CHARSETS, STATUS_MARKS, STATUS_WORDS, get_charset
from qltui.tui.text import beside, cells, clean, fit, line_width, plain, to_ascii, wrap
from qltui.tui.themes import PALETTES, ROLES
from qltui.tui.widgets.cell_detail import detail_lines, range_text, summary_line
from qltui.tui.widgets.grid_layout import Place, arrange_grid, move
from qltui.tui.widgets.lines import changed_span
from qltui.tui.widgets.log_pane import log_line, matches
from qltui.tui.widgets.rule import Heading, rule_line
from qltui.tui.widgets.step_grid import grid_lines
from qltui.tui.widgets.verdict import verdict_lines
from qltui.tui.words import duration, night_date, span

BRAILLE, ASCII = CHARSETS["braille"], CHARSETS["ascii"]


def text_of(lines):
    return "\n".join(plain(line) for line in lines)


# -- words and cells


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.9, "59 s"), (76, "1:16"), (3700, "1 h 01"), (3 * 86400, "3 d"), (-5, "0 s"), (math.nan, "?")],
)
def test_durations_are_said_as_observers_say_them(seconds, words):
    assert duration(seconds) == words


def test_a_span_keeps_tenths_where_they_matter():
    assert (span(0.34), span(7.04), span(76.0)) == ("0.34 s", "7.0 s", "1:16")


def test_a_night_is_written_with_dashes():
    assert night_date(20191001) == "2019-10-01"


def test_hostile_words_become_one_printable_line():
    assert clean("M31\x1b[31m\r\nred\x00\u202e") == "M31[31m  red"


def test_text_is_measured_in_cells_and_never_overflows():
    line = (("天体 12345", "text"),)
    assert line_width(line) == 10
    for width in range(12):
        assert line_width(fit(line, width)) == width


def test_ascii_keeps_every_cell_in_its_place():
    words = "5 Å … µ ✖ 天"
    assert cells(to_ascii(words)) == cells(words)
    assert to_ascii(words).isascii()


def test_wrapping_loses_no_word_and_no_cell():
    words = "a very long exposure of a field with Betelgeuseeeeeeeeeeeeeeeeeee in it"
    lines = wrap(words, 14)
    assert all(cells(line) <= 14 for line in lines)
    assert "".join(lines).replace(" ", "") == words.replace(" ", "")


def test_beside_keeps_what_comes_first():
    parts = [(("aaaa", ""),), (("bbbb", ""),), (("cc", ""),)]
    assert plain(beside(parts, 8, " ")) == "aaaa cc"


def test_only_the_cells_that_differ_are_sent():
    old, new = (("reducing 7/30 ", "text"), ("==", "active")), (("reducing 8/30 ", "text"), ("==", "active"))
    assert changed_span(old, new) == (9, 10)
    assert changed_span(old, old) is None
    assert changed_span((("ab", "text"),), (("a", "text"), ("b", "text"))) is None
    assert changed_span((("ab", "text"),), (("ab", "dim"),)) == (0, 2)
    assert changed_span((("天ab", "text"),), (("天ac", "text"),)) == (0, 4)


# -- statuses


def test_no_two_statuses_look_alike_and_only_normal_is_green():
    assert set(STATUS_MARKS) == set(Status) == set(STATUS_WORDS)
    for field in ("shape", "letter"):
        assert len({getattr(mark, field) for mark in STATUS_MARKS.values()}) == len(Status)
    assert [status for status, mark in STATUS_MARKS.items() if mark.role == "good"] == [Status.NORMAL]
    assert all(mark.letter.isascii() and cells(mark.shape) == 1 for mark in STATUS_MARKS.values())


def test_every_palette_has_every_role():
    assert all(set(palette.inks) == set(ROLES) for palette in PALETTES.values())
    day = PALETTES["day"].inks
    assert [role for role in ROLES if day[role].color == day["good"].color] == ["good"]


def test_an_unknown_charset_is_refused():
    with pytest.raises(KeyError, match="known: auto, braille"):
        get_charset("sixel")
    assert get_charset("auto", "UTF-8").name == "braille"
    assert get_charset("auto", "ANSI_X3.4-1968").ascii


def test_the_c_locale_means_ascii_and_no_locale_what_python_says():
    assert locale_encoding({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, "utf-8") == "ascii"
    assert locale_encoding({"LANG": "POSIX"}, "utf-8") == "ascii"
    assert locale_encoding({"LANG": "C.UTF-8"}, "utf-8") == "utf-8"
    assert locale_encoding({}, "utf-8") == "utf-8"


def test_cells_without_a_record_have_the_status_of_their_camera():
    process = p.process()
    assert cell_status(process, "z8", "CHECK_SPECTRA") is Status.MISSING
    assert cell_reason(process, "z8", "CHECK_SPECTRA") == "not in the file"
    assert cell_status(process, "r9", "CHECK_CCDS") is Status.WAITING
    failed = p.camera("b0", Status.FAILED, (p.step("CHECK_CCDS", Status.FAILED, reason="no overscan"),))
    process = p.process(cameras={"b0": failed})
    assert cell_status(process, "b0", "CHECK_CCDS") is Status.FAILED
    assert cell_status(process, "b0", "CHECK_FIBERS") is Status.CANCELLED
    assert cell_status(process, "b1", "CHECK_CCDS") is Status.NOT_EXPECTED
    half = p.process(state="done", cameras={"b0": p.camera("b0", Status.NORMAL, p.good_steps()[:1])})
    assert cell_status(half, "b0", "CHECK_SPECTRA") is Status.NOT_CHECKED


def test_the_worst_cell_is_looked_at_first():
    assert worst_cell(p.process(), p.DESI) == ("b3", "CHECK_CCDS")
    assert worst_cell(p.good_process(), p.DESI) == ("b0", "CHECK_CCDS")


def test_a_good_cell_shows_a_quantity_before_what_was_not_checked():
    view = p.good_process().cameras["b0"].steps[0]
    assert first_judgement(view, p.DESI).metric == "NOISE_AMP"
    bad = replace(view, judgements=(p.NOISE, replace(p.BIAS, statuses=(Status.UNKNOWN,) * 4)))
    assert first_judgement(bad, p.DESI).metric == "BIAS_AMP"


# -- the grid


def science():
    return p.DESI.steps_for("SCIENCE")


def test_the_grid_of_the_design_fits_into_47_columns():
    layout = arrange_grid(p.DESI, science(), 47, 5)
    assert [block.step.name for block in layout.blocks] == ["CHECK_CCDS", "CHECK_FIBERS", "CHECK_SPECTRA"]
    lines = text_of(grid_lines(layout, p.process(), BRAILLE, 47, 5)).split("\n")
    assert lines[0].split() == ["CHECK", "CCDS", "CHECK", "FIBERS", "CHECK", "SPECTRA"]
    assert lines[1].split() == ["0123456789"] * 3
    assert lines[2].split() == ["b", "●●●✖●●●●●●", "●●●●●●●▲●●", "●●●●◐●●●●●"]
    assert lines[4].split()[1] == "●●●●●●●●∅·"


def test_in_ascii_the_grid_says_the_same_in_letters():
    layout = arrange_grid(p.DESI, science(), 47, 5)
    lines = text_of(grid_lines(layout, p.process(), ASCII, 47, 5)).split("\n")
    assert lines[2].split() == ["b", "oooAoooooo", "oooooooWoo", "oooo>ooooo"]


def test_steps_that_do_not_fit_are_paged_to_the_cursor():
    layout = arrange_grid(p.DESI, science(), 20, 5, "CHECK_SPECTRA")
    assert [block.step.name for block in layout.blocks] == ["CHECK_SPECTRA"]
    assert (layout.hidden_before, layout.hidden_after) == (2, 0)
    stacked = arrange_grid(p.DESI, science(), 20, 30)
    assert [block.row for block in stacked.blocks] == [0, 1, 2]


def test_an_imager_with_31_units_and_a_gap_is_drawn_too():
    steps = (StepDefinition("A", "DETREND", ("OBJECT",), ""), StepDefinition("B", "SOURCES", ("OBJECT",), ""))
    cameras = tuple(
        Camera(f"{arm}{unit}", arm, str(unit)) for arm in "NS" for unit in range(1, 32) if f"{arm}{unit}" != "S7"
    )
    imager = replace(p.DESI, cameras=cameras, steps=steps)
    layout = arrange_grid(imager, steps, 47, 11)
    assert layout.header_rows == 2
    assert len(layout.blocks) == 2
    process = p.process(cameras={item.name: p.camera(item.name, Status.WAITING, ()) for item in cameras})
    lines = text_of(grid_lines(layout, process, BRAILLE, 47, 11)).split("\n")
    assert lines[0].strip().startswith("1111111111222222222233")
    assert lines[2].count("·") == 31
    assert lines[2].rstrip().endswith("·  DETREND")
    assert lines[3].count("·") == 30
    assert lines[4].rstrip().endswith("·  SOURCES")
    assert layout.height == 6
    assert move(layout, Place("S6", "A"), 1, 0) == Place("S8", "A")
    assert move(layout, Place("N7", "A"), 0, 1) == Place("N7", "B")


def test_arrows_cross_from_step_to_step_and_stop_at_the_edge():
    layout = arrange_grid(p.DESI, science(), 47, 5)
    assert move(layout, Place("b9", "CHECK_CCDS"), 1, 0) == Place("b0", "CHECK_FIBERS")
    assert move(layout, Place("b0", "CHECK_FIBERS"), -1, 0) == Place("b9", "CHECK_CCDS")
    assert move(layout, Place("b0", "CHECK_CCDS"), -1, 0) == Place("b0", "CHECK_CCDS")
    assert move(layout, Place("z4", "CHECK_CCDS"), 0, 1) == Place("z4", "CHECK_CCDS")
    assert move(layout, Place("b4", "CHECK_CCDS"), 0, 1) == Place("r4", "CHECK_CCDS")


# -- one cell


def test_the_line_below_the_grid_names_the_bad_amplifier():
    line = plain(summary_line(p.process(), p.DESI, Place("b3", "CHECK_CCDS"), BRAILLE, 60))
    assert line == " b3 NOISE_AMP [e-]  A 3.00  B 3.10  C 25.10 ✖  D 2.90"
    short = plain(summary_line(p.process(), p.DESI, Place("b3", "CHECK_CCDS"), BRAILLE, 30))
    assert "C 25.10 ✖" in short
    assert plain(summary_line(p.process(), p.DESI, Place("z8", "CHECK_CCDS"), ASCII, 47)) == " z8 M not in the file"


def test_the_table_has_value_ranges_reference_origin_and_advice():
    lines = text_of(detail_lines(p.process(), p.DESI, Place("b3", "CHECK_CCDS"), BRAILLE, 80)).split("\n")
    row = next(line for line in lines if "25.10" in line)
    assert row.split() == ["✖", "C", "25.10", "2.10", "…", "4.10", "1.60", "…", "4.60", "3.10", "header"]
    text = "\n".join(lines)
    assert "Read noise [e-]" in text
    assert "What a bad Read noise means." in text
    assert "What to do about NOISE_AMP." in text
    assert all(cells(line) <= 80 for line in lines)


def test_a_value_that_is_none_keeps_its_reason():
    lines = text_of(detail_lines(p.good_process(), p.DESI, Place("b0", "CHECK_CCDS"), BRAILLE, 80))
    assert "no limit applies to this obstype" in lines
    assert "none" in lines
    assert "nan" not in lines.lower()


def test_ranges_say_which_side_is_open():
    inf = math.inf
    assert range_text((1.0, 2.0), ".1f") == "1.0 … 2.0"
    assert range_text((-inf, 2.0), ".1f") == "≤ 2.0"
    assert range_text((1.0, inf), ".1f") == "≥ 1.0"
    assert range_text((math.nan, math.nan), ".1f") == "–"
    assert range_text((-inf, inf), ".1f") == "any"


# -- verdict


def test_the_verdict_names_the_culprits_and_counts_the_rest():
    lines = text_of(verdict_lines(p.process(), BRAILLE, 32, 6)).split("\n")
    assert lines[0] == " ✖ ALARM  16 of 30 good"
    assert lines[1].startswith(" ✖ b3 C  noise 25.1 e-")
    assert len(lines) == 6
    few = text_of(verdict_lines(p.process(), BRAILLE, 32, 4))
    assert "and 3 more" in few
    assert "✖ b3 C" in few


def test_an_unfinished_exposure_is_never_called_good():
    verdict = Verdict(Status.NORMAL, "12 of 30 cameras good so far", (), 12, 30)
    line = verdict_lines(p.process(verdict=verdict), BRAILLE, 60, 6)[0]
    assert "REDUCING" in plain(line)
    assert all(role != "good" for _, role in line)
    done = verdict_lines(p.good_process(), BRAILLE, 60, 6)[0]
    assert ("● GOOD", "good") in done


# -- log, rules, commands


def test_log_lines_carry_time_mark_and_number_once():
    lines = p.log_lines(6)
    assert plain(log_line(lines[0], BRAILLE)).count("3579") == 1
    assert plain(log_line(lines[2], BRAILLE)).startswith(" 04:59:57 ✖ 3579 b3 CHECK CCDS ended")
    assert plain(log_line(lines[2], ASCII))[10:12] == "A "
    assert matches(lines[2], "b3 alarm")
    assert not matches(lines[0], "b3 alarm")


def test_the_pane_with_the_keys_has_a_heavier_rule():
    line = plain(rule_line([Heading(0, "Steps", focused=True), Heading(12, "Verdict")], 26, (), (11,)))
    assert line == "━━ Steps ━━┬── Verdict ───"
    for width in (0, 1, 4, 5, 6, 30):
        assert cells(plain(rule_line([Heading(0, "x" * 90)], width, (4,), ()))) == width


def test_palette_words_match_in_any_order():
    assert fuzzy_score("met tr", "trend: the next metric") > 0
    assert fuzzy_score("zebra", "trend: the next metric") == 0


# -- arrangement, neighbours, requests


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (100, 30), (120, 40), (176, 50), (200, 60)])
@pytest.mark.parametrize("options", [{}, {"detail": True}, {"expanded": "log"}, {"expanded": "grid"}])
def test_panes_cover_the_terminal_once(size, options):
    width, height = size
    grid = arrange_grid(p.DESI, science(), left_width(width), 1000).height
    boxes = arrange_monitor(width, height, grid, **options).boxes
    covered = [
        (x, y)
        for box in boxes.values()
        for x in range(box.x, box.x + box.width)
        for y in range(box.y, box.y + box.height)
    ]
    assert len(covered) == len(set(covered)) == width * height


def test_a_tiny_terminal_is_told_from_a_small_one():
    assert is_too_small(59, 24)
    assert is_too_small(80, 15)
    assert not is_too_small(60, 16)


def test_going_back_and_forth_ends_at_the_latest():
    first, last = p.good_process(), p.process()
    rows = (p.row(first), p.row(last))
    at_last = MonitorView(1, 20191001, p.engine(), last, (7,), rows)
    at_first = replace(at_last, process=first)
    assert neighbour(at_last, -1) == Step(6)
    assert neighbour(at_first, 1) == Step(None)
    assert neighbour(at_first, -1) == "this is the first of the night"
    assert neighbour(at_last, 1) == "this is the latest"


def test_what_can_be_reduced_again_leaves_out_what_is_missing():
    choices = reprocess_choices(p.process(), "b3")
    assert choices["a"] == ("all 30", ())
    assert choices["c"] == ("b3 alone", ("b3",))
    assert choices["b"][1] == ("b3", "b7")
    arguments = reprocess_arguments(p.process(), ("b3",))
    assert arguments == {"instrument": "desi", "night": 20191001, "expid": 3579, "cameras": ["b3"]}
