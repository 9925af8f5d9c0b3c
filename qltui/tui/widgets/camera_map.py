"""The focal plane with a tick for every camera: arrows walk it, space and the mouse tick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.message import Message

from qltui.tui.camera_map import MapPicture, camera_rows, map_lines, map_places, walk
from qltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.binding import BindingType
    from textual.events import Click

    from qltui.instruments.base import Instrument
    from qltui.tui.text import Line

__all__ = ["CameraMap"]


class CameraMap(Lines, can_focus=True):
    """Shows a `MapPicture`; says where the cursor goes and what is ticked, and leaves the rest to its screen."""

    BINDINGS: list[BindingType] = [  # noqa: RUF012  (Textual's declaration)
        Binding("left", "move(-1,0)", "left", id="camera-map.left", show=False),
        Binding("right", "move(1,0)", "right", id="camera-map.right", show=False),
        Binding("up,k", "move(0,-1)", "up", id="camera-map.up", show=False),
        Binding("down,j", "move(0,1)", "down", id="camera-map.down", show=False),
        Binding("space", "toggle", "toggle", id="camera-map.toggle", tooltip="select this camera, or leave it out"),
        Binding("enter", "ask", "use these", id="camera-map.ask", tooltip="ask the engine to use these from now on"),
    ]

    class Moved(Message):
        """The cursor is on another camera."""

    class Toggled(Message):
        """A camera is to be ticked, or no longer."""

        def __init__(self, camera: str) -> None:
            super().__init__()
            self.camera = camera

    class Asked(Message):
        """The engine is to use what is ticked."""

    def __init__(self, instrument: Instrument, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.rows = camera_rows(instrument)
        self.cursor = self.rows[0][0]
        self.picture = MapPicture(cursor=self.cursor)

    def show(self, picture: MapPicture) -> None:
        """Show another picture."""
        self.picture = picture
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the map."""
        return map_lines(self.rows, self.picture, self.charset, width, height)

    def _go_to(self, camera: str) -> None:
        self.cursor = camera
        self.post_message(self.Moved())

    def action_move(self, dx: int, dy: int) -> None:
        """Go to the camera beside, above or below."""
        self._go_to(walk(self.rows, self.cursor, dx, dy))

    def action_toggle(self) -> None:
        """Tick the camera under the cursor, or take the tick away."""
        self.post_message(self.Toggled(self.cursor))

    def action_ask(self) -> None:
        """Ask the engine to use what is ticked."""
        self.post_message(self.Asked())

    def on_click(self, event: Click) -> None:
        """Tick the camera that was clicked, or take the tick away."""
        for name, (x, y, pitch) in map_places(self.rows, *self.size).items():
            if event.y == y and x <= event.x < x + pitch - 1:
                self._go_to(name)
                self.post_message(self.Toggled(name))
