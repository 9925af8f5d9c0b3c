"""Where each HDU of a FITS file lies, by its raw records.

A file of 30 cameras is indexed in milliseconds, and one camera is read without touching the bytes of another. Every
size that a header declares is compared with the size of the file before anything is allocated for it.

Formats are those of the FITS standard 4.0.
"""

from __future__ import annotations

import gzip
import math
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from qltui.instruments.errors import IncompleteFileError, InvalidFileError
from qltui.instruments.fits_cards import BLOCK, CARD, Scalar, parse_cards, parse_value

__all__ = [
    "BITPIX",
    "MAX_PIXELS",
    "HduEntry",
    "PathLike",
    "Source",
    "find_hdu",
    "integer_card",
    "open_source",
    "read_data",
    "read_header",
    "scan_hdus",
]

MAX_PIXELS: Final = 2**27
"""Largest image that is read: a CCD has 1.8e7 pixels."""
MAX_HEADER: Final = 2000 * BLOCK
MAX_HDUS: Final = 2000
MAX_UNZIPPED: Final = 2**28
"""Largest gzip-compressed calibration file, in bytes when unpacked."""

_CHUNK: Final = 10 * BLOCK
BITPIX: Final[Mapping[int, str]] = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_STRUCTURE: Final = frozenset(
    b"SIMPLE XTENSION BITPIX NAXIS PCOUNT GCOUNT GROUPS EXTNAME THEAP TFIELDS TFORM TTYPE TSCAL TZERO TNULL BZERO "
    b"BSCALE BLANK EXPTIME ZIMAGE ZCMPTYPE ZBITPIX ZNAXIS ZTILE ZNAME ZVAL ZSCALE ZZERO ZBLANK ZQUANTIZ".split()
)
_SIZES: Final = frozenset({"BITPIX", "NAXIS", "PCOUNT", "GCOUNT", "TFIELDS"})


