"""What a viewer reads of the preview of a detector: values, flags, and where the amplifiers lie.

A preview has an HDU for each kind of picture, with BINNING, AMPNAMn and AMPSECn, and FLAGS with the meaning of each
bit; whichever instrument wrote it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from qltui.instruments.table_file import ProductError, read_plane
from qltui.model import Section

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from qltui.instruments.fits_cards import Scalar

__all__ = ["PICTURES", "Preview", "read_preview"]

PICTURES: Final[Mapping[str, str]] = {"PREVIEW": "reduced", "RAW": "raw"}
"""HDUs that can be looked at, and what they are."""

FLAGS: Final = "FLAGS"
MAX_SIDE: Final = 4096
_MOST_AMPLIFIERS: Final = 64
_SECTION: Final = re.compile(r"\[(\d{1,7}):(\d{1,7}),(\d{1,7}):(\d{1,7})\]")
_UNITS: Final = {"electron": "e-", "adu": "ADU"}


@dataclass(frozen=True, slots=True)
class Preview:
    """A detector in large pixels.

    Attributes
    ----------
    values : ndarray of float32, shape (ny, nx)
        First row at the bottom.
    unit : str
        Of the values.
    binning : int
        Pixels of the detector in one, along each axis.
    flags : ndarray of uint8, shape (ny, nx), or None
        Bits; None where there are none of the same shape.
    meanings : mapping of int to str
        What each bit means.
    amplifiers : mapping of str to Section
        Where each lies, in pixels of the detector.
    """

    values: npt.NDArray[np.float32]
    unit: str
    binning: int = 1
    flags: npt.NDArray[np.uint8] | None = None
    meanings: Mapping[int, str] = field(default_factory=dict)
    amplifiers: Mapping[str, Section] = field(default_factory=dict)

    def amplifier_at(self, y: float, x: float) -> str:
        """Return the amplifier that has a pixel of the detector; empty where none has."""
        for name, part in self.amplifiers.items():
            if part.y0 <= y < part.y1 and part.x0 <= x < part.x1:
                return name
        return ""


def read_preview(path: str | os.PathLike[str], picture: str = "PREVIEW") -> Preview:
    """Return one picture of a preview.

    Parameters
    ----------
    path : path
        A product of the kind ``preview``.
    picture : str
        One of `PICTURES`.

    Raises
    ------
    ProductError
        Where there is no such picture, with the reason.
    """
    import numpy as np

    plane = read_plane(path, picture, MAX_SIDE**2)
    if plane.values.ndim != 2:
        msg = f"{picture} has {plane.values.ndim} axes, not 2"
        raise ProductError(msg)
    binning = plane.header.get("BINNING")
    try:
        marks = read_plane(path, FLAGS, MAX_SIDE**2)
    except ProductError:
        # An older preview has none: its picture can be looked at all the same.
        marks = None
    # Raw pixels include the overscan, so that flags of the trimmed detector do not lie on them.
    fits = marks is not None and marks.values.shape == plane.values.shape and picture != "RAW"
    return Preview(
        plane.values.astype(np.float32, copy=False),
        _UNITS.get(plane.unit, plane.unit),
        binning if type(binning) is int and 1 <= binning <= MAX_SIDE else 1,
        marks.values.astype(np.uint8, copy=False) if marks is not None and fits else None,
        _meanings(marks.header) if marks is not None else {},
        _amplifiers(plane.header),
    )


def _meanings(header: Mapping[str, Scalar]) -> dict[int, str]:
    return {1 << bit: str(header[f"FLAG{1 << bit}"]) for bit in range(8) if f"FLAG{1 << bit}" in header}


def _amplifiers(header: Mapping[str, Scalar]) -> dict[str, Section]:
    """Return where the amplifiers lie, by name; what is no section is left out."""
    found: dict[str, Section] = {}
    for number in range(1, _MOST_AMPLIFIERS + 1):
        name, section = header.get(f"AMPNAM{number}"), _SECTION.fullmatch(str(header.get(f"AMPSEC{number}", "")))
        if name is None:
            break
        if section is not None:
            x0, x1, y0, y1 = (int(edge) for edge in section.groups())
            found[str(name)] = Section(y0 - 1, y1, x0 - 1, x1)
    return found
