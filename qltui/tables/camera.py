"""One camera as a table: every metric and element with its reference, its limits and its status."""

from __future__ import annotations

import math
from typing import Final

from qltui.instruments.base import Instrument, MetricDefinition
from qltui.model import Judgement
from qltui.store.views import ProcessView
from qltui.tables.table import Column, Judged, Row, Table, Value
from qltui.tables.wording import number_text, range_text

__all__ = ["camera_values", "element_rows", "find_metric"]

_LIMITS: Final = (
    Column("value", "value", align=">", doc="measured, in the unit of the row"),
    Column("unit", "unit", doc="of the values of the row"),
    Column("normal", "normal", align=">", doc="range in which the value is good, reference included"),
    Column("warning", "warning", align=">", doc="range outside of which it is an alarm"),
    Column("reference", "reference", align=">", doc="what the value is compared with"),
    Column("from", "from", doc="where the reference comes from"),
)

_COLUMNS: Final = (
    Column("metric", "metric", doc="name of the metric"),
    Column("element", "of", doc="amplifier, axis or class; empty for a single value"),
    *_LIMITS,
    Column("step", "step", doc="step that measured it", shown=False),
    Column("reason", "reason", doc="why there is no value, or what the reader should know"),
)


def find_metric(instrument: Instrument, name: str) -> MetricDefinition:
    """Return a metric's entry; one made of its name for a metric that this version no longer knows."""
    try:
        return instrument.metric(name)
    except KeyError:
        return MetricDefinition(name, name, name, "", "", (), "", "", "", "", "", format=".4g")


def camera_values(process: ProcessView, instrument: Instrument, camera: str) -> Table:
    """Return all that was measured of a camera, a row for each metric and element, in the order of the steps.

    Rows have (metric, element) for a key.
    """
    view = process.cameras.get(camera)
    rows = []
    for step in view.steps if view is not None else ():
        for judgement in step.judgements:
            definition = find_metric(instrument, judgement.metric)
            for index, element in enumerate(judgement.elements):
                values = element_rows(judgement, definition, index)
                reason = judgement.reason if index == 0 else ""
                row = (judgement.metric, element, *values, step.step, reason)
                rows.append(Row((judgement.metric, element), row))
    note = "" if rows or view is None else view.reason or f"{view.status.value.lower()}: nothing was measured"
    return Table("camera.values", f"{process.exposure.expid} {camera}", _COLUMNS, tuple(rows), note)


def element_rows(judgement: Judgement, definition: MetricDefinition, index: int) -> tuple[Value, ...]:
    """Return value, unit, normal and warning range, reference and its origin of one element, in words."""
    form, value, reference = definition.format, judgement.values[index], judgement.references[index]
    # A plain number of the limits file: "fixed" tells an observer more than its kind.
    origin = judgement.reference_from.replace("number", "fixed")
    return (
        Judged(number_text(value, form), judgement.statuses[index]),
        definition.unit,
        range_text(judgement.normal[index], form),
        range_text(judgement.warning[index], form),
        number_text(reference, form) if math.isfinite(reference) else "",
        origin,
    )
