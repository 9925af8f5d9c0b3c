"""Changing limits in place, and counting what a change would do before it is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from qltui.quality.limits_file import LimitsError
from qltui.tables.criteria import edit_limit, narrowed_limit, shown_field
from qltui.tui.prompt import ChoiceScreen, WordsScreen
from qltui.tui.screens.configuration_flips import flip_words, read_flips
from qltui.tui.source import ReadError
from qltui.tui.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App

    from qltui.quality.limits import Limit
    from qltui.tui.app import MonitorApp
    from qltui.tui.screens.configuration_edit import Drafts
    from qltui.tui.screens.configuration_question import Standing

__all__ = ["NIGHTS_KEY", "LimitsEditing"]

NIGHTS_KEY: Final = "configuration.nights"
"""Of the memory: over how many of the last nights new limits are tried."""

_MOST_NIGHTS: Final = 1500

_FIELDS: Final = {"n": "normal", "w": "warning", "r": "reference", "v": "valid_from", "a": "in_a_row"}
_LABELS: Final = {
    "normal": "normal, lowest and highest",
    "warning": "warning, lowest and highest",
    "reference": "minus",
    "valid_from": "from night, 0 for always",
    "in_a_row": "in a row that make an ALARM, 1 for at once",
}


class LimitsEditing:
    """Changes limits; `standing`, `drafts`, `key`, `say`, `changed` and the rest are the screen's."""

    if TYPE_CHECKING:
        app: App
        viewer: MonitorApp
        standing: Standing | None
        drafts: Drafts
        fault: str
        flips: tuple[str, ...]
        read_long: Callable[..., Any]

    @property
    def limit(self) -> Limit | None:
        """The entry under the cursor, as it would be once saved."""
        found = self.drafts.limits.get(self.key)
        if found is None and self.criterion is not None:
            return self.criterion.limit
        return found

    def ask_criterion(self) -> None:
        """Ask what of an entry is to be changed."""
        limit = self.limit
        if limit is None:
            return
        choices = [("n", "normal"), ("w", "warning"), ("r", "reference"), ("v", "first night")]
        choices += [("a", "in a row"), ("c", "copy")]

        def answered(key: str | None) -> None:
            if key == "c":
                self.action_narrow()
            elif key is not None:
                self.ask_field(_FIELDS[key])

        self.app.push_screen(ChoiceScreen(f"Change {limit.metric}", choices), answered)

    def ask_field(self, field: str, typed: str | None = None) -> None:
        """Ask for one field of the entry under the cursor."""
        key, limit = self.key, self.limit
        if limit is None:
            return

        def accept(words: str) -> None:
            self.drafts.limits[key] = edit_limit(limit, field, words, self.viewer.instrument)

        first = shown_field(limit, field) if typed is None else typed
        self._ask(f"{_LABELS[field]}: ", first, accept, lambda words: self.ask_field(field, words))

    def action_narrow(self, typed: str = "camera=") -> None:
        """Copy the entry under the cursor for less than it holds for."""
        limit = self.limit if self.section.name == "criteria" else None
        if limit is None:
            self.say("only entries of the QA criteria can be copied")
            return

        def accept(words: str) -> None:
            made = narrowed_limit(limit, words, self.viewer.instrument)
            standing = self.standing
            number = max((*self.drafts.limits, len(standing.criteria) - 1)) + 1
            self.drafts.limits[number] = made

        self._ask("copy for: ", typed, accept, self.action_narrow)

    def _ask(self, label: str, first: str, accept: Any, again: Any) -> None:
        """Ask for words until `accept` takes them; what is wrong with them stands in the details while one types."""

        def heard(words: str) -> None:
            before = dict(self.drafts.limits)
            try:
                accept(words)
                self.fault = ""
            except LimitsError as error:
                self.fault = str(error)
            self.drafts.limits = before
            self.show_detail()

        def answered(words: str | None) -> None:
            if words is None:
                self.fault = ""
                self.show_detail()
                return
            try:
                accept(words)
            except LimitsError as error:
                again(words)
                self.fault = str(error)
                self.show_detail()
            else:
                self.changed()

        self.app.push_screen(WordsScreen(label, first, heard), answered)

    def action_take_out(self) -> None:
        """Take an entry out of the record's version; those of files can only be covered by another."""
        criterion = self.criterion
        if self.section.name != "criteria":
            self.say("only entries of the QA criteria can be taken out")
        elif criterion is None:
            self.action_undo()
        elif criterion.limit not in self.standing.record_limits:
            self.say("this stands in a file: change it here, or edit the file")
        else:
            self.drafts.limits[criterion.number] = None
            self.changed()

    def new_record_limits(self) -> tuple[Limit, ...]:
        """Return the entries of the next version: those of the record's with the changes."""
        standing, drafts = self.standing, self.drafts.limits
        own = {item.number for item in standing.criteria if item.limit in standing.record_limits}
        kept = [drafts.get(item.number, item.limit) for item in standing.criteria if item.number in own]
        new = [limit for number, limit in drafts.items() if number not in own]
        return tuple(limit for limit in (*kept, *new) if limit is not None)

    # -- what if -----------------------------------------------------------------------------------------------

    @property
    def nights(self) -> int:
        """Over how many of the last nights new limits are tried."""
        return max(1, self.viewer.memory.get(NIGHTS_KEY, 30))

    def action_nights(self) -> None:
        """Ask over how many of the last nights new limits are tried."""

        def typed(words: str | None) -> None:
            if words is None:
                return
            if not words.strip().isdecimal() or not 1 <= int(words) <= _MOST_NIGHTS:
                self.say(f"{clean(words)!r} is no number of nights from 1 to {_MOST_NIGHTS}", "warn")
                return
            self.viewer.memory.set(NIGHTS_KEY, int(words))
            self.action_flips()

        self.app.push_screen(WordsScreen("try new limits on the last nights: ", str(self.nights)), typed)

    def action_flips(self) -> None:
        """Count the exposures whose status the changed limits would flip."""
        if not self.drafts.limits:
            self.say(f"no limit is changed; changes are tried on the last {self.nights} nights")
            return
        self.run_worker(self.count_flips, group="flips", exclusive=True)

    async def count_flips(self) -> tuple[str, ...]:
        """Count, show and return in words what the changed limits would do; empty where that is not known."""
        question = read_flips(self.standing, self.new_record_limits(), self.viewer.instrument, self.nights)
        try:
            found = await self.read_long("trying the limits", question)
        except (ReadError, LimitsError) as error:
            self.say(f"not counted: {clean(str(error))}", "bad")
            return ()
        if found is None:
            return ()
        self.flips = flip_words(found)
        self.say(self.flips[0])
        self.show_detail()
        return self.flips
