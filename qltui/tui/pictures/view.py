"""The pane that shows a picture of a metric, and writes what it draws to a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.binding import Binding
from textual.message import Message

from qltui.tui.pictures.draw import Options, Subject, picture_lines, unit_of
from qltui.tui.pictures.points import points_table
from qltui.tui.text import Line
from qltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.binding import BindingType

    from qltui.tables.table import Table

__all__ = ["CameraWanted", "PictureView"]

_WITH_CHARTS: Final = ("scatter", "curve", "history")


class CameraWanted(Message):
    """The observer wants the camera so many units to the right and so many arms down."""

    def __init__(self, right: int, down: int) -> None:
        super().__init__()
        self.right, self.down = right, down


class PictureView(Lines, can_focus=True):
    """Draws one picture; arrows go to the neighbouring cameras.

    Parameters
    ----------
    id : str
        Of the widget.
    """

    BINDINGS: list[BindingType] = [  # noqa: RUF012  (Textual's declaration)
        Binding("left", "camera(-1, 0)", "unit before", id="picture.left", show=False),
        Binding("right", "camera(1, 0)", "next unit", id="picture.right", show=False),
        Binding("up", "camera(0, -1)", "arm above", id="picture.up", show=False),
        Binding("down", "camera(0, 1)", "arm below", id="picture.down", show=False),
        Binding("L", "logarithmic", "log", id="picture.log", tooltip="histogram: counts as logarithms, or as they are"),
        Binding("z", "whole", "range", id="picture.whole", tooltip="show all outliers in place, or at the edge"),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.subject: Subject | None = None
        self.options = Options()
        self._no_charts = "charts are being loaded"

    def show(self, subject: Subject | None) -> None:
        """Show another picture; one that is there already costs nothing, however often the record changes."""
        if subject != self.subject or subject is None:
            self.subject = subject
            self.redraw()

    def allow_charts(self, fault: str) -> None:
        """Draw charts from now on, or say why there are none."""
        self._no_charts = fault
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the picture, or why there is none."""
        subject = self.subject
        if subject is None:
            return [(), (("  nothing to draw yet", "dim"),)]
        if self._no_charts and subject.picture.kind in _WITH_CHARTS:
            return [(), ((f"  {self._no_charts}", "dim"),)]
        return picture_lines(subject, self.options, self.charset, width, height)

    def action_camera(self, right: int, down: int) -> None:
        """Ask for a neighbouring camera."""
        self.post_message(CameraWanted(right, down))

    def action_logarithmic(self) -> None:
        """Draw counts as logarithms, or as they are."""
        self.options = replace(self.options, logarithmic=not self.options.logarithmic)
        self.redraw()

    def action_whole(self) -> None:
        """Show the whole range of values, or the range of the limits with outliers at its edge."""
        self.options = replace(self.options, whole=not self.options.whole)
        self.redraw()

    def save(self, directory: Path) -> Path:
        """Write what the picture draws to a CSV file and return its name.

        Raises
        ------
        ValueError
            Where there is nothing to write.
        """
        from qltui.tables.writers import write_table
        from qltui.tui.widgets.table import file_stem

        table = self._table()
        return write_table(table, directory / f"{file_stem(table.title)}.csv")

    def _table(self) -> Table:
        from qltui.tables.camera import past_table

        subject = self.subject
        if subject is None:
            msg = "there is no picture yet"
            raise ValueError(msg)
        title = f"{subject.title} {subject.definition.name} {subject.element} {subject.picture.title}"
        if subject.picture.kind == "history":
            return past_table(subject.past, title, subject.definition)
        if subject.points is None:
            msg = "this picture has no points: the table above holds its values"
            raise ValueError(msg)
        return points_table(subject.points, subject.picture, title, unit_of(subject), subject.form)
