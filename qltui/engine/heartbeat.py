"""What the engine says of itself every few seconds."""

from __future__ import annotations

import os
import socket
import time
from typing import Final

from qltui import __version__
from qltui.engine.in_force import InForce
from qltui.engine.notify import Notifier
from qltui.engine.settings import EngineSettings
from qltui.store.aside import hush, say_aside
from qltui.store.views import DiskView, EngineView

__all__ = ["BEAT_SECONDS", "Heart", "stuck_watcher"]

BEAT_SECONDS: Final = 2.0
_STUCK_SECONDS: Final = 120.0
_STUCK_ROUNDS: Final = 6.0
"""A look through many nights over a slow line takes a while: so many times the usual are too long."""


def stuck_watcher(silent: float, settings: EngineSettings) -> str:
    """Return in words that the data directory has not been looked through for too long; empty where it has.

    The watcher does not die of a file server that does not answer: it waits, for ever if need be.

    Parameters
    ----------
    silent : float
        How long ago it was last looked through [s].
    """
    if silent < max(_STUCK_SECONDS, _STUCK_ROUNDS * settings.rescan_seconds):
        return ""
    return (
        f"the watcher is stuck: {settings.data_directory} was last looked through {silent / 60.0:.0f} min ago; "
        "see whether its file server answers (ls), then stop and start the engine"
    )


class Heart:
    """Makes the picture of the engine that others see, systemd among them.

    `looked_at` is when the watcher last had looked through the data directory [s since 1970].
    """

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._started = time.time()
        self.notifier = Notifier()
        self._aside = not hush(settings.state)
        self.looked()

    def looked(self) -> None:
        """Note that the data directory has been looked through."""
        # For people by the time of day; how long it is ago, by a clock that nobody sets.
        self.looked_at, self._looked = time.time(), time.monotonic()

    def stuck_watcher(self) -> str:
        """Return in words that the watcher says nothing; empty where it does."""
        return stuck_watcher(time.monotonic() - self._looked, self._settings)

    def unwritten(self, words: str) -> None:
        """Say beside the record that it cannot be written, and why; empty where it can again."""
        if words:
            self._aside = say_aside(self._settings.state, words) or self._aside
        elif self._aside:
            self._aside = not hush(self._settings.state)

    def view(
        self,
        state: str,
        detail: str,
        trouble: str,
        slots: tuple[str, ...],
        in_force: InForce,
        disks: tuple[DiskView, ...] = (),
    ) -> EngineView:
        """Return the engine as it is now.

        Queue, incomplete files, mode and observer are read from the record by whoever looks.
        """
        self.notifier.status(f"{state}: {detail}" if detail else state)
        ours = next((disk for disk in disks if "state" in disk.of), None)
        return EngineView(
            state=state,
            pid=os.getpid(),
            host=socket.gethostname(),
            started=self._started,
            heartbeat=time.time(),
            detail=detail,
            trouble=trouble,
            disk_used=ours.used if ours else None,
            disk_free=ours.free if ours else None,
            disks=disks,
            slots=slots,
            data_directory=self._settings.data_directory,
            version=__version__,
            configuration=in_force.configuration,
            limits=in_force.limits_version,
            restart=in_force.restart,
            selection=in_force.selection.words(),
            selected=tuple(name for name in in_force.selection.cameras if name not in in_force.settings.cameras_off),
        )
