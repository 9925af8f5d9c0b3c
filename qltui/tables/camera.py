"""One camera as a table: every metric and element with its reference, its limits and its status."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from qltui.instruments.base import Instrument, MetricDefinition
from qltui.model import Judgement
from qltui.store.views import ProcessView
from qltui.tables.table import Column, Judged, Row, Table, Value
from qltui.tables.wording import number_text, range_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qltui.store.details import PastValue

__all__ = ["camera_values", "element_rows", "element_table", "find_metric", "past_table"]

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


_ELEMENT_COLUMNS: Final = (Column("element", "of", doc="amplifier, axis or class; empty for a single value"), *_LIMITS)


def element_table(judgement: Judgement | None, definition: MetricDefinition, camera: str, reason: str) -> Table:
    """Return the elements of one metric of one camera; without a judgement an empty table whose note is `reason`.

    Rows have the element for a key. A metric of one value calls it by the camera.
    """
    rows = []
    for index, element in enumerate(judgement.elements if judgement is not None else ()):
        values = element_rows(judgement, definition, index) if judgement is not None else ()
        rows.append(Row(element, (element or camera, *values)))
    title = f"{camera} {definition.name}"
    return Table("metric.elements", title, _ELEMENT_COLUMNS, tuple(rows), "" if rows else reason)


def past_table(past: Sequence[PastValue], title: str, definition: MetricDefinition) -> Table:
    """Return the last values of a camera's element with their limits, for a file."""
    unit = definition.unit
    columns = (
        Column("expid", "exposure", align=">", doc="number of the exposure"),
        Column("time", "time", "s", ".3f", ">", "of the exposure, since 1970, UTC"),
        Column("process", "process", align=">", doc="number of the process"),
        Column("value", "value", unit, "", ">", definition.definition),
        Column("reference", "reference", unit, "", ">", "what the value was compared with"),
        Column("normal_low", "normal from", unit, "", ">", "low end of the normal range; empty for no bound"),
        Column("normal_high", "to", unit, "", ">", "high end of the normal range; empty for no bound"),
        Column("warning_low", "warning from", unit, "", ">", "low end of the warning range; empty for no bound"),
        Column("warning_high", "to", unit, "", ">", "high end of the warning range; empty for no bound"),
    )
    rows = [
        Row(
            item.process,
            (
                item.expid,
                item.time,
                item.process,
                Judged(item.value if math.isfinite(item.value) else None, item.status),
                *(bound if math.isfinite(bound) else None for bound in (item.reference, *item.normal, *item.warning)),
            ),
        )
        for item in past
    ]
    return Table("metric.past", title, columns, tuple(rows))
