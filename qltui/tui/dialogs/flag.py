"""The observer's judgement of some exposures: which flag, and why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

from qltui.tui.prompt import ChoiceScreen, WordsScreen
from qltui.tui.words import plural

if TYPE_CHECKING:
    from textual.app import App

__all__ = ["FLAG_KEYS", "ask_flag", "exposures_words"]

FLAG_KEYS: Final = (("g", "good"), ("b", "bad"), ("j", "junk"), ("t", "test"), ("0", "no flag"))


def exposures_words(numbers: Sequence[int]) -> str:
    """Return which exposures are meant: their numbers, or how many where there are more than three."""
    if len(numbers) > 3:
        return plural(len(numbers), "exposure")
    return ", ".join(str(number) for number in numbers)


def ask_flag(app: App, numbers: Sequence[int], send: Callable[[str, str], Awaitable[None]]) -> None:
    """Ask for a flag and its reason, and hand both to `send`; esc at either question sends nothing.

    Parameters
    ----------
    numbers : sequence of int
        Exposures that are to be flagged, for the question.
    send : callable
        Takes the flag, empty for none, and the reason.
    """

    def chosen(key: str | None) -> None:
        if key is None:
            return
        value = "" if key == "0" else dict(FLAG_KEYS)[key]

        async def explained(words: str | None) -> None:
            if words is not None:
                await send(value, words.strip())

        app.push_screen(WordsScreen(f"Why {value or 'no flag'}? "), explained)

    app.push_screen(ChoiceScreen(f"Flag {exposures_words(numbers)}", FLAG_KEYS), chosen)
