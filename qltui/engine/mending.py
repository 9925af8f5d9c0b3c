"""A record that is damaged or gone while an engine runs, or when it starts: made anew, and the night goes on."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from qltui.engine.settings import EngineSettings
from qltui.engine.stopping import DAMAGED
from qltui.store.errors import RecordDamagedError, StoreError
from qltui.store.keeping import check_readable
from qltui.store.record import Store
from qltui.store.repair import is_empty, repair

__all__ = ["RecordPlace", "run_mending"]

_LOG = logging.getLogger(__name__)

_MOST: Final = 3
"""Times that a record is made anew..."""
_WITHIN: Final = 3600.0
"""... in so long [s]: where it is damaged again and again the disk is failing, and a person has to look."""


_LOOK_SECONDS: Final = 5.0
"""How often a record is read as others do, which takes 2 ms."""


class RecordPlace:
    """Tells whether the file that an engine has open is still the one that everybody else finds, and can read.

    Parameters
    ----------
    path : Path
        The record, which is there.
    clock : callable
        One that never jumps [s].
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._is = self._identity()
        self._next = 0.0

    def look(self) -> None:
        """Read the record from time to time as others do.

        Raises
        ------
        RecordDamagedError
            Where others find it damaged. A lock or a full disk is told by whoever writes.
        """
        if self._clock() < self._next:
            return
        self._next = self._clock() + _LOOK_SECONDS
        try:
            check_readable(self._path)
        except RecordDamagedError:
            raise
        except StoreError as error:
            _LOG.debug("the record cannot be read by others: %s", error)

    def _identity(self) -> tuple[int, int] | None:
        try:
            about = self._path.stat()
        except OSError:
            return None
        return about.st_dev, about.st_ino

    @property
    def is_lost(self) -> bool:
        """Whether it has been removed, or another file has been put in its place."""
        return self._is is not None and self._identity() != self._is


def run_mending(
    settings: EngineSettings,
    run: Callable[[Store, str], int],
    *,
    timeout: float,
    clock: Callable[[], float] = time.time,
) -> int:
    """Open the record and run an engine on it; where it turns out to be damaged, make it anew and run another one.

    Parameters
    ----------
    settings : EngineSettings
        Where the record is.
    run : callable
        Told the record, and what was mended in words (empty where nothing was); returns the exit status of an engine,
        `DAMAGED` where that could not go on.
    timeout : float
        How long to wait for a lock of the record [s].
    clock : callable
        [s since 1970].

    Raises
    ------
    StoreError
        Where the record cannot be opened or made anew, or is damaged again and again.
    """
    mended: deque[float] = deque()
    words = ""
    while True:
        try:
            with Store.open(settings.database, timeout=timeout) as store:
                status = run(store, words)
                if status != DAMAGED:
                    return status
                words = _restore(store, settings.database)
        except RecordDamagedError as error:
            _LOG.error("%s", error)
            words = ""
        if words:
            continue
        now = clock()
        mended.append(now)
        while now - mended[0] > _WITHIN:
            mended.popleft()
        if len(mended) > _MOST:
            msg = (
                f"{settings.database} was damaged {len(mended)} times within an hour: its disk is failing; "
                "choose another state directory with --state"
            )
            raise RecordDamagedError(msg)
        words = repair(settings.database, settings.state / "backup", now).words
        _LOG.error("%s", words)


def _restore(store: Store, path: Path) -> str:
    """Write a record that was removed, but is still open, to its place again; returns what was done, or nothing."""
    if not is_empty(path):
        return ""
    temporary = path.with_name(f".{path.name}.restored")
    temporary.unlink(missing_ok=True)
    try:
        store.write_copy(temporary)
    except StoreError as error:
        _LOG.error("what was removed cannot be saved: %s", error)
        return ""
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    temporary.replace(path)
    words = f"{path} was removed while the engine worked; all of it was written to its place again"
    _LOG.error("%s", words)
    return words
