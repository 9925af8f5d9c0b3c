"""``qltui bench``: how fast this machine reduces a full-size exposure, against the floor of mere decompression.

The floor is what the same number of the same processes need to decompress the same file with astropy and throw the
pixels away; it is measured before and after the reduction, because machines drift, and the ratio is against the mean.
The same with our own decoder, which is faster, is stated beside it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from qltui.commands.engine import settings_for
from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_config, configuration, instrument_of
from qltui.config import Config, load_config
from qltui.instruments.base import Instrument, resolve
from qltui.model import Status
from qltui.store.views import ProcessView

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = """\
Simulate (once, kept in a cache) a full-size exposure of all cameras, reduce it through the engine with all metrics,
products and the record in the database, and print the times. Takes some minutes the first time."""
EPILOG = """\
examples:
  qltui bench
  qltui bench --slots 2 --repeat 3 --json
  qltui bench --size mini        quick, for a look at the overheads
  qltui bench --screens --keep ~/season    every screen on a record of 1,500 nights, made once (half an hour)
  qltui bench --screens --nights 30        the same with a month
"""

NIGHT = 20191001
FLAT, SCIENCE = 1, 2


@dataclass(frozen=True, slots=True)
class Whole:
    """One run of the engine over the science exposure.

    `seconds` is from the start of the process to its end in the record; `steps` and `memory` are per camera.
    """

    seconds: float
    good: int
    cameras: int
    steps: Mapping[str, Sequence[float]]
    camera_seconds: Sequence[float]
    memory: int
    database: int
    products: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("--size", choices=("full", "mini"), default="full", help="size of the CCDs (default full)")
    parser.add_argument("--slots", type=int, metavar="N", help="worker processes (default: one for each processor)")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="how often the whole is timed (default 1)")
    parser.add_argument("--no-products", action="store_true", help="write no spectra and previews")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where the simulated files are kept")
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    screens = parser.add_argument_group("screens", "measure the screens instead, on the record of a season")
    screens.add_argument("--screens", action="store_true", help="what each screen costs, in work and in bytes")
    screens.add_argument("--nights", type=int, default=1500, metavar="N", help="of the season (default 1500)")
    screens.add_argument("--keep", type=Path, metavar="DIR", help="where the record is kept; one that is there is used")
    add_config(parser)


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    config = configuration(args)
    instrument = instrument_of(config)
    if args.screens:
        from qltui.commands.bench_screens import run

        return run(args, instrument)
    slots = args.slots or os.cpu_count() or 1
    cache = args.cache or _cache_directory()
    data, calibration = _prepare(cache / f"{args.size}-{instrument.name}", args.size)
    science = data / str(NIGHT) / f"{SCIENCE:08d}" / f"desi-{SCIENCE:08d}.fits.fz"
    exposure = resolve(instrument.inspect)(science)
    floors, wholes = [_floor(science, exposure.cameras, slots)], []
    with tempfile.TemporaryDirectory(prefix="qltui-bench-", dir=cache) as scratch:
        for number in range(args.repeat):
            wholes.append(
                _whole(config, data, calibration, Path(scratch) / str(number), slots, products=not args.no_products)
            )
            floors.append(_floor(science, exposure.cameras, slots))
    figures = _figures(args.size, slots, len(exposure.cameras), floors, wholes)
    print(json.dumps(figures, indent=2) if args.json else _table(figures, instrument))
    return ExitCode.OK


def _cache_directory() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("qltui") / "bench"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _progress(obstype: str, name: str, done: int, total: int) -> None:
    _say(f"  {obstype} {name} {done}/{total}")


def _prepare(directory: Path, size: str) -> tuple[Path, Path]:
    """Simulate a flat and a science exposure and their calibrations, unless they are there."""
    from qltui.simulate.calibrations import simulate_calibrations
    from qltui.simulate.exposure import simulate_exposure
    from qltui.simulate.request import SimulationRequest

    data, calibration, mark = directory / "data", directory / "calib", directory / "complete"
    if mark.is_file():
        return data, calibration
    needed = 3e9 if size == "full" else 5e7
    directory.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(directory).free < needed:
        msg = f"{directory} has less than {needed / 1e9:.1f} GB free; name another place with --cache DIR"
        raise CommandError(msg, ExitCode.CANNOT_CREATE)
    _say(f"simulating a {size} night in {directory} (once)")
    simulate_calibrations(calibration, size, seed=1)
    for obstype, expid in (("FLAT", FLAT), ("SCIENCE", SCIENCE)):
        request = SimulationRequest(obstype, expid, night=NIGHT, seed=expid, size=size)
        simulate_exposure(
            request,
            data,
            calibration=calibration,
            workers=os.cpu_count() or 1,
            progress=partial(_progress, obstype),
        )
    mark.touch()
    return data, calibration


def _decompress(path: str, name: str) -> int:
    """Decompress one camera and throw it away; returns its number of pixels."""
    from astropy.io import fits

    with fits.open(path, memmap=False) as hdus:
        return int(hdus[name.upper()].data.size)


def _decode(path: str, name: str) -> int:
    """Decompress one camera with the decoder of qltui's own."""
    from qltui.instruments.fits_file import find_hdu, read_image, scan_hdus

    entry = find_hdu(scan_hdus(path), name)
    assert entry is not None
    return int(read_image(path, entry).size)


