"""Amplifiers as patches of the detector: value in the cell, filled by how far it is from its reference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from qltui.model import Judgement, Status
from qltui.tui.pictures.canvas import Canvas
from qltui.tui.pictures.shades import Scale, limit_scale, shade_of
from qltui.tui.symbols import STATUS_MARKS, Charset
from qltui.tui.text import Line, clean
from qltui.tui.words import number

__all__ = ["Patch", "choose_layout", "judged_patches", "patch_lines"]

Layout = Sequence[Sequence[str]]

_LEAST: Final = (14, 3)
"""Smallest patch that has room for its value [cells]."""
_LARGEST: Final = (36, 9)
"""A patch that is larger tells nothing more."""


@dataclass(frozen=True, slots=True)
class Patch:
    """One element of the detector.

    `reference` is NaN where there is none, `scale` None where no limits hold, `status` None where nobody judged it.
    """

    name: str
    value: float
    reference: float = math.nan
    scale: Scale | None = None
    status: Status | None = None


def judged_patches(judgement: Judgement) -> dict[str, Patch]:
    """Return the elements of a judged metric as patches, by name."""
    return {
        element: Patch(
            element,
            judgement.values[index],
            judgement.references[index],
            limit_scale(judgement.references[index], judgement.normal[index], judgement.warning[index]),
            judgement.statuses[index],
        )
        for index, element in enumerate(judgement.elements)
    }


def choose_layout(layouts: Sequence[Layout], names: Sequence[str]) -> Layout:
    """Return the first layout that has all names, rows from the top; else rows of two in their order."""
    for layout in layouts:
        if set(names) <= {name for row in layout for name in row}:
            return layout
    return [names[start : start + 2] for start in range(0, len(names), 2)]


def patch_lines(
    patches: Mapping[str, Patch], layout: Layout, form: str, unit: str, charset: Charset, width: int, height: int
) -> list[Line]:
    """Return the patches as they lie on the detector: name, value with its status, and value minus reference.

    Where there is no room for the patches, each has a line.
    """
    across, down = max((len(row) for row in layout), default=1), max(1, len(layout))
    wide = min(_LARGEST[0], (width - 2) // across - 1)
    high = min(_LARGEST[1], (height - 1) // down - 1)
    if wide < _LEAST[0] or high < _LEAST[1]:
        return [_in_a_line(patches[name], form, unit, charset) for row in layout for name in row if name in patches]
    canvas = Canvas(1 + across * (wide + 1) + 1, down * (high + 1) + 1)
    for row, names in enumerate(layout):
        for column, name in enumerate(names):
            if name in patches:
                box = (1 + column * (wide + 1), row * (high + 1), wide, high)
                _put_patch(canvas, patches[name], box, form, unit, charset)
    _put_frame(canvas, across, down, wide, high)
    return canvas.lines()


def _put_frame(canvas: Canvas, across: int, down: int, wide: int, high: int) -> None:
    for row in range(down + 1):
        left, middle, right = ("┌", "┬", "┐") if row == 0 else ("└", "┴", "┘") if row == down else ("├", "┼", "┤")
        line = left + middle.join(["─" * wide] * across) + right
        canvas.put(0, row * (high + 1), line, "rule")
    for row in range(down):
        for y in range(row * (high + 1) + 1, (row + 1) * (high + 1)):
            for column in range(across + 1):
                canvas.put(column * (wide + 1), y, "│", "rule")


def _put_patch(
    canvas: Canvas, patch: Patch, box: tuple[int, int, int, int], form: str, unit: str, charset: Charset
) -> None:
    x, y, wide, high = box
    shade, role, _ = shade_of(patch.scale, patch.value)
    if patch.scale is not None or not math.isfinite(patch.value):
        for row in range(1, high + 1):
            canvas.put(x, y + row, shade.char(charset) * wide, role)
    words = _words(patch, form, unit, charset)
    top = y + 1 + max(0, (high - len(words)) // 2)
    for index, (text, word_role) in enumerate(words[:high]):
        shown = f" {text[: wide - 4]} "
        canvas.put(x + (wide - len(shown)) // 2, top + index, shown, word_role)


def _words(patch: Patch, form: str, unit: str, charset: Charset) -> list[tuple[str, str]]:
    """Return name, value and distance from the reference, with their roles."""
    value = number(patch.value, form)
    mark, role = ("", "strong")
    if patch.status is not None:
        mark, role = f" {charset.mark(patch.status)}", STATUS_MARKS[patch.status].role
    unit = f" {unit}" if unit and math.isfinite(patch.value) else ""
    words = [(clean(patch.name), "strong"), (f"{value}{unit}{mark}", role)]
    if math.isfinite(patch.value) and math.isfinite(patch.reference):
        words.append((f"{patch.value - patch.reference:+{form.replace('+', '')}}", "text"))
    return words


def _in_a_line(patch: Patch, form: str, unit: str, charset: Charset) -> Line:
    words = _words(patch, form, unit, charset)
    line: Line = ((f" {words[0][0]:<4}", "strong"), (f"{words[1][0]:<20}", words[1][1]))
    return (*line, *((text, role) for text, role in words[2:]))
