"""Rows at their place on the sky or on the focal plane, drawn by how far their value is from its reference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from qltui.instruments.base import Picture
from qltui.tui.pictures.canvas import Canvas
from qltui.tui.pictures.points import Points
from qltui.tui.pictures.shades import NO_VALUE, Scale, shade_of
from qltui.tui.symbols import Charset
from qltui.tui.text import Line

__all__ = ["Frame", "fit_frame", "place_lines"]

_TALL: Final = 2.0
"""Height of a cell of a terminal over its width."""
_LEFT: Final = 8
_BAD: Final = ("✖", "x", "bad")
_GOOD: Final = ("·", ".", "text")


@dataclass(frozen=True, slots=True)
class Frame:
    """Which coordinates a rectangle of cells shows, the same length along both axes."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float
    width: int
    height: int
    x_reversed: bool

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """Return column and row of a place; y grows upwards."""
        across = (x - self.x_low) / (self.x_high - self.x_low)
        if self.x_reversed:
            across = 1.0 - across
        up = (y - self.y_low) / (self.y_high - self.y_low)
        column = min(self.width - 1, max(0, int(across * self.width)))
        return column, self.height - 1 - min(self.height - 1, max(0, int(up * self.height)))


def fit_frame(
    x: Sequence[float], y: Sequence[float], width: int, height: int, *, x_reversed: bool, on_sphere: bool
) -> Frame | None:
    """Return the frame of all finite places; None where there is none.

    Parameters
    ----------
    x, y : sequence of float
        Coordinates; on a sphere [deg], where a step in x is shorter by the cosine of y.
    width, height : int
        Room [cells].
    """
    known = [(a, b) for a, b in zip(x, y, strict=True) if math.isfinite(a) and math.isfinite(b)]
    if not known or width < 4 or height < 2:
        return None
    xs, ys = [a for a, _ in known], [b for _, b in known]
    middle_x, middle_y = 0.5 * (min(xs) + max(xs)), 0.5 * (min(ys) + max(ys))
    shrink = max(0.05, math.cos(math.radians(min(89.0, abs(middle_y))))) if on_sphere else 1.0
    half_x = (max(xs) - min(xs)) * shrink / 2.0
    half_y = (max(ys) - min(ys)) / 2.0
    # Units in a cell's width: as many as the tighter of the two axes needs.
    unit = max(half_x / (width / 2.0), half_y / (height / 2.0 * _TALL)) * 1.02
    if not (unit > 0 and math.isfinite(unit)):
        unit = 1.0 / width
    wide, high = unit * width / 2.0 / shrink, unit * height / 2.0 * _TALL
    return Frame(middle_x - wide, middle_x + wide, middle_y - high, middle_y + high, width, height, x_reversed)


def unwrapped(x: Sequence[float]) -> tuple[float, ...]:
    """Return right ascensions [deg] without the jump at 360: a field across it is one field."""
    known = [value for value in x if math.isfinite(value)]
    if not known or max(known) - min(known) < 180.0:
        return tuple(x)
    return tuple(value - 360.0 if value > 180.0 else value for value in x)


def place_lines(
    points: Points,
    picture: Picture,
    scale: Scale | None,
    charset: Charset,
    width: int,
    height: int,
) -> list[Line]:
    """Return the rows at their places, with axes; where several fall into a cell, the farthest out is seen.

    Rows with a flag are drawn good or bad by it, and not by their value.
    """
    inner, high = width - _LEFT - 1, height - 2
    on_sky = picture.x_reversed
    x = unwrapped(points.x) if on_sky else points.x
    frame = fit_frame(x, points.y, inner, high, x_reversed=picture.x_reversed, on_sphere=on_sky)
    if frame is None:
        words = "no row has a place" if inner >= 4 and high >= 2 else ""
        return [((f" {words}", "dim"),)] if words else []
    canvas = Canvas(width, height)
    best: dict[tuple[int, int], int] = {}
    for index, place in enumerate(zip(x, points.y, strict=True)):
        if not all(map(math.isfinite, place)):
            continue
        cell = frame.cell(*place)
        char, role, urgency = _drawn(points, index, scale, charset)
        if urgency >= best.get(cell, -2):
            best[cell] = urgency
            canvas.put(_LEFT + cell[0], cell[1], char, role)
    _put_axes(canvas, frame, picture, inner, high)
    return canvas.lines()


def _drawn(points: Points, index: int, scale: Scale | None, charset: Charset) -> tuple[str, str, int]:
    """Return character, role, and how urgently a row wants to be seen."""
    if points.good:
        shape, letter, role = _GOOD if points.good[index] else _BAD
        return letter if charset.ascii else shape, role, 0 if points.good[index] else 9
    shade, role, far = shade_of(scale, points.values[index])
    return shade.char(charset), role, far


def flag_lines(points: Points, charset: Charset) -> list[Line]:
    """Return what the two shapes of flagged rows mean, with their numbers."""
    bad = sum(not good for good in points.good)
    pick = 1 if charset.ascii else 0
    return [
        (
            (f" {_GOOD[pick]} ", _GOOD[2]),
            (f"{len(points) - bad} good", "dim"),
            (f"   {_BAD[pick]} ", _BAD[2]),
            (f"{bad} not good", "dim"),
        )
    ]


def no_value_char(charset: Charset) -> str:
    """Return the character of a row without value."""
    return NO_VALUE.char(charset)


def _put_axes(canvas: Canvas, frame: Frame, picture: Picture, inner: int, high: int) -> None:
    decimals = 0 if frame.y_high - frame.y_low > 20 else 1 if frame.y_high - frame.y_low > 2 else 3
    for row in range(high):
        canvas.put(_LEFT - 1, row, "│", "rule")
    canvas.put(_LEFT - 1, high, "└" + "─" * inner, "rule")
    canvas.put(0, 0, f"{frame.y_high:>{_LEFT - 2}.{decimals}f}", "dim")
    canvas.put(0, high - 1, f"{frame.y_low:>{_LEFT - 2}.{decimals}f}", "dim")
    if high > 4:
        canvas.put(0, high // 2 - 1, f"{picture.y_title:>{_LEFT - 2}}", "dim")
        canvas.put(0, high // 2, f"{picture.y_unit:>{_LEFT - 2}}", "dim")
    left, right = (frame.x_high, frame.x_low) if frame.x_reversed else (frame.x_low, frame.x_high)
    ends = [f"{value % 360.0 if picture.x_reversed else value:.{decimals}f}" for value in (left, right)]
    title = f"{picture.x_title} [{picture.x_unit}]" if picture.x_unit else picture.x_title
    canvas.put(_LEFT - 1, high + 1, ends[0], "dim")
    canvas.put(_LEFT + inner - len(ends[1]), high + 1, ends[1], "dim")
    canvas.put(_LEFT + (inner - len(title)) // 2, high + 1, title, "dim")
