"""Raw files of DESI: which there are, what their headers say, and the image of one camera.

``ROOT/NIGHT/EXPID/desi-EXPID.fits.fz``, and ``ROOT/NIGHT/desi-EXPID.fits.fz`` as it was before June 2018. The header
of the exposure is in the first HDU that has EXPTIME; each camera has an HDU of its own, ``B0`` to ``Z9``.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from qltui.instruments.card_reader import MJD_RANGE, CardReader, date_of, night_of
from qltui.instruments.desi.conditions import CARDS
from qltui.instruments.desi.exposure_header import UTC_OFFSET, obstype_of
from qltui.instruments.desi.layout import AMPLIFIER_CARDS, CAMERA_NAME, CAMERAS
from qltui.instruments.errors import IncompleteFileError, InvalidFileError
from qltui.instruments.files import Candidate, directory_entries, mtime_ns
from qltui.instruments.fits_cards import Scalar
from qltui.instruments.fits_file import HduEntry, find_hdu, read_header, scan_hdus
from qltui.instruments.raw_camera import RawCamera, image_header, read_raw
from qltui.instruments.sections import AmplifierDefaults
from qltui.model import Exposure

__all__ = ["inspect", "list_nights", "read_camera", "read_camera_header", "scan"]

_RAW_NAME: Final = re.compile(r"desi-([0-9]{8})\.fits(?:\.fz)?")
_NIGHT_NAME: Final = re.compile(r"(?:19|20)[0-9]{6}")
_EXPID_NAME: Final = re.compile(r"[0-9]{1,8}")
_SHOWN: Final = (
    "FLAVOR", "EXPTIME", "TELRA", "TELDEC", "TARGTRA", "TARGTDEC", "MOUNTAZ", "MOUNTEL", "MOUNTHA", "PARALLAC",
    "SEQNUM", "SEQTOT", "SEQUENCE", "PURPOSE", "REQTIME", "VISITIDS", "DOSVER", "ETCSEENG", "PMSEEING", "ETCTRANS",
    "ETCTEFF", "MOONRA", "MOONDEC", "MOONSEP", "SKYLEVEL", "TRANSPAR", "OUTTEMP", "OUTHUMID", "FOCUS", "ADC1PHI",
    "ADC2PHI", "TILERA", "TILEDEC", "SURVEY", "FAPRGRM", "OBSERVER", "LEAD", "ACTTEFF",
    *(card for card in CARDS if card not in ("SEEING", "AIRMASS")),
)  # fmt: skip
"""Scalars of the header that are kept for screens and trends."""

_log = logging.getLogger(__name__)


def list_nights(root: str | os.PathLike[str]) -> list[int]:
    """Return the nights that have a directory under `root`, oldest first."""
    return sorted(int(entry.name) for entry in directory_entries(Path(root)) if _NIGHT_NAME.fullmatch(entry.name))


def _candidates(directory: Path, night: int) -> Iterator[Candidate]:
    """Yield the raw files in one directory."""
    entries = list(directory_entries(directory))
    names = {entry.name for entry in entries}
    for entry in entries:
        match = _RAW_NAME.fullmatch(entry.name)
        # A file that was unpacked beside the original is not a second exposure.
        if not match or f"{entry.name}.fz" in names:
            continue
        try:
            status = entry.stat()
            if not entry.is_file():
                continue
        except OSError as error:
            _log.warning("cannot look at %s: %s", entry.path, error.strerror)
            continue
        expid = match[1]
        hints = {f"checksum-{expid}.sha256sum", f"checksum-{night}-{expid}.sha256sum", f"{entry.name}.done"} & names
        # A checksum that came over before the file that it is for says nothing about that file.
        is_ready = any(mtime_ns(directory / name) >= status.st_mtime_ns for name in hints)
        # Targets that come late, or anew, are as much a change of the exposure as other pixels.
        targets = f"fibermap-{expid}.fits"
        changed = max(status.st_mtime_ns, mtime_ns(directory / targets) if targets in names else 0)
        yield Candidate(entry.path, night, int(expid), status.st_size, changed, is_ready)


def scan(root: str | os.PathLike[str], nights: Collection[int]) -> list[Candidate]:
    """Return the raw files of some nights, in the order of night and exposure.

    Only names are looked at, so that this may be done often. Temporary names (of rsync, ``.tmp``, ...) do not count.
    An exposure is as new as the newer of its raw file and its fibermap.

    Parameters
    ----------
    root : path
        Directory with the nights.
    nights : collection of int
        YYYYMMDD.
    """
    found: list[Candidate] = []
    for night in sorted(set(nights)):
        directory = Path(root) / f"{night:08d}"
        found += _candidates(directory, night)
        for entry in directory_entries(directory):
            if _EXPID_NAME.fullmatch(entry.name) and entry.is_dir():
                found += _candidates(Path(entry.path), night)
    return sorted(found, key=lambda candidate: (candidate.night, candidate.expid, candidate.path))


def _expid(reader: CardReader, path: Path) -> int:
    """Return the number of the exposure: of the file's name, else of the header."""
    match = _RAW_NAME.fullmatch(path.name)
    in_header = reader.whole("EXPID", high=99_999_999)
    if match is None and in_header is None:
        msg = f"{path.name}: neither the name nor the header has a number of the exposure"
        raise InvalidFileError(msg)
    in_name = int(match[1]) if match else None
    if in_name is not None and in_header is not None and in_name != in_header:
        reader.problems.append(f"the header says exposure {in_header}, the name of the file {in_name}")
    return in_name if in_name is not None else int(in_header or 0)


