"""Calibration files of DESI turned into arrays, each checked against the camera that they are for."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from qltui.instruments.errors import InvalidFileError
from qltui.instruments.fits_file import HduEntry, Source, find_hdu, read_image, read_table, scan_hdus
from qltui.model import Amplifier

if TYPE_CHECKING:
    from qltui.reduction.flat import FiberFlat

__all__ = ["BiasLevel", "FluxCalibration", "Geometry", "read_bias", "read_bias_levels", "read_dark", "read_fiberflat"]
__all__ += ["read_flux_calibration", "read_mask", "read_pixel_flat"]

FloatImage = npt.NDArray[np.float32]

_EXPOSED: Final = re.compile(r"T([0-9]{1,6})")
_MAX_BAD: Final = 0.5
"""A mask that takes more than this fraction of the pixels belongs to something else."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """The camera that a calibration must fit.

    Attributes
    ----------
    raw, ccd : tuple of int or None
        Shapes ``(ny, nx)`` of the raw image and of the CCD; None where the header does not tell.
    amplifiers : tuple of Amplifier
        Empty where the header describes none.
    """

    raw: tuple[int, int] | None = None
    ccd: tuple[int, int] | None = None
    amplifiers: tuple[Amplifier, ...] = ()


@dataclass(frozen=True, slots=True)
class BiasLevel:
    """Overscan level [ADU] and read noise [e-] of one amplifier, as the night's zero had them; NaN where unknown."""

    level: float
    noise: float


@dataclass(frozen=True, slots=True)
class FluxCalibration:
    """The observatory's average flux calibration.

    Attributes
    ----------
    wavelength : ndarray of float64, shape (nw,)
        Growing [Angstrom].
    response : ndarray of float64, shape (nw,)
        Electrons per Angstrom for a flux of 1e-17 erg/cm2/Angstrom in the whole exposure [e-/(1e-17 erg/cm2)].
    """

    wavelength: npt.NDArray[np.float64]
    response: npt.NDArray[np.float64]


def _image_entry(entries: tuple[HduEntry, ...], *names: str) -> HduEntry:
    """Return the HDU with one of `names`, or else the first one with an image."""
    found = find_hdu(entries, *names)
    if found is None:
        found = next((entry for entry in entries if entry.kind in ("IMAGE", "COMPRESSED") and entry.shape), None)
    if found is None:
        msg = "it has no image"
        raise InvalidFileError(msg)
    return found


def _check_shape(entry: HduEntry, *shapes: tuple[int, int] | None) -> None:
    """See that the image has one of `shapes`, before it is read."""
    known = [shape for shape in shapes if shape is not None]
    if len(entry.shape) != 2 or (known and entry.shape not in known):
        have = " x ".join(map(str, reversed(entry.shape))) or "no"
        want = " or ".join(f"{nx} x {ny}" for ny, nx in known) or "an image of"
        msg = f"it has {have} pixels, this camera {want}: it belongs to another detector or another readout"
        raise InvalidFileError(msg)


def _finite(image: npt.NDArray[Any], note: str) -> tuple[FloatImage, tuple[str, ...]]:
    """Return an image as float32 with zeros where it is not finite, and a note on how many there were."""
    values = np.ascontiguousarray(image, dtype=np.float32)
    # The sum is finite exactly where all pixels are, but for absurd values; it is much cheaper than the test of each.
    if np.isfinite(values.sum(dtype=np.float64)):
        return values, ()
    bad = ~np.isfinite(values)
    count = int(np.count_nonzero(bad))
    if count == values.size:
        msg = "no pixel is finite"
        raise InvalidFileError(msg)
    return np.where(bad, np.float32(0), values), (f"{note}: {count} pixels are not finite and taken as 0",)


def read_bias(source: Source, geometry: Geometry) -> tuple[FloatImage, tuple[str, ...]]:
    """Return the bias, raw shape [ADU], and notes."""
    entry = _image_entry(scan_hdus(source), "BIAS")
    _check_shape(entry, geometry.raw)
    return _finite(read_image(source, entry), "bias")


def _trim(image: FloatImage, geometry: Geometry, scale_by_gain: bool) -> FloatImage:
    """Cut the overscan off an image of raw shape; [ADU] become [e-] where asked for."""
    if geometry.ccd is None:
        msg = "it has overscan, and nothing says where it is"
        raise InvalidFileError(msg)
    trimmed = np.zeros(geometry.ccd, dtype=np.float32)
    for amplifier in geometry.amplifiers:
        factor = np.float32(amplifier.gain if scale_by_gain else 1.0)
        trimmed[amplifier.ccd.slices] = image[amplifier.data.slices] * factor
    return trimmed


