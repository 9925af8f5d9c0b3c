"""Sky subtraction without resampling: a spline over the samples of all sky fibres, at their own wavelengths."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation, median_filter

from qltui.reduction.masks import BAD
from qltui.reduction.skykernels import BLOCK, coordinates, poisson_gains, reject, subtract, weigh
from qltui.reduction.spectra import Spectra
from qltui.reduction.splines import accumulate, evaluate, knots_for, solve

__all__ = ["SkySubtracted", "subtract_sky"]

FloatArray = npt.NDArray[np.float64]
FloatImage = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

STEP: Final = 1.0
"""Distance of the spline's knots [px]: a line of sigma 1.1 px needs it, and so do four sky fibres."""
_ROUNDS: Final = 1
_FEW: Final = 16
"""Up to so many sky fibres the model takes two rounds more to settle: one outlier is a large part of them."""
_CLIP: Final = 5.5
"""A sample this many sigma off takes no part in the model."""
_COARSE: Final = 32.0
_SIGNIFICANT: Final = 5.0
_BASELINE: Final = 25
"""Width of the median that tells lines from continuum [px]."""
_WING: Final = 4
"""Rows on either side of a significant feature that belong to it."""
_ODD_FIBER: Final = 0.1
"""A sky fibre that differs by more than this share, and by six times the scatter, is no sky fibre."""


@dataclass(frozen=True, slots=True)
class SkySubtracted:
    """Spectra after sky subtraction.

    Attributes
    ----------
    spectra : Spectra
        Flux without sky [e-/Angstrom]. `ivar` is that of the model (sky, read noise and the smoothed target), plus
        the noise of the sky model: weights from the data themselves would favour what fluctuated low. The residuals of
        the sky fibres that made the model are smaller by its noise, and their `ivar` says so. Masked (`BAD`) where
        no sky fibre reaches.
    sky_model : ndarray of float32, shape (nf, ny)
        What was subtracted [e-/Angstrom].
    used : ndarray of bool, shape (nf,)
        Fibres that the sky was taken from.
    chi2_per_dof : float
        Of the sky fibres' samples about the model; 1 where the noise is understood.
    mean_residual : float
        Of the sky fibres, in units of sigma of a sample.
    line_shift : ndarray of float64, shape (nf,)
        How far the lines of each fibre lie beside those of the model [px].
    line_broadening : ndarray of float64, shape (nf,)
        Half the difference of the variances of each fibre's lines and those of the model [px^2].
    background : float
        Variance of a bin of a fibre without a target, noise of the sky model included; median over wavelength [e-^2].
    from_faintest : bool
        There were no sky fibres: the faintest half of the fibres was taken.
    reason : str
        What the reader should know; why there is no sky where all is NaN.
    """

    spectra: Spectra
    sky_model: npt.NDArray[np.float32]
    used: BoolArray
    chi2_per_dof: float
    mean_residual: float
    line_shift: FloatArray
    line_broadening: FloatArray
    background: float
    from_faintest: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _SkySpline:
    """The sky as polynomials between knots: row coordinate of a reference fibre -> flux density."""

    start: float
    pieces: npt.NDArray[np.float32]  # (nk - 3, 4), rising powers of the distance behind the knot [steps]
    variance: npt.NDArray[np.float32]  # (nk - 3,), infinite where no sample reaches
    lines: BoolArray
    quiet: FloatImage  # 1 where there is sky and no line, else 0
    level: FloatArray


