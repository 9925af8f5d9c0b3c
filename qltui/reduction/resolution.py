"""Widths of the lines of an arc along the dispersion: the resolution of each fibre."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numpy.polynomial.legendre import legval, legvander

from qltui.reduction.profiles import pixel_gaussian
from qltui.reduction.spectra import Spectra
from qltui.reduction.widths import fit_gaussians

__all__ = ["ArcFit", "arc_line_widths"]

FloatArray = npt.NDArray[np.float64]

_HALF: Final = 4
"""Rows on either side of a line that are fitted."""
_MOST_LINES: Final = 24
_SIGNIFICANT: Final = 12.0
"""Signal to noise that a line needs."""
_OFF: Final = 2.5
"""A line farther than this from its place is another line [px]."""
_UGLY: Final = 0.005
"""Of a line's peak that a fit may leave beyond the noise."""
_DEGREE: Final = 2
_LEAST_LINES: Final = 3
_FLOOR: Final = 0.01
"""Error that no width is better than: lines are not quite Gaussian [px]."""
_CLIP: Final = 5.0
_PLAUSIBLE: Final = (0.4, 4.0)
"""Widths of a spectrograph that works [px]."""


@dataclass(frozen=True, slots=True)
class ArcFit:
    """Widths of arc lines, and their smooth run with wavelength.

    Attributes
    ----------
    ysigma_coeff : ndarray of float64, shape (nf, 3)
        Legendre coefficients of the Gaussian sigma along the dispersion [px], in
        ``u = 2 (wavelength - wavemin) / (wavemax - wavemin) - 1``; NaN for fibres that are not good.
    good : ndarray of bool, shape (nf,)
        Fibres whose widths could be fitted and are those of a spectrograph that works; their number is CHECKARC.
    wavemin, wavemax : float
        [Angstrom].
    lines : ndarray of float64, shape (nl,)
        Wavelengths of the lines that were fitted [Angstrom].
    sigma : ndarray of float64, shape (nf, nl)
        Of each line [px]; NaN where it could not be measured. Pixel integration is taken out.
    offset : ndarray of float64, shape (nf, nl)
        Of each line from where the wavelength solution puts it [px].
    median_sigma : float
        Over fibres and lines [px].
    outliers : tuple of int
        Fibres more than two standard deviations from the median, for each coefficient.
    reason : str
        What the reader should know; why there is no fit.
    """

    ysigma_coeff: FloatArray
    good: npt.NDArray[np.bool_]
    wavemin: float
    wavemax: float
    lines: FloatArray
    sigma: FloatArray
    offset: FloatArray
    median_sigma: float
    outliers: tuple[int, int, int]
    reason: str = ""


def arc_line_widths(
    spectra: Spectra, lines: npt.ArrayLike, wavemin: float | None = None, wavemax: float | None = None
) -> ArcFit:
    """Fit the widths of arc lines in every fibre, and a quadratic in wavelength through them.

    A pixel-integrated Gaussian on a constant background is fitted to the electrons of nine rows around each line.
    Lines without a signal to noise of 12 or with a masked row are left out, and so are those far from the smooth run
    of their fibre. A fibre is good with at least three lines, at least half as many as its neighbours, and a
    plausible width over the whole range. (The reference drops a fibre when one of its lines fails.)

    Parameters
    ----------
    spectra : Spectra
        Of an arc lamp, shape (nf, ny).
    lines : array_like, shape (n,)
        Wavelengths of isolated lines [Angstrom]; the 24 brightest that all fibres show are used.
    wavemin, wavemax : float, optional
        Range of the series [Angstrom]; the wavelengths of all fibres where not given.

    Returns
    -------
    ArcFit
    """
    nf, _ = spectra.shape
    finite = spectra.wavelength[np.isfinite(spectra.wavelength).all(axis=1)]
    if not finite.size:
        return _nothing(nf, math.nan, math.nan, "no fibre has a wavelength solution")
    low = float(finite.min()) if wavemin is None else wavemin
    high = float(finite.max()) if wavemax is None else wavemax
    wavelengths = np.asarray(lines, dtype=np.float64)
    rows = _rows(spectra, wavelengths)
    windows, known = _windows(spectra, rows)
    chosen = _brightest(windows, known)
    if not chosen.size:
        return _nothing(nf, low, high, "no line of the list is bright, unmasked and on the detector")
    wavelengths, rows = wavelengths[chosen], rows[:, chosen]
    sigma, offset, error = _fit_lines(windows[:, chosen], known[:, chosen], rows)
    u = 2.0 * (wavelengths - low) / (high - low) - 1.0
    coefficients = np.array([_series(u, sigma[f], error[f]) for f in range(nf)])
    good = _good(coefficients, sigma)
    coefficients[~good] = np.nan
    measured = np.isfinite(sigma)
    median = float(np.median(sigma[measured])) if measured.any() else math.nan
    reason = "" if good.any() else "no fibre shows enough lines"
    return ArcFit(
        coefficients, good, low, high, wavelengths, sigma, offset, median, _outliers(coefficients[good]), reason
    )  # fmt: skip


