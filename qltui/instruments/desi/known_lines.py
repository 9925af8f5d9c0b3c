"""Which lines of sky or lamps a camera is measured by."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np

from qltui.instruments.desi.constants import WAVELENGTH_RANGE
from qltui.instruments.desi.lamps import LAMPS
from qltui.instruments.desi.state import Kind, State
from qltui.reduction.lines import ARC_LINES, SKY_LINES, LineList, isolated

__all__ = ["clear_lines", "every_line", "known_lines", "spread_lines"]

LINE_SIGMA: Final = 1.15
"""Of a line along the dispersion where the calibration does not tell [px]."""
ENOUGH: Final = 6
"""Lines by which shifts and widths are well measured."""
CLEAR_PIXELS: Final = 9.0
CLEAR_SHARE: Final = 0.03
LEAST_CLEAR: Final = 3
"""A line is clear where no other of a share of its strength lies within so many pixels; so many are enough."""
_THRESHOLDS: Final = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Strengths below which neighbours are left out of account, where too few lines stand alone among all."""


def every_line(state: State) -> LineList:
    """Return all lines that an exposure of this kind may show in this arm."""
    return _every(state.camera.arm, arc=state.kind == Kind.ARC)


@lru_cache(maxsize=8)
def _every(arm: str, *, arc: bool) -> LineList:
    return (ARC_LINES if arc else SKY_LINES).within(*WAVELENGTH_RANGE[arm])


def clear_lines(state: State, most: int) -> LineList:
    """Return at most `most` lines, spread over the arm, whose surroundings are free too: lines for widths.

    A neighbour some pixels away pulls no centroid, but lies where a fit of the width takes its background.
    """
    lines, every = known_lines(state), every_line(state)
    reach = CLEAR_PIXELS * _dispersion(state)
    distance = np.abs(lines.wavelength[:, None] - every.wavelength[None, :])
    beside = (distance > 0) & (distance < reach) & (every.strength > CLEAR_SHARE * lines.strength[:, None])
    free = np.flatnonzero(~beside.any(axis=1))
    if free.size >= LEAST_CLEAR:
        lines = LineList(lines.wavelength[free], lines.strength[free], lines.species[free])
    return spread_lines(lines, state.camera.arm, most)


def known_lines(state: State) -> LineList:
    """Return the lines that stand alone at the dispersion of this camera.

    At the dispersion of the real spectrographs they stand alone among all known lines. Where a coarser one leaves
    fewer than six, they stand alone among the brighter ones; possibly there is none.
    """
    assert state.rows is not None
    dispersion = _dispersion(state)
    sigmas = state.rows.ysigma[np.isfinite(state.rows.ysigma)]
    sigma = float(np.median(sigmas)) if sigmas.size else LINE_SIGMA
    # Rounded, so that the cameras of an arm share what was found for the first.
    return _alone(state.camera.arm, state.kind == Kind.ARC, round(dispersion, 1), round(sigma, 1))


def _dispersion(state: State) -> float:
    """Return the median dispersion [Angstrom/px]; 0 where the traces have none."""
    assert state.rows is not None
    some = state.rows.dispersion[::16, ::16]
    return float(np.median(some[np.isfinite(some)])) if np.isfinite(some).any() else 0.0


@lru_cache(maxsize=64)
def _alone(arm: str, arc: bool, dispersion: float, sigma: float) -> LineList:
    every = _every(arm, arc=arc)
    found = every.within(0.0, 0.0)
    if not (dispersion > 0 and sigma > 0):
        return found
    for neighbours in _neighbours(every, arc=arc):
        alone = isolated(neighbours, dispersion, sigma)
        alone = alone.of(*LAMPS) if arc else alone
        if len(alone) > len(found):
            found = alone
        if len(found) >= ENOUGH:
            break
    return found


def _neighbours(every: LineList, *, arc: bool) -> Iterator[LineList]:
    """Yield the lines that are taken for neighbours: all at first, then fewer and fewer.

    Krypton and xenon are lit in some arcs only: they are not measured by, but heeded while there are lines enough.
    """
    yield every
    usual = every.of(*LAMPS) if arc else every
    for threshold in _THRESHOLDS:
        yield usual.stronger_than(threshold)


def spread_lines(lines: LineList, arm: str, most: int) -> LineList:
    """Return at most `most` lines: of each of so many equal parts of the arm's range the strongest."""
    if len(lines) <= most:
        return lines
    low, high = WAVELENGTH_RANGE[arm]
    part = np.clip((lines.wavelength - low) / (high - low) * most, 0, most - 1).astype(np.int64)
    keep = [int(np.flatnonzero(part == k)[np.argmax(lines.strength[part == k])]) for k in np.unique(part)]
    return LineList(lines.wavelength[keep], lines.strength[keep], lines.species[keep])
