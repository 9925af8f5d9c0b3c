"""Characters with roles, put at places and read off as lines."""

from __future__ import annotations

from qltui.tui.text import Line, joined

__all__ = ["Canvas"]


class Canvas:
    """A rectangle of cells; what is put outside of it is left out.

    Parameters
    ----------
    width, height : int
        In cells of the terminal.
    """

    def __init__(self, width: int, height: int) -> None:
        self._rows = [[(" ", "")] * max(0, width) for _ in range(max(0, height))]
        self.width, self.height = max(0, width), max(0, height)

    def put(self, x: int, y: int, text: str, role: str) -> None:
        """Write `text`, one cell for each character, from column `x` of row `y` on."""
        if 0 <= y < self.height:
            row = self._rows[y]
            for offset, char in enumerate(text):
                if 0 <= x + offset < self.width:
                    row[x + offset] = (char, role)

    def lines(self) -> list[Line]:
        """Return the rows, neighbours of one role joined."""
        return [joined(row) for row in self._rows]
