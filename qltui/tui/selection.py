"""What the observer looks at: carried from screen to screen, so that each opens at the same exposure and camera."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Selection"]


@dataclass(frozen=True, slots=True)
class Selection:
    """A process, and what of it.

    Attributes
    ----------
    process : int or None
        Number of the process; None for the latest.
    expid, night : int or None
        Of its exposure, where they are known.
    camera, step, metric, element : str
        What of it; empty for all, or for the first.
    enlarged : bool
        Whether the camera is to be shown large, where a screen shows all of them first.
    """

    process: int | None = None
    expid: int | None = None
    night: int | None = None
    camera: str = ""
    step: str = ""
    metric: str = ""
    element: str = ""
    enlarged: bool = False
