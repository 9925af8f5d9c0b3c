"""Files that a camera's recipe leaves: FITS, uncompressed, complete or not there at all, with what made them inside."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from qltui.instruments.desi.constants import PREVIEW_SIZE
from qltui.instruments.desi.fiber_table import fiber_columns
from qltui.instruments.desi.state import Kind, State
from qltui.model import Product
from qltui.reduction.binning import bin_bits, bin_image
from qltui.reduction.masks import NAMES as MASK_NAMES

if TYPE_CHECKING:
    from astropy.io import fits

__all__ = ["bin_spectra", "write_products"]

SPECTRA_ROWS: Final = 4
"""Rows of the detector in one bin of the spectra that are kept."""


def write_products(state: State) -> tuple[Product, ...]:
    """Write what this camera has to leave into the task's products directory.

    The per-fibre table and the preview of every exposure; the spectra of one with light; the fibre flat, the line
    widths or the bias levels of a calibration, which the night's science uses when they are judged fit.

    Raises
    ------
    OSError
        Where the directory cannot be written.
    """
    options = state.task.options
    directory = Path(state.task.products_directory)
    directory.mkdir(parents=True, exist_ok=True)
    stem = f"{state.camera.name}-{state.exposure.expid:08d}.fits"
    wanted = {"fibers": _tables(state)}
    if options.get("preview", True):
        wanted["preview"] = _preview(state)
    if options.get("spectra", True) and state.spectra is not None:
        wanted["spectra"] = _spectra(state)
    wanted.update(_night_product(state))
    cards = _history(state)
    return tuple(_write(directory / f"{kind}-{stem}", kind, hdus, cards) for kind, hdus in wanted.items() if hdus)


def _history(state: State) -> list[tuple[str, Any, str]]:
    """Return the cards that say where a product is from and what was done to it."""
    exposure = state.exposure
    cards: list[tuple[str, Any, str]] = [
        ("CREATOR", f"qltui {version('qltui')}", "program and version"),
        ("INSTRUME", exposure.instrument, ""),
        ("NIGHT", exposure.night, "YYYYMMDD, date of sunset"),
        ("EXPID", exposure.expid, "exposure"),
        ("REVISION", exposure.revision, "of the raw file"),
        ("CAMERA", state.camera.name, ""),
        ("OBSTYPE", exposure.obstype, ""),
        ("PROGRAM", exposure.program, ""),
        ("EXPTIME", exposure.exptime, "[s]"),
        ("PROCESS", state.task.process, "in the record"),
        ("ATTEMPT", state.task.attempt, ""),
    ]
    used = {**state.calibration.used, "raw": exposure.path}
    cards += [("HISTORY", f"{kind}: {path}", "") for kind, path in sorted(used.items())]
    cards += [("HISTORY", f"step: {step}", "") for step in state.steps]
    cards += [("HISTORY", f"note: {note}", "") for note in state.notes]
    return cards


def _write(path: Path, kind: str, hdus: Sequence[fits.ImageHDU], cards: Iterable[tuple[str, Any, str]]) -> Product:
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


def _image(name: str, data: npt.NDArray[Any], unit: str = "") -> fits.ImageHDU:
    from astropy.io import fits

    hdu = fits.ImageHDU(data, name=name)
    if unit:
        hdu.header["BUNIT"] = unit
    return hdu


def _table(name: str, columns: Mapping[str, tuple[Any, str]]) -> fits.BinTableHDU:
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


def _tables(state: State) -> list[fits.BinTableHDU]:
    """Return what is known of each amplifier and, where there are traces, of each fibre."""
    ccd, n = state.ccd, len(state.ccd.amplifiers)
    amplifiers: dict[str, tuple[Any, str]] = {
        "NAME": ([amplifier.name for amplifier in ccd.amplifiers], ""),
        "LEVEL": (np.array([overscan.level for overscan in state.overscans]), "adu"),
        "NOISE": (ccd.read_noise, "electron"),
        "EXPECTED": (np.array([amplifier.read_noise for amplifier in ccd.amplifiers]), "electron"),
        "GAIN": (np.array([amplifier.gain for amplifier in ccd.amplifiers]), "electron/adu"),
        "STEP": (np.array([overscan.step for overscan in state.overscans]), "adu"),
        "METHOD": ([overscan.method for overscan in state.overscans], ""),
        "LITFRAC": (ccd.lit_fraction, ""),
        "NSAT": (ccd.saturated, ""),
        "COSMICS": (state.cosmics.hits if state.cosmics is not None else np.full(n, -1), ""),
    }
    if state.widths is not None:
        amplifiers["XSIGMA"] = (state.widths.amplifier_x, "pixel")
        amplifiers["WSIGMA"] = (state.widths.amplifier_w, "pixel")
    hdus = [_table("AMPLIFIERS", amplifiers)]
    if state.spectra is not None:
        hdus.append(_table("FIBERS", fiber_columns(state, state.spectra.shape[0])))
    return hdus


def _preview(state: State) -> list[fits.ImageHDU]:
    """Return the image in fewer, larger pixels: reduced, raw where the recipe kept that, and what is flagged.

    A flag of a large pixel is that of any pixel in it: a hit by a cosmic ray is never averaged away.
    """
    image, factor = bin_image(state.ccd.image, PREVIEW_SIZE)
    flags, _ = bin_bits(state.ccd.mask, PREVIEW_SIZE)
    reduced = _image("PREVIEW", image, "electron")
    marks = _image("FLAGS", flags)
    for bit, words in MASK_NAMES.items():
        marks.header[f"FLAG{bit}"] = (words, f"meaning of the bit of value {bit}")
    hdus = [(reduced, factor, "ccd"), (marks, factor, "ccd")]
    if state.raw_preview is not None:
        hdus.append((_image("RAW", state.raw_preview[0], "adu"), state.raw_preview[1], "data"))
    for hdu, binning, section in hdus:
        hdu.header["BINNING"] = (binning, "pixels in one, along each axis")
        for number, amplifier in enumerate(state.ccd.amplifiers, 1):
            part = getattr(amplifier, section)
            hdu.header[f"AMPNAM{number}"] = (amplifier.name, "amplifier")
            corners = f"[{part.x0 + 1}:{part.x1},{part.y0 + 1}:{part.y1}]"
            hdu.header[f"AMPSEC{number}"] = (corners, "its pixels, before binning")
    return [hdu for hdu, _, _ in hdus]


def _spectra(state: State) -> list[fits.ImageHDU]:
    """Return the most finished spectra, sky subtracted, else flattened, else as extracted, in bins of some rows.

    At one row a bin a full exposure leaves 0.7 GB, more than its raw file; four are still finer than any screen.
    """
    best = state.sky.spectra if state.sky is not None else state.flattened or state.spectra
    assert best is not None
    rows = max(int(state.task.options.get("spectra_rows", SPECTRA_ROWS)), 1)
    flux, ivar, wavelength = bin_spectra(best.flux, best.ivar, best.wavelength, rows)
    hdus = [
        _image("FLUX", flux, "electron/Angstrom"),
        _image("IVAR", ivar, "Angstrom2/electron2"),
        _image("WAVELENGTH", wavelength.astype(np.float32), "Angstrom"),
    ]
    hdus[0].header["SKYSUB"] = (state.sky is not None, "sky is subtracted")
    hdus[0].header["FLATTEN"] = (state.flattened is not None, "divided by the fibre flat")
    hdus[0].header["BINNING"] = (rows, "rows of the detector in one bin")
    return hdus


def bin_spectra(
    flux: npt.NDArray[np.float32], ivar: npt.NDArray[np.float32], wavelength: npt.NDArray[np.float64], rows: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Return spectra in bins of `rows` rows: weighted by inverse variance, which adds up.

    Parameters
    ----------
    flux : ndarray of float32, shape (nfiber, ny)
        [e-/Angstrom].
    ivar : ndarray of float32, shape (nfiber, ny)
        [(e-/Angstrom)^-2]; 0 where nothing is known.
    wavelength : ndarray of float64, shape (nfiber, ny)
        [Angstrom].
    rows : int
        Rows that do not fill a bin are left out.

    Returns
    -------
    flux, ivar, wavelength : ndarray, shape (nfiber, ny // rows)
        Flux is 0 where the bin has no weight; wavelength is the mean of the rows.
    """
    if rows == 1:
        return flux, ivar, wavelength
    bins = flux.shape[1] // rows
    shape = (flux.shape[0], bins, rows)
    weight = ivar[:, : bins * rows].reshape(shape)
    total = weight.sum(axis=2)
    summed = np.einsum("fbr,fbr->fb", flux[:, : bins * rows].reshape(shape), weight)
    binned = np.divide(summed, total, out=np.zeros_like(summed), where=total > 0)
    return binned, total, wavelength[:, : bins * rows].reshape(shape).mean(axis=2)


