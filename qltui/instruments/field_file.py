"""What a viewer reads of the picture of a field: all cameras of an exposure in their places.

The file has the picture in one HDU, called as the instrument's `ProductKind.image`, and in a table ``CCDS`` where each
camera lies in it (NAME, X0, X1, Y0, Y1); CD cards say where north and east are.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from qltui.instruments.table_file import ProductError, read_columns, read_plane

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from qltui.instruments.base import Instrument, ProductKind
    from qltui.instruments.fits_cards import Scalar

__all__ = ["FieldImage", "all_boxes", "camera_at", "field_kind", "read_field"]

MAX_SIDE: Final = 4096
_MOST_CAMERAS: Final = 1000
_PLACES: Final = ("X0", "X1", "Y0", "Y1")
_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,16}")
_UNITS: Final = {"electron": "e-", "adu": "ADU"}

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class FieldImage:
    """All cameras in place.

    Attributes
    ----------
    values : ndarray of float32, shape (ny, nx)
        First row at the bottom; NaN where no camera lies.
    unit : str
        Of the values.
    binning : int
        Pixels of a camera in one, along each axis.
    boxes : mapping of str to tuple of int
        Where each camera lies, ``x0 <= x < x1``, ``y0 <= y < y1``: (x0, x1, y0, y1).
    north, east : tuple of float, or None
        Direction in the picture, (x, y) of length 1; None where the file does not tell.
    """

    values: npt.NDArray[np.float32]
    unit: str
    binning: int
    boxes: Mapping[str, Box] = field(default_factory=dict)
    north: tuple[float, float] | None = None
    east: tuple[float, float] | None = None


def field_kind(instrument: Instrument) -> ProductKind | None:
    """Return the product that is a picture of the whole field; None where the instrument makes none."""
    steps = {step.name for step in instrument.steps if step.of_field}
    return next((kind for kind in instrument.products if kind.image and kind.step in steps), None)


def read_field(path: str | os.PathLike[str], image: str) -> FieldImage:
    """Return the picture of a field.

    Parameters
    ----------
    path : path
        A product of the kind `field_kind`.
    image : str
        HDU with the picture.

    Raises
    ------
    ProductError
        Where it cannot be read, with the reason.
    """
    import numpy as np

    plane = read_plane(path, image, MAX_SIDE**2)
    if plane.values.ndim != 2:
        msg = f"{image} has {plane.values.ndim} axes, not 2"
        raise ProductError(msg)
    table = read_columns(path, "CCDS", ("NAME", *_PLACES), _MOST_CAMERAS)
    absent = [name for name in ("NAME", *_PLACES) if name not in table.columns]
    if absent:
        msg = f"the table of places has no column {', '.join(absent)}"
        raise ProductError(msg)
    places = [table.columns[name].tolist() for name in _PLACES]
    ny, nx = plane.values.shape
    boxes: dict[str, Box] = {}
    for name, x0, x1, y0, y1 in zip(table.columns["NAME"].tolist(), *places, strict=True):
        if not _NAME.fullmatch(str(name)) or not all(type(edge) is int for edge in (x0, x1, y0, y1)):
            continue
        if 0 <= x0 < x1 <= nx and 0 <= y0 < y1 <= ny:
            boxes[str(name)] = (x0, x1, y0, y1)
    binning = plane.header.get("BINNING")
    north, east = _directions(plane.header)
    return FieldImage(
        plane.values.astype(np.float32, copy=False),
        _UNITS.get(plane.unit, plane.unit),
        binning if type(binning) is int and 1 <= binning <= MAX_SIDE else 1,
        boxes,
        north,
        east,
    )


def _directions(header: Mapping[str, Scalar]) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
    """Return where declination and right ascension grow, from the CD matrix (Greisen & Calabretta 2002, eq. 1)."""
    cards = [header.get(name, 0.0) for name in ("CD1_1", "CD1_2", "CD2_1", "CD2_2")]
    if any(isinstance(card, bool) or not isinstance(card, (int, float)) for card in cards):
        return None, None
    a, b, c, d = (float(card) for card in cards if isinstance(card, (int, float)))
    determinant = a * d - b * c
    if not math.isfinite(determinant) or determinant == 0.0:
        return None, None
    # The inverse of the matrix, column by column: what a step in right ascension, in declination, is in pixels.
    return _unit(-b / determinant, a / determinant), _unit(d / determinant, -c / determinant)


def _unit(x: float, y: float) -> tuple[float, float]:
    length = math.hypot(x, y)
    return x / length, y / length


def camera_at(boxes: Mapping[str, Box], row: float, column: float) -> str:
    """Return the camera that has a pixel of the picture; empty where none has."""
    for name, (x0, x1, y0, y1) in boxes.items():
        if x0 <= column < x1 and y0 <= row < y1:
            return name
    return ""


def all_boxes(boxes: Mapping[str, Box], places: Mapping[str, tuple[float, float]]) -> dict[str, Box]:
    """Return the boxes of all cameras: of those that are not in the picture from where they lie among the others.

    Parameters
    ----------
    boxes : mapping of str to tuple of int
        Of the cameras in the picture [px].
    places : mapping of str to tuple of float
        Of the middles of all cameras in the focal plane, x to the right and y upwards [mm].

    Returns
    -------
    dict of str to tuple of int
        Empty where nothing tells the scale: at least two cameras must be there that do not lie on one another.
    """
    known = {name: box for name, box in boxes.items() if name in places}
    scales = []
    for axis in (0, 1):
        at = {name: places[name][axis] for name in known}
        if at and max(at.values()) > min(at.values()):
            last, first = max(at, key=lambda name: at[name]), min(at, key=lambda name: at[name])
            distance = _middle(known[last])[axis] - _middle(known[first])[axis]
            scales.append((distance / (at[last] - at[first]), at[last] - at[first]))
    if not scales:
        return {}
    # Both axes have one scale; the longer distance tells it best.
    scale = max(scales, key=lambda pair: pair[1])[0]
    anchor, box = next(iter(known.items()))
    found: dict[str, Box] = {}
    for name, (x, y) in places.items():
        dx, dy = round((x - places[anchor][0]) * scale), round((y - places[anchor][1]) * scale)
        found[name] = known.get(name, (box[0] + dx, box[1] + dx, box[2] + dy, box[3] + dy))
    return found


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[1]) / 2, (box[2] + box[3]) / 2
