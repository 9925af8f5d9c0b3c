"""Axes of charts: ranges, round steps, labels; linear, logarithmic, and of time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from qltui.tui.chart_spec import ChartSpec, Point, Series, finite

__all__ = ["log_labels", "log_spec", "nice_step", "number_ticks", "short_format", "time_ticks", "y_labels", "y_range"]

_STEPS: Final = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600)
"""Of the clock [s]."""
_DAYS: Final = (1, 2, 4, 7, 14, 28, 56, 91, 182, 365, 730, 1825, 3650)
"""Of the calendar [d]."""


def nice_step(extent: float, count: int) -> float:
    """Return the smallest of 1, 2, 2.5, 5 times a power of ten that divides `extent` into at most `count` parts."""
    if not math.isfinite(extent) or extent <= 0 or count <= 0:
        return 1.0
    raw = extent / count
    power = 10.0 ** math.floor(math.log10(raw))
    return next((factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= raw * (1 - 1e-9)), raw)


def y_range(spec: ChartSpec) -> tuple[float, float]:
    """Return the vertical range: as it was chosen, or all points, and the limits, with a little air."""
    if spec.y_limits is not None and all(map(math.isfinite, spec.y_limits)) and spec.y_limits[0] < spec.y_limits[1]:
        return spec.y_limits
    values = [y for series in spec.series for _, y in finite(series.points)]
    values += [y for series in spec.series for _, *ends in series.spans for y in ends if math.isfinite(y)]
    values += [y for limit in spec.limits for _, y in finite(limit.points)]
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    margin = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return low - margin, high + margin


# -- ticks ---------------------------------------------------------------------------------------------------------


def time_ticks(
    start: float, end: float, count: int, label: Callable[[float, bool], str]
) -> tuple[tuple[float, str], ...]:
    """Return ticks at round times between two moments [s]; `label` gets the time and whether seconds matter."""
    steps = (*_STEPS, *(86400 * days for days in _DAYS))
    extent = end - start
    step = next((value for value in steps if extent / value <= max(1, count)), steps[-1])
    first = math.ceil(start / step) * step
    ticks = []
    while first <= end and len(ticks) < 100:
        ticks.append((float(first), label(first, step < 60)))
        first += step
    return tuple(ticks)


def number_ticks(low: float, high: float, count: int) -> tuple[tuple[float, str], ...]:
    """Return about `count` ticks at round numbers between two."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return ()
    step = nice_step(high - low, max(1, count))
    decimals = _decimals(step)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return tuple((index * step, _short(index * step, decimals)) for index in range(first, min(last, first + 99) + 1))


# -- labels --------------------------------------------------------------------------------------------------------


def row_of(value: float, limits: tuple[float, float], height: int) -> int:
    """Return the row of a value; what is beyond the range is in the first or the last row."""
    low, high = limits
    place = (high - value) / (high - low) * height
    return min(height - 1, max(0, int(min(max(place, -1.0), height + 1.0))))


def y_labels(limits: tuple[float, float], height: int, marked: Mapping[int, str]) -> dict[int, str]:
    """Return labels by row: the values in `marked`, and round ones where these leave room."""
    low, high = limits
    step = nice_step(high - low, max(2, height // 2))
    decimals = _decimals(step)
    labels = dict(marked)
    first, last = math.ceil(low / step), math.floor(high / step + 1e-9)
    for index in range(first, min(last, first + 200) + 1):
        row = row_of(index * step, limits, height)
        if all(abs(row - taken) > 1 for taken in labels):
            labels[row] = _short(index * step, decimals)
    return labels


def log_labels(limits: tuple[float, float], height: int, marked: Mapping[int, str]) -> dict[int, str]:
    """Return labels by row of an axis in powers of ten: decades first, then 2 and 5 times these."""
    low, high = limits
    labels = dict(marked)
    decades = range(math.floor(low), min(math.ceil(high), math.floor(low) + 60) + 1)
    for factor in (1.0, 2.0, 5.0):
        for decade in decades:
            value = decade + math.log10(factor)
            row = row_of(value, limits, height)
            if low <= value <= high and all(abs(row - taken) > 1 for taken in labels):
                labels[row] = f"{factor * 10.0**decade:.6g}" if -5 < decade < 6 else f"{factor:g}e{decade}"
    return labels


def _decimals(step: float) -> int:
    """Return how many decimals a step needs; 2.5 times a power of ten one more than others."""
    mantissa = step / 10.0 ** math.floor(math.log10(step) + 1e-9)
    return max(0, -math.floor(math.log10(step) + 1e-9) + (1 if abs(mantissa - 2.5) < 1e-6 else 0))


def short_format(value: float, form: str) -> str:
    """Return a value in at most nine characters."""
    text = format(value, form)
    text = text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
    return text if len(text) <= 9 else f"{value:.3g}"


def _short(value: float, decimals: int) -> str:
    text = f"{value + 0.0:.{min(decimals, 6)}f}"
    return text if len(text) <= 8 else f"{value:.3g}"


# -- logarithms ----------------------------------------------------------------------------------------------------


def _log(value: float) -> float:
    return math.log10(value) if value > 0 and math.isfinite(value) else math.nan


def _logs(points: tuple[Point, ...]) -> tuple[Point, ...]:
    return tuple((x, _log(y)) for x, y in points)


def _log_series(series: Series) -> Series:
    # A bin that reaches zero is drawn down to the floor of the chart.
    spans = tuple((x, _log(low) if low > 0 else -math.inf, _log(high)) for x, low, high in series.spans if high > 0)
    return replace(series, points=_logs(series.points), spans=spans)


def log_spec(spec: ChartSpec) -> ChartSpec:
    """Return the chart with the logarithms of its ordinates."""
    cursor = (spec.cursor[0], _log(spec.cursor[1])) if spec.cursor is not None else None
    chosen = spec.y_limits
    return replace(
        spec,
        series=tuple(_log_series(series) for series in spec.series),
        limits=tuple(replace(limit, points=_logs(limit.points)) for limit in spec.limits),
        y_limits=(_log(chosen[0]), _log(chosen[1])) if chosen is not None and 0 < chosen[0] < chosen[1] else None,
        cursor=cursor,
    )
