"""What a viewer reads of the files that our own recipes leave: tables and plain images, by name, without astropy.

Products lie where anybody may have put something else, so every size is checked before it is believed, and whatever is
wrong with a file is one error with words for the observer. Nothing here decompresses: products are not compressed.
"""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qltui.instruments.errors import IncompleteFileError, InvalidFileError

if TYPE_CHECKING:
    import numpy.typing as npt

    from qltui.instruments.fits_cards import Scalar

__all__ = ["HduSummary", "ProductError", "ProductImage", "ProductTable", "list_hdus", "read_columns", "read_plane"]

MAX_ROWS: Final = 200_000
"""A table of a product has a row for each fibre or star, and never so many."""
MAX_PLANE: Final = 2**26
"""Pixels of the largest image that is read whole: spectra of 500 fibres in 4096 bins are 2e6."""
MAX_TABLE: Final = 2**28
"""Bytes of the largest table that is read."""


class ProductError(Exception):
    """A product that cannot be shown; the message says why, and what to do where something can be done."""


@dataclass(frozen=True, slots=True)
class HduSummary:
    """One header-data unit of a file.

    Attributes
    ----------
    index : int
        Position in the file, 0 for the primary one.
    name : str
        EXTNAME in upper case; empty where there is none.
    kind : str
        ``"IMAGE"``, ``"COMPRESSED"``, ``"TABLE"`` or ``"OTHER"``.
    shape : tuple of int
        Of the image, slowest axis first, or (rows, bytes of a row) of a table.
    """

    index: int
    name: str
    kind: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ProductTable:
    """Columns of a table.

    Attributes
    ----------
    columns : mapping of str to ndarray, shape (nrow,) or (nrow, repeat)
        By name in upper case; numbers in native byte order, text as ``str``.
    units : mapping of str to str
        Of the columns that have one, as the file writes it.
    header : mapping
        Cards of the table's own header.
    """

    columns: Mapping[str, npt.NDArray[Any]]
    units: Mapping[str, str]
    header: Mapping[str, Scalar]

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    @property
    def rows(self) -> int:
        """How many there are; 0 of a table without columns."""
        return len(next(iter(self.columns.values()))) if self.columns else 0


@dataclass(frozen=True, slots=True)
class ProductImage:
    """An image.

    Attributes
    ----------
    values : ndarray, shape (ny, nx) or with more axes
        In native byte order, scaled.
    unit : str
        BUNIT; empty where there is none.
    header : mapping
        Cards of its header.
    """

    values: npt.NDArray[Any]
    unit: str
    header: Mapping[str, Scalar]


def _regular(path: str | os.PathLike[str]) -> str:
    """Return the path of an ordinary file: opening a pipe or a device would never come back."""
    try:
        name = os.fspath(path)
        mode = Path(name).stat().st_mode
    except FileNotFoundError as error:
        msg = "it is no longer there (removed, or never written)"
        raise ProductError(msg) from error
    except (OSError, ValueError) as error:
        msg = f"it cannot be read: {getattr(error, 'strerror', None) or error}"
        raise ProductError(msg) from error
    if not stat.S_ISREG(mode):
        msg = "it is not an ordinary file"
        raise ProductError(msg)
    return name


def _find(name: str, hdu: str | int) -> Any:
    from qltui.instruments.fits_scan import scan_hdus

    try:
        entries = scan_hdus(name)
    except (IncompleteFileError, InvalidFileError) as error:
        raise ProductError(str(error)) from error
    for entry in entries:
        if entry.index == hdu if isinstance(hdu, int) else entry.name == hdu.upper():
            return entry
    known = ", ".join(entry.name for entry in entries if entry.name) or "none with a name"
    msg = f"it has no HDU {hdu} (there are: {known})"
    raise ProductError(msg)


def list_hdus(path: str | os.PathLike[str]) -> tuple[HduSummary, ...]:
    """Return what a file holds; only headers are read.

    Raises
    ------
    ProductError
        Where the file is missing, is no ordinary file, or is no complete FITS file.
    """
    from qltui.instruments.fits_scan import scan_hdus

    name = _regular(path)
    try:
        entries = scan_hdus(name)
    except (IncompleteFileError, InvalidFileError) as error:
        raise ProductError(str(error)) from error
    return tuple(HduSummary(entry.index, entry.name, entry.kind, entry.shape) for entry in entries)


def read_columns(
    path: str | os.PathLike[str], hdu: str | int, names: Collection[str] | None = None, max_rows: int = MAX_ROWS
) -> ProductTable:
    """Return columns of a table of a product.

    Parameters
    ----------
    path : path
        An ordinary FITS file.
    hdu : str or int
        EXTNAME, or position in the file.
    names : collection of str, optional
        Columns in upper case; those that the table does not have are left out. Default: all.
    max_rows : int
        More rows than this are refused.

    Raises
    ------
    ProductError
        Where there is no such file or table, or what it declares cannot be true.
    """
    from qltui.instruments.fits_file import read_header, read_table

    name = _regular(path)
    entry = _find(name, hdu)
    if entry.data_size > MAX_TABLE:
        msg = f"{entry.title} takes {entry.data_size >> 20} MB, too much to be true"
        raise ProductError(msg)
    try:
        columns = read_table(name, entry, names, max_rows)
        header = read_header(name, entry)
    except (IncompleteFileError, InvalidFileError) as error:
        raise ProductError(str(error)) from error
    return ProductTable({key: _text(values) for key, values in columns.items()}, _units(header), header)


def _text(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a column of bytes as text of printable ASCII, anything else as it is."""
    import numpy as np

    if values.dtype.kind != "S":
        return values
    words = [bytes(value).decode("ascii", "replace").strip() for value in values.ravel().tolist()]
    clean = ["".join(char if " " <= char <= "~" else "?" for char in word) for word in words]
    return np.array(clean, dtype=str).reshape(values.shape)


def _units(header: Mapping[str, Scalar]) -> dict[str, str]:
    """Return TUNITn by the name of the column."""
    found: dict[str, str] = {}
    for n in range(1, 1000):
        name = header.get(f"TTYPE{n}")
        if name is None:
            break
        unit = header.get(f"TUNIT{n}")
        if isinstance(unit, str) and unit:
            found.setdefault(str(name).strip().upper(), unit)
    return found


def read_plane(path: str | os.PathLike[str], hdu: str | int, max_pixels: int = MAX_PLANE) -> ProductImage:
    """Return a plain image of a product.

    Parameters
    ----------
    path : path
        An ordinary FITS file.
    hdu : str or int
        EXTNAME, or position in the file.
    max_pixels : int
        A larger image is refused.

    Raises
    ------
    ProductError
        Where there is no such file or image, it is compressed (no product of ours is), or it is too large.
    """
    from qltui.instruments.fits_file import read_header, read_image

    name = _regular(path)
    entry = _find(name, hdu)
    if entry.kind != "IMAGE":
        msg = f"{entry.title} is not a plain image"
        raise ProductError(msg)
    if math.prod(entry.shape) > max_pixels:
        msg = f"{entry.title} has {' x '.join(map(str, entry.shape))} pixels, too many to be shown"
        raise ProductError(msg)
    try:
        values = read_image(name, entry)
        header = read_header(name, entry)
    except (IncompleteFileError, InvalidFileError) as error:
        raise ProductError(str(error)) from error
    return ProductImage(values, str(header.get("BUNIT", "")), header)
