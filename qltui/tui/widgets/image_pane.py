"""One detector, enlarged: stretch and cuts by key, a cursor that reads pixels, and what is flagged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from textual.binding import Binding
from textual.message import Message

from qltui.tables.table import Column, Row, Table
from qltui.tui import image
from qltui.tui.image import Glyph, Window
from qltui.tui.text import Line, clean
from qltui.tui.themes import PALETTES
from qltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from pathlib import Path

    from textual.binding import BindingType
    from textual.events import Click

    from qltui.instruments.preview_file import Preview

__all__ = ["ImagePane", "Look", "Reading", "flag_glyph", "has_shades", "profile_table", "reading_of"]

MARKS: Final = ("saturated", "cosmic", "all", "none")
"""Which flags are drawn, in the order of the key."""

_ZOOMS: Final = (1.0, 2.0, 4.0, 8.0, 16.0)
_STEP: Final = 0.1


@dataclass(frozen=True, slots=True)
class Look:
    """How values become shades: kept while one goes from camera to camera.

    `dark` and `bright` move the cuts by parts of their distance.
    """

    stretch: str = image.STRETCHES[0]
    cuts: str = image.CUTS[0]
    dark: float = 0.0
    bright: float = 0.0
    marks: str = MARKS[0]
    borders: bool = True

    def cut_range(self, preview: Preview) -> tuple[float, float] | None:
        """Return the values of black and white; None where nothing is finite."""
        found = image.cut_range(preview.values, self.cuts)
        if found is None:
            return None
        low, high = found
        extent = high - low
        low, high = low + self.dark * extent, high + self.bright * extent
        return low, max(high, low + 1e-6 * extent)


@dataclass(frozen=True, slots=True)
class Reading:
    """What is under the cursor: the large pixel, first and last pixel of the detector in it, value and flags."""

    row: int
    column: int
    rows: tuple[int, int]
    columns: tuple[int, int]
    value: float
    unit: str
    amplifier: str
    flags: tuple[str, ...]


def flag_glyph(meaning: str) -> Glyph:
    """Return how a flag is drawn."""
    if "saturated" in meaning:
        return Glyph("S", "bad")
    return Glyph("+", "odd") if "cosmic" in meaning else Glyph("x", "warn")


def has_shades(theme: str) -> bool:
    """Return whether a theme can draw a picture in colours."""
    return bool(PALETTES[theme].ramp) if theme in PALETTES else False


def reading_of(preview: Preview, row: int, column: int) -> Reading:
    """Return what is known of one large pixel; rows and columns of the detector are counted from 1."""
    binning = preview.binning
    bits = int(preview.flags[row, column]) if preview.flags is not None else 0
    return Reading(
        row,
        column,
        (row * binning + 1, (row + 1) * binning),
        (column * binning + 1, (column + 1) * binning),
        float(preview.values[row, column]),
        preview.unit,
        preview.amplifier_at((row + 0.5) * binning, (column + 0.5) * binning),
        tuple(words for bit, words in preview.meanings.items() if bits & bit),
    )


def profile_table(preview: Preview, reading: Reading) -> Table:
    """Return the values along the row and the column of a reading, by the middle of each large pixel."""
    columns = (
        Column("along", "along", doc="row or column of the cursor"),
        Column("pixel", "pixel", "px", ".1f", ">", doc="of the detector, counted from 1"),
        Column("value", "value", preview.unit, ".2f", ">", doc="mean of the pixels in the large one"),
    )
    lines = {"row": preview.values[reading.row], "column": preview.values[:, reading.column]}
    half = (preview.binning + 1) / 2
    rows = tuple(
        Row((along, index), (along, index * preview.binning + half, value))
        for along, line in lines.items()
        for index, value in enumerate(line.tolist())
    )
    place = f"column {reading.columns[0]}, row {reading.rows[0]}"
    return Table("profile", f"Profiles through {place}", columns, rows)


class ImagePane(Lines, can_focus=True):
    """Shows a preview; `show` gives it another one, `Moved` tells that the cursor reads another pixel."""

    BINDINGS: list[BindingType] = [  # noqa: RUF012  (Textual's declaration)
        Binding("up,k", "move(1,0)", "up", id="image.up", show=False),
        Binding("down,j", "move(-1,0)", "down", id="image.down", show=False),
        Binding("left", "move(0,-1)", "left", id="image.left", show=False),
        Binding("right", "move(0,1)", "right", id="image.right", show=False),
        Binding("shift+up,pageup", "move(8,0)", "far up", id="image.far-up", show=False),
        Binding("shift+down,pagedown", "move(-8,0)", "far down", id="image.far-down", show=False),
        Binding("shift+left", "move(0,-8)", "far left", id="image.far-left", show=False),
        Binding("shift+right", "move(0,8)", "far right", id="image.far-right", show=False),
        Binding("plus,equals_sign,z", "zoom(1)", "zoom", id="image.zoom-in", tooltip="twice as large"),
        Binding("minus,Z", "zoom(-1)", "zoom out", id="image.zoom-out", tooltip="half as large"),
        Binding("home", "whole", "whole", id="image.whole", tooltip="show the whole detector again"),
        Binding("s", "stretch", "stretch", id="image.stretch", tooltip="linear, asinh or logarithmic shades"),
        Binding("c", "cuts", "cuts", id="image.cuts", tooltip="cuts by zscale, by percentiles, or from least to most"),
        Binding("greater_than_sign", "cut('bright',1)", "white up", id="image.white-up", tooltip="raise the upper cut"),
        Binding(
            "less_than_sign", "cut('bright',-1)", "white down", id="image.white-down", tooltip="lower the upper cut"
        ),
        Binding("full_stop", "cut('dark',1)", "black up", id="image.black-up", tooltip="raise the lower cut"),
        Binding("comma", "cut('dark',-1)", "black down", id="image.black-down", tooltip="lower the lower cut"),
        Binding("m", "marks", "marks", id="image.marks", tooltip="mark saturated pixels, cosmic rays, all flags, none"),
        Binding("b", "borders", "borders", id="image.borders", tooltip="draw the borders of the amplifiers, or not"),
    ]

    class Moved(Message):
        """The cursor reads another pixel, or the picture is another one."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.preview: Preview | None = None
        self.words = "no picture yet"
        self.look = Look()
        self.zoom = 1.0
        self.cursor = (0, 0)
        self._range: tuple[float, float] | None = None

    def on_mount(self) -> None:
        """Draw again in other colours: without shades the characters themselves differ."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.redraw())

    # -- what is shown -----------------------------------------------------------------------------------------

    def show(self, preview: Preview | None, words: str = "") -> None:
        """Show another picture, or say in words why there is none."""
        before = self.preview
        self.preview, self.words = preview, words
        if preview is not None and (before is None or before.values.shape != preview.values.shape):
            self.cursor = (preview.values.shape[0] // 2, preview.values.shape[1] // 2)
        self._adjust()

    def _adjust(self) -> None:
        self._range = self.look.cut_range(self.preview) if self.preview is not None else None
        self.redraw()
        self.post_message(self.Moved())

    @property
    def reading(self) -> Reading | None:
        """What is under the cursor."""
        return reading_of(self.preview, *self.cursor) if self.preview is not None else None

    @property
    def summary(self) -> str:
        """How the picture is drawn, for the heading."""
        if self.preview is None or self._range is None:
            return ""
        low, high = self._range
        zoom = f"  x{self.zoom:g}" if self.zoom > 1 else ""
        return f"{self.look.stretch}  {self.look.cuts} {low:.4g} to {high:.4g}{zoom}"

    @property
    def window(self) -> Window | None:
        """Which part of the picture is seen."""
        if self.preview is None:
            return None
        width, height = self.size
        ny, nx = self.preview.values.shape
        return image.fitted((ny, nx), max(1, width), max(1, height), zoom=self.zoom, at=self.cursor)

    # -- drawing -----------------------------------------------------------------------------------------------

    def draw(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Return the picture."""
        window = self.window
        if self.preview is None or window is None:
            return [((f" {clean(self.words)}", "dim"),)]
        if self._range is None:
            return [((" no pixel has a finite value", "odd"),)]
        shades = image.levels(self.shrunk(self.preview, window), *self._range, self.look.stretch)
        return image.cell_lines(
            shades,
            coloured=has_shades(self.app.theme),
            ascii_only=self.charset.ascii,
            glyphs=self._glyphs(self.preview, window),
        )

    def shrunk(self, preview: Preview, window: Window) -> image.FloatImage:
        """Return what each pixel of the screen shows."""
        return image.shrink(preview.values, window)

    def _glyphs(self, preview: Preview, window: Window) -> dict[tuple[int, int], Glyph]:
        found = self._border_glyphs(preview, window) if self.look.borders else {}
        found |= self._flag_glyphs(preview, window)
        row, column = window.screen_at(self.cursor[0] + 0.5, self.cursor[1] + 0.5)
        return found | {(row // 2, column): Glyph("X", "strong+cursor")}

    def _flag_glyphs(self, preview: Preview, window: Window) -> dict[tuple[int, int], Glyph]:
        wanted = {
            bit: words
            for bit, words in preview.meanings.items()
            if self.look.marks == "all" or self.look.marks in words
        }
        if preview.flags is None or not wanted:
            return {}
        seen = image.shrink_bits(preview.flags, window)
        cells = seen[0::2] | seen[1::2]
        found: dict[tuple[int, int], Glyph] = {}
        for bit, words in sorted(wanted.items(), key=lambda item: "saturated" in item[1]):
            glyph = flag_glyph(words)
            for row, column in zip(*(index.tolist() for index in (cells & bit).nonzero()), strict=True):
                found[(row, column)] = glyph
        return found

    def _border_glyphs(self, preview: Preview, window: Window) -> dict[tuple[int, int], Glyph]:
        """Return lines along the inner borders of the amplifiers."""
        ny, nx = preview.values.shape
        binning = preview.binning
        found: dict[tuple[int, int], Glyph] = {}
        across, along = Glyph("─", "band"), Glyph("│", "band")
        for part in preview.amplifiers.values():
            first = window.screen_at(part.y1 / binning - 0.5, part.x0 / binning)
            last = window.screen_at(part.y0 / binning + 0.5, part.x1 / binning)
            rows = range(max(0, first[0] // 2), min(window.rows // 2, last[0] // 2 + 1))
            columns = range(max(0, first[1]), min(window.columns, last[1]))
            if 0 < part.y0 / binning < ny - 1 and 0 <= last[0] // 2 < window.rows // 2:
                found |= {(last[0] // 2, column): across for column in columns}
            if 0 < part.x0 / binning < nx - 1 and 0 <= first[1] < window.columns:
                found |= {(row, first[1]): along for row in rows}
        return found

    def save(self, directory: Path) -> Path:
        """Write the profiles along the cursor's row and column to a CSV file and return its name."""
        from qltui.tables.writers import write_table

        reading = self.reading
        if self.preview is None or reading is None:
            msg = "there is no picture"
            raise ValueError(msg)
        return write_table(profile_table(self.preview, reading), directory / "profile.csv")

    # -- keys --------------------------------------------------------------------------------------------------

    def action_move(self, up: int, right: int) -> None:
        """Move the cursor by cells of the screen, at least by one pixel."""
        window = self.window
        if self.preview is None or window is None:
            return
        step = max(1, round(window.scale))
        ny, nx = self.preview.values.shape
        row, column = self.cursor
        # A cell is two pixels high.
        tall = max(1, round(2 * window.scale))
        self.cursor = (min(max(row + up * tall, 0), ny - 1), min(max(column + right * step, 0), nx - 1))
        self.redraw()
        self.post_message(self.Moved())

    def action_zoom(self, by: int) -> None:
        """Show the surroundings of the cursor larger or smaller."""
        index = min(max(_ZOOMS.index(self.zoom) + by, 0), len(_ZOOMS) - 1)
        self.zoom = _ZOOMS[index]
        self._adjust()

    def action_whole(self) -> None:
        """Show the whole detector."""
        self.zoom = _ZOOMS[0]
        self._adjust()

    def action_stretch(self) -> None:
        """Take the next stretch."""
        self._set_look(stretch=_after(image.STRETCHES, self.look.stretch))

    def action_cuts(self) -> None:
        """Take the next way to choose the cuts."""
        self._set_look(cuts=_after(image.CUTS, self.look.cuts), dark=0.0, bright=0.0)

    def action_cut(self, which: str, by: int) -> None:
        """Move one of the cuts by a tenth of their distance."""
        self._set_look(**{which: getattr(self.look, which) + by * _STEP})

    def action_marks(self) -> None:
        """Mark other flags."""
        self._set_look(marks=_after(MARKS, self.look.marks))

    def action_borders(self) -> None:
        """Draw the borders of the amplifiers, or not."""
        self._set_look(borders=not self.look.borders)

    def _set_look(self, **changes: object) -> None:
        self.look = replace(self.look, **changes)  # type: ignore[arg-type]
        self._adjust()

    def on_click(self, event: Click) -> None:
        """Put the cursor where the mouse is."""
        window = self.window
        if self.preview is None or window is None:
            return
        y, x = window.pixel_at(2 * event.y + 1, event.x)
        ny, nx = self.preview.values.shape
        self.cursor = (min(max(int(y), 0), ny - 1), min(max(int(x), 0), nx - 1))
        self.redraw()
        self.post_message(self.Moved())


def _after(names: Sequence[str], name: str) -> str:
    return names[(names.index(name) + 1) % len(names)]
