"""Compiles or loads every kernel of the recipe, by reducing a small made-up CCD."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from qltui.instruments import rice, scaled
from qltui.instruments.decam.layout import CCDS
from qltui.instruments.decam.recipe import detrend
from qltui.instruments.decam.recipe_stars import find_sources, measure_stars
from qltui.instruments.decam.state import State
from qltui.model import Amplifier, CameraTask, Exposure, Section
from qltui.reduction.binning import bin_bits, bin_image
from qltui.reduction.detector import assemble
from qltui.reduction.master import Channel, combine
from qltui.reduction.row_overscan import measure_row_overscan

__all__ = ["warm_up"]

_NY: Final = 256
_NX: Final = 256
_OVERSCAN: Final = 50


def warm_up() -> None:
    """Compile every kernel, or load it from the cache: the first exposure of a night must not wait for it."""
    rice.warm_up()
    scaled.warm_up()
    for kind in (np.uint16, np.float32):
        bin_image(np.zeros((4, 4), dtype=kind), 2)
    bin_bits(np.zeros((4, 4), dtype=np.uint8), 2)
    measure_stars(find_sources(detrend(_state())))
    frame = np.zeros((4, 8), dtype=np.uint16)
    frame[1] = 1000  # one frame with a hit, so that the clipping is compiled as well
    combine([frame, frame, np.zeros_like(frame)], [Channel(0, 8, 2.0, 4.0)])


def _raw() -> npt.NDArray[np.uint16]:
    """Return sky, stars of one width, and noise, with an overscan whose level jumps."""
    rng = np.random.default_rng(1)
    light = np.full((_NY, _NX), 800.0)
    y, x = np.mgrid[:_NY, :_NX]
    for row, column in rng.uniform(16, _NY - 16, (40, 2)):
        light += rng.uniform(500, 6000) * np.exp(-0.5 * ((y - row) ** 2 + (x - column) ** 2) / 1.8**2)
    image = np.hstack([light, np.zeros((_NY, _OVERSCAN))]) + 1000.0 + 8.0 * (np.arange(_NY)[:, None] > _NY // 2)
    return np.rint(rng.normal(image, np.sqrt(image / 4.0))).clip(0, 65535).astype(np.uint16)


def _state() -> State:
    """Return a CCD as the start of the recipe leaves it."""
    raw, camera = _raw(), CCDS["S4"].camera
    everywhere = Section(0, _NY, 0, _NX)
    overscan = Section(0, _NY, _NX, _NX + _OVERSCAN)
    amplifier = Amplifier("A", everywhere, overscan, everywhere, 4.0, 7.0, 60000.0)
    level = measure_row_overscan(raw, amplifier)
    flat = np.ones((_NY, _NX), dtype=np.float32)
    ccd = assemble(raw, (amplifier,), (level,), shape=(_NY, _NX), bias=flat - 1, pixel_flat=flat, mask=flat == 0)
    exposure = Exposure("decam", 20130831, 0, "SCIENCE", "", program="r", exptime=90.0)
    return State(CameraTask(exposure, camera.name), camera, ccd=ccd, overscans=(level,))
