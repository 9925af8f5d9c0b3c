"""Trends: from a choice to values, or to bins where there are too many of them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from qltui.instruments.base import Instrument
from qltui.store.series import Scope, SeriesKey, TraceBin, TracePoint, Track
from qltui.tables.trend_choice import TIME, Quantity, TrendChoice, find_quantity

if TYPE_CHECKING:
    from qltui.store.reader import Reader

__all__ = ["DAY", "MOST_POINTS", "Trend", "quotient", "read_trend"]

DAY: Final = 86400.0
"""[s]"""
MOST_POINTS: Final = 5000
"""More values than these are shown as bins: they are more than the cells of a large terminal."""


def quotient(above: str, below: str) -> str:
    """Return the unit of one thing divided by another, ``"e-/A/d"``; what is a pure number divides without a trace."""
    if below in ("", "1"):
        return above
    return f"{above or '1'}/({below})" if "/" in below else f"{above or '1'}/{below}"


@dataclass(frozen=True, slots=True)
class Trend:
    """What was found.

    Attributes
    ----------
    choice : TrendChoice
        What was asked for, with the quantity that was taken where none was named.
    y, over, x : Quantity or None
        What is drawn; `x` is None for time.
    tracks : tuple of Track
        Cameras and elements.
    points : tuple of TracePoint
        All values, in the order of time, where there are not too many of them.
    bins : tuple of TraceBin
        What stands for them where there are.
    width : float
        Of a bin, in the unit of the abscissa.
    span : pair of float or None
        Ends of the abscissas without a window; None where there is nothing.
    known : mapping
        What the record has series of.
    nights : pair of int or None
        Oldest and newest night of the record.
    obstypes, programs : tuple of str
        Those of the record.
    fault : str
        Why nothing is shown.
    too_many : bool
        Whether that is because single values were wanted of too many.
    """

    choice: TrendChoice
    y: Quantity | None = None
    over: Quantity | None = None
    x: Quantity | None = None
    tracks: tuple[Track, ...] = ()
    points: tuple[TracePoint, ...] = ()
    bins: tuple[TraceBin, ...] = ()
    width: float = 0.0
    span: tuple[float, float] | None = None
    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nights: tuple[int, int] | None = None
    obstypes: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    fault: str = ""
    too_many: bool = False

    @property
    def unit(self) -> str:
        """Unit of the ordinate; of a ratio the quotient of both."""
        if self.y is None:
            return ""
        if self.over is None or not self.over.unit:
            return self.y.unit
        return "" if self.y.unit == self.over.unit else quotient(self.y.unit, self.over.unit)

    @property
    def title(self) -> str:
        """Name of what is drawn, ``"NOISE_AMP / EXPTIME"``."""
        if self.y is None:
            return "Trend"
        return f"{self.y.name} / {self.over.name}" if self.over is not None else self.y.name

    @property
    def format(self) -> str:
        """Format specification of the ordinate."""
        return ".4g" if self.y is None or self.over is not None else self.y.format

    @property
    def x_unit(self) -> str:
        """Unit of the abscissa; empty for time."""
        return self.x.unit if self.x is not None else ""


# -- reading -------------------------------------------------------------------------------------------------------


def read_trend(
    reader: Reader, choice: TrendChoice, instrument: Instrument, *, bins: int = 150, most: int | None = MOST_POINTS
) -> Trend:
    """Return what a choice shows.

    Parameters
    ----------
    bins : int
        Into how many pieces a long span is divided; 0 to refuse it, so that `Trend.fault` says how many are too many.
    most : int or None
        More values than these are divided; None for single values however many there are.
    """
    from qltui.store import series, traces

    with reader.reading():
        known = reader.ask(series.available, instrument.name)
        nights = reader.nights(instrument.name)
        obstypes, programs = reader.ask(series.kinds, instrument.name)
        ends = (nights[-1], nights[0]) if nights else None
        choice = replace(choice, programs=_as_written(choice.programs, programs))
        empty = Trend(choice, known=known, nights=ends, obstypes=obstypes, programs=programs)
        try:
            found = _quantities(empty, instrument)
            found = replace(found, tracks=_tracks(reader, found, instrument.name, series))
        except ValueError as error:
            return replace(empty, fault=str(error))
        scope = _scope(found)
        times = reader.ask(traces.time_span, found.tracks, scope) if found.tracks else None
        if times is None:
            return replace(found, fault=f"no values of {found.title} in {_kind_words(found)}")
        return _read_values(reader, found, scope, times, bins, most, traces)


def _quantities(trend: Trend, instrument: Instrument) -> Trend:
    """Return the trend with the quantities that are meant; without a name the first metric that has values."""
    choice, known = trend.choice, trend.known
    if not known:
        msg = "no values in the record yet"
        raise ValueError(msg)
    names = [metric.name for metric in instrument.metrics if metric.name in known and metric.unit]
    name = choice.y or next(iter(names), next(iter(known)))
    y = find_quantity(instrument, known, name)
    over = find_quantity(instrument, known, choice.over) if choice.over else None
    x = find_quantity(instrument, known, choice.x) if choice.x != TIME else None
    return replace(trend, choice=replace(choice, y=y.key), y=y, over=over, x=x)


def _tracks(reader: Reader, trend: Trend, instrument: str, series: Any) -> tuple[Track, ...]:
    choice = trend.choice

    def keys(quantity: Quantity | None, *, ordinate: bool = False) -> tuple[SeriesKey, ...] | None:
        if quantity is None:
            return None
        wanted = (quantity.element,) if quantity.element else choice.elements if ordinate else ()
        found = [
            key
            for key in reader.ask(series.series_of, instrument, quantity.metric)
            if not key.camera or not choice.cameras or key.camera in choice.cameras
        ]
        # Elements of another metric than this one are no choice.
        kept = [key for key in found if key.element in wanted]
        return tuple(kept or ([] if quantity.element else found)) if wanted else tuple(found)

    return tuple(series.pair_tracks(keys(trend.y, ordinate=True) or (), keys(trend.x), keys(trend.over)))


def _as_written(names: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return names as the record writes them, whatever case they were typed in; unknown ones as they are."""
    folded = {name.casefold(): name for name in known}
    return tuple(name if name in known else folded.get(name.casefold(), name) for name in names)


