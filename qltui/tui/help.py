"""The help: keys of the screen one is on, the metric under its cursor, all metrics, this program, and a guided tour."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from textual.binding import Binding
from textual.screen import Screen

from qltui.instruments.base import Instrument, MetricDefinition
from qltui.quality.limits import Context, LimitSet
from qltui.tui.about import about_facts, changes_text
from qltui.tui.commands import Command
from qltui.tui.help_metrics import Subject
from qltui.tui.help_pages import PAGES, Drawn, HelpContent, found_lines, help_lines, metric_lines, page_lines
from qltui.tui.prompt import WordsScreen
from qltui.tui.resizing import LatestSize
from qltui.tui.screens import SCREENS, screen_entry
from qltui.tui.source import ReadError, Source
from qltui.tui.text import Line, clean, fit
from qltui.tui.widgets.lines import Lines
from qltui.tui.widgets.rule import Heading, rule_line

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from qltui.config import Config
    from qltui.tui.app import MonitorApp

__all__ = ["HelpScreen", "help_lines"]

_HEADING = "Help: up and down scroll, esc or q goes back"
_HEAD_ROWS = 2


class _HelpText(Lines, can_focus=True):
    """The help, scrolled."""

    BINDINGS = [  # noqa: RUF012  (Textual's declaration)
        Binding("up,k", "scroll_by(-1)", "up", id="help.up", show=False),
        Binding("down,j", "scroll_by(1)", "down", id="help.down", show=False),
        Binding("pageup,b", "scroll_by(-15)", "page up", id="help.page-up", show=False),
        Binding("pagedown,space", "scroll_by(15)", "page down", id="help.page-down", show=False),
        Binding("home", "scroll_by(-100000)", "top", id="help.top", show=False),
        Binding("end", "scroll_by(100000)", "bottom", id="help.bottom", show=False),
        Binding("right,tab", "page(1)", "next page", id="help.next", show=False),
        Binding("left,shift+tab", "page(-1)", "page before", id="help.previous", show=False),
    ]

    def __init__(self, content: HelpContent, page: str) -> None:
        super().__init__(id="help")
        self.content = content
        self.page = page
        self.words = ""
        self._offset = 0
        self._drawn: Drawn = {}

    def show(self, content: HelpContent) -> None:
        """Take over what has become known meanwhile."""
        self.content = content
        self._drawn.clear()
        self.redraw()

    def prepare(self, metric: MetricDefinition) -> None:
        """Draw what the page of all metrics will need; all of them at once would hold up the keys."""
        metric_lines(metric, True, self.content, self.charset, self.size.width, self._drawn)

    def set_words(self, words: str) -> None:
        """Show only lines with these words, of all pages; without words the page again."""
        self.words, self._offset = words, 0
        self.redraw()

    def action_scroll_by(self, rows: int) -> None:
        """Scroll."""
        self._offset = max(0, self._offset + rows)
        self.redraw()

    def action_page(self, by: int) -> None:
        """Show another page."""
        self.page = PAGES[(PAGES.index(self.page) + by) % len(PAGES)]
        self.set_words("")

    def _head(self, width: int) -> list[Line]:
        """Return the heading and the names of the pages."""
        titles: list[tuple[str, str]] = []
        for title in PAGES:
            here = title == self.page and not self.words
            titles += [(" ", ""), (f" {title} ", "strong+cursor" if here else "text")]
        keys: Line = (
            ("   ←→", "key"),
            (" page  ", "text"),
            ("/", "key"),
            (" find  ", "text"),
            ("t", "key"),
            (" tour", "text"),
        )
        found: Line = ((f"   found: {clean(self.words)}", "strong"),)
        return [
            rule_line([Heading(0, _HEADING, focused=True)], width),
            fit((*titles, *(found if self.words else keys)), width),
        ]

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the part that the screen is scrolled to; the heading stays."""
        if self.words:
            lines = found_lines(self.words, self.content, self.charset, width, self._drawn)
        else:
            lines = page_lines(self.page, self.content, self.charset, width, self._drawn)
        room = max(0, height - _HEAD_ROWS)
        self._offset = max(0, min(self._offset, len(lines) - room))
        below = len(lines) - self._offset - room
        shown = lines[self._offset : self._offset + room]
        if below > 0 and shown:
            shown[-1] = ((f" {below + 1} more lines", "dim"),)
        return [*self._head(width), *shown]


