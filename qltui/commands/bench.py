"""``qltui bench``: how fast this machine reduces a full-size exposure, against the floor of mere decompression.

The floor is what the same number of the same processes need to decompress the same file with astropy and throw the
pixels away; it is measured before and after the reduction, because machines drift, and the ratio is against the mean.
The same with our own decoder, which is faster, is stated beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from qltui.commands.bench_peer import DEFAULT_SIGMA, OUR_SIGMA, installed, peer_seconds
from qltui.commands.bench_run import Whole, floor, whole
from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_config, configuration, instrument_of
from qltui.config import Config
from qltui.instruments.base import Instrument, resolve
from qltui.simulate.simulators import SIMULATORS, BenchNight, Goals, bench_night

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = """\
Simulate (once, kept in a cache) a full-size exposure of all cameras, reduce it through the engine with all metrics,
products and the record in the database, and print the times. Takes some minutes the first time. Where another program
does a part of the same work (source-extractor, for an imager) and is installed, it is timed on the same images."""
EPILOG = """\
examples:
  qltui bench
  qltui bench --slots 2 --repeat 3 --json
  qltui bench --instrument decam --repeat 3
  qltui bench --size mini        quick, for a look at the overheads
  qltui bench --screens --keep ~/season    every screen on a record of 1,500 nights, made once (half an hour)
  qltui bench --screens --nights 30        the same with a month
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("--instrument", choices=tuple(SIMULATORS), help="whose exposure (default: the configuration's)")
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
    if args.instrument:
        config = replace(config, site=replace(config.site, instrument=args.instrument))
    instrument = instrument_of(config)
    if args.screens:
        from qltui.commands.bench_screens import run

        return run(args, instrument)
    slots = args.slots or os.cpu_count() or 1
    cache = args.cache or _cache_directory()
    night = _prepare(cache / f"{args.size}-{instrument.name}", instrument.name, args.size)
    exposure = resolve(instrument.inspect)(night.science)
    cameras = exposure.cameras
    floors, wholes, peers = [floor(night.science, cameras, slots)], [], list[tuple[float, float]]()
    with tempfile.TemporaryDirectory(prefix="qltui-bench-", dir=cache) as scratch:
        images = _detrended(config, night, exposure.expid, Path(scratch) / "detrended", slots)
        for number in range(args.repeat):
            state = Path(scratch) / str(number)
            wholes.append(whole(config, night, state, slots, products=not args.no_products))
            floors.append(floor(night.science, cameras, slots))
            if images:
                names = _goals(instrument).peers
                peers.append(
                    (
                        peer_seconds(names, images, slots, DEFAULT_SIGMA),
                        peer_seconds(names, images, slots, OUR_SIGMA),
                    )
                )
    figures = _figures(args.size, slots, len(cameras), floors, wholes, peers)
    print(json.dumps(figures, indent=2) if args.json else _table(figures, instrument))
    return ExitCode.OK


def _goals(instrument: Instrument) -> Goals:
    return SIMULATORS[instrument.name].goals


def _detrended(config: Config, night: BenchNight, expid: int, state: Path, slots: int) -> list[Path]:
    """Return the detrended images of the exposure where another program is there to be compared with, else none."""
    goals = SIMULATORS[config.site.instrument].goals
    if not goals.peers:
        return []
    if installed(goals.peers) is None:
        _say(f"{goals.peers[0]} is not installed: nothing to compare with")
        return []
    _say("detrending, for the program that is compared with")
    whole(config, night, state, slots, products=True, reduced=True)
    return images_of(state / "products", expid)


def images_of(products: Path, expid: int) -> list[Path]:
    """Return the detrended images of one exposure: its calibrations, reduced before it, leave some as well."""
    return sorted(products.glob(f"*/{expid:08d}/*/reduced-*.fits"))


def _cache_directory() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("qltui") / "bench"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _prepare(directory: Path, instrument: str, size: str) -> BenchNight:
    """Return the night of the measurement, simulated unless it is there."""
    if not (directory / "complete").is_file():
        needed = 6e9 if size == "full" else 5e7
        directory.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(directory).free < needed:
            msg = f"{directory} has less than {needed / 1e9:.1f} GB free; name another place with --cache DIR"
            raise CommandError(msg, ExitCode.CANNOT_CREATE)
        _say(f"simulating a {size} night in {directory} (once)")
    return bench_night(instrument, directory, size, lambda words: _say(f"  {words}"))