def _nothing(nf: int, low: float, high: float, reason: str) -> ArcFit:
    empty = np.empty((nf, 0))
    return ArcFit(
        np.full((nf, _DEGREE + 1), np.nan), np.zeros(nf, dtype=bool), low, high, np.empty(0), empty, empty.copy(),
        math.nan, (0, 0, 0), reason,
    )  # fmt: skip


def _rows(spectra: Spectra, wavelengths: FloatArray) -> FloatArray:
    """Return the row of each line in each fibre, shape (nf, n); NaN beside the detector."""
    rows = np.full((spectra.shape[0], wavelengths.size), np.nan)
    index = np.arange(spectra.shape[1], dtype=np.float64)
    for f in range(spectra.shape[0]):
        if np.isfinite(spectra.wavelength[f, [0, -1]]).all():
            rows[f] = np.interp(wavelengths, spectra.wavelength[f], index, left=np.nan, right=np.nan)
    return rows


def _windows(spectra: Spectra, rows: FloatArray) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return the electrons of the rows around each line, shape (nf, n, 9), and whether all of them are known."""
    nf, ny = spectra.shape
    inside = np.isfinite(rows) & (rows >= _HALF) & (rows <= ny - 1 - _HALF)
    centre = np.rint(np.where(inside, rows, _HALF)).astype(np.int64)
    index = centre[:, :, None] + np.arange(-_HALF, _HALF + 1)
    fiber = np.arange(nf)[:, None, None]
    electrons = (spectra.flux * spectra.dispersion)[fiber, index].astype(np.float64)
    known = inside & (spectra.ivar[fiber, index] > 0).all(axis=2)
    return electrons, known


def _brightest(windows: FloatArray, known: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Return the lines to fit, in order: seen by most fibres, and the brightest of them."""
    area = np.where(known, windows.sum(axis=2) - windows.shape[2] * windows.min(axis=2), np.nan)
    lit = known & (np.nan_to_num(area) > 0)
    area[:, ~lit.any(axis=0)] = 0.0
    typical = np.nanmedian(area, axis=0) if area.size else np.empty(0)
    seen = lit.sum(axis=0) > 0.3 * known.shape[0]
    order = np.argsort(-np.where(seen, typical, -1.0), kind="stable")[:_MOST_LINES]
    return np.sort(order[seen[order]])