class HelpScreen(LatestSize, Screen[None]):
    """Help on the screen that was left, and on the metric under its cursor.

    Parameters
    ----------
    commands : sequence of Command
        Actions of that screen and of the app.
    metrics : sequence of MetricDefinition
        What it is about.
    page : str
        The page to begin with; empty for the one that suits the screen.
    """

    BINDINGS = [  # noqa: RUF012  (Textual's declaration)
        Binding("escape,q,question_mark", "back", "back", id="help.back", tooltip="go back"),
        Binding("slash", "find", "find", id="help.find", tooltip="find words in the whole help"),
        Binding("t", "tour", "tour", id="help.tour", tooltip="be led through the screens, step by step"),
    ]

    def __init__(self, commands: Sequence[Command], metrics: Sequence[MetricDefinition], page: str = "") -> None:
        super().__init__()
        self._commands, self._metrics = tuple(commands), tuple(metrics)
        self._page = page

    @property
    def viewer(self) -> MonitorApp:
        """The app, with what it offers to screens."""
        return self.app

    def compose(self) -> ComposeResult:
        """Fill the screen with the text."""
        viewer = self.viewer
        names = [entry.name for entry in SCREENS]
        entry = screen_entry(viewer.current_mode) if viewer.current_mode in names else SCREENS[0]
        content = HelpContent(
            entry.title,
            entry.help,
            self._commands,
            self._metrics,
            viewer.instrument,
            facts=tuple(about_facts(viewer)),
            changes=changes_text(),
        )
        # Who looks at one metric wants to know about it; elsewhere the keys come first.
        page = self._page or ("Metric" if entry.name == "metric" and self._metrics else PAGES[0])
        yield _HelpText(content, page)

    def on_mount(self) -> None:
        """Let the record and the limits be read."""
        self.run_worker(self._read, group="read", exclusive=True)

    async def _read(self) -> None:
        text = self.query_one(_HelpText)
        viewer = self.viewer
        process, camera = _place(viewer)
        try:
            known = await viewer.reader.read(_question(viewer.instrument, viewer.config, process, camera))
        except ReadError as error:
            text.show(replace(text.content, limits=_shipped(viewer.instrument)))
            self.notify_fault(str(error))
            return
        text.show(replace(text.content, limits=known.limits, version=known.version, subject=known.subject))
        for words in known.faults:
            self.notify_fault(words)
        for metric in viewer.instrument.metrics:
            await asyncio.sleep(0)  # keys go first
            text.prepare(metric)

    def notify_fault(self, words: str) -> None:
        """Say why the exposure on the screen could not be read, among the facts about the program."""
        text = self.query_one(_HelpText)
        facts = (*text.content.facts, ("trouble", clean(words)))
        text.show(replace(text.content, facts=facts))

    def action_back(self) -> None:
        """Leave what was found, or go back."""
        text = self.query_one(_HelpText)
        if text.words:
            text.set_words("")
        else:
            self.dismiss(None)

    def action_find(self) -> None:
        """Find words in all pages."""
        text = self.query_one(_HelpText)
        self.app.push_screen(WordsScreen("/", text.words, text.set_words))

    def action_tour(self) -> None:
        """Begin the tour."""
        from qltui.tui.tour import begin_tour

        viewer = self.viewer
        self.dismiss(None)
        viewer.call_later(begin_tour, viewer)


def _place(viewer: Any) -> tuple[int | None, str]:
    """Return the process and the camera that the screen below looks at."""
    screen = viewer.screen_stack[0]
    cursor = getattr(getattr(screen, "grid", None), "cursor", None)
    camera = cursor.camera if cursor is not None else viewer.selection.camera
    return viewer.selection.process, camera


@dataclass(frozen=True, slots=True)
class _Known:
    """The limits that hold, where those of the record come from, and the camera that is looked at."""

    limits: LimitSet
    version: str
    subject: Subject | None
    faults: tuple[str, ...]


def _question(
    instrument: Instrument, config: Config | None, process: int | None, camera: str
) -> Callable[[Source], _Known]:
    """Return what to ask in the reader's thread."""

    def ask(source: Source) -> _Known:
        limits, version, faults = _limits(source, instrument, config)
        view = source.monitor_view(process).process
        if view is None or camera not in {item.name for item in instrument.cameras}:
            return _Known(limits, version, None, faults)
        exposure = view.exposure
        arm = instrument.camera(camera).arm
        context = Context(camera, arm, exposure.obstype, exposure.program, exposure.night)
        found = view.cameras.get(camera)
        judgements = tuple(item for step in found.steps for item in step.judgements) if found is not None else ()
        return _Known(limits, version, Subject(exposure.expid, context, judgements), faults)

    return ask


def _limits(source: Any, instrument: Instrument, config: Config | None) -> tuple[LimitSet, str, tuple[str, ...]]:
    """Return the limits as the engine has them, the origin of the record's version, and what cannot be used.

    Raises
    ------
    ReadError
        Where the site's file is not right; what to do is in the words.
    """
    from qltui.config import Config
    from qltui.quality.limits_file import LimitsError, load_limits

    config = config or Config()
    try:
        ask = getattr(source, "ask", None)
        if ask is None:
            # There is no record yet: the files alone hold.
            return load_limits(instrument, config.paths.limits or None), "", ()
        from qltui.store.in_force import limits_in_force, settings_in_force

        settings = ask(settings_in_force, config)
        held = ask(limits_in_force, instrument, settings.config.paths.limits)
    except LimitsError as error:
        raise ReadError(f"{error}; the instrument's own limits are shown") from error
    faults = tuple(words for words in (settings.fault, held.fault) if words)
    return held.limits, held.version.origin if held.version is not None else "", faults


def _shipped(instrument: Instrument) -> LimitSet:
    from qltui.quality.limits_file import load_limits

    return load_limits(instrument)
