"""Night: the exposures of a night or of several as a table, a map of their cameras, and what they add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from textual import on

from qltui.tables.nights import EVERY_NIGHT, parse_nights
from qltui.tui.prompt import WordsScreen
from qltui.tui.screens.base import PANE_BINDINGS, PaneRow, PaneScreen, Question
from qltui.tui.screens.history_keys import HISTORY_BINDINGS, REDUCIBLE, HistoryKeys, Listed
from qltui.tui.screens.night_keys import NIGHT_BINDINGS
from qltui.tui.screens.night_panes import NightStatistics, night_heading, night_plan
from qltui.tui.screens.night_question import NightAnswer, ask_night, map_table, mapped_metrics
from qltui.tui.selection import Selection
from qltui.tui.text import Line, clean, join
from qltui.tui.widgets.drawn import ScrolledDrawn
from qltui.tui.widgets.heat_map import HeatMap
from qltui.tui.widgets.table import TableView
from qltui.tui.words import night_date

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from qltui.store.history import NightRow, NightWish
    from qltui.tables.table import Table
    from qltui.tui.widgets.lines import Lines

__all__ = ["NightScreen"]

_METRIC: Final = "night.metric"
_FILTER: Final = "night.filter"
_BUSY: Final = 5.0
"""Many nights are not asked for again with every change of a busy record [s]."""
_PAGE: Final = 240
"""Exposures that are shown at once: the longest night, and what is read, drawn and mapped within 0.2 s."""


class NightScreen(NightStatistics, HistoryKeys, PaneScreen):
    """The exposures of a night, or of a range of nights."""

    NAME = "night"
    BINDINGS = [  # noqa: RUF012  (Textual's declaration)
        *PANE_BINDINGS,
        *HISTORY_BINDINGS,
        *NIGHT_BINDINGS,
    ]
    FOOTER = {  # noqa: RUF012
        "table": ("table.open", "table.tick", "history.reprocess", "history.comment", "history.flag"),
        "map": ("map.open", "night.metric", "history.reprocess"),
        "": ("night.previous", "night.next", "night.range", "night.statistics", "pane.filter"),
    }

    def __init__(self) -> None:
        super().__init__()
        self._wish: NightWish | None = None
        self._newer: list[tuple[int, int] | None] = []
        self._answer: NightAnswer | None = None
        self._rows: dict[Hashable, NightRow] = {}
        self._programs: set[str] = set()
        self._target: Hashable | None = None
        self._mapped: Table | None = None
        kept = self.viewer.memory.get(_METRIC, "")
        self._metric = kept if kept in {metric.name for metric in self.viewer.instrument.metrics} else ""
        words = self.viewer.memory.get(_FILTER, "")
        self._words = words if isinstance(words, str) else ""

    # -- parts -------------------------------------------------------------------------------------------------

    def make_panes(self) -> Sequence[Lines]:
        """Return the table, the map and the facts."""
        return (
            TableView(id="table", empty="no exposure of this night", ticks=True),
            HeatMap(id="map", instrument=self.viewer.instrument),
            ScrolledDrawn(id="facts"),
            TableView(id="time", empty="no exposure of these nights"),
            TableView(id="quantities", empty="nothing was measured in these nights"),
        )

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:
        """Return the table above the map and the facts, or above the statistics."""
        return night_plan(self.viewer.instrument, width, height, statistics=self.with_statistics)

    @property
    def table(self) -> TableView:
        """The exposures."""
        return self.query_one("#table", TableView)

    @property
    def heat(self) -> HeatMap:
        """The map."""
        return self.query_one("#map", HeatMap)

    @property
    def here(self) -> NightRow | None:
        """The exposure under the cursor."""
        return self._rows.get(self.table.cursor_key)

    # -- asking ------------------------------------------------------------------------------------------------

    @property
    def wish(self) -> NightWish:
        """Which exposures are wanted now."""
        from qltui.store.history import NightWish, field_of
        from qltui.tables.night import night_terms

        if self._wish is None:
            terms = night_terms(self._words, self.viewer.instrument)
            instrument = self.viewer.instrument
            self._wish = NightWish(instrument.name, terms=terms, limit=_PAGE, field=field_of(instrument))
        return self._wish

    def question(self) -> Question:
        """Ask for the page, and for the metric of the map."""
        return ask_night(self.wish, self._metric, self.viewer.instrument, statistics=self.with_statistics)

    def _choose(self, wish: NightWish) -> None:
        """Show other exposures."""
        self._wish = wish
        self.QUIET = _BUSY if wish.first != wish.last else 0.0
        self.ask_again()

    def _show_nights(self, first: int | None, last: int | None) -> None:
        self._newer.clear()
        self._choose(replace(self.wish, first=first, last=last, before=None))

    def arrive(self, selection: Selection) -> None:
        """Go to the night and the exposure that the observer looks at."""
        if selection.night is None or selection.expid is None:
            return
        self._target = (selection.night, selection.expid)
        if self._target not in self._rows:
            self._show_nights(selection.night, selection.night)
        else:
            self._go_to_target()

    def show(self, answer: NightAnswer | None) -> None:
        """Show the page; who stood on its last exposure goes on with the latest."""
        self._answer = answer
        if answer is None:
            return
        table, keys = self.table, list(self._rows)
        followed = table.cursor_key is None or (bool(keys) and table.cursor_key == keys[-1])
        self._rows = {row.key: row for row in answer.page.rows}
        self._programs |= {row.exposure.program for row in answer.page.rows if row.exposure.program}
        if table.words != self._words:
            table.set_filter(self._words)
        at = answer.page.rows[-1].key if followed and answer.page.rows else None
        if self._target is not None:
            at = self._target if self._target in self._rows else None
            self._target = None if at is not None else self._target
        table.show(answer.table, at)
        self.show_statistics(answer)
        self._show_rest()

    def _go_to_target(self) -> None:
        if self._target in self._rows:
            self.table.move_to(self._target)
            self._target = None
            self._show_rest()

    def _show_rest(self) -> None:
        """Show the map of the rows that the table shows, in its order, and the facts."""
        answer, seen = self._answer, self.table.seen
        if answer is None or seen is None:
            return
        self._mapped = seen
        marks = [answer.marks[row.key] for row in seen.rows if row.key in answer.marks]
        self.heat.show(marks, self._cell_words, self._keep_map)
        self._follow()

    def _follow(self) -> None:
        """Put the cursor of the map where that of the table is, and tell of its exposure."""
        from qltui.tui.widgets.night_facts import night_facts

        answer, here = self._answer, self.here
        self.heat.move_to(self.table.cursor_key)
        if answer is not None:
            facts = self.query_one("#facts", ScrolledDrawn)
            facts.show(lambda width, charset: night_facts(answer.page, here, charset, width))

    def _cell_words(self, key: Hashable, camera: str) -> Line:
        from qltui.tui.widgets.night_facts import cell_words

        answer, row = self._answer, self._rows.get(key)
        if answer is None or row is None:
            return ()
        value = answer.values.get((row.exposure_id, camera))
        return cell_words(row, camera, answer.metric, value, self.viewer.instrument, self.viewer.charset)

    def _keep_map(self, directory: Path) -> Path:
        from qltui.tables.writers import write_table
        from qltui.tui.widgets.table import file_stem

        answer, seen = self._answer, self.table.seen
        if answer is None or seen is None:
            msg = "there is no map yet"
            raise ValueError(msg)
        rows = [self._rows[row.key] for row in seen.rows if row.key in self._rows]
        table = map_table(rows, answer, self.viewer.instrument)
        return write_table(table, directory / f"{file_stem(f'{answer.table.title} {table.title}')}.csv")

    def _moved(self) -> None:
        """Carry the exposure under the cursor to the other panes and screens."""
        here = self.here
        if here is not None:
            night, expid = here.key
            self.viewer.selection = Selection(process=here.process, expid=expid, night=night)
        # Another order of the table is another order of the map.
        if self.table.seen is self._mapped:
            self._follow()
        else:
            self._show_rest()
        self.draw_frame()

    # -- words -------------------------------------------------------------------------------------------------

    def heading(self, pane: str) -> str:
        """Return the words above a pane."""
        return night_heading(pane, self.table.summary, self._metric)

    def head(self) -> Line:
        """Return the nights, and what their exposures add up to."""
        from qltui.tables.night import totals_line

        page = self._answer.page if self._answer is not None else None
        if page is None or page.first is None or page.last is None:
            return (("no night in this record", "dim"),)
        whole = (page.first, page.last) == EVERY_NIGHT
        nights = (
            night_date(page.first)
            if page.first == page.last
            else f"{night_date(page.first)} to {night_date(page.last)}"
        )
        shown = f"{len(page.rows):,} of {page.total:,}" if page.totals else f"{len(page.rows):,} of many"
        shown = shown if page.older or self.wish.before is not None else ""
        return join(
            (
                (("all nights" if whole else nights, "strong"),),
                ((f"{shown} shown", "key"),) if shown else (),
                ((totals_line(page), "text"),),
            )
        )

    # -- messages ----------------------------------------------------------------------------------------------

    @on(TableView.Moved, "#table")
    def on_table_moved(self, _event: TableView.Moved) -> None:
        """Let the map follow."""
        self._moved()

    @on(TableView.Ticked, "#table")
    def on_table_ticked(self, _event: TableView.Ticked) -> None:
        """Count the ticks in the heading."""
        self.draw_frame()

    @on(TableView.Chosen, "#table")
    def on_table_chosen(self, _event: TableView.Chosen) -> None:
        """Go to the exposure."""
        self._open("")

    def on_heat_map_moved(self, event: HeatMap.Moved) -> None:
        """Let the table follow."""
        self.table.move_to(event.view.key)
        self._moved()

    def on_heat_map_chosen(self, event: HeatMap.Chosen) -> None:
        """Go to the camera of the exposure, and to the metric that the map shows."""
        event.stop()
        self._open(event.view.camera)

    def _open(self, camera: str) -> None:
        here = self.here
        if here is None:
            return
        if here.process is None:
            self.say("this exposure was never reduced: r asks for it")
            return
        night, expid = here.key
        selection = Selection(process=here.process, expid=expid, night=night, camera=camera)
        if camera and self._metric:
            step = self.viewer.instrument.metric(self._metric).step
            self.viewer.go("metric", replace(selection, metric=self._metric, step=step))
        else:
            self.viewer.go("exposure", selection)

    # -- keys --------------------------------------------------------------------------------------------------

    def step_exposure(self, by: int) -> None:
        """Move to the exposure before or after; 0 goes to the latest night and its last exposure."""
        if by:
            self.table.action_move(by)
            return
        self._target = None
        self.table.action_move(1_000_000)
        self._show_nights(None, None)

    async def action_night(self, by: int) -> None:
        """Go to the night with exposures before or after this one."""
        page = self._answer.page if self._answer is not None else None
        if page is None or page.first is None:
            self.say("there is no night in this record")
            return
        edge, name = (page.first, "first") if by < 0 else (page.last, "last")

        def ask(source: object) -> int | None:
            from qltui.store.history import neighbour_night

            found: int | None = source.ask(neighbour_night, self.viewer.instrument.name, edge, by)  # type: ignore[attr-defined]
            return found

        night = await self.viewer.reader.read(ask)
        if night is None:
            self.say(f"this is the {name} night of the record")
            return
        self._show_nights(night, night)

    def action_nights(self) -> None:
        """Ask for the nights."""

        def typed(words: str | None) -> None:
            if words is None:
                return
            try:
                nights = parse_nights(words)
            except ValueError as error:
                self.say(clean(str(error)), "warn")
                return
            self._show_nights(*(nights or (None, None)))

        self.app.push_screen(WordsScreen("nights (20191001, 20191001-20191031, all; none: the latest): "), typed)

    def action_page(self, by: int) -> None:
        """Show the exposures before (-1) or after (1) those of this page."""
        page = self._answer.page if self._answer is not None else None
        if by < 0 and page is not None and page.older:
            self._newer.append(self.wish.before)
            self._choose(replace(self.wish, before=page.rows[0].key))
        elif by > 0 and self._newer:
            self._choose(replace(self.wish, before=self._newer.pop()))
        else:
            self.say("there are no older ones" if by < 0 else "these are the newest")

    def action_metric(self, by: int) -> None:
        """Map the next metric or the one before; 0 the statuses."""
        names = ["", *mapped_metrics(self._answer, self.viewer.instrument, self._metric)]
        self._metric = names[(names.index(self._metric) + by) % len(names)] if by else ""
        self.viewer.memory.set(_METRIC, self._metric or None)
        self.ask_again()

    def action_filter(self) -> None:
        """Ask for words; those that the record knows reach the whole range, the others the page."""
        self.app.push_screen(WordsScreen("/", self.table.words, self._filtered), lambda _: self._keep_filter())

    def _filtered(self, words: str) -> None:
        from qltui.tables.night import night_terms

        self._words = words
        self.table.set_filter(words)
        terms = night_terms(words, self.viewer.instrument, sorted(self._programs))
        if terms != self.wish.terms:
            self._newer.clear()
            self._choose(replace(self.wish, terms=terms, before=None))
        self._show_rest()
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
        """Return the exposure under the cursor."""
        here = self.here
        return _listed(here) if here is not None else None

    def chosen_exposures(self) -> Sequence[Listed]:
        """Return the ticked exposures, or the one under the cursor."""
        keys = [key for key in self._rows if key in self.table.ticked] or [self.table.cursor_key]
        return [_listed(self._rows[key]) for key in keys if key in self._rows]


def _listed(row: NightRow) -> Listed:
    return Listed(*row.key, row.process, tuple(name for name, status in row.cameras.items() if status in REDUCIBLE))
