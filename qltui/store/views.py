"""What a screen, `status` or an export gets from the record: immutable pictures of it, complete in themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from qltui.model import Status

if TYPE_CHECKING:
    from qltui.model import Exposure, Judgement, Verdict

__all__ = [
    "AlarmView",
    "CameraView",
    "CommandView",
    "CommentView",
    "DiskView",
    "EngineView",
    "ExposureRow",
    "KnownFile",
    "LogLine",
    "MonitorView",
    "ProcessView",
    "QueuedProcess",
    "StepView",
    "TrendBin",
    "TrendPoint",
    "worst_disk",
]


@dataclass(frozen=True, slots=True)
class DiskView:
    """One file system that the engine works on.

    Attributes
    ----------
    of : tuple of str
        What lies on it: ``"state"``, ``"products"``, ``"data"``.
    path : str
        One of those directories.
    used, free, size : float
        Fraction 0-1, and bytes: what may still be written, and what may be at all.
    level : str
        ``"warning"`` or ``"alarm"`` where it is filling up; else empty.
    words : str
        What was said when it came to that level, with what to do; empty without one.
    """

    of: tuple[str, ...]
    path: str
    used: float
    free: float
    size: float = 0.0
    level: str = ""
    words: str = ""

    @property
    def names(self) -> str:
        """What lies on it, in words."""
        return " and ".join([", ".join(self.of[:-1]), self.of[-1]] if len(self.of) > 1 else self.of)


def worst_disk(disks: Iterable[DiskView]) -> DiskView | None:
    """Return the disk that is nearest to being full of those that are filling up; None where none is."""
    filling = [disk for disk in disks if disk.level]
    return max(filling, key=lambda disk: (disk.level == "alarm", disk.used), default=None)


@dataclass(frozen=True, slots=True)
class EngineView:
    """The engine as its last heartbeat left it.

    Attributes
    ----------
    state : str
        ``"reducing"``, ``"idle"``, ``"compiling"``, ``"paused"``, ``"stopping"``, ``"stopped"``, or ``"none"`` where no
        engine ever ran here.
    heartbeat : float or None
        Time of the last beat [s since 1970].
    detail : str
        In words: what it is doing, or why it stopped.
    trouble : str
        In words: why an engine that lives cannot do its work; empty where it can.
    queue, incomplete : int
        Exposures waiting; exposures whose files are still being written.
    incomplete_names : tuple of str
        Those files and how long they have been waiting, in words.
    disk_used, disk_free : float or None
        Of the state directory: fraction 0-1, and bytes.
    disks : tuple of DiskView
        Each file system of state, products and data, none twice.
    slots : tuple of str
        What each slot does, ``"b3 CHECK FIBERS"`` or empty.
    mode : str
        ``"automatic"``, or ``"manual"`` where only what an observer chooses is reduced.
    observer : str
        Who observes; empty where nobody was named.
    configuration, limits : str
        Names and versions that are in force, ``"winter v3"``; empty where those of the files are.
    held : int
        Exposures that arrived in manual mode and wait for the observer's choice; they are not in the queue.
    restart : tuple of str
        Settings in force that the engine takes up only when it is started anew.
    selection, selected : str, tuple of str
        Which cameras it reduces from the next exposure on, by name: ``"Core"`` and the cameras of it; of halves that
        are taken in turn, all of them.
    """

    state: str
    pid: int = 0
    host: str = ""
    started: float | None = None
    heartbeat: float | None = None
    detail: str = ""
    queue: int = 0
    incomplete: int = 0
    incomplete_names: tuple[str, ...] = ()
    disk_used: float | None = None
    disk_free: float | None = None
    slots: tuple[str, ...] = ()
    data_directory: str = ""
    version: str = ""
    mode: str = "automatic"
    observer: str = ""
    configuration: str = ""
    limits: str = ""
    held: int = 0
    restart: tuple[str, ...] = ()
    selection: str = ""
    selected: tuple[str, ...] = ()
    trouble: str = ""
    disks: tuple[DiskView, ...] = ()


@dataclass(frozen=True, slots=True)
class StepView:
    """One cell of the grid."""

    step: str
    status: Status
    reason: str = ""
    seconds: float | None = None
    started: float | None = None
    judgements: tuple[Judgement, ...] = ()


@dataclass(frozen=True, slots=True)
class CameraView:
    """One camera of a process: its status and its steps in order.

    Steps that have not begun are not among `steps`: which there are is told by the instrument's table. `peak_memory` is
    the largest that the worker ever was [bytes].
    """

    camera: str
    status: Status
    reason: str = ""
    attempt: int = 1
    seconds: float | None = None
    steps: tuple[StepView, ...] = ()
    calibrations: Mapping[str, str] = field(default_factory=dict)
    peak_memory: int = 0


@dataclass(frozen=True, slots=True)
class ProcessView:
    """One run over one exposure.

    `state` is ``"waiting"``, ``"running"``, ``"done"``, ``"failed"``, ``"cancelled"`` or ``"superseded"``;
    `verdict` is the one so far while it runs.
    """

    number: int
    exposure: Exposure
    trigger: str
    state: str
    queued: float
    started: float | None
    ended: float | None
    shutter_closed: float | None
    cameras: Mapping[str, CameraView]
    verdict: Verdict
    configuration: str = ""
    code_version: str = ""
    limit_set: str = ""
    who: str = ""

    @property
    def done(self) -> int:
        """Of those that are expected, how many have come to an end."""
        return sum(
            camera.status.is_final and camera.status is not Status.NOT_EXPECTED for camera in self.cameras.values()
        )

    @property
    def expected(self) -> int:
        """How many are to be reduced: without those that are switched off or not selected."""
        return sum(camera.status is not Status.NOT_EXPECTED for camera in self.cameras.values())


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the night's log; `level` is ``"info"``, ``"warning"``, ``"alarm"`` or ``"error"``."""

    number: int
    time: float
    level: str
    text: str
    expid: int | None = None
    camera: str = ""


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One value of one element of one camera, with the limits that held at the time."""

    time: float
    expid: int
    camera: str
    element: str
    value: float
    status: Status
    normal: tuple[float, float]
    warning: tuple[float, float]
    obstype: str
    program: str
    process: int


@dataclass(frozen=True, slots=True)
class TrendBin:
    """The values of one series in a piece of time; the extremes are kept, so that no outlier is lost.

    Attributes
    ----------
    time, until : float
        Of the first and of the last value in it [s since 1970].
    count, outside : int
        Values, and how many of them are not NORMAL (those without a finite value too).
    low, high, mean : float
        Of the values; NaN where none is known.
    normal, warning : pair of float
        The widest range of each kind that held in it; ``(nan, nan)`` where there was none.
    """

    time: float
    until: float
    count: int
    outside: int
    low: float
    high: float
    mean: float
    normal: tuple[float, float]
    warning: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ExposureRow:
    """One line of the table of a night.

    `state` is that of its newest process; without one ``"held"`` where it arrived in manual mode and waits for the
    observer's choice, else empty.
    """

    exposure: Exposure
    process: int | None
    state: str
    status: Status
    headline: str
    seconds: float | None = None
    comments: int = 0
    flag: str = ""


@dataclass(frozen=True, slots=True)
class AlarmView:
    """One alarm: an exposure and a cause, not one for each metric."""

    number: int
    time: float
    expid: int
    status: Status
    cause: str
    acknowledged_by: str = ""


@dataclass(frozen=True, slots=True)
class MonitorView:
    """Everything that the Monitor shows, read in one transaction.

    `version` changes whenever anything else but the heartbeat does: a screen that has drawn this version has
    nothing to do.
    """

    version: int
    night: int | None
    engine: EngineView
    process: ProcessView | None
    running: tuple[int, ...] = ()
    exposures: tuple[ExposureRow, ...] = ()


class KnownFile(NamedTuple):
    """A raw file as the record last saw it.

    `state` is that of its newest process; without one ``"held"`` where it waits for the observer's choice, else empty.
    """

    size: int
    mtime_ns: int
    revision: int
    state: str


@dataclass(frozen=True, slots=True)
class QueuedProcess:
    """A process that waits for its turn.

    Attributes
    ----------
    cameras : tuple of str
        Cameras to reduce.
    jobs : mapping
        What an interrupted run has left: camera to its last attempt and how that ended. Cameras with a final status
        need not be done again.
    configuration, limit_set : int or None
        Numbers of the contents in the record.
    """

    number: int
    exposure: Exposure
    exposure_id: int
    trigger: str
    who: str
    cameras: tuple[str, ...]
    queued: float
    configuration: int | None = None
    code_version: str = ""
    limit_set: int | None = None
    jobs: Mapping[str, tuple[int, Status]] = field(default_factory=dict)

    @property
    def remaining(self) -> tuple[str, ...]:
        """Cameras without a final status."""
        return tuple(name for name in self.cameras if name not in self.jobs or not self.jobs[name][1].is_final)


@dataclass(frozen=True, slots=True)
class CommandView:
    """What somebody asked of the engine; `state` is ``"pending"``, ``"done"`` or ``"refused"``."""

    number: int
    name: str
    arguments: Mapping[str, object]
    who: str
    created: float
    state: str = "pending"
    answered: float | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class CommentView:
    """A comment as it stands; `process` is None where it is about the exposure."""

    number: int
    expid: int
    process: int | None
    author: str
    created: float
    text: str
    edited: float | None = None
