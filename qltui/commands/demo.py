"""``qltui demo``: the committed simulated night arrives exposure by exposure, and is watched live.

The night is copied into a directory of its own, file by file, as a data system would deliver it. Where the committed
night is not at hand it is simulated as it goes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from qltui.commands.engine import settings_for
from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.monitor import add_display, show
from qltui.commands.options import add_config, configuration, instrument_of, observer
from qltui.config import Config, load_config
from qltui.instruments.base import get_instrument, resolve
from qltui.instruments.files import Candidate
from qltui.simulate.simulators import DEFAULT, SIMULATORS, load
from qltui.store.views import ExposureRow, LogLine

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = """\
A small simulated night: calibrations, good science, science with faults. Everything is real but the sky: files,
engine, reduction, record and screen. It happens in a directory of its own and is removed afterwards."""
EPILOG = """\
examples:
  qltui demo
  qltui demo --instrument decam  a night of another instrument
  qltui demo --tour              and be led through the screens
  qltui demo --headless          prints the log and a final table, without a terminal
  qltui demo --dir /tmp/night    keeps the night, to look into it with the other commands

exit status: 0 all exposures were reduced, whatever their verdict
"""

INTERVAL = 4.0
"""Between the arrivals of two exposures on the screen [s]: time to look at one before the next comes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "--instrument", choices=tuple(SIMULATORS), default=DEFAULT, help=f"whose night (default {DEFAULT})"
    )
    parser.add_argument("--headless", action="store_true", help="no screen: print the log and a final table")
    parser.add_argument("--tour", action="store_true", help="be led through the screens; n goes on, esc leaves")
    parser.add_argument("--dir", type=Path, metavar="DIR", help="make the night here and keep it")
    parser.add_argument("--interval", type=float, metavar="S", help=f"seconds between exposures (default {INTERVAL:g})")
    parser.add_argument("--slots", type=int, metavar="N", help="worker processes (default: one for each processor)")
    add_display(parser)
    add_config(parser)


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    config = configuration(args)
    with _directory(args.dir) as directory:
        night = _night(directory, args.instrument)
        config = _demo_config(config, directory, night, args)
        (directory / "data").mkdir(exist_ok=True)
        interval = args.interval if args.interval is not None else (0.5 if args.headless else INTERVAL)
        if args.headless:
            return _headless(config, night, directory, interval)
        return _live(args, config, night, directory, interval)


@contextmanager
def _directory(wanted: Path | None) -> Iterator[Path]:
    """Give a directory for the night: the one asked for, or one that goes when the demo ends."""
    if wanted is None:
        with tempfile.TemporaryDirectory(prefix="qltui-demo-", ignore_cleanup_errors=True) as name:
            yield Path(name)
        return
    path = wanted.expanduser().absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
        empty = not any(path.iterdir())
    except OSError as error:
        msg = f"{path} cannot be made: {error.strerror}; name another with --dir"
        raise CommandError(msg, ExitCode.CANNOT_CREATE) from error
    if not empty:
        msg = f"{path} is not empty; name a new directory with --dir"
        raise CommandError(msg, ExitCode.CANNOT_CREATE)
    yield path


def _sample_data(instrument: str) -> Path | None:
    """Return the committed night, beside the package (a checkout) or where it was installed, if it is there."""
    if not SIMULATORS[instrument].sample:
        return None
    checkout = Path(__file__).resolve().parents[2]
    for directory in (checkout / "sample_data", Path(sys.prefix) / "share" / "qltui" / "sample_data"):
        root = directory / SIMULATORS[instrument].sample
        if _exposures(root, instrument):
            return root
    return None


@dataclass(frozen=True, slots=True)
class _Night:
    """A night to be delivered: where it is, the numbers of its exposures, and their raw files in the same order."""

    root: Path
    numbers: tuple[int, ...]
    files: Generator[Path, None, None]


def _night(directory: Path, instrument: str) -> _Night:
    """Return a whole night with its calibrations; where none was delivered it is simulated as it goes."""
    sample = _sample_data(instrument)
    if sample is not None:
        exposures = _exposures(sample, instrument)
        return _Night(sample, tuple(exposure.expid for exposure in exposures), (Path(one.path) for one in exposures))
    print("the night is simulated as it goes; the first exposure takes ten seconds", file=sys.stderr)
    source = directory / "source"
    night = load(instrument).sample_night(source, os.cpu_count() or 1)
    return _Night(source, night.numbers, night.files)


def _demo_config(config: Config, directory: Path, night: _Night, args: argparse.Namespace) -> Config:
    """Return settings for the demo: its own directories, a short wait for files to settle, the user's display."""
    paths = {"data": str(directory / "data"), "state": str(directory / "state")}
    if (night.root / "calib").is_dir():
        paths["calibration"] = str(night.root / "calib")
    flags = {
        "site": {"instrument": args.instrument},
        "paths": paths,
        "engine": {
            "settle": 0.3, "rescan": 1.0, "slots": args.slots if args.slots is not None else config.engine.slots
        },
        "display": {"theme": config.display.theme, "charset": config.display.charset, "mouse": config.display.mouse},
    }  # fmt: skip
    return load_config(files=[], environment={}, flags=flags)


def _exposures(night: Path, instrument: str) -> list[Candidate]:
    """Return the raw files of the nights in a directory, oldest first."""
    if not night.is_dir():
        return []
    nights = [int(path.name) for path in night.iterdir() if path.name.isdigit() and len(path.name) == 8]
    found: list[Candidate] = resolve(get_instrument(instrument).scan)(night, nights)
    return sorted(found, key=lambda candidate: candidate.expid)


