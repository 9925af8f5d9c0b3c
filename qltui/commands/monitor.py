"""``qltui``: show the night; start the engine if none runs on this state directory."""

from __future__ import annotations

import argparse
import os
import sys

from qltui.commands.engine import settings_for, starter
from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_data, configuration, instrument_of, keymap_of, observer, require_data
from qltui.config import Config
from qltui.instruments.base import Instrument

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "add_display", "main", "show"]

DESCRIPTION = """\
The Monitor. It starts the engine, a process of its own, if none runs on the state directory, and shows what it does.
Closing the screen or losing the line never stops a reduction; several screens may look at once."""
EPILOG = """\
examples:
  qltui --data /data/desi --calib /calib/desi
  qltui --state /local/qltui                      attaches to the engine that runs there
  qltui --theme night-red --charset ascii
"""


def add_display(parser: argparse.ArgumentParser) -> None:
    """Add the options of the screen."""
    parser.add_argument("--theme", choices=("day", "night-red", "mono"), help="colours (N changes them)")
    parser.add_argument(
        "--charset", choices=("auto", "braille", "block", "ascii"), help="characters of grids and charts"
    )
    parser.add_argument("--mouse", action=argparse.BooleanOptionalAction, default=None, help="use the mouse")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_data(parser)
    add_display(parser)
    parser.add_argument("--no-engine", action="store_true", help="only look; start no engine")


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    from qltui.engine.launch import EngineStartError, is_running, start_engine

    config = configuration(args)
    instrument = instrument_of(config)
    _require_terminal()
    started = False
    if not args.no_engine and not is_running(config.state_directory):
        require_data(config)
        try:
            start_engine(settings_for(config, who=observer(config)))
        except EngineStartError as error:
            raise CommandError(str(error), ExitCode.UNAVAILABLE) from error
        started = True
    return show(args, config, instrument, own_engine=started)


def _require_terminal() -> None:
    """Refuse a terminal on which nothing can be drawn, and say what works instead."""
    term = os.environ.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        msg = f"TERM is {term!r}, which cannot move its cursor; use `qltui status`, or `qltui run` for the engine alone"
        raise CommandError(msg, ExitCode.UNAVAILABLE)
    if not (sys.stderr.isatty() and sys.stdin.isatty()):
        msg = "the screen needs stdin and stderr to be a terminal, and one of them is redirected; use `qltui status`"
        raise CommandError(msg, ExitCode.UNAVAILABLE)


def _mouse(args: argparse.Namespace, config: Config) -> bool:
    if args.mouse is not None:
        return bool(args.mouse)
    if config.display.mouse == "auto":
        return "SSH_CONNECTION" not in os.environ
    return config.display.mouse == "on"


def show(
    args: argparse.Namespace, config: Config, instrument: Instrument, *, own_engine: bool, tour: bool = False
) -> int:
    """Run the screen on the record of `config` and return its exit status.

    Parameters
    ----------
    own_engine : bool
        Whether this command started the engine, so that leaving asks what becomes of it.
    tour : bool
        Whether to begin with the guided tour.
    """
    _require_terminal()
    keymap = keymap_of(config)
    from qltui.tui import run_monitor

    return run_monitor(
        config.state_directory,
        instrument.name,
        theme=args.theme or "",
        default_theme=config.display.theme,
        charset=args.charset or config.display.charset,
        mouse=_mouse(args, config),
        own_engine=own_engine,
        who=observer(config),
        keymap=keymap,
        config=config,
        start_engine=starter(config, who=observer(config)),
        tour=tour,
    )
