"""The vocabulary that every part shares: cameras, exposures, statuses, measurements, judgements, tasks and reports.

Standard library only, so that anything may import it; frozen, so that anything may be sent to another process.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["Amplifier", "Camera", "CameraReport", "CameraTask", "Exposure", "Judgement", "Measurement", "Product",
           "Section", "Status", "StepEvent", "StepReport", "Trigger", "Verdict", "worst"]  # fmt: skip


class Status(enum.StrEnum):
    """What is known of a measurement, of a camera's step, of a camera or of an exposure.

    Only `NORMAL` is ever shown green: everything else was not checked, is not finished, or is not good.
    """

    NORMAL = "NORMAL"
    """Checked against a limit and inside its normal range."""
    NOT_EXPECTED = "NOT_EXPECTED"
    """The site says that this camera is switched off."""
    NOT_CHECKED = "NOT_CHECKED"
    """No limit applies, or the calibration it needs is missing; the reason is kept."""
    WAITING = "WAITING"
    """Not begun."""
    RUNNING = "RUNNING"
    """In a worker at this moment."""
    CANCELLED = "CANCELLED"
    """An observer stopped it."""
    UNKNOWN = "UNKNOWN"
    """Should have a value and has none, or one that is not finite."""
    MISSING = "MISSING"
    """Expected, and not in the file."""
    WARNING = "WARNING"
    """Outside the normal range, inside the warning range."""
    FAILED = "FAILED"
    """The reduction itself failed; the reason is kept."""
    ALARM = "ALARM"
    """Outside the warning range."""

    @property
    def severity(self) -> int:
        """Rank in the order of this class, 0 for the mildest; `worst` takes the highest."""
        return _SEVERITY[self]

    @property
    def is_good(self) -> bool:
        """Whether it may be shown green."""
        return self is Status.NORMAL

    @property
    def is_final(self) -> bool:
        """Whether nothing more is coming."""
        return self not in (Status.WAITING, Status.RUNNING)


_SEVERITY = {status: rank for rank, status in enumerate(Status)}


def worst(statuses: Iterable[Status], default: Status = Status.NOT_CHECKED) -> Status:
    """Return the most severe of `statuses`, or `default` where there is none."""
    return max(statuses, key=lambda status: status.severity, default=default)


class Trigger(enum.StrEnum):
    """Why a process was started."""

    NEW = "NEW"
    """The exposure arrived while the engine ran."""
    BACKLOG = "BACKLOG"
    """It lay there when the engine started."""
    REPROCESS = "REPROCESS"
    """Somebody asked for it."""


@dataclass(frozen=True, slots=True)
class Camera:
    """One detector with its own reduction.

    Attributes
    ----------
    name : str
        As the observer says it: ``"b3"``, ``"N4"``.
    arm : str
        The row in which a grid shows it (``"b"``), and the arm or side that limits may differ by.
    unit : str
        The column in which a grid shows it (``"3"``, the spectrograph).
    """

    name: str
    arm: str
    unit: str


@dataclass(frozen=True, slots=True)
class Section:
    """A rectangle of pixels, zero-based and half open: rows ``y0 <= y < y1``, columns ``x0 <= x < x1``."""

    y0: int
    y1: int
    x0: int
    x1: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, ``(ny, nx)``."""
        return self.y1 - self.y0, self.x1 - self.x0

    @property
    def slices(self) -> tuple[slice, slice]:
        """The index that cuts it out of an ``(ny, nx)`` array."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)


@dataclass(frozen=True, slots=True)
class Amplifier:
    """One readout channel of a CCD.

    Attributes
    ----------
    name : str
        ``"A"`` to ``"D"``; the old numbers 1 to 4 are kept as they stand in the file.
    data, bias : Section
        Light-sensitive pixels and overscan columns, in the raw image.
    ccd : Section
        Where `data` belongs in the trimmed image.
    gain : float
        [e-/ADU].
    read_noise : float
        Expected read noise [e-]; NaN where neither header nor calibration gives one.
    saturation : float
        [ADU].
    gain_from, saturation_from : str
        ``"header"``, ``"calibration"`` or ``"default"``.
    """

    name: str
    data: Section
    bias: Section
    ccd: Section
    gain: float
    read_noise: float
    saturation: float
    gain_from: str = "header"
    saturation_from: str = "header"


@dataclass(frozen=True, slots=True)
class Exposure:
    """One opening of the shutter, as the first look at its file tells it.

    Attributes
    ----------
    instrument : str
        Name of the instrument's folder, ``"desi"``.
    night : int
        YYYYMMDD of the local date at sunset; rolls at local noon.
    expid : int
        Number of the exposure.
    obstype : str
        Upper case: SCIENCE, SKY, TWILIGHT, ARC, FLAT, ZERO, DARK, ...
    program : str
        Upper case: DARK, GRAY, BRIGHT, ...; empty where none is given.
    path : str
        The raw file.
    cameras : tuple of str
        Those in the file.
    exptime, mjd, airmass, seeing : float or None
        [s], [d], dimensionless, [arcsec]; None where the header has no finite value.
    ra, dec : float or None
        Pointing [deg].
    tile : int or None
        Its number.
    date_obs : str
        Start of the exposure, ISO 8601 in UTC; empty where unknown.
    object : str
        The observer's words, cleaned of control characters.
    revision : int
        1 for the first file of this number, one more for each rewrite.
    size, mtime_ns : int
        Of the complete raw file [bytes], [ns].
    auxiliary : mapping
        Other files of the exposure by kind, ``{"fibermap": path}``.
    header : mapping
        Further scalars of the header that screens and trends may show.
    problems : tuple of str
        What is odd about the file, in words.
    """

    instrument: str
    night: int
    expid: int
    obstype: str
    path: str
    program: str = ""
    cameras: tuple[str, ...] = ()
    exptime: float | None = None
    mjd: float | None = None
    airmass: float | None = None
    seeing: float | None = None
    ra: float | None = None
    dec: float | None = None
    tile: int | None = None
    date_obs: str = ""
    object: str = ""
    revision: int = 1
    size: int = 0
    mtime_ns: int = 0
    auxiliary: Mapping[str, str] = field(default_factory=dict)
    header: Mapping[str, str | float | int | bool] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a step measured, before anybody judged it.

    Attributes
    ----------
    metric : str
        Key of the metric's table entry, ``"NOISE_AMP"``.
    values : tuple of float
        One for each element [metric's unit]; NaN where it could not be computed.
    elements : tuple of str
        ``("A", "B", "C", "D")``, ``("dx", "dy")``, ``("ELG", "LRG")``; ``("",)`` for a scalar.
    reason : str
        Why a value is NaN, or what the reader should know.
    references : mapping
        Values to compare with, by where they come from, each as long as `values`:
        ``{"header": (3.1, 2.9, ...), "calibration": (...)}``.
    not_applicable : bool
        The measurement has no meaning here (no calibration, wrong arm): judged `NOT_CHECKED`, not `UNKNOWN`.
    """

    metric: str
    values: tuple[float, ...]
    elements: tuple[str, ...] = ("",)
    reason: str = ""
    references: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    not_applicable: bool = False

    def __post_init__(self) -> None:
        """Refuse values and elements that cannot be paired."""
        if len(self.values) != len(self.elements):
            msg = f"{self.metric}: {len(self.values)} values for {len(self.elements)} elements"
            raise ValueError(msg)

    @property
    def is_finite(self) -> bool:
        """Whether every element has a value."""
        return bool(self.values) and all(math.isfinite(value) for value in self.values)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A measurement with its limits and its status; one of these for each metric of a camera.

    All tuples are as long as `elements`. Ranges are absolute, in the metric's unit: reference plus limit; a bound
    that does not exist is infinite, a range that does not exist is ``(nan, nan)``.
    """

    metric: str
    elements: tuple[str, ...]
    values: tuple[float, ...]
    references: tuple[float, ...]
    normal: tuple[tuple[float, float], ...]
    warning: tuple[tuple[float, float], ...]
    statuses: tuple[Status, ...]
    reason: str = ""
    reference_from: str = ""
    limit_set: str = ""

    @property
    def status(self) -> Status:
        """The worst element's."""
        return worst(self.statuses)


