"""One look at the record by a screen: whether anything has changed, and if so, the answer to its question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qltui.store.views import EngineView

__all__ = ["Picture", "look", "open_alarms"]

_NO_ENGINE = EngineView(state="none")

_MANY = 1000
"""Alarms that are counted at most."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a look found.

    Attributes
    ----------
    version : int or None
        Of the record; -1 where there is none yet.
    engine : EngineView
        The engine as its last beat left it.
    alarms : int
        Open alarms.
    answer : object
        To the question.
    is_new : bool
        Whether there was a reason to ask: another version, or another question.
    """

    version: int | None = None
    engine: EngineView = _NO_ENGINE
    alarms: int = 0
    answer: Any = None
    is_new: bool = False


def open_alarms(source: Any) -> int:
    """Return how many alarms are open: one for each exposure and cause, however often it was reduced."""
    return len({(alarm.expid, alarm.cause) for alarm in source.alarms(open_only=True, limit=_MANY)})


def look(question: Callable[[Any], Any] | None, seen: int | None, alarms: int = 0) -> Callable[[Any], Picture]:
    """Return a query that asks `question` where the record is not as it was at version `seen`."""

    def query(source: Any) -> Picture:
        version, engine = source.version(), source.engine()
        if version == seen:
            return Picture(version, engine, alarms)
        if version < 0:
            return Picture(version, engine, is_new=True)
        count = open_alarms(source)
        answer = question(source) if question is not None else None
        return Picture(version, engine, count, answer, is_new=True)

    return query
