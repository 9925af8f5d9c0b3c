"""A straight line by least squares, and what is told of many values: median, quartiles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qltui.store.series import Moments

__all__ = ["Line", "fit_line", "moments_of", "quantile"]


@dataclass(frozen=True, slots=True)
class Line:
    """y = intercept + slope (x - x0), with standard errors; `r` is the coefficient of correlation (Pearson).

    `scatter` is the standard deviation of the residuals. Errors and scatter are NaN for fewer than three points.
    """

    x0: float
    slope: float
    slope_error: float
    intercept: float
    intercept_error: float
    r: float
    scatter: float
    count: int
    unit: float = 1.0

    def at(self, x: float) -> float:
        """Return the ordinate of the line at an abscissa."""
        return self.intercept + self.slope * (x - self.x0) / self.unit


def moments_of(pairs: Iterable[tuple[float, float]], x0: float, y0: float, unit: float = 1.0) -> Moments:
    """Return the sums over some pairs; those that are not finite are left out."""
    count, x, y, xx, xy, yy = 0, 0.0, 0.0, 0.0, 0.0, 0.0
    for raw_x, raw_y in pairs:
        if not (math.isfinite(raw_x) and math.isfinite(raw_y)):
            continue
        dx, dy = (raw_x - x0) / unit, raw_y - y0
        count += 1
        x, y, xx, xy, yy = x + dx, y + dy, xx + dx * dx, xy + dx * dy, yy + dy * dy
    return Moments(count, x, y, xx, xy, yy, x0, y0)


def fit_line(sums: Moments, unit: float = 1.0) -> Line | None:
    """Return the line of least squares through what was summed; None for fewer than two abscissas.

    Standard formulas of ordinary least squares with equal weights: slope Sxy/Sxx, variance of the residuals
    (Syy - slope Sxy)/(n - 2), variance of the slope s^2/Sxx and of the intercept s^2 (1/n + mean(x)^2/Sxx).

    Parameters
    ----------
    unit : float
        Of the abscissas in `sums`, in the unit of the axis: 86400 where a slope per day is wanted of seconds.
    """
    n = sums.count
    if n < 2:
        return None
    mean_x, mean_y = sums.x / n, sums.y / n
    sxx = sums.xx - n * mean_x * mean_x
    sxy = sums.xy - n * mean_x * mean_y
    syy = max(0.0, sums.yy - n * mean_y * mean_y)
    if not sxx > 1e-12 * max(sums.xx, 1e-300):
        return None
    slope = sxy / sxx
    residual = max(0.0, syy - slope * sxy)
    variance = residual / (n - 2) if n > 2 else math.nan
    intercept = mean_y - slope * mean_x
    r = sxy / math.sqrt(sxx * syy) if syy > 0 else math.nan
    errors = math.sqrt(variance / sxx), math.sqrt(variance * (1 / n + mean_x * mean_x / sxx))
    r = max(-1.0, min(1.0, r))
    return Line(sums.x0, slope, errors[0], intercept + sums.y0, errors[1], r, math.sqrt(variance), n, unit)


def quantile(ordered: Sequence[float], fraction: float) -> float:
    """Return a quantile of values in ascending order, with linear interpolation; NaN where there are none."""
    if not ordered:
        return math.nan
    place = fraction * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
