"""A program that works beside the viewer: what takes long, or needs libraries that the viewer does not load."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

__all__ = ["ProgramError", "output_of"]


class ProgramError(Exception):
    """A program could not be run to its end; the message says why."""


async def output_of(command: Sequence[str]) -> bytes:
    """Run a program without input and return what it prints; it ends with whoever waits for it.

    Raises
    ------
    ProgramError
        Where it cannot be started or fails: with the last line of its complaint.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        msg = f"no process for it: {error.strerror}"
        raise ProgramError(msg) from error
    try:
        out, complaint = await process.communicate()
    finally:
        if process.returncode is None:
            # The screen was left, or the program: nobody waits for it any more.
            process.kill()
            await process.wait()
    if process.returncode != 0:
        last = complaint.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise ProgramError(last or f"exit status {process.returncode}")
    return out
