"""Which lines shine on the mini detectors, whose dispersion of some Angstrom a pixel would blend all others."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from qltui.reduction.lines import LineList

__all__ = ["SPARSE_DISTANCE", "separated"]

SPARSE_DISTANCE: Final = 40.0
"""Distance that the lines of the mini sky keep [Angstrom]: seven pixels."""


def separated(lines: LineList, distance: float, *, first: npt.ArrayLike = ()) -> LineList:
    """Return the strongest lines of which no two are closer than `distance`.

    Parameters
    ----------
    lines : LineList
    distance : float
        [Angstrom].
    first : array_like
        Wavelengths of lines that are taken before stronger ones, to 1 Angstrom [Angstrom].

    Returns
    -------
    LineList
    """
    wanted = np.atleast_1d(np.asarray(first, dtype=np.float64))
    rank = lines.strength.copy()
    if wanted.size:
        rank[np.min(np.abs(lines.wavelength[:, None] - wanted), axis=1) < 1.0] += lines.strength.sum()
    keep = np.zeros(len(lines), dtype=np.bool_)
    for index in np.argsort(-rank, kind="stable"):
        keep[index] = bool(np.all(np.abs(lines.wavelength[keep] - lines.wavelength[index]) >= distance))
    return LineList(lines.wavelength[keep], lines.strength[keep], lines.species[keep])
