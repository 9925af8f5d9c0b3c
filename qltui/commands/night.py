"""``qltui night``: the exposures of a night or of several, and what they add up to."""

from __future__ import annotations

import argparse
import json
from typing import Final

from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_state, configuration, instrument_of
from qltui.commands.selecting import add_form, open_record, output
from qltui.config import Config
from qltui.instruments.base import Instrument
from qltui.store.history import NightPage, NightWish, field_of, night_page
from qltui.tables.filtering import FilterError, filter_table
from qltui.tables.night import night_table, night_terms, totals_table
from qltui.tables.nights import parse_nights
from qltui.tables.statistics import statistics_nights, statistics_tables
from qltui.tables.wording import table_for
from qltui.tables.writers import to_json, to_text

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = """\
List the exposures of a night or of a range of nights, oldest first, with the verdict of each step, flags and comments,
and what they add up to."""
EPILOG = """\
examples:
  qltui night                              the latest night
  qltui night 20191001                     one night
  qltui night 20191001-20191031 --filter "science status>=warning"
  qltui night all --limit 100 --csv > season.csv
  qltui night 20191001-20191031 --statistics   open-shutter and lost time, medians and quartiles
  qltui night --json | jq '.rows[] | select(.status == "ALARM") | .expid'

The newest 500 are listed; --limit says otherwise, 0 means all. A filter has the words of `/` on the screen.
exit status: 0 listed, 64 no night or filter, 66 nothing in the record
"""
_ALL: Final = 10_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "nights", nargs="?", default="", metavar="NIGHT|FIRST-LAST", help="YYYYMMDD, two of them, or all; none: latest"
    )
    parser.add_argument("--filter", default="", metavar="WORDS", help="only rows with these words, as `/` has them")
    parser.add_argument("--limit", type=int, default=500, metavar="N", help="the newest N (default 500; 0: all)")
    parser.add_argument(
        "--statistics", action="store_true", help="not the exposures: time by program, and medians of what was measured"
    )
    add_form(parser)
    add_state(parser)


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    config = configuration(args)
    instrument = instrument_of(config)
    if args.limit < 0:
        msg = f"--limit {args.limit}: give a number of exposures, 0 for all"
        raise CommandError(msg, ExitCode.USAGE)
    try:
        nights = parse_nights(args.nights)
    except ValueError as error:
        raise CommandError(str(error), ExitCode.USAGE) from error
    first, last = nights if nights is not None else (None, None)
    if args.statistics:
        return _statistics(args, config, instrument, nights)
    terms = night_terms(args.filter, instrument)
    wish = NightWish(config.site.instrument, first, last, terms, limit=args.limit or _ALL, field=field_of(instrument))
    with open_record(config) as reader:
        page = reader.ask(night_page, wish)
    if page.first is None:
        msg = f"no night is in the record of {config.state_directory} yet"
        raise CommandError(msg, ExitCode.NO_INPUT)
    try:
        table = filter_table(table_for(night_table(page, instrument), instrument), args.filter)
    except FilterError as error:
        raise CommandError(str(error), ExitCode.USAGE) from error
    output(table, args, instrument)
    if not (args.json or args.csv or args.ecsv) and page.totals:
        print("\n" + _totals(page), end="")
    return ExitCode.OK


def _statistics(
    args: argparse.Namespace, config: Config, instrument: Instrument, nights: tuple[int, int] | None
) -> int:
    """Print what a range of nights was spent on, and what was measured."""
    with open_record(config) as reader:
        span = statistics_nights(reader, instrument, nights)
        if span is None:
            msg = f"no night is in the record of {config.state_directory} yet"
            raise CommandError(msg, ExitCode.NO_INPUT)
        tables = [table_for(table, instrument) for table in statistics_tables(reader, instrument, span)]
    if args.json:
        print(json.dumps({table.name: json.loads(to_json(table)) for table in tables}, indent=1))
    elif args.csv or args.ecsv:
        output(tables[0], args)
        print()
        output(tables[1], args)
    else:
        print(f"nights {span[0]} to {span[1]}\n" if span[0] != span[1] else f"night {span[0]}\n")
        print("\n".join(to_text(table, everything=args.all_columns) for table in tables), end="")
    return ExitCode.OK


def _totals(page: NightPage) -> str:
    return to_text(totals_table(page), everything=True)
