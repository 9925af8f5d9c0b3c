"""Carrying an export out: file by file, whole or not at all, and again from where it was interrupted."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from qltui.export.contents import Item, Unit
from qltui.export.errors import DifferentFileError, ExportError, ItemError
from qltui.export.ledger import LOG_NAMES, Ledger, ledger_of, read_log
from qltui.export.verified import checksum, settle

__all__ = ["Outcome", "Step", "check_room", "export_unit", "units_below", "verify"]

_SPARE: Final = 1.05
_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True)
class Step:
    """One file that is done: `state` is ``"written"``, ``"kept"``, ``"mended"`` or ``"failed"``."""

    path: str
    state: str
    size: int = 0
    reason: str = ""


@dataclass(slots=True)
class Outcome:
    """What came of an export.

    Attributes
    ----------
    directory : Path
        Where the files lie.
    steps : list of Step
        In the order in which they were done.
    missing : tuple of str
        What could not be had from the beginning.
    """

    directory: Path
    steps: list[Step] = field(default_factory=list)
    missing: tuple[str, ...] = ()

    def count(self, state: str) -> int:
        """Return how many files have come out so."""
        return sum(step.state == state for step in self.steps)

    @property
    def problems(self) -> list[str]:
        """Everything that is not there, in words."""
        return [*self.missing, *(f"{step.path}: {step.reason}" for step in self.steps if step.state == "failed")]


def check_room(root: Path, units: Sequence[Unit]) -> None:
    """Refuse an export for which there is no room; files that are there already need none.

    Raises
    ------
    ExportError
        With how much is needed and how much there is.
    """
    needed = sum(
        item.size for unit in units for item in unit.items if not os.path.lexists(root / unit.place / item.entry.path)
    )
    place = root
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if needed * _SPARE > free:
        msg = f"about {needed / 1e9:.2f} GB are needed in {root}, and {free / 1e9:.2f} GB are free; name another disk"
        raise ExportError(msg)


def export_unit(
    unit: Unit, root: Path, *, force: bool = False, slots: int = 1, on_step: Callable[[Step], None] | None = None
) -> Outcome:
    """Write one directory of an export.

    What is there already and is what it should be is left as it is. A file of an earlier export that has been damaged
    is written again; one that no export wrote is left, and nothing at all is written, unless `force` says otherwise.

    Parameters
    ----------
    unit : Unit
        What belongs into it.
    root : Path
        Below which its place is.
    force : bool
        Whether files of others are overwritten.
    slots : int
        Processes for what is heavy.
    on_step : callable
        Told of each file that is done.

    Raises
    ------
    ExportError
        Where it cannot begin or go on; `DifferentFileError` where files of others are in the way.
    OSError
        Where the directory cannot be written.
    """
    directory = root / unit.place
    outcome = Outcome(directory, missing=unit.missing)

    def done(step: Step) -> None:
        outcome.steps.append(step)
        if on_step is not None:
            on_step(step)

    with ledger_of(directory) as ledger:
        states = {item.entry.path: _state(item, ledger) for item in unit.items}
        strange = [path for path, state in states.items() if state == "strange"]
        if strange and not force:
            more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
            msg = f"{directory / strange[0]}{more} was not written by an export; move it away, or give --force"
            raise DifferentFileError(msg)
        for item in unit.items:
            if states[item.entry.path] == "whole" and not item.fresh:
                done(Step(item.entry.path, "kept", ledger.entries[item.entry.path].size))
        wanted = [item for item in unit.items if states[item.entry.path] != "whole" or item.fresh]
        for item, problem in _made(wanted, directory, slots):
            step = _settled(item, problem, directory, ledger, states[item.entry.path])
            done(step)
        ledger.close({**unit.about, "incomplete": outcome.problems})
    return outcome


def _state(item: Item, ledger: Ledger) -> str:
    """Return what is there of a file: ``"absent"``, ``"whole"``, ``"damaged"`` or ``"strange"``."""
    path, entry = ledger.directory / item.entry.path, ledger.entries.get(item.entry.path)
    if not os.path.lexists(path):
        return "absent"
    try:
        size, found = checksum(path)
    except ItemError:
        return "strange" if entry is None else "damaged"
    if entry is None:
        if not item.sha256 or found != item.sha256:
            return "strange"
        ledger.add(replace(item.entry, size=size, sha256=found))
        return "whole"
    if found != entry.sha256 or (item.sha256 and found != item.sha256):
        return "damaged"
    return "whole"


def _temporary(item: Item, directory: Path) -> Path:
    return directory / f".{item.entry.path}.part"


def _made(items: Sequence[Item], directory: Path, slots: int) -> Iterator[tuple[Item, str]]:
    """Make files under temporary names; yield each with the reason why it could not be made, empty where it was."""
    heavy = [item for item in items if item.heavy]
    for item in items:
        if not item.heavy:
            yield item, _problem(item.make, _temporary(item, directory))
    if not heavy:
        return
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(min(slots, len(heavy)), mp_context=context, initializer=_prepare) as pool:
        futures: dict[Future[str], Item] = {
            pool.submit(_problem, item.make, _temporary(item, directory)): item for item in heavy
        }
        try:
            for future in as_completed(futures):
                try:
                    problem = future.result()
                except BrokenProcessPool:
                    problem = "a worker was killed (out of memory?); export again with --slots 1"
                yield futures[future], problem
        finally:
            # Who stops an export waits for the files in hand, and for no others.
            pool.shutdown(wait=True, cancel_futures=True)


def _prepare() -> None:
    """Leave Ctrl-C to the parent, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def _problem(make: Callable[[Path], None], temporary: Path) -> str:
    """Make a file and return why it could not be made; empty where it was."""
    temporary.unlink(missing_ok=True)
    try:
        make(temporary)
    except ItemError as error:
        temporary.unlink(missing_ok=True)
        return str(error) or "it cannot be made"
    return ""


def _settled(item: Item, problem: str, directory: Path, ledger: Ledger, state: str) -> Step:
    """Give a file that was made its name and note it."""
    temporary, target = _temporary(item, directory), directory / item.entry.path
    if problem:
        return Step(item.entry.path, "failed", reason=problem)
    if state == "whole":
        # Made anew because it may have changed; most have not.
        size, found = checksum(temporary)
        if found == ledger.entries[item.entry.path].sha256:
            temporary.unlink()
            return Step(item.entry.path, "kept", size)
    try:
        size, found = settle(temporary, target)
    except ItemError as error:
        temporary.unlink(missing_ok=True)
        return Step(item.entry.path, "failed", reason=str(error))
    ledger.add(replace(item.entry, size=size, sha256=found))
    return Step(item.entry.path, "mended" if state == "damaged" else "written", size)


# -- afterwards ----------------------------------------------------------------------------------------------------


def units_below(root: Path) -> list[Path]:
    """Return the directories with a product log at or below `root`; no link is followed."""
    found = [Path(place) for place, _, names in os.walk(root) if LOG_NAMES[0] in names]
    return sorted(found)


def verify(directory: Path) -> Iterator[Step]:
    """Compare the files of a directory with its product log: ``"kept"`` where they are what they were.

    Raises
    ------
    ExportError
        Where the log cannot be read.
    """
    for entry in read_log(directory):
        try:
            size, found = checksum(directory / entry.path, from_disk=True)
        except ItemError as error:
            yield Step(entry.path, "failed", reason=str(error))
            continue
        if found != entry.sha256:
            yield Step(entry.path, "failed", size, f"{size} bytes with another checksum; {entry.size} were written")
        else:
            yield Step(entry.path, "kept", size)
