"""``qltui log``: what was logged of an exposure or a camera, of everything, or from now on."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from typing import Final

from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_state, configuration, instrument_of
from qltui.commands.selecting import add_form, add_number, find, open_record, output
from qltui.store import log_pages
from qltui.store.log_pages import LEVELS, LogChoice, LogRow
from qltui.store.reader import Reader
from qltui.tables.log import log_table, log_text, utc_words

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "follow", "main"]

DESCRIPTION = """\
Print what was logged of the latest exposure, or of the one whose number ends with N, of all its cameras or of one;
oldest first, times in UTC. With --all: of everything. With --follow: what comes from now on."""
EPILOG = """\
examples:
  qltui log                          the latest exposure
  qltui log 79 b3                    one camera of the newest exposure that ends with 79
  qltui log --all --level warning    warnings and worse of the whole record
  qltui log --follow --search ALARM  what comes from now on, with this word
  qltui log 3579 --csv > log.csv

exit status: 0 printed, also where nothing was logged; 66 no such exposure
"""

_PAUSE: Final = 0.5
"""Between two looks at the record while it is followed [s]."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_number(parser)
    parser.add_argument("camera", nargs="?", default="", metavar="CAM", help="this camera alone")
    parser.add_argument("--all", action="store_true", help="of all exposures, and what is about none")
    parser.add_argument("--level", choices=LEVELS, default=LEVELS[0], help="this level and worse (default: all)")
    parser.add_argument("--search", default="", metavar="WORDS", help="lines that have all these words")
    parser.add_argument("--process", type=int, metavar="P", help="of this process alone")
    parser.add_argument("--lines", type=_count, default=10_000, metavar="L", help="the last L lines (default 10000)")
    parser.add_argument("--follow", action="store_true", help="print what comes from now on; ctrl-c ends it")
    add_form(parser)
    add_state(parser)


def _count(words: str) -> int:
    """Return a number of lines from 1 to a million."""
    value = int(words)
    if not 1 <= value <= 1_000_000:
        msg = "give a number from 1 to 1000000"
        raise argparse.ArgumentTypeError(msg)
    return value


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    config = configuration(args)
    known = {camera.name.lower(): camera.name for camera in instrument_of(config).cameras}
    if args.camera and args.camera.lower() not in known:
        msg = f"no camera {args.camera!r}; known: {', '.join(known.values())}"
        raise CommandError(msg, ExitCode.USAGE)
    if args.follow and (args.csv or args.ecsv):
        msg = "--follow prints lines as they come: text, or JSON with a line for each"
        raise CommandError(msg, ExitCode.USAGE)
    choice = LogChoice(None, args.process, known.get(args.camera.lower(), ""), args.level, args.search)
    with open_record(config) as reader:
        if args.number or not (args.all or args.follow or args.process is not None):
            choice = replace(choice, expid=find(reader, args.number, config).exposure.expid)
        if args.follow:
            return follow(reader, choice, as_json=args.json)
        rows = reader.ask(log_pages.all_lines, choice, args.lines)
    if args.json or args.csv or args.ecsv or args.all_columns:
        output(log_table(rows, "Log"), args)
    else:
        for row in rows:
            print(_printable(log_text(row)))
        if not rows:
            print("nothing was logged of it")
    return ExitCode.OK


def follow(reader: Reader, choice: LogChoice, *, as_json: bool = False) -> int:
    """Print what comes from now on, until ctrl-c."""
    # Where everything ends now, whatever it is about: what comes later shall not be looked for from the beginning.
    last = reader.ask(log_pages.newest, LogChoice(), 1).rows
    number, version = last[-1].number if last else 0, reader.version()
    try:
        while True:
            page = reader.ask(log_pages.newer, choice, number)
            for row in page.rows:
                print(_line_of_json(row) if as_json else _printable(log_text(row)), flush=True)
                number = row.number
            if not page.ends:
                continue
            while version == (version := reader.version()):
                # The record is a file: there is no event to wait for across processes.
                time.sleep(_PAUSE)
    except KeyboardInterrupt:
        return ExitCode.OK


def _line_of_json(row: LogRow) -> str:
    return json.dumps(
        {
            "time": utc_words(row.time),
            "level": row.level,
            "expid": row.expid,
            "camera": row.camera,
            "process": row.process,
            "text": row.text,
            "number": row.number,
        }
    )


def _printable(text: str) -> str:
    """Return a line without characters that would steer a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)
