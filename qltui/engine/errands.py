"""Errands beside the work, by programs of their own: exports of processes that have ended, and copies of the record.

One at a time and with more courtesy than the workers, so that no reduction waits for it. What fails is said and can be
done again by hand, by the command that is named.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from qltui.engine.settings import EngineSettings
from qltui.model import Exposure

__all__ = ["Errand", "ErrandEnded", "Errands"]

_COURTESY: Final = 15
_LAST_WORDS: Final = 300
"""Characters of what a program has said that failed."""
_GRACE: Final = 5.0
"""How long a program may take to end when the engine does [s]."""
_FIRST_BACKUP: Final = 300.0
"""After the start of the engine [s], where no copy is there yet: a restart is no reason for one."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be done.

    Attributes
    ----------
    words : tuple of str
        Of the command line, behind ``qltui``.
    done, failed : str
        For the log: when it is done, and how a failure begins.
    again : str
        The command that does it by hand.
    """

    words: tuple[str, ...]
    done: str
    failed: str
    again: str


@dataclass(frozen=True, slots=True)
class ErrandEnded:
    """An errand has come to its end; `said` is the end of what its program printed."""

    errand: Errand
    status: int
    said: str


class Errands:
    """Does errands one after the other.

    Parameters
    ----------
    settings : EngineSettings
        May be changed at any time; holds for what is added afterwards.
    on_end : callable
        Told an `ErrandEnded`, from another thread.
    clock : callable
        One that never jumps [s].
    """

    def __init__(
        self, settings: EngineSettings, on_end: Callable[[Any], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings
        self._on_end = on_end
        self._clock = clock
        self._waiting: deque[Errand] = deque()
        self._running: tuple[Errand, subprocess.Popen[str], threading.Thread] | None = None
        age = _age_of_newest(settings.state / "backup")
        self._last_backup = clock() - (60.0 * settings.backup_every - _FIRST_BACKUP if age is None else age)

    @property
    def busy(self) -> bool:
        """Whether something is done or waits for it."""
        return self._running is not None or bool(self._waiting)

    def add(self, process: int, exposure: Exposure) -> None:
        """Take note of a process that has ended."""
        settings = self.settings
        if not settings.export_to or (settings.export_obstypes and exposure.obstype not in settings.export_obstypes):
            return
        place = str(Path(settings.export_to).expanduser().absolute())
        words = ["export", "--process", str(process), "--to", place, "--slots", "1"]
        words += ["--what", ",".join(settings.export_what)] if settings.export_what else []
        name = f"exposure {exposure.expid}, process {process}"
        again = f"qltui export --process {process} --to {settings.export_to}"
        where = settings.export_to
        self._waiting.append(Errand(tuple(words), f"{name} exported to {where}", f"{name} was not exported", again))

    def begin(self) -> None:
        """Begin the next one where none runs; to be called when the record knows what it is about."""
        if self._running is not None:
            return
        if not self._waiting and self._backup_is_due():
            self._last_backup = self._clock()
            keep = str(self.settings.backup_keep)
            words = ("db", "backup", "--keep", keep)
            self._waiting.append(Errand(words, "the record was copied", "the record was not copied", "qltui db backup"))
        if self._waiting:
            self._start(self._waiting.popleft())

    def _backup_is_due(self) -> bool:
        every = 60.0 * self.settings.backup_every
        return every > 0.0 and self._clock() - self._last_backup >= every

    def _start(self, errand: Errand) -> None:
        settings = self.settings
        try:
            child = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "qltui", *errand.words, "--state", settings.state_directory],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
                env={**os.environ, "QLTUI_SITE_INSTRUMENT": settings.instrument},
            )
            os.setpriority(os.PRIO_PROCESS, child.pid, _COURTESY)
        except OSError as error:
            self._on_end(ErrandEnded(errand, -1, str(error)))
            return
        thread = threading.Thread(target=self._wait, args=(errand, child), name="errand")
        self._running = errand, child, thread
        thread.start()

    def _wait(self, errand: Errand, child: subprocess.Popen[str]) -> None:
        _, said = child.communicate()
        self._on_end(ErrandEnded(errand, child.returncode, " ".join(said.split())[-_LAST_WORDS:]))

    def on_end(self, ended: ErrandEnded) -> tuple[str, str]:
        """Take note of an end; returns level and words for the log."""
        if self._running is not None and self._running[0] is ended.errand:
            self._running[2].join()
            self._running = None
        errand = ended.errand
        if ended.status == 0:
            return "info", errand.done
        if ended.status == 1:
            return "warning", f"{errand.done}, but not all of it: see its product log"
        return "error", f"{errand.failed}: {ended.said or f'status {ended.status}'}; `{errand.again}` does it"

    def close(self) -> list[str]:
        """Stop, and return in words what was not done."""
        left = list(self._waiting)
        self._waiting.clear()
        if self._running is not None:
            errand, child, thread = self._running
            child.send_signal(signal.SIGINT)
            thread.join(_GRACE)
            if thread.is_alive():
                child.kill()
                thread.join()
            if child.returncode != 0:
                left.insert(0, errand)
            self._running = None
        return [f"{errand.failed} before the end; `{errand.again}` does it" for errand in left]


def _age_of_newest(directory: Path) -> float | None:
    """Return how old the newest copy is [s]; None where there is none, 0 for one of a future that a clock had."""
    try:
        newest = max((path.stat().st_mtime for path in directory.glob("qltui-*.db")), default=None)
    except OSError:
        return None
    return None if newest is None else max(0.0, time.time() - newest)
