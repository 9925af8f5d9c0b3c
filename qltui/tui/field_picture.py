"""The field in characters: where each camera lies on the screen, what marks it, and what is said beside the picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qltui.instruments.field_file import FieldImage, field_kind
from qltui.model import Status
from qltui.tui import image
from qltui.tui.camera_map import cameras_word
from qltui.tui.image import Glyph, Window
from qltui.tui.symbols import STATUS_MARKS, STATUS_WORDS, Charset
from qltui.tui.text import Line, clean, wrap

if TYPE_CHECKING:
    from qltui.instruments.base import Instrument
    from qltui.instruments.field_file import Box
    from qltui.store.products import Subject

__all__ = ["BAD", "NAMES", "FieldMarks", "camera_glyphs", "compass", "fact_lines", "shrink_known", "why_no_picture"]

BAD: Final = (Status.ALARM, Status.FAILED, Status.WARNING, Status.MISSING, Status.UNKNOWN, Status.CANCELLED)
"""What is outlined, the worst first."""

NAMES: Final = ("bad", "all", "none")
"""Which cameras have their names in the picture, in the order of the key."""

_LEAST_ROWS: Final = 2.5
"""A camera of so many cells in height has an outline, a lower one brackets."""


@dataclass(frozen=True, slots=True)
class FieldMarks:
    """What is drawn over the picture.

    Attributes
    ----------
    boxes : mapping of str to tuple of int
        Where each camera lies in the picture, also those that are not in it [px].
    statuses : mapping of str to Status
        Of the cameras.
    names : str
        One of `NAMES`.
    outlines : bool
        Whether bad cameras are outlined.
    cursor : str
        Camera under the cursor, which always has its name.
    """

    boxes: Mapping[str, Box]
    statuses: Mapping[str, Status]
    names: str = NAMES[0]
    outlines: bool = True
    cursor: str = ""


def shrink_known(values: image.FloatImage, window: Window) -> image.FloatImage:
    """Return what each pixel of the screen shows: the mean of what is known in it, NaN where that is less than half.

    The gaps between cameras are narrower than a pixel of a small screen, and must not make holes in the picture.
    """
    import numpy as np

    known = np.isfinite(values)
    total = image.shrink(np.where(known, values, 0.0), window)
    share = image.shrink(known.astype(float), window)
    enough = np.nan_to_num(share) >= 0.5
    return np.where(enough, total / np.where(enough, share, 1.0), np.nan)


# -- over the picture ----------------------------------------------------------------------------------------------


def camera_glyphs(marks: FieldMarks, window: Window, charset: Charset) -> dict[tuple[int, int], Glyph]:
    """Return the characters that stand in cells of the picture, by (row, column)."""
    found: dict[tuple[int, int], Glyph] = {}
    labels: dict[tuple[int, int], Glyph] = {}
    for name, box in marks.boxes.items():
        status = marks.statuses.get(name, Status.NOT_EXPECTED)
        cells = _cells(box, window)
        if marks.outlines and status in BAD:
            tall = box[3] - box[2] >= _LEAST_ROWS * 2 * window.scale
            found |= _outline(cells, STATUS_MARKS[status].role, tall=tall)
        if name == marks.cursor or marks.names == "all" or (marks.names == "bad" and status in BAD):
            labels |= _label(name, status, cells, charset, under_cursor=name == marks.cursor)
    height, width = window.rows // 2, window.columns
    return {at: glyph for at, glyph in (found | labels).items() if 0 <= at[0] < height and 0 <= at[1] < width}


def _cells(box: Box, window: Window) -> tuple[int, int, int, int]:
    """Return first and last row and column of the cells in which a box lies."""
    x0, x1, y0, y1 = box
    left, right = _span(x0, x1, window.x0, window.scale)
    low, high = _span(y0, y1, window.y0, window.scale)
    return (window.rows - 1 - high) // 2, (window.rows - 1 - low) // 2, left, right


def _span(first: int, last: int, start: float, scale: float) -> tuple[int, int]:
    """Return the first and last pixel of the screen that `shrink_known` fills from ``first <= x < last``."""
    if scale < 1.0:
        return math.floor((first - start) / scale), math.ceil((last - start) / scale) - 1
    guess = range(math.floor((first - start) / scale) - 1, math.ceil((last - start) / scale) + 1)
    edges = {k: (math.floor(start + k * scale + 1e-9), math.floor(start + (k + 1) * scale + 1e-9)) for k in guess}
    inside = [k for k, (a, b) in edges.items() if 2 * (min(b, last) - max(a, first)) >= b - a]
    return (inside[0], inside[-1]) if inside else (guess[1], guess[1])


def _outline(cells: tuple[int, int, int, int], role: str, *, tall: bool) -> dict[tuple[int, int], Glyph]:
    top, bottom, left, right = cells
    if not tall:
        middle = (top + bottom) // 2
        return {(middle, left): Glyph("[", role), (middle, right): Glyph("]", role)}
    found = {(row, column): Glyph("─", role) for row in (top, bottom) for column in range(left + 1, right)}
    found |= {(row, column): Glyph("│", role) for column in (left, right) for row in range(top + 1, bottom)}
    corners = {(top, left): "┌", (top, right): "┐", (bottom, left): "└", (bottom, right): "┘"}
    return found | {at: Glyph(char, role) for at, char in corners.items()}


def _label(
    name: str, status: Status, cells: tuple[int, int, int, int], charset: Charset, *, under_cursor: bool
) -> dict[tuple[int, int], Glyph]:
    """Return name and mark in the middle of a camera; the mark alone, then less, where there is no room."""
    top, bottom, left, right = cells
    mark = Glyph(charset.mark(status), STATUS_MARKS[status].role) if status is not Status.NORMAL else None
    role = "strong+cursor" if under_cursor else "strong"
    signs = ([mark] if mark is not None else []) + [Glyph(char, role) for char in name]
    room = right - left + 1
    if len(signs) > room:
        signs = signs[:1] if mark is not None and not under_cursor else signs[-room:]
    start = left + (room - len(signs) + 1) // 2
    return {((top + bottom) // 2, start + index): sign for index, sign in enumerate(signs)}


# -- beside the picture --------------------------------------------------------------------------------------------


def compass(north: tuple[float, float] | None, east: tuple[float, float] | None) -> list[Line]:
    """Return which way north and east are."""
    if north is None or east is None:
        return [((" north, east: the file has none", "dim"),)]
    canvas = [[" "] * 9 for _ in range(3)]
    canvas[1][4] = "+"
    for letter, (x, y) in (("N", north), ("E", east)):
        if abs(x) > 0.4:
            canvas[1 - round(y)][4 + (2 if x > 0 else -2)] = "/" if x * y > 0.16 else "\\" if x * y < -0.16 else "-"
            canvas[1 - round(y)][4 + (3 if x > 0 else -3)] = letter
            if abs(y) < 0.4:
                canvas[1][4 + (1 if x > 0 else -1)] = "-"
        else:
            canvas[1 - round(y)][4] = letter
    return [((f" {''.join(row)}", "text"),) for row in canvas if any(char != " " for char in row)]


def why_no_picture(subject: Subject, instrument: Instrument) -> str:
    """Return in words why an exposure has no picture of the field."""
    exposure, field, cameras = subject.exposure, instrument.field_camera, cameras_word(instrument)
    title = f"exposure {exposure.expid}"
    steps = [step for step in instrument.steps_for(exposure.obstype) if step.of_field]
    if field is None or not steps:
        return f"{title} ({clean(exposure.obstype)}) has no step that makes a picture of the field"
    of_cameras = [status for name, status in subject.cameras.items() if name != field.name]
    ended = sum(status.is_final for status in of_cameras)
    status = subject.cameras.get(field.name, Status.WAITING)
    if status is Status.FAILED:
        return f"the field of {title} failed: {clean(subject.reasons.get(field.name, '')) or 'see the log'}"
    if status is Status.CANCELLED or subject.state == "cancelled":
        return f"the field of {title} was cancelled"
    if status is Status.RUNNING:
        return f"all {cameras} of {title} have ended; the picture is being made"
    if subject.state == "running":
        return f"{ended} of {len(of_cameras)} {cameras} of {title} have ended; the picture comes after the last"
    if not status.is_final and subject.state not in ("done", "failed"):
        return f"{title} waits; the picture is made when its {cameras} have ended"
    return f"{title} left no picture of the field: switched off in the configuration, or cleared from the disk"


def fact_lines(
    subject: Subject, field: FieldImage | None, camera: str, reading: str, instrument: Instrument, charset: Charset,
    width: int,
) -> list[Line]:  # fmt: skip
    """Return what is known of the camera under the cursor, then of the whole field."""
    lines = [*_camera_lines(subject, field, camera, reading, charset, width), ()]
    statuses = [subject.cameras.get(item.name, Status.NOT_EXPECTED) for item in instrument.cameras]
    if field is not None:
        words = f" {len(field.boxes)} of {len(instrument.cameras)} {cameras_word(instrument)} in the picture"
        lines.append(((words, "text"),))
    for status in (Status.NORMAL, *BAD, Status.NOT_EXPECTED):
        if count := statuses.count(status):
            mark = STATUS_MARKS[status]
            lines.append(
                ((f" {charset.mark(status)}", mark.role), (f" {count:>3} {STATUS_WORDS[status][0].lower()}", "text"))
            )
    of_field = instrument.field_camera
    if of_field is not None and of_field.name in subject.cameras:
        status = subject.cameras[of_field.name]
        lines.append(
            ((f" {charset.mark(status)}", STATUS_MARKS[status].role), (f"     {of_field.name.lower()}", "text"))
        )
    lines += [(), *(compass(field.north, field.east) if field is not None else ())]
    return lines


def _camera_lines(
    subject: Subject, field: FieldImage | None, camera: str, reading: str, charset: Charset, width: int
) -> list[Line]:
    if not camera:
        return [((" between the cameras", "dim"),)]
    status = subject.cameras.get(camera, Status.NOT_EXPECTED)
    mark = STATUS_MARKS[status]
    lines: list[Line] = [
        (
            (f" {camera}  ", "strong"),
            (f"{charset.mark(status)} ", mark.role),
            (STATUS_WORDS[status][0], mark.role),
        )
    ]
    if field is not None and camera in field.boxes:
        lines.append(((f" {reading}", "text"),))
    elif field is not None:
        lines.append(((" not in the picture", "dim"),))
    causes = [(kind, clean(words)) for kind, words in subject.culprits if words.split(" ", 1)[0] == camera]
    if not causes and camera in subject.reasons:
        causes = [(status, clean(subject.reasons[camera]))]
    return lines + _cause_lines(causes, charset, width)


def _cause_lines(causes: Sequence[tuple[Status, str]], charset: Charset, width: int) -> list[Line]:
    lines: list[Line] = []
    for kind, words in causes:
        for index, part in enumerate(wrap(" ".join(words.split()), max(8, width - 4))):
            sign = charset.mark(kind) if index == 0 else " "
            lines.append(((f" {sign} ", STATUS_MARKS[kind].role), (part, "text")))
    return lines


def no_field_words(instrument: Instrument) -> str:
    """Return why an instrument has no such picture; empty where it has."""
    if field_kind(instrument) is not None:
        return ""
    return f"{instrument.title} makes no picture of a whole field; g v shows its cameras one beside the other"
