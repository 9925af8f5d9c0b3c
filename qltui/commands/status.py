"""``qltui status``: what is going on, for a dumb terminal, a script, cron or a status line."""

from __future__ import annotations

import argparse
import json
import time
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_state, configuration, instrument_of
from qltui.model import Status
from qltui.store.views import DiskView, EngineView, MonitorView, worst_disk
from qltui.tui.health import engine_health
from qltui.tui.printable import clean

if TYPE_CHECKING:
    from qltui.instruments.base import Instrument

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "engine_is_alive", "exit_code_of", "main"]

DESCRIPTION = "Say in a few lines what the engine does and how good the latest exposure is."
EPILOG = """\
examples:
  qltui status
  qltui status --json | python -m json.tool
  qltui status --line        one line, for tmux or cron
  tmux:    set -g status-right '#(qltui status --line)'
  cron:    */5 * * * * qltui status --line > /dev/null || mail -s qltui observer
  Nagios:  command[qltui]=qltui status --line       (0, 1, 2 are its own; 3 is "unknown")

exit status: 0 all is well, 1 warnings, 2 alarms, 3 engine dead
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_state(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="everything the Monitor shows, as JSON")
    form.add_argument("--line", action="store_true", help="one line")


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    from qltui.store.database import Database
    from qltui.store.errors import StoreError
    from qltui.store.pictures import monitor_view

    config = configuration(args)
    path = config.state_directory / "qltui.db"
    if not path.is_file():
        if args.json:
            print(json.dumps({"engine": {"state": "none"}, "night": None, "process": None, "exposures": []}, indent=2))
            return ExitCode.ENGINE_DEAD
        msg = f"no record in {config.state_directory}: no engine ever ran here; start one with `qltui run`"
        raise CommandError(msg, ExitCode.ENGINE_DEAD)
    try:
        # What the Monitor asks, without all else that a record answers: a status bar asks every few seconds.
        with closing(Database(path, read_only=True)) as database:
            view = monitor_view(database)
    except StoreError as error:
        raise CommandError(str(error), ExitCode.UNAVAILABLE) from error
    now = time.time()
    if args.json:
        print(json.dumps(_as_json(view, instrument_of(config), now), indent=2))
    elif args.line:
        print(line_of(view, now))
    else:
        print("\n".join(_lines(view, instrument_of(config), now)))
    return exit_code_of(view, now)


def engine_is_alive(engine: EngineView, now: float) -> bool:
    """Whether the engine runs, also where its heartbeat is late: the same judgement as the screen's."""
    return engine_health(engine, now).runs


def exit_code_of(view: MonitorView, now: float) -> ExitCode:
    """Return 3 where the engine is dead, else what the latest exposure and the fullest disk deserve."""
    if not engine_is_alive(view.engine, now):
        return ExitCode.ENGINE_DEAD
    if view.engine.trouble:
        # Whatever the latest exposure was like: of the next one nobody will know.
        return ExitCode.ALARM
    disk = worst_disk(view.engine.disks)
    level = ExitCode.OK if disk is None else _DISK[disk.level]
    if view.process is None:
        return level
    status = view.process.verdict.status
    if status in (Status.ALARM, Status.FAILED, Status.MISSING):
        return ExitCode.ALARM
    if status in (Status.WARNING, Status.UNKNOWN):
        return max(level, ExitCode.WARNING)
    return level


_DISK = {"warning": ExitCode.WARNING, "alarm": ExitCode.ALARM}


def _disk_words(disk: DiskView) -> str:
    """Return how full a disk is, with a word for what is wrong: ``"data 95 % used, 12.0 GB free WARNING"``."""
    words = f"{disk.names}: {100 * disk.used:.0f} % used, {disk.free / 1e9:.1f} GB free"
    return f"{words} {disk.level.upper()}".rstrip()


def _engine_words(engine: EngineView, now: float) -> str:
    health = engine_health(engine, now)
    if health.kind in ("alive", "troubled"):
        return f"{engine.state} (pid {engine.pid} on {engine.host})"
    return f"{health.words}; {health.action}" if health.action else health.words


def line_of(view: MonitorView, now: float) -> str:
    """Return the one line for a status bar."""
    if not engine_is_alive(view.engine, now):
        return f"qltui: {_engine_words(view.engine, now)}"
    if view.engine.trouble:
        return f"qltui: IN TROUBLE: {clean(view.engine.trouble).partition('; ')[0]}"
    manual = f" manual, {view.engine.held} held" if view.engine.mode == "manual" else ""
    if (disk := worst_disk(view.engine.disks)) is not None:
        manual += f" {disk.level.upper()} {'/'.join(disk.of)} disk {100 * disk.used:.0f} % full"
    if view.process is None:
        return f"qltui: {view.engine.state}, no exposure yet{manual}"
    exposure, verdict = view.process.exposure, view.process.verdict
    words = f"{exposure.expid} {exposure.obstype} {verdict.status.value}"
    return f"qltui: {words} {view.process.done}/{view.process.expected} queue {view.engine.queue}{manual}"


