"""Keys by which an observer says something of an exposure: a comment, a flag with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from textual.binding import Binding

from qltui.tui.prompt import ChoiceScreen, WordsScreen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import App

    from qltui.store.views import ProcessView
    from qltui.tui.app import MonitorApp

__all__ = ["OBSERVER_BINDINGS", "ObserverKeys"]

OBSERVER_BINDINGS: Final = [
    Binding(
        "C",
        "comment",
        "comment",
        id="observer.comment",
        tooltip="read, write, edit and delete comments on this exposure",
    ),
    Binding("F", "flag", "flag", id="observer.flag", tooltip="judge this exposure: good, bad, junk or test, and why"),
]

_FLAGS: Final = (("g", "good"), ("b", "bad"), ("j", "junk"), ("t", "test"), ("0", "no flag"))


class ObserverKeys:
    """Actions of a screen that shows a process: `process`, `viewer`, `ask_for` and `say` are the screen's."""

    if TYPE_CHECKING:
        app: App
        process: ProcessView | None
        viewer: MonitorApp

        async def ask_for(self, name: str, arguments: Mapping[str, Any]) -> None:
            """Ask the engine for something and say so."""

        def say(self, words: str, role: str = "strong") -> None:
            """Say something in the last line."""

    def action_comment(self) -> None:
        """Show the comments on this exposure: they are written, edited and deleted there."""
        process = self.process
        if process is None:
            self.say("there is no exposure to comment on")
            return
        # Loaded when it is asked for: it knows the record, which must not delay the first paint.
        from qltui.tui.dialogs.comments import CommentsScreen

        exposure = process.exposure
        self.app.push_screen(
            CommentsScreen(self.viewer, exposure.instrument, exposure.night, exposure.expid, process.number)
        )

    def action_flag(self) -> None:
        """Ask for the flag and its reason, and send them."""
        process = self.process
        if process is None:
            self.say("there is no exposure to flag")
            return

        def chosen(key: str | None) -> None:
            if key is None:
                return
            value = "" if key == "0" else dict(_FLAGS)[key]

            async def explained(words: str | None) -> None:
                if words is not None:
                    await self.ask_for("flag", {**_exposure(process), "value": value, "reason": words.strip()})

            self.app.push_screen(WordsScreen(f"Why {value or 'no flag'}? "), explained)

        self.app.push_screen(ChoiceScreen(f"Flag {process.exposure.expid}", list(_FLAGS)), chosen)


def _exposure(process: ProcessView) -> dict[str, Any]:
    exposure = process.exposure
    return {"instrument": exposure.instrument, "night": exposure.night, "expid": exposure.expid}
