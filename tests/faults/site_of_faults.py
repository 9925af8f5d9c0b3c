"""A site with an engine of its own, its data directory, and an account of every exposure that comes in."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from looking_in import FINAL, ExposureSeen, Record, RecordWatch
from makers import KINDS, numbers

from qltui.engine.settings import EngineSettings
from qltui.instruments.base import get_instrument

__all__ = ["ANY", "Entered", "Site", "SkipFaultError"]

_HERE: Final = Path(__file__).resolve().parent
_MARK: Final = "QLTUI_FAULTS_SITE"
_LOOK: Final = 0.02
PATIENCE: Final = float(os.environ.get("QLTUI_FAULTS_PATIENCE", "60"))
"""For whatever a loaded machine has to do [s]; nothing waits that long where all is well."""
ANY: Final = frozenset(
    {"NORMAL", "WARNING", "ALARM", "UNKNOWN", "FAILED", "MISSING", "CANCELLED", "NOT_CHECKED", "incomplete"}
)
"""Whatever may be said of an exposure: it has a result, or a state and a reason."""


class SkipFaultError(Exception):
    """What a fault needs is not possible on this machine."""


@dataclass
class Entered:
    """One exposure that came in.

    Attributes
    ----------
    expid, night : int
    good : bool
        False where NORMAL would be wrong.
    allowed : frozenset of str
        What may come of it: statuses, ``"incomplete"``, ``"absent"``.
    path : Path or None
        Its raw file; None where any file of its number will do.
    at : float
        When it came [s since 1970].
    shown : str
        Words that the observer has to be shown of it.
    read : str
        What was read of it on a screen, where the fault has looked at one.
    """

    expid: int
    night: int
    good: bool = True
    allowed: frozenset[str] = ANY
    path: Path | None = None
    at: float = field(default_factory=time.time)
    shown: str = ""
    read: str = ""
    asked: int = 0


class Site:
    """A data directory, a state directory and an engine; see CONTRACT in `campaign.py`."""

    def __init__(self, kind: str = "desi", settings: dict[str, object] | None = None) -> None:
        self.kind = KINDS[kind]
        self.fake = kind == "fake"
        self.root = Path(tempfile.mkdtemp(prefix="qltui-faults-"))
        self.data, self.state, self.aside = (self.root / name for name in ("data", "state", "aside"))
        self.data.mkdir()
        self.aside.mkdir()
        self.settings = dict(settings or {})
        self.entries: list[Entered] = []
        self.everything: list[Entered] = []
        self.engine: subprocess.Popen[bytes] | None = None
        self.watch = RecordWatch(self.state / "qltui.db")
        self._numbers = numbers(self.kind)
        self._marked = time.monotonic()
        self._kept: dict[Path, tuple[int, int, int]] = {}
        self._log_place = 0
        self._output = (self.root / "engine.out").open("ab")

    # -- the engine ------------------------------------------------------------------------------------------------

    def engine_settings(self, **settings: Any) -> EngineSettings:
        """Return what the engine is told: little waiting, few cameras, nothing that does not matter."""
        instrument = get_instrument(self.kind.instrument)
        off = tuple(camera.name for camera in instrument.cameras if camera.name not in self.kind.cameras)
        values = {
            "settle_seconds": 0.3,
            "rescan_seconds": 0.5,
            "backoff_seconds": 0.1,
            "slots": 2,
            "stop_grace": 1.0,
            "products": not self.fake,
            "nice": 0,
            "cameras_off": off,
            "calibration_directory": str(self.kind.calibration or ""),
            "instrument": self.kind.instrument,
            "who": "campaign",
            **({"entry": "engine_fakes:reduce", "warm": False} if self.fake else {}),
        }
        values |= self.settings | settings
        return EngineSettings(data_directory=str(self.data), state_directory=str(self.state), **values)

    def start(
        self,
        *,
        prefix: Sequence[str] = (),
        environment: dict[str, str] | None = None,
        wait: bool = True,
        **settings: Any,
    ) -> subprocess.Popen[bytes]:
        """Start an engine and wait until it beats; `prefix` is put before its command (``prlimit``, ``setpriv``)."""
        told = self.engine_settings(**settings)
        command = [sys.executable, "-m", "qltui.engine", str(self.state)]
        if self.fake:
            command = [sys.executable, str(_HERE / "fake_engine.py"), str(self.state)]
        path = os.pathsep.join([str(_HERE.parent / "engine"), *filter(None, [os.environ.get("PYTHONPATH")])])
        surroundings = os.environ | {_MARK: str(self.root), "PYTHONPATH": path} | (environment or {})
        since = time.time()
        engine = subprocess.Popen(
            [*prefix, *command], stdin=subprocess.PIPE, stdout=self._output, stderr=self._output, env=surroundings
        )
        assert engine.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            engine.stdin.write(told.to_json().encode())
            engine.stdin.close()
        if self.engine is None or self.engine.poll() is not None:
            self.engine = engine
        if wait:
            self.until(lambda record: record.beats.get("engine", 0.0) >= since or engine.poll() is not None)
            assert engine.poll() is None, f"the engine ended with {engine.returncode}: {self.printed()}"
        return engine

    def ensure(self, **settings: Any) -> None:
        """Start an engine where none runs."""
        if self.engine is None or self.engine.poll() is not None:
            self.start(**settings)

    def stop(self, timeout: float = PATIENCE) -> int | None:
        """End the engine as an observer does, and return its exit status; None where none ran."""
        if self.engine is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            self.engine.send_signal(signal.SIGTERM)
        status = self.engine.wait(timeout)
        self.engine = None
        return status

    def kill(self, number: int = signal.SIGKILL, timeout: float = PATIENCE) -> int:
        """Send the engine a signal that ends it, and return its exit status."""
        assert self.engine is not None
        self.engine.send_signal(number)
        status = self.engine.wait(timeout)
        self.engine = None
        return status

    def restart(self, **settings: Any) -> None:
        """End the engine, where one runs, and start it anew."""
        self.stop()
        self.start(**settings)

    def printed(self) -> str:
        """Return the end of what engines have written to their standard output and error."""
        return (self.root / "engine.out").read_text("utf-8", "replace")[-2000:]

    def close(self) -> list[str]:
        """End everything, and return in words what was left behind; the directories are removed."""
        faults: list[str] = []
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            faults.append("the engine did not end within a minute of SIGTERM")
        end = time.monotonic() + PATIENCE
        while (left := self.processes()) and time.monotonic() < end:
            threading.Event().wait(_LOOK)
        if left and not faults:
            faults.append(f"processes left behind: {left}")
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.watch.close()
        self._output.close()
        shutil.rmtree(self.root, ignore_errors=True)
        return faults

    def processes(self) -> list[int]:
        """Return all processes that descend from engines of this site and live."""
        found = []
        mark = f"{_MARK}={self.root}".encode()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if mark in (entry / "environ").read_bytes().split(b"\0"):
                        found.append(int(entry.name))
        return found

    # -- exposures -------------------------------------------------------------------------------------------------

    def number(self) -> int:
        """Return the number of an exposure that nobody has used."""
        return next(self._numbers)

    def make(self, expid: int | None = None, *, night: int | None = None, **what: Any) -> Path:
        """Prepare a good exposure outside of the data directory and return its raw file; its companions lie beside it.

        `what`: of the fake instrument the values of the file; else ``cameras``, ``sample``, ``fibermap``.
        """
        expid = self.number() if expid is None else expid
        night = self.kind.night if night is None else night
        raw = self.aside / self.kind.place(night, expid)
        for place, content in self.kind.files(expid, night, **what):
            (self.aside / place).parent.mkdir(parents=True, exist_ok=True)
            (self.aside / place).write_bytes(content)
        return raw

    def place_of(self, prepared: Path) -> Path:
        """Return where a prepared file belongs in the data directory."""
        return self.data / prepared.relative_to(self.aside)

    def arrive(
        self,
        prepared: Path,
        name: str | Path | None = None,
        *,
        good: bool = True,
        allowed: Iterable[str] = ANY,
        shown: str = "",
        companions: bool = True,
    ) -> Entered:
        """Put a prepared exposure into the data directory, each file whole at once, the raw file last."""
        target = self.place_of(prepared)
        expid = int("".join(char for char in target.name.partition(".")[0] if char.isdigit()))
        target.parent.mkdir(parents=True, exist_ok=True)
        if companions and self.kind.name == "desi":
            for other in sorted(prepared.parent.glob(f"*-{expid:08d}.*")):
                if other != prepared:
                    other.replace(target.parent / other.name)
        if name is not None:
            target = target.parent / name
            target.parent.mkdir(parents=True, exist_ok=True)
        prepared.replace(target)
        self.keep(target)
        return self.entered(expid, good=good, allowed=allowed, path=target, shown=shown)

    def entered(
        self,
        expid: int,
        *,
        night: int | None = None,
        good: bool = True,
        allowed: Iterable[str] = ANY,
        path: Path | None = None,
        shown: str = "",
    ) -> Entered:
        """Say that an exposure has come in; `shown` are words that the observer must read of it."""
        allowed = frozenset(allowed)
        if not good:
            allowed -= {"NORMAL"}
        entry = Entered(expid, self.kind.night if night is None else night, good, allowed, path, shown=shown)
        self.entries.append(entry)
        self.mark()
        return entry

    def keep(self, path: Path) -> None:
        """Remember a raw file that nobody may change from now on; `touched` gives it free."""
        found = path.stat()
        self._kept[path] = (found.st_ino, found.st_size, found.st_mtime_ns)

    def touched(self, path: Path) -> None:
        """Say that a fault changes a raw file by itself."""
        self._kept.pop(path, None)

    def mark(self) -> None:
        """Say that the fault is over: from here it is recovered from."""
        self._marked = time.monotonic()

    def recovered_from(self, moment: float) -> None:
        """Say when the fault was over, by the clock that never jumps [s]."""
        self._marked = moment

    @property
    def since_mark(self) -> float:
        """Seconds since the fault was over."""
        return time.monotonic() - self._marked

    # -- waiting ---------------------------------------------------------------------------------------------------

    def until(self, there: Callable[[Record], Any], timeout: float = PATIENCE, what: str = "") -> float:
        """Wait until something is true of the record; returns after how many seconds."""
        begin = time.monotonic()
        pause = threading.Event()
        while not there(self.watch.look()):
            if time.monotonic() - begin > timeout:
                record = self.watch.record
                tail = "; ".join(record.log[-6:])
                raise AssertionError(f"not within {timeout:.0f} s: {what or 'what was waited for'}; log: {tail}")
            pause.wait(_LOOK)
        return time.monotonic() - begin

    def until_logged(self, words: str, count: int = 1, timeout: float = PATIENCE) -> float:
        """Wait until so many lines of the log have these words."""
        return self.until(lambda record: sum(words in line for line in record.log) >= count, timeout, repr(words))

    def settled(self, timeout: float | None = None) -> None:
        """Wait until every exposure that came in has its result, or its state and reason, and nothing runs.

        Without a time-out, for a minute and some seconds more for each of them: a loaded machine is no fault.
        """
        timeout = PATIENCE + 5.0 * len(self.entries) if timeout is None else timeout
        try:
            self.until(self._is_settled, timeout)
        except AssertionError:
            record = self.watch.record
            wrong = [
                f"{entry.expid} is {self.outcome(entry, record)!r} ({self.shown(entry)[:120]}), "
                f"not {'/'.join(sorted(entry.allowed))}"
                for entry in self.entries
                if self.outcome(entry, record) not in entry.allowed
            ]
            words = "; ".join([*wrong[:4], *record.busy[:4]]) or "files that the record has not seen in their last form"
            raise AssertionError(f"not settled within {timeout:.0f} s: {words}") from None

    def _is_settled(self, record: Record) -> bool:
        if record.busy:
            return False
        outcomes = [self.outcome(entry, record) for entry in self.entries]
        if any(outcome not in entry.allowed for outcome, entry in zip(outcomes, self.entries, strict=True)):
            return False
        # What is absent has to have been overlooked: the watcher has looked since.
        absent = [entry.at for entry, outcome in zip(self.entries, outcomes, strict=True) if outcome == "absent"]
        if absent and record.beats.get("watcher", 0.0) < max(absent) + 1.0:
            return False
        return all(self._is_as_it_lies(entry, outcome) for entry, outcome in zip(self.entries, outcomes, strict=True))

    def _is_as_it_lies(self, entry: Entered, outcome: str) -> bool:
        """Whether the record speaks of the file as it is now."""
        if entry.path is None or outcome in ("incomplete", "absent"):
            return True
        try:
            found = entry.path.stat()
        except OSError:
            return True
        seen = self._seen(entry, self.watch.record)
        # An exposure is as new as the newest of its files, of which this is one.
        return seen is None or (seen.size == found.st_size and seen.mtime_ns >= found.st_mtime_ns)

    # -- the account -----------------------------------------------------------------------------------------------

    def _seen(self, entry: Entered, record: Record) -> ExposureSeen | None:
        found = record.of(entry.expid)
        if entry.path is not None:
            of_path = [seen for seen in found if seen.path == str(entry.path)]
            # The same number twice is one exposure: the newer file of it.
            found = of_path or found
        return found[-1] if found else None

    def outcome(self, entry: Entered, record: Record) -> str:
        """Return what became of an exposure: a status, ``incomplete``, ``held``, ``waiting`` or ``absent``."""
        path = str(entry.path) if entry.path is not None else ""
        reasons = [
            why
            for name, why in record.incomplete.items()
            if name == path or (not path and f"{entry.expid:08d}" in name)
        ]
        if reasons:
            return "incomplete"
        seen = self._seen(entry, record)
        if seen is None:
            return "absent"
        if seen.newest is None:
            return "held" if seen.held else "waiting"
        return seen.newest.status if seen.newest.state in FINAL else "waiting"

    def shown(self, entry: Entered) -> str:
        """Return what the observer is shown of an exposure: status and headline, or why there is none."""
        if entry.read:
            return f"on the screen: {entry.read}"
        record = self.watch.look()
        path = str(entry.path) if entry.path is not None else f"{entry.expid:08d}"
        for name, why in record.incomplete.items():
            if path in name:
                return f"incomplete: {why}"
        seen = self._seen(entry, record)
        if seen is None or seen.newest is None:
            return self.outcome(entry, record)
        newest = seen.newest
        words = [f"{newest.status}: {newest.headline or newest.reason}"]
        words += [text for _status, text in newest.culprits[:3]]
        words += list(seen.problems[:2])
        return "; ".join(words)

    def settle_and_check(self, *, internal: bool = False) -> tuple[list[str], float]:
        """Settle, and return in words what is wrong with what has come of it, and the seconds it took to recover."""
        before = self._tree()
        self.settled()
        seconds = self.since_mark
        faults = [
            f"{path} was changed by the engine"
            for path, state in self._tree().items()
            if before.get(path, state) != state
        ]
        faults += self._changed()
        faults += self._unreasoned(self.watch.look())
        if not internal:
            faults += self._internal()
        for entry in self.entries:
            if entry.shown and entry.shown not in (words := self.shown(entry)):
                faults.append(f"{entry.expid} is shown as {words!r}, without {entry.shown!r}")
        return faults, seconds

    def _tree(self) -> dict[Path, tuple[int, int, int]]:
        found = {}
        for directory, _inner, names in os.walk(self.data):
            for name in names:
                path = Path(directory, name)
                with contextlib.suppress(OSError):
                    state = path.lstat()
                    found[path] = (state.st_ino, state.st_size, state.st_mtime_ns)
        return found

    def _changed(self) -> list[str]:
        faults = []
        for path, kept in self._kept.items():
            try:
                found = path.stat()
            except OSError as error:
                faults.append(f"{path.name} is gone: {error}")
                continue
            if (found.st_ino, found.st_size, found.st_mtime_ns) != kept:
                faults.append(f"{path.name} was changed, and not by the fault")
        return faults

    def _unreasoned(self, record: Record) -> list[str]:
        """Return what is not normal and does not say why."""
        numbers = {entry.expid for entry in self.entries}
        faults = [f"{name} is incomplete without a reason" for name, why in record.incomplete.items() if not why]
        for seen in record.exposures:
            newest = seen.newest
            if seen.expid not in numbers or newest is None or newest.state not in FINAL or newest.status == "NORMAL":
                continue
            if not (newest.headline or newest.reason or newest.culprits):
                faults.append(f"{seen.expid} is {newest.status} without a reason")
        return faults

    def _internal(self) -> list[str]:
        """Return what the engine's log has of faults of the program since the last time."""
        path = self.state / "logs" / "engine.log"
        try:
            with path.open("rb") as stream:
                if path.stat().st_size < self._log_place:
                    self._log_place = 0
                stream.seek(self._log_place)
                text = stream.read().decode("utf-8", "replace")
        except OSError:
            return []
        self._log_place += len(text.encode())
        found = [line for line in text.splitlines() if "internal error" in line or line.startswith("Traceback")]
        return [f"engine.log: {line[:200]}" for line in found[:3]]

    def close_accounts(self) -> list[Entered]:
        """Return what came in since the last time, and begin a new account."""
        done, self.entries = self.entries, []
        self.everything += done
        return done

    def asked(self, entry: Entered) -> None:
        """Say that somebody has asked for an exposure to be reduced once more."""
        entry.asked += 1

    def times_done(self, entry: Entered) -> int:
        """Return how often one revision of an exposure was reduced to the end without anybody asking."""
        seen = self._seen(entry, self.watch.record)
        if seen is None:
            return 0
        counts: dict[int, int] = {}
        for process in seen.processes:
            if process.state in ("done", "failed") and process.trigger != "REPROCESS":
                counts[process.revision] = counts.get(process.revision, 0) + 1
        return max(counts.values(), default=0)
