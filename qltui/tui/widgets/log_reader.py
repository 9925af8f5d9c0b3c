"""Reads the log: newest first, a cursor, and as many lines as one cares to page back to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.binding import Binding
from textual.message import Message

from qltui.store.log_pages import LogPage, LogRow
from qltui.tables.log import log_table
from qltui.tui.log_lines import drawn_row, has_words
from qltui.tui.text import Line
from qltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.binding import BindingType
    from textual.events import Click

__all__ = ["LogReader"]

MOST: Final = 5000
"""Lines in memory: what is further away is read again."""

_NEAR: Final = 50
"""So many lines from an end more are read."""


class LogReader(Lines, can_focus=True):
    """Shows a piece of the log; `Wanted` asks for the pieces beyond it."""

    BINDINGS: list[BindingType] = [  # noqa: RUF012  (Textual's declaration)
        Binding("up,k", "move(-1)", "newer", id="reader.up", show=False),
        Binding("down,j", "move(1)", "older", id="reader.down", show=False),
        Binding("pageup", "page(-1)", "newer page", id="reader.page-up", show=False),
        Binding("pagedown", "page(1)", "older page", id="reader.page-down", show=False),
        Binding("end", "move(1000000000)", "oldest read", id="reader.last", show=False),
        Binding("enter", "choose", "open", id="reader.open", tooltip="open the exposure that this line is about"),
    ]

    class Wanted(Message):
        """Lines older (by < 0) or newer than those that were read are wanted."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class Moved(Message):
        """The cursor is on another line."""

    class Filtered(Message):
        """Only lines with these words are wanted."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    class Chosen(Message):
        """Enter was pressed on a line."""

        def __init__(self, row: LogRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._rows: list[LogRow] = []  # newest first, as they are drawn
        self._index = 0
        self._top = 0
        self.begins = self.ends = True
        self.search = ""
        self.words = ""
        self.wrapped = False
        self.empty = "nothing was logged yet"
        self.name_of_file = "log"

    # -- what is shown -----------------------------------------------------------------------------------------

    def replace(self, page: LogPage, at: int | None = None) -> None:
        """Show another piece of the log, the cursor on the line `at` or on the newest."""
        self._rows = list(reversed(page.rows))
        self.begins, self.ends = page.begins, page.ends
        self._top = self._index = 0
        if at is not None:
            self._index = next((index for index, row in enumerate(self._rows) if row.number == at), 0)
        self.redraw()
        self.post_message(self.Moved())

    def add_newer(self, page: LogPage) -> None:
        """Add lines that came after those that are shown; who reads further down sees no line move."""
        new = [row for row in reversed(page.rows) if not self._rows or row.number > self._rows[0].number]
        self._rows = new + self._rows
        if self._index or self._top:
            self._index += len(new)
            self._top += len(new)
        self.ends = page.ends
        if len(self._rows) > MOST and self._index < MOST - _NEAR:
            self._rows, self.begins = self._rows[:MOST], False
        self.redraw()

    def add_older(self, page: LogPage) -> None:
        """Add lines that come before those that are shown."""
        last = self._rows[-1].number if self._rows else None
        self._rows += [row for row in reversed(page.rows) if last is None or row.number < last]
        self.begins = page.begins
        spare = min(len(self._rows) - MOST, self._top)
        if spare > 0:
            self._rows, self.ends = self._rows[spare:], False
            self._index, self._top = self._index - spare, self._top - spare
        self.redraw()

    @property
    def rows(self) -> tuple[LogRow, ...]:
        """The lines that were read, oldest first."""
        return tuple(reversed(self._rows))

    @property
    def current(self) -> LogRow | None:
        """The line under the cursor."""
        return self._rows[self._index] if 0 <= self._index < len(self._rows) else None

    def set_filter(self, words: str) -> None:
        """Ask for the lines with these words alone; those that were read may be too few."""
        self.words = words
        self.post_message(self.Filtered(words))

    def go_to_match(self, by: int) -> bool:
        """Go to the next older (by < 0) or newer line with the words that are looked for; return whether there is one.

        Only lines that were read are looked at.
        """
        places = range(self._index + 1, len(self._rows)) if by < 0 else range(self._index - 1, -1, -1)
        for index in places:
            if has_words(self._rows[index], self.search):
                self.action_move(index - self._index)
                return True
        return False

    # -- drawing -----------------------------------------------------------------------------------------------

    def _drawn(self, index: int, width: int) -> list[Line]:
        return drawn_row(
            self._rows[index],
            width,
            self.charset,
            search=self.search,
            current=index == self._index,
            wrapped=self.wrapped,
        )

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the lines around the cursor."""
        if not self._rows:
            return [((f" {self.empty}", "dim"),)]
        self._top = max(0, min(self._top, self._index))
        # From the cursor upwards: so far down the first line may be that the cursor is still seen.
        room, first = height - len(self._drawn(self._index, width)), self._index
        while first > self._top and room >= (size := len(self._drawn(first - 1, width))):
            room, first = room - size, first - 1
        self._top = first
        lines: list[Line] = []
        index = self._top
        while index < len(self._rows) and len(lines) < height:
            lines += self._drawn(index, width)
            index += 1
        if index >= len(self._rows) and len(lines) < height and self.begins:
            lines.append(((" the log begins here", "dim"),))
        return lines

    # -- keys --------------------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Move the cursor by lines; near the end of what was read, more is wanted."""
        if not self._rows:
            return
        self._index = max(0, min(len(self._rows) - 1, self._index + by))
        self.redraw()
        self.post_message(self.Moved())
        if by > 0 and not self.begins and self._index >= len(self._rows) - _NEAR:
            self.post_message(self.Wanted(-1))
        elif by < 0 and not self.ends and self._index < _NEAR:
            self.post_message(self.Wanted(1))

    def action_page(self, by: int) -> None:
        """Move the cursor by a page."""
        self.action_move(by * max(1, self.size.height - 1))

    def action_choose(self) -> None:
        """Open the exposure that the line is about."""
        if self.current is not None:
            self.post_message(self.Chosen(self.current))

    def on_click(self, event: Click) -> None:
        """Put the cursor where the mouse is."""
        row, index = event.y, self._top
        while index < len(self._rows):
            row -= len(self._drawn(index, self.size.width))
            if row < 0:
                self.action_move(index - self._index)
                return
            index += 1

    def save(self, directory: Path) -> Path:
        """Write the lines that were read to a text file and return its name."""
        from qltui.tables.writers import write_table

        return write_table(log_table(self.rows), directory / f"{self.name_of_file}.txt")