@dataclass(frozen=True, slots=True)
class Product:
    """A file that a step wrote, by its kind (``"spectra"``, ``"preview"``, ``"fibers"``, ...)."""

    kind: str
    path: str
    size: int = 0
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class CameraTask:
    """Everything that a worker needs to reduce one camera of one exposure.

    Attributes
    ----------
    exposure : Exposure
        Names the raw file and its companions.
    camera : str
        Name of the camera.
    calibration_directory : str
        The site's calibrations; empty where there are none.
    night_calibrations : mapping
        Newest products of this camera judged fit, by kind: ``{"fiberflat": path}``.
    products_directory : str
        Where to write; empty for no products.
    options : mapping
        Of the workflow, ``{"cosmics": True}``.
    process, attempt : int
        Number of the process in the record, and which try this is, from 1.
    frames : tuple of str
        Earlier raw files of the night, of the same obstype and program, in which this camera was fit: for a master.
    gathered, gathered_products : mapping
        For the field, which stands for all cameras: what was measured of each, and paths of its products by kind.
    """

    exposure: Exposure
    camera: str
    calibration_directory: str = ""
    night_calibrations: Mapping[str, str] = field(default_factory=dict)
    products_directory: str = ""
    options: Mapping[str, str | float | int | bool] = field(default_factory=dict)
    process: int = 0
    attempt: int = 1
    frames: tuple[str, ...] = ()
    gathered: Mapping[str, tuple[Measurement, ...]] = field(default_factory=dict)
    gathered_products: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepReport:
    """One step of one camera: how it ended and what it measured.

    `status` is ``NORMAL`` here for a step that ran to its end (quality decides what its values mean), ``FAILED`` with
    a reason otherwise, ``NOT_CHECKED`` with a reason for a step that could do nothing.
    """

    step: str
    status: Status
    seconds: float
    measurements: tuple[Measurement, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StepEvent:
    """What a worker says while it works; `report` is there when the step has finished.

    Attributes
    ----------
    kind : str
        ``"started"``, ``"finished"`` or ``"compiling"``.
    time : float
        Seconds since 1970, UTC.
    """

    process: int
    camera: str
    attempt: int
    step: str
    kind: str
    time: float
    pid: int
    report: StepReport | None = None


@dataclass(frozen=True, slots=True)
class CameraReport:
    """The whole of one camera: all its steps, its products and what was used to make them.

    `counts` has how many targets it saw by unit and class; cameras of one unit see the same ones.
    """

    camera: str
    attempt: int
    steps: tuple[StepReport, ...]
    products: tuple[Product, ...] = ()
    calibrations: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    peak_memory: int = 0
    pid: int = 0
    notes: tuple[str, ...] = ()
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line for an exposure, and the culprits by name, worst first.

    `culprits` are pairs of a status and words such as ``"b3 C  noise 25.1 e-  (3.1)"``.
    """

    status: Status
    headline: str
    culprits: tuple[tuple[Status, str], ...] = ()
    good: int = 0
    expected: int = 0
