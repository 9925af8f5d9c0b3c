"""Where the panes of a screen lie that is made of rows: a pure function, as `qltui.tui.arrange` is for the Monitor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from qltui.tui.arrange import Arrangement, Box

__all__ = ["LINES", "RULES", "PaneRow", "arrange_rows", "panes_of"]

RULES: Final = 6
"""Rules that a screen has at most: one above each row."""

LINES: Final = 4
"""Vertical lines that a screen has at most."""

_HEAD = 1
_FOOTER = 1
_LOWEST = 2
"""Rows of the terminal below which a pane is of no use."""


@dataclass(frozen=True, slots=True)
class PaneRow:
    """Panes side by side.

    Attributes
    ----------
    panes : tuple of (str, float)
        Ids, and their shares of the width; a share above 4 is a number of columns.
    height : int
        Rows that it needs; 0 for a share of what the others leave.
    share : float
        Of the height, beside other rows with a share.
    """

    panes: tuple[tuple[str, float], ...]
    height: int = 0
    share: float = 1.0


def panes_of(rows: Sequence[PaneRow]) -> tuple[str, ...]:
    """Return the ids of all panes, in reading order."""
    return tuple(name for row in rows for name, _ in row.panes)


def arrange_rows(width: int, height: int, rows: Sequence[PaneRow], *, expanded: str = "") -> Arrangement:
    """Return where everything lies: a head line, the rows each below a rule, and the footer.

    Where there is not enough height, the last rows are left out.
    """
    if expanded:
        rows = [PaneRow(((expanded, 1.0),))]
    boxes = {"head": Box(0, 0, width, _HEAD), "footer": Box(0, height - _FOOTER, width, _FOOTER)}
    rules: dict[str, tuple[tuple[int, str], ...]] = {}
    joints: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}
    y, above, line = _HEAD, (), 0
    for number, (row, rows_high) in enumerate(_heights(rows, height - _HEAD - _FOOTER)):
        rule = f"rule-{number}"
        spans = _spans(row, width)
        boxes[rule] = Box(0, y, width, 1)
        rules[rule] = tuple((start, name) for name, start, _ in spans)
        columns = tuple(start - 1 for _, start, _ in spans[1:])
        joints[rule] = (above, columns)
        for name, start, across in spans:
            boxes[name] = Box(start, y + 1, across, rows_high)
        for column in columns:
            if line < LINES:
                boxes[f"line-{line}"] = Box(column, y + 1, 1, rows_high)
                line += 1
        y += 1 + rows_high
        above = columns
    return Arrangement(boxes, rules, joints)


def _heights(rows: Sequence[PaneRow], room: int) -> list[tuple[PaneRow, int]]:
    """Return as many rows as fit, each with its height without the rule above it."""
    kept = list(rows)[:RULES]
    while len(kept) > 1 and sum(1 + (row.height or _LOWEST) for row in kept) > room:
        kept.pop()
    shares = [row.share for row in kept if not row.height]
    left = room - len(kept) - sum(row.height for row in kept)
    result: list[tuple[PaneRow, int]] = []
    for row in kept:
        if row.height:
            result.append((row, min(row.height, max(1, room - 1))))
            continue
        part = round(left * row.share / sum(shares))
        shares.pop(0)
        part = left if not shares else max(_LOWEST, part)
        left -= part
        result.append((row, max(1, part)))
    if all(row.height for row, _ in result):
        # Nothing takes what is left, so the last row does.
        last, high = result[-1]
        result[-1] = (last, high + max(0, left))
    return result


def _spans(row: PaneRow, width: int) -> list[tuple[str, int, int]]:
    """Return the panes of a row with their first column and width; one column is left between two for a line."""
    room = width - (len(row.panes) - 1)
    fixed = sum(int(share) for _, share in row.panes if share > 4)
    shares = [share for _, share in row.panes if share <= 4]
    left = room - fixed
    x, spans = 0, []
    for index, (name, share) in enumerate(row.panes):
        if index == len(row.panes) - 1:
            across = width - x
        elif share > 4:
            across = int(share)
        else:
            across = round(left * share / sum(shares))
            left -= across
            shares.pop(0)
        spans.append((name, x, max(1, across)))
        x += across + 1
    return spans
