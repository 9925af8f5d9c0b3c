"""The help: keys of the screen one is on, what the shapes mean, and what the metric under the cursor is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.screen import Screen

from qltui.instruments.base import MetricDefinition
from qltui.tui.commands import Command
from qltui.tui.symbols import STATUS_MARKS, STATUS_WORDS, Charset
from qltui.tui.text import Line, wrap
from qltui.tui.widgets.lines import Lines
from qltui.tui.widgets.rule import Heading, rule_line

if TYPE_CHECKING:
    from textual.app import ComposeResult

__all__ = ["HelpScreen", "help_lines"]


def _section(title: str, width: int) -> list[Line]:
    return [(), rule_line([Heading(0, title)], width)]


def _pairs(pairs: Sequence[tuple[str, str, str]], width: int, left: int) -> list[Line]:
    """Return lines of a short text on the left and a sentence on the right."""
    lines: list[Line] = []
    for short, role, words in pairs:
        for index, part in enumerate(wrap(words, width - left - 2) or [""]):
            lines.append(((f" {short if not index else '':<{left}} ", role), (part, "text")))
    return lines


def metric_help(metric: MetricDefinition, width: int) -> list[Line]:
    """Return what a metric is, what a bad value usually means, and what to do."""
    unit = f" [{metric.unit}]" if metric.unit else ""
    lines = _section(f"{metric.name}: {metric.title}{unit}", width)
    return lines + _pairs(
        [("what", "dim", metric.definition), ("means", "dim", metric.meaning), ("do", "dim", metric.action)], width, 6
    )


def help_lines(
    commands: Sequence[Command], metrics: Sequence[MetricDefinition], charset: Charset, width: int
) -> list[Line]:
    """Return the whole help as lines."""
    lines: list[Line] = [rule_line([Heading(0, "Help: up and down scroll, esc or q goes back", focused=True)], width)]
    named = [command for command in commands if not command.moves]
    lines += _pairs([(command.key, "key", _sentence(command.help)) for command in named], width, 9)
    lines += _pairs([("arrows", "key", "Move over the cells, or through what is longer than its pane")], width, 9)
    for metric in metrics:
        lines += metric_help(metric, width)
    lines += _section("Shapes", width)
    for status, mark in STATUS_MARKS.items():
        word, meaning = STATUS_WORDS[status]
        lines += _pairs([(f"{charset.mark(status)}  {word}", mark.role, meaning)], width, 16)
    return lines


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


class _HelpText(Lines, can_focus=True):
    """The help, scrolled."""

    BINDINGS = [  # noqa: RUF012  (Textual's declaration)
        Binding("up,k", "scroll_by(-1)", "up", id="help.up", show=False),
        Binding("down,j", "scroll_by(1)", "down", id="help.down", show=False),
        Binding("pageup,b", "scroll_by(-15)", "page up", id="help.page-up", show=False),
        Binding("pagedown,space", "scroll_by(15)", "page down", id="help.page-down", show=False),
        Binding("home", "scroll_by(-100000)", "top", id="help.top", show=False),
    ]

    def __init__(self, commands: Sequence[Command], metrics: Sequence[MetricDefinition]) -> None:
        super().__init__(id="help")
        self._commands, self._metrics = tuple(commands), tuple(metrics)
        self._offset = 0

    def action_scroll_by(self, rows: int) -> None:
        """Scroll."""
        self._offset = max(0, self._offset + rows)
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the part that the screen is scrolled to; the heading stays."""
        lines = help_lines(self._commands, self._metrics, self.charset, width)
        room = height - 1
        self._offset = max(0, min(self._offset, len(lines) - 1 - room))
        below = len(lines) - 1 - self._offset - room
        shown = [lines[0], *lines[1 + self._offset : 1 + self._offset + room]]
        if below > 0:
            shown[-1] = ((f" {below + 1} more lines", "dim"),)
        return shown


class HelpScreen(Screen[None]):
    """Help on the screen that was left, and on the metric under its cursor."""

    BINDINGS = [  # noqa: RUF012  (Textual's declaration)
        Binding("escape,q,question_mark", "back", "back", id="help.back", tooltip="go back"),
    ]

    def __init__(self, commands: Sequence[Command], metrics: Sequence[MetricDefinition]) -> None:
        super().__init__()
        self._text = _HelpText(commands, metrics)

    def compose(self) -> ComposeResult:
        """Fill the screen with the text."""
        yield self._text

    def action_back(self) -> None:
        """Go back."""
        self.dismiss(None)
