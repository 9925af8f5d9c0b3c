"""All cameras of an exposure in place: the cursor walks from camera to camera, enter opens one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.message import Message

from qltui.instruments.field_file import FieldImage, all_boxes, camera_at
from qltui.instruments.preview_file import Preview
from qltui.tui.camera_map import camera_rows, walk
from qltui.tui.field_picture import BAD, NAMES, FieldMarks, camera_glyphs, shrink_known
from qltui.tui.image import Glyph
from qltui.tui.text import Line, clean, wrap
from qltui.tui.widgets.image_pane import ImagePane

if TYPE_CHECKING:
    from textual.binding import BindingType

    from qltui.instruments.base import Instrument
    from qltui.instruments.field_file import Box
    from qltui.model import Status
    from qltui.tui.image import FloatImage, Window

__all__ = ["FieldPane"]

_OTHERWISE = {
    "image.up", "image.down", "image.left", "image.right",
    "image.far-up", "image.far-down", "image.far-left", "image.far-right",
    "image.marks", "image.borders", "image.whole",
}  # fmt: skip
"""Keys of a single detector that mean something else here, or nothing."""


class FieldPane(ImagePane, inherit_bindings=False):
    """Shows a `FieldImage` as `ImagePane` shows a detector; stretch, cuts and zoom are the same."""

    BINDINGS: list[BindingType] = [  # noqa: RUF012  (Textual's declaration)
        Binding("up,k", "walk(0,-1)", "up", id="field.up", show=False),
        Binding("down,j", "walk(0,1)", "down", id="field.down", show=False),
        Binding("left", "walk(-1,0)", "left", id="field.left", show=False),
        Binding("right", "walk(1,0)", "right", id="field.right", show=False),
        Binding("shift+up", "move(1,0)", "a little up", id="field.little-up", show=False),
        Binding("shift+down", "move(-1,0)", "a little down", id="field.little-down", show=False),
        Binding("shift+left", "move(0,-1)", "a little left", id="field.little-left", show=False),
        Binding("shift+right", "move(0,1)", "a little right", id="field.little-right", show=False),
        Binding("enter", "open", "open", id="field.open", tooltip="show this camera large"),
        Binding("n", "bad(1)", "next bad", id="field.next-bad", tooltip="go to the next camera that is not good"),
        Binding("p", "bad(-1)", "bad before", id="field.bad-before", tooltip="go to the one before that is not good"),
        Binding("m", "names", "names", id="field.names", tooltip="names of bad cameras, of all, of none"),
        Binding("b", "borders", "outlines", id="field.outlines", tooltip="outline the cameras that are bad, or not"),
        Binding("home", "whole", "whole", id="field.whole", tooltip="show the whole field again"),
        *(item for item in ImagePane.BINDINGS if isinstance(item, Binding) and item.id not in _OTHERWISE),
    ]

    class Chosen(Message):
        """A camera was chosen."""

        def __init__(self, camera: str) -> None:
            super().__init__()
            self.camera = camera

    def __init__(self, instrument: Instrument, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._rows = camera_rows(instrument)
        self._places = instrument.places
        self.field: FieldImage | None = None
        self.boxes: Mapping[str, Box] = {}
        self.statuses: Mapping[str, Status] = {}
        self.names = NAMES[0]
        self.wanted = ""

    def show_field(self, field: FieldImage | None, statuses: Mapping[str, Status], words: str = "") -> None:
        """Show another field, or say in words why there is none."""
        self.field, self.statuses = field, statuses
        self.boxes = {} if field is None else all_boxes(field.boxes, self._places) or field.boxes
        self.show(None if field is None else Preview(field.values, field.unit, field.binning), words)
        if field is not None and (self.wanted or not self.camera):
            self.move_to(self.wanted or self._nearest())

    # -- the cursor --------------------------------------------------------------------------------------------

    @property
    def camera(self) -> str:
        """Camera under the cursor; empty between the cameras."""
        return camera_at(self.boxes, *self.cursor)

    def move_to(self, camera: str) -> None:
        """Put the cursor on the middle of a camera; without a picture, once there is one."""
        self.wanted = camera
        if camera in self.boxes and self.preview is not None:
            row, column = self._middle(camera)
            ny, nx = self.preview.values.shape
            self.cursor = min(max(row, 0), ny - 1), min(max(column, 0), nx - 1)
            self.wanted = ""
            self.redraw()
            self.post_message(self.Moved())

    def _middle(self, camera: str) -> tuple[int, int]:
        """Return row and column of the middle of a camera; of none a place outside."""
        x0, x1, y0, y1 = self.boxes.get(camera, (-1, -1, -1, -1))
        return (y0 + y1) // 2, (x0 + x1) // 2

    def _nearest(self) -> str:
        row, column = self.cursor
        return min(
            self.boxes,
            key=lambda name: abs(sum(self.boxes[name][:2]) / 2 - column) + abs(sum(self.boxes[name][2:]) / 2 - row),
            default="",
        )

    def action_walk(self, dx: int, dy: int) -> None:
        """Go to the camera beside, above or below."""
        here = self.camera or self._nearest()
        if here:
            self.move_to(walk(self._rows, here, dx, dy))

    def action_bad(self, by: int) -> None:
        """Go to the next camera that is not good, in rows from the top."""
        order = [name for row in self._rows for name in row if name in self.boxes]
        if by < 0:
            order.reverse()
        here = order.index(self.camera) + 1 if self.camera in order else 0
        turned = order[here:] + order[:here]
        found = next((name for name in turned if self.statuses.get(name) in BAD), None)
        if found is not None:
            self.move_to(found)

    def action_open(self) -> None:
        """Show the camera large."""
        if self.camera:
            self.post_message(self.Chosen(self.camera))

    def action_names(self) -> None:
        """Name other cameras."""
        self.names = NAMES[(NAMES.index(self.names) + 1) % len(NAMES)]
        self.redraw()
        self.post_message(self.Moved())

    # -- drawing -----------------------------------------------------------------------------------------------

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the picture, or why there is none."""
        if self.preview is None:
            return [((f" {part}", "dim"),) for part in wrap(clean(self.words), max(8, width - 2))]
        return super().draw(width, height)

    def shrunk(self, preview: Preview, window: Window) -> FloatImage:
        """Return what each pixel of the screen shows, without the gaps between the cameras where they are small."""
        return shrink_known(preview.values, window)

    def _glyphs(self, preview: Preview, window: Window) -> dict[tuple[int, int], Glyph]:  # noqa: ARG002
        row, column = window.screen_at(self.cursor[0] + 0.5, self.cursor[1] + 0.5)
        marks = FieldMarks(self.boxes, self.statuses, self.names, self.look.borders, self.camera)
        found = camera_glyphs(marks, window, self.charset)
        if self.cursor == self._middle(self.camera):
            # The name says it: the cursor reads the middle of the camera.
            return found
        return {(row // 2, column): Glyph("X", "strong+cursor")} | found

    @property
    def value_words(self) -> str:
        """The pixel under the cursor, with its unit."""
        reading = self.reading
        if reading is None or reading.value != reading.value:
            return "no value here"
        return f"{reading.value:.5g} {clean(reading.unit)}".strip()
