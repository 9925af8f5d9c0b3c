"""Keys of the Trends screen that change which values are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from textual.binding import Binding

from qltui.tables.trend_choice import COLOURS, TIME, TrendChoice, parse_nights, quantities
from qltui.tui.camera_choice import CamerasScreen
from qltui.tui.dialogs.names import NamesScreen
from qltui.tui.prompt import WordsScreen
from qltui.tui.trend_model import preset_choice

if TYPE_CHECKING:
    from qltui.instruments.base import Instrument, TrendPreset
    from qltui.tables.trend import Trend

__all__ = ["CHOICE_BINDINGS", "TrendChoosing", "next_cameras", "next_of", "next_preset"]

CHOICE_BINDINGS: Final = [
    Binding("P", "preset", "preset", id="trend.preset", tooltip="draw the next history that has a name"),
    Binding("m", "metric(1)", "metric", id="trend.metric", tooltip="draw the next metric or header value"),
    Binding("M", "metric(-1)", "metric before", id="trend.metric-before", tooltip="draw the one before"),
    Binding("i", "name('y')", "by name", id="trend.name", tooltip="choose what is drawn by typing its name"),
    Binding(
        "x", "name('x')", "against", id="trend.against", tooltip="choose what it is drawn against: time or another"
    ),
    Binding("D", "name('over')", "divide", id="trend.divide", tooltip="choose what it is divided by, or nothing"),
    Binding("a", "arm", "arm", id="trend.arm", tooltip="draw all cameras of the next arm, then all of them"),
    Binding("c", "cameras", "cameras", id="trend.cameras", tooltip="choose cameras on a map of the instrument"),
    Binding("v", "element", "element", id="trend.element", tooltip="draw the next amplifier, axis or class alone; all"),
    Binding("b", "obstype", "obstype", id="trend.obstype", tooltip="only exposures of the next kind; all"),
    Binding("p", "program", "program", id="trend.program", tooltip="only exposures of the next program; all"),
    Binding("k", "colour", "by", id="trend.colour", tooltip="tell apart by arm, camera, element or program"),
    Binding("t", "nights", "nights", id="trend.nights", tooltip="last night, 7, 30 or 365 days, or all nights"),
    Binding("T", "from_to", "from - to", id="trend.from-to", tooltip="choose nights by their dates"),
]

_RECENT: Final = (1, 7, 30, 365, 0)
"""Days of the key for nights; 0 for all of them."""


def next_of(names: Sequence[str], chosen: Sequence[str]) -> tuple[str, ...]:
    """Return the name after the one that is chosen alone; after the last one all, which is none by name."""
    if len(chosen) != 1 or chosen[0] not in names:
        return (names[0],) if names else ()
    place = list(names).index(chosen[0]) + 1
    return (names[place],) if place < len(names) else ()


def next_cameras(instrument: Instrument, chosen: Sequence[str]) -> tuple[str, ...]:
    """Return the cameras of the arm after the one that is chosen; after the last arm all, which is none by name."""
    arms = list(dict.fromkeys(camera.arm for camera in instrument.cameras))
    members = {arm: tuple(camera.name for camera in instrument.cameras if camera.arm == arm) for arm in arms}
    now = next((arm for arm in arms if members[arm] == tuple(chosen)), None)
    if now is None:
        return members[arms[0]]
    place = arms.index(now) + 1
    return members[arms[place]] if place < len(arms) else ()


def next_preset(presets: Sequence[TrendPreset], choice: TrendChoice) -> TrendPreset | None:
    """Return the preset after the one that `choice` shows, the first where it shows none; None where there are none."""
    if not presets:
        return None
    shown = [all(getattr(choice, name) == value for name, value in preset_choice(item).items()) for item in presets]
    return presets[(shown.index(True) + 1) % len(presets)] if True in shown else presets[0]


class TrendChoosing:
    """Actions on `choice`; `choose` is the screen's."""

    if TYPE_CHECKING:
        app: Any
        instrument: Instrument
        choice: TrendChoice
        trend: Trend | None
        choose: Callable[..., None]
        say: Callable[..., None]

    def action_preset(self) -> None:
        """Draw the next history that the instrument has a name for."""
        preset = next_preset(self.instrument.trend_presets, self.choice)
        if preset is None:
            self.say(f"{self.instrument.title} has no presets")
            return
        window = self.choice.window if self.choice.x == preset.x == TIME else None
        self.choose(**preset_choice(preset), window=window)
        self.say(preset.title)

    def action_metric(self, by: int) -> None:
        """Draw the next quantity, or the one before."""
        known = self.trend.known if self.trend is not None else {}
        keys = [item.key for item in quantities(self.instrument, known)]
        if not keys:
            self.say("no values in the record yet")
            return
        now = self.choice.y.partition(":")[0] if self.choice.y not in keys else self.choice.y
        place = (keys.index(now) + by) % len(keys) if now in keys else 0
        self.choose(y=keys[place], elements=(), window=None if self.choice.x != TIME else self.choice.window)

    def action_name(self, what: str) -> None:
        """Choose a quantity by typing its name: what is drawn, what it is divided by, or what it is drawn against."""
        known = self.trend.known if self.trend is not None else {}
        names = []
        for item in quantities(self.instrument, known):
            unit = f" [{item.unit}]" if item.unit else ""
            title = f"  {item.title}" if item.title != item.name else ""
            names.append((item.key, f"{item.name}{unit}{title}"))
        first = {"x": [(TIME, "time  UTC")], "over": [("", "nothing  not divided")]}.get(what, [])
        titles = {"y": "What is drawn", "x": "Drawn against", "over": "Divided by"}

        def chosen(keys: tuple[str, ...] | None) -> None:
            if keys:
                window = {} if what == "y" and self.choice.x == TIME else {"window": None}
                elements = {"elements": ()} if what == "y" else {}
                self.choose(**{what: keys[0]}, **window, **elements)

        now = getattr(self.choice, what)
        self.app.push_screen(NamesScreen(titles[what], [*first, *names], (now,)), chosen)

    def action_arm(self) -> None:
        """Draw all cameras of the next arm."""
        self.choose(cameras=next_cameras(self.instrument, self.choice.cameras))

    def action_cameras(self) -> None:
        """Choose cameras on a map."""

        def chosen(names: tuple[str, ...] | None) -> None:
            if names:
                self.choose(cameras=() if len(names) == len(self.instrument.cameras) else names)

        now = self.choice.cameras or tuple(camera.name for camera in self.instrument.cameras)
        self.app.push_screen(CamerasScreen(self.instrument, "Trend", now), chosen)

    def action_element(self) -> None:
        """Draw the next element alone."""
        trend = self.trend
        if trend is None or trend.y is None:
            return
        names = [name for name in trend.known.get(trend.y.metric, ()) if name]
        if not names:
            self.say(f"{trend.y.name} has one value for each camera")
            return
        self.choose(elements=next_of(names, self.choice.elements))

    def action_obstype(self) -> None:
        """Show exposures of the next kind alone."""
        self._next_kind("obstypes")

    def action_program(self) -> None:
        """Show exposures of the next program alone."""
        self._next_kind("programs")

    def _next_kind(self, name: str) -> None:
        known = [item for item in getattr(self.trend, name, ()) if item]
        self.choose(**{name: next_of(known, getattr(self.choice, name))})

    def action_colour(self) -> None:
        """Tell values apart by something else."""
        self.choose(colour=COLOURS[(COLOURS.index(self.choice.colour) + 1) % len(COLOURS)], window=self.choice.window)

    def action_nights(self) -> None:
        """Show more days, and after all of them the last night."""
        now = self.choice.recent if self.choice.nights is None else None
        place = (_RECENT.index(now) + 1) % len(_RECENT) if now in _RECENT else 0
        self.choose(nights=None, recent=_RECENT[place], window=None)

    def action_from_to(self) -> None:
        """Ask for nights."""

        def answered(words: str | None) -> None:
            if words is None:
                return
            try:
                nights, recent = parse_nights(words)
            except ValueError as error:
                self.say(str(error), "warn")
            else:
                self.choose(nights=nights, recent=recent, window=None)

        label = "nights: 20191001, 20191001-20191031, a number of days, or all: "
        self.app.push_screen(WordsScreen(label), answered)
