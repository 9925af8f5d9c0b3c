"""The Monitor: what is happening now, whether it is good, and if not, what is wrong.

The screen only joins things: it asks the record what is new, hands each pane its part, and carries out keys. What a
pane looks like is the pane's business, where it lies is `qltui.tui.arrange`'s.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.screen import Screen

from qltui.instruments.base import MetricDefinition
from qltui.store.views import EngineView, MonitorView, ProcessView
from qltui.tui import charts
from qltui.tui.arrange import Arrangement, arrange_monitor, is_too_small, left_width
from qltui.tui.health import Health, engine_health
from qltui.tui.notes import head_notes
from qltui.tui.prompt import WordsScreen
from qltui.tui.resizing import LatestSize
from qltui.tui.screens.empty import empty_words
from qltui.tui.screens.engine_keys import EngineKeys
from qltui.tui.screens.follower import TrendFollower
from qltui.tui.screens.monitor_keys import MONITOR_BINDINGS, footer_hints
from qltui.tui.screens.neighbours import neighbour
from qltui.tui.screens.observer_keys import ObserverKeys
from qltui.tui.screens.requests import Requests
from qltui.tui.screens.resetting import after_reset
from qltui.tui.screens.snapshot import Snapshot, read_snapshot
from qltui.tui.screens.trend_keys import TrendKeys
from qltui.tui.selection import Selection
from qltui.tui.source import NothingYet, ReadError
from qltui.tui.widgets.cell_detail import CellDetail, CellLine
from qltui.tui.widgets.footer import Footer
from qltui.tui.widgets.log_pane import LogPane
from qltui.tui.widgets.rule import Heading, Rule, VerticalRule
from qltui.tui.widgets.status_bar import StatusBar, StatusPicture
from qltui.tui.widgets.step_grid import CellChosen, CursorMoved, StepGrid
from qltui.tui.widgets.too_small import TooSmall
from qltui.tui.widgets.trend import TrendPane
from qltui.tui.widgets.verdict import VerdictPane

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import DescendantFocus, Resize

    from qltui.tui.app import MonitorApp
    from qltui.tui.widgets.grid_layout import Place

__all__ = ["MonitorScreen"]

_ROOMY = 100


class MonitorScreen(EngineKeys, ObserverKeys, TrendKeys, LatestSize, Screen[None], inherit_bindings=False):
    """Everything about the exposure that is being reduced, or about an older one."""

    BINDINGS = MONITOR_BINDINGS

    def __init__(self) -> None:
        super().__init__(name="monitor")
        self._view: MonitorView | None = None
        self._health = Health("alive")
        self._error = ""
        self._process_number: int | None = None
        self._alarms = 0
        self._expanded = ""
        self._detail_open = False
        self._arrangement = Arrangement()
        self._polling = False
        self._unseen = True
        self.requests = Requests(self.viewer.reader, lambda: self.viewer.who)
        self.follower = TrendFollower(self.viewer.reader, self.viewer.instrument)

    # -- parts -------------------------------------------------------------------------------------------------

    @property
    def viewer(self) -> MonitorApp:
        """The app, with what it offers to screens."""
        return self.app

    @property
    def process(self) -> ProcessView | None:
        """What is on the screen."""
        return self._view.process if self._view is not None else None

    @property
    def place(self) -> Place | None:
        """The cell under the cursor."""
        return self.grid.cursor

    @property
    def engine(self) -> EngineView | None:
        """The engine; None where there is none that lives."""
        return self._view.engine if self._view is not None and self._health.is_alive else None

    @property
    def reachable(self) -> tuple[str, ...]:
        """Panes that are on the screen."""
        return self._arrangement.panes

    @property
    def grid(self) -> StepGrid:
        """The step grid."""
        return self.query_one(StepGrid)

    @property
    def log_pane(self) -> LogPane:
        """The log."""
        return self.query_one(LogPane)

    def compose(self) -> ComposeResult:
        """Make the panes; where they lie is decided in `_arrange`."""
        instrument = self.viewer.instrument
        view = NothingYet().monitor_view()
        yield StatusBar(instrument, StatusPicture(view, engine_health(view.engine, 0.0), 0.0))
        yield Rule(id="rule-top")
        yield StepGrid(instrument)
        yield CellLine(instrument)
        yield VerticalRule(id="line-left")
        yield CellDetail(instrument)
        yield VerticalRule(id="line-right")
        yield VerdictPane()
        yield Rule(id="rule-trend")
        yield TrendPane()
        yield Rule(id="rule-log")
        yield LogPane()
        yield TooSmall()
        yield Footer()

    def on_mount(self) -> None:
        """Begin to look at the record, and load what draws charts while the screen already stands."""
        self.grid.focus()
        self.run_worker(self._load_charts)

    async def _load_charts(self) -> None:
        self.query_one(TrendPane).allow_charts(await asyncio.to_thread(charts.load))

    # -- what is new -------------------------------------------------------------------------------------------

    async def poll(self) -> None:
        """Look for news and draw what changed. A look that takes longer than the interval is not overtaken."""
        if self._polling or not self.is_mounted:
            return
        self._polling = True
        try:
            await self._look()
        finally:
            self._polling = False

    async def _look(self) -> None:
        seen = self._view.version if self._view is not None and not self._unseen else None
        self._unseen = False
        query = read_snapshot(seen, self._process_number, self.log_pane.last_number)
        try:
            snapshot = await self.viewer.reader.read(query)
            answers = await self.requests.answers()
        except ReadError as error:
            self._error, self._unseen = f"the record cannot be read: {error}", True
            self._show_status()
            return
        self._error = ""
        for done, words in answers:
            self.say(words, "strong" if done else "warn")
        self._take(snapshot)
        await self._update_trend()

    def _take(self, snapshot: Snapshot) -> None:
        """Hand the panes their parts of what was read."""
        if self._process_number is None:
            snapshot = after_reset(snapshot, self.viewer.memory.get("monitor.since", 0.0))
        self.viewer.heard_of(snapshot.engine)
        self._health = engine_health(snapshot.engine, self.viewer.clock(), exists=self.viewer.process_exists)
        if snapshot.view is not None:
            self._view, self._alarms = snapshot.view, snapshot.alarms
            self.log_pane.add(snapshot.log)
            self._show_process()
        elif self._view is not None:
            self._view = replace(self._view, engine=snapshot.engine)
        if self._view is not None and self._view.process is None:
            self.grid.show(None, empty_words(snapshot.engine, self._health))
        self.log_pane.tick()
        self._show_status()

    def _show_process(self) -> None:
        process = self._view.process if self._view is not None else None
        before = self._grid_height()
        self.grid.show(process)
        self.query_one(VerdictPane).show(process)
        self._show_cell()
        if self._grid_height() != before:
            self._arrange()
        self._show_rules()
        self._show_footer()

    def _show_status(self) -> None:
        view = self._view or NothingYet().monitor_view()
        back = self._process_number is not None
        # Where there is little room, the exposure comes before the number of old alarms.
        alarms = self._alarms if self.size.width >= _ROOMY else 0
        notes = head_notes(view.engine, Health("alive"), alarms, self.viewer.who, self.viewer.charset)
        picture = StatusPicture(view, self._health, self.viewer.clock(), back, self._error, tuple(notes))
        self.query_one(StatusBar).show(picture)

    def _show_cell(self) -> None:
        process, cursor = self.grid.process, self.grid.cursor
        self.query_one(CellLine).show(process, cursor, self._view.engine if self._view is not None else None)
        self.query_one(CellDetail).show(process, cursor)
        if process is not None:
            # Other screens open at what is looked at here; while following they show the latest as well.
            place = (cursor.camera, cursor.step) if cursor is not None else ("", "")
            exposure = process.exposure
            self.viewer.selection = Selection(self._process_number, exposure.expid, exposure.night, *place)

    async def _update_trend(self) -> None:
        """Read the chart's values again where its question or the record has changed."""
        version = self._view.version if self._view is not None else None
        try:
            points = await self.follower.update(self.grid.process, self.grid.cursor, version)
        except ReadError as error:
            self.say(f"the trend cannot be read: {error}", "warn")
            return
        if points is not None:
            self.query_one(TrendPane).show(self.follower.query, points)
            self._show_rules()

    def trend_soon(self) -> None:
        """Read the chart's values without waiting for the next look; of several wishes the last one counts."""
        self.run_worker(self._update_trend, group="trend", exclusive=True)

    # -- where things lie --------------------------------------------------------------------------------------

    def _grid_height(self) -> int:
        width = self.size.width if self._expanded == "grid" else left_width(self.size.width)
        return self.grid.wanted_height(width) or 5

    def _arrange(self) -> None:
        """Put every pane in its place."""
        width, height = self.size
        small = is_too_small(width, height)
        self._arrangement = Arrangement() if small else self._wanted(width, height)
        for child in self.children:
            name = child.id or ""
            box = self._arrangement.boxes.get(name)
            child.display = small if name == "too-small" else box is not None
            if box is not None:
                child.styles.offset = (box.x, box.y)
                child.styles.width, child.styles.height = box.width, box.height
        panes = self._arrangement.panes
        if panes and (self.focused is None or self.focused.id not in panes):
            self.query_one(f"#{panes[0]}").focus()
        self._show_rules()
        # What a heading says of its pane, as the steps that there is room for, is known when the pane has its size.
        self.call_after_refresh(self._show_rules)

    def _wanted(self, width: int, height: int) -> Arrangement:
        return arrange_monitor(width, height, self._grid_height(), expanded=self._expanded, detail=self._detail_open)

    def on_resize(self, _event: Resize) -> None:
        """Put every pane in its place."""
        self._arrange()

    def heading(self, pane: str) -> str:
        """Return what stands above a pane."""
        cursor = self.grid.cursor
        if pane == "grid":
            box = self._arrangement.boxes["grid"]
            return self.grid.title(box.width, box.height)
        if pane == "detail":
            return f"{cursor.camera} {self._step_title(cursor.step)}" if cursor is not None else "Values"
        if pane == "trend":
            return self.follower.title
        return self.log_pane.title if pane == "log" else "Verdict"

    def _step_title(self, name: str) -> str:
        return next((step.title for step in self.viewer.instrument.steps if step.name == name), name)

    def _show_rules(self) -> None:
        focused = self.focused.id if self.focused is not None else ""
        for name, headings in self._arrangement.rules.items():
            above, below = self._arrangement.joints.get(name, ((), ()))
            shown = [Heading(column, self.heading(pane), pane == focused) for column, pane in headings]
            self.query_one(f"#{name}", Rule).show(shown, above, below)

    def _show_footer(self) -> None:
        pane = self.focused.id if self.focused is not None else ""
        hints = footer_hints(
            self.viewer.commands(),
            pane or "",
            looking_back=self._process_number is not None,
            expanded=bool(self._expanded) or self._detail_open,
            empty=self.grid.process is None,
            current="monitor",
            width=self.size.width,
        )
        self.query_one(Footer).show(hints)

    def help_metrics(self) -> list[MetricDefinition]:
        """Return the metrics that the help explains."""
        return self.follower.metrics_near(self.grid.process, self.grid.cursor)

    def say(self, words: str, role: str = "strong") -> None:
        """Say something in the last line for a while."""
        self.query_one(Footer).say(words, role)

    def on_descendant_focus(self, _event: DescendantFocus) -> None:
        """Mark the pane that has the keys, and name its keys."""
        self._show_rules()
        self._show_footer()

    def on_cursor_moved(self, _event: CursorMoved) -> None:
        """Follow the cursor with values and chart."""
        self._show_cell()
        self._show_rules()
        self.trend_soon()

    def on_cell_chosen(self, _event: CellChosen) -> None:
        """Show the values of a cell."""
        if "detail" in self._arrangement.panes:
            self.query_one(CellDetail).focus()
            return
        self._expanded, self._detail_open = "", True
        self._arrange()
        self._show_cell()
        self._show_footer()

    # -- keys --------------------------------------------------------------------------------------------------

    def action_pane(self, by: int) -> None:
        """Give the keys to another pane."""
        panes = self._arrangement.panes
        if panes:
            current = self.focused.id if self.focused is not None else ""
            index = (panes.index(current) + by) % len(panes) if current in panes else 0
            self.query_one(f"#{panes[index]}").focus()

    def focus_pane(self, name: str) -> None:
        """Give the keys to a pane."""
        self.query_one(f"#{name}").focus()

    def action_expand(self) -> None:
        """Give the pane with the keys the whole terminal, or take it back."""
        pane = self.focused.id if self.focused is not None else ""
        self._expanded = "" if self._expanded else (pane or "")
        self._arrange()
        self._show_footer()

    def action_back(self) -> None:
        """Close what is open; with nothing open, let the cursor follow the worst cell."""
        if self._expanded:
            self._expanded = ""
        elif self._detail_open:
            self._detail_open = False
            self._arrange()
            self.grid.focus()
        elif self.log_pane.words:
            self.log_pane.set_filter("")
        else:
            self.follower.reset()
            self.grid.release()
            self.trend_soon()
        self._arrange()
        self._show_footer()

    def action_exposure(self, by: int) -> None:
        """Show the exposure before or after the one on the screen."""
        step = neighbour(self._view, by)
        if isinstance(step, str):
            self.say(step)
        else:
            self._go(step.process)

    def action_latest(self) -> None:
        """Follow the latest exposure again."""
        self._go(None)

    def _go(self, process: int | None) -> None:
        self._process_number = process
        self._unseen = True
        self.run_worker(self.poll, group="poll")

    def action_filter(self) -> None:
        """Ask for the words that lines of the log must have."""

        def changed(words: str) -> None:
            self.log_pane.set_filter(words)
            self._show_rules()

        self.app.push_screen(WordsScreen("/", self.log_pane.words, changed), lambda _: self._show_rules())

    def action_pause(self) -> None:
        """Hold the log still, or let it go on."""
        self.log_pane.toggle_pause()
        self._show_rules()
