"""The Monitor after it was reset: what ended before is out of sight, though nothing of it is gone."""

from __future__ import annotations

from dataclasses import replace

from qltui.tui.screens.snapshot import Snapshot

__all__ = ["after_reset"]

_RESTS = ("done", "failed", "cancelled", "superseded")


def after_reset(snapshot: Snapshot, since: float) -> Snapshot:
    """Return what has happened since a moment [s since 1970]; 0 for all of it. What still runs is always shown."""
    if not since:
        return snapshot
    log = tuple(line for line in snapshot.log if line.time >= since)
    view = snapshot.view
    process = view.process if view is not None else None
    if view is not None and process is not None and process.state in _RESTS and (process.ended or 0.0) < since:
        view = replace(view, process=None)
    return replace(snapshot, view=view, log=log)
