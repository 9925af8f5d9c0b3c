"""Errors that carry a cause and an action for the person who reads them."""

from __future__ import annotations

__all__ = ["IncompleteFileError", "InvalidFileError", "ReductionError"]


class IncompleteFileError(Exception):
    """The file is still being written, or was cut off: it may become good by waiting."""


class InvalidFileError(Exception):
    """The file is not what its name says, or its contents cannot be trusted: waiting will not help."""


class ReductionError(Exception):
    """A step cannot go on; the message names the cause and what to do."""
