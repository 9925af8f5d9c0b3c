"""Master bias and master flat of one CCD, from the night's zeros and dome flats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qltui.instruments.base import get_instrument
from qltui.instruments.decam.files import read_ccd
from qltui.instruments.decam.state import State
from qltui.instruments.errors import IncompleteFileError, InvalidFileError
from qltui.instruments.raw_camera import RawCamera
from qltui.model import Amplifier
from qltui.reduction.master import Channel, combine
from qltui.reduction.overscan import Overscan
from qltui.reduction.row_overscan import measure_row_overscan

__all__ = ["FEWEST", "make_master"]

FloatImage = npt.NDArray[np.float32]

FEWEST: Final = 2
"""Frames, at least: one alone would put all of its noise into every exposure that it calibrates."""

_FAINTEST: Final = 100.0
"""Level of a flat below which it tells nothing of its pixels [ADU]."""
_Frame = tuple[RawCamera, tuple[Overscan, ...]]


def make_master(state: State) -> State:
    """Combine this exposure with the earlier frames that its task names, and drop the raw image.

    A master bias is the clipped mean of zeros above their overscan [ADU]; a master flat that of dome flats in
    electrons, each over its own level, relative to the median of the CCD: it holds the ratio of the amplifiers, too.
    """
    raw, task = state.raw, state.task
    state = state.with_(raw=None)
    kind = get_instrument("decam").calibration_products.get(task.exposure.obstype, "")
    if raw is None or not kind or not task.products_directory:
        return state
    frames, notes = _frames(state, raw)
    state = state.noted(*notes)
    if kind == "masterflat":
        frames = [frame for frame in frames if _level(*frame) >= _FAINTEST]
    if len(frames) < FEWEST:
        fewer = f"no {kind} yet: {len(frames)} frame{'s' * (len(frames) != 1)} of at least {FEWEST}"
        return state.noted(fewer)
    flat = kind == "masterflat"
    channels = [_channel(state, amplifier, flat=flat) for amplifier in raw.amplifiers]
    if not all(channel.noise > 0 for channel in channels):
        return state.noted(f"no {kind}: an amplifier has no noise")
    scales = [1.0 / _level(*frame) for frame in frames] if flat else None
    combined = combine(
        [frame.raw for frame, _ in frames],
        channels,
        offsets=[_offsets(frame, overscans) for frame, overscans in frames],
        scales=scales,
    )
    count = len(frames)
    frames.clear()  # ten raw images are as much as all the rest
    image = _trimmed(combined.image, raw)
    if flat and scales is not None:
        image = _flat(image, state, raw, float(np.mean(scales)))
    cards = (
        ("NCOMBINE", count, "frames"),
        ("CLIPPED", round(combined.clipped, 8), "share of values left out"),
    )
    return state.with_(f"{kind} of {count} frames", master={kind: image}, master_cards=cards)


def _frames(state: State, raw: RawCamera) -> tuple[list[_Frame], list[str]]:
    """Return this frame and those of the earlier files that fit it, and what is wrong with the others."""
    frames: list[_Frame] = [(raw, state.overscans)]
    notes = []
    for path in state.task.frames:
        try:
            other = read_ccd(path, state.camera.name)
        except (IncompleteFileError, InvalidFileError, OSError) as error:
            notes.append(f"{Path(path).name} is not in the master: {error}")
            continue
        if other.raw.shape != raw.raw.shape or other.raw.dtype != raw.raw.dtype or not _alike(other, raw):
            notes.append(f"{Path(path).name} is not in the master: its amplifiers lie elsewhere")
            continue
        frames.append((other, tuple(measure_row_overscan(other.raw, amplifier) for amplifier in other.amplifiers)))
    return frames, notes


def _alike(one: RawCamera, other: RawCamera) -> bool:
    places = [[(amp.name, amp.data, amp.bias, amp.ccd) for amp in raw.amplifiers] for raw in (one, other)]
    return places[0] == places[1]


def _channel(state: State, amplifier: Amplifier, *, flat: bool) -> Channel:
    """Return the columns of an amplifier in the raw image, with its measured noise."""
    assert state.ccd is not None
    place = [amp.name for amp in state.ccd.amplifiers].index(amplifier.name)
    noise = float(state.ccd.read_noise[place]) / amplifier.gain
    noise = noise if math.isfinite(noise) else 0.0
    return Channel(amplifier.data.x0, amplifier.data.x1, noise, amplifier.gain if flat else math.inf)


def _offsets(raw: RawCamera, overscans: Sequence[Overscan]) -> FloatImage:
    """Return the level of each row of the raw image in each amplifier, shape (number of amplifiers, ny) [ADU]."""
    levels = np.zeros((len(raw.amplifiers), raw.raw.shape[0]), dtype=np.float32)
    for k, (amp, overscan) in enumerate(zip(raw.amplifiers, overscans, strict=True)):
        levels[k, amp.data.y0 : amp.data.y1] = overscan.levels(amp.data.shape[0])
    return levels


def _level(raw: RawCamera, overscans: Sequence[Overscan]) -> float:
    """Return the light of a flat: mean of its amplifiers' medians above their bias [ADU]; 0 where one has no level."""
    levels = [
        float(np.median(raw.raw[amp.data.slices][::4, ::4])) - overscan.level
        for amp, overscan in zip(raw.amplifiers, overscans, strict=True)
    ]
    mean = sum(levels) / len(levels)
    return mean if math.isfinite(mean) else 0.0


def _trimmed(image: FloatImage, raw: RawCamera) -> FloatImage:
    """Return the light-sensitive pixels in their places on the CCD."""
    trimmed = np.zeros(raw.shape, dtype=np.float32)
    for amp in raw.amplifiers:
        trimmed[amp.ccd.slices] = image[amp.data.slices]
    return trimmed


def _flat(image: FloatImage, state: State, raw: RawCamera, scale: float) -> FloatImage:
    """Return the combined flat without bias, in electrons, relative to the median of the CCD; 0 where it is dark."""
    bias: npt.NDArray[Any] | None = state.bias
    for amp in raw.amplifiers:
        if bias is not None:
            image[amp.ccd.slices] -= bias[amp.ccd.slices] * np.float32(scale)
        image[amp.ccd.slices] *= np.float32(amp.gain)
    middle = float(np.median(image[::4, ::4]))
    if not middle > 0:
        return np.zeros_like(image)
    image /= np.float32(middle)
    image[~(np.isfinite(image) & (image > 0))] = 0.0
    return image
