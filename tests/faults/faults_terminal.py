"""Terminals that stall, hang up, change their size, or are not what the Monitor would like: a real one beside a real
engine."""

from __future__ import annotations

import os
import random
import re
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from families import all_gone, descendants, handles
from faults_processes import engine_of, slow
from harness import Site, fault
from site_of_faults import Entered
from terminals import PATIENCE, Line, Screen, line, monitor, screen

from qltui.engine.launch import is_running, stop_engine

TERMS = ("screen", "screen-256color", "tmux-256color", "xterm", "linux", "vt100", "xterm-256color")
LOCALES: Sequence[Mapping[str, str | None]] = (
    {"LC_ALL": "C", "LANG": None},
    {"LC_ALL": "POSIX", "LANG": None},
    {"LC_ALL": "C.UTF-8", "LANG": None},
    {"LC_ALL": None, "LANG": None, "LC_CTYPE": None},
    {"LC_ALL": None, "LANG": "C.UTF-8"},
    {"LC_ALL": "xx_YY.UTF-8", "LANG": None},
)
SIZES = (
    (20, 5),
    (24, 6),
    (40, 10),
    (60, 20),
    (80, 24),
    (81, 25),
    (100, 30),
    (120, 40),
    (160, 50),
    (200, 60),
    (300, 80),
)
STALLS = (3.0, 60.0, 60.0, 10.0, 10.0, 10.0)
"""How long a line hangs, in each try [s]."""
COLOUR = re.compile(rb"\x1b\[(?:[0-9]+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9]+)*m")
REFUSED = 69


def enter(site: Site, **what: object) -> Entered:
    """Let one exposure arrive that must come out well."""
    return site.arrive(site.make(**what), allowed={"NORMAL"})


def look(view: Screen, entry: Entered, *, good: str = "● GOOD") -> str:
    """Wait until an exposure stands on the screen as good, and keep what was read."""
    text = view.wait_for(f"exp {entry.expid}", good, "done in")
    rows = text.splitlines()
    verdict = next(row.split(good[0])[-1].strip() for row in rows if good in row)
    entry.read = f"{' '.join(rows[0].split()[:4])}, {good[0]} {verdict}"
    return text


def leave(view: Screen) -> None:
    """Press q and look whether that was the end of it."""
    view.keys("q")
    view.wait_for("ended with 0")


@fault("terminal", "stalled while exposures arrive", tries=len(STALLS), short=1, kind="fake")
def stalled(site: Site, rng: random.Random, n: int) -> None:
    with screen(monitor(site.state)) as view:
        look(view, enter(site))
        view.stall(stalled=True)
        end = time.monotonic() + STALLS[n % len(STALLS)]
        while time.monotonic() < end:
            entry = enter(site, do=slow(0.02))
            # What it draws for these fills the line.
            view.keys(*"23451")
            site.settled()
        assert str(entry.expid) not in view.text
        view.stall(stalled=False)
        site.mark()
        look(view, entry)
        leave(view)


@fault("terminal", "stalled, and told to end", tries=6, short=1, kind="fake")
def ended_while_stalled(site: Site, rng: random.Random, n: int) -> None:
    with line(monitor(site.state)) as view:
        view.read_until(b"Steps")
        for _ in range(8):
            enter(site, do=slow(0.02))
            os.write(view.outer, b"23451")
        site.settled()
        view.process.send_signal((signal.SIGTERM, signal.SIGHUP)[n % 2])
        assert view.process.wait(20.0) in (143, 129)
        site.mark()


@fault("terminal", "hung up", tries=20, short=1, kind="fake")
def hung_up(site: Site, rng: random.Random, n: int) -> None:
    engine = engine_of(site)
    with line(monitor(site.state)) as view, handles([view.process.pid]) as itself:
        if n % 4:
            view.read_until(b"Steps")
        with handles(descendants(view.process.pid)) as below:
            sent = [enter(site, do=slow(0.02)) for _ in range(3)]
            threading.Event().wait(rng.uniform(0.0, 1.0))
            view.hang_up()
            assert all_gone([*itself, *below], 20.0), "a viewer lives on without its terminal"
        site.mark()
    assert engine_of(site) == engine
    with screen(monitor(site.state)) as after:
        look(after, sent[-1])
        leave(after)


@fault("terminal", "hung up, with the engine that the viewer has started", tries=5, short=0, kind="fake", fresh=True)
def hung_up_with_engine(site: Site, rng: random.Random, n: int) -> None:
    """The engine is one that really watches, of DESI: it finds nothing that it knows, and has to live on."""
    site.stop()
    state, data = site.root / "own", site.root / "nothing"
    data.mkdir()
    program = [sys.executable, "-m", "qltui", "monitor", "--state", str(state), "--data", str(data)]
    try:
        with line(program) as view, handles([view.process.pid]) as itself:
            view.read_until(b"Steps")
            found = is_running(state)
            assert found is not None, "the viewer has started no engine"
            view.hang_up()
            assert all_gone(itself, 20.0)
        assert is_running(state) == found, "the engine has ended with the terminal of its viewer"
    finally:
        stop_engine(state)
    site.start()
    enter(site)


