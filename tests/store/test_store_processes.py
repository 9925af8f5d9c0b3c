"""One engine writes while viewers read and ask, each a process of its own: nothing is lost, nothing is locked."""

from __future__ import annotations

import json
import subprocess
import sys

from qltui.store.record import Store

WRITER = """
import sys
from qltui.model import Exposure, Judgement, Status, StepReport
from qltui.store.record import Store

with Store.open(sys.argv[1]) as store:
    for expid in range(int(sys.argv[2])):
        number = store.enqueue(
            store.add_exposure(Exposure("desi", 20191001, expid, "SCIENCE", f"/d/{expid}", mjd=58757.0 + expid / 1000)),
            "NEW", "engine", ("b0",))
        store.start_process(number)
        store.start_job(number, "b0")
        judgement = Judgement("X", ("A",), (expid,), (1,), ((0, 1),), ((0, 1),), (Status.NORMAL,))
        store.finish_step(number, "b0", 1, StepReport("S", Status.NORMAL, 0.1), [judgement])
        for command in store.pending_commands():
            store.answer_command(command.number, f"seen {command.arguments['n']}")
        store.log("info", f"exposure {expid}", expid)
"""

READER = """
import json, sys
from qltui.store.record import Store

last, views, asked = -1, 0, []
with Store.open(sys.argv[1], read_only=True) as store:
    while True:
        version = store.version()
        assert version >= last, (version, last)
        last = version
        view = store.monitor_view()
        views += 1
        if view.process is not None:
            # One state of the record: the process that is shown is among the exposures of its night.
            assert view.process.exposure.expid in {row.exposure.expid for row in view.exposures}
        if len(asked) < 20:
            asked.append(store.send_command("say", {"n": len(asked)}, "viewer"))
        lines = store.log_lines(limit=1)
        if lines and lines[0].text == f"exposure {int(sys.argv[2]) - 1}" and len(asked) == 20:
            break
print(json.dumps({"views": views, "asked": asked}))
"""


def test_a_writer_and_three_viewers(database_path):
    Store.open(database_path).close()
    count = "60"
    run = [sys.executable, "-W", "error", "-c"]
    programs = [
        subprocess.Popen(
            [*run, code, str(database_path), count], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for code in (WRITER, READER, READER, READER)
    ]
    ends = [program.communicate(timeout=120) for program in programs]
    assert [program.returncode for program in programs] == [0] * 4, [error for _, error in ends]
    asked = [number for out, _ in ends[1:] for number in json.loads(out)["asked"]]
    assert len(set(asked)) == 60
    with Store.open(database_path) as store:
        assert [point.value for point in store.trend("X")] == [float(expid) for expid in range(60)]
        pending = {command.number for command in store.pending_commands()}
        assert all(store.command(number).answer.startswith("seen ") for number in set(asked) - pending)
        assert store._database.sql("PRAGMA integrity_check") == [("ok",)]
        assert store._database.sql("PRAGMA foreign_key_check") == []


KILLED = """
import os, sys
from qltui.model import Exposure
from qltui.store.record import Store

store = Store.open(sys.argv[1])
for expid in range(5):
    exposure = Exposure("desi", 20191001, expid, "ZERO", f"/d/{expid}")
    number = store.enqueue(store.add_exposure(exposure), "NEW", "e", ("b0",))
store.start_process(number)
with store.transaction():
    store.start_job(number, "b0")
    store.log("info", "in the middle of a batch")
    os.kill(os.getpid(), 9)
"""


def test_a_writer_killed_in_a_batch(database_path):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(database_path)], check=False, timeout=60)
    assert killed.returncode == -9
    with Store.open(database_path) as store:
        assert store.log_lines() == []
        assert len(store.waiting()) == 4
        (number,) = store.recover()
        assert number in {process.number for process in store.waiting()}
        assert len(store.waiting()) == 5


def test_a_viewer_loads_little(database_path):
    Store.open(database_path).close()
    code = (
        "import sys; from qltui.store.record import Store; Store.open(sys.argv[1], read_only=True).monitor_view();"
        "print([n for n in ('numpy', 'astropy', 'numba', 'textual', 'playhouse.migrations') if n in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(database_path)], check=True, capture_output=True, text=True, timeout=60
    )
    assert run.stdout.strip() == "[]"
