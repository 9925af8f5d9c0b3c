"""The almanacs that were reckoned already, one small file each, and the command that reckons another.

A viewer never loads astropy: it reads a file, or starts a process that writes one.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Final

from qltui.documents import parse_json
from qltui.sky.almanac import Almanac, Place, almanac_from_json, almanac_json

__all__ = ["cache_directory", "command_line", "keep", "kept_almanac", "kept_path"]

_LARGEST: Final = 1_000_000
"""A larger file is none of ours [bytes]."""

_VERSION: Final = 1
"""Of the method; another one reckons anew."""


def cache_directory() -> Path:
    """Return where almanacs are kept: the user's cache; they can be made again at any time."""
    from platformdirs import user_cache_path

    return user_cache_path("qltui") / "sky"


def kept_path(directory: Path, night: int, place: Place) -> Path:
    """Return the file of a night at a place."""
    where = f"{place.latitude:+.5f}{place.longitude:+.5f}{place.elevation:+.0f}"
    return directory / f"almanac-{_VERSION}-{night:08d}{where}.json"


def kept_almanac(directory: Path, night: int, place: Place) -> Almanac | None:
    """Return the almanac that is kept, or None: not there, not readable, or not what its name says."""
    path = kept_path(directory, night, place)
    try:
        if path.stat().st_size > _LARGEST:
            return None
        almanac = almanac_from_json(parse_json(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return None
    return almanac if almanac.night == night else None


def keep(directory: Path, almanac: Almanac) -> Path:
    """Keep an almanac, whole or not at all, and return its file; OSError where that is not possible."""
    path = kept_path(directory, almanac.night, almanac.place)
    directory.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(json.dumps(almanac_json(almanac)), encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def command_line(night: int, place: Place, directory: Path) -> tuple[str, ...]:
    """Return the command that reckons a night, keeps it and prints it as JSON."""
    numbers = (f"--latitude={place.latitude}", f"--longitude={place.longitude}", f"--elevation={place.elevation}")
    return (sys.executable, "-m", "qltui.sky", str(night), *numbers, f"--keep={directory}")
