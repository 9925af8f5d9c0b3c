"""Telling systemd how the engine is: ready, what it does, that it still turns, that it stops.

The protocol is that of ``sd_notify(3)``: lines of text in a datagram to the socket that the environment names. Without
that socket nothing is said. What feeds the watchdog is the engine's own loop: one that hangs starves it, and systemd
starts another engine.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Final

__all__ = ["Notifier"]

_LONGEST: Final = 200
"""Characters of the status that `systemctl status` shows."""


class Notifier:
    """Says to systemd what there is to say, and no more often than it is asked for.

    Parameters
    ----------
    environment : mapping of str to str
        With NOTIFY_SOCKET and WATCHDOG_USEC, where systemd has started this.
    clock : callable
        One that never jumps [s].
    """

    def __init__(
        self, environment: Mapping[str, str] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        environment = os.environ if environment is None else environment
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._clock = clock
        self._due = 0.0
        self._said = ""
        self._every = self._half_of(environment)

    @staticmethod
    def _half_of(environment: Mapping[str, str]) -> float:
        """Return how often the watchdog is to be fed [s]: twice in its time; 0 where there is none, or not for us."""
        if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
            return 0.0
        with contextlib.suppress(ValueError):
            return max(0.0, int(environment.get("WATCHDOG_USEC", "0")) / 2e6)
        return 0.0

    def ready(self) -> None:
        """Say that the engine works."""
        self._send("READY=1")

    def turn(self) -> None:
        """Feed the watchdog, when it is due; to be called with every turn of the loop."""
        if self._every and self._clock() >= self._due:
            self._due = self._clock() + self._every
            self._send("WATCHDOG=1")

    def status(self, words: str) -> None:
        """Say in words what the engine does, where that has changed."""
        line = " ".join(words.split())[:_LONGEST]
        if line != self._said:
            self._said = line
            self._send(f"STATUS={line}")

    def stopping(self) -> None:
        """Say that the engine ends: leaving everything in order may take a while."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        # A name that begins with @ is of the abstract kind, which has no file.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        # Whoever is to be told may have gone; the night goes on without.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            connection.sendto(text.encode("utf-8", "replace"), address)
