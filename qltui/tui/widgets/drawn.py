"""A pane that shows what a pure function draws: facts, sentences, a short list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.binding import Binding

from qltui.tui.symbols import Charset
from qltui.tui.text import Line, plain
from qltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from pathlib import Path

    from textual.binding import BindingType

__all__ = ["Draw", "Drawn", "ScrolledDrawn"]

Draw = Callable[[int, Charset], Sequence[Line]]
"""Width in cells and what the terminal can show, to lines; there may be more of them than fit."""


class Drawn(Lines):
    """Shows the lines of a function; `show` gives it another one.

    Parameters
    ----------
    id : str
        Of the widget.
    draw_lines : callable
        What is shown first.
    """

    def __init__(self, *, id: str, draw_lines: Draw = lambda _width, _charset: ()) -> None:  # noqa: A002
        super().__init__(id=id)
        self._draw_lines = draw_lines

    def show(self, draw_lines: Draw) -> None:
        """Show what this function draws."""
        self._draw_lines = draw_lines
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the lines; where there are more than fit, the last one says so."""
        lines = list(self._draw_lines(width, self.charset))
        if len(lines) > height > 1:
            lines = [*lines[: height - 1], ((f" {len(lines) - height + 1} more lines: e expands", "dim"),)]
        return lines


class ScrolledDrawn(Drawn, can_focus=True):
    """The same with keys to scroll, and `save` for what it says."""

    BINDINGS: list[BindingType] = [  # noqa: RUF012  (Textual's declaration)
        Binding("up,k", "scroll_by(-1)", "up", id="drawn.up", show=False),
        Binding("down,j", "scroll_by(1)", "down", id="drawn.down", show=False),
        Binding("pageup", "scroll_by(-10)", "page up", id="drawn.page-up", show=False),
        Binding("pagedown", "scroll_by(10)", "page down", id="drawn.page-down", show=False),
        Binding("home", "scroll_by(-100000)", "top", id="drawn.top", show=False),
    ]

    def __init__(self, *, id: str, draw_lines: Draw = lambda _width, _charset: ()) -> None:  # noqa: A002
        super().__init__(id=id, draw_lines=draw_lines)
        self._offset = 0

    def show(self, draw_lines: Draw) -> None:
        """Show what this function draws, from its beginning."""
        self._offset = 0
        super().show(draw_lines)

    def action_scroll_by(self, rows: int) -> None:
        """Scroll."""
        self._offset = max(0, self._offset + rows)
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the part that the pane is scrolled to; what is below is counted in the last line."""
        lines = list(self._draw_lines(width, self.charset))
        self._offset = max(0, min(self._offset, len(lines) - height))
        shown = lines[self._offset : self._offset + height]
        below = len(lines) - self._offset - len(shown)
        if below > 0 and len(shown) > 1:
            shown[-1] = ((f" {below + 1} more lines below", "dim"),)
        return shown

    def save(self, directory: Path) -> Path:
        """Write all lines, as wide as a page, to a text file and return its name."""
        from qltui.tables.writers import write_text

        text = "\n".join(plain(line).rstrip() for line in self._draw_lines(100, self.charset))
        return write_text(text.rstrip() + "\n", directory / f"{self.id}.txt")
