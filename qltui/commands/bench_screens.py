"""``qltui bench --screens``: what every screen costs on a record of a whole season, beside what it may cost."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.instruments.base import Instrument

if TYPE_CHECKING:
    from qltui.season.headless import ScreenWork
    from qltui.season.terminal import FirstPaint
    from qltui.store.database import Database

__all__ = ["GOALS", "Figures", "over", "run", "table"]

GOALS: Final = {
    "work": 0.2,
    "longest": 0.05,
    "idle": 0.0,
    "changes": 2000.0,
    "paint_seconds": 0.5,
    "paint_bytes": 40_000.0,
}
"""Work to open or redraw a screen, longest piece of the event loop [s]; bytes a second of an idle screen and of ten
changes of a cell in a second; first paint [s] and [bytes]."""

_EXPOSURES: Final = 160
_NIGHT_BYTES: Final = 4_000_000
"""Of the record for one night; a detailed one has seven times as many."""


@dataclass(frozen=True, slots=True)
class Figures:
    """All that was measured; bytes are bytes a second. `tmux` is None where there is none on this machine."""

    record: str
    nights: int
    exposures: int
    record_bytes: int
    screens: tuple[ScreenWork, ...]
    idle: Mapping[str, float]
    changes: float
    tmux: float | None
    paint: FirstPaint


def run(args: argparse.Namespace, instrument: Instrument) -> int:
    """Carry out the command and return the exit status."""
    with _directory(args.keep) as directory:
        if not (directory / "qltui.db").is_file():
            _fill(directory, instrument, args.nights)
        figures = _measure(directory, instrument)
    print(json.dumps(_plain(figures), indent=2) if args.json else "\n".join(table(figures)))
    return ExitCode.OK


@contextmanager
def _directory(wanted: Path | None) -> Iterator[Path]:
    """Give the directory of the record: the one to keep, or one that goes in the end."""
    if wanted is not None:
        path = wanted.expanduser().absolute()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            msg = f"{path} cannot be made: {error.strerror}; name another with --keep"
            raise CommandError(msg, ExitCode.CANNOT_CREATE) from error
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="qltui-season-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _fill(directory: Path, instrument: Instrument, nights: int) -> None:
    """Reduce the demo's night, and make a season around its values."""
    from qltui.quality.limits_file import load_limits
    from qltui.season.fill import fill
    from qltui.season.plan import SeasonPlan
    from qltui.season.templates import read_moulds
    from qltui.store.record import Store

    needed = _NIGHT_BYTES * nights + 7 * _NIGHT_BYTES * min(nights, 30)
    if shutil.disk_usage(directory).free < 1.5 * needed:
        msg = f"{directory} has less than {1.5 * needed / 1e9:.1f} GB free; name another place with --keep DIR"
        raise CommandError(msg, ExitCode.CANNOT_CREATE)
    with tempfile.TemporaryDirectory(prefix="qltui-mould-", ignore_cleanup_errors=True) as name:
        _say("reducing a small night, to make the season's values from")
        demo = Path(name) / "demo"
        command = [sys.executable, "-m", "qltui", "demo", "--headless", "--interval", "0", "--dir", str(demo)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - this program
        if done.returncode != 0:
            msg = f"the small night was not reduced: {done.stderr.strip()[-300:]}; try `qltui demo --headless`"
            raise CommandError(msg, ExitCode.INTERNAL)
        with Store.open(demo / "state" / "qltui.db", read_only=True) as store:
            moulds = read_moulds(store, instrument)
    _say(f"writing {nights} nights of {_EXPOSURES} exposures to {directory}")
    part = directory / "filling" / "qltui.db"
    shutil.rmtree(part.parent, ignore_errors=True)
    plan = SeasonPlan(nights, _EXPOSURES)
    limits = load_limits(instrument).content
    filled = fill(part, instrument, moulds, plan, limits=limits, progress=partial(_progress, nights))
    # Only a whole record gets the name: one that was cut off is made anew.
    part.rename(directory / "qltui.db")
    part.parent.rmdir()
    _say(f"{filled.exposures} exposures, {filled.processes} processes in {filled.seconds:.0f} s")


def _progress(nights: int, done: int, seconds: float) -> None:
    if done % 50 == 0 or done == nights:
        _say(f"  {done} of {nights} nights, {seconds:.0f} s; {seconds / done * (nights - done):.0f} s to go")


def _measure(directory: Path, instrument: Instrument) -> Figures:
    """Measure everything on the record of a directory."""
    from qltui.season.headless import measure_screens
    from qltui.season.terminal import changes, first_paint, idle
    from qltui.store.record import Store

    # Brings a kept record up to date with this version's tables; screens only read.
    with Store.open(directory / "qltui.db") as store:
        count, last = len(store.nights()), store.find_exposure()
        exposures = int(store.ask(_count))
    if last is None:
        msg = f"{directory} has a record without exposures; remove it, or name another with --keep"
        raise CommandError(msg, ExitCode.DATA)
    moment = ((last.exposure.mjd or 0.0) - 40587.0) * 86400.0 + 600.0
    screens = measure_screens(directory, instrument, moment, say=_say)
    _say("first paint")
    with tempfile.TemporaryDirectory(prefix="qltui-compiled-") as compiled:
        # Files that nobody has read for a while, or compiled yet, are no part of the program.
        first_paint(directory, instrument.name, compiled=Path(compiled))
        paint = first_paint(directory, instrument.name, compiled=Path(compiled))
    rates = idle(directory, instrument.name, say=_say)
    _say("ten changes a second, and through tmux")
    plain, tmux = changes(instrument), changes(instrument, through_tmux=True)
    size = sum(path.stat().st_size for path in directory.glob("qltui.db*"))
    return Figures(str(directory), count, exposures, size, tuple(screens), rates, plain or 0.0, tmux, paint)


def _count(database: Database) -> int:
    return int(database.sql("SELECT count(*) FROM exposure")[0][0])


def over(figures: Figures) -> list[str]:
    """Return, in words, what misses its goal."""
    found: list[str] = []

    def look(words: str, value: float, goal: str) -> None:
        if value > GOALS[goal]:
            found.append(words)

    for item in figures.screens:
        place = f"{item.name} at {item.width}x{item.height}"
        for what, value in (("open", item.opened), ("redraw", item.redrawn), ("step", item.stepped)):
            look(f"{place}: to {what} is {value:.3f} s of work", value, "work")
        look(f"{place}: {item.longest * 1000:.0f} ms without a look at the keys", item.longest, "longest")
    for name, rate in figures.idle.items():
        look(f"{name}: {rate:.0f} bytes/s when idle", rate, "idle")
    look(f"ten changes a second: {figures.changes:.0f} bytes/s", figures.changes, "changes")
    look(f"ten changes a second through tmux: {figures.tmux or 0.0:.0f} bytes/s", figures.tmux or 0.0, "changes")
    look(f"first paint after {figures.paint.seconds:.2f} s", figures.paint.seconds, "paint_seconds")
    look(f"first paint of {figures.paint.size} bytes", figures.paint.size, "paint_bytes")
    return found


def _columns(name: str, size: str, numbers: Sequence[str], last: str) -> str:
    return f"{name:<15} {size:>7} {' '.join(f'{number:>7}' for number in numbers)} {last:>8}".rstrip()


def table(figures: Figures) -> list[str]:
    """Return everything as lines, with the goals beside it."""
    head = f"{figures.nights} nights, {figures.exposures} exposures, {figures.record_bytes / 1e9:.2f} GB"
    work = GOALS["work"]
    lines = [
        head,
        "",
        _columns("work [s]", "size", ("first", "open", "of it", "redraw", "step"), "longest"),
        _columns("", "", ("", "", "reading", "", ""), "[ms]"),
        _columns("goal", "", ("", f"{work:.3f}", "", f"{work:.3f}", f"{work:.3f}"), f"{GOALS['longest'] * 1000:.0f}"),
    ]
    for item in figures.screens:
        worst = max(item.opened, item.redrawn, item.stepped)
        late = item.longest > GOALS["longest"] or worst > GOALS["work"]
        numbers = (item.first, item.opened, item.question, item.redrawn, item.stepped)
        words = _columns(
            *(item.name, f"{item.width}x{item.height}", [f"{number:.3f}" for number in numbers]),
            f"{item.longest * 1000:.0f}",
        )
        lines.append(f"{words}  over: {item.where[:40]}" if late else words)
    rates: Callable[[float], str] = "{:8.0f}".format
    tmux = "  no tmux here" if figures.tmux is None else rates(figures.tmux)
    lines += [
        "",
        f"idle, worst screen        {rates(max(figures.idle.values(), default=0.0))} bytes/s   (goal 0)",
        f"ten cell changes a second {rates(figures.changes)} bytes/s   (goal under 2000)",
        f"the same through tmux     {tmux} bytes/s   (goal under 2000)",
        f"first paint               {figures.paint.seconds:8.2f} s         (goal under 0.5)",
        f"  of it work              {figures.paint.work:8.2f} s",
        f"  bytes                   {figures.paint.size:8d}           (goal under 40000)",
    ]
    missed = over(figures)
    lines += ["", *(["over the goal:", *(f"  {words}" for words in missed)] if missed else ["all goals are met"])]
    if (load := os.getloadavg()[0]) > 1.0:
        lines.append(f"the machine was busy with other things (load {load:.1f}): seconds on the wall say little")
    return lines


def _plain(figures: Figures) -> dict[str, object]:
    return asdict(figures) | {"goals": dict(GOALS), "over": over(figures)}
