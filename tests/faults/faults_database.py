"""The record: damaged at rest and at work, removed, of a newer version, and copied while somebody kills the copy."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

from harness import Site, fault
from machines import FAKE, saw, status

from qltui.store.keeping import backup, condition_of

_PAGE = 4096


def _night(site: Site, count: int = 3) -> None:
    """Let some exposures come, be reduced, and be in the one file of the record."""
    for _ in range(count):
        site.arrive(site.make())
    site.settled()


def _at_rest(site: Site) -> Path:
    """End the engine and return its record, without a log beside it."""
    site.stop()
    site.watch.close()
    path = site.state / "qltui.db"
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def _spoil(path: Path, rng: random.Random, way: int) -> None:
    """Write noise over the header, over some pages, or cut the file."""
    size = path.stat().st_size
    with path.open("r+b") as stream:
        if way == 0:
            stream.write(rng.randbytes(100))
        elif way == 1:
            stream.truncate(size // _PAGE * 2 // 3 * _PAGE)
        else:
            for _ in range(rng.choice((1, 4, 16))):
                stream.seek(rng.randrange(size // _PAGE // 3, size // _PAGE) * _PAGE)
                stream.write(rng.randbytes(rng.choice((64, _PAGE))))


@fault("machine", "record damaged at rest", tries=30, short=3, **FAKE, fresh=True)
def damaged_at_rest(site: Site, rng: random.Random, n: int) -> None:
    """The next engine makes it anew; what is nowhere any more is reduced again."""
    _night(site)
    path = _at_rest(site)
    backup(path, site.state / "backup", 1)
    site.start()
    _night(site, 1)
    path = _at_rest(site)
    _spoil(path, rng, n % 3)
    spoiled = not condition_of(path, thorough=True).is_whole
    site.mark()
    site.start()
    site.settled()
    _night(site, 1)
    if spoiled and n % 3 == 0:
        assert list((site.state / "damaged").glob("*.db")), "nothing was set aside"
        saw(site, "the record was damaged and is made anew")


@fault("machine", "record damaged at work", tries=20, short=1, **FAKE, fresh=True)
def damaged_at_work(site: Site, rng: random.Random, n: int) -> None:
    """Noise over file and log while exposures come; what was in neither is reduced again."""
    _night(site)
    backup(site.state / "qltui.db", site.state / "backup", 1)
    site.arrive(site.make())
    threading.Event().wait(rng.uniform(0.0, 0.5))
    for path in (site.state / "qltui.db", site.state / "qltui.db-wal"):
        with path.open("r+b") as stream:
            stream.write(rng.randbytes(path.stat().st_size))
    site.mark()
    site.arrive(site.make())
    site.settled()
    assert list((site.state / "damaged").glob("*.db")), "nothing was set aside"
    saw(site, "the record was damaged and is made anew")


@fault("machine", "record removed at work", tries=10, short=1, **FAKE, fresh=True)
def removed(site: Site, rng: random.Random, n: int) -> None:
    """All of it is still in the connection that has it open, and is written to its place again."""
    _night(site)
    threading.Event().wait(rng.uniform(0.0, 0.5))
    for path in list(site.state.glob("qltui.db*")):
        path.unlink(missing_ok=True)
    site.mark()
    site.arrive(site.make())
    site.settled()
    with closing(sqlite3.connect(f"file:{site.state / 'qltui.db'}?mode=ro", uri=True)) as made:
        found = made.execute("SELECT count(*) FROM process WHERE state = 'done'").fetchone()[0]
    assert found == 4, f"{found} of 4 processes are in the record"
    saw(site, "removed while the engine worked; all of it was written to its place again")


@fault("machine", "record of a newer version", tries=3, short=1, **FAKE, fresh=True)
def newer(site: Site, rng: random.Random, n: int) -> None:
    """Refused by engine and commands, and not touched; when it is back, the night goes on."""
    _night(site)
    path = _at_rest(site)
    kept = path.read_bytes()
    with closing(sqlite3.connect(path, isolation_level=None)) as made:
        made.execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_future', 1e9)")
        made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    theirs = path.read_bytes()
    told = site.engine_settings().to_json()
    command = [sys.executable, "-m", "qltui.engine", str(site.state)]
    ended = subprocess.run(command, input=told, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 69, ended
    assert "update qltui" in ended.stderr, ended.stderr
    code, line = status(site)
    assert code not in (0, 1), (code, line)
    assert path.read_bytes() == theirs, "the record was touched"
    saw(site, ended.stderr.strip().partition("; ")[2])
    path.write_bytes(kept)
    site.mark()
    site.start()
    _night(site, 1)


@fault("machine", "copy of the record killed", tries=40, short=2, **FAKE)
def copy_killed(site: Site, rng: random.Random, n: int) -> None:
    """No copy that is not whole has a name, and the last good one stays."""
    site.ensure()
    _night(site, 1)
    backup(site.state / "qltui.db", site.state / "backup", 2)
    command = [sys.executable, "-m", "qltui", "db", "backup", "--keep", "1", "--state", str(site.state)]
    copying = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    threading.Event().wait(rng.uniform(0.2, 0.8))
    copying.send_signal(signal.SIGKILL)
    copying.wait()
    found = [path for path in (site.state / "backup").iterdir() if path.suffix == ".db"]
    assert found, "no copy is left"
    assert all(condition_of(path).is_whole for path in found), found
    for path in (site.state / "backup").glob(".*.part*"):
        path.unlink()
    site.arrive(site.make())
    site.settled()
