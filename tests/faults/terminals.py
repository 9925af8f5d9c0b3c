"""Terminals in which the Monitor is looked at: tmux, whose screen can be read, and a bare pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from site_of_faults import SkipFaultError

__all__ = ["PATIENCE", "Line", "Screen", "line", "monitor", "screen"]

PATIENCE = 60.0
"""For whatever a loaded machine has to do [s]; nothing waits that long where all is well."""
_LOOK = 0.05
"""Between two looks at a screen [s]; tmux tells nobody that it has changed."""
_RELAY = Path(__file__).with_name("relay.py")


def monitor(state: Path, *words: str) -> list[str]:
    """Return the command that shows the Monitor of a state directory and starts nothing."""
    return [sys.executable, "-m", "qltui", "monitor", "--no-engine", "--state", str(state), *words]


def _environment(home: Path, changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return an environment without the observer's own settings; None takes a name away."""
    kept = {name: value for name, value in os.environ.items() if name not in ("TMUX", "TMUX_PANE", "NO_COLOR")}
    kept |= {"XDG_STATE_HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home)}
    kept |= {"TERM": "tmux-256color", "LC_ALL": "C.UTF-8"}
    for name, value in changes.items():
        kept.pop(name, None)
        if value is not None:
            kept[name] = value
    return kept


class Screen:
    """A tmux server of our own with one window, whose text is what an observer sees."""

    def __init__(
        self, home: Path, program: Sequence[str], size: tuple[int, int], environment: Mapping[str, str | None]
    ) -> None:
        self.gate = home / "stalled"
        self._base = ["tmux", "-f", "/dev/null", "-S", str(home / "tmux"), "-u"]
        self._outer = _environment(home, {"TERM": "xterm-256color"})
        inner = [f"{name}={value}" for name, value in _environment(home, environment).items()]
        # A shell says how it ended: tmux itself does not always hear of it.
        words = ["sh", "-c", '"$@"; echo "ended with $?"; exec cat', "sh"]
        words += ["env", "-i", *inner, sys.executable, str(_RELAY), str(self.gate), *program]
        columns, rows = size
        self._run("new-session", "-d", "-x", str(columns), "-y", str(rows), *words)
        (self.pid,) = (int(word) for word in self._run("list-panes", "-F", "#{pane_pid}").split())

    def _run(self, *words: str) -> str:
        """Run a tmux command and return what it says."""
        done = subprocess.run([*self._base, *words], env=self._outer, check=True, capture_output=True, encoding="utf-8")
        return done.stdout

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return self._run("capture-pane", "-p")

    def wait_for(self, *words: str, timeout: float = PATIENCE) -> str:
        """Wait until all the words stand on the screen, and return it."""
        end = time.monotonic() + timeout
        while not all(word in (seen := self.text) for word in words):
            assert time.monotonic() < end, f"{words} never came:\n{seen}"
            time.sleep(_LOOK)
        return seen

    def comes(self, words: str, timeout: float) -> bool:
        """Return whether words stand on the screen within some time."""
        end = time.monotonic() + timeout
        while words not in self.text:
            if time.monotonic() > end:
                return False
            time.sleep(_LOOK)
        return True

    def keys(self, *names: str) -> None:
        """Press keys."""
        self._run("send-keys", *names)

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        self._run("resize-window", "-x", str(columns), "-y", str(rows))

    def stall(self, *, stalled: bool) -> None:
        """Take no more of what the program writes, or all of it again."""
        if stalled:
            self.gate.touch()
        else:
            self.gate.unlink()

    def close(self) -> None:
        """End the server and what runs in it."""
        subprocess.run([*self._base, "kill-server"], env=self._outer, check=False, capture_output=True)


@contextmanager
def screen(
    program: Sequence[str], size: tuple[int, int] = (80, 24), environment: Mapping[str, str | None] | None = None
) -> Iterator[Screen]:
    """Show a program in tmux as long as this lasts."""
    if shutil.which("tmux") is None:
        msg = "tmux is not installed"
        raise SkipFaultError(msg)
    # A socket has a short path.
    home = Path(tempfile.mkdtemp(prefix="qlt"))
    opened = None
    try:
        opened = Screen(home, program, size, environment or {})
        yield opened
    finally:
        if opened is not None:
            opened.close()
        shutil.rmtree(home, ignore_errors=True)


class Line:
    """A program on a bare pseudo-terminal that is its controlling one, as over a remote line."""

    def __init__(self, home: Path, program: Sequence[str], environment: Mapping[str, str | None]) -> None:
        self.outer, inner = os.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        # A process of its own session takes the first terminal that it opens for its controlling one.
        leader = "import os, sys; os.close(os.open(sys.argv[1], os.O_RDWR)); os.execvp(sys.argv[2], sys.argv[2:])"
        self.process = subprocess.Popen(
            [sys.executable, "-c", leader, os.ttyname(inner), *program],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env=_environment(home, environment),
            start_new_session=True,
        )
        os.close(inner)
        self.data = b""

    def read_until(self, words: bytes, timeout: float = PATIENCE) -> None:
        """Read until these words have come."""
        end = time.monotonic() + timeout
        while words not in self.data:
            left = end - time.monotonic()
            assert left > 0, f"{words!r} never came: {self.data[-2000:]!r}"
            assert self._read(left) or words in self.data, f"it ended: {self.data[-2000:]!r}"

    def read_to_end(self, timeout: float = PATIENCE) -> int:
        """Read to the end and return the exit status."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0 and self._read(left):
            pass
        return self.process.wait(timeout)

    def _read(self, seconds: float) -> bool:
        if not select.select([self.outer], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.outer, 65536)
        except OSError:
            return False
        self.data += data
        return bool(data)

    def hang_up(self) -> None:
        """Close the terminal, as a line that is cut."""
        if self.outer >= 0:
            os.close(self.outer)
            self.outer = -1

    def close(self) -> None:
        """Leave nothing behind."""
        self.hang_up()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)


@contextmanager
def line(program: Sequence[str], environment: Mapping[str, str | None] | None = None) -> Iterator[Line]:
    """Show a program on a pseudo-terminal as long as this lasts."""
    home = Path(tempfile.mkdtemp(prefix="qlt"))
    opened = None
    try:
        opened = Line(home, program, environment or {})
        yield opened
    finally:
        if opened is not None:
            opened.close()
        shutil.rmtree(home, ignore_errors=True)
