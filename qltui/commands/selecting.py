"""What the commands that read the record have in common: which exposure is meant, in which form to answer, whom to ask.

The last digits of an exposure's number suffice; without any the latest is meant.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import observer
from qltui.config import Config
from qltui.instruments.base import Instrument
from qltui.store.reader import Reader
from qltui.store.views import CommandView, ExposureRow
from qltui.tables.table import Table
from qltui.tables.wording import table_for
from qltui.tables.writers import to_csv, to_ecsv, to_json, to_text

__all__ = ["RECORD_NAME", "add_form", "add_number", "find", "open_record", "output", "send"]

RECORD_NAME = "qltui.db"

_PATIENCE = 10.0
"""How long the engine's answer is waited for [s]."""


def add_number(parser: argparse.ArgumentParser) -> None:
    """Add the number of an exposure."""
    parser.add_argument(
        "number", nargs="?", default="", metavar="N", help="exposure: its number, or the last digits; none: the latest"
    )


def add_form(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``, ``--csv``, ``--ecsv`` and ``--all-columns``."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON, with units")
    form.add_argument("--csv", action="store_true", help="as CSV, units in the heading")
    form.add_argument("--ecsv", action="store_true", help="as ECSV, which astropy reads with units")
    parser.add_argument("--all-columns", action="store_true", help="text: every column, not only the usual ones")


@contextmanager
def open_record(config: Config) -> Iterator[Reader]:
    """Open the record of the configuration for reading.

    Raises
    ------
    CommandError
        Where there is none, or it cannot be read.
    """
    from qltui.store.errors import StoreError
    from qltui.store.record import Store

    path = config.state_directory / RECORD_NAME
    if not path.is_file():
        msg = f"no record in {config.state_directory}: no engine ever ran here; start one with `qltui run`"
        raise CommandError(msg, ExitCode.NO_INPUT)
    try:
        with Store.open(path, read_only=True) as store:
            yield store
    except StoreError as error:
        raise CommandError(str(error), ExitCode.UNAVAILABLE) from error


def find(reader: Reader, digits: str, config: Config) -> ExposureRow:
    """Return the newest exposure whose number ends with `digits`; the latest where there are none.

    Raises
    ------
    CommandError
        Where there is no such exposure.
    """
    try:
        row = reader.find_exposure(digits, config.site.instrument)
    except ValueError as error:
        raise CommandError(str(error), ExitCode.USAGE) from error
    if row is None:
        words = f"no exposure ends with {digits}" if digits else "no exposure is in the record yet"
        msg = f"{words}; `qltui night` lists them"
        raise CommandError(msg, ExitCode.NO_INPUT)
    return row


def output(table: Table, args: argparse.Namespace, instrument: Instrument | None = None) -> None:
    """Print a table in the form that was asked for, in the words of the instrument."""
    table = table if instrument is None else table_for(table, instrument)
    if args.json:
        text = to_json(table)
    elif args.csv:
        text = to_csv(table)
    elif args.ecsv:
        text = to_ecsv(table)
    else:
        text = to_text(table, everything=args.all_columns)
    print(text, end="")


def send(
    config: Config, name: str, arguments: Mapping[str, Any] | None = None, *, patience: float = _PATIENCE
) -> CommandView:
    """Ask the engine for something and return what it answered; ``"pending"`` where it did not in time.

    Raises
    ------
    CommandError
        Where there is no record, or it cannot be written.
    """
    from qltui.store.errors import StoreError

    with open_record(config) as reader:
        try:
            number = reader.send_command(name, dict(arguments or {}), observer(config))
        except StoreError as error:
            raise CommandError(str(error), ExitCode.CANNOT_CREATE) from error
        end = time.monotonic() + patience
        while True:
            view = reader.command(number)
            if view is None:
                msg = f"the record lost the request {number}; ask again"
                raise CommandError(msg, ExitCode.UNAVAILABLE)
            if view.state != "pending" or time.monotonic() >= end:
                return view
            # The record is a file: there is no event to wait for across processes.
            time.sleep(0.1)
