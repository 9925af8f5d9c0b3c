"""Which cameras are reduced: the selection in force, and those that observers have kept under a name.

The engine, the screens and the commands ask here, so that none of them can believe something else.
"""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from qltui.documents import parse_json
from qltui.instruments.base import Instrument
from qltui.store.codec import dump, text_value
from qltui.store.database import Database
from qltui.store.versions import decide

__all__ = [
    "ALL",
    "HALVES",
    "LONGEST_NAME",
    "CameraSelection",
    "delete_selection",
    "make_selection",
    "presets",
    "save_selection",
    "saved_selections",
    "select_cameras",
    "selected_of",
    "selection_in_force",
    "turn_of",
]

ALL: Final = "All"
HALVES: Final = "Halves"
LONGEST_NAME: Final = 40
"""Of the name of a selection [characters]."""
_DECISION: Final = "cameras"
_LARGEST_SEED: Final = 999_999


@dataclass(frozen=True, slots=True)
class CameraSelection:
    """A selection of cameras.

    Attributes
    ----------
    name : str
        ``"Core"``, ``"Random 10"``, ``"Halves"``, or as an observer calls it.
    cameras : tuple of str
        Those that are selected, in the order of the instrument; of `halves`, all of them together.
    halves : tuple of tuple of str
        Parts that are taken in turn, one for each exposure; empty where all of `cameras` are taken each time.
    seed : int or None
        That a random choice was made with: the same seed chooses the same cameras again.
    who, time : str, float
        By whom, and when [s since 1970].
    """

    name: str = ALL
    cameras: tuple[str, ...] = ()
    halves: tuple[tuple[str, ...], ...] = ()
    seed: int | None = None
    who: str = ""
    time: float = 0.0

    def of_turn(self, turn: int) -> tuple[str, ...]:
        """Return the cameras of one exposure, the `turn`-th of its kind in the night, from 0."""
        return self.halves[turn % len(self.halves)] if self.halves else self.cameras

    def words(self, turn: int | None = None) -> str:
        """Return how it is called, ``"Random 10, seed 42"``; with a turn also which part, ``"Halves, 1 of 2"``."""
        seed = f", seed {self.seed}" if self.seed is not None else ""
        part = f", {turn % len(self.halves) + 1} of {len(self.halves)}" if self.halves and turn is not None else ""
        return f"{self.name}{seed}{part}"


def make_selection(
    instrument: Instrument,
    arguments: Mapping[str, object],
    saved: Sequence[CameraSelection] = (),
    off: Collection[str] = (),
) -> CameraSelection:
    """Return the selection that is asked for, checked.

    Parameters
    ----------
    instrument : Instrument
        Whose cameras, presets and halves.
    arguments : mapping
        One of ``name`` (a preset, ``"All"``, ``"Halves"`` or the name of a saved one, in any case), ``cameras`` (a list
        of names, with ``name`` if it has one) and ``random`` (how many, with ``seed`` if it is to be repeated).
    saved : sequence of CameraSelection
        Those that are kept under a name.
    off : collection of str
        Cameras that the site has switched off; never chosen at random.

    Raises
    ------
    ValueError
        Where that cannot be, with the reason.
    """
    known = {camera.name: None for camera in instrument.cameras}
    if arguments.get("random") is not None:
        return _random(instrument, arguments, off)
    name = arguments.get("name", "")
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        msg = f"name must be a text of at most {LONGEST_NAME} characters"
        raise ValueError(msg)
    name = " ".join(name.split())
    if arguments.get("cameras") is not None:
        return CameraSelection(name or "as chosen", _checked(arguments["cameras"], known))
    for selection in (*presets(instrument), *saved):
        if selection.name.casefold() == name.casefold():
            return selection
    names = ", ".join(selection.name for selection in (*presets(instrument), *saved))
    msg = f"no selection is called {name[:LONGEST_NAME]!r}; known: {names}"
    raise ValueError(msg)


def presets(instrument: Instrument) -> tuple[CameraSelection, ...]:
    """Return what can be selected by name without anybody having saved it: all, the instrument's, halves in turn."""
    everything = tuple(camera.name for camera in instrument.cameras)
    found = {ALL: CameraSelection(ALL, everything)}
    for name, cameras in instrument.presets.items():
        found.setdefault(name, CameraSelection(name, _in_order(instrument, cameras)))
    if instrument.halves:
        parts = tuple(_in_order(instrument, half) for half in instrument.halves)
        found.setdefault(HALVES, CameraSelection(HALVES, everything, parts))
    return tuple(found.values())


def _in_order(instrument: Instrument, names: Collection[str]) -> tuple[str, ...]:
    return tuple(camera.name for camera in instrument.cameras if camera.name in names)


