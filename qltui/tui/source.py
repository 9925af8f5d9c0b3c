"""Where the screens get what they show: the record, read in a thread of its own.

Screens pull; nothing pushes. All reads go through one thread, so that a slow disk never holds up a key, and the record
may well appear after the screen: until the first engine makes it there is simply nothing to show.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Protocol, TypeVar

from qltui.store.views import AlarmView, CommandView, EngineView, LogLine, MonitorView, TrendPoint

__all__ = ["NothingYet", "ReadError", "Reader", "Source", "StoreSource"]

T = TypeVar("T")

RECORD_NAME = "qltui.db"


class ReadError(Exception):
    """The record could not be read, or a request not be written: cause and action in words."""


class Source(Protocol):
    """What the Monitor asks of the record; `qltui.store.record.Store` is one."""

    def version(self) -> int:
        """Return a number that changes with everything but heartbeats."""

    def engine(self) -> EngineView:
        """Return the engine as its last beat left it."""

    def monitor_view(self, process: int | None = None) -> MonitorView:
        """Return everything that the Monitor shows, of one process or of the latest."""

    def log_lines(self, after: int = 0, limit: int = 200) -> list[LogLine]:
        """Return the last lines after number `after`, oldest first."""

    def trend(
        self,
        metric: str,
        cameras: Sequence[str] = (),
        elements: Sequence[str] = (),
        *,
        night: int | None = None,
        obstypes: Sequence[str] = (),
    ) -> list[TrendPoint]:
        """Return the values of a metric over a night, in the order of time."""

    def alarms(self, *, open_only: bool = False, limit: int = 200) -> list[AlarmView]:
        """Return the newest alarms, newest first."""

    def send_command(self, name: str, arguments: Mapping[str, Any] | None = None, who: str = "") -> int:
        """Ask the engine for something and return the number under which it answers."""

    def command(self, number: int) -> CommandView | None:
        """Return a command and its answer."""


class NothingYet:
    """A record before there is one: no engine, no exposure, no line."""

    def version(self) -> int:
        """Return a number that no record has."""
        return -1

    def engine(self) -> EngineView:
        """Return that no engine ever ran."""
        return EngineView(state="none")

    def monitor_view(self, process: int | None = None) -> MonitorView:  # noqa: ARG002
        """Return an empty picture."""
        return MonitorView(version=-1, night=None, engine=self.engine(), process=None)

    def log_lines(self, after: int = 0, limit: int = 200) -> list[LogLine]:  # noqa: ARG002
        """Return nothing."""
        return []

    def trend(self, metric: str, cameras: Sequence[str] = (), **_: Any) -> list[TrendPoint]:  # noqa: ARG002
        """Return nothing."""
        return []

    def alarms(self, *, open_only: bool = False, limit: int = 200) -> list[AlarmView]:  # noqa: ARG002
        """Return nothing."""
        return []

    def send_command(self, name: str, arguments: Mapping[str, Any] | None = None, who: str = "") -> int:  # noqa: ARG002
        """Refuse, because there is nobody to ask."""
        msg = f"cannot ask for {name!r}: no engine has run here yet"
        raise ReadError(msg)

    def command(self, number: int) -> CommandView | None:  # noqa: ARG002
        """Return that there is no such command."""
        return None


class StoreSource:
    """The record of a state directory, opened for reading as soon as it exists.

    Parameters
    ----------
    state_directory : Path
        Where the engine keeps its record.
    """

    def __init__(self, state_directory: Path) -> None:
        self._path = Path(state_directory) / RECORD_NAME
        self._store: Any = None
        self._opened: tuple[int, int] | None = None

    def _identity(self) -> tuple[int, int] | None:
        """Return which file is there; None where there is none."""
        try:
            about = self._path.stat()
        except OSError:
            return None
        return about.st_dev, about.st_ino

    def get(self) -> Source:
        """Return the record, or an empty one while there is none.

        A record that was made anew is another file under the same name: what was open would show the old one for ever.

        Raises
        ------
        StoreError
            Where there is one that cannot be read.
        """
        there = self._identity()
        if self._store is not None and there is not None and there != self._opened:
            self.close()
        if self._store is None:
            if there is None:
                return NothingYet()
            from qltui.store.errors import NoRecordError
            from qltui.store.record import Store

            try:
                self._store = Store.open(self._path, read_only=True, timeout=2.0)
            except NoRecordError:
                return NothingYet()
            self._opened = there
        return self._store

    def interrupt(self) -> None:
        """Stop what is being read; from any thread."""
        store = self._store
        if store is not None:
            store.interrupt()

    def close(self) -> None:
        """Close the record."""
        if self._store is not None:
            self._store.close()
            self._store = None


class Reader:
    """Runs reads in one thread and gives their results to the event loop.

    Parameters
    ----------
    get_source : callable
        Returns the source; called in the thread, before each read.
    close : callable
        Called in the thread at the end.
    interrupt : callable
        Stops what is being read; called in another thread.
    """

    def __init__(
        self,
        get_source: Callable[[], Source],
        close: Callable[[], None] = lambda: None,
        interrupt: Callable[[], None] = lambda: None,
    ) -> None:
        self._get_source = get_source
        self._close = close
        self.interrupt = interrupt
        self._leaving = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="record")

    async def read(self, query: Callable[[Source], T]) -> T:
        """Return what `query` makes of the source.

        Raises
        ------
        ReadError
            Where the record fails.
        """
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._ask, query)

    def _ask(self, query: Callable[[Source], T]) -> T:
        # Loaded here, in the thread: peewee must not delay the first paint.
        from qltui.store.errors import StoreError

        if self._leaving.is_set():
            msg = "the screen is being left: nothing is read any more"
            raise ReadError(msg)
        try:
            return query(self._get_source())
        except (StoreError, OSError) as error:
            raise ReadError(str(error)) from error

    def close(self, patience: float = 1.0) -> None:
        """Close the source: what is being read is stopped, what waits is dropped.

        Without that the process would live on until SQLite has answered a question that nobody asks any more.

        Parameters
        ----------
        patience : float
            How long a read that does not let itself be stopped is waited for [s]; it is then left to itself.
        """
        self._leaving.set()
        closed = self._pool.submit(self._close)
        self._pool.shutdown(wait=False)
        # A statement that begins just after an interruption would not be stopped by it: therefore again.
        until = time.monotonic() + patience
        while not closed.done() and time.monotonic() < until:
            self.interrupt()
            wait([closed], timeout=0.02)
