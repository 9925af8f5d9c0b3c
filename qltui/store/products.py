"""Which files a process left, by camera: what the viewers open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from qltui.model import Exposure, Status
from qltui.store import details, pictures
from qltui.store.codec import path_from
from qltui.store.database import Database

__all__ = ["LeftFile", "Subject", "left_files", "subject"]

_MOST: Final = 5000
"""Files of one process: an instrument has some sixty cameras."""


@dataclass(frozen=True, slots=True)
class LeftFile:
    """A file that one camera of a process left; `kind` is that of `qltui.model.Product`."""

    camera: str
    kind: str
    path: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """What a viewer looks at: a process, its exposure, and what it left.

    Attributes
    ----------
    process : int
        Number in the record.
    exposure : Exposure
        Of the process.
    state : str
        Of the process, ``"done"``.
    cameras : mapping of str to Status
        Those that have begun, with their status.
    files : tuple of LeftFile
        In the order of cameras; of a kind the newest.
    latest : bool
        Whether nothing newer is in the record.
    reasons : mapping of str to str
        Why a camera is as it is, where that was said.
    culprits : tuple of (Status, str)
        What is not good, as the verdict names it.
    """

    process: int
    exposure: Exposure
    state: str
    cameras: dict[str, Status] = field(default_factory=dict)
    files: tuple[LeftFile, ...] = ()
    latest: bool = False
    reasons: dict[str, str] = field(default_factory=dict)
    culprits: tuple[tuple[Status, str], ...] = ()

    def path(self, kind: str, camera: str) -> str | None:
        """Return the file of a kind that a camera left; None where it left none."""
        for file in self.files:
            if file.kind == kind and file.camera == camera:
                return file.path
        return None

    def paths(self, kind: str) -> dict[str, str]:
        """Return the files of a kind by camera."""
        return {file.camera: file.path for file in self.files if file.kind == kind}


def left_files(database: Database, process: int) -> tuple[LeftFile, ...]:
    """Return the files of a process, by camera; of several of a kind the last attempt's."""
    rows = database.sql(
        """SELECT product.camera, product.kind, product.path, product.size
           FROM job JOIN product ON product.job_id = job.id
           WHERE job.process_id = ? AND product.removed IS NULL
           ORDER BY product.camera, job.attempt, product.id LIMIT ?""",
        (process, _MOST),
    )
    newest = {(camera, kind): LeftFile(camera, kind, path_from(path), size) for camera, kind, path, size in rows}
    return tuple(newest.values())


def subject(
    database: Database, instrument: str, process: int | None = None, *, expid: int | None = None, by: int = 0
) -> Subject | None:
    """Return what a viewer looks at; None where nothing was reduced yet.

    Parameters
    ----------
    instrument : str
        Whose newest process is meant where nothing else is said.
    process : int or None
        A process; None for the newest of `expid`, or of all.
    expid : int or None
        An exposure, where no process is named.
    by : int
        So many exposures further on, or back where negative; the last or first where there are not so many.
    """
    latest = details.latest_process(database, instrument)
    number = process
    if number is None and expid is not None:
        number = next(iter(pictures.process_numbers(database, expid=expid, limit=1)), None)
    number = latest if number is None else number
    for _ in range(abs(by)):
        beside = None if number is None else details.neighbour_process(database, number, 1 if by > 0 else -1)
        if beside is None:
            break
        number = beside
    view = None if number is None else pictures.process_view(database, number)
    if view is None:
        return None
    statuses = {name: camera.status for name, camera in view.cameras.items()}
    return Subject(
        view.number,
        view.exposure,
        view.state,
        statuses,
        left_files(database, view.number),
        view.number == latest,
        {name: camera.reason for name, camera in view.cameras.items() if camera.reason},
        view.verdict.culprits,
    )
