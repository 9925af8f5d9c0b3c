"""The machine: a record that others lock, clocks that are set, memory, processors and descriptors that are short."""

from __future__ import annotations

import os
import random
import resource
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

from families import descendants, family
from harness import Site, fault
from machines import FAKE, burning, figures, limited, open_files, saw, set_clock, size_of, status, with_clock
from raw_bytes import card, join

CAMERAS = ("b0", "r0", "z0")
PATIENCE = 60.0
HOUR, DAY = 3600.0, 86400.0


def send(site: Site, count: int = 1, **what: object) -> list[int]:
    """Let good exposures arrive and return their numbers."""
    return [site.arrive(site.make(**what)).expid for _ in range(count)]


def slow(seconds: float) -> dict[str, str]:
    """Return what cameras do that take so long for each step [s]."""
    return dict.fromkeys(CAMERAS, f"slow:{seconds}")


def wait(true: Callable[[], object], what: str, timeout: float = PATIENCE) -> None:
    """Wait for something that no event tells of."""
    end = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < end, f"never: {what}"
        threading.Event().wait(0.05)


def lasting(seconds: float) -> None:
    """Let a fault last so long: its length is what is tried."""
    threading.Event().wait(seconds)


def well(site: Site, environment: dict[str, str] | None = None) -> str:
    """Wait until status has no trouble to tell any more, and return its line."""
    said = [(3, "")]

    def fine() -> bool:
        said[0] = status(site, environment)
        return said[0][0] < 2 and "TROUBLE" not in said[0][1]

    wait(fine, f"status is well again: {said[0]}", 30.0)
    return said[0][1]


# -- the record ----------------------------------------------------------------------------------------------------


@fault("machine", "record locked by another program for 30 s", tries=4, short=1, **FAKE)
def locked(site: Site, rng: random.Random, n: int) -> None:
    """Nothing can be written: it is said, and all is there when the lock is gone."""
    expids = send(site, 2, do=slow(0.3))
    lasting(rng.uniform(0.0, 2.0))
    database = site.state / "qltui.db"
    with closing(sqlite3.connect(database, isolation_level=None, timeout=60.0)) as other:
        other.execute("BEGIN EXCLUSIVE")
        begin = time.monotonic()
        expids += send(site, 3)
        said = "IN TROUBLE: another program keeps the record locked"
        wait(lambda: status(site) == (2, f"qltui: {said}"), "it is said", 20)
        saw(site, said)
        lasting(begin + (30.0 if n else 3.0) - time.monotonic())
        assert status(site)[0] == 2, "the engine beats on beside the record"
    site.mark()
    site.settled()
    well(site)


