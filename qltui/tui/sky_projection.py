"""The sky on a plane: projections, the grid and the Galactic plane. Angles in degrees; right ascension grows leftward.

Plane coordinates are -1 to 1 from left to right and -0.5 to 0.5 from bottom to top for the whole sky.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = [
    "PROJECTIONS",
    "SkyView",
    "from_galactic",
    "galactic_plane",
    "grid_lines",
    "project",
    "project_many",
    "projector",
    "unproject",
    "zoomed",
]

PROJECTIONS: Final = ("mollweide", "rectangular")
LARGEST_ZOOM: Final = 64.0

_TABLE: Final = 1800
"""Steps of the table of Mollweide's auxiliary angle between the poles; straight between them, good to 0.005 deg but
for the last degree before the poles."""


@dataclass(frozen=True, slots=True)
class SkyView:
    """What part of the sky is seen, and how.

    Attributes
    ----------
    projection : str
        One of `PROJECTIONS`; Mollweide keeps areas, the rectangular one has straight parallels and meridians.
    ra, dec : float
        Centre [deg].
    zoom : float
        1 for the whole sky.
    """

    projection: str = "mollweide"
    ra: float = 120.0
    dec: float = 0.0
    zoom: float = 1.0


@cache
def _auxiliary() -> tuple[float, ...]:
    """Return the angle t with 2 t + sin 2 t = pi sin(dec) for declinations from -90 to 90, by bisection."""
    found = []
    for step in range(_TABLE + 1):
        wanted = math.pi * math.sin(math.radians(180.0 * step / _TABLE - 90.0))
        low, high = -math.pi / 2, math.pi / 2
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if 2 * middle + math.sin(2 * middle) < wanted else (low, middle)
        found.append((low + high) / 2)
    return tuple(found)


def _mollweide(lon: float, dec: float) -> tuple[float, float]:
    table = _auxiliary()
    place = (dec + 90.0) / 180.0 * _TABLE
    index = int(place)
    if not 0 <= index < _TABLE:
        index = 0 if index < 0 else _TABLE - 1
    angle = table[index] + (place - index) * (table[index + 1] - table[index])
    return -lon / 180.0 * math.cos(angle), math.sin(angle) / 2.0


def _rectangular(lon: float, dec: float) -> tuple[float, float]:
    return -lon / 180.0, dec / 180.0


_FORWARD: Final[dict[str, Callable[[float, float], tuple[float, float]]]] = {
    "mollweide": _mollweide,
    "rectangular": _rectangular,
}


def projector(view: SkyView) -> Callable[[float, float], tuple[float, float]]:
    """Return the function from right ascension and declination to the place in the view, for many directions."""
    forward, zoom, shift = _FORWARD[view.projection], view.zoom, 180.0 - view.ra
    middle = forward(0.0, view.dec)[1]

    def place(ra: float, dec: float) -> tuple[float, float]:
        x, y = forward((ra + shift) % 360.0 - 180.0, dec)
        return x * zoom, (y - middle) * zoom

    return place


def project(view: SkyView, ra: float, dec: float) -> tuple[float, float]:
    """Return where a direction lies in the view: -1 to 1 and -0.5 to 0.5 inside it, beyond that outside."""
    return projector(view)(ra, dec)


def project_many(view: SkyView, ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
    """Return the places of many directions at once, shape (n,) each; see `project`."""
    import numpy as np

    lon = (ra + (180.0 - view.ra)) % 360.0 - 180.0
    middle = _FORWARD[view.projection](0.0, view.dec)[1]
    if view.projection == "rectangular":
        x, y = -lon / 180.0, dec / 180.0
    else:
        table = _auxiliary()
        angle = np.interp(dec, np.linspace(-90.0, 90.0, len(table)), table)
        x, y = -lon / 180.0 * np.cos(angle), np.sin(angle) / 2.0
    return x * view.zoom, (y - middle) * view.zoom


def unproject(view: SkyView, x: float, y: float) -> tuple[float, float] | None:
    """Return the direction of a place of the view; None where there is no sky."""
    x, y = x / view.zoom, y / view.zoom + _FORWARD[view.projection](0.0, view.dec)[1]
    if abs(y) > 0.5:
        return None
    if view.projection == "rectangular":
        lon, dec = -x * 180.0, y * 180.0
    else:
        angle = math.asin(2.0 * y)
        across = math.cos(angle)
        lon = -x * 180.0 / across if across > 1e-9 else 0.0
        dec = math.degrees(math.asin(max(-1.0, min(1.0, (2.0 * angle + math.sin(2.0 * angle)) / math.pi))))
    return ((view.ra + lon) % 360.0, dec) if abs(lon) <= 180.0 + 1e-9 else None


def zoomed(view: SkyView, factor: float) -> SkyView:
    """Return the view from nearer or farther; the whole sky is seen with the equator in the middle."""
    zoom = min(LARGEST_ZOOM, max(1.0, view.zoom * factor))
    return replace(view, zoom=zoom, dec=view.dec if zoom > 1.0 else 0.0)


# -- what helps to find the way ------------------------------------------------------------------------------------

_POLE_RA: Final = 192.85948
_POLE_DEC: Final = 27.12825
_ASCENDING: Final = 122.93192
"""North Galactic pole, and Galactic longitude of the celestial pole, J2000 [deg]: ESA, Hipparcos catalogue, 1997."""


def from_galactic(longitude: float, latitude: float) -> tuple[float, float]:
    """Return right ascension and declination of a place in Galactic coordinates."""
    dl, b, pole = math.radians(_ASCENDING - longitude), math.radians(latitude), math.radians(_POLE_DEC)
    dec = math.asin(math.sin(b) * math.sin(pole) + math.cos(b) * math.cos(pole) * math.cos(dl))
    y = math.cos(b) * math.sin(dl)
    x = math.sin(b) * math.cos(pole) - math.cos(b) * math.sin(pole) * math.cos(dl)
    return (_POLE_RA + math.degrees(math.atan2(y, x))) % 360.0, math.degrees(dec)


@cache
def galactic_plane(steps: int = 720) -> tuple[tuple[float, float], ...]:
    """Return directions along the Galactic equator."""
    return tuple(from_galactic(360.0 * step / steps, 0.0) for step in range(steps))


def grid_step(view: SkyView) -> float:
    """Return how far the lines of the grid are apart [deg]."""
    wanted = 40.0 / view.zoom
    return next((step for step in (30.0, 15.0, 10.0, 5.0, 2.0, 1.0) if step <= wanted), 1.0)


def grid_lines(view: SkyView, points: int = 60) -> list[tuple[float, float]]:
    """Return directions along meridians and parallels, `points` of them from one side of the view to the other."""
    step = grid_step(view)
    found = []
    reach = 180.0 / view.zoom
    across = min(180.0, reach / max(0.05, math.cos(math.radians(min(89.0, abs(view.dec) + reach / 2)))))
    for count in range(math.ceil(-90.0 / step), math.floor(90.0 / step) + 1):
        parallel = count * step
        if abs(parallel) < 90.0 and abs(parallel - view.dec) <= reach:
            found += [(view.ra + across * (2.0 * i / points - 1.0), parallel) for i in range(points + 1)]
    low, high = max(-90.0, view.dec - reach / 2), min(90.0, view.dec + reach / 2)
    wide = 2.0 * step if view.zoom < 2.0 else step
    for count in range(math.ceil((view.ra - across) / wide), math.floor((view.ra + across) / wide) + 1):
        found += [(count * wide, low + (high - low) * i / (points / 2)) for i in range(points // 2 + 1)]
    if view.projection == "mollweide" and view.zoom < 2.0:
        for edge in (-179.999, 179.999):
            found += [(view.ra + edge, -90.0 + 180.0 * i / (4 * points)) for i in range(4 * points + 1)]
    return found
