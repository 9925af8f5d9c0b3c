"""What is shown where the terminal has no room for the Monitor."""

from __future__ import annotations

from collections.abc import Sequence

from qltui.tui.arrange import SMALLEST
from qltui.tui.text import Line, wrap
from qltui.tui.widgets.lines import Lines

__all__ = ["TooSmall"]


class TooSmall(Lines):
    """Says how large the terminal must be."""

    def __init__(self) -> None:
        super().__init__(id="too-small")

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return it in as few words as there is room for."""
        columns, rows = SMALLEST
        words = f"too small: {width}x{height}, the Monitor needs {columns}x{rows}"
        return [((part, "strong"),) for part in wrap(words, max(1, width))]
