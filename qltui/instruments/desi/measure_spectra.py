"""Metrics of CHECK SPECTRA: the sky, and what came of the targets."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from qltui.instruments.desi.constants import FIDUCIAL_MAGNITUDE
from qltui.instruments.desi.recipe_spectra import zero_point
from qltui.instruments.desi.state import State
from qltui.instruments.desi.targets import catalogue_flux, target_classes
from qltui.model import Measurement
from qltui.reduction.photometry import class_delta_magnitudes

__all__ = ["delta_magnitude", "fiducial_snr", "sky_continuum", "sky_magnitude", "sky_peaks"]

NOMINAL_SKY: Final = 190.0
"""Sky continuum of a whole exposure by which a program chooses its length [e-/Angstrom] (desispec quicklook)."""
WINDOW: Final = 7.0
"""Pixels of the extraction window in a row."""


def sky_peaks(state: State) -> Measurement:
    """PEAKCOUNT [(e-/Angstrom) rows/s]: light of two sky lines, continuum included, median over the sky fibres.

    The window of four rows is centred on the line and not on a bin (`qltui.reduction.continuum.sky_peaks`).
    """
    if state.peaks is None:
        return _without_spectra("PEAKCOUNT", state)
    return Measurement("PEAKCOUNT", (state.peaks.value,), reason=_sky_reason(state, state.peaks.reason))


def sky_continuum(state: State) -> Measurement:
    """SKYCONT [e-/Angstrom]: mean over sky fibres, without outliers, of the median flux in two windows of the arm."""
    if state.continuum is None:
        return _without_spectra("SKYCONT", state)
    return Measurement("SKYCONT", (state.continuum.value,), reason=_sky_reason(state, state.continuum.reason))


def sky_magnitude(state: State) -> Measurement:
    """SKYRBAND [mag/arcsec2]: AB surface brightness of the sky before it is subtracted, with a stated zero point.

    The reference measures it after sky subtraction, divides by the exposure time twice, and cannot alarm.
    """
    if state.sky_magnitude is None:
        return _without_spectra("SKYRBAND", state)
    result = state.sky_magnitude
    return Measurement("SKYRBAND", (result.value,), reason=_sky_reason(state, result.reason))


def fiducial_snr(state: State) -> Measurement:
    """FIDSNR_TGT: signal to noise of a bin at magnitude 22, fitted to the targets of each class by least squares.

    Targets without flux are left out, and the errors are those of the class itself. (The reference searches a coarse
    grid, weighs by a flux variance, and takes a target without flux for one of magnitude 0.)
    """
    if state.sky is None or catalogue_flux(state) is None:
        return _without_targets("FIDSNR_TGT", state)
    fits = state.snr_fits
    if not fits:
        return _without_classes("FIDSNR_TGT")
    reasons = [f"{name}: {fit.reason}" for name, fit in fits.items() if fit.reason]
    values = tuple(fit.fiducial_snr for fit in fits.values())
    references = {"expected": (expected_snr(state),) * len(fits)}
    return Measurement("FIDSNR_TGT", values, tuple(fits), "; ".join(reasons), references)


def expected_snr(state: State) -> float:
    """Return the signal to noise of a bin at the fiducial magnitude that an exposure of this length should give.

    ``S / sqrt(S + sky + read noise)`` with the light ``S = t 10^(-0.4 (22 - zero point))`` of the target and a sky of
    `NOMINAL_SKY`, both in a bin of the median dispersion, and the read noise of the pixels of the window. NaN without
    an exposure time.
    """
    if state.spectra is None or not state.exptime:
        return math.nan
    width = float(np.median(state.spectra.dispersion[::16, ::16]))
    noise = state.ccd.read_noise[np.isfinite(state.ccd.read_noise)]
    if not (width > 0 and noise.size):
        return math.nan
    light: float = state.exptime * 10.0 ** (-0.4 * (FIDUCIAL_MAGNITUDE - zero_point(state))) * width
    read = WINDOW * float(np.median(noise)) ** 2
    return light / math.sqrt(light + NOMINAL_SKY * width + read)


def delta_magnitude(state: State) -> Measurement:
    """DELTAMAG_TGT [mag]: median over the targets of each class of spectral minus catalogue magnitude.

    The zero point is a stated one, or that of the observatory's flux calibration; the reference's was arbitrary.
    """
    flux = catalogue_flux(state)
    if state.magnitudes is None or flux is None:
        return _without_targets("DELTAMAG_TGT", state)
    classes = target_classes(state)
    if not classes:
        return _without_classes("DELTAMAG_TGT")
    deltas = class_delta_magnitudes(state.magnitudes, flux, classes)
    reasons = [f"{name}: {delta.reason}" for name, delta in deltas.items() if delta.reason]
    values = tuple(delta.value for delta in deltas.values())
    return Measurement("DELTAMAG_TGT", values, tuple(deltas), "; ".join(reasons))


def _sky_reason(state: State, reason: str) -> str:
    """Return why there is no value, and that the sky was not taken from sky fibres where it was not."""
    guessed = "from the faintest fibres" if state.sky is not None and state.sky.from_faintest else ""
    return "; ".join(part for part in (reason, guessed) if part)


def _without_spectra(metric: str, state: State) -> Measurement:
    """Return a measurement that has no meaning without spectra, or that no light made impossible."""
    if state.spectra is not None:
        return Measurement(metric, (math.nan,), reason="no fibre brings light")
    reason = state.traces_reason or "no spectra were extracted"
    return Measurement(metric, (math.nan,), reason=reason, not_applicable=True)


def _without_targets(metric: str, state: State) -> Measurement:
    if state.spectra is None or state.fibermap is not None:
        return _without_spectra(metric, state)
    return Measurement(metric, (math.nan,), reason=state.fibermap_reason, not_applicable=True)


def _without_classes(metric: str) -> Measurement:
    reason = "no class has two targets with a flux in this spectrograph"
    return Measurement(metric, (math.nan,), reason=reason, not_applicable=True)
