"""Keys of the Trends screen that change how the values are looked at, but not which they are."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from textual.binding import Binding

from qltui.tui.dialogs.names import NamesScreen
from qltui.tui.prompt import WordsScreen
from qltui.tui.selection import Selection
from qltui.tui.trend_model import groups_of, panned, zoomed

if TYPE_CHECKING:
    from qltui.store.series import TracePoint
    from qltui.tables.trend import Trend
    from qltui.tui.trend_model import TrendView

__all__ = ["LOOK_BINDINGS", "TrendLooking", "parse_range"]

LOOK_BINDINGS: Final = [
    Binding("left", "walk(1)", "value before", id="trend.left", show=False),
    Binding("right", "walk(-1)", "next value", id="trend.right", show=False),
    Binding("pageup", "walk(20)", "20 values before", id="trend.page-left", show=False),
    Binding("pagedown", "walk(-20)", "20 values after", id="trend.page-right", show=False),
    Binding("home", "walk(1000000000)", "first value", id="trend.first", show=False),
    Binding("end", "walk(-1000000000)", "last value", id="trend.last", show=False),
    Binding("enter", "open", "open", id="trend.open", tooltip="open the exposure of the value under the cursor"),
    Binding("plus,equals_sign", "zoom(0.5)", "zoom in", id="trend.zoom-in", tooltip="show half of the axis, larger"),
    Binding("minus", "zoom(2.0)", "zoom out", id="trend.zoom-out", tooltip="show twice as much of the axis"),
    Binding("comma,less_than_sign", "pan(-0.5)", "earlier", id="trend.pan-left", tooltip="move half a chart back"),
    Binding("full_stop,greater_than_sign", "pan(0.5)", "later", id="trend.pan-right", tooltip="move half a chart on"),
    Binding("z", "all", "all", id="trend.all", tooltip="show the whole axis and the whole range of values again"),
    Binding("Y", "range", "y range", id="trend.range", tooltip="set the ends of the vertical axis by hand"),
    Binding("u", "robust", "robust", id="trend.robust", tooltip="leave far values out of the scale, counted, or not"),
    Binding("L", "log", "log", id="trend.log", tooltip="make the vertical axis logarithmic, or linear again"),
    Binding("f", "fit", "line", id="trend.fit", tooltip="draw the line of least squares through each group, or not"),
    Binding("J", "mjd", "MJD", id="trend.mjd", tooltip="label time by Modified Julian Date, or by UT again"),
    Binding("s", "legend", "legend", id="trend.legend", tooltip="switch groups off and on"),
    Binding("W", "save_ecsv", "save ECSV", id="trend.save-ecsv", tooltip="write all values to an ECSV file with units"),
]


def parse_range(words: str) -> tuple[float, float] | None:
    """Return two numbers as the ends of a range; None for empty words.

    Raises
    ------
    ValueError
        Where they are no range; the message says what is wanted.
    """
    parts = words.replace("…", " ").replace(",", " ").split()
    if not parts:
        return None
    msg = f"{words!r} is no range: give the lowest and the highest value, as in 2.5 4"
    try:
        low, high = (float(part) for part in parts)
    except ValueError as error:
        raise ValueError(msg) from error
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(msg)
    return low, high


class TrendLooking:
    """Actions on `view` and on the window of the choice; `look` and `choose` are the screen's."""

    if TYPE_CHECKING:
        app: Any
        viewer: Any
        instrument: Any
        trend: Trend | None
        view: TrendView
        walk: list[TracePoint]
        point: TracePoint | None
        look: Callable[..., None]
        choose: Callable[..., None]
        say: Callable[..., None]

    def action_walk(self, by: int) -> None:
        """Move the cursor along the values."""
        if self.trend is not None and self.trend.bins:
            self.action_pan(-0.1 if by > 0 else 0.1)
            return
        cursor = max(0, min(len(self.walk) - 1, self.view.cursor + by))
        if cursor != self.view.cursor and self.walk:
            self.look(cursor=cursor)

    def action_open(self) -> None:
        """Open the exposure of the value under the cursor."""
        point, trend = self.point, self.trend
        if point is None or trend is None or trend.y is None:
            self.say("no single value here: + zooms in")
            return
        track = trend.tracks[point.track]
        metric = "" if trend.y.is_header else trend.y.metric
        step = next((item.step for item in self.instrument.metrics if item.name == metric), "")
        place = {"camera": track.camera, "step": step, "metric": metric, "element": track.element}
        self.viewer.go("exposure", Selection(process=point.process, expid=point.expid, night=point.night, **place))

    def action_zoom(self, factor: float) -> None:
        """Show less or more of the axis, around the cursor."""
        if self.trend is not None and self.trend.span is not None:
            point = self.point
            self.choose(window=zoomed(self.trend, factor, point.x if point is not None else None))

    def action_pan(self, by: float) -> None:
        """Move along the axis."""
        if self.trend is not None and self.trend.span is not None:
            self.choose(window=panned(self.trend, by))

    def action_all(self) -> None:
        """Show everything again."""
        self.look(y="all")
        self.choose(window=None)

    def action_range(self) -> None:
        """Ask for the ends of the vertical axis."""

        def answered(words: str | None) -> None:
            if words is None:
                return
            try:
                found = parse_range(words)
            except ValueError as error:
                self.say(str(error), "warn")
            else:
                self.look(y=found if found is not None else "all")

        now = f"{self.view.y[0]:g} {self.view.y[1]:g}" if isinstance(self.view.y, tuple) else ""
        self.app.push_screen(WordsScreen("lowest and highest value (none: all): ", now), answered)

    def action_robust(self) -> None:
        """Leave far values out of the scale, or take them in."""
        self.look(y="all" if self.view.y == "robust" else "robust")

    def action_log(self) -> None:
        """Make the vertical axis logarithmic, or linear."""
        self.look(log=not self.view.log)

    def action_fit(self) -> None:
        """Draw lines of least squares, or none."""
        self.look(fit=not self.view.fit)

    def action_mjd(self) -> None:
        """Label time by MJD, or by UT."""
        self.look(mjd=not self.view.mjd)

    def action_legend(self) -> None:
        """Switch groups off and on."""
        if self.trend is None:
            return
        names = list(groups_of(self.trend, self.instrument))

        def chosen(shown: tuple[str, ...] | None) -> None:
            if shown is not None:
                self.look(again=True, hidden=frozenset(names) - set(shown))

        now = [name for name in names if name not in self.view.hidden]
        self.app.push_screen(NamesScreen("Groups", [(name, name) for name in names], now, many=True), chosen)