def _random(instrument: Instrument, arguments: Mapping[str, object], off: Collection[str]) -> CameraSelection:
    """Return cameras chosen by a seed; the one that was given, or one of the moment."""
    there = [camera.name for camera in instrument.cameras if camera.name not in off]
    count, seed = arguments["random"], arguments.get("seed")
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= len(there):
        msg = f"random must be how many of {len(there)} cameras, from 1 on"
        raise ValueError(msg)
    if seed is None:
        seed = random.SystemRandom().randint(1, _LARGEST_SEED)
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**63:
        msg = "seed must be a whole number from 0 on"
        raise ValueError(msg)
    chosen = random.Random(seed).sample(there, count)  # noqa: S311 - a sample of detectors, and no secret
    return CameraSelection(f"Random {count}", _in_order(instrument, chosen), seed=seed)


def _checked(cameras: object, known: Mapping[str, None]) -> tuple[str, ...]:
    """Return names of cameras in the instrument's order."""
    if not isinstance(cameras, list | tuple) or not cameras:
        msg = f"cameras must be a list of names such as {next(iter(known))!r}, with one at least"
        raise ValueError(msg)
    unknown = [name for name in cameras if not isinstance(name, str) or name not in known]
    if unknown:
        msg = f"no camera is called {str(unknown[0])[:LONGEST_NAME]!r}"
        raise ValueError(msg)
    return tuple(name for name in known if name in cameras)


# -- in the record -------------------------------------------------------------------------------------------------


def selection_in_force(database: Database, instrument: Instrument) -> CameraSelection:
    """Return the selection for the exposures that are begun next; all cameras where nobody has selected any."""
    rows = database.sql("SELECT value, who, time FROM decision WHERE name = ?", (_DECISION,))
    found = _read(instrument, ALL, *rows[0]) if rows else None
    return found or presets(instrument)[0]


def _read(instrument: Instrument, name: str, content: str, who: str, when: float) -> CameraSelection | None:
    """Return a selection as it was kept; None where it is none, or of cameras that the instrument does not have."""
    try:
        values = parse_json(content)
        made = make_selection(
            instrument, {"name": str(values.get("name", name))[:LONGEST_NAME], "cameras": values["cameras"]}
        )
        halves = tuple(_checked(half, dict.fromkeys(made.cameras)) for half in values.get("halves", ()))
        seed = values.get("seed")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # Of another version, or of another instrument's record: nothing is left out because of it.
        return None
    return replace(made, halves=halves, seed=seed if isinstance(seed, int) else None, who=who, time=when)


def _content(selection: CameraSelection) -> str:
    content: dict[str, Any] = {"name": selection.name, "cameras": selection.cameras}
    if selection.halves:
        content["halves"] = selection.halves
    if selection.seed is not None:
        content["seed"] = selection.seed
    return dump(content)


def select_cameras(database: Database, selection: CameraSelection, who: str, now: float | None = None) -> None:
    """Let a selection hold for the exposures that are begun from now on."""
    decide(database, _DECISION, _content(selection), who, now)


def saved_selections(database: Database, instrument: Instrument) -> tuple[CameraSelection, ...]:
    """Return the selections that are kept under a name, by name; those of cameras that are unknown are left out."""
    rows = database.sql("SELECT name, content, who, time FROM camera_selection ORDER BY name COLLATE NOCASE")
    found = (_read(instrument, *row) for row in rows)
    return tuple(selection for selection in found if selection is not None)


def save_selection(database: Database, selection: CameraSelection, who: str, now: float | None = None) -> None:
    """Keep a selection under its name; one of the same name is replaced."""
    when = time.time() if now is None else now
    with database.transaction():
        database.write_sql(
            "INSERT OR REPLACE INTO camera_selection (name, content, who, time) VALUES (?, ?, ?, ?)",
            (text_value(selection.name), _content(selection), text_value(who), when),
        )


def delete_selection(database: Database, name: str) -> bool:
    """Forget a selection; returns whether there was one."""
    with database.transaction():
        return bool(database.write_sql("DELETE FROM camera_selection WHERE name = ?", (text_value(name),)))


def selected_of(
    database: Database, instrument: Instrument, selection: CameraSelection, exposure_id: int
) -> tuple[tuple[str, ...], str]:
    """Return the cameras of an exposure by a selection, and how the selection is called.

    Of an exposure that calibrates others all cameras are taken, whatever is selected: a camera that is selected later
    would have no master else, and halves in turn would leave each with every second frame.
    """
    rows = database.sql("SELECT obstype FROM exposure WHERE id = ?", (exposure_id,))
    if rows and rows[0][0] in instrument.calibration_products:
        return presets(instrument)[0].cameras, ALL
    turn = turn_of(database, exposure_id) if selection.halves else 0
    return selection.of_turn(turn), selection.words(turn)


def turn_of(database: Database, exposure_id: int) -> int:
    """Return the turn of an exposure: how many of its kind are before it in its night.

    It follows from the record alone, so that an exposure that is gone on with or reduced again has the same part; of
    exposures that alternate between filters, each filter has its own turn.
    """
    rows = database.sql(
        """SELECT count(*) FROM outcome AS this
           JOIN outcome AS other ON other.instrument_id = this.instrument_id AND other.night = this.night
                AND other.obstype = this.obstype AND other.program = this.program AND other.expid < this.expid
           WHERE this.exposure_id = ?""",
        (exposure_id,),
    )
    return int(rows[0][0])
