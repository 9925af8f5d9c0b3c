"""Processes that die, hang, print and lie: workers, their parent, the engine, a viewer, a second engine."""

from __future__ import annotations

import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from families import all_gone, descendants, family, handles
from harness import Site, fault
from looking_in import Record
from terminals import monitor, screen

from qltui.engine.lock import holder

CAMERAS = ("b0", "r0", "z0")
SLOW = 0.06
"""How long a step of a fake camera takes where a fault is to come at any moment of it [s]."""
LIFE = 3 * SLOW * 3 + 0.5
"""Within so long [s] three exposures of such cameras have come and gone."""
DEADLY = ("SIGKILL", "SIGTERM", "SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGQUIT", "SIGUSR1", "SIGALRM")
HARMLESS = ("SIGINT", "SIGHUP", "SIGPIPE", "SIGCHLD", "SIGWINCH", "SIGCONT")
ENGINE_ENDS = (
    "SIGTERM",
    "SIGINT",
    "SIGHUP",
    "SIGQUIT",
    "SIGKILL",
    "SIGABRT",
    "SIGSEGV",
    "SIGUSR1",
    "SIGUSR2",
    "SIGBUS",
    "SIGALRM",
    "SIGXCPU",
    "SIGSYS",
)
ENGINE_STAYS = ("SIGPIPE", "SIGCHLD", "SIGWINCH", "SIGCONT", "SIGURG")
PATIENCE = 60.0


# -- what the tries are made of ------------------------------------------------------------------------------------


def engine_of(site: Site) -> int:
    """Return the number of the engine's process."""
    found = holder(site.state)
    assert found is not None, "no engine has the state directory"
    return found.pid


def slow(seconds: float = SLOW, **other: str) -> dict[str, str]:
    """Return what cameras do: take their time, but for some."""
    return dict.fromkeys(CAMERAS, f"slow:{seconds}") | other


def send(site: Site, count: int = 1, **what: object) -> list[int]:
    """Let exposures arrive that must come out well, and return their numbers."""
    return [site.arrive(site.make(**what), allowed={"NORMAL"}).expid for _ in range(count)]


def send_bad(site: Site, **what: object) -> int:
    """Let an exposure arrive of which a camera must fail, and return its number."""
    return site.arrive(site.make(**what), good=False, allowed={"FAILED", "ALARM"}).expid


def wait_state(site: Site, expid: int, *states: str) -> None:
    """Wait until the newest run over an exposure is in one of these states."""

    def there(record: Record) -> bool:
        return any(seen.newest is not None and seen.newest.state in states for seen in record.of(expid))

    site.until(there)


def cameras_of(site: Site, expid: int) -> Mapping[str, tuple[str, int, str]]:
    """Return status, attempt and reason of each camera in the newest run over an exposure."""
    question = """SELECT job.camera, job.status, job.attempt, job.reason FROM job WHERE job.process_id =
        (SELECT max(process.id) FROM process JOIN exposure ON exposure.id = process.exposure_id WHERE expid = ?)"""
    with sqlite3.connect(f"file:{site.state / 'qltui.db'}?mode=ro", uri=True) as connection:
        rows = connection.execute(question, (expid,)).fetchall()
    connection.close()
    return {camera: (status, attempt, reason) for camera, status, attempt, reason in rows}


def assert_whole(site: Site) -> None:
    """Look whether the record is in order."""
    connection = sqlite3.connect(f"file:{site.state / 'qltui.db'}?mode=ro", uri=True)
    try:
        assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        connection.close()


def dies(site: Site, do: str, reason: str, *, attempts: int = 2) -> None:
    """Let one camera do its worst among good ones, and look at what is said of it and of the others."""
    expid = send_bad(site, do={"b0": do})
    (beside,) = send(site)
    site.mark()
    wait_state(site, expid, "done", "failed")
    wait_state(site, beside, "done")
    found = cameras_of(site, expid)
    assert found["b0"][:2] == ("FAILED", attempts), found
    assert re.fullmatch(reason, found["b0"][2]), f"b0: {found['b0'][2]}"
    assert {found[camera][:2] for camera in ("r0", "z0")} == {("NORMAL", 1)}, found
    others = cameras_of(site, beside)
    assert {others[camera][:2] for camera in CAMERAS} == {("NORMAL", 1)}, others


def random_moment(rng: random.Random, most: float = LIFE) -> None:
    """Wait for a moment within a time [s]; that is all that a fault at any moment means."""
    threading.Event().wait(rng.uniform(0.0, most))


# -- workers -------------------------------------------------------------------------------------------------------

IMPATIENT = {"step_timeout": 1.0}
"""Settings of an engine that gives each step this long [s]."""
LOG = r"worker-\d\.log"
AGAIN = "tried twice"


