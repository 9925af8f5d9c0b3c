"""``qltui sky``: sun, moon and twilights of a night, and what the headers of its exposures tell of the sky."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_state, configuration, instrument_of
from qltui.commands.selecting import add_form, open_record, output
from qltui.config import Config
from qltui.instruments.base import Instrument
from qltui.sky.almanac import Almanac, Place
from qltui.sky.kept import cache_directory, keep, kept_almanac
from qltui.tables.conditions import almanac_table, condition_points, conditions_table, measured_values

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = "Say when the sun and the moon rise and set, and how the twilights lie; without the net."
EPILOG = """\
examples:
  qltui sky                        tonight
  qltui sky 20191001 --json        another night, for a script
  qltui sky 20191001 --exposures   seeing, sky, weather, sun and moon of each exposure of that night
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("night", nargs="?", default="", metavar="NIGHT", help="YYYYMMDD of the evening; none: tonight")
    parser.add_argument(
        "--exposures", action="store_true", help="one line for each exposure of the record, with its conditions"
    )
    add_form(parser)
    add_state(parser)


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    config = configuration(args)
    instrument = instrument_of(config)
    zone = ZoneInfo(config.site.timezone or instrument.timezone)
    night = _night(args.night, zone)
    almanac = _almanac(night, instrument)
    if args.exposures:
        _print_exposures(args, config, instrument, almanac, zone)
    else:
        output(almanac_table(almanac, zone), args)
    return ExitCode.OK


def _night(text: str, zone: tzinfo) -> int:
    """Return the night that is meant; it begins at local noon."""
    if not text:
        return int((datetime.now(UTC).astimezone(zone) - timedelta(hours=12)).strftime("%Y%m%d"))
    digits = text.replace("-", "")
    try:
        # Local noon of that date must exist; anything but eight digits has another length.
        datetime.strptime(digits if re.fullmatch(r"[0-9]{8}", digits) else "", "%Y%m%d").replace(tzinfo=UTC)
    except ValueError as error:
        msg = f"{text!r} is no night; give the date of the evening as YYYYMMDD"
        raise CommandError(msg, ExitCode.USAGE) from error
    return int(digits)


def _almanac(night: int, instrument: Instrument) -> Almanac:
    """Return the almanac that is kept, or reckon it."""
    location = instrument.location
    if location is None:
        msg = f"where {instrument.title} stands is not known; set site.location in the configuration"
        raise CommandError(msg, ExitCode.CONFIG)
    place, directory = Place(location.latitude, location.longitude, location.elevation), cache_directory()
    found = kept_almanac(directory, night, place)
    if found is not None:
        return found
    from qltui.sky.ephemeris import make_almanac

    almanac = make_almanac(night, place)
    try:
        keep(directory, almanac)
    except OSError:
        # A cache that cannot be written costs a second the next time, and nothing else.
        return almanac
    return almanac


def _print_exposures(
    args: argparse.Namespace, config: Config, instrument: Instrument, almanac: Almanac, zone: tzinfo
) -> None:
    with open_record(config) as reader:
        rows = reader.exposures(almanac.night, instrument=instrument.name)
        measured = measured_values(reader, instrument, almanac.night)
    points = condition_points(((row.exposure, row.status) for row in rows), instrument, almanac, measured)
    output(conditions_table(points, instrument, zone, almanac.night), args, instrument)
