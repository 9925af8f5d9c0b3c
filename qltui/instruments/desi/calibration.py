"""The calibrations of one camera for one exposure: what is there, where it came from, and why the rest is not.

A calibration that is missing or unreadable never raises: it becomes a reason in `CameraCalibration.problems`, and the
recipe leaves out what depends on it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from qltui.instruments.desi import calibration_images as images
from qltui.instruments.desi.calibration_files import FIBER_LISTS, KINDS, Selection, fiber_numbers, select_files
from qltui.instruments.desi.calibration_images import BiasLevel, FluxCalibration, Geometry
from qltui.instruments.desi.layout import AMPLIFIER_CARDS
from qltui.instruments.desi.traces_file import read_line_widths, read_traces
from qltui.instruments.errors import IncompleteFileError, InvalidFileError
from qltui.instruments.fits_cards import Header, clean_text
from qltui.instruments.fits_file import Source, open_source
from qltui.instruments.sections import read_amplifiers, trimmed_shape
from qltui.model import Exposure

if TYPE_CHECKING:
    from qltui.reduction.flat import FiberFlat
    from qltui.reduction.traces import TraceSet

__all__ = ["BiasLevel", "Calibrations", "CameraCalibration", "FluxCalibration", "LineWidths"]

FloatImage = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LineWidths:
    """Widths of the lines of an arc.

    Attributes
    ----------
    ysigma_coeff : ndarray of float64, shape (nf, nc)
        Legendre coefficients of the Gaussian sigma along the dispersion [px].
    wavemin, wavemax : float
        Range of wavelengths of the series [Angstrom].
    """

    ysigma_coeff: npt.NDArray[np.float64]
    wavemin: float
    wavemax: float


@dataclass(frozen=True, slots=True)
class CameraCalibration:
    """What is known beforehand of one camera. Everything may be missing; `problems` says why.

    Attributes
    ----------
    traces : TraceSet or None
        Traces and wavelengths.
    bias : ndarray of float32, raw shape, or None
        [ADU].
    dark : ndarray of float32, shape (ny, nx), or None
        For the exposure time of this exposure, to be multiplied by it [e-/s].
    pixel_flat : ndarray of float32, shape (ny, nx), or None
        Response, near 1.
    mask : ndarray of uint8, shape (ny, nx), or None
        1 for a pixel that is declared bad.
    fiberflat : FiberFlat or None
        Of the night, else the site's.
    line_widths : LineWidths or None
        Of the night's arc.
    bias_levels : mapping of str to BiasLevel
        By amplifier, of the night's zero.
    flux_calibration : FluxCalibration or None
        The site's average.
    gains, saturation, read_noise : mapping of str to float
        By amplifier, for what a header does not have [e-/ADU], [ADU], [e-].
    fiber_lists : mapping of str to tuple of int
        Fibres by the observatory's lists (``"BROKENFIBERS"``, ...), as index in the spectrograph.
    used : mapping of str to str
        Path by kind.
    problems : mapping of str to str
        Why there is none, by kind.
    notes : tuple of str
        What is odd about those that are used.
    """

    traces: TraceSet | None = None
    bias: FloatImage | None = None
    dark: FloatImage | None = None
    pixel_flat: FloatImage | None = None
    mask: npt.NDArray[np.uint8] | None = None
    fiberflat: FiberFlat | None = None
    line_widths: LineWidths | None = None
    bias_levels: Mapping[str, BiasLevel] = field(default_factory=dict)
    flux_calibration: FluxCalibration | None = None
    gains: Mapping[str, float] = field(default_factory=dict)
    saturation: Mapping[str, float] = field(default_factory=dict)
    read_noise: Mapping[str, float] = field(default_factory=dict)
    fiber_lists: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    used: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def broken_fibers(self) -> tuple[int, ...]:
        """Fibres that bring no light and are known for it, as index in the spectrograph."""
        known = (self.fiber_lists.get(key, ()) for key in ("BROKENFIBERS", "EXCLUDEFIBERS"))
        return tuple(sorted({fiber for fibers in known for fiber in fibers}))


@lru_cache(maxsize=32)
def _cached_traces(path: str, _mtime_ns: int, _size: int, ny: int | None) -> TraceSet:
    """Return traces that were read before, as long as the file is the same: 0.2 MB for each camera."""
    return read_traces(open_source(path), ny)


def _load_traces(path: str, geometry: Geometry) -> tuple[Any, tuple[str, ...]]:
    ny = geometry.ccd[0] if geometry.ccd else None
    try:
        status = Path(path).stat()
    except OSError as error:
        msg = f"cannot read {Path(path).name}: {error.strerror}"
        raise InvalidFileError(msg) from error
    traces = _cached_traces(path, status.st_mtime_ns, status.st_size, ny)
    if ny is not None and traces.ny != ny:
        msg = f"the traces are for a detector of {traces.ny} rows, this camera has {ny}"
        raise InvalidFileError(msg)
    return traces, ()


def _load_line_widths(source: Source, nfiber: int | None) -> tuple[LineWidths, tuple[str, ...]]:
    coeff, low, high = read_line_widths(source)
    if nfiber is not None and len(coeff) != nfiber:
        msg = f"line widths of {len(coeff)} fibres, traces of {nfiber}"
        raise InvalidFileError(msg)
    return LineWidths(coeff, low, high), ()


_FIELD: Final[Mapping[str, str]] = {"linewidths": "line_widths", "biaslevels": "bias_levels"}
"""Attribute of `CameraCalibration` where it is not called like the kind."""


def _loader(kind: str, geometry: Geometry, exptime: float | None, nfiber: int | None) -> Callable[[str], Any]:
    """Return the function that reads a file of one kind: path to value and notes."""
    loaders: dict[str, Callable[[str], Any]] = {
        "traces": lambda path: _load_traces(path, geometry),
        "bias": lambda path: images.read_bias(open_source(path), geometry),
        "dark": lambda path: images.read_dark(open_source(path), geometry, exptime),
        "pixel_flat": lambda path: images.read_pixel_flat(open_source(path), geometry),
        "mask": lambda path: images.read_mask(open_source(path), geometry),
        "fiberflat": lambda path: images.read_fiberflat(open_source(path), nfiber),
        "linewidths": lambda path: _load_line_widths(open_source(path), nfiber),
        "biaslevels": lambda path: images.read_bias_levels(open_source(path)),
        "flux_calibration": lambda path: images.read_flux_calibration(open_source(path)),
    }
    return loaders[kind]


def _amplifier_values(values: Mapping[str, Any], key: str) -> dict[str, float]:
    """Return the positive finite numbers ``KEYA`` to ``KEYD`` of the YAML by amplifier."""
    found = {}
    for name in "ABCD1234":
        value = values.get(f"{key}{name}")
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e7:
            found[name] = float(value)
    return found


def _known_values(selection: Selection) -> CameraCalibration:
    """Return what the selection itself says of amplifiers and fibres."""
    values = selection.values
    lists = {key: values[key] for key in FIBER_LISTS if key in values}
    return CameraCalibration(
        gains=_amplifier_values(values, "GAIN"),
        saturation=_amplifier_values(values, "SATURLEV"),
        read_noise=_amplifier_values(values, "RDNOISE"),
        fiber_lists={key: tuple(sorted({n % 500 for n in fiber_numbers(text)})) for key, text in lists.items()},
    )


def _geometry(header: Header, known: CameraCalibration) -> Geometry:
    """Return the shapes that calibrations must have; unknown where the header makes no sense (the reader says so)."""
    nx, ny = header.get("NAXIS1"), header.get("NAXIS2")
    if not isinstance(nx, int) or not isinstance(ny, int):
        return Geometry()
    try:
        amplifiers, _ = read_amplifiers(header, (ny, nx), AMPLIFIER_CARDS, known)
        return Geometry((ny, nx), trimmed_shape(amplifiers), amplifiers)
    except InvalidFileError:
        return Geometry((ny, nx))


@dataclass(frozen=True, slots=True)
class Calibrations:
    """The calibrations of a site.

    Attributes
    ----------
    directory : str
        Plain directory or $DESI_SPECTRO_CALIB; empty where there is none.
    dark_directory : str
        $DESI_SPECTRO_DARK; empty where there is none.
    """

    directory: str = ""
    dark_directory: str = field(default_factory=lambda: os.environ.get("DESI_SPECTRO_DARK", ""))

    def for_camera(
        self,
        exposure: Exposure,
        camera: str,
        header: Header,
        night_products: Mapping[str, str] | None = None,
        kinds: Collection[str] | None = None,
    ) -> CameraCalibration:
        """Return what applies to a camera of an exposure.

        Parameters
        ----------
        exposure : Exposure
            Its night selects, its exposure time scales the dark.
        camera : str
            ``"b0"`` to ``"z9"``.
        header : mapping
            Of the camera's HDU (`qltui.instruments.desi.files.read_camera_header`).
        night_products : mapping, optional
            Paths of products of the same night by kind; they count before the directory's.
        kinds : collection of str, optional
            What to read, of `qltui.instruments.desi.calibration_files.KINDS`; all by default.
        """
        selection = select_files(
            Path(self.directory) if self.directory else None,
            camera,
            exposure.night,
            header,
            Path(self.dark_directory) if self.dark_directory else None,
        )
        known = _known_values(selection)
        geometry = _geometry(header, known)
        values: dict[str, Any] = {}
        used: dict[str, str] = {}
        problems: dict[str, str] = {}
        notes: list[str] = []
        for kind in (kind for kind in KINDS if kinds is None or kind in kinds):
            traces = values.get("traces")
            read = _loader(kind, geometry, exposure.exptime, traces.nfiber if traces is not None else None)
            reasons = []
            for path in ((night_products or {}).get(kind, ""), str(selection.files.get(kind, ""))):
                if not path:
                    continue
                try:
                    value, remarks = read(path)
                except (IncompleteFileError, InvalidFileError, ValueError) as error:
                    reasons.append(clean_text(f"{Path(path).name}: {error}", 300))
                    continue
                if value is None:
                    reasons = ["not needed: the exposure time is 0 s"]
                    continue
                values[_FIELD.get(kind, kind)] = value
                used[kind] = path
                notes += [*reasons, *remarks]
                break
            else:
                problems[kind] = "; ".join(reasons) or selection.problems.get(kind, "")
        return replace(known, **values, used=used, problems=problems, notes=tuple(notes))