class Source(Protocol):
    """Bytes that can be read from anywhere: a file, or what was unpacked from one."""

    @property
    def name(self) -> str:
        """Path of the file."""

    @property
    def size(self) -> int:
        """[byte]."""

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on, fewer at the end."""


def _unreadable(name: str, error: OSError) -> IncompleteFileError:
    """Return the error for a file that the system does not let us read: a server may come back, rights may be given."""
    return IncompleteFileError(f"cannot read {Path(name).name}: {error.strerror or error}")


@dataclass(frozen=True, slots=True)
class _FileSource:
    name: str
    size: int

    def read(self, offset: int, count: int) -> bytes:
        buffer = bytearray(count)
        return bytes(buffer[: self.read_into(offset, memoryview(buffer))])

    def read_into(self, offset: int, view: memoryview) -> int:
        """Fill `view` from `offset` on; return how many bytes there were."""
        got = 0
        try:
            descriptor = os.open(self.name, os.O_RDONLY | os.O_CLOEXEC)
            try:
                while got < len(view) and (count := os.preadv(descriptor, [view[got:]], offset + got)):
                    got += count
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _unreadable(self.name, error) from error
        return got


@dataclass(frozen=True, slots=True)
class _MemorySource:
    name: str
    size: int
    data: bytes = field(repr=False)

    def read(self, offset: int, count: int) -> bytes:
        return self.data[offset : offset + count]


PathLike: TypeAlias = "str | os.PathLike[str] | Source"


@dataclass(frozen=True, slots=True)
class HduEntry:
    """One header-data unit of a file: where it lies and what it holds.

    Attributes
    ----------
    index : int
        Position in the file, 0 for the primary HDU.
    name : str
        EXTNAME in upper case; empty where there is none.
    kind : str
        ``"IMAGE"``, ``"COMPRESSED"`` (an image in a table of tiles), ``"TABLE"`` or ``"OTHER"``.
    offset_header, offset_data, data_size : int
        [byte]; `data_size` without the padding at its end.
    shape : tuple of int
        Of the image, slowest axis first, or (rows, bytes of a row) of a table; empty where there are no data.
    bitpix : int
        Of the image as it is after decompression.
    cards : mapping
        The cards that declare the structure, by keyword. ``EXPTIME`` is among them where the header has it.
    """

    index: int
    name: str
    kind: str
    offset_header: int
    offset_data: int
    data_size: int
    shape: tuple[int, ...]
    bitpix: int
    cards: Mapping[str, Scalar]

    @property
    def compression(self) -> str:
        """Algorithm of a compressed image, ``"RICE_1"``; empty for any other HDU."""
        return str(self.cards.get("ZCMPTYPE", "")).upper() if self.kind == "COMPRESSED" else ""

    @property
    def title(self) -> str:
        """How to speak of it: ``"HDU 3 (B7)"``."""
        return f"HDU {self.index} ({self.name})" if self.name else f"HDU {self.index}"


def open_source(path: PathLike) -> Source:
    """Return the bytes of a file; one compressed by gzip is unpacked into memory.

    Raises
    ------
    InvalidFileError
        Where a compressed file is damaged, or unpacks to more than `MAX_UNZIPPED` bytes.
    IncompleteFileError
        Where the file cannot be read, or a compressed one ends too early.
    """
    if not isinstance(path, str | os.PathLike):
        return path
    name = os.fspath(path)
    try:
        with Path(name).open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if stream.read(2) != b"\x1f\x8b":
                return _FileSource(name, size)
            stream.seek(0)
            with gzip.GzipFile(fileobj=stream) as unpacked:
                data = unpacked.read(MAX_UNZIPPED + 1)
    except EOFError as error:
        msg = f"{Path(name).name} is cut off: its gzip stream has no end"
        raise IncompleteFileError(msg) from error
    except (zlib.error, gzip.BadGzipFile) as error:
        msg = f"{Path(name).name} is damaged: {error}"
        raise InvalidFileError(msg) from error
    except OSError as error:
        raise _unreadable(name, error) from error
    if len(data) > MAX_UNZIPPED:
        msg = f"{Path(name).name} unpacks to more than {MAX_UNZIPPED >> 20} MB"
        raise InvalidFileError(msg)
    return _MemorySource(name, len(data), data)


def integer_card(
    cards: Mapping[str, Scalar], key: str, low: int, high: int, where: str, default: int | None = None
) -> int:
    """Return a structural card as a whole number between bounds, or refuse the file."""
    value = cards.get(key, default)
    if type(value) is not int or not low <= value <= high:
        msg = f"{where}: {key} is {'missing' if value is None else repr(value)[:40]}"
        raise InvalidFileError(msg)
    return value


def _axes(cards: Mapping[str, Scalar], prefix: str, where: str) -> tuple[int, ...]:
    """Return the lengths of the axes, slowest first."""
    naxis = integer_card(cards, prefix, 0, 999, where)
    return tuple(integer_card(cards, f"{prefix}{n}", 0, 2**47, where) for n in range(naxis, 0, -1))


def _raw_header(source: Source, offset: int, where: str, piece: bytes | None = None) -> bytes:
    """Return the raw header that begins at `offset`, with its END card and without padding; `piece` is its beginning.

    Raises
    ------
    IncompleteFileError
        Where the file ends before the END card.
    InvalidFileError
        Where there is no END card within reason.
    """
    raw = bytearray()
    while len(raw) < MAX_HEADER:
        if raw or piece is None:
            piece = source.read(offset + len(raw), _CHUNK)
        first = len(raw)
        raw += piece
        at = raw.find(b"END     ", first)
        while at >= 0:
            if at % CARD == 0:
                return bytes(raw[: at + CARD])
            at = raw.find(b"END     ", at + 1)
        if len(piece) < _CHUNK:
            msg = f"the file ends inside the header of {where} ({source.size} bytes)"
            raise IncompleteFileError(msg)
    msg = f"{where}: no END card in {MAX_HEADER >> 20} MB"
    raise InvalidFileError(msg)


def _structure(raw: bytes, where: str) -> dict[str, Scalar]:
    """Return the structural cards of a raw header; all others are not looked at.

    Raises
    ------
    InvalidFileError
        Where a size is declared twice and differently: readers disagree on which of the two counts.
    """
    cards: dict[str, Scalar] = {}
    for at in range(0, len(raw), CARD):
        if raw[at : at + 8].rstrip(b" 0123456789") in _STRUCTURE and raw[at + 8 : at + 9] == b"=":
            name = raw[at : at + 8].decode("ascii").rstrip()
            value = parse_value(raw[at + 10 : at + CARD].decode("ascii", "replace"))
            if value is not None and cards.setdefault(name, value) != value and name.rstrip("0123456789") in _SIZES:
                msg = f"{where}: {name} stands there twice, as {cards[name]} and as {repr(value)[:40]}"
                raise InvalidFileError(msg)
    return cards


def _entry(index: int, offset: int, raw: bytes, where: str) -> HduEntry:
    """Understand the structure that a raw header declares."""
    cards = _structure(raw, where)
    name = str(cards.get("EXTNAME", "")).strip().upper()[:68]
    name = name if name.isprintable() and name.isascii() else ""
    where = f"{where} ({name})" if name else where
    bitpix = integer_card(cards, "BITPIX", -64, 64, where)
    if bitpix not in BITPIX:
        msg = f"{where}: BITPIX is {bitpix}"
        raise InvalidFileError(msg)
    shape = _axes(cards, "NAXIS", where)
    pcount = integer_card(cards, "PCOUNT", 0, 2**47, where, 0)
    gcount = integer_card(cards, "GCOUNT", 0, 2**31, where, 1)
    grouped = cards.get("GROUPS") is True and len(shape) > 1 and shape[-1] == 0
    elements = math.prod(shape[:-1] if grouped else shape) if shape else 0
    data_size = abs(bitpix) // 8 * gcount * (pcount + elements) if shape else 0
    xtension = str(cards.get("XTENSION", "IMAGE")).strip().upper()
    kind = {"IMAGE": "IMAGE", "BINTABLE": "TABLE", "A3DTABLE": "TABLE"}.get(xtension, "OTHER")
    if kind == "TABLE" and cards.get("ZIMAGE") is True:
        kind = "COMPRESSED"
        shape = _axes(cards, "ZNAXIS", where)
        bitpix = integer_card(cards, "ZBITPIX", -64, 64, where)
        if bitpix not in BITPIX:
            msg = f"{where}: ZBITPIX is {bitpix}"
            raise InvalidFileError(msg)
    offset_data = offset + (len(raw) + BLOCK - 1) // BLOCK * BLOCK
    return HduEntry(index, name, kind, offset, offset_data, data_size, shape, bitpix, cards)


def _check_start(source: Source, start: bytes, offset: int, index: int, where: str) -> None:
    """See that the bytes `start` at `offset` begin an HDU."""
    expected = b"SIMPLE  =" if index == 0 else b"XTENSION="
    if start == expected:
        return
    if not start.strip(b"\0") or expected.startswith(start):
        msg = f"the file is filled with zeros or ends where {where} should begin (byte {offset})"
        raise IncompleteFileError(msg)
    msg = "not a FITS file" if index == 0 else f"{where} (byte {offset}) does not begin with XTENSION"
    raise InvalidFileError(f"{Path(source.name).name}: {msg}")


def _iterate(source: Source) -> Iterator[HduEntry]:
    offset = index = 0
    while index == 0 or offset < source.size:
        where = f"HDU {index}"
        if index >= MAX_HDUS:
            msg = f"{Path(source.name).name} has more than {MAX_HDUS} HDUs"
            raise InvalidFileError(msg)
        piece = source.read(offset, _CHUNK)
        _check_start(source, piece[:9], offset, index, where)
        entry = _entry(index, offset, _raw_header(source, offset, where, piece), where)
        end = entry.offset_data + entry.data_size
        padded = (end + BLOCK - 1) // BLOCK * BLOCK
        if padded > source.size:
            msg = f"{entry.title} is cut off: the file needs {padded} bytes for it and has {source.size}"
            raise IncompleteFileError(msg)
        yield entry
        offset = padded
        index += 1


@lru_cache(maxsize=8)
def _scan_file(source: _FileSource, _mtime_ns: int) -> tuple[HduEntry, ...]:
    return tuple(_iterate(source))


def scan_hdus(path: PathLike) -> tuple[HduEntry, ...]:
    """Return where each HDU of a file lies, and check that the file is as long as its headers say.

    Only headers are read. The last few answers are remembered until the file changes.

    Raises
    ------
    IncompleteFileError
        Where the file cannot be read, or is shorter than its headers declare; the message names the HDU.
    InvalidFileError
        Where it is not a FITS file, or its structure makes no sense.
    """
    source = open_source(path)
    if isinstance(source, _FileSource):
        try:
            return _scan_file(source, Path(source.name).stat().st_mtime_ns)
        except OSError as error:
            raise _unreadable(source.name, error) from error
    return tuple(_iterate(source))


def find_hdu(entries: tuple[HduEntry, ...], *names: str) -> HduEntry | None:
    """Return the first HDU that has one of `names`, in the order of `names`; None where there is none."""
    for name in names:
        for entry in entries:
            if entry.name == name.upper():
                return entry
    return None


def read_header(path: PathLike, entry: HduEntry) -> dict[str, Scalar]:
    """Return the header of one HDU as it stands in the file (of a compressed image with its Z keywords).

    Strings have only printable ASCII characters. What cannot be parsed is left out.
    """
    return parse_cards(_raw_header(open_source(path), entry.offset_header, entry.title))


def read_data(source: Source, entry: HduEntry, padding: int = 0) -> npt.NDArray[np.uint8]:
    """Return the raw data of one HDU with `padding` zero bytes behind them, shape (data_size + padding,).

    Raises
    ------
    IncompleteFileError
        Where the file has become shorter since it was scanned.
    """
    if entry.offset_data + entry.data_size > source.size:
        msg = f"{entry.title} is cut off: the file has {source.size} bytes"
        raise IncompleteFileError(msg)
    data = np.empty(entry.data_size + padding, dtype=np.uint8)
    data[entry.data_size :] = 0
    view = data.data[: entry.data_size]
    if isinstance(source, _FileSource):
        got = source.read_into(entry.offset_data, view)
    else:
        piece = source.read(entry.offset_data, entry.data_size)
        got = len(piece)
        view[:got] = piece
    if got < entry.data_size:
        msg = f"{entry.title} is cut off: {got} of {entry.data_size} bytes could be read"
        raise IncompleteFileError(msg)
    return data
