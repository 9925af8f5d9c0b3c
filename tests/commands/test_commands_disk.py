"""What `qltui status` says of the disks, and what `qltui clear` would remove."""

from __future__ import annotations

import json
import os
import time

import pytest

from qltui.cli import main
from qltui.commands.status import exit_code_of, line_of
from qltui.model import CameraReport, Exposure, Product, Status, Trigger, Verdict
from qltui.store.record import Store
from qltui.store.views import DiskView, EngineView, MonitorView

NOW = 1.8e9
DAY = 86400.0
WORDS = "the disk of state is 95 % full, 5.0 GB are left; remove old products"
ALARM = DiskView(("state", "products"), "/state", 0.95, 5e9, 1e11, "alarm", WORDS)
WARNING = DiskView(("data",), "/data", 0.93, 7e9, 1e11, "warning", "the disk of data is full; tell whoever keeps it")
FINE = DiskView(("state", "products"), "/state", 0.50, 5e10, 1e11)


def engine(*disks, trouble=""):
    host = os.uname().nodename
    return EngineView("idle", os.getpid(), host, NOW, NOW, disks=disks, trouble=trouble, disk_used=0.5, disk_free=1e9)


@pytest.mark.parametrize(
    ("disks", "code", "end"),
    [
        ((FINE,), 0, "no exposure yet"),
        ((FINE, WARNING), 1, "WARNING data disk 93 % full"),
        ((ALARM, WARNING), 2, "ALARM state/products disk 95 % full"),
    ],
)
def test_a_disk_that_fills_up_counts_in_the_exit_status(disks, code, end):
    view = MonitorView(1, None, engine(*disks), None)
    assert exit_code_of(view, NOW) == code
    assert line_of(view, NOW).endswith(end)


def test_a_stuck_watcher_is_worse_than_a_full_disk():
    view = MonitorView(1, None, engine(WARNING, trouble="the watcher is stuck: /data; see ls"), None)
    assert exit_code_of(view, NOW) == 2
    assert line_of(view, NOW) == "qltui: IN TROUBLE: the watcher is stuck: /data"


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Store.open(tmp_path / "qltui.db") as store:
        for expid, days in ((1, 100.0), (2, 40.0), (3, 0.5)):
            when = time.time() - days * DAY
            night = int(time.strftime("%Y%m%d", time.gmtime(when)))
            number = store.add_exposure(Exposure("desi", night, expid, "SCIENCE", f"/raw/{expid}", mjd=58757.0))
            process = store.enqueue(number, Trigger.NEW, "ada", ("b0",))
            store.start_process(process, now=when)
            store.start_job(process, "b0", now=when)
            products = tuple(Product(kind, f"/p/{expid}/{kind}", 1000, "") for kind in ("preview", "spectra"))
            store.finish_job(process, CameraReport("b0", 1, (), products), Status.NORMAL, now=when)
            store.finish_process(process, Verdict(Status.NORMAL, "", (), 1, 1), now=when)
        store.beat(engine(ALARM, WARNING), now=time.time())
    return tmp_path


def run(state, capsys, *words):
    status = main([*words, "--state", str(state)])
    return status, capsys.readouterr().out


def test_status_says_each_disk_with_what_to_do(state, capsys):
    status, said = run(state, capsys, "status")
    lines = said.splitlines()
    place = lines.index("disk      state and products: 95 % used, 5.0 GB free ALARM")
    assert lines[place + 1] == "          remove old products"
    assert lines[place + 2] == "disk      data: 93 % used, 7.0 GB free WARNING"
    assert status == 2
    disks = json.loads(run(state, capsys, "status", "--json")[1])["engine"]["disks"]
    assert [(disk["of"], disk["level"], disk["free"]) for disk in disks] == [
        (["state", "products"], "alarm", 5e9),
        (["data"], "warning", 7e9),
    ]


def test_clear_says_beforehand_what_would_go(state, capsys, monkeypatch):
    assert run(state, capsys, "clear", "--dry-run") == (
        0,
        "everything is kept for good: no rule is set in [retention]\n",
    )
    monkeypatch.setenv("QLTUI_RETENTION_PREVIEWS", "30")
    monkeypatch.setenv("QLTUI_RETENTION_SPECTRA", "90")
    status, said = run(state, capsys, "clear", "--dry-run", "--json")
    assert (status, json.loads(said)) == (
        0,
        {"previews": {"count": 2, "bytes": 2000}, "spectra": {"count": 1, "bytes": 1000}},
    )
    assert "previews          2 would go           0.0 MB" in run(state, capsys, "clear", "--dry-run")[1]
    found = json.loads(run(state, capsys, "clear", "--older", "30", "--what", "products", "--dry-run", "--json")[1])
    assert found == {"products": {"count": 4, "bytes": 4000}}


@pytest.mark.parametrize("words", [(), ("--what", "logs", "--dry-run"), ("--older", "0")])
def test_clear_wants_to_be_told_how_old(state, capsys, words):
    assert main(["clear", *words, "--state", str(state)]) == 64
    assert "--older" in capsys.readouterr().err