@fault("machine", "a reader that stands still while the record grows", tries=2, short=1, **FAKE)
def reader_stands_still(site: Site, rng: random.Random, n: int) -> None:
    """The write-ahead log grows meanwhile, and is cut back when the reader goes on."""
    log = site.state / "qltui.db-wal"
    with closing(sqlite3.connect(f"file:{site.state / 'qltui.db'}?mode=ro", uri=True, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM exposure").fetchone()
        send(site, 10)
        site.settled()
        grown = log.stat().st_size
    site.mark()
    send(site, 10)
    site.settled()
    assert log.stat().st_size <= max(20_000_000, grown), f"{log.stat().st_size} bytes, {grown} before"


# -- clocks --------------------------------------------------------------------------------------------------------


def times_of(site: Site) -> list[tuple[int, int, float, float]]:
    """Return number, night, start and length [s] of every reduction in the record."""
    question = """SELECT exposure.expid, night.night, process.started, process.ended - process.started FROM process
        JOIN exposure ON exposure.id = process.exposure_id JOIN night ON night.id = exposure.night_id
        WHERE process.ended IS NOT NULL AND process.started IS NOT NULL"""
    return list(site.watch.ask(lambda connection: connection.execute(question).fetchall()))


def jump(site: Site, rng: random.Random, seconds: float) -> None:
    """Set the clock while exposures are reduced, and set it right again."""
    began = time.monotonic()
    clock = with_clock(site)
    if not (site.root / "clock").exists():
        set_clock(site, 0.0)
        site.restart(environment=clock)
    for wrong in (seconds, 0.0):
        expids = send(site, 2, do=slow(0.2))
        lasting(rng.uniform(0.0, 1.5))
        set_clock(site, wrong)
        site.mark()
        expids += send(site, 2)
        site.settled()
        well(site, clock)
        saw(site, "status as before, no alarm")
        spans = {expid: span for expid, _night, _start, span in times_of(site) if expid in expids}
        assert set(spans) == set(expids)
        assert all(0.0 <= span <= time.monotonic() - began for span in spans.values()), f"lengths: {spans}"
    odd = [line for line in site.watch.look().log if any(word in line for word in ("stuck", "killed", "too long"))]
    assert not odd, odd
    assert {night for _expid, night, _start, _span in times_of(site)} == {site.kind.night}


@fault("machine", "clock set back by an hour, and right again", tries=10, short=1, **FAKE)
def clock_back(site: Site, rng: random.Random, n: int) -> None:
    """At any moment of an exposure's life; no duration, time-out or alarm may notice."""
    jump(site, rng, -HOUR)


@fault("machine", "clock set forward by a day, and right again", tries=10, short=1, **FAKE)
def clock_forward(site: Site, rng: random.Random, n: int) -> None:
    """At any moment of an exposure's life; no duration, time-out or alarm may notice."""
    jump(site, rng, DAY)


@fault("machine", "a night of the future beside tonight", tries=3, short=1, **FAKE, fresh=True)
def future_night(site: Site, rng: random.Random, n: int) -> None:
    """A camera computer whose clock was wrong has left a directory that nothing is newer than."""
    send(site, 1)
    site.settled()
    future = site.make(night=20991231)
    site.arrive(future).night = 20991231
    site.settled()
    site.restart()
    tonight = int(datetime.now(UTC).strftime("%Y%m%d"))
    for _ in range(3):
        site.arrive(site.make(night=tonight)).night = tonight
    site.mark()


MOMENTS = (
    (20191001, "2019-10-01T23:59:59.999", "2019-10-01T23:59:59.999"),
    (20191001, "2019-10-02T00:00:00", "2019-10-02T00:00:00"),
    (20191231, "2019-12-31T23:59:59.9", "2019-12-31T23:59:59.9"),
    (20191231, "2020-01-01T00:00:00.1", "2020-01-01T00:00:00.1"),
    (20161231, "2016-12-31T23:59:60.5", "2017-01-01T00:00:00.5"),
    (20200228, "2020-02-29T05:00:00", "2020-02-29T05:00:00"),
    (20191103, "2019-11-03T09:00:00-07:00", "2019-11-03T16:00:00"),
)
"""Night, what the header says, and which moment that is: midnight, the end of a year, a leap second, a leap day, the
hour that comes twice when summer time ends."""


@fault("machine", "midnight, year end, leap second, leap day, end of summer time", tries=7, short=3, newest_nights=100)
def edges_of_the_calendar(site: Site, rng: random.Random, n: int) -> None:
    """The time of the exposure is that of its header, and its night that of its directory."""
    night, said, meant = MOMENTS[n]
    expid = site.number()
    prepared = site.make(expid, night=night)
    hdus = site.kind.hdus(expid, night)
    for hdu in hdus:
        if hdu.value("DATE-OBS"):
            hdu.set("DATE-OBS", f"'{said}'")
        hdu.change("MJD-OBS", lambda _old: [])
    if not any(hdu.value("DATE-OBS") for hdu in hdus):
        hdus[0].cards.append(card("DATE-OBS", f"'{said}'"))
    prepared.write_bytes(join(hdus))
    site.arrive(prepared).night = night
    site.mark()
    site.settled()
    found = site.watch.ask(
        lambda connection: connection.execute(
            "SELECT night.night, exposure.time, exposure.problems FROM exposure JOIN night ON night.id = night_id "
            "WHERE expid = ?",
            (expid,),
        ).fetchone()
    )
    assert found[0] == night
    moment = datetime.fromisoformat(meant).replace(tzinfo=UTC).timestamp()
    assert abs(found[1] - moment) < 0.01, f"{said} was taken for {datetime.fromtimestamp(found[1], UTC)}"
    assert "DATE-OBS" not in found[2], found[2]


ZONES = ("Pacific/Kiritimati", "America/Phoenix", "Etc/GMT+12", "Asia/Kathmandu", "Nowhere/At_all", ":/etc/hostname")


@fault("machine", "time zone changed between two starts", tries=6, short=1, **FAKE)
def time_zone(site: Site, rng: random.Random, n: int) -> None:
    """Times in record, log and status are UTC whatever the machine's zone is."""
    site.restart(environment={"TZ": ZONES[n]})
    before = time.time()
    (expid,) = send(site)
    site.mark()
    site.settled()
    (began,) = [start for number, _night, start, _span in times_of(site) if number == expid]
    assert before - 1.0 <= began <= time.time() + 1.0
    last = (site.state / "logs" / "engine.log").read_text("utf-8", "replace").splitlines()[-1]
    written = datetime.strptime(last[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    assert abs(written - time.time()) < 120.0, last
    assert f" {expid} " in well(site, {"TZ": ZONES[n]})
    site.stop()


# -- memory, processors, descriptors -------------------------------------------------------------------------------


@fault("machine", "no more memory for the workers than they have", tries=12, short=1)
def workers_without_memory(site: Site, rng: random.Random, n: int) -> None:
    """What cannot be reduced fails with its reason, and the next one is good again."""
    assert site.engine is not None
    send(site)
    site.settled()
    group = family(site.engine.pid)
    pids = [pid for pid in (group.forkserver, *group.workers) if pid is not None]
    more = rng.choice((0, 1, 4, 16, 64)) * 1_000_000
    with limited(pids, resource.RLIMIT_AS, [size_of(pid) + more for pid in pids]):
        send(site, 2)
        site.settled()
    site.mark()
    # Workers that were made meanwhile were born with the limit of their parent.
    for pid in descendants(site.engine.pid):
        resource.prlimit(pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    entry = site.arrive(site.make())
    site.settled()
    assert site.outcome(entry, site.watch.look()) != "FAILED", site.shown(entry)


def watchdog(site: Site) -> None:
    """Do what systemd does, whose watchdog the engine's loop feeds: start another where it has ended or hangs."""
    engine, since = site.engine, time.time()
    assert engine is not None

    def beats() -> bool:
        return engine.poll() is not None or site.watch.look().beats.get("engine", 0.0) > since

    try:
        wait(beats, "it beats", 20.0)
    except AssertionError:
        # Python waits for ever for a thread that had no memory to begin.
        saw(site, "engine hangs; the watchdog of systemd ends it and starts the next")
        site.kill()
    else:
        if engine.poll() is not None:
            saw(site, f"engine ended with status {engine.returncode}; systemd starts the next")
    site.mark()
    site.ensure()


@fault("machine", "no more memory for the engine than it has", tries=8, short=1, **FAKE, fresh=True, internal=True)
def engine_without_memory(site: Site, rng: random.Random, n: int) -> None:
    """Whether it lives through it or has to be started again, nothing is lost or done twice."""
    assert site.engine is not None
    send(site)
    site.settled()
    send(site, 2, do={"b0": "exit_once"})
    more = rng.choice((0, 1, 4, 16)) * 1_000_000
    with limited([site.engine.pid], resource.RLIMIT_AS, [size_of(site.engine.pid) + more]):
        send(site, 4)
        lasting(2.0)
    watchdog(site)
    try:
        site.settled(20.0)
    except AssertionError:
        saw(site, "a worker is not replaced; the engine is started again by hand")
        site.kill()
        site.mark()
        site.start()


@fault("machine", "100 % of all processors taken by others", tries=5, short=1, **FAKE)
def no_processor(site: Site, rng: random.Random, n: int) -> None:
    """It takes longer, and nothing else."""
    with burning(4 * (os.cpu_count() or 1)):
        for _ in range(4):
            send(site, do=slow(0.05))
            lasting(0.5)
        code, line = status(site)
        assert code < 2, line
        site.settled()
    site.mark()


@fault("machine", "64 and 128 file descriptors from the start", tries=4, short=1, **FAKE, fresh=True)
def few_descriptors(site: Site, rng: random.Random, n: int) -> None:
    """Enough for a night: nothing is held open that is not needed."""
    site.stop()
    most = (64, 128)[n % 2]
    site.start(prefix=["prlimit", f"--nofile={most}:{most}"])
    send(site, 6)
    send(site, 2, do={"b0": "exit"})
    site.settled()
    assert figures(site).descriptors < 4 * most
    site.mark()


@fault("machine", "no more file descriptors than are open", tries=8, short=1, **FAKE, fresh=True, internal=True)
def no_descriptors(site: Site, rng: random.Random, n: int) -> None:
    """What is wrong is said, and it recovers by itself when there are descriptors again."""
    assert site.engine is not None
    send(site)
    site.settled()
    pid = site.engine.pid
    opened = max(open_files(pid)) + 1
    with limited([pid], resource.RLIMIT_NOFILE, [opened - rng.choice((0, 1, 3))]):
        send(site, 3)
        lasting(rng.uniform(2.0, 4.0))
        saw(site, " ".join(status(site)[1].split(": ", 2)[:3])[:100])
    watchdog(site)
    site.settled()
    well(site)
