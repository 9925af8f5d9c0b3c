"""What the exit status of every command means; stated in ``qltui --help`` and in the README, and tested."""

from __future__ import annotations

import enum

__all__ = ["CommandError", "ExitCode"]


class ExitCode(enum.IntEnum):
    """Exit statuses. Those of errors follow ``sysexits.h``, so that they cannot be taken for a verdict."""

    OK = 0
    """Done; for `status`, and `reduce --verdict`: nothing is wrong."""
    WARNING = 1
    """`status`, `reduce --verdict`: warnings, or something could not be checked. `doctor`: a warning."""
    ALARM = 2
    """`status`, `reduce --verdict`: alarms, failed or missing cameras. `doctor`: something will not work."""
    ENGINE_DEAD = 3
    """`status`: the engine does not run, or its heartbeat has stopped."""
    USAGE = 64
    """The command line is wrong."""
    DATA = 65
    """A file is not what it should be."""
    NO_INPUT = 66
    """A file or directory is not there or cannot be read."""
    UNAVAILABLE = 69
    """Something that is needed is not there: a terminal, an engine, a program."""
    INTERNAL = 70
    """A fault of qltui."""
    CANNOT_CREATE = 73
    """A file or directory cannot be written."""
    ALREADY_RUNNING = 75
    """Another engine has this state directory."""
    CONFIG = 78
    """A setting is wrong."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C."""


class CommandError(Exception):
    """One sentence that names the cause and what to do, and the exit status."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.code = code
