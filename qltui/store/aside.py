"""What the engine says while it cannot write the record: a small file beside it.

A record that another program keeps locked, or a full disk, would otherwise make the engine look dead to everybody who
reads. The file is made when the engine starts and written in place, so that it needs no room when there is none.
"""

from __future__ import annotations

import json
import math
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Aside", "heard_aside", "hush", "say_aside"]

_NAME: Final = "engine.aside"
_BYTES: Final = 4096
_WORDS: Final = 400
"""Characters, of which each may become six [bytes]."""


@dataclass(frozen=True, slots=True)
class Aside:
    """Said beside the record: by which process of which machine, when [s since 1970], and what."""

    pid: int
    host: str
    time: float
    words: str


def say_aside(directory: Path, words: str, now: float | None = None) -> bool:
    """Say beside the record why it cannot be written; returns whether that was possible."""
    said = [os.getpid(), socket.gethostname(), time.time() if now is None else now, words[:_WORDS]]
    return _write(directory, json.dumps(said, ensure_ascii=False))


def hush(directory: Path) -> bool:
    """Say nothing any more, and keep the room for the next time; returns whether that was possible."""
    return _write(directory, "")


def _write(directory: Path, text: str) -> bool:
    content = text.encode("utf-8", "replace").ljust(_BYTES)
    try:
        descriptor = os.open(directory / _NAME, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        try:
            return os.pwrite(descriptor, content, 0) == len(content)
        finally:
            os.close(descriptor)
    except OSError:
        return False


def heard_aside(directory: Path) -> Aside | None:
    """Return what was said beside the record, or None where nothing was."""
    try:
        with (directory / _NAME).open("rb") as file:
            content = file.read(_BYTES)
        pid, host, when, words = json.loads(content)
        said = Aside(int(pid), str(host), float(when), str(words))
        return said if math.isfinite(said.time) else None
    except (OSError, ValueError, TypeError, OverflowError, RecursionError):
        # Not there, blank, or not ours.
        return None
