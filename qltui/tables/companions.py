"""Which other cameras moved together with one: the first question at a bad value, for it tells whose fault it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from qltui.instruments.base import Instrument, MetricDefinition
from qltui.model import Camera, Judgement, Status

__all__ = ["Companions", "companion_words", "companions", "deviation", "worst_element"]

HALFWAY: Final = 0.5
"""Of the way from the reference to the end of the normal range: from here on a value has moved."""
_LACKING: Final = (Status.UNKNOWN, Status.WARNING, Status.ALARM)


@dataclass(frozen=True, slots=True)
class Companions:
    """Of one group that the camera belongs to: who else moved.

    Attributes
    ----------
    group : str
        ``"arm b"``, ``"spectrograph 3"``, ``"amplifier C"``.
    moved : tuple of str
        Other cameras that moved the same way.
    of : int
        Other cameras with a value.
    """

    group: str
    moved: tuple[str, ...]
    of: int


def deviation(judgement: Judgement, index: int) -> float:
    """Return how far an element is from its reference, in units of the way to the end of its normal range.

    0 at the reference, 1 or -1 at the end of the range; without a reference the middle of the range counts. NaN where
    there is no value or no range, 0 on a side that has no end.
    """
    value, (low, high) = judgement.values[index], judgement.normal[index]
    if not math.isfinite(value) or math.isnan(low) or math.isnan(high):
        return math.nan
    reference = judgement.references[index]
    if not math.isfinite(reference) or not low <= reference <= high:
        if not (math.isfinite(low) and math.isfinite(high)):
            return _beyond(value, low, high)
        reference = 0.5 * (low + high)
    end = high if value > reference else low
    way = end - reference
    if math.isinf(way) or value == reference:
        return 0.0
    if way == 0:
        return math.copysign(math.inf, value - reference)
    return abs((value - reference) / way) * math.copysign(1.0, value - reference)


def _beyond(value: float, low: float, high: float) -> float:
    """Return 0 inside a range without reference, and 1 or -1 outside."""
    if value > high:
        return 1.0
    return -1.0 if value < low else 0.0


def worst_element(judgement: Judgement) -> int:
    """Return the element that an observer should see first: the worst status, then the farthest from its reference."""

    def rank(index: int) -> tuple[int, float]:
        far = deviation(judgement, index)
        return judgement.statuses[index].severity, 0.0 if math.isnan(far) else abs(far)

    return max(range(len(judgement.elements)), key=rank, default=0)


def companions(
    judgements: Mapping[str, Judgement], instrument: Instrument, definition: MetricDefinition, camera: str, element: str
) -> tuple[Companions, ...]:
    """Return who moved with a camera's element, by group: same arm, same unit, same element anywhere.

    A camera has moved where its element of the same name is not good, or is at least half-way out on the same side.

    Parameters
    ----------
    judgements : mapping
        Judgement of this metric of each camera.
    instrument, definition : Instrument, MetricDefinition
        What the groups are called.
    camera, element : str
        Whose company is looked for.
    """
    own = judgements.get(camera)
    if own is None or element not in own.elements:
        return ()
    side = deviation(own, own.elements.index(element))
    here = instrument.camera(camera)
    groups: list[tuple[str, Callable[[Camera], bool]]] = [
        (f"{instrument.arm_title} {here.arm}", lambda other: other.arm == here.arm),
        (f"{instrument.unit_title} {here.unit}", lambda other: other.unit == here.unit),
    ]
    if element and definition.elements:
        groups.append((f"{definition.elements} {element}", lambda _: True))
    found = []
    for name, belongs in groups:
        others = [
            item.name
            for item in instrument.cameras
            if item.name != camera and belongs(item) and _has(judgements.get(item.name), element)
        ]
        moved = tuple(other for other in others if _moved(judgements[other], element, side))
        found.append(Companions(name, moved, len(others)))
    return tuple(found)


def _has(judgement: Judgement | None, element: str) -> bool:
    return judgement is not None and element in judgement.elements


def _moved(judgement: Judgement, element: str, side: float) -> bool:
    """Whether an element moved the way that `side` says; without a side any way counts."""
    index = judgement.elements.index(element)
    far = deviation(judgement, index)
    if math.isnan(far):
        return judgement.statuses[index] in _LACKING
    if not math.isnan(side) and side * far < 0:
        return False
    return abs(far) >= HALFWAY or judgement.statuses[index] in _LACKING


def companion_words(found: tuple[Companions, ...], most: int = 6) -> str:
    """Return it in one line: ``"arm b 2 of 9 (b1 b7), spectrograph 3 0 of 2"``."""
    parts = []
    for group in found:
        if not group.of:
            continue
        names = " ".join(group.moved[:most]) + (" ..." if len(group.moved) > most else "")
        names = f" ({names})" if 0 < len(group.moved) < group.of else ""
        parts.append(
            f"{group.group}: {'all' if len(group.moved) == group.of else len(group.moved)} of {group.of}{names}"
        )
    return ", ".join(parts) or "no other camera has this value"
