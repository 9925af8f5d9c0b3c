"""The fibres at their places, on the focal plane or on the sky: good and bad, by class, or shaded by a value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual.binding import Binding
from textual.message import Message

from qltui.model import Status
from qltui.tui import image
from qltui.tui.symbols import STATUS_MARKS
from qltui.tui.text import Line, beside, clean
from qltui.tui.themes import RAMP
from qltui.tui.widgets.image_pane import has_shades
from qltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from textual.binding import BindingType
    from textual.events import Click

    from qltui.instruments.fiber_view import FiberPlace
    from qltui.tables.fibers import Fibers

__all__ = ["FiberMap", "Frame", "Shown", "class_marks", "nearest"]

_ROLES: Final = ("active", "odd", "key", "strong", "trend", "dim")
_ORDER: Final = (Status.NOT_CHECKED, Status.NORMAL, Status.WARNING, Status.ALARM)
"""Of fibres in the same cell the last of these is seen."""
_ASIDE: Final = 2.0
"""What lies aside of where one wants to go counts so much more."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is drawn of each fibre: ``"state"``, ``"class"``, or a column with its title, unit and format; in an arm."""

    kind: str = "state"
    title: str = "good and bad"
    unit: str = ""
    format: str = ".2f"
    arm: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where places lie among the cells; pixels are square, a cell is twice as high as wide."""

    x0: float
    y1: float
    scale: float
    width: int
    height: int
    x_reversed: bool

    @classmethod
    def around(
        cls, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], width: int, height: int, *, x_reversed: bool
    ) -> Frame | None:
        """Return the frame that holds all finite places; None where there is none."""
        import numpy as np

        known = np.isfinite(x) & np.isfinite(y)
        if not known.any():
            return None
        xs, ys = x[known], y[known]
        wide, tall = float(np.ptp(xs)) or 1.0, float(np.ptp(ys)) or 1.0
        scale = max(wide / max(width - 1, 1), tall / max(2 * (height - 1), 1)) or 1.0
        middle_x, middle_y = float(xs.min() + xs.max()) / 2, float(ys.min() + ys.max()) / 2
        return cls(
            middle_x - scale * (width - 1) / 2, middle_y + scale * (height - 1), scale, width, height, x_reversed
        )

    def cell(self, x: float, y: float) -> tuple[int, int] | None:
        """Return row and column of a place; None where it is not known."""
        if not (math.isfinite(x) and math.isfinite(y)):
            return None
        column = round((x - self.x0) / self.scale)
        column = self.width - 1 - column if self.x_reversed else column
        row = round((self.y1 - y) / (2 * self.scale))
        return min(max(row, 0), self.height - 1), min(max(column, 0), self.width - 1)


def class_marks(groups: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return a letter and a role for each class: its own first letter, or the next that is free."""
    marks: dict[str, tuple[str, str]] = {}
    taken: set[str] = set()
    for index, name in enumerate(sorted({name for name in groups if name})):
        letters = [char.upper() for char in name if char.isalpha()] + list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        letter = next((char for char in letters if char.isascii() and char not in taken), "*")
        taken.add(letter)
        marks[name] = (letter, _ROLES[index % len(_ROLES)])
    return marks


def nearest(cells: Sequence[tuple[int, int] | None], here: int | None, down: int, right: int) -> int | None:
    """Return the fibre that lies next in a direction; None where there is none."""
    start = cells[here] if here is not None else None
    if start is None:
        return next((index for index, cell in enumerate(cells) if cell is not None), None)
    best, least = None, math.inf
    for index, cell in enumerate(cells):
        if cell is None or index == here:
            continue
        along = (cell[0] - start[0]) * down * 2 + (cell[1] - start[1]) * right
        aside = abs(cell[1] - start[1]) if down else abs(cell[0] - start[0]) * 2
        if along > 0 and along + _ASIDE * aside < least:
            best, least = index, along + _ASIDE * aside
    return best


