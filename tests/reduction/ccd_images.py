"""Small detectors with known truth, painted without any function of the package."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import erf

from qltui.model import Amplifier, Section
from qltui.reduction.detector import CcdImage
from qltui.reduction.traces import TraceSet

LINES = np.array([5720.0, 5890.0, 6060.0, 6300.0, 6500.0, 6680.0, 6900.0, 7130.0, 7345.0, 7560.0])
STRENGTHS = np.array([0.9, 1.4, 0.5, 3.0, 0.8, 1.1, 2.0, 0.6, 1.7, 1.0])


@dataclass(frozen=True)
class Scene:
    """Traces of the calibration, the light that truly fell, and the columns where it did."""

    calibration: TraceSet
    x: np.ndarray
    y: np.ndarray
    electrons: np.ndarray
    sigma: np.ndarray
    image: np.ndarray


def gaussian(distance, sigma):
    """Return the share of a Gaussian in a pixel."""
    scale = np.sqrt(2.0) * sigma
    return 0.5 * (erf((distance + 0.5) / scale) - erf((distance - 0.5) / scale))


def amplifiers(ny, nx, names="ABCD", gain=1.5, read_noise=3.0, columns=40):
    """Return 4 amplifiers in quarters or 2 in halves; overscan columns to the right of the raw image."""
    rows = 2 if len(names) == 4 else 1
    height, width = ny // rows, nx // 2
    found = []
    for k, name in enumerate(names):
        r, c = divmod(k, 2)
        y, x, bias = r * height, c * width, nx + c * columns
        place = Section(y, y + height, x, x + width)
        overscan = Section(y, y + height, bias, bias + columns)
        found.append(Amplifier(name, place, overscan, place, gain, read_noise, 65535.0))
    return tuple(found)


def traces(nf=20, ny=400, pitch=7.26, phase=0.0, sigma=1.08, dx=0.0, dy=0.0):
    """Return slightly bent and tilted traces, 5.3 Angstrom a row; a gap in the middle as between bundles."""
    f = np.arange(nf)
    x = np.zeros((nf, 6))
    x[:, 0] = 12.0 + phase + pitch * f + 6.0 * (f >= nf // 2) + dx
    x[:, 1] = 0.6 + 0.02 * f
    x[:, 2] = -0.8
    y = np.zeros((nf, 6))
    y[:, 0] = 0.5 * ny + 0.3 * np.sin(f) + dy
    y[:, 1] = 0.52 * ny
    y[:, 2] = 0.012 * ny
    width = np.full((nf, 1), sigma)
    return TraceSet(x, y, width, np.full((nf, 1), 1.1), 5600.0, 7780.0, ny)


def legendre_on_rows(traceset, ny):
    """Return column and dispersion at each row by interpolating a very fine grid of wavelengths."""
    lam = np.linspace(traceset.wavemin, traceset.wavemax, 40001)
    u = 2 * (lam - traceset.wavemin) / (traceset.wavemax - traceset.wavemin) - 1
    rows = np.arange(ny)
    x = np.empty((traceset.nfiber, ny))
    wave = np.empty_like(x)
    for f in range(traceset.nfiber):
        y = np.polynomial.legendre.legval(u, traceset.y_coeff[f])
        x[f] = np.interp(rows, y, np.polynomial.legendre.legval(u, traceset.x_coeff[f]))
        wave[f] = np.interp(rows, y, lam)
    return x, wave, np.gradient(wave, axis=1)


def paint(x, electrons, sigma, nx):
    """Return the image (ny, nx) of spectra `electrons` (nf, ny) with Gaussian profiles."""
    nf, ny = x.shape
    image = np.zeros((ny, nx))
    rows = np.arange(ny)
    for f in range(nf):
        centre = np.rint(x[f]).astype(int)
        for k in range(-8, 9):
            column = centre + k
            inside = (column >= 0) & (column < nx)
            light = electrons[f] * gaussian(column - x[f], sigma[f])
            image[rows[inside], column[inside]] += light[inside]
    return image


def spectra_of(kind, traceset, disp, *, level=190.0, line_sigma=1.1, peak=4000.0, seed=0):
    """Return electrons in each row, (nf, ny), of sky, arc or flat."""
    nf, ny = disp.shape
    rng = np.random.default_rng(seed)
    electrons = np.zeros((nf, ny))
    if kind == "flat":
        return electrons + 6000.0 * disp / disp.mean()
    if kind == "sky":
        electrons += 0.6 * level * (1 + 0.1 * np.sin(np.arange(ny) / 60.0)) * rng.uniform(0.9, 1.1, (nf, 1))
        electrons[::3] += 10 ** rng.uniform(1.0, 2.6, (len(electrons[::3]), 1))
    u = 2 * (LINES - traceset.wavemin) / (traceset.wavemax - traceset.wavemin) - 1
    y = np.polynomial.legendre.legval(u, traceset.y_coeff.T)
    for f in range(nf):
        for k in range(LINES.size):
            electrons[f] += peak * STRENGTHS[k] * gaussian(np.arange(ny) - y[f, k], line_sigma)
    return electrons


def make_scene(kind="sky", *, nf=20, ny=400, nx=200, dx=0.0, dy=0.0, phase=0.0, sigma=1.08, dead=(), **options):
    """Return a scene whose light is shifted by (dx, dy) from the calibration."""
    calibration = traces(nf, ny, phase=phase, sigma=sigma)
    true = traces(nf, ny, phase=phase, sigma=sigma, dx=dx, dy=dy)
    x, _, disp = legendre_on_rows(true, ny)
    electrons = spectra_of(kind, true, disp, **options)
    electrons[list(dead)] = 0.0
    width = np.full(nf, sigma)
    return Scene(calibration, x, np.arange(ny), electrons, width, paint(x, electrons, width, nx))


def exposed(image, *, read_noise=3.0, seed=0, names="ABCD", noise=True, scale=None):
    """Return the image as a detector saw it: photon noise, and read noise for each amplifier."""
    rng = np.random.default_rng(seed)
    amps = amplifiers(*image.shape, names=names)
    noises = np.full(len(amps), read_noise, dtype=np.float32)
    seen = image.astype(np.float64)
    if noise:
        seen = rng.poisson(image).astype(np.float64)
    for k, amp in enumerate(amps):
        noises[k] *= 1.0 if scale is None else scale[k]
        if noise:
            seen[amp.ccd.slices] += rng.normal(0.0, noises[k], amp.ccd.shape)
    mask = np.zeros(image.shape, dtype=np.uint8)
    empty = np.zeros(len(amps))
    return CcdImage(seen.astype(np.float32), mask, noises, amps, empty.astype(np.float32), empty.astype(np.int64))
