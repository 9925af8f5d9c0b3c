"""Fields on the sky, as cells of a terminal: pure functions, so that a reader's thread may do it for a season."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from qltui.tui.sky_outline import dot_size, on_sky, outline
from qltui.tui.sky_projection import SkyView, galactic_plane, grid_lines, grid_step, project, project_many
from qltui.tui.symbols import Charset
from qltui.tui.text import Line

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from qltui.instruments.base import Footprint

    Integers = npt.NDArray[np.int64]

__all__ = ["Frame", "MapColumns", "MapPoint", "Raster", "draw_raster", "frame_of", "rasterise", "rasterise_columns"]

Cell = tuple[int, int]
"""Column and row of a cell of the map."""

_CROWDED: Final = 200
"""Cells with fields from which on the sky counts as full."""

_OUTLINED: Final = 60
"""Fields that are outlined, at most: more would cover one another."""

_BRAILLE: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of the dots of a braille character, by row and column."""

_QUARTERS: Final = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
"""Block characters by their quarters: upper left 1, upper right 2, lower left 4, lower right 8."""


class MapPoint(NamedTuple):
    """A field on the sky.

    Attributes
    ----------
    key : int
        Its number.
    ra, dec : float
        [deg].
    kind : str
        What decides about colour and shape: a class or the name of a program.
    rank : int
        Of several fields in one cell the one with the highest rank is seen.
    """

    key: int
    ra: float
    dec: float
    kind: str
    rank: int = 0


class MapColumns(NamedTuple):
    """Fields by columns, as many entries each: numbers, `ra` and `dec` [deg], places in `names`, ranks (`MapPoint`)."""

    keys: Sequence[int]
    ra: Sequence[float]
    dec: Sequence[float]
    kinds: Sequence[int]
    names: Sequence[str]
    ranks: Sequence[int]


@dataclass(frozen=True, slots=True)
class Frame:
    """How a view lies in a pane: `width` x `height` cells, of them the map's `left`, `across` and `high`.

    A cell is taken to be twice as high as wide, so that the sky keeps its shape.
    """

    width: int
    height: int
    left: int
    across: int
    high: int

    def cell(self, x: float, y: float) -> tuple[float, float]:
        """Return the place of plane coordinates in cells, fractions included."""
        return self.left + (x + 1.0) / 2.0 * self.across, (0.5 - y) * self.high

    def plane(self, column: float, row: float) -> tuple[float, float]:
        """Return the plane coordinates of a place in cells."""
        return (column - self.left) / self.across * 2.0 - 1.0, 0.5 - row / self.high


def frame_of(view: SkyView, width: int, height: int) -> Frame:
    """Return where the map lies; the whole sky keeps its shape, a part of it fills the pane."""
    high = max(1, height - 1)
    across = max(2, min(width - 8, 4 * high)) if view.zoom <= 1.0 else max(2, width - 8)
    if view.zoom <= 1.0:
        high = min(high, max(1, round(across / 4)))
    return Frame(width, height, 7, across, high)


@dataclass(frozen=True, slots=True)
class Raster:
    """A drawn sky.

    Attributes
    ----------
    view, frame : SkyView, Frame
        What was drawn, and where.
    dots : mapping
        Cell to the bits of its dots, its kind, and the keys of its fields.
    plane, grid : mapping
        Cells of the Galactic plane and of the grid, with their dots.
    labels : mapping
        Cell to a label of the grid.
    outlines : mapping
        Cell to the dots of outlines of exposures, and their kind.
    """

    view: SkyView
    frame: Frame
    dots: Mapping[Cell, tuple[int, str, tuple[int, ...]]] = field(default_factory=dict)
    plane: Mapping[Cell, int] = field(default_factory=dict)
    grid: Mapping[Cell, int] = field(default_factory=dict)
    labels: Mapping[Cell, str] = field(default_factory=dict)
    outlines: Mapping[Cell, tuple[int, str]] = field(default_factory=dict)

    def nearest(self, cell: Cell, reach: int = 2) -> tuple[int, ...]:
        """Return the keys of the fields in a cell, or in the next one that has some."""
        for distance in range(reach + 1):
            for row in range(-distance, distance + 1):
                for column in range(-distance, distance + 1):
                    if max(abs(row), abs(column)) == distance:
                        found = self.dots.get((cell[0] + column, cell[1] + row))
                        if found:
                            return found[2]
        return ()