def _night_directory(path: Path) -> str:
    """Return the name of the directory of the night that the file lies in; empty where it lies in none."""
    for parent in path.parents[:2]:
        if _NIGHT_NAME.fullmatch(parent.name):
            return parent.name
    return ""


def _cameras(entries: tuple[HduEntry, ...], problems: list[str]) -> tuple[str, ...]:
    """Return the cameras that have an image in the file, in the order of the grid."""
    found: set[str] = set()
    for entry in entries:
        name = entry.name.lower()
        if not CAMERA_NAME.fullmatch(name):
            continue
        if entry.kind not in ("IMAGE", "COMPRESSED") or len(entry.shape) != 2 or 0 in entry.shape:
            problems.append(f"{entry.name} has no image")
        elif name in found:
            problems.append(f"{entry.name} occurs twice; the first is used")
        else:
            found.add(name)
    return tuple(camera.name for camera in CAMERAS if camera.name in found)


def _exposure_header(path: Path, entries: tuple[HduEntry, ...], problems: list[str]) -> dict[str, Scalar]:
    """Return the header of the exposure: of the first HDU that has EXPTIME."""
    for entry in entries:
        if "EXPTIME" in entry.cards:
            return read_header(path, entry)
    problems.append("no HDU has EXPTIME")
    return read_header(path, entries[0])


def _auxiliary(path: Path, expid: int, entries: tuple[HduEntry, ...]) -> dict[str, str]:
    """Return the other files of the exposure by kind."""
    found = {}
    for kind, name in (("fibermap", f"fibermap-{expid:08d}.fits"), ("checksum", f"checksum-{expid:08d}.sha256sum")):
        if (path.parent / name).is_file():
            found[kind] = str(path.parent / name)
    if "fibermap" not in found and find_hdu(entries, "FIBERMAP"):
        found["fibermap"] = str(path)
    return found


