"""Exports beside the work: after each process, where the configuration says so, by a program of its own.

One at a time and with more courtesy than the workers, so that no reduction waits for it. What fails is said and can be
done again by hand: `qltui export` goes on where it stopped.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from qltui.engine.settings import EngineSettings
from qltui.model import Exposure

__all__ = ["Exported", "Exporter"]

_COURTESY: Final = 15
_LAST_WORDS: Final = 300
"""Characters of what a failed export has said."""
_GRACE: Final = 5.0
"""How long an export may take to end when the engine does [s]."""


@dataclass(frozen=True, slots=True)
class Exported:
    """An export has ended; `said` is the end of what it printed."""

    process: int
    expid: int
    status: int
    said: str


class Exporter:
    """Exports processes one after the other, as long as `settings` name a directory.

    Parameters
    ----------
    settings : EngineSettings
        May be changed at any time; holds for the next process that ends.
    on_end : callable
        Told an `Exported`, from another thread.
    """

    def __init__(self, settings: EngineSettings, on_end: Callable[[Any], None]) -> None:
        self.settings = settings
        self._on_end = on_end
        self._waiting: deque[tuple[int, int]] = deque()
        self._running: tuple[int, subprocess.Popen[str], threading.Thread] | None = None

    @property
    def busy(self) -> bool:
        """Whether something is exported or waits for it."""
        return self._running is not None or bool(self._waiting)

    def add(self, process: int, exposure: Exposure) -> None:
        """Take note of a process that has ended."""
        wanted = self.settings.export_obstypes
        if self.settings.export_to and (not wanted or exposure.obstype in wanted):
            self._waiting.append((process, exposure.expid))

    def begin(self) -> None:
        """Begin the next export where none runs; to be called when the record knows that its process has ended."""
        if self._running is not None or not self._waiting:
            return
        process, expid = self._waiting.popleft()
        settings = self.settings
        place = str(Path(settings.export_to).expanduser().absolute())
        words = ["--process", str(process), "--to", place, "--state", settings.state_directory]
        words += ["--what", ",".join(settings.export_what)] if settings.export_what else []
        try:
            child = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "qltui", "export", *words, "--slots", "1"],
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
            self._on_end(Exported(process, expid, -1, str(error)))
            return
        thread = threading.Thread(target=self._wait, args=(process, expid, child), name="exporter")
        self._running = process, child, thread
        thread.start()

    def _wait(self, process: int, expid: int, child: subprocess.Popen[str]) -> None:
        _, said = child.communicate()
        self._on_end(Exported(process, expid, child.returncode, said.strip()[-_LAST_WORDS:]))

    def on_end(self, exported: Exported) -> tuple[str, str]:
        """Take note of an end; returns level and words for the log."""
        if self._running is not None and self._running[0] == exported.process:
            self._running[2].join()
            self._running = None
        name = f"exposure {exported.expid}, process {exported.process}"
        place = self.settings.export_to
        if exported.status == 0:
            return "info", f"{name} exported to {place}"
        again = f"qltui export --process {exported.process} --to {place}"
        if exported.status == 1:
            return "warning", f"{name} exported to {place}, but not all of it: see its product log"
        return "error", f"{name} was not exported: {exported.said or f'status {exported.status}'}; `{again}` goes on"

    def close(self) -> list[str]:
        """Stop, and return in words what was not exported."""
        left = [f"process {process} (exposure {expid})" for process, expid in self._waiting]
        self._waiting.clear()
        if self._running is not None:
            process, child, thread = self._running
            child.send_signal(signal.SIGINT)
            thread.join(_GRACE)
            if thread.is_alive():
                child.kill()
                thread.join()
            if child.returncode != 0:
                left.insert(0, f"process {process}")
            self._running = None
        if not left:
            return []
        place = self.settings.export_to
        return [f"not exported before the end: {', '.join(left)}; `qltui export --process N --to {place}` does it"]
