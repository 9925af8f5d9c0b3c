"""Pictures in characters: arrays in, lines with roles out. A cell shows two pixels of the picture, one above the other.

numpy is loaded by whoever brings an array; nothing here is needed before there is one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from qltui.tui.text import Line, joined
from qltui.tui.themes import RAMP

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatImage = npt.NDArray[np.floating]
    Levels = npt.NDArray[np.int_]
    Bits = npt.NDArray[np.uint8]

__all__ = [
    "CUTS",
    "SHAPES",
    "STRETCHES",
    "Glyph",
    "Window",
    "cell_lines",
    "cut_range",
    "filled",
    "fitted",
    "levels",
    "shrink",
    "shrink_bits",
]

CUTS: Final = ("zscale", "99.5 %", "98 %", "min-max")
"""Ways to choose the values that become black and white."""

STRETCHES: Final = ("linear", "asinh", "log")
"""Ways between these."""

SHAPES: Final = {"utf-8": " ░▒▓█", "ascii": " .:-=+*#%@"}
"""Characters from dark to bright, where there are no colours."""

_SAMPLE: Final = 4000
_CONTRAST: Final = 0.25
_REJECTED: Final = 2.5
_ROUNDS: Final = 5
_BENDING: Final = {"asinh": 10.0, "log": 1000.0}
_DARKEST_BEHIND_GLYPH: Final = 4


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of an array is seen, in its own pixels, and in how many pixels of the screen (two to a cell).

    The part may be larger than the array: what is outside stays empty.
    """

    y0: float
    x0: float
    scale: float
    rows: int
    columns: int

    def pixel_at(self, row: int, column: int) -> tuple[float, float]:
        """Return where the middle of a pixel of the screen lies in the array, rows counted from the top."""
        return self.y0 + (self.rows - row - 0.5) * self.scale, self.x0 + (column + 0.5) * self.scale

    def screen_at(self, y: float, x: float) -> tuple[int, int]:
        """Return the pixel of the screen that shows a place of the array."""
        row = self.rows - 1 - math.floor((y - self.y0) / self.scale)
        return row, math.floor((x - self.x0) / self.scale)


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character drawn over the picture, and its role."""

    char: str
    role: str


def fitted(
    shape: tuple[int, int], width: int, height: int, *, zoom: float = 1.0, at: tuple[float, float] | None = None
) -> Window:
    """Return the window of `width` x `height` cells that shows an array whole, or `zoom` times larger around a place.

    Pixels stay square.
    """
    rows, columns = 2 * height, width
    scale = max(shape[0] / rows, shape[1] / columns) / zoom
    place = []
    for length, count, centre in ((shape[0], rows, at and at[0]), (shape[1], columns, at and at[1])):
        seen = count * scale
        if centre is None or seen >= length:
            place.append((length - seen) / 2)
        else:
            place.append(min(max(centre - seen / 2, 0.0), length - seen))
    return Window(place[0], place[1], scale, rows, columns)


def shrink(values: FloatImage, window: Window) -> FloatImage:
    """Return what each pixel of the screen shows, first row on top: the mean of what lies in it, NaN outside.

    Parameters
    ----------
    values : ndarray, shape (ny, nx)
        First row at the bottom.

    Returns
    -------
    ndarray, shape (window.rows, window.columns)
    """
    import numpy as np

    ys, y_inside = _edges(window.y0, window.scale, window.rows, values.shape[0])
    xs, x_inside = _edges(window.x0, window.scale, window.columns, values.shape[1])
    out = np.full((window.rows, window.columns), np.nan)
    if ys.size and xs.size:
        part = _means(_means(np.asarray(values, dtype=float), ys, 0), xs, 1)
        out[np.ix_(y_inside, x_inside)] = part
    return out[::-1]


def filled(values: FloatImage, rows: int, columns: int) -> FloatImage:
    """Return an array in so many rows and columns, first row on top, whatever becomes of its proportions."""
    import numpy as np

    out = np.asarray(values, dtype=float)
    for axis, count in ((0, rows), (1, columns)):
        edges, _ = _edges(0.0, out.shape[axis] / count, count, out.shape[axis])
        out = _means(out, edges, axis)
    return out[::-1]


def shrink_bits(bits: Bits, window: Window) -> Bits:
    """Return the bits that any pixel within each pixel of the screen has, first row on top; 0 outside."""
    import numpy as np

    ys, y_inside = _edges(window.y0, window.scale, window.rows, bits.shape[0])
    xs, x_inside = _edges(window.x0, window.scale, window.columns, bits.shape[1])
    out = np.zeros((window.rows, window.columns), dtype=np.uint8)
    if ys.size and xs.size:
        part = bits[: ys[-1, 1], : xs[-1, 1]]
        for axis, edges in ((0, ys), (1, xs)):
            if _is_finer(edges):
                part = np.bitwise_or.reduceat(part, edges[:, 0], axis=axis)
            else:
                part = part.take(edges[:, 0], axis=axis)
        out[np.ix_(y_inside, x_inside)] = part
    return out[::-1]


def _edges(start: float, scale: float, count: int, length: int) -> tuple[Levels, Levels]:
    """Return first and last pixel of the array for each pixel of the screen along an axis, and which have any."""
    import numpy as np

    ends = start + scale * np.arange(count + 1)
    # A pixel of the screen counts where a quarter of it lies on the array.
    inside = np.flatnonzero(np.minimum(ends[1:], length) - np.maximum(ends[:-1], 0.0) >= 0.25 * scale)
    first = np.clip(np.floor(ends[:-1] + (1e-9 if scale >= 1 else scale / 2)).astype(int), 0, length - 1)[inside]
    if not first.size:
        return np.zeros((0, 2), dtype=int), inside
    end = min(length, math.ceil(ends[inside[-1] + 1] - 1e-9))
    last = np.maximum(np.append(first[1:], end), first + 1)
    return np.stack([first, last], axis=1), inside


def _is_finer(edges: Levels) -> bool:
    return bool((edges[:, 1] - edges[:, 0] > 1).any())


def _means(values: FloatImage, edges: Levels, axis: int) -> FloatImage:
    """Return the means of pieces along an axis; where the array is coarser than the screen, its nearest pixel."""
    import numpy as np

    if not _is_finer(edges):
        return values.take(edges[:, 0], axis=axis)
    cut = values[: edges[-1, 1]] if axis == 0 else values[:, : edges[-1, 1]]
    counts = edges[:, 1] - edges[:, 0]
    return np.add.reduceat(cut, edges[:, 0], axis=axis) / (counts[:, None] if axis == 0 else counts)


# -- from values to shades -----------------------------------------------------------------------------------------


def cut_range(values: FloatImage, kind: str) -> tuple[float, float] | None:
    """Return the values that become black and white; None where nothing is finite.

    Parameters
    ----------
    values : ndarray
        Of any shape; a few thousand of them are looked at.
    kind : str
        One of `CUTS`. ``"zscale"`` is that of IRAF: a line through the sorted values, its slope over the contrast
        0.25 around the median.
    """
    import numpy as np

    sample = np.asarray(values, dtype=float).ravel()
    if kind != "min-max":
        sample = sample[:: max(1, sample.size // _SAMPLE)]
    sample = np.sort(sample[np.isfinite(sample)])
    if not sample.size:
        return None
    low, high = float(sample[0]), float(sample[-1])
    if kind == "zscale":
        low, high = _zscale(sample)
    elif kind.endswith("%"):
        outside = (100.0 - float(kind[:-1])) / 2
        low, high = (float(edge) for edge in np.percentile(sample, (outside, 100.0 - outside)))
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _zscale(sample: FloatImage) -> tuple[float, float]:
    import numpy as np

    low, high, middle = float(sample[0]), float(sample[-1]), float(np.median(sample))
    place = np.arange(sample.size) - (sample.size - 1) / 2
    keep = np.ones(sample.size, dtype=bool)
    slope = 0.0
    for _ in range(_ROUNDS):
        if keep.sum() < max(5, sample.size // 2):
            return low, high
        slope, offset = np.polyfit(place[keep], sample[keep], 1)
        away = np.abs(sample - (slope * place + offset))
        keep = away <= _REJECTED * max(float(np.std((sample - slope * place - offset)[keep])), 1e-12)
    reach = float(slope) / _CONTRAST * (sample.size - 1) / 2
    return max(low, middle - reach), min(high, middle + reach)


def levels(values: FloatImage, low: float, high: float, stretch: str = "linear", count: int = RAMP) -> Levels:
    """Return the shade of each value, 0 to `count` - 1, and -1 for what is not finite."""
    import numpy as np

    with np.errstate(invalid="ignore", over="ignore"):
        part = np.clip((values - low) / (high - low), 0.0, 1.0)
        bend = _BENDING.get(stretch, 0.0)
        if stretch == "asinh":
            part = np.arcsinh(bend * part) / math.asinh(bend)
        elif stretch == "log":
            part = np.log1p(bend * part) / math.log1p(bend)
        known = np.isfinite(part)
        return np.where(known, np.minimum((np.where(known, part, 0.0) * count).astype(int), count - 1), -1)


# -- from shades to lines ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Brush:
    shapes: str
    glyphs: Mapping[tuple[int, int], Glyph] = field(default_factory=dict)


def cell_lines(
    shades: Levels, *, coloured: bool, ascii_only: bool, glyphs: Mapping[tuple[int, int], Glyph] | None = None
) -> list[Line]:
    """Return a picture as lines.

    Parameters
    ----------
    shades : ndarray of int, shape (2 * height, width)
        0 to `RAMP` - 1 from the top; -1 is left empty.
    coloured : bool
        Whether the palette has shades: else, and where there are no half blocks, characters are dark and bright.
    ascii_only : bool
        Whether only ASCII can be shown.
    glyphs : mapping of (row, column) to Glyph
        What stands in cells instead.
    """
    upper, lower = shades[0::2], shades[1::2]
    brush = _Brush(SHAPES["ascii" if ascii_only else "utf-8"], glyphs or {})
    if coloured and not ascii_only:
        rows = (_shade_row(index, top, bottom, brush) for index, (top, bottom) in enumerate(_pairs(upper, lower)))
    else:
        rows = (_shape_row(index, top, bottom, brush) for index, (top, bottom) in enumerate(_pairs(upper, lower)))
    return [joined(row) for row in rows]


def _pairs(upper: Levels, lower: Levels) -> list[tuple[list[int], list[int]]]:
    return list(zip(upper.tolist(), lower.tolist(), strict=True))


def _shade_row(index: int, top: Sequence[int], bottom: Sequence[int], brush: _Brush) -> list[tuple[str, str]]:
    cells: list[tuple[str, str]] = []
    for column, (above, below) in enumerate(zip(top, bottom, strict=True)):
        glyph = brush.glyphs.get((index, column))
        if glyph is not None:
            behind = min(max(above, below, 0), _DARKEST_BEHIND_GLYPH)
            cells.append((glyph.char, glyph.role if "+" in glyph.role else f"pixel:{glyph.role}:{behind}"))
        elif above < 0 and below < 0:
            cells.append((" ", ""))
        elif above == below:
            cells.append((" ", f"pixel:{above}:{above}"))
        else:
            cells.append(("▀", f"pixel:{max(above, 0)}:{max(below, 0)}"))
    return cells


def _shape_row(index: int, top: Sequence[int], bottom: Sequence[int], brush: _Brush) -> list[tuple[str, str]]:
    cells: list[tuple[str, str]] = []
    for column, pair in enumerate(zip(top, bottom, strict=True)):
        glyph = brush.glyphs.get((index, column))
        known = [shade for shade in pair if shade >= 0]
        if glyph is not None:
            cells.append((glyph.char, glyph.role))
        elif not known:
            cells.append((" ", ""))
        else:
            cells.append((brush.shapes[int(sum(known) / len(known) / RAMP * len(brush.shapes))], "text"))
    return cells
