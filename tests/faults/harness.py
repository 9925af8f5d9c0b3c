"""What a fault of the campaign is, and the site that it is tried on: a real engine over a data directory of its own."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from site_of_faults import Entered, Site

__all__ = ["CLASSES", "FAULTS", "Account", "Entered", "Fault", "Site", "fault", "faults_of", "load_class"]

CLASSES: Final = ("files", "headers", "data", "processes", "machine", "terminal", "load")
MODULES: Final = {"machine": ("faults_machine", "faults_database", "faults_disk")}
"""Modules of a class, where it is not one named like it."""


class Attempt(Protocol):
    """The function of a fault: does the damage of the n-th try. A generator waits at each ``yield`` until all that came
    in has been dealt with, and may then do the rest."""

    __doc__: str | None

    def __call__(self, site: Site, rng: random.Random, n: int) -> object: ...


@dataclass(frozen=True)
class Fault:
    """One row of the table.

    Attributes
    ----------
    group, title : str
        Its class, and in words what goes wrong.
    tries, short : int
        How often it is tried in the long campaign, and in the short one.
    kind : str
        Key of `makers.KINDS`.
    fresh : bool
        Whether each try needs a site of its own.
    together : int
        How many tries may be in flight at once.
    settings : mapping
        Settings of the engine that differ; those of one class and kind with the same settings share a site.
    internal : bool
        Whether the engine's log may have the traceback of a fault of a program.
    """

    group: str
    title: str
    tries: int
    short: int
    kind: str
    function: Attempt
    fresh: bool = False
    together: int = 1
    settings: dict[str, object] = field(default_factory=dict)
    internal: bool = False


@dataclass
class Account:
    """What came of the tries of one fault.

    Attributes
    ----------
    entered, accounted, lost, twice, green : int
        Exposures that came in, of which there is a result or a reason; that are nowhere, that were reduced twice
        without being asked for, that are called normal and are not.
    failures : list of str
        Tries that went wrong, in words.
    skipped : str
        Why it cannot be tried here.
    seconds : list of float
        To recover, for each group of tries [s].
    shown : dict
        What the observer was shown, and how often.
    """

    fault: Fault
    tries: int = 0
    entered: int = 0
    accounted: int = 0
    lost: int = 0
    twice: int = 0
    green: int = 0
    failures: list[str] = field(default_factory=list)
    skipped: str = ""
    seconds: list[float] = field(default_factory=list)
    shown: dict[str, int] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, done twice or wrongly green, and every try went as it must."""
        return not (self.lost or self.twice or self.green or self.failures)


FAULTS: Final[list[Fault]] = []


def fault(
    group: str,
    title: str,
    *,
    tries: int = 10,
    short: int = 1,
    kind: str = "desi",
    fresh: bool = False,
    together: int = 1,
    internal: bool = False,
    **settings: object,
) -> Callable[[Attempt], Attempt]:
    """Enter a function into the campaign; see `Fault`."""

    def enter(function: Attempt) -> Attempt:
        FAULTS.append(Fault(group, title, tries, short, kind, function, fresh, together, settings, internal))
        return function

    return enter


def load_class(group: str) -> bool:
    """Import the faults of a class; returns whether there are any."""
    import importlib
    from pathlib import Path

    here = Path(__file__).parent
    names = [name for name in MODULES.get(group, (f"faults_{group}",)) if (here / f"{name}.py").is_file()]
    for name in names:
        importlib.import_module(name)
    return bool(names)


def faults_of(groups: Iterable[str], words: str = "") -> list[Fault]:
    """Return the faults of some classes whose title has these words, in the order of the table."""
    wanted = list(groups)
    for group in wanted:
        load_class(group)
    return [fault for group in wanted for fault in FAULTS if fault.group == group and words in fault.title]
