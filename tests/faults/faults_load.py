"""Load: much at once, much for long, and ten nights in which nothing may grow but the record."""

from __future__ import annotations

import os
import random
import sqlite3
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from harness import Site, fault
from machines import FAKE, Figures, figures, saw

MINUTES = float(os.environ.get("QLTUI_CAMPAIGN_MINUTES", "60"))
"""How long the long campaign lets one exposure come every 5 s."""
_FRAME = 5.0
_CACHE = 16e6
"""What SQLite keeps of the record in memory [bytes], as `qltui.store.database` tells it."""


def done_of(site: Site) -> int:
    """Return how many exposures have been reduced; the whole record is not read for that."""
    with closing(sqlite3.connect(f"file:{site.state / 'qltui.db'}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM process WHERE state = 'done'").fetchone()[0])


def wait_done(site: Site, count: int, timeout: float) -> None:
    """Wait until so many have been reduced."""
    end = time.monotonic() + timeout
    while (done := done_of(site)) < count:
        assert time.monotonic() < end, f"{done} of {count} reduced within {timeout:.0f} s"
        # Ten times a second: whoever looks must not be what takes the time.
        threading.Event().wait(0.1)


def paced(site: Site, prepared: Iterable[Path], seconds: float) -> None:
    """Let exposures arrive one after the other, so far apart [s], by a clock that does not run late."""
    due = time.monotonic()
    for path in prepared:
        threading.Event().wait(max(0.0, due - time.monotonic()))
        site.arrive(path)
        due += seconds


def backlog(site: Site, count: int, timeout: float) -> None:
    """Let exposures wait for an engine that is not there yet."""
    site.stop()
    for _ in range(count):
        site.arrive(site.make())
    begin = time.monotonic()
    site.mark()
    site.start()
    wait_done(site, count, timeout)
    saw(site, f"{count} waiting at the start: {count / (time.monotonic() - begin):.1f} exposures a second")


@fault("load", "500 exposures waiting at the start", tries=1, short=0, fresh=True, **FAKE)
def five_hundred(site: Site, rng: random.Random, n: int) -> None:
    """All are reduced, each once."""
    backlog(site, 500, 600.0)


@fault("load", "100 exposures waiting at the start", tries=1, short=1, fresh=True, **FAKE)
def many(site: Site, rng: random.Random, n: int) -> None:
    """As it is tried where there is little time."""
    backlog(site, 100, 120.0)


@fault("load", "500 real exposures waiting at the start", tries=1, short=0, fresh=True)
def five_hundred_real(site: Site, rng: random.Random, n: int) -> None:
    """The same with raw files of three small cameras."""
    backlog(site, 500, 1800.0)


@fault("load", "one real exposure every 5 s for an hour", tries=1, short=0, fresh=True)
def an_hour(site: Site, rng: random.Random, n: int) -> None:
    """Nothing queues up and nothing grows."""
    count = int(MINUTES * 60.0 / _FRAME)
    paced(site, (site.make() for _ in range(10)), 0.5)
    wait_done(site, 10, 60.0)
    before = figures(site)
    paced(site, (site.make() for _ in range(count)), _FRAME)
    site.mark()
    wait_done(site, 10 + count, 30.0)
    after = figures(site)
    saw(site, f"{count} exposures in {MINUTES:.0f} min, then {after.words(10 + count)}")
    flat([before, after])


@fault("load", "40 exposures, one every 0.1 s", tries=1, short=1, **FAKE)
def in_a_hurry(site: Site, rng: random.Random, n: int) -> None:
    """They come faster than anybody observes."""
    already = done_of(site)
    paced(site, [site.make() for _ in range(40)], 0.1)
    site.mark()
    wait_done(site, already + 40, 60.0)


def flat(nights: list[Figures], *, memory: float = 6e6) -> None:
    """Look whether nothing grows from the first to the last figures.

    Allowed are a few MB for whatever is compiled and kept, and in the engine what SQLite keeps of the record: as much
    as that has grown and half as much again, up to the 16 MB of its cache.
    """
    first, last = nights[0], nights[-1]
    kept = min(_CACHE, 1.5 * (last.record - first.record))
    grown = last.engine - first.engine
    assert grown < memory + kept, f"the engine grew by {grown / 1e6:.1f} MB, the record by {kept / 1.5e6:.1f} MB"
    growth = (last.workers - first.workers) / 1e6
    assert last.workers - first.workers < 4 * memory, f"the workers grew by {growth:.1f} MB"
    assert last.descriptors - first.descriptors <= 4, f"{first.descriptors} descriptors, then {last.descriptors}"
    assert last.threads - first.threads <= 2, f"{first.threads} threads, then {last.threads}"


def nights(site: Site, count: int, exposures: int, seconds: float) -> None:
    """Let some nights go by, one after the other, and look at the end of each what the engine takes."""
    measured: list[Figures] = []
    sizes: list[float] = []
    for number in range(count):
        night = 20191001 + number
        before = figures(site).record
        for path in [site.make(night=night, mjd=58757.0 + number + step / 1e3) for step in range(exposures)]:
            site.arrive(path).night = night
            threading.Event().wait(seconds)
        site.mark()
        wait_done(site, (number + 1) * exposures, 120.0)
        measured.append(figures(site))
        sizes.append((measured[-1].record - before) / exposures)
        print(f"night {night}: {measured[-1].words((number + 1) * exposures)}; now {sizes[-1] / 1e3:.1f} kB",
              file=sys.stderr)  # fmt: skip
    saw(site, f"after {count} nights: {measured[-1].words(count * exposures)}")
    # The first night compiles, opens and caches whatever there is.
    flat(measured[1:])
    # The file grows in pages and the log beside it by fits and starts: nights are compared by halves.
    half = len(sizes) // 2
    early, late = sum(sizes[:half]) / half, sum(sizes[-half:]) / half
    assert late < 1.5 * early + 2e3, f"{early / 1e3:.1f} kB an exposure at first, {late / 1e3:.1f} kB later"


@fault("load", "ten nights, one after the other", tries=1, short=0, fresh=True, **FAKE)
def ten_nights(site: Site, rng: random.Random, n: int) -> None:
    """Memory, descriptors, threads and the record's growth by exposure are flat."""
    nights(site, 10, 120, 0.1)


@fault("load", "four short nights, one after the other", tries=1, short=1, fresh=True, **FAKE)
def four_nights(site: Site, rng: random.Random, n: int) -> None:
    """As it is tried where there is little time."""
    nights(site, 4, 12, 0.02)
