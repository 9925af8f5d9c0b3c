"""The choice of one name, or of some, from a list in the lower part of the screen: typing narrows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qltui.tui.commands import fuzzy_score
from qltui.tui.prompt import TypingScreen, edited
from qltui.tui.text import Line, clean
from qltui.tui.widgets.lines import Lines
from qltui.tui.widgets.rule import Heading, rule_line

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Key

__all__ = ["NamesScreen"]


class _List(Lines):
    """What has been typed, and the names that fit."""

    def __init__(self, screen: NamesScreen) -> None:
        super().__init__(classes="lower-part")
        self._screen = screen

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return a heading, the words, and the names around the cursor."""
        asker = self._screen
        keys = "space ticks, enter takes" if asker.many else "enter takes"
        lines: list[Line] = [
            rule_line([Heading(0, f"{asker.asked}: type a part of it; {keys}, esc goes back", focused=True)], width),
            ((" > ", "key"), (asker.words, "strong"), (" ", "strong+cursor")),
        ]
        found, room = asker.found, max(1, height - len(lines))
        start = max(0, min(asker.cursor - room // 2, len(found) - room))
        tick = "x" if self.charset.ascii else "✔"
        for index, (key, words) in list(enumerate(found))[start : start + room]:
            under = "+cursor" if index == asker.cursor else ""
            lines.append(((f" {tick if key in asker.chosen else ' '} ", "key"), (clean(words), f"text{under}")))
        if not found:
            lines.append((("   nothing fits", "dim"),))
        return lines


class NamesScreen(TypingScreen[tuple[str, ...] | None]):
    """Asks for names; answers with their keys, or with None where esc was pressed.

    Parameters
    ----------
    title : str
        What is chosen.
    names : sequence of (key, words)
        What there is.
    chosen : sequence of str
        Keys of what is chosen now.
    many : bool
        Whether several may be taken.
    """

    def __init__(
        self, title: str, names: Sequence[tuple[str, str]], chosen: Sequence[str] = (), *, many: bool = False
    ) -> None:
        super().__init__()
        self.asked = clean(title)
        self.names = tuple(names)
        self.chosen = set(chosen)
        self.many = many
        self.words = ""
        keys = [key for key, _ in names]
        self.cursor = next((keys.index(key) for key in chosen if key in keys), 0)

    @property
    def found(self) -> list[tuple[str, str]]:
        """The names that fit what was typed, in their order."""
        return [pair for pair in self.names if fuzzy_score(self.words, pair[1])]

    def compose(self) -> ComposeResult:
        """Put the list in the lower part."""
        yield _List(self)

    def take_key(self, event: Key) -> None:
        """Type, move, tick, take or go back."""
        found = self.found
        under = found[self.cursor][0] if 0 <= self.cursor < len(found) else None
        if event.key in ("escape", "ctrl+c"):
            self.dismiss(None)
            return
        if event.key == "enter":
            self._take(under)
            return
        if event.key in ("up", "down"):
            self.cursor = max(0, min(len(found) - 1, self.cursor + (1 if event.key == "down" else -1)))
        elif event.key == "space" and self.many:
            self.chosen ^= {under} if under is not None else set()
        else:
            words = edited(self.words, event)
            self.cursor = self.cursor if words == self.words else 0
            self.words = words
        self.show()

    def _take(self, under: str | None) -> None:
        if self.many:
            self.dismiss(tuple(key for key, _ in self.names if key in self.chosen))
        elif under is not None:
            self.dismiss((under,))
