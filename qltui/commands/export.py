"""``qltui export``: what a night or an exposure left, copied out with checksums; and checking that later."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_state, configuration, instrument_of
from qltui.commands.selecting import find, open_record
from qltui.config import Config
from qltui.export.contents import GROUPS, Unit, night_unit, process_unit
from qltui.export.errors import ExportError
from qltui.export.export import Outcome, Step, check_room, export_unit, units_below, verify
from qltui.instruments.base import Instrument
from qltui.store.errors import StoreError
from qltui.store.exporting import processes_of_night
from qltui.store.reader import Reader
from qltui.store.views import ProcessView

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = """\
Copy what an exposure or a night left to another place: reduced images, pictures, tables, measurements and the record,
with a product log that names every file, its checksum and what made it. Every file is read back and compared after it
was written, and has its name only when it is whole. An export that was interrupted goes on where it stopped: give the
same command again."""
EPILOG = (
    """\
examples:
  qltui export 3579 --to /media/usb                     everything of one exposure
  qltui export 20191001 --to /archive --what tables,measurements,record
  qltui export --to /tmp/out --dry-run                  what the latest would be
  qltui export --verify /media/usb                      is all still there and unchanged?

what: """
    + "\n      ".join(f"{name:<13}{words}" for name, words in GROUPS.items())
    + """

files lie in DIR/INSTRUMENT/NIGHT/EXPOSURE/PROCESS; ProductLog.ecsv and .json name them.
exit status: 0 all is there; 1 something could not be exported, or --verify found a difference; 64 wrong command line,
  66 no such exposure or directory, 73 cannot write, no room, or files of others are in the way; 130 interrupted
