"""Files that a recipe leaves: FITS, complete or not there at all, with what made them inside."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from qltui.instruments.fits_writer import Card, NewHdu, new_image, new_table, write_fits
from qltui.model import Amplifier, CameraTask, Product
from qltui.reduction.binning import bin_bits, bin_image
from qltui.reduction.masks import NAMES as MASK_NAMES

if TYPE_CHECKING:
    from qltui.reduction.detector import CcdImage

__all__ = [
    "PREVIEW_SIZE", "Card", "bin_raw", "history_cards", "image_hdu", "preview_hdus", "table_hdu", "wants_preview",
    "write_product",
]  # fmt: skip

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


def write_product(path: Path, kind: str, hdus: Sequence[NewHdu], cards: Iterable[Card]) -> Product:
    """Write a file under a temporary name, then give it its own: nobody ever reads half of one."""
    clean = [(key, _printable(value) if isinstance(value, str) else value, comment) for key, value, comment in cards]
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        size, checksum = write_fits(temporary, clean, hdus)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return Product(kind, str(path), size, checksum)


def _printable(text: str) -> str:
    """Return text that a FITS card may hold: paths and notes can have anything in them."""
    ascii_only = text.encode("ascii", "backslashreplace").decode()
    return "".join(character if character.isprintable() else "?" for character in ascii_only)


def image_hdu(name: str, data: npt.NDArray[Any], unit: str = "") -> NewHdu:
    """Return an image with its name and unit."""
    hdu = new_image(name, data)
    if unit:
        hdu.header["BUNIT"] = unit
    return hdu


def table_hdu(name: str, columns: Mapping[str, tuple[Any, str]]) -> NewHdu:
    """Return a table of columns ``{name: (values, unit)}``."""
    return new_table(name, columns)


def preview_hdus(ccd: CcdImage, raw_preview: tuple[npt.NDArray[np.float32], int] | None) -> list[NewHdu]:
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


def _mark(hdu: NewHdu, binning: int, section: str, amplifiers: Sequence[Amplifier]) -> None:
    """Say in the header how wide the pixels are and where the amplifiers lie."""
    hdu.header["BINNING"] = (binning, "pixels in one, along each axis")
    for number, amplifier in enumerate(amplifiers, 1):
        part = getattr(amplifier, section)
        hdu.header[f"AMPNAM{number}"] = (amplifier.name, "amplifier")
        corners = f"[{part.x0 + 1}:{part.x1},{part.y0 + 1}:{part.y1}]"
        hdu.header[f"AMPSEC{number}"] = (corners, "its pixels, before binning")
