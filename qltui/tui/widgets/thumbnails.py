"""All detectors at once, small: which of them looks unlike its neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.message import Message

from qltui.model import Status
from qltui.tui import image
from qltui.tui.symbols import STATUS_MARKS
from qltui.tui.text import Line, fit
from qltui.tui.widgets.image_pane import has_shades
from qltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt
    from textual.binding import BindingType
    from textual.events import Click

    from qltui.model import Camera

__all__ = ["Thumbnail", "ThumbnailPane", "camera_rows"]

_LEAST: int = 5
"""Cells of the narrowest thumbnail, with the gap behind it."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A camera: its small picture (None where there is none), the values of black and white, and its status."""

    camera: str
    status: Status
    values: npt.NDArray[np.float32] | None = None
    cuts: tuple[float, float] | None = None


def camera_rows(cameras: Sequence[Camera], width: int) -> list[list[str]]:
    """Return the cameras as they lie in a pane: a row for each arm, or several where an arm has too many."""
    room = max(1, width // _LEAST)
    rows: list[list[str]] = []
    for arm in dict.fromkeys(camera.arm for camera in cameras):
        names = [camera.name for camera in cameras if camera.arm == arm]
        count = -(-len(names) // room)
        size = -(-len(names) // count)
        rows += [names[start : start + size] for start in range(0, len(names), size)]
    return rows


class ThumbnailPane(Lines, can_focus=True):
    """Shows thumbnails in the place of the grid; `show` gives it others."""

    BINDINGS: list[BindingType] = [  # noqa: RUF012  (Textual's declaration)
        Binding("left", "move(0,-1)", "left", id="thumbnails.left", show=False),
        Binding("right", "move(0,1)", "right", id="thumbnails.right", show=False),
        Binding("up,k", "move(-1,0)", "up", id="thumbnails.up", show=False),
        Binding("down,j", "move(1,0)", "down", id="thumbnails.down", show=False),
        Binding("enter", "choose", "enlarge", id="thumbnails.open", tooltip="show this camera large"),
    ]

    class Moved(Message):
        """Another camera is under the cursor."""

        def __init__(self, camera: str) -> None:
            super().__init__()
            self.camera = camera

    class Chosen(Moved):
        """Enter was pressed on a camera."""

    def __init__(self, cameras: Sequence[Camera], stretch: Callable[[], str], *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._cameras = tuple(cameras)
        self._stretch = stretch
        self.thumbnails: Mapping[str, Thumbnail] = {}
        self.camera = self._cameras[0].name

    def on_mount(self) -> None:
        """Draw again in other colours: without shades the characters themselves differ."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.redraw())

    def show(self, thumbnails: Mapping[str, Thumbnail], camera: str) -> None:
        """Show other pictures, with the cursor on a camera."""
        self.thumbnails, self.camera = thumbnails, camera
        self.redraw()

    @property
    def rows(self) -> list[list[str]]:
        """The cameras as they lie."""
        return camera_rows(self._cameras, self.size.width)

    def _cell(self, width: int, height: int) -> tuple[int, int]:
        """Return the size of a thumbnail with its name and the gaps around it [cells]."""
        rows = self.rows
        return max(2, width // max(map(len, rows))), max(2, height // len(rows))

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return name, mark and picture of each camera."""
        wide, tall = self._cell(width, height)
        lines: list[Line] = []
        for names in self.rows:
            parts = [self._thumbnail(name, wide - 1, tall - 1) for name in names]
            lines += [
                tuple(run for part in parts for run in (*fit(part[row], wide - 1, ellipsis=False), (" ", "")))
                for row in range(tall)
            ]
        return lines

    def _thumbnail(self, name: str, width: int, height: int) -> list[Line]:
        found = self.thumbnails.get(name)
        status = found.status if found is not None else Status.WAITING
        mark = STATUS_MARKS[status]
        role = "strong+cursor" if name == self.camera else "text"
        label: Line = ((name, role), (" ", ""), (self.charset.mark(status), mark.role))
        if found is None or found.values is None or found.cuts is None:
            return [label, *[()] * height]
        shades = image.levels(image.filled(found.values, 2 * height, width), *found.cuts, self._stretch())
        coloured = has_shades(self.app.theme)
        return [label, *image.cell_lines(shades, coloured=coloured, ascii_only=self.charset.ascii)]

    def action_move(self, down: int, right: int) -> None:
        """Go to another camera."""
        rows = self.rows
        row, column = next(
            ((index, names.index(self.camera)) for index, names in enumerate(rows) if self.camera in names), (0, 0)
        )
        row = min(max(row + down, 0), len(rows) - 1)
        column = min(max(column + right, 0), len(rows[row]) - 1)
        self._go_to(rows[row][column])

    def _go_to(self, camera: str) -> None:
        if camera != self.camera:
            self.camera = camera
            self.redraw()
            self.post_message(self.Moved(camera))

    def action_choose(self) -> None:
        """Show the camera large."""
        self.post_message(self.Chosen(self.camera))

    def on_click(self, event: Click) -> None:
        """Go to the camera under the mouse."""
        wide, tall = self._cell(*self.size)
        rows = self.rows
        row, column = event.y // tall, event.x // wide
        if row < len(rows) and column < len(rows[row]):
            self._go_to(rows[row][column])
