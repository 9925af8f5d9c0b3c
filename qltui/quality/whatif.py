"""What other limits would have said of values that are recorded: pure, value by value and exposure by exposure.

A value is compared with the reference that was recorded with it: what the header, the calibration or the history said
at the time is not asked for again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from qltui.model import Status
from qltui.quality.limits import Limit, LimitSet

__all__ = ["Flip", "Flips", "Judge", "changed_metrics", "count_flips", "judge_again"]

Judge = Callable[[float | None, float | None, int], int]
"""``(value, recorded reference, recorded severity) -> severity``; None is a number that was not finite.

Severities and not statuses: a month has a million values, and an enumeration takes longer to look up than to judge.
"""

_NORMAL, _WARNING, _ALARM = (status.severity for status in (Status.NORMAL, Status.WARNING, Status.ALARM))
_NOT_CHECKED: Final = Status.NOT_CHECKED.severity
_EXAMPLES: Final = 5
_Ranges = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Flip:
    """An exposure whose status would be another one."""

    process: int
    expid: int
    night: int
    before: Status
    after: Status

    @property
    def is_worse(self) -> bool:
        """Whether it would be judged more severely."""
        return self.after.severity > self.before.severity


@dataclass(frozen=True, slots=True)
class Flips:
    """What other limits would change in the last nights.

    Attributes
    ----------
    nights : tuple of int
        That were looked at, oldest first.
    exposures : int
        How many of them were judged.
    flips : tuple of Flip
        Those whose overall status would be another one.
    by_metric : tuple
        Metric, better, worse: of each metric whose limits differ, in how many of `flips` its own worst status would
        be better, and worse; metrics that change nothing are left out.
    """

    nights: tuple[int, ...] = ()
    exposures: int = 0
    flips: tuple[Flip, ...] = ()
    by_metric: tuple[tuple[str, int, int], ...] = ()

    @property
    def better(self) -> int:
        """Exposures that would be judged more mildly."""
        return len(self.flips) - self.worse

    @property
    def worse(self) -> int:
        """Exposures that would be judged more severely."""
        return sum(flip.is_worse for flip in self.flips)

    @property
    def examples(self) -> tuple[tuple[int, str, str], ...]:
        """Number, status now and then of the newest of them."""
        newest = reversed(self.flips[-_EXAMPLES:])
        return tuple((flip.expid, flip.before.value, flip.after.value) for flip in newest)

    @property
    def words(self) -> str:
        """All of it in one sentence."""
        if not self.exposures:
            return "no exposure of the last nights was judged: what this would change cannot be told"
        nights = f"{len(self.nights)} night{'s' if len(self.nights) != 1 else ''}"
        if not self.flips:
            return f"none of {self.exposures} exposures of the last {nights} would change its status"
        return (
            f"{len(self.flips)} of {self.exposures} exposures of the last {nights} would change their status: "
            f"{self.better} better, {self.worse} worse"
        )


def changed_metrics(before: LimitSet, after: LimitSet) -> tuple[str, ...]:
    """Return the metrics of which the two sets do not say the same, in the order of their first entries."""
    names = dict.fromkeys(limit.metric for limit in (*before.limits, *after.limits))
    return tuple(name for name in names if _entries(before, name) != _entries(after, name))


def _entries(limits: LimitSet, metric: str) -> list[Limit]:
    return [limit for limit in limits.limits if limit.metric == metric]


def judge_again(before: Limit | None, after: Limit | None, element: str) -> Judge:
    """Return what judges recorded values of one element anew, one after the other as they came.

    Parameters
    ----------
    before : Limit or None
        That held when the values were judged; it tells whether the recorded reference was only its last resort.
    after : Limit or None
        That is to hold; without one nothing is checked.
    element : str
        Amplifier, axis or class.

    Where several in a row make an alarm they are counted through the nights.
    """
    last_resorts = _numbers_of(before.otherwise, element) if before is not None else frozenset()
    known: dict[float | None, _Ranges | None] = {}
    wanted, row = after.in_a_row if after is not None else 1, 0

    def judge(value: float | None, reference: float | None, severity: int) -> int:
        nonlocal row
        before, row = row, 0
        if value is None or value - value != 0.0:
            # Without a finite value no limit says anything: it stays what it was, unknown or not applicable.
            return severity
        try:
            ranges = known[reference]
        except KeyError:
            ranges = known[reference] = _ranges(after, None if reference in last_resorts else reference, element)
        if ranges is None:
            return _NOT_CHECKED
        low, high, lowest, highest = ranges
        if low <= value <= high:
            return _NORMAL
        if lowest <= value <= highest:
            return _WARNING
        row = before + 1
        return _ALARM if row >= wanted else _WARNING

    return judge


def _ranges(limit: Limit | None, recorded: float | None, element: str) -> _Ranges | None:
    """Return the normal and the warning range around the reference; None where there is nothing to compare with."""
    if recorded is not None and not math.isfinite(recorded):
        recorded = None
    while limit is not None:
        found = _reference(limit, recorded, element)
        if found is not None:
            normal, warning = limit.bounds(found)
            return *normal, *warning
        limit = limit.otherwise
    return None


def _numbers_of(limit: Limit | None, element: str) -> frozenset[float]:
    """Return the fixed references of an entry."""
    if limit is None:
        return frozenset()
    numbers = (_number(reference.number, element) for reference in limit.references if reference.kind == "number")
    return frozenset(number for number in numbers if number is not None)


def _number(number: float | Mapping[str, float] | None, element: str) -> float | None:
    return number.get(element) if isinstance(number, Mapping) else number


def _reference(limit: Limit, recorded: float | None, element: str) -> float | None:
    """Return the first reference of an entry that has a value: a fixed one, or for all others the recorded one."""
    for reference in limit.references:
        found = _number(reference.number, element) if reference.kind == "number" else recorded
        if found is not None:
            return found
    return None


def count_flips(
    exposures: Iterable[tuple[int, int, int, Status]],
    cameras: Mapping[int, Mapping[str, Status]],
    changed: Mapping[int, Mapping[str, Status]],
) -> tuple[Flip, ...]:
    """Return the exposures whose worst camera would be another one than now.

    Parameters
    ----------
    exposures : iterable of tuple
        Process, number, night, and the recorded status.
    cameras : mapping
        Recorded status of every camera of the processes in `changed`; cameras that are not expected left out.
    changed : mapping
        By process, the new status of the cameras that would have another one.
    """
    found: list[Flip] = []
    for process, expid, night, before in exposures:
        news = changed.get(process)
        if not news:
            continue
        after = _worst([news.get(name, status) for name, status in cameras[process].items()])
        if after is not before:
            found.append(Flip(process, expid, night, before, after))
    return tuple(found)


def _worst(statuses: Sequence[Status]) -> Status:
    return max(statuses, key=lambda status: status.severity, default=Status.NOT_CHECKED)
