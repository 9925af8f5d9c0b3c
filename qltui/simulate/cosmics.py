"""Cosmic rays: straight tracks through the silicon, and the points of slow electrons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

__all__ = ["READOUT_TIME", "cosmic_rays", "expected_hits"]

READOUT_TIME: Final = 56.0
"""Time that the real detectors need to be read, during half of which a pixel goes on collecting [s]."""

_HITS: Final[Mapping[str, float]] = {"b": 20.0, "r": 52.0, "z": 56.0}
"""Hits for each amplifier of 2k x 2k pixels and minute; the thick detectors catch more."""

_TRACK_LENGTH: Final[Mapping[str, float]] = {"b": 4.0, "r": 11.0, "z": 11.0}
"""Mean length of a track in the plane of the detector [px]."""

_TRACK_FRACTION: Final = 0.7
_POINT_CHARGE: Final = 900.0
"""Median electrons of a point [e-]."""
_TRACK_CHARGE: Final = 350.0
"""Median electrons of a track for each pixel of its length [e-]."""
_DIFFUSION: Final = 0.32
"""Gaussian width to which the charge spreads before it is collected [px]."""
_REAL_PIXELS: Final = 2048.0 * 2048.0


def expected_hits(arm: str, pixels: int, exposure_time: float, readout: float = READOUT_TIME) -> float:
    """Return the mean number of hits on so many pixels of an arm, readout included.

    Parameters
    ----------
    arm : {"b", "r", "z"}
    pixels : int
    exposure_time, readout : float
        Time with the shutter open, and time to read the detector [s].
    """
    minutes = (exposure_time + 0.5 * readout) / 60.0
    return _HITS[arm] * minutes * pixels / _REAL_PIXELS


def cosmic_rays(
    shape: tuple[int, int],
    arm: str,
    exposure_time: float,
    rng: np.random.Generator,
    readout: float = READOUT_TIME,
) -> tuple[NDArray[np.float32], int]:
    """Draw the cosmic rays of an exposure.

    Parameters
    ----------
    shape : tuple of int
        ``(ny, nx)`` of the detector.
    arm : {"b", "r", "z"}
    exposure_time : float
        [s].
    rng : numpy.random.Generator
    readout : float
        Time to read the detector [s].

    Returns
    -------
    electrons : (ny, nx) array of float32
        Charge that cosmic rays left [e-]; the true mask is where it is above a chosen number of sigma.
    hits : int
        Number of cosmic rays.
    """
    ny, nx = shape
    image = np.zeros(shape, dtype=np.float32)
    hits = int(rng.poisson(expected_hits(arm, ny * nx, exposure_time, readout)))
    if hits == 0:
        return image, 0
    y, x = rng.uniform(-0.5, ny - 0.5, hits), rng.uniform(-0.5, nx - 0.5, hits)
    angle = rng.uniform(0.0, np.pi, hits)
    is_track = rng.random(hits) < _TRACK_FRACTION
    length = np.where(is_track, rng.exponential(_TRACK_LENGTH[arm], hits), 0.0).clip(0.0, 120.0)
    spread = np.exp(rng.normal(0.0, 0.5, hits))
    charge = spread * np.where(is_track, _TRACK_CHARGE * np.maximum(length, 1.0), _POINT_CHARGE)
    steps = np.ceil(length / 0.2).astype(int) + 1
    owner = np.repeat(np.arange(hits), steps)
    along = np.arange(owner.size) - np.repeat(np.cumsum(steps) - steps, steps)
    distance = along / np.maximum(steps[owner] - 1, 1) * length[owner]
    weight = rng.gamma(2.0, 0.5, owner.size)  # energy is lost in lumps
    weight *= charge[owner] / np.bincount(owner, weight, hits)[owner]
    _splat(image, y[owner] + distance * np.sin(angle[owner]), x[owner] + distance * np.cos(angle[owner]), weight)
    return image, hits


def _splat(
    image: NDArray[np.float32], y: NDArray[np.float64], x: NDArray[np.float64], weight: NDArray[np.float64]
) -> None:
    """Add charges at fractional positions, each spread by diffusion over the nearest 3 x 3 pixels."""
    ny, nx = image.shape
    row, column = np.rint(y).astype(int), np.rint(x).astype(int)
    edges = np.array([-0.5, 0.5])
    share_y = ndtr((edges[:, None] - (y - row)) / _DIFFUSION)
    share_x = ndtr((edges[:, None] - (x - column)) / _DIFFUSION)
    part_y = (share_y[0], share_y[1] - share_y[0], 1.0 - share_y[1])
    part_x = (share_x[0], share_x[1] - share_x[0], 1.0 - share_x[1])
    for i, fraction_y in zip((-1, 0, 1), part_y, strict=True):
        for j, fraction_x in zip((-1, 0, 1), part_x, strict=True):
            inside = (row + i >= 0) & (row + i < ny) & (column + j >= 0) & (column + j < nx)
            pixel = (row[inside] + i) * nx + column[inside] + j
            np.add.at(image.reshape(-1), pixel, (weight * fraction_y * fraction_x)[inside].astype(np.float32))
