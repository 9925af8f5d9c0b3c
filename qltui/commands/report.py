"""What `reduce` and `status` say on a terminal: grids of letters, and values with their units."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from qltui.instruments.base import Instrument, MetricDefinition
from qltui.model import Camera, Status
from qltui.store.views import CameraView

__all__ = ["MARKS", "format_value", "grid_lines"]

MARKS: Mapping[Status, str] = {
    Status.NORMAL: "ok",
    Status.WARNING: "W",
    Status.ALARM: "A",
    Status.UNKNOWN: "U",
    Status.NOT_CHECKED: "-",
    Status.WAITING: ".",
    Status.RUNNING: ">",
    Status.FAILED: "F",
    Status.MISSING: "M",
    Status.NOT_EXPECTED: "x",
    Status.CANCELLED: "C",
}
"""Letters of the statuses in plain text."""


def format_value(value: float, definition: MetricDefinition) -> str:
    """Return a value with its unit, ``"25.10 e-"``; ``"none"`` where there is none."""
    if not math.isfinite(value):
        return "none"
    return f"{value:{definition.format}} {definition.unit}".rstrip()


def grid_lines(
    instrument: Instrument, steps: Iterable[tuple[str, str]], cameras: Mapping[str, CameraView]
) -> list[str]:
    """Return the grid of arms x units for each step (name, title) as lines of text."""
    rows: dict[str, list[Camera]] = {}
    for camera in instrument.cameras:
        rows.setdefault(camera.arm, []).append(camera)
    label = max((len(arm) for arm in rows), default=1)
    cell = max((len(camera.unit) for camera in instrument.cameras), default=1)
    cell = max(cell, 2)
    lines = []
    of_field = {step.name for step in instrument.steps if step.of_field}
    for name, title in steps:
        lines.append(f"{title}")
        if name in of_field and instrument.field_camera is not None:
            field = instrument.field_camera.name
            lines.append(f"{field}  {MARKS[_status_of(cameras.get(field), name)]}")
            continue
        first = next(iter(rows.values()), [])
        lines.append(" " * (label + 2) + " ".join(f"{camera.unit:>{cell}}" for camera in first))
        for arm, members in rows.items():
            marks = (f"{MARKS[_status_of(cameras.get(camera.name), name)]:>{cell}}" for camera in members)
            lines.append(f"{arm:>{label}}  " + " ".join(marks))
    return lines


def _status_of(camera: CameraView | None, step: str) -> Status:
    if camera is None:
        return Status.WAITING
    for view in camera.steps:
        if view.step == step:
            return view.status
    return camera.status
