"""What is known of one camera while its recipe runs: frozen; each step returns a new one with more in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qltui.model import Camera, CameraTask, Exposure

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from qltui.instruments.desi.calibration import CameraCalibration
    from qltui.instruments.desi.fibermap import FiberMap
    from qltui.instruments.desi.lamps import LampLight
    from qltui.instruments.raw_camera import RawCamera
    from qltui.reduction.continuum import SkyContinuum, SkyPeaks
    from qltui.reduction.cosmics import CosmicCounts
    from qltui.reduction.detector import CcdImage
    from qltui.reduction.flat import FiberFlat
    from qltui.reduction.goodfibers import FiberLevels
    from qltui.reduction.overscan import Overscan
    from qltui.reduction.photometry import SkyMagnitude
    from qltui.reduction.resolution import ArcFit
    from qltui.reduction.shifts import Shift
    from qltui.reduction.sky import SkySubtracted
    from qltui.reduction.snr import SnrFit
    from qltui.reduction.spectra import Spectra
    from qltui.reduction.traces import RowTraces, TraceSet
    from qltui.reduction.widths import Widths

__all__ = ["Kind", "State"]


class Kind:
    """What sort of light an exposure holds: obstypes that are reduced in the same way."""

    SKY = "sky"
    ARC = "arc"
    FLAT = "flat"
    DARK = "dark"

    @staticmethod
    def of(obstype: str) -> str:
        """Return the kind of an exposure of this obstype."""
        if obstype in ("ARC", "TESTARC"):
            return Kind.ARC
        if obstype in ("FLAT", "TESTFLAT"):
            return Kind.FLAT
        return Kind.DARK if obstype in ("ZERO", "DARK") else Kind.SKY


@dataclass(frozen=True, slots=True)
class State:
    """One camera on its way through the recipe.

    Attributes
    ----------
    task : CameraTask
        What was asked for.
    camera : Camera
        Which camera.
    raw : RawCamera
        The file's HDU; its image is dropped once it has been turned into electrons.
    calibration : CameraCalibration
        What is there of the site's and the night's calibrations, and why the rest is not.
    fibermap : FiberMap or None
        Targets of the fibres; `fibermap_reason` says why there are none.
    overscans : tuple of Overscan
        One for each amplifier.
    ccd : CcdImage
        Electrons.
    raw_preview : (ndarray of float32, int) or None
        The raw image, overscan included, in fewer and larger pixels [ADU], and how many pixels wide these are; None
        where no preview is wanted.
    cosmics : CosmicCounts or None
        None where they were not looked for.
    dx, dy : Shift or None
        Of the spectra from the calibrated traces; None where there are no traces or nothing to measure by.
    traces : TraceSet or None
        Traces that follow the spectra of this exposure; `traces_reason` says why there are none.
    rows : RowTraces or None
        The same at every row.
    widths : Widths or None
        Of lines and profiles.
    spectra : Spectra or None
        As extracted.
    levels : FiberLevels or None
        Light of each fibre, and which bring any.
    flat : FiberFlat or None
        The night's or the site's that was applied, or the one made here from a flat.
    flattened : Spectra or None
        After the fibre flat.
    continuum : SkyContinuum or None
    peaks : SkyPeaks or None
        Continuum and lines of the sky, by fibre.
    sky : SkySubtracted or None
        After sky subtraction.
    snr : ndarray of float, shape (nf,), or None
        Median signal to noise of a bin of each fibre.
    magnitudes : ndarray of float, shape (nf,), or None
        AB magnitudes of the spectra in the band of the arm.
    sky_magnitude : SkyMagnitude or None
        Brightness of the sky in the band of the arm.
    snr_fits : mapping of str to SnrFit
        Signal to noise against flux, by class of targets.
    arc : ArcFit or None
        Line widths of an arc.
    lamps : LampLight or None
        Light of its lamps.
    steps : tuple of str
        What was done to the data, in words, in order: it goes into the header of each product.
    notes : tuple of str
        What the observer may want to know besides.
    """

    task: CameraTask
    camera: Camera
    raw: RawCamera
    calibration: CameraCalibration
    ccd: CcdImage
    fibermap: FiberMap | None = None
    fibermap_reason: str = ""
    overscans: tuple[Overscan, ...] = ()
    raw_preview: tuple[npt.NDArray[np.float32], int] | None = None
    cosmics: CosmicCounts | None = None
    dx: Shift | None = None
    dy: Shift | None = None
    traces: TraceSet | None = None
    traces_reason: str = ""
    rows: RowTraces | None = None
    widths: Widths | None = None
    spectra: Spectra | None = None
    levels: FiberLevels | None = None
    flat: FiberFlat | None = None
    flattened: Spectra | None = None
    continuum: SkyContinuum | None = None
    peaks: SkyPeaks | None = None
    sky: SkySubtracted | None = None
    snr: npt.NDArray[np.float64] | None = None
    magnitudes: npt.NDArray[np.float64] | None = None
    sky_magnitude: SkyMagnitude | None = None
    snr_fits: Mapping[str, SnrFit] = field(default_factory=dict)
    arc: ArcFit | None = None
    lamps: LampLight | None = None
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exposure(self) -> Exposure:
        """The exposure that the camera belongs to."""
        return self.task.exposure

    @property
    def kind(self) -> str:
        """What sort of light the exposure holds, see `Kind`."""
        return Kind.of(self.exposure.obstype)

    @property
    def has_lines(self) -> bool:
        """Whether lines of sky or lamps stand out: a twilight shows the lines of the Sun, a flat none."""
        return self.kind == Kind.ARC or (self.kind == Kind.SKY and self.exposure.obstype != "TWILIGHT")

    @property
    def exptime(self) -> float | None:
        """Exposure time [s]; None where the header has none, which is no reason to assume one."""
        return self.exposure.exptime

    def with_(self, *done: str, **changes: Any) -> State:
        """Return a new state with these changes, and with what was `done` added to the steps."""
        return replace(self, steps=(*self.steps, *done), **changes)

    def noted(self, *notes: str) -> State:
        """Return a new state with these notes added; empty ones are left out."""
        return replace(self, notes=(*self.notes, *(note for note in notes if note)))
