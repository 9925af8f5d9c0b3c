"""The engine: one loop that waits for events, records what they mean, and gives the workers something to do.

It sleeps in one place only, until something happens or is due. Nothing that may hang is done in it: files are looked at
in the watcher's thread, workers are made in theirs.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from qltui.engine.arrivals import Arrivals
from qltui.engine.cancelling import cancel
from qltui.engine.cleaner import BY_ITSELF, Cleaned
from qltui.engine.commands import carry_out_all
from qltui.engine.errands import ErrandEnded, Errands
from qltui.engine.executors import SlotFailed, SlotReady, StepHappened, TaskEnded, make_executor
from qltui.engine.heartbeat import BEAT_SECONDS, Heart
from qltui.engine.in_force import InForce, in_force
from qltui.engine.launch import announce
from qltui.engine.mending import RecordPlace
from qltui.engine.recorder import Recorder
from qltui.engine.scheduler import Scheduler
from qltui.engine.settings import EngineSettings
from qltui.engine.slots import Slots
from qltui.engine.stopping import DAMAGED, Stop
from qltui.engine.upkeep import Upkeep
from qltui.engine.watcher import Arrived, Gone, Incomplete, LookedThrough, WatcherDied
from qltui.engine.watching import watcher_for
from qltui.instruments.base import Instrument
from qltui.model import Exposure, Trigger
from qltui.quality.limits_file import LimitsError
from qltui.store import versions
from qltui.store.errors import RecordDamagedError, StoreError
from qltui.store.record import Store
from qltui.store.views import LogLine

__all__ = ["Engine"]

_LOG = logging.getLogger(__name__)

TICK: Final = 0.5
"""How often commands of viewers are looked for [s]; they are rows of a table, which wakes nobody."""
INTERNAL: Final = 70
_WATCHER_LIVES: Final = 3


class Engine:
    """One engine on one record; `running.run_engine` makes it."""

    def __init__(
        self,
        settings: EngineSettings,
        instrument: Instrument,
        store: Store,
        *,
        once: bool = False,
        on_log: Callable[[LogLine], None] | None = None,
        stop_event: threading.Event | None = None,
    ) -> None:
        self.in_force = in_force(settings, instrument, store, None)
        self._started = settings = self.in_force.settings
        self.instrument = instrument
        self._once = once
        self._stop_event = stop_event
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.store = store
        self._recorder = Recorder(store, on_log)
        self._slots = Slots(make_executor(settings.executor, settings, self._queue.put))
        self._scheduler = Scheduler(instrument, self.in_force, store, self._recorder, self._slots)
        self._arrivals = Arrivals(instrument, self.in_force, store, self._recorder, self._on_queued)
        self._arrivals.manual = store.ask(versions.mode) == "manual"
        self._errands = Errands(settings, self._queue.put)
        self._scheduler.on_finished = self._errands.add
        self._upkeep = Upkeep(settings, instrument, store, self._queue.put)
        self._watcher = watcher_for(self._started, self.instrument, self.store, self._queue.put)
        self._watcher_lives = _WATCHER_LIVES
        self._looked: LookedThrough | None = None
        self._problem = ""
        self._stop: Stop | None = None
        self._paused = False
        self._heart = Heart(settings)
        self._next_beat = 0.0
        self._next_tick = 0.0
        self._said = ("", "", "")
        self._titles = {step.name: step.title for step in instrument.steps}
        self._place = RecordPlace(settings.database)
        self.mended = ""

    # -- life ------------------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Work until told to stop, and return the exit status."""
        try:
            self._begin()
            while not self._is_finished():
                self._turn()
        except RecordDamagedError as error:
            self._stop = Stop(str(error), DAMAGED)
        except Exception as error:  # noqa: BLE001 - logged whole; workers and record must be left in order whatever it was
            _LOG.exception("the engine has failed")
            self._stop = Stop(
                f"internal error, {type(error).__name__}: {error}; engine.log has the whole of it", INTERNAL
            )
        return self._end()

    def stop(self, stop: Stop) -> None:
        """Ask the engine to end; may be called from anywhere, a signal handler included."""
        self._queue.put(stop)

    def _begin(self) -> None:
        for words in self.store.warnings:
            self._recorder.log("warning", words)
        for words in (*self.in_force.faults, *filter(None, [self.mended])):
            self._recorder.log("error", words)
        back = self.store.recover()
        again = f", {len(back)} unfinished go on" if back else ""
        self._arrivals.forget_gone()
        self._recorder.log("info", f"Engine started on {self._started.data_directory}{again}")
        self._recorder.flush()
        self._beat()
        announce("ready")
        self._heart.notifier.ready()
        # Before the threads of the watcher: the parent of all workers is made by forking.
        self._slots.workers.start()
        self._watcher.start()

    def _is_finished(self) -> bool:
        if self._stop_event is not None and self._stop_event.is_set() and self._stop is None:
            self._stop = Stop("stopped")
        if self._recorder.damaged or self._place.is_lost:
            self._stop = self._stop or Stop("the record is damaged or gone", DAMAGED)
        if self._stop is not None:
            return True
        if not self._once or self._looked is None or self._looked.unsettled:
            return False
        idle = not self._scheduler.runs and self._arrivals.is_empty and not self._recorder.trouble
        idle = idle and not self._upkeep.cleaner.busy and not self._errands.busy
        if idle and self._scheduler.first_waiting() is None:
            self._stop = Stop(self._looked.problem or "nothing more to do")
            return True
        return False

    def _turn(self) -> None:
        """Wait for events, and do all that follows from them."""
        self._heart.notifier.turn()
        for event in self._events(self._pause()):
            self._handle(event)
        for ended in self._slots.expire():
            self._scheduler.on_ended(ended)
        if self._recorder.flush() and self._arrivals.record():
            if time.monotonic() >= self._next_tick:
                self._next_tick = time.monotonic() + TICK
                self._carry_out_commands()
            self._scheduler.settle()
            if self._may_dispatch():
                self._scheduler.dispatch()
            if self._recorder.flush():
                self._errands.begin()
        if time.monotonic() >= self._next_beat or self._said != self._state():
            self._beat()

    def _pause(self) -> float:
        """Return how long to wait for an event [s]."""
        due = min(self._slots.next_deadline, self._next_beat) - time.monotonic()
        return min(max(due, 0.0), TICK)

    def _events(self, timeout: float) -> Iterator[Any]:
        """Yield what has happened: waits for the first, and takes what came with it."""
        try:
            yield self._queue.get(timeout=timeout)
            while True:
                yield self._queue.get_nowait()
        except queue.Empty:
            return

    def _may_dispatch(self) -> bool:
        if self._stop is not None or self._paused or self._looked is None or self._recorder.trouble:
            return False
        # All of a backlog is known before any of it is begun: calibrations go before science.
        return not (self._once and self._looked.unsettled)

    def _end(self) -> int:
        """Let the workers finish or end them, leave the record in order, and return the exit status."""
        stop = self._stop or Stop("stopped")
        self._heart.notifier.stopping()
        self._watcher.close()
        self._upkeep.cleaner.close()
        for words in self._errands.close():
            self._recorder.log("warning", words)
        for event in self._events(0.0):
            self._handle(event)
        try:
            in_order = stop.status not in (INTERNAL, DAMAGED)
            self._let_finish(time.monotonic() + (self._started.stop_grace if in_order else 0.0))
        finally:
            self._slots.workers.close()
        self._recorder.log("info" if in_order else "error", f"Engine stopped: {stop.reason}")
        try:
            self._recorder.flush()
            # What was in a worker goes back to the queue, for whoever looks meanwhile.
            self.store.recover()
            self.store.beat(self._heart.view("stopped", stop.reason, "", (), self.in_force))
        except StoreError as error:
            _LOG.error("the record could not be left in order: %s; the next start does that", error)
        return stop.status

    def _let_finish(self, until: float) -> None:
        """Take what cameras in a worker still have to say."""
        while self._slots.jobs and time.monotonic() < until:
            for event in self._events(until - time.monotonic()):
                self._handle(event)
            self._scheduler.settle()
            self._recorder.flush()

    # -- events ----------------------------------------------------------------------------------------------------

    def _handle(self, event: Any) -> None:
        match event:
            case StepHappened():
                self._scheduler.on_step(event)
            case TaskEnded():
                self._scheduler.on_ended(self._slots.on_ended(event))
            case SlotReady():
                self._slots.on_ready(event)
                _LOG.debug("slot %d is ready, pid %d", event.slot, event.pid)
            case SlotFailed():
                self._slots.on_failed(event)
                self._recorder.log("error", self._slots.problem)
            case Arrived() | Incomplete() | Gone():
                self._arrivals.add(event)
            case LookedThrough():
                self._on_looked(event)
            case WatcherDied():
                self._on_watcher_died(event)
            case Cleaned():
                self._on_cleaned(event)
            case ErrandEnded():
                self._recorder.log(*self._errands.on_end(event))
            case Stop():
                self._stop = self._stop or event

    def _on_looked(self, event: LookedThrough) -> None:
        if event.problem != self._problem:
            self._recorder.log(*(("error", event.problem) if event.problem else ("info", "the data directory is back")))
        self._looked, self._problem = event, event.problem
        self._heart.looked()

    def _on_watcher_died(self, event: WatcherDied) -> None:
        self._recorder.log("error", f"the watcher failed: {event.reason}")
        self._watcher_lives -= 1
        if self._watcher_lives <= 0:
            self._stop = Stop(f"the watcher fails again and again: {event.reason}", INTERNAL)
        if event.damaged:
            self._stop = Stop(event.reason, DAMAGED)
        if self._stop is not None:
            return
        self._watcher = watcher_for(self._started, self.instrument, self.store, self._queue.put)
        self._watcher.start()

    def _on_queued(self, exposure_id: int, process: int, exposure: Exposure) -> None:
        """Note what came into the queue, and stop what runs over an older revision of it."""
        self._scheduler.queue_changed()
        for run in list(self._scheduler.runs.values()):
            running = run.queued.exposure
            changed = (running.size, running.mtime_ns) != (exposure.size, exposure.mtime_ns)
            if run.queued.exposure_id == exposure_id and run.number != process and changed:
                self._scheduler.cancel(run, "the file was rewritten", "superseded")

    # -- commands --------------------------------------------------------------------------------------------------

    def enqueue(self, exposure_id: int, trigger: Trigger, who: str, cameras: tuple[str, ...]) -> int:
        """Put an exposure in the queue and return the number of its process."""
        self._scheduler.queue_changed()
        return self._arrivals.enqueue(exposure_id, trigger, who, cameras)

    def cancel(self, process: int | None, expid: int | None, reason: str) -> list[str]:
        """Stop what is in flight or waits: one process, all of an exposure, or all in flight."""
        return cancel(self._scheduler, self.store, process, expid, reason)

    def pause(self, *, paused: bool) -> None:
        """Begin no more cameras, or go on."""
        self._paused = paused

    def set_mode(self, mode: str) -> None:
        """Begin new exposures by itself, or only what somebody asks for."""
        self._arrivals.manual = mode == "manual"

    def take_up(self) -> InForce:
        """Read the record's versions anew, use them from the next exposure on, and return what holds."""
        try:
            holds = in_force(self.in_force.base, self.instrument, self.store, self._started)
        except LimitsError as error:
            self._recorder.log("error", f"the limits stay as they are: {error}")
            return self.in_force
        self.in_force = self._scheduler.in_force = self._arrivals.in_force = holds
        self._errands.settings = holds.settings
        self._upkeep.change(holds.settings)
        # Whoever asked for it looks for it now.
        self._next_beat = 0.0
        for fault in holds.faults:
            self._recorder.log("error", fault)
        return holds

    def clear(self, command: int, kinds: Sequence[str], days: int, who: str) -> None:
        """Remove what is old from the disk, beside the work, and answer the command when that is done."""
        self._upkeep.cleaner.start(command, kinds, days, who)

    def _on_cleaned(self, event: Cleaned) -> None:
        if event.command != BY_ITSELF:
            self._recorder.add(self.store.answer_command, event.command, event.answer, refused=event.failed)
        if (said := self._upkeep.on_end(event)) is not None:
            self._recorder.log(*said)

    def request_stop(self, reason: str) -> None:
        """End, after this turn."""
        self._stop = self._stop or Stop(reason)

    def _carry_out_commands(self) -> None:
        try:
            done = carry_out_all(self, self._upkeep.cleaner.busy)
        except RecordDamagedError:
            raise
        except StoreError as error:
            _LOG.warning("commands wait: %s", error)
            return
        for command, answer, refused in done:
            words = "refused" if refused else "asked for"
            tail = f": {answer}" if answer is not None else ""
            self._recorder.log("warning" if refused else "info", f"{command.name} {words} by {command.who}{tail}")

    # -- heartbeat -------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[str, str, str]:
        """Return the engine's state, a few words on it, and what keeps it from its work."""
        if self._recorder.trouble:
            return "idle", self._recorder.trouble, self._recorder.trouble
        trouble = self._slots.problem or self._heart.stuck_watcher() or self._problem
        if not self._slots.heard and not self._slots.problem:
            words = "the workers load their kernels; the first time on a machine they are compiled"
            return "compiling", trouble or words, trouble
        state = "paused" if self._paused else "reducing" if self._scheduler.runs else "idle"
        return state, trouble or ("paused by an observer" if self._paused else ""), trouble

    def _beat(self) -> None:
        self._next_beat = time.monotonic() + BEAT_SECONDS
        self._said = said = self._state()
        # That of the data was measured by the watcher, who may wait for a file server as long as it takes.
        for news in self._upkeep.look(self._looked.disk if self._looked is not None else None):
            self._recorder.log(*news)
        view = self._heart.view(*said, self._slots.words(self._titles), self.in_force, self._upkeep.disks)
        try:
            heard = {f"slot-{slot}": when for slot, when in self._slots.heard.items()}
            self.store.beat(view, heard | {"watcher": self._heart.looked_at})
            self._place.look()
        except RecordDamagedError:
            raise
        except StoreError as error:
            _LOG.warning("the heartbeat was not recorded: %s", error)
            self._heart.unwritten(str(error))
        else:
            self._heart.unwritten(self._recorder.trouble)
