"""The simulators by instrument: each is a module with its description, its options, and what carries them out."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ["DEFAULT", "SIMULATORS", "SampleNight", "Simulator", "chosen", "load"]


@dataclass(frozen=True, slots=True)
class Simulator:
    """Where the simulator of an instrument is, and its night.

    Attributes
    ----------
    module : str
        With ``DESCRIPTION``, ``EPILOG``, ``add_arguments``, ``main``, and ``sample_night(out, workers)``, which gives a
        `SampleNight`.
    sample : str
        Folder of the committed sample night, below ``sample_data``; empty where that has not all cameras.
    """

    module: str
    sample: str


@dataclass(frozen=True, slots=True)
class SampleNight:
    """A night that is simulated as it is asked for.

    Attributes
    ----------
    numbers : tuple of int
        Of the exposures, in the order in which they come.
    files : generator of Path
        Simulates the next exposure and gives its raw file; close it to end the processes that simulate.
    """

    numbers: tuple[int, ...]
    files: Generator[Path, None, None]


SIMULATORS: Final[Mapping[str, Simulator]] = {
    "desi": Simulator("qltui.simulate.command", "."),
    "decam": Simulator("qltui.simulate.decam.command", ""),
}
"""By the name of the instrument."""

DEFAULT: Final = "desi"


def chosen(words: Sequence[str]) -> str:
    """Return the instrument that the words of a command line name; the default where they name none that is known.

    The real parser then refuses a wrong one with the names of the right ones.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--instrument", default=DEFAULT)
    try:
        found: str = parser.parse_known_args(list(words))[0].instrument
    except argparse.ArgumentError:  # the option stands without a name
        return DEFAULT
    return found if found in SIMULATORS else DEFAULT


def load(name: str) -> Any:
    """Return the module of a simulator."""
    return importlib.import_module(SIMULATORS[name].module)
