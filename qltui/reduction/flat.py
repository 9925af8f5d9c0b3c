"""The fibre flat: throughput of each fibre relative to their mean, by wavelength."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.ndimage import median_filter

from qltui.reduction.goodfibers import good_fibers
from qltui.reduction.masks import FLAT_LOW
from qltui.reduction.spectra import Spectra
from qltui.reduction.splines import accumulate, evaluate, solve

__all__ = ["FiberFlat", "apply_fiberflat", "make_fiberflat"]

NOISE_GOAL: Final = 0.0025
"""Noise of the smoothed flat; the distance of the spline's knots follows from it and from the counts."""
CLOSEST_KNOTS: Final = 16.0
"""[px]; nothing in a fibre's throughput is narrower."""
NEAR: Final = 0.5
"""A flat whose wavelengths moved by less than this is used row by row [px]."""
LOWEST: Final = 0.05
"""Below it the flat corrects nothing, it only amplifies noise."""
_OUTLIER: Final = 5.0
_PASSES: Final = 3
_MEDIAN_ROWS: Final = 9


@dataclass(frozen=True, slots=True)
class FiberFlat:
    """A fibre flat on the wavelengths of the flat exposure.

    Attributes
    ----------
    flat : ndarray of float32, shape (nf, nw)
        Throughput over the mean of the working fibres; 1 where `ivar` is 0.
    ivar : ndarray of float32, shape (nf, nw)
        Inverse variance of `flat`; 0 where it was not measured (dark fibre, masked rows).
    mean_spectrum : ndarray of float32, shape (nw,)
        Mean spectrum of the lamp [e-/Angstrom], on the wavelengths of the middle fibre.
    wavelength : ndarray of float64, shape (nf, nw)
        Of each fibre [Angstrom].
    """

    flat: npt.NDArray[np.float32]
    ivar: npt.NDArray[np.float32]
    mean_spectrum: npt.NDArray[np.float32]
    wavelength: npt.NDArray[np.float64]

    @property
    def measured(self) -> npt.NDArray[np.bool_]:
        """Fibres with a flat, shape (nf,)."""
        return np.asarray((self.ivar > 0).any(axis=1), dtype=np.bool_)


@njit(cache=True, nogil=True, error_model="numpy")
def _interpolate(x: Any, xp: Any, fp: Any, wp: Any, value: Any, weight: Any) -> None:
    """Fill `value` and `weight` with `fp`, `wp` at ascending `x`; weight 0 outside `xp` and beside samples of weight 0.

    The weight of an interpolated value is that of its nearer sample: averaging would call neighbours independent.
    """
    n = xp.size
    k = 0
    for i in range(x.size):
        value[i] = 1.0
        weight[i] = 0.0
        if not (x[i] >= xp[0] and x[i] <= xp[n - 1]):
            continue
        while k < n - 2 and xp[k + 1] < x[i]:
            k += 1
        if wp[k] > 0 and wp[k + 1] > 0 and xp[k + 1] > xp[k]:
            t = (x[i] - xp[k]) / (xp[k + 1] - xp[k])
            value[i] = (1.0 - t) * fp[k] + t * fp[k + 1]
            weight[i] = wp[k] if t < 0.5 else wp[k + 1]


@njit(cache=True, nogil=True, error_model="numpy")
def _apply(
    flux: Any, ivar: Any, wave: Any, mask: Any, read: Any, flat: Any, flat_ivar: Any, flat_wave: Any, same: Any,
    lowest: float, bit: int, out: Any, out_ivar: Any, out_mask: Any, out_read: Any,
) -> None:  # fmt: skip
    nf, ny = flux.shape
    value = np.empty(ny, dtype=np.float32)
    weight = np.empty(ny, dtype=np.float32)
    one = np.float32(1.0)
    zero = np.float32(0.0)
    for f in range(nf):
        if same[f]:
            for y in range(ny):
                value[y] = flat[f, y]
                weight[y] = flat_ivar[f, y]
        else:
            _interpolate(wave[f], flat_wave[f], flat[f], flat_ivar[f], value, weight)
        for y in range(ny):
            good = weight[y] > 0 and value[y] > lowest
            v = value[y] if good else one
            w = weight[y] if good else zero
            inverse = one / v
            scaled = flux[f, y] * inverse
            out[f, y] = scaled
            out_read[f, y] = read[f, y] * inverse * inverse
            # var(F / f) = var(F) / f^2 + F^2 var(f) / f^4, solved for the inverse; 0 where either ivar is 0.
            noise = w + scaled * scaled * ivar[f, y]
            out_ivar[f, y] = v * v * ivar[f, y] * w / (noise if noise > 0 else one)
            out_mask[f, y] = mask[f, y] if good else mask[f, y] | bit


