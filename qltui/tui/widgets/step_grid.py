"""The step grid: for each step, arms by units, one character for each camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.message import Message

from qltui.instruments.base import Instrument, StepDefinition
from qltui.store.views import ProcessView
from qltui.tui.cells import cell_status, worst_cell
from qltui.tui.symbols import STATUS_MARKS, Charset
from qltui.tui.text import Line, clean, joined
from qltui.tui.widgets.grid_layout import GridLayout, Place, arrange_grid, move
from qltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.binding import BindingType

__all__ = ["StepGrid", "grid_lines", "steps_of"]


def steps_of(process: ProcessView | None, instrument: Instrument) -> tuple[StepDefinition, ...]:
    """Return the steps of what is shown; of a science exposure before there is one."""
    return instrument.steps_for(process.exposure.obstype) if process is not None else ()


class _Canvas:
    """Characters with roles, put at places and read off as lines."""

    def __init__(self, width: int, height: int) -> None:
        self._rows = [[(" ", "")] * width for _ in range(height)]
        self._width = width

    def put(self, x: int, y: int, text: str, role: str) -> None:
        """Write `text`; what lies outside is left out."""
        if 0 <= y < len(self._rows):
            for offset, char in enumerate(text):
                if 0 <= x + offset < self._width:
                    self._rows[y][x + offset] = (char, role)

    def lines(self) -> list[Line]:
        """Return the rows, equal roles joined."""
        return [joined(row) for row in self._rows]


def grid_lines(
    layout: GridLayout,
    process: ProcessView,
    charset: Charset,
    width: int,
    height: int,
    cursor: Place | None = None,
) -> list[Line]:
    """Return the grid of a process; the cell at `cursor` is marked."""
    canvas = _Canvas(width, height)
    for block in layout.blocks:
        canvas.put(*layout.title_at(block), block.step.title, "title")
        if block.step.of_field:
            # One cell: it is done once, for all cameras together.
            _put_cell(
                canvas, layout.position(block, 0, 0), process, Place(layout.field, block.step.name), cursor, charset
            )
            continue
        header = layout.header_at(block)
        for index, unit in enumerate(layout.units) if header is not None else ():
            name = unit[-layout.header_rows :].rjust(layout.header_rows)
            for row, char in enumerate(name):
                canvas.put(header[0] + index * layout.pitch, header[1] + row, char, "dim")
        for row, arm in enumerate(layout.arms):
            if block.column == 0:
                y = layout.position(block, row, 0)[1]
                canvas.put(2, y, arm, "strong" if cursor and _arm_of(layout, cursor) == arm else "text")
            for index, unit in enumerate(layout.units):
                camera = layout.cameras.get((arm, unit))
                if camera is not None:
                    at = layout.position(block, row, index)
                    _put_cell(canvas, at, process, Place(camera, block.step.name), cursor, charset)
    return canvas.lines()


def _put_cell(
    canvas: _Canvas, at: tuple[int, int], process: ProcessView, place: Place, cursor: Place | None, charset: Charset
) -> None:
    status = cell_status(process, place.camera, place.step)
    canvas.put(*at, charset.mark(status), STATUS_MARKS[status].role + ("+cursor" if cursor == place else ""))


def _arm_of(layout: GridLayout, place: Place) -> str:
    return next((arm for (arm, _), name in layout.cameras.items() if name == place.camera), "")


@dataclass
class CursorMoved(Message):
    """The observer went to another cell."""

    place: Place


@dataclass
class CellChosen(Message):
    """The observer wants to see a cell's values."""

    place: Place


