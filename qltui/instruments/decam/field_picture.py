"""The picture of the whole field: previews of the CCDs in their places, as the observer knows them."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from qltui.instruments.decam.constants import PIXEL_MICRON
from qltui.instruments.decam.layout import CCDS, FOOTPRINT
from qltui.instruments.table_file import ProductError, read_plane

__all__ = ["FieldPicture", "field_picture", "place_ccd", "projection_cards"]

_LONG: Final = 64
"""Pixels of the picture along the longer side of a CCD; 32 along the shorter."""
_CCD_LENGTH: Final = 4096 * PIXEL_MICRON / 1000.0
"""Of the longer side [mm]."""
_MAX_PIXELS: Final = 1 << 22

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FieldPicture:
    """All CCDs in place.

    Attributes
    ----------
    values : ndarray of float32, shape (ny, nx)
        First row at the bottom; NaN between the CCDs, and where one is missing.
    unit : str
        Of the values.
    binning : int
        Pixels of a CCD in one, along each axis.
    boxes : mapping of str to tuple of int
        Where each CCD lies, ``x0 <= x < x1``, ``y0 <= y < y1``: (x0, x1, y0, y1).
    """

    values: npt.NDArray[np.float32]
    unit: str
    binning: int
    boxes: Mapping[str, tuple[int, int, int, int]]


def place_ccd(name: str, middle: tuple[float, float] = (0.0, 0.0)) -> tuple[int, int, int, int]:
    """Return where a CCD lies in the picture, (x0, x1, y0, y1), if its own corner at the bottom left is at `middle`.

    Parameters
    ----------
    name : str
        Of the CCD.
    middle : tuple of float
        Where the optical axis is in the picture [px].
    """
    pixel = _CCD_LENGTH / _LONG
    x, y = (place / pixel + offset for place, offset in zip(CCDS[name].place, middle, strict=True))
    x0, y0 = round(x - _LONG / 2), round(y - _LONG / 4)
    return x0, x0 + _LONG, y0, y0 + _LONG // 2


def projection_cards(picture: FieldPicture, ra: float | None, dec: float | None) -> list[tuple[str, str | float, str]]:
    """Return cards that say where in the sky the picture lies: by scale and middle alone, good to some pixels.

    East is right and north is up, as `qltui.instruments.decam.layout.FOOTPRINT` says.
    """
    ny, nx = picture.values.shape
    scale = _CCD_LENGTH / _LONG * FOOTPRINT.scale / 3600.0
    cards: list[tuple[str, str | float, str]] = [
        ("CTYPE1", "RA---TAN", "right ascension"),
        ("CTYPE2", "DEC--TAN", "declination"),
        ("CUNIT1", "deg", ""),
        ("CUNIT2", "deg", ""),
        ("CRPIX1", (nx + 1) / 2, "optical axis [px]"),
        ("CRPIX2", (ny + 1) / 2, "optical axis [px]"),
        ("CD1_1", scale, "east is right [deg/px]"),
        ("CD1_2", 0.0, "[deg/px]"),
        ("CD2_1", 0.0, "[deg/px]"),
        ("CD2_2", scale, "north is up [deg/px]"),
    ]
    if ra is not None and dec is not None and math.isfinite(ra) and math.isfinite(dec):
        cards += [("CRVAL1", ra, "of the telescope [deg]"), ("CRVAL2", dec, "of the telescope [deg]")]
    return cards


def _boxes() -> tuple[dict[str, tuple[int, int, int, int]], int, int]:
    """Return the places of all CCDs, and width and height of the picture."""
    free = {name: place_ccd(name) for name in CCDS}
    left, bottom = min(box[0] for box in free.values()), min(box[2] for box in free.values())
    boxes = {name: (x0 - left, x1 - left, y0 - bottom, y1 - bottom) for name, (x0, x1, y0, y1) in free.items()}
    return boxes, max(box[1] for box in boxes.values()), max(box[3] for box in boxes.values())


def _turned(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return a CCD as it lies in the picture: its columns run to the right, its x axis downwards; NaN is left out."""
    turned = values.T[::-1]
    rows, columns = _LONG // 2, _LONG
    y = np.arange(turned.shape[0]) * rows // turned.shape[0]
    x = np.arange(turned.shape[1]) * columns // turned.shape[1]
    target = (y[:, None] * columns + x[None, :]).ravel()
    flat = turned.ravel()
    good = np.isfinite(flat)
    number = np.bincount(target[good], minlength=rows * columns)
    total = np.bincount(target[good], weights=flat[good], minlength=rows * columns)
    mean: npt.NDArray[np.float32] = np.full(rows * columns, np.nan, dtype=np.float32)
    np.divide(total, number, out=mean, where=number > 0, casting="same_kind")
    return mean.reshape(rows, columns)


def _filled(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return a small picture at least as large as its place, each pixel repeated as often as is needed."""
    ny, nx = values.shape
    times = max(-(-_LONG // ny), -(-(_LONG // 2) // nx), 1)
    return np.repeat(np.repeat(values, times, axis=0), times, axis=1) if times > 1 else values


def field_picture(products: Mapping[str, Mapping[str, str]]) -> FieldPicture | None:
    """Return the picture of the field from the previews of its CCDs, or None where there is none.

    Parameters
    ----------
    products : mapping of str to mapping of str to str
        Paths of products by CCD and kind.
    """
    boxes, width, height = _boxes()
    values = np.full((height, width), np.nan, dtype=np.float32)
    unit, binning, seen = "", 1, {}
    for name, box in boxes.items():
        path = products.get(name, {}).get("preview", "")
        if not path:
            continue
        try:
            plane = read_plane(path, "PREVIEW", _MAX_PIXELS)
        except ProductError as error:
            _log.warning("%s is not in the picture of the field: %s", name, error)
            continue
        if plane.values.ndim != 2 or min(plane.values.shape) < 1:
            continue
        factor = plane.header.get("BINNING")
        x0, x1, y0, y1 = box
        values[y0:y1, x0:x1] = _turned(_filled(plane.values.astype(np.float32, copy=False)))
        unit, seen[name] = plane.unit, box
        binning = max((factor if type(factor) is int and factor > 0 else 1) * plane.values.shape[0] // _LONG, 1)
    return FieldPicture(values, unit, binning, seen) if seen else None
