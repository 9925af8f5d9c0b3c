"""Outlines of exposures on the sky: each CCD as a box where there is room, else the field as a whole.

numpy is loaded by whoever brings fields; nothing here is needed before there are some.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from qltui.tui.sky_projection import SkyView

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from qltui.instruments.base import Footprint

    Floats = npt.NDArray[np.float64]

__all__ = ["dot_size", "on_sky", "outline"]

_CCD_DOTS: Final = 2.0
"""Dots across the smaller side of a CCD from which on each is drawn."""
_FIELD_DOTS: Final = 5.0
"""Dots across the field from which on its border is drawn; below it is a point."""
_DENSITY: Final = 1.5
"""Points for each dot of a line: none is left out, wherever the raster lies."""

Corner = tuple[float, float]


def dot_size(view: SkyView, dots: int) -> float:
    """Return how many degrees a dot is wide near the equator, of `dots` across the map."""
    return 360.0 / view.zoom / max(1, dots)


def outline(footprint: Footprint, size: float) -> Floats | None:
    """Return points of the outline of one exposure, or None where it is too small to be told from a point.

    Parameters
    ----------
    footprint : Footprint
        Of the instrument.
    size : float
        Of a dot [deg].

    Returns
    -------
    ndarray, shape (n, 2), or None
        East and north of the centre of the field, in the tangent plane [deg].
    """
    import numpy as np

    boxes = footprint.boxes()
    if not boxes:
        return None
    smaller = min(min(abs(box[1][0] - box[0][0]), abs(box[2][1] - box[1][1])) for box in boxes)
    corners = [corner for box in boxes for corner in box]
    across = max(x for x, _ in corners) - min(x for x, _ in corners)
    if smaller >= _CCD_DOTS * size:
        polygons: Sequence[Sequence[Corner]] = boxes
    elif across >= _FIELD_DOTS * size:
        polygons = [_hull(corners)]
    else:
        return None
    points: list[Corner] = []
    for polygon in polygons:
        for start, end in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
            count = max(1, math.ceil(math.hypot(end[0] - start[0], end[1] - start[1]) / size * _DENSITY))
            points += [
                (start[0] + (end[0] - start[0]) * i / count, start[1] + (end[1] - start[1]) * i / count)
                for i in range(count)
            ]
    return np.array(points)


def _hull(corners: Sequence[Corner]) -> list[Corner]:
    """Return the convex border of some points, anticlockwise: Andrew's monotone chain."""
    ordered = sorted(set(corners))

    def chain(points: Sequence[Corner]) -> list[Corner]:
        found: list[Corner] = []
        for point in points:
            while len(found) > 1 and _turn(found[-2], found[-1], point) <= 0:
                found.pop()
            found.append(point)
        return found[:-1]

    return chain(ordered) + chain(ordered[::-1])


def _turn(a: Corner, b: Corner, c: Corner) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def on_sky(offsets: Floats, ra: float, dec: float) -> tuple[Floats, Floats]:
    """Return right ascension and declination of offsets in the plane that touches the sky at a place [deg].

    Parameters
    ----------
    offsets : ndarray, shape (n, 2)
        East and north [deg].

    Returns
    -------
    ra, dec : ndarray, shape (n,)
        The inverse of the gnomonic projection.
    """
    import numpy as np

    xi, eta = np.radians(offsets[:, 0]), np.radians(offsets[:, 1])
    dec0 = math.radians(dec)
    down = math.cos(dec0) - eta * math.sin(dec0)
    found = ra + np.degrees(np.arctan2(xi, down))
    return found % 360.0, np.degrees(np.arctan2(math.sin(dec0) + eta * math.cos(dec0), np.hypot(xi, down)))