def _profile(
    source: Source, entries: tuple[HduEntry, ...], rows: int, exptime: float
) -> npt.NDArray[np.float64] | None:
    """Return the row profiles of the left and the right half for an exposure time, shape (2, ny) [e-], or None.

    Between the exposure times of the file they are interpolated, beyond them the nearest is taken.
    """
    times, profiles = [], []
    for entry in entries:
        match = _EXPOSED.fullmatch(entry.name)
        if match and entry.kind in ("IMAGE", "COMPRESSED") and entry.shape == (2, rows):
            times.append(float(match[1]))
            profiles.append(read_image(source, entry).astype(np.float64))
    if not times:
        return None
    order = np.argsort(times)
    sorted_times = np.array(times)[order]
    stack = np.nan_to_num(np.array(profiles)[order], nan=0.0, posinf=0.0, neginf=0.0)
    time = float(np.clip(exptime, sorted_times[0], sorted_times[-1]))
    upper = int(np.clip(np.searchsorted(sorted_times, time), 1, max(len(times) - 1, 1)))
    if len(times) == 1 or sorted_times[upper] == sorted_times[upper - 1]:
        nearest: npt.NDArray[np.float64] = stack[min(upper, len(times) - 1)]
        return nearest
    weight = (time - sorted_times[upper - 1]) / (sorted_times[upper] - sorted_times[upper - 1])
    between: npt.NDArray[np.float64] = stack[upper - 1] * (1.0 - weight) + stack[upper] * weight
    return between


def read_dark(source: Source, geometry: Geometry, exptime: float | None) -> tuple[FloatImage | None, tuple[str, ...]]:
    """Return the dark current for an exposure time, shape (ny, nx) [e-/s], or None where there is nothing to subtract.

    A file has one image, [e-/s] if trimmed and [ADU/s] if of raw shape, and may have profiles along the rows beside
    it (HDUs ``T<seconds>``, shape (2, ny) [e-], left and right half): ``dark(t) = profile(t) + t * DARK``. They are
    returned together as ``profile(t)/t + DARK``, to be multiplied by the exposure time.
    """
    if exptime is None or not math.isfinite(exptime) or exptime < 0:
        msg = "the exposure time is unknown"
        raise InvalidFileError(msg)
    entries = scan_hdus(source)
    entry = _image_entry(entries, "DARK")
    _check_shape(entry, geometry.ccd, geometry.raw)
    if exptime == 0:
        return None, ()
    image, notes = _finite(read_image(source, entry), "dark")
    if geometry.raw is not None and entry.shape == geometry.raw != geometry.ccd:
        image = _trim(image, geometry, scale_by_gain=True)
    profile = _profile(source, entries, image.shape[0], exptime)
    if profile is not None:
        image = image.copy()
        half = image.shape[1] // 2
        rate = (profile / exptime).astype(np.float32)
        image[:, :half] += rate[0][:, None]
        image[:, half:] += rate[1][:, None]
    return image, notes


def read_pixel_flat(source: Source, geometry: Geometry) -> tuple[FloatImage, tuple[str, ...]]:
    """Return the response of the pixels, shape (ny, nx), near 1, and notes."""
    entry = _image_entry(scan_hdus(source), "PIXFLAT", "FLAT")
    _check_shape(entry, geometry.ccd)
    image, notes = _finite(read_image(source, entry), "pixel flat")
    middle = float(np.median(image[::8, ::8]))
    if not 0.2 < middle < 5.0:
        msg = f"its median is {middle:.3g}, and should be near 1"
        raise InvalidFileError(msg)
    return image, notes


def read_mask(source: Source, geometry: Geometry) -> tuple[npt.NDArray[np.uint8], tuple[str, ...]]:
    """Return 1 for each pixel that the observatory declares bad for any reason, shape (ny, nx), and notes."""
    entry = _image_entry(scan_hdus(source), "MASK")
    _check_shape(entry, geometry.ccd)
    mask = (read_image(source, entry) != 0).astype(np.uint8)
    fraction = float(mask.mean())
    if fraction > _MAX_BAD:
        msg = f"it declares {100 * fraction:.0f} % of the pixels bad"
        raise InvalidFileError(msg)
    return mask, ()


def _wavelengths(source: Source, entries: tuple[HduEntry, ...], nw: int) -> npt.NDArray[np.float64]:
    """Return the HDU WAVELENGTH, shape (nw,) or (nf, nw), growing along the last axis [Angstrom]."""
    entry = find_hdu(entries, "WAVELENGTH")
    if entry is None or not entry.shape or entry.shape[-1] != nw:
        msg = "it has no WAVELENGTH that fits its spectra"
        raise InvalidFileError(msg)
    wave = read_image(source, entry).astype(np.float64)
    if wave.ndim > 2 or not (np.diff(wave, axis=-1) > 0)[np.isfinite(wave).all(axis=-1)].all():
        msg = "its wavelengths do not grow"
        raise InvalidFileError(msg)
    if not np.isfinite(wave).any() or (wave.ndim == 1 and not np.isfinite(wave).all()):
        msg = "its wavelengths are not finite"
        raise InvalidFileError(msg)
    return wave


