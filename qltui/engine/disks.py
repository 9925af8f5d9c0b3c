"""The file systems that the engine works on: how full each is, and what is said when one fills up."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from qltui.engine.settings import EngineSettings
from qltui.store.views import DiskView

__all__ = ["DiskLevels", "DiskWatch", "FileSystem", "measure"]

_BACK: Final = 0.01
"""A used fraction has to fall so far below a level before that is over: a disk at the edge is not told all night."""
_BACK_BYTES: Final = 1.1
"""And free bytes have to be so many times the level."""


@dataclass(frozen=True, slots=True)
class FileSystem:
    """What was measured of one.

    Attributes
    ----------
    device : int
        Tells file systems apart.
    path : str
        The directory that was asked about.
    used : float
        Fraction, of what this user may write at all: the reserve of the superuser is no room for us.
    free : float
        What this user may still write [bytes].
    size : float
        What this user may write at all [bytes].
    is_read_only : bool
        Whether nobody can write to it from here; such a one is full by nature, and no concern.
    """

    device: int
    path: str
    used: float
    free: float
    size: float
    is_read_only: bool = False


def measure(directory: Path) -> FileSystem | None:
    """Return how full the file system is that holds a directory; None where it cannot be told.

    It asks the file system, and waits as long as that does: never for the data from the engine's own loop.
    """
    try:
        found, device = os.statvfs(directory), directory.stat().st_dev
    except OSError:
        return None
    used = (found.f_blocks - found.f_bfree) * found.f_frsize
    free = found.f_bavail * found.f_frsize
    if not used + free:
        return None
    read_only = bool(found.f_flag & os.ST_RDONLY)
    return FileSystem(device, str(directory), used / (used + free), float(free), float(used + free), read_only)


@dataclass(frozen=True, slots=True)
class DiskLevels:
    """From which used fraction, and below how many free bytes, a disk is a warning or an alarm; 0 bytes for never."""

    warning: float
    alarm: float
    free_warning: float = 0.0
    free_alarm: float = 0.0

    @classmethod
    def ours(cls, settings: EngineSettings) -> Self:
        """Return those for what we write."""
        free = settings.disk_free_warning * 1e9, settings.disk_free_alarm * 1e9
        return cls(settings.disk_warning, settings.disk_alarm, *free)

    @classmethod
    def of_data(cls, settings: EngineSettings) -> Self:
        """Return those for the raw data."""
        return cls(settings.disk_data_warning, settings.disk_data_alarm)

    def level(self, used: float, free: float, before: str = "") -> str:
        """Return ``""``, ``"warning"`` or ``"alarm"``; `before` is what it was."""
        if self._reaches(self.alarm, self.free_alarm, used, free, held=before == "alarm"):
            return "alarm"
        held = before in ("warning", "alarm")
        return "warning" if self._reaches(self.warning, self.free_warning, used, free, held=held) else ""

    @staticmethod
    def _reaches(limit: float, least: float, used: float, free: float, *, held: bool) -> bool:
        return used >= limit - _BACK * held or free < least * (_BACK_BYTES if held else 1.0)


_ACTIONS: Final = {
    "state": "remove old products (Control, or `qltui clear`) or move the state directory",
    "products": "remove old products (Control, or `qltui clear`)",
    "data": "raw data is never ours to remove: tell whoever keeps it, or no more exposures will come",
}


class DiskWatch:
    """Says something once when a disk fills up, and once when there is room again."""

    def __init__(self, settings: EngineSettings) -> None:
        self._disks: dict[int, DiskView] = {}
        self.change(settings)

    def change(self, settings: EngineSettings) -> None:
        """Take other levels."""
        self._levels = {"ours": DiskLevels.ours(settings), "data": DiskLevels.of_data(settings)}

    @property
    def disks(self) -> tuple[DiskView, ...]:
        """One for each file system, that of the state first."""
        return tuple(self._disks.values())

    def look(self, measured: Iterable[tuple[str, FileSystem | None]]) -> list[tuple[str, str]]:
        """Take new measures and return level and words for the log of all that has changed.

        Parameters
        ----------
        measured : iterable of pairs
            ``"state"``, ``"products"`` or ``"data"``, and what was measured of it; of None nothing is known.
        """
        found: dict[int, tuple[tuple[str, ...], FileSystem]] = {}
        for name, system in measured:
            if system is not None and not (name == "data" and system.is_read_only and system.device not in found):
                names = found[system.device][0] if system.device in found else ()
                found[system.device] = ((*names, name), found[system.device][1] if names else system)
        before, self._disks = self._disks, {}
        news = []
        for device, (names, system) in found.items():
            old = before.get(device)
            disk = self._judge(names, system, old)
            self._disks[device] = disk
            if disk.level != (old.level if old else ""):
                news.append(_news(disk))
        return news

    def _judge(self, names: tuple[str, ...], system: FileSystem, old: DiskView | None) -> DiskView:
        levels = self._levels["data" if names == ("data",) else "ours"]
        level = levels.level(system.used, system.free, old.level if old else "")
        disk = DiskView(names, system.path, system.used, system.free, system.size, level)
        if old is not None and old.level == level:
            # The words stay as they were when the level was reached: they are told once and not at each beat.
            return replace(disk, words=old.words)
        return replace(disk, words=f"{_said(disk)}; {_ACTIONS[names[0]]}" if level else "")


def _said(disk: DiskView) -> str:
    return f"the disk of {disk.names} is {100 * disk.used:.0f} % full, {disk.free / 1e9:.1f} GB are left"


def _news(disk: DiskView) -> tuple[str, str]:
    return (disk.level, disk.words) if disk.level else ("info", f"{_said(disk)}: enough again")
