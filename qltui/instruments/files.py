"""What every instrument's ``scan`` returns."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Candidate"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that is named like an exposure; nobody has looked inside yet.

    Attributes
    ----------
    path : str
        The raw file.
    night : int
        YYYYMMDD, of the directory it lies in.
    expid : int
        Number of the exposure, from the name of the file.
    size, mtime_ns : int
        At this moment [bytes], [ns].
    ready_hint : bool
        Whether the observatory's checksum or done file says that the file is complete.
    """

    path: str
    night: int
    expid: int
    size: int
    mtime_ns: int
    ready_hint: bool = False
