"""Who may read the state directory, and who may write to it: its owner alone, or his group where the site says so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from qltui.engine.lock import StateDirectoryError

__all__ = ["private_files"]

_OWNER: Final = (0o077, 0o700)
_GROUP: Final = (0o007, 0o2770)
"""The bit in front lets the files of all members belong to the group."""


@contextmanager
def private_files(state: Path, *, group: bool) -> Iterator[None]:
    """Make the state directory if it is not there, and let nobody else read what is written meanwhile.

    A directory that is there keeps the rights that it has: whoever made it may have had a reason.

    Parameters
    ----------
    state : Path
        The state directory.
    group : bool
        Whether the group may read it, and write to the record, which is how commands are given.

    Raises
    ------
    StateDirectoryError
        Where it cannot be made or written.
    """
    mask, mode = _GROUP if group else _OWNER
    before = os.umask(mask)
    try:
        try:
            _made(state, mode, group=group)
        except OSError as error:
            msg = f"{state} cannot be written: {error.strerror}; choose another state directory with --state"
            raise StateDirectoryError(msg) from error
        yield
    finally:
        os.umask(before)


def _made(state: Path, mode: int, *, group: bool) -> None:
    if not state.is_dir():
        state.mkdir(parents=True, exist_ok=True)
        state.chmod(mode)
    if group:
        # SQLite lets the group only read what it makes itself; files beside the record get the same rights.
        os.close(os.open(state / "qltui.db", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660))
