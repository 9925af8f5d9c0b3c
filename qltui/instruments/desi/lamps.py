"""Which lamps of an arc shine: their lines in each fibre, compared with each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from qltui.reduction.lines import LineList
from qltui.reduction.spectra import Spectra

__all__ = ["LampLight", "lamp_light"]

LAMPS: Final = ("HgI", "CdI", "NeI", "ArI")
"""Lamps that an arc of the observatory has lit."""
STRONG: Final = 0.1
"""Relative strength from which a line is expected to be seen."""
LEAST_LINES: Final = 2
"""Strong lines that a lamp must have in an arm to be judged there."""
LEAST_LIGHT: Final = 0.1
"""Of the brightest lamp's light, each by the strengths of its lines: those of lamps differ by a factor of a few."""

_HALF: Final = 3
_GAP: Final = 2
"""Rows on either side of a line that belong to it, and that are left out before the background."""


@dataclass(frozen=True, slots=True)
class LampLight:
    """The light of each lamp that this arm must show.

    Attributes
    ----------
    species : tuple of str
        Lamps with strong lines in this arm.
    level : ndarray of float64, shape (nlamp,)
        Median over fibres, over that of the brightest lamp.
    shines : ndarray of bool, shape (nf,)
        Fibres in which every one of these lamps shows.
    """

    species: tuple[str, ...]
    level: npt.NDArray[np.float64]
    shines: npt.NDArray[np.bool_]

    @property
    def missing(self) -> tuple[str, ...]:
        """Lamps that do not shine."""
        return tuple(name for name, level in zip(self.species, self.level, strict=True) if not level >= LEAST_LIGHT)


def lamp_light(spectra: Spectra, lines: LineList) -> LampLight:
    """Measure the lamps in the spectra of an arc.

    The electrons of seven rows around a line, less the background beside it, over its strength; the median of a
    lamp's lines is the light of the lamp in a fibre.

    Parameters
    ----------
    spectra : Spectra
        As extracted, wavelengths in place.
    lines : LineList
        Lines that stand alone.
    """
    nf = spectra.shape[0]
    strong = lines.stronger_than(STRONG)
    by_lamp = {name: strong.of(name) for name in LAMPS}
    by_lamp = {name: own for name, own in by_lamp.items() if len(own) >= LEAST_LINES}
    if not by_lamp:
        return LampLight((), np.empty(0), np.ones(nf, dtype=bool))
    light = np.array([_light(spectra, own) for own in by_lamp.values()])
    light = np.nan_to_num(light, nan=0.0)
    typical = np.median(light, axis=1)
    brightest = float(typical.max())
    if not brightest > 0:
        return LampLight(tuple(by_lamp), np.zeros(typical.size), np.zeros(nf, dtype=bool))
    return LampLight(tuple(by_lamp), typical / brightest, np.asarray((light >= LEAST_LIGHT * brightest).all(axis=0)))


def _light(spectra: Spectra, lines: LineList) -> npt.NDArray[np.float64]:
    """Return the median over lines of their electrons over their strengths, shape (nf,); NaN where none is known."""
    nf, ny = spectra.shape
    reach = _HALF + _GAP + 2
    light = np.full((nf, len(lines)), np.nan)
    beside = np.abs(np.arange(-reach, reach + 1)) > _HALF + _GAP
    inside = np.abs(np.arange(-reach, reach + 1)) <= _HALF
    for f in range(nf):
        if not np.isfinite(spectra.wavelength[f, [0, -1]]).all():
            continue
        rows = np.searchsorted(spectra.wavelength[f], lines.wavelength)
        for k, row in enumerate(rows):
            window = slice(int(row) - reach, int(row) + reach + 1)
            if window.start < 0 or window.stop > ny or not (spectra.ivar[f, window] > 0).all():
                continue
            electrons = spectra.flux[f, window] * spectra.dispersion[f, window]
            background = float(np.median(electrons[beside]))
            light[f, k] = (float(electrons[inside].sum()) - background * inside.sum()) / lines.strength[k]
    known = np.isfinite(light).any(axis=1)
    result = np.full(nf, np.nan)
    result[known] = np.nanmedian(light[known], axis=1)
    return result
