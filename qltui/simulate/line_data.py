"""Lines of sky and lamps as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["arc_lines", "sky_lines"]

_SKY = (
    (3914.4, 0.08), (5578.9, 1.0), (5891.6, 0.12), (6301.9, 0.5), (6365.5, 0.17), (6865.8, .12), (6950.9,.1), (7278.3, 0.3),
    (7342.8, 0.4), (7752.6, 0.5), (7915.8, 0.5), (7995.6, 0.5), (8346.9, 0.5), (8401.8, 0.8), (8432.4, 0.7),
    (8829.5, 0.6), (8888.3, 0.8), (8922.1, 0.7), (9378.5, 0.6), (9442.0, 0.6), (9793.7, 0.5),
)  # fmt: skip
_ARC = (
    (4047.7, 1.0, "HgI"), (4359.6, 1.0, "HgI"), (5462.3, 1.0, "HgI"), (4801.3, 0.5, "CdI"), (5087.2, 0.5, "CdI"),
    (6440.2, 0.5, "CdI"), (5854.1, 0.7, "NeI"), (6144.8, 0.6, "NeI"), (6404.0, 1.0, "NeI"), (6508.3, 0.7, "NeI"),
    (6931.4, 0.7, "NeI"), (7034.3, 1.0, "NeI"), (7247.1, 0.7, "NeI"), (7637.2, 0.9, "ArI"), (8105.9, .9, "ArI"),
    (8302.6, 0.5, "NeI"), (8379.9, 0.5, "NeI"), (8497.7, 0.5, "NeI"), (8856.3, 0.5, "NeI"), (9125.5, 0.9, "ArI"),
    (9660.4, 0.6, "ArI"),
)  # fmt: skip


def sky_lines() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return wavelengths [Angstrom] and strengths, 1 for the strongest at 5579 Angstrom."""
    return np.array([w for w, _ in _SKY]), np.array([s for _, s in _SKY])


def arc_lines() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.str_]]:
    """Return wavelengths [Angstrom], strengths and species."""
    return np.array([w for w, _, _ in _ARC]), np.array([s for _, s, _ in _ARC]), np.array([n for _, _, n in _ARC])
