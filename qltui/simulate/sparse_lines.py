"""Which lines shine on the mini detectors, whose dispersion of some Angstrom a pixel would blend all others.

The real sky at such a dispersion has hardly a line by which a shift could be measured. The mini sky therefore shines
in the lines that stand alone among all of at least their brightness, in those that the metrics name, and in what
else keeps its distance from these.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from qltui.reduction.lines import LineList, isolated

__all__ = ["alone_among_bright", "separated"]

_THRESHOLDS: Final = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Strengths below which an analysis may leave neighbours out of account."""


def alone_among_bright(lines: LineList, dispersion: float, sigma: float) -> LineList:
    """Return the lines that are isolated when those below one of the thresholds are left out.

    Parameters
    ----------
    lines : LineList
    dispersion : float
        [Angstrom/px].
    sigma : float
        Gaussian width of a line [px].
    """
    keep = np.zeros(len(lines), dtype=np.bool_)
    for threshold in _THRESHOLDS:
        keep |= np.isin(lines.wavelength, isolated(lines.stronger_than(threshold), dispersion, sigma).wavelength)
    return LineList(lines.wavelength[keep], lines.strength[keep], lines.species[keep])


def separated(lines: LineList, distance: float, *, named: Iterable[float] = (), then: npt.ArrayLike = ()) -> LineList:
    """Return lines of which no two are closer than `distance`.

    Those of `named` come first, then those of `then`, then all others, in each group the strongest first.

    Parameters
    ----------
    lines : LineList
    distance : float
        [Angstrom].
    named : iterable of float
        Wavelengths to 1 Angstrom [Angstrom]; the strongest line there is taken.
    then : array_like
        Wavelengths as they stand in `lines` [Angstrom].

    Returns
    -------
    LineList
    """
    rank = lines.strength + 10.0 * np.isin(lines.wavelength, np.asarray(then))
    for wavelength in named:
        near = np.abs(lines.wavelength - wavelength) < 1.0
        if near.any():
            rank[int(np.argmax(np.where(near, lines.strength, -1.0)))] += 100.0
    keep = np.zeros(len(lines), dtype=np.bool_)
    for index in np.argsort(-rank, kind="stable"):
        keep[index] = bool(np.all(np.abs(lines.wavelength[keep] - lines.wavelength[index]) >= distance))
    return LineList(lines.wavelength[keep], lines.strength[keep], lines.species[keep])
