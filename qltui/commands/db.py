"""``qltui db``: is the record whole, copies of it, and bringing it up to date."""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_state, configuration
from qltui.commands.selecting import RECORD_NAME
from qltui.store.errors import StoreError
from qltui.store.keeping import Condition, backup, backups, condition_of

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = """\
Look after the record: check that it is whole, copy it while an engine writes, or bring one of an older version up to
date. A copy is one moment of the record, is checked before it has its name, and only then the oldest one goes."""
EPILOG = """\
examples:
  qltui db check                        size, version, faults, newest copy; --all compares every index (minutes)
  qltui db backup --keep 24             into STATE/backup; for cron: 0 * * * * qltui db backup
  qltui db migrate                      needs that no engine runs
  qltui db repair                       needs that no engine runs; one that runs does it by itself

A damaged record is set aside, below STATE/damaged, and made anew from every row of it that can be read and from the
newest copy; exposures whose results are lost are reduced again.
exit status: 0 whole, or done; 2 not whole; 65 not a record of ours; 66 no record; 73 cannot be written;
  75 an engine runs (migrate, repair)
"""
_BACKUPS = "backup"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("action", choices=("check", "backup", "migrate", "repair"))
    parser.add_argument("--all", action="store_true", help="check: compare every index with its table as well")
    parser.add_argument("--keep", type=int, default=24, metavar="N", help="backup: copies that are kept (default 24)")
    parser.add_argument("--to", type=Path, metavar="DIR", help="backup: where copies are kept (default STATE/backup)")
    parser.add_argument("--json", action="store_true", help="as JSON")
    add_state(parser)


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    config = configuration(args)
    path = config.state_directory / RECORD_NAME
    if not path.is_file() and not (args.action == "repair" and backups(config.state_directory / _BACKUPS)):
        msg = f"no record in {config.state_directory}: no engine ever ran here; start one with `qltui run`"
        raise CommandError(msg, ExitCode.NO_INPUT)
    place = (args.to or config.state_directory / _BACKUPS).expanduser().absolute()
    try:
        if args.action == "check":
            return _check(args, path, place)
        if args.action == "backup":
            return _backup(args, path, place)
        return _migrate(args, path) if args.action == "migrate" else _repair(args, path, place)
    except StoreError as error:
        raise CommandError(str(error), ExitCode.DATA) from error
    except OSError as error:
        msg = f"{error.filename or place} cannot be written: {error.strerror}; name another directory with --to"
        raise CommandError(msg, ExitCode.CANNOT_CREATE) from error


def _check(args: argparse.Namespace, path: Path, place: Path) -> int:
    found = condition_of(path, thorough=args.all)
    newest = next(iter(backups(place)), None)
    if args.json:
        print(json.dumps(_as_json(found, path, newest), indent=2))
    else:
        print("\n".join(_lines(found, path, newest)))
    return ExitCode.OK if found.is_whole and not found.newer else ExitCode.ALARM


def _as_json(found: Condition, path: Path, newest: Path | None) -> dict[str, Any]:
    return {
        "path": str(path),
        "whole": found.is_whole,
        "bytes": found.size,
        "free_bytes": found.free,
        "exposures": found.exposures,
        "processes": found.processes,
        "versions": list(found.versions),
        "to_be_applied": list(found.missing),
        "unknown_versions": list(found.newer),
        "faults": list(found.faults),
        "newest_backup": str(newest) if newest is not None else None,
        "newest_backup_age_seconds": round(time.time() - newest.stat().st_mtime, 1) if newest is not None else None,
    }


def _lines(found: Condition, path: Path, newest: Path | None) -> list[str]:
    size = f"{found.size / 1e9:.2f} GB" if found.size >= 1e9 else f"{found.size / 1e6:.1f} MB"
    lines = [f"record    {path}  {size}, {found.exposures:,} exposures, {found.processes:,} processes"]
    version = found.versions[-1] if found.versions else "none"
    if found.newer:
        lines.append(f"version   {found.newer[-1]}, of a newer qltui: update qltui")
    elif found.missing:
        lines.append(
            f"version   {version}; {', '.join(found.missing)} to come: `qltui db migrate`, or start the engine"
        )
    else:
        lines.append(f"version   {version}, as this qltui has it")
    if newest is None:
        lines.append("backup    none; `qltui db backup` makes one")
    else:
        age = (time.time() - newest.stat().st_mtime) / 3600.0
        lines.append(f"backup    {newest}  {newest.stat().st_size / 1e6:.1f} MB, {age:.1f} h old")
    if found.is_whole:
        lines.append("whole     SQLite finds nothing wrong")
    else:
        lines += [f"FAULT     {words}" for words in found.faults]
        lines.append("          stop the engine; `qltui db repair` sets it aside and saves what can be read")
    return lines


def _backup(args: argparse.Namespace, path: Path, place: Path) -> int:
    if args.keep < 1:
        msg = f"--keep {args.keep}: at least the new copy is kept"
        raise CommandError(msg, ExitCode.USAGE)
    began = time.monotonic()
    made = backup(path, place, args.keep, datetime.now(UTC))
    seconds, size = time.monotonic() - began, made.stat().st_size
    if args.json:
        facts = {"path": str(made), "bytes": size, "seconds": round(seconds, 3), "kept": len(backups(place))}
        print(json.dumps(facts, indent=2))
    else:
        print(f"{made}  {size / 1e6:.1f} MB, whole, in {seconds:.1f} s; {len(backups(place))} copies are kept")
    return ExitCode.OK


def _migrate(args: argparse.Namespace, path: Path) -> int:
    from qltui.engine.lock import AlreadyRunningError, engine_lock
    from qltui.store.record import Store

    before = condition_of(path)
    try:
        with engine_lock(path.parent), Store.open(path):
            pass
    except AlreadyRunningError as error:
        raise CommandError(str(error), ExitCode.ALREADY_RUNNING) from error
    if args.json:
        print(json.dumps({"path": str(path), "applied": list(before.missing)}, indent=2))
    elif before.missing:
        print(f"applied: {', '.join(before.missing)}")
    else:
        print("nothing to do: the record is as this qltui has it")
    return ExitCode.OK


def _repair(args: argparse.Namespace, path: Path, place: Path) -> int:
    from qltui.engine.lock import AlreadyRunningError, engine_lock
    from qltui.store.repair import repair

    def progress(table: str, rows: int) -> None:
        if not args.json:
            print(f"{table:<20} {rows:>12,} rows", flush=True)

    try:
        with engine_lock(path.parent):
            if path.is_file() and condition_of(path, thorough=True).is_whole:
                print(json.dumps({"path": str(path), "whole": True}) if args.json else "nothing to do: it is whole")
                return ExitCode.OK
            done = repair(path, place, progress=progress)
    except AlreadyRunningError as error:
        raise CommandError(str(error), ExitCode.ALREADY_RUNNING) from error
    if args.json:
        facts = {
            "path": str(path), "whole": True, "aside": str(done.aside), "copy": str(done.copy) if done.copy else None,
            "saved": done.saved, "copied": done.copied, "dropped": done.dropped, "again": done.again,
        }  # fmt: skip
        print(json.dumps(facts, indent=2))
    else:
        print(done.words)
    return ExitCode.OK
