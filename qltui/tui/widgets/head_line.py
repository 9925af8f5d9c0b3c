"""The first line of a screen: its title, what it shows, and at the right what must not be overlooked."""

from __future__ import annotations

from collections.abc import Sequence

from qltui.tui.text import Line, beside, fit, line_width
from qltui.tui.widgets.lines import Lines

__all__ = ["HeadLine", "head_line"]


def head_line(title: str, words: Line, notes: Sequence[Line], width: int) -> Line:
    """Return title and words from the left and as many notes as fit at the right, the first ones first."""
    head: Line = ((f" {title}  ", "strong"), *words)
    right = beside(list(notes), max(0, min(width // 2, width - min(line_width(head), width // 2) - 2)))
    # Two blanks between both, also where the words are cut.
    room = width - line_width(right) - (3 if right else 1)
    return (*fit(head, room), *((("  ", ""),) if right else ()), *right, (" ", ""))


class HeadLine(Lines):
    """The first line; `show` gives it words."""

    def __init__(self) -> None:
        super().__init__(id="head")
        self._title = ""
        self._words: Line = ()
        self._notes: tuple[Line, ...] = ()

    def show(self, title: str, words: Line, notes: Sequence[Line]) -> None:
        """Show other words."""
        self._title, self._words, self._notes = title, words, tuple(notes)
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Return the line."""
        return [head_line(self._title, self._words, self._notes, width)]
