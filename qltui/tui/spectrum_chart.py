"""Spectra as a chart: which points, in which range, with which lines marked. Data in, data out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from qltui.tui.chart_spec import ChartSpec, LegendEntry, Point, Series
from qltui.tui.charts import nice_step

if TYPE_CHECKING:
    from qltui.instruments.fiber_view import MarkedLine
    from qltui.tables.spectra import Spectrum

__all__ = ["Y_RANGES", "SpectrumLook", "full_range", "lines_in", "spectrum_spec", "zoomed"]

Y_RANGES: Final = ("all", "99 %", "95 %")
"""How much of the values the vertical axis takes in."""

_ROLES: Final = ("trend", "active", "odd", "key", "strong", "warn", "dim", "mark")
_MARKS: Final = "12345678"
_LABELS: Final = 12
"""A digit on each curve about every so many parts of the axis."""
_LEAST_RANGE: Final = 20.0
"""Of the axis [Angstrom]."""


@dataclass(frozen=True, slots=True)
class SpectrumLook:
    """What of the spectra is seen: arm (empty: all), range [Angstrom] (None: all), values, lines of sky or lamps."""

    arm: str = ""
    x_range: tuple[float, float] | None = None
    y_range: str = Y_RANGES[0]
    lines: bool = True


def full_range(spectra: Sequence[Spectrum]) -> tuple[float, float] | None:
    """Return the first and the last wavelength; None where there is none."""
    values = [value for item in spectra for value in item.wavelength.tolist() if math.isfinite(value)]
    return (min(values), max(values)) if values and max(values) > min(values) else None


def zoomed(look: SpectrumLook, spectra: Sequence[Spectrum], factor: float, shift: float = 0.0) -> SpectrumLook:
    """Return the look with its range `factor` times as wide, and moved by a part of its width, inside the data."""
    whole = full_range(spectra)
    if whole is None:
        return look
    low, high = look.x_range or whole
    width = min(max((high - low) * factor, _LEAST_RANGE), whole[1] - whole[0])
    middle = (low + high) / 2 + shift * width
    start = min(max(middle - width / 2, whole[0]), whole[1] - width)
    seen = (start, start + width)
    return replace(look, x_range=None if width >= whole[1] - whole[0] else seen)


def lines_in(lines: Sequence[MarkedLine], x_range: tuple[float, float], most: int) -> list[MarkedLine]:
    """Return at most `most` of the strongest lines in a range, in the order of wavelength."""
    inside = [line for line in lines if x_range[0] <= line.wavelength <= x_range[1]]
    return sorted(sorted(inside, key=lambda line: -line.strength)[:most])


def _points(item: Spectrum, x_range: tuple[float, float]) -> tuple[Point, ...]:
    pairs = zip(item.wavelength.tolist(), item.flux.tolist(), strict=True)
    return tuple((x, y) for x, y in pairs if x_range[0] <= x <= x_range[1] and math.isfinite(y))


def _y_limits(points: Sequence[Point], part: str) -> tuple[float, float] | None:
    values = sorted(y for _, y in points)
    if part == Y_RANGES[0] or not values:
        return None
    outside = (1.0 - float(part.removesuffix("%")) / 100.0) / 2
    last = len(values) - 1
    low, high = values[round(outside * last)], values[round((1.0 - outside) * last)]
    margin = (high - low) * 0.05 or abs(high) * 0.1 or 1.0
    return low - margin, high + margin


def spectrum_spec(
    spectra: Sequence[Spectrum], look: SpectrumLook, lines: Sequence[MarkedLine], columns: int = 140
) -> ChartSpec | None:
    """Return the chart of some spectra; None where there is nothing to draw.

    Fibres differ by role and, where there are several, by a digit on their curve; what is masked is marked below.

    Parameters
    ----------
    spectra : sequence of Spectrum
        The first fibre is drawn over the others.
    look : SpectrumLook
        What of them is seen.
    lines : sequence of MarkedLine
        The strongest of them in the range are marked.
    columns : int
        Points that the chart can tell apart along its axis.
    """
    spectra = [item for item in spectra if not look.arm or item.arm == look.arm]
    x_range = look.x_range or full_range(spectra)
    if x_range is None:
        return None
    drawn = [(item, _points(item, x_range)) for item in spectra]
    every = [point for _, points in drawn for point in points]
    limits = _y_limits(every, look.y_range)
    low, high = limits or ((min(y for _, y in every), max(y for _, y in every)) if every else (0.0, 1.0))
    marked = lines_in(lines, x_range, max(4, columns // 14)) if look.lines else []
    series = [Series((), "band", spans=tuple((line.wavelength, low, high) for line in marked))] if marked else []
    numbers = list(dict.fromkeys(item.fiber for item in spectra))
    legend = [LegendEntry("┊", "known lines", "band")] if marked else []
    for item, points in reversed(drawn):
        place = numbers.index(item.fiber)
        role = _ROLES[place % len(_ROLES)]
        series.append(_curve(points, role, x_range, columns))
    for place, number in enumerate(numbers if len(numbers) > 1 else ()):
        points = tuple(point for item, points in drawn if item.fiber == number for point in points)
        series.append(Series(_labels(points, x_range, place), _ROLES[place % 8], marker=_MARKS[place % 8]))
    masked = tuple((x, low) for item in spectra for x in item.masked.tolist() if x_range[0] <= x <= x_range[1])
    if masked:
        series.append(Series(masked, "odd", marker="x"))
        legend.append(LegendEntry("x", f"{len(masked)} bins masked", "odd"))
    names = [
        LegendEntry(_MARKS[i % 8] if len(numbers) > 1 else "━", f"fibre {n}", _ROLES[i % 8])
        for i, n in enumerate(numbers)
    ]
    words = ", ".join(dict.fromkeys(item.words for item in spectra))
    return ChartSpec(
        tuple(series),
        (),
        x_range,
        _ticks(x_range),
        "Angstrom",
        y_limits=limits,
        y_title=f"flux, {words}" if words else "flux",
        y_unit=spectra[0].unit if spectra else "",
        legend=(*names, *legend),
    )


def _curve(points: tuple[Point, ...], role: str, x_range: tuple[float, float], columns: int) -> Series:
    """Return a curve: joined points, or where there are more than columns, from lowest to highest in each of these.

    Bars that do not meet their neighbour are drawn out to it, so that a curve stays one.
    """
    if len(points) <= columns:
        return Series(points, role, joined=True)
    width = (x_range[1] - x_range[0]) / columns
    ends: dict[int, tuple[float, float]] = {}
    for x, y in points:
        column = int((x - x_range[0]) / width)
        low, high = ends.get(column, (y, y))
        ends[column] = (min(low, y), max(high, y))
    spans = []
    before: tuple[float, float] | None = None
    for column, (low, high) in sorted(ends.items()):
        reach = before or (low, high)
        spans.append((x_range[0] + (column + 0.5) * width, min(low, reach[1]), max(high, reach[0])))
        before = (low, high)
    return Series((), role, spans=tuple(spans))


def _labels(points: tuple[Point, ...], x_range: tuple[float, float], place: int) -> tuple[Point, ...]:
    """Return points at which a digit says whose curve this is; those of different fibres do not hide each other."""
    step = (x_range[1] - x_range[0]) / _LABELS
    found: dict[int, Point] = {}
    for x, y in points:
        found.setdefault(int((x - x_range[0]) / step - place / len(_MARKS)), (x, y))
    return tuple(found.values())


def _ticks(x_range: tuple[float, float]) -> tuple[tuple[float, str], ...]:
    step = nice_step(x_range[1] - x_range[0], 6)
    first = math.ceil(x_range[0] / step) * step
    values = [first + index * step for index in range(int((x_range[1] - first) / step + 1e-9) + 1)]
    return tuple((value, f"{value:g}") for value in values)