def _figures(
    size: str,
    slots: int,
    cameras: int,
    floors: Sequence[tuple[float, float]],
    wholes: Sequence[Whole],
    peers: Sequence[tuple[float, float]],
) -> dict[str, object]:
    """Return all figures; the median of the wholes against the mean of the floors around them."""
    seconds = statistics.median(item.seconds for item in wholes)
    theirs, own = (statistics.mean(values) for values in zip(*floors, strict=True))
    last = wholes[-1]
    return {
        "size": size,
        "cameras": cameras,
        "slots": slots,
        "floor_seconds": [astropy for astropy, _ in floors],
        "own_decoder_seconds": [ours for _, ours in floors],
        "whole_seconds": [item.seconds for item in wholes],
        "ratio": seconds / theirs,
        "ratio_own_decoder": seconds / own,
        "peer_seconds": [default for default, _ in peers],
        "peer_seconds_at_our_threshold": [same for _, same in peers],
        "ratio_peer": seconds / statistics.mean(default for default, _ in peers) if peers else None,
        "ratio_peer_at_our_threshold": seconds / statistics.mean(same for _, same in peers) if peers else None,
        "camera_seconds_median": statistics.median(last.camera_seconds),
        "steps_seconds_median": {name: statistics.median(values) for name, values in last.steps.items()},
        "worker_memory_bytes": max(item.memory for item in wholes),
        "database_bytes": last.database,
        "products_bytes": last.products,
        "good_cameras": last.good,
        "exposures_per_hour": 3600.0 / seconds,
    }


def _table(figures: Mapping[str, object], instrument: Instrument) -> str:
    def numbers(key: str) -> str:
        values = figures[key]
        assert isinstance(values, list)
        return "  ".join(f"{value:7.2f}" for value in values)

    steps = figures["steps_seconds_median"]
    assert isinstance(steps, Mapping)
    titles = {step.name: step.title for step in instrument.steps}
    goals, memory = _goals(instrument), _bytes(figures["worker_memory_bytes"])
    compared = []
    if figures["peer_seconds"]:
        own, same = (f"{goals.peers[0]} {sigma:g} sigma" for sigma in (DEFAULT_SIGMA, OUR_SIGMA))
        compared = [
            f"{own:<26} {numbers('peer_seconds')} s   (its default; detrended images, {figures['slots']} at a time)",
            f"{same:<26} {numbers('peer_seconds_at_our_threshold')} s   (the threshold of our own search)",
            f"{f'ratio at {DEFAULT_SIGMA:g} sigma':<26} {figures['ratio_peer']:7.2f}     (goal at most {goals.peer:g})",
            f"{f'ratio at {OUR_SIGMA:g} sigma':<26} {figures['ratio_peer_at_our_threshold']:7.2f}",
        ]
    lines = [
        f"{figures['cameras']} cameras, {figures['size']} size, {figures['slots']} processes",
        "",
        f"decompression alone        {numbers('floor_seconds')} s   (before and after)",
        f"with our own decoder       {numbers('own_decoder_seconds')} s",
        f"whole, with the record     {numbers('whole_seconds')} s",
        f"ratio to the first         {figures['ratio']:7.2f}     (goal at most {goals.decompression:g})",
        f"ratio to the second        {figures['ratio_own_decoder']:7.2f}",
        *compared,
        "",
        "per camera, median",
        *(f"  {titles[name]:<24} {value:7.3f} s" for name, value in steps.items()),
        f"  {'all, with products':<24} {figures['camera_seconds_median']:7.3f} s",
        "",
        f"peak memory of a worker    {memory / 1e6:7.0f} MB  (goal at most {goals.memory:g})",
        f"database                   {_bytes(figures['database_bytes']) / 1e6:7.1f} MB",
        f"products                   {_bytes(figures['products_bytes']) / 1e6:7.0f} MB",
        f"good cameras               {figures['good_cameras']:7} of {figures['cameras']}",
        f"exposures per hour         {figures['exposures_per_hour']:7.0f}",
    ]
    return "\n".join(lines)


def _bytes(value: object) -> int:
    assert isinstance(value, int)
    return value
