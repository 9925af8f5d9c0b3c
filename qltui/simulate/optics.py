"""Where the light of each fibre falls: trace solutions, own or read from a calibration directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from qltui.instruments.desi.constants import WAVELENGTH_RANGE
from qltui.simulate.geometry import DetectorLayout, Size

__all__ = ["FiberRows", "Optics", "own_optics"]

_HARDWARE: Final = 20191001
_DEGREE: Final = 5
_PITCH: Final = 7.26
"""Distance between two fibres of a bundle [px]."""
_BUNDLE_STEP: Final = 17.6
"""Distance between the last fibre of a bundle and the first of the next [px]."""

_FULL_RANGE: Final[Mapping[str, tuple[float, float]]] = {
    "b": (3550.0, 5970.0),
    "r": (5610.0, 7770.0),
    "z": (7420.0, 9890.0),
}
"""Wavelengths at the lowest and highest row of the middle fibre of a real detector [Angstrom]."""


@dataclass(frozen=True, slots=True)
class FiberRows:
    """The traces at every row of the detector.

    Attributes
    ----------
    x : (nf, ny) array
        Column of the fibre's centre [px].
    wavelength : (nf, ny) array
        At the centre of the row [Angstrom].
    dispersion : (nf, ny) array
        [Angstrom/px].
    xsigma, ysigma : (nf, ny) array
        Gaussian widths along the columns and along the rows [px].
    """

    x: NDArray[np.float64]
    wavelength: NDArray[np.float64]
    dispersion: NDArray[np.float64]
    xsigma: NDArray[np.float64]
    ysigma: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Optics:
    """Legendre series in ``u = 2 (wavelength - wavemin) / (wavemax - wavemin) - 1`` for each fibre.

    Attributes
    ----------
    x, y : (nf, nc) array
        Coefficients of column and row [px]; the centre of the first pixel is 0.
    xsigma, ysigma : (nf, nc) array
        Coefficients of the Gaussian widths [px].
    wavemin, wavemax : float
        [Angstrom].
    ny : int
        Rows of the detector.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    xsigma: NDArray[np.float64]
    ysigma: NDArray[np.float64]
    wavemin: float
    wavemax: float
    ny: int

    @property
    def fibers(self) -> int:
        """Number of fibres."""
        return int(self.x.shape[0])

    def shifted(self, dx: float, dy: float) -> Optics:
        """Return the optics with all light moved by `dx` columns and `dy` rows [px]."""
        x, y = self.x.copy(), self.y.copy()
        x[:, 0] += dx
        y[:, 0] += dy
        return replace(self, x=x, y=y)

    def evaluate(self, coefficients: NDArray[np.float64], wavelength: NDArray[np.float64]) -> NDArray[np.float64]:
        """Evaluate one of the series of every fibre at the same wavelengths: ``(nf, nw)``."""
        u = 2.0 * (wavelength - self.wavemin) / (self.wavemax - self.wavemin) - 1.0
        return np.asarray(legendre.legval(u, coefficients.T), dtype=np.float64)

    def rows(self) -> FiberRows:
        """Return the traces at every row.

        The row as a function of wavelength is inverted on 1000 nodes that reach a tenth of the range beyond its
        ends, and a Newton step makes the inversion exact.
        """
        reach = 0.1 * (self.wavemax - self.wavemin)
        nodes = np.linspace(self.wavemin - reach, self.wavemax + reach, 1000)
        y_nodes = self.evaluate(self.y, nodes)
        rows = np.arange(self.ny, dtype=float)
        scale = 2.0 / (self.wavemax - self.wavemin)
        out = {name: np.empty((self.fibers, self.ny)) for name in FiberRows.__slots__}
        for fiber in range(self.fibers):
            wave = np.interp(rows, y_nodes[fiber], nodes)
            derivative = legendre.legder(self.y[fiber]) * scale
            u = scale * (wave - self.wavemin) - 1.0
            wave = wave - (legendre.legval(u, self.y[fiber]) - rows) / legendre.legval(u, derivative)
            u = scale * (wave - self.wavemin) - 1.0
            out["wavelength"][fiber] = wave
            out["dispersion"][fiber] = 1.0 / legendre.legval(u, derivative)
            out["x"][fiber] = legendre.legval(u, self.x[fiber])
            out["xsigma"][fiber] = legendre.legval(u, self.xsigma[fiber])
            out["ysigma"][fiber] = legendre.legval(u, self.ysigma[fiber])
        return FiberRows(**out)