def read_fiberflat(source: Source, nfiber: int | None = None) -> tuple[FiberFlat, tuple[str, ...]]:
    """Return a fibre flat (HDUs FIBERFLAT, IVAR, WAVELENGTH, perhaps MEANSPEC and MASK), and notes.

    Parameters
    ----------
    source : Source
        The file.
    nfiber : int, optional
        Number of fibres of the traces that it must fit.
    """
    from qltui.reduction.flat import FiberFlat

    entries = scan_hdus(source)
    entry = _image_entry(entries, "FIBERFLAT")
    if len(entry.shape) != 2 or (nfiber is not None and entry.shape[0] != nfiber):
        msg = f"it has the shape {entry.shape}, the traces have {nfiber} fibres"
        raise InvalidFileError(msg)
    flat = np.ascontiguousarray(read_image(source, entry), dtype=np.float32)
    wave = _wavelengths(source, entries, flat.shape[1])
    ivar_entry = find_hdu(entries, "IVAR")
    if ivar_entry is None or ivar_entry.shape != flat.shape:
        msg = "it has no IVAR that fits FIBERFLAT"
        raise InvalidFileError(msg)
    ivar = np.ascontiguousarray(read_image(source, ivar_entry), dtype=np.float32)
    mask_entry = find_hdu(entries, "MASK")
    if mask_entry is not None and mask_entry.shape == flat.shape:
        ivar = np.where(read_image(source, mask_entry) != 0, np.float32(0), ivar)
    good = np.isfinite(flat) & np.isfinite(ivar) & (ivar > 0) & (flat > 0)
    if not good.any():
        msg = "it has no valid sample"
        raise InvalidFileError(msg)
    flat = np.where(good, flat, np.float32(1))
    ivar = np.where(good, ivar, np.float32(0))
    mean_entry = find_hdu(entries, "MEANSPEC")
    mean = np.ones(flat.shape[1], dtype=np.float32)
    if mean_entry is not None and mean_entry.shape == (flat.shape[1],):
        mean = read_image(source, mean_entry).astype(np.float32)
    if wave.ndim == 1:
        wave = np.broadcast_to(wave, flat.shape)
    return FiberFlat(flat=flat, ivar=ivar, mean_spectrum=mean, wavelength=np.ascontiguousarray(wave)), ()


def read_flux_calibration(source: Source) -> tuple[FluxCalibration, tuple[str, ...]]:
    """Return the average flux calibration (HDUs FLUXCALIB and WAVELENGTH), and notes."""
    entries = scan_hdus(source)
    entry = _image_entry(entries, "FLUXCALIB", "AVERAGE_FLUX_CALIB")
    if len(entry.shape) != 1:
        msg = f"FLUXCALIB has the shape {entry.shape}, not that of one spectrum"
        raise InvalidFileError(msg)
    response = read_image(source, entry).astype(np.float64)
    wave = _wavelengths(source, entries, len(response))
    good = np.isfinite(response) & (response > 0) & np.isfinite(wave)
    if wave.ndim != 1 or np.count_nonzero(good) < 2:
        msg = "it has no valid sample"
        raise InvalidFileError(msg)
    return FluxCalibration(wave[good], response[good]), ()


def read_bias_levels(source: Source) -> tuple[Mapping[str, BiasLevel], tuple[str, ...]]:
    """Return level and noise by amplifier (columns AMP, LEVEL [ADU], NOISE [e-] of the first table), and notes."""
    entry = next((entry for entry in scan_hdus(source) if entry.kind == "TABLE"), None)
    table = read_table(source, entry, {"AMP", "LEVEL", "NOISE"}, max_rows=100) if entry is not None else {}
    if "AMP" not in table or "LEVEL" not in table or table["AMP"].dtype.kind != "S":
        msg = "it has no table of AMP and LEVEL"
        raise InvalidFileError(msg)
    noise = table.get("NOISE", np.full(len(table["AMP"]), np.nan))
    if any(values.dtype.kind not in "iuf" or values.ndim != 1 for values in (table["LEVEL"], noise)):
        msg = "LEVEL or NOISE is no column of numbers"
        raise InvalidFileError(msg)
    levels = {
        name.decode("ascii", "replace").strip(): BiasLevel(float(level), float(sigma))
        for name, level, sigma in zip(table["AMP"].tolist(), table["LEVEL"], noise, strict=True)
    }
    return levels, ()
