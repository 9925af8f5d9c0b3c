"""``qltui simulate``: write a raw exposure with known truth."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from qltui.simulate.simulators import DEFAULT, SIMULATORS, chosen, load

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "add_arguments_for", "main"]

DESCRIPTION = "Write a raw exposure of DESI, with faults if you like, and its truth beside it."
EPILOG = """\
examples:
  qltui simulate night --size mini --obstype SCIENCE --expid 3579 --night 20191001 --seed 1
  qltui simulate night --size mini --obstype SCIENCE --expid 3580 --fault noisy_amplifier:b3:C:25
  qltui simulate --instrument decam --help      the options of another instrument
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the usual instrument."""
    add_arguments_for(parser, ())


def add_arguments_for(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Add the options of the instrument that the words of the command line name."""
    name = chosen(words)
    parser.add_argument(
        "--instrument", choices=tuple(SIMULATORS), default=DEFAULT, help=f"whose raw data (default: {DEFAULT})"
    )
    simulator = load(name)
    if name != DEFAULT:
        parser.description, parser.epilog = simulator.DESCRIPTION, simulator.EPILOG
    simulator.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    """Carry the command out; return the exit status."""
    return int(load(args.instrument).main(args))
