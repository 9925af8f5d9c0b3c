"""Signal to noise: of each fibre, and as a function of the brightness of a target."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import njit

from qltui.reduction.photometry import magnitude_to_flux
from qltui.reduction.sky import SkySubtracted
from qltui.reduction.spectra import Spectra

__all__ = ["SnrFit", "background_rate", "fit_snr", "median_snr", "median_snr_error"]

FloatArray = npt.NDArray[np.float64]

FEW: Final = 5
"""Fewer targets than this determine one parameter; the other comes from the sky."""
_BACKGROUND_ERROR: Final = 0.05
"""Relative error of the background rate from the sky fibres, as a prior of the fit."""
_MOST_SCATTER: Final = 1.0
_CLIP: Final = 4.0
_ITERATIONS: Final = 20
_ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class SnrFit:
    """Signal to noise of the median bin of a target of flux F [nanomaggy]: ``sqrt(t) a F / sqrt(a F + b)``.

    Attributes
    ----------
    a : float
        Rate of a target [e-/s per bin and nanomaggy].
    b : float
        Rate of the background, its variance [e-^2/s per bin].
    covariance : ndarray, shape (2, 2)
        Of a and b.
    exposure_time : float
        t [s].
    fiducial_snr, fiducial_error : float
        Signal to noise at the fiducial magnitude, and its error.
    residuals : ndarray, shape (n,)
        (measured - fit) / fit of all targets given; NaN for those without flux.
    scatter : float
        Scatter of the targets about the fit beyond their errors, relative.
    n : int
        Targets that the fit used.
    reason : str
        Why there is no fit (all values NaN), or what the reader should know of it.
    """

    a: float
    b: float
    covariance: FloatArray
    exposure_time: float
    fiducial_snr: float
    fiducial_error: float
    residuals: FloatArray
    scatter: float
    n: int
    reason: str = ""

    def snr(self, flux: npt.ArrayLike) -> FloatArray:
        """Return the signal to noise of targets of these fluxes [nanomaggy]."""
        return _model(np.asarray(flux, dtype=np.float64), self.a, self.b, self.exposure_time)


@njit(cache=True, nogil=True, error_model="numpy")
def _medians(flux: Any, ivar: Any, median: Any, count: Any) -> None:
    """Fill the median of flux * sqrt(ivar) over the samples with ivar, and their number, shape (nf,).

    By bisection on the number of samples below: that loop has no branches and runs eight samples at a time, which is
    faster than any selection. Its answer is good to 1e-6 of the range of the samples.
    """
    values = np.empty(flux.shape[1], dtype=np.float32)
    for f in range(flux.shape[0]):
        n = 0
        low = np.float32(0.0)
        high = np.float32(0.0)
        for y in range(flux.shape[1]):
            value = flux[f, y] * math.sqrt(ivar[f, y])
            values[n] = value
            n += 1 if ivar[f, y] > 0 else 0
            low = min(low, value)
            high = max(high, value)
        count[f] = n
        for _ in range(22):
            middle = np.float32(0.5) * (low + high)
            below = np.int32(0)
            for k in range(n):
                below += np.int32(values[k] < middle)
            if 2 * below < n:
                low = middle
            else:
                high = middle
        median[f] = 0.5 * (low + high) if n > 0 else math.nan


def median_snr(spectra: Spectra) -> FloatArray:
    """Return the median signal to noise of a bin (one row of the detector) of each fibre, shape (nf,).

    ``median(flux sqrt(ivar))`` over the unmasked samples; negative where the sky was taken off too much; NaN for a
    fibre without samples.
    """
    median, count = np.empty(spectra.shape[0]), np.empty(spectra.shape[0], dtype=np.int64)
    _medians(spectra.flux, spectra.ivar, median, count)
    return median


def median_snr_error(spectra: Spectra) -> FloatArray:
    """Return the error of `median_snr` from the noise of the bins, shape (nf,): ``sqrt(pi / (2 n))`` for n bins."""
    count = (spectra.ivar > 0).sum(axis=1)
    error: FloatArray = np.where(count > 0, np.sqrt(math.pi / (2.0 * np.maximum(count, 1))), np.nan)
    return error


def background_rate(sky: SkySubtracted, exposure_time: float) -> float:
    """Return the variance of sky and read noise in a bin per second of exposure [e-^2/s]: ``b`` of `SnrFit`.

    NaN without sky or exposure time.
    """
    return sky.background / exposure_time if exposure_time > 0 else math.nan


def _model(flux: FloatArray, a: float, b: float, t: float) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        snr: FloatArray = math.sqrt(t) * a * flux / np.sqrt(a * flux + b)
    return snr


def fit_snr(
    flux: npt.ArrayLike,
    snr: npt.ArrayLike,
    snr_error: npt.ArrayLike,
    exposure_time: float,
    *,
    background: float = math.nan,
    fiducial_magnitude: float = 22.0,
) -> SnrFit:
    """Fit the signal to noise of targets as a function of their flux by least squares.

    The logarithms of a and b are fitted. Each target weighs by its error and by the scatter of the targets about the
    curve, which is found together with it (light lost at the fibre differs from one to the next); targets more than
    four times as far off are left out. The background rate of the sky fibres, where given, is a prior of 5 %: bright
    targets alone do not determine b, and faint ones only ``a / sqrt(b)``. With fewer than five targets b is that rate
    and a alone is fitted.

    Parameters
    ----------
    flux : array_like, shape (n,)
        Of the catalogue [nanomaggy]; targets without a positive, finite flux are left out.
    snr, snr_error : array_like, shape (n,)
        Of `median_snr` and `median_snr_error`.
    exposure_time : float
        [s].
    background : float
        Of `background_rate` [e-^2/s per bin]; NaN where unknown.
    fiducial_magnitude : float
        AB.

    Returns
    -------
    SnrFit
        With NaN and a reason where there are too few targets.
    """
    f, s, e = (np.asarray(v, dtype=np.float64) for v in (flux, snr, snr_error))
    used = np.isfinite(f) & (f > 0) & np.isfinite(s) & np.isfinite(e) & (e > 0)
    n = int(used.sum())
    known = math.isfinite(background) and background > 0
    reason = _impossible(n, exposure_time, known, s[used])
    if reason:
        return _no_fit(f.size, n, exposure_time, reason)
    few = n < FEW
    fit = _Fit(f[used], s[used], e[used], exposure_time, background if known else None, fixed=few)
    p, covariance, scatter, kept = fit.solve()
    a, b = (float(v) for v in np.exp(p))
    fiducial = float(magnitude_to_flux(fiducial_magnitude))
    value = float(_model(np.array([fiducial]), a, b, exposure_time)[0])
    # d ln SNR / d ln a and d ln b
    share = a * fiducial / (a * fiducial + b)
    gradient = np.array([1.0 - 0.5 * share, -0.5 * (1.0 - share)])
    error = value * math.sqrt(max(float(gradient @ covariance @ gradient), 0.0))
    expected = _model(np.where(used, f, 1.0), a, b, exposure_time)
    residuals = np.where(used, (s - expected) / expected, np.nan)
    covariance = covariance * np.outer([a, b], [a, b])
    note = f"few targets ({n}): background from the sky" if few else ""
    return SnrFit(a, b, covariance, exposure_time, value, error, residuals, scatter, int(kept.sum()), note)


def _impossible(n: int, exposure_time: float, known: bool, snr: FloatArray) -> str:
    """Return why there can be no fit; empty where there can."""
    if not exposure_time > 0:
        return "no exposure time"
    if n < 2:
        return f"{n or 'no'} target{'' if n == 1 else 's'} with flux and signal to noise: at least 2 are needed"
    if n < FEW and not known:
        return f"only {n} targets with flux, and no sky fibres to tell the background"
    if not np.median(snr) > 0:
        return "no signal in most targets"
    return ""


def _no_fit(size: int, n: int, exposure_time: float, reason: str) -> SnrFit:
    nan = math.nan
    return SnrFit(nan, nan, np.full((2, 2), nan), exposure_time, nan, nan, np.full(size, nan), nan, n, reason)


class _Fit:
    """One least-squares problem in ln a and ln b, with the scatter that makes its residuals as large as expected."""

    def __init__(
        self, flux: FloatArray, snr: FloatArray, error: FloatArray, time: float, prior: float | None, *, fixed: bool
    ) -> None:
        self.flux, self.snr, self.error, self.time = flux, snr, error, time
        self.prior = None if prior is None else math.log(prior)
        self.fixed = fixed
        self.kept = np.ones(flux.size, dtype=bool)

    def solve(self) -> tuple[FloatArray, FloatArray, float, npt.NDArray[np.bool_]]:
        """Return ln a and ln b, their covariance (2, 2), the scatter, and which targets were used (n,)."""
        p, scatter = self._guess(), 0.1
        for _ in range(_ROUNDS):
            p = self._minimum(p, np.hypot(self.error, scatter * self._at(p)))
            model = self._at(p)
            scatter = self._scatter(model)
            off = np.abs(self.snr - model) / np.hypot(self.error, max(scatter, 0.02) * model)
            spread = 1.4826 * float(np.median(off[self.kept]))
            self.kept = off < _CLIP * max(spread, 1.0)
        return p, self._covariance(p, np.hypot(self.error, scatter * self._at(p))), scatter, self.kept

    def _at(self, p: FloatArray) -> FloatArray:
        return _model(self.flux, math.exp(p[0]), math.exp(p[1]), self.time)

    def _guess(self) -> FloatArray:
        """``t F^2 / SNR^2 = F / a + b / a^2`` is linear in F; with a known b, a follows from the typical target."""
        positive = self.snr > self.error
        if not positive.any():
            positive = self.snr > 0
        f, s = self.flux[positive], self.snr[positive]
        b = math.exp(self.prior) if self.prior is not None else 0.2
        # SNR^2 (a F + b) = t a^2 F^2, solved for a
        q = s**2 / self.time
        a = float(np.median((q + np.sqrt(q**2 + 4.0 * q * b)) / (2.0 * f)))
        return np.log([max(a, 1e-12), b])

    def _slope(self, p: FloatArray) -> FloatArray:
        """Return the derivatives of the model with respect to ln a and ln b, shape (n, 2)."""
        a, b = math.exp(p[0]), math.exp(p[1])
        share = a * self.flux / (a * self.flux + b)
        model = self._at(p)
        return np.stack([model * (1.0 - 0.5 * share), -0.5 * model * (1.0 - share)], axis=1)

    def _normal(self, p: FloatArray, sigma: FloatArray) -> FloatArray:
        """Return the normal matrix of ln a and ln b with their prior, shape (2, 2)."""
        slope = (self._slope(p) / sigma[:, None])[self.kept]
        normal: FloatArray = slope.T @ slope
        if self.prior is not None:
            normal[1, 1] += 1.0 / _BACKGROUND_ERROR**2
        return normal

    def _minimum(self, p: FloatArray, sigma: FloatArray) -> FloatArray:
        """Return the least-squares solution, by Gauss and Newton from a good guess, in steps of at most a factor e."""
        for _ in range(_ITERATIONS):
            slope = (self._slope(p) / sigma[:, None])[self.kept]
            right = slope.T @ ((self.snr - self._at(p)) / sigma)[self.kept]
            normal = self._normal(p, sigma)
            if self.prior is not None:
                right[1] -= (p[1] - self.prior) / _BACKGROUND_ERROR**2
            if self.fixed:
                step = np.array([right[0] / normal[0, 0], 0.0])
            else:
                # A trace of damping: faint targets alone determine only one combination of the two.
                c00, c11, c01 = normal[0, 0] * (1 + 1e-9), normal[1, 1] * (1 + 1e-9), normal[0, 1]
                step = np.array([c11 * right[0] - c01 * right[1], c00 * right[1] - c01 * right[0]])
                step /= c00 * c11 - c01**2
            p = np.clip(p + np.clip(step, -1.0, 1.0), -30.0, 30.0)
            if np.abs(step).max() < 1e-4:
                break
        return p

    def _scatter(self, model: FloatArray) -> float:
        """Return the relative scatter that makes chi2 of the kept targets equal to their degrees of freedom."""
        off2 = (self.snr - model)[self.kept] ** 2
        e2, m2 = self.error[self.kept] ** 2, model[self.kept] ** 2
        dof = max(int(self.kept.sum()) - (1 if self.fixed or self.prior is not None else 2), 1)
        low, high = 0.0, _MOST_SCATTER
        if np.sum(off2 / e2) <= dof:
            return 0.0
        for _ in range(14):
            middle = 0.5 * (low + high)
            if np.sum(off2 / (e2 + middle**2 * m2)) > dof:
                low = middle
            else:
                high = middle
        return 0.5 * (low + high)

    def _covariance(self, p: FloatArray, sigma: FloatArray) -> FloatArray:
        normal = self._normal(p, sigma)
        if self.fixed:
            # The prior's error of b moves a along.
            rest, variance = _BACKGROUND_ERROR**2, 1.0 / normal[0, 0]
            pull = -normal[0, 1] * variance
            return np.array([[variance + pull**2 * rest, pull * rest], [pull * rest, rest]])
        return np.asarray(np.linalg.pinv(normal), dtype=np.float64)
