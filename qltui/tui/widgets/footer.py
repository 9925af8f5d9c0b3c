"""The last line: the keys that do something here, or for a moment what has just happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qltui.tui.commands import key_of
from qltui.tui.text import Line, beside, clean, line_width
from qltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.events import Click

__all__ = ["Footer", "KeyHint", "footer_line", "hint_at"]


@dataclass(frozen=True, slots=True)
class KeyHint:
    """A key and what it does here, in one word; `current` for the screen that one is on."""

    key: str
    word: str
    current: bool = False


def _part(hint: KeyHint) -> Line:
    return ((hint.key, "key"), (f" {hint.word}", "strong" if hint.current else "text"))


def footer_line(hints: Sequence[KeyHint], width: int) -> Line:
    """Return as many hints as fit, the first ones first."""
    return ((" ", ""), *beside([_part(hint) for hint in hints], width - 2, "  "))


def hint_at(hints: Sequence[KeyHint], width: int, column: int) -> KeyHint | None:
    """Return the hint that `footer_line` draws at a column, or None beside all of them."""
    end = 1
    for hint in hints:
        across = line_width(_part(hint))
        start = end + 2 if end > 1 else end
        if start + across - 1 > width - 2:
            continue
        if start <= column < start + across:
            return hint
        end = start + across
    return None


class Footer(Lines):
    """Key hints; `say` puts words in their place for some seconds."""

    def __init__(self) -> None:
        super().__init__(id="footer")
        self._hints: tuple[KeyHint, ...] = ()
        self._words = ""
        self._role = "text"
        self._said = 0

    def show(self, hints: Sequence[KeyHint]) -> None:
        """Show these keys."""
        self._hints = tuple(hints)
        self.redraw()

    def say(self, words: str, role: str = "strong", seconds: float = 6.0) -> None:
        """Show words for a while; what is said later replaces them."""
        self._words, self._role = words, role
        self._said += 1
        number = self._said
        self.set_timer(seconds, lambda: self._silence(number))
        self.redraw()

    def _silence(self, number: int) -> None:
        if number == self._said:
            self._words = ""
            self.redraw()

    def on_click(self, event: Click) -> None:
        """Press the key that the mouse points at."""
        hint = None if self._words else hint_at(self._hints, self.size.width, event.x)
        if hint is not None:
            self.app.simulate_key(key_of(hint.key))

    def draw(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Return the line."""
        if self._words:
            return [((f" {clean(self._words)}", self._role),)]
        return [footer_line(self._hints, width)]
