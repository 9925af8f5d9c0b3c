"""The style sheet is parsed once for each set of colours."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.css.stylesheet import StylesheetParseError

from qltui.tui.stylesheet import SteadyStylesheet

CSS = "Lines { color: $ink; }"


def _sheet(css: str = CSS) -> SteadyStylesheet:
    sheet = SteadyStylesheet(variables={"ink": "#102030"})
    sheet.add_source(css, read_from=("one", ""))
    sheet.reparse()
    return sheet


def test_the_same_colours_keep_the_rules():
    sheet = _sheet()
    (rule,) = sheet.rules
    sheet.set_variables({"ink": "#102030"})
    sheet.reparse()
    assert sheet.rules[0] is rule


def test_other_colours_make_other_rules():
    sheet = _sheet()
    sheet.set_variables({"ink": "#ff0000"})
    sheet.reparse()
    assert sheet.rules[0].styles.color == Color.parse("#ff0000")


def test_a_source_that_comes_later_is_parsed():
    sheet = _sheet()
    sheet.add_source("Rule { height: 3; }", read_from=("two", ""))
    sheet.reparse()
    assert [rule.selectors for rule in sheet.rules] == ["Lines", "Rule"]


def test_a_wrong_source_leaves_the_rules_as_they_were():
    sheet = _sheet()
    before = sheet.rules
    sheet.add_source("Rule { height: blue; }", read_from=("two", ""))
    with pytest.raises(StylesheetParseError):
        sheet.reparse()
    assert sheet._rules == before
