"""``qltui limits``: which limits hold, what others would change, and setting them."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_state, configuration, instrument_of, observer
from qltui.commands.selecting import RECORD_NAME, add_form, open_record, output, send
from qltui.config import Config
from qltui.instruments.base import Instrument
from qltui.quality.limits import Limit
from qltui.quality.limits_edit import entry_lines, known_metric, make_entry, merge_entry
from qltui.quality.limits_file import LimitsError, parse_limits, read_limits
from qltui.quality.limits_text import parse_range
from qltui.quality.whatif import Flips
from qltui.store.reader import Reader
from qltui.store.versions import SavedVersion
from qltui.tables.limits import (
    Entry,
    differing_entries,
    entries_in_force,
    limits_table,
    set_in_force,
)

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = """\
Show the limits in force and where each comes from, check a file of limits against them, or set one. Before anything is
changed it says how many exposures of the last nights would have another status."""
EPILOG = """\
examples:
  qltui limits show                    every limit, and where it comes from
  qltui limits show NOISE_AMP --csv
  qltui limits check new.toml          is it right, what differs, which exposures would flip
  qltui limits set NOISE_AMP --normal -1.5 1.5 --warning -2 2 --camera b3 --element C --reason "C is louder since June"

A limit that is set is kept in the record as a new version with author and reason, and holds from the next exposure on.
Ranges are of value minus reference; none in the place of a number where that side is never bad.
"""

_DEFAULT_NAME = "site"
_NIGHTS = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("action", choices=("show", "check", "set"), help="what to do")
    parser.add_argument("what", nargs="?", default="", metavar="METRIC|FILE", help="show, set: metric; check: file")
    for name, words in (("normal", "NORMAL"), ("warning", "at most a WARNING")):
        parser.add_argument(
            f"--{name}", nargs=2, metavar=("LOW", "HIGH"), help=f"set: range that is {words}; none for no bound"
        )
    for name in ("obstype", "program", "arm", "camera", "element"):
        parser.add_argument(f"--{name}", action="append", default=[], help="set: what it holds for; may be repeated")
    parser.add_argument("--from", dest="valid_from", type=int, default=0, metavar="NIGHT", help="set: first night")
    parser.add_argument(
        "--in-a-row", type=int, metavar="N", help="set: exposures of a kind in a row that make an ALARM (1: at once)"
    )
    parser.add_argument("--reason", default="", help="set: why; kept with the version")
    parser.add_argument(
        "--name", default="", help=f"set: name of the version (default: the one in force, or {_DEFAULT_NAME})"
    )
    parser.add_argument("--yes", action="store_true", help="set: do not ask")
    parser.add_argument(
        "--nights", type=int, default=_NIGHTS, help=f"check, set: how many of the last nights (default {_NIGHTS})"
    )
    add_form(parser)
    add_state(parser)


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    config = configuration(args)
    try:
        with _record(config) as reader:
            standing = _Standing(config, instrument_of(config), reader)
            for words in standing.faults:
                # The engine says the same at its start, and works by the files.
                print(words, file=sys.stderr)
            return {"show": _show, "check": _check, "set": _set}[args.action](args, standing)
    except LimitsError as error:
        raise CommandError(str(error), ExitCode.DATA) from error


@contextmanager
def _record(config: Config) -> Iterator[Reader | None]:
    """Open the record; None where there is none yet, and the files alone hold."""
    if not (config.state_directory / RECORD_NAME).is_file():
        yield None
        return
    with open_record(config) as reader:
        yield reader


class _Standing:
    """What is in force: settings and limits, with the record's selected versions.

    Parameters
    ----------
    config : Config
        From files, environment and command line.
    instrument : Instrument
        Whose limits.
    reader : Reader or None
        The record.
    """

    def __init__(self, config: Config, instrument: Instrument, reader: Reader | None) -> None:
        from qltui.store.in_force import limits_in_force, settings_in_force

        self.reader = reader
        self.instrument = instrument
        self.version: SavedVersion | None = None
        self.config = config
        self.faults: list[str] = []
        if reader is not None:
            settings = reader.ask(settings_in_force, config)
            self.config = settings.config
            held = reader.ask(limits_in_force, instrument, self.config.paths.limits)
            self.version = held.version
            self.faults = [words for words in (settings.fault, held.fault) if words]
        self.site_file = self.config.paths.limits
        self.entries: Sequence[Entry] = entries_in_force(instrument, self.site_file, self.version)

    @property
    def content(self) -> str:
        """Of the record's version; empty where there is none."""
        return self.version.content if self.version is not None else ""

    def flips(self, content: str, nights: int) -> Flips | None:
        """Return what another version would change; None where there is no record."""
        from qltui.store import judged

        before = set_in_force(self.instrument, self.site_file, self.content)
        after = set_in_force(self.instrument, self.site_file, content)
        if self.reader is None:
            return None
        return self.reader.ask(judged.flips, self.instrument, before, after, nights)