@fault("processes", "worker ends itself at its work", tries=10, short=1, kind="fake")
def worker_exits(site: Site, rng: random.Random, n: int) -> None:
    dies(site, "exit", f"worker ended with status 3 in CHECK SPECTRA, {AGAIN}; see {LOG}; r reprocesses it")


@fault("processes", "worker ends itself once", tries=10, short=0, kind="fake")
def worker_exits_once(site: Site, rng: random.Random, n: int) -> None:
    (expid,) = send(site, do={CAMERAS[n % 3]: "exit_once"})
    site.mark()
    wait_state(site, expid, "done")
    found = cameras_of(site, expid)
    assert found[CAMERAS[n % 3]][:2] == ("NORMAL", 2), found


@fault("processes", "worker killed by each signal, both times", tries=len(DEADLY), short=1, kind="fake")
def worker_signalled(site: Site, rng: random.Random, n: int) -> None:
    number = signal.Signals[DEADLY[n % len(DEADLY)]]
    if number == signal.SIGKILL:
        words = rf"killed \(out of memory\?\) in CHECK SPECTRA, {AGAIN}; see `dmesg`, .*"
    else:
        words = rf"crashed \({number.name}\) in CHECK SPECTRA, {AGAIN}; {LOG} says where; r reprocesses it"
    dies(site, f"signal:{int(number)}", words)


@fault("processes", "worker killed at any moment", tries=60, short=2, kind="fake")
def worker_killed(site: Site, rng: random.Random, n: int) -> None:
    names = (*DEADLY, *HARMLESS)
    sent = send(site, 3, do=slow())
    random_moment(rng)
    workers = family(engine_of(site)).workers
    if workers:
        _kill(rng.choice(workers), signal.Signals[names[n % len(names)]])
    site.mark()
    for expid in sent:
        wait_state(site, expid, "done")


@fault("processes", "all workers killed at any moment", tries=20, short=0, kind="fake")
def workers_killed(site: Site, rng: random.Random, n: int) -> None:
    sent = send(site, 3, do=slow())
    random_moment(rng)
    for pid in family(engine_of(site)).workers:
        _kill(pid, signal.SIGKILL)
    site.mark()
    for expid in sent:
        wait_state(site, expid, "done")


@fault("processes", "worker that cannot be interrupted (SIGSTOP)", tries=3, short=0, kind="fake", options=IMPATIENT)
def worker_stopped(site: Site, rng: random.Random, n: int) -> None:
    sent = send(site, 2, do=slow(0.5))
    wait_state(site, sent[0], "running")
    random_moment(rng, 0.4)
    _kill(rng.choice(family(engine_of(site)).workers), signal.SIGSTOP)
    site.mark()
    for expid in sent:
        wait_state(site, expid, "done")


@fault("processes", "out of memory: what the worker takes is not there", tries=10, short=1, kind="fake")
def out_of_memory(site: Site, rng: random.Random, n: int) -> None:
    dies(
        site,
        f"eat:{50_000_000 * (1 + n % 4)}",
        rf"out of memory \(MemoryError\), {AGAIN}; give the engine fewer slots; r .*",
    )


@fault("processes", "exception in a task", tries=10, short=1, kind="fake")
def exception(site: Site, rng: random.Random, n: int) -> None:
    do, words = (("raise", "RuntimeError: something else"), ("odd", "OddError: nobody can copy this"))[n % 2]
    dies(site, do, f"{words}, {AGAIN}; r reprocesses it")


@fault("processes", "endless loop", tries=6, short=1, kind="fake", options=IMPATIENT)
def endless_loop(site: Site, rng: random.Random, n: int) -> None:
    dies(site, "loop", f"killed after 1 s in CHECK SPECTRA, {AGAIN}; {LOG} says where; r reprocesses it")


@fault("processes", "10 MB of prints", tries=10, short=1, kind="fake")
def prints(site: Site, rng: random.Random, n: int) -> None:
    sent = send(site, 2, do={"b0": "print:10000000", "r0": "print:3000000"})
    site.mark()
    for expid in sent:
        wait_state(site, expid, "done")

    # The next beats of the engine cut them.
    def small(_record: Record) -> bool:
        return all(log.stat().st_size <= 5_000_000 for log in (site.state / "logs").glob("worker-*.log"))

    site.until(small)


@fault("processes", "result that cannot be sent", tries=10, short=1, kind="fake")
def unpicklable(site: Site, rng: random.Random, n: int) -> None:
    dies(site, "unpicklable", rf".*local object.*, {AGAIN}; r reprocesses it")


