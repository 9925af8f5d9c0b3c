"""From what the watcher finds to the durable queue; what the record refuses for the moment is offered again."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from pathlib import Path, PurePath

from qltui import __version__
from qltui.engine import messages
from qltui.engine.in_force import InForce
from qltui.engine.recorder import Recorder
from qltui.engine.watcher import Arrived, Gone, Incomplete
from qltui.instruments.base import Instrument
from qltui.model import Exposure, Trigger
from qltui.store.errors import RecordDamagedError, StoreError
from qltui.store.held import hold
from qltui.store.record import Store

__all__ = ["Arrivals"]

_LOG = logging.getLogger(__name__)


class Arrivals:
    """Records exposures and files that are not complete.

    Parameters
    ----------
    instrument : Instrument
        Whose cameras.
    in_force : InForce
        Settings and limits; recorded with every process.
    store : Store
        The record.
    recorder : Recorder
        For the lines of the log.
    on_queued : callable
        ``(exposure id, process, exposure)``, told of every exposure that is in the queue, so that a run over an older
        revision can be stopped.

    Attributes
    ----------
    in_force : InForce
        What holds for what comes into the queue next.
    manual : bool
        Whether new exposures are recorded only, and wait for the observer's choice.
    """

    def __init__(
        self,
        instrument: Instrument,
        in_force: InForce,
        store: Store,
        recorder: Recorder,
        on_queued: Callable[[int, int, Exposure], None],
    ) -> None:
        self.in_force = in_force
        self.manual = False
        self._cameras = instrument.tasks
        self._instrument = instrument
        self._store = store
        self._recorder = recorder
        self._on_queued = on_queued
        self._waiting: deque[Arrived | Incomplete | Gone] = deque()

    @property
    def is_empty(self) -> bool:
        """Whether all that was found is in the record."""
        return not self._waiting

    def add(self, event: Arrived | Incomplete | Gone) -> None:
        """Take what the watcher has found."""
        self._waiting.append(event)

    def forget_gone(self) -> None:
        """Forget files that were not complete and have gone while no engine ran."""
        for path in self._store.incomplete_paths():
            # The watcher finds what is there, and cannot miss what it has never seen.
            if not Path(path).exists():
                self._store.clear_incomplete(path)

    def record(self) -> bool:
        """Record what has been found, in its order; returns whether all of it is in the record."""
        while self._waiting:
            event = self._waiting[0]
            try:
                self._record(event)
            except RecordDamagedError:
                raise
            except StoreError as error:
                _LOG.warning("%s; %d arrivals wait to be recorded", error, len(self._waiting))
                return False
            except (ValueError, KeyError) as error:
                # One exposure with impossible values must not hold up those behind it; it is shown and not dropped.
                _LOG.exception("cannot be recorded: %s", event)
                self._recorder.log("error", f"{_path_of(event)} cannot be recorded: {error}")
            self._waiting.popleft()
        return True

    def _record(self, event: Arrived | Incomplete | Gone) -> None:
        match event:
            case Arrived(exposure, backlog):
                self._arrived(exposure, Trigger.BACKLOG if backlog else Trigger.NEW)
            case Incomplete(path, night, expid, size, since, reason, final):
                self._store.set_incomplete(path, size, since, reason, instrument=self._instrument.name, night=night)
                self._recorder.log("error" if final else "warning", f"{PurePath(path).name}: {reason}", expid)
            case Gone(path):
                self._store.clear_incomplete(path)

    def _arrived(self, exposure: Exposure, trigger: Trigger) -> None:
        with self._store.transaction():
            exposure_id = self._store.add_exposure(exposure)
            self._store.clear_incomplete(exposure.path)
            if self.manual:
                if self._store.tell(hold, exposure_id):
                    words = f"{messages.available(exposure)}; waits for the observer's choice"
                    self._recorder.log("info", words, exposure.expid)
                return
            number = self.enqueue(exposure_id, trigger, self.in_force.settings.who, self._cameras)
        self._recorder.log("info", messages.available(exposure), exposure.expid, process=number)
        self._on_queued(exposure_id, number, exposure)

    def enqueue(self, exposure_id: int, trigger: Trigger, who: str, cameras: tuple[str, ...]) -> int:
        """Put an exposure in the queue, with everything that is in force, and return the number of its process."""
        in_force = self.in_force
        with self._store.transaction():
            return self._store.enqueue(
                exposure_id,
                trigger,
                who,
                cameras,
                configuration=self._store.configuration(in_force.settings.configuration, in_force.configuration),
                code_version=__version__,
                limit_set=self._store.limit_set(in_force.limits.content, in_force.limits.identity),
            )


def _path_of(event: Arrived | Incomplete | Gone) -> str:
    return event.exposure.path if isinstance(event, Arrived) else event.path
