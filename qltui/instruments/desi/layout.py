"""The cameras of DESI, in the order of the grid: arms b, r, z as rows, spectrographs 0 to 9 as columns."""

from __future__ import annotations

import re
from typing import Final

from qltui.instruments.desi.constants import ARMS, SPECTROGRAPHS
from qltui.instruments.sections import AmplifierCards
from qltui.model import Camera

__all__ = ["AMPLIFIER_CARDS", "CAMERAS", "CAMERA_NAME", "spectrograph_of"]

CAMERAS: Final = tuple(Camera(f"{arm}{unit}", arm, str(unit)) for arm in ARMS for unit in SPECTROGRAPHS)

CAMERA_NAME: Final = re.compile(r"[brz][0-9]")
"""Name of a camera, in lower case."""

AMPLIFIER_CARDS: Final = AmplifierCards(names=("ABCD", "1234"), numbers=(2, 4))
"""Old files number the amplifiers instead of naming them."""


def spectrograph_of(camera: str) -> int:
    """Return the logical number of the spectrograph, 0 to 9.

    Raises
    ------
    ValueError
        Where `camera` is not the name of a camera.
    """
    if not CAMERA_NAME.fullmatch(camera):
        msg = f"no camera {camera!r}; DESI has b0 to z9"
        raise ValueError(msg)
    return int(camera[1])
