"""Extracted spectra of one camera: what the detector kernels hand to the spectral kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Spectra"]


@dataclass(frozen=True, slots=True)
class Spectra:
    """Spectra of all fibres of a camera, each on the rows of the detector, so each on a wavelength grid of its own.

    Nothing is resampled: one sample is one detector row, and noise is independent between samples.

    Attributes
    ----------
    flux : ndarray of float32, shape (nf, ny)
        Flux density [e-/Angstrom] of the whole exposure; 0 where there is none.
    ivar : ndarray of float32, shape (nf, ny)
        Inverse variance of `flux` [(e-/Angstrom)^-2], from the counts and the read noise; 0 where `mask` is set.
    wavelength : ndarray of float64, shape (nf, ny)
        Of the middle of each row, in vacuum [Angstrom].
    dispersion : ndarray of float32, shape (nf, ny)
        Width of a row [Angstrom/px]; ``flux * dispersion`` are electrons.
    mask : ndarray of uint8, shape (nf, ny)
        Non-zero exactly where `ivar` is 0; its bits (`qltui.reduction.masks`) say why. A row that lost a pixel but
        could be repaired through the profile is not masked: its loss shows in `ivar`.
    read_variance : ndarray of float32, shape (nf, ny)
        The part of the variance that does not depend on flux [(e-/Angstrom)^2].
    """

    flux: npt.NDArray[np.float32]
    ivar: npt.NDArray[np.float32]
    wavelength: npt.NDArray[np.float64]
    dispersion: npt.NDArray[np.float32]
    mask: npt.NDArray[np.uint8]
    read_variance: npt.NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of fibres and of rows, ``(nf, ny)``."""
        return self.flux.shape[0], self.flux.shape[1]
