"""Which cameras the engine leaves out, whatever is selected: as it says itself, not as a viewer's own file has it."""

from __future__ import annotations

import tomllib
from collections.abc import Collection

from qltui.documents import parse_toml
from qltui.store import control
from qltui.store.database import Database
from qltui.store.selections import CameraSelection

__all__ = ["switched_off"]


def switched_off(database: Database, selection: CameraSelection, otherwise: Collection[str] = ()) -> frozenset[str]:
    """Return the cameras that are switched off where the engine runs.

    Parameters
    ----------
    database : Database
        Whose newest process tells the settings by which it was reduced, and whose last beat the cameras that are
        reduced from the next exposure on; where they differ, the beat holds.
    selection : CameraSelection
        In force: those of it that the engine does not take are off, if its last beat is about this selection.
    otherwise : collection of str
        What holds where no engine has said anything yet: the viewer's own settings.
    """
    engine = control.engine(database)
    used = frozenset(engine.selected) if engine.selection == selection.words() else frozenset()
    recorded = _recorded(database)
    if recorded is None and not used:
        return frozenset(otherwise)
    left_out = frozenset(selection.cameras) - used if used else frozenset()
    return ((recorded or frozenset()) - used) | left_out


def _recorded(database: Database) -> frozenset[str] | None:
    """Return what the settings of the newest process switch off; None where none were recorded."""
    rows = database.sql(
        """SELECT content FROM configuration
           WHERE id = (SELECT configuration_id FROM process WHERE configuration_id IS NOT NULL
                       ORDER BY id DESC LIMIT 1)"""
    )
    try:
        cameras = parse_toml(str(rows[0][0])).get("cameras") if rows else None
    except tomllib.TOMLDecodeError:
        return None
    off = cameras.get("off") if isinstance(cameras, dict) else None
    return frozenset(map(str, off)) if isinstance(off, list) else None
