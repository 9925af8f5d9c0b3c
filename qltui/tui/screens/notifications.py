"""Notifications: what calls for somebody, one line for each exposure and cause; seen, acknowledged, muted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from textual.binding import Binding

from qltui.tables.alarms import alarm_table, minutes_to_noon, mute_table, mute_words, short_time
from qltui.tui.prompt import ChoiceScreen, WordsScreen
from qltui.tui.screens.base import PANE_BINDINGS, PaneRow, PaneScreen, Question
from qltui.tui.selection import Selection
from qltui.tui.text import Line, clean, join
from qltui.tui.widgets.alarm_detail import alarm_lines
from qltui.tui.widgets.drawn import Drawn
from qltui.tui.widgets.table import TableView
from qltui.tui.words import plural

if TYPE_CHECKING:
    from collections.abc import Hashable

    from qltui.store.alarm_list import AlarmEntry, AlarmList
    from qltui.tables.table import Table
    from qltui.tui.widgets.lines import Lines

__all__ = ["SEEN_KEY", "Alarms", "NotificationsScreen", "read_alarms"]

SEEN_KEY: Final = "notifications.seen"
"""Of the memory: when the newest alarm was raised that the observer has had on the screen [s since 1970]."""

_HOUR: Final = 60
"""[min]"""


@dataclass(frozen=True, slots=True)
class Alarms:
    """What a look found, and the tables of it: made in the reader's thread, because a bad week has a thousand rows."""

    found: AlarmList
    alarms: Table
    mutes: Table


def read_alarms(now: float, seen: float) -> Question:
    """Return the question for the alarms and the mutes that hold at the time `now` [s since 1970].

    Alarms raised after `seen` are new to the observer.
    """

    def ask(source: Any) -> Alarms:
        from qltui.store.alarm_list import alarm_list

        found = source.ask(alarm_list, now)
        return Alarms(found, alarm_table(found, seen), mute_table(found))

    return ask


