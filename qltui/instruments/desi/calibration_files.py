"""Which calibration files apply to a camera: plain directories, and the layout of $DESI_SPECTRO_CALIB.

Plain: ``KIND-CAM.fits`` in one directory, or the newest ``KIND-CAM-YYYYMMDD.fits`` that is not later than the night.

The observatory's: ``spec/spN/cN.yaml`` for logical spectrographs (nights before 2019-12-11, and DETECTOR ``SIM``), or
``spec/smM/smM-c.yaml`` for the hardware number SPECID, each with dated versions of which exactly one must fit;
``$DESI_SPECTRO_DARK`` with ``dark_table.csv`` and ``bias_table.csv`` takes precedence for these two.

Names of files come from YAML and CSV, so they are held inside the directory: no absolute path, no ``..``.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Final

import yaml

from qltui.instruments.fits_cards import Header, clean_text

__all__ = ["KINDS", "Selection", "fiber_numbers", "select_files"]

KINDS: Final[Mapping[str, tuple[str, str]]] = {
    # kind: name in a plain directory, key in the observatory's YAML
    "traces": ("psf", "PSF"),
    "bias": ("bias", "BIAS"),
    "dark": ("dark", "DARK"),
    "pixel_flat": ("pixflat", "PIXFLAT"),
    "mask": ("mask", "MASK"),
    "fiberflat": ("fiberflat", "FIBERFLAT"),
    "flux_calibration": ("fluxcalib", "FLUXCALIB"),
    "linewidths": ("linewidths", ""),
    "biaslevels": ("biaslevels", ""),
}
"""What a calibration may consist of."""

FIBER_LISTS: Final = (
    "BROKENFIBERS", "BADCOLUMNFIBERS", "LOWTRANSMISSIONFIBERS", "BADAMPFIBERS", "EXCLUDEFIBERS",
    "NEARCHARGETRAPFIBERS", "VARIABLETHRUFIBERS",
)  # fmt: skip
"""Keys of the YAML that list fibres."""

_HARDWARE_NAMES_SINCE: Final = 20191211
_TEMPERATURE_TOLERANCE: Final = 3.0
"""Of the CCD between a dark and the exposure [K]."""
_MAX_TEXT_FILE: Final = 2_000_000
_SUFFIXES: Final = ("", ".gz", ".fz")
_RANGE: Final = re.compile(r"(\d{1,5})(?:\s*(?::|\.\.|-)\s*(\d{1,5}))?")


@dataclass(frozen=True, slots=True)
class Selection:
    """What applies to one camera on one night.

    Attributes
    ----------
    files : mapping
        Path by kind; only files that are there.
    values : mapping
        Entries of the YAML version that fits, ``{"GAINA": 1.53, ...}``; empty for a plain directory.
    problems : mapping
        Why there is no file, by kind.
    """

    files: Mapping[str, Path] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


class _SelectionError(Exception):
    """Nothing can be selected; the message says why."""


def fiber_numbers(text: object) -> tuple[int, ...]:
    """Return the fibres of a list such as ``"1,3:7"``; the end of a range does not belong to it (3, 4, 5, 6).

    What is not of that form is left out.
    """
    found: set[int] = set()
    for word in str(text)[:10_000].split(","):
        match = _RANGE.fullmatch(word.strip())
        if match:
            first = int(match[1])
            found.update(range(first, int(match[2])) if match[2] else (first,))
    return tuple(sorted(found))


def _inside(root: Path, name: object) -> Path:
    """Return the file `name` under `root`; refuse a name that leads out of it."""
    text = str(name)
    pure = PurePosixPath(text)
    if not text or len(text) > 500 or not text.isprintable() or pure.is_absolute() or ".." in pure.parts:
        msg = f"the name {clean_text(text, 60)!r} leads out of the calibration directory"
        raise _SelectionError(msg)
    return root / pure


def _existing(path: Path) -> Path | None:
    """Return the file, or its compressed form; None where there is neither."""
    for suffix in _SUFFIXES:
        candidate = path.with_name(path.name + suffix)
        if candidate.is_file():
            return candidate
    return None


def _plain_file(root: Path, prefix: str, camera: str, night: int) -> Path | None:
    """Return ``PREFIX-CAM.fits``, else the newest dated one up to the night."""
    fixed = _existing(root / f"{prefix}-{camera}.fits")
    if fixed is not None:
        return fixed
    dated: list[tuple[int, str, Path]] = []
    for path in root.glob(f"{prefix}-{camera}-[0-9]*.fits*"):
        match = re.fullmatch(rf"{prefix}-{camera}-([0-9]{{8}})\.fits(?:\.gz|\.fz)?", path.name)
        if match and int(match[1]) <= night:
            dated.append((int(match[1]), path.name, path))
    return max(dated)[2] if dated else None


@lru_cache(maxsize=40)
def _load_yaml(path: str, _mtime_ns: int, _size: int) -> Any:
    with Path(path).open("rb") as stream:
        # Not the loader in C: deep nesting makes it overflow the stack and takes the process with it.
        return yaml.safe_load(stream.read(_MAX_TEXT_FILE))


def _read_yaml(path: Path) -> Mapping[str, Any]:
    """Return what a YAML file says; files are remembered until they change."""
    try:
        status = path.stat()
        if status.st_size > _MAX_TEXT_FILE:
            msg = f"{path.name} is larger than {_MAX_TEXT_FILE} bytes"
            raise _SelectionError(msg)
        content = _load_yaml(str(path), status.st_mtime_ns, status.st_size)
    except (OSError, yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        msg = f"cannot read {path.name}: {clean_text(str(reason), 120)}"
        raise _SelectionError(msg) from error
    if not isinstance(content, Mapping):
        msg = f"{path.name} has no entries"
        raise _SelectionError(msg)
    return content


def _whole(value: object) -> int | None:
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        return None


def _text(header: Header, key: str) -> str:
    return str(header.get(key, "")).strip()


def _yaml_file(root: Path, camera: str, night: int, header: Header) -> tuple[Path, str]:
    """Return the YAML file of a camera, and the camera's name in it."""
    simulated = _text(header, "DETECTOR").upper() == "SIM"
    base = root / "sim" if simulated and (root / "sim" / "spec").is_dir() else root
    if simulated or night < _HARDWARE_NAMES_SINCE:
        return base / "spec" / f"sp{camera[1]}" / f"{camera}.yaml", camera
    specid = _whole(header.get("SPECID"))
    if specid is None or not 0 <= specid <= 99:
        msg = (
            f"SPECID is {clean_text(_text(header, 'SPECID'), 20) or 'missing'}: which spectrograph this is, is unknown"
        )
        raise _SelectionError(msg)
    name = f"sm{specid}-{camera[0]}"
    return base / "spec" / f"sm{specid}" / f"{name}.yaml", name


