"""What viewers of fibres need to know of an instrument, as data: which columns and images of which products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["FiberPlace", "FiberValue", "FiberView", "MarkedLine"]


@dataclass(frozen=True, slots=True)
class FiberPlace:
    """One way in which fibres lie: the columns of both coordinates, what they are, their unit and format.

    `x_reversed` lets x grow to the left, as right ascension does.
    """

    title: str
    x: str
    y: str
    x_title: str
    y_title: str
    unit: str
    x_reversed: bool = False
    format: str = ".4f"


@dataclass(frozen=True, slots=True)
class FiberValue:
    """A column with a value for each fibre."""

    column: str
    title: str
    unit: str = ""
    format: str = ".2f"


class MarkedLine(NamedTuple):
    """A known line: wavelength in vacuum [Angstrom], where it is from, and strength relative to the brightest."""

    wavelength: float
    species: str
    strength: float


@dataclass(frozen=True, slots=True)
class FiberView:
    """Where a viewer finds fibres and their spectra.

    Attributes
    ----------
    product, hdu : str
        Kind of the product of each camera with a row for each fibre, and its HDU.
    number, good, group : str
        Columns: number of the fibre, whether it brings light, names of its classes joined by ``+``.
    places : tuple of FiberPlace
        Ways in which they lie, the first one first.
    values : tuple of FiberValue
        What can be shown of each.
    spectra : str
        Kind of the product with the spectra, in the order of the rows of the table.
    flux, ivar, wavelength : str
        Its HDUs, each of shape (nfiber, nbin).
    lines : str
        ``"module:name"`` of a function from an obstype to the `MarkedLine` that its spectra may show; empty for none.
    """

    product: str
    hdu: str
    number: str
    good: str
    group: str
    places: tuple[FiberPlace, ...]
    values: tuple[FiberValue, ...]
    spectra: str = ""
    flux: str = "FLUX"
    ivar: str = "IVAR"
    wavelength: str = "WAVELENGTH"
    lines: str = ""
