"""Imported by the parent of all workers alone: loads the kernels once, and every worker is born with them.

Importing this module does that on purpose. Compiling takes a while on a machine that has never done it; a worker that
is made anew after a crash then is there in hundredths of a second.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
from typing import Final

from qltui.engine.environment import PRELOAD_VARIABLE

_PR_SET_PDEATHSIG: Final = 1


def _preload(instrument: str) -> None:
    # Busy with compiling it does not notice the end of the engine, as it does when it waits for requests.
    _signal_at_parents_death(signal.SIGKILL)
    try:
        from qltui.instruments.run import warm_up

        warm_up(instrument)
    except Exception:  # noqa: BLE001 - said aloud; and workers that start cold are better than none
        print("kernels were not loaded ahead; every worker loads its own:", file=sys.stderr)
        traceback.print_exc()
    finally:
        _signal_at_parents_death(0)


def _signal_at_parents_death(number: int) -> None:
    """Ask the kernel for a signal when the parent ends, 0 for none; only Linux can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)


if os.environ.get(PRELOAD_VARIABLE):
    _preload(os.environ[PRELOAD_VARIABLE])
