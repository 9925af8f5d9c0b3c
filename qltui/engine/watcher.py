"""Finds exposures: hints make it quick, looking through the directories makes it true.

Everything that may hang on a slow file server happens in the watcher's thread; the engine only gets to know what came
of it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from qltui.engine.disks import FileSystem, measure
from qltui.engine.hints import Hints
from qltui.engine.settle import Pending, Reconciliation, Signature, reconcile, refused, signature
from qltui.instruments.errors import IncompleteFileError, InvalidFileError
from qltui.instruments.files import Candidate
from qltui.model import Exposure
from qltui.store.errors import RecordDamagedError

__all__ = [
    "Arrived",
    "Gone",
    "Incomplete",
    "LookedThrough",
    "Watcher",
    "WatcherDied",
    "last_before",
    "nights_now",
    "nights_to_watch",
]

_LOG = logging.getLogger(__name__)
_BREATH: Final = 0.1
"""Between two looks, however many hints there are [s]."""
_LINGER: Final = 12 * 3600.0
"""A night that is not among the newest any more is watched on for so long [s]: files may arrive late."""
_HOPELESS: Final = 7 * 24 * 3600.0
"""A file that is not complete, and has not changed for so long [s], keeps nobody looking at its night any more."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A complete exposure; `backlog` says that it lay there when the engine looked for the first time."""

    exposure: Exposure
    backlog: bool


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A file that is not complete, and why; `final` says that waiting alone will not help."""

    path: str
    night: int
    expid: int
    size: int
    since: float
    reason: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class Gone:
    """A file that was not complete is not there any more."""

    path: str


@dataclass(frozen=True, slots=True)
class LookedThrough:
    """All directories have been looked through; `unsettled` files may still become ready by waiting.

    `problem` says why nothing can be seen at all; empty where all is well. `disk` is how full the data's disk is.
    """

    unsettled: int
    nights: tuple[int, ...] = ()
    problem: str = ""
    disk: FileSystem | None = None


@dataclass(frozen=True, slots=True)
class WatcherDied:
    """The watcher has a fault, perhaps a damaged record; the engine must not go on as if nothing came."""

    reason: str
    damaged: bool = False


WatcherEvent = Arrived | Incomplete | Gone | LookedThrough | WatcherDied


def nights_now(now: float) -> frozenset[int]:
    """Return the nights that it may be at a time [s since 1970], wherever on Earth the site and its noon are."""
    return frozenset(
        int(time.strftime("%Y%m%d", time.gmtime(now + 3600.0 * hours)))
        # From noon of the day before, where it is 12 h earlier than UTC, to this noon, where it is 14 h later.
        for hours in (-24.0, 0.0, 2.0)
    )


def last_before(nights: Iterable[int], now: float) -> int:
    """Return the newest of the nights that have begun at a time [s since 1970]; the newest of all where none has.

    A clock that was wrong for an hour leaves a night of the future behind, in the record and on the disk, and nothing
    that comes meanwhile is newer than that.
    """
    nights, latest = list(nights), max(nights_now(now))
    return max((night for night in nights if night <= latest), default=max(nights, default=0))


def nights_to_watch(
    on_disk: Iterable[int],
    given: tuple[int, ...],
    newest: int,
    last_known: int = 0,
    tonight: Collection[int] = (),
) -> list[int]:
    """Return the nights to watch: those given, else the newest, tonight, and what came since the last one recorded.

    Parameters
    ----------
    on_disk : iterable of int
        Nights that have a directory.
    given : tuple of int
        Nights that were asked for; watched whether they have a directory or not.
    newest : int
        How many of the newest to watch, where none were asked for.
    last_known : int
        Newest night of the record: after a stop of some nights, that one and the later ones are watched as well.
    tonight : collection of int
        Nights that it may be by the clock: watched where they have a directory, whatever is newer than they are.
    """
    if given:
        return sorted(set(given))
    nights = sorted(on_disk)
    since = [night for night in nights if last_known and night >= last_known]
    return sorted(set(nights[-newest:]) | set(since[-_CATCH_UP:]) | set(tonight).intersection(nights))


_CATCH_UP: Final = 14
"""Nights that a stopped engine catches up with, at most."""


class Watcher:
    """Looks for exposures in a thread of its own and tells what it finds.

    Parameters
    ----------
    root : Path
        Of the raw data.
    scan, inspect : callable
        The instrument's: files that look like exposures, and the first look into one.
    known : callable
        ``(night) -> {path: (size, mtime_ns)}``, what the record knows; asked once for each night.
    tell : callable
        Called with each event, from the watcher's thread.
    nights : tuple of int
        Nights to watch; empty for the newest.
    newest, last_known : int
        See `nights_to_watch`.
    settle_seconds, rescan_seconds : float
        [s].
    use_hints : bool
        Whether the file system gives hints; not over a network.
    list_nights : callable, optional
        ``(root) -> nights``, for an instrument whose files need not lie in a directory for each night.
    """

    def __init__(
        self,
        root: Path,
        scan: Callable[[Path, list[int]], list[Candidate]],
        inspect: Callable[[Path], Exposure],
        known: Callable[[int], Mapping[str, Signature]],
        tell: Callable[[WatcherEvent], None],
        *,
        nights: tuple[int, ...] = (),
        newest: int = 1,
        last_known: int = 0,
        settle_seconds: float = 2.0,
        rescan_seconds: float = 10.0,
        use_hints: bool = True,
        list_nights: Callable[[Path], list[int]] | None = None,
    ) -> None:
        self._root = root
        self._list_nights = list_nights
        self._scan = scan
        self._inspect = inspect
        self._known_of = known
        self._tell = tell
        self._given = nights
        self._newest = newest
        self._last_known = last_known
        self._settle = settle_seconds
        self._rescan = rescan_seconds
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._hints = Hints(self._wake.set) if use_hints else None
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._known: dict[int, dict[str, Signature]] = {}
        self._pending: dict[str, Pending] = {}
        self._nights: dict[int, float] = {}
        self._told: dict[str, str] = {}
        self._backlog: frozenset[str] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def look(self) -> None:
        """Look now."""
        self._wake.set()

    def close(self) -> None:
        """Stop looking. A thread that hangs on a file server is not waited for: it holds nothing of ours."""
        self._stop.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=2.0)

    # -- in the watcher's thread -----------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._wake.clear()
                problem = self._look()
                self._tell(LookedThrough(self._unsettled(), tuple(sorted(self._nights)), problem, measure(self._root)))
                self._wake.wait(self._pause())
                self._stop.wait(_BREATH)
        except Exception as error:  # noqa: BLE001 - logged whole, and the engine stops because of it
            # A thread that ends in silence would leave an engine that waits for exposures for ever.
            _LOG.exception("the watcher has failed")
            self._tell(WatcherDied(f"{type(error).__name__}: {error}", isinstance(error, RecordDamagedError)))
        finally:
            if self._hints is not None:
                self._hints.close()

    def _look(self) -> str:
        """Look through all directories once; returns why nothing can be seen, or nothing."""
        try:
            on_disk = [int(entry.name) for entry in self._root.iterdir() if _is_night(entry.name)]
            if self._list_nights is not None:
                on_disk = self._list_nights(self._root)
        except OSError as error:
            if self._hints is not None:
                self._hints.watch(())
            return f"{self._root} cannot be read: {error.strerror}; nothing can be found until it is back"
        self._choose_nights(on_disk)
        if self._hints is not None:
            # Watched before they are looked through, so that nothing falls between the two.
            directories = [self._root / f"{night:08d}" for night in self._nights]
            self._hints.watch(directories if self._list_nights is None else [self._root, *directories])
        found = self._scan(self._root, sorted(self._nights))
        if self._backlog is None:
            self._backlog = frozenset(candidate.path for candidate in found)
        self._take(
            reconcile(
                found,
                {path: value for night in self._known.values() for path, value in night.items()},
                self._pending,
                clock=time.monotonic(),
                now=time.time(),
                settle_seconds=self._settle,
            )
        )
        return ""

    def _choose_nights(self, on_disk: list[int]) -> None:
        clock = time.monotonic()
        tonight = nights_now(time.time())
        for night in nights_to_watch(on_disk, self._given, self._newest, self._last_known, tonight):
            if night not in self._nights:
                self._known[night] = dict(self._known_of(night))
            self._nights[night] = clock
        waiting = self._pending.values()
        busy = {entry.candidate.night for entry in waiting if clock - entry.unchanged_since < _HOPELESS}
        for night, last in list(self._nights.items()):
            if clock - last > _LINGER and night not in busy:
                self._leave(night)

    def _leave(self, night: int) -> None:
        """Look at a night no more, and keep nothing of it; what is not complete stays so in the record."""
        del self._nights[night]
        self._known.pop(night, None)
        for path in [path for path, entry in self._pending.items() if entry.candidate.night == night]:
            del self._pending[path]
            self._told.pop(path, None)

    def _take(self, result: Reconciliation) -> None:
        self._pending = dict(result.pending)
        for path in result.gone:
            self._forget(path)
        for candidate in result.ready:
            if self._stop.is_set():
                return
            self._look_into(candidate)

    def _look_into(self, candidate: Candidate) -> None:
        """Take the first look into a file that seems complete."""
        final = False
        try:
            exposure = self._inspect(Path(candidate.path))
        except FileNotFoundError:
            return  # gone since we looked: the next look knows
        except IncompleteFileError as error:
            reason = str(error)
        except OSError as error:
            reason = f"cannot be read: {error.strerror or error}"
        except InvalidFileError as error:
            reason, final = str(error), True
        except Exception as error:  # noqa: BLE001 - logged whole, and shown as this file's reason
            # One file that we stumble over must not hide all that come after it.
            _LOG.exception("fault while looking into %s", candidate.path)
            reason, final = f"internal error, {type(error).__name__}: {error}; engine.log has the whole of it", True
        else:
            # What is recorded is what was seen before the look: a change meanwhile is a revision of its own.
            size, mtime_ns = signature(candidate)
            self._known.setdefault(candidate.night, {})[candidate.path] = size, mtime_ns
            self._pending.pop(candidate.path)
            self._forget(candidate.path)
            self._tell(
                Arrived(
                    replace(exposure, size=size, mtime_ns=mtime_ns), backlog=candidate.path in (self._backlog or ())
                )
            )
            return
        entry = refused(self._pending[candidate.path], reason, time.monotonic(), may_become_good=not final)
        self._pending[candidate.path] = entry
        self._say(entry, final=final)

    def _say(self, entry: Pending, *, final: bool) -> None:
        """Tell of a file that is not complete, once for each reason."""
        path, night, expid = entry.candidate.path, entry.candidate.night, entry.candidate.expid
        if self._told.get(path) != entry.reason:
            self._told[path] = entry.reason
            self._tell(Incomplete(path, night, expid, entry.candidate.size, entry.since, entry.reason, final))

    def _forget(self, path: str) -> None:
        if self._told.pop(path, None) is not None:
            self._tell(Gone(path))

    def _unsettled(self) -> int:
        """Return how many files have not been looked into yet."""
        return sum(not entry.reason for entry in self._pending.values())

    def _pause(self) -> float:
        """Return how long nothing is due [s]."""
        due = min((entry.due(self._settle) for entry in self._pending.values()), default=float("inf"))
        return max(0.0, min(self._rescan, due - time.monotonic()))


def _is_night(name: str) -> bool:
    return len(name) == 8 and name.isascii() and name.isdigit()
