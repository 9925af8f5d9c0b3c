"""Questions in the last line: a choice by one key, or some words. Nothing pops up over the picture of the night."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from textual.screen import ModalScreen

from qltui.tui.resizing import LatestSize
from qltui.tui.text import Line, clean
from qltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Key

__all__ = ["ChoiceScreen", "TypingScreen", "WordsScreen", "edited"]

_LONGEST = 200

Answer = TypeVar("Answer")


class _LastLine(Lines):
    """The line at the bottom of a question."""

    def __init__(self, get: Callable[[], Line]) -> None:
        super().__init__(classes="last-line")
        self._get = get

    def draw(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Return the line."""
        return [self._get()]


class TypingScreen(LatestSize, ModalScreen[Answer]):
    """A question that takes every key, those too that were typed before it stood.

    Over a slow line ``/alarm`` arrives in one piece: the letters are then on their way to the pane that had the keys
    when they came. The app hands such keys to `take_key`.
    """

    def take_key(self, event: Key) -> None:
        """Do what the key asks for."""
        raise NotImplementedError

    def on_key(self, event: Key) -> None:
        """Take a key that came here by itself; one that came after the answer goes on to the screen below."""
        if self.is_current:
            event.stop()
            self.take_key(event)

    def show(self) -> None:
        """Draw the question again, once it stands."""
        for pane in self.query(Lines):
            pane.redraw()


class ChoiceScreen(TypingScreen[str | None]):
    """Asks for one of some keys; esc takes none of them.

    Parameters
    ----------
    question : str
        What is asked.
    choices : sequence of (key, words)
        What can be answered; the first is taken by enter where `default` says so.
    default : bool
        Whether enter takes the first choice.
    """

    def __init__(self, question: str, choices: Sequence[tuple[str, str]], *, default: bool = False) -> None:
        super().__init__()
        self._question = question
        self._choices = tuple(choices)
        self._default = default

    def compose(self) -> ComposeResult:
        """Put the question in the last line."""
        yield _LastLine(self._line)

    def _line(self) -> Line:
        line: Line = ((f" {clean(self._question)}", "strong"),)
        for index, (key, words) in enumerate(self._choices):
            name = f"{key}/enter" if self._default and not index else key
            line = (*line, ("   ", ""), (name, "key"), (f" {words}", "text"))
        return (*line, ("   ", ""), ("esc", "key"), (" back", "text"))

    def take_key(self, event: Key) -> None:
        """Take the answer."""
        keys = [key for key, _ in self._choices]
        if event.character in keys:
            self.dismiss(event.character)
        elif event.key == "enter" and self._default:
            self.dismiss(keys[0])
        elif event.key in ("escape", "ctrl+c") or event.character in ("q", "n"):
            self.dismiss(None)


class WordsScreen(TypingScreen[str | None]):
    """Asks for some words; `on_change` hears of each letter.

    Parameters
    ----------
    label : str
        What stands before the words.
    words : str
        What stands there already.
    on_change : callable
        Called with the words so far.
    """

    def __init__(self, label: str, words: str = "", on_change: Callable[[str], None] = lambda _: None) -> None:
        super().__init__()
        self._label = label
        self._first = self.words = words
        self._on_change = on_change

    def compose(self) -> ComposeResult:
        """Put the words in the last line."""
        yield _LastLine(self._line)

    def _line(self) -> Line:
        return (
            (f" {self._label}", "key"),
            (self.words, "strong"),
            (" ", "strong+cursor"),
            ("   enter keeps, esc takes back", "dim"),
        )

    def take_key(self, event: Key) -> None:
        """Take a letter."""
        if event.key == "enter":
            self.dismiss(self.words)
            return
        if event.key in ("escape", "ctrl+c"):
            self._on_change(self._first)
            self.dismiss(None)
            return
        self.words = edited(self.words, event)
        self._on_change(self.words)
        self.show()


def edited(words: str, event: Key) -> str:
    """Return the words after a key was pressed."""
    if event.key in ("backspace", "ctrl+h"):
        return words[:-1]
    if event.key == "ctrl+u":
        return ""
    if event.key == "ctrl+w":
        return words.rstrip().rpartition(" ")[0]
    if event.character is not None and event.is_printable:
        return (words + event.character)[:_LONGEST]
    return words
