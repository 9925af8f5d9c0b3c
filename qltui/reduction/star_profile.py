"""Width at half maximum of the stars' profile: Moffat functions whose wings are learnt from all stars together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from qltui.reduction.star_shapes import Shapes

__all__ = ["StarProfile", "measure_profile"]

FloatArray = npt.NDArray[np.float64]
_REACH = 0.8
"""How far out a star is fitted, in units of its size: down to some percent of its height. Real wings are no Moffat
function's, and would pull the width where it matters, at 0.5, if they were fitted too."""
_SKY_INSIDE, _SKY_OUTSIDE = 2.5, 4.0
"""The ring in which the light between the stars is measured, in units of their size."""
_SKY_SAMPLES = 400
_RING_REACH = 2.2
"""How far out rings and trails are followed."""
_SMALLEST, _LARGEST = 0.004, 0.7
"""Range of 1 / beta: 0 is a Gaussian, turbulence gives 0.2 to 0.4."""
_SHARED_ITERATIONS = 8
_SHARED_STARS = 60
"""The brightest so many tell the exponent."""
_OWN_ITERATIONS = 6
_MODEL_ERROR = 0.02
"""No profile is exactly a Moffat function: what is allowed for, in units of its height at each pixel."""
_CLIP = 6.0
_USED = 0.8
"""Least share of a star's pixels that the function must be near to."""
_RING = 8.0
"""Stars wider than this [px] may be rings or trails; narrower ones that no Moffat function fits are no stars."""
_NO_MASK = np.zeros((1, 1), dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class StarProfile:
    """How wide the stars are.

    Attributes
    ----------
    fwhm : float
        Median of the stars: width at half maximum of the light that falls on the CCD, before the pixels integrate it;
        geometric mean of the two axes [px]. NaN where no star could be fitted.
    fwhm_recorded : float
        The same for the light that the pixels have recorded, which is wider: what SExtractor's FWHM_IMAGE means [px].
    error : float
        Of `fwhm`, from the scatter of the stars [px]; NaN for fewer than 3.
    beta : float
        Exponent of the Moffat function, the same for all stars; 250 stands for a Gaussian. NaN for stars that are
        rings or trails, and were measured without a model.
    stars : ndarray of float64, shape (n,)
        Width of each star, before the pixels [px]; NaN where it could not be fitted.
    number : int
        How many could.
    """

    fwhm: float
    fwhm_recorded: float
    error: float
    beta: float
    stars: FloatArray
    number: int


@njit(cache=True, nogil=True, error_model="numpy")
def _scale(fwhm: float, inverse_beta: float) -> float:
    """Return by what a squared radius is multiplied in a Moffat function of this width [1/px^2]."""
    return float(4.0 * (2.0**inverse_beta - 1.0) / (fwhm * fwhm))


@njit(cache=True, nogil=True, error_model="numpy")
def _height(u: float, slope: float, curve: float, k: float, beta: float) -> float:
    """Return the height of a Moffat function integrated over a pixel, 1 at its centre before that.

    `u` is the squared elliptical radius, `slope` its squared gradient and `curve` its Laplacian [in px]. The mean over
    a pixel is the value, 1/24 of its Laplacian, and a small term of fourth order, taken as for a round star.
    """
    base = 1.0 / (1.0 + k * u)
    value = base**beta
    first = -beta * k * base * value
    second = -(beta + 1.0) * k * base * first
    third = -(beta + 2.0) * k * base * second
    fourth = -(beta + 3.0) * k * base * third
    fine = 16.0 * (u * u * fourth + 4.0 * u * third + 2.0 * second)
    return float(value + (first * curve + second * slope) / 24.0 + 6.08e-4 * fine)


@njit(cache=True, nogil=True, error_model="numpy")
def _star_sums(
    image: Any, mask: Any, star: Any, fwhm: float, inverse_beta: float, noise2: float, per_flux: float, fit: Any,
    both: bool,
) -> None:  # fmt: skip
    """Add up what a step of a fit needs of one star.

    `star` holds x, y, the two diagonal terms and the other one of the ellipse of unit area, its reach and width [px]
    and the sky around it;
    `fit` has, on entry, the amplitude of the last step (0 at the first), and is filled with the new amplitude, the
    gradient and the matrix of ln(fwhm) and 1 / beta after the amplitude is eliminated, and the share of pixels used.
    """
    ny, nx = image.shape
    x, y, a, b, c, reach = star[0], star[1], star[2], star[3], star[4], star[5]
    amplitude = fit[0]
    sky = star[7]
    step = 1e-4
    beta, beta2 = 1.0 / inverse_beta, 1.0 / (inverse_beta + step)
    scale, scale1 = _scale(fwhm, inverse_beta), _scale(fwhm * (1.0 + step), inverse_beta)
    scale2 = _scale(fwhm, inverse_beta + step)
    ff = fd = f1 = f2 = d1 = d2 = s11 = s12 = s22 = 0.0
    n = inside = 0
    half_x = reach * math.sqrt(b)
    half_y = reach * math.sqrt(a)
    for j in range(max(math.ceil(y - half_y), 0), min(math.floor(y + half_y), ny - 1) + 1):
        dy = j - y
        for i in range(max(math.ceil(x - half_x), 0), min(math.floor(x + half_x), nx - 1) + 1):
            dx = i - x
            px, py = a * dx + c * dy, c * dx + b * dy
            u = px * dx + py * dy
            if u > reach * reach or (mask.size > 1 and mask[j, i] != 0):
                continue
            inside += 1
            slope, curve = 4.0 * (px * px + py * py), 2.0 * (a + b)
            f = _height(u, slope, curve, scale, beta)
            model = amplitude * f
            variance = noise2 + model * per_flux + (_MODEL_ERROR * model) ** 2
            value = image[j, i] - sky
            if amplitude > 0.0 and (value - model) ** 2 > _CLIP * _CLIP * variance:
                continue
            g1 = (_height(u, slope, curve, scale1, beta) - f) / step
            g2 = (_height(u, slope, curve, scale2, beta2) - f) / step if both else 0.0
            w = 1.0 / variance
            n += 1
            ff += w * f * f
            fd += w * f * value
            f1 += w * f * g1
            f2 += w * f * g2
            d1 += w * value * g1
            d2 += w * value * g2
            s11 += w * g1 * g1
            s12 += w * g1 * g2
            s22 += w * g2 * g2
    fit[0] = fd / ff if n > 6 else math.nan
    if not fit[0] > 0.0:
        fit[0] = math.nan
        return
    fit[1] = fit[0] * (d1 - fit[0] * f1)
    fit[2] = fit[0] * (d2 - fit[0] * f2)
    fit[3] = fit[0] ** 2 * (s11 - f1 * f1 / ff)
    fit[4] = fit[0] ** 2 * (s12 - f1 * f2 / ff)
    fit[5] = fit[0] ** 2 * (s22 - f2 * f2 / ff)
    fit[6] = n / inside


@njit(cache=True, nogil=True, error_model="numpy")
def _skies(image: Any, mask: Any, stars: Any) -> None:
    """Fill in the median of a ring around each star: halos of bright stars are not part of the background's mesh."""
    ny, nx = image.shape
    values = np.empty(2 * _SKY_SAMPLES, dtype=np.float32)
    for k in range(stars.shape[0]):
        x, y, size = stars[k, 0], stars[k, 1], stars[k, 6]
        inner, outer = (_SKY_INSIDE * size) ** 2, (_SKY_OUTSIDE * size) ** 2
        reach = _SKY_OUTSIDE * size
        every = max(int(math.pi * (outer - inner) / _SKY_SAMPLES), 1)
        seen = n = 0
        for j in range(max(math.ceil(y - reach), 0), min(math.floor(y + reach), ny - 1) + 1):
            for i in range(max(math.ceil(x - reach), 0), min(math.floor(x + reach), nx - 1) + 1):
                radius2 = (i - x) ** 2 + (j - y) ** 2
                if radius2 < inner or radius2 > outer or (mask.size > 1 and mask[j, i] != 0):
                    continue
                seen += 1
                if seen % every == 0 and n < values.size:
                    values[n] = image[j, i]
                    n += 1
        stars[k, 7] = np.median(values[:n]) if n > 20 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _shared_profile(image: Any, mask: Any, stars: Any, noise2: float, per_flux: float, shared: Any) -> int:
    """Fit one width, in units of each star's size, and one exponent to all stars; return how many could be used.

    `shared` (scale, 1 / beta) is changed.

    Each star counts as much as its light tells, up to where the model's own error rules.
    """
    n = stars.shape[0]
    fits = np.zeros((n, 7), dtype=np.float64)
    for _ in range(_SHARED_ITERATIONS):
        g1 = g2 = m11 = m12 = m22 = 0.0
        used = 0
        for k in range(n):
            _star_sums(image, mask, stars[k], shared[0] * stars[k, 6], shared[1], noise2, per_flux, fits[k], True)
            if not fits[k, 0] > 0.0:
                fits[k, 0] = 0.0
                continue
            used += 1
            weight = 1.0 / max(1.0, fits[k, 3] / 4e4)
            g1 += weight * fits[k, 1]
            g2 += weight * fits[k, 2]
            m11 += weight * fits[k, 3]
            m12 += weight * fits[k, 4]
            m22 += weight * fits[k, 5]
        if m11 <= 0.0:
            return 0
        m22 += 1e-3 * m11
        determinant = m11 * m22 - m12 * m12
        grow = (m22 * g1 - m12 * g2) / determinant
        turn = (m11 * g2 - m12 * g1) / determinant
        turn = min(max(turn, -0.15), 0.15)
        turned = min(max(shared[1] + turn, _SMALLEST), _LARGEST)
        if turned != shared[1] + turn:  # at the end of its range the exponent stands still, and the width alone moves
            grow = (g1 - m12 * (turned - shared[1])) / m11
        shared[0] *= math.exp(min(max(grow, -0.3), 0.3))
        done = abs(grow) < 1e-4 and abs(turned - shared[1]) < 1e-3
        shared[1] = turned
        if done:
            break
    return used


@njit(cache=True, nogil=True, error_model="numpy")
def _own_widths(image: Any, mask: Any, stars: Any, noise2: float, per_flux: float, shared: Any, widths: Any) -> None:
    """Fit the width of each star with the exponent that all share; NaN where that does not settle."""
    fit = np.zeros(7, dtype=np.float64)
    for k in range(stars.shape[0]):
        fwhm = shared[0] * stars[k, 6]
        start = fwhm
        fit[0] = 0.0
        settled = False
        for _ in range(_OWN_ITERATIONS):
            _star_sums(image, mask, stars[k], fwhm, shared[1], noise2, per_flux, fit, False)
            if not (fit[0] > 0.0 and fit[3] > 0.0):
                break
            change = min(max(fit[1] / fit[3], -0.3), 0.3)
            fwhm *= math.exp(change)
            settled = abs(change) < 2e-3
            if settled:
                break
        settled = settled and fit[6] > _USED
        widths[k] = fwhm if settled and 0.3 * start < fwhm < 3.0 * start else math.nan


@njit(cache=True, nogil=True, error_model="numpy")
def _radial_widths(image: Any, mask: Any, stars: Any, widths: Any) -> None:
    """Measure twice the elliptical radius at which the profile of each star falls for the last time below half."""
    ny, nx = image.shape
    for k in range(stars.shape[0]):
        x, y, a, b, c = stars[k, 0], stars[k, 1], stars[k, 2], stars[k, 3], stars[k, 4]
        reach = _RING_REACH * stars[k, 6]
        light = np.zeros(int(reach) + 1, dtype=np.float64)
        number = np.zeros(int(reach) + 1, dtype=np.float64)
        half_x = reach * math.sqrt(b)
        half_y = reach * math.sqrt(a)
        for j in range(max(math.ceil(y - half_y), 0), min(math.floor(y + half_y), ny - 1) + 1):
            dy = j - y
            for i in range(max(math.ceil(x - half_x), 0), min(math.floor(x + half_x), nx - 1) + 1):
                dx = i - x
                radius = int(math.sqrt(a * dx * dx + b * dy * dy + 2.0 * c * dx * dy))
                if radius < light.size and (mask.size == 1 or mask[j, i] == 0):
                    light[radius] += image[j, i]
                    number[radius] += 1.0
        for i in range(light.size):
            light[i] = light[i] / number[i] if number[i] > 0.0 else 0.0
        half = 0.5 * light.max()
        last = light.size - 1
        while last > 0 and light[last] < half:
            last -= 1
        if half <= 0.0 or last == light.size - 1:
            widths[k] = math.nan
            continue
        # A ring of one pixel holds what lies half a pixel further out than its number says.
        share = (light[last] - half) / (light[last] - light[last + 1])
        widths[k] = 2.0 * (last + 0.5 + share)


def _recorded(fwhm: float, beta: float) -> float:
    """Return the width at half maximum of a round Moffat function after its integration over pixels [px]."""

    def height(radius: float) -> float:
        return float(_height(radius * radius, 4.0 * radius * radius, 4.0, _scale(fwhm, 1.0 / beta), beta))

    half = 0.5 * height(0.0)
    low, high = 0.0, 2.0 * fwhm
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if height(middle) > half else (low, middle)
    return low + high


def measure_profile(
    image: npt.NDArray[np.float32],
    shapes: Shapes,
    rms: float,
    *,
    gain: float = math.inf,
    mask: npt.NDArray[np.uint8] | None = None,
) -> StarProfile:
    """Measure the width at half maximum of stars.

    A Moffat function, integrated over pixels, is fitted to each star: on the star's own ellipse, with its own height
    and width, and with the exponent that fits all stars best. Its half maximum follows the profile where a
    Gaussian's second moment would follow the wings. Wide stars that it does not fit at all, rings out of focus and
    trails, are measured without a model: where their profile along the radius falls for the last time below half.

    Parameters
    ----------
    image : ndarray of float32, shape (ny, nx)
        Without background.
    shapes : Shapes
        Of stars, from `qltui.reduction.star_shapes.measure_shapes`.
    rms : float
        Noise of a pixel of sky [unit of the image].
    gain : float
        [e-/unit of the image]; infinite for no noise of photons.
    mask : ndarray of uint8, shape (ny, nx), optional
        Pixels that are not 0 are left out.

    Returns
    -------
    StarProfile
    """
    size = shapes.size
    known = np.flatnonzero(np.isfinite(size) & np.isfinite(shapes.x) & np.isfinite(shapes.flux))
    widths = np.full(size.size, np.nan)
    nothing = StarProfile(math.nan, math.nan, math.nan, math.nan, widths, 0)
    if not known.size:
        return nothing
    stars = _ellipses(shapes, size, known)
    pixels = np.ascontiguousarray(image, dtype=np.float32)
    flags = _NO_MASK if mask is None else np.ascontiguousarray(mask, dtype=np.uint8)
    brightest = np.argsort(-shapes.flux[known])[:_SHARED_STARS]
    noise2, per_flux = float(rms) ** 2, 1.0 / gain
    own = np.full(known.size, np.nan)
    _skies(pixels, flags, stars)
    shared = np.array([0.92, 0.3])
    used = _shared_profile(pixels, flags, stars[brightest], noise2, per_flux, shared)
    if 2 * used >= brightest.size and np.isfinite(shared).all():
        _own_widths(pixels, flags, stars, noise2, per_flux, shared, own)
    beta = 1.0 / float(shared[1])
    model_free = 2 * np.count_nonzero(np.isfinite(own)) < known.size and np.median(stars[:, 6]) > _RING
    # Without any star where they have been fitted, so that warming up compiles it before the first ring comes.
    _radial_widths(pixels, flags, stars if model_free else stars[:0], own)
    beta = math.nan if model_free else beta
    widths[known] = own
    good = own[np.isfinite(own)]
    if not good.size:
        return nothing
    fwhm = float(np.median(good))
    spread = 1.4826 * float(np.median(np.abs(good - fwhm)))
    error = 1.2533 * spread / math.sqrt(good.size) if good.size >= 3 else math.nan
    recorded = _recorded(fwhm, beta) if math.isfinite(beta) else math.sqrt(fwhm**2 + 8.0 * math.log(2.0) / 12.0)
    return StarProfile(fwhm, recorded, error, beta, widths, int(good.size))


def _ellipses(shapes: Shapes, size: FloatArray, known: npt.NDArray[np.intp]) -> FloatArray:
    """Return x, y, ellipse of unit area, reach, width of its Gaussian and sky (0) of each star, shape (n, 8)."""
    area = size[known] ** 2
    gaussian = math.sqrt(8.0 * math.log(2.0)) * size[known]
    reach = np.maximum(_REACH * gaussian, 2.5)
    columns = (
        shapes.x[known], shapes.y[known], shapes.yy[known] / area, shapes.xx[known] / area, -shapes.xy[known] / area,
        reach, gaussian, np.zeros(known.size),
    )  # fmt: skip
    return np.ascontiguousarray(np.stack(columns, axis=1))
