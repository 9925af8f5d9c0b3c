"""Keys that act on exposures of a list, ticked or under the cursor: reduce again, comment, flag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from textual.binding import Binding

from qltui.model import Status
from qltui.tui.camera_choice import CamerasScreen
from qltui.tui.dialogs.comments import CommentsScreen
from qltui.tui.dialogs.flag import ask_flag, exposures_words
from qltui.tui.prompt import ChoiceScreen
from qltui.tui.source import ReadError
from qltui.tui.text import clean
from qltui.tui.words import plural

if TYPE_CHECKING:
    from textual.app import App

    from qltui.tui.app import MonitorApp
    from qltui.tui.screens.requests import Requests

__all__ = ["HISTORY_BINDINGS", "REDUCIBLE", "HistoryKeys", "Listed"]

HISTORY_BINDINGS: Final = [
    Binding("r", "reprocess", "reprocess", id="history.reprocess", tooltip="reduce the ticked exposures again; asks"),
    Binding("C", "comment", "comments", id="history.comment", tooltip="read, write and change comments on this one"),
    Binding("F", "flag", "flag", id="history.flag", tooltip="judge the ticked exposures: good, bad, junk or test"),
]

REDUCIBLE: Final = (Status.ALARM, Status.WARNING, Status.FAILED, Status.UNKNOWN, Status.CANCELLED)
"""A camera with one of these may come out better the second time; one that is not in the file will not."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An exposure of a list, its process, and its cameras that may come out better the second time."""

    night: int
    expid: int
    process: int | None = None
    bad: tuple[str, ...] = ()


class HistoryKeys:
    """Actions of a screen with a list; `chosen_exposures` and `exposure_here` are the screen's."""

    if TYPE_CHECKING:
        app: App
        requests: Requests

        @property
        def viewer(self) -> MonitorApp:
            """The app."""

        def say(self, words: str, role: str = "strong") -> None:
            """Say something in the last line."""

    def chosen_exposures(self) -> Sequence[Listed]:
        """Return the ticked exposures, or the one under the cursor."""
        raise NotImplementedError

    def exposure_here(self) -> Listed | None:
        """Return the exposure under the cursor."""
        raise NotImplementedError

    def action_reprocess(self) -> None:
        """Ask which cameras of the chosen exposures to reduce again."""
        chosen = self.chosen_exposures()
        if not chosen:
            self.say("there is no exposure to reduce again")
            return
        instrument = self.viewer.instrument
        bad = sum(len(item.bad) for item in chosen)
        count = len(instrument.cameras)
        choices = [("a", f"all {count} cameras"), ("c", "choose cameras")]
        if bad:
            choices.append(("b", f"the {bad} bad"))
        which = exposures_words([item.expid for item in chosen])

        async def answered(key: str | None) -> None:
            if key == "c":
                self.app.push_screen(CamerasScreen(instrument, f"Reduce {which} again"), picked)
            elif key is not None:
                await self._reprocess({item: item.bad if key == "b" else () for item in chosen})

        async def picked(cameras: tuple[str, ...] | None) -> None:
            if cameras:
                await self._reprocess(dict.fromkeys(chosen, cameras))

        self.app.push_screen(ChoiceScreen(f"Reduce {which} again?", choices), answered)

    async def _reprocess(self, wanted: Mapping[Listed, Sequence[str]]) -> None:
        """Ask for each exposure; one that has no bad camera is left out where only those are wanted."""
        only_bad = any(wanted.values()) and not all(wanted.values())
        asked = {item: cameras for item, cameras in wanted.items() if cameras or not only_bad}
        for item, cameras in asked.items():
            if not await self._send("reprocess", {**self._exposure(item), "cameras": list(cameras)}):
                return
        total = sum(len(cameras) or len(self.viewer.instrument.cameras) for cameras in asked.values())
        self._said(f"asked to reduce {plural(len(asked), 'exposure')} again, {plural(total, 'camera')}")

    def action_comment(self) -> None:
        """Show the comments on the exposure under the cursor."""
        here = self.exposure_here()
        if here is None:
            self.say("there is no exposure to comment on")
            return
        instrument = self.viewer.instrument.name
        self.app.push_screen(CommentsScreen(self.viewer, instrument, here.night, here.expid, here.process))

    def action_flag(self) -> None:
        """Ask for the flag of the chosen exposures."""
        chosen = self.chosen_exposures()
        if not chosen:
            self.say("there is no exposure to flag")
            return

        async def send(value: str, reason: str) -> None:
            for item in chosen:
                if not await self._send("flag", {**self._exposure(item), "value": value, "reason": reason}):
                    return
            self._said(f"asked to flag {plural(len(chosen), 'exposure')} {value or 'no more'}")

        ask_flag(self.app, [item.expid for item in chosen], send)

    def _exposure(self, item: Listed) -> dict[str, Any]:
        return {"instrument": self.viewer.instrument.name, "night": item.night, "expid": item.expid}

    async def _send(self, name: str, arguments: Mapping[str, Any]) -> bool:
        try:
            await self.requests.send(name, arguments)
        except ReadError as error:
            self.say(f"{name} was not asked for: {clean(str(error))}", "bad")
            return False
        return True

    def _said(self, words: str) -> None:
        alive = self.viewer.health(self.picture.engine).is_alive  # type: ignore[attr-defined]
        self.say(words + ("" if alive else "; no engine runs now, the next one will do it"))
