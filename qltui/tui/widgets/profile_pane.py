"""What the cursor reads, and the profiles along the row and the column that it is in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qltui.tui.charts import ChartSpec, Series, draw_chart, nice_step
from qltui.tui.text import Line, clean
from qltui.tui.widgets.image_pane import Reading
from qltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from qltui.instruments.preview_file import Preview

__all__ = ["ProfilePane", "profile_spec", "reading_lines", "ticks_between"]


def reading_lines(reading: Reading) -> list[Line]:
    """Return the position, value and flags under the cursor."""
    value = f"{reading.value:.1f} {clean(reading.unit)}" if math.isfinite(reading.value) else "no value"
    flags = ", ".join(map(clean, reading.flags))
    lines: list[Line] = [
        ((" column ", "dim"), (_span(reading.columns), "text"), (" px", "dim")),
        ((" row    ", "dim"), (_span(reading.rows), "text"), (" px", "dim")),
        ((" value  ", "dim"), (value, "strong")),
    ]
    if reading.amplifier:
        lines.append(((" amp    ", "dim"), (clean(reading.amplifier), "text")))
    if flags:
        lines.append(((" flags  ", "dim"), (flags, "warn")))
    return lines


def _span(ends: tuple[int, int]) -> str:
    return f"{ends[0]}" if ends[0] == ends[1] else f"{ends[0]}-{ends[1]}"


def profile_spec(preview: Preview, reading: Reading, axis: str) -> ChartSpec:
    """Return the values along the cursor's ``"row"`` or ``"column"``; the cursor's place is a line."""
    line = preview.values[reading.row] if axis == "row" else preview.values[:, reading.column]
    binning = preview.binning
    points = tuple(((index + 0.5) * binning + 0.5, float(value)) for index, value in enumerate(line.tolist()))
    here = ((reading.column if axis == "row" else reading.row) + 0.5) * binning + 0.5
    values = [y for _, y in points if math.isfinite(y)]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    end = line.size * binning + 1.0
    series = (
        Series(points, "trend", joined=True),
        Series(((here, low), (here, high)), "mark", joined=True),
    )
    return ChartSpec(series, (), (1.0, end), ticks_between(1.0, end, 3), "px")


def ticks_between(low: float, high: float, count: int) -> tuple[tuple[float, str], ...]:
    """Return about `count` ticks at round numbers."""
    step = nice_step(high - low, count)
    first = math.ceil(low / step) * step
    values = [first + index * step for index in range(int((high - first) / step + 1e-9) + 1)]
    return tuple((value, f"{value:g}") for value in values)


class ProfilePane(Lines):
    """Shows what the cursor of the picture reads."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._preview: Preview | None = None
        self._reading: Reading | None = None

    def show(self, preview: Preview | None, reading: Reading | None) -> None:
        """Show another reading."""
        self._preview, self._reading = preview, reading
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the reading, and both profiles where there is room."""
        if self._preview is None or self._reading is None:
            return []
        lines = reading_lines(self._reading)
        lines += [()] * (5 - len(lines))
        each = (height - len(lines)) // 2 - 1
        if each < 4:
            return lines
        unit = clean(self._preview.unit)
        for axis, words in (("row", "along the row"), ("column", "along the column")):
            spec = profile_spec(self._preview, self._reading, axis)
            lines.append((((f" {words} [{unit}]"), "title"),))
            lines += draw_chart(spec, width - 1, each, self.charset)
        return lines
