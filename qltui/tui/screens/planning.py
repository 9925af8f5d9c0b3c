"""Planning, in the afternoon: the nights so far, what should be repeated, and offline results beside our verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from textual import on
from textual.binding import Binding

from qltui.tables.night_range import nights_words, parse_range
from qltui.tables.planning import RULES, Rule, plan_table
from qltui.tables.survey import field_name, month_nights, nights_table
from qltui.tui.prompt import ChoiceScreen, WordsScreen
from qltui.tui.screens.base import PANE_BINDINGS, PaneRow, PaneScreen, Question
from qltui.tui.screens.planning_question import ImportFailedError, PlanAnswer, PlanChoice, read_offline, read_plan
from qltui.tui.selection import Selection
from qltui.tui.text import Line, clean
from qltui.tui.widgets.table import TableView
from qltui.tui.words import date_range, plural

if TYPE_CHECKING:
    from qltui.tui.widgets.lines import Lines

__all__ = ["PlanningScreen"]

_WIDE: Final = 150
_MONTHS: Final = 1_000_000
"""Keys of rows below this are months."""

_FORMS: Final = {"c": ".csv", "e": ".ecsv", "t": ".txt", "j": ".json"}


class PlanningScreen(PaneScreen):
    """Nights, tiles to repeat, and exposures with what offline says of them."""

    NAME = "planning"
    QUIET = 5.0
    BINDINGS = [  # noqa: RUF012  (Textual's declaration)
        *PANE_BINDINGS,
        Binding("n", "nights", "nights", id="planning.nights", tooltip="choose nights: a date, two, last 30, all"),
        Binding("p", "program", "program", id="planning.program", tooltip="show only the next program, or all"),
        Binding("u", "rule", "rule", id="planning.rule", tooltip="reckon by open-shutter or effective exposure time"),
        Binding("G", "goal", "goal", id="planning.goal", tooltip="set the exposure time from which a tile is done [s]"),
        Binding("v", "everything", "all tiles", id="planning.all", tooltip="show the tiles that are done, too, or not"),
        Binding("i", "import_table", "import", id="planning.import", tooltip="read offline results from a file"),
        Binding("I", "forget", "forget", id="planning.forget", tooltip="forget the imported table"),
        Binding("W", "export", "export", id="planning.export", tooltip="write this list as CSV, ECSV, text or JSON"),
    ]  # fmt: skip
    FOOTER = {  # noqa: RUF012
        "tiles": ("table.open", "table.tick", "planning.goal", "planning.rule", "planning.all"),
        "exposures": ("table.open", "planning.import"),
        "nights": ("table.open",),
        "": ("planning.nights", "planning.program", "planning.import", "planning.export"),
    }

    def __init__(self) -> None:
        memory, depth = self.viewer.memory, self.viewer.instrument.depth
        rule = memory.get("planning.rule", RULES[0])
        goal = memory.get("planning.goal", depth.goal if depth is not None else 1000.0)
        kept = Rule(rule if rule in RULES else RULES[0], goal if 0 < goal < 1e6 else 1000.0)
        self._choice = PlanChoice(self._kept_nights(memory.get("planning.nights", "last 30")), rule=kept)
        self._answer = PlanAnswer()
        super().__init__()

    @staticmethod
    def _kept_nights(words: str) -> str:
        try:
            parse_range(words, (20000101, 20000101))
        except ValueError:
            return "last 30"
        return words

    # -- parts -------------------------------------------------------------------------------------------------

    def make_panes(self) -> Sequence[Lines]:
        """Return the three tables."""
        return (
            TableView(id="nights", empty="no night with exposures of the sky"),
            TableView(id="tiles", empty="nothing to repeat in these nights", ticks=True),
            TableView(id="exposures", empty="no exposure of the sky in these nights"),
        )

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:
        """Return the tables one under another; nights and tiles side by side where there is room."""
        if width >= _WIDE:
            return (PaneRow((("tiles", 1.2), ("nights", 1.0))), PaneRow((("exposures", 1.0),)))
        nights = 4 if height < 30 else 8
        return (
            PaneRow((("nights", 1.0),), height=nights),
            PaneRow((("tiles", 1.0),)),
            PaneRow((("exposures", 1.0),)),
        )

    def heading(self, pane: str) -> str:
        """Return the words above a pane."""
        if pane == "nights":
            return "Nights"
        if pane == "tiles":
            what = "Tiles" if self._choice.everything else "Tiles to repeat"
            return f"{what}, by {'effective' if self._choice.rule.name == 'effective' else 'open-shutter'} time"
        field = f" of {field_name(self._choice.field)}" if self._choice.field is not None else ""
        offline = self._choice.offline
        if offline is None:
            return f"Exposures{field}   i reads offline results"
        return f"Exposures{field} and {offline.name}: {plural(self._answer.differences, 'difference')}"

    def head(self) -> Line:
        """Return what is chosen."""
        nights = self._answer.nights
        words = date_range(nights) if nights is not None else "no night yet"
        return ((f"{words}   {clean(self._choice.program) or self.worded('all programs')}", "text"),)

    def _table(self, name: str) -> TableView:
        return self.query_one(f"#{name}", TableView)

    # -- the record --------------------------------------------------------------------------------------------

    def arrive(self, selection: Selection) -> None:
        """Take over a night that somebody chose; that of the exposure one looks at does not narrow the view."""
        if selection.night is not None and selection.process is None and selection.expid is None:
            self._choice = replace(self._choice, nights=str(selection.night), field=None)

    def question(self) -> Question:
        """Ask for the chosen nights."""
        return read_plan(self._choice, self.viewer.instrument)

    def show(self, answer: PlanAnswer | None) -> None:
        """Hand the answer to the tables."""
        self._answer = answer if answer is not None else PlanAnswer()
        # Targets are the Survey's; here the nights are there to be chosen.
        nights = nights_table(self._answer.summaries, {}, "planning-nights")
        self._table("nights").show(replace(nights, note=""))
        if self._answer.tiles is not None:
            self._table("tiles").show(self._answer.tiles)
        if self._answer.comparison is not None:
            self._table("exposures").show(self._answer.comparison)

    # -- keys --------------------------------------------------------------------------------------------------

    def _change(self, **changes: Any) -> None:
        self._choice = replace(self._choice, **changes)
        self.ask_again()

    @on(TableView.Chosen, "#nights")
    def on_night_chosen(self, event: TableView.Chosen) -> None:
        """Go to a night, or plan for a month."""
        number = int(str(event.key))
        if number < _MONTHS:
            self._change(nights=nights_words(month_nights(number)), field=None)
        else:
            self.viewer.go("night", Selection(night=number))

    @on(TableView.Chosen, "#tiles")
    def on_tile_chosen(self, event: TableView.Chosen) -> None:
        """List the exposures of one tile."""
        field = event.key[0] if isinstance(event.key, tuple) else None
        self._change(field=field)

    @on(TableView.Chosen, "#exposures")
    def on_exposure_chosen(self, event: TableView.Chosen) -> None:
        """Open an exposure."""
        found = next((item for item in self._answer.exposures if event.key == ("ours", item.exposure_id)), None)
        if found is None:
            self.say("this exposure is not in the chosen nights of our record")
        elif found.process is None:
            self.say(f"{found.expid} was not reduced yet")
        else:
            self.viewer.go("exposure", Selection(process=found.process, expid=found.expid, night=found.night))

    def close_something(self) -> bool:
        """List the exposures of all tiles again."""
        if self._choice.field is None:
            return False
        self._change(field=None)
        return True

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
                parse_range(words, known)
            except ValueError as error:
                self.say(clean(str(error)), "warn")
                return
            self.viewer.memory.set("planning.nights", words)
            self._change(nights=words, field=None)

        self.app.push_screen(WordsScreen("nights ", self._choice.nights), heard)

    def action_program(self) -> None:
        """Show only the next program; after the last, all."""
        names = ("", *self._answer.programs)
        index = names.index(self._choice.program) if self._choice.program in names else 0
        self._change(program=names[(index + 1) % len(names)], field=None)

    def action_rule(self) -> None:
        """Reckon by the other exposure time."""
        if self.viewer.instrument.depth is None:
            self.say("nothing tells how deep an exposure of this instrument is")
            return
        name = RULES[(RULES.index(self._choice.rule.name) + 1) % len(RULES)]
        self.viewer.memory.set("planning.rule", name)
        self._change(rule=replace(self._choice.rule, name=name))

    def action_goal(self) -> None:
        """Ask for the exposure time from which a tile is done."""

        def heard(words: str | None) -> None:
            if words is None:
                return
            try:
                goal = float(words)
            except ValueError:
                goal = 0.0
            if not 0 < goal < 1e6:
                self.say(f"{clean(words)!r} is no exposure time; give seconds, as 1000", "warn")
                return
            self.viewer.memory.set("planning.goal", goal)
            self._change(rule=replace(self._choice.rule, goal=goal))

        self.app.push_screen(WordsScreen("goal [s] ", f"{self._choice.rule.goal:g}"), heard)

    def action_everything(self) -> None:
        """Show the tiles that are done, too, or not."""
        self._change(everything=not self._choice.everything)

    # -- offline results ---------------------------------------------------------------------------------------

    def action_import_table(self) -> None:
        """Ask for the file of a table."""

        def heard(words: str | None) -> None:
            if words and words.strip():
                self.say(f"reading {clean(words)} ...")
                self.run_worker(self._import(Path(words.strip()).expanduser()), group="import", exclusive=True)

        kept = self.viewer.memory.get("planning.file", "")
        self.app.push_screen(WordsScreen("offline results, .csv .ecsv .fits: ", kept), heard)

    async def _import(self, path: Path) -> None:
        try:
            offline = await read_offline(path)
        except ImportFailedError as error:
            self.say(f"not imported: {clean(str(error))}", "bad")
            return
        self.viewer.memory.set("planning.file", str(path))
        self._change(offline=offline)
        notes = "; ".join(offline.notes)
        self.say(
            f"{plural(len(offline.results or {}), 'result')} from {offline.name}" + (f"; {notes}" if notes else "")
        )

    def action_forget(self) -> None:
        """Forget the imported table."""
        self._change(offline=None)

    # -- files -------------------------------------------------------------------------------------------------

    def action_export(self) -> None:
        """Ask for the form, and write the list with the keys; ticked rows alone, where some are ticked."""
        choices = [("c", "CSV"), ("e", "ECSV"), ("t", "text"), ("j", "JSON")]

        def heard(key: str | None) -> None:
            if key is not None:
                self.run_worker(self._save(lambda directory: self._export(directory, _FORMS[key])), group="save")

        self.app.push_screen(ChoiceScreen("write the list as", choices, default=True), heard)

    def _export(self, directory: Path, suffix: str) -> Path:
        from qltui.tables.filtering import filter_table
        from qltui.tables.writers import write_table

        view = self.pane if isinstance(self.pane, TableView) else self._table("tiles")
        if view.table is None:
            msg = "there is no table yet"
            raise ValueError(msg)
        # What is listed is cut to what anybody reads; a file has all of it.
        whole = plan_table(self._answer.fields, self._choice.rule, everything=self._choice.everything)
        table = filter_table(whole if view.id == "tiles" else view.table, "" if view.fault else view.words)
        if view.ticked:
            table = replace(table, rows=tuple(row for row in table.rows if row.key in view.ticked))
        stem = {"tiles": "plan", "exposures": "verdicts"}.get(view.id or "", "nights")
        return write_table(table, directory / f"{stem}{suffix}")
