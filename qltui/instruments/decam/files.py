"""Raw files of DECam: which there are, what their headers say, and the image of one CCD.

``ROOT/NIGHT/DECam_EXPNUM.fits.fz`` as the telescope writes them, ``c4d_YYMMDD_HHMMSS_ori.fits.fz`` as the archive
calls them, in a directory for each night or all in one. The primary HDU has the header of the exposure; each CCD has an
HDU of its own, which its EXTNAME (``S29``) or CCDNUM tells, and never its place: the order is that of the backplanes.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from qltui.instruments.card_reader import MJD_RANGE, CardReader, date_of, local_night, night_of
from qltui.instruments.decam.headers import SHOWN, UTC_OFFSET, angle_of, archive_moment, band_of, obstype_of, reader_of
from qltui.instruments.decam.layout import CAMERAS, CCD_NAME, CCDS
from qltui.instruments.errors import IncompleteFileError, InvalidFileError
from qltui.instruments.files import Candidate, directory_entries, mtime_ns
from qltui.instruments.fits_cards import Scalar, parse_cards
from qltui.instruments.fits_file import HduEntry, read_header, scan_hdus
from qltui.instruments.raw_camera import RawCamera, image_header, read_raw
from qltui.instruments.sections import AmplifierCards
from qltui.model import Exposure

__all__ = ["AMPLIFIER_CARDS", "find_ccd", "inspect", "list_nights", "read_ccd", "scan"]

AMPLIFIER_CARDS: Final = AmplifierCards(
    names=("AB",),
    numbers=(2,),
    data=("DATASEC", "TRIMSEC"),
    saturation="SATURAT",
    place_from_data=True,
)

_RAW_NAME: Final = re.compile(r"DECam_([0-9]{8})\.fits(?:\.fz)?")
_NIGHT_NAME: Final = re.compile(r"(?:19|20)[0-9]{6}")
_FOCUS_NAME: Final = re.compile(r"F[NS][1-4]")
_HEAD: Final = 64 * 1440
"""Of a file, in which the primary header ends [byte]."""
_ARCHIVE_EPOCH: Final = datetime(2012, 1, 1, tzinfo=UTC)

_log = logging.getLogger(__name__)


@lru_cache(maxsize=1 << 14)
def _head(path: str, mtime: int, size: int) -> tuple[int | None, int | None]:
    """Return night and number of the exposure from the beginning of a file, as far as it is there and tells them."""
    del mtime, size  # what is cached is what the file was then
    try:
        with Path(path).open("rb") as stream:
            raw = stream.read(_HEAD)
    except OSError:
        return None, None
    reader = reader_of(parse_cards(raw), [])
    moment = date_of(reader)
    return None if moment is None else local_night(moment, UTC_OFFSET), reader.whole("EXPNUM", high=99_999_999)


def _night_by_name(path: Path) -> int | None:
    """Return the night that the name of a file in the archive tells; the date there is that of its arrival, in UTC."""
    moment = archive_moment(path.name)
    return None if moment is None else local_night(moment, UTC_OFFSET)


def _night(path: Path, mtime: int, size: int) -> int:
    """Return the night of a file that lies in no directory of a night: by its header, else its name, else its time."""
    night = _head(str(path), mtime, size)[0] or _night_by_name(path)
    return night or local_night(datetime.fromtimestamp(mtime / 1e9, UTC), UTC_OFFSET)


def _expid(path: Path, mtime: int, size: int) -> int | None:
    """Return the number of an exposure: of its name, else of its header, else the seconds in the archive's name."""
    match = _RAW_NAME.fullmatch(path.name)
    if match:
        return int(match[1])
    moment = archive_moment(path.name)
    if moment is None:
        return None
    in_header = _head(str(path), mtime, size)[1]
    return in_header if in_header is not None else int((moment - _ARCHIVE_EPOCH).total_seconds())


