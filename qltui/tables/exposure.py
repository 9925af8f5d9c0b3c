"""One exposure as tables: its steps, the metrics of a step camera by camera, every value with its limits, its runs."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from qltui.instruments.base import Instrument, MetricDefinition, StepDefinition
from qltui.model import Judgement, Status, worst
from qltui.store.views import ProcessView
from qltui.tables.camera import find_metric
from qltui.tables.cells import cell_reason, cell_status, step_view
from qltui.tables.companions import deviation, worst_element
from qltui.tables.table import Column, Judged, Row, Styled, Table, Value

if TYPE_CHECKING:
    from qltui.store.details import ProcessRow

__all__ = [
    "camera_table",
    "difference_table",
    "judgement_of",
    "judgements_of",
    "metric_table",
    "process_table",
    "step_table",
    "utc_text",
    "value_table",
]


def utc_text(seconds: float | None) -> str:
    """Return a time [s since 1970] as ``"2019-10-02 05:12:09"`` in UTC; empty where there is none."""
    if seconds is None or not math.isfinite(seconds):
        return ""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return ""


def judgement_of(process: ProcessView, camera: str, metric: str) -> Judgement | None:
    """Return how a camera's metric was judged; None where it was not measured."""
    view = process.cameras.get(camera)
    for step in view.steps if view is not None else ():
        for judgement in step.judgements:
            if judgement.metric == metric:
                return judgement
    return None


def judgements_of(process: ProcessView, metric: str) -> dict[str, Judgement]:
    """Return how a metric was judged in every camera that has it."""
    found = {camera: judgement_of(process, camera, metric) for camera in process.cameras}
    return {camera: judgement for camera, judgement in found.items() if judgement is not None}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


# -- steps ---------------------------------------------------------------------------------------------------------

_STEP_COLUMNS: Final = (
    Column("step", "step", doc="step of the recipe"),
    Column("status", "status", doc="the worst camera's"),
    Column("good", "good", align=">", doc="cameras that are good in this step"),
    Column("cameras", "cameras", align=">", doc="cameras that the process has"),
    Column("median_seconds", "median", "s", ".2f", ">", doc="time that a camera took, median"),
    Column("slowest_seconds", "slowest", "s", ".2f", ">", doc="time that the slowest camera took"),
    Column("slowest", "camera", doc="the slowest camera"),
)


def step_table(process: ProcessView, instrument: Instrument) -> Table:
    """Return the steps of an exposure: how many cameras are good, and how long they took."""
    rows = []
    for step in instrument.steps_for(process.exposure.obstype):
        cameras = [camera.name for camera in instrument.subjects_of(step) if camera.name in process.cameras]
        statuses = [cell_status(process, camera, step.name) for camera in cameras]
        times = {
            camera: view.seconds
            for camera in cameras
            if (view := step_view(process, camera, step.name)) is not None and view.seconds is not None
        }
        slowest = max(times, key=lambda camera: times[camera], default="")
        rows.append(
            Row(
                step.name,
                (
                    step.title,
                    worst(statuses),
                    sum(status.is_good for status in statuses),
                    len(statuses),
                    statistics.median(times.values()) if times else None,
                    times.get(slowest),
                    slowest,
                ),
            )
        )
    return Table("exposure.steps", f"steps of {process.exposure.expid}", _STEP_COLUMNS, tuple(rows))


# -- a step, camera by camera --------------------------------------------------------------------------------------


def camera_table(process: ProcessView, instrument: Instrument, step: StepDefinition) -> Table:
    """Return all metrics of a step, a row for each camera; of several elements the worst, with its name.

    Rows have the camera's name for a key.
    """
    # Quantities with a unit first: a check of the header is the last that an observer wants to read.
    metrics = sorted(instrument.metrics_for(process.exposure.obstype, step.name), key=lambda metric: not metric.unit)
    columns = [Column("camera", "camera", doc="camera"), Column("status", "step", doc="status of the step")]
    for metric in metrics:
        columns.append(Column(metric.name, metric.short, metric.unit, metric.format, ">", metric.definition))
        if metric.elements:
            doc = f"{metric.elements} with the worst value of {metric.name}"
            columns.append(Column(f"{metric.name}_at", "at", doc=doc))
    columns += [
        Column("seconds", "took", "s", ".2f", ">", "time in the worker"),
        Column("reason", "reason", doc="why there is no value"),
    ]
    rows = []
    for camera in instrument.subjects_of(step):
        if camera.name not in process.cameras:
            continue
        view = step_view(process, camera.name, step.name)
        values: list[Value] = [camera.name, cell_status(process, camera.name, step.name)]
        for metric in metrics:
            values += _worst_values(judgement_of(process, camera.name, metric.name), metric)
        values += [view.seconds if view is not None else None, cell_reason(process, camera.name, step.name)]
        rows.append(Row(camera.name, tuple(values)))
    title = f"{process.exposure.expid} {step.title}"
    return Table(f"exposure.{step.name}", title, tuple(columns), tuple(rows))


