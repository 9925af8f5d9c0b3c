"""The command line: one parser, and one module for each command, imported when it is called."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from qltui import __version__
from qltui.commands.exit_codes import CommandError, ExitCode

__all__ = ["build_parser", "main"]

# name, module, one line of help
COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("monitor", "qltui.commands.monitor", "the Monitor; what `qltui` alone does"),
    ("run", "qltui.commands.run", "the engine without a screen"),
    ("status", "qltui.commands.status", "what is going on, in a few lines or as JSON"),
    ("night", "qltui.commands.night", "the exposures of a night or of several"),
    ("exposure", "qltui.commands.exposure", "one exposure: verdict, steps and metrics"),
    ("trend", "qltui.commands.trend", "a metric or header value against time or another"),
    ("log", "qltui.commands.log", "what was logged of an exposure or a camera"),
    ("comment", "qltui.commands.comment", "write, read and change comments; flag an exposure"),
    ("reprocess", "qltui.commands.reprocess", "ask the engine to reduce exposures again"),
    ("db", "qltui.commands.db", "check, copy or migrate the record"),
    ("clear", "qltui.commands.clear", "what would be removed from the disk, and removing it; never raw data"),
    ("service", "qltui.commands.service", "let systemd run the engine"),
    ("export", "qltui.commands.export", "copy out what an exposure or a night left, with checksums"),
    ("cameras", "qltui.commands.cameras", "which cameras are reduced, and selecting others"),
    ("limits", "qltui.commands.limits", "show, check or set the limits of the metrics"),
    ("sky", "qltui.commands.sky", "sun, moon and twilights of a night"),
    ("reduce", "qltui.commands.reduce", "reduce and judge one exposure, without the record"),
    ("simulate", "qltui.commands.simulate", "write a raw exposure with known truth"),
    ("demo", "qltui.commands.demo", "a small simulated night, live"),
    ("doctor", "qltui.commands.doctor", "what is wrong with this terminal and machine, and what to do"),
    ("config", "qltui.commands.config", "show, write or check the configuration"),
    ("bench", "qltui.commands.bench", "how fast a full exposure is reduced here"),
)
EPILOG = """\
exit status: 0 done (status: all is well); 1 warnings; 2 alarms; 3 engine dead (status);
  64 wrong command line, 65 bad file, 66 file not there, 69 something needed is missing, 70 a fault of qltui,
  73 cannot write, 75 another engine runs, 78 wrong setting, 130 interrupted

examples:
  qltui demo                              a simulated night, live
  qltui --data /data/desi --calib /calib  watch a night
  qltui status --json                     for scripts
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors say what to do, and exit with a status that is no verdict."""

    def error(self, message: str) -> NoReturn:
        self.exit(ExitCode.USAGE, f"{self.prog}: {message}; see `{self.prog} --help`\n")


def build_parser(only: str | None = None, words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser; only the command called `only` gets its options, the others just their line of help.

    A command whose options depend on one of them, as those of a simulator on the instrument, looks at `words` for it.
    """
    parser = _Parser(
        prog="qltui",
        description="Quick-look monitor of a night of observing: is this exposure good, and if not, what is wrong?",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"qltui {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name, module_name, line in COMMANDS:
        if name != only:
            subparsers.add_parser(name, help=line)
            continue
        module = importlib.import_module(module_name)
        subparser = subparsers.add_parser(
            name,
            help=line,
            description=module.DESCRIPTION,
            epilog=module.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if hasattr(module, "add_arguments_for"):
            module.add_arguments_for(subparser, words)
        else:
            module.add_arguments(subparser)
        subparser.set_defaults(function=module.main)
    return parser


def _command_of(arguments: list[str]) -> list[str]:
    """Return `arguments` with the default command put in front where none is named."""
    names = {name for name, _, _ in COMMANDS}
    if arguments and (arguments[0] in names or arguments[0] in ("-h", "--help", "--version")):
        return arguments
    if arguments and not arguments[0].startswith("-"):
        return arguments  # an unknown command: argparse says which there are
    return ["monitor", *arguments]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    words = _command_of(list(sys.argv[1:] if arguments is None else arguments))
    args = build_parser(words[0] if words else None, words).parse_args(words)
    try:
        return int(args.function(args))
    except CommandError as error:
        print(f"qltui {args.command}: {error}", file=sys.stderr)
        return int(error.code)
    except KeyboardInterrupt:
        print(f"qltui {args.command}: interrupted", file=sys.stderr)
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone, as `| head` does: not an error, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.OK)
    except Exception:  # noqa: BLE001 - said in full, and with a status that cannot be read as a verdict
        traceback.print_exc()
        print(
            f"qltui {args.command}: this is a fault of qltui {__version__}; please report the lines above",
            file=sys.stderr,
        )
        return int(ExitCode.INTERNAL)
