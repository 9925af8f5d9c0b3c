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
THREAD = """
import signal, threading
from qltui.engine.stopping import signals_stop
with signals_stop(lambda stop: None, 0.2):
    threading.Thread(target=threading.Event().wait).start()
    signal.raise_signal(signal.SIGTERM)
print("over", flush=True)
"""


def test_one_that_waits_for_ever_is_ended_by_the_system():
    with subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "up\n"
        child.send_signal(signal.SIGTERM)
        assert child.stdout.readline() == "SIGTERM received\n"
        assert child.wait(60.0) == -signal.SIGALRM


def test_one_whose_threads_never_end_is_ended_as_well():
    done = subprocess.run([sys.executable, "-c", THREAD], capture_output=True, text=True, timeout=60.0, check=False)
    assert (done.stdout, done.returncode) == ("over\n", -signal.SIGALRM)
