"""The pages of the help as lines, and finding words in all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qltui.instruments.base import Instrument, MetricDefinition
from qltui.quality.limits import LimitSet
from qltui.tui.commands import Command
from qltui.tui.help_metrics import Subject, explained, metric_help, pairs, section
from qltui.tui.symbols import STATUS_MARKS, STATUS_WORDS, Charset
from qltui.tui.text import Line, clean, plain, wrap

__all__ = [
    "PAGES",
    "HelpContent",
    "about_lines",
    "changes_lines",
    "found_lines",
    "help_lines",
    "metric_lines",
    "page_lines",
]

PAGES = ("Keys", "Metric", "All metrics", "About", "Changes")
"""Titles of the pages, in the order in which the arrows go through them."""


Drawn = dict[tuple[str, bool, int, str], list[Line]]
"""What is drawn of metrics: by name, whether everywhere, width and charset."""


@dataclass(frozen=True, slots=True)
class HelpContent:
    """Everything that the help can tell.

    Attributes
    ----------
    screen, purpose : str
        Title of the screen that was left, and a sentence on it.
    commands : tuple of Command
        Its actions and the app's.
    metrics : tuple of MetricDefinition
        What the screen is about.
    limits : LimitSet or None
        The limits that hold; None until they have been read.
    subject : Subject or None
        The camera that is looked at.
    facts : tuple of (str, str)
        About the program.
    changes : str
        The list of changes, in Markdown.
    version : str
        Where those limits come from that are the record's; empty where the files alone hold.
    """

    screen: str
    purpose: str
    commands: tuple[Command, ...]
    metrics: tuple[MetricDefinition, ...]
    instrument: Instrument
    limits: LimitSet | None = None
    subject: Subject | None = None
    facts: tuple[tuple[str, str], ...] = ()
    changes: str = ""
    version: str = ""


def help_lines(
    commands: Sequence[Command], metrics: Sequence[MetricDefinition], charset: Charset, width: int
) -> list[Line]:
    """Return the keys of a screen, its metrics in short, and the shapes."""
    named = [command for command in commands if not command.moves]
    left = max((len(command.key) for command in named), default=9)
    left = max(9, min(left, 14))
    lines = pairs([(command.key, "key", _sentence(command.help)) for command in named], width, left)
    lines += pairs([("arrows", "key", "Move over the cells, or through what is longer than its pane")], width, left)
    for metric in metrics:
        lines += metric_help(metric, width)
    lines += section("Shapes", width)
    for status, mark in STATUS_MARKS.items():
        word, meaning = STATUS_WORDS[status]
        lines += pairs([(f"{charset.mark(status)}  {word}", mark.role, meaning)], width, 16)
    return lines


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def page_lines(page: str, content: HelpContent, charset: Charset, width: int, drawn: Drawn | None = None) -> list[Line]:
    """Return one page; `drawn` keeps what has charts in it, for the next time."""
    if page == "Keys":
        purpose: Line = ((f" {content.screen}", "strong"), (f"  {content.purpose}", "text"))
        return [purpose, *help_lines(content.commands, content.metrics, charset, width)]
    if page == "About":
        return about_lines(content.facts, width)
    if page == "Changes":
        return changes_lines(content.changes, width)
    everything = page == "All metrics"
    metrics = content.instrument.metrics if everything else content.metrics
    if not metrics:
        return [((" There is no metric under the cursor; the next page has all of them.", "dim"),)]
    drawn = {} if drawn is None else drawn
    lines = [line for metric in metrics for line in metric_lines(metric, everything, content, charset, width, drawn)]
    return [((" reading the limits", "dim"),), *lines] if content.limits is None else lines[1:]


def metric_lines(
    metric: MetricDefinition,
    everywhere: bool,
    content: HelpContent,
    charset: Charset,
    width: int,
    drawn: Drawn,
) -> list[Line]:
    """Return all about a metric: on the camera that is looked at, or `everywhere`."""
    if content.limits is None:
        return metric_help(metric, width)
    key = (metric.name, everywhere, width, charset.name)
    if key not in drawn:
        subject = None if everywhere else content.subject
        drawn[key] = explained(metric, content.instrument, content.limits, subject, charset, width, content.version)
    return drawn[key]


def about_lines(facts: Sequence[tuple[str, str]], width: int) -> list[Line]:
    """Return what the program is and where it keeps what."""
    lines: list[Line] = [()]
    for name, words in facts:
        lines += pairs([(name, "dim", clean(words))], width, 11)
    return lines


def changes_lines(text: str, width: int) -> list[Line]:
    """Return a list of changes: headings as rules, entries wrapped."""
    lines: list[Line] = []
    entry: list[str] = []

    def close() -> None:
        if entry:
            for index, part in enumerate(wrap(" ".join(entry), width - 5)):
                lines.append(((" · " if not index else "   ", "dim"), (part, "text")))
            entry.clear()

    for raw in clean_lines(text):
        words = raw.strip()
        if words.startswith("#"):
            close()
            lines += section(words.lstrip("# "), width)
        elif words.startswith(("- ", "* ")):
            close()
            entry.append(words[2:].replace("`", ""))
        elif words and entry:
            entry.append(words.replace("`", ""))
        else:
            close()
            lines += [((f" {part}", "text"),) for part in wrap(words.replace("`", ""), width - 2)]
    close()
    return lines[1:] if lines and not lines[0] else lines


def clean_lines(text: str) -> list[str]:
    """Return the lines of a text without control characters."""
    return [clean(line) for line in text.splitlines()]


def found_lines(
    words: str, content: HelpContent, charset: Charset, width: int, drawn: Drawn | None = None
) -> list[Line]:
    """Return the lines of all pages that have all the words, each page under its title."""
    wanted = words.lower().split()
    found: list[Line] = []
    seen: Mapping[str, None] = {}
    for page in PAGES:
        hits = [line for line in page_lines(page, content, charset, width, drawn) if _has(line, wanted)]
        fresh = [line for line in hits if plain(line) not in seen]
        seen = {**seen, **dict.fromkeys(plain(line) for line in fresh)}
        if fresh:
            found += [*section(page, width), *fresh]
    return found[1:] or [((f" Nothing in the help has {clean(words)!r}.", "dim"),)]


def _has(line: Line, wanted: Sequence[str]) -> bool:
    text = plain(line).lower()
    return bool(text.strip()) and all(word in text for word in wanted)
