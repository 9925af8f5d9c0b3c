"""Signal to noise against brightness, one curve for each class of targets: what FIDSNR_TGT and its picture show."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qltui.instruments.desi.constants import FIDUCIAL_MAGNITUDE
from qltui.instruments.desi.state import State
from qltui.instruments.desi.targets import catalogue_flux, sky_fibers, target_classes
from qltui.reduction.snr import SnrFit, background_rate, fit_snr, median_snr_error

__all__ = ["class_fits", "class_names", "fitted_snr"]


def class_fits(state: State) -> dict[str, SnrFit]:
    """Return the curve of each class that the exposure has, by name; none without sky, targets or spectra.

    Targets without flux are left out, and the errors are those of the class itself.
    """
    flux = catalogue_flux(state)
    if state.sky is None or state.snr is None or flux is None:
        return {}
    classes = target_classes(state)
    if not classes:
        return {}
    seconds, error = state.exptime or 0.0, median_snr_error(state.sky.spectra)
    background = background_rate(state.sky, seconds)
    return {
        name: fit_snr(
            flux[members],
            state.snr[members],
            error[members],
            seconds,
            background=background,
            fiducial_magnitude=FIDUCIAL_MAGNITUDE,
        )
        for name, members in classes.items()
    }


def class_names(state: State, nfiber: int) -> npt.NDArray[np.str_]:
    """Return what each fibre is judged as, shape (nf,): ``"SKY"``, ``"ELG"``, ``"ELG+QSO"``, or nothing."""
    groups = dict(target_classes(state))
    sky = sky_fibers(state)
    if sky is not None:
        groups["SKY"] = sky
    names = [""] * nfiber
    for name, members in groups.items():
        for fiber in np.flatnonzero(members[:nfiber]).tolist():
            names[fiber] = f"{names[fiber]}+{name}" if names[fiber] else name
    return np.array(names, dtype=str)


def fitted_snr(state: State) -> npt.NDArray[np.float64] | None:
    """Return the signal to noise that the curve of its class gives a target, shape (nf,); None where there is no curve.

    A target of two classes has the first one's; fibres without class have NaN.
    """
    flux = catalogue_flux(state)
    if flux is None or not state.snr_fits:
        return None
    fitted = np.full(flux.shape, np.nan)
    for name, members in target_classes(state).items():
        fit = state.snr_fits.get(name)
        if fit is not None:
            free = members & np.isnan(fitted)
            fitted[free] = fit.snr(flux[free])
    return fitted
