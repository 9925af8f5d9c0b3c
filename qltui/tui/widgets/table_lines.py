"""A table as lines: which columns fit, how wide they are, and what each cell looks like. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qltui.model import Status
from qltui.tables.table import Column, Judged, Row, Styled, Table, Value, format_value
from qltui.tui.symbols import STATUS_MARKS, STATUS_WORDS, Charset
from qltui.tui.text import Line, cells, clean, fit, line_width

__all__ = ["Layout", "cell_runs", "cell_width", "heading_line", "measure", "row_line", "visible_columns"]

_WIDEST = 40
"""A column is not wider than this; what is longer is cut and marked as cut."""

_GAP = 2


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns are seen: indices into the table, and their widths."""

    columns: tuple[int, ...]
    widths: tuple[int, ...]
    more_left: bool = False
    more_right: bool = False


def cell_runs(value: Value, column: Column, charset: Charset) -> Line:
    """Return one cell: a status as shape and word, a judged value in its colour with its shape behind it."""
    if isinstance(value, Status):
        mark = STATUS_MARKS[value]
        return ((f"{charset.mark(value)} ", mark.role), (STATUS_WORDS[value][0].lower(), mark.role))
    text = clean(format_value(value, column))
    if isinstance(value, Judged):
        role = STATUS_MARKS[value.status].role
        shape = charset.mark(value.status)
        if not text:
            return ((shape, role),)
        return ((text, role), (f" {shape}", role))
    if isinstance(value, Styled):
        return ((text, value.role),)
    return ((text, "text"),) if text else (("–", "dim"),)


def cell_width(value: Value, column: Column) -> int:
    """Return how wide `cell_runs` will be, without making it: all rows are measured, a few are drawn."""
    if type(value) is str and value and value.isascii() and value.isprintable():
        # First, because nearly all cells are such, and a page has thousands.
        return len(value)
    if value is None:
        return 1
    if isinstance(value, Status):
        return 2 + cells(STATUS_WORDS[value][0])
    size = cells(clean(format_value(value, column)))
    if isinstance(value, Judged):
        return size + 2 if size else 1
    return size if size or isinstance(value, Styled) else 1


def measure(table: Table, *, sorted_by: str = "") -> list[int]:
    """Return how wide each column wants to be."""
    widths = []
    for place, column in enumerate(table.columns):
        longest = max([cell_width(row.values[place], column) for row in table.rows], default=0)
        # The arrow of the order has its place from the start, so that nothing moves when it comes.
        widths.append(min(_WIDEST, max(longest, cells(column.heading) + (2 if column.name == sorted_by else 0))))
    return widths


def visible_columns(widths: Sequence[int], width: int, cursor: int, first: int, *, gutter: int) -> tuple[Layout, int]:
    """Return which columns are drawn in `width` cells, and the first one behind the fixed one.

    The first column of all stays where it is; `first` is moved just so far that the one under the cursor is whole.
    """
    if not widths:
        return Layout((), ()), 1
    room = width - gutter - widths[0]
    first = max(1, min(first, cursor if cursor >= 1 else 1))
    while True:
        used, shown = 0, []
        for place in range(first, len(widths)):
            need = _GAP + widths[place]
            if used + need > room and shown:
                break
            shown.append(place)
            used += need
        if cursor < 1 or cursor in shown or first >= cursor:
            break
        first += 1
    places = (0, *shown)
    layout = Layout(
        places, tuple(widths[place] for place in places), first > 1, bool(shown) and shown[-1] < len(widths) - 1
    )
    return layout, first


def _place(runs: Line, width: int, align: str) -> Line:
    used = line_width(runs)
    if used > width:
        return fit(runs, width)
    blanks = (" " * (width - used), "")
    return (blanks, *runs) if align == ">" else (*runs, blanks)


def heading_line(
    table: Table, layout: Layout, *, cursor: int, sorted_by: str, reverse: bool, gutter: int, width: int
) -> Line:
    """Return the line of the headings: the column of the keys is marked, the order has an arrow."""
    line: Line = ((" " * gutter, ""),)
    for number, (place, across) in enumerate(zip(layout.columns, layout.widths, strict=True)):
        column = table.columns[place]
        arrow = f" {'↓' if reverse else '↑'}" if column.name == sorted_by else ""
        role = "focus" if place == cursor else "title"
        line = (
            *line,
            *(((" " * _GAP, ""),) if number else ()),
            *_place(((column.heading + arrow, role),), across, column.align),
        )
    if layout.more_right and line_width(line) < width:
        line = (*fit(line, width - 1), ("›", "dim"))
    return line


def row_line(
    row: Row,
    table: Table,
    layout: Layout,
    charset: Charset,
    *,
    under_cursor: bool,
    ticked: bool,
    gutter: int,
    width: int,
) -> Line:
    """Return one row; under the cursor all of it is marked."""
    tick = "x" if charset.ascii else "✔"
    line: Line = ((f"{tick if ticked else ' '} " if gutter > 1 else " " * gutter, "key"),)
    for number, (place, across) in enumerate(zip(layout.columns, layout.widths, strict=True)):
        column = table.columns[place]
        runs = _place(cell_runs(row.values[place], column, charset), across, column.align)
        line = (*line, *(((" " * _GAP, ""),) if number else ()), *runs)
    line = fit(line, width)
    return tuple((text, f"{role}+cursor") for text, role in line) if under_cursor else line
