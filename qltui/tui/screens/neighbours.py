"""The exposure before and the one after."""

from __future__ import annotations

from dataclasses import dataclass

from qltui.store.views import MonitorView

__all__ = ["Step", "neighbour"]


@dataclass(frozen=True, slots=True)
class Step:
    """Where to go: the number of a process, or None to follow the latest."""

    process: int | None


def neighbour(view: MonitorView | None, by: int) -> Step | str:
    """Return the exposure before (`by` < 0) or after the one that is shown, or why there is none."""
    if view is None or view.process is None:
        return "there is no exposure yet"
    shown = view.process.exposure.expid
    rows = [row for row in view.exposures if row.process is not None and row.exposure.expid != shown]
    if by < 0:
        before = [row for row in rows if row.exposure.expid < shown]
        return Step(before[-1].process) if before else "this is the first of the night"
    after = [row for row in rows if row.exposure.expid > shown]
    if not after:
        return "this is the latest"
    # The last one is followed, not held: what comes after it shall be seen.
    return Step(None if len(after) == 1 else after[0].process)