def _candidates(directory: Path, night: int | None) -> Iterable[Candidate]:
    """Yield the raw files in one directory; `night` is None where it holds those of several."""
    entries = list(directory_entries(directory))
    names = {entry.name for entry in entries}
    for entry in entries:
        if not (_RAW_NAME.fullmatch(entry.name) or archive_moment(entry.name)) or f"{entry.name}.fz" in names:
            continue
        try:
            status = entry.stat()
            if not entry.is_file():
                continue
        except OSError as error:
            _log.warning("cannot look at %s: %s", entry.path, error.strerror)
            continue
        path = Path(entry.path)
        expid = _expid(path, status.st_mtime_ns, status.st_size)
        if expid is None:
            continue
        tonight = night if night is not None else _night(path, status.st_mtime_ns, status.st_size)
        # A checksum that came over before the file that it is for says nothing about that file.
        hints = {f"{entry.name}.done", f"{entry.name}.md5"} & names
        is_ready = any(mtime_ns(directory / name) >= status.st_mtime_ns for name in hints)
        yield Candidate(entry.path, tonight, expid, status.st_size, status.st_mtime_ns, is_ready)


def scan(root: str | os.PathLike[str], nights: Collection[int]) -> list[Candidate]:
    """Return the raw files of some nights, in the order of night and exposure.

    Names are looked at, and for files outside of a night's directory the beginning of each, once. Temporary names do
    not count.

    Parameters
    ----------
    root : path
        Directory with the nights, or with the files.
    nights : collection of int
        YYYYMMDD.
    """
    wanted = set(nights)
    found = [candidate for candidate in _candidates(Path(root), None) if candidate.night in wanted]
    for night in sorted(wanted):
        found += _candidates(Path(root) / f"{night:08d}", night)
    return sorted(found, key=lambda candidate: (candidate.night, candidate.expid, candidate.path))


def list_nights(root: str | os.PathLike[str]) -> list[int]:
    """Return the nights that have a directory, or files, under `root`, oldest first."""
    directories = {int(entry.name) for entry in directory_entries(Path(root)) if _NIGHT_NAME.fullmatch(entry.name)}
    return sorted(directories | {candidate.night for candidate in _candidates(Path(root), None)})


def _ccd_name(path: str, entry: HduEntry) -> str:
    """Return the science CCD that an HDU holds, by EXTNAME or else CCDNUM; empty where it holds none."""
    if CCD_NAME.fullmatch(entry.name):
        return entry.name
    if _FOCUS_NAME.fullmatch(entry.name) or entry.kind not in ("IMAGE", "COMPRESSED") or not entry.shape:
        return ""
    number = read_header(path, entry).get("CCDNUM")
    return next((ccd.name for ccd in CCDS.values() if type(number) is int and ccd.number == number), "")


@lru_cache(maxsize=8)
def _ccds(path: str, mtime: int, size: int) -> dict[str, HduEntry]:
    """Return the HDUs of the science CCDs by name; the first of each counts."""
    del mtime, size
    found: dict[str, HduEntry] = {}
    for entry in scan_hdus(path):
        name = _ccd_name(path, entry)
        if name:
            found.setdefault(name, entry)
    return found


def _cameras(path: Path, entries: tuple[HduEntry, ...], problems: list[str]) -> tuple[str, ...]:
    """Return the CCDs that have an image in the file, in the order of the grid."""
    found: set[str] = set()
    for entry in entries[1:]:
        name = _ccd_name(str(path), entry)
        if not name:
            continue
        if entry.kind not in ("IMAGE", "COMPRESSED") or len(entry.shape) != 2 or 0 in entry.shape:
            problems.append(f"{name} has no image")
        elif name in found:
            problems.append(f"{name} occurs twice; the first is used")
        else:
            found.add(name)
    return tuple(camera.name for camera in CAMERAS if camera.name in found)


