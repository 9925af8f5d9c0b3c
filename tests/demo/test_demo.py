"""The README's first command, without a terminal and in a real one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1"}


def processes_with(words: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:  # it has just ended
                continue
            if words in command:
                found.append(int(entry.name))
    return found


@pytest.mark.slow
def test_headless_demo_prints_log_and_table_and_leaves_nothing(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "qltui", "demo", "--headless"],
        capture_output=True,
        text=True,
        env={**ENVIRONMENT, "TMPDIR": str(tmp_path)},
        timeout=240,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    log, _, table = result.stdout.partition("\n\n")
    for expid in range(3574, 3580):
        assert f"Exposure {expid}" in log
        assert f" {expid}  " in table
    rows = {line.split()[0]: line for line in table.splitlines() if line.strip()[:2] == "35"}
    assert all("NORMAL" in rows[str(expid)] for expid in range(3574, 3579)), table
    assert "ALARM" in rows["3579"]
    for culprit in ("b3 C", "r5", "b7", "z2", "z8", "r1 B"):
        assert culprit in table
    assert not any(tmp_path.iterdir())
    assert not processes_with(str(tmp_path))


class Tmux:
    """A real terminal of our own."""

    def __init__(self, size: tuple[int, int], command: str, directory: Path) -> None:
        self.socket = f"qltui-test-{os.getpid()}"
        self.run("-f", "/dev/null", "new-session", "-d", "-s", "s", "-x", str(size[0]), "-y", str(size[1]), command)

    def run(self, *words: str) -> str:
        result = subprocess.run(["tmux", "-L", self.socket, *words], capture_output=True, text=True, env=ENVIRONMENT)
        return result.stdout

    def screen(self) -> str:
        return self.run("capture-pane", "-p", "-t", "s")

    def wait_for(self, *words: str, timeout: float) -> str:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            screen = self.screen()
            if all(word in screen for word in words):
                return screen
            time.sleep(0.2)  # a terminal has no event to wait for
        pytest.fail(f"{words} did not appear in {timeout} s:\n{self.screen()}")

    def keys(self, *keys: str) -> None:
        self.run("send-keys", "-t", "s", *keys)


@pytest.mark.tty
@pytest.mark.slow
def test_demo_in_a_real_terminal(tmp_path):
    """At 80x24: the night arrives, the faulty exposure is named, keys answer, q ends it and leaves no process."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    command = f"TMPDIR={tmp_path} {sys.executable} -m qltui demo --interval 1; echo ended with $?; cat"
    tmux = Tmux((80, 24), command, tmp_path)
    try:
        tmux.wait_for("CHECK CCDS", timeout=60)
        screen = tmux.wait_for("exp 3579", "ALARM", "b3 C", timeout=180)
        assert max(len(line) for line in screen.splitlines()) <= 80
        assert "CHECK SPECTRA" in screen
        tmux.keys("?")
        tmux.wait_for("Help:", timeout=10)
        tmux.keys("q")
        tmux.wait_for("CHECK SPECTRA", timeout=10)
        tmux.keys("Enter")
        tmux.wait_for("normal", timeout=10)
        tmux.keys("q")
        tmux.wait_for("CHECK SPECTRA", timeout=10)
        tmux.keys("q")
        tmux.wait_for("ended with 0", timeout=40)
    finally:
        tmux.run("kill-server")
    deadline = time.monotonic() + 10  # the terminal's own shell needs a moment to go
    while processes_with(str(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not processes_with(str(tmp_path))
    assert not any(tmp_path.iterdir())


@pytest.mark.tty
@pytest.mark.slow
def test_a_night_that_is_simulated_behind_the_screen_arrives(tmp_path):
    """No process can be made once the screen has the standard error; those that simulate are there before."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    command = (
        f"TMPDIR={tmp_path} {sys.executable} -m qltui demo --instrument decam --interval 0; echo ended with $?; cat"
    )
    tmux = Tmux((80, 24), command, tmp_path)
    try:
        tmux.wait_for("exp 229389", "DETREND", timeout=120)
        tmux.keys("q")
        tmux.wait_for("ended with 0", timeout=60)
    finally:
        tmux.run("kill-server")


def test_a_delivery_that_fails_is_told_when_the_demo_ends(tmp_path):
    from qltui.commands import demo

    def files():
        yield tmp_path / "absent" / "desi-00000001.fits.fz"

    told = []
    night = demo._Night(tmp_path, (1,), files())
    feeder = demo._Feeder(night, tmp_path / "data", 0.0, lambda _: True, lambda: told.append(1))
    feeder.start()
    feeder.join()
    assert "the night ended early: FileNotFoundError" in feeder.problem
    assert told == [1]


@pytest.mark.slow
def test_where_the_committed_night_is_not_at_hand_it_is_simulated(tmp_path, monkeypatch):
    from qltui.commands import demo

    monkeypatch.setattr(demo, "_sample_data", lambda _: None)
    night = demo._night(tmp_path, "desi")
    assert (night.root / "calib" / "psf-b0.fits").is_file()
    assert night.numbers == tuple(range(3574, 3580))
    assert len(list(night.files)) == len(demo._exposures(night.root, "desi")) == 6


def test_exposures_are_delivered_with_what_belongs_to_them(tmp_path, sample_data):
    from qltui.commands import demo

    night = demo._night(tmp_path, "desi")
    raw = next(night.files)
    demo._deliver(raw, 3574, night.root, tmp_path / "data")
    there = {path.name for path in (tmp_path / "data" / "20191001" / "00003574").iterdir()}
    assert there == {path.name for path in (sample_data / "20191001" / "00003574").iterdir()}
    flat = sample_data / "decam"
    exposures = demo._exposures(flat, "decam")
    assert [exposure.expid for exposure in exposures] == list(range(229388, 229396))
    demo._deliver(Path(exposures[0].path), 229388, flat, tmp_path / "flat")
    assert [path.name for path in (tmp_path / "flat" / "20130831").iterdir()] == ["DECam_00229388.fits.fz"]


@pytest.mark.slow
def test_headless_demo_of_another_instrument(tmp_path):
    """The night is simulated as it goes, of all CCDs, and its faults are named."""
    result = subprocess.run(
        [sys.executable, "-m", "qltui", "demo", "--headless", "--instrument", "decam"],
        capture_output=True,
        text=True,
        env={**ENVIRONMENT, "TMPDIR": str(tmp_path)},
        timeout=400,
    )
    assert result.returncode == 0, result.stderr
    table = result.stdout.partition("\n\n")[2]
    rows = {line.split()[0]: line for line in table.splitlines() if line.strip()[:4] == "2293"}
    assert list(rows) == [str(number) for number in range(229388, 229396)], table
    assert all("ALARM" not in row for number, row in rows.items() if number != "229395"), table
    assert "ALARM" in rows["229395"]
    for culprit in ("S24 B", "N24 A", "N5 A", "S31", "FWHM"):
        assert culprit in table
    assert not any(tmp_path.iterdir())
    assert not processes_with(str(tmp_path))
