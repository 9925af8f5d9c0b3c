"""One exposure: its grid, all metrics of a step camera by camera, one camera whole, and who reduced it with what.

Enter goes deeper: from the exposure to a camera, from there to a metric. Older processes of the same exposure stand in
a list of their own, and where they disagree with the one that is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from textual import on
from textual.binding import Binding

from qltui.tables.camera import camera_values
from qltui.tables.cells import first_judgement, step_view
from qltui.tables.companions import worst_element
from qltui.tables.exposure import camera_table, difference_table, judgement_of, process_table
from qltui.tables.wording import program_text
from qltui.tui.prompt import WordsScreen
from qltui.tui.screens.base import PANE_BINDINGS, PaneRow, PaneScreen, Question
from qltui.tui.screens.engine_keys import EngineKeys
from qltui.tui.screens.exposure_question import ExposureAnswer, ExposureChoice, read_exposure
from qltui.tui.screens.observer_keys import OBSERVER_BINDINGS, ObserverKeys
from qltui.tui.selection import Selection
from qltui.tui.symbols import STATUS_MARKS, STATUS_WORDS
from qltui.tui.text import Line, clean
from qltui.tui.widgets.drawn import ScrolledDrawn
from qltui.tui.widgets.exposure_facts import fact_lines
from qltui.tui.widgets.grid_layout import Place
from qltui.tui.widgets.step_grid import CellChosen, CursorMoved, StepGrid, steps_of
from qltui.tui.widgets.table import TableView
from qltui.tui.widgets.verdict import VerdictPane
from qltui.tui.words import night_date

if TYPE_CHECKING:
    from qltui.instruments.base import MetricDefinition, StepDefinition
    from qltui.store.views import EngineView, ProcessView
    from qltui.tui.widgets.lines import Lines

__all__ = ["ExposureScreen"]

_WIDE: Final = 140
_HIGH: Final = 40
_NOTHING: Final = ("no exposure was reduced yet",)


class ExposureScreen(EngineKeys, ObserverKeys, PaneScreen):
    """Any exposure by the last digits of its number, and everything that is known of it."""

    NAME = "exposure"
    BINDINGS = [  # noqa: RUF012  (Textual's declaration)
        *PANE_BINDINGS,
        Binding("t", "step(1)", "step", id="exposure.step", tooltip="show the metrics of the next step"),
        Binding("T", "step(-1)", "step before", id="exposure.step-before", tooltip="show those of the step before"),
        Binding("number_sign", "find", "number", id="exposure.find", tooltip="go to an exposure by its last digits"),
        Binding("i", "record", "record", id="exposure.record", tooltip="show who reduced it, when and with what"),
        Binding("m", "metric", "metric", id="exposure.metric", tooltip="look into the metric under the cursor"),
        Binding("r", "reprocess", "reprocess", id="exposure.reprocess", tooltip="reduce it again; asks which cameras"),
        Binding("s", "stop", "stop", id="exposure.stop", tooltip="stop the reduction of this exposure; asks first"),
        *OBSERVER_BINDINGS,
    ]  # fmt: skip
    FOOTER = {  # noqa: RUF012
        "grid": ("grid.values", "exposure.step"),
        "table": ("table.open", "exposure.step", "exposure.metric", "table.order"),
        "camera": ("table.open", "exposure.step"),
        "processes": ("table.open",),
        "": ("exposure.record", "exposure.find", "observer.comment", "pane.next-exposure"),
    }

    def __init__(self) -> None:
        self._choice = ExposureChoice()
        self._answer = ExposureAnswer()
        self._camera_open = False
        self._record_open = False
        self._wanted: Selection | None = None
        super().__init__()

    # -- parts -------------------------------------------------------------------------------------------------

    @property
    def process(self) -> ProcessView | None:
        """What is on the screen."""
        return self._answer.process

    @property
    def place(self) -> Place | None:
        """The camera and step under the cursor."""
        return self.grid.cursor

    @property
    def engine(self) -> EngineView | None:
        """The engine; None where there is none that lives."""
        engine = self.picture.engine
        return engine if self.viewer.health(engine).is_alive else None

    @property
    def grid(self) -> StepGrid:
        """The step grid."""
        return self.query_one(StepGrid)

    @property
    def step(self) -> StepDefinition | None:
        """The step under the cursor."""
        place = self.place
        steps = steps_of(self.process, self.viewer.instrument)
        return next((step for step in steps if place is not None and step.name == place.step), None)

    def table(self, name: str) -> TableView:
        """One of the tables: ``"table"``, ``"camera"``, ``"processes"`` or ``"differences"``."""
        return self.query_one(f"#{name}", TableView)

    def make_panes(self) -> Sequence[Lines]:
        """Return grid, verdict, facts and the tables."""
        return (
            StepGrid(self.viewer.instrument),
            VerdictPane(),
            TableView(id="table", empty="no step, no metric"),
            TableView(id="camera", empty="nothing was measured of this camera"),
            TableView(id="processes", empty="no process yet"),
            TableView(id="differences", empty="choose another process: where it differs from the one shown"),
            ScrolledDrawn(id="facts"),
        )

    # -- where things lie --------------------------------------------------------------------------------------

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:
        """Return the panes: all of them where there is room, else metrics or record by key."""
        lower = "camera" if self._camera_open else "table"
        grid_width = float(min(width - 30, max(46, round(0.34 * width))))
        high = max(5, self.grid.wanted_height(int(grid_width))) if self.is_mounted else 5
        if width >= _WIDE and height >= _HIGH:
            top = PaneRow((("grid", grid_width), ("verdict", 0.4), ("facts", 0.6)), height=max(high + 1, 14))
            history = PaneRow((("processes", 0.58), ("differences", 0.42)), height=9)
            return (top, PaneRow(((lower, 1.0),)), history)
        if self._record_open:
            return (
                PaneRow((("facts", 1.0),), share=1.4),
                PaneRow((("processes", 1.0),), height=4),
                PaneRow((("differences", 1.0),), height=4),
            )
        top = PaneRow((("grid", grid_width), ("verdict", 1.0)), height=high)
        return (top, PaneRow(((lower, 1.0),)))

    def heading(self, pane: str) -> str:
        """Return the words above a pane."""
        place, step = self.place, self.step
        if pane == "grid":
            box = self._arrangement.boxes["grid"]
            return self.grid.title(box.width, box.height)
        if pane == "table":
            summary = self.table("table").summary
            return f"{step.title if step is not None else 'Metrics'}  {summary}"
        if pane == "camera":
            return f"Camera {place.camera if place is not None else ''}  {self.table('camera').summary}"
        if pane == "processes":
            return f"Processes of this exposure  {self.table('processes').summary}"
        if pane == "differences":
            other = self._answer.other
            return f"Differences from process {other.number}" if other is not None else "Differences"
        return {"verdict": "Verdict", "facts": "Record"}[pane]

    def head(self) -> Line:
        """Return number, kind and verdict."""
        process = self.process
        if process is None:
            return ((_NOTHING[0], "dim"),)
        exposure, status = process.exposure, process.verdict.status
        kind = f"{clean(exposure.obstype)} {clean(program_text(exposure.program))}".strip()
        follows = " latest" if self._choice.process is None else ""
        return (
            (f"{exposure.expid}", "strong"),
            (follows, "active"),
            (f"  {self.viewer.charset.mark(status)} {STATUS_WORDS[status][0]}", STATUS_MARKS[status].role),
            (f"  {kind}  {night_date(exposure.night)}", "text"),
        )

    # -- what is shown -----------------------------------------------------------------------------------------

    def arrive(self, selection: Selection) -> None:
        """Go to what somebody looked at."""
        self._wanted = selection
        self._choice = ExposureChoice(selection.process)
        if selection.process is None and selection.expid is not None:
            self._choice = ExposureChoice(digits=str(selection.expid))

    def question(self) -> Question:
        """Return what to ask: the process that is meant, and what surrounds it."""
        choice, instrument = self._choice, self.viewer.instrument.name
        return lambda source: read_exposure(source, choice, instrument)

    def show(self, answer: Any) -> None:
        """Show a process."""
        self._answer = answer if answer is not None else ExposureAnswer()
        process = self.process
        if self._answer.fault:
            self.say(self._answer.fault, "warn")
        if process is not None and (self._choice.steps or self._choice.digits):
            self._choice = ExposureChoice(process.number)
        self.grid.show(process, _NOTHING)
        self.query_one(VerdictPane).show(process)
        if process is not None and self._wanted is not None:
            self._go_to_wanted(self._wanted)
        self._wanted = None
        self._show_tables()
        self.place_panes()

    def _go_to_wanted(self, wanted: Selection) -> None:
        steps = steps_of(self.process, self.viewer.instrument)
        names = [step.name for step in steps]
        if wanted.camera and names:
            self.grid.go_to(Place(wanted.camera, wanted.step if wanted.step in names else names[0]))

    def _show_tables(self) -> None:
        """Hand the tables and the facts what belongs to the process and to the cell under the cursor."""
        process, details, instrument = self.process, self._answer.details, self.viewer.instrument
        self._show_cell()
        if process is None or details is None:
            return
        self.table("processes").show(process_table(details.processes, process.number))
        other = self._answer.other
        if other is not None:
            self.table("differences").show(difference_table(other, process, instrument))

    def _show_cell(self) -> None:
        process, details, place, step = self.process, self._answer.details, self.place, self.step
        if process is None or details is None or place is None or step is None:
            return
        instrument = self.viewer.instrument
        self.table("table").show(camera_table(process, instrument, step))
        self.table("table").move_to(place.camera)
        self.table("camera").show(camera_values(process, instrument, place.camera))
        self.query_one("#facts", ScrolledDrawn).show(
            lambda width, _charset: fact_lines(process, details, instrument, place.camera, width)
        )
        self._remember()

    def _remember(self) -> None:
        process, place = self.process, self.place
        if process is not None and place is not None:
            exposure = process.exposure
            self.viewer.selection = Selection(process.number, exposure.expid, exposure.night, place.camera, place.step)

    def help_metrics(self) -> Sequence[MetricDefinition]:
        """Return the metrics of the step that is shown."""
        process, step = self.process, self.step
        if process is None or step is None:
            return ()
        return self.viewer.instrument.metrics_for(process.exposure.obstype, step.name)

    # -- going about -------------------------------------------------------------------------------------------

    @on(CursorMoved)
    def _cell_moved(self, event: CursorMoved) -> None:
        event.stop()
        self._show_cell()
        self.draw_frame()

    @on(TableView.Moved, "#table")
    def _camera_moved(self, event: TableView.Moved) -> None:
        step = self.step
        if step is not None:
            self.grid.go_to(Place(str(event.key), step.name))

    @on(CellChosen)
    def _cell_chosen(self, event: CellChosen) -> None:
        event.stop()
        self._open_camera(metric_first=False)

    @on(TableView.Chosen, "#table")
    def _camera_chosen(self) -> None:
        self._open_camera(metric_first=True)

    def _open_camera(self, *, metric_first: bool) -> None:
        """Show one camera whole, the cursor at the metric of the column, or at what is worst."""
        self._camera_open, self._record_open = True, False
        self.place_panes()
        self.focus_pane("camera")
        process, place = self.process, self.place
        if process is None or place is None:
            return
        # From the table: the metric of its column; from the grid, the worst of the step.
        judgement = judgement_of(process, place.camera, self._column_metric() if metric_first else "")
        judgement = judgement or first_judgement(step_view(process, place.camera, place.step), self.viewer.instrument)
        if judgement is not None and judgement.elements:
            self.table("camera").move_to((judgement.metric, judgement.elements[worst_element(judgement)]))

    def _column_metric(self) -> str:
        """Return the metric of the column that the cursor of the table is in; empty for another column."""
        name = self.table("table").cursor_column.removesuffix("_at")
        return name if any(metric.name == name for metric in self.viewer.instrument.metrics) else ""

    @on(TableView.Chosen, "#camera")
    def _metric_chosen(self, event: TableView.Chosen) -> None:
        metric, element = event.key
        self._open_metric(str(metric), str(element))

    def action_metric(self) -> None:
        """Look into the metric under the cursor."""
        key = self.table("camera").cursor_key if self.pane_id == "camera" else None
        metric, element = key if isinstance(key, tuple) else (self._column_metric(), "")
        self._open_metric(metric, element)

    def _open_metric(self, metric: str, element: str) -> None:
        process, place = self.process, self.place
        if process is None or place is None:
            self.say("there is no metric to look into")
            return
        exposure = process.exposure
        known = [item for item in self.viewer.instrument.metrics if item.name == metric]
        step = known[0].step if known else place.step
        wanted = Selection(process.number, exposure.expid, exposure.night, place.camera, step, metric, element)
        self.viewer.go("metric", wanted)

    @on(TableView.Moved, "#processes")
    def _other_chosen(self, event: TableView.Moved) -> None:
        process = self.process
        if process is not None:
            other = event.key if event.key != process.number else None
            self._choice = replace(self._choice, process=process.number, other=other)
            self.ask_again()

    @on(TableView.Chosen, "#processes")
    def _process_chosen(self, event: TableView.Chosen) -> None:
        before = self.process
        other = before.number if before is not None and before.number != event.key else None
        self._choice = ExposureChoice(int(str(event.key)), other=other)
        self.ask_again()

    def step_exposure(self, by: int) -> None:
        """Go to the exposure before (-1), after (1), or follow the latest (0)."""
        process = self.process
        if by and self._choice.process is None and process is not None:
            self._choice = replace(self._choice, process=process.number)
        self._choice = self._choice.stepped(by)
        self.ask_again()

    # -- keys --------------------------------------------------------------------------------------------------

    def action_step(self, by: int) -> None:
        """Show the metrics of another step."""
        place = self.place
        names = [step.name for step in steps_of(self.process, self.viewer.instrument)]
        if place is not None and place.step in names:
            self.grid.go_to(Place(place.camera, names[(names.index(place.step) + by) % len(names)]))

    def action_find(self) -> None:
        """Ask for the last digits of an exposure's number."""

        def typed(words: str | None) -> None:
            digits = (words or "").strip()
            if not digits:
                return
            if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
                self.say("an exposure is named by the last digits of its number, such as 79", "warn")
                return
            shown = self.process
            self._choice = ExposureChoice(shown.number if shown is not None else None, digits=digits)
            self.ask_again()

        self.app.push_screen(WordsScreen("# last digits of the exposure: "), typed)

    def action_record(self) -> None:
        """Show who reduced the exposure when and with what, or the metrics again."""
        self._record_open = not self._record_open
        self.place_panes()
        if "facts" in self.reachable:
            self.focus_pane("facts" if self._record_open else "table")

    def close_something(self) -> bool:
        """Close the record, or the camera; return whether one of them was open."""
        if self._record_open:
            self.action_record()
        elif self._camera_open:
            self._camera_open = False
            self.place_panes()
            self.focus_pane("table")
        else:
            return False
        return True
