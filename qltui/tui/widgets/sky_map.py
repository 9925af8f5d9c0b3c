"""The sky with what was observed of it, a cursor that names fields, and keys to come nearer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.message import Message

from qltui.tui.sky_projection import PROJECTIONS, SkyView, unproject, zoomed
from qltui.tui.sky_raster import Cell, Raster, draw_raster
from qltui.tui.text import Line
from qltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from pathlib import Path

    from textual.binding import BindingType
    from textual.events import Click, Resize

__all__ = ["Look", "SkyMap"]

Look = Callable[[str], tuple[str, str]]
"""Kind of a field to its character (empty for dots) and role."""


class SkyMap(Lines, can_focus=True):
    """Shows a `Raster`; asks for another one by `Wanted` when the view or its size has changed."""

    BINDINGS: list[BindingType] = [  # noqa: RUF012  (Textual's declaration)
        Binding("left", "cursor(-1, 0)", "left", id="map.left", show=False),
        Binding("right", "cursor(1, 0)", "right", id="map.right", show=False),
        Binding("up", "cursor(0, -1)", "up", id="map.up", show=False),
        Binding("down", "cursor(0, 1)", "down", id="map.down", show=False),
        Binding("plus,equals_sign", "zoom(2.0)", "nearer", id="map.nearer", tooltip="see half as much of the sky"),
        Binding("minus", "zoom(0.5)", "farther", id="map.farther", tooltip="see twice as much of the sky"),
        Binding("c", "centre", "centre", id="map.centre", tooltip="put the place under the cursor into the middle"),
        Binding("j", "projection", "projection", id="map.projection", tooltip="Mollweide (areas) or rectangular"),
        Binding("enter", "choose", "open", id="map.open", tooltip="go to the newest exposure of the field"),
    ]

    class Wanted(Message):
        """Another view, or another size of it, is to be drawn."""

    class Moved(Message):
        """The cursor is on other fields."""

        def __init__(self, keys: tuple[int, ...]) -> None:
            super().__init__()
            self.keys = keys

    class Chosen(Message):
        """Enter was pressed on fields."""

        def __init__(self, keys: tuple[int, ...]) -> None:
            super().__init__()
            self.keys = keys

    def __init__(self, *, id: str, view: SkyView) -> None:  # noqa: A002
        super().__init__(id=id)
        self.view = view
        self.raster: Raster | None = None
        self.cursor: Cell | None = None
        self._look: Look = lambda _kind: ("", "text")
        self._on_save: Callable[[Path], Awaitable[Path]] | None = None

    # -- what is shown -----------------------------------------------------------------------------------------

    def show(self, raster: Raster | None, look: Look, on_save: Callable[[Path], Awaitable[Path]] | None = None) -> None:
        """Show another raster; `on_save` writes what it is made of."""
        self.raster, self._look, self._on_save = raster, look, on_save
        self.find_cursor()

    def find_cursor(self) -> None:
        """Put a cursor that is nowhere on the field nearest to the middle."""
        if self.raster is not None and self.cursor is None:
            self.cursor = self._first(self.raster)
        self.redraw()

    @staticmethod
    def _first(raster: Raster) -> Cell:
        """Return where the cursor begins: on the field nearest to the middle."""
        frame = raster.frame
        middle = frame.left + frame.across // 2, frame.high // 2
        return min(
            raster.dots, key=lambda cell: (cell[0] - middle[0]) ** 2 + 4 * (cell[1] - middle[1]) ** 2, default=middle
        )

    @property
    def keys(self) -> tuple[int, ...]:
        """The fields under the cursor, or next to it."""
        return self.raster.nearest(self.cursor) if self.raster is not None and self.cursor is not None else ()

    @property
    def place(self) -> tuple[float, float] | None:
        """Right ascension and declination under the cursor [deg]; None beside the sky."""
        if self.raster is None or self.cursor is None:
            return None
        x, y = self.raster.frame.plane(self.cursor[0] + 0.5, self.cursor[1] + 0.5)
        return unproject(self.raster.view, x, y)

    def draw(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Return the map."""
        if self.raster is None:
            return [((" no exposure of the sky in these nights", "dim"),)]
        cursor = self.cursor if self.has_focus else None
        return draw_raster(self.raster, self._look, self.charset, cursor=cursor)

    def save(self, directory: Path) -> Awaitable[Path]:
        """Write the fields to a file, away from the keys."""
        if self._on_save is None:
            msg = "there is nothing to save"
            raise ValueError(msg)
        return self._on_save(directory)

    # -- keys --------------------------------------------------------------------------------------------------

    def on_resize(self, event: Resize) -> None:
        """Ask for a raster of the new size."""
        super().on_resize(event)
        self.cursor = None
        self.post_message(self.Wanted())

    def on_focus(self) -> None:
        """Show the cursor."""
        self.redraw()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.redraw()

    def action_cursor(self, columns: int, rows: int) -> None:
        """Move the cursor; beyond the edge of a part of the sky the view goes along."""
        if self.raster is None or self.cursor is None:
            return
        frame = self.raster.frame
        column, row = self.cursor[0] + columns, self.cursor[1] + rows
        inside = frame.left <= column < frame.left + frame.across and 0 <= row < frame.high
        if inside:
            self._to((column, row))
        elif self.view.zoom > 1.0:
            self._shift(columns * frame.across // 3, rows * max(1, frame.high // 3))

    def _to(self, cell: Cell) -> None:
        self.cursor = cell
        self.redraw()
        self.post_message(self.Moved(self.keys))

    def _shift(self, columns: int, rows: int) -> None:
        """Move the view; the cursor stays on its place of the sky."""
        assert self.raster is not None
        assert self.cursor is not None
        frame = self.raster.frame
        x, y = frame.plane(frame.left + frame.across / 2 + columns, frame.high / 2 + rows)
        place = unproject(self.view, x, y)
        if place is not None:
            self._look_at(replace(self.view, ra=place[0], dec=place[1]))
            self.cursor = self.cursor[0] - columns, self.cursor[1] - rows

    def _look_at(self, view: SkyView) -> None:
        self.view = view
        self.post_message(self.Wanted())

    def action_zoom(self, factor: float) -> None:
        """Come nearer to the cursor, or go farther."""
        place = self.place if factor > 1.0 else None
        view = replace(self.view, ra=place[0], dec=place[1]) if place is not None else self.view
        self.cursor = None
        self._look_at(zoomed(view, factor))

    def action_centre(self) -> None:
        """Put the place under the cursor into the middle."""
        place = self.place
        if place is not None:
            self.cursor = None
            dec = place[1] if self.view.zoom > 1.0 else 0.0
            self._look_at(replace(self.view, ra=place[0], dec=dec))

    def action_projection(self) -> None:
        """Take the other projection."""
        index = (PROJECTIONS.index(self.view.projection) + 1) % len(PROJECTIONS)
        self.cursor = None
        self._look_at(replace(self.view, projection=PROJECTIONS[index]))

    def action_choose(self) -> None:
        """Go to the fields under the cursor."""
        if self.keys:
            self.post_message(self.Chosen(self.keys))

    def on_click(self, event: Click) -> None:
        """Put the cursor where the mouse is."""
        if self.raster is not None:
            frame = self.raster.frame
            if frame.left <= event.x < frame.left + frame.across and event.y < frame.high:
                self._to((event.x, event.y))
