"""The verdict: one line for the exposure, and the worst offenders in words."""

from __future__ import annotations

from collections.abc import Sequence

from qltui.model import Status
from qltui.store.views import ProcessView
from qltui.tui.symbols import STATUS_MARKS, STATUS_WORDS, Charset
from qltui.tui.text import Line, cells, clean, fit, wrap
from qltui.tui.widgets.lines import Lines

__all__ = ["VerdictPane", "verdict_lines"]


def _headline(process: ProcessView, charset: Charset, width: int, height: int) -> list[Line]:
    """Return status and headline; on a second line what does not fit on the first."""
    verdict = process.verdict
    status = verdict.status
    mark, role = charset.mark(status), STATUS_MARKS[status].role
    if process.state == "running" and status in (Status.WAITING, Status.RUNNING, Status.NORMAL):
        mark, role, word = charset.mark(Status.RUNNING), "active", "REDUCING"
    else:
        word = STATUS_WORDS[status][0]
    head: Line = ((" ", ""), (f"{mark} {word}", role))
    words = clean(verdict.headline)
    counts = f"{verdict.good} of {verdict.expected} good"
    # In few rows a culprit is worth more than the second half of a sentence.
    for candidate in (words, counts) if height < 8 and verdict.expected else (words,):
        if cells(candidate) + cells(word) + 6 <= width:
            return [(*head, (f"  {candidate}", "strong"))]
    return [head, *(((f"   {part}", "strong"),) for part in wrap(words, width - 4))]


def verdict_lines(process: ProcessView, charset: Charset, width: int, height: int) -> list[Line]:
    """Return the verdict and as many culprits as fit, worst first; what does not fit is counted."""
    lines = _headline(process, charset, width, height)
    spacious = height >= len(lines) + len(process.verdict.culprits) + 2 and height > 10
    if spacious:
        lines.append(())
    culprits = process.verdict.culprits
    room = height - len(lines)
    shown = culprits if len(culprits) <= room else culprits[: max(0, room - 1)]
    for status, words in shown:
        mark = STATUS_MARKS[status]
        line = ((" ", ""), (charset.mark(status), mark.role), (f" {clean(words)}", "text"))
        lines.append(fit(line, width))
    if len(shown) < len(culprits) and room > 0:
        lines.append(((f"   and {len(culprits) - len(shown)} more: tab, e", "dim"),))
    return lines[:height]


class VerdictPane(Lines, can_focus=True):
    """The verdict of the process on the screen."""

    def __init__(self) -> None:
        super().__init__(id="verdict")
        self.process: ProcessView | None = None

    def show(self, process: ProcessView | None) -> None:
        """Show the verdict of a process."""
        self.process = process
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the verdict, or that there is none."""
        if self.process is None:
            return [(), ((" nothing to judge yet", "dim"),)]
        return verdict_lines(self.process, self.charset, width, height)
