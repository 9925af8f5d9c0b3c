"""The values of one cell of the grid: in one line below it, and as a table with limits, reasons and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding

from qltui.instruments.base import Instrument, MetricDefinition
from qltui.model import Judgement, Status
from qltui.store.views import EngineView, ProcessView
from qltui.tables.wording import range_text
from qltui.tui.cells import cell_reason, cell_status, first_judgement, step_view
from qltui.tui.symbols import STATUS_MARKS, STATUS_WORDS, Charset
from qltui.tui.text import Line, beside, clean, join, line_width, wrap
from qltui.tui.widgets.grid_layout import Place
from qltui.tui.widgets.lines import Lines
from qltui.tui.words import number, span

__all__ = ["CellDetail", "CellLine", "detail_lines", "range_text", "summary_line"]


def find_metric(instrument: Instrument, name: str) -> MetricDefinition:
    """Return a metric's entry; one made of its name for a metric that this version no longer knows."""
    try:
        return instrument.metric(name)
    except KeyError:
        return MetricDefinition(name, name, name, "", "", (), "", "", "", "", "", format=".3g")


# -- one line ------------------------------------------------------------------------------------------------------


def _elements(judgement: Judgement, definition: MetricDefinition, charset: Charset) -> list[Line]:
    """Return each element with its value, marked where it is not good."""
    parts: list[Line] = []
    for element, value, status in zip(judgement.elements, judgement.values, judgement.statuses, strict=True):
        text = number(value, definition.format)
        line: Line = ((f"{clean(element)} ", "dim"),) if element else ()
        if status is Status.NORMAL:
            parts.append((*line, (text, "text")))
        else:
            role = STATUS_MARKS[status].role
            parts.append((*line, (f"{text} {charset.mark(status)}", role)))
    return parts


def summary_line(process: ProcessView, instrument: Instrument, place: Place, charset: Charset, width: int) -> Line:
    """Return the worst metric of a cell with all its elements, or why there is no value."""
    head: Line = ((f" {place.camera} ", "strong"),)
    view = step_view(process, place.camera, place.step)
    judgement = first_judgement(view, instrument)
    if judgement is None:
        status = cell_status(process, place.camera, place.step)
        reason = clean(cell_reason(process, place.camera, place.step)) or STATUS_WORDS[status][1]
        mark = STATUS_MARKS[status]
        return (*head, (f"{charset.mark(status)} ", mark.role), (reason, "text"))
    definition = find_metric(instrument, judgement.metric)
    if not any(value == value for value in judgement.values) and judgement.reason:
        mark = STATUS_MARKS[judgement.status]
        name: Line = ((f"{definition.name}  ", "title"),)
        return (*head, *name, (f"{charset.mark(judgement.status)} ", mark.role), (clean(judgement.reason), "text"))
    parts = _elements(judgement, definition, charset)
    unit = f" [{definition.unit}]" if definition.unit else ""
    room = width - line_width(head) - 1
    for line in (
        ((f"{definition.name}{unit}  ", "title"), *join(parts, "  ")),
        ((f"{definition.short}{unit}  ", "title"), *join(parts, "  ")),
        ((f"{definition.short} ", "title"), *join(parts, " "), (f" {definition.unit}", "title")),
    ):
        if line_width(line) <= room:
            return (*head, *line)
    # Not all of them fit: the worst must be among those that do.
    worst = max(range(len(parts)), key=lambda index: judgement.statuses[index].severity, default=0)
    name = ((f"{definition.short}{unit}  ", "title"),)
    order = [parts[worst], *parts[:worst], *parts[worst + 1 :]] if parts else []
    return (*head, *name, *beside(order, room - line_width(name), "  "))


# -- table ---------------------------------------------------------------------------------------------------------


