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

from qltui.tui.text import Line, fit, is_narrow, line_width, plain, to_ascii
from qltui.tui.themes import PALETTES, style_of

if TYPE_CHECKING:
    from textual.events import Resize

__all__ = ["Lines", "changed_span"]


def _cells_of(line: Line) -> list[tuple[str, str]]:
    return [(char, role) for text, role in line for char in text]


def changed_span(old: Line, new: Line) -> tuple[int, int] | None:
    """Return the first column that differs and the one after the last, or None where nothing does.

    Where a character may be wider than a cell, or the widths differ, the whole line counts as changed.
    """
    if old == new:
        return None
    if not (is_narrow(old) and is_narrow(new)) or line_width(old) != line_width(new):
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
        self._made: dict[int, tuple[Line, Strip]] = {}
        self._inked: tuple[str, int] = ("", 0)
        self._ground = Style.null()
        self._styles_of: dict[str, Style] = {}

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
            if span is None:
                # The same row as before, so that what has been made of it is found again.
                self._lines[row] = before
            else:
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

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the rows of a part as Textual wants them.

        Textual would look up borders, outline and padding for every row. A pane of lines has none of these, and its
        rows stay as they are until their text or the theme changes.
        """
        width = self._prepare_ink()
        rows = [self._strip_of(row, width) for row in crop.line_range]
        filters = self.get_line_filters()
        if filters:
            _, background = self.background_colors
            for line_filter in filters:
                rows = [row.apply_filter(line_filter, background) for row in rows]
        if crop.column_span != (0, width):
            rows = [row.crop(*crop.column_span) for row in rows]
        return rows

    def render_line(self, y: int) -> Strip:
        """Return one row as Textual wants it."""
        return self._strip_of(y, self._prepare_ink())

    def _prepare_ink(self) -> int:
        """Look up theme and width, which for every row anew would cost as much as the rows; return the width."""
        width, theme = self.size.width, self.app.theme
        self._ink(theme if theme in PALETTES else "mono", width)
        return width

    def _strip_of(self, y: int, width: int) -> Strip:
        if y >= len(self._lines):
            return Strip.blank(width, self._ground)
        line = self._lines[y]
        before, strip = self._made.get(y, ((), None))
        if strip is None or before is not line:
            strip = Strip([Segment(text, self._style(role)) for text, role in line], width)
            self._made[y] = line, strip
        return strip

    def _ink(self, theme: str, width: int) -> None:
        """Draw in the colours of this theme and in so many cells; what was drawn otherwise is dropped."""
        if self._inked == (theme, width):
            return
        if self._inked[0] != theme:
            # Textual works its own out anew for every row, at half the cost of all.
            self._ground = self.rich_style
            self._styles_of.clear()
        self._inked = theme, width
        self._made.clear()

    def _style(self, role: str) -> Style:
        style = self._styles_of.get(role)
        if style is None:
            style = self._styles_of[role] = self._ground + style_of(self._inked[0], role)
        return style

    @property
    def text(self) -> str:
        """What the pane shows, for tests and for copying."""
        return "\n".join(plain(line).rstrip() for line in self._lines)
