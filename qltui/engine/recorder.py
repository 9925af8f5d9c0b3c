"""What is to be written into the record, kept until it is: a full disk delays the record, it does not end the night."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from qltui.store.errors import RecordDamagedError, StoreError
from qltui.store.record import Store
from qltui.store.views import LogLine

__all__ = ["Recorder"]

_LOG = logging.getLogger(__name__)
_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "alarm": logging.WARNING, "error": logging.ERROR}


class Recorder:
    """Collects writes and makes one transaction of them.

    Parameters
    ----------
    store : Store
        The record.
    on_log : callable, optional
        Told each line of the night's log when it is in the record.

    Attributes
    ----------
    trouble : str
        Why the record could not be written, in words; empty where it could.
    damaged : bool
        Whether it never will be: nothing that is kept here comes into this record any more.
    """

    def __init__(self, store: Store, on_log: Callable[[LogLine], None] | None = None) -> None:
        self._store = store
        self._on_log = on_log
        self._calls: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = []
        self._lines: list[LogLine] = []
        self._count = 0
        self.trouble = ""
        self.damaged = False

    def add(self, write: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Write this with the next transaction; methods that take `now` are given the time of this call."""
        self._calls.append((write, args, kwargs))

    def log(
        self, level: str, text: str, expid: int | None = None, camera: str = "", process: int | None = None
    ) -> None:
        """Write a line of the night's log, and of the engine's own."""
        now = time.time()
        prefix = f"{expid} " if expid is not None and str(expid) not in text else ""
        _LOG.log(_LEVELS[level], "%s%s", prefix, text)
        self.add(self._store.log, level, text, expid, camera, process, now)
        if self._on_log is not None:
            self._count += 1
            self._lines.append(LogLine(self._count, now, level, text, expid, camera))

    def flush(self) -> bool:
        """Write all that has been collected; returns whether it is in the record.

        Where SQLite refuses, it is all kept for the next time. A write that is wrong in itself is left out, so that
        it cannot hold up the others for ever.
        """
        if not self._calls:
            return not self.trouble or self._try_again()
        try:
            with self._store.transaction():
                for write, args, kwargs in self._calls:
                    write(*args, **kwargs)
        except StoreError as error:
            return self._failed(error)
        except (ValueError, KeyError, TypeError):
            return self._one_by_one()
        self._calls.clear()
        self._well()
        self._tell_lines()
        return True

    def _tell_lines(self) -> None:
        """Tell what is in the record now."""
        lines, self._lines = self._lines, []
        if self._on_log is not None:
            for line in lines:
                self._on_log(line)

    def _try_again(self) -> bool:
        """Find out whether the record can be written again."""
        try:
            with self._store.transaction():
                pass
        except StoreError as error:
            return self._failed(error)
        self._well()
        return True

    def _one_by_one(self) -> bool:
        """Write what can be written, each in a transaction of its own."""
        while self._calls:
            write, args, kwargs = self._calls[0]
            try:
                write(*args, **kwargs)
            except StoreError as error:
                return self._failed(error)
            except (ValueError, KeyError, TypeError):
                _LOG.exception("could not be recorded: %s%r", getattr(write, "__name__", write), args)
            del self._calls[0]
        self._well()
        self._tell_lines()
        return True

    def _failed(self, error: StoreError) -> bool:
        if self.trouble != str(error):
            _LOG.error("%s; what was not written is kept and tried again", error)
        self.trouble = str(error)
        self.damaged = self.damaged or isinstance(error, RecordDamagedError)
        return False

    def _well(self) -> None:
        if self.trouble:
            _LOG.info("the record can be written again")
        self.trouble = ""
