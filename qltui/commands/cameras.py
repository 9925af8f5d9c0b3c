"""``qltui cameras``: which cameras are reduced, and selecting others."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_state, configuration, instrument_of
from qltui.commands.selecting import add_form, open_record, output, send
from qltui.config import Config
from qltui.instruments.base import Instrument
from qltui.store.views import CommandView
from qltui.tables.cameras import count_words, selected_table, selections_table

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = """\
Show which cameras are reduced, or ask the engine to reduce others from the next exposure on: by the name of a preset or
of a selection that somebody saved, by a list, or so many at random. What is not selected is not expected, and counts
neither as good nor as bad; an exposure that is reduced again with cameras by name has those, whatever is selected."""
EPILOG = """\
examples:
  qltui cameras                              which are reduced now
  qltui cameras list                         what can be selected by name
  qltui cameras select Core
  qltui cameras select Halves                parts that complement each other, in turn
  qltui cameras select N4,S4,S29
  qltui cameras select --random 10 --seed 42
  qltui cameras save Middle N4,S4            to be selected by this name
  qltui cameras delete Middle
  qltui cameras select All

exit status: 0 done, 64 no such camera, 65 the engine refused, 66 no record,
  69 no engine has answered yet (the request stays: the next engine does it)
"""
_ACTIONS = ("show", "list", "select", "save", "delete")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("action", nargs="?", default="show", choices=_ACTIONS, help="default: show")
    parser.add_argument(
        "words", nargs="*", metavar="WHICH", help="a name, or cameras as N4,S4; save: the name, then the cameras"
    )
    parser.add_argument("--random", type=int, metavar="N", help="select, save: so many cameras at random")
    parser.add_argument(
        "--seed", type=int, metavar="SEED", help="with --random: the same seed chooses the same cameras"
    )
    add_form(parser)
    add_state(parser)


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    config = configuration(args)
    instrument = instrument_of(config)
    if args.action in ("show", "list"):
        if args.words or args.random is not None:
            msg = f"`qltui cameras {args.action}` takes no name; did you mean `qltui cameras select`?"
            raise CommandError(msg, ExitCode.USAGE)
        return _show(args, config, instrument)
    name, arguments = _request(args, instrument)
    answer = send(config, name, arguments)
    _refuse_unless_done(answer)
    if args.json or args.csv or args.ecsv:
        return _show(args, config, instrument)
    print(answer.answer)
    return ExitCode.OK


def _show(args: argparse.Namespace, config: Config, instrument: Instrument) -> int:
    """Print which cameras are reduced, or what can be selected."""
    from qltui.store import selections
    from qltui.store.history import BEYOND, neighbour_night
    from qltui.store.in_force import settings_in_force

    with open_record(config) as reader:
        selection = reader.ask(selections.selection_in_force, instrument)
        saved = reader.ask(selections.saved_selections, instrument)
        settings = reader.ask(settings_in_force, config).config
        night = reader.ask(neighbour_night, instrument.name, BEYOND, -1) or 0
    dead = instrument.dead_cameras(night, str(settings.calibration_directory or ""))
    off = {**dead, **dict.fromkeys(settings.cameras.off, "switched off by the site")}
    if args.action in ("list", "save", "delete"):
        output(selections_table(selections.presets(instrument), saved), args)
        return ExitCode.OK
    if not (args.json or args.csv or args.ecsv):
        print(count_words(instrument, selection, off))
    output(selected_table(instrument, selection, off), args)
    return ExitCode.OK


def _request(args: argparse.Namespace, instrument: Instrument) -> tuple[str, dict[str, Any]]:
    """Return the command that the engine is sent, with its arguments.

    Raises
    ------
    CommandError
        Where that cannot be meant.
    """
    words = list(args.words)
    if args.seed is not None and args.random is None:
        msg = "--seed goes with --random N"
        raise CommandError(msg, ExitCode.USAGE)
    if args.action != "select" and not words:
        msg = f"which name? as in `qltui cameras {args.action} Middle`"
        raise CommandError(msg, ExitCode.USAGE)
    if args.action == "delete":
        return "delete_selection", {"name": " ".join(words)}
    arguments: dict[str, Any] = {"name": words.pop(0)} if args.action == "save" else {}
    if args.random is not None:
        if words:
            msg = "either names or --random, not both"
            raise CommandError(msg, ExitCode.USAGE)
        seed = {"seed": args.seed} if args.seed is not None else {}
        arguments |= {"random": args.random, **seed}
    else:
        arguments |= _named(words, instrument, args.action)
    return ("save_selection" if args.action == "save" else "select_cameras"), arguments


def _named(words: Sequence[str], instrument: Instrument, action: str) -> dict[str, Any]:
    """Return the cameras that are named, or the name of a selection where they are none."""
    names = [word for word in " ".join(words).replace(",", " ").split() if word]
    exact = {camera.name.casefold(): camera.name for camera in instrument.cameras}
    if not names:
        msg = f"which cameras? as in `qltui cameras {action} {'NAME ' if action == 'save' else ''}{next(iter(exact))}`"
        raise CommandError(msg, ExitCode.USAGE)
    if all(name.casefold() in exact for name in names):
        return {"cameras": [exact[name.casefold()] for name in names]}
    if action == "save" or any(name.casefold() in exact for name in names) or "," in " ".join(words):
        unknown = next(name for name in names if name.casefold() not in exact)
        msg = f"no camera {unknown!r}; known: {', '.join(exact.values())}"
        raise CommandError(msg, ExitCode.USAGE)
    return {"name": " ".join(words)}


def _refuse_unless_done(answer: CommandView) -> None:
    if answer.state == "pending":
        msg = "asked for; no engine has answered yet, the next one will do it"
        raise CommandError(msg, ExitCode.UNAVAILABLE)
    if answer.state == "refused":
        raise CommandError(answer.answer, ExitCode.DATA)
