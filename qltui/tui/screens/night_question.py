"""What the Night screen asks of the record: a page of exposures, and one metric of them for the map."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qltui.instruments.base import Instrument
from qltui.tables.table import Table

if TYPE_CHECKING:
    from qltui.store.history import NightPage, NightRow, NightWish
    from qltui.store.history_cells import CellValue
    from qltui.tui.screens.base import Question
    from qltui.tui.widgets.heat_map import HeatRow

__all__ = ["NightAnswer", "ask_night", "map_table", "mapped_metrics"]


@dataclass(frozen=True, slots=True)
class NightAnswer:
    """What was found.

    Attributes
    ----------
    page : NightPage
        The exposures and their totals.
    table : Table
        The same as a table.
    metric : str
        Of the map; empty for statuses.
    values : mapping
        Of that metric, by number of the exposure in the record and camera.
    marks : mapping
        Rows of the map by key.
    statistics : pair of Table or None
        Time, and what was measured; None where they were not asked for.
    """

    page: NightPage
    table: Table
    metric: str = ""
    values: Mapping[tuple[int, str], CellValue] = field(default_factory=dict)
    marks: Mapping[Hashable, HeatRow] = field(default_factory=dict)
    statistics: tuple[Table, Table] | None = None


def ask_night(wish: NightWish, metric: str, instrument: Instrument, *, statistics: bool = False) -> Question:
    """Return the question for a page of exposures; table and map are made in the reader's thread too."""

    def ask(source: Any) -> NightAnswer:
        from qltui.store.codec import exposure_time
        from qltui.store.history import night_page
        from qltui.store.history_cells import metric_cells
        from qltui.tables.night import night_table
        from qltui.tui.widgets.night_facts import heat_rows

        page = source.ask(night_page, wish)
        found: Mapping[tuple[int, str], CellValue] = {}
        if metric and page.rows:
            exposures = [(row.exposure_id, exposure_time(row.exposure)) for row in page.rows]
            found = source.ask(metric_cells, wish.instrument, metric, exposures)
        marks = heat_rows(page.rows, metric, found, instrument, several=page.first != page.last)
        tables = None
        if statistics and page.first is not None and page.last is not None:
            from qltui.tables.statistics import statistics_nights, statistics_tables

            nights = statistics_nights(source, instrument, (page.first, page.last))
            tables = statistics_tables(source, instrument, nights) if nights is not None else None
        return NightAnswer(page, night_table(page, instrument), metric, found, {row.key: row for row in marks}, tables)

    return ask


def map_table(rows: Sequence[NightRow], answer: NightAnswer, instrument: Instrument) -> Table:
    """Return what the map shows as a table: a row for each exposure and camera."""
    from qltui.tables.night import cells_table

    return cells_table(rows, answer.metric, answer.values, instrument)


def mapped_metrics(answer: NightAnswer | None, instrument: Instrument, shown: str) -> tuple[str, ...]:
    """Return the metrics that exposures of the page can have; all where there are none, and always the one shown."""
    obstypes = {row.exposure.obstype for row in answer.page.rows} if answer is not None else set()
    return tuple(
        metric.name
        for metric in instrument.metrics
        if not obstypes or metric.name == shown or not obstypes.isdisjoint(metric.obstypes)
    )
