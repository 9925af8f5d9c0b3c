"""The header of any part of the raw file, and of whatever the recipes left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding

from qltui.instruments.fits_headers import HeaderError, list_parts, read_cards
from qltui.tables.headers import card_table, file_rows, file_table, part_table
from qltui.tui.screens.base import PANE_BINDINGS, PaneRow
from qltui.tui.screens.subject_screen import SubjectScreen
from qltui.tui.text import Line, clean
from qltui.tui.widgets.table import TableView

if TYPE_CHECKING:
    from qltui.store.products import Subject
    from qltui.tables.table import Table
    from qltui.tui.selection import Selection
    from qltui.tui.widgets.lines import Lines

__all__ = ["HeadersScreen"]

_WIDE: Final = 130


@dataclass(frozen=True, slots=True)
class _Choice:
    """Of which camera, which file (empty: raw) and which HDU; None: that of the camera, or the first with data."""

    camera: str
    path: str = ""
    index: int | None = None


@dataclass(frozen=True, slots=True)
class _Headers:
    choice: _Choice
    files: Table
    parts: Table
    cards: Table
    path: str
    index: int | None


class HeadersScreen(SubjectScreen):
    """Files, the HDUs of one of them, and the cards of one of these."""

    NAME = "header"
    BINDINGS: ClassVar = [
        *PANE_BINDINGS,
        Binding("n", "camera(1)", "next camera", id="header.next", tooltip="go to the next camera"),
        Binding("p", "camera(-1)", "previous camera", id="header.previous", tooltip="go to the camera before"),
        Binding("V", "detector", "detector", id="header.detector", tooltip="show the picture of this camera"),
    ]
    FOOTER: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "cards": ("pane.filter", "pane.save", "table.order", "header.next"),
        "parts": ("table.open", "header.next", "pane.filter"),
        "files": ("table.open", "header.next"),
    }

    def __init__(self) -> None:
        super().__init__()
        self._choice = _Choice(self.viewer.instrument.cameras[0].name)
        self._read: _Headers | None = None

    def make_panes(self) -> Sequence[Lines]:
        """Return the three tables."""
        self.files = TableView(id="files", empty="no file")
        self.parts = TableView(id="parts", empty="no HDU")
        self.cards = TableView(id="cards", empty="no card")
        return (self.files, self.parts, self.cards)

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:
        """Return files and HDUs above the cards, or all side by side."""
        if width >= _WIDE:
            return [PaneRow((("files", 0.5), ("parts", 0.7), ("cards", 1.2)))]
        high = max(4, min(8, height // 3))
        return [PaneRow((("files", 0.6), ("parts", 1.0)), height=high), PaneRow((("cards", 1.0),))]

    def heading(self, pane: str) -> str:
        """Return the words above a pane."""
        if self._read is None:
            return pane.capitalize()
        if pane == "files":
            return f"Files  {clean(self._choice.camera)}"
        if pane == "parts":
            fault = clean(self._read.parts.note)
            return f"HDUs of {clean(Path(self._read.path).name)}" if not fault else f"HDUs  {fault}"
        return f"{clean(self._read.cards.title)}  {self.cards.summary} cards"

    def head(self) -> Line:
        """Return the exposure and the camera."""
        return (*super().head(), ("  ", ""), (clean(self._choice.camera), "strong"))

    # -- what is read ------------------------------------------------------------------------------------------

    def choose(self, selection: Selection) -> None:
        """Open at the camera that the observer looks at."""
        if selection.camera in {camera.name for camera in self.viewer.instrument.cameras}:
            self._choice = _Choice(selection.camera)

    def look_at(self) -> Callable[[Subject], _Headers]:
        """Read the list of files, of HDUs, and the header that is chosen."""
        choice = self._choice
        return lambda subject: _read(subject, choice)

    def show_detail(self, subject: Subject | None, detail: _Headers | None) -> None:
        """Show what was read."""
        self._read = detail
        if subject is None or detail is None:
            return
        for view, table, key in (
            (self.files, detail.files, detail.path),
            (self.parts, detail.parts, detail.index),
            (self.cards, detail.cards, None),
        ):
            view.show(table)
            if key is not None:
                view.move_to(key)

    # -- keys --------------------------------------------------------------------------------------------------

    def on_table_view_moved(self, event: TableView.Moved) -> None:
        """Read the file or the HDU under the cursor."""
        if event.view is self.files:
            self._choice = _Choice(self._choice.camera, str(event.key))
        elif event.view is self.parts and isinstance(event.key, int):
            path = self._read.path if self._read is not None else ""
            self._choice = replace(self._choice, path=path, index=event.key)
        else:
            return
        self.ask_again()

    def on_table_view_chosen(self, event: TableView.Chosen) -> None:
        """Go on to the next pane: from files to HDUs, from HDUs to cards."""
        if event.view is not self.cards:
            (self.parts if event.view is self.files else self.cards).focus()

    def action_camera(self, by: int) -> None:
        """Go to the camera before or after."""
        names = [camera.name for camera in self.viewer.instrument.cameras]
        name = names[(names.index(self._choice.camera) + by) % len(names)]
        self._choice = _Choice(name)
        self.viewer.selection = replace(self.viewer.selection, camera=name)
        self.ask_again()

    def action_detector(self) -> None:
        """Show the picture of the camera."""
        self.viewer.go("viewer", replace(self.viewer.selection, camera=self._choice.camera))


def _read(subject: Subject, choice: _Choice) -> _Headers:
    """Return the tables of a choice; what cannot be read is said in words."""
    files = file_rows(subject, choice.camera)
    paths = [path for _, path in files]
    path = choice.path if choice.path in paths else paths[0]
    table = file_table(files, choice.camera)
    try:
        parts = list_parts(path)
    except HeaderError as error:
        fault = f"{Path(path).name}: {error}"
        return _Headers(choice, table, part_table((), fault), card_table((), "Header", fault=fault), path, None)
    index = choice.index if choice.index is not None else _usual(parts, choice.camera)
    part = next((part for part in parts if part.index == index), parts[0])
    title = f"HDU {part.index} {part.name}".strip()
    try:
        cards, left_out = read_cards(path, part.index)
    except HeaderError as error:
        return _Headers(choice, table, part_table(parts), card_table((), title, fault=str(error)), path, part.index)
    return _Headers(choice, table, part_table(parts), card_table(cards, title, left_out), path, part.index)


def _usual(parts: Sequence[object], camera: str) -> int:
    """Return the HDU of the camera where the file has one, else the first."""
    names = [str(getattr(part, "name", "")) for part in parts]
    return names.index(camera.upper()) if camera.upper() in names else 0