@fault("processes", "killed with half a result sent", tries=10, short=1, kind="fake")
def half_a_result(site: Site, rng: random.Random, n: int) -> None:
    dies(site, "half", rf"killed \(out of memory\?\) after CHECK SPECTRA, {AGAIN}; see `dmesg`.*")


@fault("processes", "segmentation fault in C code", tries=10, short=1, kind="fake")
def segmentation_fault(site: Site, rng: random.Random, n: int) -> None:
    words = rf"crashed \(SIGSEGV\) in CHECK SPECTRA, {AGAIN}; ({LOG}) says where; r reprocesses it"
    dies(site, "crash", words)
    assert any("Segmentation fault" in log.read_text() for log in (site.state / "logs").glob("worker-*.log"))


@fault("processes", "real worker killed twice in CHECK FIBERS", tries=5, short=0, kind="desi", slots=1)
def killed_in_a_step(site: Site, rng: random.Random, n: int) -> None:
    expid = send_bad(site)
    before = 0
    for attempt in (1, 2):
        worker = before = _next_worker(site, before)
        _stop_in_step(site, worker, expid, attempt)
        _kill(worker, signal.SIGKILL)
    site.mark()
    wait_state(site, expid, "done", "failed")
    found = cameras_of(site, expid)
    words = rf"killed \(out of memory\?\) in CHECK FIBERS, {AGAIN}; see `dmesg`, .*; r reprocesses it"
    assert found["b0"][0] == "FAILED", found
    assert re.fullmatch(words, found["b0"][2]), found


def _next_worker(site: Site, before: int) -> int:
    """Return the one worker of the engine, when it is another one than before."""
    site.until(lambda _record: set(family(engine_of(site)).workers) - {before}, what="another worker")
    (found,) = set(family(engine_of(site)).workers) - {before}
    return found


def _stop_in_step(site: Site, worker: int, expid: int, attempt: int) -> None:
    """Let a worker go on for a moment, again and again, until it stands still in the middle of CHECK FIBERS of b0.

    A step of a small camera is over before anybody has read of it in the record.
    """
    pause = threading.Event()
    end = time.monotonic() + PATIENCE
    _kill(worker, signal.SIGSTOP)
    while not _in_step(site, expid, "CHECK_FIBERS", "b0", attempt):
        assert time.monotonic() < end, f"b0 of {expid} is never seen in CHECK FIBERS: {cameras_of(site, expid)}"
        _kill(worker, signal.SIGCONT)
        pause.wait(0.004)
        _kill(worker, signal.SIGSTOP)
        # For the engine to hear and record what was said.
        pause.wait(0.06)


def _in_step(site: Site, expid: int, step: str, camera: str, attempt: int) -> bool:
    question = """SELECT 1 FROM step JOIN job ON job.id = step.job_id JOIN process ON process.id = job.process_id
        JOIN exposure ON exposure.id = process.exposure_id
        WHERE expid = ? AND step.name = ? AND camera = ? AND attempt = ? AND step.status = 'RUNNING'"""
    connection = sqlite3.connect(f"file:{site.state / 'qltui.db'}?mode=ro", uri=True)
    try:
        return bool(connection.execute(question, (expid, step, camera, attempt)).fetchall())
    finally:
        connection.close()


