"""Images, tables and headers of FITS files: only the bytes of the HDU that is asked for are read.

`scan_hdus` says where everything lies; `read_image` and `read_table` take one of its entries. Row-wise RICE_1, as all
DESI raw images have it, is decompressed by `qltui.instruments.rice`; any other compression goes through astropy.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Collection, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qltui.instruments.errors import InvalidFileError
from qltui.instruments.fits_cards import BLOCK, CARD, Scalar
from qltui.instruments.fits_scan import (
    BITPIX,
    MAX_PIXELS,
    HduEntry,
    PathLike,
    Source,
    find_hdu,
    integer_card,
    open_source,
    read_data,
    read_header,
    scan_hdus,
)

__all__ = ["HduEntry", "Source", "find_hdu", "open_source", "read_header", "read_image", "read_table", "scan_hdus"]

_LARGE: Final = 1 << 20
"""Pixels from which on compiled code is worth its loading; the screens, which have none, read small pictures."""
_TFORM: Final = re.compile(r"(\d{0,9})([LXBIJKAEDCMPQ])(.*)")
_COLUMN_TYPES: Final[Mapping[str, tuple[str, int]]] = {
    "L": ("S1", 1), "B": ("u1", 1), "I": (">i2", 2), "J": (">i4", 4), "K": (">i8", 8), "A": ("S", 1),
    "E": (">f4", 4), "D": (">f8", 8), "C": (">c8", 8), "M": (">c16", 16), "X": ("u1", 1), "P": (">i4", 8),
    "Q": (">i8", 16),
}  # fmt: skip
_LARGEST_SCALE: Final = 1e30
"""No quantity is stored in such units; products stay within single precision."""


def _width(letter: str, repeat: int) -> int:
    """Bytes of a column in each row."""
    return (repeat + 7) // 8 if letter == "X" else repeat * _COLUMN_TYPES[letter][1]


def _columns(entry: HduEntry) -> dict[str, tuple[int, str, int]]:
    """Return offset in the row, type letter and repeat of each column of a table, by upper-case name."""
    cards = entry.cards
    found: dict[str, tuple[int, str, int]] = {}
    offset = 0
    for n in range(1, integer_card(cards, "TFIELDS", 0, 999, entry.title) + 1):
        match = _TFORM.fullmatch(str(cards.get(f"TFORM{n}", "")).strip())
        if not match:
            msg = f"{entry.title}: TFORM{n} is {cards.get(f'TFORM{n}')!r}"
            raise InvalidFileError(msg)
        repeat = int(match[1]) if match[1] else 1
        letter = match[2]
        found.setdefault(str(cards.get(f"TTYPE{n}", f"COL{n}")).strip().upper(), (offset, letter, repeat))
        offset += _width(letter, repeat)
    return found


def _table_size(entry: HduEntry) -> tuple[int, int, int]:
    """Return bytes of a row, rows, and where the heap begins, all inside the data of the HDU."""
    width = integer_card(entry.cards, "NAXIS1", 0, 2**31, entry.title)
    rows = integer_card(entry.cards, "NAXIS2", 0, 2**31, entry.title)
    heap = integer_card(entry.cards, "THEAP", 0, 2**47, entry.title, width * rows)
    if not width * rows <= heap <= entry.data_size:
        msg = f"{entry.title}: the heap begins at byte {heap} of {entry.data_size}"
        raise InvalidFileError(msg)
    if sum(_width(letter, repeat) for _, letter, repeat in _columns(entry).values()) > width:
        msg = f"{entry.title}: the columns need more than the {width} bytes of a row"
        raise InvalidFileError(msg)
    return width, rows, heap


def _scale(entry: HduEntry, scale: str, zero: str) -> tuple[float, float]:
    """Return the factor and the offset by which stored numbers become values."""
    pair = []
    for key, default in ((scale, 1.0), (zero, 0.0)):
        value = entry.cards.get(key, default)
        if isinstance(value, str) or not math.isfinite(value) or abs(value) > _LARGEST_SCALE:
            msg = f"{entry.title}: {key} is {value!r}"
            raise InvalidFileError(msg)
        pair.append(float(value))
    return pair[0], pair[1]


def _column(rows: npt.NDArray[np.uint8], entry: HduEntry, name: str) -> npt.NDArray[Any]:
    """Cut one column out of the rows of a table, in native byte order, scaled."""
    columns = _columns(entry)
    offset, letter, repeat = columns[name]
    number = list(columns).index(name) + 1
    count, width = len(rows), _width(letter, repeat)
    raw = np.ascontiguousarray(rows[:, offset : offset + width])
    if width == 0 or count == 0:
        return np.zeros((count, 0) if width == 0 else (count,), dtype=_COLUMN_TYPES[letter][0])
    if letter == "A":
        return raw.view(f"S{repeat}")[:, 0]
    values: npt.NDArray[Any] = raw.view(_COLUMN_TYPES[letter][0])
    if letter == "L":
        values = values == b"T"
    elif letter not in "XPQ":
        values = values.astype(values.dtype.newbyteorder("="))
        factor, zero = _scale(entry, f"TSCAL{number}", f"TZERO{number}")
        if (factor, zero) != (1.0, 0.0):
            whole = letter in "BIJ" and factor == 1.0 and zero.is_integer() and abs(zero) < 2**62
            values = values.astype(np.int64) + int(zero) if whole else values * factor + zero
    return values[:, 0] if values.shape[1] == 1 else values


def read_table(
    path: PathLike, entry: HduEntry, names: Collection[str] | None = None, max_rows: int = 1_000_000
) -> dict[str, npt.NDArray[Any]]:
    """Return columns of a binary table.

    Parameters
    ----------
    path : path or Source
        The file.
    entry : HduEntry
        A table of it.
    names : collection of str, optional
        Columns to read, in upper case; those that the table does not have are left out. Default: all.
    max_rows : int
        More rows than this are refused.

    Returns
    -------
    dict of ndarray, shape (nrow,) or (nrow, repeat)
        By name in upper case. Strings are bytes (``S``). Where a name occurs twice, the first column counts.

    Raises
    ------
    InvalidFileError
        Where the HDU is no table, or its declarations contradict each other.
    """
    if entry.kind != "TABLE":
        msg = f"{entry.title} is not a table"
        raise InvalidFileError(msg)
    width, rows, _ = _table_size(entry)
    if rows > max_rows:
        msg = f"{entry.title} has {rows} rows, more than {max_rows}"
        raise InvalidFileError(msg)
    data = read_data(open_source(path), entry)[: width * rows].reshape(rows, width)
    wanted = _columns(entry)
    return {name: _column(data, entry, name) for name in wanted if names is None or name in names}


def _parameter(cards: Mapping[str, Scalar], name: str, default: int) -> int:
    """Return a parameter of the compression (ZNAMEn, ZVALn), as BLOCKSIZE."""
    for n in range(1, 10):
        if str(cards.get(f"ZNAME{n}", "")).strip().upper() == name:
            value = cards.get(f"ZVAL{n}")
            return value if type(value) is int else default
    return default


def _is_plain_rice(entry: HduEntry) -> bool:
    """Whether the image is one that `qltui.instruments.rice` can decompress: whole numbers, one tile for each row."""
    cards = entry.cards
    tile = [cards.get(f"ZTILE{n}", entry.shape[-1] if n == 1 else 1) for n in range(1, len(entry.shape) + 1)]
    offset = _scale(entry, "BSCALE", "BZERO")
    return (
        entry.compression in ("RICE_1", "RICE_ONE")
        and entry.bitpix in (16, 32)
        and len(entry.shape) == 2
        and tile == [entry.shape[1], 1]
        and set(_columns(entry)) <= {"COMPRESSED_DATA", "GZIP_COMPRESSED_DATA", "UNCOMPRESSED_DATA"}
        and _columns(entry).get("COMPRESSED_DATA", (0, "", 0))[1] in ("P", "Q")
        and _parameter(cards, "BYTEPIX", 4) == entry.bitpix // 8
        and offset in ((1.0, 0.0), (1.0, 2.0 ** (entry.bitpix - 1)))
    )


def _read_rice(source: Source, entry: HduEntry) -> npt.NDArray[Any] | None:
    """Decompress a row-wise RICE_1 image; None where some tile was stored in another way."""
    from qltui.instruments.rice import PADDING, decode_tiles

    ny, nx = entry.shape
    width, rows, heap = _table_size(entry)
    if rows != ny:
        msg = f"{entry.title}: {rows} tiles for an image of {ny} rows"
        raise InvalidFileError(msg)
    block = _parameter(entry.cards, "BLOCKSIZE", 32)
    heap_size = entry.data_size - heap
    # A block of equal pixels takes four bits at least, so an image has at most so many pixels for each byte.
    if ny * nx > heap_size * 2 * max(block, 1) + ny * max(block, 1):
        msg = f"{entry.title}: {heap_size} bytes cannot hold an image of {ny} x {nx} pixels"
        raise InvalidFileError(msg)
    data = read_data(source, entry, PADDING)
    offset, letter, _ = _columns(entry)["COMPRESSED_DATA"]
    size = _COLUMN_TYPES[letter][1]
    table = data[: width * rows].reshape(rows, width)[:, offset : offset + size]
    pointers = np.ascontiguousarray(table).view(">i4" if letter == "P" else ">i8").astype(np.int64)
    lengths, starts = pointers[:, 0], pointers[:, 1]
    if (lengths == 0).any():
        return None
    unsigned = _scale(entry, "BSCALE", "BZERO")[1] != 0
    try:
        return decode_tiles(
            data,
            np.where(starts >= 0, np.minimum(starts, heap_size) + heap, -1),
            np.ascontiguousarray(lengths),
            (ny, nx),
            bytepix=entry.bitpix // 8,
            block=block,
            unsigned=unsigned,
        )
    except InvalidFileError as error:
        msg = f"{entry.title}: {error}"
        raise InvalidFileError(msg) from error


def _read_astropy(source: Source, entry: HduEntry) -> npt.NDArray[Any]:
    """Decompress any other image; astropy is given the bytes of this HDU alone."""
    from astropy.io import fits

    cards = (b"SIMPLE  =%21s", b"T"), (b"BITPIX  =%21s", b"8"), (b"NAXIS   =%21s", b"0"), (b"END%s", b"")
    primary = b"".join((card % value).ljust(CARD) for card, value in cards).ljust(BLOCK)
    header = source.read(entry.offset_header, entry.offset_data - entry.offset_header)
    data = read_data(source, entry, -entry.data_size % BLOCK).tobytes()
    try:
        # Its warnings are about the style of a header; what matters is checked here.
        with warnings.catch_warnings(action="ignore"), fits.open(io.BytesIO(primary + header + data)) as hdus:
            image = np.asarray(hdus[1].data)
    except Exception as error:
        # Whatever a damaged stream makes astropy stumble over, the cause is the file.
        msg = f"{entry.title}: {entry.compression} data cannot be decompressed ({type(error).__name__}: {error})"
        raise InvalidFileError(msg) from error
    if image.shape != entry.shape:
        msg = f"{entry.title}: the image is {image.shape}, declared are {entry.shape}"
        raise InvalidFileError(msg)
    return np.ascontiguousarray(image)


def _read_plain(source: Source, entry: HduEntry) -> npt.NDArray[Any]:
    """Read an image that is not compressed."""
    size = math.prod(entry.shape) * abs(entry.bitpix) // 8
    if entry.data_size < size:
        # GCOUNT and PCOUNT say how much there is, and are not bound to the axes.
        msg = f"{entry.title} declares {entry.data_size} bytes of data, its image needs {size}"
        raise InvalidFileError(msg)
    stored = read_data(source, entry)[:size].view(BITPIX[entry.bitpix]).reshape(entry.shape)
    factor, zero = _scale(entry, "BSCALE", "BZERO")
    if (factor, zero) == (1.0, 2.0**15) and entry.bitpix == 16:
        turned: npt.NDArray[Any] = stored.astype(np.int16).view(np.uint16) ^ np.uint16(0x8000)
        return turned
    if entry.bitpix == 16 and (factor, zero) != (1.0, 0.0) and stored.size > _LARGE:
        from qltui.instruments.scaled import scale_int16

        return scale_int16(stored, factor, zero)
    if entry.bitpix in (8, 16) and (factor, zero) != (1.0, 0.0):
        # In single precision from the start: a detector in double precision is large, and no better known.
        scaled: npt.NDArray[Any] = np.multiply(stored, np.float32(factor), dtype=np.float32)
        if zero != 0.0:
            scaled += np.float32(zero)
        return scaled
    values = stored.astype(stored.dtype.newbyteorder("="))
    if (factor, zero) != (1.0, 0.0):
        with np.errstate(over="ignore", invalid="ignore"):  # what leaves the range is not finite, and seen as that
            return (values * factor + zero).astype(np.float64 if entry.bitpix in (32, 64, -64) else np.float32)
    return values


def read_image(path: PathLike, entry: HduEntry) -> npt.NDArray[Any]:
    """Return the image of one HDU as the file means it, in native byte order.

    Only the bytes of this HDU are read.

    Parameters
    ----------
    path : path or Source
        The file.
    entry : HduEntry
        One of `scan_hdus`.

    Returns
    -------
    ndarray
        Of the type that the file stores: uint16 for BZERO = 32768, otherwise whole numbers or floating point.

    Raises
    ------
    IncompleteFileError
        Where the file has become shorter.
    InvalidFileError
        Where the HDU has no image, one larger than `MAX_PIXELS`, or its data are damaged.
    """
    if entry.kind not in ("IMAGE", "COMPRESSED") or not entry.shape or 0 in entry.shape:
        msg = f"{entry.title} has no image"
        raise InvalidFileError(msg)
    if math.prod(entry.shape) > MAX_PIXELS:
        msg = f"{entry.title}: an image of {' x '.join(map(str, entry.shape))} pixels is too large to be true"
        raise InvalidFileError(msg)
    source = open_source(path)
    if entry.kind == "IMAGE":
        return _read_plain(source, entry)
    if _is_plain_rice(entry):
        image = _read_rice(source, entry)
        if image is not None:
            return image
    return _read_astropy(source, entry)
