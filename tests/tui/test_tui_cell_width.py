"""Columns are as wide as what is drawn in them, though it is not drawn to find out."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from qltui.model import Status
from qltui.tables.table import Column, Judged, Row, Styled, Table
from qltui.tui.symbols import CHARSETS
from qltui.tui.text import _NARROW, is_narrow, line_width
from qltui.tui.widgets.table_lines import cell_runs, cell_width, measure

VALUES = [
    *Status, None, "", "abc", "漢字", "a\x1b[2Jb\u200b", 0, 12.345, True, Judged(3.14159, Status.ALARM),
    Judged(None, Status.UNKNOWN), Judged("x", Status.NORMAL), Styled("", "dim"), Styled("words", "bad"),
]  # fmt: skip


@pytest.mark.parametrize("charset", CHARSETS.values(), ids=CHARSETS)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_cell_is_as_wide_as_it_is_drawn(value, charset):
    column = Column("a", "a", format=".2f" if not isinstance(value, Status) else "")
    assert cell_width(value, column) == line_width(cell_runs(value, column, charset))


def test_a_column_has_room_for_its_longest_value_and_its_heading():
    columns = (Column("a", "long heading"), Column("b", "b", unit="s"))
    table = Table("t", "T", columns, (Row(1, ("x", "twelve cells")), Row(2, ("yy", None))))
    assert measure(table) == [12, 12]
    assert measure(table, sorted_by="a") == [14, 12]
    assert measure(Table("t", "T", columns, ())) == [12, len(columns[1].heading)]


def test_characters_that_are_taken_for_narrow_are_narrow():
    assert all(cell_len(char) == 1 for char in _NARROW)
    assert is_narrow((("●▲✖∅", "good"), ("x é", "text")))
    assert not any(is_narrow(((text, "text"),)) for text in ("天", "e\u0301", "❤\ufe0f", "\u200b"))


@pytest.mark.parametrize("text", ["", "abc", "●▲", "天ab", "e\u0301x", "Ωθ", "日本 – ∅"])
def test_a_line_is_as_wide_as_its_runs(text):
    assert line_width(((text, "text"), ("ab", "dim"))) == cell_len(text) + 2
