"""Where the 62 CCDs of DECam lie, as the observer knows the picture: S29 to S31 on top, N29 to N31 at the bottom.

Names, numbers and places follow the tables of the observatory (``chipcenters.txt``): twelve rows of three to seven
CCDs, every other one shifted by half a CCD. A row runs along the focal plane's y axis, and along the columns of its
CCDs, whose pixel x grows downwards in this picture.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from qltui.instruments.definitions import Footprint
from qltui.model import Camera

__all__ = [
    "CAMERAS",
    "CCDS",
    "CCD_NAME",
    "FIELD",
    "FOOTPRINT",
    "FPA_CARDS",
    "GROUPS",
    "HALVES",
    "PLACES",
    "PRESETS",
    "ROWS",
    "Ccd",
]

CCD_NAME: Final = re.compile(r"[NS](?:[1-9]|[12][0-9]|3[01])")
"""Name of a science CCD, in upper case; focus chips are FS1 to FN4."""

FIELD: Final = Camera("FIELD", "", "")
"""Stands for all CCDs together."""

_ROW_LENGTHS: Final = (3, 4, 5, 6, 6, 7)
_ROW_PITCH: Final = 33.8
"""Between the middles of rows [mm]."""
_COLUMN_PITCH: Final = 63.8
"""Between the middles of CCDs of a row [mm]."""
_CORE_RADIUS: Final = 70.0
"""Of the selection Core [mm]."""

_BACKPLANES: Final[Mapping[str, str]] = {
    "BKP1": "S1 S2 S3 N1 N2 N3 S8 S9 S14 S15 S20 S25 N8 N9 N14 N15 N20 N25",
    "BKP3": "S10 S11 S12 S13 S18 S19 S16 S17 S21 S22 S23 S24 S26 S27 S28 S29 S30 S31",
    "BKP4": "N4 N5 N6 N7 S4 S5 S6 S7",
    "BKP5": "N10 N11 N12 N13 N18 N19 N16 N17 N21 N22 N23 N24 N26 N27 N28 N29 N30 N31",
}
"""CCDs by the backplane that reads them, in the order of the HDUs; two more serve focus and guide chips."""

FPA_CARDS: Final[Mapping[str, str]] = {f"DECAM_{name}": name for name in _BACKPLANES}
"""What the card FPA says of each backplane."""


@dataclass(frozen=True, slots=True)
class Ccd:
    """One science CCD.

    Attributes
    ----------
    name : str
        ``"S29"``, the file's EXTNAME and DETPOS.
    number : int
        CCDNUM, 1 to 62.
    row, column : int
        Row from the top, and place in it from the left.
    place : tuple of float
        Middle of the CCD in the picture, x to the right and y upwards, from the optical axis [mm].
    backplane : str
        ``"BKP3"``.
    """

    name: str
    number: int
    row: int
    column: int
    place: tuple[float, float]
    backplane: str

    @property
    def camera(self) -> Camera:
        """The same as the rest of the house knows it."""
        return Camera(self.name, self.name[0], self.name[1:])


def _rows() -> tuple[tuple[str, ...], ...]:
    """Return the names in rows from the top: numbers grow to the right, on the south side from the middle row up."""
    south, north, first = [], [], 1
    for length in reversed(_ROW_LENGTHS):
        numbers = range(first, first + length)
        south.append(tuple(f"S{number}" for number in numbers))
        north.append(tuple(f"N{number}" for number in numbers))
        first += length
    return (*reversed(south), *north)


ROWS: Final = _rows()
"""Names in rows from the top, in each from the left."""


def _ccds() -> tuple[Ccd, ...]:
    backplanes = {name: backplane for backplane, names in _BACKPLANES.items() for name in names.split()}
    found: list[Ccd] = []
    for row, names in enumerate(ROWS):
        for column, name in enumerate(names):
            x = (column - 0.5 * (len(names) - 1)) * _COLUMN_PITCH
            y = (0.5 * (len(ROWS) - 1) - row) * _ROW_PITCH
            place = (round(x, 1), round(y, 1))
            found.append(Ccd(name, len(found) + 1, row, column, place, backplanes[name]))
    return tuple(found)


CCDS: Final[Mapping[str, Ccd]] = {ccd.name: ccd for ccd in _ccds()}
"""The CCDs by name, in the order of their numbers, which is that of the rows from the top."""

CAMERAS: Final = tuple(
    sorted((ccd.camera for ccd in CCDS.values()), key=lambda camera: (camera.arm != "S", int(camera.unit)))
)
"""S1 to S31, N1 to N31: in the order of a grid with the sides as rows."""

FOOTPRINT: Final = Footprint(tuple((ccd.name, *ccd.place) for ccd in CCDS.values()), 61.44, 30.72, 17.53)
"""CCDs of 4096 x 2048 pixels of 15 um, 0.263 arcsec each. In this picture east is right and north is up: so say the
projections of images whose astrometry was solved (CD1_2 > 0, CD2_1 < 0, and where CRPIX lies for N3, N15 and S1)."""

PLACES: Final[Mapping[str, tuple[float, float]]] = {ccd.name: ccd.place for ccd in CCDS.values()}

GROUPS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "backplane": {backplane: tuple(names.split()) for backplane, names in _BACKPLANES.items()}
}


def _within(radius: float) -> tuple[str, ...]:
    return tuple(ccd.name for ccd in CCDS.values() if math.hypot(*ccd.place) <= radius)


# Core: the ten CCDs within 70 mm of the axis, complete rings round it, where the optics are at their best, so that what
# is measured is the atmosphere's; all four backplanes are among them. Ten is also what Quick Reduce's picture shows.
# Spread: the same number from the middle to the edge on all sides, for focus and collimation; none is one that failed.
PRESETS: Final[Mapping[str, tuple[str, ...]]] = {
    "Core": _within(_CORE_RADIUS),
    "Spread": ("S29", "S31", "S20", "S24", "S4", "N4", "N20", "N24", "N29", "N31"),
    **{f"Backplane {name[-1]}": tuple(names.split()) for name, names in _BACKPLANES.items()},
    "All": tuple(CCDS),
}
"""Selections that observers know by name."""

HALVES: Final = tuple(
    tuple(ccd.name for ccd in CCDS.values() if (ccd.row + ccd.column) % 2 == parity) for parity in (0, 1)
)
"""A checkerboard and the rest: either samples the whole field, and both together every CCD."""
