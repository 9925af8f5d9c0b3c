"""The status line and the empty screen: what is said of exposure and engine."""

from __future__ import annotations

import os
import subprocess
import sys

import pictures as p
import pytest

from qltui.store.views import DiskView, EngineView, MonitorView
from qltui.tui.health import DEAD_AFTER, STALE_AFTER, engine_health, process_exists
from qltui.tui.screens.empty import empty_words
from qltui.tui.symbols import CHARSETS
from qltui.tui.text import cells, plain
from qltui.tui.widgets.status_bar import StatusPicture, status_lines
from qltui.tui.words import duration

BRAILLE, ASCII = CHARSETS["braille"], CHARSETS["ascii"]


def text_of(lines):
    return "\n".join(plain(line) for line in lines)


def status_text(view, *, now=p.NOW, width=80, charset=BRAILLE, looking_back=False, error=""):
    health = engine_health(view.engine, now, host="", exists=lambda _pid: True)
    picture = StatusPicture(view, health, now, looking_back, error)
    return text_of(status_lines(picture, p.DESI, charset, width))


def view_of(process=None, engine=None, **other):
    process = process or p.process()
    return MonitorView(1, 20191001, engine or p.engine(), process, other.pop("running", (process.number,)), ())


def test_the_status_line_is_that_of_the_design():
    first, second = status_text(view_of()).split("\n")
    assert first == " DESI 2019-10-01   exp 3579  SCIENCE dark   tile 1129   1000 s   MJD 58757.917"
    assert second.startswith(" ◐ reducing 19/30 ━━━")
    assert "6 s since shutter" in second
    assert second.endswith("queue 1   disk 63 %")
    assert cells(second) == 79


def test_an_idle_engine_gives_the_same_line_at_any_time():
    view = view_of(p.good_process(), p.engine("idle", heartbeat=p.NOW))
    assert status_text(view) == status_text(view, now=p.NOW + STALE_AFTER - 1)
    assert "done 7.0 s after shutter" in status_text(view)
    old = p.process(state="done", shutter_closed=p.NOW - 2e8)
    assert "done in 6.0 s" in status_text(view_of(old, p.engine("idle")))


def test_incomplete_files_a_full_disk_and_other_exposures_are_told():
    disk = DiskView(("state",), "/state", 0.98, 2e9, level="alarm")
    engine = p.engine("idle", incomplete=2, disk_used=0.98, disks=(disk,))
    text = status_text(view_of(p.good_process(), engine, running=(8,)), width=120)
    assert "2 files incomplete" in text
    assert "disk 98 % full" in text
    assert "+1 running" in text
    assert "looking back l latest" in status_text(view_of(), looking_back=True, width=120)


def test_a_silent_engine_is_stale_then_dead_and_says_what_to_do():
    assert "old picture: no news from the engine for 11 s" in status_text(view_of(), now=p.NOW + STALE_AFTER)
    assert f"silent for {duration(DEAD_AFTER)}" in status_text(view_of(), now=p.NOW - 1 + DEAD_AFTER)
    gone = engine_health(p.engine(), p.NOW, host="", exists=lambda _pid: False)
    assert gone.kind == "dead"
    assert "start it: qltui run" in gone.action
    elsewhere = engine_health(p.engine(host="mayall"), p.NOW, host="here", exists=lambda _pid: False)
    assert elsewhere.is_alive


def test_a_stopped_engine_and_none_at_all_are_no_alarm():
    stopped = EngineView("stopped", heartbeat=p.NOW - 1e6, detail="asked to by observer")
    assert "was stopped: asked to by observer" in status_text(view_of(engine=stopped))
    assert engine_health(EngineView("none"), p.NOW).kind == "none"


def test_an_error_of_the_record_comes_first():
    assert "■ the record cannot be read: locked" in status_text(view_of(), error="the record cannot be read: locked")


def test_a_backlog_exposure_does_not_count_hours_since_its_shutter():
    text = status_text(view_of(p.process(shutter_closed=p.NOW - 50000, trigger="BACKLOG")))
    assert "since shutter" not in text
    assert "5 s from the backlog" in text


def test_status_lines_never_exceed_the_terminal():
    for width in (60, 61, 70, 80, 97, 200):
        for looking_back in (False, True):
            lines = status_text(view_of(), width=width, looking_back=looking_back).split("\n")
            assert all(cells(line) <= width for line in lines), width


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        (EngineView("none"), "Start one in another terminal"),
        (p.engine("compiling"), "kernels are being compiled"),
        (p.engine("idle"), "/data/desi"),
        (p.engine("idle", incomplete=1, incomplete_names=("desi-00003579.fits.fz, for 12 s",)), "desi-00003579"),
        (p.engine("idle", heartbeat=p.NOW - 1000), "silent"),
    ],
)
def test_an_empty_screen_says_what_happens_and_what_to_do(engine, words):
    health = engine_health(engine, p.NOW, host="", exists=lambda _pid: True)
    assert words in "\n".join(empty_words(engine, health))


def test_an_engine_whose_end_nobody_has_taken_note_of_is_dead():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as engine:
        assert process_exists(engine.pid)
        engine.kill()
        # It is a zombie now: its end is there, and not fetched.
        os.waitid(os.P_PID, engine.pid, os.WEXITED | os.WNOWAIT)
        assert not process_exists(engine.pid)
