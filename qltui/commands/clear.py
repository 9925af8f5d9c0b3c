"""``qltui clear``: what a site's rules of keeping would remove from the disk, or what is older than so many days."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from typing import Final

from qltui.commands.engine import settings_for
from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_state, configuration, instrument_of, observer
from qltui.commands.selecting import open_record, send
from qltui.config import Config
from qltui.store.reader import Reader

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = """\
Say what would be removed of products and logs, or have the engine remove it. Without --older it is what the settings of
[retention] let go, which the engine does by itself once an hour. Raw data is never touched; nor is what an observer has
flagged or commented, what waits or runs, and the newest calibrations."""
EPILOG = """\
examples:
  qltui clear --dry-run                          what retention would remove now
  qltui clear --older 30 --dry-run --json        what is older than 30 days, for scripts
  qltui clear --older 30 --what products         the engine removes it

exit status: 0 done, 64 wrong command line, 66 no record, 69 the engine refused, or has not answered yet
"""
_DAY: Final = 86400.0
_WHAT: Final = ("products", "logs")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("--older", type=int, metavar="DAYS", help="what is older than so many days")
    parser.add_argument("--what", choices=_WHAT, action="append", help="only these, with --older; may be repeated")
    parser.add_argument("--dry-run", action="store_true", help="only say what would go")
    parser.add_argument("--json", action="store_true", help="as JSON, sizes in bytes")
    add_state(parser)


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    _check(args)
    config = configuration(args)
    kinds = tuple(args.what or _WHAT)
    if not args.dry_run:
        answer = send(config, "clear", {"kinds": list(kinds), "days": args.older})
        said = answer.answer or "the engine has not answered yet; `qltui log` will have it"
        print(json.dumps({"state": answer.state, "answer": said}) if args.json else said)
        return ExitCode.OK if answer.state == "done" else ExitCode.UNAVAILABLE
    with open_record(config) as reader:
        found = _by_age(reader, kinds, args.older) if args.older is not None else _by_rules(reader, config)
    if args.json:
        print(json.dumps({name: {"count": count, "bytes": size} for name, (count, size) in found.items()}, indent=2))
    else:
        print("\n".join(_lines(found)))
    return ExitCode.OK


def _check(args: argparse.Namespace) -> None:
    if args.older is not None and not 1 <= args.older <= 36500:
        msg = f"--older {args.older}: 1 to 36500 days; what is younger may be needed tonight"
        raise CommandError(msg, ExitCode.USAGE)
    if args.older is None and (args.what or not args.dry_run):
        msg = "say how old it must be with --older DAYS, or look at what retention would remove with --dry-run"
        raise CommandError(msg, ExitCode.USAGE)


def _by_age(reader: Reader, kinds: tuple[str, ...], days: int) -> Mapping[str, tuple[int, int]]:
    from qltui.store import usage

    return reader.ask(usage.cleanable, kinds, time.time() - days * _DAY)


def _by_rules(reader: Reader, config: Config) -> Mapping[str, tuple[int, int]]:
    """Return what the rules of the configuration would take."""
    from qltui.engine.upkeep import policy_of
    from qltui.store import retention, usage

    policy = policy_of(settings_for(config, who=observer(config)), instrument_of(config))
    now = time.time()
    found = dict(reader.ask(retention.would_go, policy, now))
    if policy.logs:
        found |= reader.ask(usage.cleanable, ("logs",), now - policy.logs * _DAY)
    return found


def _lines(found: Mapping[str, tuple[int, int]]) -> list[str]:
    if not found:
        return ["everything is kept for good: no rule is set in [retention]"]
    width = max(map(len, found))
    return [f"{name:<{width}}  {count:>9} would go  {size / 1e6:>12.1f} MB" for name, (count, size) in found.items()]
