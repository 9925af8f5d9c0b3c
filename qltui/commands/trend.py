"""``qltui trend``: a metric or a header value over time or against another, for scripts and slow lines."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Final

from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_state, configuration, instrument_of
from qltui.commands.selecting import add_form, open_record, output
from qltui.instruments.base import Instrument
from qltui.tables.trend import Trend, read_trend
from qltui.tables.trend_choice import COLOURS, TIME, TrendChoice, parse_nights
from qltui.tables.trend_numbers import bin_table, summaries, summary_table, trend_table
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
  qltui trend NOISE_AMP --nights all --bins 50         a long time: 50 bins of each camera and amplifier

More than 200,000 values are refused; --bins and --fit have no such bound.

exit status: 0 shown; 64 a name that does not exist, or too many values; 66 no values
"""

_MOST: Final = 200_000
"""More values are not read one by one: for ``--fit`` SQLite sums them in bins, else they are refused."""

_FIT_BINS: Final = 150
"""Sums of bins make the same line as single values, however many bins there are."""

_MOST_BINS: Final = 1000
"""Each bin of each camera and element is a query of its own."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("metric", metavar="METRIC", help="NOISE_AMP, one element of it (NOISE_AMP:C), or AIRMASS")
    parser.add_argument("--against", default=TIME, metavar="X", help="another metric or header value (default: time)")
    parser.add_argument("--over", default="", metavar="NAME", help="divide by this, exposure by exposure")
    parser.add_argument("--cameras", nargs="+", default=[], metavar="CAM", help="these cameras (default: all)")
    parser.add_argument("--elements", nargs="+", default=[], metavar="E", help="these amplifiers, axes or classes")
    parser.add_argument(
        "--nights",
        default="30",
        metavar="N|FIRST-LAST",
        help="that many days up to the newest night, two nights YYYYMMDD, or all (default: 30 days)",
    )
    parser.add_argument("--obstype", nargs="+", default=[], metavar="TYPE", help="these kinds of exposures")
    parser.add_argument("--program", nargs="+", default=[], metavar="NAME", help="these programs")
    parser.add_argument("--by", choices=COLOURS, default="arm", help="groups of the summary (default: arm)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--fit", action="store_true", help="the summary with straight lines alone, not the values")
    what.add_argument("--bins", type=int, metavar="N", help=f"N bins of each line, 1 to {_MOST_BINS}, not the values")
    add_form(parser)
    add_state(parser)


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    config = configuration(args)
    instrument = instrument_of(config)
    choice = _choice(args, instrument)
    bins, most = (args.bins, 0) if args.bins else (_FIT_BINS if args.fit else 0, _MOST)
    with open_record(config) as reader:
        trend = read_trend(reader, choice, instrument, bins=bins, most=most)
    _refuse(trend, instrument)
    if args.fit:
        output(summary_table(trend, summaries(trend, instrument)), args, instrument)
        return ExitCode.OK
    output(bin_table(trend) if args.bins else trend_table(trend), args, instrument)
    if not (args.json or args.csv or args.ecsv):
        summary = summary_table(trend, summaries(trend, instrument))
        # What holds for bins is already said below their table.
        print("\n" + to_text(replace(summary, note="") if args.bins else summary, everything=args.all_columns), end="")
    return ExitCode.OK


def _choice(args: argparse.Namespace, instrument: Instrument) -> TrendChoice:
    """Return what is asked for; CommandError where it cannot be meant."""
    if args.bins is not None and not 1 <= args.bins <= _MOST_BINS:
        msg = f"--bins {args.bins}: give 1 to {_MOST_BINS}"
        raise CommandError(msg, ExitCode.USAGE)
    known = {camera.name.casefold(): camera.name for camera in instrument.subjects}
    unknown = [name for name in args.cameras if name.casefold() not in known]
    if unknown:
        msg = f"no camera {unknown[0]!r}; known: {', '.join(known.values())}"
        raise CommandError(msg, ExitCode.USAGE)
    try:
        nights, recent = parse_nights(args.nights)
    except ValueError as error:
        raise CommandError(str(error), ExitCode.USAGE) from error
    cameras = tuple(known[name.casefold()] for name in args.cameras)
    obstypes, programs = tuple(name.upper() for name in args.obstype), tuple(args.program)
    return TrendChoice(
        args.metric, args.over, args.against, cameras, tuple(args.elements), nights, recent, obstypes, programs, args.by
    )


def _refuse_unknown(trend: Trend, instrument: Instrument) -> None:
    """Raise a CommandError where a kind of exposures is asked for that the record does not have."""
    wanted = (
        ("obstype", trend.choice.obstypes, trend.obstypes),
        (instrument.program_title, trend.choice.programs, trend.programs),
    )
    for title, names, known in wanted:
        unknown = [name for name in names if name not in known]
        if unknown and known:
            msg = f"no exposure has {title} {unknown[0]!r}; the record has {', '.join(filter(None, known))}"
            raise CommandError(msg, ExitCode.USAGE)


def _refuse(trend: Trend, instrument: Instrument) -> None:
    """Raise a CommandError where there is nothing to print, too much, or an element that the metric does not have."""
    _refuse_unknown(trend, instrument)
    if trend.too_many:
        msg = f"{trend.fault}; narrow --nights, choose one camera with --cameras, or print --bins N or --fit"
        raise CommandError(msg, ExitCode.USAGE)
    if trend.fault:
        raise CommandError(trend.fault, ExitCode.NO_INPUT if trend.y is not None else ExitCode.USAGE)
    if trend.y is not None:
        known = trend.known[trend.y.metric]
        unknown = [name for name in trend.choice.elements if name not in known]
        if unknown:
            words = ", ".join(filter(None, known)) or "one value"
            msg = f"{trend.y.name} has no element {unknown[0]!r}; it has {words}"
            raise CommandError(msg, ExitCode.USAGE)
    if not (trend.points or trend.bins):
        msg = f"no exposure has all that {trend.title} needs, in the time that was asked for"
        raise CommandError(msg, ExitCode.NO_INPUT)