def _night_product(state: State) -> dict[str, list[Any]]:
    """Return what later exposures of the night will use."""
    if state.kind == Kind.FLAT and state.flat is not None:
        flat = state.flat
        hdus = [
            _image("FIBERFLAT", flat.flat),
            _image("IVAR", flat.ivar),
            _image("WAVELENGTH", flat.wavelength.astype(np.float32)),
        ]
        return {"fiberflat": [*hdus, _image("MEANSPEC", flat.mean_spectrum, "electron/Angstrom")]}
    if state.kind == Kind.ARC and state.arc is not None:
        coefficients = _image("YSIG", state.arc.ysigma_coeff, "pixel")
        coefficients.header["WAVEMIN"] = (state.arc.wavemin, "[Angstrom]")
        coefficients.header["WAVEMAX"] = (state.arc.wavemax, "[Angstrom]")
        return {"linewidths": [coefficients, _image("GOOD", state.arc.good.astype(np.uint8))]}
    if state.exposure.obstype == "ZERO":
        columns = {
            "AMP": ([amplifier.name for amplifier in state.ccd.amplifiers], ""),
            "LEVEL": (np.array([overscan.level for overscan in state.overscans]), "adu"),
            "NOISE": (state.ccd.read_noise, "electron"),
        }
        return {"biaslevels": [_table("BIASLEVELS", columns)]}
    return {}
