"""What is known of one fibre, and of all of them by unit and arm, as lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qltui.model import Status
from qltui.tables.fibers import BAD, GOOD, NOT_KNOWN, Fibers
from qltui.tui.symbols import STATUS_MARKS, Charset
from qltui.tui.text import Line, clean
from qltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from qltui.instruments.fiber_view import FiberView

__all__ = ["FiberFacts", "fact_lines", "unit_lines"]

_STATUS = {GOOD: Status.NORMAL, BAD: Status.ALARM, NOT_KNOWN: Status.NOT_CHECKED}
_WORDS = {GOOD: "good", BAD: "bad", NOT_KNOWN: "not known"}


def fact_lines(fibers: Fibers, index: int, view: FiberView, charset: Charset, *, wide: bool) -> list[Line]:
    """Return number, class, places, and by arm the state and the values of a fibre; their units where it is `wide`."""
    lines: list[Line] = [
        (
            (" fibre ", "dim"),
            (str(int(fibers.number[index])), "strong"),
            ("  unit ", "dim"),
            (clean(str(fibers.unit[index])), "text"),
        ),
        ((" class ", "dim"), (clean(str(fibers.group[index])) or "none", "text")),
    ]
    for place in view.places:
        x, y = (float(fibers.position(name)[index]) for name in (place.x, place.y))
        if math.isfinite(x) and math.isfinite(y):
            words = f"{place.x_title} {x:{place.format}}  {place.y_title} {y:{place.format}}"
            lines.append(((f" {words} ", "text"), (place.unit, "dim")))
    states = fibers.state[index].tolist()
    for arm, state in zip(fibers.arms, states, strict=True):
        mark = STATUS_MARKS[_STATUS[state]]
        lines.append(((f" {arm} ", "strong"), (f"{charset.mark(_STATUS[state])} ", mark.role), (_WORDS[state], "text")))
    lines += _value_lines(fibers, index, view, wide=wide)
    return lines


def _value_lines(fibers: Fibers, index: int, view: FiberView, *, wide: bool) -> list[Line]:
    """Return the values of a fibre: a row for each, a column for each arm."""
    lines: list[Line] = [
        ((" " * 11, ""), ("".join(f"{arm:>7}" for arm in fibers.arms), "dim")),
    ]
    for value in view.values:
        known = fibers.values.get(value.column)
        if known is None or not any(math.isfinite(number) for number in known[index].tolist()):
            continue
        numbers = [format(number, value.format) if math.isfinite(number) else "-" for number in known[index].tolist()]
        text = "".join(f"{number:>7}" for number in numbers)
        lines.append(((f" {value.title[:10]:<10}", "dim"), (text, "text"), (f" {value.unit}" if wide else "", "dim")))
    return lines if len(lines) > 1 else []


def unit_lines(fibers: Fibers, unit_title: str) -> list[Line]:
    """Return how many fibres are good, of how many that are known: a row for each unit, a column for each arm."""
    lines: list[Line] = [
        ((f" good of known by {unit_title}", "title"),),
        ((" " * 4, ""), ("".join(f"{arm:>10}" for arm in fibers.arms), "dim")),
    ]
    for unit in sorted(set(fibers.unit.tolist())):
        runs: list[tuple[str, str]] = [(f" {clean(unit):>3}", "strong")]
        for arm in range(len(fibers.arms)):
            states = fibers.state[fibers.unit == unit, arm]
            known = int((states != NOT_KNOWN).sum())
            good = int((states == GOOD).sum())
            runs.append((f"{f'{good}/{known}':>10}" if known else f"{'-':>10}", "warn" if good < known else "text"))
        lines.append(tuple(runs))
    return lines


class FiberFacts(Lines):
    """Shows what is known of the fibre under the cursor, and below it the counts."""

    def __init__(self, view: FiberView | None, unit_title: str, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._view = view
        self._unit_title = unit_title
        self._fibers: Fibers | None = None
        self._index: int | None = None

    def show(self, fibers: Fibers | None, index: int | None) -> None:
        """Show another fibre."""
        self._fibers, self._index = fibers, index
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the fibre and, where there is room, the counts."""
        if self._fibers is None or self._index is None or self._view is None:
            return []
        lines = fact_lines(self._fibers, self._index, self._view, self.charset, wide=width >= 44)
        counts = unit_lines(self._fibers, self._unit_title)
        if len(lines) + 1 + len(counts) <= height:
            lines = [*lines, (), *counts]
        for problem in self._fibers.problems[: max(0, height - len(lines))]:
            lines.append(((f" {clean(problem)}", "odd"),))
        return lines
