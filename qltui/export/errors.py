"""What can go wrong with an export, in words for a person."""

from __future__ import annotations

__all__ = ["DifferentFileError", "ExportError", "ItemError"]


class ExportError(Exception):
    """The export cannot go on; the message says why and what to do."""


class ItemError(Exception):
    """One file cannot be exported; the others can."""


class DifferentFileError(ExportError):
    """A file that this export did not write is where one of its own should be."""
