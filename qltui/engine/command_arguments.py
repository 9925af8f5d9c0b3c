"""The arguments of commands, checked: whoever may write the record's file may write anything into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from qltui.engine.in_force import InForce
from qltui.instruments.base import Instrument
from qltui.model import Trigger
from qltui.store.record import Store
from qltui.store.views import ExposureRow

__all__ = ["CommandError", "Commanded", "choice", "exposure", "flag", "required", "text", "whole"]

LONGEST: Final = 10_000
"""Of a text [characters]."""


class CommandError(Exception):
    """A command cannot be carried out; the message says why."""


class Commanded(Protocol):
    """What the commands act on: the engine."""

    @property
    def store(self) -> Store:
        """The record."""

    @property
    def instrument(self) -> Instrument:
        """That is watched."""

    @property
    def in_force(self) -> InForce:
        """Settings and limits as they hold for the next exposure."""

    def enqueue(self, exposure_id: int, trigger: Trigger, who: str, cameras: tuple[str, ...]) -> int:
        """Put an exposure in the queue and return the number of its process."""

    def cancel(self, process: int | None, expid: int | None, reason: str) -> list[str]:
        """Stop what is in flight or waits, and return it in words."""

    def pause(self, *, paused: bool) -> None:
        """Stop or go on."""

    def set_mode(self, mode: str) -> None:
        """Begin new exposures by itself, or only what somebody asks for."""

    def take_up(self) -> InForce:
        """Read the record's versions anew, use them from the next exposure on, and return what holds."""

    def clear(self, command: int, kinds: Sequence[str], days: int, who: str) -> None:
        """Remove what is old from the disk, beside the work, and answer the command when that is done."""

    def request_stop(self, reason: str) -> None:
        """End."""


def whole(arguments: Mapping[str, object], name: str) -> int | None:
    """Return a whole number from 0 on, or None where the argument is not given."""
    value = arguments.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        msg = f"{name} must be a whole number, not {str(value)[:40]!r}"
        raise CommandError(msg)
    return value


def required(arguments: Mapping[str, object], name: str) -> int:
    """Return a whole number that must be given."""
    value = whole(arguments, name)
    if value is None:
        msg = f"{name} is missing: give a whole number"
        raise CommandError(msg)
    return value


def text(arguments: Mapping[str, object], name: str, *, needed: bool = True, longest: int = LONGEST) -> str:
    """Return a text of a length that can be meant."""
    value = arguments.get(name, "")
    if not isinstance(value, str) or (needed and not value.strip()) or len(value) > longest:
        msg = f"{name} must be a text of 1 to {longest} characters"
        raise CommandError(msg)
    return value


def choice(arguments: Mapping[str, object], name: str, known: Sequence[str]) -> str:
    """Return one of the words that are known."""
    value = arguments.get(name)
    if not isinstance(value, str) or value not in known:
        msg = f"{name} must be {' or '.join(known)}, not {str(value)[:40]!r}"
        raise CommandError(msg)
    return value


def flag(arguments: Mapping[str, object], name: str) -> bool:
    """Return whether something is wished; not where it is not said."""
    value = arguments.get(name, False)
    if not isinstance(value, bool):
        msg = f"{name} must be true or false, not {str(value)[:40]!r}"
        raise CommandError(msg)
    return value


def exposure(engine: Commanded, arguments: Mapping[str, object]) -> tuple[int, int]:
    """Return the record's number of the exposure that is meant, and its own."""
    instrument = engine.instrument.name
    expid, night = whole(arguments, "expid"), whole(arguments, "night")
    if expid is None:
        msg = "which exposure? give expid"
        raise CommandError(msg)
    if night is None:
        row: ExposureRow | None = engine.store.find_exposure(str(expid), instrument)
        night = row.exposure.night if row is not None and row.exposure.expid == expid else None
    found = None if night is None else engine.store.exposure_id(instrument, night, expid)
    if found is None:
        msg = f"exposure {expid} is not in the record"
        raise CommandError(msg)
    return found, expid