def _fits(version: Mapping[str, Any], night: int, header: Header) -> bool:
    """Whether a version holds for the night, the detector and how it was read out."""
    begin = _whole(version.get("DATE-OBS-BEGIN"))
    if begin is None or night < begin:
        return False
    end = version.get("DATE-OBS-END")
    if end is not None and str(end).strip().lower() != "none":
        last = _whole(end)
        if last is None or night > last:
            return False
    return all(
        str(version[key]).strip() == _text(header, key) for key in ("DETECTOR", "CCDCFG", "CCDTMING") if key in version
    )


def _version(root: Path, camera: str, night: int, header: Header) -> tuple[Path, Mapping[str, Any]]:
    """Return the root that names are relative to, and the one version that fits."""
    path, name = _yaml_file(root, camera, night, header)
    versions = _read_yaml(path).get(name)
    if not isinstance(versions, Mapping):
        msg = f"{path.name} has no entry {name}"
        raise _SelectionError(msg)
    fitting = {
        str(key): version
        for key, version in versions.items()
        if isinstance(version, Mapping) and _fits(version, night, header)
    }
    if len(fitting) != 1:
        which = ", ".join(sorted(fitting)[:4]) or "none"
        detector = clean_text(_text(header, "DETECTOR"), 30)
        msg = f"{path.name}: exactly one version must fit night {night} and detector {detector!r}; fitting: {which}"
        raise _SelectionError(clean_text(msg, 300))
    version = next(iter(fitting.values()))
    # A value may be a pair of value and comment.
    values = {
        str(key): value[0] if isinstance(value, list) and len(value) == 2 else value for key, value in version.items()
    }
    return path.parents[2], values


def _table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    try:
        if path.stat().st_size > _MAX_TEXT_FILE:
            msg = f"{path.name} is larger than {_MAX_TEXT_FILE} bytes"
            raise _SelectionError(msg)
        with path.open(newline="", encoding="utf-8", errors="replace") as stream:
            return [{str(k): str(v) for k, v in row.items()} for row in csv.DictReader(stream)]
    except (OSError, csv.Error) as error:
        msg = f"cannot read {path.name}: {error}"
        raise _SelectionError(msg) from error


