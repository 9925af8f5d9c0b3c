"""Stopping what was asked for: processes in flight, and those that wait."""

from __future__ import annotations

from qltui.engine.scheduler import Scheduler
from qltui.model import Status, Verdict
from qltui.store.record import Store

__all__ = ["cancel"]


def cancel(scheduler: Scheduler, store: Store, process: int | None, expid: int | None, reason: str) -> list[str]:
    """Stop one process, all of an exposure, or all in flight, and return what was stopped in words.

    Parameters
    ----------
    scheduler : Scheduler
        Knows what is in flight.
    store : Store
        Knows what waits.
    process, expid : int or None
        Which; where both are None all that are in flight.
    reason : str
        For the record.
    """
    stopped = []
    for run in list(scheduler.runs.values()):
        if (process is None and expid is None) or process == run.number or expid == run.expid:
            scheduler.cancel(run, reason)
            stopped.append(f"exposure {run.expid}")
    for queued in store.waiting() if process is not None or expid is not None else ():
        if process == queued.number or expid == queued.exposure.expid:
            verdict = Verdict(Status.CANCELLED, f"{reason}, before it began", (), 0, len(queued.cameras))
            store.finish_process(queued.number, verdict, "cancelled", reason)
            scheduler.queue_changed()
            stopped.append(f"exposure {queued.exposure.expid}, which was waiting")
    return stopped
