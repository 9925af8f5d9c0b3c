"""Long work of a screen: its progress in the first line, and the key that stops it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from qltui.tui.progress import Progress, WorkStopped

if TYPE_CHECKING:
    from qltui.tui.app import MonitorApp

__all__ = ["LongWork"]

_TICK: Final = 0.5
"""How often the progress of long work is drawn [s]."""

T = TypeVar("T")


class LongWork:
    """What a screen needs for work that takes long; `_show_head` draws the newest of `_works`."""

    if TYPE_CHECKING:
        _works: list[Progress]
        set_timer: Callable[..., Any]
        say: Callable[..., None]
        _show_head: Callable[[], None]
        viewer: MonitorApp

    async def work(self, words: str, function: Callable[[Progress], T]) -> T | None:
        """Run `function` in a thread while the first line shows how far it is; None where the observer stopped it.

        It is handed a `Progress`, and calls its `step` as it goes on: that is where it is stopped.
        """
        progress = Progress(words)
        self._begin(progress)
        try:
            return await asyncio.to_thread(function, progress)
        except WorkStopped:
            self.say(f"{words}: stopped", "warn")
            return None
        finally:
            self._end(progress)

    async def read_long(self, words: str, question: Callable[[Any, Progress], T]) -> T | None:
        """Ask the record for what takes long, as `work` does; `question` gets the source and a `Progress`.

        Raises
        ------
        ReadError
            Where the record fails.
        """
        progress = Progress(words)
        self._begin(progress)
        try:
            return await self.viewer.reader.read(lambda source: question(source, progress))
        except WorkStopped:
            self.say(f"{words}: stopped", "warn")
            return None
        finally:
            # Nobody waits for the rest where another question has taken the place of this one.
            progress.stop()
            self._end(progress)

    def _begin(self, progress: Progress | None) -> None:
        if progress is not None:
            self._works.append(progress)
            self._tick_work(progress)

    def _tick_work(self, progress: Progress) -> None:
        if progress in self._works:
            self._show_head()
            self.set_timer(_TICK, lambda: self._tick_work(progress))

    def _end(self, progress: Progress | None) -> None:
        if progress in self._works:
            self._works.remove(progress)
            self._show_head()
