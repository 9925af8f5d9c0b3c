"""The keys of the settings, and which of them the footer names where."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

from qltui.tui.screens.pane_keys import PANE_BINDINGS

__all__ = ["CONFIGURATION_BINDINGS", "CONFIGURATION_FOOTER"]


def _binding(key: str, action: str, word: str, name: str, words: str) -> Binding:
    return Binding(key, action, word, id=f"configuration.{name}", tooltip=words)


CONFIGURATION_BINDINGS: Final = [
    *PANE_BINDINGS,
    _binding("t", "section(1)", "section", "section", "go to the next section"),
    _binding("T", "section(-1)", "section before", "section-before", "go to the section before"),
    _binding("S", "save_changes", "save", "save", "keep the changes as a new version, with name and reason"),
    _binding("u", "undo", "undo", "undo", "take back the change under the cursor"),
    _binding("U", "undo_all", "undo all", "undo-all", "take back all changes that are not saved; asks first"),
    _binding("n", "nights", "nights", "nights", "choose over how many of the last nights new limits are tried"),
    _binding("f", "flips", "what if", "flips", "count the exposures whose status the changed limits would flip"),
    _binding("c", "narrow", "copy", "narrow", "copy this entry for one obstype, program, arm, camera or element"),
    _binding("x", "take_out", "take out", "take-out", "take this entry out of the record's version"),
    _binding("s", "select", "select", "select", "put the version under the cursor in force; asks first"),
    _binding("d", "make_default", "default", "default", "let a reset go back to the version under the cursor"),
    _binding("R", "reset", "reset", "reset", "go back to the default version, or to the files alone; asks first"),
]

_EDIT: Final = ("configuration.edit", "configuration.save", "configuration.undo")

CONFIGURATION_FOOTER: Final = {
    "settings": (*_EDIT, "configuration.switch"),
    "workflow": ("configuration.switch", *_EDIT),
    "criteria": (*_EDIT, "configuration.flips", "configuration.nights", "configuration.narrow"),
    "alarms": (*_EDIT, "configuration.switch"),
    "versions": ("configuration.select", "configuration.default", "configuration.reset"),
    "others": _EDIT,
    "": ("configuration.section", "pane.filter", "pane.save"),
}
"""By section of the screen."""