def own_optics(size: Size, arm: str, camera_index: int, layout: DetectorLayout) -> Optics:
    """Return a model of the optics of one camera.

    Bundles of fibres side by side; a magnification that changes along the spectrum, so that outer traces bend; a
    dispersion that changes by some per cent; lines that curve upwards towards both ends of the slit; widths that
    change a little over the detector. Each camera differs a little from the next, and never changes.

    Parameters
    ----------
    size : Size
    arm : {"b", "r", "z"}
    camera_index : int
        Position of the camera in the instrument.
    layout : DetectorLayout
    """
    hardware = np.random.default_rng([_HARDWARE, camera_index, 2])
    slit = _slit(size)
    centre = 0.5 * (layout.nx - 1) + hardware.uniform(-3.0, 3.0)
    s = slit / (0.5 * layout.nx)  # -1 .. 1 over the detector
    low, high = _wavelength_ends(size, arm)
    margin = 0.04 * (high - low)  # the series must hold at every row of every fibre
    wavemin, wavemax = low - margin, high + margin
    wave = np.linspace(wavemin, wavemax, 200)
    t = 2.0 * (wave - low) / (high - low) - 1.0
    bend = (0.010 if size.name == "full" else 0.006) * hardware.uniform(0.7, 1.1)
    x = centre + slit[:, None] * (1.0 - bend * 0.25 * (t - 0.2) ** 2) + 0.3 * t
    straight = 0.5 * (layout.ny - 1) * (1.0 + t) + (0.03 * 0.5 * layout.ny) * (t**2 - 1.0)
    smile = (58.0 if size.name == "full" else 1.6) * s**2
    y = straight + smile[:, None] * (1.0 + 0.05 * t)
    slope = hardware.uniform(-0.02, 0.02, 2)
    base = {"b": 1.12, "r": 1.11, "z": 1.16}[arm] if size.name == "full" else 1.10
    xsigma = 1.08 + 0.02 * s[:, None] ** 2 + slope[0] * t + 0.01 * np.sin(3.0 * s)[:, None]
    ysigma = base + 0.03 * s[:, None] ** 2 + slope[1] * t + 0.01 * np.cos(4.0 * s)[:, None]
    u = 2.0 * (wave - wavemin) / (wavemax - wavemin) - 1.0
    return Optics(
        _series(u, x, _DEGREE), _series(u, y, _DEGREE), _series(u, xsigma, 2), _series(u, ysigma, 2),
        float(wavemin), float(wavemax), layout.ny,
    )  # fmt: skip


def _series(u: NDArray[np.float64], values: NDArray[np.float64], degree: int) -> NDArray[np.float64]:
    """Fit a Legendre series to the values ``(nf, nu)`` of each fibre: ``(nf, degree + 1)``."""
    return np.asarray(legendre.legfit(u, values.T, degree).T, dtype=np.float64)


def _slit(size: Size) -> NDArray[np.float64]:
    """Return where the fibres stand along the slit, from its middle [px]."""
    per_bundle = size.fibers // size.bundles
    fiber = np.arange(size.fibers)
    position = fiber * _PITCH + (fiber // per_bundle) * (_BUNDLE_STEP - _PITCH)
    return np.asarray(position - 0.5 * (position[0] + position[-1]), dtype=np.float64)


def _wavelength_ends(size: Size, arm: str) -> tuple[float, float]:
    """Return the wavelengths at the first and last row of the middle fibre [Angstrom]."""
    if size.name == "full":
        return _FULL_RANGE[arm]
    low, high = WAVELENGTH_RANGE[arm]
    return low - 28.0, high + 28.0
