"""The one way in which panes reach the screen: lines of text, of which only the cells that changed are sent.

Textual repaints regions, not cells. Over a slow line that is the difference between 70 bytes and 4 kB a second, so
a pane compares its new lines with those on the screen and asks for exactly the cells that differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from qltui.tui.text import Line, cells, fit, line_width, plain, to_ascii
from qltui.tui.themes import PALETTES, style_of

if TYPE_CHECKING:
    from textual.events import Resize

__all__ = ["Lines", "changed_span"]


def _cells_of(line: Line) -> list[tuple[str, str]]:
    return [(char, role) for text, role in line for char in text]


def _has_wide(line: Line) -> bool:
    return any(cells(text) != len(text) for text, _ in line)


def changed_span(old: Line, new: Line) -> tuple[int, int] | None:
    """Return the first column that differs and the one after the last, or None where nothing does.

    Where a character is wider than a cell, or the widths differ, the whole line counts as changed.
    """
    if old == new:
        return None
    if _has_wide(old) or _has_wide(new) or line_width(old) != line_width(new):
        return 0, max(line_width(old), line_width(new))
    pairs = zip(_cells_of(old), _cells_of(new), strict=True)
    differing = [column for column, (before, after) in enumerate(pairs) if before != after]
    return (differing[0], differing[-1] + 1) if differing else None


class Lines(Widget):
    """A pane that shows lines. Subclasses draw in `draw`, and call `redraw` when what they show has changed."""

    DEFAULT_CSS = """
    Lines { width: 1fr; height: 1fr; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._lines: list[Line] = []
        self._ground_of = ""
        self._ground_style = Style.null()

    # -- for subclasses ----------------------------------------------------------------------------------------

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return what the pane shows in this many cells; missing rows are blank."""
        raise NotImplementedError

    @property
    def charset(self):
        """The characters that the terminal can show."""
        return self.app.charset

    # -- drawing -----------------------------------------------------------------------------------------------

    def redraw(self) -> None:
        """Draw again and send the cells that differ."""
        width, height = self.size
        if not self.is_mounted or width <= 0 or height <= 0:
            return
        old, self._lines = self._lines, self._fitted(width, height)
        if len(old) != len(self._lines):
            self.refresh()
            return
        regions = []
        for row, (before, after) in enumerate(zip(old, self._lines, strict=True)):
            span = changed_span(before, after)
            if span is not None:
                start, end = span
                regions.append(Region(start, row, end - start, 1))
        if regions:
            self.refresh(*regions)

    def _fitted(self, width: int, height: int) -> list[Line]:
        lines = [fit(line, width) for line in list(self.draw(width, height))[:height]]
        lines += [((" " * width, ""),)] * (height - len(lines))
        if self.charset.ascii:
            lines = [tuple((to_ascii(text), role) for text, role in line) for line in lines]
        return lines

    def on_resize(self, _event: Resize) -> None:
        """Draw for the new size."""
        width, height = self.size
        self._lines = self._fitted(width, height) if width > 0 and height > 0 else []
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one row as Textual wants it."""
        width = self.size.width
        theme = self.app.theme if self.app.theme in PALETTES else "mono"
        base = self._ground(theme)
        if y >= len(self._lines):
            return Strip.blank(width, base)
        segments = [Segment(text, base + style_of(theme, role)) for text, role in self._lines[y]]
        return Strip(segments, width)

    def _ground(self, theme: str) -> Style:
        """Return the style on which a theme draws; Textual works it out anew for every row, at half the cost of all."""
        if self._ground_of != theme:
            self._ground_of, self._ground_style = theme, self.rich_style
        return self._ground_style

    @property
    def text(self) -> str:
        """What the pane shows, for tests and for copying."""
        return "\n".join(plain(line).rstrip() for line in self._lines)