def apply_fiberflat(spectra: Spectra, flat: FiberFlat) -> Spectra:
    """Divide spectra by the fibre flat.

    Where the solution has moved by half a pixel or more, the flat is interpolated in wavelength. Its noise goes into
    ``ivar``: ``1/ivar' = 1/(ivar f^2) + F^2 / (ivar_f f^4)``. Samples where the flat was not measured,
    or is below 0.05, keep their flux, get ``ivar`` 0 and the mask bit `FLAT_LOW`.

    Parameters
    ----------
    spectra : Spectra
        Shape (nf, ny).
    flat : FiberFlat
        Of the same fibres; its number of wavelengths may differ.

    Returns
    -------
    Spectra
        Flux [e-/Angstrom] that a fibre of mean throughput would have given.

    Raises
    ------
    ValueError
        Where the flat has another number of fibres, or its arrays do not fit together.
    """
    if flat.flat.shape[0] != spectra.shape[0]:
        msg = f"a fibre flat of {flat.flat.shape[0]} fibres does not belong to spectra of {spectra.shape[0]}"
        raise ValueError(msg)
    if not flat.flat.shape == flat.ivar.shape == flat.wavelength.shape or flat.flat.shape[1] < 2:
        msg = f"fibre flat: flat {flat.flat.shape}, ivar {flat.ivar.shape}, wavelength {flat.wavelength.shape}"
        raise ValueError(msg)
    same = np.zeros(spectra.shape[0], dtype=np.bool_)
    if flat.wavelength.shape == spectra.wavelength.shape:
        probes = [0, spectra.shape[1] // 4, spectra.shape[1] // 2, 3 * spectra.shape[1] // 4, -1]
        moved = np.abs(flat.wavelength[:, probes] - spectra.wavelength[:, probes])
        # Nothing in a flat is narrower than 16 px: over half a pixel it changes by less than its noise.
        same[:] = (moved < NEAR * spectra.dispersion[:, probes]).all(axis=1)
    flux, ivar = np.empty_like(spectra.flux), np.empty_like(spectra.ivar)
    mask, read = np.empty_like(spectra.mask), np.empty_like(spectra.read_variance)
    _apply(
        spectra.flux, spectra.ivar, spectra.wavelength, spectra.mask, spectra.read_variance,
        flat.flat, flat.ivar, flat.wavelength, same, np.float32(LOWEST), np.uint8(FLAT_LOW), flux, ivar, mask, read,
    )  # fmt: skip
    return replace(spectra, flux=flux, ivar=ivar, mask=mask, read_variance=read)


def make_fiberflat(spectra: Spectra) -> FiberFlat:
    """Make the fibre flat from the spectra of a flat-field lamp.

    The mean lamp spectrum is taken over the working fibres, each scaled to its median, without samples that deviate
    by more than five times their noise. Each fibre's spectrum is divided by it, and a cubic spline is fitted to the
    ratio, with knots as far apart as brings its noise to 0.25 % but never closer than 16 px: a fibre's throughput is
    smooth, and what is narrower belongs to the pixel flat. The mean of the flat over the working fibres is 1.

    Parameters
    ----------
    spectra : Spectra
        Of a lamp with a smooth spectrum; flux [e-/Angstrom].

    Returns
    -------
    FiberFlat
        Fibres that bring no light have flat 1 and ``ivar`` 0.

    Raises
    ------
    ValueError
        Where no fibre brings light.
    """
    good = good_fibers(spectra)
    if not good.any():
        msg = "no fibre flat: no fibre brings light in this exposure"
        raise ValueError(msg)
    chosen = np.flatnonzero(good)
    grid = np.ascontiguousarray(spectra.wavelength[chosen[chosen.size // 2]])
    mean = _mean_lamp(spectra, chosen, grid)
    flat, ivar = np.ones_like(spectra.flux), np.zeros_like(spectra.ivar)
    ny = spectra.shape[1]
    rows = np.arange(ny, dtype=np.float64)
    ratio, weight, lamp, lit = (np.empty(ny, dtype=np.float32) for _ in range(4))
    for f in chosen:
        _interpolate(spectra.wavelength[f], grid, mean, (mean > 0).astype(np.float32), lamp, lit)
        usable = (lit > 0) & (spectra.ivar[f] > 0)
        np.divide(spectra.flux[f], lamp, out=ratio)
        np.multiply(spectra.ivar[f], np.where(usable, lamp * lamp, 0.0), out=weight)
        if usable.sum() < CLOSEST_KNOTS:
            continue
        flat[f], ivar[f] = _smooth(rows, ratio, weight)
    measured = (ivar > 0).any(axis=1)
    if not measured.any():
        msg = "no fibre flat: all samples of all fibres are masked"
        raise ValueError(msg)
    scale = np.float32(np.mean(flat[measured], dtype=np.float64))
    flat[measured] /= scale
    ivar[measured] *= scale * scale
    return FiberFlat(flat, ivar, (mean * scale).astype(np.float32), spectra.wavelength)


def _mean_lamp(
    spectra: Spectra, chosen: npt.NDArray[np.intp], grid: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """Return the mean spectrum of the fibres `chosen` on `grid`, 0 where none reaches, shape (ny,)."""
    scaled, weight = np.empty((chosen.size, grid.size), np.float32), np.empty((chosen.size, grid.size), np.float32)
    level = np.empty(chosen.size)
    for k, f in enumerate(chosen):
        level[k] = np.median(spectra.flux[f][spectra.ivar[f] > 0])
        _interpolate(grid, spectra.wavelength[f], spectra.flux[f], spectra.ivar[f], scaled[k], weight[k])
    scaled *= (level.mean() / level).astype(np.float32)[:, None]
    weight *= ((level / level.mean()) ** 2).astype(np.float32)[:, None]
    # The median of some fibres is a first guess that no cosmic ray spoils; the mean of all is the less noisy one.
    some = slice(None, None, max(chosen.size // 24, 1))
    sample = np.where(weight[some] > 0, scaled[some], np.float32(np.nan))
    sample[:, np.isnan(sample).all(axis=0)] = 0.0
    guess = np.nanmedian(sample, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        tolerance = _OUTLIER / np.sqrt(weight) + np.float32(0.15) * guess
        kept = (weight > 0) & (np.abs(scaled - guess) < tolerance)
    count = kept.sum(axis=0)
    total = np.where(kept, scaled, np.float32(0)).sum(axis=0, dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), 0.0).astype(np.float32)


def _smooth(
    rows: npt.NDArray[np.float64], ratio: npt.NDArray[np.float32], weight: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return a smoothing spline through `ratio` and its inverse variance, shape (ny,) each."""
    ny = rows.size
    level, typical = float(np.median(ratio[weight > 0])), float(np.median(weight[weight > 0]))
    noise = 1.0 / np.sqrt(typical) / level if level > 0 else np.inf
    step = float(np.clip((noise / NOISE_GOAL) ** 2, CLOSEST_KNOTS, max(ny / 6.0, CLOSEST_KNOTS)))
    nknot = int(np.ceil((ny - 1) / step)) + 3
    fit, variance = np.empty(ny), np.empty(ny)
    # Weights from the data favour what fluctuated low; equal ones do not, and a lamp is nearly even.
    model_weight = np.where(weight > 0, np.float32(typical), np.float32(0.0))
    # Before any fit: one cosmic ray would drag the spline along, and make its good neighbours look wrong.
    near = median_filter(np.where(weight > 0, ratio, level), _MEDIAN_ROWS, mode="nearest")
    model_weight[np.abs(ratio - near) * np.sqrt(weight) > _OUTLIER] = 0.0
    for _ in range(_PASSES):
        band, right = np.zeros((nknot, 4)), np.zeros(nknot)
        accumulate(rows, ratio, model_weight, 0.0, step, band, right)
        coefficients, inverse = solve(band, right)
        evaluate(rows, 0.0, step, coefficients, inverse, fit, variance)
        outlier = (model_weight > 0) & (np.abs(ratio - fit) * np.sqrt(weight) > _OUTLIER)
        if not outlier.any():
            break
        model_weight[outlier] = 0.0
    known = _near_data(model_weight > 0, int(step))
    return (
        np.where(known, fit, 1.0).astype(np.float32),
        np.where(known & (variance > 0), 1.0 / np.where(variance > 0, variance, 1.0), 0.0).astype(np.float32),
    )


def _near_data(used: npt.NDArray[np.bool_], reach: int) -> npt.NDArray[np.bool_]:
    """Whether at least a quarter of the samples within `reach` rows were used, shape (ny,)."""
    total = np.concatenate([[0], np.cumsum(used)])
    index = np.arange(used.size)
    low, high = np.maximum(index - reach, 0), np.minimum(index + reach + 1, used.size)
    near: npt.NDArray[np.bool_] = (total[high] - total[low]) >= 0.25 * (high - low)
    return near
