"""One metric of one camera: every element with its limits and status, pictures that suit it, and who moved with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from textual import on
from textual.binding import Binding

from qltui.instruments.base import HISTORY
from qltui.instruments.table_file import ProductError
from qltui.tables.camera import element_table
from qltui.tables.cells import cell_reason
from qltui.tables.wording import program_text
from qltui.tui import charts
from qltui.tui.pictures.draw import Subject, picture_title
from qltui.tui.pictures.points import make_points
from qltui.tui.pictures.view import CameraWanted, PictureView
from qltui.tui.screens.base import PANE_BINDINGS, PaneRow, PaneScreen, Question
from qltui.tui.screens.engine_keys import EngineKeys
from qltui.tui.screens.exposure_question import ExposureChoice
from qltui.tui.screens.metric_question import MetricAnswer, MetricChoice, read_metric
from qltui.tui.screens.observer_keys import OBSERVER_BINDINGS, ObserverKeys
from qltui.tui.selection import Selection
from qltui.tui.symbols import STATUS_MARKS, STATUS_WORDS
from qltui.tui.text import Line, clean
from qltui.tui.widgets.drawn import ScrolledDrawn
from qltui.tui.widgets.grid_layout import Place
from qltui.tui.widgets.metric_facts import about_lines, next_camera, next_metric, next_step
from qltui.tui.widgets.table import TableView

if TYPE_CHECKING:
    from qltui.instruments.base import MetricDefinition, Picture
    from qltui.store.views import EngineView, ProcessView
    from qltui.tui.pictures.points import Points
    from qltui.tui.widgets.lines import Lines

__all__ = ["MetricScreen"]

_WIDE: Final = 140
_HIGH: Final = 36


class MetricScreen(EngineKeys, ObserverKeys, PaneScreen):
    """Any metric of any camera and exposure; without a choice, what is worst."""

    NAME = "metric"
    BINDINGS = [  # noqa: RUF012  (Textual's declaration)
        *PANE_BINDINGS,
        Binding("p", "picture(1)", "picture", id="metric.picture", tooltip="show the next picture of this metric"),
        Binding("P", "picture(-1)", "picture before", id="metric.picture-before", tooltip="show the picture before"),
        Binding("m", "metric(1)", "metric", id="metric.next", tooltip="look at the next metric"),
        Binding("M", "metric(-1)", "metric before", id="metric.before", tooltip="look at the metric before"),
        Binding("t", "step(1)", "step", id="metric.step", tooltip="look at the first metric of the next step"),
        Binding("T", "step(-1)", "step before", id="metric.step-before", tooltip="and of the step before"),
        Binding("full_stop", "camera(1, 0)", "next unit", id="metric.unit", tooltip="the same arm of the next unit"),
        Binding("comma", "camera(-1, 0)", "unit before", id="metric.unit-before", tooltip="and of the unit before"),
        Binding("a", "camera(0, 1)", "arm", id="metric.arm", tooltip="the next arm of the same unit"),
        Binding("v", "element", "element", id="metric.element", tooltip="look at the next amplifier, axis or class"),
        Binding("r", "reprocess", "reprocess", id="metric.reprocess", tooltip="reduce it again; asks which cameras"),
        *OBSERVER_BINDINGS,
    ]
    FOOTER = {  # noqa: RUF012
        "picture": ("picture.whole", "picture.log"),
        "": ("metric.picture", "metric.next", "metric.unit", "metric.arm", "metric.element", "metric.step"),
    }

    def __init__(self) -> None:
        self._choice = MetricChoice()
        self._answer = MetricAnswer()
        self._points: dict[tuple[str, str], Points] = {}
        super().__init__()

    # -- parts -------------------------------------------------------------------------------------------------

    @property
    def process(self) -> ProcessView | None:
        """What is on the screen."""
        return self._answer.process

    @property
    def place(self) -> Place | None:
        """The camera and step that are looked at."""
        definition = self._answer.definition
        return Place(self._answer.camera, definition.step) if definition is not None else None

    @property
    def engine(self) -> EngineView | None:
        """The engine; None where there is none that lives."""
        engine = self.picture.engine
        return engine if self.viewer.health(engine).is_alive else None

    @property
    def values(self) -> TableView:
        """The table of the elements."""
        return self.query_one("#values", TableView)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Those of the metric; of one that this version does not know, its past."""
        definition = self._answer.definition
        return (definition.pictures if definition is not None else ()) or (HISTORY,)

    @property
    def chosen(self) -> int:
        """Which of them is shown: the one that was looked at last of this metric."""
        title = self.viewer.memory.get(self._memory_key, "")
        titles = [picture.title for picture in self.pictures]
        return titles.index(title) if title in titles else 0

    @property
    def _memory_key(self) -> str:
        definition = self._answer.definition
        return f"metric.picture.{definition.name if definition is not None else ''}"

    def make_panes(self) -> Sequence[Lines]:
        """Return the table of the elements, what is known beside them, and two pictures."""
        return (
            PictureView(id="picture"),
            TableView(id="values", empty="this metric was not measured here"),
            ScrolledDrawn(id="about"),
            PictureView(id="second"),
        )

    def on_mount(self) -> None:
        """Load what draws charts while the screen already stands."""
        self.run_worker(self._load_charts, group="charts")

    async def _load_charts(self) -> None:
        fault = await asyncio.to_thread(charts.load)
        for view in self.query(PictureView):
            view.allow_charts(fault)

    # -- where things lie --------------------------------------------------------------------------------------

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:
        """Return the panes: two pictures where there is room, else one."""
        judgement = self._answer.judgement
        rows = 1 + max(1, len(judgement.elements) if judgement is not None else 1)
        if width >= _WIDE and height >= _HIGH:
            top = PaneRow((("values", 0.5), ("about", 0.5)), height=max(8, min(rows, 14)))
            return (top, PaneRow((("picture", 0.5), ("second", 0.5))))
        return (
            PaneRow((("values", 1.0),), height=min(rows, max(3, height // 4))),
            PaneRow((("about", 1.0),), height=2 if height < _HIGH else 5),
            PaneRow((("picture", 1.0),)),
        )

    def heading(self, pane: str) -> str:
        """Return the words above a pane."""
        answer, definition = self._answer, self._answer.definition
        if pane in ("picture", "second"):
            subject = self.query_one(f"#{pane}", PictureView).subject
            place = f"{self.chosen + 1}/{len(self.pictures)} " if pane == "picture" else ""
            return f"{place}{picture_title(subject)}" if subject is not None else "Picture"
        if pane == "values":
            unit = f" [{definition.unit}]" if definition is not None and definition.unit else ""
            return f"{answer.camera} {definition.title}{unit}" if definition is not None else "Values"
        return "About"

    def head(self) -> Line:
        """Return exposure, camera, metric and its status."""
        process, definition = self.process, self._answer.definition
        if process is None or definition is None:
            return (("no exposure was reduced yet" if process is None else "no metric here", "dim"),)
        exposure, judgement = process.exposure, self._answer.judgement
        line: Line = (
            (f"{exposure.expid}", "strong"),
            (f"  {self._answer.camera} ", "strong"),
            (f"{definition.name}  ", "title"),
        )
        if judgement is not None:
            status = judgement.status
            words = f"{self.viewer.charset.mark(status)} {STATUS_WORDS[status][0]}"
            line = (*line, (words, STATUS_MARKS[status].role))
        return (*line, (f"  {clean(exposure.obstype)} {clean(program_text(exposure.program))}", "dim"))

    # -- what is shown -----------------------------------------------------------------------------------------

    def arrive(self, selection: Selection) -> None:
        """Go to what somebody looked at."""
        exposure = ExposureChoice(selection.process)
        if selection.process is None and selection.expid is not None:
            exposure = ExposureChoice(digits=str(selection.expid))
        element = selection.element if selection.metric else None
        self._choice = MetricChoice(exposure, selection.camera, selection.metric, element or None, selection.step)

    def question(self) -> Question:
        """Return what to ask: the process, the past of the element, and the rows of the products."""
        choice, instrument, known = self._choice, self.viewer.instrument, self._answer.rows
        return lambda source: read_metric(source, choice, instrument, known)

    def show(self, answer: Any) -> None:
        """Show a metric."""
        before = self._answer.rows
        self._answer = answer if answer is not None else MetricAnswer()
        if self._answer.rows is not before:
            self._points = {}
        process, definition = self.process, self._answer.definition
        if self._answer.exposure.fault:
            self.say(self._answer.exposure.fault, "warn")
        if process is not None:
            follows = self._choice.exposure == ExposureChoice()
            exposure = ExposureChoice() if follows else ExposureChoice(process.number)
            metric = definition.name if definition is not None else ""
            self._choice = MetricChoice(exposure, self._answer.camera, metric, self._answer.element)
            self._remember(process, definition)
        if definition is not None and process is not None:
            self._show_metric(process, definition)
        self._show_pictures()
        self.place_panes()

    def _remember(self, process: ProcessView, definition: MetricDefinition | None) -> None:
        exposure, answer = process.exposure, self._answer
        names = (definition.step, definition.name) if definition is not None else ("", "")
        self.viewer.selection = Selection(
            process.number, exposure.expid, exposure.night, answer.camera, *names, answer.element
        )

    def _show_metric(self, process: ProcessView, definition: MetricDefinition) -> None:
        answer, instrument = self._answer, self.viewer.instrument
        reason = cell_reason(process, answer.camera, definition.step) or self._not_measured(definition)
        self.values.show(element_table(answer.judgement, definition, answer.camera, reason))
        self.values.move_to(answer.element)
        self.query_one("#about", ScrolledDrawn).show(
            lambda width, _charset: about_lines(process, instrument, definition, answer.camera, answer.element, width)
        )

    def _not_measured(self, definition: MetricDefinition) -> str:
        arm = next((item.arm for item in self.viewer.instrument.cameras if item.name == self._answer.camera), "")
        if definition.arms and arm not in definition.arms:
            return (
                f"{definition.name} is measured in {self.viewer.instrument.arm_title} {' '.join(definition.arms)} only"
            )
        return f"{definition.name} was not measured here"

    def _show_pictures(self) -> None:
        pictures, first = self.pictures, self.chosen
        second = HISTORY if pictures[first].kind != "history" else pictures[0]
        for name, picture in (("picture", pictures[first]), ("second", second)):
            self.query_one(f"#{name}", PictureView).show(self._subject(picture))

    def _subject(self, picture: Picture) -> Subject | None:
        answer, definition, process = self._answer, self._answer.definition, self.process
        if definition is None or process is None:
            return None
        points, fault = None, answer.rows.faults.get((picture.product, picture.hdu), "")
        table = answer.rows.tables.get((picture.product, picture.hdu))
        if table is not None:
            key = (picture.title, answer.element)
            try:
                points = self._points.get(key) or make_points(table, picture, answer.element)
                self._points[key] = points
            except ProductError as error:
                fault = f"the {picture.product} file of {answer.camera}: {error}"
        layouts = self.viewer.instrument.layouts.get(definition.elements, ())
        if picture.kind == "patches" and picture.product:
            layouts = tuple(layout for each in self.viewer.instrument.layouts.values() for layout in each)
        title = f"{process.exposure.expid} {answer.camera}"
        return Subject(
            definition, picture, answer.element, answer.judgement, points, answer.past, process.number, fault, layouts,
            title,
        )  # fmt: skip

    def help_metrics(self) -> Sequence[MetricDefinition]:
        """Return the metric that is shown."""
        return (self._answer.definition,) if self._answer.definition is not None else ()

    # -- going about -------------------------------------------------------------------------------------------

    def _choose(self, **changes: Any) -> None:
        self._choice = replace(self._choice, **changes)
        self.ask_again()

    @on(TableView.Moved, "#values")
    def _element_moved(self, event: TableView.Moved) -> None:
        self._choose(element=str(event.key))

    @on(CameraWanted)
    def _camera_wanted(self, event: CameraWanted) -> None:
        event.stop()
        self.action_camera(event.right, event.down)

    def action_camera(self, right: int, down: int) -> None:
        """Look at the same metric of a neighbouring camera."""
        if self._choice.camera:
            self._choose(camera=next_camera(self.viewer.instrument, self._choice.camera, right, down))

    def action_metric(self, by: int) -> None:
        """Look at another metric of the same camera."""
        if self.process is not None:
            name = next_metric(self.process, self.viewer.instrument, self._choice.camera, self._choice.metric, by)
            self._choose(metric=name, element=None)

    def action_step(self, by: int) -> None:
        """Look at the first metric of another step."""
        process, definition = self.process, self._answer.definition
        if process is not None and definition is not None:
            name = next_step(process, self.viewer.instrument, self._choice.camera, definition.step, by)
            self._choose(metric=name, element=None)

    def action_element(self) -> None:
        """Look at the next element."""
        judgement = self._answer.judgement
        if judgement is None or len(judgement.elements) < 2:
            self.say("this metric has one value")
            return
        elements = judgement.elements
        here = elements.index(self._choice.element) if self._choice.element in elements else -1
        self._choose(element=elements[(here + 1) % len(elements)])

    def action_picture(self, by: int) -> None:
        """Show another picture, and remember it for this metric."""
        pictures = self.pictures
        self.viewer.memory.set(self._memory_key, pictures[(self.chosen + by) % len(pictures)].title)
        self._show_pictures()
        self.draw_frame()

    def step_exposure(self, by: int) -> None:
        """Look at the same metric of the exposure before, after, or of the latest."""
        exposure, process = self._choice.exposure, self.process
        if by and exposure.process is None and process is not None:
            exposure = replace(exposure, process=process.number)
        self._choose(exposure=exposure.stepped(by))
