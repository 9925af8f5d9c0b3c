"""Nights of one exposure for the tests of the export."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

from qltui.commands.engine import settings_for
from qltui.config import Config, load_config
from qltui.engine.running import run_engine
from qltui.instruments.base import get_instrument

KEPT = {"desi": ("b0", "r0", "z0"), "decam": ("N4", "S4")}


def reduced_night(
    instrument: str, sample_data: Path, root: Path, *, look: Callable[[Path], None] = lambda data: None, **more: object
) -> Config:
    """Reduce one exposure with a few cameras, and return the configuration of its record."""
    data = root / "data"
    if instrument == "desi":
        shutil.copytree(sample_data / "20191001" / "00003579", data / "20191001" / "00003579")
    else:
        data.mkdir(parents=True)
        newest = sorted((sample_data / "decam" / "20130831").glob("*.fits.fz"))[-1]
        (data / "20130831").mkdir()
        shutil.copy(newest, data / "20130831")
    look(data)
    names = [camera.name for camera in get_instrument(instrument).cameras]
    flags = {
        "site": {"instrument": instrument, "observer": "Ada"},
        "paths": {"data": str(data), "state": str(root / "state"), "calibration": str(sample_data / "calib")},
        "cameras": {"off": tuple(name for name in names if name not in KEPT[instrument])},
        "engine": {"slots": 1, "settle": 0.0},
        **more,
    }
    config = load_config(flags=flags, environment={}, files=[])
    settings = settings_for(config, who="Ada")
    settings = dataclasses.replace(settings, executor="serial", warm=False)
    assert run_engine(settings, once=True) == 0
    return config