class FiberMap(Lines, can_focus=True):
    """Shows fibres; `show` gives it others, `Moved` tells which is under the cursor, `Chosen` that it is opened."""

    BINDINGS: list[BindingType] = [  # noqa: RUF012  (Textual's declaration)
        Binding("left", "move(0,-1)", "left", id="fibers.left", show=False),
        Binding("right", "move(0,1)", "right", id="fibers.right", show=False),
        Binding("up,k", "move(-1,0)", "up", id="fibers.up", show=False),
        Binding("down,j", "move(1,0)", "down", id="fibers.down", show=False),
        Binding("enter", "choose", "spectrum", id="fibers.open", tooltip="show the spectrum of this fibre"),
    ]

    class Moved(Message):
        """The cursor is on another fibre."""

    class Chosen(Message):
        """Enter was pressed on a fibre."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.fibers: Fibers | None = None
        self.place: FiberPlace | None = None
        self.shown = Shown()
        self.index: int | None = None
        self.words = "no fibre yet"

    def on_mount(self) -> None:
        """Draw again in other colours: without shades the characters themselves differ."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.redraw())

    def show(self, fibers: Fibers | None, place: FiberPlace | None, shown: Shown, words: str = "") -> None:
        """Show other fibres; the cursor stays on the fibre of its number."""
        number = self.number
        self.fibers, self.place, self.shown, self.words = fibers, place, shown, words
        self.index = None
        if fibers is not None and fibers.number.size:
            self.index = (fibers.index(number) if number is not None else None) or 0
        self.redraw()
        self.post_message(self.Moved())

    @property
    def number(self) -> int | None:
        """Number of the fibre under the cursor."""
        return int(self.fibers.number[self.index]) if self.fibers is not None and self.index is not None else None

    def move_to(self, number: int) -> bool:
        """Put the cursor on a fibre; return whether there is one of this number."""
        index = self.fibers.index(number) if self.fibers is not None else None
        if index is None:
            return False
        self._go(index)
        return True

    def _go(self, index: int) -> None:
        self.index = index
        self.redraw()
        self.post_message(self.Moved())

    # -- drawing -----------------------------------------------------------------------------------------------

    def _cells(self, width: int, height: int) -> list[tuple[int, int] | None]:
        """Return the cell of each fibre; the last row is the legend's."""
        if self.fibers is None or self.place is None:
            return []
        x, y = self.fibers.position(self.place.x), self.fibers.position(self.place.y)
        frame = Frame.around(x, y, max(1, width), max(1, height - 1), x_reversed=self.place.x_reversed)
        if frame is None:
            return [None] * len(x)
        return [frame.cell(*place) for place in zip(x.tolist(), y.tolist(), strict=True)]

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the fibres, and what their marks mean."""
        if self.fibers is None or self.place is None or not self.fibers.number.size:
            return [((f" {clean(self.words)}", "dim"),)]
        cells = self._cells(width, height)
        if all(cell is None for cell in cells):
            return [((f" no fibre has a place on the {self.place.title}", "odd"),)]
        grid: list[list[tuple[str, str]]] = [[(" ", "")] * width for _ in range(height - 1)]
        marks, order, legend = self._marks()
        for index in sorted(range(len(cells)), key=order.__getitem__):
            cell = cells[index]
            if cell is not None:
                grid[cell[0]][cell[1]] = marks[index]
        here = cells[self.index] if self.index is not None else None
        if here is not None:
            grid[here[0]][here[1]] = (grid[here[0]][here[1]][0], "strong+cursor")
        return [tuple(row) for row in grid] + [beside([((" ", ""),), *legend], width, "  ")]

    def _marks(self) -> tuple[list[tuple[str, str]], list[float], list[Line]]:
        """Return character and role of each fibre, which lies above which, and the legend."""
        fibers, shown = self.fibers, self.shown
        assert fibers is not None
        if shown.kind == "class":
            return self._class_marks(fibers)
        if shown.kind == "state":
            return self._state_marks(fibers)
        values = fibers.values.get(shown.kind)
        arm = fibers.arms.index(shown.arm) if shown.arm in fibers.arms else 0
        return self._value_marks(values[:, arm] if values is not None else fibers.position(shown.kind))

    def _state_marks(self, fibers: Fibers) -> tuple[list[tuple[str, str]], list[float], list[Line]]:
        statuses = fibers.statuses(self.shown.arm)
        words = {
            Status.NORMAL: "good",
            Status.WARNING: "bad in some arms",
            Status.ALARM: "bad",
            Status.NOT_CHECKED: "not known",
        }
        legend: list[Line] = [
            ((self.charset.mark(status), STATUS_MARKS[status].role), (f" {words[status]} {count}", "dim"))
            for status in _ORDER[::-1]
            if (count := statuses.count(status))
        ]
        marks = [(self.charset.mark(status), STATUS_MARKS[status].role) for status in statuses]
        return marks, [float(_ORDER.index(status)) for status in statuses], legend

    def _class_marks(self, fibers: Fibers) -> tuple[list[tuple[str, str]], list[float], list[Line]]:
        groups = [clean(name) for name in fibers.group.tolist()]
        marks = class_marks(groups)
        legend: list[Line] = [
            ((letter, role), (f" {name} {groups.count(name)}", "dim")) for name, (letter, role) in marks.items()
        ]
        none = (self.charset.mark(Status.WAITING), "dim")
        return [marks.get(name, none) for name in groups], [float(name != "") for name in groups], legend

    def _value_marks(self, values: npt.NDArray[np.float64]) -> tuple[list[tuple[str, str]], list[float], list[Line]]:
        found = image.cut_range(values, "98 %")
        if found is None:
            none = self.charset.mark(Status.NOT_CHECKED)
            return [(none, "dim")] * values.size, [0.0] * values.size, [(("no fibre has this value", "odd"),)]
        coloured = has_shades(self.app.theme) and not self.charset.ascii
        count = RAMP - 4 if coloured else 10
        levels = image.levels(values, *found, count=count).tolist()
        unit = f" {clean(self.shown.unit)}" if self.shown.unit else ""
        ends = [format(end, self.shown.format) for end in found]
        if coloured:
            # The darkest shades cannot be told from the ground.
            marks = [("●", f"pixel:{level + 4}:") if level >= 0 else ("○", "dim") for level in levels]
            legend: Line = (("●", "pixel:4:"), (f" {ends[0]} to ", "dim"), ("●", f"pixel:{RAMP - 1}:"))
        else:
            marks = [
                (str(level), "text") if level >= 0 else (self.charset.mark(Status.NOT_CHECKED), "dim")
                for level in levels
            ]
            legend = (("0", "text"), (f" {ends[0]} to ", "dim"), ("9", "text"))
        return marks, [float(level) for level in levels], [(*legend, (f" {ends[1]}{unit}", "dim"))]

    # -- keys --------------------------------------------------------------------------------------------------

    def action_move(self, down: int, right: int) -> None:
        """Go to the next fibre in a direction."""
        index = nearest(self._cells(*self.size), self.index, down, right)
        if index is not None:
            self._go(index)

    def action_choose(self) -> None:
        """Show the spectrum of the fibre."""
        if self.index is not None:
            self.post_message(self.Chosen())

    def on_click(self, event: Click) -> None:
        """Go to the fibre under the mouse, or the nearest to it."""
        cells = self._cells(*self.size)
        known = [(abs(cell[0] - event.y) * 2 + abs(cell[1] - event.x), i) for i, cell in enumerate(cells) if cell]
        if known:
            self._go(min(known)[1])
