"""What the engine says of itself every few seconds."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Final

from qltui import __version__
from qltui.engine.in_force import InForce
from qltui.engine.settings import EngineSettings
from qltui.store.views import EngineView

__all__ = ["BEAT_SECONDS", "DiskWatch", "Heart", "disk_usage"]

BEAT_SECONDS: Final = 2.0


def disk_usage(directory: Path) -> tuple[float | None, float | None]:
    """Return the used fraction and the free bytes of the disk that holds a directory; None where it cannot be told.

    Free is what this user may still write, and used is of what it may write at all: the reserve of the superuser is
    no room for us.
    """
    try:
        found = os.statvfs(directory)
    except OSError:
        return None, None
    used = (found.f_blocks - found.f_bfree) * found.f_frsize
    free = found.f_bavail * found.f_frsize
    return (used / (used + free), float(free)) if used + free else (None, None)


class DiskWatch:
    """Says something once when the disk fills up, and once when there is room again."""

    def __init__(self, warning: float, alarm: float) -> None:
        self.change(warning, alarm)
        self._level = ""

    def change(self, warning: float, alarm: float) -> None:
        """Take other used fractions of the disk for much and for too much."""
        self._limits = ((alarm, "alarm"), (warning, "warning"))

    def look(self, used: float | None, free: float | None) -> tuple[str, str] | None:
        """Return a level and words for the log where something has changed."""
        if used is None or free is None:
            return None
        level = next((name for limit, name in self._limits if used >= limit), "")
        if level == self._level:
            return None
        self._level = level
        words = f"the disk of the state directory is {100 * used:.0f} % full, {free / 1e9:.1f} GB are left"
        if not level:
            return "info", f"{words}: enough again"
        return level, f"{words}; remove old products or move the state directory"


class Heart:
    """Makes the picture of the engine that others see."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._started = time.time()

    def view(self, state: str, detail: str, slots: tuple[str, ...], in_force: InForce) -> EngineView:
        """Return the engine as it is now.

        Queue, incomplete files, mode and observer are read from the record by whoever looks.
        """
        used, free = disk_usage(self._settings.state)
        return EngineView(
            state=state,
            pid=os.getpid(),
            host=socket.gethostname(),
            started=self._started,
            heartbeat=time.time(),
            detail=detail,
            disk_used=used,
            disk_free=free,
            slots=slots,
            data_directory=self._settings.data_directory,
            version=__version__,
            configuration=in_force.configuration,
            limits=in_force.limits_version,
            restart=in_force.restart,
            selection=in_force.selection.words(),
            selected=tuple(name for name in in_force.selection.cameras if name not in in_force.settings.cameras_off),
        )
