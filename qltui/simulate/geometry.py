"""Shapes of the detectors: the real CCDs of DESI, and a small one that exercises everything the real ones do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from qltui.model import Section

__all__ = ["AMPLIFIERS", "SIZES", "AmplifierLayout", "DetectorLayout", "Size", "detector_layout"]

AMPLIFIERS: Final = ("A", "B", "C", "D")
"""A and B read the lower half of the rows, C and D the upper; A and C the left half of the columns."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a spectrograph is simulated.

    Attributes
    ----------
    name : str
        ``"mini"`` or ``"full"``.
    fibers : int
        Fibres of one spectrograph.
    bundles : int
        Blocks in which they are mounted, with a wider gap between two blocks.
    sky_fibers, standards : int
        Fibres of a spectrograph that look at empty sky, and at standard stars.
    sparse_lines : bool
        Whether lamps and sky shine only in lines that this dispersion can separate.
    """

    name: str
    fibers: int
    bundles: int
    sky_fibers: int
    standards: int
    sparse_lines: bool


SIZES: Final[Mapping[str, Size]] = {
    "mini": Size("mini", 20, 4, 4, 4, sparse_lines=True),
    "full": Size("full", 500, 20, 50, 10, sparse_lines=False),
}


@dataclass(frozen=True, slots=True)
class AmplifierLayout:
    """Where the pixels of one readout channel lie in the raw image, and in the trimmed one (`ccd`)."""

    name: str
    data: Section
    bias: Section
    prescan: Section
    row_overscan: Section
    prerow: Section
    ccd: Section

    @property
    def raw(self) -> Section:
        """The whole quadrant of the raw image that this channel writes."""
        parts = (self.data, self.bias, self.prescan, self.row_overscan, self.prerow)
        return Section(
            min(part.y0 for part in parts),
            max(part.y1 for part in parts),
            min(part.x0 for part in parts),
            max(part.x1 for part in parts),
        )


@dataclass(frozen=True, slots=True)
class DetectorLayout:
    """One CCD with four amplifiers: shapes ``(ny, nx)`` of the raw and of the trimmed image."""

    ny: int
    nx: int
    raw_ny: int
    raw_nx: int
    amplifiers: tuple[AmplifierLayout, ...]


@dataclass(frozen=True, slots=True)
class _Edges:
    """Light-sensitive and other pixels of one detector."""

    rows: int
    columns: int
    prescan: int
    overscan: int
    row_overscan: int
    prerow: int


_EDGES: Final[Mapping[tuple[str, str], _Edges]] = {
    ("full", "b"): _Edges(4096, 4096, prescan=4, overscan=64, row_overscan=32, prerow=1),
    ("full", "r"): _Edges(4128, 4114, prescan=7, overscan=64, row_overscan=32, prerow=1),
    ("full", "z"): _Edges(4128, 4114, prescan=7, overscan=64, row_overscan=32, prerow=1),
    ("mini", "b"): _Edges(400, 256, prescan=4, overscan=32, row_overscan=8, prerow=1),
    ("mini", "r"): _Edges(408, 256, prescan=7, overscan=32, row_overscan=8, prerow=1),
    ("mini", "z"): _Edges(408, 256, prescan=7, overscan=32, row_overscan=8, prerow=1),
}


def detector_layout(size: str, arm: str) -> DetectorLayout:
    """Return the geometry of the CCDs of an arm.

    Columns from left to right: prescan, data of the left amplifier, its overscan, overscan of the right one, its
    data, prescan. Rows from bottom to top: one row before the first, data, row overscan, and the mirror image.

    Parameters
    ----------
    size : {"mini", "full"}
    arm : {"b", "r", "z"}
    """
    edges = _EDGES[size, arm]
    half_rows, half_columns = edges.rows // 2, edges.columns // 2
    raw_ny = edges.rows + 2 * (edges.row_overscan + edges.prerow)
    raw_nx = edges.columns + 2 * (edges.prescan + edges.overscan)
    amplifiers = []
    for name in AMPLIFIERS:
        top, right = name in "CD", name in "BD"
        y0 = raw_ny - edges.prerow - half_rows if top else edges.prerow
        x0 = raw_nx - edges.prescan - half_columns if right else edges.prescan
        y1, x1 = y0 + half_rows, x0 + half_columns
        bias_x0 = x0 - edges.overscan if right else x1
        prescan_x0 = x1 if right else 0
        over_y0 = y0 - edges.row_overscan if top else y1
        prerow_y0 = y1 if top else 0
        amplifiers.append(
            AmplifierLayout(
                name,
                data=Section(y0, y1, x0, x1),
                bias=Section(y0, y1, bias_x0, bias_x0 + edges.overscan),
                prescan=Section(y0, y1, prescan_x0, prescan_x0 + edges.prescan),
                row_overscan=Section(over_y0, over_y0 + edges.row_overscan, x0, x1),
                prerow=Section(prerow_y0, prerow_y0 + edges.prerow, x0, x1),
                ccd=Section(half_rows * top, half_rows * (1 + top), half_columns * right, half_columns * (1 + right)),
            )
        )
    return DetectorLayout(edges.rows, edges.columns, raw_ny, raw_nx, tuple(amplifiers))
