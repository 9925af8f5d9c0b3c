"""Keeps the trend's question and its answer: what it shows, and whether it must be read again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from qltui.instruments.base import Instrument, MetricDefinition
from qltui.store.views import ProcessView, TrendPoint
from qltui.tui.screens.snapshot import read_trend
from qltui.tui.source import Reader
from qltui.tui.widgets.grid_layout import Place
from qltui.tui.widgets.trend_choice import (
    TrendChoice,
    TrendQuery,
    choose_trend,
    cycle_arm,
    cycle_element,
    cycle_metric,
    trend_title,
)

__all__ = ["TrendFollower"]

_SECONDS: Final = 1.0
"""The same chart is not read and drawn more often [s]."""


_ENOUGH: Final = 3
"""With fewer exposures of a kind there is no trend [exposures]."""


class TrendFollower:
    """What the trend is about.

    Parameters
    ----------
    reader : Reader
        Way to the record.
    instrument : Instrument
        Whose metrics there are.
    """

    def __init__(self, reader: Reader, instrument: Instrument) -> None:
        self._reader = reader
        self._instrument = instrument
        self._choice = TrendChoice()
        self._key: tuple[tuple[TrendQuery | None, bool | None], int | None] | None = None
        self._time = -_SECONDS
        self.query: TrendQuery | None = None

    @property
    def title(self) -> str:
        """Heading of the chart."""
        return trend_title(self.query) if self.query is not None else "Trend"

    async def update(
        self, process: ProcessView | None, cursor: Place | None, version: int | None
    ) -> tuple[TrendPoint, ...] | None:
        """Return the values to draw, or None where those on the screen still hold.

        Raises
        ------
        ReadError
            Where the record cannot be read.
        """
        query = choose_trend(process, self._instrument, cursor, self._choice)
        asked = (query, self._choice.all_obstypes)
        key = (asked, version)
        now = time.monotonic()
        is_same = self._key is not None and self._key[0] == asked
        if key == self._key or (is_same and now - self._time < _SECONDS):
            return None
        shown, points = await self._read(query)
        self._key, self._time, self.query = key, now, shown
        return points

    async def _read(self, query: TrendQuery | None) -> tuple[TrendQuery | None, tuple[TrendPoint, ...]]:
        """Return the values, of all obstypes where nobody chose and there are too few of this one."""
        if query is None:
            return None, ()
        points = await self._reader.read(read_trend(query))
        if self._choice.all_obstypes is not None or len({point.expid for point in points}) >= _ENOUGH:
            return query, points
        wider = replace(query, obstypes=())
        return wider, await self._reader.read(read_trend(wider))

    def metrics_near(self, process: ProcessView | None, cursor: Place | None) -> list[MetricDefinition]:
        """Return the metric of the chart, then those of the step and arm under the cursor."""
        if process is None or cursor is None:
            return []
        arm = self._instrument.camera(cursor.camera).arm
        own = self._instrument.metrics_for(process.exposure.obstype, cursor.step, arm)
        first = (self.query.definition,) if self.query is not None else ()
        return list(dict.fromkeys((*first, *own)))

    # -- by key ------------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Follow the cell under the cursor again."""
        self._choice = TrendChoice()

    def next_metric(self, process: ProcessView, cursor: Place, by: int) -> None:
        """Go to another metric."""
        self._choice = cycle_metric(process, self._instrument, cursor, self._choice, by)

    def next_arm(self, _process: ProcessView, cursor: Place) -> None:
        """Go to another arm."""
        self._choice = cycle_arm(self._instrument, cursor, self._choice)

    def next_element(self, process: ProcessView, cursor: Place) -> None:
        """Go to another element."""
        self._choice = cycle_element(process, self._instrument, cursor, self._choice)

    def toggle_cameras(self, _process: ProcessView, _cursor: Place) -> None:
        """Show the camera alone, or all of its arm."""
        self._choice = replace(self._choice, one_camera=not self._choice.one_camera)

    def toggle_obstypes(self, _process: ProcessView, _cursor: Place) -> None:
        """Show exposures of this kind, or of all kinds."""
        shown = bool(self.query is not None and not self.query.obstypes)
        self._choice = replace(self._choice, all_obstypes=not shown)


Change = Callable[[ProcessView, Place], None]