def _deliver(raw: Path, number: int, night: Path, data: Path) -> None:
    """Copy one exposure as a data system does: companions first, each under a temporary name and then renamed."""
    target = data / raw.parent.relative_to(night)
    target.mkdir(parents=True, exist_ok=True)
    files = {raw, *(path for path in raw.parent.iterdir() if f"{number:08d}" in path.name)}
    for path in sorted(files, key=lambda path: (path.name.startswith("checksum"), path == raw, path.name)):
        temporary = target / f".{path.name}.part"
        shutil.copyfile(path, temporary)
        temporary.rename(target / path.name)


class _Feeder(threading.Thread):
    """Delivers the night, exposure by exposure, until it is over or somebody stops it.

    Each comes `interval` seconds after the one before, and not before that one has been reduced: at a telescope the
    reduction is the quicker of the two, and a slow machine should show the same night.
    """

    def __init__(
        self,
        night: _Night,
        data: Path,
        interval: float,
        is_ready: Callable[[int], bool],
        on_problem: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(name="feeder", daemon=True)
        self._night = night
        self._data = data
        self._interval = interval
        self._is_ready = is_ready
        self._stop_event = threading.Event()
        self._on_problem = on_problem
        self.problem = ""

    def run(self) -> None:
        try:
            self._deliver_all()
        except Exception as error:  # noqa: BLE001 - told at the end: behind a screen nobody sees what a thread died of
            self.problem = f"the night ended early: {type(error).__name__}: {error}"
            self._on_problem()

    def _deliver_all(self) -> None:
        with closing(self._night.files) as files:
            for number, raw in zip(self._night.numbers, files, strict=True):
                if self._stop_event.is_set():  # while it was simulated
                    return
                _deliver(raw, number, self._night.root, self._data)
                if self._stop_event.wait(self._interval):
                    return
                while not self._is_ready(number):
                    if self._stop_event.wait(0.2):
                        return

    def stop(self) -> None:
        """End the deliveries and wait for the one under way."""
        self._stop_event.set()
        if self.is_alive():
            self.join()


def _headless(config: Config, night: _Night, directory: Path, interval: float) -> int:
    """Run the engine here, print its log, and end when every exposure has been reduced."""
    from qltui.engine.running import run_engine

    wanted = set(night.numbers)
    done: set[int] = set()
    stop = threading.Event()
    feeder = _Feeder(night, directory / "data", interval, done.__contains__, stop.set)

    def on_log(line: LogLine) -> None:
        print(f"{time.strftime('%H:%M:%S', time.gmtime(line.time))}  {line.text}", flush=True)
        if line.text.startswith("Engine started"):
            feeder.start()  # not before: what lies there when an engine starts is its backlog
        if line.expid in wanted and "is ready" in line.text:
            done.add(line.expid)
            if done == wanted:
                stop.set()

    try:
        code = run_engine(settings_for(config, who=observer(config)), on_log=on_log, stop_event=stop)
    finally:
        feeder.stop()
    if feeder.problem:
        raise CommandError(feeder.problem, ExitCode.INTERNAL)
    if code != 0:
        return code
    print()
    print("\n".join(_table(config)))
    return ExitCode.OK if done == wanted else ExitCode.INTERNAL


def _table(config: Config) -> list[str]:
    """Return the table of the night, exposure by exposure."""
    from qltui.store.record import Store

    with Store.open(config.state_directory / "qltui.db", read_only=True) as store:
        view = store.monitor_view()
        rows = sorted(view.exposures, key=lambda row: row.exposure.expid)
        culprits = {row.exposure.expid: _culprits(store, row) for row in rows}
    width = max((len(row.exposure.program) for row in rows), default=7)
    lines = [
        f"night {view.night}",
        f"{'exposure':>9}  {'obstype':<8} {'program':<{width}}  {'seconds':>7}  {'status':<11} verdict",
    ]
    for row in rows:
        exposure = row.exposure
        seconds = f"{row.seconds:7.1f}" if row.seconds is not None else f"{'':7}"
        words = (
            f"{exposure.expid:>9}  {exposure.obstype:<8} {exposure.program:<{width}}  {seconds}  {row.status.value:<11}"
        )
        lines.append(f"{words} {row.headline}".rstrip())
        lines.extend(f"{'':>11}{text}" for text in culprits[exposure.expid])
    return lines


def _culprits(store: object, row: ExposureRow) -> Sequence[str]:
    from qltui.store.record import Store

    assert isinstance(store, Store)
    process = store.process_view(row.process) if row.process is not None else None
    if process is None:
        return ()
    return tuple(f"{status.value:<8} {text}" for status, text in process.verdict.culprits)


def _is_done(record: Path, expid: int) -> bool:
    """Whether the engine, a process of its own, has recorded the end of an exposure."""
    from qltui.store.record import Store

    with Store.open(record, read_only=True) as store:
        row = store.find_exposure(str(expid))
    return row is not None and row.seconds is not None


def _live(args: argparse.Namespace, config: Config, night: _Night, directory: Path, interval: float) -> int:
    """Show the Monitor while the night arrives; the engine goes when the screen goes."""
    from qltui.engine.launch import start_engine, stop_engine

    settings = settings_for(config, who=observer(config))
    start_engine(settings)
    feeder = _Feeder(night, directory / "data", interval, partial(_is_done, settings.database))
    feeder.start()
    try:
        code = show(args, config, instrument_of(config), own_engine=False, tour=args.tour)
    finally:
        feeder.stop()
        stop_engine(settings.state_directory)
        if args.dir:
            print(f"the night is kept in {directory}: try `qltui status --state {directory / 'state'}`")
    if feeder.problem:
        raise CommandError(feeder.problem, ExitCode.INTERNAL)
    return code