def _worst_values(judgement: Judgement | None, metric: MetricDefinition) -> list[Value]:
    """Return the worst value, and where there are several elements, which one it is of."""
    if judgement is None or not judgement.elements:
        return [None, ""] if metric.elements else [None]
    index = worst_element(judgement)
    value = Judged(_finite(judgement.values[index]), judgement.statuses[index])
    return [value, judgement.elements[index]] if metric.elements else [value]


# -- metrics in all ------------------------------------------------------------------------------------------------

_METRIC_COLUMNS: Final = (
    Column("metric", "metric", doc="name of the metric"),
    Column("title", "what", doc="what it is"),
    Column("status", "status", doc="the worst camera's"),
    Column("good", "good", align=">", doc="cameras whose value is good"),
    Column("cameras", "of", align=">", doc="cameras that have the metric"),
    Column("camera", "worst", doc="camera with the worst value"),
    Column("element", "at", doc="amplifier, axis or class of the worst value"),
    Column("value", "value", align=">", doc="the worst value, in the unit of the metric"),
    Column("unit", "unit", doc="of the value"),
    Column("step", "step", doc="step that measures it", shown=False),
)


def metric_table(process: ProcessView, instrument: Instrument, cameras: Sequence[str] = ()) -> Table:
    """Return the metrics of an exposure, a row for each: how many cameras are good, and the worst value."""
    rows = []
    for metric in instrument.metrics_for(process.exposure.obstype):
        judged = judgements_of(process, metric.name)
        judged = {name: item for name, item in judged.items() if item.elements and (not cameras or name in cameras)}
        if not judged:
            continue
        camera = max(judged, key=lambda name: _rank(judged[name]))
        judgement = judged[camera]
        index = worst_element(judgement)
        value = judgement.values[index]
        text = format(value, metric.format) if math.isfinite(value) else None
        rows.append(
            Row(
                metric.name,
                (
                    metric.name,
                    metric.title,
                    judgement.status,
                    sum(item.status.is_good for item in judged.values()),
                    len(judged),
                    camera,
                    judgement.elements[index],
                    Judged(text, judgement.status),
                    metric.unit,
                    metric.step,
                ),
            )
        )
    return Table("exposure.metrics", f"metrics of {process.exposure.expid}", _METRIC_COLUMNS, tuple(rows))


def _rank(judgement: Judgement) -> tuple[int, float]:
    far = deviation(judgement, worst_element(judgement))
    return judgement.status.severity, 0.0 if math.isnan(far) else abs(far)


# -- every value ---------------------------------------------------------------------------------------------------

_VALUE_COLUMNS: Final = (
    Column("camera", "camera", doc="camera"),
    Column("step", "step", doc="step that measured it", shown=False),
    Column("metric", "metric", doc="name of the metric"),
    Column("element", "of", doc="amplifier, axis or class; empty for a single value"),
    Column("value", "value", align=">", doc="measured, in the unit of its row"),
    Column("unit", "unit", doc="of value, reference and limits"),
    Column("status", "status", doc="of this element"),
    Column("reference", "reference", align=">", doc="what it is compared with"),
    Column("reference_from", "from", doc="where the reference comes from"),
    Column("normal_low", "normal from", align=">", doc="low end of the normal range; empty for no bound"),
    Column("normal_high", "to", align=">", doc="high end of the normal range; empty for no bound"),
    Column("warning_low", "warning from", align=">", doc="low end of the warning range; empty for no bound"),
    Column("warning_high", "to", align=">", doc="high end of the warning range; empty for no bound"),
    Column("reason", "reason", doc="why there is no value, or what the reader should know"),
)


def value_table(
    process: ProcessView,
    instrument: Instrument,
    cameras: Sequence[str] = (),
    metrics: Sequence[str] = (),
    *,
    rounded: bool = False,
) -> Table:
    """Return every value with its limits, a row for each camera, metric and element.

    For files numbers keep all their digits; `rounded` ones have those of their metric, for people: one format of a
    column cannot serve rows of many units.
    """
    rows = []
    for camera, step, judgement in _judged(process, instrument):
        if (cameras and camera not in cameras) or (metrics and judgement.metric not in metrics):
            continue
        definition = find_metric(instrument, judgement.metric)
        form = definition.format if rounded else ".10g"
        for index, element in enumerate(judgement.elements):
            rows.append(
                Row(
                    (camera, judgement.metric, element),
                    _value_row(camera, step, judgement, index, unit=definition.unit, form=form),
                )
            )
    return Table("exposure.values", f"values of {process.exposure.expid}", _VALUE_COLUMNS, tuple(rows))


def _value_row(camera: str, step: str, judgement: Judgement, index: int, *, unit: str, form: str) -> tuple[Value, ...]:
    bounds = [*judgement.normal[index], *judgement.warning[index]]
    return (
        camera,
        step,
        judgement.metric,
        judgement.elements[index],
        _rounded(judgement.values[index], form),
        unit,
        judgement.statuses[index],
        _rounded(judgement.references[index], form),
        judgement.reference_from,
        *(_rounded(bound, form) for bound in bounds),
        judgement.reason,
    )


