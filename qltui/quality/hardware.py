"""Which faults have a piece of hardware in common: cameras that share it are named by it, not one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from qltui.instruments.base import Instrument

__all__ = ["common_hardware", "hardware_words"]

_FEWEST: Final = 3
"""Cameras from which on hardware is named for them."""
_NEARLY_ALL: Final = 0.8
"""Part of a group's cameras that show a fault which is the group's."""
_ELSEWHERE: Final = 0.25
"""Part of all other cameras from which on a fault is not the group's, but everybody's."""


def common_hardware(names: Collection[str], instrument: Instrument, present: Collection[str]) -> tuple[str, ...]:
    """Return the names that one group of hardware has in common, the largest such group; empty where there is none.

    Parameters
    ----------
    names : collection of str
        Cameras with the same fault.
    instrument : Instrument
        Whose `groups`.
    present : collection of str
        Cameras that could have shown it.
    """
    best: tuple[str, ...] = ()
    for _, _, members in _members(instrument, present):
        hit = tuple(name for name in names if name in members)
        others = len(set(present) - set(members))
        elsewhere = (len(set(names)) - len(hit)) / others if others else 1.0
        if _is_whole(hit, members) and elsewhere < _ELSEWHERE and len(hit) > len(best):
            best = hit
    return best


def hardware_words(
    names: Sequence[str], instrument: Instrument, present: Collection[str]
) -> tuple[list[str], list[str]]:
    """Return groups whose cameras are (nearly) all among `names` in words, and the names that are left.

    ``(["backplane BKP3: 18 cameras"], ["S1"])``; of groups that overlap the first of the instrument counts.
    """
    words: list[str] = []
    rest = list(names)
    for kind, group, members in _members(instrument, present):
        hit = [name for name in rest if name in members]
        if _is_whole(hit, members):
            words.append(f"{kind} {group}: {len(hit)} cameras")
            rest = [name for name in rest if name not in members]
    return words, rest


def _members(instrument: Instrument, present: Collection[str]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield kind, name and cameras of each group, those that are not there left out."""
    for kind, groups in instrument.groups.items():
        for group, cameras in groups.items():
            yield kind, group, tuple(name for name in cameras if name in present)


def _is_whole(hit: Collection[str], members: Collection[str]) -> bool:
    return len(hit) >= _FEWEST and len(hit) >= _NEARLY_ALL * len(members)
