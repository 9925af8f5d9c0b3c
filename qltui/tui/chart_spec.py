"""What a chart shows, as plain data: series, ranges of values, limits, axes, legend, cursor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["ChartSpec", "LegendEntry", "Limit", "Point", "Series", "Span", "finite"]

Point = tuple[float, float]
"""Abscissa and ordinate."""

Span = tuple[float, float, float]
"""Abscissa, lowest and highest ordinate: what a bin of many values holds."""


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one role, joined by a line or not; later series are drawn over earlier ones.

    `marker` is one character that each point is drawn as; without it points are as small as the charset allows.
    `spans` are drawn as upright bars, below all points.
    """

    points: tuple[Point, ...]
    role: str
    joined: bool = False
    marker: str = ""
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound as it held at each time, drawn as a broken line with a name at its right end."""

    points: tuple[Point, ...]
    name: str
    role: str = "band"
    char: str = "╴"


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """What a mark means; one that is switched off is named, but dim and without its mark's role."""

    mark: str
    name: str
    role: str
    is_on: bool = True


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """Everything that a chart shows.

    Attributes
    ----------
    series : tuple of Series
        What is drawn.
    limits : tuple of Limit
        What it is compared with.
    x_range : pair of float
        Ends of the horizontal axis.
    x_ticks : tuple of (float, str)
        Where it is labelled.
    x_unit : str
        Written at its end.
    y_format : str
        Format specification of the values at the limits.
    y_limits : pair of float or None
        Ends of the vertical axis; None to take all points and limits in. Points beyond them are marked at the border
        by an arrow in their column, and counted.
    y_title, y_unit : str
        What is drawn and its unit, in a line above; empty for none.
    legend : tuple of LegendEntry
        Behind the title.
    cursor : pair of float or None
        A point that is marked: its column by a line, its cell reversed.
    log : bool
        Whether the vertical axis is logarithmic; what is not positive cannot be drawn and is counted below.
    """

    series: tuple[Series, ...]
    limits: tuple[Limit, ...]
    x_range: tuple[float, float]
    x_ticks: tuple[tuple[float, str], ...] = ()
    x_unit: str = ""
    y_format: str = "g"
    y_limits: tuple[float, float] | None = None
    y_title: str = ""
    y_unit: str = ""
    legend: tuple[LegendEntry, ...] = ()
    cursor: Point | None = None
    log: bool = False


def finite(points: Sequence[Point]) -> list[Point]:
    """Return the points that can be drawn: plotext fails on infinities and on None."""
    return [(x, y) for x, y in points if x is not None and y is not None and math.isfinite(x) and math.isfinite(y)]
