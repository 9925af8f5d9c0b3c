"""Trends: any number of the record against time or against another, with its limits as they were.

What is chosen is data (`TrendChoice`), how it is looked at as well (`TrendView`); both are kept between runs. Values
are read in the reader's thread: single ones, or bins that keep their extremes where there are too many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from qltui.store.series import TracePoint
from qltui.tables.trend import Trend, read_trend
from qltui.tables.trend_choice import TrendChoice
from qltui.tables.trend_numbers import GroupSummary, summaries, summary_table, trend_table
from qltui.tui.screens.base import PANE_BINDINGS, PaneRow, PaneScreen, Question
from qltui.tui.screens.trend_choosing import CHOICE_BINDINGS, TrendChoosing
from qltui.tui.screens.trend_looking import LOOK_BINDINGS, TrendLooking
from qltui.tui.selection import Selection
from qltui.tui.source import ReadError
from qltui.tui.text import Line, clean
from qltui.tui.trend_kept import choice_from, choice_json, view_from, view_json
from qltui.tui.trend_model import TrendView, chart_of, default_choice, held_cursor, values_at, walk_order
from qltui.tui.trend_words import bin_words, choice_line, point_lines
from qltui.tui.widgets.chart_pane import ChartPane
from qltui.tui.widgets.drawn import Drawn
from qltui.tui.widgets.lines import Lines
from qltui.tui.widgets.table import TableView
from qltui.tui.words import plural

if TYPE_CHECKING:
    from qltui.instruments.base import Instrument
    from qltui.tables.table import Table

__all__ = ["TrendsScreen"]

_ALL_POINTS = 200_000
"""More values than these are not written to one file at one key."""


_LINE = ("group", "slope", "slope_error", "intercept", "intercept_error", "r", "count")
"""Columns that come first where lines are drawn."""


def _line_first(table: Table) -> Table:
    """Return the summary with the coefficients of the lines in front."""
    return table.select([*_LINE, *(column.name for column in table.columns if column.name not in _LINE)])


class TrendsScreen(TrendChoosing, TrendLooking, PaneScreen):
    """A chart, the value under its cursor, and the groups in numbers."""

    NAME = "trends"
    BINDINGS = [*PANE_BINDINGS, *CHOICE_BINDINGS, *LOOK_BINDINGS]  # noqa: RUF012  (Textual's declaration)
    FOOTER: ClassVar = {
        "chart": ("trend.metric", "trend.name", "trend.cameras", "trend.nights", "trend.zoom-in", "trend.fit"),
        "summary": ("table.order", "pane.save"),
    }
    # A busy night changes the record several times a second; a chart of weeks need not follow each of them.
    QUIET = 2.0

    def __init__(self) -> None:
        super().__init__()
        memory = self.viewer.memory
        self.choice: TrendChoice = choice_from(memory.get("trends.choice", {}), default_choice(self.instrument))
        self.view: TrendView = view_from(memory.get("trends.view", {}))
        self.trend: Trend | None = None
        self._groups: tuple[GroupSummary, ...] = ()
        self.walk: list[TracePoint] = []
        self._held: TracePoint | None = None

    @property
    def instrument(self) -> Instrument:
        """The instrument, whose metrics and cameras there are."""
        return self.viewer.instrument

    @property
    def point(self) -> TracePoint | None:
        """The value under the cursor."""
        return values_at(self.walk, self.view)

    # -- what this screen is -----------------------------------------------------------------------------------

    def make_panes(self) -> Sequence[Lines]:
        """Return chart, value and summary."""
        return [ChartPane(id="chart"), Drawn(id="point"), TableView(id="summary", empty="no values")]

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:
        """Return the chart over the numbers."""
        low = 5 if height < 36 else 9
        return [
            PaneRow((("chart", 1.0),)),
            PaneRow((("point", 38 if width < 120 else 50), ("summary", 1.0)), height=low),
        ]

    def arrive(self, selection: Selection) -> None:
        """Show the metric that was looked at, of its camera."""
        if selection.metric and selection.metric != self.choice.y.partition(":")[0]:
            cameras = (selection.camera,) if selection.camera else self.choice.cameras
            self.choice = replace(self.choice, y=selection.metric, over="", cameras=cameras, elements=(), window=None)
            self.view = replace(self.view, cursor=0)

    def question(self) -> Question:
        """Ask for the values of the choice, and for its groups in numbers."""
        choice, instrument, hidden = self.choice, self.instrument, self.view.hidden
        bins = max(40, self.size.width - 12)

        def ask(source: Any) -> tuple[Trend, tuple[GroupSummary, ...]]:
            trend = read_trend(source, choice, instrument, bins=bins)
            return trend, summaries(trend, instrument, hidden)

        return ask

    def show(self, answer: Any) -> None:
        """Take over what was read."""
        if answer is None:
            self.query_one(ChartPane).show(None, empty="no values in the record yet")
            return
        self.trend, self._groups = answer
        if self.trend.y is not None:
            # The quantity that was taken where none was named is the choice from now on.
            self.choice = replace(self.choice, y=self.trend.choice.y)
        self.walk = walk_order(self.trend, self.instrument, self.view)
        self.view = replace(self.view, cursor=held_cursor(self.walk, self._held, self.view.cursor))
        self.draw_chart()

    def draw_chart(self) -> None:
        """Draw the chart of what was read as it is looked at now, and the value under the cursor."""
        trend, pane = self.trend, self.query_one(ChartPane)
        if trend is None:
            return
        spec, point = None, self.point
        if not trend.fault:
            width = max(20, pane.size.width or self.size.width)
            spec = chart_of(trend, self.instrument, self.view, self._groups, point, self.viewer.charset, width)
        pane.show(spec, trend.title, trend.fault or "no values")
        table = summary_table(trend, self._groups)
        self.query_one(TableView).show(_line_first(table) if self.view.fit else table)
        self.query_one("#point", Drawn).show(lambda width, charset: point_lines(trend, point, charset, width))
        self.draw_frame()

    # -- words around the panes --------------------------------------------------------------------------------

    def head(self) -> Line:
        """Return what is drawn against what, of which cameras and nights."""
        return choice_line(self.trend, self.choice, self.instrument)

    def heading(self, pane: str) -> str:
        """Return what stands above a pane."""
        trend = self.trend
        if pane == "point":
            return "Value under the cursor" if trend is None or not trend.bins else "Bins"
        if pane == "summary":
            return f"By {self.choice.colour}"
        if trend is None:
            return "Trend"
        count = len(trend.points) or sum(item.count for item in trend.bins)
        hidden = f"{plural(len(self.view.hidden), 'group')} off" if self.view.hidden else ""
        scale = "" if self.view.y == "all" else "range by hand" if isinstance(self.view.y, tuple) else "robust range"
        words = (plural(count, "value"), bin_words(trend), scale, "logarithmic" if self.view.log else "", hidden)
        return "  ".join(part for part in words if part)

    def help_metrics(self) -> Sequence[Any]:
        """Return the definitions of the metrics that are drawn."""
        names = {self.choice.y.partition(":")[0], self.choice.over.partition(":")[0], self.choice.x.partition(":")[0]}
        return [metric for metric in self.instrument.metrics if metric.name in names]

    # -- changes -----------------------------------------------------------------------------------------------

    def choose(self, **changes: Any) -> None:
        """Change what is read."""
        # The cursor stays on its value while the axis is moved, and while nothing newer is chosen.
        moved = "window" in changes and changes["window"] != self.choice.window
        self._held = self.point if moved else None
        self.choice = replace(self.choice, **changes)
        self.view = replace(self.view, cursor=0, hidden=self.view.hidden if moved else frozenset())
        self._keep()
        self.ask_again()

    def look(self, *, again: bool = False, **changes: Any) -> None:
        """Change how it is looked at; `again` where the groups in numbers change as well."""
        self.view = replace(self.view, **changes)
        self._keep()
        if again:
            self.ask_again()
        elif self.trend is not None:
            self.draw_chart()

    def _keep(self) -> None:
        self.viewer.memory.set("trends.choice", choice_json(self.choice))
        self.viewer.memory.set("trends.view", view_json(self.view))

    # -- saving ------------------------------------------------------------------------------------------------

    def action_save(self) -> None:
        """Write all values of the choice to a CSV file, or the summary where that has the keys."""
        if self.pane_id == "summary":
            super().action_save()
        else:
            self.run_worker(self._save_points(".csv"), group="save")

    def action_save_ecsv(self) -> None:
        """Write all values of the choice to an ECSV file."""
        self.run_worker(self._save_points(".ecsv"), group="save")

    async def _save_points(self, suffix: str) -> None:
        """Read every value again, because the screen may hold bins, and write them."""
        from qltui.tables.writers import write_table
        from qltui.tui.widgets.table import file_stem

        choice, instrument, directory = self.choice, self.instrument, self.viewer.save_directory

        def write(source: Any) -> Path | str:
            trend = read_trend(source, choice, instrument, most=_ALL_POINTS)
            if trend.bins:
                return f"more than {_ALL_POINTS} values: choose fewer nights or cameras, or use qltui trend"
            if trend.fault:
                return trend.fault
            table = trend_table(trend)
            return write_table(table, directory / f"{file_stem(table.title)}{suffix}")

        try:
            written = await self.viewer.reader.read(write)
        except ReadError as error:
            self.say(f"not saved: {clean(str(error))}", "bad")
            return
        if isinstance(written, Path):
            self.say(f"saved: {written}")
        else:
            self.say(f"not saved: {written}", "warn")
