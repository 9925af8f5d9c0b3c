"""The log: all of it, back to its first line, by exposure, process, camera, level and words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.binding import Binding

from qltui.store.log_pages import LEVELS, LogChoice
from qltui.tables.log import utc_words
from qltui.tui.log_question import RECORD, LogAnswer, LogWish, answer_log
from qltui.tui.prompt import WordsScreen
from qltui.tui.screens.base import PANE_BINDINGS, PaneRow, PaneScreen, Question
from qltui.tui.selection import Selection
from qltui.tui.source import ReadError
from qltui.tui.text import Line, clean
from qltui.tui.widgets.log_reader import LogReader

if TYPE_CHECKING:
    from qltui.tui.widgets.lines import Lines

__all__ = ["LogsScreen"]

_ALL: Final = 200_000
"""Lines that are saved at most."""

_LEVEL_WORDS: Final = {
    "info": "all levels",
    "warning": "warnings and worse",
    "alarm": "alarms and errors",
    "error": "errors",
}


class LogsScreen(PaneScreen):
    """Reads the log of the record, or a file that the engine or a worker wrote."""

    NAME = "log"
    BINDINGS: ClassVar = [
        *PANE_BINDINGS,
        Binding("s", "search", "search", id="log.search", tooltip="look for words and mark them; lines stay"),
        Binding("n", "match(-1)", "next older", id="log.older-match", tooltip="go to the next older line with them"),
        Binding("p", "match(1)", "next newer", id="log.newer-match", tooltip="go to the next newer line with them"),
        Binding("v", "level", "level", id="log.level", tooltip="all levels, warnings and worse, alarms, errors"),
        Binding("c", "camera", "camera", id="log.camera", tooltip="only lines about one camera; none: all"),
        Binding("X", "which", "exposure", id="log.exposure", tooltip="only lines about one exposure; none: all"),
        Binding(
            "x", "here", "this exposure", id="log.here", tooltip="only lines about the exposure of this line, or all"
        ),
        Binding("P,f", "pause", "pause", id="log.pause", tooltip="hold the log still, or follow what is new"),
        Binding("z", "wrap", "wrap", id="log.wrap", tooltip="wrap long lines, or cut them"),
        Binding("t", "source", "source", id="log.source", tooltip="the record, the engine's log, the workers' output"),
        Binding("home", "newest", "newest", id="log.newest", tooltip="go to the newest line", show=False),
        Binding("W", "save_all", "save all", id="log.save-all", tooltip="write all lines of this choice to a file"),
    ]
    FOOTER: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "log": ("pane.filter", "log.search", "log.level", "log.camera", "log.pause", "log.source", "pane.save"),
    }

    def __init__(self) -> None:
        self._choice = LogChoice()
        self._source = RECORD
        self._files: tuple[str, ...] = ()
        self._wish = LogWish()
        self._shown = self._wish
        self._fault_words = ""
        self.paused = False
        super().__init__()

    def make_panes(self) -> Sequence[Lines]:
        """Return the reader of the log."""
        self.reader = LogReader(id="log")
        return (self.reader,)

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:  # noqa: ARG002
        """Return the log alone."""
        return [PaneRow((("log", 1.0),))]

    # -- asking ------------------------------------------------------------------------------------------------

    def arrive(self, selection: Selection) -> None:
        """Narrow the log to what the observer looks at; all of it where he follows the latest."""
        if selection.process is not None:
            self._choice = LogChoice(selection.expid, selection.process, selection.camera, self._choice.level)
            self._wish_newest()

    def _wish_newest(self) -> None:
        self._wish = LogWish(self._source, self._choice)
        self.reader.words = self._choice.words

    def _ask(self, **what: Any) -> None:
        self._wish = LogWish(self._source, self._choice, **what)
        self.ask_again()

    def _renew(self) -> None:
        """Read what the changed choice allows."""
        self._wish_newest()
        self.ask_again()

    def question(self) -> Question | None:
        """Ask for what is wished, or for what is new."""
        wish, directory = self._wish, self.viewer.state_directory
        if wish.kind == "rest" or (self.paused and wish.kind == "news"):
            return None
        return lambda source: answer_log(source, wish, directory)

    def show(self, answer: LogAnswer | None) -> None:
        """Show the lines that were found."""
        if answer is None:
            return
        self._files, self._fault_words = answer.files, answer.fault
        wish, reader = answer.wish, self.reader
        if wish.kind == "neighbour":
            self._to_neighbour(answer)
            return
        if wish.kind == "find":
            if answer.at is None:
                self.say(f"no {'older' if wish.by < 0 else 'newer'} line with {clean(wish.words)!r}", "warn")
            else:
                reader.replace(answer.page, answer.at)
        elif wish.kind == "older":
            reader.add_older(answer.page)
        elif wish.kind in ("news", "newer"):
            reader.add_newer(answer.page)
        else:
            reader.empty = answer.fault or ("no such line" if self._choice != LogChoice() else "nothing was logged yet")
            # A file is read anew whenever something happens: who reads on in it shall find the same line.
            again = self._source != RECORD and wish == self._shown
            reader.replace(answer.page, reader.current.number if again and reader.current is not None else None)
        self._shown = wish
        self._follow()

    def _follow(self) -> None:
        """Ask for what is new from now on, where the newest line is among those that were read."""
        newest = self.reader.rows[-1].number if self.reader.rows else 0
        if self._source != RECORD or not self.reader.rows:
            self._wish = LogWish(self._source, self._choice)
        elif self.reader.ends:
            self._wish = LogWish(self._source, self._choice, "news", newest)
        else:
            # Pages back: nothing new is put before lines that are not there; `home` goes to the newest.
            self._wish = LogWish(self._source, self._choice, "rest")

    def _to_neighbour(self, answer: LogAnswer) -> None:
        self._wish_newest()
        if answer.expid is None:
            self.say("nothing was logged of an exposure " + ("before" if answer.wish.by < 0 else "after"))
            self._follow()
            return
        self._choice = replace(self._choice, expid=answer.expid, process=None)
        self._renew()

    # -- words -------------------------------------------------------------------------------------------------

    def heading(self, pane: str) -> str:  # noqa: ARG002
        """Return what is read, and where the cursor is."""
        parts = ["Log, newest first" if self._source == RECORD else f"{clean(self._source)}, newest first"]
        if self._choice.words:
            parts.append(f"/{clean(self._choice.words)}")
        if self.reader.search:
            parts.append(f"looking for {clean(self.reader.search)!r}")
        if self.paused:
            parts.append("paused")
        row = self.reader.current
        if row is not None and row.time:
            parts.append(f"{utc_words(row.time)} UTC")
        if self._fault_words:
            parts.append(clean(self._fault_words))
        return "  ".join(parts)

    def head(self) -> Line:
        """Return whose lines are read."""
        choice = self._choice
        parts = [f"exp {choice.expid}"] if choice.expid is not None else []
        parts += [f"process {choice.process}"] if choice.process is not None else []
        parts += [clean(choice.camera)] if choice.camera else []
        parts += [_LEVEL_WORDS[choice.level]] if choice.level != LEVELS[0] else []
        return (("  ".join(parts) or "everything", "text"),)

    # -- what the pane tells -----------------------------------------------------------------------------------

    def on_log_reader_wanted(self, event: LogReader.Wanted) -> None:
        """Read further lines."""
        rows = self.reader.rows
        if rows and self._source == RECORD:
            kind, number = ("older", rows[0].number) if event.by < 0 else ("newer", rows[-1].number)
            self._ask(kind=kind, number=number)

    def on_log_reader_moved(self, _event: LogReader.Moved) -> None:
        """Say when the line was written."""
        if self.is_current:
            self.draw_frame()

    def on_log_reader_filtered(self, event: LogReader.Filtered) -> None:
        """Ask the record for the lines with these words: they may be far back."""
        self._set_filter(event.words)

    def on_log_reader_chosen(self, event: LogReader.Chosen) -> None:
        """Open the exposure that the line is about."""
        row = event.row
        if row.expid is None:
            self.say("this line is not about an exposure")
            return
        self.viewer.go("exposure", Selection(row.process, row.expid, camera=row.camera))

    # -- keys --------------------------------------------------------------------------------------------------

    def step_exposure(self, by: int) -> None:
        """Narrow the log to the exposure before or after; the latest shows all and follows."""
        if by:
            self._ask(kind="neighbour", by=by)
            return
        self.paused = False
        self._choice = replace(self._choice, expid=None, process=None)
        self._renew()

    def _set_filter(self, words: str) -> None:
        self._choice = replace(self._choice, words=words)
        self._renew()

    def _set_search(self, words: str) -> None:
        self.reader.search = words
        self.reader.redraw()
        self.draw_frame()

    def action_search(self) -> None:
        """Look for words among the lines."""

        def done(words: str | None) -> None:
            if words and not (self.reader.current is not None and self.reader.go_to_match(-1)):
                self.action_match(-1)

        self.app.push_screen(WordsScreen("search ", self.reader.search, self._set_search), done)

    def action_match(self, by: int) -> None:
        """Go to the next older or newer line with the words, in the whole log."""
        reader = self.reader
        if not reader.search:
            self.say("s looks for words")
            return
        rows = reader.rows
        if reader.go_to_match(by) or not rows:
            return
        if self._source == RECORD and not (reader.begins if by < 0 else reader.ends):
            self._ask(kind="find", number=rows[0 if by < 0 else -1].number, by=by, words=reader.search)
        else:
            self.say(f"no {'older' if by < 0 else 'newer'} line with {clean(reader.search)!r}", "warn")

    def action_level(self) -> None:
        """Show only what is more serious, or all again."""
        level = LEVELS[(LEVELS.index(self._choice.level) + 1) % len(LEVELS)]
        self._choice = replace(self._choice, level=level)
        self._renew()

    def _ask_words(self, label: str, words: str, take: Callable[[str], None]) -> None:
        self.app.push_screen(WordsScreen(label, words), lambda answer: take(answer) if answer is not None else None)

    def action_camera(self) -> None:
        """Ask for a camera."""
        self._ask_words("camera, none for all: ", self._choice.camera, self._take_camera)

    def _take_camera(self, words: str) -> None:
        known = {camera.name.lower(): camera.name for camera in self.viewer.instrument.cameras}
        name = words.strip().lower()
        if name and name not in known:
            self.say(f"no camera {clean(words)!r}", "warn")
            return
        self._choice = replace(self._choice, camera=known.get(name, ""))
        self._renew()

    def action_which(self) -> None:
        """Ask for an exposure."""
        expid = self._choice.expid
        self._ask_words("exposure, none for all: ", "" if expid is None else str(expid), self._take_exposure)

    def _take_exposure(self, words: str) -> None:
        digits = words.strip()
        if digits and not (digits.isascii() and digits.isdigit() and len(digits) <= 12):
            self.say(f"{clean(words)!r} is no number of an exposure", "warn")
            return
        self._choice = replace(self._choice, expid=int(digits) if digits else None, process=None)
        self._renew()

    def action_here(self) -> None:
        """Show only lines of the exposure under the cursor, or all again."""
        row = self.reader.current
        narrowed = self._choice.expid is not None or self._choice.process is not None
        if not narrowed and (row is None or row.expid is None):
            self.say("this line is not about an exposure")
            return
        expid = None if narrowed or row is None else row.expid
        self._choice = replace(self._choice, expid=expid, process=None)
        self._renew()

    def action_pause(self) -> None:
        """Hold the log still, or follow it."""
        self.paused = not self.paused
        self.draw_frame()
        if not self.paused:
            self.ask_again()

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.reader.wrapped = not self.reader.wrapped
        self.reader.redraw()

    def action_source(self) -> None:
        """Read the next log."""
        names = (RECORD, *self._files)
        at = names.index(self._source) if self._source in names else 0
        self._source = names[(at + 1) % len(names)]
        if len(names) == 1:
            self.say("there are no other logs beside the record")
        self._renew()

    def action_newest(self) -> None:
        """Go to the newest line."""
        if self.reader.ends:
            self.reader.action_move(-(10**9))
        else:
            self._renew()

    def close_something(self) -> bool:
        """Forget the words that are looked for, then the filter."""
        if self.reader.search:
            self._set_search("")
            return True
        if self._choice.words:
            self._set_filter("")
            return True
        return False

    def action_save_all(self) -> None:
        """Write all lines of this choice to a file."""
        self.run_worker(self._save_all(), group="save")

    async def _save_all(self) -> None:
        choice, directory, name, state = (
            self._choice,
            self.viewer.save_directory,
            self._source,
            self.viewer.state_directory,
        )

        def write(source: Any) -> tuple[Any, int]:
            from qltui.store.log_pages import all_lines
            from qltui.tables.log import log_table
            from qltui.tables.writers import write_table

            if name == RECORD:
                rows = source.ask(all_lines, choice, _ALL)
            else:
                rows = answer_log(source, LogWish(name, choice), state).page.rows
            return write_table(log_table(rows), directory / "log.csv"), len(rows)

        try:
            path, count = await self.viewer.reader.read(write)
        except (ReadError, ValueError) as error:
            self.say(f"not saved: {clean(str(error))}", "bad")
        else:
            self.say(f"saved {count} lines: {path}")
