"""The jump mode: one key to any screen, or to any pane of this one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qltui.tui.prompt import TypingScreen
from qltui.tui.screens import SCREENS
from qltui.tui.text import Line, clean, line_width
from qltui.tui.widgets.lines import Lines
from qltui.tui.widgets.rule import Heading, rule_line

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Key

__all__ = ["JumpScreen", "jump_lines"]


def _flow(parts: Sequence[Line], width: int) -> list[Line]:
    """Return the parts in rows of columns of the same width."""
    if not parts:
        return []
    across = max(line_width(part) for part in parts) + 3
    count = max(1, (width - 1) // across)
    rows = []
    for start in range(0, len(parts), count):
        row: Line = ((" ", ""),)
        for part in parts[start : start + count]:
            row = (*row, *part, (" " * (across - line_width(part)), ""))
        rows.append(row)
    return rows


def jump_lines(panes: Sequence[tuple[str, str]], current: str, width: int) -> list[Line]:
    """Return what can be reached, each with its key."""
    screens: list[Line] = [
        ((entry.letter, "key"), (f" {entry.title}", "strong" if entry.name == current else "text")) for entry in SCREENS
    ]
    lines = [rule_line([Heading(0, "Go to a screen, or to a pane by its number; esc stays", focused=True)], width)]
    lines += _flow(screens, width)
    numbered: list[Line] = [
        ((str(number), "key"), (f" {clean(title)[:24]}", "text")) for number, (_, title) in enumerate(panes, 1)
    ]
    return lines + _flow(numbered, width)


class _Keys(Lines):
    """The keys, in the last lines."""

    def __init__(self, panes: Sequence[tuple[str, str]], current: str) -> None:
        super().__init__(classes="last-lines")
        self._panes, self._current = panes, current

    def get_content_height(self, container: object, viewport: object, width: int) -> int:  # noqa: ARG002
        """Return how many rows the keys need."""
        return len(jump_lines(self._panes, self._current, width))

    def draw(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Return the keys."""
        return jump_lines(self._panes, self._current, width)


class JumpScreen(TypingScreen[str | None]):
    """Asks where to go: answers ``"screen:NAME"`` or ``"pane:ID"``.

    Parameters
    ----------
    panes : sequence of (str, str)
        Ids and titles of the panes of the screen below.
    current : str
        Name of that screen.
    """

    def __init__(self, panes: Sequence[tuple[str, str]], current: str) -> None:
        super().__init__()
        self._panes, self._current = tuple(panes), current

    def compose(self) -> ComposeResult:
        """Put the keys in the last lines."""
        yield _Keys(self._panes, self._current)

    def take_key(self, event: Key) -> None:
        """Go, or stay."""
        letter = event.character or ""
        if letter.isdigit() and 1 <= int(letter) <= len(self._panes):
            self.dismiss(f"pane:{self._panes[int(letter) - 1][0]}")
            return
        name = next((entry.name for entry in SCREENS if entry.letter == letter), None)
        if name is not None:
            self.dismiss(f"screen:{name}")
        elif event.key in ("escape", "ctrl+c", "g") or letter == "q":
            self.dismiss(None)
