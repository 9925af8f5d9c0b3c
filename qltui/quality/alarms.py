"""Alarms: one for each exposure and cause, however many metrics and cameras it shows in."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from qltui.model import Status
from qltui.quality.causes import Cause

__all__ = ["ALARMING", "Alarm", "alarms_for"]

ALARMING: Final = frozenset({Status.ALARM, Status.FAILED, Status.MISSING})
"""Statuses that call the observer; a warning waits until somebody looks."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A call for the observer.

    Attributes
    ----------
    status : Status
        Why: ``ALARM``, ``FAILED`` or ``MISSING``.
    cause : str
        In words, as in the verdict.
    key : str
        By which it is known again in the same exposure.
    """

    status: Status
    cause: str
    key: str


def alarms_for(causes: Iterable[Cause], raised: Collection[str] = ()) -> tuple[Alarm, ...]:
    """Return the alarms that these causes call for.

    Parameters
    ----------
    causes : iterable of Cause
        Of one exposure, as `qltui.quality.causes.find_causes` returns them.
    raised : collection of str
        Keys of the alarms of this exposure so far: a cause that covers one of them is not raised again.
    """
    return tuple(
        Alarm(cause.status, cause.words, cause.keys[0])
        for cause in causes
        if cause.status in ALARMING and not set(cause.keys) & set(raised)
    )
