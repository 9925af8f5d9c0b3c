"""Spectra with known truth, straight from photons and read noise, for the tests of the spectral kernels."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import erf

from qltui.reduction.spectra import Spectra

RANGES = {"b": (3570.0, 5730.0), "r": (5630.0, 7740.0), "z": (7650.0, 9830.0)}


@dataclass
class Model:
    """A camera of `nf` fibres: each its own wavelength grid, sub-pixel phase, line width and throughput."""

    nf: int = 20
    ny: int = 2000
    arm: str = "r"
    seed: int = 1
    sigma: float = 1.1
    sigma_scatter: float = 0.03
    throughput_scatter: float = 0.03
    read_noise: float = 7.2  # [e-] of a row: 7 px of 2.7 e-
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        low, high = RANGES[self.arm]
        y = np.arange(self.ny)
        t = 2.0 * y / (self.ny - 1) - 1.0
        fiber = np.arange(self.nf) / max(self.nf - 1, 1) - 0.5
        scale = (high - low) / self.ny
        # The solution bends over the camera by tens of rows, as that of a real one, at all sub-pixel phases.
        shift = 20.0 * fiber**2 * self.ny / 2000 + self.rng.uniform(0, 1, self.nf)
        middle = 0.5 * (low + high)
        base = middle + 0.5 * (high - low) * (t + 0.03 * (1 - t**2))
        self.wavelength = base[None, :] + (shift * scale)[:, None]
        self.dispersion = np.gradient(self.wavelength, axis=1)
        self.sigmas = self.sigma * (1.0 + self.sigma_scatter * self.rng.normal(size=self.nf))
        self.throughput = 1.0 + self.throughput_scatter * self.rng.normal(size=self.nf)

    def lines(self, wavelength: np.ndarray, electrons: np.ndarray) -> np.ndarray:
        """Electrons per row of unresolved lines, integrated over the rows, shape (nf, ny)."""
        out = np.zeros((self.nf, self.ny))
        for f in range(self.nf):
            centre = np.interp(wavelength, self.wavelength[f], np.arange(self.ny), left=-99, right=-99)
            reach = int(np.ceil(6 * self.sigmas[f])) + 1
            for c, e in zip(centre, electrons, strict=True):
                if c < 0:
                    continue
                rows = np.arange(max(int(c) - reach, 0), min(int(c) + reach + 1, self.ny))
                s = self.sigmas[f] * np.sqrt(2.0)
                out[f, rows] += e * 0.5 * (erf((rows + 0.5 - c) / s) - erf((rows - 0.5 - c) / s))
        return out

    def expose(self, electrons: np.ndarray, *, throughput: bool = True, noise: bool = True) -> Spectra:
        """Turn expected electrons per row of a fibre of throughput 1, shape (nf, ny), into spectra."""
        expected = electrons * (self.throughput[:, None] if throughput else 1.0)
        counts = expected
        if noise:
            counts = self.rng.poisson(expected) + self.rng.normal(0.0, self.read_noise, expected.shape)
        d = self.dispersion
        read = np.full(counts.shape, self.read_noise**2) / d**2
        variance = np.maximum(counts, 0.0) / d**2 + read
        return Spectra(
            (counts / d).astype(np.float32),
            (1.0 / variance).astype(np.float32),
            self.wavelength,
            d.astype(np.float32),
            np.zeros(counts.shape, dtype=np.uint8),
            read.astype(np.float32),
        )
