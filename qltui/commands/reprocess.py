"""``qltui reprocess``: ask the engine to reduce exposures again."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from typing import Any

from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_state, configuration, instrument_of
from qltui.commands.selecting import find, open_record, send
from qltui.config import Config
from qltui.model import Exposure
from qltui.store.views import CommandView, ProcessView
from qltui.tables.table import Column, Row, Table
from qltui.tables.writers import to_csv

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = """\
Ask the engine to reduce exposures again, with all cameras or some. New exposures come first; each run is a process of
its own, and earlier ones stay in the record."""
EPILOG = """\
examples:
  qltui reprocess 79                        the newest exposure that ends with 79
  qltui reprocess 3577 3579 --cameras b3,r5
  qltui reprocess 3579 --wait --json        until it is done

exit status: 0 asked for (with --wait: done), 64 wrong number or camera, 66 no such exposure, 69 the engine refused,
  does not answer (the request stays: the next engine does it), or with --wait: a process failed
"""
_END = ("done", "failed", "cancelled", "superseded")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("numbers", nargs="+", metavar="N", help="exposures: their numbers, or the last digits")
    parser.add_argument("--cameras", default="", metavar="b3,r5", help="only these cameras (default: all)")
    parser.add_argument("--wait", action="store_true", help="until the processes have ended")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--csv", action="store_true", help="as CSV, one line for each exposure")
    add_state(parser)


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    config = configuration(args)
    cameras = _cameras(args.cameras, [camera.name for camera in instrument_of(config).cameras])
    with open_record(config) as reader:
        rows = [find(reader, digits, config) for digits in args.numbers]
        before = {row.exposure.expid: max(reader.process_numbers(expid=row.exposure.expid), default=0) for row in rows}
    results = []
    quiet = args.json or args.csv
    for row in rows:
        exposure = row.exposure
        answer = send(config, "reprocess", {**_place(exposure), "cameras": list(cameras)})
        result: dict[str, Any] = {**_place(exposure), "state": answer.state, "answer": answer.answer}
        if not quiet:
            print(_words(exposure, answer))
        results.append(result)
    if args.wait:
        _wait(config, [item for item in results if item["state"] == "done"], before, quiet=quiet)
    if args.json:
        print(json.dumps(results, indent=1))
    elif args.csv:
        print(to_csv(_table(results)), end="")
    failed = any(item["state"] != "done" or item.get("process", {}).get("state", "done") != "done" for item in results)
    return ExitCode.UNAVAILABLE if failed else ExitCode.OK


def _table(results: Sequence[dict[str, Any]]) -> Table:
    """Return what was asked for and how it ended; of what nobody waited for the process is not known."""
    names = ("night", "expid", "state", "answer")
    ends = ("number", "state", "status", "headline")
    titles = (*names, "process", "process_state", "status", "headline")
    rows = tuple(
        Row(item["expid"], (*(item[name] for name in names), *(item.get("process", {}).get(name) for name in ends)))
        for item in results
    )
    return Table("reprocess", "Reprocessing", tuple(Column(name, name) for name in titles), rows)


def _cameras(words: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return the cameras that are named, as the instrument writes them.

    Raises
    ------
    CommandError
        Where there is no such camera.
    """
    exact = {name.casefold(): name for name in known}
    names = [word for word in words.replace(",", " ").split() if word]
    for name in names:
        if name.casefold() not in exact:
            msg = f"no camera {name!r}; known: {', '.join(known)}"
            raise CommandError(msg, ExitCode.USAGE)
    return tuple(exact[name.casefold()] for name in names)


def _place(exposure: Exposure) -> dict[str, Any]:
    return {"instrument": exposure.instrument, "night": exposure.night, "expid": exposure.expid}


def _words(exposure: Exposure, answer: CommandView) -> str:
    if answer.state == "pending":
        return f"{exposure.expid}: asked for; no engine has answered yet, the next one will do it"
    return f"{exposure.expid}: {answer.answer or answer.state}"


def _wait(config: Config, asked: Sequence[dict[str, Any]], before: dict[int, int], *, quiet: bool) -> None:
    """Wait until the new processes have ended, and put down how."""
    for item in asked:
        process = _ended(config, item["expid"], before[item["expid"]])
        verdict = process.verdict
        item["process"] = {"number": process.number, "state": process.state, "status": verdict.status.value,
                           "headline": verdict.headline}  # fmt: skip
        if not quiet:
            print(f"{item['expid']}: process {process.number} {process.state}, {verdict.status.value}  "
                  f"{verdict.headline}")  # fmt: skip


def _ended(config: Config, expid: int, before: int) -> ProcessView:
    with open_record(config) as reader:
        while True:
            newer = [number for number in reader.process_numbers(expid=expid) if number > before]
            process = reader.process_view(min(newer)) if newer else None
            if process is not None and process.state in _END:
                return process
            # The record is a file: there is no event to wait for across processes.
            time.sleep(0.2)
