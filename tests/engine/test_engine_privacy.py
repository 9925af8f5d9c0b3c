"""What SECURITY.md says, held against the code and against a real engine."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import os
import stat
import time
from pathlib import Path

import pytest

import qltui
from qltui.engine.launch import start_engine, stop_engine
from qltui.engine.lock import holder
from qltui.engine.privacy import private_files
from qltui.engine.settings import EngineSettings

PACKAGE = Path(qltui.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))


@pytest.fixture
def running(tmp_path):
    """Return a function that starts an engine in a process of its own."""
    (tmp_path / "data").mkdir()
    settings = EngineSettings(str(tmp_path / "data"), str(tmp_path / "state"), slots=1, warm=False)

    def run(**changes):
        start_engine(dataclasses.replace(settings, **changes))
        return tmp_path / "state"

    yield run
    stop_engine(tmp_path / "state")


def rights(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_else_can_read_what_the_engine_writes(running):
    state = running()
    assert rights(state) == 0o700
    found = {path.name: rights(path) for path in state.rglob("*") if not path.is_socket()}
    assert {"qltui.db", "engine.lock", "engine.log"} <= found.keys()
    assert {name: mode for name, mode in found.items() if mode & 0o077} == {}


def test_the_group_may_give_commands_where_the_site_says_so(running):
    state = running(group_access=True)
    assert rights(state) == 0o2770
    assert rights(state / "qltui.db") == 0o660
    for beside in ("qltui.db-wal", "qltui.db-shm"):
        assert rights(state / beside) == 0o660
    assert not any(rights(path) & 0o007 for path in state.rglob("*"))


def test_a_directory_that_is_there_keeps_its_rights(tmp_path):
    tmp_path.chmod(0o755)
    before = os.umask(0o022)
    try:
        with private_files(tmp_path, group=False):
            (tmp_path / "file").touch()
        (tmp_path / "later").touch()
    finally:
        os.umask(before)
    assert rights(tmp_path) == 0o755
    assert (rights(tmp_path / "file"), rights(tmp_path / "later")) == (0o600, 0o644)


def children_of(pid):
    """Return a process and all that it has begun, and what these have."""
    found, wanted = [], [pid]
    while wanted:
        number = wanted.pop()
        found.append(number)
        with contextlib.suppress(FileNotFoundError):  # a thread that has just ended
            for task in Path(f"/proc/{number}/task").glob("*/children"):
                wanted += map(int, task.read_text().split())
    return found


def test_no_process_of_an_engine_opens_a_port(running):
    state = running()
    engine = holder(state).pid
    end = time.monotonic() + 60.0
    # The parent of all workers, and a worker: nobody tells another program when they are there.
    while len(processes := children_of(engine)) < 3 and time.monotonic() < end:
        time.sleep(0.05)
    assert len(processes) >= 3
    ports = set()
    for kind in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        table = Path(f"/proc/net/{kind}")
        ports |= {line.split()[9] for line in table.read_text().splitlines()[1:]} if table.exists() else set()
    for number in processes:
        for entry in Path(f"/proc/{number}/fd").iterdir():
            try:
                target = str(entry.readlink())
            except FileNotFoundError:  # closed meanwhile
                continue
            if target.startswith("socket:["):
                assert target[8:-1] not in ports, (number, target)


def names_in(tree):
    """Yield modules that are imported and plain functions that are called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield f"{node.func.id}()"


def test_nothing_that_is_read_is_executed_and_no_server_is_made():
    forbidden = {"pickle", "cPickle", "dill", "marshal", "shelve", "eval()", "exec()", "urllib", "http"}
    forbidden |= {"socketserver", "xmlrpc", "ftplib", "telnetlib", "smtplib", "requests"}
    assert len(SOURCES) > 300
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not forbidden & set(names_in(tree)), path
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg in ("shell", "allow_pickle"):
                assert isinstance(node.value, ast.Constant), path
                assert node.value.value is False, f"{path.name}:{node.value.lineno}"


def test_statements_that_are_put_together_say_whose_names_are_in_them():
    """Ruff finds them (S608); each has a reason, or its whole file has."""
    found = 0
    for path in SOURCES:
        for line in path.read_text(encoding="utf-8").splitlines():
            if "noqa: S608" in line:
                found += 1
                assert line.split("noqa: S608")[1].lstrip()[:1] in ("-", "("), f"{path.name}: {line.strip()}"
    assert found > 5
