"""What is known of one CCD while its recipe runs: frozen; each step returns a new one with more in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qltui.model import Camera, CameraTask, Exposure

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from qltui.instruments.decam.calibration import CcdCalibration
    from qltui.instruments.decam.wcs import Wcs
    from qltui.instruments.fits_cards import Header
    from qltui.instruments.raw_camera import RawCamera
    from qltui.reduction.background import Background
    from qltui.reduction.cosmics import CosmicCounts
    from qltui.reduction.detector import CcdImage
    from qltui.reduction.overscan import Overscan
    from qltui.reduction.sources import Catalogue
    from qltui.reduction.star_profile import StarProfile
    from qltui.reduction.star_shapes import FieldShape, Shapes

__all__ = ["ON_SKY", "State"]

ON_SKY = ("SCIENCE", "STANDARD")
"""Types of exposures with stars."""


@dataclass(frozen=True, slots=True)
class State:
    """One CCD on its way through the recipe.

    Attributes
    ----------
    task : CameraTask
        What was asked for.
    camera : Camera
        Which CCD.
    header : mapping
        Of its HDU.
    dead : str
        Why the whole CCD is not reduced; empty for one that is.
    unstable : mapping of str to str
        Amplifiers whose pixels are masked and which are not judged, and why.
    raw : RawCamera or None
        The file's HDU, kept only until a master has been made of it.
    bias : ndarray of float32, shape (ny, nx), or None
        The master bias that was applied, kept as long [ADU].
    ccd : CcdImage or None
        Electrons.
    overscans : tuple of Overscan
        One for each amplifier.
    calibration : CcdCalibration or None
        Files and reasons; its images are dropped once they have been applied.
    raw_preview : (ndarray of float32, int) or None
        The raw image in larger pixels [ADU], and how many pixels wide these are.
    cosmics : CosmicCounts or None
        None where they were not looked for.
    background : Background or None
        Of the sky [e-]; `background_reason` says why there is none.
    sky : ndarray of float32, shape (ny, nx), or None
        The image without background [e-].
    sources : Catalogue or None
        `sources_reason` says why there are none.
    is_star : ndarray of bool, shape (n,)
        Of the sources, which the point-spread function is measured by.
    star_index : ndarray of int64, shape (m,), or None
        Places of these in the catalogue, in the order of `shapes` and of the profile's stars.
    shapes, shape : Shapes, FieldShape or None
        Second moments of these stars, and what they have in common.
    profile : StarProfile or None
        Their width.
    qa_reason : str
        Why the stars were not measured.
    wcs : Wcs or None
        Of the trimmed CCD, from the header.
    master : mapping of str to ndarray
        The master frame made here, by kind of product.
    master_cards : tuple of (str, value, str)
        What its header says besides.
    steps, notes : tuple of str
        What was done to the data, in order, and what the observer may want to know besides.
    """

    task: CameraTask
    camera: Camera
    header: Header = field(default_factory=dict)
    dead: str = ""
    unstable: Mapping[str, str] = field(default_factory=dict)
    raw: RawCamera | None = None
    bias: npt.NDArray[np.float32] | None = None
    ccd: CcdImage | None = None
    overscans: tuple[Overscan, ...] = ()
    calibration: CcdCalibration | None = None
    raw_preview: tuple[npt.NDArray[np.float32], int] | None = None
    cosmics: CosmicCounts | None = None
    background: Background | None = None
    background_reason: str = ""
    sky: npt.NDArray[np.float32] | None = None
    sources: Catalogue | None = None
    sources_reason: str = ""
    is_star: npt.NDArray[np.bool_] | None = None
    star_index: npt.NDArray[np.int64] | None = None
    shapes: Shapes | None = None
    shape: FieldShape | None = None
    profile: StarProfile | None = None
    qa_reason: str = ""
    wcs: Wcs | None = None
    master: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    master_cards: tuple[tuple[str, Any, str], ...] = ()
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exposure(self) -> Exposure:
        """The exposure that the CCD belongs to."""
        return self.task.exposure

    @property
    def exptime(self) -> float | None:
        """Exposure time [s]; None where the header has none, which is no reason to assume one."""
        return self.exposure.exptime

    def option(self, name: str) -> bool:
        """Whether a component of the workflow is switched on."""
        return bool(self.task.options.get(name, True))

    def with_(self, *done: str, **changes: Any) -> State:
        """Return a new state with these changes, and with what was `done` added to the steps."""
        return replace(self, steps=(*self.steps, *done), **changes)

    def noted(self, *notes: str) -> State:
        """Return a new state with these notes added; empty ones are left out."""
        return replace(self, notes=(*self.notes, *(note for note in notes if note)))
