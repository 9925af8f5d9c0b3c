"""Commands on which cameras are reduced: selected by name, by list or at random, and kept under a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from qltui.engine.command_arguments import Commanded, CommandError, text
from qltui.store import selections
from qltui.store.history import BEYOND, neighbour_night
from qltui.store.selections import CameraSelection

__all__ = ["CAMERA_ACTIONS", "selected_for"]


def selected_for(engine: Commanded, exposure_id: int) -> list[str]:
    """Return the cameras of an exposure that is asked for without naming any: those that are selected for it now."""
    return list(engine.store.ask(selections.selected_of, engine.instrument, engine.in_force.selection, exposure_id)[0])


def _made(engine: Commanded, arguments: Mapping[str, object]) -> CameraSelection:
    saved = engine.store.ask(selections.saved_selections, engine.instrument)
    settings, instrument = engine.in_force.settings, engine.instrument
    night = engine.store.ask(neighbour_night, instrument.name, BEYOND, -1) or 0
    off = {*settings.cameras_off, *instrument.dead_cameras(night, settings.calibration_directory)}
    return selections.make_selection(engine.instrument, arguments, saved, off)


def _select(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    selection = _made(engine, arguments)
    off = sorted(set(selection.cameras) & set(engine.in_force.settings.cameras_off))
    if len(off) == len(selection.cameras):
        msg = f"the site has switched off all of {selection.name}: {', '.join(off)}"
        raise CommandError(msg)
    engine.store.tell(selections.select_cameras, selection, who)
    engine.take_up()
    without = f" without {', '.join(off)}, which the site has switched off," if off else ""
    turns = ", in turn" if selection.halves else ""
    count = len(selection.cameras) - len(off)
    noun = "camera" if count == 1 else "cameras"
    return f"{selection.words()}: {count} {noun}{turns}{without} from the next exposure on"


def _save(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    name = " ".join(text(arguments, "name", longest=selections.LONGEST_NAME).split())
    if name.casefold() in {item.name.casefold() for item in selections.presets(engine.instrument)}:
        msg = f"{name} is the name of a preset: choose another"
        raise CommandError(msg)
    selection = replace(_made(engine, {**arguments, "name": name}), name=name)
    engine.store.tell(selections.save_selection, selection, who)
    return f"{len(selection.cameras)} cameras are kept as {selection.name}"


def _delete(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:  # noqa: ARG001 - the form of an action
    name = text(arguments, "name", longest=selections.LONGEST_NAME)
    if not engine.store.tell(selections.delete_selection, name):
        msg = f"no selection is kept as {name}"
        raise CommandError(msg)
    return f"the selection {name} is forgotten"


CAMERA_ACTIONS: Final[Mapping[str, Callable[[Any, Mapping[str, object], str], str]]] = {
    "select_cameras": _select,
    "save_selection": _save,
    "delete_selection": _delete,
}
