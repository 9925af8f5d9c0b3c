"""The conditions of a night as strips over one axis of time, with a cursor that walks the exposures."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Final

from textual.binding import Binding
from textual.message import Message

from qltui.instruments.base import Condition, Instrument
from qltui.sky.almanac import Almanac
from qltui.tables.conditions import ConditionPoint, clock_words, present_conditions
from qltui.tui.strips import Strip, StripPoint, TimeAxis, axis_lines, draw_strip
from qltui.tui.text import Line
from qltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from pathlib import Path

    from textual.binding import BindingType

__all__ = ["ConditionStrips", "StripsPicture", "condition_strips", "time_axis"]

_ROWS: Final = 5
"""Rows of a strip at least: one of words, four of points."""

_MOST: Final = 12
"""Rows of a strip at most."""

_AROUND: Final = 1800.0
"""Seen before sunset and after sunrise [s]."""


@dataclass(frozen=True, slots=True)
class StripsPicture:
    """Everything that the strips show.

    `whole` shows the exposures of the day too; else from sunset to sunrise.
    """

    points: tuple[ConditionPoint, ...] = ()
    almanac: Almanac | None = None
    cursor: int = 0
    whole: bool = False

    @property
    def point(self) -> ConditionPoint | None:
        """The exposure under the cursor."""
        return self.points[self.cursor] if 0 <= self.cursor < len(self.points) else None


def time_axis(picture: StripsPicture) -> TimeAxis | None:
    """Return the axis of time; None where neither exposures nor almanac give one."""
    almanac, cursor = picture.almanac, picture.point.time if picture.point is not None else None
    times = [point.time for point in picture.points if point.time is not None]
    marks: tuple[tuple[float, str], ...] = ()
    start, end = (min(times) - 600.0, max(times) + 600.0) if times else (0.0, 0.0)
    if almanac is not None:
        names = ("sunset", "astronomical_dusk", "astronomical_dawn", "sunrise")
        marks = tuple((when, name) for name in names if (when := almanac.time_of(name)) is not None)
        sunset, sunrise = almanac.time_of("sunset"), almanac.time_of("sunrise")
        if sunset is not None and sunrise is not None:
            begin, finish = sunset - _AROUND, sunrise + _AROUND
            inside = [when for when in times if begin <= when <= finish]
            keep = picture.whole or (times and not inside)
            start, end = (min(begin, start), max(finish, end)) if keep and times else (begin, finish)
    return TimeAxis(start, end, marks, cursor) if end > start else None


def hidden_count(picture: StripsPicture, axis: TimeAxis | None) -> int:
    """Return how many exposures lie outside the axis, or have no time."""
    if axis is None:
        return len(picture.points)
    return sum(point.time is None or not axis.start <= point.time <= axis.end for point in picture.points)


def condition_strips(picture: StripsPicture, instrument: Instrument) -> list[Strip]:
    """Return one strip for each condition that some exposure has, sun and moon, and the conditions that none has."""
    counted = present_conditions(picture.points, instrument)
    strips = [_condition(picture, item, count) for item, count in counted if count]
    strips.append(_sky(picture))
    return [*strips, *(_condition(picture, item, 0) for item, count in counted if not count)]


def _title(name: str, unit: str, value: str, rest: str) -> Line:
    head = f" {name} [{unit}]" if unit else f" {name}"
    return ((head, "title"), (f"   {value}" if value else "", "mark"), (f"   {rest}" if rest else "", "dim"))


def _condition(picture: StripsPicture, item: Condition, count: int) -> Strip:
    points = tuple(
        StripPoint(point.time, point.values[item.name])
        for point in picture.points
        if point.time is not None and item.name in point.values
    )
    here = picture.point
    value = ""
    if here is not None and count:
        number = here.values.get(item.name)
        value = (
            f"{number:{item.format}}"
            if number is not None
            else "not in this header"
            if item.headers
            else "not measured"
        )
    rest = ""
    if count:
        values = sorted(point.values[item.name] for point in picture.points if item.name in point.values)
        middle = statistics.median(values)
        numbers = " - ".join(f"{number:{item.format}}" for number in (values[0], middle, values[-1]))
        rest = f"{numbers}  lowest, median, highest of {count}"
    else:
        rest = "not in the headers" if item.headers else "not measured"
    return Strip(_title(item.title, item.unit, value, rest), points, format=item.format)


def _sky(picture: StripsPicture) -> Strip:
    almanac, here = picture.almanac, picture.point
    if almanac is None:
        return Strip(_title("Sun and moon", "deg", "", "not known yet"))
    sun = tuple((sample.time, sample.sun) for sample in almanac.samples if sample.sun > -25.0)
    moon = tuple((sample.time, sample.moon) for sample in almanac.samples if sample.moon > -5.0)
    value = ""
    if here is not None and here.sun is not None and here.moon is not None:
        value = f"sun {here.sun:+.1f}  moon {here.moon:+.1f}"
        value += f"  {here.separation:.0f} deg from the pointing" if here.separation is not None else ""
    return Strip(
        _title("Altitude of sun and moon", "deg", value, "sun from above -25, moon from above -5"),
        curves=(*_pieces("key", sun), *_pieces("strong", moon)),
        levels=((0.0, "0"), (-18.0, "-18")),
        format=".0f",
        bounds=(-30.0, 90.0),
    )


def _pieces(role: str, points: Sequence[tuple[float, float]]) -> list[tuple[str, tuple[tuple[float, float], ...]]]:
    """Return a curve in pieces where it has gaps: what is below the horizon is not joined across the night."""
    pieces: list[list[tuple[float, float]]] = []
    for point in points:
        if pieces and point[0] - pieces[-1][-1][0] < 1000.0:
            pieces[-1].append(point)
        else:
            pieces.append([point])
    return [(role, tuple(piece)) for piece in pieces]


def shared_rows(strips: Sequence[Strip], room: int) -> list[tuple[Strip, int]]:
    """Return the strips for which there is room, with their rows; one without values has a line of words alone."""
    shown: list[Strip] = []
    for strip in strips:
        need = sum(_ROWS if item.is_drawn else 1 for item in (*shown, strip))
        if shown and need > room:
            break
        shown.append(strip)
    drawn = sum(strip.is_drawn for strip in shown)
    left = room - (len(shown) - drawn)
    result = []
    for strip in shown:
        rows = min(_MOST, left // drawn) if strip.is_drawn else 1
        if strip.is_drawn:
            drawn, left = drawn - 1, left - rows
        result.append((strip, rows))
    return result


class ConditionStrips(Lines, can_focus=True):
    """Shows as many strips as there is room for; up and down bring others, left and right walk the exposures."""

    BINDINGS: list[BindingType] = [  # noqa: RUF012  (Textual's declaration)
        Binding("up,k,M", "scroll_to(-1)", "quantity before", id="strips.up", tooltip="show the quantity before"),
        Binding("down,j,m", "scroll_to(1)", "next quantity", id="strips.down", tooltip="show the next quantity on top"),
        Binding("left", "walk(-1)", "exposure before", id="strips.left", tooltip="go to the exposure before"),
        Binding("right", "walk(1)", "next exposure", id="strips.right", tooltip="go to the next exposure"),
        Binding("home", "walk(-100000)", "first", id="strips.home", show=False),
        Binding("end", "walk(100000)", "last", id="strips.end", show=False),
        Binding("enter", "choose", "open", id="strips.open", tooltip="open the exposure under the cursor"),
    ]  # fmt: skip

    class Moved(Message):
        """The cursor is on another exposure."""

    class Chosen(Message):
        """Enter was pressed on an exposure."""

    def __init__(self, *, id: str, instrument: Instrument, zone: tzinfo, zone_name: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._instrument = instrument
        self._zone, self._zone_name = zone, zone_name
        self._quantities: list[Strip] = []
        self.first = 0
        self.picture = StripsPicture()
        self.on_save: Callable[[Path], Path] | None = None

    def show(self, picture: StripsPicture) -> None:
        """Show another night, or another exposure of it."""
        self.picture = picture
        self._quantities = condition_strips(picture, self._instrument)
        self.first = max(0, min(self.first, len(self._quantities) - 1))
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the strips, and the hours in universal and local time below them."""
        axis = time_axis(self.picture)
        if axis is None:
            return [((" no exposure in this night", "dim"),)]
        room = height - 2
        lines: list[Line] = []
        for strip, rows in shared_rows(self._quantities[self.first :], room):
            lines += draw_strip(strip, axis, width, rows, self.charset)
        lines = [*lines, *[()] * (room - len(lines))]
        names = (
            ("UT", lambda when: clock_words(when, UTC)),
            (self._zone_name[:6], lambda when: clock_words(when, self._zone)),
        )
        return [*lines, *axis_lines(axis, width, names)]

    def save(self, directory: Path) -> Path:
        """Write the night's table to a file."""
        if self.on_save is None:
            msg = "there is nothing to save"
            raise ValueError(msg)
        return self.on_save(directory)

    def action_scroll_to(self, by: int) -> None:
        """Bring another quantity to the top."""
        self.first = max(0, min(len(self._quantities) - 1, self.first + by))
        self.redraw()

    def action_walk(self, by: int) -> None:
        """Go to another exposure."""
        last = len(self.picture.points) - 1
        cursor = max(0, min(last, self.picture.cursor + by))
        if last >= 0 and cursor != self.picture.cursor:
            self.show(StripsPicture(self.picture.points, self.picture.almanac, cursor, self.picture.whole))
            self.post_message(self.Moved())

    def action_choose(self) -> None:
        """Open the exposure under the cursor."""
        if self.picture.point is not None:
            self.post_message(self.Chosen())
