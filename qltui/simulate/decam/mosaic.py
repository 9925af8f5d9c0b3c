"""How the CCDs of DECam lie in the focal plane and follow one another in a file.

Written down here once more, and not taken from the instrument's own table, so that a mistake in one of them shows.
Sources: the rows of the focal plane and the order of the HDUs in raw files as LSST's obs_decam knows them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from qltui.model import Section
from qltui.simulate.decam.geometry import Size

__all__ = [
    "BACKPLANES", "CCDS", "CCD_NUMBERS", "FIELD_RADIUS", "FOCUS_CHIPS", "PLACES", "backplane_of", "detector_section",
]  # fmt: skip

_ROWS: Final = (
    "S29 S30 S31", "S25 S26 S27 S28", "S20 S21 S22 S23 S24", "S14 S15 S16 S17 S18 S19", "S8 S9 S10 S11 S12 S13",
    "S1 S2 S3 S4 S5 S6 S7", "N1 N2 N3 N4 N5 N6 N7", "N8 N9 N10 N11 N12 N13", "N14 N15 N16 N17 N18 N19",
    "N20 N21 N22 N23 N24", "N25 N26 N27 N28", "N29 N30 N31",
)  # fmt: skip
_ROW_PITCH: Final = 33.8
_COLUMN_PITCH: Final = 63.8
"""From one CCD to the next, along the columns' and the rows' direction [mm]."""

_BY_BACKPLANE: Final = {
    "BKP1": "S1 S2 S3 N1 N2 N3 S8 S9 S14 S15 S20 S25 N8 N9 N14 N15 N20 N25",
    "BKP3": "S10 S11 S12 S13 S18 S19 S16 S17 S21 S22 S23 S24 S26 S27 S28 S29 S30 S31",
    "BKP4": "N4 N5 N6 N7 S4 S5 S6 S7",
    "BKP5": "N10 N11 N12 N13 N18 N19 N16 N17 N21 N22 N23 N24 N26 N27 N28 N29 N30 N31",
}
BACKPLANES: Final[Mapping[str, tuple[str, ...]]] = {
    backplane: tuple(names.split()) for backplane, names in _BY_BACKPLANE.items()
}
"""CCDs by the electronics that read them, in the order of a file."""

CCDS: Final = tuple(name for names in BACKPLANES.values() for name in names)
"""The 62 CCDs in the order of a file, which is not that of their numbers."""

FOCUS_CHIPS: Final = ("FS1", "FS2", "FS3", "FS4", "FN1", "FN2", "FN3", "FN4")
"""They come last in a file."""

CCD_NUMBERS: Final[Mapping[str, int]] = {
    name: number for number, name in enumerate((*" ".join(_ROWS).split(), *FOCUS_CHIPS), start=1)
}


def _places() -> dict[str, tuple[float, float]]:
    """Return the centre of each CCD, along the columns' (+x) and the rows' (+y) direction of the pixels [mm]."""
    places = {}
    for row, names in enumerate(_ROWS):
        members = names.split()
        for column, name in enumerate(members):
            x = (row - 0.5 * (len(_ROWS) - 1)) * _ROW_PITCH
            places[name] = (x, (column - 0.5 * (len(members) - 1)) * _COLUMN_PITCH)
    for number, name in enumerate(FOCUS_CHIPS):  # two pairs on either side, beside the outer rows
        x = (-1.0 if name[1] == "S" else 1.0) * (150.0 + 35.0 * (number % 2))
        places[name] = (x, -160.0 if number % 4 < 2 else 160.0)
    return places


PLACES: Final[Mapping[str, tuple[float, float]]] = _places()

FIELD_RADIUS: Final = max(math.hypot(x, y) for x, y in (PLACES[name] for name in CCDS))
"""Of the centres of the outermost CCDs from the optical axis [mm]."""


def backplane_of(name: str) -> str:
    """Return the backplane of a CCD. Those of the focus chips are a guess: no file that was read shows them."""
    for backplane, names in BACKPLANES.items():
        if name in names:
            return backplane
    return "BKP2" if name[1] == "S" else "BKP6"


def detector_section(name: str, size: Size) -> Section:
    """Return where a CCD lies in a picture of the whole mosaic without gaps [px]."""
    if name in FOCUS_CHIPS:
        number = FOCUS_CHIPS.index(name)
        x0 = 0 if name[1] == "S" else 13 * size.columns
        return Section(number % 4 * size.focus_rows, (number % 4 + 1) * size.focus_rows, x0, x0 + size.columns)
    row = next(index for index, names in enumerate(_ROWS) if name in names.split())
    members = _ROWS[row].split()
    y0 = (7 - len(members)) * size.rows // 2 + members.index(name) * size.rows
    return Section(y0, y0 + size.rows, (row + 1) * size.columns, (row + 2) * size.columns)
