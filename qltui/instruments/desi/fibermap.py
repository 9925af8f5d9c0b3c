"""What each fibre of a camera looks at: the rows of the fibermap that belong to its spectrograph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qltui.instruments.desi.layout import spectrograph_of
from qltui.instruments.errors import IncompleteFileError, InvalidFileError
from qltui.instruments.fits_cards import Scalar
from qltui.instruments.fits_file import find_hdu, read_header, read_table, scan_hdus
from qltui.model import Exposure

__all__ = ["FIBERS_PER_PETAL", "FiberMap", "read_fibermap"]

FIBERS_PER_PETAL: Final = 500
"""Spectrograph s has the fibres 500 s to 500 s + 499."""
UNASSIGNED: Final = 1
"""Bit of FIBERSTATUS."""

_MAX_ROWS: Final = 100_000
_NUMBERS: Final[Mapping[str, tuple[str, Any, float]]] = {
    # column: attribute, type, value where it is missing
    "FIBER": ("fiber", np.int32, -1),
    "TARGETID": ("targetid", np.int64, -1),
    "DESI_TARGET": ("desi_target", np.int64, 0),
    "BGS_TARGET": ("bgs_target", np.int64, 0),
    "MWS_TARGET": ("mws_target", np.int64, 0),
    "FA_TYPE": ("fa_type", np.int32, 0),
    "FIBERSTATUS": ("fiberstatus", np.int32, 0),
    "FLUX_G": ("flux_g", np.float64, np.nan),
    "FLUX_R": ("flux_r", np.float64, np.nan),
    "FLUX_Z": ("flux_z", np.float64, np.nan),
    "TARGET_RA": ("ra", np.float64, np.nan),
    "TARGET_DEC": ("dec", np.float64, np.nan),
    "FIBER_X": ("x", np.float64, np.nan),
    "FIBER_Y": ("y", np.float64, np.nan),
}
_INSTEAD: Final[Mapping[str, str]] = {
    "TARGET_RA": "FIBER_RA",
    "TARGET_DEC": "FIBER_DEC",
    "FIBER_X": "FIBERASSIGN_X",
    "FIBER_Y": "FIBERASSIGN_Y",
}


@dataclass(frozen=True, slots=True)
class FiberMap:
    """Targets of the fibres of one spectrograph, in the order of the fibres; all arrays have shape (nf,).

    Attributes
    ----------
    fiber : ndarray of int32
        Number of the fibre, 0 to 4999.
    objtype : ndarray of str
        ``"TGT"``, ``"SKY"``, ``"NON"``, ``"BAD"``; empty where the table does not tell.
    targetid, desi_target, bgs_target, mws_target : ndarray of int64
        Identity and bits of the target classes; 0 where the table has none.
    fa_type, fiberstatus : ndarray of int32
        Bits of the fibre assignment, and of what is wrong with the fibre.
    flux_g, flux_r, flux_z : ndarray of float64
        [nanomaggy]; NaN where unknown, 0 or less where the catalogue measured nothing.
    ra, dec : ndarray of float64
        [deg].
    x, y : ndarray of float64
        Place on the focal plane [mm]; NaN where the table has none.
    source : str
        Path of the file.
    missing : tuple of str
        Columns that the table does not have.
    notes : tuple of str
        What is odd, in words.
    """

    fiber: npt.NDArray[np.int32]
    objtype: npt.NDArray[np.str_]
    targetid: npt.NDArray[np.int64]
    desi_target: npt.NDArray[np.int64]
    bgs_target: npt.NDArray[np.int64]
    mws_target: npt.NDArray[np.int64]
    fa_type: npt.NDArray[np.int32]
    fiberstatus: npt.NDArray[np.int32]
    flux_g: npt.NDArray[np.float64]
    flux_r: npt.NDArray[np.float64]
    flux_z: npt.NDArray[np.float64]
    ra: npt.NDArray[np.float64]
    dec: npt.NDArray[np.float64]
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    source: str = ""
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.fiber)

    @property
    def is_sky(self) -> npt.NDArray[np.bool_]:
        """Fibres on blank sky, shape (nf,)."""
        return np.asarray(self.objtype == "SKY")

    def flux(self, band: str) -> npt.NDArray[np.float64]:
        """Return the fluxes in band ``"g"``, ``"r"`` or ``"z"`` [nanomaggy], shape (nf,)."""
        values: npt.NDArray[np.float64] = getattr(self, f"flux_{band.lower()}")
        return values

    def magnitude(self, band: str) -> npt.NDArray[np.float64]:
        """Return AB magnitudes in a band, shape (nf,); NaN without a positive flux."""
        flux = self.flux(band)
        good = np.isfinite(flux) & (flux > 0)
        return np.where(good, 22.5 - 2.5 * np.log10(np.where(good, flux, 1.0)), np.nan)

    def select(self, rows: npt.NDArray[Any]) -> FiberMap:
        """Return the map of some fibres, by index or boolean mask."""
        return replace(self, **{name: getattr(self, name)[rows] for name in _ARRAYS})

    def aligned(self, nfiber: int, spectrograph: int) -> FiberMap:
        """Return the map with one row for each of `nfiber` traces: row k is fibre ``500 s + k``.

        A fibre that the table does not have gets OBJTYPE ``"NON"`` and FIBERSTATUS unassigned. A table with other
        numbers of fibres, but as many rows as traces, is taken in its order.

        Raises
        ------
        InvalidFileError
            Where fibres and traces cannot be paired.
        """
        index = self.fiber - FIBERS_PER_PETAL * spectrograph
        if np.array_equal(index, np.arange(nfiber)):
            return self
        inside = (index >= 0) & (index < nfiber)
        if not inside.all():
            if len(self) == nfiber:
                return self
            msg = f"fibermap: {len(self)} fibres ({self.fiber.min()} to {self.fiber.max()}) for {nfiber} traces"
            raise InvalidFileError(msg)
        empty = _empty(nfiber)
        arrays = {name: getattr(empty, name) for name in _ARRAYS}
        for name, values in arrays.items():
            values[index] = getattr(self, name)
        arrays["fiber"] = np.arange(nfiber, dtype=np.int32) + FIBERS_PER_PETAL * spectrograph
        note = f"{nfiber - len(self)} of {nfiber} fibres are not in the fibermap"
        return replace(self, **arrays, notes=(*self.notes, note))


_ARRAYS: Final = tuple(item.name for item in fields(FiberMap) if item.name not in ("source", "missing", "notes"))


def _empty(nfiber: int) -> FiberMap:
    """Return a map of fibres of which nothing is known."""
    arrays: dict[str, Any] = {name: np.full(nfiber, value, dtype=kind) for name, kind, value in _NUMBERS.values()}
    arrays["fiberstatus"][:] = UNASSIGNED
    return FiberMap(objtype=np.full(nfiber, "NON", dtype="U8"), **arrays)


def _text(values: npt.NDArray[Any]) -> npt.NDArray[np.str_]:
    """Return short words of a table in upper case; bytes that are not ASCII letters or digits become blanks."""
    words = [bytes(value[:8]).decode("ascii", "replace").upper() for value in values.tolist()]
    return np.array(["".join(c if c.isalnum() and c.isascii() else " " for c in word).strip() for word in words], "U8")


def _number(table: dict[str, npt.NDArray[Any]], column: str, kind: Any, default: float) -> npt.NDArray[Any] | None:
    """Return a column as numbers of one type, or None where it is missing or holds something else."""
    values = table.get(column)
    if values is None or values.ndim != 1 or values.dtype.kind not in "iufb":
        return None
    if np.dtype(kind).kind == "i":
        limits = np.iinfo(kind)
        values = values if values.dtype.kind == "f" else values.astype(np.int64)
        # The largest integer is no float: rounded up to one, it would let in the number just beyond.
        end = -float(limits.min) if values.dtype.kind == "f" else limits.max + 1
        with np.errstate(invalid="ignore"):
            good = np.isfinite(values) & (values >= limits.min) & (values < end)
            return np.where(good, values, default).astype(kind)
    # Infinity means no more than NaN does here, and would spoil every sum.
    with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
        numbers = values.astype(kind)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _rows(table: dict[str, npt.NDArray[Any]], spectrograph: int) -> tuple[npt.NDArray[np.intp], str]:
    """Return the rows of a spectrograph in the order of their fibres, and a note on how they were found."""
    fiber = _number(table, "FIBER", np.int32, -1)
    petal = _number(table, "PETAL_LOC", np.int32, -1)
    if petal is not None:
        rows, note = np.flatnonzero(petal == spectrograph), ""
    elif fiber is not None:
        low = FIBERS_PER_PETAL * spectrograph
        rows, note = np.flatnonzero((fiber >= low) & (fiber < low + FIBERS_PER_PETAL)), "no PETAL_LOC: rows by FIBER"
    else:
        msg = "it has neither PETAL_LOC nor FIBER"
        raise InvalidFileError(msg)
    if fiber is None:
        return rows, "no FIBER: the order of the rows is taken for that of the fibres"
    rows = rows[np.argsort(fiber[rows], kind="stable")]
    if len(rows):
        ordered = fiber[rows]
        first = np.concatenate(([True], ordered[1:] != ordered[:-1]))
        if not first.all():
            note = f"{np.count_nonzero(~first)} rows repeat a fibre and are left out"
            rows = rows[first]
    return rows, note


def _build(table: dict[str, npt.NDArray[Any]], spectrograph: int, source: str) -> FiberMap:
    rows, note = _rows(table, spectrograph)
    if not len(rows):
        msg = f"it has no fibre of spectrograph {spectrograph}"
        raise InvalidFileError(msg)
    picked = {name: values[rows] for name, values in table.items()}
    arrays, missing = {}, []
    for column, (attribute, kind, default) in _NUMBERS.items():
        values = _number(picked, column, kind, default)
        if values is None and column in _INSTEAD:
            values = _number(picked, _INSTEAD[column], kind, default)
        if values is None:
            missing.append(column)
            values = np.full(len(rows), default, dtype=kind)
        arrays[attribute] = values
    if "FIBER" in missing:
        arrays["fiber"] = np.arange(len(rows), dtype=np.int32) + FIBERS_PER_PETAL * spectrograph
    objtype = picked.get("OBJTYPE")
    if objtype is None or objtype.dtype.kind != "S":
        missing.append("OBJTYPE")
        objtype = np.full(len(rows), b"")
    notes = tuple(text for text in (note,) if text)
    return FiberMap(objtype=_text(objtype), source=source, missing=tuple(missing), notes=notes, **arrays)


def _files(exposure: Exposure) -> list[Path]:
    """Return where a fibermap may be: named by the exposure, come since beside the file, or in the file itself."""
    raw = Path(exposure.path)
    named = exposure.auxiliary.get("fibermap")
    found = [Path(named)] if named else []
    beside = raw.parent / f"fibermap-{exposure.expid:08d}.fits"
    if beside.is_file():
        found.append(beside)
    return list(dict.fromkeys([*found, raw]))


def _check_number(card: Scalar | None, expid: int) -> None:
    """See that a fibermap that says of which exposure it is, is of this one."""
    if type(card) is int and card != expid:
        msg = f"it is the fibermap of exposure {card}, not of {expid}"
        raise InvalidFileError(msg)


def read_fibermap(exposure: Exposure, camera: str) -> tuple[FiberMap | None, str]:
    """Return the targets of a camera's fibres, or None and the reason why there are none.

    The table is the HDU FIBERMAP of ``fibermap-EXPID.fits`` beside the raw file, or of the raw file itself. Rows are
    those with PETAL_LOC of the spectrograph, or else those with its fibre numbers, in the order of FIBER. Missing
    columns become unknown values and are named in `FiberMap.missing`; no table raises.
    """
    spectrograph = spectrograph_of(camera)
    wanted = {*_NUMBERS, *_INSTEAD.values(), "PETAL_LOC", "OBJTYPE"}
    reasons = []
    for path in _files(exposure):
        try:
            entry = find_hdu(scan_hdus(path), "FIBERMAP")
            if entry is None:
                continue
            _check_number(read_header(path, entry).get("EXPID"), exposure.expid)
            table = read_table(path, entry, wanted, _MAX_ROWS)
            return _build(table, spectrograph, str(path)), ""
        except (IncompleteFileError, InvalidFileError) as error:
            reasons.append(f"{path.name}: {error}")
    return None, "; ".join(reasons) or "fibermap missing"
