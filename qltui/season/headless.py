"""How much work a screen is: opened, drawn again and stepped on a record, in a terminal that is none.

Work is time of the processor in all threads, that which reads the record and those that draw: on a machine that does
other things as well, time on the wall says more about those.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qltui.instruments.base import Instrument
from qltui.tui import quiet_collector
from qltui.tui.app import MonitorApp
from qltui.tui.screens import SCREENS
from qltui.tui.screens.base import PaneScreen
from qltui.tui.source import Reader, StoreSource
from qltui.tui.symbols import CHARSETS

if TYPE_CHECKING:
    from textual.pilot import Pilot

__all__ = ["SIZES", "LoopWatch", "ScreenWork", "measure_screens"]

SIZES = ((80, 24), (200, 60))
_ROUNDS = 20
"""After so many rounds without rest a screen will never be still."""


@dataclass(frozen=True, slots=True)
class ScreenWork:
    """What one screen costs at one size.

    Attributes
    ----------
    first, opened : float
        Work to open it for the first time in a process, its modules and the record's pages still to be loaded; and
        once more in a new app [s].
    question : float
        Of `opened`, that of the thread which reads the record [s].
    redrawn : float
        Work for a new version of the record, of which everything is read again [s].
    stepped : float
        Work to go to the exposure before, where the screen follows one [s].
    longest : float
        The longest piece of the event loop in all that but `first` [s]: so long no key is heard.
    where : str
        Whose piece that was.
    """

    name: str
    width: int
    height: int
    first: float
    opened: float
    question: float
    redrawn: float
    stepped: float
    longest: float
    where: str


class LoopWatch:
    """Remembers the longest piece of work that the event loop did without a look at anything else [s]."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.where = ""

    def reset(self) -> None:
        """Forget what was seen."""
        self.longest, self.where = 0.0, ""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch every event loop of this process."""
        # Every callback and every step of a task passes through here; nothing public does.
        original = asyncio.Handle._run  # noqa: SLF001

        def timed(handle: asyncio.Handle) -> None:
            begun = time.thread_time()
            original(handle)
            seconds = time.thread_time() - begun
            if seconds > self.longest:
                self.longest, self.where = seconds, _owner(handle)

        asyncio.Handle._run = timed  # type: ignore[method-assign,assignment]  # noqa: SLF001
        try:
            yield
        finally:
            asyncio.Handle._run = original  # type: ignore[method-assign]  # noqa: SLF001


def _owner(handle: asyncio.Handle) -> str:
    """Return whose piece of work this is: the name of its task, or of its function."""
    callback: Any = handle._callback  # type: ignore[attr-defined]  # noqa: SLF001
    task = getattr(callback, "__self__", None)
    return task.get_name() if isinstance(task, asyncio.Task) else getattr(callback, "__qualname__", repr(callback))


class _Renewed:
    """A record that is new whenever somebody says so; nothing is written."""

    def __init__(self, source: Any, version: int) -> None:
        self._source, self._version = source, version

    def version(self) -> int:
        return int(self._source.version()) + self._version

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)


class _TimedReader(Reader):
    """Counts the work of its thread."""

    def __init__(self, state: Path) -> None:
        source = StoreSource(state)
        self.version = 0
        self.seconds = 0.0
        self.reads = 0
        super().__init__(lambda: _Renewed(source.get(), self.version), source.close)

    def _ask(self, query: Callable[[Any], Any]) -> Any:
        begun = time.thread_time()
        try:
            return super()._ask(query)
        finally:
            self.seconds += time.thread_time() - begun
            self.reads += 1


@dataclass(slots=True)
class _Cost:
    """Work of an action: in all, and in the reader's thread [s]."""

    total: float = 0.0
    reading: float = 0.0


@dataclass(slots=True)
class _Bench:
    """An app that is measured."""

    app: MonitorApp
    reader: _TimedReader
    pilot: Pilot[int]

    @contextmanager
    def cost(self) -> Iterator[_Cost]:
        """Measure what happens inside."""
        found = _Cost()
        begun, reading = time.process_time(), self.reader.seconds
        yield found
        found.reading = self.reader.seconds - reading
        found.total = time.process_time() - begun

    async def rest(self) -> None:
        """Wait until everything has been read and drawn."""
        for _ in range(_ROUNDS):
            reads = self.reader.reads
            await self.app.workers.wait_for_complete()
            await self.pilot.pause()
            if self.reader.reads == reads and not any(not worker.is_finished for worker in self.app.workers):
                return

    async def begin(self) -> None:
        """Let the first screen look at the record, as the clock does in an app that nobody measures."""
        await self.rest()
        await self.app.poll()
        await self.rest()

    async def opened(self, name: str) -> _Cost:
        with self.cost() as cost:
            self.app.go(name)
            await self.rest()
        return cost

    async def redrawn(self) -> _Cost:
        self.reader.version += 1
        if isinstance(self.app.screen, PaneScreen):
            # A screen that reads only every few seconds costs nothing in between; what counts is when it does read.
            self.app.screen.end_quiet()
        with self.cost() as cost:
            await self.app.poll()
            await self.rest()
        return cost

    async def stepped(self) -> _Cost:
        with self.cost() as cost:
            await self.pilot.press("left_square_bracket")
            await self.rest()
        return cost


