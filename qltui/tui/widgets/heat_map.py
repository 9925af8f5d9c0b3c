"""Exposures and cameras as a map: a row for each exposure, a mark for each camera, and a cursor that names one of them.

Drawing is a pure function of the rows that are seen.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.binding import Binding
from textual.message import Message

from qltui.instruments.base import Instrument
from qltui.model import Camera, Status
from qltui.tui.symbols import STATUS_MARKS, Charset
from qltui.tui.text import Line, clean, fit
from qltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.binding import BindingType
    from textual.events import Click, MouseScrollDown, MouseScrollUp

__all__ = ["HeatCell", "HeatMap", "HeatRow", "cell_mark", "heat_lines", "map_columns"]

_SHADES: Final = ("░", "▒", "▓")
"""Of a value in its normal range: in the first, second and last third of the way from the reference to the limit."""


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One camera of one exposure; `level` is 0 at the reference and 1 at the end of the normal range, or not known."""

    status: Status
    level: float | None = None


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One exposure: its key and what it is called."""

    key: Hashable
    label: str
    cells: Mapping[str, HeatCell] = field(default_factory=dict)


def cell_mark(cell: HeatCell | None, charset: Charset) -> tuple[str, str]:
    """Return the character of a cell and its role: a status by its mark, a good value by its third of the way."""
    if cell is None:
        return " ", ""
    role = STATUS_MARKS[cell.status].role
    if cell.status is not Status.NORMAL or cell.level is None:
        return charset.mark(cell.status), role
    third = min(2, int(3 * cell.level))
    return (str(third + 1) if charset.ascii else _SHADES[third]), role


def map_columns(cameras: Sequence[Camera]) -> tuple[Camera | None, ...]:
    """Return the cameras arm by arm, with None where a gap is left between two arms."""
    columns: list[Camera | None] = []
    arms = dict.fromkeys(camera.arm for camera in cameras)
    for arm in arms:
        columns += [None, *(camera for camera in cameras if camera.arm == arm)]
    return tuple(columns)


def _heads(columns: Sequence[Camera | None], label: int) -> list[Line]:
    """Return the lines of the headings: names of arms in the gaps before them, units written downwards."""
    units = [camera.unit if camera is not None else "" for camera in columns]
    high = max((len(unit) for unit in units), default=1)
    lines = []
    for row in range(high):
        runs: list[tuple[str, str]] = [(" " * label, "")]
        for index, camera in enumerate(columns):
            if camera is None:
                after = columns[index + 1] if index + 1 < len(columns) else None
                arm = after.arm if after is not None else ""
                runs.append((arm[row : row + 1] or " ", "strong"))
            else:
                runs.append((camera.unit[row : row + 1] or " ", "title"))
        lines.append(tuple(runs))
    return lines


def heat_lines(
    rows: Sequence[HeatRow],
    cameras: Sequence[Camera],
    cursor: tuple[Hashable, str],
    width: int,
    height: int,
    charset: Charset,
    *,
    first: int = 0,
    focused: bool = False,
) -> list[Line]:
    """Return the headings and the rows from the row `first` on.

    Where the cameras do not fit in the width, those around the cursor are drawn.

    Parameters
    ----------
    cursor : tuple of (key, str)
        Row and camera of the cursor.
    focused : bool
        Whether the keys go to the map: only then the cursor of the camera is drawn.
    """
    columns = map_columns(cameras)
    label = max((len(row.label) for row in rows), default=4) + 2
    room = max(1, width - label)
    place = next((index for index, camera in enumerate(columns) if camera and camera.name == cursor[1]), 0)
    start = max(0, min(place - room // 2, len(columns) - room)) if len(columns) > room else 0
    shown = columns[start : start + room]
    lines = _heads(shown, label)
    for row in rows[first : first + max(0, height - len(lines))]:
        here = row.key == cursor[0]
        runs: list[tuple[str, str]] = [(f" {clean(row.label):>{label - 2}} ", "strong" if here else "text")]
        for camera in shown:
            char, role = cell_mark(row.cells.get(camera.name), charset) if camera is not None else (" ", "")
            marked = here and focused and camera is not None and camera.name == cursor[1]
            runs.append((char, f"{role or 'text'}+cursor" if marked else role))
        lines.append(fit(tuple(runs), width))
    return lines


class HeatMap(Lines, can_focus=True):
    """Shows rows; `show` gives it others. The last line says what is under the cursor.

    Parameters
    ----------
    id : str
        Of the widget.
    instrument : Instrument
        Whose cameras are the columns.
    """

    BINDINGS: list[BindingType] = [  # noqa: RUF012  (Textual's declaration)
        Binding("up,k", "move(-1, 0)", "up", id="map.up", show=False),
        Binding("down,j", "move(1, 0)", "down", id="map.down", show=False),
        Binding("pageup", "move(-10, 0)", "page up", id="map.page-up", show=False),
        Binding("pagedown", "move(10, 0)", "page down", id="map.page-down", show=False),
        Binding("home", "move(-1000000000, 0)", "first", id="map.first", show=False),
        Binding("end", "move(1000000000, 0)", "last", id="map.last", show=False),
        Binding("left", "move(0, -1)", "camera left", id="map.left", show=False),
        Binding("right", "move(0, 1)", "camera right", id="map.right", show=False),
        Binding("enter", "choose", "open", id="map.open", tooltip="open the camera under the cursor of the map"),
    ]

    class Moved(Message):
        """The cursor is on another row or camera."""

        def __init__(self, view: HeatMap) -> None:
            super().__init__()
            self.view = view

        @property
        def control(self) -> HeatMap:
            """The map."""
            return self.view

    class Chosen(Moved):
        """Enter was pressed on a camera."""

    def __init__(self, *, id: str, instrument: Instrument) -> None:  # noqa: A002
        super().__init__(id=id)
        self._cameras = [camera for camera in map_columns(instrument.cameras) if camera is not None]
        self._rows: Sequence[HeatRow] = ()
        self._row = 0
        self._camera = 0
        self._first = 0
        self._say: Callable[[Hashable, str], Line] = lambda _key, _camera: ()
        self._keep: Callable[[Path], Path] | None = None

    def show(
        self,
        rows: Sequence[HeatRow],
        say: Callable[[Hashable, str], Line],
        keep: Callable[[Path], Path] | None = None,
    ) -> None:
        """Show other rows; the cursor stays on its row by its key.

        Parameters
        ----------
        say : callable
            Key and camera to the words of the last line.
        keep : callable, optional
            Writes what is shown to a directory and returns the name.
        """
        key = self.key
        self._rows, self._say, self._keep = rows, say, keep
        self._row = max(0, min(self._row, len(rows) - 1))
        if key is not None:
            self.move_to(key)
        self.redraw()

    @property
    def key(self) -> Hashable | None:
        """Key of the row under the cursor; None where there is none."""
        return self._rows[self._row].key if 0 <= self._row < len(self._rows) else None

    @property
    def camera(self) -> str:
        """Name of the camera under the cursor."""
        return self._cameras[self._camera].name

    def move_to(self, key: Hashable, camera: str = "") -> None:
        """Put the cursor on a row, and on a camera if one is named."""
        for index, row in enumerate(self._rows):
            if row.key == key:
                self._row = index
        for index, item in enumerate(self._cameras):
            if item.name == camera:
                self._camera = index
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the map around the cursor, and what is under it."""
        key = self.key
        if key is None:
            return [((" no exposure", "dim"),)]
        heads = max(len(camera.unit) for camera in self._cameras)
        room = max(1, height - heads - 1)
        self._first = max(0, min(self._first, len(self._rows) - room))
        self._first = min(max(self._first, self._row - room + 1), self._row)
        lines = heat_lines(
            self._rows, self._cameras, (key, self.camera), width, height - 1, self.charset,
            first=self._first, focused=self.has_focus,
        )  # fmt: skip
        lines += [()] * (height - 1 - len(lines))
        return [*lines, self._say(key, self.camera)]

    def save(self, directory: Path) -> Path:
        """Write what is shown to a file and return its name."""
        if self._keep is None:
            msg = "there is no map yet"
            raise ValueError(msg)
        return self._keep(directory)

    def action_move(self, down: int, right: int) -> None:
        """Move the cursor."""
        row = max(0, min(len(self._rows) - 1, self._row + down))
        camera = max(0, min(len(self._cameras) - 1, self._camera + right))
        if (row, camera) != (self._row, self._camera) and self._rows:
            self._row, self._camera = row, camera
            self.redraw()
            self.post_message(self.Moved(self))

    def action_choose(self) -> None:
        """Open what is under the cursor."""
        if self.key is not None:
            self.post_message(self.Chosen(self))

    def on_click(self, event: Click) -> None:
        """Put the cursor where the mouse is."""
        heads = max(len(camera.unit) for camera in self._cameras)
        row = self._first + event.y - heads
        if not (event.y >= heads and 0 <= row < len(self._rows)):
            return
        label = max(len(item.label) for item in self._rows) + 2
        columns = map_columns(self._cameras)
        place = event.x - label
        camera = columns[place] if 0 <= place < len(columns) <= self.size.width - label else None
        right = self._cameras.index(camera) - self._camera if camera is not None else 0
        self.action_move(row - self._row, right)

    def on_mouse_scroll_down(self, _event: MouseScrollDown) -> None:
        """Go down with the wheel."""
        self.action_move(3, 0)

    def on_mouse_scroll_up(self, _event: MouseScrollUp) -> None:
        """Go up with the wheel."""
        self.action_move(-3, 0)

    def on_focus(self) -> None:
        """Show the cursor."""
        self.redraw()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.redraw()
