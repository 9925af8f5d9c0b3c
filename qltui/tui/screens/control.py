"""Control: automatic or manual, start and stop, what is in flight and what waits, and what nobody has reduced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from qltui.tables.work import raw_table, work_table
from qltui.tui.camera_choice import CamerasScreen
from qltui.tui.prompt import ChoiceScreen, WordsScreen
from qltui.tui.screens.base import PaneRow, PaneScreen
from qltui.tui.screens.control_keys import CONTROL_BINDINGS, CONTROL_FOOTER
from qltui.tui.screens.engine_start import EngineStart
from qltui.tui.screens.tidying import Tidying
from qltui.tui.selection import Selection
from qltui.tui.text import Line
from qltui.tui.widgets.drawn import Drawn
from qltui.tui.widgets.engine_facts import engine_facts, slot_lines
from qltui.tui.widgets.table import TableView
from qltui.tui.words import plural

if TYPE_CHECKING:
    from qltui.store.views import EngineView
    from qltui.store.workload import Workload
    from qltui.tui.health import Health
    from qltui.tui.widgets.lines import Lines

__all__ = ["CAMERAS_KEY", "SINCE_KEY", "ControlScreen", "read_work"]

SINCE_KEY: Final = "monitor.since"
"""Of the memory: what ended before is out of sight on the Monitor [s since 1970]; 0 for nothing."""

CAMERAS_KEY: Final = "control.cameras"
"""Of the memory: the cameras that were chosen last."""

_FACTS: Final = 8


def read_work(source: Any) -> Workload:
    """Ask for what there is to do."""
    from qltui.store.workload import workload

    return source.ask(workload)


class ControlScreen(EngineStart, Tidying, PaneScreen):
    """The engine and its work, and all that an observer may ask of it."""

    NAME = "control"
    BINDINGS = CONTROL_BINDINGS
    FOOTER = CONTROL_FOOTER

    def __init__(self) -> None:
        super().__init__()
        self._work: Workload | None = None

    # -- parts -------------------------------------------------------------------------------------------------

    def make_panes(self) -> Sequence[Lines]:
        """Return the facts, the slots, the work, and what is not reduced."""
        return (
            Drawn(id="engine"),
            Drawn(id="slots"),
            TableView(id="work", empty="nothing is in flight and nothing waits"),
            TableView(id="raw", empty="every exposure of the last nights is reduced or in the queue", ticks=True),
        )

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:  # noqa: ARG002
        """Return facts and slots above work and raw exposures, which stand side by side where there is room."""
        top = PaneRow((("engine", 0.68), ("slots", 0.32)), height=_FACTS)
        if width >= 150:
            return (top, PaneRow((("work", 1.0), ("raw", 1.0))))
        return (top, PaneRow((("work", 1.0),)), PaneRow((("raw", 1.0),)))

    def question(self) -> Any:
        """Ask for the work."""
        return read_work

    def show(self, answer: Workload | None) -> None:
        """Show the work and what is not reduced."""
        self._work = answer
        if answer is not None:
            self.work.show(work_table(answer))
            self.raw.show(raw_table(answer))

    def draw_frame(self) -> None:
        """Draw the engine as well: it changes without the record's version, by its heart beat."""
        self._show_engine()
        super().draw_frame()

    def _show_head(self) -> None:
        self._show_engine()
        super()._show_head()

    def _show_engine(self) -> None:
        engine, health = self.engine, self.health
        options = {
            "observer": self.viewer.who,
            "since": self.viewer.memory.get(SINCE_KEY, 0.0),
        }
        self.query_one("#engine", Drawn).show(lambda _width, charset: engine_facts(engine, health, charset, **options))
        slots = engine.slots if health.is_alive else ()
        self.query_one("#slots", Drawn).show(lambda _width, _charset: slot_lines(slots))

    @property
    def engine(self) -> EngineView:
        """The engine as its last beat left it."""
        return self.picture.engine

    @property
    def health(self) -> Health:
        """How the engine is."""
        return self.viewer.health(self.engine)

    @property
    def work(self) -> TableView:
        """What is in flight and what waits."""
        return self.query_one("#work", TableView)

    @property
    def raw(self) -> TableView:
        """What nobody has reduced."""
        return self.query_one("#raw", TableView)

    # -- words -------------------------------------------------------------------------------------------------

    def heading(self, pane: str) -> str:
        """Return the words above a pane."""
        if pane == "work":
            return f"In flight and waiting  {self.work.summary}"
        if pane == "raw":
            return f"Not reduced  {self.raw.summary}"
        return {"engine": "Engine", "slots": "Slots"}[pane]

    def head(self) -> Line:
        """Return what the engine does; the mode stands at the right where it is not the usual one."""
        alive = self.health.is_alive
        return ((self.engine.state if alive else "no engine runs", "text" if alive else "warn"),)

    def on_table_view_ticked(self, _event: TableView.Ticked) -> None:
        """Count the ticks in the heading."""
        self.draw_frame()

    def on_table_view_chosen(self, event: TableView.Chosen) -> None:
        """Show a process, or choose the cameras of a raw exposure."""
        if event.control.id == "raw":
            self.action_reduce()
            return
        item = next((item for item in self._work.work if item.process == event.key), None) if self._work else None
        if item is not None:
            self.viewer.go("exposure", Selection(process=item.process, expid=item.expid, night=item.night))

    # -- keys --------------------------------------------------------------------------------------------------

    def action_mode(self) -> None:
        """Ask whether new exposures are reduced by themselves."""
        manual = self.engine.mode == "manual"
        missed = self.engine.held
        choices = [("a", "automatic"), ("m", "manual")]
        if manual and missed:
            choices.insert(1, ("c", f"automatic, and reduce {missed} now"))
        arguments = {
            "a": {"mode": "automatic"},
            "c": {"mode": "automatic", "catch_up": True},
            "m": {"mode": "manual"},
        }

        async def answered(key: str | None) -> None:
            if key is not None:
                await self.request("mode", arguments[key])

        self.app.push_screen(ChoiceScreen("New exposures are reduced", choices), answered)

    def action_stop(self) -> None:
        """Start the engine, or stop the one that runs."""
        if not self.health.is_alive:
            self.start_engine()
            return
        busy = sum(item.state == "running" for item in self._work.work) if self._work is not None else 0
        note = f"; {plural(busy, 'exposure')} in flight will go on at the next start" if busy else ""

        async def answered(key: str | None) -> None:
            if key is not None:
                await self.request("shutdown")

        self.app.push_screen(ChoiceScreen(f"Stop the engine{note}?", [("y", "yes, stop it")]), answered)

    async def action_hold(self) -> None:
        """Let the engine begin nothing new, or let it go on."""
        await self.request("resume" if self.engine.state == "paused" else "pause")

    def action_cancel(self) -> None:
        """Stop one exposure that is in flight or waits."""
        key = self.work.cursor_key
        item = next((item for item in self._work.work if item.process == key), None) if self._work else None
        if item is None:
            self.say("nothing is in flight and nothing waits")
            return

        async def answered(key: str | None) -> None:
            if key is not None:
                await self.request("cancel", {"process": item.process, "expid": item.expid})

        what = "in flight" if item.state == "running" else "waiting"
        self.app.push_screen(ChoiceScreen(f"Stop {item.expid}, {what}?", [("y", "yes, stop it")]), answered)

    def action_observer(self) -> None:
        """Ask who observes."""

        async def typed(name: str | None) -> None:
            if name is not None and name.strip():
                await self.request("observer", {"name": name.strip()})

        now = self.engine.observer or self.viewer.who
        self.app.push_screen(WordsScreen("observer: ", now), typed)

    def action_reset(self) -> None:
        """Clear the Monitor of what has ended, or show it again."""
        memory = self.viewer.memory
        if memory.get(SINCE_KEY, 0.0):
            memory.set(SINCE_KEY, None)
            self.say("the Monitor shows everything again")
        else:
            memory.set(SINCE_KEY, float(self.viewer.clock()))
            self.say("the Monitor shows what comes from now on; R again takes that back")
        self.draw_frame()

    def action_reduce(self) -> None:
        """Ask for the cameras of the ticked raw exposures, or of that under the cursor, and reduce them."""
        under = self.raw.cursor_key
        keys: list[Any] = list(self.raw.ticked) or ([under] if under is not None else [])
        if not keys:
            self.say("every exposure of the last nights is reduced or in the queue")
            return
        every = [camera.name for camera in self.viewer.instrument.cameras]
        chosen = self.viewer.memory.get(CAMERAS_KEY, every)

        async def answered(cameras: tuple[str, ...] | None) -> None:
            if cameras is not None:
                self.viewer.memory.set(CAMERAS_KEY, list(cameras))
                await self._reduce(keys, cameras)

        number = str(keys[0][1]) if len(keys) == 1 else plural(len(keys), "exposure")
        self.app.push_screen(CamerasScreen(self.viewer.instrument, f"Reduce {number}", chosen), answered)

    async def _reduce(self, keys: Sequence[Any], cameras: Sequence[str]) -> None:
        # The oldest first: that is the order in which the night was taken.
        for night, expid in sorted(keys):
            if await self.request("reprocess", {"expid": expid, "night": night, "cameras": list(cameras)}) is None:
                return
        self.raw.ticked.clear()
        self.raw.redraw()
