"""Starts an engine from a screen: in a thread, because that takes seconds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qltui.tui.text import clean

if TYPE_CHECKING:
    from qltui.tui.app import MonitorApp

__all__ = ["EngineStart"]


class EngineStart:
    """Lets a screen start the engine; `viewer`, `say` and `run_worker` are the screen's."""

    if TYPE_CHECKING:
        viewer: MonitorApp

    _starting = False

    def start_engine(self) -> None:
        """Start the engine as the settings say, and tell how that went."""
        start = self.viewer.start_engine
        if start is None:
            self.say("no settings for an engine here; in a shell: qltui run --data DIRECTORY")
        elif self._starting:
            self.say("the engine is being started")
        else:
            self._starting = True
            self.say("starting the engine ...")
            self.run_worker(self._start(start), group="engine")

    async def _start(self, start) -> None:
        from qltui.engine.launch import EngineStartError

        try:
            pid = await asyncio.to_thread(start)
        except EngineStartError as error:
            self.say(f"the engine was not started: {clean(str(error))}", "bad")
        else:
            self.say(f"the engine runs, pid {pid}")
        finally:
            self._starting = False
