"""What all screens but the Monitor have in common: they ask the record a question, and hand its answer to their panes.

A screen says which panes it has, where they lie, what it wants to know and how the answer is shown. When to ask, where
to draw, how to go on and back, and what the footer says is the same everywhere, and is here.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.screen import Screen

from qltui.tables.wording import in_words_of
from qltui.tui.arrange import Arrangement, is_too_small
from qltui.tui.arrange_rows import LINES, RULES, PaneRow, arrange_rows, panes_of
from qltui.tui.progress import Progress, progress_line
from qltui.tui.prompt import WordsScreen
from qltui.tui.resizing import LatestSize
from qltui.tui.screens import screen_entry
from qltui.tui.screens.asking import Picture, look
from qltui.tui.screens.pane_keys import PANE_BINDINGS, pane_hints
from qltui.tui.screens.requests import Requests
from qltui.tui.screens.working import LongWork
from qltui.tui.selection import Selection
from qltui.tui.source import ReadError
from qltui.tui.text import Line, clean
from qltui.tui.widgets.footer import Footer
from qltui.tui.widgets.head_line import HeadLine
from qltui.tui.widgets.lines import Lines
from qltui.tui.widgets.rule import Heading, Rule, VerticalRule
from qltui.tui.widgets.too_small import TooSmall

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import DescendantFocus, Resize, ScreenResume

    from qltui.tui.app import MonitorApp

__all__ = ["PANE_BINDINGS", "PaneRow", "PaneScreen", "Question"]

Question = Callable[[Any], Any]
"""Asks the record (`qltui.store.reader.Reader`), in the reader's thread; must not touch the screen."""

_PATIENCE: Final = 0.4
"""From so long on a screen says that it reads [s]."""


