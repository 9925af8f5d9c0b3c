"""The keys of the Monitor, and which of them the footer names where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from textual.binding import Binding

from qltui.tui.commands import Command
from qltui.tui.screens import SCREENS
from qltui.tui.screens.observer_keys import OBSERVER_BINDINGS
from qltui.tui.widgets.footer import KeyHint

__all__ = ["MONITOR_BINDINGS", "footer_hints"]

MONITOR_BINDINGS: Final = [
    Binding("tab", "pane(1)", "next pane", id="monitor.next-pane", tooltip="give the keys to the next pane"),
    Binding("shift+tab", "pane(-1)", "previous pane", id="monitor.previous-pane", tooltip="and to the one before"),
    Binding("escape,backspace", "back", "back", id="monitor.back", tooltip="close what is open, follow the worst cell"),
    Binding("e", "expand", "expand", id="monitor.expand", tooltip="give this pane the whole terminal, or take it back"),
    Binding("left_square_bracket", "exposure(-1)", "previous", id="monitor.previous", tooltip="the exposure before"),
    Binding("right_square_bracket", "exposure(1)", "next", id="monitor.next", tooltip="the exposure after"),
    Binding("l", "latest", "latest", id="monitor.latest", tooltip="follow the latest exposure again"),
    Binding("r", "reprocess", "reprocess", id="monitor.reprocess", tooltip="reduce this exposure again; asks first"),
    Binding("s", "stop", "stop", id="monitor.stop", tooltip="stop the reduction of this exposure; asks first"),
    Binding("P", "hold", "hold", id="monitor.hold", tooltip="let the engine begin nothing new, or let it go on"),
    Binding("slash", "filter", "filter", id="monitor.filter", tooltip="show only lines of the log with some words"),
    Binding("p", "pause", "pause log", id="monitor.pause", tooltip="hold the log still, or let it go on"),
    Binding("m", "metric(1)", "metric", id="monitor.metric", tooltip="trend: the next metric"),
    Binding("M", "metric(-1)", "metric before", id="monitor.metric-before", tooltip="trend: the metric before"),
    Binding("a", "arm", "arm", id="monitor.arm", tooltip="trend: the next arm"),
    Binding("v", "element", "element", id="monitor.element", tooltip="trend: the next amplifier, axis or class"),
    Binding("c", "cameras", "camera", id="monitor.cameras", tooltip="trend: this camera alone, or all of its arm"),
    Binding("o", "obstypes", "obstypes", id="monitor.obstypes", tooltip="trend: this kind of exposure, or all kinds"),
    *OBSERVER_BINDINGS,
]

_ALWAYS: Final = ("app.jump", "app.help", "app.theme")
_GENERAL: Final = ("monitor.expand", "app.quit")

_WIDE: Final = 150
"""From this width on the footer names all screens that have a number."""

_FEW: Final = 3
"""Screens that it names else."""

_FOOTER: Final[Mapping[str, tuple[str, ...]]] = {
    "grid": ("grid.values", "monitor.reprocess", "monitor.metric", "monitor.filter"),
    "detail": ("monitor.back", "monitor.reprocess", "monitor.metric"),
    "verdict": ("monitor.reprocess", "monitor.previous", "monitor.next"),
    "trend": ("monitor.metric", "monitor.arm", "monitor.element", "monitor.cameras", "monitor.obstypes"),
    "log": ("monitor.filter", "monitor.pause"),
}
"""Commands worth naming where a pane has the keys."""

_WORDS: Final[Mapping[str, str]] = {"app.theme": "night", "app.quit": "quit"}


def footer_hints(
    commands: Mapping[str, Command],
    pane: str,
    *,
    looking_back: bool,
    expanded: bool,
    empty: bool,
    current: str,
    width: int,
) -> list[KeyHint]:
    """Return what the footer names: some screens and the way to all, what helps here, and what helps anywhere."""
    numbered = [entry for entry in SCREENS if entry.key]
    if width < _WIDE:
        numbered = [entry for entry in numbered if entry.name != current][:_FEW]
    hints = [KeyHint(entry.key, entry.title, entry.name == current) for entry in numbered]
    ids = [] if empty else list(_FOOTER.get(pane, ()))
    if looking_back:
        ids.insert(0, "monitor.latest")
    if expanded:
        ids.insert(0, "monitor.back")
    for name in dict.fromkeys((*_ALWAYS, *ids, *_GENERAL)):
        if name in commands and not (expanded and name == "monitor.expand"):
            command = commands[name]
            hints.append(KeyHint(command.key, _WORDS.get(name, command.word)))
    return hints
