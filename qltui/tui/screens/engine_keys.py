"""Keys that ask the engine for something; each asks the observer first where work would be lost or done again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qltui.tui.prompt import ChoiceScreen
from qltui.tui.screens.requests import Requests, reprocess_arguments, reprocess_choices
from qltui.tui.source import ReadError
from qltui.tui.text import clean

if TYPE_CHECKING:
    from textual.app import App

    from qltui.store.views import EngineView, ProcessView
    from qltui.tui.widgets.grid_layout import Place

__all__ = ["EngineKeys"]


class EngineKeys:
    """Actions of a screen that shows a process: `process`, `place`, `engine`, `requests` and `say` are the screen's."""

    if TYPE_CHECKING:
        app: App
        process: ProcessView | None
        place: Place | None
        engine: EngineView | None
        requests: Requests

        def say(self, words: str, role: str = "strong") -> None:
            """Say something in the last line."""

    def action_reprocess(self) -> None:
        """Ask which cameras to reduce again."""
        process, place = self.process, self.place
        if process is None:
            self.say("there is no exposure to reduce again")
            return
        choices = reprocess_choices(process, place.camera if place is not None else "")

        async def answered(key: str | None) -> None:
            if key is not None:
                await self.ask_for("reprocess", reprocess_arguments(process, choices[key][1]))

        question = f"Reduce {process.exposure.expid} again?"
        self.app.push_screen(ChoiceScreen(question, [(key, words) for key, (words, _) in choices.items()]), answered)

    def action_stop(self) -> None:
        """Ask whether to stop what runs or waits."""
        process = self.process
        if process is None or process.state not in ("running", "waiting"):
            self.say("nothing of this exposure runs or waits")
            return

        async def answered(key: str | None) -> None:
            if key is not None:
                await self.ask_for("cancel", {"process": process.number, "expid": process.exposure.expid})

        self.app.push_screen(ChoiceScreen(f"Stop {process.exposure.expid}?", [("y", "yes, stop it")]), answered)

    async def action_hold(self) -> None:
        """Let the engine begin nothing new, or let it go on."""
        held = self.engine is not None and self.engine.state == "paused"
        await self.ask_for("resume" if held else "pause", {})

    async def ask_for(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Ask the engine for something, and say that it was asked."""
        try:
            await self.requests.send(name, arguments)
        except ReadError as error:
            self.say(f"{name} was not asked for: {clean(str(error))}", "bad")
            return
        note = "" if self.engine is not None else "; no engine runs now, the next one will do it"
        self.say(f"asked for: {name} {arguments.get('expid', '')}".rstrip() + note)