def subtract_sky(spectra: Spectra, sky_fibers: BoolArray, good: BoolArray | None = None) -> SkySubtracted:
    """Model the sky from the sky fibres and subtract it from all fibres.

    A cubic B-spline with a knot at every row is fitted by least squares to the samples of all sky fibres, each at its
    own wavelength, so that nothing is resampled and the fibres' different sub-pixel phases sharpen the model. Weights
    come from the model (read noise and Poisson noise of the sky), outliers are rejected against it. How far the lines
    of a fibre are shifted and broadened against the model is fitted for each fibre, linear in wavelength, through the
    model's first and second derivative (a Gaussian of a slightly different variance differs by half of that times
    its second derivative).

    Parameters
    ----------
    spectra : Spectra
        After the fibre flat, shape (nf, ny).
    sky_fibers : ndarray of bool, shape (nf,)
        Fibres that see sky only; dark ones and those on a star are found and left out.
    good : ndarray of bool, shape (nf,), optional
        Fibres that bring light; others are never used.

    Returns
    -------
    SkySubtracted

    Raises
    ------
    ValueError
        Where the masks do not have one element for each fibre.
    """
    nf, _ = spectra.shape
    working = np.ones(nf, dtype=bool) if good is None else good
    solved = np.isfinite(spectra.wavelength[:, [0, -1]]).all(axis=1)
    if sky_fibers.shape != (nf,) or working.shape != (nf,):
        msg = f"sky fibres {sky_fibers.shape} and good fibres {working.shape} for spectra of {nf} fibres"
        raise ValueError(msg)
    used, notes = _choose(spectra, sky_fibers, working & solved)
    from_faintest = bool(used.any()) and not bool((used & sky_fibers).any())
    if not used.any():
        return _nothing(spectra, "; ".join(notes))
    gains = np.empty((nf, (spectra.shape[1] + BLOCK - 1) // BLOCK), dtype=np.float32)
    poisson_gains(spectra.flux, spectra.ivar, spectra.read_variance, spectra.dispersion, gains)
    reference = np.ascontiguousarray(spectra.wavelength[np.flatnonzero(used)[used.sum() // 2]])
    spline = _fit(_subset(spectra, used), gains[used], reference)
    subtracted, model, terms = _subtracted(spectra, gains, used, reference, spline)
    normalized = subtracted.flux[used] * np.sqrt(subtracted.ivar[used])
    kept = (subtracted.ivar[used] > 0) & (np.abs(normalized) < _CLIP)
    mean = float(np.mean(normalized[kept], dtype=np.float64)) if kept.any() else math.nan
    chi2 = float(np.mean(normalized[kept] ** 2, dtype=np.float64)) if kept.any() else math.nan
    return SkySubtracted(
        subtracted, model, used, chi2, mean, -terms[:, 0], terms[:, 2].copy(),
        _background(subtracted, used, spline), from_faintest, "; ".join(notes),
    )  # fmt: skip


def _background(subtracted: Spectra, used: BoolArray, spline: _SkySpline) -> float:
    """Return the median variance of a bin of a fibre that sees the sky only and did not make the model [e-^2]."""
    ivar, disp = subtracted.ivar[used, ::4], subtracted.dispersion[used, ::4]
    known = ivar > 0
    if not known.any():
        return math.nan
    # The fibres that made the model have its noise taken off; a target has it added.
    model = 2.0 * float(np.median(spline.variance[np.isfinite(spline.variance)]))
    return float(np.median((1.0 / ivar[known] + model) * disp[known] ** 2))


def _nothing(spectra: Spectra, reason: str) -> SkySubtracted:
    nf, _ = spectra.shape
    nan = np.full(nf, np.nan)
    empty = replace(
        spectra, ivar=np.zeros_like(spectra.ivar), mask=np.where(spectra.mask != 0, spectra.mask, np.uint8(BAD))
    )
    model = np.full(spectra.flux.shape, np.nan, dtype=np.float32)
    return SkySubtracted(
        empty, model, np.zeros(nf, dtype=bool), math.nan, math.nan, nan, nan.copy(), math.nan, False, reason
    )


def _subset(spectra: Spectra, chosen: BoolArray) -> Spectra:
    return Spectra(
        spectra.flux[chosen], spectra.ivar[chosen], spectra.wavelength[chosen], spectra.dispersion[chosen],
        spectra.mask[chosen], spectra.read_variance[chosen],
    )  # fmt: skip


def _levels(spectra: Spectra, chosen: npt.NDArray[np.intp]) -> FloatArray:
    """Return the median flux of some fibres [e-/Angstrom], NaN for those without samples."""
    flux, known = spectra.flux[chosen, ::4], spectra.ivar[chosen, ::4] > 0
    return np.array(
        [np.median(f[k]) if k.any() else np.nan for f, k in zip(flux, known, strict=True)], dtype=np.float64
    )


def _choose(spectra: Spectra, sky_fibers: BoolArray, good: BoolArray) -> tuple[BoolArray, list[str]]:
    """Return which fibres the sky is taken from, and what is to be said of it."""
    used = np.zeros(sky_fibers.size, dtype=bool)
    chosen = np.flatnonzero(sky_fibers & good)
    notes = []
    if chosen.size >= 2:
        level = _levels(spectra, chosen)
        middle = np.nanmedian(level) if np.isfinite(level).any() else np.nan
        spread = 1.4826 * np.nanmedian(np.abs(level - middle)) if np.isfinite(middle) else np.nan
        with np.errstate(invalid="ignore"):
            odd = ~(np.abs(level - middle) <= max(6.0 * spread, _ODD_FIBER * abs(middle)))
        if chosen.size - odd.sum() >= 2:
            if odd.any():
                notes.append(f"{int(odd.sum())} of {chosen.size} sky fibres do not look like sky: left out")
            used[chosen[~odd]] = True
            return used, notes
    candidates = np.flatnonzero(good & (spectra.ivar > 0).any(axis=1))
    if candidates.size < 2:
        return used, ["no sky: fewer than two fibres bring light"]
    n = int(chosen.size)
    notes.append(f"{n or 'no'} usable sky fibre{'' if n == 1 else 's'}: sky from the faintest half of all fibres")
    level = _levels(spectra, candidates)
    used[candidates[np.argsort(level, kind="stable")[: max(candidates.size // 2, 2)]]] = True
    return used, notes


def _subtracted(
    spectra: Spectra, gains: FloatImage, used: BoolArray, reference: FloatArray, spline: _SkySpline
) -> tuple[Spectra, FloatImage, FloatArray]:
    """Return spectra without sky, the sky, shape (nf, ny), and the terms of each fibre's lines (nf, 4)."""
    flux, ivar, model = (np.empty(spectra.shape, dtype=np.float32) for _ in range(3))
    mask, terms = np.empty(spectra.shape, dtype=np.uint8), np.zeros((spectra.shape[0], 4))
    subtract(
        spectra.flux, spectra.ivar, spectra.wavelength, spectra.read_variance, spectra.mask, gains, used, reference,
        spline.start, STEP, spline.pieces, spline.variance, spline.lines, spline.quiet, terms, flux, ivar, mask, model,
    )  # fmt: skip
    return replace(spectra, flux=flux, ivar=ivar, mask=mask), model, terms


def _fit(sky: Spectra, gains: FloatImage, reference: FloatArray) -> _SkySpline:
    """Fit the spline to the sky fibres."""
    u = np.empty(sky.shape)
    coordinates(sky.wavelength, reference, u)
    # A cell more at either end, for what lies beyond.
    start, high = math.floor(float(u.min())) - 1.0, float(u.max()) + 1.0
    nk = knots_for(start, high, STEP)
    weight = np.zeros_like(sky.read_variance)
    np.divide(np.float32(1.0), sky.read_variance, out=weight, where=(sky.ivar > 0) & (sky.read_variance > 0))
    level = _continuum(u, sky.flux, weight, start, high, nk - 3)
    weigh(u, sky.ivar, sky.read_variance, gains, start, STEP, level, weight)
    coefficients, inverse = _solution(u, sky.flux, weight, start, STEP, nk)
    everything = np.ones(sky.shape[0], dtype=np.bool_)
    for _ in range(_ROUNDS if sky.shape[0] > _FEW else _ROUNDS + 2):
        spline = _spline(start, coefficients, inverse, _coverage(u, weight, start, nk - 3))
        left, _, _ = _subtracted(sky, gains, everything, reference, spline)
        weigh(u, sky.ivar, sky.read_variance, gains, start, STEP, _weighing_level(spline), weight)
        reject(u, left.flux, start, STEP, _CLIP, np.zeros(nk - 3), weight)
        # What is left after shift and broadening of each fibre improves the model, which is linear.
        correction, inverse = _solution(u, left.flux, weight, start, STEP, nk, coefficients)
        coefficients = coefficients + correction
    return _spline(start, coefficients, inverse, _coverage(u, weight, start, nk - 3))


def _solution(
    u: FloatArray,
    data: FloatImage,
    weight: FloatImage,
    start: float,
    step: float,
    nk: int,
    before: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return coefficients (nk,) and the band of their covariance (nk, 4) of the spline through `data`."""
    band, right = np.zeros((nk, 4)), np.zeros(nk)
    accumulate(u.ravel(), data.ravel(), weight.ravel(), start, step, band, right)
    return solve(band, right, before)


def _continuum(
    u: FloatArray, flux: FloatImage, weight: FloatImage, start: float, high: float, ncell: int
) -> FloatImage:
    """Return a spline too coarse for lines at the middle of each cell: enough for the first weights, shape (ncell,)."""
    some = np.s_[:, ::4]  # more than enough for a knot every 32 rows
    nk = max(knots_for(start, high, _COARSE), 4)
    coefficients, inverse = _solution(u[some], flux[some], weight[some], start, _COARSE, nk)
    level, unused = np.empty(ncell), np.empty(ncell)
    evaluate(start + (np.arange(ncell) + 0.5) * STEP, start, _COARSE, coefficients, inverse, level, unused)
    return level.astype(np.float32)


def _coverage(u: FloatArray, weight: FloatImage, start: float, ncell: int) -> BoolArray:
    """Whether a sample with weight lies in a cell between two knots or in one beside it, shape (ncell,)."""
    cells = np.clip(((u[weight > 0] - start) / STEP).astype(np.int64), 0, ncell - 1)
    hit = np.bincount(cells, minlength=ncell) > 0
    return np.asarray(binary_dilation(hit), dtype=np.bool_)


def _spline(start: float, c: FloatArray, inverse: FloatArray, covered: BoolArray) -> _SkySpline:
    """Turn B-spline coefficients into polynomials, and say where the sky has lines."""
    c0, c1, c2, c3 = c[:-3], c[1:-2], c[2:-1], c[3:]
    pieces = np.stack(
        [(c0 + 4 * c1 + c2) / 6, (c2 - c0) / 2, (c0 - 2 * c1 + c2) / 2, (c3 - 3 * c2 + 3 * c1 - c0) / 6], axis=1
    )
    n = pieces.shape[0]
    level, variance = np.empty(2 * n), np.empty(2 * n)
    quarter = start + (np.arange(2 * n) + 0.5) * STEP / 2
    evaluate(quarter, start, STEP, c, inverse, level, variance)
    level, variance = level.reshape(n, 2).mean(axis=1), variance.reshape(n, 2).mean(axis=1)
    with np.errstate(invalid="ignore"):
        lines = np.abs(level - median_filter(level, _BASELINE)) > _SIGNIFICANT * np.sqrt(variance)
    lines = binary_dilation(lines, iterations=_WING)
    # The first and the last cell take what lies beyond the model.
    covered[[0, -1]] = False
    pieces[~covered] = 0.0
    variance[~covered] = np.inf
    lines &= covered
    quiet = (covered & ~lines).astype(np.float32)
    return _SkySpline(start, pieces.astype(np.float32), variance.astype(np.float32), lines, quiet, level)


def _weighing_level(spline: _SkySpline) -> FloatImage:
    """Return the sky for the weights, shape (ncell,): smoothed between lines, so that they do not follow the noise."""
    smooth = median_filter(spline.level, 11)
    return np.where(spline.lines, spline.level, smooth).astype(np.float32)
