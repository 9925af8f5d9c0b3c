"""A grey picture as PNG (ISO/IEC 15948): eight bits a pixel, with words about it in text chunks."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from qltui.export.errors import ItemError
from qltui.instruments.table_file import ProductError, read_plane

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["grey_png", "shades", "write_picture"]

_LOW, _HIGH = 1.0, 99.7
"""Percentiles of the values that become black and white."""
_BENDING = 5.0
"""How much asinh lifts what is faint."""


def shades(values: npt.NDArray[np.floating]) -> tuple[npt.NDArray[np.uint8], float, float]:
    """Return 8-bit shades of an image, and the values that are black and white; what is not finite is black.

    Parameters
    ----------
    values : ndarray, shape (ny, nx)
        First row at the bottom.

    Returns
    -------
    shades : ndarray of uint8, shape (ny, nx)
        First row on top; ``255 asinh(5 t) / asinh(5)`` with t from 0 at black to 1 at white.
    """
    import numpy as np

    known = values[np.isfinite(values)]
    if known.size == 0:
        return np.zeros(values.shape, dtype=np.uint8), 0.0, 0.0
    low, high = (float(edge) for edge in np.percentile(known, (_LOW, _HIGH)))
    scale = (high - low) or 1.0
    share = np.clip((np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) / scale, 0.0, 1.0)
    bent = np.arcsinh(_BENDING * share) / np.arcsinh(_BENDING)
    return np.rint(255.0 * bent).astype(np.uint8)[::-1], low, high


def grey_png(picture: npt.NDArray[np.uint8], words: Mapping[str, str]) -> bytes:
    """Return a picture as the bytes of a PNG file.

    Parameters
    ----------
    picture : ndarray of uint8, shape (ny, nx)
        First row on top.
    words : mapping of str to str
        Keywords of text chunks, ``"Title"``, and what they say; in Latin letters.
    """
    height, width = picture.shape
    rows = b"".join(b"\0" + row.tobytes() for row in picture)
    texts = [
        _chunk(b"tEXt", key.encode("latin-1")[:79] + b"\0" + text.encode("latin-1", "replace"))
        for key, text in words.items()
    ]
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
            *texts,
            _chunk(b"IDAT", zlib.compress(rows, 6)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_picture(source: str, image: str, words: Mapping[str, str], target: Path) -> None:
    """Write one image of a product as PNG.

    Raises
    ------
    ItemError
        Where the product cannot be read.
    """
    try:
        plane = read_plane(source, image)
    except (ProductError, OSError) as error:
        msg = f"{source}: {error}"
        raise ItemError(msg) from error
    if plane.values.ndim != 2:
        msg = f"{source}: {image} has {plane.values.ndim} axes, not 2"
        raise ItemError(msg)
    picture, low, high = shades(plane.values)
    unit = f" {plane.unit}" if plane.unit else ""
    target.write_bytes(grey_png(picture, {**words, "Comment": f"black {low:.6g}{unit}, white {high:.6g}{unit}, asinh"}))
