"""Processing: every process of the record, how it ended, and its cameras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from textual.binding import Binding

from qltui.tables.nights import EVERY_NIGHT, parse_nights
from qltui.tui.prompt import ChoiceScreen, WordsScreen
from qltui.tui.screens.base import PANE_BINDINGS, PaneRow, PaneScreen, Question
from qltui.tui.screens.history_keys import HISTORY_BINDINGS, REDUCIBLE, HistoryKeys, Listed
from qltui.tui.selection import Selection
from qltui.tui.source import ReadError
from qltui.tui.text import Line, clean, join
from qltui.tui.widgets.table import TableView
from qltui.tui.words import night_date

if TYPE_CHECKING:
    from collections.abc import Hashable

    from qltui.store.processes import CameraRun, ProcessEntry, ProcessPage, ProcessWish
    from qltui.tables.table import Table
    from qltui.tui.widgets.lines import Lines

__all__ = ["ProcessingScreen"]

_FILTER: Final = "processing.filter"


@dataclass(frozen=True, slots=True)
class _Answer:
    """A page, as a table too, and the cameras of one process of it."""

    page: ProcessPage
    table: Table
    process: int | None
    runs: tuple[CameraRun, ...]


def _ask(wish: ProcessWish, process: int | None) -> Question:
    def ask(source: Any) -> _Answer:
        from qltui.store.processes import camera_runs, process_page
        from qltui.tables.processing import processing_table

        page = source.ask(process_page, wish)
        numbers = {entry.number for entry in page.rows}
        shown = process if process in numbers else page.rows[0].number if page.rows else None
        runs = source.ask(camera_runs, shown) if shown is not None else ()
        return _Answer(page, processing_table(page), shown, runs)

    return ask


class ProcessingScreen(HistoryKeys, PaneScreen):
    """The history of processes."""

    NAME = "processing"
    QUIET = 1.0
    BINDINGS = [  # noqa: RUF012  (Textual's declaration)
        *PANE_BINDINGS,
        *HISTORY_BINDINGS,
        Binding("L", "log", "log", id="processing.log", tooltip="read the log of this process, or of its camera"),
        Binding("s", "state", "state", id="processing.state", tooltip="show only processes that ended in one way"),
        Binding("D", "nights", "nights", id="processing.range", tooltip="choose nights: from - to, one, or all"),
        Binding("X", "cancel", "cancel", id="processing.cancel", tooltip="stop what runs or waits; asks"),
        Binding("less_than_sign", "page(-1)", "older", id="processing.older", tooltip="show the processes before"),
        Binding("greater_than_sign", "page(1)", "newer", id="processing.newer", tooltip="show the processes after"),
    ]
    FOOTER = {  # noqa: RUF012
        "table": ("table.open", "processing.log", "processing.state", "processing.range", "pane.filter"),
        "cameras": ("table.open", "processing.log"),
        "": ("history.reprocess", "history.comment", "processing.older", "pane.save"),
    }

    def __init__(self) -> None:
        super().__init__()
        self._wish: ProcessWish | None = None
        self._newer: list[int | None] = []
        self._page: ProcessPage | None = None
        self._entries: dict[Hashable, ProcessEntry] = {}
        self._runs: tuple[CameraRun, ...] = ()
        words = self.viewer.memory.get(_FILTER, "")
        self._words = words if isinstance(words, str) else ""

    # -- parts -------------------------------------------------------------------------------------------------

    def make_panes(self) -> Sequence[Lines]:
        """Return the processes, and the cameras of the one under the cursor."""
        return (
            TableView(id="table", empty="no process in this record", ticks=True),
            TableView(id="cameras", empty="no camera of it has begun"),
        )

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:  # noqa: ARG002
        """Return the processes above the cameras; beside them where there is room."""
        if width >= 180:
            return (PaneRow((("table", 1.0), ("cameras", 62.0))),)
        return (PaneRow((("table", 1.0),), share=1.6), PaneRow((("cameras", 1.0),)))

    @property
    def table(self) -> TableView:
        """The processes."""
        return self.query_one("#table", TableView)

    @property
    def cameras(self) -> TableView:
        """The cameras of the process under the cursor."""
        return self.query_one("#cameras", TableView)

    @property
    def here(self) -> ProcessEntry | None:
        """The process under the cursor."""
        return self._entries.get(self.table.cursor_key)

    # -- asking ------------------------------------------------------------------------------------------------

    @property
    def wish(self) -> ProcessWish:
        """Which processes are wanted now."""
        from qltui.store.processes import ProcessWish
        from qltui.tables.processing import process_terms

        if self._wish is None:
            terms = process_terms(self._words, self.viewer.instrument)
            self._wish = ProcessWish(self.viewer.instrument.name, terms=terms)
        return self._wish

    def question(self) -> Question:
        """Ask for the page, and for the cameras of the process under the cursor."""
        here = self.here
        return _ask(self.wish, here.number if here is not None else None)

    def _choose(self, wish: ProcessWish) -> None:
        self._wish = wish
        self.ask_again()

    def show(self, answer: _Answer | None) -> None:
        """Show the page; who stood on its first process goes on with the newest."""
        if answer is None:
            return
        table, keys = self.table, list(self._entries)
        followed = not keys or table.cursor_key == keys[0]
        self._page = answer.page
        self._entries = {entry.number: entry for entry in answer.page.rows}
        if table.words != self._words:
            table.set_filter(self._words)
        table.show(answer.table)
        if followed and answer.page.rows:
            table.move_to(answer.page.rows[0].number)
        here = self.here
        if here is not None and here.number == answer.process:
            self._show_runs(here.number, answer.runs)
        else:
            self.run_worker(self._read_runs(), group="runs", exclusive=True)

    def _show_runs(self, process: int, runs: tuple[CameraRun, ...]) -> None:
        from qltui.tables.processing import runs_table

        table = runs_table(process, runs)
        is_other = self.cameras.table is None or self.cameras.table.title != table.title
        self._runs = runs
        self.cameras.show(table)
        if is_other and table.rows:
            # Of another process the worst camera is wanted, not the one that was looked at.
            self.cameras.move_to(table.rows[0].key)

    async def _read_runs(self) -> None:
        """Read the cameras of the process under the cursor; the page stays as it is."""
        here = self.here
        if here is None:
            return

        def ask(source: Any) -> tuple[CameraRun, ...]:
            from qltui.store.processes import camera_runs

            found: tuple[CameraRun, ...] = source.ask(camera_runs, here.number)
            return found

        try:
            runs = await self.viewer.reader.read(ask)
        except ReadError as error:
            self.say(f"the record cannot be read: {clean(str(error))}", "bad")
            return
        if self.here is here:
            self._show_runs(here.number, runs)
            self.draw_frame()

    # -- words -------------------------------------------------------------------------------------------------

    def heading(self, pane: str) -> str:
        """Return the words above a pane."""
        if pane == "table":
            return f"Processes  {self.table.summary}"
        here = self.here
        return f"Cameras of process {here.number}, exposure {here.expid}" if here is not None else "Cameras"

    def head(self) -> Line:
        """Return which processes are shown."""
        page, wish = self._page, self.wish
        if page is None:
            return (("no process in this record", "dim"),)
        nights = wish.nights
        span = "all nights"
        if nights is not None and nights != EVERY_NIGHT:
            span = night_date(nights[0])
            span += f" to {night_date(nights[1])}" if nights[0] != nights[1] else ""
        total = f" of {page.total:,}" if page.total is not None else " and older ones" if page.older else ""
        return join((((span, "strong"),), ((f"{len(page.rows):,}{total} processes", "text"),)))

    # -- messages ----------------------------------------------------------------------------------------------

    def on_table_view_moved(self, event: TableView.Moved) -> None:
        """Read the cameras of the process under the cursor."""
        here = self.here
        if event.view.id != "table" or here is None:
            return
        self.viewer.selection = Selection(process=here.number, expid=here.expid, night=here.night)
        self.run_worker(self._read_runs(), group="runs", exclusive=True)
        self.draw_frame()

    def on_table_view_ticked(self, _event: TableView.Ticked) -> None:
        """Count the ticks in the heading."""
        self.draw_frame()

    def on_table_view_chosen(self, event: TableView.Chosen) -> None:
        """Go to the exposure as this process left it, and to the camera."""
        here = self.here
        if here is not None:
            camera = str(event.key) if event.view.id == "cameras" else ""
            selection = Selection(process=here.number, expid=here.expid, night=here.night, camera=camera)
            self.viewer.go("exposure", selection)

    # -- keys --------------------------------------------------------------------------------------------------

    def step_exposure(self, by: int) -> None:
        """Move to the process of the exposure before or after; 0 goes to the newest."""
        if by:
            self.table.action_move(-by)
            return
        self._newer.clear()
        self.table.action_move(-1_000_000)
        self._choose(replace(self.wish, before=None))

    def action_log(self) -> None:
        """Go to the log of the process, or of the camera under the cursor of its pane."""
        here = self.here
        if here is None:
            self.say("there is no process")
            return
        camera = str(self.cameras.cursor_key or "") if self.pane_id == "cameras" else ""
        selection = Selection(process=here.number, expid=here.expid, night=here.night, camera=camera)
        self.viewer.go("log", selection)

    def action_state(self) -> None:
        """Ask for a state, and show only processes in it."""
        choices = [
            ("r", "running"), ("w", "waiting"), ("d", "done"), ("f", "failed"), ("c", "cancelled"),
            ("s", "superseded"), ("a", "all"),
        ]  # fmt: skip

        def chosen(key: str | None) -> None:
            if key is not None:
                kept = [word for word in self._words.split() if not word.startswith("state:")]
                words = kept if key == "a" else [*kept, f"state:{dict(choices)[key]}"]
                self._filtered(" ".join(words))
                self._keep_filter()

        self.app.push_screen(ChoiceScreen("Show", choices), chosen)

    def action_nights(self) -> None:
        """Ask for the nights of the exposures."""

        def typed(words: str | None) -> None:
            if words is None:
                return
            try:
                nights = parse_nights(words)
            except ValueError as error:
                self.say(clean(str(error)), "warn")
                return
            self._newer.clear()
            self._choose(replace(self.wish, nights=nights, before=None))

        self.app.push_screen(WordsScreen("nights (20191001, 20191001-20191031; none: all): "), typed)

    def action_cancel(self) -> None:
        """Ask whether to stop the process under the cursor."""
        here = self.here
        if here is None or here.state not in ("running", "waiting"):
            self.say("this process neither runs nor waits")
            return

        async def answered(key: str | None) -> None:
            if key is not None:
                await self.request("cancel", {"process": here.number, "expid": here.expid})

        self.app.push_screen(ChoiceScreen(f"Stop process {here.number}?", [("y", "yes, stop it")]), answered)

    def action_page(self, by: int) -> None:
        """Show the processes before (-1) or after (1) those of this page."""
        page = self._page
        if by < 0 and page is not None and page.older:
            self._newer.append(self.wish.before)
            self._choose(replace(self.wish, before=page.rows[-1].number))
        elif by > 0 and self._newer:
            self._choose(replace(self.wish, before=self._newer.pop()))
        else:
            self.say("there are no older ones" if by < 0 else "these are the newest")

    def action_filter(self) -> None:
        """Ask for words; those that the record knows reach all processes, the others the page."""
        if self.pane_id == "cameras":
            super().action_filter()
            return
        self.app.push_screen(WordsScreen("/", self.table.words, self._filtered), lambda _: self._keep_filter())

    def _filtered(self, words: str) -> None:
        from qltui.tables.processing import process_terms

        self._words = words
        self.table.set_filter(words)
        programs = {entry.program for entry in self._entries.values() if entry.program}
        terms = process_terms(words, self.viewer.instrument, sorted(programs))
        if terms != self.wish.terms:
            self._newer.clear()
            self._choose(replace(self.wish, terms=terms, before=None))
        self.draw_frame()

    def _keep_filter(self) -> None:
        self.viewer.memory.set(_FILTER, self._words or None)
        self.draw_frame()

    def close_something(self) -> bool:
        """Take the filter away, if there is one."""
        if not self._words:
            return False
        self._filtered("")
        self._keep_filter()
        return True

    # -- what the keys act on ----------------------------------------------------------------------------------

    def exposure_here(self) -> Listed | None:
        """Return the exposure of the process under the cursor."""
        here = self.here
        if here is None:
            return None
        bad = tuple(run.camera for run in self._runs if run.status in REDUCIBLE)
        return Listed(here.night, here.expid, here.number, bad)

    def chosen_exposures(self) -> Sequence[Listed]:
        """Return the exposures of the ticked processes, or that of the one under the cursor."""
        ticked = [entry for key, entry in self._entries.items() if key in self.table.ticked]
        if ticked:
            places = dict.fromkeys((entry.night, entry.expid) for entry in ticked)
            return [Listed(night, expid) for night, expid in places]
        here = self.exposure_here()
        return [here] if here is not None else []
