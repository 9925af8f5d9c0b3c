"""Faults of any simulator: their kinds as data, and how one is written and read."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from qltui.simulate.errors import SimulationError

__all__ = ["Fault", "FaultBook", "FaultKind", "Place"]


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault.

    Attributes
    ----------
    name : str
        ``"noisy_amplifier"``.
    size : str
        What its size means; empty where it has none.
    unit : str
        Of the size.
    default : float
        Size where none is given.
    places : str
        Where it can happen: a key of `FaultBook.places`.
    obstypes : tuple of str
        Exposures in which it can be seen; empty for all.
    minimum, maximum : float
        Allowed sizes.
    """

    name: str
    size: str
    unit: str
    default: float
    places: str
    obstypes: tuple[str, ...] = ()
    minimum: float = -math.inf
    maximum: float = math.inf


@dataclass(frozen=True, slots=True)
class Place:
    """A kind of place.

    Attributes
    ----------
    form : str
        How it stands in a fault, ``"CAMERA:AMPLIFIER"``; empty for the whole exposure.
    words : str
        For a message, ``"CAMERA:AMPLIFIER, as b3:C"``.
    known : callable
        ``(place, amplifier) -> bool``: whether there is such a place.
    spell : callable
        The place as the instrument writes it, in lower case, say.
    """

    form: str
    words: str
    known: Callable[[str, str], bool]
    spell: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class FaultBook:
    """The faults of one instrument: kinds and places by name."""

    kinds: Mapping[str, FaultKind]
    places: Mapping[str, Place]

    def form(self, kind: FaultKind) -> str:
        """Return how a fault of this kind is written, for messages and help."""
        place = self.places[kind.places].form
        return ":".join(part for part in (kind.name, place) if part) + (f"[:{kind.unit}]" if kind.size else "")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with an exposure; each instrument has its own class of it, with its `book`.

    Attributes
    ----------
    name : str
        Key of the kinds.
    place : str
        Camera or other place; empty where it concerns the whole exposure.
    amplifier : str
        Empty where the fault has none.
    size : float
        In the unit of its kind.
    """

    book: ClassVar[FaultBook]

    name: str
    place: str
    amplifier: str
    size: float

    def __str__(self) -> str:
        """Return it as `parse` takes it."""
        size = f"{self.size:g}" if self.book.kinds[self.name].size else ""
        return ":".join(part for part in (self.name, self.place, self.amplifier, size) if part)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a fault such as ``noisy_amplifier:b3:C:25``; the size may be left out.

        Raises
        ------
        SimulationError
            Where there is no such fault or place, or the size makes no sense; the message says what would.
        """
        name, *words = (word.strip() for word in text.split(":"))
        kind = cls.book.kinds.get(name)
        if kind is None:
            msg = f"no fault is called {name!r}; take one of {', '.join(cls.book.kinds)}"
            raise SimulationError(msg)
        form = cls.book.places[kind.places].form
        wanted = form.count(":") + 1 if form else 0
        if not wanted <= len(words) <= wanted + (1 if kind.size else 0):
            msg = f"fault {text!r} is not of the form {cls.book.form(kind)}"
            raise SimulationError(msg)
        place, amplifier = [*words[:wanted], "", ""][:2]
        fault = cls(
            name, cls.book.places[kind.places].spell(place), amplifier.upper(), _size(text, words[wanted:], kind)
        )
        fault._check(text)
        return fault

    def _check(self, text: str) -> None:
        """Refuse a place that the instrument does not have, and a size beyond what can be."""
        kind = self.book.kinds[self.name]
        place = self.book.places[kind.places]
        if not place.known(self.place, self.amplifier):
            where = f"{self.place}:{self.amplifier}" if ":" in place.form else self.place
            msg = f"fault {self.name}: no such place as {where!r}; give {place.words}"
            raise SimulationError(msg)
        if not kind.minimum <= self.size <= kind.maximum:
            msg = f"fault {text!r}: the size must lie between {kind.minimum:g} and {kind.maximum:g} {kind.unit}"
            raise SimulationError(msg)

    def check_obstype(self, obstype: str) -> None:
        """Refuse a fault that nobody could see in an exposure of this type.

        Raises
        ------
        SimulationError
        """
        obstypes = self.book.kinds[self.name].obstypes
        if obstypes and obstype not in obstypes:
            msg = f"fault {self.name} cannot happen in an exposure of type {obstype}; it needs {', '.join(obstypes)}"
            raise SimulationError(msg)


def _size(text: str, words: Iterable[str], kind: FaultKind) -> float:
    """Return the size that stands behind the place, or the default."""
    for word in words:
        try:
            return float(word)
        except ValueError:
            msg = f"fault {text!r}: {word!r} is not a number of {kind.unit}"
            raise SimulationError(msg) from None
    return kind.default
