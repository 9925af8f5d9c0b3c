"""What faults of the machine need: limits of processes, other programs that take its time, a clock that is set."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from families import descendants
from site_of_faults import Site

from qltui.instruments.base import get_instrument

__all__ = [
    "FAKE",
    "Figures",
    "burning",
    "figures",
    "limited",
    "open_files",
    "saw",
    "set_clock",
    "size_of",
    "status",
    "with_clock",
]

FAKE: dict[str, Any] = {
    "kind": "fake",
    "cameras_off": tuple(
        camera.name for camera in get_instrument("desi").cameras if camera.name not in ("b0", "r0", "z0")
    ),
}
"""Of a fault on cameras that do what their file says: three of them, and no others that are missed."""
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Figures:
    """What an engine and its workers take: memory [bytes], open descriptors, threads, size of the record [bytes]."""

    engine: int
    workers: int
    descriptors: int
    threads: int
    record: int

    def words(self, exposures: int) -> str:
        """Return them in one line."""
        return (
            f"engine {self.engine / 1e6:.1f} MB, workers {self.workers / 1e6:.1f} MB, {self.descriptors} descriptors, "
            f"{self.threads} threads, {self.record / max(1, exposures) / 1e3:.1f} kB of the record an exposure"
        )


def figures(site: Site) -> Figures:
    """Measure the engine of a site and all processes below it."""
    assert site.engine is not None
    pid = site.engine.pid
    below = descendants(pid)
    database = site.state / "qltui.db"
    size = sum(path.stat().st_size for path in (database, database.with_name("qltui.db-wal")) if path.exists())
    return Figures(
        _resident(pid),
        sum(_resident(child) for child in below),
        sum(len(open_files(number)) for number in (pid, *below)),
        len(list(Path(f"/proc/{pid}/task").iterdir())),
        size,
    )


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def open_files(pid: int) -> list[int]:
    """Return the numbers of what a process has open."""
    return [int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()]


def size_of(pid: int) -> int:
    """Return how much address space a process has [bytes]."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()


@contextmanager
def limited(pids: Iterable[int], kind: int, limits: Iterable[int]) -> Iterator[None]:
    """Give processes limits of a kind (``resource.RLIMIT_AS``) for a while; one that ends meanwhile is left out."""
    before = {}
    for pid, limit in zip(pids, limits, strict=True):
        before[pid] = resource.prlimit(pid, kind)
        resource.prlimit(pid, kind, (limit, before[pid][1]))
    try:
        yield
    finally:
        for pid, limits_before in before.items():
            try:
                resource.prlimit(pid, kind, limits_before)
            except ProcessLookupError:
                continue


@contextmanager
def burning(count: int) -> Iterator[None]:
    """Let other programs take all the time of the processors for a while."""
    command = [sys.executable, "-S", "-c", "while True: pass"]
    burners = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


# -- the clock -----------------------------------------------------------------------------------------------------


def with_clock(site: Site) -> dict[str, str]:
    """Return the environment of processes whose clock `set_clock` sets."""
    path = os.pathsep.join([str(_HERE / "shifted_clock"), str(_HERE.parent / "engine")])
    return {"PYTHONPATH": path, "QLTUI_SHIFTED_CLOCK": str(site.root / "clock")}


def set_clock(site: Site, seconds: float) -> None:
    """Let the clock of a site be wrong by so much [s]."""
    new = site.root / "clock.new"
    new.write_text(f"{seconds}")
    new.replace(site.root / "clock")


# -- what is shown -------------------------------------------------------------------------------------------------


def status(site: Site, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """Return exit status and line of ``qltui status --line``."""
    said = subprocess.run(
        [sys.executable, "-m", "qltui", "status", "--line", "--state", str(site.state)],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | (environment or {}),
    )
    return said.returncode, (said.stdout + said.stderr).strip()


def saw(site: Site, words: str) -> None:
    """Note what the observer was shown besides what is said of single exposures."""
    site.__dict__.setdefault("also_shown", []).append(words)
