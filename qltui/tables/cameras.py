"""Which cameras are reduced, and what can be selected, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from qltui.instruments.base import Instrument
from qltui.store.selections import CameraSelection
from qltui.tables.table import Column, Row, Table

__all__ = ["count_words", "selected_table", "selections_table"]

_SELECTIONS: Final = (
    Column("name", "name", doc="by which it is selected"),
    Column("count", "cameras", format="d", align=">", doc="how many cameras it has"),
    Column("kind", "kind", doc="preset of the instrument, halves that take turns, or saved by an observer"),
    Column("who", "by", doc="who saved it"),
    Column("cameras", "which", doc="names of the cameras"),
)


def selections_table(presets: Sequence[CameraSelection], saved: Sequence[CameraSelection]) -> Table:
    """Return what can be selected by name: the instrument's presets, then what observers have saved."""
    kinds = [(item, "in turn" if item.halves else "preset") for item in presets]
    kinds += [(item, "saved") for item in saved]
    rows = tuple(
        Row(number, (item.words(), len(item.cameras), kind, item.who, " ".join(item.cameras)))
        for number, (item, kind) in enumerate(kinds)
    )
    return Table("selections", "Selections of cameras", _SELECTIONS, rows)


def selected_table(instrument: Instrument, selection: CameraSelection, off: Mapping[str, str]) -> Table:
    """Return each camera with whether it is reduced from the next exposure on, and if not, why.

    Parameters
    ----------
    off : mapping of str to str
        Cameras that are never reduced, and why: switched off by the site, or known to be dead.
    """
    groups = {kind: _group_of(members) for kind, members in instrument.groups.items()}
    columns = (
        Column("camera", instrument.unit_title, doc="name of the camera"),
        Column("used", "used", doc="whether it is reduced: yes, no, or in turn with others"),
        Column("why", "why", doc="why it is not, or when it is"),
        Column("arm", instrument.arm_title, doc="row of the grid"),
        *(Column(kind, kind, doc="hardware that it shares with others") for kind in groups),
    )
    rows = []
    for camera in instrument.cameras:
        used, why = _use(camera.name, selection, off)
        rows.append(
            Row(camera.name, (camera.name, used, why, camera.arm, *(of.get(camera.name, "") for of in groups.values())))
        )
    return Table("cameras", f"Cameras: {count_words(instrument, selection, off)}", columns, tuple(rows))


def count_words(instrument: Instrument, selection: CameraSelection, off: Mapping[str, str]) -> str:
    """Return how many cameras are reduced, in words: ``"Core, 10 of 62 selected"``."""
    count = sum(_use(camera.name, selection, off)[0] != "no" for camera in instrument.cameras)
    turns = ", in turn" if selection.halves else ""
    return f"{selection.words()}, {count} of {len(instrument.cameras)} selected{turns}"


def _group_of(members: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {camera: name for name, cameras in members.items() for camera in cameras}


def _use(camera: str, selection: CameraSelection, off: Mapping[str, str]) -> tuple[str, str]:
    """Return whether a camera is used, and why not or when."""
    if camera in off:
        return "no", off[camera]
    if camera not in selection.cameras:
        return "no", "not selected"
    parts = [number for number, half in enumerate(selection.halves, start=1) if camera in half]
    if parts and len(parts) < len(selection.halves):
        return "in turn", f"part {' '.join(map(str, parts))} of {len(selection.halves)}"
    return "yes", ""
