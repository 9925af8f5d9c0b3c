"""CCDs and amplifiers that are known to be dead or unstable in a night: a dated list, as data."""

from __future__ import annotations

import logging
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from qltui.documents import parse_toml
from qltui.instruments.decam.layout import CCDS
from qltui.instruments.errors import InvalidFileError
from qltui.instruments.fits_cards import clean_text

__all__ = ["NAME", "KnownFault", "dead_ccds", "known_faults", "parse_faults"]

NAME: Final = "detectors.toml"
_MAX_SIZE: Final = 1_000_000
_FIRST_NIGHT: Final = 0
_LAST_NIGHT: Final = 99991231
_log = logging.getLogger(__name__)

_KINDS: Final = ("dead", "unstable")
_KEYS: Final = frozenset({"ccd", "amplifier", "kind", "first", "last", "reason", "source"})


@dataclass(frozen=True, slots=True)
class KnownFault:
    """What is wrong with a CCD or one of its amplifiers, and in which nights.

    Attributes
    ----------
    ccd : str
        Its name.
    amplifier : str
        Empty for the whole CCD.
    kind : str
        ``"dead"`` or ``"unstable"``.
    first, last : int
        Nights, both inclusive.
    reason, source : str
        Words.
    """

    ccd: str
    amplifier: str
    kind: str
    first: int
    last: int
    reason: str
    source: str

    @property
    def words(self) -> str:
        """What is known, in a sentence."""
        what = f"{self.ccd} {self.amplifier}".strip()
        since = f" since {self.first}" if self.first else ""
        return f"{what} is known to be {self.kind}{since}" + (f": {self.reason}" if self.reason else "")


def _night(entry: Mapping[str, Any], key: str, default: int) -> int:
    value = entry.get(key, default)
    if type(value) is not int or not (value == default or 19900101 <= value <= 20991231):
        msg = f"{key} is {str(value)[:40]!r}, not a night YYYYMMDD"
        raise ValueError(msg)
    return value


def _fault(entry: Any) -> KnownFault:
    """Return one entry, or refuse it."""
    if not isinstance(entry, dict) or not set(entry) <= _KEYS:
        msg = f"an entry may have {', '.join(sorted(_KEYS))}, and nothing else"
        raise ValueError(msg)
    words = {key: clean_text(str(entry.get(key, "")), 300) for key in ("ccd", "amplifier", "kind", "reason", "source")}
    if words["ccd"] not in CCDS or words["kind"] not in _KINDS or words["amplifier"] not in ("", "A", "B"):
        msg = f"no fault {words['kind']!r} of CCD {words['ccd']!r} {words['amplifier']!r}"
        raise ValueError(msg)
    return KnownFault(first=_night(entry, "first", _FIRST_NIGHT), last=_night(entry, "last", _LAST_NIGHT), **words)


def parse_faults(text: str, name: str) -> tuple[KnownFault, ...]:
    """Return the entries of a list.

    Raises
    ------
    InvalidFileError
        Where the text is no such list; the message names file and cause.
    """
    try:
        entries = parse_toml(text).get("fault", [])
        return tuple(_fault(entry) for entry in (entries if isinstance(entries, list) else [entries]))
    except (ValueError, tomllib.TOMLDecodeError) as error:
        msg = f"{name}: {error}"
        raise InvalidFileError(msg) from error


@lru_cache(maxsize=1)
def _ours() -> tuple[KnownFault, ...]:
    text = resources.files("qltui.instruments.decam").joinpath(NAME).read_text(encoding="utf-8")
    return parse_faults(text, NAME)


@lru_cache(maxsize=4)
def _of_site(path: str, mtime: int, size: int) -> tuple[KnownFault, ...]:
    del mtime
    if size > _MAX_SIZE:
        msg = f"{NAME} has {size} bytes, too many for a list of detectors"
        raise InvalidFileError(msg)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path} cannot be read: {error}"
        raise InvalidFileError(msg) from error
    return parse_faults(text, path)


def known_faults(ccd: str, night: int, directory: str | os.PathLike[str] = "") -> tuple[KnownFault, ...]:
    """Return what is known to be wrong with a CCD in a night, by our list and the site's.

    Parameters
    ----------
    ccd : str
        Name.
    night : int
        YYYYMMDD.
    directory : path
        The site's calibrations; empty where there are none.

    Raises
    ------
    InvalidFileError
        Where the site's list cannot be used.
    """
    faults = _ours()
    if directory:
        path = Path(directory) / NAME
        try:
            status = path.stat()
        except OSError:
            status = None  # a site need not have a list
        if status is not None:
            faults += _of_site(str(path), status.st_mtime_ns, status.st_size)
    return tuple(fault for fault in faults if fault.ccd == ccd and fault.first <= night <= fault.last)


def dead_ccds(night: int, directory: str = "") -> dict[str, str]:
    """Return the CCDs that are known to be dead in a night, and why; a list of the site that is wrong is logged.

    Parameters
    ----------
    night : int
        YYYYMMDD.
    directory : str
        The site's calibrations; empty where there are none.
    """
    found = {}
    for name in CCDS:
        try:
            faults = known_faults(name, night, directory)
        except InvalidFileError as error:
            _log.warning("the site's list of detectors is not used: %s", error)
            return dead_ccds(night)
        for fault in faults:
            if fault.kind == "dead" and not fault.amplifier:
                found[name] = fault.words
    return found
