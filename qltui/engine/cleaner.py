"""Clearing the disk beside the work: a thread of its own, because a season of products takes a while to remove."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from qltui.store import retention, usage
from qltui.store.errors import StoreError
from qltui.store.record import Store
from qltui.store.retention import Policy, Rule
from qltui.store.usage import Cleared, OldLog, OldProduct

__all__ = ["BY_ITSELF", "Cleaned", "Cleaner", "remove_inside"]

_DAY: Final = 86400.0
BY_ITSELF: Final = 0
"""Number of the command that nobody gave."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A clearing has come to its end; `answer` says what of it, and `failed` whether it was cut short.

    `gone` is how many files and lines went.
    """

    command: int
    answer: str
    failed: bool = False
    gone: int = 0


def remove_inside(root: Path, path: str | Path) -> int:
    """Remove a file below `root` and return how many bytes it had; no link is followed on the way.

    Raises
    ------
    OSError
        Where it lies elsewhere, is no plain file, is not there, or may not be removed.
    """
    place_of, inside = Path(path).absolute(), root.absolute()
    # Not resolved: a link on the way must be refused, not followed to see where it leads.
    if ".." in place_of.parts or inside not in place_of.parents:
        msg = f"{path} is not below {root}"
        raise PermissionError(msg)
    parts = place_of.relative_to(inside).parts
    with contextlib.ExitStack() as stack:
        place = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        stack.callback(os.close, place)
        for part in parts[:-1]:
            place = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
            stack.callback(os.close, place)
        about = os.stat(parts[-1], dir_fd=place, follow_symlinks=False)
        if not stat.S_ISREG(about.st_mode):
            msg = f"{path} is no plain file"
            raise PermissionError(msg)
        os.unlink(parts[-1], dir_fd=place)
    return about.st_size


class Cleaner:
    """Removes what is old, one request after the other.

    Parameters
    ----------
    store : Store
        Says what may go and is told what went.
    products, logs : Path
        Below which alone anything is removed.
    on_end : callable
        Told a `Cleaned`, from another thread.
    """

    def __init__(self, store: Store, products: Path, logs: Path, on_end: Callable[[Any], None]) -> None:
        self._store = store
        self._products = products
        self._logs = logs
        self._on_end = on_end
        self._threads: dict[int, threading.Thread] = {}
        self._turn = threading.Lock()
        self._ending = threading.Event()

    @property
    def busy(self) -> frozenset[int]:
        """Numbers of the commands that are not done yet."""
        return frozenset(self._threads)

    def start(self, command: int, kinds: Sequence[str], days: int, who: str) -> None:
        """Begin to remove what is older than `days`."""
        thread = threading.Thread(target=self._run, args=(command, tuple(kinds), days, who), name="cleaner")
        self._threads[command] = thread
        thread.start()

    def keep_to(self, policy: Policy, room: float = 0.0) -> None:
        """Begin to remove what the rules of a site let go; `room` bytes of the oldest products besides."""
        if BY_ITSELF in self._threads:
            return
        thread = threading.Thread(target=self._keep, args=(policy, room), name="cleaner")
        self._threads[BY_ITSELF] = thread
        thread.start()

    def on_end(self, cleaned: Cleaned) -> None:
        """Take note of an end."""
        thread = self._threads.pop(cleaned.command, None)
        if thread is not None:
            thread.join()

    def close(self) -> None:
        """Stop at the next file, and wait for that."""
        self._ending.set()
        for thread in self._threads.values():
            thread.join()
        self._threads.clear()

    def _run(self, command: int, kinds: tuple[str, ...], days: int, who: str) -> None:
        before = time.time() - days * _DAY

        def clear(counts: _Counts) -> None:
            if "products" in kinds:
                self._clear_products(before, counts)
            if "logs" in kinds:
                self._clear_logs(before, counts)
            self._note(who, kinds, before, counts)

        self._do(command, clear)

    def _keep(self, policy: Policy, room: float) -> None:
        now = time.time()

        def clear(counts: _Counts) -> None:
            for rule in retention.rules_of(policy):
                self._clear_rule(rule, now, counts)
            excess = self._store.ask(retention.total_size) - policy.size if policy.size else 0.0
            self._clear_rule(retention.EVERYTHING, now, counts, max(excess, room - counts.bytes))
            if policy.logs:
                self._clear_logs(now - policy.logs * _DAY, counts)
            if counts.files or counts.lines:
                self._note("retention", usage.CLEARED, now, counts)

        self._do(BY_ITSELF, clear)

    def _do(self, command: int, clear: Callable[[_Counts], None]) -> None:
        """Clear when it is its turn, and tell what came of it."""
        counts = _Counts()
        problem = ""
        try:
            with self._turn:
                clear(counts)
        except StoreError as error:
            problem = str(error)
        finally:
            self._store.close_thread()
        words = counts.words(problem, cut=self._ending.is_set())
        self._on_end(Cleaned(command, words, bool(problem), counts.files + counts.lines))

    def _note(self, who: str, kinds: tuple[str, ...], before: float, counts: _Counts) -> None:
        cleared = Cleared(time.time(), who, kinds, before, counts.files, counts.bytes, counts.lines)
        self._store.tell(usage.note_cleaning, cleared)

    def _clear_rule(self, rule: Rule, now: float, counts: _Counts, most: float = float("inf")) -> None:
        """Remove what a rule lets go, the oldest first, until `most` bytes are gone."""
        until, place = counts.bytes + most, (-1e300, 0)
        while counts.bytes < until and not self._ending.is_set():
            found = self._store.ask(retention.expired, rule, now, place)
            if not found:
                return
            place = found[-1].created, found[-1].number
            gone = []
            for product in found:
                if counts.bytes >= until or self._ending.is_set():
                    break
                if self._remove(product, counts):
                    gone.append(product.number)
            if gone:
                self._store.tell(usage.mark_removed, gone)

    def _clear_products(self, before: float, counts: _Counts) -> None:
        place: tuple[float, int] | None = (-1e300, 0)
        while place is not None and not self._ending.is_set():
            found, place = self._store.ask(usage.old_products, before, place)
            gone = [product.number for product in found if not self._ending.is_set() and self._remove(product, counts)]
            if gone:
                self._store.tell(usage.mark_removed, gone)

    def _remove(self, product: OldProduct, counts: _Counts) -> bool:
        """Remove the file of a product; returns whether it is gone."""
        try:
            counts.add(remove_inside(self._products, product.path))
        except FileNotFoundError:
            return True
        except OSError as error:
            counts.refuse(str(error))
            return False
        self._prune(Path(product.path).parent)
        return True

    def _prune(self, directory: Path) -> None:
        """Remove directories that have become empty."""
        with contextlib.suppress(OSError):
            while self._products in directory.parents:
                directory.rmdir()
                directory = directory.parent

    def _clear_logs(self, before: float, counts: _Counts) -> None:
        for log in usage.old_logs(self._logs, before):
            if self._ending.is_set():
                return
            self._remove_log(log, counts)
        while not self._ending.is_set():
            lines = self._store.tell(usage.forget_lines, before)
            counts.lines += lines
            if not lines:
                return

    def _remove_log(self, log: OldLog, counts: _Counts) -> None:
        try:
            if log.is_open:
                # A worker holds it open for appending, and would write on into a file without a name.
                descriptor = os.open(log.path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
                os.close(descriptor)
                counts.add(log.size)
            else:
                counts.add(remove_inside(self._logs, log.path))
        except OSError as error:
            counts.refuse(str(error))


@dataclass(slots=True)
class _Counts:
    """What went, and what would not."""

    files: int = 0
    bytes: int = 0
    lines: int = 0
    refused: int = 0
    reason: str = ""

    def add(self, size: int) -> None:
        self.files += 1
        self.bytes += size

    def refuse(self, reason: str) -> None:
        self.refused += 1
        self.reason = self.reason or reason

    def words(self, problem: str, *, cut: bool) -> str:
        """Return the answer."""
        parts = [f"{self.files} files ({_size(self.bytes)}) and {self.lines} lines of the log removed"]
        if self.refused:
            parts.append(f"{self.refused} could not be ({self.reason})")
        if problem:
            parts.append(f"then the record failed: {problem}")
        elif cut:
            parts.append("cut short by the end of the engine; ask again for the rest")
        return "; ".join(parts)


def _size(count: int) -> str:
    """Return a number of bytes for people."""
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000.0:
            break
        value, unit = value / 1000.0, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
