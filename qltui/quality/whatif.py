"""What other limits would have made of values that were judged already: pure, from what the record keeps of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from qltui.model import Judgement, Status, worst
from qltui.quality.limits import Context, Limit, LimitSet

__all__ = ["Flips", "Rule", "changed_metrics", "make_rule", "overall_after", "step_after"]

Rule = Callable[[float | None, float | None, str], str]
"""Value, the reference it was compared with, and its status, to the status it would have; None is no finite number."""

_KEPT: Final = frozenset({Status.UNKNOWN.value})
"""A value that is not there stays so under any limit."""


@dataclass(frozen=True, slots=True)
class Flips:
    """Exposures whose overall status other limits would change.

    Attributes
    ----------
    exposures : int
        That were looked at.
    better, worse : int
        How many of them would have a milder status, and a more severe one.
    by_metric : tuple of (str, int, int)
        Metric, and in how many of those exposures it has values that get better, and worse.
    examples : tuple of (int, Status, Status)
        Some exposures, the newest first, with the status they have and the one they would have.
    """

    exposures: int = 0
    better: int = 0
    worse: int = 0
    by_metric: tuple[tuple[str, int, int], ...] = ()
    examples: tuple[tuple[int, Status, Status], ...] = ()


def changed_metrics(before: LimitSet, after: LimitSet) -> tuple[str, ...]:
    """Return the metrics whose entries differ, in the order of their first entry."""
    metrics = dict.fromkeys(limit.metric for limit in (*before.limits, *after.limits))
    return tuple(
        metric
        for metric in metrics
        if [limit for limit in before.limits if limit.metric == metric]
        != [limit for limit in after.limits if limit.metric == metric]
    )


def make_rule(metric: str, element: str, context: Context, before: LimitSet, after: LimitSet) -> Rule | None:
    """Return how an element of a metric would be judged, or None where the same entry holds as before.

    Where the new entry compares with what was measured (header, calibration, history), the reference that was recorded
    with the value stands for it: what the history was at the time cannot be had again.
    """
    old, new = before.select(metric, context, element), after.select(metric, context, element)
    if old == new:
        return None
    alternatives = _alternatives(old, element)

    def rule(value: float | None, reference: float | None, status: str) -> str:
        if status in _KEPT or value is None:
            return status
        if new is None:
            return Status.NOT_CHECKED.value
        if reference is None and status == Status.NOT_CHECKED and old is not None:
            # Not applicable, or nothing to compare with: a number in the new entry does not tell which.
            return status
        fixed = reference is not None and reference in alternatives
        return _judged(new, element, value, None if fixed or reference is None else reference)

    return rule


def _alternatives(limit: Limit | None, element: str) -> frozenset[float]:
    """Return the fixed numbers that an entry falls back to after something measured."""
    if limit is None:
        return frozenset()
    numbers = [_number(limit, element)] if len(limit.references) > 1 else []
    if limit.otherwise is not None:
        numbers.append(_number(limit.otherwise, element))
    return frozenset(number for number in numbers if number is not None)


def _number(limit: Limit, element: str) -> float | None:
    for reference in limit.references:
        if reference.kind == "number":
            number = reference.number
            return number.get(element) if isinstance(number, Mapping) else number
    return None


def _judged(limit: Limit, element: str, value: float, measured: float | None) -> str:
    alternative: Limit | None = limit
    while alternative is not None:
        for reference in alternative.references:
            if reference.kind == "number":
                number = reference.number
                found = number.get(element) if isinstance(number, Mapping) else number
            else:
                found = measured
            if found is not None and math.isfinite(found):
                normal, warning = alternative.bounds(found)
                return _status(value, normal, warning)
        alternative = alternative.otherwise
    return Status.NOT_CHECKED.value


def _status(value: float, normal: tuple[float, float], warning: tuple[float, float]) -> str:
    if normal[0] <= value <= normal[1]:
        return Status.NORMAL.value
    return Status.WARNING.value if warning[0] <= value <= warning[1] else Status.ALARM.value


def step_after(status: Status, judgements: Sequence[Judgement], flipped: Mapping[tuple[str, str], Status]) -> Status:
    """Return the status of a step of one camera once some elements have another status.

    Parameters
    ----------
    status : Status
        As it was: its worst judgement's, or its own where it did not end well.
    judgements : sequence of Judgement
        As they were made.
    flipped : mapping
        New statuses by metric and element.
    """
    old, new = [], []
    for judgement in judgements:
        for element, was in zip(judgement.elements, judgement.statuses, strict=True):
            old.append(was)
            new.append(flipped.get((judgement.metric, element), was))
    own = [] if status is worst(old) else [status]
    return worst([*own, *new])


def overall_after(cameras: Mapping[str, tuple[Status, Sequence[Status], Sequence[Status]]]) -> Status:
    """Return the status of an exposure.

    Parameters
    ----------
    cameras : mapping
        By name: the camera's status as it was, those of its steps as they were, and as they would be.
    """
    statuses = []
    for status, before, after in cameras.values():
        if status is Status.NOT_EXPECTED:
            continue
        own = [] if before and status is worst(before) else [status]
        statuses.append(worst([*own, *after]))
    return worst(statuses)