def _number(reader: CardReader, path: Path, size: int, mtime: int) -> int:
    """Return the number of the exposure: of the file's name, else of the header, else of the archive's clock."""
    in_name, in_header = _RAW_NAME.fullmatch(path.name), reader.whole("EXPNUM", high=99_999_999)
    if in_name is not None:
        number = int(in_name[1])
        if in_header is not None and in_header != number:
            reader.problems.append(f"the header says exposure {in_header}, the name of the file {number}")
        return number
    if in_header is not None:
        return in_header
    reader.problems.append("no card EXPNUM")
    by_name = _expid(path, mtime, size)
    if by_name is None:
        msg = f"{path.name}: neither the name nor the header has a number of the exposure"
        raise InvalidFileError(msg)
    return by_name


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
    reader = reader_of(read_header(path, entries[0]), problems)
    expid = _number(reader, path, status.st_size, status.st_mtime_ns)
    directory = path.parent.name if _NIGHT_NAME.fullmatch(path.parent.name) else ""
    night = night_of(reader, UTC_OFFSET, directory) or _night_by_name(path)
    if night is None:
        msg = f"{path.name}: neither DATE-OBS, MJD-OBS nor the file's name says which night this is"
        raise InvalidFileError(msg)
    obstype = obstype_of(reader)
    moment = date_of(reader)
    cameras = _cameras(path, entries, problems)
    if not cameras:
        problems.append("no science CCD is in the file")
    return Exposure(
        instrument="decam",
        night=night,
        expid=expid,
        obstype=obstype,
        path=str(path),
        program=band_of(reader, obstype),
        cameras=cameras,
        exptime=reader.number("EXPTIME", low=0.0, high=1e6),
        mjd=reader.number("MJD-OBS", low=MJD_RANGE[0], high=MJD_RANGE[1]),
        airmass=reader.number("AIRMASS", low=0.99, high=100.0),
        seeing=reader.number("DIMMSEE", "G-SEEING", low=0.05, high=30.0),
        ra=angle_of(reader, ("RA", "TELRA"), hours=True),
        dec=angle_of(reader, ("DEC", "TELDEC"), hours=False),
        tile=_tile(reader),
        date_obs=moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] if moment else "",
        object=reader.text("OBJECT"),
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        header=reader.scalars(SHOWN),
        problems=tuple(dict.fromkeys(problems)),
    )


def _tile(reader: CardReader) -> int | None:
    """Return the number of the survey's field, HEX; None where the exposure is of no survey."""
    value = reader.header.get("HEX")
    return value if type(value) is int and 0 <= value < 10**9 else None


def find_ccd(path: str | os.PathLike[str], camera: str) -> HduEntry:
    """Return the HDU of a CCD.

    Raises
    ------
    IncompleteFileError
        Where the file cannot be read or is cut off.
    InvalidFileError
        Where the CCD is not in it, or has no image.
    """
    path = Path(path)
    try:
        status = path.stat()
    except OSError as error:
        msg = f"cannot read {path.name}: {error.strerror}"
        raise IncompleteFileError(msg) from error
    entry = _ccds(str(path), status.st_mtime_ns, status.st_size).get(camera)
    if entry is None or entry.kind not in ("IMAGE", "COMPRESSED") or len(entry.shape) != 2:
        msg = f"{camera} is not in {path.name}"
        raise InvalidFileError(msg)
    return entry


def read_ccd(path: str | os.PathLike[str], camera: str) -> RawCamera:
    """Read the raw image of one CCD; the bytes of the others are not touched.

    Parameters
    ----------
    path : path
        Raw file.
    camera : str
        ``"S29"``.

    Raises
    ------
    IncompleteFileError, InvalidFileError
        As `find_ccd`, and where the data are damaged or the sections make no sense; the message names CCD and card.
    """
    entry = find_ccd(path, camera)
    header: dict[str, Scalar] = image_header(path, entry, (entry,))
    return read_raw(path, entry, header, camera, AMPLIFIER_CARDS)