def _rounded(value: float, form: str) -> float | None:
    """Return a number as a format shows it; None where there is none."""
    return float(format(value, form)) if math.isfinite(value) else None


def _judged(process: ProcessView, instrument: Instrument) -> Iterator[tuple[str, str, Judgement]]:
    """Yield camera, step and judgement in the order of the grid."""
    for camera in instrument.subjects:
        view = process.cameras.get(camera.name)
        for step in view.steps if view is not None else ():
            for judgement in step.judgements:
                yield camera.name, step.step, judgement


# -- runs ----------------------------------------------------------------------------------------------------------

_PROCESS_COLUMNS: Final = (
    Column("process", "process", align=">", doc="number of the process in the record"),
    Column("shown", "", doc="the process on the screen is marked"),
    Column("state", "state", doc="waiting, running, done, failed, cancelled or superseded"),
    Column("status", "status", doc="verdict"),
    Column("good", "good", align=">", doc="cameras that are good"),
    Column("trigger", "trigger", doc="why it was started: NEW, BACKLOG or REPROCESS"),
    Column("who", "by", doc="who asked for it"),
    Column("started", "started", "UTC", doc="when it was begun"),
    Column("seconds", "took", "s", ".1f", ">", "from its start to its end"),
    Column("configuration", "configuration", doc="settings in force: name and checksum"),
    Column("limits", "limits", doc="limits in force: name and checksum"),
    Column("code", "code", doc="version of the program"),
    Column("revision", "revision", align=">", doc="of the raw file", shown=False),
    Column("headline", "verdict", doc="in words", shown=False),
)


def process_table(processes: Sequence[ProcessRow], shown: int) -> Table:
    """Return the runs over an exposure, newest first; the one on the screen is marked."""
    rows = []
    for item in processes:
        took = item.ended - item.started if item.ended is not None and item.started is not None else None
        rows.append(
            Row(
                item.number,
                (
                    item.number,
                    Styled("▸", "mark") if item.number == shown else "",
                    item.state,
                    item.status,
                    item.good,
                    item.trigger,
                    item.who,
                    utc_text(item.started),
                    took,
                    item.configuration,
                    item.limit_set,
                    item.code_version,
                    item.revision,
                    item.headline or item.reason,
                ),
            )
        )
    return Table("exposure.processes", "processes", _PROCESS_COLUMNS, tuple(rows))


def difference_table(older: ProcessView, newer: ProcessView, instrument: Instrument) -> Table:
    """Return where two runs over an exposure disagree: cameras whose status differs, and elements whose does."""
    columns = (
        Column("camera", "camera", doc="camera"),
        Column("metric", "metric", doc="metric; empty for the camera as a whole"),
        Column("element", "of", doc="amplifier, axis or class"),
        Column("older", f"process {older.number}", align=">", doc="value and status in the older run"),
        Column("newer", f"process {newer.number}", align=">", doc="value and status in the newer run"),
        Column("unit", "unit", doc="of the values"),
    )
    rows = []
    for camera in instrument.subjects:
        rows += _camera_differences(older, newer, camera.name)
        for metric in instrument.metrics:
            pair = [judgement_of(view, camera.name, metric.name) for view in (older, newer)]
            rows += _metric_differences(pair, camera.name, metric)
    title = f"process {older.number} against {newer.number}"
    note = "" if rows else f"processes {older.number} and {newer.number} agree in every status"
    return Table("exposure.differences", title, columns, tuple(rows), note)


def _camera_differences(older: ProcessView, newer: ProcessView, camera: str) -> list[Row]:
    pair = [view.cameras.get(camera) for view in (older, newer)]
    statuses = [Status.NOT_EXPECTED if view is None else view.status for view in pair]
    if statuses[0] is statuses[1]:
        return []
    return [Row((camera, "", ""), (camera, "", "", statuses[0], statuses[1], ""))]


def _metric_differences(pair: Sequence[Judgement | None], camera: str, metric: MetricDefinition) -> list[Row]:
    elements = dict.fromkeys(element for judgement in pair if judgement for element in judgement.elements)
    rows = []
    for element in elements:
        cells = [_cell(judgement, element, metric) for judgement in pair]
        if cells[0].status is not cells[1].status:
            values = (camera, metric.name, element, cells[0], cells[1], metric.unit)
            rows.append(Row((camera, metric.name, element), values))
    return rows


def _cell(judgement: Judgement | None, element: str, metric: MetricDefinition) -> Judged:
    if judgement is None or element not in judgement.elements:
        return Judged(None, Status.NOT_CHECKED)
    index = judgement.elements.index(element)
    value = judgement.values[index]
    return Judged(format(value, metric.format) if math.isfinite(value) else None, judgement.statuses[index])
