"""Magnitudes from spectra: of the sky, and of targets against their catalogue."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from qltui.reduction.spectra import Spectra

__all__ = [
    "BANDS",
    "Band",
    "ClassDelta",
    "SkyMagnitude",
    "band_rates",
    "class_delta_magnitudes",
    "flux_to_magnitude",
    "magnitude_to_flux",
    "sky_magnitude",
    "synthetic_magnitudes",
]

FloatArray = npt.NDArray[np.float64]

_NANOMAGGY: Final = 22.5
"""AB magnitude of a flux of 1 nanomaggy."""
_LEAST_COVERED: Final = 0.8
"""Of the part of the band that the arm covers, by response, that a fibre must show unmasked."""


@dataclass(frozen=True, slots=True)
class Band:
    """Response of a photometric band: linear between `wavelength` (n,) [Angstrom] with `response` (n,), 0 outside."""

    wavelength: FloatArray
    response: FloatArray

    @staticmethod
    def between(low: float, high: float, edge: float = 60.0) -> Band:
        """Return a band with half of its full response at `low` and `high` [Angstrom], and edges `edge` half wide."""
        return Band(np.array([low - edge, low + edge, high - edge, high + edge]), np.array([0.0, 1.0, 1.0, 0.0]))


BANDS: Final[Mapping[str, Band]] = {
    "G": Band.between(3980.0, 5480.0),
    "R": Band.between(5680.0, 7160.0),
    "Z": Band.between(8500.0, 10020.0),
}
"""DECam g, r and z as flat passbands between their half-power points (Abbott et al. 2018, ApJS 239, 18)."""


class SkyMagnitude(NamedTuple):
    """Result of `sky_magnitude`: value [mag/arcsec2], per fibre (nf,), and a reason where it is NaN."""

    value: float
    per_fiber: FloatArray
    reason: str = ""


class ClassDelta(NamedTuple):
    """Spectral minus catalogue magnitude of one class: median [mag], its error [mag], number of targets, reason."""

    value: float
    error: float
    n: int
    reason: str = ""


def magnitude_to_flux(magnitude: npt.ArrayLike) -> FloatArray:
    """Return the flux [nanomaggy] of an AB magnitude: ``10^(-0.4 (m - 22.5))``."""
    flux: FloatArray = np.power(10.0, -0.4 * (np.asarray(magnitude, dtype=np.float64) - _NANOMAGGY))
    return flux


def flux_to_magnitude(flux: npt.ArrayLike) -> FloatArray:
    """Return the AB magnitude of a flux [nanomaggy]; NaN where it is not positive."""
    f = np.asarray(flux, dtype=np.float64)
    positive = np.isfinite(f) & (f > 0)
    return np.where(positive, _NANOMAGGY - 2.5 * np.log10(np.where(positive, f, 1.0)), np.nan)


@njit(cache=True, nogil=True, error_model="numpy")
def _mean_over_band(
    flux: Any, ivar: Any, wave: Any, disp: Any, fibers: Any, nodes: Any, response: Any, least: float, out: Any
) -> None:
    """Fill `out` (nf,) with the mean of flux weighted by the response, for the fibres asked for."""
    last = nodes.size - 1
    for f in range(flux.shape[0]):
        if not fibers[f]:
            continue
        k = 0
        total = 0.0
        covered = 0.0
        light = 0.0
        for y in range(flux.shape[1]):
            w = wave[f, y]
            if not (w > nodes[0] and w < nodes[last]):
                continue
            while k < last - 1 and nodes[k + 1] < w:
                k += 1
            t = (w - nodes[k]) / (nodes[k + 1] - nodes[k])
            weight = ((1.0 - t) * response[k] + t * response[k + 1]) * disp[f, y]
            total += weight
            if ivar[f, y] > 0:
                covered += weight
                light += weight * flux[f, y]
        if total > 0 and covered >= least * total:
            out[f] = light / covered


def band_rates(spectra: Spectra, band: Band, exposure_time: float, fibers: npt.NDArray[np.bool_]) -> FloatArray:
    """Return the mean count rate of each fibre over a band, shape (nf,) [e-/s/Angstrom].

    The mean is weighted by the response, ``int n R dl / int R dl`` with the photons ``n``, over the unmasked samples.
    NaN for fibres not asked for, and where less than 0.8 of the response that the arm covers is unmasked.
    """
    rates = np.full(spectra.shape[0], np.nan)
    if exposure_time > 0:
        _mean_over_band(
            spectra.flux, spectra.ivar, spectra.wavelength, spectra.dispersion, fibers, band.wavelength, band.response,
            _LEAST_COVERED, rates,
        )  # fmt: skip
        rates /= exposure_time
    return rates


def _magnitude(rate: npt.ArrayLike, zero_point: float) -> FloatArray:
    r = np.asarray(rate, dtype=np.float64)
    positive = np.isfinite(r) & (r > 0)
    return np.where(positive, zero_point - 2.5 * np.log10(np.where(positive, r, 1.0)), np.nan)


def sky_magnitude(
    spectra: Spectra,
    fibers: npt.NDArray[np.bool_],
    band: Band,
    zero_point: float,
    exposure_time: float,
    area: float,
) -> SkyMagnitude:
    """Measure the surface brightness of the sky in a band: SKYRBAND.

    ``zero_point - 2.5 log10(rate) + 2.5 log10(area)``, with the rate of `band_rates`; the value is that of the median
    rate of the sky fibres. The part of the band beyond the arm is taken to be as bright as the part inside.

    Parameters
    ----------
    spectra : Spectra
        After the fibre flat and **before** sky subtraction (the reference measures what subtraction leaves).
    fibers : ndarray of bool, shape (nf,)
        Sky fibres.
    band : Band
        Response, `BANDS`.
    zero_point : float
        AB magnitude of a source that gives 1 e-/s/Angstrom.
    exposure_time : float
        [s].
    area : float
        Of a fibre on the sky [arcsec2].

    Returns
    -------
    SkyMagnitude
        NaN with a reason where there is no light, no sky fibre or no exposure time.
    """
    rates = band_rates(spectra, band, exposure_time, fibers)
    per_fiber = _magnitude(rates, zero_point) + 2.5 * math.log10(area)
    finite = rates[np.isfinite(rates)]
    if not finite.size:
        reason = "no sky fibres" if not fibers.any() else "no sky fibre shows the band unmasked"
        return SkyMagnitude(math.nan, per_fiber, "no exposure time" if not exposure_time > 0 else reason)
    value = float(_magnitude(np.median(finite), zero_point)) + 2.5 * math.log10(area)
    return SkyMagnitude(value, per_fiber, "" if math.isfinite(value) else "no light in the sky fibres")


def synthetic_magnitudes(
    spectra: Spectra,
    band: Band,
    zero_point: float,
    exposure_time: float,
    fibers: npt.NDArray[np.bool_] | None = None,
) -> FloatArray:
    """Return AB magnitudes of sky-subtracted spectra in a band, shape (nf,).

    ``zero_point - 2.5 log10(rate)`` with the rate of `band_rates`, so a target that loses no light has its catalogue
    magnitude where its colour is flat and the zero point right. NaN where the rate is not positive.
    """
    asked = np.ones(spectra.shape[0], dtype=bool) if fibers is None else fibers
    return _magnitude(band_rates(spectra, band, exposure_time, asked), zero_point)


def class_delta_magnitudes(
    magnitudes: FloatArray, catalogue_flux: npt.NDArray[np.floating], classes: Mapping[str, npt.NDArray[np.bool_]]
) -> dict[str, ClassDelta]:
    """Return spectral minus catalogue magnitude of each class of targets: DELTAMAG_TGT.

    Parameters
    ----------
    magnitudes : ndarray, shape (nf,)
        Of `synthetic_magnitudes`.
    catalogue_flux : ndarray, shape (nf,)
        [nanomaggy]; targets without a positive flux are left out.
    classes : mapping
        Masks (nf,) of the targets of each class; leave out fibres that bring no light.

    Returns
    -------
    dict
        One entry for each class, in the order given; the median, since the logarithm of a noisy flux makes the mean
        lean to the faint side. A target whose spectrum has no positive flux in the band counts as infinitely faint.
    """
    catalogue = flux_to_magnitude(catalogue_flux)
    result = {}
    for name, members in classes.items():
        chosen = members & np.isfinite(catalogue)
        if not chosen.any():
            why = "no target with a catalogue flux" if members.any() else "no target of this class"
            result[name] = ClassDelta(math.nan, math.nan, 0, why)
            continue
        measured = np.where(np.isfinite(magnitudes[chosen]), magnitudes[chosen], np.inf)
        delta = measured - catalogue[chosen]
        finite = delta[np.isfinite(delta)]
        value = float(np.median(delta))
        if not math.isfinite(value):
            result[name] = ClassDelta(math.nan, math.nan, int(chosen.sum()), "most targets of this class show no light")
            continue
        spread = 1.4826 * float(np.median(np.abs(finite - np.median(finite))))
        error = 1.2533 * spread / math.sqrt(finite.size) if finite.size > 1 else math.nan
        result[name] = ClassDelta(value, error, int(chosen.sum()))
    return result
