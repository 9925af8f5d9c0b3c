"""Hints that something has changed in a few directories: quick where they come, and never the truth.

The kernel loses what happens in directories that were made a moment ago, and says nothing when a watched one is
deleted and made again; so whoever listens must look for himself now and then.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

__all__ = ["Hints"]

_LOG = logging.getLogger(__name__)
_DEBOUNCE: Final = 100
"""Time within which changes are told together [ms]."""


class Hints:
    """Watches directories in a thread of its own and calls `on_change` when something happens below them.

    Parameters
    ----------
    on_change : callable
        Called from that thread.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._watched: frozenset[str] = frozenset()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._complained = False

    def watch(self, directories: Iterable[Path]) -> None:
        """Watch these directories, and no others; those that are not there are left out."""
        wanted = frozenset(str(directory) for directory in directories if directory.is_dir())
        if wanted == self._watched and (self._thread is None or self._thread.is_alive()):
            return
        self.close()
        self._watched = wanted
        if not wanted:
            return
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(tuple(sorted(wanted)), self._stop), name="hints", daemon=True
        )
        try:
            self._thread.start()
        except RuntimeError:
            # No thread to be had: looking now and then still finds everything, and tries this again.
            self._thread, self._watched = None, frozenset()

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._watched = frozenset()

    def _run(self, directories: tuple[str, ...], stop: threading.Event) -> None:
        from watchfiles import watch

        try:
            for _ in watch(
                *directories,
                watch_filter=None,
                debounce=_DEBOUNCE,
                stop_event=stop,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                self._on_change()
        except OSError as error:
            # Out of watches, or the directory went away: looking now and then still finds everything.
            if not self._complained:
                self._complained = True
                _LOG.warning("no hints from the file system (%s); files are found by looking for them", error)
