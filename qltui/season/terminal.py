"""What the program sends to a terminal: bytes and times on a pseudo-terminal, and through tmux."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from qltui.instruments.base import Instrument
from qltui.model import Exposure, Status, StepReport, Trigger
from qltui.store.record import Store
from qltui.store.views import EngineView
from qltui.tui.screens import SCREENS

__all__ = ["FirstPaint", "Pseudo", "changes", "first_paint", "idle"]

PATIENCE = 60.0
"""For whatever a busy machine has to do [s]."""
_STILL = 1.5
"""Nothing for so long: a screen has been drawn [s]."""
_FOOTER = b"help"
"""A word of the last line of every screen."""
_SHOW = """\
import sys
from qltui.tui import run_monitor
sys.exit(run_monitor(sys.argv[1], sys.argv[2], charset="braille", mouse=False))
"""


@dataclass(frozen=True, slots=True)
class FirstPaint:
    """From the start of the program to its first screen.

    Attributes
    ----------
    seconds : float
        Until the first words of the screen have come [s].
    work : float
        Time of the processor until then, of the program and what it has started [s].
    size : int
        Bytes until nothing more came.
    """

    seconds: float
    work: float
    size: int


class Pseudo:
    """A pseudo-terminal with a program in it, whose bytes are counted."""

    def __init__(self, command: Sequence[str], columns: int, rows: int, environment: dict[str, str]) -> None:
        self.fd, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        # Colours that the user has set or refused would be another measurement.
        kept = {name: value for name, value in os.environ.items() if name not in ("TMUX", "NO_COLOR", "COLORTERM")}
        self.process = subprocess.Popen(  # noqa: S603 - this program, or tmux
            list(command),
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env=kept | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"} | environment,
            start_new_session=True,
        )
        os.close(inside)
        self.data = bytearray()

    def read_for(self, seconds: float) -> int:
        """Read for so long and return how many bytes came."""
        before, end = len(self.data), time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self._read(left):
            pass
        return len(self.data) - before

    def read_until(self, words: bytes) -> None:
        """Read until these words have come.

        Raises
        ------
        TimeoutError
            Where they never do; the message has the last bytes.
        """
        end = time.monotonic() + PATIENCE
        while words not in self.data:
            if time.monotonic() > end or not self._read(1.0):
                msg = f"{words!r} never came on the screen; its last bytes: {bytes(self.data[-300:])!r}"
                raise TimeoutError(msg)

    def read_until_still(self) -> None:
        """Read until nothing has come for a while."""
        end = time.monotonic() + PATIENCE
        while self.read_for(_STILL) and time.monotonic() < end:
            pass

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.fd, keys.encode())

    def _read(self, seconds: float) -> bool:
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False  # the other side has closed
        self.data += data
        return bool(data)

    def close(self) -> None:
        """End the program and close the terminal."""
        self.process.kill()
        self.process.wait()
        os.close(self.fd)


@contextmanager
def _shown(
    state: Path,
    instrument: str,
    scratch: Path,
    size: tuple[int, int],
    tmux: str = "",
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Pseudo]:
    """Show the screens of a state directory, with `tmux` (its path) in between if given."""
    command = [sys.executable, "-c", _SHOW, str(state), instrument]
    server: list[str] = []
    if tmux:
        settings = scratch / "tmux.conf"
        # Its own line has a clock in it, which is none of ours.
        settings.write_text("set -g status off\nset -g default-terminal tmux-256color\n", encoding="utf-8")
        server = [tmux, "-f", str(settings), "-S", str(scratch / "tmux")]
        command = [*server, "-u", "new-session", *command]
    terminal = Pseudo(command, *size, {"XDG_STATE_HOME": str(scratch), **environment})
    try:
        yield terminal
    finally:
        if server:
            subprocess.run([*server, "kill-server"], check=False, capture_output=True)  # noqa: S603
        terminal.close()


def _work_of(process: int) -> float:
    """Return how long a process has kept a processor busy [s]; NaN where the system does not tell."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def first_paint(
    state: Path, instrument: str, size: tuple[int, int] = (80, 24), compiled: Path | None = None
) -> FirstPaint:
    """Start the program and measure until its first screen is there.

    Parameters
    ----------
    state : Path
        Where the record is.
    instrument : str
        Its name.
    size : tuple of int
        Columns and rows of the terminal.
    compiled : Path
        Where modules are kept compiled and found by the next start, as an installed program finds its own even
        where this shell forbids to write them; as the shell says where not given.
    """
    kept = {} if compiled is None else {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(compiled)}
    with tempfile.TemporaryDirectory(prefix="qltui-paint-") as scratch:
        begun = time.monotonic()
        with _shown(state, instrument, Path(scratch), size, environment=kept) as terminal:
            terminal.read_until(_FOOTER)
            seconds, work = time.monotonic() - begun, _work_of(terminal.process.pid)
            terminal.read_until_still()
            return FirstPaint(seconds, work, len(terminal.data))


