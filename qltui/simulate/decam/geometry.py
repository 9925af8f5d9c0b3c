"""Shapes of the detectors: the real CCDs of DECam, and a small one that has everything the real ones have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from qltui.model import Section
from qltui.simulate.geometry import AmplifierLayout, DetectorLayout

__all__ = ["AMPLIFIERS", "SIZES", "Size", "detector_layout", "row_distance"]

AMPLIFIERS: Final = ("A", "B")
"""On chips of the north side A reads the left half of the columns, on those of the south side the right one."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a CCD is simulated.

    Attributes
    ----------
    name : str
        ``"mini"`` or ``"full"``.
    rows, columns : int
        Light-sensitive pixels.
    focus_rows : int
        Light-sensitive rows of a focus chip.
    prescan, overscan : int
        Columns on either side.
    postscan : int
        Rows that are read after the last light-sensitive one.
    deep : bool
        Whether the field has the stars and galaxies of the real sky. Else it has a fixed number of them, as bright as
        the exposure needs to measure them: a small CCD has room for few.
    flat_level : float
        Light of a dome flat [ADU].
    """

    name: str
    rows: int
    columns: int
    focus_rows: int
    prescan: int
    overscan: int
    postscan: int
    deep: bool
    flat_level: float

    @property
    def jump(self) -> int:
        """Rows after which the bias jumps: when the shorter focus chips, which are read together with it, are done."""
        return self.focus_rows + self.postscan


SIZES: Final[Mapping[str, Size]] = {
    "mini": Size("mini", 256, 128, 128, prescan=2, overscan=10, postscan=6, deep=False, flat_level=1500.0),
    "full": Size("full", 4096, 2048, 2048, prescan=6, overscan=50, postscan=50, deep=True, flat_level=15000.0),
}


def detector_layout(size: Size, side: str, *, focus: bool = False) -> DetectorLayout:
    """Return the geometry of the CCDs of one side of the focal plane.

    Columns from left to right: prescan, overscan, data of the left amplifier, data of the right one, overscan,
    prescan. The postscan rows, read last, lie below the data on the south side and above them on the north side.

    Parameters
    ----------
    size : Size
    side : {"N", "S"}
    focus : bool
        Of a focus chip, which has half as many rows.
    """
    rows = size.focus_rows if focus else size.rows
    half = size.columns // 2
    edge = size.prescan + size.overscan
    south = side == "S"
    y0 = size.postscan if south else 0
    y1 = y0 + rows
    post = (0, size.postscan) if south else (rows, rows + size.postscan)
    raw_nx = size.columns + 2 * edge
    amplifiers = []
    for name in AMPLIFIERS:
        right = (name == "A") == south
        x0 = edge + half if right else edge
        bias_x0 = edge + size.columns if right else size.prescan
        prescan_x0 = raw_nx - size.prescan if right else 0
        amplifiers.append(
            AmplifierLayout(
                name,
                data=Section(y0, y1, x0, x0 + half),
                bias=Section(y0, y1, bias_x0, bias_x0 + size.overscan),
                prescan=Section(y0, y1, prescan_x0, prescan_x0 + size.prescan),
                row_overscan=Section(*post, x0, x0 + half),
                prerow=Section(y0, y0, x0, x0 + half),  # these chips have none
                ccd=Section(0, rows, half * right, half * (1 + right)),
            )
        )
    return DetectorLayout(rows, size.columns, rows + size.postscan, raw_nx, tuple(amplifiers))


def row_distance(layout: DetectorLayout, side: str, row: int) -> int:
    """Return how many rows of the raw image are read before `row`: the south side is read from the top."""
    return layout.raw_ny - 1 - row if side == "S" else row
