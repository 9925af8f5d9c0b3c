"""Spectra as a chart: which points, in which range, with which lines marked. Data in, data out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from qltui.tui.chart_spec import ChartSpec, LegendEntry, Point, Series
from qltui.tui.charts import nice_step

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from qltui.instruments.fiber_view import MarkedLine
    from qltui.tables.spectra import Spectrum

    FloatArray = npt.NDArray[np.float64]

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
    import numpy as np

    known = [item.wavelength[np.isfinite(item.wavelength)] for item in spectra]
    known = [values for values in known if values.size]
    if not known:
        return None
    low, high = min(float(values.min()) for values in known), max(float(values.max()) for values in known)
    return (low, high) if high > low else None


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


def _seen(item: Spectrum, x_range: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
    """Return wavelengths and fluxes in a range, without those that are not known, in the order of wavelength."""
    import numpy as np

    x, y = item.wavelength, item.flux
    keep = np.flatnonzero((x >= x_range[0]) & (x <= x_range[1]) & np.isfinite(y))
    keep = keep[np.argsort(x[keep], kind="stable")]
    return x[keep], y[keep]


def _y_limits(values: FloatArray, part: str) -> tuple[float, float] | None:
    import numpy as np

    if part == Y_RANGES[0] or not values.size:
        return None
    outside = (100.0 - float(part.removesuffix("%"))) / 2
    low, high = (float(edge) for edge in np.percentile(values, (outside, 100.0 - outside)))
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
    import numpy as np

    drawn = [(item, *_seen(item, x_range)) for item in spectra]
    every = np.concatenate([flux for _, _, flux in drawn])
    limits = _y_limits(every, look.y_range)
    low, high = limits or ((float(every.min()), float(every.max())) if every.size else (0.0, 1.0))
    marked = lines_in(lines, x_range, max(4, columns // 14)) if look.lines else []
    series = [Series((), "band", spans=tuple((line.wavelength, low, high) for line in marked))] if marked else []
    numbers = list(dict.fromkeys(item.fiber for item in spectra))
    legend = [LegendEntry("┊", "known lines", "band")] if marked else []
    for item, wavelength, flux in reversed(drawn):
        role = _ROLES[numbers.index(item.fiber) % len(_ROLES)]
        series.append(_curve(wavelength, flux, role, x_range, columns))
    for place, number in enumerate(numbers if len(numbers) > 1 else ()):
        own = [(x, y) for item, x, y in drawn if item.fiber == number]
        series.append(Series(_labels(own, x_range, place), _ROLES[place % 8], marker=_MARKS[place % 8]))
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


def _curve(wavelength: FloatArray, flux: FloatArray, role: str, x_range: tuple[float, float], columns: int) -> Series:
    """Return a curve: joined points, or where there are more than columns, from lowest to highest in each of these.

    Bars that do not meet their neighbour are drawn out to it, so that a curve stays one.
    """
    import numpy as np

    if flux.size <= columns:
        return Series(tuple(zip(wavelength.tolist(), flux.tolist(), strict=True)), role, joined=True)
    width = (x_range[1] - x_range[0]) / columns
    column = ((wavelength - x_range[0]) / width).astype(int)
    first = np.flatnonzero(np.diff(column, prepend=-1))
    low, high = np.minimum.reduceat(flux, first), np.maximum.reduceat(flux, first)
    reach_down, reach_up = np.minimum(low[1:], high[:-1]), np.maximum(high[1:], low[:-1])
    bars = zip(
        (x_range[0] + (column[first] + 0.5) * width).tolist(),
        [float(low[0]), *reach_down.tolist()],
        [float(high[0]), *reach_up.tolist()],
        strict=True,
    )
    return Series((), role, spans=tuple(bars))


def _labels(
    parts: Sequence[tuple[FloatArray, FloatArray]], x_range: tuple[float, float], place: int
) -> tuple[Point, ...]:
    """Return points at which a digit says whose curve this is; those of different fibres do not hide each other."""
    import numpy as np

    step = (x_range[1] - x_range[0]) / _LABELS
    found: dict[int, Point] = {}
    for wavelength, flux in parts:
        part = np.floor((wavelength - x_range[0]) / step - place / len(_MARKS)).astype(int)
        for index in np.flatnonzero(np.diff(part, prepend=-(10**6))).tolist():
            found.setdefault(int(part[index]), (float(wavelength[index]), float(flux[index])))
    return tuple(found.values())


def _ticks(x_range: tuple[float, float]) -> tuple[tuple[float, str], ...]:
    step = nice_step(x_range[1] - x_range[0], 6)
    first = math.ceil(x_range[0] / step) * step
    values = [first + index * step for index in range(int((x_range[1] - first) / step + 1e-9) + 1)]
    return tuple((value, f"{value:g}") for value in values)
