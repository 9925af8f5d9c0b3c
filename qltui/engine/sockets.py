"""Where the parent of all workers has its socket: a path that the kernel takes, however deep temporary files lie.

A socket in the file system may have a path of 107 bytes. multiprocessing makes its own below the temporary directory,
which a site, a batch system or a test may have put far down.
"""

from __future__ import annotations

import multiprocessing.util
import os
import tempfile
from collections.abc import Sequence
from typing import Final

from qltui.engine.executors import ExecutorError

__all__ = ["make_socket_directory"]

LONGEST: Final = 70
"""Bytes of a temporary directory below which a socket still has a path that is allowed."""


def make_socket_directory(places: Sequence[str] | None = None) -> str:
    """Let multiprocessing keep its sockets where their path is short, and return that directory; it is ours alone.

    To be called before anything of multiprocessing is started. Where the temporary directory will do, it is used.

    Parameters
    ----------
    places : sequence of str, optional
        Where else; default: the user's runtime directory, ``/tmp``, ``/var/tmp``.

    Raises
    ------
    ExecutorError
        Where there is no such place.
    """
    before = tempfile.tempdir
    if places is None:
        places = (os.environ.get("XDG_RUNTIME_DIR", ""), "/tmp", "/var/tmp")  # noqa: S108 - made with mkdtemp, mode 0700
    try:
        for place in (tempfile.gettempdir(), *places):
            if place and len(os.fsencode(place)) <= LONGEST and os.access(place, os.W_OK | os.X_OK):
                tempfile.tempdir = place
                # It is made once and kept for the life of the process, wherever temporary files go afterwards.
                found: str = multiprocessing.util.get_temp_dir()
                return found
    finally:
        tempfile.tempdir = before
    msg = f"no directory for sockets has a path of at most {LONGEST} bytes; set TMPDIR to a short one, as /tmp"
    raise ExecutorError(msg)
