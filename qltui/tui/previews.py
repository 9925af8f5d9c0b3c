"""The pictures of all cameras of an exposure, read for the screen; runs in the reader's thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from qltui.model import Status
from qltui.tui.widgets.thumbnails import Thumbnail

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from qltui.instruments.preview_file import Preview
    from qltui.model import Camera
    from qltui.store.products import Subject

__all__ = ["PreviewChoice", "Previews", "Shelf", "read_previews"]

_SMALL: Final = 48
"""Rows and columns of a thumbnail, at most."""
_KEPT: Final = 400
_NO_PREVIEW: Final = "there is no preview of {camera}: {why}"


@dataclass(frozen=True, slots=True)
class PreviewChoice:
    """What is looked at: the camera, the picture (`qltui.instruments.preview_file.PICTURES`), and the cuts."""

    camera: str
    picture: str
    cuts: str


@dataclass(frozen=True, slots=True)
class Previews:
    """What was read.

    Attributes
    ----------
    choice : PreviewChoice
        What was asked for.
    preview : Preview or None
        The camera's; None where there is none, which `words` explain.
    thumbnails : mapping of str to Thumbnail
        Of all cameras.
    """

    choice: PreviewChoice
    preview: Preview | None
    words: str = ""
    thumbnails: Mapping[str, Thumbnail] = field(default_factory=dict)


class Shelf:
    """Small pictures that were read already, by file and time of its last change; used by one thread."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int, str], npt.NDArray[np.float32]] = {}

    def small(self, path: str, picture: str) -> npt.NDArray[np.float32] | None:
        """Return the small picture of a file; None where it cannot be read."""
        from qltui.instruments.preview_file import read_preview
        from qltui.instruments.table_file import ProductError

        try:
            key = (path, Path(path).stat().st_mtime_ns, picture)
            if key not in self._kept:
                if len(self._kept) >= _KEPT:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[key] = _shrunk(read_preview(path, picture).values)
        except (OSError, ValueError, ProductError):
            return None
        return self._kept[key]


def _shrunk(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return a picture of at most `_SMALL` rows and columns, first row at the bottom as before."""
    from qltui.tui.image import filled

    rows, columns = (min(_SMALL, length) for length in values.shape)
    return filled(values, rows, columns)[::-1].astype("f4")


def read_previews(subject: Subject, choice: PreviewChoice, cameras: Sequence[Camera], shelf: Shelf) -> Previews:
    """Return the picture of one camera and thumbnails of all; what cannot be read is said in words."""
    preview, words = _read(subject, choice)
    return Previews(choice, preview, words, _thumbnails(subject, choice, cameras, shelf))


def _read(subject: Subject, choice: PreviewChoice) -> tuple[Preview | None, str]:
    from qltui.instruments.preview_file import read_preview
    from qltui.instruments.table_file import ProductError

    path = subject.path("preview", choice.camera)
    if path is None:
        return None, _NO_PREVIEW.format(camera=choice.camera, why=_why(subject, choice.camera))
    try:
        return read_preview(path, choice.picture), ""
    except ProductError as error:
        return None, _NO_PREVIEW.format(camera=choice.camera, why=f"{error}; reprocess the exposure to make it anew")


def _why(subject: Subject, camera: str) -> str:
    status = subject.cameras.get(camera, Status.NOT_EXPECTED)
    reasons = {
        Status.MISSING: "it is not in the file",
        Status.NOT_EXPECTED: "it was not reduced",
        Status.WAITING: "it waits for a worker",
        Status.RUNNING: "it is being reduced",
        Status.FAILED: "its reduction failed, see the log",
        Status.CANCELLED: "it was cancelled",
    }
    return reasons.get(status, "the process kept none (engine.preview of the configuration)")


def _thumbnails(
    subject: Subject, choice: PreviewChoice, cameras: Sequence[Camera], shelf: Shelf
) -> dict[str, Thumbnail]:
    """Return all thumbnails; those of an arm have the same cuts, so that an odd one looks odd."""
    import numpy as np

    from qltui.tui.image import cut_range

    paths = subject.paths("preview")
    small = {name: shelf.small(path, choice.picture) for name, path in paths.items()}
    cuts: dict[str, tuple[float, float] | None] = {}
    for arm in dict.fromkeys(camera.arm for camera in cameras):
        values = [small.get(camera.name) for camera in cameras if camera.arm == arm]
        known = [picture.ravel() for picture in values if picture is not None]
        cuts[arm] = cut_range(np.concatenate(known), choice.cuts) if known else None
    return {
        camera.name: Thumbnail(
            camera.name,
            subject.cameras.get(camera.name, Status.NOT_EXPECTED),
            small.get(camera.name),
            cuts[camera.arm],
        )
        for camera in cameras
    }
