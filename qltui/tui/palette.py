"""The palette: every action by name. Drawn with our own lines, because it too must be red at night."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qltui.tui.commands import Command, fuzzy_score
from qltui.tui.prompt import TypingScreen, edited
from qltui.tui.text import Line
from qltui.tui.widgets.lines import Lines
from qltui.tui.widgets.rule import Heading, rule_line

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Key

__all__ = ["PaletteScreen", "matching"]


def matching(commands: Sequence[Command], words: str) -> list[Command]:
    """Return the commands that fit the words, best first."""
    scored = [(fuzzy_score(words, f"{command.word} {command.help}"), command) for command in commands]
    return [command for score, command in sorted(scored, key=lambda pair: -pair[0]) if score]


class _Choices(Lines):
    """What has been typed, and the commands that fit."""

    def __init__(self, screen: PaletteScreen) -> None:
        super().__init__(id="palette")
        self._palette = screen

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return a heading, the words, and the list around the chosen command."""
        palette = self._palette
        found = palette.found
        lines: list[Line] = [
            rule_line([Heading(0, "Actions", focused=True)], width),
            ((" > ", "key"), (palette.words, "strong"), (" ", "strong+cursor")),
        ]
        room = height - len(lines)
        start = max(0, min(palette.chosen - room // 2, len(found) - room))
        for index, command in list(enumerate(found))[start : start + room]:
            cursor = "+cursor" if index == palette.chosen else ""
            mark = ">" if cursor else " "
            lines.append(
                (
                    (f" {mark} ", "key"),
                    (f"{command.key:>7}  ", "key"),
                    (f"{command.help:<{max(0, width - 14)}}", f"text{cursor}"),
                )
            )
        if not found:
            lines.append((("   nothing fits", "dim"),))
        return lines


class PaletteScreen(TypingScreen[Command | None]):
    """Lets the observer pick an action by typing; arrows choose, enter takes, esc goes back."""

    def __init__(self, commands: Sequence[Command]) -> None:
        super().__init__()
        self._commands = tuple(commands)
        self.words = ""
        self.chosen = 0

    @property
    def found(self) -> list[Command]:
        """The commands that fit what was typed."""
        return matching(self._commands, self.words)

    def compose(self) -> ComposeResult:
        """Put the list in the lower half."""
        yield _Choices(self)

    def take_key(self, event: Key) -> None:
        """Type, choose, take or go back."""
        found = self.found
        if event.key in ("escape", "ctrl+c", "ctrl+p"):
            self.dismiss(None)
            return
        if event.key == "enter":
            self.dismiss(found[self.chosen] if found else None)
            return
        if event.key in ("up", "down"):
            self.chosen = max(0, min(len(found) - 1, self.chosen + (1 if event.key == "down" else -1)))
        else:
            words = edited(self.words, event)
            self.chosen = self.chosen if words == self.words else 0
            self.words = words
        self.show()
