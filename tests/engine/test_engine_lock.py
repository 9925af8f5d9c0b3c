"""One engine for each state directory."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from qltui.engine.lock import AlreadyRunningError, StateDirectoryError, engine_lock, holder

HOLD = """
import sys
from pathlib import Path
from qltui.engine.lock import engine_lock
with engine_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_is_told_who_has_it(tmp_path):
    state = tmp_path / "new" / "state"
    assert holder(state) is None
    with engine_lock(state):
        found = holder(state)
        assert (found.pid, found.host) == (os.getpid(), socket.gethostname())
        assert found.is_here
        with pytest.raises(AlreadyRunningError, match=f"pid {os.getpid()}.*--state"), engine_lock(state):
            pass
    assert holder(state) is None
    with engine_lock(state):
        pass


def test_a_killed_holder_gives_it_back(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunningError, match=f"pid {other.pid}"), engine_lock(tmp_path):
            pass
        other.kill()
        other.wait()
    with engine_lock(tmp_path):
        assert holder(tmp_path).pid == os.getpid()


def test_the_words_in_the_file_are_not_trusted(tmp_path):
    (tmp_path / "engine.lock").write_text('{"pid": "x"' + "\0" * 9999)
    assert holder(tmp_path) is None
    with engine_lock(tmp_path):
        (tmp_path / "engine.lock").write_text("[]")
        assert holder(tmp_path).pid == 0
        with pytest.raises(AlreadyRunningError, match="unknown"), engine_lock(tmp_path):
            pass


def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StateDirectoryError, match="--state"), engine_lock(tmp_path / "file" / "state"):
        pass
