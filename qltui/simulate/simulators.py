"""The simulators by instrument: each is a module with its description, its options and what carries them out."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["DEFAULT", "SIMULATORS", "chosen", "load"]

SIMULATORS: Final[Mapping[str, str]] = {"desi": "qltui.simulate.command", "decam": "qltui.simulate.decam.command"}
"""Modules by the name of the instrument, with ``DESCRIPTION``, ``EPILOG``, ``add_arguments`` and ``main``."""

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
    return importlib.import_module(SIMULATORS[name])
