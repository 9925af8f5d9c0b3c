"""Files that a camera's recipe leaves: FITS, uncompressed, complete or not there at all, with what made them inside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from qltui.instruments.desi.fiber_table import fiber_columns
from qltui.instruments.desi.state import Kind, State
from qltui.instruments.product_writer import history_cards, image_hdu, preview_hdus, table_hdu, write_product
from qltui.model import Product

if TYPE_CHECKING:
    from qltui.instruments.fits_writer import NewHdu

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
    wanted: dict[str, list[Any]] = {"fibers": _tables(state)}
    if options.get("preview", True):
        wanted["preview"] = preview_hdus(state.ccd, state.raw_preview)
    if options.get("reduced", False):
        wanted["reduced"] = [image_hdu("REDUCED", state.ccd.image, "electron"), image_hdu("MASK", state.ccd.mask)]
    if options.get("spectra", True) and state.spectra is not None:
        wanted["spectra"] = _spectra(state)
    wanted.update(_night_product(state))
    cards = history_cards(state.task, state.calibration.used, state.steps, state.notes)
    return tuple(
        write_product(directory / f"{kind}-{stem}", kind, hdus, cards) for kind, hdus in wanted.items() if hdus
    )


def _tables(state: State) -> list[NewHdu]:
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
    hdus = [table_hdu("AMPLIFIERS", amplifiers)]
    if state.spectra is not None:
        hdus.append(table_hdu("FIBERS", fiber_columns(state, state.spectra.shape[0])))
    return hdus


def _spectra(state: State) -> list[NewHdu]:
    """Return the most finished spectra, sky subtracted, else flattened, else as extracted, in bins of some rows.

    At one row a bin a full exposure leaves 0.7 GB, more than its raw file; four are still finer than any screen.
    """
    best = state.sky.spectra if state.sky is not None else state.flattened or state.spectra
    assert best is not None
    rows = max(int(state.task.options.get("spectra_rows", SPECTRA_ROWS)), 1)
    flux, ivar, wavelength = bin_spectra(best.flux, best.ivar, best.wavelength, rows)
    hdus = [
        image_hdu("FLUX", flux, "electron/Angstrom"),
        image_hdu("IVAR", ivar, "Angstrom2/electron2"),
        image_hdu("WAVELENGTH", wavelength.astype(np.float32), "Angstrom"),
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
            image_hdu("FIBERFLAT", flat.flat),
            image_hdu("IVAR", flat.ivar),
            image_hdu("WAVELENGTH", flat.wavelength.astype(np.float32)),
        ]
        return {"fiberflat": [*hdus, image_hdu("MEANSPEC", flat.mean_spectrum, "electron/Angstrom")]}
    if state.kind == Kind.ARC and state.arc is not None:
        coefficients = image_hdu("YSIG", state.arc.ysigma_coeff, "pixel")
        coefficients.header["WAVEMIN"] = (state.arc.wavemin, "[Angstrom]")
        coefficients.header["WAVEMAX"] = (state.arc.wavemax, "[Angstrom]")
        return {"linewidths": [coefficients, image_hdu("GOOD", state.arc.good.astype(np.uint8))]}
    if state.exposure.obstype == "ZERO":
        columns = {
            "AMP": ([amplifier.name for amplifier in state.ccd.amplifiers], ""),
            "LEVEL": (np.array([overscan.level for overscan in state.overscans]), "adu"),
            "NOISE": (state.ccd.read_noise, "electron"),
        }
        return {"biaslevels": [table_hdu("BIASLEVELS", columns)]}
    return {}
