"""The line between panes, with their names in it and the joints of the line that stands beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qltui.tui.text import Line, cells, clean, fit, line_width, plain
from qltui.tui.widgets.lines import Lines

__all__ = ["Heading", "Rule", "VerticalRule", "rule_line"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A pane's name in the rule above it; `focused` where the keys go to that pane."""

    column: int
    text: str
    focused: bool = False


def rule_line(headings: Sequence[Heading], width: int, above: Sequence[int] = (), below: Sequence[int] = ()) -> Line:
    """Return a rule with its headings, joined to vertical lines above and below at these columns.

    The pane that has the keys is told by a heavier line as well as by its colour.
    """
    line: Line = ()
    for index, heading in enumerate(headings):
        end = headings[index + 1].column - 1 if index + 1 < len(headings) else width
        dash, role = ("━", "focus") if heading.focused else ("─", "rule")
        room = end - heading.column - 5
        text = clean(heading.text)
        text = text if cells(text) <= room else plain(fit(((text, ""),), max(0, room)))
        part: Line = ((dash * 2, role), (f" {text} ", "focus" if heading.focused else "title")) if text else ()
        used = line_width(part)
        line = (*line, *part, (dash * max(0, end - heading.column - used), role))
        if end < width:
            line = (*line, (_joint(end, above, below), "rule"))
    return _with_joints(line, [(column, _joint(column, above, below)) for column in above])


def _joint(column: int, above: Sequence[int], below: Sequence[int]) -> str:
    up, down = column in above, column in below
    return "┼" if up and down else "┴" if up else "┬" if down else "─"


def _with_joints(line: Line, joints: Sequence[tuple[int, str]]) -> Line:
    """Put joints where the rule is a plain line; a heading is left whole."""
    chars = [(char, role) for text, role in line for char in text]
    for column, char in joints:
        if 0 <= column < len(chars) and chars[column][0] in "─━":
            chars[column] = (char, chars[column][1])
    runs: list[tuple[str, str]] = []
    for char, role in chars:
        if runs and runs[-1][1] == role:
            runs[-1] = (runs[-1][0] + char, role)
        else:
            runs.append((char, role))
    return tuple(runs)


class Rule(Lines):
    """A rule across the screen."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="rule")
        self._headings: tuple[Heading, ...] = ()
        self._above: tuple[int, ...] = ()
        self._below: tuple[int, ...] = ()

    def show(self, headings: Sequence[Heading], above: Sequence[int] = (), below: Sequence[int] = ()) -> None:
        """Show other headings."""
        self._headings, self._above, self._below = tuple(headings), tuple(above), tuple(below)
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Return the rule."""
        return [rule_line(self._headings, width, self._above, self._below)]


class VerticalRule(Lines):
    """The line between panes that stand side by side."""

    def draw(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Return the line."""
        return [(("│", "rule"),)] * height