"""
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "number", nargs="?", default="", metavar="N|NIGHT",
        help="exposure, by the last digits of its number, or night, YYYYMMDD; none: the latest exposure",
    )  # fmt: skip
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--to", type=Path, metavar="DIR", help="where to; made if it is not there")
    place.add_argument("--verify", type=Path, metavar="DIR", help="check an earlier export, and export nothing")
    parser.add_argument("--what", metavar="LIST", help=f"of {', '.join(GROUPS)} (default: all)")
    parser.add_argument("--process", type=int, metavar="P", help="this process, as an older one (default: newest)")
    parser.add_argument("--slots", type=int, metavar="N", help="worker processes (default: one for each processor)")
    parser.add_argument("--force", action="store_true", help="overwrite files that no export wrote")
    parser.add_argument("--dry-run", action="store_true", help="say what would be exported, and write nothing")
    parser.add_argument("--json", action="store_true", help="what was done, as JSON")
    add_state(parser)


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    if args.verify is not None:
        return _verify(args)
    config = configuration(args)
    instrument = instrument_of(config)
    groups = _groups(args.what)
    slots = args.slots or config.engine.slots or os.cpu_count() or 1
    if slots < 1:
        msg = f"--slots {args.slots}: give a number of processes from 1"
        raise CommandError(msg, ExitCode.USAGE)
    with open_record(config) as reader:
        units = _units(reader, args, config, instrument, groups)
        root = args.to.expanduser().absolute()
        if args.dry_run:
            return _plan(units, root, as_json=args.json)
        return _export(units, root, args, slots)


def _groups(words: str | None) -> frozenset[str]:
    """Return the groups that are asked for."""
    if words is None:
        return frozenset(GROUPS)
    wanted = {word.strip().lower() for word in words.split(",") if word.strip()}
    unknown = sorted(wanted - GROUPS.keys())
    if unknown or not wanted:
        msg = f"--what {words}: {', '.join(unknown) or 'nothing'} is not known; there are {', '.join(GROUPS)}"
        raise CommandError(msg, ExitCode.USAGE)
    return frozenset(wanted)


def _units(
    reader: Reader, args: argparse.Namespace, config: Config, instrument: Instrument, groups: Collection[str]
) -> list[Unit]:
    """Return the directories of the export: one of each process, and one of the night where a night is asked for."""
    number = args.number
    if len(number) == 8 and number.isdigit() and int(number) in reader.nights(instrument.name):
        if args.process is not None:
            msg = "--process is of one exposure; give its number instead of a night"
            raise CommandError(msg, ExitCode.USAGE)
        night = int(number)
        processes = reader.ask(processes_of_night, instrument.name, night)
        units = [process_unit(reader, _view(reader, process), instrument, groups) for process in processes]
        return [*units, night_unit(reader, instrument, night, processes, groups)]
    if not number and args.process is not None:
        return [process_unit(reader, _ended(_view(reader, args.process)), instrument, groups)]
    row = find(reader, number, config)
    process = args.process if args.process is not None else row.process
    if process is None:
        msg = f"exposure {row.exposure.expid} was never reduced; `qltui reprocess {row.exposure.expid}` asks for it"
        raise CommandError(msg, ExitCode.NO_INPUT)
    view = _view(reader, process)
    if (view.exposure.expid, view.exposure.night) != (row.exposure.expid, row.exposure.night):
        numbers = ", ".join(str(item) for item in reversed(reader.process_numbers(expid=row.exposure.expid)))
        msg = f"process {process} is none of exposure {row.exposure.expid}; it has {numbers}"
        raise CommandError(msg, ExitCode.NO_INPUT)
    return [process_unit(reader, _ended(view), instrument, groups)]


def _ended(view: ProcessView) -> ProcessView:
    if view.state not in ("done", "failed"):
        msg = f"process {view.number} of exposure {view.exposure.expid} is {view.state}; export it when it has ended"
        raise CommandError(msg, ExitCode.NO_INPUT)
    return view


def _view(reader: Reader, process: int) -> ProcessView:
    view = reader.process_view(process)
    if view is None:
        msg = f"no process {process} is in the record; `qltui exposure N` names those of an exposure"
        raise CommandError(msg, ExitCode.NO_INPUT)
    return view


def _plan(units: Sequence[Unit], root: Path, *, as_json: bool) -> int:
    """Say what would be exported."""
    files = [
        {
            "path": str(root / unit.place / item.entry.path), "group": item.entry.group, "title": item.entry.title,
            "about_bytes": item.size,
        }
        for unit in units
        for item in unit.items
    ]  # fmt: skip
    missing = [words for unit in units for words in unit.missing]
    if as_json:
        print(json.dumps({"files": files, "missing": missing}, indent=2))
        return ExitCode.OK
    for file in files:
        print(f"{file['path']}  {file['title']}")
    for words in missing:
        print(f"not there: {words}")
    total = sum(item.size for unit in units for item in unit.items)
    print(f"{len(files)} files, about {_size(total)}; nothing was written")
    return ExitCode.OK


def _export(units: Sequence[Unit], root: Path, args: argparse.Namespace, slots: int) -> int:
    """Export, with progress where somebody looks on."""
    progress = _Progress(sum(len(unit.items) for unit in units), show=sys.stderr.isatty() and not args.json)
    try:
        check_room(root, units)
        outcomes = [export_unit(unit, root, force=args.force, slots=slots, on_step=progress.step) for unit in units]
    except ExportError as error:
        raise CommandError(str(error), ExitCode.CANNOT_CREATE) from error
    except (OSError, StoreError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        msg = f"{root}: {reason or error}; what was exported stays; give the same command again to go on"
        raise CommandError(msg, ExitCode.CANNOT_CREATE) from error
    finally:
        progress.clear()
    if args.json:
        print(json.dumps([_outcome_json(outcome) for outcome in outcomes], indent=2))
    else:
        print("\n".join(_lines(outcomes, root)))
    return ExitCode.WARNING if any(outcome.problems for outcome in outcomes) else ExitCode.OK


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "directory": str(outcome.directory),
        **{state: outcome.count(state) for state in ("written", "kept", "mended", "failed")},
        "bytes": sum(step.size for step in outcome.steps),
        "problems": outcome.problems,
        "files": [step.path for step in outcome.steps if step.state != "failed"],
    }


def _lines(outcomes: Sequence[Outcome], root: Path) -> list[str]:
    lines = [f"{outcome.directory}: {words}" for outcome in outcomes for words in outcome.problems]
    counts = {state: sum(outcome.count(state) for outcome in outcomes) for state in ("written", "kept", "mended")}
    size = sum(step.size for outcome in outcomes for step in outcome.steps)
    words = [f"{counts['written']} files written and read back"]
    words += [f"{counts['kept']} were there already"] if counts["kept"] else []
    words += [f"{counts['mended']} were damaged and are written again"] if counts["mended"] else []
    words += [f"{len(lines)} could not be had"] if lines else []
    where = outcomes[0].directory if len(outcomes) == 1 else root
    return [*lines, f"{', '.join(words)}; {_size(size)} in {where}"]


class _Progress:
    """A line on the terminal that says how far it is."""

    def __init__(self, total: int, *, show: bool) -> None:
        self._total, self._show = total, show
        self._done = self._bytes = 0

    def step(self, step: Step) -> None:
        """Count a file."""
        self._done += 1
        self._bytes += step.size
        if self._show:
            part = self._done / max(self._total, 1)
            bar = "#" * round(20 * part)
            text = f"{bar:<20} {self._done}/{self._total} files, {_size(self._bytes)}"
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._show:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _verify(args: argparse.Namespace) -> int:
    """Check the exports in a directory."""
    root = args.verify.expanduser().absolute()
    if not root.is_dir():
        msg = f"{root} is not a directory; name one that was exported to"
        raise CommandError(msg, ExitCode.NO_INPUT)
    places = units_below(root)
    if not places:
        msg = f"no product log lies in {root} or below it; name a directory that was exported to"
        raise CommandError(msg, ExitCode.NO_INPUT)
    good, problems = 0, []
    try:
        for place in places:
            for step in verify(place):
                good += step.state == "kept"
                if step.state == "failed":
                    problems.append(f"{place / step.path}: {step.reason}")
    except ExportError as error:
        raise CommandError(str(error), ExitCode.DATA) from error
    if args.json:
        print(json.dumps({"directories": len(places), "good": good, "problems": problems}, indent=2))
    else:
        print("\n".join([*problems, f"{good} files are what they were, {len(problems)} are not"]))
    return ExitCode.WARNING if problems else ExitCode.OK


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
