"""What each status looks like: a shape, a letter for terminals that have ASCII alone, and the role of its colour.

No two statuses share a shape or a letter, so that colour is never needed to tell them apart; only `NORMAL` has the
role ``good``, which is the only green one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from qltui.model import Status

__all__ = ["CHARSETS", "LEVEL_STATUS", "STATUS_MARKS", "STATUS_WORDS", "Charset", "Mark", "get_charset"]


@dataclass(frozen=True, slots=True)
class Mark:
    """How a status is drawn."""

    shape: str
    letter: str
    role: str


STATUS_MARKS: Final[Mapping[Status, Mark]] = {
    Status.NORMAL: Mark("●", "o", "good"),
    Status.NOT_EXPECTED: Mark("–", "x", "dim"),
    Status.NOT_CHECKED: Mark("○", "-", "dim"),
    Status.WAITING: Mark("·", ".", "dim"),
    Status.RUNNING: Mark("◐", ">", "active"),
    Status.CANCELLED: Mark("◇", "C", "odd"),
    Status.UNKNOWN: Mark("?", "U", "odd"),
    Status.MISSING: Mark("∅", "M", "odd"),
    Status.WARNING: Mark("▲", "W", "warn"),
    Status.FAILED: Mark("■", "F", "bad"),
    Status.ALARM: Mark("✖", "A", "bad"),
}

STATUS_WORDS: Final[Mapping[Status, tuple[str, str]]] = {
    Status.NORMAL: ("GOOD", "checked, and inside its normal range"),
    Status.NOT_EXPECTED: ("NOT EXPECTED", "the site says that this camera is off"),
    Status.NOT_CHECKED: ("NOT CHECKED", "no limit applies, or a calibration is missing"),
    Status.WAITING: ("WAITING", "not begun"),
    Status.RUNNING: ("RUNNING", "in a worker now"),
    Status.CANCELLED: ("CANCELLED", "stopped by an observer, or a step before it failed"),
    Status.UNKNOWN: ("UNKNOWN", "should have a value and has none"),
    Status.MISSING: ("MISSING", "expected, and not in the file"),
    Status.WARNING: ("WARNING", "outside the normal range"),
    Status.FAILED: ("FAILED", "the reduction itself failed"),
    Status.ALARM: ("ALARM", "outside the warning range"),
}
"""Heading of a verdict and meaning, for the help."""

LEVEL_STATUS: Final[Mapping[str, Status]] = {
    "warning": Status.WARNING,
    "alarm": Status.ALARM,
    "error": Status.FAILED,
}
"""Which mark the levels of the log take; others have none."""


@dataclass(frozen=True, slots=True)
class Charset:
    """Which characters the terminal can show.

    Attributes
    ----------
    name : str
        ``"braille"``, ``"block"`` or ``"ascii"``.
    marker : str
        plotext's name of the marker that draws curves.
    columns, rows : int
        Points that a cell of a chart has in either direction.
    """

    name: str
    marker: str
    columns: int
    rows: int

    @property
    def ascii(self) -> bool:
        """Whether nothing but ASCII may be drawn."""
        return self.name == "ascii"

    def mark(self, status: Status) -> str:
        """Return the one character that stands for `status`."""
        mark = STATUS_MARKS[status]
        return mark.letter if self.ascii else mark.shape


CHARSETS: Final[Mapping[str, Charset]] = {
    "braille": Charset("braille", "braille", 2, 4),
    "block": Charset("block", "hd", 2, 2),
    "ascii": Charset("ascii", "*", 1, 1),
}


def get_charset(name: str, encoding: str = "utf-8") -> Charset:
    """Return the charset called `name`; ``"auto"`` is braille where the terminal's `encoding` is UTF-8, else ASCII.

    Raises
    ------
    KeyError
        Where there is no such charset.
    """
    if name == "auto":
        name = "braille" if encoding.lower().replace("-", "").replace("_", "") == "utf8" else "ascii"
    if name not in CHARSETS:
        msg = f"no charset {name!r}; known: auto, {', '.join(CHARSETS)}"
        raise KeyError(msg)
    return CHARSETS[name]
