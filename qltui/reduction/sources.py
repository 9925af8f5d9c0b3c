"""Sources of an imager's CCD, found by sep, the library of SExtractor's algorithms."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import sep
from numba import njit

from qltui.reduction.masks import SATURATED as SATURATED_PIXEL

__all__ = [
    "BLENDED", "EDGE", "FLAG_NAMES", "INCOMPLETE", "MASKED", "SATURATED", "Catalogue", "SourceLimitError",
    "extract_sources",
]  # fmt: skip

BLENDED: Final = 1
"""Separated from a neighbour that it touches at the detection threshold."""
EDGE: Final = 2
"""Cut off by the edge of the CCD."""
SATURATED: Final = 4
"""Holds a saturated pixel."""
MASKED: Final = 8
"""Holds or touches a pixel that the mask tells to ignore: bad, or hit by a cosmic ray."""
INCOMPLETE: Final = 16
"""sep had no memory left to tell its parts apart, or its second moments are degenerate (a line of pixels)."""
FLAG_NAMES: Final = {
    BLENDED: "blended", EDGE: "edge", SATURATED: "saturated", MASKED: "masked", INCOMPLETE: "incomplete",
}  # fmt: skip

_SEP_BLENDED, _SEP_EDGE = 1, 2
_SEP_INCOMPLETE = 4 | 8
_KERNEL = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], dtype=np.float32)
_KERNEL_VARIANCE = 0.5
"""Variance of that kernel along either axis [px^2]."""
_LEVELS = 16
"""At so many levels, evenly spaced in magnitude, a source is looked at for separate peaks."""
_PIXEL_STACK = 300_000
_SUB_OBJECTS = 1024
_FWHM = math.sqrt(8.0 * math.log(2.0))
_SNR_FLOOR = 1e-6
_NO_MASK = np.zeros((1, 1), dtype=np.uint8)


class SourceLimitError(Exception):
    """So much of the image lies above the threshold that it has no separate sources."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One entry per source in every array, in the order of rows of the image.

    Attributes
    ----------
    x, y : ndarray of float64, shape (n,)
        Barycentre [px]; 0 is the centre of the first pixel.
    flux : ndarray of float32, shape (n,)
        Sum of the pixels above the threshold [unit of the image].
    peak : ndarray of float32, shape (n,)
        Highest pixel [unit of the image].
    snr : ndarray of float32, shape (n,)
        `flux` over its error, of sky and of photons.
    a, b : ndarray of float32, shape (n,)
        Deviations along the axes of what is above the threshold [px].
    theta : ndarray of float32, shape (n,)
        Angle of the major axis from the x axis [rad].
    npix : ndarray of int32, shape (n,)
        Number of pixels above the threshold.
    fwhm : ndarray of float32, shape (n,)
        Of the Gaussian that has this peak and as many pixels above the threshold, in the filtered image; filter and
        pixel are taken off [px]. Good to tell large from small, for every source; stars are measured better by
        `qltui.reduction.star_profile`. NaN where the source hardly exceeds the threshold.
    flags : ndarray of uint8, shape (n,)
        `BLENDED`, `EDGE`, `SATURATED`, `MASKED`, `INCOMPLETE`.
    threshold : float
        Of the filtered image [unit of the image].
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    flux: npt.NDArray[np.float32]
    peak: npt.NDArray[np.float32]
    snr: npt.NDArray[np.float32]
    a: npt.NDArray[np.float32]
    b: npt.NDArray[np.float32]
    theta: npt.NDArray[np.float32]
    npix: npt.NDArray[np.int32]
    fwhm: npt.NDArray[np.float32]
    flags: npt.NDArray[np.uint8]
    threshold: float

    def __len__(self) -> int:
        return int(self.x.size)

    def selected(self, which: npt.NDArray[Any]) -> Catalogue:
        """Return a catalogue of some of the sources; `which` is a boolean or an index array."""
        arrays = {
            field.name: getattr(self, field.name)[which]
            for field in dataclasses.fields(self)
            if field.name != "threshold"
        }
        return Catalogue(**arrays, threshold=self.threshold)


@njit(cache=True, nogil=True, error_model="numpy")
def _flag_pixels(
    image: Any, mask: Any, ignore: int, saturated: int, threshold: float, boxes: Any, flags: Any, bits: Any
) -> None:
    """Set `bits` of saturated and of ignored pixels in `flags` for what lies in each source's box (x0, x1, y0, y1).

    A saturated pixel counts where it is above the threshold; one that is ignored counts up to one pixel outside.
    """
    ny, nx = mask.shape
    for k in range(flags.size):
        x0, x1, y0, y1 = boxes[k, 0], boxes[k, 1], boxes[k, 2], boxes[k, 3]
        found = np.uint8(0)
        for y in range(max(y0 - 1, 0), min(y1 + 2, ny)):
            for x in range(max(x0 - 1, 0), min(x1 + 2, nx)):
                bit = mask[y, x]
                if bit == 0:
                    continue
                if bit & ignore:
                    found |= bits[1]
                elif bit & saturated and image[y, x] > threshold:
                    found |= bits[0]
        flags[k] |= found


