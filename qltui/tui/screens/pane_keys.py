"""The keys that mean the same on every screen, and what the footer names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from textual.binding import Binding

from qltui.tui.commands import Command
from qltui.tui.screens import SCREENS
from qltui.tui.widgets.footer import KeyHint

__all__ = ["PANE_BINDINGS", "pane_hints", "screen_hints"]

PANE_BINDINGS: Final = [
    Binding("tab", "pane(1)", "next pane", id="pane.next", tooltip="give the keys to the next pane"),
    Binding("shift+tab", "pane(-1)", "previous pane", id="pane.previous", tooltip="give the keys to the pane before"),
    Binding("escape,q,backspace", "back", "back", id="pane.back", tooltip="close what is open, or go back"),
    Binding("e", "expand", "expand", id="pane.expand", tooltip="give this pane the whole terminal, or take it back"),
    Binding("left_square_bracket", "exposure(-1)", "previous", id="pane.previous-exposure", tooltip="the one before"),
    Binding("right_square_bracket", "exposure(1)", "next", id="pane.next-exposure", tooltip="the one after"),
    Binding("l", "latest", "latest", id="pane.latest", tooltip="follow the latest exposure"),
    Binding("slash", "filter", "filter", id="pane.filter", tooltip="show only what has some words, or a > b"),
    Binding("w", "save", "save", id="pane.save", tooltip="write what this pane holds to a file"),
    Binding("y", "copy", "copy", id="pane.copy", tooltip="copy what this pane shows to the terminal's clipboard"),
]

_GENERAL: Final = ("pane.expand", "app.jump", "app.help")

_WIDE: Final = 150
"""From this width on the footer names all screens."""


def screen_hints(width: int, current: str) -> list[KeyHint]:
    """Return the screens that have a number, where there is room for them."""
    if width < _WIDE:
        return []
    return [KeyHint(entry.key, entry.title, entry.name == current) for entry in SCREENS if entry.key]


def pane_hints(commands: Mapping[str, Command], names: Sequence[str], width: int, current: str) -> list[KeyHint]:
    """Return what the footer names: what helps in this pane, then what helps anywhere, then other screens."""
    hints = [
        KeyHint(commands[name].key, commands[name].word)
        for name in dict.fromkeys((*names, *_GENERAL))
        if name in commands
    ]
    return [*hints, KeyHint("esc", "back"), *screen_hints(width, current)]
