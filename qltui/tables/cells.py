"""What the record says of one camera in one step."""

from __future__ import annotations

from qltui.instruments.base import Instrument
from qltui.model import Judgement, Status
from qltui.store.views import ProcessView, StepView

__all__ = ["cell_reason", "cell_status", "first_judgement", "step_view", "worst_cell"]


def step_view(process: ProcessView, camera: str, step: str) -> StepView | None:
    """Return the record of a camera's step, or None where it has not begun."""
    view = process.cameras.get(camera)
    return next((item for item in view.steps if item.step == step), None) if view is not None else None


def cell_status(process: ProcessView, camera: str, step: str) -> Status:
    """Return a camera's status in a step.

    A step without a record has the camera's own status where that says why (missing, off, cancelled); in a process
    that has ended it was not checked.
    """
    view = process.cameras.get(camera)
    if view is None:
        return Status.NOT_EXPECTED
    found = step_view(process, camera, step)
    if found is not None:
        return found.status
    if view.status in (Status.MISSING, Status.NOT_EXPECTED, Status.CANCELLED):
        return view.status
    if view.status is Status.FAILED:
        return Status.CANCELLED if view.steps else Status.FAILED
    return Status.NOT_CHECKED if view.status.is_final else Status.WAITING


def cell_reason(process: ProcessView, camera: str, step: str) -> str:
    """Return why a cell has its status, in words; empty where nothing was noted."""
    view = process.cameras.get(camera)
    if view is None:
        return "not part of this process"
    found = step_view(process, camera, step)
    if found is not None and found.reason:
        return found.reason
    if found is None or found.status is view.status:
        return view.reason
    return ""


def first_judgement(view: StepView | None, instrument: Instrument) -> Judgement | None:
    """Return the judgement that an observer should see first, or None where there is none.

    What is bad comes first, the worst of it; where nothing is, the first physical quantity with a value is a better
    sight than a header check or a metric that does not apply.
    """
    if view is None or not view.judgements:
        return None
    return max(view.judgements, key=lambda judgement: _rank(judgement, instrument))


def _rank(judgement: Judgement, instrument: Instrument) -> tuple[int, int, int]:
    status = judgement.status
    trouble = status.severity if status.severity >= Status.UNKNOWN.severity else 0
    has_unit = any(metric.name == judgement.metric and metric.unit for metric in instrument.metrics)
    return trouble, int(status is Status.NORMAL), int(has_unit)


def worst_cell(process: ProcessView, instrument: Instrument) -> tuple[str, str] | None:
    """Return camera and step that an observer should look at first; the first of them all where all is well."""
    steps = instrument.steps_for(process.exposure.obstype)
    cells = [(camera.name, step.name) for step in steps for camera in instrument.subjects_of(step)]
    return max(cells, key=lambda cell: _urgency(cell_status(process, *cell)), default=None)


def _urgency(status: Status) -> int:
    return status.severity if status in (Status.WARNING, Status.ALARM, Status.FAILED) else 0