class NotificationsScreen(PaneScreen):
    """The alarms of the record, the newest first, and what is muted."""

    NAME = "notifications"
    BINDINGS = [  # noqa: RUF012  (Textual's declaration)
        *PANE_BINDINGS,
        Binding(
            "a",
            "acknowledge",
            "acknowledge",
            id="notifications.acknowledge",
            tooltip="say that the ticked alarms, or the one under the cursor, were seen",
        ),
        Binding(
            "V",
            "acknowledge_all",
            "acknowledge all",
            id="notifications.acknowledge-all",
            tooltip="say that every open alarm was seen; asks first",
        ),
        Binding(
            "m",
            "mute",
            "mute",
            id="notifications.mute",
            tooltip="silence alarms with some words for a while: the open ones and those to come",
        ),
        Binding(
            "u",
            "unmute",
            "unmute",
            id="notifications.unmute",
            tooltip="let alarms with muted words be heard again: those to come and those of the last day",
        ),
        Binding(
            "B", "bell", "bell", id="notifications.bell", tooltip="switch the terminal's bell for new alarms on or off"
        ),
    ]
    FOOTER = {  # noqa: RUF012
        "alarms": ("notifications.acknowledge", "notifications.mute", "table.open", "table.tick", "pane.filter"),
        "mutes": ("notifications.unmute",),
        "": ("notifications.bell", "pane.save"),
    }

    def __init__(self) -> None:
        super().__init__()
        self._found: AlarmList | None = None
        self._seen: float = self.viewer.memory.get(SEEN_KEY, 0.0)

    # -- parts -------------------------------------------------------------------------------------------------

    def make_panes(self) -> Sequence[Lines]:
        """Return the list, what the line under the cursor says in full, and the mutes."""
        return (
            TableView(id="alarms", empty="no alarm in this record", ticks=True),
            Drawn(id="alarm"),
            TableView(id="mutes", empty="nothing is muted: m mutes the words of an alarm"),
        )

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:  # noqa: ARG002
        """Return the list above the details and the mutes; side by side where there is room."""
        if width >= 150:
            return (PaneRow((("alarms", 1.0),)), PaneRow((("alarm", 1.0), ("mutes", 1.0)), height=8))
        return (PaneRow((("alarms", 1.0),)), PaneRow((("alarm", 1.0),), height=3), PaneRow((("mutes", 1.0),), height=4))

    def question(self) -> Question:
        """Ask for the alarms."""
        return read_alarms(self.viewer.clock(), self._last_seen)

    def show(self, answer: Alarms | None) -> None:
        """Show the alarms; those raised since the observer last looked are marked as new."""
        self._found = answer.found if answer is not None else None
        if answer is None:
            return
        self.alarms.show(answer.alarms)
        self.mutes.show(answer.mutes)
        self._show_detail()
        if answer.found.alarms:
            newest = max(alarm.time for alarm in answer.found.alarms)
            self.viewer.memory.set(SEEN_KEY, max(newest, self.viewer.memory.get(SEEN_KEY, 0.0)))

    def on_screen_suspend(self) -> None:
        """Remember what was shown: it is no longer new at the next visit."""
        self._seen = self.viewer.memory.get(SEEN_KEY, 0.0)

    @property
    def alarms(self) -> TableView:
        """The list."""
        return self.query_one("#alarms", TableView)

    @property
    def mutes(self) -> TableView:
        """The mutes."""
        return self.query_one("#mutes", TableView)

    @property
    def alarm(self) -> AlarmEntry | None:
        """The alarm under the cursor."""
        return self._alarm(self.alarms.cursor_key)

    @property
    def _last_seen(self) -> float:
        """At the first visit of all, nothing is called new."""
        return self._seen or float("inf")

    def _alarm(self, key: Hashable | None) -> AlarmEntry | None:
        entries = self._found.alarms if self._found is not None else ()
        return next((entry for entry in entries if entry.number == key), None)

    # -- words -------------------------------------------------------------------------------------------------

    def heading(self, pane: str) -> str:
        """Return the words above a pane."""
        if pane == "alarms":
            return f"Alarms  {self.alarms.summary}"
        if pane == "mutes":
            return f"Muted  {self.mutes.summary}"
        alarm = self.alarm
        return f"Exposure {alarm.expid}" if alarm is not None else "Alarm"

    def head(self) -> Line:
        """Return how many are open and new, and whether the bell is on."""
        bell = "bell on" if self.viewer.alarm_bell.is_on else "bell off"
        if self._found is None:
            return ((bell, "dim"),)
        count = self._found.open_count
        new = sum(alarm.time > self._last_seen for alarm in self._found.alarms)
        since = f" since {short_time(self._seen)} UT" if self._seen else ""
        return join(
            (
                ((f"{count} open" if count else "none open", "strong" if count else "text"),),
                ((f"{new} new{since}", "active"),) if new else (),
                ((bell, "dim"),),
            )
        )

    def _show_detail(self) -> None:
        alarm, found = self.alarm, self._found
        mutes = found.mutes if found is not None else ()
        self.query_one("#alarm", Drawn).show(lambda width, charset: alarm_lines(alarm, mutes, charset, width))

    def on_table_view_moved(self, event: TableView.Moved) -> None:
        """Say in full what the line under the cursor is."""
        if event.control.id == "alarms":
            self._show_detail()
            self.draw_frame()

    def on_table_view_ticked(self, _event: TableView.Ticked) -> None:
        """Count the ticks in the heading."""
        self.draw_frame()

    def on_table_view_chosen(self, event: TableView.Chosen) -> None:
        """Go to the exposure of an alarm."""
        alarm = self._alarm(event.key) if event.control.id == "alarms" else None
        if alarm is not None:
            self.viewer.go("exposure", Selection(process=alarm.process, expid=alarm.expid, night=alarm.night))

    # -- keys --------------------------------------------------------------------------------------------------

    async def action_acknowledge(self) -> None:
        """Say that the ticked alarms, or the one under the cursor, were seen."""
        table = self.alarms
        keys = table.ticked or {table.cursor_key}
        chosen = [alarm for key in keys if (alarm := self._alarm(key)) is not None and not alarm.acknowledged_by]
        if not chosen:
            self.say("that was acknowledged already" if self.alarm is not None else "there is no alarm")
            return
        if await self._acknowledge(chosen):
            table.ticked.clear()
            table.redraw()

    def action_acknowledge_all(self) -> None:
        """Say that every open alarm was seen."""
        chosen = [alarm for alarm in self._found.alarms if alarm.is_open] if self._found is not None else []
        if not chosen:
            self.say("no alarm is open")
            return

        async def answered(key: str | None) -> None:
            if key is not None:
                await self._acknowledge(chosen)

        question = f"Acknowledge all {plural(len(chosen), 'open alarm')}?"
        self.app.push_screen(ChoiceScreen(question, [("y", "yes, all of them")]), answered)

    async def _acknowledge(self, alarms: Sequence[AlarmEntry]) -> bool:
        numbers = [number for alarm in alarms for number in alarm.numbers]
        return await self.request("acknowledge", {"alarm": sorted(numbers)}) is not None

    def action_mute(self) -> None:
        """Ask for words of causes, and for how long they are not to be heard."""
        alarm = self.alarm
        first = mute_words(alarm.cause) if alarm is not None else ""

        def typed(words: str | None) -> None:
            if words is not None and words.strip():
                self._ask_how_long(words.strip())

        self.app.push_screen(WordsScreen("mute causes with: ", clean(first)), typed)

    def _ask_how_long(self, words: str) -> None:
        night = minutes_to_noon(self.viewer.clock(), self.viewer.instrument.timezone)
        minutes = {"h": _HOUR, "t": night, "g": None}
        until = short_time(self.viewer.clock() + 60.0 * night)
        choices = [("h", "for 1 h"), ("t", f"tonight, until {until[-5:]} UT"), ("g", "for good")]

        async def answered(key: str | None) -> None:
            if key is not None:
                span = minutes[key]
                await self.request("mute", {"words": words} | ({} if span is None else {"minutes": span}))

        self.app.push_screen(ChoiceScreen(f"Mute {words!r}", choices), answered)

    async def action_unmute(self) -> None:
        """Let what is muted be heard again: the words under the cursor, or those that silence the alarm under it."""
        found = self._found
        words = self.mutes.cursor_key
        if self.pane_id == "alarms" and self.alarm is not None and found is not None:
            cause = self.alarm.cause
            words = next((mute.words for mute in found.mutes if mute.words in cause), None)
        if words is None:
            self.say("nothing of that is muted")
            return
        await self.request("unmute", {"words": str(words)})

    def action_bell(self) -> None:
        """Switch the bell on or off; the choice is kept."""
        is_on = self.viewer.alarm_bell.toggle()
        self.say("the bell rings for new alarms" if is_on else "the bell is silent")
        self.draw_frame()
