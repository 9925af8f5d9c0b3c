"""The survey: what of the sky was observed in a range of nights, in which program and how well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from textual import on
from textual.binding import Binding

from qltui.tables.night_range import nights_words, parse_range
from qltui.tables.survey import month_nights, nights_table, programs_table
from qltui.tui.prompt import WordsScreen
from qltui.tui.screens.base import PANE_BINDINGS, PaneRow, PaneScreen, Question
from qltui.tui.screens.survey_question import (
    KINDS,
    SurveyAnswer,
    SurveyChoice,
    kind_look,
    program_look,
    read_field,
    read_survey,
    read_under,
    save_fields,
)
from qltui.tui.selection import Selection
from qltui.tui.sky_projection import PROJECTIONS, SkyView
from qltui.tui.source import ReadError
from qltui.tui.text import Line, clean
from qltui.tui.widgets.drawn import Drawn
from qltui.tui.widgets.sky_map import SkyMap
from qltui.tui.widgets.survey_facts import cursor_lines, survey_lines, worded
from qltui.tui.widgets.table import TableView
from qltui.tui.words import date_range

if TYPE_CHECKING:
    from pathlib import Path

    from qltui.store.survey_views import FieldSummary
    from qltui.tui.widgets.lines import Lines

__all__ = ["SurveyScreen"]

_WIDE: Final = 140
_MONTHS: Final = 1_000_000
"""Keys of rows below this are months."""

_NAMED: Final = 3
"""Fields under the cursor that are named."""

_FEW: Final = 200
"""Cells with fewer fields than this are drawn by their shapes, good ones too."""


class SurveyScreen(PaneScreen):
    """A map of the sky, totals, and tables by night and by program."""

    NAME = "survey"
    QUIET = 5.0
    BINDINGS = [  # noqa: RUF012  (Textual's declaration)
        *PANE_BINDINGS,
        Binding("n", "nights", "nights", id="survey.nights", tooltip="choose nights: a date, two, last 30, all"),
        Binding("p", "program", "program", id="survey.program", tooltip="show only the next program, or all"),
        Binding("v", "kind", "verdict", id="survey.kind", tooltip="show only good, warning, bad or unjudged fields"),
        Binding("b", "by", "colours", id="survey.by", tooltip="colour the map by verdict or by program"),
    ]  # fmt: skip
    FOOTER = {  # noqa: RUF012
        "map": ("map.nearer", "map.centre", "map.projection"),
        "nights": ("table.open", "table.order"),
        "": ("survey.nights", "survey.program", "survey.kind", "survey.by", "pane.save"),
    }

    def __init__(self) -> None:
        memory = self.viewer.memory
        projection = memory.get("survey.projection", PROJECTIONS[0])
        by = memory.get("survey.by", "verdict")
        self._choice = SurveyChoice(
            by=by if by in ("verdict", "program") else "verdict",
            view=SkyView(projection if projection in PROJECTIONS else PROJECTIONS[0]),
        )
        self._answer = SurveyAnswer(self._choice)
        self._under: tuple[tuple[int, ...], Sequence[FieldSummary]] = ((), ())
        super().__init__()

    # -- parts -------------------------------------------------------------------------------------------------

    @property
    def map(self) -> SkyMap:
        """The map."""
        return self.query_one(SkyMap)

    def make_panes(self) -> Sequence[Lines]:
        """Return the map, what stands beside it, and the tables."""
        return (
            SkyMap(id="map", view=self._choice.view),
            Drawn(id="totals"),
            TableView(id="nights", empty="no night with exposures of the sky"),
            TableView(id="programs", empty=self.worded("no program yet")),
        )

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:
        """Return the map beside the totals, and the tables below; programs where there is room."""
        beside = 38.0 if width >= _WIDE else 30.0
        top = PaneRow((("map", 1.0), ("totals", beside)), share=1.8 if height >= 40 else 1.1)
        if width >= _WIDE:
            return (top, PaneRow((("nights", 1.0), ("programs", 1.0)), share=0.8))
        if height >= 40:
            return (top, PaneRow((("nights", 1.0),), share=0.8), PaneRow((("programs", 1.0),), share=0.5))
        return (top, PaneRow((("nights", 1.0),), share=0.5))

    def heading(self, pane: str) -> str:
        """Return the words above a pane."""
        choice = self._choice
        if pane == "map":
            near = f"  x{choice.view.zoom:g}" if choice.view.zoom > 1 else ""
            return f"Sky by {choice.by}, {choice.view.projection}{near}"
        return {"totals": "So far", "nights": "By night", "programs": "By program"}[pane]

    def head(self) -> Line:
        """Return what is chosen."""
        choice = self._choice
        nights = choice.nights or self._answer.known
        parts = [
            date_range(nights) if nights else "no night yet",
            clean(choice.program) or self.worded("all programs"),
        ]
        if choice.kind:
            parts.append(self.worded(f"{choice.kind} tiles"))
        return (("   ".join(parts), "text"),)

    # -- the record --------------------------------------------------------------------------------------------

    def arrive(self, selection: Selection) -> None:
        """Take over a night that somebody chose; that of the exposure one looks at does not narrow the view."""
        if selection.night is not None and selection.process is None and selection.expid is None:
            self._choice = replace(self._choice, nights=(selection.night, selection.night))

    def question(self) -> Question:
        """Ask for the chosen nights, drawn for the size that the map has."""
        width, height = self.map.size
        self._choice = replace(self._choice, view=self.map.view, width=width, height=height)
        return read_survey(self._choice, self.viewer.instrument, self.viewer.charset)

    def show(self, answer: SurveyAnswer | None) -> None:
        """Hand the answer to the panes."""
        self._answer = answer if answer is not None else SurveyAnswer(self._choice)
        answer = self._answer
        self._under = ((), ())
        self.map.show(answer.raster, self._kind_look(), self._save_fields)
        self.query_one("#nights", TableView).show(answer.nights_table or nights_table((), {}))
        self.query_one("#programs", TableView).show(answer.programs_table or programs_table((), {}, 0))
        self._show_totals()

    async def _save_fields(self, directory: Path) -> Path:
        return await self.viewer.reader.read(save_fields(self._choice, self.viewer.instrument, directory))

    def _kind_look(self) -> Any:
        if self._choice.by == "program":
            return program_look(self._answer.programs)
        raster = self._answer.raster
        # A few fields would be lost among the dots of the grid.
        return kind_look(self.viewer.charset, sparse=raster is not None and len(raster.dots) < _FEW)

    def _show_totals(self) -> None:
        """Show the sums, and under the cursor what is known of its fields as soon as it is read."""
        keys = self.map.keys[:_NAMED]
        if keys != self._under[0]:
            self._under = (keys, [])
            self._draw_totals()
            self.run_worker(self._read_under(keys), group="under", exclusive=True)
        else:
            self._draw_totals()

    async def _read_under(self, keys: tuple[int, ...]) -> None:
        if not keys:
            return
        try:
            found = await self.viewer.reader.read(read_under(self._choice, self.viewer.instrument, keys))
        except ReadError as error:
            self.say(f"the record cannot be read: {clean(str(error))}", "bad")
            return
        if self._under[0] == keys:
            self._under = (keys, found)
            self._draw_totals()

    def _draw_totals(self) -> None:
        answer, keys, place, under = self._answer, self.map.keys, self.map.place, self._under[1]
        look, charset = self._kind_look(), self.viewer.charset
        self.query_one("#totals", Drawn).show(
            lambda _width, _charset: worded(
                [*cursor_lines(under, keys, place), *survey_lines(answer, look, charset)], self.viewer.instrument
            )
        )

    # -- keys --------------------------------------------------------------------------------------------------

    def _choose(self, **changes: Any) -> None:
        self._choice = replace(self._choice, **changes)
        self.ask_again()
        self.draw_frame()

    @on(SkyMap.Wanted)
    def on_map_wanted(self) -> None:
        """Draw the map for another view, or for another size; what is asked for is not asked for again."""
        asked = self._choice
        if (asked.view, asked.width, asked.height) == (self.map.view, *self.map.size):
            self.map.find_cursor()
            return
        self.viewer.memory.set("survey.projection", self.map.view.projection)
        self._choose(view=self.map.view)

    @on(SkyMap.Moved)
    def on_map_moved(self) -> None:
        """Name what is under the cursor."""
        self._show_totals()

    @on(SkyMap.Chosen)
    async def on_map_chosen(self, event: SkyMap.Chosen) -> None:
        """Go to the newest exposure of the field."""
        nights = self._choice.nights or self._answer.known
        if nights is None:
            return
        try:
            found = await self.viewer.reader.read(read_field(self.viewer.instrument, nights, event.keys[0]))
        except ReadError as error:
            self.say(f"the record cannot be read: {clean(str(error))}", "bad")
            return
        newest = next((row for row in found if row.process is not None), None)
        if newest is None:
            self.say("no exposure of this field was reduced")
            return
        self.viewer.go("exposure", Selection(process=newest.process, expid=newest.expid, night=newest.night))

    @on(TableView.Chosen, "#nights")
    def on_night_chosen(self, event: TableView.Chosen) -> None:
        """Go to a night, or show the nights of a month."""
        number = int(str(event.key))
        if number < _MONTHS:
            self._choose(nights=month_nights(number))
        else:
            self.viewer.go("night", Selection(night=number))

    @on(TableView.Chosen, "#programs")
    def on_program_chosen(self, event: TableView.Chosen) -> None:
        """Show one program."""
        self._choose(program=str(event.key))

    def action_nights(self) -> None:
        """Ask for a range of nights."""
        known = self._answer.known
        if known is None:
            self.say("no night in the record yet")
            return

        def heard(words: str | None) -> None:
            if words is None:
                return
            try:
                nights = parse_range(words, known)
            except ValueError as error:
                self.say(str(error), "warn")
                return
            self._choose(nights=nights)

        self.app.push_screen(WordsScreen("nights ", nights_words(self._choice.nights)), heard)

    def action_program(self) -> None:
        """Show only the next program; after the last, all."""
        names = ("", *self._answer.programs)
        index = names.index(self._choice.program) if self._choice.program in names else 0
        self._choose(program=names[(index + 1) % len(names)])

    def action_kind(self) -> None:
        """Show only fields of the next class; after the last, all."""
        names = ("", *KINDS)
        self._choose(kind=names[(names.index(self._choice.kind) + 1) % len(names)])

    def action_by(self) -> None:
        """Colour by the other thing."""
        by = "program" if self._choice.by == "verdict" else "verdict"
        self.viewer.memory.set("survey.by", by)
        self._choose(by=by)

    def close_something(self) -> bool:
        """Take back what holds the map to a part."""
        if self._choice.program or self._choice.kind:
            self._choose(program="", kind="")
            return True
        return False
