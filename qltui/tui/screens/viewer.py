"""The detectors: all of them small, one of them large, raw or reduced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding

from qltui.instruments.preview_file import PICTURES
from qltui.tui import charts
from qltui.tui.previews import PreviewChoice, Previews, Shelf, read_previews
from qltui.tui.screens.base import PANE_BINDINGS, PaneRow
from qltui.tui.screens.subject_screen import SubjectScreen
from qltui.tui.text import clean
from qltui.tui.widgets.image_pane import ImagePane
from qltui.tui.widgets.profile_pane import ProfilePane
from qltui.tui.widgets.thumbnails import ThumbnailPane

if TYPE_CHECKING:
    from qltui.store.products import Subject
    from qltui.tui.selection import Selection
    from qltui.tui.widgets.lines import Lines

__all__ = ["ViewerScreen"]

_WIDE: Final = 130
"""From this width on all cameras and one of them stand side by side."""


class ViewerScreen(SubjectScreen):
    """Thumbnails of all cameras; enter enlarges one, and shows what the cursor reads beside it."""

    NAME = "viewer"
    BINDINGS: ClassVar = [
        *PANE_BINDINGS,
        Binding("t", "picture", "raw/reduced", id="viewer.picture", tooltip="show raw or reduced pixels"),
        Binding("n", "camera(1)", "next camera", id="viewer.next", tooltip="go to the next camera"),
        Binding("p", "camera(-1)", "previous camera", id="viewer.previous", tooltip="go to the camera before"),
        Binding("a", "arm", "arm", id="viewer.arm", tooltip="go to the same unit of the next arm"),
        Binding("H", "header", "header", id="viewer.header", tooltip="show the headers of this camera"),
    ]
    FOOTER: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "cameras": ("thumbnails.open", "viewer.picture"),
        "image": ("viewer.picture", "image.stretch", "image.cuts", "image.marks", "image.zoom-in", "viewer.next"),
    }

    def __init__(self) -> None:
        self._camera = ""
        self._picture_name = next(iter(PICTURES))
        self._large = False
        self._shelf = Shelf()
        super().__init__()
        self._camera = self.viewer.instrument.cameras[0].name

    # -- panes -------------------------------------------------------------------------------------------------

    def make_panes(self) -> Sequence[Lines]:
        """Return thumbnails, picture and profiles."""
        self.image = ImagePane(id="image")
        self.profile = ProfilePane(id="profile")
        self.cameras = ThumbnailPane(self.viewer.instrument.cameras, lambda: self.image.look.stretch, id="cameras")
        return (self.cameras, self.image, self.profile)

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:  # noqa: ARG002
        """Return all cameras beside one of them where both have room, else the one or the other."""
        if width >= _WIDE:
            return [PaneRow((("cameras", 1.0), ("image", 1.0), ("profile", 0.45)))]
        if self._large:
            return [PaneRow((("image", 1.0), ("profile", 0.62)))]
        return [PaneRow((("cameras", 1.0),))]

    def heading(self, pane: str) -> str:
        """Return the words above a pane."""
        unit = clean(self.image.preview.unit) if self.image.preview is not None else ""
        picture = f"{PICTURES[self._picture_name]}{f' [{unit}]' if unit else ''}"
        if pane == "cameras":
            return f"All cameras  {picture}  the same cuts in an {self.viewer.instrument.arm_title}"
        if pane == "image":
            return f"{self._camera} {picture}  {self.image.summary}"
        return f"Cursor  {self._marks()}"

    def _marks(self) -> str:
        marks = self.image.look.marks
        preview = self.image.preview
        if marks == "none" or preview is None:
            return "no marks"
        if preview.flags is None:
            return "no flags on raw" if self._picture_name == "RAW" else "no flags"
        return {"saturated": "S saturated", "cosmic": "+ cosmic rays"}.get(marks, "S sat + cosmic x other")

    # -- what is read ------------------------------------------------------------------------------------------

    def choose(self, selection: Selection) -> None:
        """Open at the camera that the observer looks at; large where it or a metric of it was picked."""
        if selection.camera in {camera.name for camera in self.viewer.instrument.cameras}:
            self._camera = selection.camera
            if selection.metric or selection.enlarged:
                self._set_large(large=True)

    def look_at(self) -> Callable[[Subject], Previews]:
        """Read the picture of the camera, and thumbnails of all."""
        choice = PreviewChoice(self._camera, self._picture_name, self.image.look.cuts)
        cameras, shelf = self.viewer.instrument.cameras, self._shelf

        def read(subject: Subject) -> Previews:
            charts.load()
            return read_previews(subject, choice, cameras, shelf)

        return read

    def show_detail(self, subject: Subject | None, detail: Previews | None) -> None:
        """Show what was read."""
        if subject is None or detail is None:
            self.image.show(None, "no exposure was reduced yet")
            self.cameras.show({}, self._camera)
            return
        self.cameras.show(detail.thumbnails, self._camera)
        self.image.show(detail.preview, detail.words)
        self.viewer.selection = replace(self.viewer.selection, camera=self._camera, enlarged=False)

    # -- keys --------------------------------------------------------------------------------------------------

    def on_image_pane_moved(self, _event: ImagePane.Moved) -> None:
        """Read what is under the cursor."""
        self.profile.show(self.image.preview, self.image.reading)
        if self.is_current:
            self.draw_frame()

    def on_thumbnail_pane_moved(self, event: ThumbnailPane.Moved) -> None:
        """Read the camera under the cursor."""
        self._go_to(event.camera)

    def on_thumbnail_pane_chosen(self, event: ThumbnailPane.Chosen) -> None:
        """Show the camera large."""
        self._go_to(event.camera)
        self._set_large(large=True)

    def _set_large(self, *, large: bool) -> None:
        self._large = large
        if self.is_mounted:
            self.place_panes()
            self.query_one("#image" if large else "#cameras").focus()

    def _go_to(self, camera: str) -> None:
        if camera != self._camera:
            self._camera = camera
            self.ask_again()

    def close_something(self) -> bool:
        """Go back from one camera to all of them."""
        if not self._large:
            return False
        self._set_large(large=False)
        return self.size.width < _WIDE

    def action_picture(self) -> None:
        """Show raw instead of reduced pixels, or the other way round."""
        names = list(PICTURES)
        self._picture_name = names[(names.index(self._picture_name) + 1) % len(names)]
        self.ask_again()

    def action_camera(self, by: int) -> None:
        """Go to the camera before or after."""
        names = [camera.name for camera in self.viewer.instrument.cameras]
        self._go_to(names[(names.index(self._camera) + by) % len(names)])

    def action_arm(self) -> None:
        """Go to the same unit of the next arm that has it."""
        cameras = self.viewer.instrument.cameras
        here = self.viewer.instrument.camera(self._camera)
        same = [camera.name for camera in cameras if camera.unit == here.unit]
        self._go_to(same[(same.index(self._camera) + 1) % len(same)])

    def action_header(self) -> None:
        """Show the headers of the camera."""
        self.viewer.go("header", replace(self.viewer.selection, camera=self._camera))