# -- show and check --------------------------------------------------------------------------------------------------


def _show(args: argparse.Namespace, standing: _Standing) -> int:
    metric = known_metric(standing.instrument, args.what) if args.what else ""
    output(limits_table(standing.entries, standing.instrument, metric), args, standing.instrument)
    return ExitCode.OK


def _check(args: argparse.Namespace, standing: _Standing) -> int:
    if not args.what:
        msg = "which file? `qltui limits check FILE`"
        raise CommandError(msg, ExitCode.USAGE)
    path = Path(args.what)
    text = read_limits(path)
    new = parse_limits(text, standing.instrument, where=str(path), from_site=True)
    if args.json or args.csv or args.ecsv:
        output(limits_table([Entry(limit, str(path)) for limit in new], standing.instrument), args, standing.instrument)
        return ExitCode.OK
    changes = differing_entries(standing.entries, new, standing.instrument)
    differing = [(line, words) for line, words in zip(entry_lines(text, len(new)), changes, strict=True) if words]
    print(f"{path}: good, {len(new)} entries, {len(differing)} of them not in force as they stand there")
    for line, words in differing:
        print(f"  line {line}: {words}" if line else f"  {words}")
    _say_flips(standing.flips(text, args.nights))
    return ExitCode.OK


def _say_flips(flips: Flips | None) -> None:
    if flips is None:
        print("no record here: what it would change of the last nights cannot be told")
        return
    print(flips.words)
    for metric, better, worse in flips.by_metric:
        print(f"  {metric}: {better} better, {worse} worse")
    for expid, before, after in flips.examples:
        print(f"  {expid:>8}  {before} -> {after}")


# -- set -------------------------------------------------------------------------------------------------------------


def _set(args: argparse.Namespace, standing: _Standing) -> int:
    if not args.what or args.normal is None or args.warning is None or not args.reason.strip():
        msg = "a metric, --normal LOW HIGH, --warning LOW HIGH and --reason TEXT are needed"
        raise CommandError(msg, ExitCode.USAGE)
    entry = _entry(args, standing)
    content = merge_entry(standing.content, entry, standing.instrument)
    (words,) = differing_entries(standing.entries, [entry], standing.instrument)
    print(words or "exactly that is in force already")
    _say_flips(standing.flips(content, args.nights))
    if not args.yes and not _agreed():
        print("nothing was changed")
        return ExitCode.OK
    name = args.name.strip() or (standing.version.name if standing.version is not None else _DEFAULT_NAME)
    for answer in _keep(standing.config, standing.instrument, name, content, args.reason.strip()):
        print(answer)
    return ExitCode.OK