@contextmanager
def _app(state: Path, instrument: Instrument, moment: float) -> Iterator[tuple[MonitorApp, _TimedReader]]:
    # As `run_monitor` does; and what earlier apps have left is no part of this one.
    gc.collect()
    quiet_collector()
    reader = _TimedReader(state)
    app = MonitorApp(
        reader,
        instrument,
        charset=CHARSETS["braille"],
        who="bench",
        clock=lambda: moment,
        exists=lambda _pid: True,
        poll=False,
        state_directory=state,
        save_directory=state,
    )
    try:
        yield app, reader
    finally:
        reader.close()


async def _first_openings(
    size: tuple[int, int], state: Path, instrument: Instrument, moment: float, names: Sequence[str]
) -> dict[str, float]:
    """Open each screen for the first time in an app, and return the work of each [s]."""
    with _app(state, instrument, moment) as (app, reader):
        begun = time.process_time()
        async with app.run_test(size=size) as pilot:
            bench = _Bench(app, reader, pilot)
            await bench.begin()
            first = {SCREENS[0].name: time.process_time() - begun}
            for name in names:
                if name != SCREENS[0].name:
                    first[name] = (await bench.opened(name)).total
    return first


async def _round(
    size: tuple[int, int], state: Path, instrument: Instrument, moment: float, names: Sequence[str], watch: LoopWatch
) -> list[ScreenWork]:
    """Measure all screens at one size in a new app."""
    found: list[ScreenWork] = []
    with _app(state, instrument, moment) as (app, reader):
        watch.reset()
        begun = time.process_time()
        async with app.run_test(size=size) as pilot:
            bench = _Bench(app, reader, pilot)
            await bench.begin()
            # An app begins with the Monitor: to open it is to begin.
            opened = _Cost(time.process_time() - begun, reader.seconds)
            # The start of the program is measured by its first paint; from here on keys are waited for.
            watch.reset()
            for name in names:
                if name != SCREENS[0].name:
                    watch.reset()
                    opened = await bench.opened(name)
                redrawn, stepped = await bench.redrawn(), await bench.stepped()
                costs = (opened.total, opened.reading, redrawn.total, stepped.total)
                found.append(ScreenWork(name, *size, 0.0, *costs, watch.longest, watch.where))
    return found


def _median(rounds: Sequence[ScreenWork], first: float) -> ScreenWork:
    """Return the middle of several rounds: once in a while Python cleans its memory, whatever it does."""
    names = ("opened", "question", "redrawn", "stepped", "longest")
    middle = {name: statistics.median(getattr(item, name) for item in rounds) for name in names}
    where = min(rounds, key=lambda item: abs(item.longest - middle["longest"])).where
    return replace(rounds[0], first=first, where=where, **middle)


def measure_screens(
    state: Path,
    instrument: Instrument,
    moment: float,
    *,
    names: Sequence[str] = (),
    sizes: Sequence[tuple[int, int]] = SIZES,
    rounds: int = 3,
    say: Callable[[str], None] = lambda _words: None,
) -> list[ScreenWork]:
    """Return what each screen costs on a record.

    Parameters
    ----------
    state : Path
        Directory of the record, which is not written.
    moment : float
        What the clock shows [s since 1970].
    names : sequence of str
        Screens to measure; all where empty.
    sizes : sequence of (int, int)
        Columns and rows.
    rounds : int
        How often everything is measured; of the results the median counts.
    say : callable
        Told what is measured now.
    """
    # The Monitor first: an app begins with it.
    wanted = [entry.name for entry in SCREENS if not names or entry.name in names]
    watch = LoopWatch()
    found: list[ScreenWork] = []
    with watch.watching():
        for size in sizes:
            say(f"{len(wanted)} screens at {size[0]}x{size[1]}")
            first = asyncio.run(_first_openings(size, state, instrument, moment, wanted))
            runs = [asyncio.run(_round(size, state, instrument, moment, wanted, watch)) for _ in range(rounds)]
            found += [_median(items, first.get(items[0].name, 0.0)) for items in zip(*runs, strict=True)]
    return found