def _lines(view: MonitorView, instrument: Instrument, now: float) -> list[str]:
    # The one line of a status bar, asked for every few seconds, is sooner there without.
    from qltui.commands.report import grid_lines

    engine, process = view.engine, view.process
    lines = [f"engine    {_engine_words(engine, now)}"]
    if engine.detail and engine_is_alive(engine, now):
        lines.append(f"          {engine.detail}")
    if engine.mode == "manual":
        lines.append(f"mode      manual: {engine.held} new exposures wait for the observer's choice")
    if engine.observer:
        lines.append(f"observer  {engine.observer}")
    if engine.selected and len(engine.selected) < len(instrument.cameras):
        lines.append(f"cameras   {engine.selection}: {len(engine.selected)} of {len(instrument.cameras)} selected")
    lines.append(f"queue     {engine.queue} waiting, {engine.incomplete} incomplete")
    lines.extend(f"          incomplete: {name}" for name in engine.incomplete_names)
    for disk in engine.disks:
        lines.append(f"disk      {_disk_words(disk)}")
        lines.extend(f"          {words}" for words in disk.words.split("; ")[1:])
    if not engine.disks and engine.disk_used is not None and engine.disk_free is not None:
        lines.append(f"disk      {100 * engine.disk_used:.0f} % used, {engine.disk_free / 1e9:.1f} GB free")
    if process is None:
        lines.append("exposure  none yet")
        return lines
    exposure = process.exposure
    tile = f"  {instrument.tile_title} {exposure.tile}" if exposure.tile is not None else ""
    seconds = f"  {exposure.exptime:.0f} s" if exposure.exptime is not None else ""
    mjd = f"  MJD {exposure.mjd:.3f}" if exposure.mjd is not None else ""
    lines.append(f"exposure  {exposure.expid}  {exposure.obstype} {exposure.program}{tile}{seconds}{mjd}".rstrip())
    lines.append(f"night     {exposure.night}")
    lines.append(f"process   {process.number} {process.state}, {process.done} of {process.expected} cameras")
    lines.append(f"verdict   {process.verdict.status.value}: {process.verdict.headline}")
    lines.extend(f"          {status.value:<8} {text}" for status, text in process.verdict.culprits)
    lines.append("")
    steps = [(step.name, step.title) for step in instrument.steps_for(exposure.obstype)]
    lines.extend(grid_lines(instrument, steps, process.cameras))
    if view.exposures:
        lines.extend(["", "exposures of the night"])
        for row in view.exposures:
            at = row.exposure.date_obs[11:19] or "        "
            words = f"{row.exposure.expid:>8}  {at}  {row.exposure.obstype:<8} {row.status.value:<11}"
            lines.append(f"  {words} {row.headline}".rstrip())
    return lines


def _as_json(view: MonitorView, instrument: Instrument, now: float) -> dict[str, object]:
    from qltui.tables.result import clean, result_json

    engine = clean({name: getattr(view.engine, name) for name in view.engine.__slots__ if name != "disks"})
    assert isinstance(engine, dict)
    engine["alive"] = engine_is_alive(view.engine, now)
    engine["disks"] = clean([asdict(disk) for disk in view.engine.disks])
    process: dict[str, object] | None = None
    if view.process is not None:
        item = view.process
        process = {
            "number": item.number,
            "state": item.state,
            "trigger": item.trigger,
            "started": item.started,
            "ended": item.ended,
            "configuration": item.configuration,
            "code_version": item.code_version,
            **result_json(item.exposure, item.verdict, item.cameras, instrument),
        }
    rows = [
        {
            "expid": row.exposure.expid,
            "night": row.exposure.night,
            "obstype": row.exposure.obstype,
            "program": row.exposure.program,
            "date_obs": row.exposure.date_obs,
            "process": row.process,
            "state": row.state,
            "status": row.status.value,
            "headline": row.headline,
            "seconds": clean(row.seconds),
        }
        for row in view.exposures
    ]
    time_utc = datetime.fromtimestamp(now, tz=UTC).isoformat(timespec="seconds")
    return {"time": time_utc, "night": view.night, "engine": engine, "process": process, "exposures": rows}
