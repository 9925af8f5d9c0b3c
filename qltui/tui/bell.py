"""The terminal's bell: rung once for each exposure and cause that calls for somebody, and for a disk that is full."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from qltui.model import Status
from qltui.store.views import AlarmView, DiskView
from qltui.tui.memory import Memory
from qltui.tui.source import Reader, ReadError

if TYPE_CHECKING:
    from qltui.config import Config

__all__ = ["BELL_KEY", "AlarmBell", "Heard", "hear"]

BELL_KEY: Final = "alarms.bell"
"""Of the memory: whether the bell is on."""

_LOOKED_AT: Final = 200
"""Open alarms that are looked at: more at once are no louder."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Exposures and causes that have been heard of in this run, and disks that are at their alarm level."""

    causes: frozenset[tuple[int, str]] = frozenset()
    disks: frozenset[str] = frozenset()


def hear(
    before: Heard | None,
    alarms: Iterable[AlarmView],
    levels: Collection[Status] = (Status.ALARM,),
    disks: Iterable[DiskView] = (),
) -> tuple[bool, Heard]:
    """Return whether the bell rings, and what has been heard of since.

    Parameters
    ----------
    before : Heard or None
        What was heard before; None at the first look, which is always silent: who comes to a night that is
        bad already reads of it on the screen.
    alarms : iterable of AlarmView
        That are open now: neither acknowledged nor muted.
    levels : collection of Status
        For which of them it rings.
    disks : iterable of DiskView
        As they are now; one that was cleared and fills again is heard again.
    """
    full = frozenset(disk.names for disk in disks if disk.level == "alarm")
    causes = frozenset((alarm.expid, alarm.cause) for alarm in alarms if alarm.status in levels)
    if before is None:
        return False, Heard(causes, full)
    return bool(causes - before.causes or full - before.disks), Heard(before.causes | causes, full)


class AlarmBell:
    """Listens for alarms behind whatever screen is shown.

    Parameters
    ----------
    memory : Memory
        Keeps whether the observer wants to hear it.
    is_on : bool
        Whether it is on before anybody has chosen, as the site's settings say.
    levels : collection of Status
        For which alarms it rings.
    """

    def __init__(self, memory: Memory, *, is_on: bool = True, levels: Collection[Status] = (Status.ALARM,)) -> None:
        self._memory = memory
        self._first = is_on
        self._levels = frozenset(levels)
        self._version: int | None = None
        self._heard: Heard | None = None

    @classmethod
    def of_site(cls, memory: Memory, config: Config | None) -> AlarmBell:
        """Return the bell as the site's settings have it, until the observer switches it."""
        if config is None:
            return cls(memory)
        return cls(memory, is_on=config.alarms.bell, levels=[Status(word) for word in config.alarms.levels])

    @property
    def is_on(self) -> bool:
        """Whether new alarms are heard."""
        return self._memory.get(BELL_KEY, self._first)

    def toggle(self) -> bool:
        """Switch it on or off, and return which."""
        self._memory.set(BELL_KEY, not self.is_on)
        return self.is_on

    async def listen(self, reader: Reader, ring: Callable[[], None]) -> bool:
        """Look for alarms where the record has changed, and call `ring` for what is new; return whether it did.

        A record that cannot be read is the business of the screen, which says so.
        """
        seen = self._version

        def look(source: Any) -> tuple[int, list[AlarmView], Sequence[DiskView]] | None:
            version = source.version()
            if version == seen or version < 0:
                return None
            return version, source.alarms(open_only=True, limit=_LOOKED_AT), source.engine().disks

        try:
            found = await reader.read(look)
        except ReadError:
            return False
        if found is None:
            return False
        self._version, alarms, disks = found
        rings, self._heard = hear(self._heard, alarms, self._levels, disks)
        if rings and self.is_on:
            ring()
            return True
        return False
