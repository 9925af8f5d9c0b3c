"""Files that a recipe leaves: FITS, complete or not there at all, with what made them inside."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from qltui.model import Amplifier, CameraTask, Product
from qltui.reduction.binning import bin_bits, bin_image
from qltui.reduction.masks import NAMES as MASK_NAMES

if TYPE_CHECKING:
    from astropy.io import fits

    from qltui.reduction.detector import CcdImage

__all__ = [
    "PREVIEW_SIZE", "Card", "bin_raw", "history_cards", "image_hdu", "preview_hdus", "table_hdu", "wants_preview",
    "write_product",
]  # fmt: skip

Card: TypeAlias = tuple[str, Any, str]

PREVIEW_SIZE: Final = 512
"""Rows and columns of the preview of a detector, at most: more than any terminal has."""


def wants_preview(task: CameraTask) -> bool:
    """Return whether a small picture of the camera will be written."""
    return bool(task.products_directory) and bool(task.options.get("preview", True))


def bin_raw(task: CameraTask, raw: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float32], int] | None:
    """Return the raw image in few large pixels and how wide they are, or None where no preview is wanted."""
    return bin_image(raw, PREVIEW_SIZE) if wants_preview(task) else None


def history_cards(
    task: CameraTask, calibrations: Mapping[str, str], steps: Iterable[str], notes: Iterable[str]
) -> list[Card]:
    """Return the cards that say where a product is from and what was done to it.

    Parameters
    ----------
    task : CameraTask
        What was asked for.
    calibrations : mapping
        Files that were used, by kind.
    steps, notes : iterable of str
        What was done, in order, and what is to be known besides.
    """
    exposure = task.exposure
    cards: list[Card] = [
        ("CREATOR", f"qltui {version('qltui')}", "program and version"),
        ("INSTRUME", exposure.instrument, ""),
        ("NIGHT", exposure.night, "YYYYMMDD, date of sunset"),
        ("EXPID", exposure.expid, "exposure"),
        ("REVISION", exposure.revision, "of the raw file"),
        ("CAMERA", task.camera, ""),
        ("OBSTYPE", exposure.obstype, ""),
        ("PROGRAM", exposure.program, ""),
        ("EXPTIME", exposure.exptime, "[s]"),
        ("PROCESS", task.process, "in the record"),
        ("ATTEMPT", task.attempt, ""),
    ]
    used = {**calibrations, "raw": exposure.path}
    cards += [("HISTORY", f"{kind}: {path}", "") for kind, path in sorted(used.items())]
    cards += [("HISTORY", f"step: {step}", "") for step in steps]
    cards += [("HISTORY", f"note: {note}", "") for note in notes]
    return cards


def write_product(path: Path, kind: str, hdus: Sequence[Any], cards: Iterable[Card]) -> Product:
    """Write a file under a temporary name, then give it its own: nobody ever reads half of one."""
    from astropy.io import fits

    primary = fits.PrimaryHDU()
    for keyword, value, comment in cards:
        clean = _printable(value) if isinstance(value, str) else value
        if keyword == "HISTORY":
            primary.header.add_history(clean)
        else:
            primary.header[keyword] = (clean, comment)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        fits.HDUList([primary, *hdus]).writeto(temporary, overwrite=True)
        with temporary.open("rb") as stream:
            checksum = hashlib.file_digest(stream, "sha256").hexdigest()
        size = temporary.stat().st_size
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return Product(kind, str(path), size, checksum)


def _printable(text: str) -> str:
    """Return text that a FITS card may hold: paths and notes can have anything in them."""
    ascii_only = text.encode("ascii", "backslashreplace").decode()
    return "".join(character if character.isprintable() else "?" for character in ascii_only)


def image_hdu(name: str, data: npt.NDArray[Any], unit: str = "") -> fits.ImageHDU:
    """Return an image with its name and unit."""
    from astropy.io import fits

    hdu = fits.ImageHDU(data, name=name)
    if unit:
        hdu.header["BUNIT"] = unit
    return hdu


def table_hdu(name: str, columns: Mapping[str, tuple[Any, str]]) -> fits.BinTableHDU:
    """Return a table of columns ``{name: (values, unit)}``."""
    from astropy.io import fits

    made = []
    for key, (values, unit) in columns.items():
        array = np.asarray(values)
        made.append(fits.Column(key, _format(array), unit or None, array=array))
    return fits.BinTableHDU.from_columns(made, name=name)


def _format(array: npt.NDArray[Any]) -> str:
    """Return the FITS format of a column with the values of `array`."""
    if array.dtype.kind in "US":
        return f"{max(array.dtype.itemsize // (4 if array.dtype.kind == 'U' else 1), 1)}A"
    return {"b1": "L", "i4": "J", "i8": "K", "u1": "B", "f4": "E", "f8": "D"}[array.dtype.str[1:]]


def preview_hdus(ccd: CcdImage, raw_preview: tuple[npt.NDArray[np.float32], int] | None) -> list[fits.ImageHDU]:
    """Return the image in fewer, larger pixels: reduced, raw where the recipe kept that, and what is flagged.

    A flag of a large pixel is that of any pixel in it: a hit by a cosmic ray is never averaged away.
    """
    image, factor = bin_image(ccd.image, PREVIEW_SIZE)
    flags, _ = bin_bits(ccd.mask, PREVIEW_SIZE)
    marks = image_hdu("FLAGS", flags)
    for bit, words in MASK_NAMES.items():
        marks.header[f"FLAG{bit}"] = (words, f"meaning of the bit of value {bit}")
    hdus = [(image_hdu("PREVIEW", image, "electron"), factor, "ccd"), (marks, factor, "ccd")]
    if raw_preview is not None:
        hdus.append((image_hdu("RAW", raw_preview[0], "adu"), raw_preview[1], "data"))
    for hdu, binning, section in hdus:
        _mark(hdu, binning, section, ccd.amplifiers)
    return [hdu for hdu, _, _ in hdus]


def _mark(hdu: fits.ImageHDU, binning: int, section: str, amplifiers: Sequence[Amplifier]) -> None:
    """Say in the header how wide the pixels are and where the amplifiers lie."""
    hdu.header["BINNING"] = (binning, "pixels in one, along each axis")
    for number, amplifier in enumerate(amplifiers, 1):
        part = getattr(amplifier, section)
        hdu.header[f"AMPNAM{number}"] = (amplifier.name, "amplifier")
        corners = f"[{part.x0 + 1}:{part.x1},{part.y0 + 1}:{part.y1}]"
        hdu.header[f"AMPSEC{number}"] = (corners, "its pixels, before binning")