def rasterise(points: Sequence[MapPoint], view: SkyView, width: int, height: int, charset: Charset) -> Raster:
    """Return the fields, the grid and the Galactic plane as cells of a pane of `width` x `height`."""
    fields = None
    if points:
        keys, ra, dec, kinds, ranks = zip(*points, strict=True)
        names = sorted(set(kinds))
        fields = MapColumns(keys, ra, dec, [names.index(kind) for kind in kinds], names, ranks)
    return rasterise_columns(fields, view, width, height, charset)


def rasterise_columns(
    fields: MapColumns | None,
    view: SkyView,
    width: int,
    height: int,
    charset: Charset,
    footprint: Footprint | None = None,
) -> Raster:
    """Return the same of fields given by columns; None where there are no fields.

    A season has tens of thousands of fields: an object for each would cost more than the map.
    """
    frame = frame_of(view, width, height)
    dots = _gathered(fields, view, frame, charset) if fields is not None else {}
    plane = _dotted(galactic_plane(), view, frame, charset)
    grid = _dotted(grid_lines(view, max(20, frame.across * 3 // 4)), view, frame, charset)
    outlines = {}
    if fields is not None and footprint is not None:
        outlines = _outlined(fields, footprint, view, frame, charset)
    return Raster(view, frame, dots, plane, grid, _labels(view, frame), outlines)


def _placed(
    ra: Sequence[float], dec: Sequence[float], view: SkyView, frame: Frame, charset: Charset
) -> tuple[Integers, Integers, Integers]:
    """Return which directions are inside the view, the cell of each (row * width + column), and the bit of its dot."""
    import numpy as np

    columns, rows = charset.columns, charset.rows
    across, down = frame.across * columns, frame.high * rows
    x, y = project_many(view, np.array(ra, dtype=float), np.array(dec, dtype=float))
    inside = np.flatnonzero((np.abs(x) <= 1.0) & (np.abs(y) <= 0.5))
    # The last edge belongs to the last dot.
    column = np.minimum(((x[inside] + 1.0) / 2.0 * across).astype(int), across - 1)
    row = np.minimum(((0.5 - y[inside]) * down).astype(int), down - 1)
    bits = np.array(_BRAILLE if rows == 4 else ((1, 2), (4, 8)) if columns == 2 else ((1,),))
    cell = row // rows * frame.width + frame.left + column // columns
    return inside, cell, bits[row % rows, column % columns]


def _gathered(
    fields: MapColumns, view: SkyView, frame: Frame, charset: Charset
) -> dict[Cell, tuple[int, str, tuple[int, ...]]]:
    """Return the fields inside the view by cell: dots, the kind with the highest rank, keys. A season at once."""
    import numpy as np

    inside, cell, bits = _placed(fields.ra, fields.dec, view, frame, charset)
    if not inside.size:
        return {}
    order = np.lexsort((np.array(fields.ranks)[inside], cell))
    cell = cell[order]
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    ends = np.append(starts[1:], order.size)
    dots = np.bitwise_or.reduceat(bits[order], starts).tolist()
    members = inside[order]
    keys = np.array(fields.keys)[members].tolist()
    seen = np.array(fields.kinds)[members[ends - 1]].tolist()
    found = {}
    for start, end, mask, number, kind in zip(
        starts.tolist(), ends.tolist(), dots, cell[starts].tolist(), seen, strict=True
    ):
        place = number % frame.width, number // frame.width
        found[place] = mask, fields.names[kind], tuple(keys[start:end])
    return found


def _outlined(
    fields: MapColumns, footprint: Footprint, view: SkyView, frame: Frame, charset: Charset
) -> dict[Cell, tuple[int, str]]:
    """Return the outlines of the fields inside the view by cell; the highest rank is drawn last, over the others."""
    import numpy as np

    shape = outline(footprint, dot_size(view, frame.across * charset.columns))
    if shape is None:
        return {}
    inside, _, _ = _placed(fields.ra, fields.dec, view, frame, charset)
    order = inside[np.argsort(np.array(fields.ranks)[inside], kind="stable")]
    found: dict[Cell, tuple[int, str]] = {}
    for index in order[-_OUTLINED:].tolist():
        ra, dec = on_sky(shape, fields.ra[index], fields.dec[index])
        _, cells, bits = _placed(ra, dec, view, frame, charset)
        kind = fields.names[fields.kinds[index]]
        for number, bit in zip(cells.tolist(), bits.tolist(), strict=True):
            place = number % frame.width, number // frame.width
            found[place] = found.get(place, (0, kind))[0] | bit, kind
    return found


def _dotted(places: Sequence[tuple[float, float]], view: SkyView, frame: Frame, charset: Charset) -> dict[Cell, int]:
    """Return the dots of directions by cell."""
    if not places:
        return {}
    _, cells, bits = _placed(*zip(*places, strict=True), view, frame, charset)
    found: dict[Cell, int] = {}
    for number, bit in zip(cells.tolist(), bits.tolist(), strict=True):
        place = number % frame.width, number // frame.width
        found[place] = found.get(place, 0) | bit
    return found


def _labels(view: SkyView, frame: Frame) -> dict[Cell, str]:
    """Return declinations at the left edge and right ascensions in the row below the map."""
    step = grid_step(view)
    labels: dict[Cell, str] = {}
    for count in range(round(-90 / step), round(90 / step) + 1):
        dec = count * step
        _, y = project(view, view.ra, dec)
        if -0.5 <= y <= 0.5:
            row = min(frame.high - 1, int(frame.cell(0.0, y)[1]))
            labels[0, row] = f"{dec:+4.0f}°".rjust(6)
    wide = (2 if view.zoom < 2 else 1) * step
    meridians = {
        ((round(view.ra / wide) + count) * wide) % 360.0 for count in range(-int(180 / wide), int(180 / wide) + 1)
    }
    taken = -1
    for x, ra in sorted((project(view, ra, view.dec)[0], ra) for ra in meridians):
        text = f"{ra:.0f}°"
        column = int(frame.cell(x, 0.0)[0]) - len(text) // 2
        if abs(x) <= 1.0 and column > taken and column + len(text) < frame.width - 3:
            labels[column, frame.high] = text
            taken = column + len(text) + 1
    return labels


# -- drawing -------------------------------------------------------------------------------------------------------


def _char(bits: int, charset: Charset) -> str:
    if charset.ascii:
        return "+"
    return chr(0x2800 + bits) if charset.rows == 4 else _QUARTERS[bits & 15]


def draw_raster(
    raster: Raster,
    look: Callable[[str], tuple[str, str]],
    charset: Charset,
    *,
    cursor: Cell | None = None,
    shapes: bool = True,
) -> list[Line]:
    """Return the lines of a map.

    Parameters
    ----------
    raster : Raster
        What to draw.
    look : callable
        ``kind -> (character, role)``; an empty character draws dots as small as there are.
    cursor : pair of int
        Cell that is marked.
    shapes : bool
        Whether the characters of kinds are used; without them there are dots alone.
    """
    frame = raster.frame
    lines: list[Line] = []
    for row in range(min(frame.height, frame.high + 1)):
        cells: list[tuple[str, str]] = [(" ", "")] * frame.width
        for column in range(frame.left, min(frame.width, frame.left + frame.across)):
            cells[column] = _cell(raster, (column, row), look, charset, shapes=shapes)
        for (start, at), text in raster.labels.items():
            if at == row:
                for offset, char in enumerate(text):
                    if 0 <= start + offset < frame.width:
                        cells[start + offset] = (char, "dim")
        if cursor is not None and cursor[1] == row and 0 <= cursor[0] < frame.width:
            char, role = cells[cursor[0]]
            cells[cursor[0]] = (char if char.strip() else "+", f"{role or 'strong'}+cursor")
        lines.append(_runs(cells))
    return lines


def _cell(
    raster: Raster, cell: Cell, look: Callable[[str], tuple[str, str]], charset: Charset, *, shapes: bool
) -> tuple[str, str]:
    found = raster.dots.get(cell)
    if found is not None:
        char, role = look(found[1])
        plane, crowded = raster.plane.get(cell, 0), len(raster.dots) > _CROWDED
        # The Galactic plane stays to be seen in a sky that is full, and hides nothing that is not good.
        if plane and (not char or (crowded and cell[0] % 2 and role not in ("warn", "bad"))):
            return ("~" if charset.ascii else _char(plane | found[0], charset)), "band"
        return (char if shapes and char else _char(found[0], charset)), role
    if cell in raster.outlines:
        bits, kind = raster.outlines[cell]
        return ("#" if charset.ascii else _char(bits, charset)), look(kind)[1]
    if cell in raster.plane:
        return ("~" if charset.ascii else _char(raster.plane[cell], charset)), "band"
    if cell in raster.grid:
        return ("." if charset.ascii else _char(raster.grid[cell], charset)), "rule"
    return " ", ""


def _runs(cells: Sequence[tuple[str, str]]) -> Line:
    runs: list[tuple[str, str]] = []
    for char, role in cells:
        if runs and runs[-1][1] == role:
            runs[-1] = (runs[-1][0] + char, role)
        else:
            runs.append((char, role))
    return tuple(runs)
