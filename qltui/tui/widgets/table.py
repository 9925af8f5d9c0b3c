"""A table with a cursor: order, filter, columns, ticks. Draws the rows that are seen, however many there are."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.binding import Binding
from textual.message import Message

from qltui.tables.filtering import FilterError, filter_table
from qltui.tables.table import Row, Table
from qltui.tables.wording import table_for
from qltui.tui.columns import ColumnsScreen
from qltui.tui.text import Line, clean
from qltui.tui.widgets.lines import Lines
from qltui.tui.widgets.table_lines import heading_line, measure, row_line, visible_columns

if TYPE_CHECKING:
    from textual.binding import BindingType
    from textual.events import Click, MouseScrollDown, MouseScrollUp

__all__ = ["TableView"]


@dataclass(frozen=True, slots=True)
class _Order:
    """By which column, and which way round."""

    column: str = ""
    reverse: bool = False


class TableView(Lines, can_focus=True):
    """Shows a `Table`; `show` gives it another one, and the cursor stays on its row by its key.

    Parameters
    ----------
    id : str
        Of the widget.
    empty : str
        What is said where there are no rows.
    ticks : bool
        Whether rows can be ticked.
    """

    BINDINGS: list[BindingType] = [  # noqa: RUF012  (Textual's declaration)
        Binding("up,k", "move(-1)", "up", id="table.up", show=False),
        Binding("down,j", "move(1)", "down", id="table.down", show=False),
        Binding("pageup", "move(-10)", "page up", id="table.page-up", show=False),
        Binding("pagedown", "move(10)", "page down", id="table.page-down", show=False),
        Binding("home", "move(-1000000000)", "first", id="table.first", show=False),
        Binding("end", "move(1000000000)", "last", id="table.last", show=False),
        Binding("left", "column(-1)", "column left", id="table.left", show=False),
        Binding("right", "column(1)", "column right", id="table.right", show=False),
        Binding("enter", "choose", "open", id="table.open", tooltip="open the row under the cursor"),
        Binding("o", "order", "order", id="table.order", tooltip="order by the column of the cursor; again: reverse"),
        Binding("K", "columns", "columns", id="table.columns", tooltip="choose which columns are shown"),
        Binding("space", "tick", "tick", id="table.tick", tooltip="tick the row under the cursor"),
        Binding("A", "tick_all", "tick all", id="table.tick-all", tooltip="tick all rows that are shown, or none"),
    ]

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, view: TableView, key: Hashable) -> None:
            super().__init__()
            self.view, self.key = view, key

        @property
        def control(self) -> TableView:
            """The table."""
            return self.view

    class Chosen(Message):
        """Enter was pressed on a row."""

        def __init__(self, view: TableView, key: Hashable) -> None:
            super().__init__()
            self.view, self.key = view, key

        @property
        def control(self) -> TableView:
            """The table."""
            return self.view

    class Ticked(Message):
        """Other rows are ticked."""

        def __init__(self, view: TableView) -> None:
            super().__init__()
            self.view = view

        @property
        def control(self) -> TableView:
            """The table."""
            return self.view

    def __init__(self, *, id: str, empty: str = "nothing here yet", ticks: bool = False) -> None:  # noqa: A002
        super().__init__(id=id)
        self._empty = empty
        self._can_tick = ticks
        self.table: Table | None = None
        self._seen: Table | None = None
        self._widths: list[int] = []
        self._row = 0
        self._column = 0
        self._first_column = 1
        self._first_row = 0
        self._order = _Order()
        self.words = ""
        self.fault = ""
        self.ticked: set[Hashable] = set()

    # -- what is shown -----------------------------------------------------------------------------------------

    def show(self, table: Table, at: Hashable | None = None) -> None:
        """Show another table, with the cursor on the row with the key `at`, if there is one, or where it was.

        Order and columns are those that were chosen for tables of this name.
        """
        table = table_for(table, self.app.instrument)
        if self.table is None or self.table.name != table.name:
            self._recall(table)
        key = self.cursor_key
        self.table = table
        self.ticked &= {row.key for row in table.rows}
        self._prepare(at, key)

    def set_filter(self, words: str) -> None:
        """Show only the rows that these words allow; see `qltui.tables.filtering`."""
        self.words = words
        self._prepare(self.cursor_key)

    def keep_filter(self) -> None:
        """Keep the words for the next table of this name, and for the next run."""
        if self.table is not None:
            self.app.memory.set(self._key("filter"), self.words or None)

    def set_order(self, column: str, *, reverse: bool = False) -> None:
        """Order by a column, or with an empty name as the table came."""
        self._order = _Order(column, reverse)
        self._prepare(self.cursor_key)

    @property
    def seen(self) -> Table | None:
        """The table as it is seen: filtered, ordered, with the chosen columns."""
        return self._seen

    @property
    def cursor_key(self) -> Hashable | None:
        """Key of the row under the cursor; None where there is none."""
        row = self.cursor_row
        return row.key if row is not None else None

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor, with the values that are seen."""
        rows = self._seen.rows if self._seen is not None else ()
        return rows[self._row] if 0 <= self._row < len(rows) else None

    @property
    def cursor_column(self) -> str:
        """Key of the column of the cursor."""
        columns = self._seen.columns if self._seen is not None else ()
        return columns[self._column].name if 0 <= self._column < len(columns) else ""

    @property
    def summary(self) -> str:
        """How many rows are seen, of how many, and why: for the heading."""
        if self.table is None:
            return ""
        total, seen = len(self.table.rows), len(self._seen.rows) if self._seen is not None else 0
        parts = [f"{seen} of {total}" if seen != total else f"{total}"]
        if self.words:
            parts.append(f"/{clean(self.words)}")
        if self.fault:
            parts.append(clean(self.fault))
        if self.ticked:
            parts.append(f"{len(self.ticked)} ticked")
        return "  ".join(parts)

    def move_to(self, key: Hashable) -> bool:
        """Put the cursor on the row with this key; return whether there is one."""
        for index, row in enumerate(self._seen.rows if self._seen is not None else ()):
            if row.key == key:
                self._row = index
                self.redraw()
                return True
        return False

    def _key(self, what: str) -> str:
        return f"table.{self.table.name if self.table is not None else ''}.{what}"

    def _recall(self, table: Table) -> None:
        memory = self.app.memory
        order: list[Any] = memory.get(f"table.{table.name}.order", [])
        known = {column.name for column in table.columns}
        valid = len(order) == 2 and order[0] in known and isinstance(order[1], bool)
        self._order = _Order(*order) if valid else _Order()
        self.words = memory.get(f"table.{table.name}.filter", self.words)

    def shown_columns(self, table: Table) -> list[str]:
        """Return the keys of the columns that are shown: as chosen, or as the table proposes."""
        chosen = self.app.memory.get(f"table.{table.name}.columns", [])
        names = [column.name for column in table.columns if column.name in chosen]
        return names or [column.name for column in table.columns if column.shown] or [table.columns[0].name]

    def _prepare(self, *keys: Hashable | None) -> None:
        """Filter, order and measure, and put the cursor on the row with the first of these keys that there is."""
        table = self.table
        if table is None:
            return
        try:
            seen, self.fault = filter_table(table, self.words), ""
        except FilterError as error:
            seen, self.fault = table, str(error)
        if self._order.column in {column.name for column in table.columns}:
            seen = seen.sorted(self._order.column, reverse=self._order.reverse)
        self._seen = seen.select(self.shown_columns(table))
        self._widths = measure(self._seen, sorted_by=self._order.column)
        rows = self._seen.rows
        wanted = [key for key in keys if key is not None]
        places = {row.key: index for index, row in reversed(list(enumerate(rows)))} if wanted else {}
        found = next((places[key] for key in wanted if key in places), self._row)
        self._row = max(0, min(found, len(rows) - 1))
        self._column = max(0, min(self._column, len(self._seen.columns) - 1))
        self.redraw()

    # -- drawing -----------------------------------------------------------------------------------------------

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return heading and the rows around the cursor; the note of the table stands below the last one."""
        seen = self._seen
        if seen is None or not seen.columns:
            return [((f" {self._empty}", "dim"),)]
        gutter = 2 if self._can_tick else 1
        layout, self._first_column = visible_columns(
            self._widths, width, self._column, self._first_column, gutter=gutter
        )
        order = {"cursor": self._column if self.has_focus else -1, "sorted_by": self._order.column}
        lines = [heading_line(seen, layout, reverse=self._order.reverse, gutter=gutter, width=width, **order)]
        if not seen.rows:
            words = clean(seen.note) or self._empty
            if self.words:
                words = f"no row with {clean(self.words)}: / changes the filter"
            return [*lines, ((f" {words}", "dim"),)]
        room = max(1, height - 1)
        self._first_row = self._first_shown(room, len(seen.rows))
        for index in range(self._first_row, min(len(seen.rows), self._first_row + room)):
            row = seen.rows[index]
            marks = {"under_cursor": index == self._row, "ticked": row.key in self.ticked}
            lines.append(row_line(row, seen, layout, self.charset, gutter=gutter, width=width, **marks))
        if seen.note and len(lines) < height:
            lines.append(((f" {clean(seen.note)}", "dim"),))
        return lines

    def _first_shown(self, room: int, count: int) -> int:
        """Return the first row that is drawn: it moves only as far as the cursor needs."""
        first = max(0, min(self._first_row, count - room))
        return min(max(first, self._row - room + 1), self._row)

    # -- keys --------------------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""
        count = len(self._seen.rows) if self._seen is not None else 0
        row = max(0, min(count - 1, self._row + by))
        if count and row != self._row:
            self._row = row
            self.redraw()
            self.post_message(self.Moved(self, self.cursor_key))

    def action_column(self, by: int) -> None:
        """Move the cursor by columns."""
        if self._seen is not None:
            self._column = max(0, min(len(self._seen.columns) - 1, self._column + by))
            self.redraw()

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self.cursor_row is not None:
            self.post_message(self.Chosen(self, self.cursor_key))

    def action_order(self) -> None:
        """Order by the column of the cursor, then the other way round, then as the table came."""
        name = self.cursor_column
        if not name:
            return
        if self._order.column != name:
            order = _Order(name)
        elif not self._order.reverse:
            order = replace(self._order, reverse=True)
        else:
            order = _Order()
        self.app.memory.set(self._key("order"), [order.column, order.reverse] if order.column else None)
        self.set_order(order.column, reverse=order.reverse)

    def action_columns(self) -> None:
        """Choose which columns are shown."""
        table = self.table
        if table is None:
            return

        def chosen(names: list[str] | None) -> None:
            if names is not None:
                self.app.memory.set(self._key("columns"), names or None)
                self._prepare(self.cursor_key)

        self.app.push_screen(ColumnsScreen(table.columns, self.shown_columns(table)), chosen)

    def action_tick(self) -> None:
        """Tick the row under the cursor, and go on to the next."""
        key = self.cursor_key
        if not self._can_tick or key is None:
            return
        self.ticked ^= {key}
        self.action_move(1)
        self.redraw()
        self.post_message(self.Ticked(self))

    def action_tick_all(self) -> None:
        """Tick all rows that are seen, or none of them where all are."""
        if not self._can_tick or self._seen is None:
            return
        keys = {row.key for row in self._seen.rows}
        self.ticked = self.ticked - keys if keys <= self.ticked else self.ticked | keys
        self.redraw()
        self.post_message(self.Ticked(self))

    def on_click(self, event: Click) -> None:
        """Put the cursor where the mouse is; a click on the row that has it opens the row."""
        row = self._first_row + event.y - 1
        if self._seen is None or event.y < 1 or row >= len(self._seen.rows):
            return
        if row == self._row:
            self.action_choose()
        else:
            self.action_move(row - self._row)

    def on_mouse_scroll_down(self, _event: MouseScrollDown) -> None:
        """Go down with the wheel."""
        self.action_move(3)

    def on_mouse_scroll_up(self, _event: MouseScrollUp) -> None:
        """Go up with the wheel."""
        self.action_move(-3)

    def on_focus(self) -> None:
        """Mark the column that the keys are in."""
        self.redraw()

    def on_blur(self) -> None:
        """Mark no column any more."""
        self.redraw()

    def save(self, directory: Path) -> Path:
        """Write what is seen, with all columns, to a CSV file and return its name."""
        from qltui.tables.writers import write_table

        table = self.table
        if table is None:
            msg = "there is no table yet"
            raise ValueError(msg)
        rows = filter_table(table, "" if self.fault else self.words)
        if self._order.column:
            rows = rows.sorted(self._order.column, reverse=self._order.reverse)
        return write_table(rows, directory / f"{file_stem(table.title)}.csv")


def file_stem(title: str) -> str:
    """Return a title as the name of a file: letters, digits and dashes alone."""
    kept = "".join(char if char.isascii() and char.isalnum() else "-" for char in title.lower())
    return "-".join(part for part in kept.split("-") if part)[:80] or "table"
