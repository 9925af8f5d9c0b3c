"""The screens by number key. A new one is an entry in `SCREENS`; keys, palette and footer follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["SCREENS", "ScreenEntry"]


@dataclass(frozen=True, slots=True)
class ScreenEntry:
    """One screen of the program.

    Attributes
    ----------
    key : str
        The number that leads there.
    name, title : str
        Name of the mode, and the word in the footer.
    factory : str
        ``"module:class"``; loaded when it is first shown.
    help : str
        A sentence.
    """

    key: str
    name: str
    title: str
    factory: str
    help: str


SCREENS: Final = (
    ScreenEntry(
        "1",
        "monitor",
        "Monitor",
        "qltui.tui.screens.monitor:MonitorScreen",
        "what is happening now, and whether it is good",
    ),
)
