"""The watcher of an engine: what it looks for, by instrument, settings and record."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qltui.engine.settings import EngineSettings
from qltui.engine.watcher import Watcher, last_before
from qltui.instruments.base import Instrument, resolve
from qltui.store.filesystem import network_filesystem
from qltui.store.record import Store

__all__ = ["watcher_for"]


def watcher_for(settings: EngineSettings, instrument: Instrument, store: Store, put: Callable[[Any], None]) -> Watcher:
    """Return the watcher that an engine needs; it is not started yet.

    Parameters
    ----------
    settings : EngineSettings
        Where the raw data lies, which nights are watched and how often.
    instrument : Instrument
        Knows its files.
    store : Store
        Knows which of them have been dealt with.
    put : callable
        Told what is found, from the watcher's threads.
    """

    def known(night: int) -> dict[str, tuple[int, int]]:
        try:
            found = store.known(instrument.name, night)
        finally:
            store.close_thread()
        # Recorded, but neither in the queue nor held: the engine was killed between the two.
        return {path: (item.size, item.mtime_ns) for path, item in found.items() if item.state}

    root = Path(settings.data_directory)
    return Watcher(
        root,
        resolve(instrument.scan),
        resolve(instrument.inspect),
        known,
        put,
        nights=settings.nights,
        newest=settings.newest_nights,
        last_known=last_before(store.nights(instrument.name), time.time()),
        settle_seconds=settings.settle_seconds,
        rescan_seconds=settings.rescan_seconds,
        use_hints=not network_filesystem(root),
        list_nights=resolve(instrument.list_nights) if instrument.list_nights else None,
    )