def _run_sep(image: npt.NDArray[np.float32], threshold: float, min_pixels: int, contrast: float) -> npt.NDArray[Any]:
    """Return sep's table; where its stacks are too small for the image, try once with larger ones."""
    options = {
        "minarea": min_pixels, "filter_kernel": _KERNEL, "filter_type": "conv", "deblend_cont": contrast,
        "deblend_nthresh": _LEVELS,
    }  # fmt: skip
    for stack in (_PIXEL_STACK, max(4 * _PIXEL_STACK, image.size // 4)):
        sep.set_extract_pixstack(stack)
        sep.set_sub_object_limit(_SUB_OBJECTS if stack == _PIXEL_STACK else 8 * _SUB_OBJECTS)
        try:
            table: npt.NDArray[Any] = sep.extract(image, threshold, **options)
        except Exception as error:  # sep raises nothing more special
            if "buffer full" not in str(error) and "overflow" not in str(error):
                raise
        else:
            return table
        finally:
            sep.set_extract_pixstack(_PIXEL_STACK)
            sep.set_sub_object_limit(_SUB_OBJECTS)
    msg = (
        f"more than {stack} pixels touch each other above {threshold:.1f}: over-illuminated, or its background is wrong"
    )
    raise SourceLimitError(msg)


def _isophotal_fwhm(table: npt.NDArray[Any], threshold: float) -> npt.NDArray[np.float32]:
    """Return the FWHM of the Gaussians with these peaks and areas above the threshold [px]."""
    ratio = np.log(np.maximum(table["cpeak"], threshold) / threshold)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = table["npix"] / (2.0 * math.pi * ratio) - _KERNEL_VARIANCE - 1.0 / 12.0
    usable = ratio > 0.3  # nearer to the threshold the noise decides on the area
    fwhm = np.where(usable, _FWHM * np.sqrt(np.maximum(variance, 0.0)), np.nan)
    return fwhm.astype(np.float32)


def extract_sources(
    image: npt.NDArray[np.float32],
    rms: float,
    *,
    mask: npt.NDArray[np.uint8] | None = None,
    ignore: int = 0xFF & ~SATURATED_PIXEL,
    gain: float = math.inf,
    nsigma: float = 5.0,
    min_pixels: int = 5,
    contrast: float = 0.005,
) -> Catalogue:
    """Find the sources of an image from which the background is subtracted.

    Pixels above ``nsigma * rms`` that touch, after a filter of 3 x 3 pixels (1 2 1), are a source; one that has
    several peaks is split where each part has more than `contrast` of the light. As SExtractor does it, whose
    DETECT_THRESH is `nsigma`, DETECT_MINAREA `min_pixels` and DEBLEND_MINCONT `contrast`; DEBLEND_NTHRESH is 16, where
    its usual 32 find 1 % more sources in half as much time again.

    Parameters
    ----------
    image : ndarray of float32, shape (ny, nx)
        Without background; ignored pixels 0 (`qltui.reduction.background.subtract_background`).
    rms : float
        Noise of a pixel [unit of the image].
    mask : ndarray of uint8, shape (ny, nx), optional
        Bits of `qltui.reduction.masks`.
    ignore : int
        Bits of pixels that say nothing: a source that touches one is `MASKED`.
    gain : float
        [e-/unit of the image], for the error of the flux; infinite for no noise of photons.
    nsigma, min_pixels, contrast
        See above.

    Returns
    -------
    Catalogue

    Raises
    ------
    ValueError
        Where `rms` is no positive number.
    SourceLimitError
        Where far too many pixels are above the threshold.
    """
    if not (math.isfinite(rms) and rms > 0):
        msg = f"noise of the background is {rms}: no threshold can be set"
        raise ValueError(msg)
    threshold = nsigma * rms
    pixels = np.ascontiguousarray(image, dtype=np.float32)
    table = _run_sep(pixels, threshold, min_pixels, contrast)
    flags = np.zeros(table.size, dtype=np.uint8)
    for theirs, ours in ((_SEP_BLENDED, BLENDED), (_SEP_EDGE, EDGE), (_SEP_INCOMPLETE, INCOMPLETE)):
        flags[(table["flag"] & theirs) != 0] |= ours
    if mask is not None:
        boxes = np.stack([table[name] for name in ("xmin", "xmax", "ymin", "ymax")], axis=1).astype(np.int64)
        bits = np.array([SATURATED, MASKED], dtype=np.uint8)
        _flag_pixels(pixels, mask, ignore, SATURATED_PIXEL, threshold, boxes, flags, bits)
    variance = table["npix"] * rms**2 + np.maximum(table["flux"], 0.0) / gain
    return Catalogue(
        x=table["x"].astype(np.float64),
        y=table["y"].astype(np.float64),
        flux=table["flux"].astype(np.float32),
        peak=table["peak"].astype(np.float32),
        snr=(table["flux"] / np.sqrt(np.maximum(variance, _SNR_FLOOR))).astype(np.float32),
        a=table["a"].astype(np.float32),
        b=table["b"].astype(np.float32),
        theta=table["theta"].astype(np.float32),
        npix=table["npix"].astype(np.int32),
        fwhm=_isophotal_fwhm(table, threshold),
        flags=flags,
        threshold=threshold,
    )
