"""Frames of an imager with known truth: stars integrated over pixels, painted without any function of the package."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SATURATION = 40000.0


@dataclass(frozen=True)
class StarField:
    """A detrended CCD [ADU] and what was painted.

    `x`, `y` [px] (0 is the centre of the first pixel), `flux` [ADU]; `image` float32 (ny, nx); `saturated` marks the
    pixels that were clipped.
    """

    image: np.ndarray
    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    is_star: np.ndarray
    saturated: np.ndarray
    sky: float
    noise: float


def covariance(fwhm, ellipticity=0.0, angle=0.0):
    """Return the matrix (2, 2) of an ellipse: FWHM (geometric mean of its axes) [px], ``1 - b/a``, angle [deg]."""
    ratio = 1.0 - ellipticity
    major, minor = fwhm / np.sqrt(ratio), fwhm * np.sqrt(ratio)
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turn = np.array([[c, -s], [s, c]])
    return turn @ np.diag([major**2, minor**2]) @ turn.T


def profile(radius2, beta):
    """Return the height at squared radius `radius2` in units of the FWHM; no `beta` is a Gaussian. 1 at the centre."""
    if beta is None:
        return np.exp(-4.0 * np.log(2.0) * radius2)
    return (1.0 + 4.0 * (2.0 ** (1.0 / beta) - 1.0) * radius2) ** -beta


def integrated(dx, dy, inverse, beta, order):
    """Return the mean height over pixels at offsets `dx` (nx,), `dy` (ny,): `order` points a side (Gauss-Legendre)."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    total = np.zeros((dy.size, dx.size))
    for u, wu in zip(nodes / 2, weights / 2, strict=True):
        for v, wv in zip(nodes / 2, weights / 2, strict=True):
            x, y = dx[None, :] + u, dy[:, None] + v
            radius2 = inverse[0, 0] * x * x + 2 * inverse[0, 1] * x * y + inverse[1, 1] * y * y
            total += wu * wv * profile(radius2, beta)
    return total


def add_star(image, x, y, flux, shape, beta, reach=None):
    """Add a star of total `flux` to `image`; `shape` is the matrix of `covariance`."""
    inverse = np.linalg.inv(shape)
    fwhm = np.linalg.det(shape) ** 0.25
    area = np.pi / (4 * np.log(2)) if beta is None else np.pi / (4 * (2 ** (1 / beta) - 1) * (beta - 1))
    height = flux / (area * fwhm**2)
    long = np.sqrt(np.linalg.eigvalsh(shape)[1])
    # As far as a Moffat function's wings are brighter than 0.01 ADU.
    far = 3.0 if beta is None else np.clip(0.5 * (max(height, 0.01) / 0.01) ** (0.5 / beta), 2.0, 9.0)
    wide = reach or int(np.ceil(far * long))
    for size, order in ((wide, 2), (min(wide, int(np.ceil(1.5 * long)) + 1), 5)):
        x0, x1 = max(int(x) - size, 0), min(int(x) + size + 1, image.shape[1])
        y0, y1 = max(int(y) - size, 0), min(int(y) + size + 1, image.shape[0])
        if x0 >= x1 or y0 >= y1:
            continue
        light = height * integrated(np.arange(x0, x1) - x, np.arange(y0, y1) - y, inverse, beta, order)
        if size == wide:
            stamp, place = light, (slice(y0, y1), slice(x0, x1))
        else:
            stamp[y0 - place[0].start : y1 - place[0].start, x0 - place[1].start : x1 - place[1].start] = light
    image[place] += stamp


def add_ring(image, x, y, flux, outer, inner):
    """Add the ring of a star far out of focus, radii [px]."""
    reach = int(outer) + 2
    rows, columns = np.mgrid[int(y) - reach : int(y) + reach + 1, int(x) - reach : int(x) + reach + 1]
    fine = (np.arange(5) - 2) / 5
    light = np.zeros(rows.shape)
    for u in fine:
        for v in fine:
            radius = np.hypot(columns + u - x, rows + v - y)
            light += (radius < outer) & (radius > inner)
    light *= flux / light.sum()
    inside = (rows >= 0) & (rows < image.shape[0]) & (columns >= 0) & (columns < image.shape[1])
    image[rows[inside], columns[inside]] += light[inside]


def make_field(
    shape=(1024, 1024), *, stars=300, galaxies=100, fwhm=4.0, beta=3.0, ellipticity=0.0, angle=0.0, sky=400.0,
    gain=4.0, read_noise=6.0, seed=0, bright=0, cosmics=0, faintest=300.0, slope=0.7, ring=None, spacing=0.0,
):  # fmt: skip
    """Return a field; magnitudes spread as real ones do (numbers fall as ``flux ** -slope``), galaxies are larger."""
    rng = np.random.default_rng(seed)
    ny, nx = shape
    image = np.zeros(shape)
    n = stars + galaxies + bright
    x, y = rng.uniform(0, nx - 1, n), rng.uniform(0, ny - 1, n)
    if spacing:
        across = int(np.ceil(np.sqrt(n)))
        x = (np.arange(n) % across + 0.5) * nx / across + rng.uniform(-1, 1, n)
        y = (np.arange(n) // across + 0.5) * ny / across + rng.uniform(-1, 1, n)
    flux = np.minimum(faintest * rng.uniform(0, 1, n) ** (-1.0 / slope), 300.0 * faintest)
    is_star = np.arange(n) < stars
    flux[stars + galaxies :] = SATURATION * fwhm**2 * rng.uniform(3, 100, bright)
    psf = covariance(fwhm, ellipticity, angle)
    for k in range(n):
        if ring is not None:
            add_ring(image, x[k], y[k], flux[k], *ring)
        elif stars <= k < stars + galaxies:
            size = covariance(fwhm * rng.uniform(0.3, 2.0), rng.uniform(0, 0.6), rng.uniform(0, 180))
            add_star(image, x[k], y[k], flux[k], psf + size, 2.0, int(8 * fwhm))
        else:
            add_star(image, x[k], y[k], flux[k], psf, beta)
    for _ in range(cosmics):
        length, turn = rng.uniform(1, 15), rng.uniform(0, np.pi)
        x0, y0 = rng.uniform(0, nx), rng.uniform(0, ny)
        along = np.arange(0, length, 0.2)
        i = np.rint(x0 + along * np.cos(turn)).astype(int)
        j = np.rint(y0 + along * np.sin(turn)).astype(int)
        inside = (i >= 0) & (i < nx) & (j >= 0) & (j < ny)
        image[j[inside], i[inside]] += rng.uniform(50, 1000)
    variance = (image + sky) / gain + (read_noise / gain) ** 2
    image += sky + np.sqrt(variance) * rng.standard_normal(shape)
    saturated = image >= SATURATION
    for i in np.unique(np.nonzero(saturated)[1]):  # charge runs along the columns
        rows = np.flatnonzero(saturated[:, i])
        surplus = (image[rows, i] - SATURATION).sum() / SATURATION
        reach = int(min(surplus / 2, ny))
        saturated[max(rows[0] - reach, 0) : rows[-1] + reach + 1, i] = True
    image[saturated] = SATURATION
    noise = float(np.sqrt(sky / gain + (read_noise / gain) ** 2))
    return StarField(image.astype(np.float32), x, y, flux, is_star, saturated, sky, noise)
