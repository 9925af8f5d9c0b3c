"""The per-fibre table of a camera: everything that its pictures draw, a row for each fibre."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from qltui.instruments.desi.constants import PHOTOMETRIC_BAND
from qltui.instruments.desi.fibermap import FIBERS_PER_PETAL
from qltui.instruments.desi.state import State
from qltui.instruments.desi.target_fits import class_names, fitted_snr

__all__ = ["fiber_columns"]

Columns = dict[str, tuple[Any, str]]
"""Values and unit by name; None for values that were not measured."""


def fiber_columns(state: State, nfiber: int) -> Columns:
    """Return the columns of the table by name, with their units; what was not measured is left out."""
    columns = {**_targets(state, nfiber), **_light(state), **_spectra(state), **_calibration(state)}
    return {name: (values, unit) for name, (values, unit) in columns.items() if values is not None}


def _targets(state: State, nfiber: int) -> Columns:
    """Return what each fibre looks at, and where it is."""
    targets = state.fibermap
    if targets is None:
        first = FIBERS_PER_PETAL * int(state.camera.unit)
        return {"FIBER": (first + np.arange(nfiber, dtype=np.int32), "")}
    return {
        "FIBER": (targets.fiber, ""),
        "OBJTYPE": (targets.objtype, ""),
        "CLASS": (class_names(state, nfiber), ""),
        "TARGETID": (targets.targetid, ""),
        "DESI_TARGET": (targets.desi_target, ""),
        "RA": (targets.ra, "deg"),
        "DEC": (targets.dec, "deg"),
        "FIBER_X": (_known(targets.x), "mm"),
        "FIBER_Y": (_known(targets.y), "mm"),
        **{f"MAG_{band.upper()}": (targets.magnitude(band), "mag") for band in ("g", "r", "z")},
    }


def _known(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
    """Return a column with at least one value, else None: an empty one only takes room."""
    return values if np.isfinite(values).any() else None


def _light(state: State) -> Columns:
    """Return what the detector and the extraction tell of each fibre."""
    spectra = state.spectra
    return {
        "GOOD": (state.levels.good if state.levels is not None else None, ""),
        "LEVEL": (state.levels.level if state.levels is not None else None, ""),
        "DX": (state.dx.fibers if state.dx is not None else None, "pixel"),
        "DY": (state.dy.fibers if state.dy is not None else None, "pixel"),
        "XSIGMA": (state.widths.x if state.widths is not None else None, "pixel"),
        "WSIGMA": (state.widths.w if state.widths is not None else None, "pixel"),
        "FLUX": (spectra.flux.mean(axis=1) if spectra is not None else None, "electron/Angstrom"),
    }


def _spectra(state: State) -> Columns:
    """Return what CHECK SPECTRA tells of each fibre."""
    magnitude = _catalogue(state)
    delta = None if magnitude is None or state.magnitudes is None else state.magnitudes - magnitude
    sky = state.sky_magnitude
    return {
        "SKYCONT": (state.continuum.per_fiber if state.continuum is not None else None, "electron/Angstrom"),
        "PEAKCOUNT": (state.peaks.per_fiber if state.peaks is not None else None, "electron/(Angstrom s)"),
        "SKYMAG": (sky.per_fiber if sky is not None else None, "mag/arcsec2"),
        "SNR": (state.snr, ""),
        "SNR_FIT": (fitted_snr(state), ""),
        "MAG": (state.magnitudes, "mag"),
        "MAG_CAT": (magnitude, "mag"),
        "DELTAMAG": (delta, "mag"),
    }


def _catalogue(state: State) -> npt.NDArray[np.float64] | None:
    """Return the catalogue's magnitudes in the band of the arm, shape (nf,); None where they are not needed."""
    if state.fibermap is None or state.magnitudes is None:
        return None
    return state.fibermap.magnitude(PHOTOMETRIC_BAND[state.camera.arm])


def _calibration(state: State) -> Columns:
    """Return what an arc or a flat tells of each fibre."""
    columns: Columns = {}
    if state.arc is not None and state.lamps is not None:
        columns["ARCGOOD"] = (state.arc.good & state.lamps.shines, "")
        with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
            # A fibre without any line has no median, and numpy finds that worth a warning.
            columns["ARCSIGMA"] = (np.nanmedian(state.arc.sigma, axis=1) if state.arc.sigma.size else None, "pixel")
    if state.flat is not None and state.spectra is not None and state.kind == "flat":
        known = state.flat.ivar > 0
        count = known.sum(axis=1)
        sums = np.where(known, state.flat.flat, np.float32(0)).sum(axis=1, dtype=np.float64)
        columns["FLATMEAN"] = (np.where(count > 0, sums / np.maximum(count, 1), 0.0), "")
    return columns
