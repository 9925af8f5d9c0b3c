"""The simulators by instrument: each is a module with its description, its options, and what carries them out."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

__all__ = ["DEFAULT", "SIMULATORS", "BenchNight", "Goals", "SampleNight", "Simulator", "bench_night", "chosen", "load"]


@dataclass(frozen=True, slots=True)
class Goals:
    """What the reduction of a full-size exposure may cost.

    Attributes
    ----------
    decompression : float
        Times what the same processes need merely to decompress the file.
    memory : float
        Of a worker [MB].
    peers : tuple of str
        Names of a program that does a part of the work on detrended images alone; the first that is installed counts.
    peer : float
        Times what as many of that program need for the same images.
    """

    decompression: float = 3.0
    memory: float = 700.0
    peers: tuple[str, ...] = ()
    peer: float = 0.5


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
    bench : str
        ``"module:name"`` of ``(directory, size, tell) -> BenchNight``.
    goals : Goals
        For the same.
    """

    module: str
    sample: str
    bench: str
    goals: Goals = field(default_factory=Goals)


@dataclass(frozen=True, slots=True)
class BenchNight:
    """A night with one science exposure, by which speed is measured.

    Attributes
    ----------
    data : Path
        Root of the raw files.
    calibration : Path or None
        The site's.
    science : Path
        The raw file that is timed.
    """

    data: Path
    calibration: Path | None
    science: Path


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
    "desi": Simulator("qltui.simulate.command", ".", "qltui.simulate.bench_night:write_night"),
    "decam": Simulator(
        "qltui.simulate.decam.command",
        "",
        "qltui.simulate.decam.bench_night:write_night",
        Goals(4.0, 500.0, ("source-extractor", "sex", "sextractor")),
    ),
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


def bench_night(name: str, directory: Path, size: str, tell: Callable[[str], None]) -> BenchNight:
    """Return the night by which the speed of an instrument's reduction is measured; simulated once, then kept.

    Parameters
    ----------
    name : str
        Of the instrument.
    directory : Path
        Where it is kept.
    size : {"mini", "full"}
    tell : callable
        Is told what is being simulated.
    """
    module, _, function = SIMULATORS[name].bench.partition(":")
    night: BenchNight = getattr(importlib.import_module(module), function)(directory, size, tell)
    return night


def load(name: str) -> Any:
    """Return the module of a simulator."""
    return importlib.import_module(SIMULATORS[name].module)
