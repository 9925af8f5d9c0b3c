"""The table of the fibres: what each one looks at, in the columns that the observatory's files have."""

from __future__ import annotations

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from qltui.instruments.desi.constants import SPECTROGRAPHS
from qltui.simulate.camera import camera_targets
from qltui.simulate.request import SimulationRequest
from qltui.simulate.targets import Targets, desi_target

__all__ = ["fibermap_hdu", "has_fibermap"]

_REAL_FIBERS = 500
"""Fibres of a real spectrograph: they count from 500 times its number at any size."""


def has_fibermap(request: SimulationRequest) -> bool:
    """Whether an exposure of this type has a table of fibres."""
    return request.obstype not in ("ZERO", "DARK")


def fibermap_hdu(request: SimulationRequest) -> fits.BinTableHDU:
    """Return the table FIBERMAP of an exposure: all petals, one after the other.

    Parameters
    ----------
    request : SimulationRequest
        Complete.
    """
    columns = _empty(request.geometry.fibers)
    rng = np.random.default_rng([request.seed, request.expid, 10])
    columns["TARGET_RA"] = 150.0 + rng.uniform(-1.6, 1.6, columns["FIBER"].size)
    columns["TARGET_DEC"] = 31.0 + rng.uniform(-1.6, 1.6, columns["FIBER"].size)
    columns["DELTA_X"], columns["DELTA_Y"] = rng.normal(0.0, 0.004, (2, columns["FIBER"].size))
    for petal in SPECTROGRAPHS:
        targets = camera_targets(request, f"b{petal}")
        if targets is not None:
            _fill(columns, columns["PETAL_LOC"] == petal, targets)
    columns["EXPTIME"][:] = request.exptime
    hdu = fits.BinTableHDU.from_columns(
        [fits.Column(name, _form(values), array=values, unit=_UNITS.get(name)) for name, values in columns.items()],
        name="FIBERMAP",
    )
    cards = [
        ("EXPID", request.expid), ("NIGHT", request.night), ("TILEID", request.tile), ("PROGRAM", request.program),
        ("FAPRGRM", request.program.lower()), ("SURVEY", "main"), ("TILERA", 150.0), ("TILEDEC", 31.0),
        ("EXPTIME", request.exptime), ("OBSTYPE", request.obstype),
    ]  # fmt: skip
    hdu.header.extend(cards)
    return hdu


_UNITS = {
    "TARGET_RA": "deg", "TARGET_DEC": "deg", "FLUX_G": "nanomaggy", "FLUX_R": "nanomaggy", "FLUX_Z": "nanomaggy",
    "FLUX_W1": "nanomaggy", "FLUX_W2": "nanomaggy", "EBV": "mag", "FIBER_X": "mm", "FIBER_Y": "mm", "DELTA_X": "mm",
    "DELTA_Y": "mm", "EXPTIME": "s",
}  # fmt: skip


def _form(values: NDArray[np.generic]) -> str:
    """Return the FITS format of a column."""
    if values.dtype.kind == "U":
        return f"{values.dtype.itemsize // 4}A"
    return {"i2": "I", "i4": "J", "i8": "K", "u1": "B", "f4": "E", "f8": "D"}[values.dtype.str[1:]]


def _empty(fibers: int) -> dict[str, NDArray[np.generic]]:
    """Return the columns with the numbers of fibres and positioners, and no targets."""
    petal = np.repeat(np.arange(len(SPECTROGRAPHS)), fibers)
    within = np.tile(np.arange(fibers), len(SPECTROGRAPHS))
    count = petal.size
    angle = np.deg2rad(36.0 * (petal + (within + 0.5) / fibers) - 90.0)
    radius = 60.0 + 340.0 * np.sqrt((within * 7 % fibers + 0.5) / fibers)
    flux = {f"FLUX_{band}": np.zeros(count, dtype=np.float32) for band in ("G", "R", "Z", "W1", "W2")}
    return {
        "FIBER": (_REAL_FIBERS * petal + within).astype(np.int32),
        "PETAL_LOC": petal.astype(np.int16),
        "DEVICE_LOC": (within + 17).astype(np.int32),
        "LOCATION": (1000 * petal + within + 17).astype(np.int64),
        "FIBERSTATUS": np.zeros(count, dtype=np.int32),
        "OBJTYPE": np.full(count, "NON", dtype="U3"),
        "TARGETID": (39_627_700_000_000_000 + _REAL_FIBERS * petal + within).astype(np.int64),
        "TARGET_RA": np.zeros(count),
        "TARGET_DEC": np.zeros(count),
        "DESI_TARGET": np.zeros(count, dtype=np.int64),
        "BGS_TARGET": np.zeros(count, dtype=np.int64),
        "MWS_TARGET": np.zeros(count, dtype=np.int64),
        "FA_TYPE": np.zeros(count, dtype=np.uint8),
        **flux,
        "EBV": np.full(count, 0.02, dtype=np.float32),
        "FIBER_X": radius * np.cos(angle),
        "FIBER_Y": radius * np.sin(angle),
        "DELTA_X": np.zeros(count),
        "DELTA_Y": np.zeros(count),
        "EXPTIME": np.zeros(count),
    }


def _fill(columns: dict[str, NDArray[np.generic]], rows: NDArray[np.bool_], targets: Targets) -> None:
    """Write the targets of one spectrograph into its rows."""
    sky, star = targets.is_sky, targets.classes == "STAR"
    columns["OBJTYPE"][rows] = np.where(sky, "SKY", "TGT")
    columns["DESI_TARGET"][rows] = desi_target(targets.classes)
    columns["BGS_TARGET"][rows] = np.where(targets.classes == "BGS", 2, 0)
    columns["MWS_TARGET"][rows] = np.where(targets.classes == "MWS", 256, 0)
    columns["FA_TYPE"][rows] = np.where(sky, 4, np.where(star, 2, 1))
    for index, band in enumerate(("G", "R", "Z")):
        columns[f"FLUX_{band}"][rows] = targets.flux[:, index]
    columns["FLUX_W1"][rows] = columns["FLUX_W2"][rows] = 0.8 * targets.flux[:, 2]
