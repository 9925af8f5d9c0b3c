"""The Monitor in real terminals: a pseudo-terminal of ours, and tmux."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time

import nights
import pytest

pytestmark = pytest.mark.tty

PATIENCE = 60.0
"""For whatever a loaded machine has to do [s]; nothing waits that long where all is well."""


def program(state, **options):
    words = ", ".join(f"{name}={value!r}" for name, value in options.items())
    return f"import sys; from qltui.tui import run_monitor; sys.exit(run_monitor({str(state)!r}, {words}))"


class Terminal:
    """A pseudo-terminal with the Monitor in it, whose bytes we count."""

    def __init__(self, code, **environment):
        self.fd, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env=os.environ | {"TERM": "tmux-256color", "LC_ALL": "C.UTF-8"} | environment,
            start_new_session=True,
        )
        os.close(inside)
        self.data = b""

    def read_for(self, seconds):
        """Return what comes within so many seconds."""
        end, start = time.monotonic() + seconds, len(self.data)
        while (left := end - time.monotonic()) > 0 and self._read(left):
            pass
        return self.data[start:]

    def read_until(self, words):
        """Read until these words have come."""
        end = time.monotonic() + PATIENCE
        while words not in self.data:
            left = end - time.monotonic()
            assert left > 0, f"{words!r} never came: {self.data[-2000:]!r}"
            assert self._read(left) or words in self.data, f"it ended: {self.data[-2000:]!r}"

    def read_until_still(self, seconds=2.0):
        """Read until nothing has come for so long."""
        end = time.monotonic() + PATIENCE
        while self.read_for(seconds):
            assert time.monotonic() < end, "it never became still"

    def _read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.data += data
        return bool(data)

    def end(self):
        """Read to the end and return the exit status."""
        end = time.monotonic() + PATIENCE
        while self._read(1.0) and time.monotonic() < end:
            pass
        return self.process.wait(PATIENCE)

    def kill(self):
        """Leave nothing behind."""
        self.process.kill()
        self.process.wait(PATIENCE)
        os.close(self.fd)


@pytest.fixture
def terminal():
    """Return a function that opens terminals, which are closed at the end."""
    opened = []

    def start(code, **environment):
        opened.append(Terminal(code, **environment))
        return opened[-1]

    yield start
    for item in opened:
        item.kill()


def test_an_idle_screen_sends_nothing_and_a_signal_restores_the_terminal(tmp_path, terminal):
    with nights.write_night(tmp_path, exposures=1) as store:
        store.finish_process(store.process_numbers()[0], nights.p.good_process().verdict)
        view = terminal(program(tmp_path))
        view.read_until(b"NOISE_AMP")
        view.read_until_still()
        for _ in range(4):
            nights.beat(store, time.time())
            assert view.read_for(0.5) == b""
        view.process.send_signal(signal.SIGTERM)
        assert view.end() == 143
        assert b"\x1b[?1049l" in view.data


def test_q_ends_it_and_a_dumb_terminal_is_refused(tmp_path, terminal):
    view = terminal(program(tmp_path))
    view.read_until(b"No engine has run here yet")
    os.write(view.fd, b"q")
    assert view.end() == 0
    dumb = terminal(program(tmp_path), TERM="dumb")
    assert dumb.end() == 69
    assert b"qltui status" in dumb.data


def test_without_colours_it_is_drawn_in_those_of_the_terminal(tmp_path, terminal):
    view = terminal(program(tmp_path), NO_COLOR="1")
    view.read_until(b"No engine has run here yet")
    os.write(view.fd, b"q")
    assert view.end() == 0
    codes = set(re.findall(rb"\x1b\[([0-9;]*)m", view.data))
    assert codes
    assert all(set(code.split(b";")) <= {b"", b"0", b"1", b"2", b"7", b"39", b"49"} for code in codes), codes


def test_a_redirected_error_stream_is_refused(tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", program(tmp_path)],
        env=os.environ | {"TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 69
    assert "do not redirect it" in result.stderr


class Tmux:
    """A tmux server of our own with one window of 80x24."""

    def __init__(self, socket, code):
        self._base = ["tmux", "-f", "/dev/null", "-S", str(socket)]
        environment = {name: value for name, value in os.environ.items() if name not in ("TMUX", "TERM")}
        environment |= {"LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        # A shell says how it ended: tmux itself does not always hear of it.
        program = ["sh", "-c", '"$0" -c "$1"; echo "ended with $?"; cat', sys.executable, code]
        command = [*self._base, "-u", "new-session", "-d", "-x", "80", "-y", "24", *program]
        subprocess.run(command, env=environment, check=True)

    def call(self, *words):
        """Run a tmux command and return what it says."""
        return subprocess.run([*self._base, *words], check=True, capture_output=True, text=True).stdout

    def screen(self):
        """Return what stands on the screen."""
        return self.call("capture-pane", "-p")

    def wait_for(self, *words):
        """Wait until all the words stand on the screen, and return it."""
        end = time.monotonic() + PATIENCE
        while not all(word in (screen := self.screen()) for word in words):
            assert time.monotonic() < end, f"{words} never came:\n{screen}"
            time.sleep(0.05)  # tmux has no event for it
        return screen

    def keys(self, *names):
        """Press keys."""
        self.call("send-keys", *names)

    def kill(self):
        """End the server."""
        subprocess.run([*self._base, "kill-server"], check=False, capture_output=True)


@pytest.fixture
def tmux(tmp_path):
    """Return a function that opens the Monitor in tmux."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed: the Monitor was not tried in it")
    opened = []

    def start(code):
        # A server that ends takes its socket with it, a moment later than it says: each has its own.
        opened.append(Tmux(tmp_path / f"tmux{len(opened)}", code))
        return opened[-1]

    yield start
    for item in opened:
        item.kill()


def test_an_observer_in_tmux_sees_and_steers_the_night(tmp_path, tmux):
    state = tmp_path / "state"
    state.mkdir()
    with nights.write_night(state, exposures=2) as store:
        view = tmux(program(state, theme="night-red", who="observer"))
        screen = view.wait_for(
            "exp 3577", "●●●✖●●●●●●", "✖ b3 C  noise 25.1 e-", "NOISE_AMP b3 C [e-]", "reducing 19/30"
        )
        assert all(len(line) <= 80 for line in screen.split("\n"))
        view.keys("Enter")
        view.wait_for("2.10 … 4.10", nights.p.REAL.metric("NOISE_AMP").action[:40])
        view.keys("Right")
        view.wait_for("── b4 CHECK CCDS")
        view.keys("Escape")
        view.wait_for("── Log")
        view.keys("[")
        view.wait_for("exp 3576", "● GOOD", "looking back")
        view.keys("l")
        view.wait_for("exp 3577")
        # All in one piece, as a slow line delivers it: no letter may be lost on its way to the question.
        view.keys("/alarm", "Enter", "?")
        view.wait_for("Help: up and down scroll")
        view.keys("q")
        view.wait_for("━━ Steps", "Log  /alarm")
        view.keys("r", "c")
        view.wait_for("asked for: reprocess 3577")
        assert [command.who for command in store.pending_commands()] == ["observer"]
        view.call("resize-window", "-x", "40", "-y", "10")
        view.wait_for("too small: 40x10")
        view.call("resize-window", "-x", "120", "-y", "40")
        view.wait_for("CHECK SPECTRA", "not expected")
        view.keys("q")
        view.wait_for("ended with 0")
