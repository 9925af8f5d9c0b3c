"""``qltui trend``: a metric or a header value over time or against another, for scripts and slow lines."""

from __future__ import annotations

import argparse

from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_state, configuration, instrument_of
from qltui.commands.selecting import add_form, open_record, output
from qltui.tables.trend import read_trend
from qltui.tables.trend_choice import COLOURS, TIME, TrendChoice, parse_nights
from qltui.tables.trend_numbers import summaries, summary_table, trend_table
from qltui.tables.writers import to_text

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = """\
Print the values of a metric or of a header value, or their ratio, over time or against another one, with the limits
that held, and median, quartiles and a straight line of each group."""
EPILOG = """\
examples:
  qltui trend NOISE_AMP --cameras b3 --nights 30       the last 30 days
  qltui trend SKYCONT --against AIRMASS --fit          the straight line of each arm
  qltui trend NOISE_AMP:C --nights 20191001-20191031 --csv > noise.csv
  qltui trend SKYCONT --over EXPTIME --obstype SCIENCE --ecsv > sky.ecsv

exit status: 0 shown; 64 a name that does not exist; 66 no values
"""

_MOST_TO_FIT = 200_000
"""Of more values SQLite makes the sums for a straight line; they need not be read one by one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("metric", metavar="METRIC", help="NOISE_AMP, one element of it (NOISE_AMP:C), or AIRMASS")
    parser.add_argument("--against", default=TIME, metavar="X", help="another metric or header value (default: time)")
    parser.add_argument("--over", default="", metavar="NAME", help="divide by this, exposure by exposure")
    parser.add_argument("--cameras", nargs="+", default=[], metavar="CAM", help="these cameras (default: all)")
    parser.add_argument("--elements", nargs="+", default=[], metavar="E", help="these amplifiers, axes or classes")
    parser.add_argument("--nights", default="30", metavar="N|FIRST-LAST", help="days, nights, or all (default: 30)")
    parser.add_argument("--obstype", nargs="+", default=[], metavar="TYPE", help="these kinds of exposures")
    parser.add_argument("--program", nargs="+", default=[], metavar="NAME", help="these programs")
    parser.add_argument("--by", choices=COLOURS, default="arm", help="groups of the summary (default: arm)")
    parser.add_argument("--fit", action="store_true", help="the summary with straight lines alone, not the values")
    add_form(parser)
    add_state(parser)


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    config = configuration(args)
    instrument = instrument_of(config)
    known = {camera.name.casefold(): camera.name for camera in instrument.cameras}
    unknown = [name for name in args.cameras if name.casefold() not in known]
    if unknown:
        msg = f"no camera {unknown[0]!r}; known: {', '.join(known.values())}"
        raise CommandError(msg, ExitCode.USAGE)
    try:
        nights, recent = parse_nights(args.nights)
    except ValueError as error:
        raise CommandError(str(error), ExitCode.USAGE) from error
    choice = TrendChoice(
        args.metric,
        args.over,
        args.against,
        tuple(known[name.casefold()] for name in args.cameras),
        tuple(args.elements),
        nights,
        recent,
        tuple(name.upper() for name in args.obstype),
        tuple(name.upper() for name in args.program),
        args.by,
    )
    with open_record(config) as reader:
        trend = read_trend(reader, choice, instrument, most=_MOST_TO_FIT if args.fit else None)
    if trend.fault:
        raise CommandError(trend.fault, ExitCode.NO_INPUT if trend.y is not None else ExitCode.USAGE)
    summary = summary_table(trend, summaries(trend, instrument))
    if args.fit:
        output(summary, args)
        return ExitCode.OK
    output(trend_table(trend), args)
    if not (args.json or args.csv or args.ecsv):
        print("\n" + to_text(summary, everything=args.all_columns), end="")
    return ExitCode.OK
