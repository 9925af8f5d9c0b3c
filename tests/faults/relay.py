"""A terminal that can stall: runs a program on a pseudo-terminal of its own and passes on what it writes, or not.

``python relay.py GATE PROGRAM ...``: as long as the file GATE exists nothing is read of what the program writes,
as over a line that hangs. Keys and changes of size go through.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import sys
import termios
import tty
from pathlib import Path

_LOOK = 0.05
"""How often the gate is looked at [s]; a file wakes nobody."""


def main(gate: Path, program: list[str]) -> int:
    """Run the program and return its exit status."""
    pid, inner = pty.fork()
    if pid == 0:
        os.execvp(program[0], program)

    signal.signal(signal.SIGWINCH, lambda *_words: None)
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        size = b""
        while True:
            # Not in the handler of the signal: the next one may come in the middle of it, and the older size win.
            now = fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8))
            if now != size:
                size = now
                fcntl.ioctl(inner, termios.TIOCSWINSZ, size)
            if not _pass_on(inner, gate):
                break
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _pass_on(inner: int, gate: Path) -> bool:
    """Pass on what there is; returns whether the program still has the terminal."""
    sources = [0] if gate.exists() else [0, inner]
    for source in select.select(sources, [], [], _LOOK)[0]:
        try:
            data = os.read(source, 65536)
        except OSError:
            return False
        if not data:
            return False
        os.write(1 if source == inner else inner, data)
    return True


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
