"""Which files are complete: pure rules, without a clock or a disk of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from qltui.instruments.files import Candidate

__all__ = ["Pending", "Reconciliation", "Signature", "reconcile", "refused"]

Signature = tuple[int, int]
"""Size and time of the last change, ``(size [bytes], mtime_ns [ns])``: another one is another revision."""

OLD: Final = 60.0
"""A file that was last changed so long ago [s] need not be watched before it is looked at."""
_FIRST_RETRY: Final = 2.0
_LAST_RETRY: Final = 60.0


@dataclass(frozen=True, slots=True)
class Pending:
    """A file that is not ready yet.

    Attributes
    ----------
    candidate : Candidate
        As it was last seen.
    since : float
        When it was first seen [s since 1970], for people.
    unchanged_since : float
        When its size or time last changed, by a clock that never jumps [s].
    reason : str
        Why it is not ready; empty while it is only waited for.
    retry_at : float
        When to look inside again, by the same clock [s]; infinite where only a change can help.
    delay : float
        How long the last wait was [s].
    """

    candidate: Candidate
    since: float
    unchanged_since: float
    reason: str = ""
    retry_at: float = 0.0
    delay: float = 0.0

    def due(self, settle_seconds: float) -> float:
        """Return when it may be looked into [s]."""
        return self.retry_at if self.reason else self.unchanged_since + settle_seconds


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What is to be done with what was found.

    Attributes
    ----------
    ready : tuple of Candidate
        To be looked into now, newest first; they are still in `pending` until that went well.
    pending : mapping
        By path.
    gone : tuple of str
        Paths that were pending and are not there any more.
    """

    ready: tuple[Candidate, ...]
    pending: Mapping[str, Pending]
    gone: tuple[str, ...]


def signature(candidate: Candidate) -> Signature:
    """Return size and time of the last change."""
    return candidate.size, candidate.mtime_ns


def reconcile(
    found: Iterable[Candidate],
    known: Mapping[str, Signature],
    pending: Mapping[str, Pending],
    *,
    clock: float,
    now: float,
    settle_seconds: float,
) -> Reconciliation:
    """Compare what lies on the disk with what is known of it.

    Duplicates, rewritten files, files that appeared while no engine ran and files that grow slowly all go this one
    way: a file is new when its size or time is not the one that is recorded, and ready when it is complete by the
    observatory's own word, has not changed for `settle_seconds`, or is old.

    Parameters
    ----------
    found : iterable of Candidate
        All files of the nights that are watched.
    known : mapping of path to Signature
        What has been dealt with.
    pending : mapping of path to Pending
        From the last time.
    clock, now : float
        A clock that never jumps, and the time of day [s]. The time of day is used for nothing but what was written
        long before, so that a clock that is set back or a server whose clock is wrong delays nothing for ever.
    settle_seconds : float
        [s].
    """
    after: dict[str, Pending] = {}
    for candidate in found:
        if known.get(candidate.path) == signature(candidate):
            continue
        before = pending.get(candidate.path)
        if before is None:
            after[candidate.path] = Pending(candidate, since=now, unchanged_since=clock)
        elif signature(before.candidate) != signature(candidate):
            after[candidate.path] = Pending(candidate, since=before.since, unchanged_since=clock)
        else:
            after[candidate.path] = replace(before, candidate=candidate)
    ready = [entry.candidate for entry in after.values() if _is_ready(entry, clock, now, settle_seconds)]
    ready.sort(key=lambda candidate: (candidate.night, candidate.expid), reverse=True)
    gone = tuple(path for path in pending if path not in after)
    return Reconciliation(tuple(ready), after, gone)


def _is_ready(entry: Pending, clock: float, now: float, settle_seconds: float) -> bool:
    if clock >= entry.due(settle_seconds):
        return True
    if entry.reason:
        return False
    return entry.candidate.ready_hint or now - entry.candidate.mtime_ns / 1e9 > max(OLD, 2.0 * settle_seconds)


def refused(entry: Pending, reason: str, clock: float, *, may_become_good: bool) -> Pending:
    """Return `entry` after a look inside that found it not complete.

    One that may become good without a change that can be seen (a server that caches, a disk that answers again) is
    looked at again, ever more rarely; one that is not what its name says waits for a change.
    """
    if not may_become_good:
        return replace(entry, reason=reason, retry_at=float("inf"))
    delay = min(max(2.0 * entry.delay, _FIRST_RETRY), _LAST_RETRY)
    return replace(entry, reason=reason, retry_at=clock + delay, delay=delay)
