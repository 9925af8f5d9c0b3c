"""The choice of columns: a list in the lower part of the screen, space shows or hides one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qltui.tables.table import Column
from qltui.tui.prompt import TypingScreen
from qltui.tui.text import Line, clean
from qltui.tui.widgets.lines import Lines
from qltui.tui.widgets.rule import Heading, rule_line

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Key

__all__ = ["ColumnsScreen"]


class _Choices(Lines):
    """The columns, with a tick for each that is shown."""

    def __init__(self, screen: ColumnsScreen) -> None:
        super().__init__(classes="lower-part")
        self._screen = screen

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the columns around the cursor."""
        chooser = self._screen
        title = "Columns: space shows or hides, a all, d as proposed, enter keeps, esc takes back"
        lines: list[Line] = [rule_line([Heading(0, title, focused=True)], width)]
        room = max(1, height - 1)
        start = max(0, min(chooser.cursor - room // 2, len(chooser.columns) - room))
        for index, column in list(enumerate(chooser.columns))[start : start + room]:
            tick = ("x" if self.charset.ascii else "✔") if column.name in chooser.names else " "
            cursor = "+cursor" if index == chooser.cursor else ""
            words = f"{clean(column.heading):<24} {clean(column.doc)}"
            lines.append(((f" {tick} ", "key"), (f"{words:<{max(0, width - 4)}}", f"text{cursor}")))
        return lines


class ColumnsScreen(TypingScreen[list[str] | None]):
    """Asks which columns are shown; answers with their keys, with none for what the table proposes.

    Parameters
    ----------
    columns : sequence of Column
        All of the table.
    shown : sequence of str
        Keys of those that are shown now.
    """

    def __init__(self, columns: Sequence[Column], shown: Sequence[str]) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.names = set(shown)
        self.cursor = 0

    def compose(self) -> ComposeResult:
        """Put the list in the lower part."""
        yield _Choices(self)

    def take_key(self, event: Key) -> None:
        """Move, show or hide, keep or take back."""
        if event.key in ("escape", "ctrl+c") or event.character == "q":
            self.dismiss(None)
            return
        if event.key == "enter":
            self.dismiss([column.name for column in self.columns if column.name in self.names])
            return
        if event.character == "d":
            self.dismiss([])
            return
        if event.key in ("up", "down"):
            self.cursor = max(0, min(len(self.columns) - 1, self.cursor + (1 if event.key == "down" else -1)))
        elif event.key == "space":
            # One column has to stay: a table of none could not be opened again.
            changed = self.names ^ {self.columns[self.cursor].name}
            self.names = changed or self.names
        elif event.character == "a":
            self.names = {column.name for column in self.columns}
        self.show()
