"""What the Cameras screen asks the record, and what it says: the selection in force, what is kept, what was reduced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qltui.model import Status
from qltui.tables.table import Column, Row, Table
from qltui.tui.camera_map import cameras_word
from qltui.tui.text import Line, clean
from qltui.tui.words import clock_time

if TYPE_CHECKING:
    from qltui.instruments.base import Instrument
    from qltui.store.selections import CameraSelection

__all__ = ["CamerasAnswer", "arguments_of", "ask_cameras", "facts", "names_table"]


@dataclass(frozen=True, slots=True)
class CamerasAnswer:
    """What the record knows.

    Attributes
    ----------
    used : CameraSelection
        What the engine takes from the next exposure on.
    presets, saved : tuple of CameraSelection
        What can be selected by name.
    off : frozenset of str
        What is switched off where the engine runs.
    expid : int or None
        The latest exposure that was reduced.
    statuses : mapping of str to Status
        Of its cameras.
    """

    used: CameraSelection
    presets: tuple[CameraSelection, ...] = ()
    saved: tuple[CameraSelection, ...] = ()
    off: frozenset[str] = frozenset()
    expid: int | None = None
    statuses: Mapping[str, Status] = field(default_factory=dict)

    @property
    def named(self) -> dict[str, CameraSelection]:
        """All that has a name, presets first."""
        return {item.name: item for item in (*self.saved, *self.presets)}


def ask_cameras(instrument: Instrument, off: frozenset[str]) -> Callable[[Any], CamerasAnswer]:
    """Return the question; `off` is what is switched off as far as no engine has said anything."""

    def ask(source: Any) -> CamerasAnswer:
        from qltui.store import selections
        from qltui.store.products import subject
        from qltui.store.switched_off import switched_off

        latest = source.ask(subject, instrument.name, None)
        used = source.ask(selections.selection_in_force, instrument)
        return CamerasAnswer(
            used,
            selections.presets(instrument),
            source.ask(selections.saved_selections, instrument),
            source.ask(switched_off, used, off),
            latest.exposure.expid if latest is not None else None,
            latest.cameras if latest is not None else {},
        )

    return ask


def names_table(answer: CamerasAnswer) -> Table:
    """Return what can be selected by name, and how many cameras each has."""
    columns = (
        Column("name", "name", doc="by which it is selected"),
        Column("count", "count", "", "d", ">", doc="how many cameras it has"),
        Column("kind", "kind", doc="preset of the instrument, halves that take turns, or saved by an observer"),
        Column("who", "by", doc="who saved it", shown=False),
    )
    rows = [
        Row(item.name, (item.name, len(item.cameras), "in turn" if item.halves else "preset", ""))
        for item in answer.presets
    ]
    rows += [Row(item.name, (item.name, len(item.cameras), "saved", item.who)) for item in answer.saved]
    return Table("selections", "Selections of cameras", columns, tuple(rows))


def arguments_of(choice: CameraSelection, answer: CamerasAnswer) -> dict[str, Any]:
    """Return what the engine is asked: by name where the choice is what has that name, else camera by camera."""
    if choice.seed is not None:
        return {"random": len(choice.cameras), "seed": choice.seed}
    kept = answer.named.get(choice.name)
    if kept is not None and kept.cameras == choice.cameras and kept.halves == choice.halves:
        return {"name": choice.name}
    return {"cameras": list(choice.cameras)}


def facts(
    choice: CameraSelection, answer: CamerasAnswer, instrument: Instrument, cursor: str, groups: Mapping[str, str]
) -> list[Line]:
    """Return what is selected here, what the engine uses, what was reduced last, and what is under the cursor."""
    total = len(instrument.cameras)
    plural = cameras_word(instrument)
    chosen = [name for name in choice.cameras if name not in answer.off]
    used = [name for name in answer.used.cameras if name not in answer.off]
    who = f" by {clean(answer.used.who)}, {clock_time(answer.used.time)} UT" if answer.used.who else ""
    same = set(chosen) == set(used) and bool(choice.halves) == bool(answer.used.halves)
    in_turn = f"  in {len(answer.used.halves)} parts that take turns" if answer.used.halves else ""
    lines: list[Line] = [
        (
            ("  selected here  ", "dim"),
            (f"{len(chosen)} {plural}", "strong"),
            (f" of {total}  {clean(choice.words())}", "text"),
            ("" if same else "  enter asks the engine", "active"),
        ),
        (
            ("  engine uses    ", "dim"),
            (f"{len(used)} {plural}", "strong"),
            (f" of {total}  {clean(answer.used.words())}{in_turn}{who}", "text"),
        ),
    ]
    if answer.expid is not None:
        done = sum(
            status not in (Status.NOT_EXPECTED, Status.WAITING)
            for name, status in answer.statuses.items()
            if any(camera.name == name for camera in instrument.cameras)
        )
        lines.append((("  last reduced   ", "dim"), (f"{done} {plural}", "strong"), (f"  exp {answer.expid}", "text")))
    status = answer.statuses.get(cursor, Status.NOT_EXPECTED)
    words = status.value.lower().replace("_", " ")
    lines.append(
        (
            (f"  {cursor:<13}  ", "key"),
            (f"{words} in the last exposure", "text"),
            (f"  {groups[cursor]}" if cursor in groups else "", "text"),
            ("  switched off by the site" if cursor in answer.off else "", "odd"),
        )
    )
    return lines