def inspect(path: str | os.PathLike[str]) -> Exposure:
    """Look into a complete raw file: its structure and the header of the exposure, no pixels.

    Raises
    ------
    IncompleteFileError
        Where the file cannot be read or is cut off; the message names the HDU.
    InvalidFileError
        Where it is not a FITS file, its structure makes no sense, or nothing says which exposure it is.
    """
    path = Path(path)
    try:
        status = path.stat()
    except OSError as error:
        msg = f"cannot read {path.name}: {error.strerror}"
        raise IncompleteFileError(msg) from error
    entries = scan_hdus(path)
    problems: list[str] = []
    reader = CardReader(_exposure_header(path, entries, problems), problems)
    expid = _expid(reader, path)
    night = night_of(reader, UTC_OFFSET, _night_directory(path))
    if night is None:
        msg = f"{path.name}: neither NIGHT, DATE-OBS nor MJD-OBS says which night this is"
        raise InvalidFileError(msg)
    obstype = obstype_of(reader)
    moment = date_of(reader)
    mjd = reader.number("MJD-OBS", low=MJD_RANGE[0], high=MJD_RANGE[1])
    cameras = _cameras(entries, problems)
    if not cameras:
        problems.append("no camera is in the file")
    auxiliary = _auxiliary(path, expid, entries)
    if "fibermap" not in auxiliary and obstype in ("SCIENCE", "SKY", "TWILIGHT"):
        problems.append("fibermap missing")
    tile = reader.whole("TILEID", low=-1)
    return Exposure(
        instrument="desi",
        night=night,
        expid=expid,
        obstype=obstype,
        path=str(path),
        program=reader.text("PROGRAM", 60).upper(),
        cameras=cameras,
        exptime=reader.number("EXPTIME", low=0.0, high=1e6),
        mjd=mjd,
        airmass=reader.number("AIRMASS", low=0.99, high=100.0),
        seeing=reader.number("SEEING", "ETCSEENG", "PMSEEING", low=0.05, high=30.0),
        ra=reader.number("TARGTRA", "SKYRA", "TELRA", low=-360.0, high=360.0),
        dec=reader.number("TARGTDEC", "SKYDEC", "TELDEC", low=-90.0, high=90.0),
        tile=tile if tile is not None and tile >= 0 else None,
        date_obs=moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] if moment else "",
        object=reader.text("OBJECT"),
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        auxiliary=auxiliary,
        header=reader.scalars(_SHOWN),
        problems=tuple(dict.fromkeys(problems)),
    )


def _camera_entry(exposure: Exposure, camera: str) -> tuple[HduEntry, tuple[HduEntry, ...]]:
    entries = scan_hdus(exposure.path)
    for entry in entries:
        if entry.name == camera.upper() and entry.kind in ("IMAGE", "COMPRESSED") and len(entry.shape) == 2:
            return entry, entries
    msg = f"{camera} is not in {Path(exposure.path).name}"
    raise InvalidFileError(msg)


def read_camera_header(exposure: Exposure, camera: str) -> dict[str, Scalar]:
    """Return the header of a camera's HDU, completed from the first HDU where INHERIT says so.

    NAXIS1, NAXIS2 and BITPIX are those of the image, whether it is compressed or not.

    Raises
    ------
    IncompleteFileError, InvalidFileError
        As `inspect`, and where the camera is not in the file.
    """
    entry, entries = _camera_entry(exposure, camera)
    return image_header(exposure.path, entry, entries)


def read_camera(exposure: Exposure, camera: str, calibration: AmplifierDefaults | None = None) -> RawCamera:
    """Read the raw image of one camera; the bytes of the others are not touched.

    Parameters
    ----------
    exposure : Exposure
        As `inspect` returned it.
    camera : str
        ``"b0"`` to ``"z9"``.
    calibration : AmplifierDefaults, optional
        Gains, saturation and read noise for what the header does not have.

    Raises
    ------
    IncompleteFileError, InvalidFileError
        As `inspect`, and where the camera is not in the file, its data are damaged or its sections make no sense.
    """
    entry, _ = _camera_entry(exposure, camera)
    header = read_camera_header(exposure, camera)
    return read_raw(exposure.path, entry, header, camera, AMPLIFIER_CARDS, calibration)
