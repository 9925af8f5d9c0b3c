"""The raw image of one camera, with its amplifiers: what every instrument's files come down to."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qltui.instruments.errors import InvalidFileError
from qltui.instruments.fits_cards import Scalar
from qltui.instruments.fits_file import HduEntry, read_header, read_image
from qltui.instruments.sections import AmplifierCards, AmplifierDefaults, read_amplifiers, trimmed_shape
from qltui.model import Amplifier

__all__ = ["RawCamera", "image_header", "read_raw"]


@dataclass(frozen=True, slots=True)
class RawCamera:
    """One camera as the file has it.

    Attributes
    ----------
    raw : ndarray of uint16, int32 or float32, shape (ny_raw, nx_raw)
        [ADU].
    amplifiers : tuple of Amplifier
        In the order of their names, with gain, saturation and read noise and where they come from.
    shape : tuple of int
        Of the CCD without prescan and overscan, ``(ny, nx)``.
    header : mapping
        Of the camera's HDU, and of the first HDU where INHERIT says so.
    notes : tuple of str
        What is odd, in words.
    """

    raw: npt.NDArray[Any]
    amplifiers: tuple[Amplifier, ...]
    shape: tuple[int, int]
    header: dict[str, Scalar]
    notes: tuple[str, ...] = ()


def _raw_type(image: npt.NDArray[Any], where: str) -> npt.NDArray[Any]:
    """Return a raw image as uint16, int32 or float32, unchanged in its values."""
    if image.dtype in (np.uint16, np.int32, np.float32):
        return image
    if image.dtype.kind == "f" and not np.array_equal(image, np.rint(image), equal_nan=True):
        return image.astype(np.float32)
    low, high = float(image.min()), float(image.max())
    if not (math.isfinite(low) and math.isfinite(high) and low >= -(2.0**31) and high < 2.0**31):
        msg = f"{where}: values from {low:g} to {high:g} ADU are beyond any converter"
        raise InvalidFileError(msg)
    return image.astype(np.int32)


def image_header(
    path: str | os.PathLike[str], entry: HduEntry, entries: tuple[HduEntry, ...], inherit: bool = False
) -> dict[str, Scalar]:
    """Return the header of an image's HDU, completed from the first HDU where INHERIT, or `inherit`, says so.

    NAXIS1, NAXIS2 and BITPIX are those of the image, whether it is compressed or not.
    """
    header = read_header(path, entry)
    if inherit or header.get("INHERIT") is True:
        header = {**read_header(path, entries[0]), **header}
    header["NAXIS"], header["NAXIS2"], header["NAXIS1"] = 2, *entry.shape
    header["BITPIX"] = entry.bitpix
    return header


def read_raw(
    path: str | os.PathLike[str],
    entry: HduEntry,
    header: Mapping[str, Scalar],
    camera: str,
    cards: AmplifierCards,
    known: AmplifierDefaults | None = None,
) -> RawCamera:
    """Read the raw image in an HDU; the bytes of the others are not touched.

    Parameters
    ----------
    path, entry
        The file and the HDU.
    header : mapping
        What `image_header` gives.
    camera : str
        For messages.
    cards : AmplifierCards
        How the instrument's headers call amplifiers.
    known : AmplifierDefaults, optional
        Gains, saturation and read noise for what the header does not have.

    Raises
    ------
    IncompleteFileError, InvalidFileError
        Where the data are damaged or the sections make no sense.
    """
    try:
        amplifiers, notes = read_amplifiers(header, (entry.shape[0], entry.shape[1]), cards, known)
        shape = trimmed_shape(amplifiers)
    except InvalidFileError as error:
        msg = f"{camera}: {error}"
        raise InvalidFileError(msg) from error
    raw = _raw_type(read_image(path, entry), camera)
    return RawCamera(raw, amplifiers, shape, dict(header), notes)
