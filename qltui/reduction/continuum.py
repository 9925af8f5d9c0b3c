"""Brightness of the sky in the spectra: its continuum, and its brightest lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from qltui.reduction.spectra import Spectra

__all__ = ["SkyContinuum", "SkyPeaks", "clipped_mean", "sky_continuum", "sky_peaks"]

FloatArray = npt.NDArray[np.float64]

_CLIP: Final = 4.0
_LEAST_SHARE: Final = 0.5
"""Of a window's samples that must be there."""
_HALF_WINDOW: Final = 2.0
"""Of a line's sum [rows]."""


class SkyContinuum(NamedTuple):
    """Result of `sky_continuum`: value [e-/Angstrom], per fibre (nf,) with NaN for fibres not used, and a reason."""

    value: float
    per_fiber: FloatArray
    reason: str = ""


class SkyPeaks(NamedTuple):
    """Result of `sky_peaks`: value and scatter [(e-/Angstrom) rows/s], per fibre (nf,), and a reason."""

    value: float
    noise: float
    per_fiber: FloatArray
    reason: str = ""


def clipped_mean(values: npt.NDArray[np.floating]) -> float:
    """Return the mean of the finite `values` without those more than four robust sigma from their median; NaN if none.

    So a sky fibre that happens to lie on a star does not count.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return math.nan
    middle = np.median(finite)
    spread = 1.4826 * np.median(np.abs(finite - middle))
    # Of a few equal values the spread is zero; a per cent of the level is never an outlier.
    return float(np.mean(finite[np.abs(finite - middle) <= max(_CLIP * spread, 0.01 * abs(middle))]))


def sky_continuum(
    spectra: Spectra, fibers: npt.NDArray[np.bool_], windows: Sequence[tuple[float, float]]
) -> SkyContinuum:
    """Measure the continuum of the sky: SKYCONT.

    For each fibre the median flux in each window is taken, and the mean of these medians; the value is the mean over
    the fibres without outliers. (The reference takes the mean over all of them, so one sky fibre on a star decides.)

    Parameters
    ----------
    spectra : Spectra
        After the fibre flat, before sky subtraction; flux [e-/Angstrom].
    fibers : ndarray of bool, shape (nf,)
        Sky fibres.
    windows : sequence of pairs
        Ranges without strong lines, open intervals [Angstrom].

    Returns
    -------
    SkyContinuum
        Of the whole exposure, not per second [e-/Angstrom]. NaN with a reason where no fibre has at least half of the
        samples of every window.
    """
    per_fiber = np.full(spectra.shape[0], np.nan)
    for f in np.flatnonzero(fibers):
        wave, flux, known = spectra.wavelength[f], spectra.flux[f], spectra.ivar[f] > 0
        medians = []
        for low, high in windows:
            first, last = np.searchsorted(wave, [low, high], side="right")
            inside = slice(int(first), int(last))
            kept = flux[inside][known[inside]]
            covered = wave[0] <= low and wave[-1] >= high
            enough = covered and kept.size > 0 and kept.size >= _LEAST_SHARE * (last - first)
            medians.append(float(np.median(kept)) if enough else math.nan)
        per_fiber[f] = np.mean(medians) if medians else math.nan
    value = clipped_mean(per_fiber)
    return SkyContinuum(value, per_fiber, _reason(value, fibers, "covers the continuum windows"))


def sky_peaks(
    spectra: Spectra, fibers: npt.NDArray[np.bool_], lines: Sequence[float], exposure_time: float
) -> SkyPeaks:
    """Measure the brightest lines of the sky: PEAKCOUNT.

    For each fibre, flux density is integrated over four rows around each line (from 2 rows before to 2 rows after
    its own position, linearly interpolated between rows, so that the sub-pixel phase does not matter), the lines are
    added up, and the sum is divided by the exposure time. The continuum is included. The value is the median over
    the fibres, the noise their standard deviation. This is the reference's trapezoid over the five bins nearest to
    the line, with the window centred on the line instead of on a bin.

    Parameters
    ----------
    spectra : Spectra
        After the fibre flat, before sky subtraction; flux [e-/Angstrom].
    fibers : ndarray of bool, shape (nf,)
        Sky fibres.
    lines : sequence of float
        Wavelengths [Angstrom].
    exposure_time : float
        [s].

    Returns
    -------
    SkyPeaks
        [(e-/Angstrom) rows/s]; multiplied by the dispersion, electrons per second. NaN with a reason where no fibre
        shows all lines without a masked sample, or there is no exposure time. A fibre with a masked sample in a
        line is left out.
    """
    per_fiber = np.full(spectra.shape[0], np.nan)
    if not exposure_time > 0:
        return SkyPeaks(math.nan, math.nan, per_fiber, "no exposure time")
    for f in np.flatnonzero(fibers):
        sums = [_line_sum(spectra, int(f), line) for line in lines]
        per_fiber[f] = sum(sums) / exposure_time if sums else math.nan
    finite = per_fiber[np.isfinite(per_fiber)]
    value = float(np.median(finite)) if finite.size else math.nan
    noise = float(np.std(finite, ddof=1)) if finite.size > 1 else math.nan
    return SkyPeaks(value, noise, per_fiber, _reason(value, fibers, "shows all lines unmasked"))


def _line_sum(spectra: Spectra, f: int, line: float) -> float:
    """Integrate one fibre's flux over rows around a line [(e-/Angstrom) rows]; NaN beside the detector or masked."""
    wave = spectra.wavelength[f]
    k = int(np.searchsorted(wave, line)) - 1
    if not (3 <= k < wave.size - 4):
        return math.nan
    centre = k + (line - wave[k]) / (wave[k + 1] - wave[k])
    rows = np.arange(k - 3, k + 5)
    if not (spectra.ivar[f, rows] > 0).all():
        return math.nan
    edges = np.array([centre - _HALF_WINDOW, centre + _HALF_WINDOW])
    nodes = np.concatenate([edges[:1], rows[(rows > edges[0]) & (rows < edges[1])], edges[1:]])
    return float(np.trapezoid(np.interp(nodes, rows, spectra.flux[f, rows]), nodes))


def _reason(value: float, fibers: npt.NDArray[np.bool_], condition: str) -> str:
    if math.isfinite(value):
        return ""
    return f"no sky fibre {condition}" if fibers.any() else "no sky fibres"
