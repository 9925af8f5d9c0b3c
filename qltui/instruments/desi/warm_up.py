"""Compiles or loads every kernel of the recipes, by reducing a few thousand pixels of a made-up camera."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from qltui.instruments import rice
from qltui.instruments.base import get_instrument
from qltui.instruments.desi.calibration import CameraCalibration
from qltui.instruments.desi.constants import SKY_PEAK_LINES, WAVELENGTH_RANGE
from qltui.instruments.desi.recipe import check_ccds, check_fibers
from qltui.instruments.desi.recipe_spectra import check_arc, check_fiberflat, check_spectra
from qltui.instruments.desi.state import State
from qltui.instruments.raw_camera import RawCamera
from qltui.model import Amplifier, CameraTask, Exposure, Section
from qltui.reduction.binning import bin_bits, bin_image
from qltui.reduction.detector import assemble
from qltui.reduction.flat import FiberFlat
from qltui.reduction.overscan import measure_overscan
from qltui.reduction.traces import TraceSet

__all__ = ["warm_up"]

_NY: Final = 256
_NX: Final = 96
_OVERSCAN: Final = 16
_NFIBER: Final = 10


def warm_up() -> None:
    """Compile every kernel, or load it from the cache: the first exposure of a night must not wait for it."""
    rice.warm_up()
    _shrink()
    flat = check_fiberflat(check_fibers(check_ccds(_state("FLAT", None)))).flat
    check_arc(check_fibers(check_ccds(_state("ARC", None))))
    check_spectra(check_fibers(check_ccds(_state("SCIENCE", flat))))


def _shrink() -> None:
    """Bin a raw image, a reduced one and a mask, as the preview does."""
    for kind in (np.uint16, np.float32):
        bin_image(np.zeros((4, 4), dtype=kind), 2)
    bin_bits(np.zeros((4, 4), dtype=np.uint8), 2)


def _traces(arm: str) -> TraceSet:
    """Return straight traces over the whole detector."""
    low, high = WAVELENGTH_RANGE[arm]
    x = np.zeros((_NFIBER, 2))
    x[:, 0] = 8.0 + 8.0 * np.arange(_NFIBER)
    y = np.tile([0.5 * (_NY - 1), 0.5 * (_NY - 1)], (_NFIBER, 1))
    sigma = np.full((_NFIBER, 1), 1.1)
    return TraceSet(x, y, sigma, sigma.copy(), low, high, _NY)


def _raw(traces: TraceSet, lines: tuple[float, ...]) -> npt.NDArray[np.uint16]:
    """Return a raw image with light along the traces, some lines on it, and noise."""
    rng = np.random.default_rng(1)
    x, y = np.arange(_NX), np.arange(_NY)
    across = np.exp(-0.5 * ((x - traces.x_coeff[:, :1]) / 1.1) ** 2).sum(axis=0)
    rows = (np.asarray(lines) - traces.wavemin) / (traces.wavemax - traces.wavemin) * (_NY - 1)
    along = 200.0 + 2000.0 * np.exp(-0.5 * ((y[:, None] - rows) / 1.1) ** 2).sum(axis=1)
    overscan = np.zeros((_NY, _OVERSCAN))
    image = np.hstack([along[:, None] * across, overscan])
    return np.rint(1000.0 + rng.normal(image, np.sqrt(image + 9.0))).clip(0, 65535).astype(np.uint16)


def _state(obstype: str, flat: FiberFlat | None) -> State:
    """Return a camera as the start of the recipe leaves it."""
    camera = get_instrument("desi").camera("r0")
    traces = _traces(camera.arm)
    raw = _raw(traces, SKY_PEAK_LINES[camera.arm])
    everywhere = Section(0, _NY, 0, _NX)
    amplifier = Amplifier("A", everywhere, Section(0, _NY, _NX, _NX + _OVERSCAN), everywhere, 1.0, 3.0, 65535.0)
    overscan = measure_overscan(raw, amplifier)
    exposure = Exposure("desi", 20191001, 0, obstype, "", exptime=1000.0)
    return State(
        task=CameraTask(exposure, camera.name),
        camera=camera,
        raw=RawCamera(raw[:0, :0], (amplifier,), (_NY, _NX), {}),
        calibration=CameraCalibration(traces=traces, fiberflat=flat),
        ccd=assemble(raw, (amplifier,), (overscan,), shape=(_NY, _NX)),
        overscans=(overscan,),
    )