def _entry(args: argparse.Namespace, standing: _Standing) -> Limit:
    """Return the new entry; what it compares with is as in the entry that it covers."""
    metric = known_metric(standing.instrument, args.what)
    asked = (args.obstype, args.program, args.arm, args.camera, args.element)

    def fits(limit: Limit) -> bool:
        theirs = (limit.obstypes, limit.programs, limit.arms, limit.cameras, limit.elements)
        return all(not names or (bool(ours) and set(ours) <= names) for ours, names in zip(asked, theirs, strict=True))

    covered = [entry.limit for entry in standing.entries if entry.limit.metric == metric and fits(entry.limit)]
    same_metric = [entry.limit for entry in standing.entries if entry.limit.metric == metric]
    return make_entry(
        standing.instrument,
        metric,
        _range(args.normal),
        _range(args.warning),
        pattern=max(covered or same_metric, key=lambda limit: limit.rank, default=None),
        obstypes=args.obstype,
        programs=args.program,
        arms=args.arm,
        cameras=args.camera,
        elements=args.element,
        valid_from=args.valid_from,
        in_a_row=args.in_a_row,
        source=args.reason.strip(),
    )


def _range(words: Sequence[str]) -> tuple[float, float]:
    """Return the range that was typed; "-inf" would be taken for an option, so that an open side is called none."""
    low, high = (
        str(bound) if word == "none" else word for word, bound in zip(words, (-math.inf, math.inf), strict=True)
    )
    return parse_range(f"{low} {high}")


def _agreed() -> bool:
    """Ask at the terminal; where there is none nobody can agree."""
    if not sys.stdin.isatty():
        msg = "not changed: say --yes where nobody can be asked"
        raise CommandError(msg, ExitCode.USAGE)
    return input("save and put in force? [y/N] ").strip().lower() in ("y", "yes")


def _keep(config: Config, instrument: Instrument, name: str, content: str, reason: str) -> list[str]:
    """Save a version and put it in force, through the engine where one runs; returns what was done in words."""
    from qltui.engine.launch import is_running

    if is_running(config.state_directory) is None:
        return [_keep_alone(config, instrument, name, content, reason)]
    saved = send(config, "save_configuration", {"kind": "limits", "name": name, "content": content, "reason": reason})
    _refuse_unless_done(saved.state, saved.answer)
    with open_record(config) as reader:
        number = _newest(reader, name, content)
    chosen = send(config, "select_configuration", {"kind": "limits", "version": number})
    _refuse_unless_done(chosen.state, chosen.answer)
    return [saved.answer, chosen.answer]


def _refuse_unless_done(state: str, answer: str) -> None:
    if state == "pending":
        msg = "the engine has not answered yet; `qltui limits show` tells whether it has done it since"
        raise CommandError(msg, ExitCode.UNAVAILABLE)
    if state == "refused":
        raise CommandError(answer, ExitCode.DATA)


def _newest(reader: Reader, name: str, content: str) -> int:
    from qltui.store import versions

    same = [
        item.number for item in reader.ask(versions.versions, "limits") if (item.name, item.content) == (name, content)
    ]
    return max(same)


def _keep_alone(config: Config, instrument: Instrument, name: str, content: str, reason: str) -> str:
    """Write the version where no engine runs, under the engine's own lock."""
    from qltui.engine.lock import AlreadyRunningError, StateDirectoryError, engine_lock
    from qltui.store import versions
    from qltui.store.errors import StoreError
    from qltui.store.record import Store

    set_in_force(instrument, config.paths.limits, content)
    who = observer(config)
    try:
        with (
            engine_lock(config.state_directory),
            Store.open(config.state_directory / RECORD_NAME) as store,
            store.transaction(),
        ):
            made = store.tell(versions.save_version, "limits", name, content, who, reason)
            store.tell(versions.select_version, "limits", made.number, who)
            store.log("info", f"limits {made.words} saved and selected by {who}: {reason}")
    except AlreadyRunningError as error:
        msg = f"{error}; ask again, it will do it"
        raise CommandError(msg, ExitCode.ALREADY_RUNNING) from error
    except StateDirectoryError as error:
        raise CommandError(str(error), ExitCode.CANNOT_CREATE) from error
    except StoreError as error:
        raise CommandError(str(error), ExitCode.UNAVAILABLE) from error
    return f"limits {made.words} are kept; no engine runs, the next one judges by them"
