"""The keys of the control screen, and which of them the footer names where."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

from qltui.tui.screens.pane_keys import PANE_BINDINGS

__all__ = ["CONTROL_BINDINGS", "CONTROL_FOOTER"]

CONTROL_BINDINGS: Final = [
    *PANE_BINDINGS,
    Binding(
        "m", "mode", "mode", id="control.mode", tooltip="reduce every new exposure, or only what an observer chooses"
    ),
    Binding("S", "stop", "start, stop", id="control.stop", tooltip="start the engine, or stop the one that runs"),
    Binding("P", "hold", "hold", id="control.hold", tooltip="let the engine begin nothing new, or let it go on"),
    Binding("x", "cancel", "cancel", id="control.cancel", tooltip="stop one exposure that is in flight or waits"),
    Binding("r", "reduce", "reduce", id="control.reduce", tooltip="reduce the ticked raw exposures; asks for cameras"),
    Binding("O", "observer", "observer", id="control.observer", tooltip="say who observes"),
    Binding("R", "reset", "reset", id="control.reset", tooltip="clear the Monitor of what has ended; again: undo"),
    Binding("D", "clear", "clear disk", id="control.clear", tooltip="remove old products or logs; says how much first"),
]

CONTROL_FOOTER: Final = {
    "": ("control.mode", "control.stop", "control.hold", "control.observer", "control.reset", "control.clear"),
    "work": ("control.cancel",),
    "raw": ("control.reduce", "table.tick"),
}
