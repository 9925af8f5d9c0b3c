"""The conditions of a night: seeing, sky and weather of each exposure, twilights, sun and moon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from textual import on
from textual.binding import Binding

from qltui.sky.kept import cache_directory
from qltui.tables.conditions import condition_points, conditions_table
from qltui.tables.night_range import parse_range
from qltui.tui.prompt import WordsScreen
from qltui.tui.screens.base import PANE_BINDINGS, PaneRow, PaneScreen, Question
from qltui.tui.screens.conditions_question import AlmanacError, ConditionsAnswer, place_of, read_conditions, reckon
from qltui.tui.selection import Selection
from qltui.tui.text import Line, clean
from qltui.tui.widgets.almanac_lines import almanac_lines, exposure_lines
from qltui.tui.widgets.condition_strips import ConditionStrips, StripsPicture, hidden_count, time_axis
from qltui.tui.widgets.drawn import Drawn
from qltui.tui.words import night_date, plural

if TYPE_CHECKING:
    from qltui.tui.widgets.lines import Lines

__all__ = ["ConditionsScreen"]

_WIDE: Final = 160
_HIGH: Final = 30


class ConditionsScreen(PaneScreen):
    """One night's sky, above all its exposures."""

    NAME = "conditions"
    QUIET = 2.0
    BINDINGS = [  # noqa: RUF012  (Textual's declaration)
        *PANE_BINDINGS,
        Binding("n", "night", "night", id="conditions.night", tooltip="go to a night by its date"),
        Binding(
            "less_than_sign,comma",
            "next_night(1)",
            "night before",
            id="conditions.before",
            tooltip="go to the night before, of those that have exposures",
        ),
        Binding(
            "greater_than_sign,full_stop",
            "next_night(-1)",
            "night after",
            id="conditions.after",
            tooltip="go to the night after, of those that have exposures",
        ),
        Binding(
            "t", "whole", "whole day", id="conditions.whole", tooltip="show the exposures of the day too, or the night"
        ),
    ]
    FOOTER = {  # noqa: RUF012
        "strips": ("strips.right", "strips.down", "strips.open"),
        "": ("conditions.night", "conditions.before", "conditions.whole", "pane.save"),
    }

    def __init__(self) -> None:
        self._night: int | None = None
        self._expid: int | None = None
        self._answer = ConditionsAnswer()
        self._whole = False
        self._fault_words = ""
        self._reckoned: set[int] = set()
        self._zone = ZoneInfo(self.viewer.instrument.timezone)
        super().__init__()

    # -- parts -------------------------------------------------------------------------------------------------

    @property
    def strips(self) -> ConditionStrips:
        """The charts."""
        return self.query_one(ConditionStrips)

    @property
    def _zone_name(self) -> str:
        return "local"

    def make_panes(self) -> Sequence[Lines]:
        """Return the almanac, the exposure under the cursor, and the strips."""
        instrument = self.viewer.instrument
        return (
            Drawn(id="almanac"),
            Drawn(id="exposure"),
            ConditionStrips(id="strips", instrument=instrument, zone=self._zone, zone_name=self._zone_name),
        )

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:
        """Return the almanac, the strips and the exposure, the first and the last side by side where there is room."""
        if width >= _WIDE:
            return (PaneRow((("almanac", 80.0), ("exposure", 1.0)), height=5), PaneRow((("strips", 1.0),)))
        low = height < _HIGH
        return (
            PaneRow((("almanac", 1.0),), height=4 if low else 5),
            PaneRow((("strips", 1.0),)),
            PaneRow((("exposure", 1.0),), height=3 if low else 4),
        )

    def heading(self, pane: str) -> str:
        """Return the words above a pane."""
        if pane == "almanac":
            return "Sun and moon"
        if pane == "exposure":
            return "Exposure"
        picture = self.strips.picture
        hidden = hidden_count(picture, time_axis(picture))
        more = f", {hidden} not in this range: t" if hidden and not self._whole else ""
        return f"Conditions of {plural(len(picture.points), 'exposure')}{more}"

    def head(self) -> Line:
        """Return the night."""
        if self._answer.night is None:
            return (("no night yet", "dim"),)
        return ((f"night {night_date(self._answer.night)}", "text"),)

    # -- the record --------------------------------------------------------------------------------------------

    def arrive(self, selection: Selection) -> None:
        """Take over a night and an exposure."""
        self._night, self._expid = selection.night, selection.expid

    def question(self) -> Question:
        """Ask for the night."""
        return read_conditions(self._night, self.viewer.instrument, cache_directory())

    def show(self, answer: ConditionsAnswer | None) -> None:
        """Hand the answer to the panes; where the almanac is not kept, let it be reckoned."""
        self._answer = answer if answer is not None else ConditionsAnswer()
        self._show_night()
        place = place_of(self.viewer.instrument)
        night = self._answer.night
        if night is None or self._answer.almanac is not None or night in self._reckoned:
            return
        if place is None:
            self._fault_words = "where the telescope stands is not known; set site.location in the configuration"
            self._show_almanac()
            return
        self._reckoned.add(night)
        self._fault_words = "sun and moon are being reckoned ..."
        self._show_almanac()
        self.run_worker(self._reckon(night), group="almanac", exclusive=True)

    async def _reckon(self, night: int) -> None:
        place = place_of(self.viewer.instrument)
        assert place is not None
        try:
            almanac = await reckon(night, place, cache_directory())
        except AlmanacError as error:
            self._fault_words = f"no sun and moon: {clean(str(error))}"
            self._show_almanac()
            return
        if self._answer.night == night:
            pairs = [(point.exposure, point.status) for point in self._answer.points]
            points = condition_points(pairs, self.viewer.instrument, almanac, self._answer.measured)
            self._answer = replace(self._answer, almanac=almanac, points=points)
            self._show_night()

    def _show_night(self) -> None:
        answer = self._answer
        numbers = [point.exposure.expid for point in answer.points]
        cursor = numbers.index(self._expid) if self._expid in numbers else max(0, len(numbers) - 1)
        self.strips.show(StripsPicture(answer.points, answer.almanac, cursor, self._whole))
        self.strips.on_save = self._save_table
        self._show_almanac()
        self._show_exposure()
        self.draw_frame()

    def _show_almanac(self) -> None:
        almanac, zone, name = self._answer.almanac, self._zone, self._zone_name
        low = self.size.height < _HIGH
        location, waiting = self.viewer.instrument.location, self._fault_words or "no night yet"
        self.query_one("#almanac", Drawn).show(
            # Where the terminal is low, the place of the telescope is what one can do without.
            lambda _width, _charset: almanac_lines(almanac, zone, name, location, waiting)[: 4 if low else None]
        )

    def _show_exposure(self) -> None:
        low = self.size.height < _HIGH
        point, instrument, zone = self.strips.picture.point, self.viewer.instrument, self._zone
        self.query_one("#exposure", Drawn).show(
            lambda width, charset: exposure_lines(point, instrument, zone, charset, width)[: 3 if low else None]
        )

    def _save_table(self, directory: Path) -> Path:
        from qltui.tables.writers import write_table

        night = self._answer.night or 0
        table = conditions_table(self._answer.points, self.viewer.instrument, self._zone, night)
        return write_table(table, directory / f"conditions-{night}.csv")

    # -- keys --------------------------------------------------------------------------------------------------

    @on(ConditionStrips.Moved)
    def on_strips_moved(self) -> None:
        """Name the exposure under the cursor."""
        point = self.strips.picture.point
        self._expid = point.exposure.expid if point is not None else None
        self._show_exposure()

    @on(ConditionStrips.Chosen)
    def on_strips_chosen(self) -> None:
        """Open the exposure under the cursor."""
        point = self.strips.picture.point
        if point is None:
            return
        expid = point.exposure.expid
        process = dict(self._answer.processes).get(expid)
        if process is None:
            self.say(f"{expid} was not reduced yet")
            return
        self.viewer.go("exposure", Selection(process=process, expid=expid, night=self._answer.night))

    def step_exposure(self, by: int) -> None:
        """Walk the exposures; 0 goes to the latest night and its last exposure."""
        if by:
            self.strips.action_walk(by)
            return
        self._night = self._expid = None
        self.ask_again()

    def _go_to(self, night: int) -> None:
        self._night, self._expid = night, None
        self.ask_again()

    def action_next_night(self, by: int) -> None:
        """Go to the night before (1) or after (-1) among those of the record."""
        nights, night = self._answer.nights, self._answer.night
        if night not in nights:
            return
        index = nights.index(night) + by
        if 0 <= index < len(nights):
            self._go_to(nights[index])
        else:
            self.say("no earlier night in the record" if by > 0 else "no later night in the record")

    def action_night(self) -> None:
        """Ask for a date."""

        def heard(words: str | None) -> None:
            if not words:
                return
            try:
                nights = parse_range(words, (0, 0))
            except ValueError:
                nights = None
            if nights is None:
                self.say(f"{clean(words)} is no night; give its date as YYYYMMDD", "warn")
            else:
                self._go_to(nights[0])

        self.app.push_screen(WordsScreen("night ", str(self._answer.night or "")), heard)

    def action_whole(self) -> None:
        """Show exposures by day too, or the night alone."""
        self._whole = not self._whole
        self._show_night()

    def save(self, directory: Path) -> Any:
        """Write the night's table to a file."""
        return self._save_table(directory)
