"""The log, newest first: filter, pause, scroll."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from textual.binding import Binding

from qltui.store.views import LogLine
from qltui.tui.symbols import LEVEL_STATUS, STATUS_MARKS, Charset
from qltui.tui.text import Line, clean
from qltui.tui.widgets.lines import Lines
from qltui.tui.words import clock_time

if TYPE_CHECKING:
    from textual.binding import BindingType

__all__ = ["KEPT_LINES", "LogPane", "log_line", "matches"]

_SECONDS: Final = 1.0
"""The log is not drawn more often by itself [s]."""

_TEXT_ROLES: Final = {"alarm": "strong", "error": "strong", "info": "text"}
"""Weight of the words; the colour is the mark's alone, or a bad night would be a wall of red."""

KEPT_LINES: Final = 3000
"""Older lines are in the record, not in the screen's memory."""


def log_line(line: LogLine, charset: Charset) -> Line:
    """Return a line of the log: UT, mark of its level, exposure, words."""
    status = LEVEL_STATUS.get(line.level)
    role = STATUS_MARKS[status].role if status is not None else ""
    mark = charset.mark(status) if status is not None else " "
    text = clean(line.text)
    number = str(line.expid) if line.expid is not None and str(line.expid) not in text else ""
    head: Line = ((f" {clock_time(line.time)} ", "dim"), (f"{mark} ", role))
    return (*head, *(((f"{number} ", "dim"),) if number else ()), (text, _TEXT_ROLES.get(line.level, "text")))


def matches(line: LogLine, words: str) -> bool:
    """Return whether a line has all the words, in its text, camera, level or number; without regard to case."""
    hay = f"{line.text} {line.camera} {line.level} {line.expid or ''}".lower()
    return all(word in hay for word in words.lower().split())


class LogPane(Lines, can_focus=True):
    """The log of the engine; `add` gives it new lines."""

    BINDINGS: list[BindingType] = [  # noqa: RUF012  (Textual's declaration)
        Binding("up", "scroll_by(-1)", "newer", id="log.up", show=False),
        Binding("down", "scroll_by(1)", "older", id="log.down", show=False),
        Binding("pageup", "scroll_by(-10)", "newer page", id="log.page-up", show=False),
        Binding("pagedown", "scroll_by(10)", "older page", id="log.page-down", show=False),
        Binding("home", "scroll_by(-100000)", "newest", id="log.newest", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(id="log")
        self._kept: deque[LogLine] = deque(maxlen=KEPT_LINES)
        self._held: list[LogLine] = []
        self._offset = 0
        self._waiting = False
        self._drawn = -_SECONDS
        self.paused = False
        self.words = ""

    @property
    def last_number(self) -> int:
        """Number of the newest line that was added."""
        newest = self._held[-1] if self._held else self._kept[-1] if self._kept else None
        return newest.number if newest is not None else 0

    @property
    def title(self) -> str:
        """Heading with what is filtered, held back or out of sight."""
        parts = ["Log"]
        if self.words:
            parts.append(f"/{clean(self.words)}")
        if self.paused:
            parts.append(f"paused, {len(self._held)} new" if self._held else "paused")
        if self._offset:
            parts.append(f"{self._offset} newer above")
        return "  ".join(parts)

    def add(self, lines: Iterable[LogLine]) -> None:
        """Add lines, oldest first; while paused they are held back."""
        new = [line for line in lines if line.number > self.last_number]
        if not new:
            return
        if self.paused:
            # A pause forgotten over a night must not eat the memory.
            self._held = (self._held + new)[-KEPT_LINES:]
            return
        self._kept.extend(new)
        if self._offset:
            # Who reads further down must not have the text move away.
            self._offset += sum(matches(line, self.words) for line in new)
        self._waiting = True
        self.tick()

    def tick(self) -> None:
        """Draw what was added, not more than once a second: every new line moves all the others."""
        now = time.monotonic()
        if self._waiting and now - self._drawn >= _SECONDS:
            self._waiting, self._drawn = False, now
            self.redraw()

    def set_filter(self, words: str) -> None:
        """Show only the lines that have these words."""
        self.words, self._offset = words, 0
        self.redraw()

    def toggle_pause(self) -> None:
        """Hold the log still, or let it go on."""
        self.paused = not self.paused
        if not self.paused:
            held, self._held = self._held, []
            self._drawn = -_SECONDS
            self.add(held)
        self.redraw()

    def action_scroll_by(self, rows: int) -> None:
        """Scroll by rows, down to older lines."""
        self._offset = max(0, self._offset + rows)
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Return the lines that the pane is scrolled to."""
        found = [line for line in reversed(self._kept) if matches(line, self.words)] if self.words else None
        chosen = found if found is not None else list(reversed(self._kept))
        self._offset = max(0, min(self._offset, len(chosen) - height))
        if not chosen:
            words = f"no line with {clean(self.words)!r}: / changes the filter" if self.words else "no messages yet"
            return [((f" {words}", "dim"),)]
        return [log_line(line, self.charset) for line in chosen[self._offset : self._offset + height]]