def idle(
    state: Path, instrument: str, seconds: float = 3.0, say: Callable[[str], None] = lambda _words: None
) -> dict[str, float]:
    """Return for each screen how many bytes a second it sends while nothing happens."""
    found: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory(prefix="qltui-idle-") as scratch,
        _shown(state, instrument, Path(scratch), (80, 24)) as terminal,
    ):
        terminal.read_until(_FOOTER)
        for entry in SCREENS:
            say(f"idle: {entry.title}")
            terminal.press(entry.key or f"g{entry.letter}")
            terminal.read_until_still()
            found[entry.name] = terminal.read_for(seconds) / seconds
    return found


def changes(
    instrument: Instrument, rate: float = 10.0, seconds: float = 8.0, *, through_tmux: bool = False
) -> float | None:
    """Return how many bytes a second the Monitor sends while so many cells of its grid change in a second.

    None where tmux is asked for and not there.
    """
    tmux = shutil.which("tmux") or ""
    if through_tmux and not tmux:
        return None
    with tempfile.TemporaryDirectory(prefix="qltui-changes-") as directory:
        scratch = Path(directory)
        state = scratch / "state"
        state.mkdir()
        with Store.open(state / "qltui.db") as store:
            process = _begin(store, instrument)
            with _shown(state, instrument.name, scratch, (80, 24), tmux if through_tmux else "") as terminal:
                terminal.read_until(_FOOTER)
                # It will not be still: seconds since the shutter closed are counted.
                terminal.read_for(_STILL)
                stop = threading.Event()
                writer = threading.Thread(target=_change, args=(store, instrument, process, rate, stop), daemon=True)
                writer.start()
                try:
                    return terminal.read_for(seconds) / seconds
                finally:
                    stop.set()
                    writer.join()


def _begin(store: Store, instrument: Instrument) -> int:
    """Record an exposure that is being reduced, by an engine that is this process."""
    obstype = instrument.on_sky[0] if instrument.on_sky else instrument.steps[0].obstypes[0]
    names = tuple(camera.name for camera in instrument.cameras)
    now = time.time()
    exposure = Exposure(
        instrument.name, 20210514, 80000, obstype, "/data/80000", mjd=now / 86400.0 + 40587.0, cameras=names
    )
    process = store.enqueue(store.add_exposure(exposure), Trigger.NEW, "bench", names)
    store.start_process(process)
    store.beat(EngineView("reducing", os.getpid(), os.uname().nodename, now, now))
    return process


def _change(store: Store, instrument: Instrument, process: int, rate: float, stop: threading.Event) -> None:
    """Let a step begin or end, so many times a second, until `stop`."""
    obstype = instrument.on_sky[0] if instrument.on_sky else instrument.steps[0].obstypes[0]
    attempt = 0
    while True:
        attempt += 1
        for step in instrument.steps_for(obstype):
            for camera in instrument.cameras:
                if step is instrument.steps_for(obstype)[0]:
                    store.start_job(process, camera.name, attempt)
                for ends in (False, True):
                    if ends:
                        report = StepReport(step.name, Status.NORMAL, 0.3)
                        store.finish_step(process, camera.name, attempt, report, status=Status.NORMAL)
                    else:
                        store.start_step(process, camera.name, attempt, step.name)
                    if stop.wait(1.0 / rate):
                        return
