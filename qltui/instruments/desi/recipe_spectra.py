"""The last step of each recipe: the spectra of a sky, of an arc, of a flat."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from qltui.instruments.desi.constants import CONTINUUM_WINDOWS, FIBER_AREA, PHOTOMETRIC_BAND, SKY_PEAK_LINES, ZERO_POINT
from qltui.instruments.desi.known_lines import known_lines
from qltui.instruments.desi.lamps import lamp_light
from qltui.instruments.desi.state import State
from qltui.instruments.desi.target_fits import class_fits
from qltui.instruments.desi.targets import sky_fibers
from qltui.instruments.errors import ReductionError
from qltui.reduction.continuum import sky_continuum, sky_peaks
from qltui.reduction.flat import apply_fiberflat, make_fiberflat
from qltui.reduction.photometry import BANDS, sky_magnitude, synthetic_magnitudes
from qltui.reduction.resolution import arc_line_widths
from qltui.reduction.sky import subtract_sky
from qltui.reduction.snr import median_snr

__all__ = ["check_arc", "check_fiberflat", "check_spectra", "zero_point"]

_AB: Final = 0.108855
"""Flux density of a source of AB magnitude 0, times the wavelength squared [erg/s/cm2 Angstrom]: 3631 Jy times c."""


def check_spectra(state: State) -> State:
    """Divide by the fibre flat, measure the sky, subtract it, and measure what is left of the targets."""
    if state.spectra is None or state.levels is None or not state.levels.good.any():
        return state
    good = state.levels.good
    state = _subtract_sky(_flatten(state), good)
    assert state.flattened is not None
    assert state.sky is not None
    arm, seconds, fibers = state.camera.arm, state.exptime or 0.0, state.sky.used
    band, zero = BANDS[PHOTOMETRIC_BAND[arm]], zero_point(state)
    state = state.with_(
        continuum=sky_continuum(state.flattened, fibers, CONTINUUM_WINDOWS[arm]),
        peaks=sky_peaks(state.flattened, fibers, SKY_PEAK_LINES[arm], seconds),
        snr=median_snr(state.sky.spectra),
        magnitudes=synthetic_magnitudes(state.sky.spectra, band, zero, seconds, good),
        sky_magnitude=sky_magnitude(state.flattened, fibers, band, zero, seconds, FIBER_AREA),
    )
    return state.with_(snr_fits=class_fits(state))


def _flatten(state: State) -> State:
    """Return the state with spectra as if all fibres had the same throughput."""
    assert state.spectra is not None
    flat = state.calibration.fiberflat
    if flat is None:
        reason = state.calibration.problems.get("fiberflat") or "there is none"
        note = f"no fibre flat ({reason}): fibres keep their own throughput"
        return state.with_(flattened=state.spectra).noted(note)
    if flat.flat.shape[0] != state.spectra.shape[0]:
        note = f"the fibre flat has {flat.flat.shape[0]} fibres, the traces {state.spectra.shape[0]}: not applied"
        return state.with_(flattened=state.spectra).noted(note)
    return state.with_("fibre flat applied", flattened=apply_fiberflat(state.spectra, flat), flat=flat)


def _subtract_sky(state: State, good: npt.NDArray[np.bool_]) -> State:
    """Return the state with spectra without sky: from the sky fibres of the fibermap, else from the faintest half."""
    assert state.flattened is not None
    fibers, note = sky_fibers(state), ""
    if fibers is None:
        fibers = np.zeros(good.size, dtype=bool)
        note = f"no sky fibres: {state.fibermap_reason or 'none of them brings light'}"
    sky = subtract_sky(state.flattened, fibers, good)
    count = np.count_nonzero(sky.used)
    where = "the faintest fibres" if sky.from_faintest else "sky fibres"
    return state.with_(f"sky subtracted, from {count} of {where}", sky=sky).noted(note, sky.reason)


def zero_point(state: State) -> float:
    """Return the AB magnitude that gives 1 e-/s/Angstrom in the band of the arm.

    From the observatory's flux calibration where there is one, at the middle of the part of the band that the arm
    covers; else the stated one of `qltui.instruments.desi.constants.ZERO_POINT`.
    """
    arm = state.camera.arm
    calibration = state.calibration.flux_calibration
    if calibration is None:
        return ZERO_POINT[arm]
    band = BANDS[PHOTOMETRIC_BAND[arm]].wavelength
    low, high = max(band[0], calibration.wavelength[0]), min(band[-1], calibration.wavelength[-1])
    middle = 0.5 * (low + high)
    response = float(np.interp(middle, calibration.wavelength, calibration.response))
    if not (low < high and response > 0):
        return ZERO_POINT[arm]
    return float(-2.5 * np.log10(1e-17 / response * middle**2 / _AB))


def check_arc(state: State) -> State:
    """Measure the lamps, and the widths of their lines, in every fibre."""
    if state.spectra is None or state.traces is None:
        return state
    lines = known_lines(state)
    arc = arc_line_widths(state.spectra, lines.wavelength, state.traces.wavemin, state.traces.wavemax)
    return state.with_("arc lines fitted", arc=arc, lamps=lamp_light(state.spectra, lines))


def check_fiberflat(state: State) -> State:
    """Make the fibre flat, where there is light to make it of.

    Raises
    ------
    ReductionError
        Where what light there is cannot give one.
    """
    if state.spectra is None or state.levels is None or not state.levels.good.any():
        return state
    try:
        flat = make_fiberflat(state.spectra)
    except ValueError as error:
        msg = f"{error}; look at the preview and repeat the flat"
        raise ReductionError(msg) from error
    return state.with_("fibre flat made", flat=flat)
