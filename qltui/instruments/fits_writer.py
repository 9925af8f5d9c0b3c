"""FITS files of images and tables, written with what they need and no more.

A camera leaves some small files; astropy takes longer to think about their headers than the recipe takes for the QA of
a CCD. What is written here is plain: primary header, images of one type each, binary tables of one value in a cell.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Card", "NewHdu", "new_image", "new_table", "write_fits"]

Card: TypeAlias = tuple[str, Any, str]
"""Keyword, value and comment; the value of HISTORY is a line of text."""

_BLOCK: Final = 2880
_CARD: Final = 80
_LONGEST: Final = 67
"""Of a piece of text in a card [characters], the quotes and the mark of continuation left out."""
_HISTORY: Final = 72
_BITPIX: Final[Mapping[str, int]] = {"u1": 8, "i2": 16, "i4": 32, "i8": 64, "f4": -32, "f8": -64}
_TFORM: Final[Mapping[str, str]] = {"b1": "L", "u1": "B", "i2": "I", "i4": "J", "i8": "K", "f4": "E", "f8": "D"}


@dataclass(frozen=True, slots=True)
class NewHdu:
    """One HDU on its way into a file.

    Attributes
    ----------
    structure : tuple of Card
        What says how its data are to be read, in the order that the standard asks for.
    header : dict
        What it has to say besides: a value, or value and comment, by keyword.
    data : ndarray
        In the order of bytes of this machine; of a table one record for each row, as it is stored.
    """

    structure: tuple[Card, ...]
    data: npt.NDArray[Any]
    header: dict[str, Any] = field(default_factory=dict)

    def cards(self) -> Iterator[Card]:
        """Yield the cards in order."""
        yield from self.structure
        for keyword, value in self.header.items():
            value, comment = value if isinstance(value, tuple) else (value, "")
            yield keyword, value, comment


def new_image(name: str, data: npt.NDArray[Any]) -> NewHdu:
    """Return an image with a name.

    Raises
    ------
    ValueError
        Where its type is none that a plain FITS image has.
    """
    bitpix = _BITPIX.get(data.dtype.str[1:])
    if bitpix is None:
        msg = f"an image of {data.dtype} cannot be written as it is"
        raise ValueError(msg)
    axes = [(f"NAXIS{n}", size, "") for n, size in enumerate(reversed(data.shape), 1)]
    cards = (("XTENSION", "IMAGE", "image extension"), ("BITPIX", bitpix, ""), ("NAXIS", data.ndim, ""), *axes)
    return NewHdu((*cards, ("PCOUNT", 0, ""), ("GCOUNT", 1, ""), ("EXTNAME", name, "")), data)


def new_table(name: str, columns: Mapping[str, tuple[Any, str]]) -> NewHdu:
    """Return a binary table of columns ``{name: (values, unit)}`` of the same length.

    Raises
    ------
    ValueError
        Where the type of a column is none that is stored here, or its values are not one for each row.
    """
    described: list[Card] = []
    fields: list[tuple[str, str]] = []
    stored: list[npt.NDArray[Any]] = []
    for n, (key, (values, unit)) in enumerate(columns.items(), 1):
        array, form = _column(np.asarray(values))
        if array.ndim != 1 or (stored and array.size != stored[0].size):
            msg = f"column {key} of {name} is {array.shape}: not one value in each row"
            raise ValueError(msg)
        described += [(f"TTYPE{n}", key, ""), (f"TFORM{n}", form, "")]
        described += [(f"TUNIT{n}", unit, "")] if unit else []
        fields.append((f"f{n}", array.dtype.str))
        stored.append(array)
    rows = stored[0].size if stored else 0
    data = np.empty(rows, dtype=fields)
    for (place, _), array in zip(fields, stored, strict=True):
        data[place] = array
    cards = (
        ("XTENSION", "BINTABLE", "binary table"), ("BITPIX", 8, ""), ("NAXIS", 2, ""),
        ("NAXIS1", data.dtype.itemsize, "bytes of a row"), ("NAXIS2", rows, "rows"), ("PCOUNT", 0, ""),
        ("GCOUNT", 1, ""), ("TFIELDS", len(stored), "columns"), *described, ("EXTNAME", name, ""),
    )  # fmt: skip
    return NewHdu(cards, data)


def _column(array: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], str]:
    """Return the values of a column as they are stored, and what FITS calls that."""
    if array.dtype.kind in "US":
        text = np.char.encode(array, "ascii", "replace") if array.dtype.kind == "U" else array
        text = text.astype(f"S{max(text.dtype.itemsize, 1)}")
        return text, f"{text.dtype.itemsize}A"
    form = _TFORM.get(array.dtype.str[1:])
    if form is None:
        msg = f"a column of {array.dtype} cannot be written as it is"
        raise ValueError(msg)
    if form == "L":
        return np.where(array, np.uint8(ord("T")), np.uint8(ord("F"))), form
    return array.astype(array.dtype.newbyteorder(">")), form


def write_fits(path: Path, cards: Iterable[Card], hdus: Iterable[NewHdu]) -> tuple[int, str]:
    """Write a file: a primary header with these cards, and the HDUs behind it.

    Returns
    -------
    tuple of int and str
        Size [byte] and SHA-256 of what was written.
    """
    primary = (("SIMPLE", True, "FITS standard"), ("BITPIX", 8, ""), ("NAXIS", 0, ""), ("EXTEND", True, ""))
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as stream:

        def put(raw: bytes | memoryview) -> None:
            nonlocal size
            stream.write(raw)
            digest.update(raw)
            size += len(raw)

        put(_header((*primary, *cards)))
        for hdu in hdus:
            put(_header(hdu.cards()))
            data = hdu.data
            if data.dtype.names is None:
                data = data.astype(data.dtype.newbyteorder(">"), copy=False)
            raw = data.tobytes()
            put(raw)
            put(bytes(-len(raw) % _BLOCK))
    return size, digest.hexdigest()


def _header(cards: Iterable[Card]) -> bytes:
    lines = [line for card in cards for line in _lines(*card)]
    text = "".join(line.ljust(_CARD) for line in (*lines, "END"))
    return text.ljust(-(-len(text) // _BLOCK) * _BLOCK).encode("ascii", "replace")


def _lines(keyword: str, value: Any, comment: str) -> Iterator[str]:
    """Yield a card; text that is longer goes on in cards CONTINUE, or HISTORY."""
    if keyword == "HISTORY":
        text = str(value)
        for first in range(0, max(len(text), 1), _HISTORY):
            yield f"HISTORY {text[first : first + _HISTORY]}"
        return
    label = f"{keyword:<8}= "
    if not isinstance(value, str):
        yield _with_comment(f"{label}{_number(value):>20}", comment)
        return
    pieces = _pieces(value.rstrip(" ").replace("'", "''"))
    for n, piece in enumerate(pieces):
        more = "&" if n < len(pieces) - 1 else ""
        quoted = f"'{piece + more:<8}'"
        line = f"{label}{quoted:<20}" if n == 0 else f"CONTINUE  {quoted}"
        yield line if more else _with_comment(line, comment)


def _pieces(text: str) -> list[str]:
    """Cut text into pieces that fit a card; between the two halves of a doubled quote it is not cut."""
    pieces: list[str] = []
    while len(text) > _LONGEST + 1 - bool(pieces):
        cut = _LONGEST
        while text[:cut].count("'") % 2:
            cut -= 1
        pieces.append(text[:cut])
        text = text[cut:]
    return [*pieces, text]


def _with_comment(line: str, comment: str) -> str:
    return f"{line} / {comment}"[:_CARD] if comment and len(line) < _CARD - len(" / x") else line


def _number(value: Any) -> str:
    """Return a value as a card has it; nothing for what is not known, or no finite number."""
    if isinstance(value, bool | np.bool_):
        return "T" if value else "F"
    if isinstance(value, int | np.integer):
        return str(int(value))
    if value is None or not math.isfinite(value):
        return ""
    text = repr(float(value)).upper()
    if "E" in text:
        mantissa, exponent = text.split("E")
        return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}E{int(exponent):+03d}"
    return text
