"""Disks: full under the record, the products and the logs, and a state directory that nobody may write any more."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from harness import Site, fault
from machines import FAKE, saw, status
from site_of_faults import SkipFaultError

PLACES = ("state", "products", "logs")


def mounted(site: Site, place: Path, megabytes: int) -> None:
    """Give a directory of a site a small disk of its own, which goes with the site."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "qltui-faults", str(place)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        why = f"no disk can be mounted here: {error}"
        raise SkipFaultError(why) from error
    close = site.close

    def unmount() -> list[str]:
        faults = close()
        subprocess.run(["umount", "--lazy", str(place)], check=False)
        shutil.rmtree(site.root, ignore_errors=True)
        return faults

    site.close = unmount  # type: ignore[method-assign]


def fill(place: Path, left: int = 0) -> Path:
    """Take all room of a disk but for some bytes; returns the file that has it."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(b"\0" * 65536)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        if left:
            stream.truncate(max(0, stream.tell() - left))
    return filler


def halves(site: Site) -> list[str]:
    """Return products that were begun and not ended."""
    place = site.state / "products"
    return [path.name for path in place.rglob("*") if path.is_file() and not path.name.endswith(".fits")]


def _says(site: Site, true: Callable[[int, str], bool]) -> None:
    """Wait until status says what is true."""
    said = [(-1, "")]

    def look() -> bool:
        said[0] = status(site)
        return true(*said[0])

    end = time.monotonic() + 30.0
    while not look():
        assert time.monotonic() < end, f"status goes on with {said[0]}"
        threading.Event().wait(0.05)


def full(site: Site, rng: random.Random, place: Path, *, said: bool, left: int) -> None:
    """Fill a disk while exposures come, and make room again."""
    for _ in range(2):
        site.arrive(site.make())
    threading.Event().wait(rng.uniform(0.0, 1.0))
    filler = fill(place, left)
    for _ in range(3):
        site.arrive(site.make())
    try:
        if said:
            _says(site, lambda code, line: code == 2)
            saw(site, status(site)[1].split("(")[0][:100])
        threading.Event().wait(rng.uniform(1.0, 3.0))
        assert site.engine is not None
        assert site.engine.poll() is None, f"the engine ended: {site.printed()}"
    finally:
        filler.unlink()
    site.mark()
    site.settled()
    assert not halves(site), halves(site)
    entry = site.arrive(site.make())
    site.settled()
    assert site.outcome(entry, site.watch.look()) not in ("FAILED", "incomplete"), site.shown(entry)
    _says(site, lambda _code, line: "TROUBLE" not in line and "full" not in line)


@fault("machine", "disk full under the record", tries=10, short=1, **FAKE, fresh=True)
def state_full(site: Site, rng: random.Random, n: int) -> None:
    """What cannot be written is kept and tried again; beside the record it is said."""
    site.stop()
    site.watch.close()
    shutil.rmtree(site.state, ignore_errors=True)
    mounted(site, site.state, 24)
    site.start()
    full(site, rng, site.state, said=True, left=(0, 4096, 65536)[n % 3])


@fault("machine", "disk full under the products", tries=8, short=1, fresh=True)
def products_full(site: Site, rng: random.Random, n: int) -> None:
    """No product stays half written, and the exposure has its verdict or its reason."""
    site.stop()
    mounted(site, site.state / "products", 48)
    site.start()
    full(site, rng, site.state / "products", said=True, left=(0, 20_000, 200_000)[n % 3])


@fault("machine", "disk full under the logs", tries=6, short=1, **FAKE, fresh=True)
def logs_full(site: Site, rng: random.Random, n: int) -> None:
    """The night goes on without the engine's own log; that of the night is in the record."""
    site.stop()
    mounted(site, site.state / "logs", 2)
    site.start()
    full(site, rng, site.state / "logs", said=False, left=(0, 100)[n % 2])


@fault("machine", "state directory read-only at the start", tries=3, short=1, **FAKE, fresh=True)
def state_read_only(site: Site, rng: random.Random, n: int) -> None:
    """No engine starts, with cause and action; a viewer still shows what the record has."""
    site.stop()
    site.watch.close()
    shutil.rmtree(site.state, ignore_errors=True)
    mounted(site, site.state, 24)
    site.start()
    entry = site.arrive(site.make())
    site.settled()
    if n == 1:
        site.kill()
    else:
        site.stop()
    site.watch.close()
    subprocess.run(["mount", "-o", "remount,ro", str(site.state)], check=True, capture_output=True)
    try:
        command = [sys.executable, "-m", "qltui", "run", "--once", "--data", str(site.data), "--state", str(site.state)]
        ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60.0, env=os.environ)
        saw(site, ended.stderr.strip().splitlines()[-1].replace(str(site.state), "STATE")[:100])
        assert ended.returncode == 73, f"{ended.returncode}: {ended.stderr}"
        assert "read-only" in ended.stderr.lower(), ended.stderr
        code, line = status(site)
        assert code == 3, line
        command = [sys.executable, "-m", "qltui", "night", "--state", str(site.state)]
        shown = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60.0, env=os.environ)
        assert str(entry.expid) in shown.stdout, shown.stderr
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(site.state)], check=True, capture_output=True)
    site.mark()
    site.start()
    site.arrive(site.make())