@fault("terminal", "resized from 20x5 to 300x80 in a row", tries=10, short=1, kind="fake")
def resized(site: Site, rng: random.Random, n: int) -> None:
    with screen(monitor(site.state)) as view:
        view.wait_for("Steps")
        for columns, rows in (*SIZES, *reversed(SIZES), *rng.sample(SIZES, len(SIZES))):
            if columns % 3:
                enter(site)
            view.resize(columns, rows)
            if n % 2:
                view.keys(str(rng.randint(1, 5)))
        view.resize(80, 24)
        # Of keys that were typed into the storm one for an older screen may be obeyed after one for a newer: again.
        for _ in range(3):
            view.keys("1")
            if view.comes("queue", timeout=PATIENCE / 6):
                break
        entry = enter(site)
        site.mark()
        view.resize(20, 5)
        view.wait_for("too small")
        for columns, rows in ((300, 80), (80, 24)):
            view.resize(columns, rows)
            text = look(view, entry)
            assert all(len(row) <= columns for row in text.splitlines())
        leave(view)


@fault("terminal", "TERM is each of those that there are", tries=len(TERMS), short=1, kind="fake")
def terms(site: Site, rng: random.Random, n: int) -> None:
    with screen(monitor(site.state), environment={"TERM": TERMS[n % len(TERMS)]}) as view:
        look(view, enter(site))
        leave(view)


@fault("terminal", "TERM is dumb, empty or missing", tries=4, short=1, kind="fake")
def dumb(site: Site, rng: random.Random, n: int) -> None:
    entry = enter(site)
    with line(monitor(site.state), {"TERM": ("dumb", "unknown", "", None)[n % 4]}) as view:
        assert view.read_to_end() == REFUSED
    entry.read = _refused(view, b"qltui status")


@fault("terminal", "locale is C, POSIX, UTF-8, missing, unknown", tries=len(LOCALES), short=1, kind="fake")
def locales(site: Site, rng: random.Random, n: int) -> None:
    environment = LOCALES[n % len(LOCALES)]
    ascii_only = environment["LC_ALL"] in ("C", "POSIX")
    with screen(monitor(site.state), environment=environment) as view:
        text = look(view, enter(site), good="o GOOD" if ascii_only else "● GOOD")
        assert text.isascii() == ascii_only, text
        leave(view)


@fault("terminal", "NO_COLOR", tries=4, short=1, kind="fake")
def no_color(site: Site, rng: random.Random, n: int) -> None:
    theme = ((), ("--theme", "mono"))[n % 2]
    entry = enter(site)
    site.settled()
    with line(monitor(site.state, *theme), {"NO_COLOR": "1"}) as view:
        view.read_until(b"GOOD")
        os.write(view.outer, b"q")
        assert view.read_to_end() == 0
    assert b"\xe2\x97\x8f" in view.data, "the shape of a good status"
    found = COLOUR.search(view.data)
    assert found is None, (
        f"a colour in spite of NO_COLOR: {found and view.data[found.start() - 80 : found.end() + 40]!r}"
    )
    entry.read = "shapes without a colour"


@fault("terminal", "stderr, stdin or stdout redirected", tries=3, short=1, kind="fake")
def redirected(site: Site, rng: random.Random, n: int) -> None:
    entry = enter(site)
    kept = site.root / f"kept{n}"
    to = (f'2> "{kept}"', "< /dev/null", f'> "{kept}"')[n % 3]
    with line(["sh", "-c", f'"$@" {to}', "sh", *monitor(site.state)]) as view:
        if n % 3 == 2:
            # It is drawn on the error stream: the observer may keep what is left.
            view.read_until(b"GOOD")
            os.write(view.outer, b"q")
            assert view.read_to_end() == 0
            entry.read = "the Monitor, as always"
        else:
            assert view.read_to_end() == REFUSED
            if n % 3 == 0:
                view.data = kept.read_bytes()
            entry.read = _refused(view, b"redirected")


@fault("terminal", "five viewers at once", tries=5, short=1, kind="fake")
def five_viewers(site: Site, rng: random.Random, n: int) -> None:
    with ExitStack() as stack:
        views = [stack.enter_context(screen(monitor(site.state))) for _ in range(5)]
        for view in views:
            view.wait_for("Steps")
        sent = [enter(site, do=slow(0.02)) for _ in range(4)]
        last = max(sent, key=lambda entry: entry.expid)
        site.settled()
        site.mark()
        for view in views:
            look(view, last)
        end = time.monotonic() + PATIENCE
        while len({view.text for view in views}) > 1:
            assert time.monotonic() < end, "the screens differ:\n" + "\n".join({view.text for view in views})
        last.read += ", the same on five"
        for view in views:
            leave(view)


def _refused(view: Line, words: bytes) -> str:
    """Return the sentence with which the Monitor has refused a terminal."""
    assert words in view.data, view.data
    assert b"\x1b[" not in view.data, "something was drawn on a terminal that cannot"
    return view.data.decode().strip().splitlines()[-1][:160]
