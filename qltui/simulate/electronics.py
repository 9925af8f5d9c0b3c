"""Readout: bias level, gain, read noise and saturation of each amplifier, and the way from electrons to counts.

The values of a camera belong to its hardware: they depend on neither the seed nor the exposure, so that a night has
a history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qltui.model import Amplifier
from qltui.simulate.geometry import DetectorLayout

__all__ = ["BIAS_JITTER", "Channel", "camera_channels", "model_amplifiers", "read_out"]

BIAS_JITTER: Final = 0.3
"""Largest change of a bias level from one exposure to the next [ADU]."""

_HARDWARE: Final = 20191001
"""Seed of everything that belongs to the hardware and not to the exposure."""

_BIAS_RANGE: Final[Mapping[str, tuple[float, float]]] = {
    "b": (1114.0, 1412.0),
    "r": (1185.0, 1998.0),
    "z": (1185.0, 2000.0),
}
"""Levels that the real amplifiers had in 2019 [ADU]."""

_READ_NOISE: Final[Mapping[str, tuple[float, float]]] = {"b": (3.20, 0.15), "r": (2.66, 0.12), "z": (2.49, 0.10)}
"""Middle and scatter of the real amplifiers [e-]."""

_SATURATION: Final = (47000.0, 65535.0)
"""Levels found on the real detectors [ADU]."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One amplifier as it truly is during one exposure, and as its header says.

    Attributes
    ----------
    name : str
        ``"A"`` to ``"D"``.
    bias : float
        Level without light [ADU].
    gain : float
        [e-/ADU].
    read_noise : float
        [e-], before the counts are rounded to integers.
    saturation : float
        [ADU].
    nominal_read_noise : float
        What the header states [e-]; the true value of a healthy amplifier.
    nominal_bias : float
        Level of this amplifier over the years [ADU].
    dead : bool
        Whether every pixel reads `bias`, without noise and without light.
    """

    name: str
    bias: float
    gain: float
    read_noise: float
    saturation: float
    nominal_read_noise: float
    nominal_bias: float
    dead: bool = False


def camera_channels(camera_index: int, arm: str, names: Sequence[str], rng: np.random.Generator) -> tuple[Channel, ...]:
    """Return the amplifiers of a camera; the level of this exposure differs from the nominal by `BIAS_JITTER` at most.

    Parameters
    ----------
    camera_index : int
        Position of the camera in the instrument: its hardware is drawn from it.
    arm : {"b", "r", "z"}
    names : sequence of str
        Amplifiers.
    rng : numpy.random.Generator
        Of this exposure and camera.
    """
    hardware = np.random.default_rng([_HARDWARE, camera_index, 1])
    low, high = _BIAS_RANGE[arm]
    middle, scatter = _READ_NOISE[arm]
    channels = []
    for name in names:
        bias = round(float(hardware.uniform(low, high)), 2)
        gain = round(float(hardware.uniform(1.50, 1.68)), 3)
        noise = round(float(np.clip(hardware.normal(middle, scatter), middle - 0.3, middle + 0.5)), 3)
        saturation = float(hardware.choice(_SATURATION))
        level = bias + float(rng.uniform(-BIAS_JITTER, BIAS_JITTER))
        channels.append(Channel(name, level, gain, noise, saturation, noise, bias))
    return tuple(channels)


def model_amplifiers(layout: DetectorLayout, channels: Sequence[Channel]) -> tuple[Amplifier, ...]:
    """Return the amplifiers in the words that the kernels understand, with what the header says of them."""
    return tuple(
        Amplifier(
            name=channel.name,
            data=part.data,
            bias=part.bias,
            ccd=part.ccd,
            gain=channel.gain,
            read_noise=channel.nominal_read_noise,
            saturation=channel.saturation,
        )
        for part, channel in zip(layout.amplifiers, channels, strict=True)
    )


def read_out(
    electrons: NDArray[np.float32],
    layout: DetectorLayout,
    channels: Sequence[Channel],
    rng: np.random.Generator,
    pattern: NDArray[np.float32] | None = None,
) -> NDArray[np.uint16]:
    """Read a detector: add bias and read noise, divide by the gain, round, saturate.

    Parameters
    ----------
    electrons : (ny, nx) array
        What the pixels hold, photon noise included [e-].
    layout : DetectorLayout
    channels : sequence of Channel
        In the order of `layout.amplifiers`.
    rng : numpy.random.Generator
    pattern : (raw_ny, raw_nx) array, optional
        Bias that differs from pixel to pixel, in addition to the levels [ADU].

    Returns
    -------
    (raw_ny, raw_nx) array of uint16
        [ADU]. The converter rounds, which adds a variance of 1/12 ADU2 to that of `Channel.read_noise`.
    """
    raw = rng.standard_normal((layout.raw_ny, layout.raw_nx), dtype=np.float32)
    for part, channel in zip(layout.amplifiers, channels, strict=True):
        quadrant = raw[part.raw.slices]
        quadrant *= np.float32(0.0 if channel.dead else channel.read_noise / channel.gain)
        if not channel.dead:
            raw[part.data.slices] += electrons[part.ccd.slices] * np.float32(1.0 / channel.gain)
        quadrant += np.float32(channel.bias)
        if pattern is not None and not channel.dead:
            quadrant += pattern[part.raw.slices]
        np.clip(quadrant, 0.0, channel.saturation, out=quadrant)
    np.rint(raw, out=raw)
    return raw.astype(np.uint16)


def with_changes(channels: Sequence[Channel], name: str, **changes: float | bool) -> tuple[Channel, ...]:
    """Return the channels with some values of the one called `name` replaced."""
    return tuple(replace(channel, **changes) if channel.name == name else channel for channel in channels)  # type: ignore[arg-type]