def _floor(path: Path, cameras: Sequence[str], slots: int) -> tuple[float, float]:
    """Return how long `slots` processes take to decompress all cameras, with astropy and with our own decoder [s]."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(slots, mp_context=context) as pool:

        def seconds(function: Callable[[str, str], int]) -> float:
            # Imports and compiled kernels are loaded before the clock runs, as they are in the engine's workers.
            list(pool.map(function, [str(path)] * 2 * slots, [cameras[0]] * 2 * slots))
            started = time.perf_counter()
            list(pool.map(function, [str(path)] * len(cameras), cameras))
            return time.perf_counter() - started

        return seconds(_decompress), seconds(_decode)


def _whole(config: Config, data: Path, calibration: Path, state: Path, slots: int, *, products: bool) -> Whole:
    """Let the engine work off the flat and the science exposure, and read from its record how long the latter took."""
    from qltui.engine.engine import run_engine
    from qltui.store.record import Store

    flags = {
        "paths": {"data": str(data), "state": str(state), "calibration": str(calibration)},
        "engine": {"slots": slots, "in_flight": 1, "settle": 0.0, "products": products, "nice": 0},
        "site": {"instrument": config.site.instrument},
    }
    settings = settings_for(load_config(files=[], environment={}, flags=flags), who="bench")
    code = run_engine(settings, once=True)
    if code != 0:
        msg = f"the engine ended with status {code}; its log is in {state / 'logs'}"
        raise CommandError(msg, ExitCode.INTERNAL)
    with Store.open(state / "qltui.db", read_only=True) as store:
        row = store.find_exposure(str(SCIENCE))
        process = store.process_view(row.process) if row and row.process else None
    if process is None or process.ended is None or process.started is None:
        msg = f"the science exposure was not reduced; see {state / 'logs'}"
        raise CommandError(msg, ExitCode.INTERNAL)
    return _measured(process, state)


def _measured(process: ProcessView, state: Path) -> Whole:
    steps: dict[str, list[float]] = defaultdict(list)
    for camera in process.cameras.values():
        for step in camera.steps:
            if step.seconds is not None:
                steps[step.step].append(step.seconds)
    failed = [camera for camera in process.cameras.values() if camera.status is Status.FAILED]
    if failed:
        msg = f"{failed[0].camera} failed: {failed[0].reason}; a time without it means nothing"
        raise CommandError(msg, ExitCode.INTERNAL)
    assert process.ended is not None
    assert process.started is not None
    return Whole(
        seconds=process.ended - process.started,
        good=process.verdict.good,
        cameras=len(process.cameras),
        steps=steps,
        camera_seconds=[camera.seconds for camera in process.cameras.values() if camera.seconds is not None],
        memory=max((camera.peak_memory for camera in process.cameras.values()), default=0),
        database=sum(path.stat().st_size for path in state.glob("qltui.db*")),
        products=sum(path.stat().st_size for path in (state / "products").rglob("*") if path.is_file()),
    )


def _figures(
    size: str, slots: int, cameras: int, floors: Sequence[tuple[float, float]], wholes: Sequence[Whole]
) -> dict[str, object]:
    """Return all figures; the median of the wholes against the mean of the floors around them."""
    whole = statistics.median(item.seconds for item in wholes)
    floor, own = (statistics.mean(values) for values in zip(*floors, strict=True))
    last = wholes[-1]
    return {
        "size": size,
        "cameras": cameras,
        "slots": slots,
        "floor_seconds": [astropy for astropy, _ in floors],
        "own_decoder_seconds": [ours for _, ours in floors],
        "whole_seconds": [item.seconds for item in wholes],
        "ratio": whole / floor,
        "ratio_own_decoder": whole / own,
        "camera_seconds_median": statistics.median(last.camera_seconds),
        "steps_seconds_median": {name: statistics.median(values) for name, values in last.steps.items()},
        "worker_memory_bytes": max(item.memory for item in wholes),
        "database_bytes": last.database,
        "products_bytes": last.products,
        "good_cameras": last.good,
        "exposures_per_hour": 3600.0 / whole,
    }


def _table(figures: Mapping[str, object], instrument: Instrument) -> str:
    def numbers(key: str) -> str:
        values = figures[key]
        assert isinstance(values, list)
        return "  ".join(f"{value:7.2f}" for value in values)

    steps = figures["steps_seconds_median"]
    assert isinstance(steps, Mapping)
    titles = {step.name: step.title for step in instrument.steps}
    lines = [
        f"{figures['cameras']} cameras, {figures['size']} size, {figures['slots']} processes",
        "",
        f"decompression alone        {numbers('floor_seconds')} s   (before and after)",
        f"with our own decoder       {numbers('own_decoder_seconds')} s",
        f"whole, with the record     {numbers('whole_seconds')} s",
        f"ratio to the first         {figures['ratio']:7.2f}     (goal at most 3)",
        f"ratio to the second        {figures['ratio_own_decoder']:7.2f}",
        "",
        "per camera, median",
        *(f"  {titles[name]:<24} {value:7.3f} s" for name, value in steps.items()),
        f"  {'all, with products':<24} {figures['camera_seconds_median']:7.3f} s",
        "",
        f"peak memory of a worker    {_bytes(figures['worker_memory_bytes']) / 1e6:7.0f} MB  (goal at most 700)",
        f"database                   {_bytes(figures['database_bytes']) / 1e6:7.1f} MB",
        f"products                   {_bytes(figures['products_bytes']) / 1e6:7.0f} MB",
        f"good cameras               {figures['good_cameras']:7} of {figures['cameras']}",
        f"exposures per hour         {figures['exposures_per_hour']:7.0f}",
    ]
    return "\n".join(lines)


def _bytes(value: object) -> int:
    assert isinstance(value, int)
    return value
