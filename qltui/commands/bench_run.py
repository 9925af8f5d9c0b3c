"""What ``qltui bench`` times: mere decompression, and the whole way of an exposure through the engine."""

from __future__ import annotations

import multiprocessing
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from qltui.commands.engine import settings_for
from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.config import Config, load_config
from qltui.instruments.base import get_instrument, resolve
from qltui.model import Status
from qltui.simulate.simulators import BenchNight
from qltui.store.views import ProcessView

__all__ = ["Whole", "floor", "whole"]


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


@cache
def _opened(path: str) -> Any:
    """Open a file once in each process: its headers are not what is timed."""
    from astropy.io import fits

    return fits.open(path, memmap=False)


def _decompress(path: str, name: str) -> int:
    """Decompress one camera and throw it away; returns its number of pixels."""
    hdu = _opened(path)[name.upper()]
    pixels = int(hdu.data.size)
    del hdu.data
    return pixels


def _decode(path: str, name: str) -> int:
    """Decompress one camera with the decoder of qltui's own."""
    from qltui.instruments.fits_file import find_hdu, read_image, scan_hdus

    entry = find_hdu(scan_hdus(path), name)
    assert entry is not None
    return int(read_image(path, entry).size)


def floor(path: Path, cameras: Sequence[str], slots: int) -> tuple[float, float]:
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


def whole(
    config: Config, night: BenchNight, state: Path, slots: int, *, products: bool, reduced: bool = False
) -> Whole:
    """Let the engine work off the night, and read from its record how long the science exposure took."""
    from qltui.engine.running import run_engine
    from qltui.store.record import Store

    flags = {
        "paths": {"data": str(night.data), "state": str(state), "calibration": str(night.calibration or "")},
        "engine": {"slots": slots, "in_flight": 1, "settle": 0.0, "products": products, "nice": 0},
        "site": {"instrument": config.site.instrument},
        "reduction": {"reduced": reduced},
    }
    settings = settings_for(load_config(files=[], environment={}, flags=flags), who="bench")
    code = run_engine(settings, once=True)
    if code != 0:
        msg = f"the engine ended with status {code}; its log is in {state / 'logs'}"
        raise CommandError(msg, ExitCode.INTERNAL)
    with Store.open(state / "qltui.db", read_only=True) as store:
        expid = resolve(get_instrument(config.site.instrument).inspect)(night.science).expid
        row = store.find_exposure(str(expid))
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
