"""How an engine is told to end, and what becomes of one that does not."""

from __future__ import annotations

import signal
import subprocess
import sys

STUCK = """
import threading
from qltui.engine.stopping import signals_stop
with signals_stop(lambda stop: print(stop.reason, flush=True), 0.2):
    print("up", flush=True)
    threading.Event().wait()
"""
QUICK = """
import signal
from qltui.engine.stopping import signals_stop
with signals_stop(lambda stop: None, 60.0):
    signal.raise_signal(signal.SIGTERM)
    assert signal.getitimer(signal.ITIMER_REAL)[0] > 50.0
assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
"""


def test_one_that_waits_for_ever_is_ended_by_the_system():
    with subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "up\n"
        child.send_signal(signal.SIGTERM)
        assert child.stdout.readline() == "SIGTERM received\n"
        assert child.wait(60.0) == -signal.SIGALRM


def test_one_that_ends_in_time_hears_no_more_of_it():
    subprocess.run([sys.executable, "-c", QUICK], check=True, timeout=60.0)
