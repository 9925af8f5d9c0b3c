"""What belongs to a CCD and not to an exposure: its amplifiers, its bias pattern, its sensitivity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qltui.simulate.decam.faults import Fault
from qltui.simulate.decam.geometry import AMPLIFIERS, row_distance
from qltui.simulate.decam.mosaic import CCD_NUMBERS
from qltui.simulate.electronics import BIAS_JITTER, Channel
from qltui.simulate.geometry import DetectorLayout

__all__ = ["bias_pattern", "bias_step", "channels_of", "sensitivity"]

_HARDWARE: Final = 20120912
"""Seed of everything that belongs to the hardware; first light."""

_BIAS: Final = (700.0, 960.0)
"""Bias levels [ADU]. No public number was found; below the 1000 ADU from which the observers were warned."""
_GAIN: Final = (3.99, 0.15)
_READ_NOISE: Final = (6.4, 0.3)
"""Middle and scatter of gain [e-/ADU] and read noise [e-]."""
_SATURATION: Final = (36000.0, 55000.0)
_EXTREME_SATURATION: Final[Mapping[tuple[str, str], float]] = {("S3", "B"): 28164.0, ("S6", "A"): 57491.0}
"""Range of the saturation levels, and the two real ones at its ends [ADU]."""
_STEP: Final = (1.0, 6.0)
"""Size of the bias step when the focus chips are read [ADU]; its sign differs from CCD to CCD."""
_RAMP: Final = 1.0
_RAMP_LENGTH: Final = 0.1
"""Bias at the first rows [ADU], and the part of the rows over which it falls off."""
_PATTERN: Final = 0.3
"""Differences of the bias from pixel to pixel [ADU]."""
_PIXELS: Final = 0.008
_TILT: Final = 0.015
"""Differences in sensitivity from pixel to pixel, and from one end of a CCD to the other."""


def _generator(name: str, purpose: int) -> np.random.Generator:
    return np.random.default_rng([_HARDWARE, CCD_NUMBERS[name], purpose])


def channels_of(name: str, faults: tuple[Fault, ...], rng: np.random.Generator, *, noise: bool) -> tuple[Channel, ...]:
    """Return the amplifiers of a CCD with their faults.

    Parameters
    ----------
    name : str
    faults : tuple of Fault
        Those that concern this CCD.
    rng : numpy.random.Generator
        Of this exposure and CCD: the level differs from the usual one by `BIAS_JITTER` at most.
    noise : bool
        Whether there is read noise.
    """
    hardware = _generator(name, 1)
    channels = []
    for amplifier in AMPLIFIERS:
        bias = round(float(hardware.uniform(*_BIAS)), 2)
        gain = round(float(np.clip(hardware.normal(*_GAIN), 3.6, 4.4)), 4)
        read_noise = round(float(np.clip(hardware.normal(*_READ_NOISE), 5.6, 7.2)), 4)
        saturation = _EXTREME_SATURATION.get((name, amplifier), round(float(hardware.uniform(*_SATURATION))))
        level = bias + float(rng.uniform(-BIAS_JITTER, BIAS_JITTER))
        channel = Channel(amplifier, level, gain, read_noise, float(saturation), read_noise, bias)
        channels.append(_spoiled(channel, faults) if noise else replace(_spoiled(channel, faults), read_noise=0.0))
    return tuple(channels)


def _spoiled(channel: Channel, faults: tuple[Fault, ...]) -> Channel:
    """Return an amplifier with its faults."""
    for fault in faults:
        mine = fault.amplifier == channel.name
        if fault.name == "bad_backplane" or (fault.name == "noisy_amplifier" and mine):
            channel = replace(channel, read_noise=fault.size)
        elif fault.name == "dead_amplifier" and mine:
            channel = replace(channel, bias=fault.size, dead=True)
        elif fault.name == "bias_jump" and mine:
            channel = replace(channel, bias=channel.bias + fault.size)
    return channel


def bias_step(name: str, faults: tuple[Fault, ...]) -> float:
    """Return by how much the bias rises when the focus chips have been read [ADU]."""
    for fault in faults:
        if fault.name == "row_jump":
            return fault.size
    hardware = _generator(name, 2)
    return round(float(hardware.uniform(*_STEP) * hardware.choice((-1.0, 1.0))), 3)


def bias_pattern(name: str, layout: DetectorLayout, side: str, jump: int, step: float) -> NDArray[np.float32]:
    """Return what the bias of each pixel has beyond the level of its amplifier.

    Parameters
    ----------
    name : str
    layout : DetectorLayout
    side : {"N", "S"}
    jump : int
        Rows that are read before the step.
    step : float
        [ADU]; overscan and data have it alike.

    Returns
    -------
    (raw_ny, raw_nx) array of float32
        [ADU]. Without the step its mean over the data of each amplifier is 0.
    """
    hardware = _generator(name, 3)
    pattern = np.zeros((layout.raw_ny, layout.raw_nx), dtype=np.float32)
    for part in layout.amplifiers:
        y0, y1 = part.data.y0, part.data.y1
        away = np.array([row_distance(layout, side, row) for row in range(y0, y1)]) / layout.raw_ny
        own = hardware.standard_normal(part.data.shape, dtype=np.float32)
        own *= np.float32(_PATTERN)
        own += (_RAMP * np.exp(-away / _RAMP_LENGTH))[:, None].astype(np.float32)
        pattern[part.data.slices] = own - np.float32(own.mean(dtype=float))
    late = np.array([row_distance(layout, side, row) >= jump for row in range(layout.raw_ny)])
    pattern[late] += np.float32(step)
    return pattern


def sensitivity(name: str, layout: DetectorLayout) -> NDArray[np.float32]:
    """Return the sensitivity ``(ny, nx)`` of the pixels of a CCD, 1 on average: dome flat and sky have it alike."""
    hardware = _generator(name, 4)
    tilt_x, tilt_y = hardware.uniform(-_TILT, _TILT, 2)
    ramp_x, ramp_y = np.linspace(-0.5, 0.5, layout.nx) * tilt_x, np.linspace(-0.5, 0.5, layout.ny) * tilt_y
    pixels = hardware.standard_normal((layout.ny, layout.nx), dtype=np.float32)
    pixels *= np.float32(_PIXELS)
    pixels += (1.0 + ramp_y).astype(np.float32)[:, None]
    pixels += ramp_x.astype(np.float32)
    pixels /= np.float32(pixels.mean(dtype=float))
    return pixels