def _fit_lines(
    windows: FloatArray, known: npt.NDArray[np.bool_], rows: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return sigma, offset and error of sigma [px] of each line, shape (nf, nl); NaN where there is no line."""
    size = windows.shape[2]
    faintest = np.sort(windows, axis=2)[:, :, :4]
    background = faintest.mean(axis=2)
    area = np.maximum(windows.sum(axis=2) - size * background, 1.0)
    # The spread of the faintest rows stands for the read noise; what is in the line adds its own.
    noise = np.sqrt(np.abs(windows.sum(axis=2)) + size * faintest.var(axis=2))
    worth = known & (area > _SIGNIFICANT * noise)
    sigma, offset, error = (np.full(worth.shape, np.nan) for _ in range(3))
    if not worth.any():
        return sigma, offset, error
    data = windows[worth]
    start = np.column_stack([area[worth], np.argmax(data, axis=1), np.full(len(data), 1.1), background[worth]])
    p, good = fit_gaussians(data, start)
    place = p[:, 1] - _HALF + np.rint(rows[worth]) - rows[worth]
    good &= (p[:, 0] > _SIGNIFICANT * noise[worth]) & (np.abs(place) < _OFF)
    good &= (p[:, 2] > 0.3) & (p[:, 2] < 0.5 * size)
    # A neighbour that looks into the window makes a line something else than a Gaussian on a constant.
    shape = p[:, :1] * pixel_gaussian(np.arange(size) - p[:, 1:2], p[:, 2:3]) + p[:, 3:]
    rest = np.sqrt(np.mean((data - shape) ** 2, axis=1))
    good &= rest < _UGLY * p[:, 0] / p[:, 2] + 0.6 * noise[worth]
    index = tuple(axis[good] for axis in np.nonzero(worth))
    sigma[index], offset[index] = p[good, 2], place[good]
    error[index] = np.hypot(_FLOOR, p[good, 2] * noise[index] / p[good, 0])
    return sigma, offset, error


def _series(u: FloatArray, sigma: FloatArray, error: FloatArray) -> FloatArray:
    """Return the Legendre coefficients (3,) of one fibre's widths, of the degree that its lines determine; or NaN."""
    result = np.full(_DEGREE + 1, np.nan)
    kept = np.isfinite(sigma)
    for _ in range(3):
        if kept.sum() < _LEAST_LINES:
            return result
        span = float(np.ptp(u[kept])) / 2.0
        # Lines in one corner of the range say nothing of the other.
        degree = min(2 if span > 0.6 else 1 if span > 0.3 else 0, int(kept.sum()) - 2)
        design = legvander(u[kept], degree) / error[kept, None]
        c = np.linalg.lstsq(design, sigma[kept] / error[kept], rcond=None)[0]
        off = np.abs(sigma - legval(u, c))
        spread = 1.4826 * float(np.median(off[kept])) + _FLOOR
        outlier = kept & ~(off <= _CLIP * spread)
        result = np.zeros(_DEGREE + 1)
        result[: c.size] = c
        if not outlier.any():
            break
        kept &= ~outlier
    return result


def _good(coefficients: FloatArray, sigma: FloatArray) -> npt.NDArray[np.bool_]:
    """Return which fibres are good, shape (nf,)."""
    fitted = np.isfinite(coefficients).all(axis=1)
    if not fitted.any():
        return np.zeros(fitted.shape, dtype=np.bool_)
    count = np.isfinite(sigma).sum(axis=1)
    enough = count >= 0.5 * np.median(count[fitted])
    run: Any = legval(np.linspace(-1.0, 1.0, 11), np.nan_to_num(coefficients).T)
    plausible = (run > _PLAUSIBLE[0]).all(axis=1) & (run < _PLAUSIBLE[1]).all(axis=1)
    return np.asarray(fitted & enough & plausible, dtype=np.bool_)


def _outliers(coefficients: FloatArray) -> tuple[int, int, int]:
    """Return how many fibres are more than two standard deviations from the median, for each coefficient."""
    if not coefficients.size:
        return 0, 0, 0
    off = np.abs(coefficients - np.median(coefficients, axis=0))
    count = (off > 2.0 * np.sqrt(np.mean(off**2, axis=0))).sum(axis=0)
    return int(count[0]), int(count[1]), int(count[2])
