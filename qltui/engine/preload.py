"""Imported by the parent of all workers alone: loads the kernels once, and every worker is born with them.

Importing this module does that on purpose. Compiling takes seconds on a machine that has never done it; a worker that
is made anew after a crash then is there in hundredths of a second.
"""

from __future__ import annotations

import os
import sys
import traceback

from qltui.engine.environment import PRELOAD_VARIABLE


def _preload(instrument: str) -> None:
    try:
        from qltui.instruments.run import warm_up

        warm_up(instrument)
    except Exception:  # noqa: BLE001 - said aloud; and workers that start cold are better than none
        print("kernels were not loaded ahead; every worker loads its own:", file=sys.stderr)
        traceback.print_exc()


if os.environ.get(PRELOAD_VARIABLE):
    _preload(os.environ[PRELOAD_VARIABLE])