def _date_of(name: str) -> int:
    """Return the date YYYYMMDD at the end of a file's name; 0 where there is none."""
    match = re.search(r"-([0-9]{8})\.fits", name)
    return int(match[1]) if match else 0


def _suits(row: Mapping[str, str], camera: str, night: int, header: Header) -> bool:
    """Whether a dark or bias of the table is for this detector, read out and cooled in this way, and not later."""
    specid = _whole(header.get("SPECID"))
    name = row.get("FILENAME", "")
    if f"sm{specid}-{camera[0]}-" not in name or not 0 < _date_of(name) <= night:
        return False
    if any(row.get(key, "").strip() != _text(header, key) for key in ("DETECTOR", "CCDCFG", "CCDTMING") if key in row):
        return False
    try:
        difference = abs(float(row["CCDTEMP"]) - float(header["CCDTEMP"]))
    except (KeyError, ValueError):
        return True
    return not math.isfinite(difference) or difference <= _TEMPERATURE_TOLERANCE


def _from_tables(directory: Path, camera: str, night: int, header: Header) -> dict[str, Path]:
    """Return the newest dark and the newest bias of $DESI_SPECTRO_DARK that suit."""
    found: dict[str, Path] = {}
    for kind, name in (("dark", "dark_table.csv"), ("bias", "bias_table.csv")):
        if not (directory / name).is_file():
            continue
        rows = [row for row in _table(directory / name) if _suits(row, camera, night, header)]
        if rows:
            newest = max(rows, key=lambda row: (_date_of(row["FILENAME"]), row["FILENAME"]))
            path = _existing(_inside(directory, newest["FILENAME"]))
            if path is not None:
                found[kind] = path
    return found


def _select_yaml(root: Path, camera: str, night: int, header: Header) -> Selection:
    """Select by the observatory's YAML."""
    try:
        base, values = _version(root, camera, night, header)
    except _SelectionError as error:
        return Selection(problems=dict.fromkeys(KINDS, str(error)))
    files: dict[str, Path] = {}
    problems: dict[str, str] = {}
    for kind, (_, key) in KINDS.items():
        name = values.get(key) if key else None
        if name is None:
            problems[kind] = f"the observatory's calibration of {camera} has no {key or kind}"
            continue
        try:
            path = _existing(_inside(base, name))
        except _SelectionError as error:
            problems[kind] = str(error)
            continue
        if path is None:
            problems[kind] = f"{clean_text(str(name), 80)} is not in the calibration directory"
        else:
            files[kind] = path
    return Selection(files, values, problems)


def select_files(
    root: Path | None, camera: str, night: int, header: Header, dark_directory: Path | None = None
) -> Selection:
    """Return the calibration files of a camera for a night.

    A plain file ``KIND-CAM.fits`` counts before the YAML of the same directory.

    Parameters
    ----------
    root : Path or None
        The calibration directory.
    camera : str
        ``"b0"`` to ``"z9"``.
    night : int
        YYYYMMDD.
    header : mapping
        Of the camera's HDU: DETECTOR, SPECID, CCDCFG, CCDTMING and CCDTEMP are looked at.
    dark_directory : Path, optional
        $DESI_SPECTRO_DARK.
    """
    if root is None:
        return Selection(problems=dict.fromkeys(KINDS, "no calibration directory is set"))
    if not root.is_dir():
        return Selection(problems=dict.fromkeys(KINDS, f"the calibration directory {root} does not exist"))
    has_yaml = (root / "spec").is_dir() or (root / "sim" / "spec").is_dir()
    selected = _select_yaml(root, camera, night, header) if has_yaml else Selection()
    files, problems = dict(selected.files), dict(selected.problems)
    for kind, (prefix, _) in KINDS.items():
        plain = _plain_file(root, prefix, camera, night)
        if plain is not None:
            files[kind] = plain
            problems.pop(kind, None)
        elif kind not in files and kind not in problems:
            problems[kind] = f"no {prefix}-{camera}.fits in the calibration directory"
    if dark_directory is not None and dark_directory.is_dir():
        try:
            chosen = _from_tables(dark_directory, camera, night, header)
        except _SelectionError as error:
            problems.update({kind: str(error) for kind in ("dark", "bias") if kind not in files})
        else:
            files |= chosen
            problems = {kind: reason for kind, reason in problems.items() if kind not in chosen}
    return Selection(files, selected.values, problems)
