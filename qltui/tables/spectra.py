"""Spectra of a few fibres over all arms, read from the products of their cameras, and as a table.

Runs in the reader's thread: numpy is loaded when it is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qltui.instruments.table_file import ProductError, read_plane
from qltui.tables.table import Column, Row, Table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from qltui.instruments.fiber_view import FiberView
    from qltui.model import Camera
    from qltui.tables.fibers import Fibers

    FloatArray = npt.NDArray[np.float64]

__all__ = ["Spectrum", "read_spectra", "spectrum_table"]

MOST_FIBERS: Final = 8
_UNITS: Final = {"electron/Angstrom": "e-/Angstrom"}


@dataclass(frozen=True, slots=True)
class Spectrum:
    """What one camera saw of one fibre.

    Attributes
    ----------
    fiber : int
        Number of the fibre.
    camera, arm : str
        Who saw it.
    wavelength : ndarray of float64, shape (n,)
        [Angstrom].
    flux : ndarray of float64, shape (n,)
        In `unit`; NaN where nothing is known.
    error : ndarray of float64, shape (n,)
        Standard deviation of the flux; NaN where nothing is known.
    unit : str
        Of the flux.
    words : str
        What was done to it: ``"sky subtracted"``.
    """

    fiber: int
    camera: str
    arm: str
    wavelength: FloatArray
    flux: FloatArray
    error: FloatArray
    unit: str = ""
    words: str = ""

    @property
    def masked(self) -> FloatArray:
        """Wavelengths at which nothing is known [Angstrom]."""
        import numpy as np

        return self.wavelength[np.isnan(self.flux)]


def read_spectra(
    numbers: Sequence[int],
    fibers: Fibers,
    paths: Mapping[str, str],
    cameras: Sequence[Camera],
    view: FiberView,
) -> tuple[tuple[Spectrum, ...], tuple[str, ...]]:
    """Return the spectra of some fibres, arm by arm, and why others cannot be read.

    Parameters
    ----------
    numbers : sequence of int
        Of the fibres; at most `MOST_FIBERS` are read.
    fibers : Fibers
        Which row of which camera each is.
    paths : mapping of str to str
        Products with spectra by camera.
    cameras : sequence of Camera
        Of the instrument.
    view : FiberView
        Names of the HDUs.
    """
    wanted: dict[str, list[tuple[int, int]]] = {}
    problems: list[str] = []
    for number in numbers[:MOST_FIBERS]:
        index = fibers.index(number)
        if index is None:
            problems.append(f"no fibre {number}")
            continue
        for camera in cameras:
            row = int(fibers.row[index, fibers.arms.index(camera.arm)])
            if camera.unit == str(fibers.unit[index]) and row >= 0:
                wanted.setdefault(camera.name, []).append((number, row))
    found: list[Spectrum] = []
    for camera in cameras:
        if camera.name not in wanted:
            continue
        if camera.name not in paths:
            problems.append(f"{camera.name} left no spectra")
            continue
        try:
            found += _read(paths[camera.name], camera, wanted[camera.name], view)
        except ProductError as error:
            problems.append(f"{camera.name}: {error}")
    order = {number: place for place, number in enumerate(numbers)}
    return tuple(sorted(found, key=lambda spectrum: order[spectrum.fiber])), tuple(problems)


def _read(path: str, camera: Camera, wanted: Sequence[tuple[int, int]], view: FiberView) -> list[Spectrum]:
    import numpy as np

    flux, ivar, wavelength = (read_plane(path, hdu) for hdu in (view.flux, view.ivar, view.wavelength))
    shape = flux.values.shape
    if len(shape) != 2 or ivar.values.shape != shape or wavelength.values.shape != shape:
        msg = "its spectra, errors and wavelengths do not belong together"
        raise ProductError(msg)
    done = [
        words
        for card, words in (("FLATTEN", "flattened"), ("SKYSUB", "sky subtracted"))
        if flux.header.get(card) is True
    ]
    spectra = []
    for number, row in wanted:
        if row >= shape[0]:
            msg = f"it has {shape[0]} spectra, fibre {number} would be number {row + 1}"
            raise ProductError(msg)
        weight = ivar.values[row].astype(float)
        known = np.isfinite(weight) & (weight > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.where(known, 1.0 / np.sqrt(weight), np.nan)
        spectra.append(
            Spectrum(
                number,
                camera.name,
                camera.arm,
                wavelength.values[row].astype(float),
                np.where(known, flux.values[row].astype(float), np.nan),
                error,
                _UNITS.get(flux.unit, flux.unit),
                ", ".join(done) or "as extracted",
            )
        )
    return spectra


def spectrum_table(spectra: Sequence[Spectrum]) -> Table:
    """Return spectra as a table, a row for each bin; what is masked has no flux."""
    unit = spectra[0].unit if spectra else ""
    columns = (
        Column("fiber", "fibre", align=">", doc="number of the fibre"),
        Column("camera", "camera", doc="who saw it"),
        Column("wavelength", "wavelength", "Angstrom", ".3f", ">", doc="in vacuum, of the middle of the bin"),
        Column("flux", "flux", unit, ".3f", ">", doc="; ".join(dict.fromkeys(item.words for item in spectra))),
        Column("error", "error", unit, ".3f", ">", doc="standard deviation of the flux"),
    )
    rows = tuple(
        Row((item.fiber, item.camera, place), (item.fiber, item.camera, *values))
        for item in spectra
        for place, values in enumerate(
            zip(item.wavelength.tolist(), item.flux.tolist(), item.error.tolist(), strict=True)
        )
    )
    names = ", ".join(str(number) for number in dict.fromkeys(item.fiber for item in spectra))
    return Table("spectra", f"Spectra of fibre {names}", columns, rows)
