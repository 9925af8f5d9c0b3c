"""Clearing the disk from a screen: what, how old, how much that is, and only then the question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from qltui.tui.prompt import ChoiceScreen, WordsScreen
from qltui.tui.source import ReadError
from qltui.tui.text import clean
from qltui.tui.widgets.engine_facts import bytes_text
from qltui.tui.words import plural

if TYPE_CHECKING:
    from textual.app import App

    from qltui.tui.app import MonitorApp

__all__ = ["DAYS_KEY", "Tidying", "read_usage", "usage_words"]

DAYS_KEY: Final = "control.clear-days"
"""Of the memory: how old what is cleared must be [d]."""

_KINDS: Final[Mapping[str, tuple[str, ...]]] = {"p": ("products",), "l": ("logs",), "b": ("products", "logs")}
_DAY: Final = 86400.0
_LONGEST: Final = 36500


def read_usage(kinds: Sequence[str], before: float) -> Any:
    """Return the question how many files and bytes of these kinds are older than `before` [s since 1970]."""

    def ask(source: Any) -> Mapping[str, tuple[int, int]]:
        from qltui.store import usage

        return source.ask(usage.cleanable, kinds, before)

    return ask


def usage_words(found: Mapping[str, tuple[int, int]]) -> str:
    """Return what would go in words, ``"1200 products (3.4 GB) and 5 logs (1.2 MB)"``; empty where nothing would."""
    parts = [
        f"{plural(count, kind.removesuffix('s'))} ({bytes_text(size)})"
        for kind, (count, size) in found.items()
        if count
    ]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


class Tidying:
    """Lets a screen clear the disk; `viewer`, `app`, `say`, `request` and `run_worker` are the screen's."""

    if TYPE_CHECKING:
        app: App
        viewer: MonitorApp

    def action_clear(self) -> None:
        """Ask what is to be removed; raw data is never touched."""

        def kind(key: str | None) -> None:
            if key is not None:
                self._ask_age(_KINDS[key])

        choices = [("p", "products"), ("l", "logs"), ("b", "both")]
        self.app.push_screen(ChoiceScreen("Clear what is old (never raw data):", choices), kind)

    def _ask_age(self, kinds: Sequence[str]) -> None:
        def typed(words: str | None) -> None:
            if words is None:
                return
            if not words.strip().isdecimal() or not 1 <= int(words) <= _LONGEST:
                self.say(f"{clean(words)!r} is no number of days from 1 to {_LONGEST}", "warn")
                return
            self.viewer.memory.set(DAYS_KEY, int(words))
            self.run_worker(self._ask_whether(kinds, int(words)), group="clear", exclusive=True)

        days = self.viewer.memory.get(DAYS_KEY, 30)
        self.app.push_screen(WordsScreen(f"{' and '.join(kinds)} older than [days]: ", str(days)), typed)

    async def _ask_whether(self, kinds: Sequence[str], days: int) -> None:
        self.say("counting ...")
        try:
            found = await self.viewer.reader.read(read_usage(kinds, self.viewer.clock() - days * _DAY))
        except ReadError as error:
            self.say(f"nothing was cleared: {clean(str(error))}", "bad")
            return
        words = usage_words(found)
        if not words:
            self.say(f"nothing of that is older than {plural(days, 'day')}")
            return

        async def answered(key: str | None) -> None:
            if key is not None:
                await self.request("clear", {"kinds": list(kinds), "days": days})

        self.say(f"{words} would go")
        self.app.push_screen(ChoiceScreen(f"Remove {words}?", [("y", "yes, remove")]), answered)
