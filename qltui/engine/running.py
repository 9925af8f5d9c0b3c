"""Running an engine from its lock to its exit status."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

from qltui.engine.engine import Engine
from qltui.engine.heartbeat import BEAT_SECONDS
from qltui.engine.lock import engine_lock
from qltui.engine.logs import engine_log
from qltui.engine.mending import run_mending
from qltui.engine.settings import EngineSettings
from qltui.engine.stopping import signals_stop
from qltui.instruments.base import Instrument, get_instrument
from qltui.store.record import Store
from qltui.store.views import LogLine

__all__ = ["run_engine"]

_ENDS: Final = 30.0
"""How long an engine takes at most to end, beside what it gives its workers [s]."""


def run_engine(
    settings: EngineSettings,
    *,
    once: bool = False,
    on_log: Callable[[LogLine], None] | None = None,
    stop_event: threading.Event | None = None,
    instrument: Instrument | None = None,
) -> int:
    """Watch, reduce, judge and record until told to stop.

    Parameters
    ----------
    settings : EngineSettings
        What is watched and how.
    once : bool
        Work off what is there and return.
    on_log : callable, optional
        Told each line of the night's log once it is in the record, from the thread that calls this function.
    stop_event : Event, optional
        Set by another thread to stop the engine.
    instrument : Instrument, optional
        Instead of the one that `settings` names.

    Returns
    -------
    int
        Exit status: 0 when it was asked to end or had no more to do, 128 plus the number of the signal that ended it,
        70 after a fault.

    Raises
    ------
    AlreadyRunningError, StateDirectoryError
        Another engine has the state directory, or nobody can have it.
    LimitsError, StoreError, ExecutorError
        The site's limits, the record or the executor cannot be used.
    """
    instrument = instrument or get_instrument(settings.instrument)
    with ExitStack() as stack:
        stack.enter_context(engine_lock(settings.state))
        stack.enter_context(engine_log(settings.logs, limit=int(settings.log_size * 1e6), kept=settings.log_files))

        def run(store: Store, mended: str) -> int:
            engine = Engine(settings, instrument, store, once=once, on_log=on_log, stop_event=stop_event)
            engine.mended = mended
            with signals_stop(engine.stop, settings.stop_grace + _ENDS):
                return engine.run()

        # What another program's lock holds up is kept and tried again, and meanwhile the heart has to beat.
        return run_mending(settings, run, timeout=BEAT_SECONDS)
