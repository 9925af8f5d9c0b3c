"""The whole field of an exposure: all selected cameras in their places, as one picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final

from qltui.instruments.field_file import FieldImage, field_kind
from qltui.tui import charts
from qltui.tui.field_picture import fact_lines, no_field_words, why_no_picture
from qltui.tui.screens.base import PANE_BINDINGS, PaneRow
from qltui.tui.screens.subject_screen import SubjectScreen
from qltui.tui.widgets.field_pane import FieldPane
from qltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from qltui.instruments.base import Instrument
    from qltui.store.products import Subject
    from qltui.tui.selection import Selection
    from qltui.tui.text import Line

__all__ = ["FieldScreen", "read_answer"]

_WIDE: Final = 130
_FACTS: Final = (34, 50)
"""Columns of what is said beside the picture, on narrow and on wide terminals."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The picture, or in words why there is none."""

    field: FieldImage | None
    words: str = ""


def read_answer(subject: Subject, instrument: Instrument) -> Answer:
    """Read the picture of an exposure; runs in the reader's thread."""
    from qltui.instruments.field_file import read_field
    from qltui.instruments.table_file import ProductError

    kind, field = field_kind(instrument), instrument.field_camera
    if kind is None or field is None:
        return Answer(None, no_field_words(instrument))
    path = subject.path(kind.kind, field.name)
    if path is None:
        return Answer(None, why_no_picture(subject, instrument))
    try:
        return Answer(read_field(path, kind.image))
    except ProductError as error:
        return Answer(None, f"the picture cannot be read: {error}; reprocess the exposure to make it anew")


class _Facts(Lines):
    """Hand it lines, made for a width."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.make: Callable[[int], list[Line]] = lambda _width: []

    def show(self, make: Callable[[int], list[Line]]) -> None:
        """Show other lines."""
        self.make = make
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Return the lines."""
        return self.make(width)


class FieldScreen(SubjectScreen):
    """One picture of all cameras; arrows walk it, and enter opens one large."""

    NAME = "field"
    BINDINGS: ClassVar = PANE_BINDINGS
    FOOTER: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "picture": ("field.open", "field.next-bad", "field.names", "image.stretch", "image.cuts", "image.zoom-in"),
    }

    def make_panes(self) -> Sequence[Lines]:
        """Return picture and facts."""
        self.field = FieldPane(self.viewer.instrument, id="picture")
        self.facts = _Facts(id="facts")
        return (self.field, self.facts)

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:  # noqa: ARG002
        """Return the picture beside the facts."""
        share = _FACTS[width >= _WIDE] / width
        return [PaneRow((("picture", 1.0 - share), ("facts", share)))]

    def heading(self, pane: str) -> str:
        """Return the words above a pane."""
        if pane == "facts":
            return f"{self.viewer.instrument.unit_title} under the cursor"
        field = self.field.field
        if field is None:
            return "Field"
        return f"Field [{field.unit}]  {self.field.summary}" if field.unit else f"Field  {self.field.summary}"

    # -- what is read ------------------------------------------------------------------------------------------

    def choose(self, selection: Selection) -> None:
        """Open at the camera that the observer looks at."""
        if selection.camera in {camera.name for camera in self.viewer.instrument.cameras}:
            self.field.move_to(selection.camera)

    def look_at(self) -> Callable[[Subject], Answer]:
        """Read the picture."""
        instrument = self.viewer.instrument

        def read(subject: Subject) -> Answer:
            charts.load()
            return read_answer(subject, instrument)

        return read

    def show_detail(self, subject: Subject | None, detail: Answer | None) -> None:
        """Show what was read."""
        if subject is None or detail is None:
            words = no_field_words(self.viewer.instrument) or "no exposure was reduced yet"
            self.field.show_field(None, {}, words)
            return
        self.field.show_field(detail.field, subject.cameras, detail.words)

    # -- keys --------------------------------------------------------------------------------------------------

    def on_image_pane_moved(self, _event: FieldPane.Moved) -> None:
        """Say what is known of the camera under the cursor."""
        subject, field, camera = self.subject, self.field.field, self.field.camera
        instrument, charset, reading = self.viewer.instrument, self.field.charset, self.field.value_words
        if subject is None or field_kind(instrument) is None:
            self.facts.show(lambda _width: [])
        else:
            self.facts.show(lambda width: fact_lines(subject, field, camera, reading, instrument, charset, width))
        if self.is_current:
            self.draw_frame()

    def on_field_pane_chosen(self, event: FieldPane.Chosen) -> None:
        """Show the camera large."""
        self.viewer.go("viewer", replace(self.viewer.selection, camera=event.camera, enlarged=True))
