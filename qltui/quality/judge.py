"""From a measurement and its limits to a judgement: pure, element by element, paired by name."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from qltui.instruments.base import MetricDefinition
from qltui.model import Judgement, Measurement, Status
from qltui.quality.limits import MIN_HISTORY, Context, Limit, LimitSet, Range, Reference

__all__ = ["BadBefore", "History", "judge", "no_history", "none_before"]

History = Callable[[str, str, str, int], Sequence[float]]
"""``(metric, camera, element, n) -> values``: the last `n` good values before this exposure."""

BadBefore = Callable[[str, str, str, int], Sequence[bool]]
"""``(metric, camera, element, n) -> flags``: whether the last `n` exposures of the same kind before this one were
beyond the warning range, the newest first; of those after it the oldest first."""

_NO_RANGE: Range = (math.nan, math.nan)


def no_history(metric: str, camera: str, element: str, n: int) -> Sequence[float]:  # noqa: ARG001 - the form of History
    """Know nothing of earlier exposures: the history of a reduction without a record."""
    return ()


def none_before(metric: str, camera: str, element: str, n: int) -> Sequence[bool]:  # noqa: ARG001 - the form of BadBefore
    """Know of no exposure before this one."""
    return ()


@dataclass(frozen=True, slots=True)
class _Element:
    """One element of a judgement."""

    status: Status
    reference: float = math.nan
    normal: Range = _NO_RANGE
    warning: Range = _NO_RANGE
    reason: str = ""
    reference_from: str = ""


def judge(
    measurement: Measurement,
    definition: MetricDefinition,
    limits: LimitSet,
    context: Context,
    history: History = no_history,
    bad_before: BadBefore = none_before,
    bad_after: BadBefore = none_before,
) -> Judgement:
    """Judge every element of a measurement by the limit that holds for it; the worst element gives the status.

    Elements are paired with references and limits by their names, never by their rank or place, so that two
    amplifiers that have changed places are seen. Ranges include their ends. What has no finite value is ``UNKNOWN``;
    what has no limit, no reference, or no meaning here is ``NOT_CHECKED``; both with the reason.

    Parameters
    ----------
    measurement : Measurement
        As the recipe returned it.
    definition : MetricDefinition
        The metric's entry in the instrument's table.
    limits : LimitSet
        From which the most specific limit is picked for each element.
    context : Context
        Camera, arm, obstype, program and night of the exposure.
    history : callable
        ``(metric, camera, element, n) -> sequence of float``, asked only where a limit refers to it.
    bad_before : callable
        ``(metric, camera, element, n) -> sequence of bool``, asked only where a limit wants several in a row.
    bad_after : callable
        The same of the exposures that were taken after this one and are known already, as a backlog is worked off from
        its end; asked only where those before it are too few.

    Returns
    -------
    Judgement
        With absolute ranges, reference plus limit.
    """
    elements = [
        _in_a_row(
            _judge_element(measurement, index, limits, context, history),
            measurement,
            index,
            limits,
            context,
            bad_before,
            bad_after,
        )
        for index in range(len(measurement.elements))
    ]
    return Judgement(
        metric=definition.name,
        elements=measurement.elements,
        values=measurement.values,
        references=tuple(element.reference for element in elements),
        normal=tuple(element.normal for element in elements),
        warning=tuple(element.warning for element in elements),
        statuses=tuple(element.status for element in elements),
        reason=_joined([measurement.reason, *(element.reason for element in elements)]),
        reference_from=_joined([element.reference_from for element in elements]),
        limit_set=limits.identity,
    )


def _joined(parts: Sequence[str]) -> str:
    """Return the parts that say something, each once."""
    return "; ".join(dict.fromkeys(part for part in parts if part))


def _judge_element(
    measurement: Measurement, index: int, limits: LimitSet, context: Context, history: History
) -> _Element:
    element, value = measurement.elements[index], measurement.values[index]
    if measurement.not_applicable:
        return _Element(Status.NOT_CHECKED, reason=measurement.reason or "does not apply to this exposure")
    limit = limits.select(measurement.metric, context, element)
    missing = "" if math.isfinite(value) else (measurement.reason or f"no finite value{_of(element)}")
    if limit is None:
        status = Status.UNKNOWN if missing else Status.NOT_CHECKED
        return _Element(status, reason=missing or f"no limit{_of(element)} for {context.obstype} {context.arm}")
    limit, reference, origin = _resolve(limit, measurement, index, context, history)
    if not math.isfinite(reference):
        status = Status.UNKNOWN if missing else Status.NOT_CHECKED
        return _Element(status, reason=missing or f"nothing to compare with{_of(element)}: {origin}")
    normal, warning = limit.bounds(reference)
    if missing:
        return _Element(Status.UNKNOWN, reference, normal, warning, missing, origin)
    return _Element(_status(value, normal, warning), reference, normal, warning, reference_from=origin)


def _in_a_row(
    judged: _Element,
    measurement: Measurement,
    index: int,
    limits: LimitSet,
    context: Context,
    bad_before: BadBefore,
    bad_after: BadBefore,
) -> _Element:
    """Return the element as its neighbours in time have it: an ALARM only when enough of them were as bad."""
    if judged.status is not Status.ALARM:
        return judged
    metric, element = measurement.metric, measurement.elements[index]
    limit = limits.select(metric, context, element)
    if limit is None or limit.in_a_row <= 1:
        return judged
    wanted = limit.in_a_row - 1
    row = 1 + _row(bad_before(metric, context.camera, element, wanted)[:wanted])
    if row >= limit.in_a_row:
        return replace(judged, reason=f"{row} in a row")
    later = _row(bad_after(metric, context.camera, element, wanted)[:wanted])
    if row + later >= limit.in_a_row:
        return replace(judged, reason=f"{row + later} in a row, {later} of them later")
    return replace(judged, status=Status.WARNING, reason=f"{row + later} of {limit.in_a_row} in a row")


def _row(bad: Sequence[bool]) -> int:
    """Return how many are bad until the first that is not."""
    return sum(1 for _ in itertools.takewhile(bool, bad))


def _of(element: str) -> str:
    return f" of {element}" if element else ""


def _status(value: float, normal: Range, warning: Range) -> Status:
    """Return the status of a finite value; both ranges include their ends."""
    if normal[0] <= value <= normal[1]:
        return Status.NORMAL
    if warning[0] <= value <= warning[1]:
        return Status.WARNING
    return Status.ALARM


def _resolve(
    limit: Limit, measurement: Measurement, index: int, context: Context, history: History
) -> tuple[Limit, float, str]:
    """Return the first reference that has a value, the ranges that go with it, and where it is from.

    Where none has a value it is NaN, and the words say which were tried.
    """
    tried = []
    alternative: Limit | None = limit
    while alternative is not None:
        for reference in alternative.references:
            value = _reference_value(reference, measurement, index, context, history)
            if math.isfinite(value):
                return alternative, value, reference.words
            tried.append(f"no {reference.words}")
        alternative = alternative.otherwise
    return limit, math.nan, ", ".join(tried)


def _reference_value(
    reference: Reference, measurement: Measurement, index: int, context: Context, history: History
) -> float:
    """Return the value of a reference for one element; NaN where it has none."""
    element = measurement.elements[index]
    if reference.kind == "number":
        number = reference.number
        if isinstance(number, Mapping):
            return number.get(element, math.nan)
        return math.nan if number is None else float(number)
    if reference.kind == "history":
        past = history(measurement.metric, context.camera, element, reference.count)
        good = [value for value in past if math.isfinite(value)][: reference.count]
        return statistics.median(good) if len(good) >= min(MIN_HISTORY, reference.count) else math.nan
    values = measurement.references.get(reference.kind, ())
    # A reference that cannot be paired element by element is none.
    return values[index] if len(values) == len(measurement.elements) else math.nan
