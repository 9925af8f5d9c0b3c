"""Files that are there whole or not at all, and are read back before they count."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
from pathlib import Path
from typing import Final

from qltui.export.errors import ItemError

__all__ = ["checksum", "copy_into", "open_plain", "replace_text", "settle"]

_BLOCK: Final = 2**20


def open_plain(path: str | Path) -> io.BufferedReader:
    """Open a plain file for reading; nothing that is a link, a pipe or a device.

    Raises
    ------
    ItemError
        Where there is none.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        msg = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}"
        raise ItemError(msg) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        msg = f"{path} is not a plain file"
        raise ItemError(msg)
    return os.fdopen(descriptor, "rb")


def checksum(path: str | Path, *, from_disk: bool = False) -> tuple[int, str]:
    """Return size [bytes] and SHA-256 of a file; `from_disk` asks the system to forget what it holds in memory first.

    Raises
    ------
    ItemError
        Where it cannot be read.
    """
    with open_plain(path) as stream:
        if from_disk:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        try:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            msg = f"{path} cannot be read: {error.strerror}"
            raise ItemError(msg) from error
        return stream.tell(), digest


def copy_into(source: str | Path, target: Path, sha256: str) -> None:
    """Copy a file under another name; `sha256` is what it was when it was written, empty where nobody noted it.

    Raises
    ------
    ItemError
        Where it cannot be read, or is not what it was.
    OSError
        Where the copy cannot be written.
    """
    digest = hashlib.sha256()
    with open_plain(source) as stream, target.open("wb") as out:
        while block := stream.read(_BLOCK):
            digest.update(block)
            out.write(block)
    if sha256 and digest.hexdigest() != sha256:
        msg = f"{source} is not what was recorded of it: it was changed or damaged since; reprocess the exposure"
        raise ItemError(msg)


def settle(temporary: Path, target: Path) -> tuple[int, str]:
    """Give a finished file its own name, and return its size and checksum, as they are read back from the disk.

    Raises
    ------
    ItemError
        Where what is read back is not what was written.
    OSError
        Where it cannot be written.
    """
    with temporary.open("rb") as stream:
        written = hashlib.file_digest(stream, "sha256").hexdigest()
        os.fsync(stream.fileno())
    size, found = checksum(temporary, from_disk=True)
    if found != written:
        msg = f"{target} was read back with other bytes than were written: do not trust this disk"
        raise ItemError(msg)
    temporary.replace(target)
    _sync_directory(target.parent)
    return size, found


def replace_text(path: Path, text: str) -> None:
    """Write a text, whole or not at all, over what may be there."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        _sync_directory(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    """Let a new name be on the disk, where the file system can promise that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
