"""A pane with a chart: `show` gives it another one, and only the cells that differ are sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from qltui.tables.table import Column, Row, Table
from qltui.tui.charts import ChartSpec, draw_chart, load
from qltui.tui.text import Line, clean
from qltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ChartPane", "points_table"]

_AT_ONCE: Final = 250
"""Points and bars that are drawn while a key waits; curves of more take longer than a key should."""


def _is_dense(spec: ChartSpec) -> bool:
    return sum(len(series.points) + len(series.spans) for series in spec.series) > _AT_ONCE


def points_table(spec: ChartSpec, title: str) -> Table:
    """Return all points and bars of a chart as a table, for a file."""
    columns = (
        Column("series", "series", doc="number of the series in the chart, from 1"),
        Column("x", "x", spec.x_unit, align=">", doc="abscissa"),
        Column("y", spec.y_title or "y", spec.y_unit, align=">", doc="ordinate; of a bar its lowest value"),
        Column("y_high", "highest", spec.y_unit, align=">", doc="of a bar its highest value"),
    )
    found = [(number, x, y, None) for number, series in enumerate(spec.series, start=1) for x, y in series.points] + [
        (number, *span) for number, series in enumerate(spec.series, start=1) for span in series.spans
    ]
    return Table("chart", title, columns, tuple(Row(index, values) for index, values in enumerate(found)))


class ChartPane(Lines, can_focus=True):
    """Shows a `ChartSpec`.

    Parameters
    ----------
    id : str
        Of the widget.
    empty : str
        What is said where there is no chart.
    """

    def __init__(self, *, id: str, empty: str = "nothing to draw yet") -> None:  # noqa: A002
        super().__init__(id=id)
        self._empty = empty
        self._spec: ChartSpec | None = None
        self.heading = ""
        self._ready = False
        self._fault = ""
        self._wanted: tuple[Any, ...] = ()
        self._drawn: tuple[Any, ...] = ()
        self._curves: list[Line] = []
        self._drawing = False

    @property
    def spec(self) -> ChartSpec | None:
        """What is shown."""
        return self._spec

    async def on_mount(self) -> None:
        """Load what draws the curves, in a thread: it takes a while, and the first paint need not wait for it."""
        self.run_worker(self._load, group="load-charts")

    async def _load(self) -> None:
        self._fault = await asyncio.to_thread(load)
        self._ready = True
        self.redraw()

    def show(self, spec: ChartSpec | None, heading: str = "", empty: str = "") -> None:
        """Show a chart; without one, say `empty`."""
        self._spec, self.heading, self._empty = spec, heading, empty or self._empty
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the chart, or in words why there is none; a dense one as it was until it has been drawn anew."""
        if self._spec is None:
            return [((f" {clean(self._empty)}", "dim"),)]
        if not self._ready:
            return []
        if self._fault:
            return [((f" {self._fault}", "warn"),)]
        if not _is_dense(self._spec):
            self._wanted, self._drawn, self._curves = (), (), []
            return draw_chart(self._spec, width, height, self.charset)
        wanted = (self._spec, width, height, self.charset)
        # What is drawn anew is another object; to compare thousands of values would cost as much as half a chart.
        if not self._drawn or self._drawn[0] is not self._spec or self._drawn[1:] != wanted[1:]:
            self._wanted = wanted
            if not self._drawing:
                self._drawing = True
                self.run_worker(self._draw_aside(), group="draw-chart")
        return self._curves

    async def _draw_aside(self) -> None:
        """Draw in a thread what is wanted, and again if that has changed meanwhile."""
        try:
            while (wanted := self._wanted) and wanted is not self._drawn:
                lines = await asyncio.to_thread(draw_chart, *wanted)
                if self._wanted:
                    self._drawn, self._curves = wanted, lines
        finally:
            self._drawing = False
        self.redraw()

    def save(self, directory: Path) -> Path:
        """Write the points to a CSV file and return its name.

        Raises
        ------
        ValueError
            Where there is no chart.
        """
        from qltui.tables.writers import write_table

        if self._spec is None:
            msg = "there is no chart yet"
            raise ValueError(msg)
        table = points_table(self._spec, self.heading or self._spec.y_title or "chart")
        return write_table(table, directory / f"{self.id}.csv")
