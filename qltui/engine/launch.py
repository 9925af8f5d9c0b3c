"""Starting an engine that outlives whoever started it, and ending one."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Final

from qltui.engine.lock import LockHolder, StateDirectoryError, holder
from qltui.engine.privacy import private_files
from qltui.engine.settings import EngineSettings

__all__ = ["EngineStartError", "announce", "is_running", "start_engine", "stop_engine"]

READY_VARIABLE: Final = "QLTUI_READY_FD"
"""Number of the pipe by which a started engine tells whoever started it that its heart beats."""


_STARTED: Final[list[subprocess.Popen[bytes]]] = []
"""Engines that this process has started: they outlive it, but while it lives it must take note of their end."""


class EngineStartError(Exception):
    """The engine did not start; the message says why, as far as it is known."""


def is_running(state: Path | str) -> LockHolder | None:
    """Return who is the engine of a state directory, or None where there is none."""
    return holder(Path(state))


def start_engine(settings: EngineSettings, *, timeout: float = 30.0) -> int:
    """Start an engine in a session of its own and wait for its first heartbeat; returns its process number.

    It keeps running when the terminal, the connection or the caller is gone. What it prints goes to ``engine.out``
    among the logs.

    Parameters
    ----------
    settings : EngineSettings
        Handed to it whole.
    timeout : float
        How long to wait [s].

    Raises
    ------
    EngineStartError
        Where it ended at once, or did not answer in time.
    """
    try:
        with private_files(settings.state, group=settings.group_access):
            settings.logs.mkdir(parents=True, exist_ok=True)
            output = (settings.logs / "engine.out").open("wb")
    except StateDirectoryError as error:
        raise EngineStartError(str(error)) from error
    except OSError as error:
        msg = f"{settings.logs} cannot be written: {error.strerror}; choose another state directory with --state"
        raise EngineStartError(msg) from error
    reader, writer = os.pipe()
    with output, os.fdopen(reader, "rb", buffering=0) as answer:
        try:
            process = _spawn(settings, output, writer)
        finally:
            os.close(writer)
        readable, _, _ = select.select([answer], [], [], timeout)
        # The end of the pipe without a word is the end of the process.
        if readable and answer.read(64):
            _STARTED.append(process)
            return process.pid
    if not readable:
        process.kill()
    status = process.wait()
    found = holder(settings.state)
    if found is not None:
        # Somebody else was quicker, and that is as good.
        return found.pid
    words = _last_words(settings)
    if readable:
        msg = f"the engine ended at once with status {status}: {words}"
    else:
        msg = f"the engine did not answer within {timeout:g} s and was ended: {words}"
    raise EngineStartError(msg)


def _spawn(settings: EngineSettings, output: IO[bytes], writer: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(  # noqa: S603 - our own program
        # The directory says to whoever reads the list of processes which engine this is.
        [sys.executable, "-m", "qltui.engine", settings.state_directory],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        start_new_session=True,
        pass_fds=(writer,),
        env={**os.environ, READY_VARIABLE: str(writer)},
    )
    assert process.stdin is not None
    # An engine that has ended already cannot take its settings; the pipe tells that.
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(settings.to_json().encode())
        process.stdin.close()
    return process


def _last_words(settings: EngineSettings) -> str:
    """Return the last line that an engine has printed."""
    try:
        lines = (settings.logs / "engine.out").read_bytes()[-4000:].decode("utf-8", "replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else f"it said nothing; see {settings.logs / 'engine.log'}"


def announce(words: str) -> None:
    """Tell whoever started this engine that it lives; does nothing where nobody waits."""
    number = os.environ.pop(READY_VARIABLE, "")
    if not number.isdigit():
        return
    try:
        os.write(int(number), f"{words}\n".encode())
        os.close(int(number))
    except OSError:
        # Whoever started us has gone meanwhile, which is what a detached engine is for.
        return


def stop_engine(state: Path | str, *, timeout: float = 30.0) -> bool:
    """End the engine of a state directory and wait for its end; returns whether there was one.

    Raises
    ------
    EngineStartError
        Where it runs on another machine, belongs to another user or does not end in time.
    """
    state = Path(state)
    found = holder(state)
    if found is None:
        return False
    if not found.is_here:
        msg = f"the engine runs on {found.host} (pid {found.pid}); stop it there"
        raise EngineStartError(msg)
    deadline = time.monotonic() + timeout
    try:
        handle = os.pidfd_open(found.pid)
    except ProcessLookupError:
        return True
    try:
        # The lock is looked at again: the number may have been given to another process since.
        if holder(state) == found:
            signal.pidfd_send_signal(handle, signal.SIGTERM)
        ended, _, _ = select.select([handle], [], [], max(0.0, deadline - time.monotonic()))
    except PermissionError as error:
        msg = f"the engine (pid {found.pid}) belongs to another user; ask who started it"
        raise EngineStartError(msg) from error
    finally:
        os.close(handle)
    if not ended:
        msg = f"the engine (pid {found.pid}) does not end; see {state / 'logs' / 'engine.log'}, or kill it"
        raise EngineStartError(msg)
    _STARTED[:] = [process for process in _STARTED if process.poll() is None]
    return True
