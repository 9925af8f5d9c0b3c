"""Which metric the trend shows: what the cell under the cursor suggests, or what was chosen by key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from qltui.instruments.base import Instrument, MetricDefinition
from qltui.store.views import ProcessView
from qltui.tui.cells import first_judgement, step_view
from qltui.tui.text import clean
from qltui.tui.widgets.grid_layout import Place

__all__ = ["TrendChoice", "TrendQuery", "choose_trend", "cycle_arm", "cycle_element", "cycle_metric", "trend_title"]

ALL_ELEMENTS: Final = "*"
"""As a choice of element: all of them."""


@dataclass(frozen=True, slots=True)
class TrendChoice:
    """What the observer has chosen by key; empty fields follow the cell under the cursor.

    Without a choice of obstypes it is those like the one on the screen, or all where there are too few of these.
    """

    metric: str = ""
    arm: str = ""
    element: str = ""
    all_obstypes: bool | None = None
    one_camera: bool = False


@dataclass(frozen=True, slots=True)
class TrendQuery:
    """What the chart shows: a metric's element, in some cameras of which one is marked.

    `element` is empty for all; `obstypes` is empty for all.
    """

    definition: MetricDefinition
    cameras: tuple[str, ...]
    marked: str
    arm: str
    element: str
    night: int
    obstypes: tuple[str, ...]


def available_metrics(process: ProcessView, instrument: Instrument, arm: str) -> tuple[MetricDefinition, ...]:
    """Return the metrics that a chart can show for this exposure and arm."""
    return instrument.metrics_for(process.exposure.obstype, arm=arm or None)


def _elements_of(process: ProcessView, metric: MetricDefinition, camera: str) -> tuple[tuple[str, ...], str]:
    """Return a metric's elements in this process, and the worst of them in `camera`."""
    names = [camera, *process.cameras]
    for name in names:
        view = step_view(process, name, metric.step)
        for judgement in view.judgements if view is not None else ():
            if judgement.metric == metric.name:
                worst = max(range(len(judgement.elements)), key=lambda index: judgement.statuses[index].severity)
                return judgement.elements, judgement.elements[worst]
    return ("",), ""


def elements_of(process: ProcessView, metric: MetricDefinition, camera: str) -> tuple[str, ...]:
    """Return the elements of a metric, as this process has them."""
    return _elements_of(process, metric, camera)[0]


def choose_trend(
    process: ProcessView | None, instrument: Instrument, cursor: Place | None, choice: TrendChoice
) -> TrendQuery | None:
    """Return what to show: what was chosen by key, else what is worst in the cell under the cursor."""
    if process is None or cursor is None:
        return None
    camera = instrument.camera(cursor.camera)
    arm = choice.arm or camera.arm
    unit = camera.unit
    members = [item for item in instrument.cameras if item.arm == arm]
    marked = next((item.name for item in members if item.unit == unit), members[0].name if members else camera.name)
    metrics = available_metrics(process, instrument, arm)
    definition = next((item for item in metrics if item.name == choice.metric), None)
    if definition is None:
        first = first_judgement(step_view(process, marked, cursor.step), instrument)
        own = [item for item in metrics if item.step == cursor.step]
        candidates = [item for item in own if first is not None and item.name == first.metric]
        candidates += [item for item in own if item.unit] + own
        definition = candidates[0] if candidates else None
    if definition is None:
        return None
    elements, worst_element = _elements_of(process, definition, marked)
    element = choice.element if choice.element in (*elements, ALL_ELEMENTS) else worst_element
    exposure = process.exposure
    return TrendQuery(
        definition,
        (marked,) if choice.one_camera else tuple(item.name for item in members),
        marked,
        arm,
        "" if element == ALL_ELEMENTS else element,
        exposure.night,
        () if choice.all_obstypes else (exposure.obstype,),
    )


def trend_title(query: TrendQuery) -> str:
    """Return the heading: metric, camera, element, unit, and which exposures."""
    metric = query.definition
    element = f" {clean(query.element)}" if query.element else ""
    unit = f" [{metric.unit}]" if metric.unit else ""
    kind = clean(query.obstypes[0]) if query.obstypes else "all obstypes"
    others = "" if len(query.cameras) == 1 else f", dim: other {query.arm}"
    return f"{metric.name} {query.marked}{element}{unit}  {kind}{others}"


# -- by key --------------------------------------------------------------------------------------------------------


def _next(names: tuple[str, ...], current: str, by: int) -> str:
    return names[(names.index(current) + by) % len(names)] if current in names else names[0]


def cycle_metric(
    process: ProcessView, instrument: Instrument, cursor: Place, choice: TrendChoice, by: int = 1
) -> TrendChoice:
    """Return the choice with the next metric of this exposure and arm."""
    query = choose_trend(process, instrument, cursor, choice)
    arm = choice.arm or instrument.camera(cursor.camera).arm
    names = tuple(metric.name for metric in available_metrics(process, instrument, arm))
    if not names:
        return choice
    return replace(choice, metric=_next(names, query.definition.name if query else "", by), element="")


def cycle_arm(instrument: Instrument, cursor: Place, choice: TrendChoice) -> TrendChoice:
    """Return the choice with the next arm."""
    arms = tuple(dict.fromkeys(camera.arm for camera in instrument.cameras))
    return replace(choice, arm=_next(arms, choice.arm or instrument.camera(cursor.camera).arm, 1), element="")


def cycle_element(process: ProcessView, instrument: Instrument, cursor: Place, choice: TrendChoice) -> TrendChoice:
    """Return the choice with the next element of the metric; after the last come all of them."""
    query = choose_trend(process, instrument, cursor, choice)
    if query is None:
        return choice
    names = elements_of(process, query.definition, query.marked)
    if len(names) < 2:
        return choice
    return replace(choice, element=_next((*names, ALL_ELEMENTS), query.element or ALL_ELEMENTS, 1))