class StepGrid(Lines, can_focus=True):
    """The grid; the cursor lies on what is worst until somebody moves it."""

    BINDINGS: list[BindingType] = [  # noqa: RUF012  (Textual's declaration)
        Binding("left", "move(-1, 0)", "camera to the left", id="grid.left", show=False),
        Binding("right", "move(1, 0)", "camera to the right", id="grid.right", show=False),
        Binding("up", "move(0, -1)", "camera above", id="grid.up", show=False),
        Binding("down", "move(0, 1)", "camera below", id="grid.down", show=False),
        Binding("enter", "choose", "values", id="grid.values", tooltip="show the values of this cell"),
    ]

    def __init__(self, instrument: Instrument) -> None:
        super().__init__(id="grid")
        self._instrument = instrument
        self.process: ProcessView | None = None
        self.empty: tuple[str, ...] = ()
        self._chosen: Place | None = None

    def title(self, width: int, height: int) -> str:
        """Return the heading in so many cells; it says which steps are shown where there is no room for all.

        The pane itself hears of its new size later than its heading is drawn.
        """
        layout = self._layout(width, height)
        if not layout.hidden_before and not layout.hidden_after:
            return "Steps"
        first = layout.hidden_before + 1
        last = first + len(layout.blocks) - 1
        return f"Steps {first if first == last else f'{first}-{last}'} of {len(layout.steps)}"

    @property
    def cursor(self) -> Place | None:
        """The cell that details and trend are about."""
        steps = steps_of(self.process, self._instrument)
        if self.process is None or not steps:
            return None
        if self._chosen is not None:
            if any(step.name == self._chosen.step for step in steps):
                return self._chosen
            names = [camera.name for camera in self._instrument.subjects_of(steps[0])]
            return Place(self._chosen.camera if self._chosen.camera in names else names[0], steps[0].name)
        worst = worst_cell(self.process, self._instrument)
        return Place(*worst) if worst is not None else None

    def show(self, process: ProcessView | None, empty: tuple[str, ...] = ()) -> None:
        """Show a process, or these words where there is none."""
        self.process, self.empty = process, empty
        self.redraw()

    def release(self) -> bool:
        """Let the cursor follow the worst cell again; returns whether it did not before."""
        was_chosen, self._chosen = self._chosen is not None, None
        if was_chosen:
            self._moved()
        return was_chosen

    def wanted_height(self, width: int) -> int:
        """Return how many rows the grid needs in this width."""
        layout = arrange_grid(self._instrument, steps_of(self.process, self._instrument), width, 1000)
        return layout.height

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the grid, or why there is none."""
        if self.process is None:
            return [
                (),
                *(((f"  {clean(words)}", "strong" if not row else "text"),) for row, words in enumerate(self.empty)),
            ]
        layout = self._layout(width, height)
        if not layout.steps:
            obstype = clean(self.process.exposure.obstype) or "exposures without OBSTYPE"
            return [(), ((f"  There is no recipe for {obstype}: nothing is checked.", "text"),)]
        return grid_lines(layout, self.process, self.charset, width, height, self.cursor)

    def _layout(self, width: int, height: int) -> GridLayout:
        cursor = self.cursor
        steps = steps_of(self.process, self._instrument)
        return arrange_grid(self._instrument, steps, width, height, cursor.step if cursor else "")

    def action_move(self, dx: int, dy: int) -> None:
        """Go to the next cell."""
        cursor = self.cursor
        if cursor is not None:
            self._chosen = move(self._layout(*self.size), cursor, dx, dy)
            self._moved()

    def go_to(self, place: Place) -> None:
        """Go to a cell."""
        self._chosen = place
        self._moved()

    def action_choose(self) -> None:
        """Ask for the values of the cell under the cursor."""
        if self.cursor is not None:
            self.post_message(CellChosen(self.cursor))

    def _moved(self) -> None:
        self.redraw()
        if self.cursor is not None:
            self.post_message(CursorMoved(self.cursor))

    def on_click(self, event) -> None:
        """Go to the cell that was clicked."""
        layout = self._layout(*self.size)
        for block in layout.blocks:
            if block.step.of_field:
                if layout.position(block, 0, 0) == (event.x, event.y):
                    self.go_to(Place(layout.field, block.step.name))
                continue
            for row, arm in enumerate(layout.arms):
                for index, unit in enumerate(layout.units):
                    if layout.position(block, row, index) == (event.x, event.y) and (arm, unit) in layout.cameras:
                        self.go_to(Place(layout.cameras[arm, unit], block.step.name))