def _columns(width: int) -> tuple[int, int, int, int, int]:
    """Return the widths of name, value, normal, warning and reference."""
    spare = max(0, width - 78)
    name = 12 + min(16, spare // 2)
    ranges = 16 + min(6, spare // 6)
    return name, 10, ranges, ranges, max(0, width - name - 10 - 2 * ranges - 7)


def _row(parts: Sequence[tuple[str, str]], widths: Sequence[int]) -> Line:
    """Return a row of a table: the second column, the value, to the right, the others to the left."""
    line: list[tuple[str, str]] = []
    for index, ((text, role), width) in enumerate(zip(parts, widths, strict=True)):
        text = text if len(text) <= width else text[: max(0, width - 1)] + "…"
        line.append((text.rjust(width) if index == 1 else text.ljust(width), role))
        line.append(("   " if index == 1 else " ", ""))
    return tuple(line)


def _origin(judgement: Judgement, index: int, definition: MetricDefinition) -> str:
    """Return where the reference of an element comes from, with its value where it differs from zero."""
    reference = judgement.references[index]
    # A plain number of the limits file: "0.400 fixed" tells an observer more than its kind.
    words = clean(judgement.reference_from).replace("number", "fixed")
    if reference != reference:
        return words or "–"
    value = number(reference, definition.format)
    return f"{value} {words}".rstrip()


def _metric_rows(judgement: Judgement, definition: MetricDefinition, charset: Charset, width: int) -> list[Line]:
    widths = _columns(width - 1)
    unit = f" [{definition.unit}]" if definition.unit else ""
    title = f"{definition.title}{unit}"
    lines: list[Line] = []
    # A title that is longer than its column has a line of its own, as the title of several elements has.
    several = len(judgement.elements) > 1 or len(title) > widths[0] - 2
    if several:
        lines.append((("   ", ""), (title, "strong")))
    for index, element in enumerate(judgement.elements):
        status = judgement.statuses[index]
        mark = STATUS_MARKS[status]
        label = f"  {clean(element)}" if several else title
        form = definition.format
        row = _row(
            [
                (label, "dim" if several else "strong"),
                (number(judgement.values[index], form), "text" if status is Status.NORMAL else mark.role),
                (range_text(judgement.normal[index], form), "text"),
                (range_text(judgement.warning[index], form), "dim"),
                (_origin(judgement, index, definition), "dim"),
            ],
            (widths[0] - 2, *widths[1:]),
        )
        lines.append(((f" {charset.mark(status)} ", mark.role), *row))
    if judgement.reason:
        lines += [(("     ", ""), (part, "text")) for part in wrap(clean(judgement.reason), width - 6)]
    if judgement.status in (Status.WARNING, Status.ALARM):
        lines += _advice(definition, width)
    return lines


def _advice(definition: MetricDefinition, width: int) -> list[Line]:
    """Return what a bad value usually means and what to do."""
    lines: list[Line] = []
    for word, text in (("means", definition.meaning), ("do", definition.action)):
        for index, part in enumerate(wrap(text, width - 14)):
            lines.append(((f"     {word if not index else '':<6}", "dim"), (part, "text")))
    return lines


def detail_lines(
    process: ProcessView, instrument: Instrument, place: Place, charset: Charset, width: int
) -> list[Line]:
    """Return a cell's table: every metric of the step with value, ranges, reference and status."""
    status = cell_status(process, place.camera, place.step)
    mark = STATUS_MARKS[status]
    view = step_view(process, place.camera, place.step)
    took = f"  {span(view.seconds)}" if view is not None and view.seconds is not None else ""
    camera = process.cameras.get(place.camera)
    attempt = f"  attempt {camera.attempt}" if camera is not None and camera.attempt > 1 else ""
    lines: list[Line] = [
        ((f" {charset.mark(status)} ", mark.role), (STATUS_WORDS[status][0], mark.role), (took + attempt, "dim"))
    ]
    reason = clean(cell_reason(process, place.camera, place.step))
    if reason or view is None or not view.judgements:
        lines += [((f"   {part}", "text"),) for part in wrap(reason or STATUS_WORDS[status][1], width - 4)]
    if view is not None and view.judgements:
        widths = _columns(width - 1)
        titles = [(text, "dim") for text in ("", "value", "normal", "warning", "reference")]
        lines.append((("   ", ""), *_row(titles, (widths[0] - 2, *widths[1:]))))
        for judgement in view.judgements:
            lines += _metric_rows(judgement, find_metric(instrument, judgement.metric), charset, width)
    if camera is not None and camera.calibrations:
        lines.append(())
        lines.append((("   calibrated with", "dim"),))
        for kind, path in camera.calibrations.items():
            lines.append(((f"     {clean(kind):<14}", "dim"), (clean(path), "text")))
    return lines


class CellLine(Lines):
    """One line with the worst metric of the cell under the cursor; where there is room below, shapes and workers."""

    def __init__(self, instrument: Instrument) -> None:
        super().__init__(id="cell-line")
        self._instrument = instrument
        self._shown: tuple[ProcessView, Place] | None = None
        self._slots: tuple[str, ...] = ()

    def show(self, process: ProcessView | None, place: Place | None, engine: EngineView | None = None) -> None:
        """Show a cell, and what the engine's workers do."""
        self._shown = (process, place) if process is not None and place is not None else None
        self._slots = engine.slots if engine is not None else ()
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the line, and the legend if it fits."""
        lines: list[Line] = []
        if self._shown is not None:
            process, place = self._shown
            lines.append(summary_line(process, self._instrument, place, self.charset, width))
        if height < 5 or not lines:
            return lines
        if height > 8:
            lines.insert(0, ())
        lines += [(), *legend_lines(self.charset, width)]
        busy = [clean(slot) for slot in self._slots if slot]
        if busy and len(lines) + 1 < height:
            lines.append(())
            lines += [
                ((" in work  " if not index else " " * 10, "dim"), (text, "active")) for index, text in enumerate(busy)
            ]
        return lines


def legend_lines(charset: Charset, width: int) -> list[Line]:
    """Return what the shapes mean, in as many columns as fit."""
    column = 16
    each = max(1, (width - 2) // column)
    lines: list[Line] = []
    entries = [
        (charset.mark(status), mark.role, STATUS_WORDS[status][0].lower()) for status, mark in STATUS_MARKS.items()
    ]
    for start in range(0, len(entries), each):
        line: Line = ((" ", ""),)
        for shape, role, word in entries[start : start + each]:
            line = (*line, (f"{shape} ", role), (word.ljust(column - 2), "dim"))
        lines.append(line)
    return lines


class CellDetail(Lines, can_focus=True):
    """The table of the cell under the cursor; scrolls where it is longer than the pane."""

    BINDINGS = [  # noqa: RUF012  (Textual's declaration)
        Binding("up", "scroll_by(-1)", "up", id="detail.up", show=False),
        Binding("down", "scroll_by(1)", "down", id="detail.down", show=False),
        Binding("pageup", "scroll_by(-10)", "page up", id="detail.page-up", show=False),
        Binding("pagedown", "scroll_by(10)", "page down", id="detail.page-down", show=False),
    ]

    def __init__(self, instrument: Instrument) -> None:
        super().__init__(id="detail")
        self._instrument = instrument
        self._shown: tuple[ProcessView, Place] | None = None
        self._offset = 0

    @property
    def place(self) -> Place | None:
        """The cell that is shown."""
        return self._shown[1] if self._shown is not None else None

    def show(self, process: ProcessView | None, place: Place | None) -> None:
        """Show a cell."""
        if place != self.place:
            self._offset = 0
        self._shown = (process, place) if process is not None and place is not None else None
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the part of the table that the pane is scrolled to."""
        if self._shown is None:
            return [(), ((" nothing to show yet", "dim"),)]
        process, place = self._shown
        lines = detail_lines(process, self._instrument, place, self.charset, width)
        self._offset = max(0, min(self._offset, len(lines) - height))
        shown = lines[self._offset : self._offset + height]
        below = len(lines) - self._offset - height
        if below > 0 and height > 1:
            shown[-1] = ((f"   {below + 1} more lines: tab, then down", "dim"),)
        return shown

    def action_scroll_by(self, rows: int) -> None:
        """Scroll the table."""
        self._offset = max(0, self._offset + rows)
        self.redraw()