def _scope(trend: Trend) -> Scope:
    choice = trend.choice
    nights = choice.nights
    if nights is None and choice.recent and trend.nights is not None:
        nights = (_days_before(trend.nights[1], choice.recent - 1), trend.nights[1])
    return Scope(nights, obstypes=choice.obstypes, programs=choice.programs)


def _days_before(night: int, days: int) -> int:
    """Return the night so many days before another."""
    try:
        day = dt.date(night // 10000, night // 100 % 100, night % 100) - dt.timedelta(days=days)
    except (ValueError, OverflowError):
        return 0
    return day.year * 10000 + day.month * 100 + day.day


def _kind_words(trend: Trend) -> str:
    choice, scope = trend.choice, _scope(trend)
    nights = "all nights" if scope.nights is None else f"the nights {scope.nights[0]} to {scope.nights[1]}"
    return ", ".join((nights, *choice.obstypes, *choice.programs))


def _read_values(
    reader: Reader,
    trend: Trend,
    scope: Scope,
    times: tuple[float, float],
    bins: int,
    most: int | None,
    traces: Any,
) -> Trend:
    """Return the trend with single values or bins, and with the span of its abscissa."""
    tracks, window = trend.tracks, trend.choice.window
    scope = replace(scope, since=times[0], until=math.nextafter(times[1], math.inf))
    span: tuple[float, float] | None = times
    if trend.x is not None:
        span = reader.ask(traces.value_range, {track.x for track in tracks}, scope)
    if span is None:
        return replace(trend, fault=f"no values of {trend.x.name if trend.x is not None else ''} to draw it against")
    shown = span
    if window is not None and window[0] < window[1]:
        shown = window
        if trend.x is None:
            since, until = max(scope.since, window[0]), min(scope.until, math.nextafter(window[1], math.inf))
            scope = replace(scope, since=since, until=until)
        else:
            scope = replace(scope, x_range=window)
    trend = replace(trend, span=span)
    if most is None or reader.ask(traces.count_values, tracks, scope, most) <= most:
        return replace(trend, points=tuple(reader.ask(traces.trace_points, tracks, scope)))
    if not bins:
        msg = f"more than {most:,} values of {trend.title} in {_kind_words(trend)}"
        return replace(trend, fault=msg, too_many=True)
    low, high = max(shown[0], span[0]), min(shown[1], span[1])
    edges = [low + (high - low) * index / bins for index in range(bins)] + [math.nextafter(high, math.inf)]
    first = reader.ask(traces.trace_points, tracks[:1], scope, 1)
    origin = (low if trend.x is None else 0.0, first[0].value if first and math.isfinite(first[0].value) else 0.0)
    options = {"origin": origin, "unit": DAY if trend.x is None else 1.0}
    by_program = trend.choice.colour == "program"
    found = reader.ask(traces.trace_bins, tracks, scope, edges, by_program=by_program, **options)
    return replace(trend, bins=tuple(found), width=(high - low) / bins)
