"""Where the panes of the Monitor lie, for any size of terminal: a pure function, so that it can be tried on paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["PANES", "Arrangement", "Box", "arrange_monitor"]

PANES: Final = ("grid", "detail", "verdict", "trend", "log")
"""Panes that can have the keys, in the order of the tab key."""

SMALLEST: Final = (60, 16)
"""Below this many columns and rows there is only a line that says so."""

_WIDE = 176
_STATUS = 2
_FOOTER = 1


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of cells."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Rectangles by widget; a widget without one is not shown.

    Attributes
    ----------
    boxes : mapping
        Id of the widget to its place.
    rules : mapping
        Id of the rule to (column, pane) of the headings in it.
    joints : mapping
        Id of the rule to the columns of vertical lines above it and below it.
    """

    boxes: Mapping[str, Box] = field(default_factory=dict)
    rules: Mapping[str, tuple[tuple[int, str], ...]] = field(default_factory=dict)
    joints: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)

    @property
    def panes(self) -> tuple[str, ...]:
        """The panes that are visible."""
        return tuple(pane for pane in PANES if pane in self.boxes)


def is_too_small(width: int, height: int) -> bool:
    """Return whether the Monitor cannot be drawn in this many cells."""
    return width < SMALLEST[0] or height < SMALLEST[1]


def arrange_monitor(
    width: int, height: int, grid_height: int, *, expanded: str = "", detail: bool = False
) -> Arrangement:
    """Return where everything lies.

    Parameters
    ----------
    width, height : int
        Of the terminal.
    grid_height : int
        Rows that the grid needs in the width that `left_width` gives.
    expanded : str
        A pane that has the whole terminal; empty for all of them.
    detail : bool
        Whether a cell's values are shown where there is no room for them all the time.
    """
    frame = {
        "status": Box(0, 0, width, _STATUS),
        "rule-top": Box(0, _STATUS, width, 1),
        "footer": Box(0, height - _FOOTER, width, _FOOTER),
    }
    body = height - _STATUS - 1 - _FOOTER
    if expanded:
        boxes = frame | {expanded: Box(0, _STATUS + 1, width, body)}
        if expanded == "grid":
            used = min(grid_height, body - 1)
            boxes["grid"] = Box(0, _STATUS + 1, width, used)
            boxes["cell-line"] = Box(0, _STATUS + 1 + used, width, body - used)
        return Arrangement(boxes, {"rule-top": ((0, expanded),)}, {})
    wide = width >= _WIDE
    top = _top_height(height, grid_height, wide=wide)
    boxes, headings, columns = _top_row(width, top, grid_height, wide=wide)
    below, rules = _bottom(width, _STATUS + 1 + top, body - top, detail=detail and not wide)
    first = next(iter(rules), "")
    joints = {"rule-top": ((), columns)} | ({first: (columns, ())} if first else {})
    return Arrangement(frame | boxes | below, {"rule-top": headings} | rules, joints)


def left_width(width: int) -> int:
    """Return the width of the grid's column."""
    return min(76, round(width * 0.36)) if width >= _WIDE else round(width * 0.575)


def _top_height(height: int, grid_height: int, *, wide: bool) -> int:
    needed = max(5, grid_height + 1)
    if wide:
        needed = max(needed, round(height * 0.38))
    elif height > 30:
        needed = max(needed, round(height * 0.3))
    # The lower half must keep some lines of the log.
    return min(needed, height - _STATUS - 1 - _FOOTER - 4)


def _top_row(
    width: int, top: int, grid_height: int, *, wide: bool
) -> tuple[dict[str, Box], tuple[tuple[int, str], ...], tuple[int, ...]]:
    """Return grid, detail where there is room for it, and verdict side by side."""
    y = _STATUS + 1
    left = left_width(width)
    used = max(1, min(grid_height, top - 1))
    boxes = {"grid": Box(0, y, left, used), "cell-line": Box(0, y + used, left, top - used)}
    right = max(34, round(width * 0.22)) if wide else width - left - 1
    start = width - right
    boxes |= {"line-right": Box(start - 1, y, 1, top), "verdict": Box(start, y, right, top)}
    if not wide:
        return boxes, ((0, "grid"), (start, "verdict")), (start - 1,)
    boxes |= {"line-left": Box(left, y, 1, top), "detail": Box(left + 1, y, start - left - 2, top)}
    return boxes, ((0, "grid"), (left + 1, "detail"), (start, "verdict")), (left, start - 1)


def _bottom(
    width: int, y: int, rows: int, *, detail: bool
) -> tuple[dict[str, Box], dict[str, tuple[tuple[int, str], ...]]]:
    """Return trend and log below one another, or the values of a cell in their place."""
    if detail:
        return {"rule-trend": Box(0, y, width, 1), "detail": Box(0, y + 1, width, rows - 1)}, {
            "rule-trend": ((0, "detail"),)
        }
    if rows < 9:
        return {"rule-log": Box(0, y, width, 1), "log": Box(0, y + 1, width, rows - 1)}, {"rule-log": ((0, "log"),)}
    trend = max(5, round((rows - 2) * 0.58))
    log = rows - 2 - trend
    return {
        "rule-trend": Box(0, y, width, 1),
        "trend": Box(0, y + 1, width, trend),
        "rule-log": Box(0, y + 1 + trend, width, 1),
        "log": Box(0, y + 2 + trend, width, log),
    }, {"rule-trend": ((0, "trend"),), "rule-log": ((0, "log"),)}