class PaneScreen(LongWork, LatestSize, Screen[None], inherit_bindings=False):
    """A screen of panes; see the methods of the first section for what a subclass gives."""

    NAME: ClassVar[str] = ""
    """Of its entry in `qltui.tui.screens.SCREENS`."""

    FOOTER: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Ids of commands worth naming: by pane, and under the empty name for all panes."""

    QUIET: ClassVar[float] = 0.0
    """Of the same question the record is not asked more often [s], however busy it is."""

    BINDINGS = PANE_BINDINGS

    def __init__(self) -> None:
        super().__init__(name=self.NAME)
        self._panes = tuple(self.make_panes())
        self._picture = Picture()
        self._fault = ""
        self._expanded = ""
        self._arrangement = Arrangement()
        self._asked = 1
        self._answered = 0
        self._asked_at = -1e9
        self._polling = False
        self._works = []
        self._reading: Progress | None = None
        self.requests = Requests(self.viewer.reader, lambda: self.viewer.who)

    # -- what a screen gives -----------------------------------------------------------------------------------

    def make_panes(self) -> Sequence[Lines]:
        """Return the panes, each with an id; those with ``can_focus`` get keys."""
        raise NotImplementedError

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:
        """Return where the panes lie, from the top."""
        raise NotImplementedError

    def question(self) -> Question | None:
        """Return what to ask the record, made of the choices as they are now; None where there is nothing to ask."""
        return None

    def show(self, answer: Any) -> None:
        """Hand an answer to the panes; None where there is no record yet, or nothing was asked."""

    def heading(self, pane: str) -> str:
        """Return the words above a pane."""
        return pane.capitalize()

    def head(self) -> Line:
        """Return what stands in the first line behind the screen's title."""
        return ()

    def arrive(self, selection: Selection) -> None:
        """Take over what the observer looks at, before the record is asked."""

    def step_exposure(self, by: int) -> None:  # noqa: ARG002
        """Go to the exposure before (-1), after (1), or to the latest (0)."""
        self.say("this screen does not follow one exposure")

    def help_metrics(self) -> Sequence[Any]:
        """Return the definitions of the metrics that the help explains."""
        return ()

    # -- parts -------------------------------------------------------------------------------------------------

    @property
    def viewer(self) -> MonitorApp:
        """The app, with what it offers to screens."""
        return self.app

    @property
    def picture(self) -> Picture:
        """What the last look at the record found: version, engine, open alarms."""
        return self._picture

    @property
    def pane_id(self) -> str:
        """Id of the pane that has the keys."""
        return (self.focused.id if self.focused is not None else "") or ""

    @property
    def pane(self) -> Lines | None:
        """The pane that has the keys."""
        return next((pane for pane in self._panes if pane.id == self.pane_id), None)

    def compose(self) -> ComposeResult:
        """Make everything once; what is not needed is not displayed."""
        yield HeadLine()
        for number in range(RULES):
            yield Rule(id=f"rule-{number}")
        for number in range(LINES):
            yield VerticalRule(id=f"line-{number}")
        yield from self._panes
        yield TooSmall()
        yield Footer()

    # -- asking the record -------------------------------------------------------------------------------------

    def on_screen_resume(self, _event: ScreenResume) -> None:
        """Take over what the observer looks at, and look at the record."""
        arrival = self.viewer.take_arrival(self.NAME)
        if arrival is not None:
            self.arrive(arrival)
        self.ask_again()

    def ask_again(self) -> None:
        """Ask the record now, because a choice has changed; of several wishes the last one counts."""
        self._asked += 1
        self.run_worker(self.poll, group="poll")

    def end_quiet(self) -> None:
        """Let the next look read whatever is new, however short ago the record was asked."""
        self._asked_at = -1e9

    async def poll(self) -> None:
        """Look for news and show what changed. A look that takes longer than the interval is not overtaken."""
        if self._polling or not self.is_mounted:
            return
        self._polling = True
        self._reading = Progress("reading the record")
        waiting = self.set_timer(_PATIENCE, lambda: self._begin(self._reading))
        try:
            await self._look()
        finally:
            waiting.stop()
            self._end(self._reading)
            self._polling, self._reading = False, None

    async def _look(self) -> None:
        while True:
            asked = self._asked
            new_wish = asked != self._answered
            if not new_wish and time.monotonic() - self._asked_at < self.QUIET:
                return
            question, seen = self.question(), None if new_wish else self._picture.version
            try:
                picture = await self.viewer.reader.read(look(question, seen, self._picture.alarms))
                answers = await self.requests.answers()
            except ReadError as error:
                if self._reading is not None and self._reading.is_stopped:
                    # Not asked again by itself: the observer did not want to wait for it.
                    self._answered = asked
                    self.say("the reading was stopped; any change of the choice asks again", "warn")
                    return
                self._fault, self._answered = f"the record cannot be read: {clean(str(error))}", 0
                self._show_head()
                return
            if asked == self._asked:
                break
        for done, words in answers:
            self.say(words, "strong" if done else "warn")
        self._fault = ""
        self._take(picture, asked)

    def _take(self, picture: Picture, asked: int) -> None:
        """Show what was found."""
        self._answered = asked
        self._picture = picture
        self.viewer.heard_of(picture.engine)
        if picture.is_new:
            self._asked_at = time.monotonic()
            self.show(picture.answer)
            self.draw_frame()
        else:
            self._show_head()

    # -- where things lie --------------------------------------------------------------------------------------

    def on_resize(self, _event: Resize) -> None:
        """Put every pane in its place."""
        self.place_panes()

    def place_panes(self) -> None:
        """Put every pane in its place."""
        width, height = self.size
        small = is_too_small(width, height)
        rows = self.plan(width, height)
        self._arrangement = Arrangement() if small else arrange_rows(width, height, rows, expanded=self._expanded)
        for child in self.children:
            name = child.id or ""
            box = self._arrangement.boxes.get(name)
            child.display = small if name == "too-small" else box is not None
            if box is not None:
                child.styles.offset = (box.x, box.y)
                child.styles.width, child.styles.height = box.width, box.height
        reachable = self.reachable
        if reachable and self.pane_id not in reachable:
            self.query_one(f"#{reachable[0]}").focus()
        self.draw_frame()

    @property
    def reachable(self) -> tuple[str, ...]:
        """Ids of the panes on the screen that can have the keys, in reading order."""
        wanted = [pane.id for pane in self._panes if pane.can_focus and pane.id in self._arrangement.boxes]
        order = panes_of(self.plan(*self.size))
        return tuple(
            sorted((name for name in wanted if name), key=lambda name: order.index(name) if name in order else -1)
        )

    def worded(self, text: str) -> str:
        """Return a text in the words of the instrument."""
        return in_words_of(text, self.viewer.instrument)

    def draw_frame(self) -> None:
        """Draw what stands around the panes: first line, headings, footer."""
        self._show_head()
        focused = self.pane_id
        for name, headings in self._arrangement.rules.items():
            above, below = self._arrangement.joints.get(name, ((), ()))
            shown = [Heading(column, self.worded(self.heading(pane)), pane == focused) for column, pane in headings]
            self.query_one(f"#{name}", Rule).show(shown, above, below)
        self._show_footer()

    def _show_head(self) -> None:
        words: Line = ((self._fault, "bad"),) if self._fault else self.head()
        if self._works:
            words = progress_line(self._works[-1], time.monotonic(), self.size.width - 20)
        self.query_one(HeadLine).show(screen_entry(self.NAME).title, words, self.viewer.head_notes(self._picture))

    def _show_footer(self) -> None:
        names = (*self.FOOTER.get(self.pane_id, ()), *self.FOOTER.get("", ()))
        self.query_one(Footer).show(pane_hints(self.viewer.commands(), names, self.size.width, self.NAME))

    def on_descendant_focus(self, _event: DescendantFocus) -> None:
        """Mark the pane that has the keys, and name its keys."""
        self.draw_frame()

    # -- saying and asking -------------------------------------------------------------------------------------

    def say(self, words: str, role: str = "strong") -> None:
        """Say something in the last line for a while."""
        self.query_one(Footer).say(words, role)

    async def request(self, name: str, arguments: Mapping[str, Any] | None = None) -> int | None:
        """Ask the engine for something and say so; its answer is said when it comes. Returns the request's number."""
        try:
            number = await self.requests.send(name, arguments)
        except ReadError as error:
            self.say(f"{name} was not asked for: {clean(str(error))}", "bad")
            return None
        runs = self.viewer.health(self._picture.engine).runs
        self.say(f"asked for: {name}" + ("" if runs else "; no engine runs now, the next one will do it"))
        return number

    # -- keys --------------------------------------------------------------------------------------------------

    def action_pane(self, by: int) -> None:
        """Give the keys to another pane."""
        panes = self.reachable
        if panes:
            index = (panes.index(self.pane_id) + by) % len(panes) if self.pane_id in panes else 0
            self.query_one(f"#{panes[index]}").focus()

    def focus_pane(self, name: str) -> None:
        """Give the keys to a pane; one that is hidden behind an expanded one gets the terminal instead of it."""
        if self._expanded and self._expanded != name:
            self._expanded = ""
            self.place_panes()
        self.query_one(f"#{name}").focus()

    def action_expand(self) -> None:
        """Give the pane with the keys the whole terminal, or take it back."""
        self._expanded = "" if self._expanded else self.pane_id
        self.place_panes()

    def action_back(self) -> None:
        """Close what is open, or go back to where the observer came from."""
        if self._works:
            self._works[-1].stop()
            if self._works[-1] is self._reading:
                self.viewer.reader.interrupt()
        elif self._expanded:
            self._expanded = ""
            self.place_panes()
        elif not self.close_something():
            self.viewer.back()

    def close_something(self) -> bool:
        """Close what the screen itself has open (a filter, a detail); return whether there was something."""
        pane = self.pane
        if not getattr(pane, "words", "") or not hasattr(pane, "keep_filter"):
            return False
        pane.set_filter("")
        pane.keep_filter()
        self.draw_frame()
        return True

    def action_exposure(self, by: int) -> None:
        """Go to another exposure."""
        self.step_exposure(by)

    def action_latest(self) -> None:
        """Go to the latest exposure."""
        self.step_exposure(0)

    def action_filter(self) -> None:
        """Ask for the words that what is shown must have."""
        pane = self.pane
        changed = getattr(pane, "set_filter", None)
        if changed is None:
            self.say("nothing to filter in this pane")
            return

        def heard(words: str) -> None:
            changed(words)
            self.draw_frame()

        def decided(_words: str | None) -> None:
            getattr(pane, "keep_filter", lambda: None)()
            self.draw_frame()

        self.app.push_screen(WordsScreen("/", getattr(pane, "words", ""), heard), decided)

    def action_save(self) -> None:
        """Write what the pane with the keys holds to a file."""
        save = getattr(self.pane, "save", None)
        if save is None:
            self.say("nothing to save in this pane")
            return
        self.run_worker(self._save(save), group="save")

    async def _save(self, save: Callable[[Path], Path | Awaitable[Path]]) -> None:
        try:
            written = save(self.viewer.save_directory)
            path = await written if isinstance(written, Awaitable) else written
        except (OSError, ValueError, ReadError) as error:
            self.say(f"not saved: {clean(str(error))}", "bad")
        else:
            self.say(f"saved: {path}")

    def action_copy(self) -> None:
        """Send what the pane shows to the clipboard of the terminal (OSC 52); tmux needs ``set-clipboard on``."""
        pane = self.pane
        if pane is not None:
            self.app.copy_to_clipboard(pane.text)
            self.say("copied to the terminal's clipboard, where it allows that")