def _kill(pid: int, number: int) -> None:
    """Send a signal to what may have ended meanwhile."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


# -- the parent of all workers -------------------------------------------------------------------------------------


@fault("processes", "forkserver killed at any moment", tries=25, short=1, kind="fake")
def forkserver_killed(site: Site, rng: random.Random, n: int) -> None:
    sent = send(site, 3, do=slow())
    random_moment(rng)
    below = family(engine_of(site))
    with handles(below.workers) as opened:
        if below.forkserver is not None:
            _kill(below.forkserver, (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV)[n % 3])
        site.mark()
        for expid in sent:
            wait_state(site, expid, "done")
        if below.forkserver is not None and n % 3 == 0:
            # Whatever they did: nobody would have heard of their end.
            send(site, do=slow())
            assert all_gone(opened), "a worker outlives the parent of all workers"


@fault("processes", "forkserver killed while workers are made", tries=10, short=0, kind="fake", fresh=True)
def forkserver_killed_early(site: Site, rng: random.Random, n: int) -> None:
    site.stop()
    site.start(wait=False)
    random_moment(rng, 1.2)
    engine = site.engine.pid if site.engine is not None else 0
    below = family(engine)
    if below.forkserver is not None:
        _kill(below.forkserver, signal.SIGKILL)
    site.mark()
    for expid in send(site, 2, do=slow()):
        wait_state(site, expid, "done")


@fault("processes", "resource tracker killed at any moment", tries=10, short=0, kind="fake")
def tracker_killed(site: Site, rng: random.Random, n: int) -> None:
    sent = send(site, 2, do=slow())
    random_moment(rng, 0.5)
    below = family(engine_of(site))
    if below.tracker is not None:
        _kill(below.tracker, signal.SIGKILL)
    if n % 2 and below.forkserver is not None:
        _kill(below.forkserver, signal.SIGKILL)
    sent += send(site, 1, do=slow() | {"b0": "exit_once"})
    site.mark()
    for expid in sent:
        wait_state(site, expid, "done")


# -- the engine ----------------------------------------------------------------------------------------------------


@fault("processes", "engine killed by each signal at any moment", tries=100, short=2, kind="fake")
def engine_killed(site: Site, rng: random.Random, n: int) -> None:
    names = (*ENGINE_ENDS, *ENGINE_STAYS)
    number = signal.Signals[names[n % len(names)]]
    sent = send(site, 3, do=slow())
    random_moment(rng)
    engine = engine_of(site)
    with handles([engine]) as itself, handles(descendants(engine)) as below:
        os.kill(engine, number)
        if number.name in ENGINE_ENDS:
            assert all_gone(itself, 20.0), f"the engine does not end by {number.name}"
            assert all_gone(below), f"a process outlives the engine that {number.name} ended"
            assert_whole(site)
            site.mark()
            site.restart()
    for expid in sent:
        wait_state(site, expid, "done")
    assert_whole(site)


@fault("processes", "engine killed while it starts", tries=20, short=0, kind="fake", fresh=True)
def engine_killed_early(site: Site, rng: random.Random, n: int) -> None:
    sent = send(site, 2)
    site.stop()
    for _ in range(3):
        site.start(wait=False)
        random_moment(rng, 1.2)
        site.kill(signal.SIGKILL)
    site.mark()
    site.start()
    for expid in sent:
        wait_state(site, expid, "done")
    assert_whole(site)


@fault("processes", "engine told twice to end", tries=20, short=1, kind="fake")
def engine_told_twice(site: Site, rng: random.Random, n: int) -> None:
    sent = send(site, 3, do=slow())
    random_moment(rng)
    engine = engine_of(site)
    with handles([engine]) as itself, handles(descendants(engine)) as below:
        os.kill(engine, signal.SIGTERM)
        random_moment(rng, 0.4)
        _kill(engine, signal.SIGINT if n % 2 else signal.SIGTERM)
        assert all_gone(itself, 20.0)
        assert all_gone(below), "a process outlives the engine"
    site.mark()
    site.restart()
    for expid in sent:
        wait_state(site, expid, "done")


@fault("processes", "engine stopped and continued (SIGSTOP, SIGCONT)", tries=10, short=1, kind="fake")
def engine_stopped(site: Site, rng: random.Random, n: int) -> None:
    sent = send(site, 2, do=slow())
    random_moment(rng, 0.6)
    os.kill(engine_of(site), signal.SIGSTOP)
    sent += send(site, 2)
    random_moment(rng, 3.0)
    os.kill(engine_of(site), signal.SIGCONT)
    site.mark()
    for expid in sent:
        wait_state(site, expid, "done")
    assert all(attempt <= 1 for expid in sent for _, attempt, _ in cameras_of(site, expid).values())


@fault("processes", "two engines started", tries=10, short=1, kind="fake")
def two_engines(site: Site, rng: random.Random, n: int) -> None:
    sent = send(site, 2, do=slow())
    words = ["run", "--state", str(site.state), "--data", str(site.data), "--quiet"]
    second = subprocess.run(
        [sys.executable, "-m", "qltui", *words], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert second.returncode == 75, (second.returncode, second.stderr)
    assert f"an engine already runs on {site.state} (pid {engine_of(site)} on " in second.stderr, second.stderr
    site.mark()
    for expid in sent:
        wait_state(site, expid, "done")


# -- a viewer ------------------------------------------------------------------------------------------------------


@fault("processes", "viewer killed at any moment", tries=12, short=1, kind="fake")
def viewer_killed(site: Site, rng: random.Random, n: int) -> None:
    engine = engine_of(site)
    with screen(monitor(site.state)) as view:
        view.wait_for("Steps")
        sent = send(site, 3, do=slow())
        random_moment(rng)
        (relay,) = (pid for pid in descendants(view.pid) if b"relay.py" in Path(f"/proc/{pid}/cmdline").read_bytes())
        for pid in descendants(relay):
            _kill(pid, (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV)[n % 4])
        site.mark()
        for expid in sent:
            wait_state(site, expid, "done")
        view.wait_for("ended with")
    assert engine_of(site) == engine
