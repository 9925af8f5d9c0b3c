"""Which series there are, and what of them is drawn together: an ordinate, what it is divided by and drawn against.

A track is what is drawn of one camera and element: the series of its ordinate, and those that it is paired with. Pairs
are of one exposure, of one camera where both have one, and of one element where both have the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from qltui.model import Status
from qltui.store.codec import text_value
from qltui.store.database import Database

__all__ = [
    "HEADER", "Moments", "PairingError", "Scope", "SeriesKey", "TraceBin", "TracePoint", "Track", "available", "kinds",
    "pair_tracks", "series_of",
]  # fmt: skip

HEADER: Final = "header:"
"""What the names of header values begin with."""


class PairingError(ValueError):
    """Two quantities of which it is not plain what belongs together; the message says what to choose."""


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """One series of the record; header values have neither camera nor element."""

    number: int
    metric: str
    camera: str
    element: str

    @property
    def is_header(self) -> bool:
        """Whether it is a number of the header."""
        return self.metric.startswith(HEADER)


@dataclass(frozen=True, slots=True)
class Track:
    """What is drawn of one camera and element: ordinate `y`, divided by `over`, against `x` or against time."""

    y: SeriesKey
    x: SeriesKey | None = None
    over: SeriesKey | None = None

    @property
    def camera(self) -> str:
        """The camera; empty where none is involved."""
        return next((key.camera for key in self._parts if key.camera), "")

    @property
    def element(self) -> str:
        """The element; empty where none is involved."""
        return next((key.element for key in self._parts if key.element), "")

    @property
    def _parts(self) -> tuple[SeriesKey, ...]:
        return tuple(key for key in (self.y, self.over, self.x) if key is not None)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which exposures: nights from-to, range of times [s since 1970] with `until` exclusive, kinds; empty for all."""

    nights: tuple[int, int] | None = None
    since: float = float("-inf")
    until: float = float("inf")
    obstypes: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    x_range: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class TracePoint:
    """One value of one track. `value` is NaN where none is known; ranges are ``(nan, nan)`` where none holds."""

    track: int
    time: float
    x: float
    value: float
    status: Status
    normal: tuple[float, float]
    warning: tuple[float, float]
    expid: int
    night: int
    obstype: str
    program: str
    process: int | None


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums for means and a straight line, of values reckoned from `x0` and `y0`."""

    count: int = 0
    x: float = 0.0
    y: float = 0.0
    xx: float = 0.0
    xy: float = 0.0
    yy: float = 0.0
    x0: float = 0.0
    y0: float = 0.0

    def plus(self, other: Moments) -> Moments:
        """Return the sums of both, which must be reckoned from the same origin."""
        sums = (self.x + other.x, self.y + other.y, self.xx + other.xx, self.xy + other.xy, self.yy + other.yy)
        return Moments(self.count + other.count, *sums, self.x0, self.y0)


@dataclass(frozen=True, slots=True)
class TraceBin:
    """The values of one track in a piece of the horizontal axis; extremes are kept, so that no outlier is lost.

    `count` are the finite values, `outside` those that are WARNING or ALARM, `normal` and `warning` the widest ranges.
    """

    track: int
    program: str
    first: float
    last: float
    count: int
    outside: int
    low: float
    high: float
    mean: float
    normal: tuple[float, float]
    warning: tuple[float, float]
    moments: Moments


# -- which series --------------------------------------------------------------------------------------------------


def available(database: Database, instrument: str) -> dict[str, tuple[str, ...]]:
    """Return what the record has series of, with the elements of each: ``{"NOISE_AMP": ("A", "B", "C", "D")}``."""
    rows = database.sql(
        """SELECT DISTINCT series.metric, series.element
           FROM instrument CROSS JOIN series ON series.instrument_id = instrument.id
           WHERE instrument.name = ? ORDER BY series.metric, series.element""",
        (text_value(instrument),),
    )
    found: dict[str, tuple[str, ...]] = {}
    for metric, element in rows:
        found[metric] = (*found.get(metric, ()), element)
    return found


def series_of(database: Database, instrument: str, metric: str) -> tuple[SeriesKey, ...]:
    """Return the series of a metric, or of a header value by its name with `HEADER` before it."""
    rows = database.sql(
        """SELECT series.id, series.metric, series.camera, series.element
           FROM instrument CROSS JOIN series ON series.instrument_id = instrument.id
           WHERE instrument.name = ? AND series.metric = ? ORDER BY series.id""",
        (text_value(instrument), text_value(metric)),
    )
    return tuple(SeriesKey(*row) for row in rows)


def kinds(database: Database, instrument: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the obstypes and the programs that the record has, in alphabetical order."""
    rows = database.sql(
        """SELECT DISTINCT night_sum.obstype, night_sum.program
           FROM instrument CROSS JOIN night_sum ON night_sum.instrument_id = instrument.id
           WHERE instrument.name = ?""",
        (text_value(instrument),),
    )
    obstypes, programs = {row[0] for row in rows}, {row[1] for row in rows}
    return tuple(sorted(obstypes)), tuple(sorted(program for program in programs if program))


def pair_tracks(
    y: Sequence[SeriesKey], x: Sequence[SeriesKey] | None = None, over: Sequence[SeriesKey] | None = None
) -> tuple[Track, ...]:
    """Return the tracks of an ordinate with what it is divided by and drawn against; None where there is no such thing.

    Raises
    ------
    PairingError
        Where it is not plain which elements belong together.
    """
    tracks = [Track(key) for key in y]
    if over is not None:
        tracks = [Track(first.y, None, key) for first in tracks for key in _partners([first.y], over)]
    if x is not None:
        tracks = [
            Track(first.y, key, first.over)
            for first in tracks
            for key in _partners([first.y, *([first.over] if first.over is not None else [])], x)
        ]
    return tuple(tracks)


def _partners(own: Sequence[SeriesKey], others: Sequence[SeriesKey]) -> list[SeriesKey]:
    """Return the series that are paired with those of a track."""
    camera = next((key.camera for key in own if key.camera), "")
    element = next((key.element for key in own if key.element), "")
    found = [key for key in others if not camera or not key.camera or key.camera == camera]
    elements = {key.element for key in found}
    if not element or elements <= {""}:
        return found
    if element in elements:
        return [key for key in found if key.element == element]
    if len(elements) == 1:
        return found
    name = others[0].metric
    msg = (
        f"{own[0].metric} of {element} has no counterpart among {', '.join(sorted(elements))} of {name}: "
        f"choose one of these, {name}:{min(elements)}"
    )
    raise PairingError(msg)
