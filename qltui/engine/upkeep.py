"""What is done for the disks beside the work: how full they are is told, and what a site does not keep is removed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from qltui.engine.cleaner import BY_ITSELF, Cleaned, Cleaner
from qltui.engine.disks import DiskWatch, FileSystem, measure
from qltui.engine.logs import trim_worker_logs
from qltui.engine.settings import EngineSettings
from qltui.instruments.base import Instrument
from qltui.store.record import Store
from qltui.store.retention import Policy
from qltui.store.views import DiskView

__all__ = ["Upkeep", "policy_of"]

_FIRST: Final = 60.0
"""After the start of the engine: it has more urgent things to do [s]."""
_EVERY: Final = 3600.0
_AGAIN: Final = 60.0
"""Between two attempts to make room on a disk that is at its alarm level [s]."""
_MARGIN: Final = 0.02
"""Room is made until the used fraction is so far below the alarm level."""


def policy_of(settings: EngineSettings, instrument: Instrument) -> Policy:
    """Return how long an engine with these settings keeps what."""
    kinds = {part: tuple(item.kind for item in instrument.products if item.group in groups) for part, groups in _PARTS}
    return Policy(
        settings.keep_products,
        settings.keep_previews,
        settings.keep_spectra,
        settings.keep_logs,
        settings.keep_size * 1e9,
        kinds["previews"],
        kinds["spectra"],
    )


_PARTS: Final = (("previews", ("pictures",)), ("spectra", ("spectra", "reduced")))


class Upkeep:
    """Looks after the disks.

    Parameters
    ----------
    settings : EngineSettings
        As the engine was started; `change` takes others.
    instrument : Instrument
        Says which kinds of products are previews, and which spectra.
    store : Store
        Says what may go and is told what went.
    on_end : callable
        Told a `Cleaned`, from another thread.
    clock : callable
        One that never jumps [s].
    """

    def __init__(
        self,
        settings: EngineSettings,
        instrument: Instrument,
        store: Store,
        on_end: Callable[[Any], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._instrument = instrument
        self._clock = clock
        self._watch = DiskWatch(settings)
        self._next = clock() + _FIRST
        self.cleaner = Cleaner(store, settings.products_directory, settings.logs, on_end)

    @property
    def disks(self) -> tuple[DiskView, ...]:
        """Each file system, as it was measured last."""
        return self._watch.disks

    def change(self, settings: EngineSettings) -> None:
        """Take other settings."""
        self._settings = settings
        self._watch.change(settings)

    def look(self, data: FileSystem | None) -> list[tuple[str, str]]:
        """Look at the disks, and begin what is due; returns level and words for the log of what has changed.

        Parameters
        ----------
        data : FileSystem or None
            That of the raw data, which another thread has measured: its file server may never answer.
        """
        settings = self._settings
        ours = [("state", measure(settings.state)), ("products", measure(settings.products_directory))]
        news = self._watch.look([*ours, ("data", data)])
        trim_worker_logs(settings.logs, int(settings.log_size * 1e6))
        room = self._room() if settings.make_room else 0.0
        urgent = room > 0.0 and self._clock() >= self._next - _EVERY + _AGAIN
        if urgent or self._clock() >= self._next:
            self._next = self._clock() + _EVERY
            policy = policy_of(settings, self._instrument)
            if room or policy.size or any((policy.products, policy.previews, policy.spectra, policy.logs)):
                self.cleaner.keep_to(policy, room)
        return news

    def _room(self) -> float:
        """Return how much has to go from the disk of the products to have it below its alarm level [bytes]."""
        # As long as nothing was written there is no directory of the products, and nothing to remove.
        disk = next((disk for disk in self.disks if "products" in disk.of), None)
        if disk is None or disk.level != "alarm":
            return 0.0
        over = (disk.used - self._settings.disk_alarm + _MARGIN) * disk.size
        short = self._settings.disk_free_alarm * 1e9 * 1.2 - disk.free if self._settings.disk_free_alarm else 0.0
        return max(over, short, 1.0)

    def on_end(self, event: Cleaned) -> tuple[str, str] | None:
        """Take note of the end of a clearing; returns level and words for the log where there is something to say."""
        self.cleaner.on_end(event)
        if event.command == BY_ITSELF and not event.gone and not event.failed:
            return None
        return ("warning" if event.failed else "info"), f"disk cleared: {event.answer}"
