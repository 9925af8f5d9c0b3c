"""What the Conditions ask of the record and of the kept almanacs, in the reader's thread; and how one is reckoned."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qltui.instruments.base import Instrument
from qltui.sky.almanac import Almanac, Place, almanac_from_json
from qltui.sky.kept import command_line, kept_almanac
from qltui.tables.conditions import ConditionPoint, condition_points, measured_values
from qltui.tui.beside import ProgramError, output_of

__all__ = ["AlmanacError", "ConditionsAnswer", "place_of", "read_conditions", "reckon"]


class AlmanacError(Exception):
    """Sun and moon could not be reckoned; the message says why."""


@dataclass(frozen=True, slots=True)
class ConditionsAnswer:
    """A night: its exposures with their conditions, its almanac where one is kept, and the nights before and after.

    `processes` has the newest process of each exposure.
    """

    night: int | None = None
    points: tuple[ConditionPoint, ...] = ()
    processes: tuple[tuple[int, int | None], ...] = ()
    almanac: Almanac | None = None
    nights: tuple[int, ...] = ()
    measured: Mapping[str, Mapping[int, float]] = field(default_factory=dict)


def place_of(instrument: Instrument) -> Place | None:
    """Return where the telescope stands, or None where nobody says."""
    location = instrument.location
    return None if location is None else Place(location.latitude, location.longitude, location.elevation)


def read_conditions(night: int | None, instrument: Instrument, directory: Path) -> Callable[[Any], ConditionsAnswer]:
    """Return the question for a night, or the newest one."""
    place = place_of(instrument)

    def ask(source: Any) -> ConditionsAnswer:
        nights = tuple(source.nights(instrument.name))
        chosen = night if night is not None else nights[0] if nights else None
        if chosen is None:
            return ConditionsAnswer()
        rows = source.exposures(chosen, instrument=instrument.name)
        almanac = kept_almanac(directory, chosen, place) if place is not None else None
        measured = measured_values(source, instrument, chosen)
        points = condition_points(((row.exposure, row.status) for row in rows), instrument, almanac, measured)
        processes = tuple((row.exposure.expid, row.process) for row in rows)
        return ConditionsAnswer(chosen, points, processes, almanac, nights, measured)

    return ask


async def reckon(night: int, place: Place, directory: Path) -> Almanac:
    """Reckon sun and moon of a night in a process of its own: the viewer does not load astropy.

    Raises
    ------
    AlmanacError
        Where the process fails.
    """
    try:
        return almanac_from_json(json.loads(await output_of(command_line(night, place, directory))))
    except (ProgramError, ValueError) as error:
        raise AlmanacError(str(error)) from error
